//! `alias [name[=value]...]`: XCU 3 `alias`.

use alloc::rc::Rc;

use nestling::text::Text;

use crate::builtins::Answer;
use crate::builtins::quoting::Quoted;
use crate::fields::Arguments;
use crate::shell::{Shell, text};

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut operands = arguments.skip(1);
    match operands.get(0) {
        // As in bash, mksh and yash: all of them, as without operands.
        Some(b"-p") if operands.len() == 1 => operands = operands.skip(1),
        Some(b"--") => operands = operands.skip(1),
        Some(option @ [b'-', _, ..]) => {
            shell.complain(text!("alias: ", option, ": no such option"));
            return Ok(2);
        }
        _ => {}
    }
    if operands.len() == 0 {
        for (name, value) in shell.aliases.iter() {
            text!(name[..], "=", Quoted(value), "\n").write(&mut shell.output);
        }
    }
    let mut status = 0;
    for operand in operands.iter() {
        // An alias's name is not empty.
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
            shell.aliases.insert(Rc::from(name), Rc::from(value));
        } else if let Some(value) = shell.aliases.get(name) {
            text!(name, "=", Quoted(value), "\n").write(&mut shell.output);
        } else {
            shell.complain(text!("alias: ", name, ": no such alias"));
            status = 1;
        }
    }
    Ok(status)
}

/// XBD 3.10, and whatever else makes a word by itself.
fn may_be_in_name(byte: u8) -> bool {
    !matches!(
        byte,
        b' ' | b'\t' | b'\n' | b'$' | b'`' | b'"' | b'\'' | b'\\' | b'=' | b'/'
    ) && !matches!(byte, b'|' | b'&' | b';' | b'<' | b'>' | b'(' | b')')
}
