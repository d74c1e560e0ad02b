//! The builders: the standard library's `Command` and nestling's `Command`. The same source lines use both, which is
//! what nestling's promises. `pre_exec` is left out, because a program can do anything in it.

use alloc::ffi::CString;
use core::ffi::c_int;
use std::os::fd::FromRawFd;
use std::os::unix::process::CommandExt;

use crate::situation::{MODE, Situation, Word};
use crate::stage::{self, Answer};

/// Defines the function `$way`, which starts a program by the builder `$command`. `$stdio` is the builder's type for a standard
/// descriptor.
macro_rules! builder {
    ($way:ident, $command:ty, $stdio:ty, $owned:ty, |$error:ident| $errno:expr, |$child:ident| $id:expr) => {
        pub fn $way(situation: &Situation) -> Answer {
            if let Some(what) = not_expressible(situation) {
                return Answer::CannotSay(what);
            }
            let (program, _) = situation.program();
            let mut command = <$command>::new(text(program));
            command.env_clear();
            for entry in stage::environment(situation) {
                let (name, value) = text(&entry).split_once('=').expect("a variable");
                command.env(name, value);
            }
            command.args(situation.args()[1..].iter().map(|arg| text(arg)));
            for word in &situation.words {
                let (number, opened) = match word {
                    Word::Open(fd, flags, path) => (*fd, open(path, *flags)),
                    Word::Dup2(from, fd) => (*fd, duplicate(*from)),
                    Word::Chdir(path) => {
                        command.current_dir(text(path));
                        continue;
                    }
                    Word::Setpgroup(group) => {
                        command.process_group(stage::group(group));
                        continue;
                    }
                    _ => continue,
                };
                let opened = match opened {
                    Ok(opened) => opened,
                    Err(errno) => return Answer::Failed(errno),
                };
                // SAFETY: the descriptor was opened for this and has no other owner.
                let file = unsafe { <$owned>::from_raw_fd(opened) };
                let file = <$stdio>::from(file);
                match number {
                    0 => command.stdin(file),
                    1 => command.stdout(file),
                    _ => command.stderr(file),
                };
            }
            match command.spawn() {
                Ok($child) => Answer::Started($id),
                Err($error) => Answer::Failed($errno.expect("an errno")),
            }
        }
    };
}

builder!(
    standard,
    std::process::Command,
    std::process::Stdio,
    std::os::fd::OwnedFd,
    |error| error.raw_os_error(),
    |child| child.id() as i32
);
builder!(
    ours,
    nestling::command::Command,
    nestling::command::Stdio,
    nestling::OwnedFd,
    |error| error.errno().map(|errno| errno.as_raw()),
    |child| child.id().as_raw()
);

/// What a builder cannot express.
fn not_expressible(situation: &Situation) -> Option<&'static str> {
    let (program, search) = situation.program();
    if !search && !program.as_bytes().contains(&b'/') {
        return Some("A program's path without a slash");
    }
    let (mut is_set, mut moved) = ([false; 3], false);
    for word in &situation.words {
        match word {
            Word::Open(fd, ..) | Word::Dup2(_, fd) if !(0..=2).contains(fd) => {
                return Some("A descriptor other than 0, 1 and 2");
            }
            // A builder opens its files in the parent before the child exists, so relative to the parent's directory,
            // and accepts one file for each number.
            Word::Open(fd, ..) | Word::Dup2(_, fd) if moved || is_set[*fd as usize] => {
                return Some(
                    "A second action on the same descriptor number, or an action after `chdir`",
                );
            }
            Word::Dup2(from, to) if from == to || is_set.get(*from as usize) == Some(&true) => {
                return Some(
                    "`dup2` of a descriptor that another action has opened, or of a descriptor to itself",
                );
            }
            Word::Open(fd, ..) | Word::Dup2(_, fd) => is_set[*fd as usize] = true,
            Word::Chdir(_) if moved => return Some("A second `chdir`"),
            Word::Chdir(_) => moved = true,
            Word::Close(_) | Word::CloseFrom(_) => return Some("`close`, `closefrom`"),
            Word::Fchdir(_) => return Some("`fchdir`"),
            Word::Setsid => return Some("A session"),
            Word::Mask(_) | Word::Default(_) => return Some("Signals"),
            Word::Resetids => return Some("`POSIX_SPAWN_RESETIDS`"),
            Word::Scheduler(..) | Word::Priority(_) => return Some("Scheduling"),
            _ => {}
        }
    }
    None
}

fn text(string: &CString) -> &str {
    string.to_str().expect("text")
}

/// Opens a file close-on-exec, as the standard library does.
fn open(path: &CString, flags: c_int) -> Result<c_int, c_int> {
    // SAFETY: the kernel reads the path.
    descriptor(unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, MODE) })
}

fn duplicate(fd: c_int) -> Result<c_int, c_int> {
    // SAFETY: all arguments are numbers.
    descriptor(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) })
}

fn descriptor(answer: c_int) -> Result<c_int, c_int> {
    if answer < 0 {
        // SAFETY: the pointer to this thread's errno is valid.
        Err(unsafe { *libc::__errno_location() })
    } else {
        Ok(answer)
    }
}
