//! The shell's main function.

use nestling::rt;

use crate::shell::Shell;
use crate::{execution, invocation};

/// Runs the shell. Returns the exit status, if the arguments are wrong; otherwise the process ends within the function. `prepare` is
/// called before the shell reads its first command.
pub fn run(process: rt::Process, prepare: impl FnOnce(&mut Shell)) -> i32 {
    let (shell, mut source) = match invocation::read(process) {
        Ok(ready) => ready,
        Err(status) => return status,
    };
    prepare(shell);
    if let Err(divert) = invocation::start(shell, process) {
        execution::subshell::exit(shell, Err(divert));
    }
    loop {
        let flow = execution::script(shell, &mut source);
        if !shell.goes_on_after(flow) {
            execution::subshell::exit(shell, flow);
        }
        source.discard_line();
    }
}
