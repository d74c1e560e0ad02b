//! Functions: XCU 2.9.5.

use alloc::rc::Rc;

use super::compound;
use crate::builtins::set;
use crate::options::Opt;
use crate::shell::{Divert, Flow, Shell};
use nestling_shell::fields::Parameters;
use nestling_shell::syntax::tree::{Function, Item};

/// Executes a function definition command.
pub fn define(shell: &mut Shell, function: &Rc<Function>) {
    shell.functions.insert(function.name, function.clone());
    shell.status = 0;
}

/// Calls a function. The caller has already applied the redirections and the assignments before the function's name. The scope of
/// those assignments is also the function's scope.
pub fn call(
    shell: &mut Shell,
    function: &Rc<Function>,
    parameters: Parameters,
    item: &Item,
) -> Flow {
    shell.check_depth()?;
    let positional = core::mem::replace(&mut shell.positional, parameters);
    let loops = core::mem::take(&mut shell.loops);
    let line = shell.line;
    let options = shell.local_options.take();
    let caller = shell.function.replace(function.name);
    let traces = shell.options.has(Opt::Errtrace);
    let has_error_trap = shell.traps.enter(traces);
    shell.calls.push(Rc::clone(function));
    shell.functions_deep += 1;
    let flow = compound::execute(shell, &function.body, item, false);
    shell.functions_deep -= 1;
    shell.calls.pop();
    shell.traps.leave(has_error_trap);
    shell.function = caller;
    if let Some(former) = core::mem::replace(&mut shell.local_options, options) {
        set::restore(shell, former);
    }
    shell.line = line;
    shell.loops = loops;
    shell.positional = positional;
    match flow {
        Err(Divert::Return) => Ok(()),
        flow => flow,
    }
}
