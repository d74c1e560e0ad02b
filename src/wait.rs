//! Waiting for children (`wait(2)`, `pidfd_open(2)`).

use crate::errno::Errno;
use crate::fd::BorrowedFd;
use crate::process::{ExitStatus, Pid};
use crate::sys;

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
    let ended = sys::process::wait4(pid.as_raw(), linux_raw_sys::general::WNOHANG)?;
    Ok(ended.map(|(_, status)| status))
}

/// Waits until the child behind a pidfd ends, and reaps it (Linux 5.4). The pidfd names this child and no other, even
/// after its id is used again. One system call, repeated if a signal handler interrupts it.
///
/// # Errors
/// As [`wait`]; `EINVAL` before Linux 5.4; `EBADF` if it is no pidfd.
pub fn wait_pidfd(pidfd: BorrowedFd<'_>) -> Result<ExitStatus, Errno> {
    loop {
        match sys::process::waitid_pidfd(pidfd, 0) {
            Ok(Some(status)) => return Ok(status),
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
    sys::process::waitid_pidfd(pidfd, linux_raw_sys::general::WNOHANG)
}
