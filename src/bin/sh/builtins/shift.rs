//! `shift [n]`: removes the first `n` positional parameters (XCU 2.15, `shift`).

use super::getopt::{operands, wrong};
use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let (name, operands) = (arguments.name(), operands(arguments));
    let mut count = 1;
    if let Some(operand) = operands.get(0) {
        let Some(number) = nestling::text::number(operand, 10) else {
            return Err(wrong(shell, name, operand, "not a number").into());
        };
        count = usize::try_from(number).unwrap_or(usize::MAX);
    }
    if operands.len() > 1 {
        return Err(wrong(shell, name, b"", "too many operands").into());
    }
    // A count that is too large does not end a script here, as in bash and busybox.
    Ok(i32::from(!shell.positional.shift(count)))
}
