//! Waiting for descriptors by `poll(2)` and `epoll(7)`.
//!
//! [`SignalFd`](crate::signals::SignalFd) makes a descriptor of signals, [`Timer`](crate::time::Timer) of a timer, and a
//! [pidfd](crate::spawn::Child::pidfd) is one of a child, so that one loop can wait for everything:
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

/// Waits until an event occurs on one of the descriptors or the time is over. Returns how many descriptors have events, 0 if
/// the time is over. Without a timeout it waits without limit; with a timeout of zero it does not wait (`poll(2)`).
///
/// One system call, and one more for a timeout that is not zero; repeated if a signal handler interrupts it.
///
/// # Errors
/// `EINVAL` for more descriptors than `RLIMIT_NOFILE` allows; `ENOMEM`; `ENOSYS` on i386 before Linux 5.1. A descriptor that is
/// not open is not an error: it gets the event [`Events::NVAL`].
pub fn poll(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> Result<usize, Errno> {
    despite_handlers(timeout, |rest| sys::poll::ppoll(fds, rest, None))
}

/// Waits as [`poll`] does, with `mask` as the thread's signal mask during the wait, and returns as soon as a signal handler has
/// run. One system call (`ppoll(2)`).
///
/// A program blocks the signals that it handles and unblocks them only during this call. Then no signal can arrive between its
/// last check of what a handler sets and the wait. With no descriptors, this is `sigsuspend`.
///
/// # Errors
/// Those of [`poll`]; `EINTR` after a handler has run.
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

/// A set of descriptors that the kernel keeps, to wait for (`epoll(7)`). The cost of a wait does not depend on their number. It
/// closes on exec.
///
/// A member of the set is the open file that a descriptor refers to. The kernel removes it when the last descriptor of that
/// file is closed, in any process. So [`delete`](Self::delete) a descriptor before you close it, if a child may have it, too.
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

    /// Adds a descriptor. `data` is returned with its events. One system call.
    ///
    /// # Errors
    /// `EEXIST` if it is in the set; `EPERM` for a descriptor that cannot be waited for, such as a file on a disk; `ELOOP`,
    /// `ENOMEM`, `ENOSPC`.
    pub fn add(&self, fd: BorrowedFd<'_>, events: Events, data: u64) -> Result<(), Errno> {
        sys::poll::epoll_add(self.as_fd(), fd, events, data)
    }

    /// Changes the events to wait for on a descriptor of the set. One system call.
    ///
    /// # Errors
    /// `ENOENT` if it is not in the set; `ENOMEM`.
    pub fn modify(&self, fd: BorrowedFd<'_>, events: Events, data: u64) -> Result<(), Errno> {
        sys::poll::epoll_modify(self.as_fd(), fd, events, data)
    }

    /// Removes a descriptor. One system call.
    ///
    /// # Errors
    /// `ENOENT` if it is not in the set.
    pub fn delete(&self, fd: BorrowedFd<'_>) -> Result<(), Errno> {
        sys::poll::epoll_delete(self.as_fd(), fd)
    }

    /// Waits until an event occurs on a descriptor of the set or the time is over. Returns as many events as `room` can hold,
    /// none if the time is over. The timeout is rounded up to milliseconds and is at most 24 days.
    ///
    /// One system call, and one more for a timeout that is not zero; repeated if a signal handler interrupts it.
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

    /// Waits as [`wait`](Self::wait) does, with `mask` as the thread's signal mask during the wait, and returns as soon as a
    /// signal handler has run: see [`ppoll`]. One system call (`epoll_pwait(2)`).
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait); `EINTR` after a handler has run.
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
