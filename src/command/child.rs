//! A child that a command has started.

use alloc::vec::Vec;

use super::stdio::{ChildStderr, ChildStdin, ChildStdout};
use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::io;
use crate::poll::{Events, PollFd, poll};
use crate::process::{ExitStatus, Pid};
use crate::signal::Signal;
use crate::spawn;

/// A child that a command has started. Dropping a `Child` closes this process's ends of the pipes. The child continues to run
/// and is not reaped.
#[derive(Debug)]
pub struct Child {
    /// This process's end of the pipe to the child's standard input; `None` if the standard input is not a pipe.
    pub stdin: Option<ChildStdin>,
    /// This process's end of the pipe from the child's standard output; `None` if the standard output is not a pipe.
    pub stdout: Option<ChildStdout>,
    /// This process's end of the pipe from the child's standard error; `None` if the standard error is not a pipe.
    pub stderr: Option<ChildStderr>,
    child: spawn::Child,
}

/// The status and the output of a child that has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// How the child ended.
    pub status: ExitStatus,
    /// The bytes that the child wrote to its standard output; empty if the standard output was not a pipe.
    pub stdout: Vec<u8>,
    /// The bytes that the child wrote to its standard error; empty if the standard error was not a pipe.
    pub stderr: Vec<u8>,
}

impl Child {
    pub(super) fn new(
        child: spawn::Child,
        stdin: Option<OwnedFd>,
        stdout: Option<OwnedFd>,
        stderr: Option<OwnedFd>,
    ) -> Self {
        Self {
            stdin: stdin.map(ChildStdin::from),
            stdout: stdout.map(ChildStdout::from),
            stderr: stderr.map(ChildStderr::from),
            child,
        }
    }

    /// Returns the child's process id. After [`wait`](Self::wait), the kernel may give this id to another process.
    #[must_use]
    pub fn id(&self) -> Pid {
        self.child.id()
    }

    /// Returns the child's pidfd; `None` if [`create_pidfd`](super::Command::create_pidfd) was not set.
    #[must_use]
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.child.pidfd()
    }

    /// Closes the pipe to the child's standard input, waits until the child ends, and reaps the child. Later calls return the
    /// same status.
    ///
    /// # Errors
    /// `ECHILD` if another wait has reaped the child, or if `SIGCHLD` is ignored.
    pub fn wait(&mut self) -> Result<ExitStatus, Errno> {
        self.stdin = None;
        self.child.wait()
    }

    /// If the child has ended, reaps it and returns its status. If it still runs, returns `None`.
    ///
    /// # Errors
    /// The errors of [`wait`](Self::wait).
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>, Errno> {
        self.child.try_wait()
    }

    /// Closes the pipe to the child's standard input, reads the pipes from its standard output and standard error until
    /// end-of-file, and waits until the child ends. A pipe has reached end-of-file when no process has the pipe's write end open.
    /// The method reads the two pipes at the same time, so that the child can write to them in any order.
    ///
    /// # Errors
    /// The errors of [`wait`](Self::wait) and of [`io::read`]; `ENOMEM` if the output does not fit in memory.
    pub fn wait_with_output(mut self) -> Result<Output, Errno> {
        self.stdin = None;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        match (self.stdout.take(), self.stderr.take()) {
            (None, None) => {}
            (Some(out), None) => drop(io::read_to_end(out.as_fd(), &mut stdout)?),
            (None, Some(err)) => drop(io::read_to_end(err.as_fd(), &mut stderr)?),
            (Some(out), Some(err)) => {
                read_both(out.as_fd(), &mut stdout, err.as_fd(), &mut stderr)?;
            }
        }
        let status = self.wait()?;
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }

    /// Sends `SIGKILL` to the child. Does nothing if a wait on this `Child` has already reaped the child.
    ///
    /// # Errors
    /// The errors of [`signal`](Self::signal).
    pub fn kill(&mut self) -> Result<(), Errno> {
        self.signal(Signal::KILL)
    }

    /// Sends a signal to the child, through the pidfd if this `Child` has one. Does nothing if a wait on this `Child` has
    /// already reaped the child.
    ///
    /// # Errors
    /// `EPERM` if the child now runs as another user; `ESRCH` if another wait has reaped the child.
    pub fn signal(&self, signal: Signal) -> Result<(), Errno> {
        self.child.signal(signal)
    }
}

/// Reads each as it has something, so that nobody who writes to one waits for a reader of the other.
fn read_both(
    out: BorrowedFd<'_>,
    stdout: &mut Vec<u8>,
    err: BorrowedFd<'_>,
    stderr: &mut Vec<u8>,
) -> Result<(), Errno> {
    loop {
        let mut both = [PollFd::new(out, Events::IN), PollFd::new(err, Events::IN)];
        match poll(&mut both, None) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
        let [from_out, from_err] = both;
        if from_out.returned() != Events::default() && read_some(out, stdout)? == 0 {
            return io::read_to_end(err, stderr).map(drop);
        }
        if from_err.returned() != Events::default() && read_some(err, stderr)? == 0 {
            return io::read_to_end(out, stdout).map(drop);
        }
    }
}

/// Reads once, at most what a pipe holds: how many bytes came; 0 at the end.
fn read_some(fd: BorrowedFd<'_>, bytes: &mut Vec<u8>) -> Result<usize, Errno> {
    const PIPE: usize = 65536;
    let start = bytes.len();
    bytes.try_reserve(PIPE).map_err(|_| Errno::ENOMEM)?;
    bytes.resize(start + PIPE, 0);
    let count = io::read(fd, bytes.get_mut(start..).unwrap_or_default());
    bytes.truncate(start + *count.as_ref().unwrap_or(&0));
    count
}
