//! `local name[=value]...`, `local -`: makes variables local to a function. When the function returns, they get back the values
//! that they had before (as in dash, bash and busybox).
//!
//! Without a value, a new local variable is unset and keeps its attributes. A variable that is already local keeps its value: one
//! that was declared before, or assigned in front of the function's name. `local -` does the same for the options of `set`.

use super::export::{self, Operand};
use super::getopt::{operands, wrong};
use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    if shell.functions_deep == 0 {
        wrong(shell, arguments.name(), b"", "not in a function");
        return Ok(1);
    }
    for operand in operands(arguments).iter() {
        if operand == b"-" {
            let options = shell.options;
            shell.local_options.get_or_insert(options);
            continue;
        }
        let Ok(Operand { name, value }) = export::operand(shell, arguments.name(), operand) else {
            return Ok(1);
        };
        let is_new = shell.variables.save_local(name);
        let was_exported = shell
            .variables
            .variable(name)
            .is_some_and(|variable| variable.exported);
        match value {
            Some(value) if shell.assign(name, value).is_err() => return Ok(1),
            Some(_) => {}
            None if !is_new => {}
            None if shell.variables.unset(name).is_err() => {
                shell.is_readonly(name);
                return Ok(1);
            }
            None => shell.assigned(name),
        }
        if was_exported {
            shell.variables.export(name, true);
        }
    }
    Ok(0)
}
