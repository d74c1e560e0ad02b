//! `alias [name[=value]...]`: defines aliases, or lists them (XCU 3 `alias`).

use alloc::rc::Rc;

use nestling::text::Text;

use crate::shell::{Answer, Shell, text};
use nestling_shell::fields::Arguments;
use nestling_shell::map::sorted;
use nestling_shell::quoting::Quoted;
use nestling_shell::symbols::Symbol;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut operands = arguments.skip(1);
    match operands.get(0) {
        // `-p` alone lists all aliases, as `alias` without operands does (as in bash, mksh and yash).
        Some(b"-p") if operands.len() == 1 => operands = operands.skip(1),
        Some(b"--") => operands = operands.skip(1),
        Some(option @ [b'-', _, ..]) => {
            shell.complain(text!("alias: ", option, ": no such option"));
            return Ok(2);
        }
        _ => {}
    }
    if operands.is_empty() {
        let names = shell.aliases.iter().map(|(name, _)| name);
        for name in sorted(names, &shell.symbols) {
            write(shell, name);
        }
    }
    let mut status = 0;
    for operand in operands.iter() {
        // The search begins at the second byte, because an alias's name is not empty.
        let equals = operand.iter().skip(1).position(|&byte| byte == b'=');
        let (name, value) = match equals {
            Some(length) => operand.split_at_checked(length + 1).unwrap_or_default(),
            None => (operand, &b""[..]),
        };
        if let [_, value @ ..] = value {
            if !name.iter().all(|&byte| may_be_in_name(byte)) {
                shell.complain(text!("alias: ", name, ": not a name for an alias"));
                status = 1;
                continue;
            }
            let name = shell.symbol(name);
            shell.aliases.insert(name, Rc::from(value));
        } else if !shell
            .symbols
            .find(name)
            .is_some_and(|name| write(shell, name))
        {
            shell.complain(text!("alias: ", name, ": no such alias"));
            status = 1;
        }
    }
    Ok(status)
}

/// Writes an alias. Returns false if the name has no alias.
fn write(shell: &mut Shell, name: Symbol) -> bool {
    let Some(value) = shell.aliases.get(name) else {
        return false;
    };
    text!(shell.symbols.name(name), "=", Quoted(value), "\n").write(&mut shell.output);
    true
}

/// Whether an alias's name may contain the byte: every byte except blanks, newlines and bytes that have a meaning in the shell's
/// syntax (wider than XBD 3.10).
fn may_be_in_name(byte: u8) -> bool {
    !matches!(
        byte,
        b' ' | b'\t' | b'\n' | b'$' | b'`' | b'"' | b'\'' | b'\\' | b'=' | b'/'
    ) && !matches!(byte, b'|' | b'&' | b';' | b'<' | b'>' | b'(' | b')')
}
