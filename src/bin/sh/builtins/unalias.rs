//! `unalias name...`, `unalias -a`: XCU 3 `unalias`.

use crate::shell::{Answer, Shell, text};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut operands = arguments.skip(1);
    match operands.get(0) {
        Some(b"-a") => {
            shell.aliases.clear();
            operands = operands.skip(1);
            if operands.is_empty() {
                return Ok(0);
            }
        }
        Some(b"--") => operands = operands.skip(1),
        Some(option @ [b'-', _, ..]) => {
            shell.complain(text!("unalias: ", option, ": no such option"));
            return Ok(2);
        }
        _ => {}
    }
    if operands.is_empty() {
        shell.complain(text!("unalias: an operand is missing"));
        return Ok(2);
    }
    let mut status = 0;
    for name in operands.iter() {
        let symbol = shell.symbols.find(name);
        if !symbol.is_some_and(|symbol| shell.aliases.remove(symbol)) {
            shell.complain(text!("unalias: ", name, ": no such alias"));
            status = 1;
        }
    }
    Ok(status)
}
