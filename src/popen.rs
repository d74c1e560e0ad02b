//! Reading the output of a shell command, or writing its input: POSIX XSH [`popen`] and [`pclose`].

use core::ffi::CStr;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::io;
use crate::process::{ExitStatus, Pid};
use crate::shell;
use crate::spawn::{Action, Attributes, Child, Error, Step};

/// Starts `sh -c -- command` with this process's environment, and makes a pipe to or from the command (POSIX XSH `popen`).
/// `mode` is one of:
///
/// - `"r"`: a pipe from the command's standard output, which [`read`](Popen::read) reads;
/// - `"w"`: a pipe to the command's standard input, which [`write_all`](Popen::write_all) writes to;
/// - `"r+"`: both pipes, as on the BSDs. If this process and the command each write more than a pipe can hold (64 KiB) and
///   neither of them reads, they wait for each other for ever.
///
/// This process's ends of the pipes always have the close-on-exec flag, so that later children do not hold the pipes open.
/// (POSIX requires this for children of later calls of `popen`.) `mode` may end with an `e`, which has no effect. In addition
/// to the spawn, each pipe costs two system calls in this process and one system call in the child.
///
/// The command ignores the signals that this process ignores. For example, a program that uses `std` ignores `SIGPIPE`, so its
/// commands also ignore `SIGPIPE`.
///
/// ```
/// use nestling::popen::{pclose, popen};
///
/// let mut command = popen(c"tr a-z A-Z", "r+").unwrap();
/// command.write_all(b"nestling").unwrap();
/// command.close_input(); // it reads the end
/// let mut text = [0; 8];
/// assert_eq!(command.read(&mut text), Ok(8));
/// assert_eq!(&text, b"NESTLING");
/// assert!(pclose(command).unwrap().success());
/// ```
///
/// # Errors
/// The step that failed. This is [`Pipe`](Step::Pipe) with `EINVAL` if `mode` is none of the modes above; `Pipe` with an error
/// of `pipe2(2)`, such as `EMFILE`; or a step of the spawn.
pub fn popen(command: &CStr, mode: &str) -> Result<Popen, Error<'static>> {
    let pipe_failed = |errno| Error::Failed {
        step: Step::Pipe,
        errno,
    };
    let (reads, writes) = match mode {
        "r" | "re" => (true, false),
        "w" | "we" => (false, true),
        "r+" | "r+e" => (true, true),
        _ => return Err(pipe_failed(Errno::EINVAL)),
    };
    let output = reads.then(io::pipe).transpose().map_err(pipe_failed)?;
    let input = writes.then(io::pipe).transpose().map_err(pipe_failed)?;

    let to_zero = input.as_ref().map(|(from, _)| from);
    let to_one = output.as_ref().map(|(_, to)| to);
    let dup2 = |fd: &OwnedFd, to| Action::Dup2 {
        from: fd.as_raw_fd(),
        to,
    };
    let child = match (to_zero, to_one) {
        (Some(zero), Some(one)) => start(command, &[dup2(zero, 0), dup2(one, 1)]),
        (Some(zero), None) => start(command, &[dup2(zero, 0)]),
        (None, Some(one)) => start(command, &[dup2(one, 1)]),
        (None, None) => start(command, &[]),
    }?;
    Ok(Popen {
        input: input.map(|(_, to)| to),
        output: output.map(|(from, _)| from),
        id: child.id(),
        child: Some(child),
    })
}

fn start(command: &CStr, actions: &[Action<'static>]) -> Result<Child, Error<'static>> {
    shell::start(command, actions, Attributes::default())
}

/// A command that [`popen`] has started, with this process's ends of the pipes.
///
/// Dropping a `Popen` does the same as [`pclose`]: it waits until the command has ended. But it ignores errors and the
/// command's status.
#[derive(Debug)]
pub struct Popen {
    input: Option<OwnedFd>,
    output: Option<OwnedFd>,
    id: Pid,
    /// The child; `None` after the wait.
    child: Option<Child>,
}

/// Closes the pipes, waits until the command has ended, and returns the command's status (POSIX XSH `pclose`). This function
/// does not reap other children.
///
/// # Errors
/// `ECHILD` if another wait has reaped the command, or if `SIGCHLD` is ignored.
pub fn pclose(mut stream: Popen) -> Result<ExitStatus, Errno> {
    stream.close()
}

impl Popen {
    /// Reads once from the command's output. Returns the number of bytes read; 0 at the end of the pipe, when every process
    /// that had the writing end open has closed it.
    ///
    /// # Errors
    /// `EBADF` if the mode was `"w"`; otherwise the errors of [`io::read`].
    pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
        io::read(self.output().ok_or(Errno::EBADF)?, buffer)
    }

    /// Writes all bytes to the command's standard input.
    ///
    /// # Errors
    /// `EBADF` if the mode was `"r"` or the input is closed; `EPIPE` if the command has closed its input and `SIGPIPE` is
    /// ignored; otherwise the errors of [`io::write_all`]. If the command has closed its input and `SIGPIPE` has its default
    /// action, the signal ends this process.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        io::write_all(self.input().ok_or(Errno::EBADF)?, bytes)
    }

    /// Closes the pipe to the command's standard input. The command can still read the bytes that are in the pipe; then it
    /// reads end-of-file.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// Returns this process's end of the pipe to the command's standard input, for an [`io::Writer`] or
    /// [`poll`](crate::poll::poll). Returns `None` if the mode was `"r"` or the input is closed.
    pub fn input(&self) -> Option<BorrowedFd<'_>> {
        self.input.as_ref().map(AsFd::as_fd)
    }

    /// Returns this process's end of the pipe from the command's standard output, for an [`io::Reader`] or
    /// [`poll`](crate::poll::poll). Returns `None` if the mode was `"w"`.
    pub fn output(&self) -> Option<BorrowedFd<'_>> {
        self.output.as_ref().map(AsFd::as_fd)
    }

    /// Returns the process id of the shell that runs the command.
    #[must_use]
    pub fn id(&self) -> Pid {
        self.id
    }

    fn close(&mut self) -> Result<ExitStatus, Errno> {
        self.input = None;
        self.output = None;
        match self.child.take() {
            Some(mut child) => child.wait(),
            None => Ok(ExitStatus::default()),
        }
    }
}

impl Drop for Popen {
    fn drop(&mut self) {
        // After `pclose`, this does nothing. `drop` cannot return an error.
        let _ = self.close();
    }
}

/// Implements the standard library's traits. `Read` works only if the mode allows reading, and `Write` only if it allows writing.
#[cfg(feature = "std")]
mod std_traits {
    use std::io::{Read, Result, Write};

    use super::Popen;
    use crate::errno::Errno;
    use crate::sys;

    impl Read for Popen {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
            Ok(Self::read(self, buffer)?)
        }
    }

    impl Write for Popen {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            Ok(sys::fd::write(self.input().ok_or(Errno::EBADF)?, bytes)?)
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }
}
