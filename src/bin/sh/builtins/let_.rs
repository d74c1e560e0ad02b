//! `let expression...`: evaluates arithmetic expressions. The exit status is 1 if the last value is 0 (as in bash, mksh and
//! busybox).

use super::getopt::{operands, wrong};
use crate::expansion::arithmetic;
use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let operands = operands(arguments);
    if operands.is_empty() {
        wrong(shell, arguments.name(), b"", "an expression is missing");
        return Ok(1);
    }
    let mut last = 0;
    for expression in operands.iter() {
        last = arithmetic::evaluate_text(shell, expression)?;
    }
    Ok(i32::from(last == 0))
}
