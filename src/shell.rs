//! The shell with which `system` and `popen` run a command.

use core::ffi::CStr;

use crate::args::{Arg, Args};
use crate::environ::environ;
use crate::spawn::{Action, Attributes, Child, Error, Program, Spawn, Step};

/// The path of the shell. POSIX does not specify it, but it is the same on all Linux systems.
const PATH: &CStr = c"/bin/sh";

/// Starts `sh -c -- command` (POSIX XSH `system`) with this process's environment. The error borrows no data from the caller.
pub(crate) fn start(
    command: &CStr,
    actions: &[Action<'static>],
    attributes: Attributes<'_>,
) -> Result<Child, Error<'static>> {
    environ(|env, _| start_with(command, env, actions, attributes))
}

/// The same with this environment.
pub(crate) fn start_with(
    command: &CStr,
    env: Args<'_>,
    actions: &[Action<'static>],
    attributes: Attributes<'_>,
) -> Result<Child, Error<'static>> {
    let list = [
        Some(Arg::from(c"sh")),
        Some(Arg::from(c"-c")),
        Some(Arg::from(c"--")),
        Some(Arg::from(command)),
        None,
    ];
    let spawn = Spawn {
        actions,
        attributes,
        ..Spawn::new(Program::Path(PATH), Args::new(&list), env)
    };
    spawn.start().map_err(|error| own(error, actions))
}

/// Returns the same error without borrowed data. The data that it refers to is static.
fn own(error: Error<'_>, actions: &[Action<'static>]) -> Error<'static> {
    let (step, errno) = match error {
        Error::Failed { step, errno } => (step, errno),
        Error::Killed { signal } => return Error::Killed { signal },
    };
    let step = match step {
        Step::BlockSignals => Step::BlockSignals,
        Step::StatusPipe => Step::StatusPipe,
        Step::Clone => Step::Clone,
        Step::Attribute(attribute) => Step::Attribute(attribute),
        Step::Action(index, _) => match actions.get(index) {
            Some(&action) => Step::Action(index, action),
            None => Step::StatusPipe,
        },
        Step::Exec(_, missing) => Step::Exec(Program::Path(PATH), missing),
        Step::Pipe => Step::Pipe,
        Step::Wait => Step::Wait,
    };
    Error::Failed { step, errno }
}
