//! Waiting for children (`wait(2)`, `pidfd_open(2)`).
//!
//! [`wait`] and [`try_wait`] wait for the end of one child. [`wait_for`] waits for any child or the children of a group, and
//! for stops and continuations. [`peek`] is the same without reaping.

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
/// `ECHILD` if it is not a child of this process, if another wait has reaped it, or if `SIGCHLD` is ignored, so that the kernel
/// reaps children itself.
pub fn wait(pid: Pid) -> Result<ExitStatus, Errno> {
    loop {
        match sys::process::wait4(pid.as_raw(), 0) {
            Ok(Some((_, status))) => return Ok(status),
            Ok(None) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Reaps the child if it has ended; returns `None` while it runs. One system call.
///
/// # Errors
/// Those of [`wait`].
pub fn try_wait(pid: Pid) -> Result<Option<ExitStatus>, Errno> {
    let ended = sys::process::wait4(pid.as_raw(), linux::WNOHANG)?;
    Ok(ended.map(|(_, status)| status))
}

/// Waits until the child of a pidfd ends, and reaps it (Linux 5.4). The pidfd refers to this child even after its id is used
/// again. One system call, repeated if a signal handler interrupts it.
///
/// # Errors
/// Those of [`wait`]; `EINVAL` before Linux 5.4; `EBADF` if it is not a pidfd.
pub fn wait_pidfd(pidfd: BorrowedFd<'_>) -> Result<ExitStatus, Errno> {
    loop {
        match wait_for(Who::Pidfd(pidfd), Options::default()) {
            Ok(Some((_, status))) => return Ok(status),
            Ok(None) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Reaps the child of a pidfd if it has ended; returns `None` while it runs. One system call.
///
/// # Errors
/// Those of [`wait_pidfd`].
pub fn try_wait_pidfd(pidfd: BorrowedFd<'_>) -> Result<Option<ExitStatus>, Errno> {
    let ended = wait_for(Who::Pidfd(pidfd), Options::NOHANG)?;
    Ok(ended.map(|(_, status)| status))
}

/// Options of a wait: the flags of `waitpid`, without the prefix `W`. By default a wait blocks, and only for the end of a
/// child.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options(u32);

impl Options {
    /// Do not block: return `None` if no child has changed its state.
    pub const NOHANG: Self = Self(linux::WNOHANG);
    /// Report stops, too (`WUNTRACED`).
    pub const STOPPED: Self = Self(linux::WSTOPPED);
    /// Report continuations by `SIGCONT`, too.
    pub const CONTINUED: Self = Self(linux::WCONTINUED);
}

impl BitOr for Options {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Waits until a child selected by `who` has ended, or, if the options say so, stopped or continued, and consumes that report:
/// a child that has ended is reaped. Returns `None` only with [`NOHANG`](Options::NOHANG). One system call (`waitid(2)`).
///
/// It is not repeated if a signal handler interrupts it, because a shell's `wait` must end then (POSIX XCU 2.12).
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
/// `ECHILD` if there is no such child; `EINTR` if a signal handler ran; for a pidfd, those of [`wait_pidfd`].
pub fn wait_for(who: Who<'_>, options: Options) -> Result<Option<(Pid, ExitStatus)>, Errno> {
    sys::process::waitid(who, options.0 | linux::WEXITED)
}

/// Waits as [`wait_for`] does, but leaves the report for the next wait (`WNOWAIT`). A child that has ended stays a zombie, so
/// that its id is not reused: an init can look up whose process it was before it reaps it.
///
/// # Errors
/// Those of [`wait_for`].
pub fn peek(who: Who<'_>, options: Options) -> Result<Option<(Pid, ExitStatus)>, Errno> {
    sys::process::waitid(who, options.0 | linux::WEXITED | linux::WNOWAIT)
}
