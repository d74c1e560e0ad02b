//! Waiting for events on descriptors, by `poll(2)` and `epoll(7)`.
//!
//! Signals, timers and children can have descriptors, too: [`SignalFd`](crate::signals::SignalFd), [`Timer`](crate::time::Timer)
//! and [pidfd](crate::spawn::Child::pidfd). So one loop can wait for all of them:
//!
//! ```
//! use core::time::Duration;
//! use nestling::poll::{Events, PollFd, poll};
//! use nestling::time::{Clock, Timer};
//! use nestling::{AsFd, OFlags, sys};
//!
//! let (reader, writer) = sys::fd::pipe2(OFlags::CLOEXEC).unwrap();
//! let timer = Timer::new(Clock::Monotonic, OFlags::default()).unwrap();
//! timer.start(Duration::from_secs(3600), None).unwrap();
//! sys::fd::write(writer.as_fd(), b"hello").unwrap();
//!
//! let mut fds = [
//!     PollFd::new(reader.as_fd(), Events::IN),
//!     PollFd::new(timer.as_fd(), Events::IN),
//! ];
//! assert_eq!(poll(&mut fds, None), Ok(1));
//! assert!(fds[0].returned().contains(Events::IN));
//! assert_eq!(fds[1].returned(), Events::default());
//! ```

use core::time::Duration;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::signal::SigSet;
use crate::sys;
pub use crate::sys::poll::{EpollEvent, Events, PollFd};
use crate::time::despite_handlers;

/// Waits until an event occurs on one of the descriptors or the time is over (`poll(2)`). Returns the number of descriptors that
/// have events; 0 if the time is over. Without a timeout, the function waits without limit. With a timeout of zero, it does not
/// wait.
///
/// One system call; two if the timeout is not zero. If a signal handler interrupts the wait, the function waits again for the rest
/// of the time.
///
/// # Errors
/// `EINVAL` if the number of descriptors is above the limit `RLIMIT_NOFILE`; `ENOMEM`; `ENOSYS` on i386 before Linux 5.1. If a
/// descriptor is not open, the call does not fail: it returns the event [`Events::NVAL`] for this descriptor.
pub fn poll(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> Result<usize, Errno> {
    despite_handlers(timeout, |rest| sys::poll::ppoll(fds, rest, None))
}

/// Waits like [`poll`], with `mask` as the thread's signal mask during the wait (`ppoll(2)`). Unlike `poll`, this function fails
/// with `EINTR` as soon as a signal handler has run. One system call.
///
/// Block the signals that have handlers, and unblock them only during this call. If the program then checks a variable that a
/// handler sets, and calls this function after the check, the handler cannot run between the check and the wait. Without
/// descriptors and without a timeout, this call does the same as `sigsuspend(2)`.
///
/// # Errors
/// The errors of [`poll`]; `EINTR` after a handler has run.
///
/// ```
/// use nestling::{Errno, SigSet, Signal, poll, signals, sys};
///
/// unsafe extern "C" fn handler(_: i32) {}
/// let usr1 = SigSet::EMPTY.with(Signal::USR1);
/// let guard = signals::block(usr1).unwrap();
/// // SAFETY: the handler does nothing.
/// unsafe { sys::signal::set_action(Signal::USR1, sys::signal::Action::Handler(handler), 0) }.unwrap();
/// sys::process::kill(sys::process::getpid().as_raw(), Some(Signal::USR1)).unwrap();
/// assert_eq!(poll::ppoll(&mut [], None, guard.former()), Err(Errno::EINTR));
/// ```
pub fn ppoll(
    fds: &mut [PollFd<'_>],
    timeout: Option<Duration>,
    mask: SigSet,
) -> Result<usize, Errno> {
    sys::poll::ppoll(fds, timeout, Some(mask))
}

/// A set of descriptors on which a program waits for events. The kernel keeps the set (`epoll(7)`). The cost of a wait does not
/// depend on the number of descriptors. The set has a descriptor of its own, which closes on exec.
///
/// A member of the set is the open file that a descriptor refers to. The kernel removes the file from the set only when no process
/// has a descriptor of this file any more. If a child may have the file open, too, [`delete`](Self::delete) the descriptor before
/// you close it.
///
/// ```
/// use nestling::poll::{Epoll, EpollEvent, Events};
/// use nestling::{AsFd, OFlags, sys};
///
/// let (reader, writer) = sys::fd::pipe2(OFlags::CLOEXEC).unwrap();
/// let epoll = Epoll::new().unwrap();
/// epoll.add(reader.as_fd(), Events::IN, 7).unwrap();
/// sys::fd::write(writer.as_fd(), b"hello").unwrap();
///
/// let mut room = [EpollEvent::EMPTY; 8];
/// for event in epoll.wait(&mut room, None).unwrap() {
///     assert_eq!((event.data(), event.events()), (7, Events::IN));
/// }
/// ```
#[derive(Debug)]
pub struct Epoll(OwnedFd);

impl Epoll {
    /// Makes an empty set. One system call.
    ///
    /// # Errors
    /// `EMFILE`, `ENFILE`, `ENOMEM`.
    pub fn new() -> Result<Self, Errno> {
        sys::poll::epoll_create().map(Self)
    }

    /// Adds a descriptor to the set, to wait for `events` on it. [`wait`](Self::wait) returns `data` with each event of this
    /// descriptor. One system call.
    ///
    /// # Errors
    /// `EEXIST` if the descriptor is already in the set; `EPERM` if the descriptor's file does not support epoll (for example, a
    /// regular file on a disk); `ELOOP`, `ENOMEM`, `ENOSPC`.
    pub fn add(&self, fd: BorrowedFd<'_>, events: Events, data: u64) -> Result<(), Errno> {
        sys::poll::epoll_add(self.as_fd(), fd, events, data)
    }

    /// Replaces the events and the `data` of a descriptor of the set. One system call.
    ///
    /// # Errors
    /// `ENOENT` if the descriptor is not in the set; `ENOMEM`.
    pub fn modify(&self, fd: BorrowedFd<'_>, events: Events, data: u64) -> Result<(), Errno> {
        sys::poll::epoll_modify(self.as_fd(), fd, events, data)
    }

    /// Removes a descriptor from the set. One system call.
    ///
    /// # Errors
    /// `ENOENT` if the descriptor is not in the set.
    pub fn delete(&self, fd: BorrowedFd<'_>) -> Result<(), Errno> {
        sys::poll::epoll_delete(self.as_fd(), fd)
    }

    /// Waits until an event occurs on a descriptor of the set or the time is over. Returns the events that have occurred, at most
    /// as many as `room` can hold; none if the time is over. The timeout is rounded up to milliseconds. A timeout of more than 24
    /// days is shortened to 24 days.
    ///
    /// One system call; two if the timeout is not zero. If a signal handler interrupts the wait, the function waits again for the
    /// rest of the time.
    ///
    /// # Errors
    /// `EINVAL` if `room` is empty.
    pub fn wait<'a>(
        &self,
        room: &'a mut [EpollEvent],
        timeout: Option<Duration>,
    ) -> Result<&'a [EpollEvent], Errno> {
        let count = despite_handlers(timeout, |rest| {
            sys::poll::epoll_pwait(self.as_fd(), room, rest, None)
        })?;
        Ok(room.get(..count).unwrap_or_default())
    }

    /// Waits like [`wait`](Self::wait), with `mask` as the thread's signal mask during the wait (`epoll_pwait(2)`). Unlike `wait`,
    /// this function fails with `EINTR` as soon as a signal handler has run; [`ppoll`] explains the use of this. One system call.
    ///
    /// # Errors
    /// The errors of [`wait`](Self::wait); `EINTR` after a handler has run.
    pub fn pwait<'a>(
        &self,
        room: &'a mut [EpollEvent],
        timeout: Option<Duration>,
        mask: SigSet,
    ) -> Result<&'a [EpollEvent], Errno> {
        let count = sys::poll::epoll_pwait(self.as_fd(), room, timeout, Some(mask))?;
        Ok(room.get(..count).unwrap_or_default())
    }
}

impl AsFd for Epoll {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
