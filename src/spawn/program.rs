//! The last step: the exec, with the search for the program, and the shell for a file in no executable format.

use core::ffi::CStr;

use super::pipe::StatusPipe;
use super::report::{Attribute, Record, StepCode};
use super::search::{Candidates, NAME_MAX};
use super::task::ChildTask;
use super::{Program, Shell, features};
use crate::errno::Errno;
use crate::signal::Signal;
use crate::sys;
use crate::text;

/// Returns only after an error.
pub(super) fn exec<const FEATURES: u32>(task: &ChildTask<'_, '_>, pipe: &StatusPipe) -> Errno {
    let means = task.means.get();
    let begins = FEATURES & features::BEGIN != 0 && means.begins;
    if begins {
        task.note_step(StepCode::attribute(Attribute::DefaultSignals));
        if let Err(errno) = tell_a_parent_that_may_be_gone(pipe) {
            return errno;
        }
    }
    task.note_step(StepCode::EXEC);
    if !means.memory_shared && !begins && pipe.send(Record::REACHED).is_err() {
        // It would be worse if the program ran although the parent believes that the start has failed.
        sys::process::exit(127);
    }

    match task.spawn.program {
        Program::Search { name, path } if !text::contains(name.to_bytes(), b'/') => {
            search::<FEATURES>(task, name, path)
        }
        Program::Path(path) | Program::Search { name: path, .. } => {
            let (errno, _) = exec_path::<FEATURES>(task, path);
            tell_what_is_missing(task, errno, || sys::file::faccessat(path).is_ok());
            errno
        }
        Program::Descriptor(fd) if FEATURES & features::DESCRIPTOR != 0 => {
            let errno = match pipe.named(fd) {
                Ok(program) => noted(task, || {
                    let (args, env) = (task.spawn.args.as_ptr(), task.spawn.env.as_ptr());
                    // SAFETY: an `Args` is a null-terminated array of C strings.
                    unsafe { sys::process::execveat(program, args, env) }
                }),
                Err(errno) => errno,
            };
            // A script's interpreter opens the script by its descriptor. If the descriptor closes on exec, the exec fails with
            // `ENOENT` for this reason.
            tell_what_is_missing(task, errno, || sys::fd::cloexec(fd) == Ok(false));
            errno
        }
        Program::Descriptor(_) => Errno::EINVAL,
    }
}

/// Reports that the exec begins. The parent may have closed its end of the pipe; then the program runs all the same, and `SIGPIPE`
/// must not kill the child.
fn tell_a_parent_that_may_be_gone(pipe: &StatusPipe) -> Result<(), Errno> {
    let former = sys::signal::ignore(Signal::PIPE)?;
    match pipe.send(Record::REACHED) {
        Ok(()) => {}
        // A blocked signal becomes pending although it is ignored. Ignoring it again discards it.
        Err(Errno::EPIPE) => {
            sys::signal::ignore(Signal::PIPE)?;
        }
        Err(_) => sys::process::exit(127),
    }
    sys::signal::restore_action(&former)
}

/// Calls `exec`. During the call, the child's step says that the exec has begun.
fn noted(task: &ChildTask<'_, '_>, exec: impl FnOnce() -> Errno) -> Errno {
    task.note_step(StepCode::REACHED);
    let errno = exec();
    task.note_step(StepCode::EXEC);
    errno
}

/// If the program exists, stores that its interpreter is missing.
fn tell_what_is_missing(task: &ChildTask<'_, '_>, errno: Errno, exists: impl FnOnce() -> bool) {
    if matches!(errno, Errno::ENOENT | Errno::ENOTDIR) && exists() {
        task.note_step(StepCode::INTERPRETER);
    }
}

/// Tries each candidate (POSIX XBD 8.3). After `EACCES`, the search continues, and the result is `EACCES` if no other candidate can
/// be executed.
fn search<const FEATURES: u32>(
    task: &ChildTask<'_, '_>,
    name: &CStr,
    path: Option<&CStr>,
) -> Errno {
    // SAFETY: nothing else uses this memory now. It is the half of the child's stack that the child's functions do not use or,
    // without a child, the buffer of `exec`.
    let buffer = unsafe { &mut *task.buffer() };
    // The kernel reports a name that is too long only if the whole path is not too long.
    if name.count_bytes() > NAME_MAX {
        return Errno::ENAMETOOLONG;
    }
    let mut answer = Errno::ENOENT;
    let mut candidates = Candidates::new(name, path);
    while let Some(path) = candidates.next(buffer) {
        match exec_path::<FEATURES>(task, path) {
            (errno, Found::Yes) => {
                tell_what_is_missing(task, errno, || true);
                return errno;
            }
            (Errno::ENOENT | Errno::ENOTDIR, _) => {}
            (Errno::EACCES, _) => answer = Errno::EACCES,
            (errno, _) => return errno,
        }
    }
    tell_what_is_missing(task, answer, || {
        let mut candidates = Candidates::new(name, path);
        while let Some(path) = candidates.next(buffer) {
            if sys::file::faccessat(path).is_ok() {
                return true;
            }
        }
        false
    });
    answer
}

/// Whether a file was found that only a shell can run. If so, an error comes from the exec of the shell.
enum Found {
    Yes,
    CannotTell,
}

fn exec_path<const FEATURES: u32>(task: &ChildTask<'_, '_>, path: &CStr) -> (Errno, Found) {
    let mut found = Found::CannotTell;
    let errno = noted(task, || {
        let (args, env) = (task.spawn.args.as_ptr(), task.spawn.env.as_ptr());
        // SAFETY: an `Args` is a null-terminated array of C strings.
        let errno = unsafe { sys::process::execve(path, args, env) };
        match task.spawn.shell {
            Some(shell) if errno == Errno::ENOEXEC && FEATURES & features::SHELL != 0 => {
                found = Found::Yes;
                exec_shell(task, shell, path)
            }
            _ => errno,
        }
    });
    (errno, found)
}

/// Runs a file in no executable format with the shell, as `arg0 file arg1 …` (POSIX XSH `exec`).
fn exec_shell(task: &ChildTask<'_, '_>, shell: Shell<'_>, file: &CStr) -> Errno {
    let args = task.spawn.args;
    let arg0 = args.first().unwrap_or(shell.path);
    let [first, second, rest @ ..] = shell.room else {
        return Errno::E2BIG;
    };
    first.set(arg0.as_ptr());
    second.set(file.as_ptr());
    let args = args.skip(1).as_slice();
    let [places @ .., null] = rest.get(..=args.len()).unwrap_or_default() else {
        return Errno::E2BIG;
    };
    for (place, arg) in places.iter().zip(args.iter().flatten()) {
        place.set(arg.as_ptr());
    }
    null.set(core::ptr::null());
    // SAFETY: `room` now begins with a null-terminated array of C strings.
    unsafe {
        sys::process::execve(
            shell.path,
            shell.room.as_ptr().cast(),
            task.spawn.env.as_ptr(),
        )
    }
}
