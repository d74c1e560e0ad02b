//! `eval [argument…]` (XCU 2.15): executes its arguments, joined by spaces.

use alloc::vec::Vec;

use super::getopt;
use crate::execution;
use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;
use nestling_shell::syntax::Source;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    shell.check_depth()?;
    let mut program = Vec::new();
    for (index, operand) in getopt::operands(arguments).iter().enumerate() {
        if index > 0 {
            program.push(b' ');
        }
        program.extend_from_slice(operand);
    }
    let line = shell.line;
    let mut source = Source::text(&program, line);
    execution::all(shell, &mut source)?;
    shell.line = line;
    Ok(shell.status)
}
