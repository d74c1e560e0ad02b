//! `unset [-fv] name...`: unsets variables, or functions (XCU 2.15, `unset`).

use super::getopt::{Getopt, wrong};
use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;
use nestling_shell::symbols::{Symbol, is_name};

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut options = Getopt::new(arguments, "fv");
    let mut functions = false;
    while let Some(letter) = options.next(shell)? {
        functions = letter == b'f';
    }
    for operand in options.operands().iter() {
        let name = shell.symbol(operand);
        if functions {
            shell.functions.remove(name);
        } else if !is_name(operand) {
            return Err(wrong(shell, arguments.name(), operand, "not a name").into());
        } else if shell.variables.unset(name).is_err() {
            return Err(shell.is_readonly(name));
        } else {
            if matches!(
                name,
                Symbol::LINENO
                    | Symbol::RANDOM
                    | Symbol::SECONDS
                    | Symbol::EPOCHSECONDS
                    | Symbol::FUNCNAME
                    | Symbol::HOSTNAME
            ) && !shell.ordinary.contains(&name)
            {
                shell.ordinary.push(name);
            }
            shell.assigned(name);
        }
    }
    Ok(0)
}
