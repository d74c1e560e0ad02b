//! `exit [n]`, `return [n]` (XCU 2.15). A `return` outside of a function and of a dot script ends the script.

use super::getopt;
use crate::shell::{Answer, Divert, Shell};
use crate::{jobs, traps};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    if jobs::should_stay(shell, 1) {
        return Ok(1);
    }
    shell.status = match getopt::operands(arguments).get(0) {
        None => traps::status_for_exit(shell),
        Some(operand) => number(shell, arguments, operand)?,
    };
    Err(Divert::Exit)
}

pub fn run_return(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    shell.status = match getopt::operands(arguments).get(0) {
        None => traps::status_for_return(shell),
        Some(operand) => number(shell, arguments, operand)?,
    };
    Err(Divert::Return)
}

fn number(shell: &mut Shell, arguments: Arguments<'_>, operand: &[u8]) -> Answer {
    match nestling::text::number(operand, 10).and_then(|number| i32::try_from(number).ok()) {
        Some(status) => Ok(status),
        None => Err(getopt::wrong(shell, arguments.name(), operand, "not an exit status").into()),
    }
}
