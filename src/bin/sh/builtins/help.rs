//! `help`: lists the built-ins (as in bash and busybox).

use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;

const WIDTH: usize = 72;

pub fn run(shell: &mut Shell, _: Arguments<'_>) -> Answer {
    let mut column = 0;
    for builtin in shell.hooks.builtins {
        if column > 0 {
            let is_full = column + builtin.name.len() >= WIDTH;
            shell.output.write(if is_full { b"\n" } else { b" " });
            column = if is_full { 0 } else { column + 1 };
        }
        shell.output.write(builtin.name.as_bytes());
        column += builtin.name.len();
    }
    shell.output.write(b"\n");
    Ok(0)
}
