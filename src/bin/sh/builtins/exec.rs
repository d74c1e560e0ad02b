//! `exec [utility [argument…]]` (XCU 2.15): this process becomes the utility. Without one, the redirections stay.

use super::{Answer, options};
use crate::execution::{external, search};
use crate::fields::{Arguments, Fields};
use crate::jobs;
use crate::shell::{Divert, Shell};

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let operands = options::operands(arguments);
    let Some(name) = operands.c_str(0) else {
        shell.keeps_redirections = true;
        return Ok(0);
    };
    shell.output.flush();
    let path = search::program(shell, name, true);
    let mut fields = Fields::new();
    operands.iter().for_each(|operand| fields.push(operand));
    let monitor = jobs::controls(shell) && !shell.is_subshell;
    if monitor {
        jobs::set_monitor(shell, false);
    }
    external::become_program(shell, path, name, &fields);
    if monitor {
        jobs::set_monitor(shell, true);
    }
    Err(Divert::Error)
}
