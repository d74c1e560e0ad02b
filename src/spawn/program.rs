//! The last step: the exec, with the search for the program and the shell that runs what is no executable format.

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

/// Returns only what went wrong.
pub(super) fn exec<const FEATURES: u32>(task: &ChildTask<'_, '_>, pipe: &StatusPipe) -> Errno {
    let means = task.means.get();
    let begins = FEATURES & features::BEGIN != 0 && means.begins;
    if begins {
        task.begin(StepCode::attribute(Attribute::DefaultSignals));
        if let Err(errno) = tell_a_parent_that_may_be_gone(pipe) {
            return errno;
        }
    }
    task.begin(StepCode::EXEC);
    if !means.memory_shared && !begins && pipe.send(Record::REACHED).is_err() {
        // A program that runs while its parent believes that it doesn't would be worse.
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
                    // SAFETY: `Args` are what it asks for.
                    unsafe { sys::process::execveat(program, args, env) }
                }),
                Err(errno) => errno,
            };
            // A script's interpreter opens it by its number, which close-on-exec takes away: then that is the `ENOENT`.
            tell_what_is_missing(task, errno, || sys::fd::cloexec(fd) == Ok(false));
            errno
        }
        Program::Descriptor(_) => Errno::EINVAL,
    }
}

/// Says that the exec has been reached to a parent that may have closed its end of the pipe: then the program runs without its
/// knowledge, and no `SIGPIPE` kills the child for that.
fn tell_a_parent_that_may_be_gone(pipe: &StatusPipe) -> Result<(), Errno> {
    let former = sys::signal::ignore(Signal::PIPE)?;
    match pipe.send(Record::REACHED) {
        Ok(()) => {}
        // A signal that is blocked becomes pending although it is ignored. To ignore it again discards it.
        Err(Errno::EPIPE) => {
            sys::signal::ignore(Signal::PIPE)?;
        }
        Err(_) => sys::process::exit(127),
    }
    sys::signal::restore_action(&former)
}

/// Tries an exec, which the parent sees is under way until it has failed.
fn noted(task: &ChildTask<'_, '_>, exec: impl FnOnce() -> Errno) -> Errno {
    task.begin(StepCode::REACHED);
    let errno = exec();
    task.begin(StepCode::EXEC);
    errno
}

/// If the program is there, it is its interpreter that is not.
fn tell_what_is_missing(task: &ChildTask<'_, '_>, errno: Errno, exists: impl FnOnce() -> bool) {
    if matches!(errno, Errno::ENOENT | Errno::ENOTDIR) && exists() {
        task.begin(StepCode::INTERPRETER);
    }
}

/// POSIX XBD 8.3: tries each candidate; one that may not be executed is remembered while others are tried.
fn search<const FEATURES: u32>(
    task: &ChildTask<'_, '_>,
    name: &CStr,
    path: Option<&CStr>,
) -> Errno {
    // SAFETY: nothing else uses it now: it is the half of the child's stack that the child does not reach, or, without a child, the
    // buffer that `exec` has for it.
    let buffer = unsafe { &mut *task.buffer() };
    // The kernel says so of the name itself only where the whole path is not too long already.
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

/// Whether a file was found that only a shell can run, so that an error is the shell's.
enum Found {
    Yes,
    CannotTell,
}

fn exec_path<const FEATURES: u32>(task: &ChildTask<'_, '_>, path: &CStr) -> (Errno, Found) {
    let mut found = Found::CannotTell;
    let errno = noted(task, || {
        let (args, env) = (task.spawn.args.as_ptr(), task.spawn.env.as_ptr());
        // SAFETY: `Args` are what it asks for.
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

/// POSIX XSH `exec`: a file that is no executable format is run by the shell, as `arg0 file arg1 …`.
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
    // SAFETY: the room now begins with a null-terminated array of C strings.
    unsafe {
        sys::process::execve(
            shell.path,
            shell.room.as_ptr().cast(),
            task.spawn.env.as_ptr(),
        )
    }
}
