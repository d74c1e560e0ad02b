//! Waiting for children (`wait(2)`, `pidfd_open(2)`).
//!
//! [`wait`] and [`try_wait`] wait for the end of a given child. [`wait_for`] can also wait for any child or for the children in
//! a process group, and can also report stops and continuations. [`peek`] does the same as `wait_for`, but does not reap the
//! child. [`wait_timeout`] and [`has_ended_within`] wait at most for a given time. [`wait_with_usage`] also returns the
//! resources that the child has used.

use core::ops::BitOr;
use core::time::Duration;

use linux_raw_sys::general as linux;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd};
use crate::poll::{Events, PollFd, poll};
use crate::process::{ExitStatus, Pid};
use crate::sys;
use crate::time::{Clock, Timestamp, now, sleep};

pub use crate::sys::process::Who;
pub use crate::sys::resource::Usage;

/// Waits until the child ends, reaps the child and returns its status. Costs one system call. If a signal handler interrupts
/// the call, `wait` repeats it.
///
/// # Errors
/// `ECHILD` if `pid` is not a child of this process, if another wait has reaped the child, or if `SIGCHLD` is ignored. (If
/// `SIGCHLD` is ignored, the kernel reaps the children itself.)
#[doc(alias = "waitpid")]
pub fn wait(pid: Pid) -> Result<ExitStatus, Errno> {
    loop {
        match sys::process::wait4(pid.as_raw(), 0) {
            Ok(Some((_, status))) => return Ok(status),
            Ok(None) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// If the child has ended, reaps it and returns its status. If it still runs, returns `None`. Costs one system call.
///
/// # Errors
/// The errors of [`wait`].
#[doc(alias("waitpid", "WNOHANG"))]
pub fn try_wait(pid: Pid) -> Result<Option<ExitStatus>, Errno> {
    let ended = sys::process::wait4(pid.as_raw(), linux::WNOHANG)?;
    Ok(ended.map(|(_, status)| status))
}

/// Waits until the child ends, reaps the child, and returns its status with the resources that the child and its own reaped
/// children have used (`wait4(2)`). Costs one system call, which is repeated if a signal handler interrupts it.
///
/// ```
/// use nestling::spawn::{Program, Spawn};
/// use nestling::{Args, args, wait};
///
/// let list = args![c"true"];
/// let search = Program::Search { name: c"true", path: None };
/// let child = Spawn::new(search, Args::new(&list), Args::EMPTY).start().unwrap();
/// let (status, usage) = wait::wait_with_usage(child.id()).unwrap();
/// assert!(status.success());
/// println!("{:?} in user mode, {} KiB", usage.user, usage.max_resident / 1024);
/// ```
///
/// # Errors
/// The errors of [`wait`].
#[doc(alias("rusage", "wait4"))]
pub fn wait_with_usage(pid: Pid) -> Result<(ExitStatus, Usage), Errno> {
    loop {
        match sys::process::wait4_with_usage(pid.as_raw(), 0) {
            Ok(Some((_, status, usage))) => return Ok((status, usage)),
            Ok(None) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Waits until the child of a pidfd ends, reaps the child and returns its status (Linux 5.4). The pidfd always refers to the
/// same child, even if another process gets the child's id later. Costs one system call. If a signal handler interrupts the
/// call, `wait_pidfd` repeats it.
///
/// # Errors
/// The errors of [`wait`]; `EINVAL` before Linux 5.4; `EBADF` if the descriptor is not a pidfd.
#[doc(alias = "P_PIDFD")]
pub fn wait_pidfd(pidfd: BorrowedFd<'_>) -> Result<ExitStatus, Errno> {
    loop {
        match wait_for(Who::Pidfd(pidfd), Options::default()) {
            Ok(Some((_, status))) => return Ok(status),
            Ok(None) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// If the child of the pidfd has ended, reaps it and returns its status. If it still runs, returns `None`. Costs one system
/// call.
///
/// # Errors
/// The errors of [`wait_pidfd`].
pub fn try_wait_pidfd(pidfd: BorrowedFd<'_>) -> Result<Option<ExitStatus>, Errno> {
    let ended = wait_for(Who::Pidfd(pidfd), Options::NOHANG)?;
    Ok(ended.map(|(_, status)| status))
}

/// Options of a wait: the flags of `waitpid(2)`, without the prefix `W`. By default, a wait blocks, and reports only the end of
/// a child.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options(u32);

impl Options {
    /// The wait does not block: it returns `None` if no child has changed its state.
    pub const NOHANG: Self = Self(linux::WNOHANG);
    /// The wait also reports that a signal stopped a child (`WUNTRACED`).
    pub const STOPPED: Self = Self(linux::WSTOPPED);
    /// The wait also reports that `SIGCONT` continued a child.
    pub const CONTINUED: Self = Self(linux::WCONTINUED);
}

impl BitOr for Options {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Waits until a child that `who` selects has ended, and reaps this child. If the options contain [`STOPPED`](Options::STOPPED)
/// or [`CONTINUED`](Options::CONTINUED), the wait also returns when a child has stopped or continued. Each of these events is
/// reported only once. Returns `None` only if the options contain [`NOHANG`](Options::NOHANG). Costs one system call
/// (`waitid(2)`).
///
/// If a signal handler interrupts the system call, this function does not repeat it. A shell needs this behaviour, because its
/// built-in `wait` must return when a trapped signal arrives (POSIX XCU 2.12).
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
/// `ECHILD` if `who` selects no child of this process; `EINTR` if a signal handler interrupted the wait; for a pidfd, also the
/// errors of [`wait_pidfd`].
#[doc(alias("waitpid", "waitid"))]
pub fn wait_for(who: Who<'_>, options: Options) -> Result<Option<(Pid, ExitStatus)>, Errno> {
    sys::process::waitid(who, options.0 | linux::WEXITED)
}

/// Waits like [`wait_for`], but does not reap the child, so that the next wait returns the same report (`WNOWAIT`). The kernel
/// does not give the child's id to another process until the child is reaped. So an init can first look up the child by its id,
/// and then reap it.
///
/// # Errors
/// The errors of [`wait_for`].
#[doc(alias = "WNOWAIT")]
pub fn peek(who: Who<'_>, options: Options) -> Result<Option<(Pid, ExitStatus)>, Errno> {
    sys::process::waitid(who, options.0 | linux::WEXITED | linux::WNOWAIT)
}

/// Waits until the child ends or the time `timeout` is over. If the child has ended, reaps it and returns its status. If the child
/// still runs, returns `None`. If the time is zero, the function does not wait.
///
/// If the child has already ended, this costs one system call. Otherwise, it costs eight, two of which make and close a pidfd
/// (`pidfd_open(2)`, Linux 5.3). If the kernel makes no pidfd, the function checks the child after pauses of 1 ms, 2 ms, 4 ms and
/// so on, up to 64 ms. The function sets no signal handler and changes no signal mask, so the wait does not affect other threads
/// and other children.
///
/// ```
/// use core::time::Duration;
/// use nestling::spawn::{Program, Spawn};
/// use nestling::{Args, Signal, args, wait};
///
/// let list = args![c"sleep", c"1000"];
/// let search = Program::Search { name: c"sleep", path: None };
/// let child = Spawn::new(search, Args::new(&list), Args::EMPTY).start().unwrap();
/// assert_eq!(wait::wait_timeout(child.id(), Duration::from_millis(1)), Ok(None));
/// child.signal(Signal::KILL).unwrap();
/// let status = wait::wait_timeout(child.id(), Duration::MAX).unwrap().unwrap();
/// assert_eq!(status.signal(), Some(Signal::KILL));
/// ```
///
/// # Errors
/// The errors of [`wait`]; `ENOSYS` on i386 before Linux 5.1.
#[doc(alias("waitpid", "pidfd_open"))]
pub fn wait_timeout(pid: Pid, timeout: Duration) -> Result<Option<ExitStatus>, Errno> {
    match try_wait(pid)? {
        None if ends_within(Who::Child(pid), timeout)? => try_wait(pid),
        status => Ok(status),
    }
}

/// Waits until the child that `who` selects ends or the time `timeout` is over, and returns whether the child has ended. Does not
/// reap the child (see [`peek`]). Costs as many system calls as [`wait_timeout`], or two fewer if `who` is a pidfd.
///
/// If `who` selects several children ([`Who::Any`], [`Who::Group`]), the function checks after pauses whether one of them has
/// ended, as [`wait_timeout`] does without a pidfd.
///
/// # Errors
/// The errors of [`peek`], but not `EINTR`: if a signal handler interrupts the wait, the function waits for the rest of the time.
/// `ENOSYS` on i386 before Linux 5.1.
pub fn has_ended_within(who: Who<'_>, timeout: Duration) -> Result<bool, Errno> {
    Ok(peek(who, Options::NOHANG)?.is_some() || ends_within(who, timeout)?)
}

/// Does the same as [`has_ended_within`]. The caller has just seen that the child still runs.
fn ends_within(who: Who<'_>, timeout: Duration) -> Result<bool, Errno> {
    /// The longest pause between two checks of the child.
    const LONGEST: Duration = Duration::from_millis(64);

    if timeout.is_zero() {
        return Ok(false);
    }
    let end = now(Clock::Monotonic)?.checked_add(timeout);
    let has_ended = || Ok(peek(who, Options::NOHANG)?.is_some());
    let pidfd = |fd| poll(&mut [PollFd::new(fd, Events::IN)], Some(timeout));
    let is_over = match who {
        Who::Pidfd(fd) => pidfd(fd)? == 0,
        Who::Child(pid) => match sys::process::pidfd_open(pid) {
            Ok(fd) => pidfd(fd.as_fd())? == 0,
            Err(_) => false,
        },
        Who::Any | Who::Group(_) => false,
    };
    // This loop waits if no pidfd is available. It also runs if a process that is not the parent traces the child: then the pidfd
    // becomes readable before the parent can see the child's end.
    let mut pause = Duration::from_millis(1);
    while !has_ended()? {
        let rest = end
            .unwrap_or(Timestamp::MAX)
            .checked_duration_since(now(Clock::Monotonic)?);
        match rest.filter(|rest| !is_over && !rest.is_zero()) {
            Some(rest) => sleep(pause.min(rest))?,
            None => return Ok(false),
        }
        pause = LONGEST.min(pause * 2);
    }
    Ok(true)
}
