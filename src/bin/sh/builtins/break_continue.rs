//! `break [n]`, `continue [n]` (XCU 2.15): `break` leaves a loop, `continue` begins its next iteration. Outside of a loop they do
//! nothing.

use super::getopt;
use crate::shell::{Answer, Divert, Shell};
use nestling_shell::fields::Arguments;

pub fn run_break(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    run(shell, arguments, Divert::Break)
}

pub fn run_continue(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    run(shell, arguments, Divert::Continue)
}

fn run(shell: &mut Shell, arguments: Arguments<'_>, divert: fn(u32) -> Divert) -> Answer {
    let operands = getopt::operands(arguments);
    let count = match operands.get(0) {
        None => 1,
        Some(operand) => match nestling::text::number(operand, 10) {
            Some(count @ 1..) => u32::try_from(count).unwrap_or(u32::MAX),
            _ => {
                let wrong =
                    getopt::wrong(shell, arguments.name(), operand, "not a number of loops");
                return Err(wrong.into());
            }
        },
    };
    shell.status = 0;
    match count.min(shell.loops) {
        0 => Ok(0),
        count => Err(divert(count)),
    }
}
