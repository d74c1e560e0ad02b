//! Waiting for children (`wait(2)`, `pidfd_open(2)`).
//!
//! [`wait`] and [`try_wait`] are for one child and its end. [`wait_for`] is for the rest: any child or those of a group,
//! stops and continuations too. [`peek`] asks the same and reaps nobody.

use core::ops::BitOr;

use linux_raw_sys::general as linux;

use crate::errno::Errno;
use crate::fd::BorrowedFd;
use crate::process::{ExitStatus, Pid};
use crate::sys;

pub use crate::sys::process::Who;

/// Waits until the child ends, and reaps it. One system call, repeated if a signal handler interrupts it.
///
/// # Errors
/// `ECHILD` if it is no child of this process, was reaped by another wait, or reaps itself because `SIGCHLD` is ignored.
pub fn wait(pid: Pid) -> Result<ExitStatus, Errno> {
    loop {
        match sys::process::wait4(pid.as_raw(), 0) {
            Ok(Some((_, status))) => return Ok(status),
            Ok(None) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Reaps the child if it has ended; `None` while it runs. One system call.
///
/// # Errors
/// As [`wait`].
pub fn try_wait(pid: Pid) -> Result<Option<ExitStatus>, Errno> {
    let ended = sys::process::wait4(pid.as_raw(), linux::WNOHANG)?;
    Ok(ended.map(|(_, status)| status))
}

/// Waits until the child behind a pidfd ends, and reaps it (Linux 5.4). The pidfd names this child and no other, even
/// after its id is used again. One system call, repeated if a signal handler interrupts it.
///
/// # Errors
/// As [`wait`]; `EINVAL` before Linux 5.4; `EBADF` if it is no pidfd.
pub fn wait_pidfd(pidfd: BorrowedFd<'_>) -> Result<ExitStatus, Errno> {
    loop {
        match wait_for(Who::Pidfd(pidfd), Options::default()) {
            Ok(Some((_, status))) => return Ok(status),
            Ok(None) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Reaps the child behind a pidfd if it has ended; `None` while it runs. One system call.
///
/// # Errors
/// As [`wait_pidfd`].
pub fn try_wait_pidfd(pidfd: BorrowedFd<'_>) -> Result<Option<ExitStatus>, Errno> {
    let ended = wait_for(Who::Pidfd(pidfd), Options::NOHANG)?;
    Ok(ended.map(|(_, status)| status))
}

/// What a wait is for beside a child's end, and whether it waits at all: the flags of `waitpid`, without their `W`. The
/// default is none of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options(u32);

impl Options {
    /// Do not wait: `None` if no child has changed.
    pub const NOHANG: Self = Self(linux::WNOHANG);
    /// For stops, too (`WUNTRACED`).
    pub const STOPPED: Self = Self(linux::WSTOPPED);
    /// For continuations by `SIGCONT`, too.
    pub const CONTINUED: Self = Self(linux::WCONTINUED);
}

impl BitOr for Options {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Waits until a child of those that `who` names has ended, stopped or continued, as the options say, and takes that
/// news: a child that has ended is reaped. `None` only with [`NOHANG`](Options::NOHANG). One system call (`waitid(2)`).
///
/// It is not repeated when a signal handler interrupts it: a shell's `wait` must end then (POSIX XCU 2.12), and a loop is
/// soon written.
///
/// ```
/// use nestling::spawn::{Program, Spawn};
/// use nestling::wait::{self, Options, Who};
/// use nestling::{Args, Signal, args};
///
/// let list = args![c"sh", c"-c", c"kill -STOP $$; exit 3"];
/// let child = Spawn::new(Program::Path(c"/bin/sh"), Args::new(&list), Args::EMPTY).start().unwrap();
/// let who = Who::Child(child.id());
///
/// let (_, status) = wait::wait_for(who, Options::STOPPED).unwrap().unwrap();
/// assert_eq!(status.stopped_signal(), Some(Signal::STOP));
/// assert_eq!(wait::wait_for(who, Options::STOPPED | Options::NOHANG), Ok(None));
///
/// child.signal(Signal::CONT).unwrap();
/// let (pid, status) = wait::wait_for(who, Options::default()).unwrap().unwrap();
/// assert_eq!((pid, status.code()), (child.id(), Some(3)));
/// ```
///
/// # Errors
/// `ECHILD` if there is no such child (any more); `EINTR` if a signal handler ran; for a pidfd as [`wait_pidfd`].
pub fn wait_for(who: Who<'_>, options: Options) -> Result<Option<(Pid, ExitStatus)>, Errno> {
    sys::process::waitid(who, options.0 | linux::WEXITED)
}

/// As [`wait_for`], and leaves the news for the next wait (`WNOWAIT`). A child that has ended stays a zombie, so that its
/// id is not yet another's: an init can look up whose it was before it reaps it.
///
/// # Errors
/// As [`wait_for`].
pub fn peek(who: Who<'_>, options: Options) -> Result<Option<(Pid, ExitStatus)>, Errno> {
    sys::process::waitid(who, options.0 | linux::WEXITED | linux::WNOWAIT)
}
