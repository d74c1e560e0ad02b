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

/// A child that was started. Dropping it closes its pipes, does not end it, and nobody reaps it then.
#[derive(Debug)]
pub struct Child {
    /// The other end of its standard input, if that is a pipe.
    pub stdin: Option<ChildStdin>,
    /// The other end of its standard output, if that is a pipe.
    pub stdout: Option<ChildStdout>,
    /// The other end of its standard error, if that is a pipe.
    pub stderr: Option<ChildStderr>,
    child: spawn::Child,
}

/// How a child ended, and what it wrote.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to its standard output, if that was a pipe.
    pub stdout: Vec<u8>,
    /// What it wrote to its standard error, if that was a pipe.
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

    /// Its process id. After [`wait`](Self::wait) it may be another's.
    pub fn id(&self) -> Pid {
        self.child.id()
    }

    /// Its pidfd, if [`create_pidfd`](super::Command::create_pidfd) asked for one.
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.child.pidfd()
    }

    /// Closes its standard input, if that is a pipe, waits until it ends, and reaps it; the same status every time.
    ///
    /// # Errors
    /// `ECHILD` if another wait has reaped it, or `SIGCHLD` is ignored.
    pub fn wait(&mut self) -> Result<ExitStatus, Errno> {
        self.stdin = None;
        self.child.wait()
    }

    /// Reaps it if it has ended; `None` while it runs.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>, Errno> {
        self.child.try_wait()
    }

    /// Closes its standard input, collects what it writes to those of its standard output and standard error that are pipes,
    /// until it and whoever else has them has closed them, and waits for its end. Whichever it fills first, this reads.
    ///
    /// # Errors
    /// As [`wait`](Self::wait); what a read says: `ENOMEM` if there is no room.
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

    /// Sends it `SIGKILL`; nothing once it was waited for.
    ///
    /// # Errors
    /// As [`signal`](Self::signal).
    pub fn kill(&mut self) -> Result<(), Errno> {
        self.signal(Signal::KILL)
    }

    /// Sends it a signal, through the pidfd if there is one; nothing once it was waited for.
    ///
    /// # Errors
    /// `EPERM` if it has become another user's; `ESRCH` if another wait has reaped it.
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
