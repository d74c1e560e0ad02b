//! `export name[=value]...`, `export -p`; `readonly name[=value]...`, `readonly -p`: give variables an attribute, or list the
//! variables that have it (XCU 2.15, `export`, `readonly`). `export -n` removes the attribute (as in bash and busybox).

use super::getopt::{Getopt, Wrong, wrong};
use super::listing;
use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;
use nestling_shell::symbols::{Symbol, is_name};

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut options = Getopt::new(arguments, "pn");
    let (mut list, mut exported) = (false, true);
    while let Some(letter) = options.next(shell)? {
        match letter {
            b'p' => list = true,
            _ => exported = false,
        }
    }
    let operands = options.operands();
    if list || operands.is_empty() {
        listing::write(shell, "export ", |variable| variable.exported);
    }
    for operand in operands.iter() {
        let name = assigned(shell, arguments.name(), operand)?;
        shell.variables.export(name, exported);
    }
    Ok(0)
}

pub fn run_readonly(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut options = Getopt::new(arguments, "p");
    let mut list = false;
    while options.next(shell)?.is_some() {
        list = true;
    }
    let operands = options.operands();
    if list || operands.is_empty() {
        listing::write(shell, "readonly ", |variable| variable.readonly);
    }
    for operand in operands.iter() {
        let name = assigned(shell, arguments.name(), operand)?;
        shell.variables.set_readonly(name);
    }
    Ok(0)
}

/// Assigns the value of an operand, if the operand has one. Returns the operand's name.
fn assigned(
    shell: &mut Shell,
    utility: &[u8],
    operand: &[u8],
) -> Result<Symbol, crate::shell::Divert> {
    let Operand { name, value } = self::operand(shell, utility, operand)?;
    if let Some(value) = value {
        shell.assign(name, value)?;
    }
    Ok(name)
}

/// An operand: `name` or `name=value`.
pub struct Operand<'a> {
    pub name: Symbol,
    pub value: Option<&'a [u8]>,
}

/// Splits an operand into its name and its value. Fails if the name is not valid.
pub fn operand<'a>(
    shell: &mut Shell,
    utility: &[u8],
    operand: &'a [u8],
) -> Result<Operand<'a>, Wrong> {
    let length = operand.iter().take_while(|&&byte| byte != b'=').count();
    let (name, value) = operand.split_at_checked(length).unwrap_or_default();
    if !is_name(name) {
        return Err(wrong(shell, utility, operand, "not a name"));
    }
    Ok(Operand {
        name: shell.symbol(name),
        value: value.get(1..),
    })
}
