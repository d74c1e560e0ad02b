//! Executing a program in place of this one.

use core::ffi::CStr;

use nestling::spawn::{Error, Program, Shell, Spawn};
use nestling::text::Text;
use nestling::{Args, Errno, SigSet};

use crate::FEATURES;
use crate::log::Line;

/// The shell that runs a script without a `#!` line.
pub const SHELL: &CStr = c"/bin/sh";

/// The maximum number of arguments of such a script, including the shell's name and the script's path.
pub const SHELL_WORDS: usize = 4096;

/// Executes the program. `signal_mask` is the program's signal mask; `None` leaves the mask unchanged. If the exec fails, reports
/// the error and returns an exit status.
#[inline(never)]
pub fn become_program(
    program: Program<'_>,
    args: Args<'_>,
    env: Args<'_>,
    signal_mask: Option<SigSet>,
) -> i32 {
    exec(program, args, env, signal_mask, &mut failed)
}

/// Does the same as [`become_program`], but calls `report` with the error, and returns the result of this call.
#[inline(never)]
pub fn exec(
    program: Program<'_>,
    args: Args<'_>,
    env: Args<'_>,
    signal_mask: Option<SigSet>,
    report: &mut dyn FnMut(&Error<'_>) -> i32,
) -> i32 {
    let mut spawn = Spawn::new(program, args, env);
    spawn.attributes.signal_mask = signal_mask;
    let error = spawn.exec_with::<FEATURES>();
    match error.errno() {
        Some(Errno::ENOEXEC) => exec_by_shell(&spawn, report),
        _ => report(&error),
    }
}

/// This function is separate, so that the array of the shell's arguments is on the stack only when it is needed: a copy of process
/// 1 needs memory for each page of this array.
#[inline(never)]
fn exec_by_shell(spawn: &Spawn<'_>, report: &mut dyn FnMut(&Error<'_>) -> i32) -> i32 {
    let room = Shell::room::<SHELL_WORDS>();
    let shell = Shell {
        path: SHELL,
        room: &room,
    };
    let spawn = Spawn {
        shell: Some(shell),
        ..*spawn
    };
    report(&spawn.exec_with::<FEATURES>())
}

/// Reports the error, and returns an exit status.
#[inline(never)]
pub fn failed(error: &Error<'_>) -> i32 {
    let mut line = Line::new("");
    error.write(&mut line);
    line.warn();
    error.shell_code()
}
