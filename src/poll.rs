//! Waiting for events on descriptors, with `poll(2)` and `epoll(7)`.
//!
//! Signals, timers and children can have descriptors, too: [`SignalFd`](crate::signals::SignalFd),
//! [`Timer`](crate::time::Timer) and [pidfd](crate::spawn::Child::pidfd). So one loop can wait for all of these:
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

/// Waits until an event occurs on one of the descriptors or the timeout expires (`poll(2)`). Returns the number of descriptors
/// that have events; 0 if the timeout has expired. If the timeout is `None`, the function waits without limit; if it is zero,
/// the function does not wait.
///
/// Costs one system call; two if the timeout is not zero. If a signal handler interrupts the wait, the function waits again for
/// the rest of the time.
///
/// # Errors
/// `EINVAL` if the number of descriptors is above the limit `RLIMIT_NOFILE`; `ENOMEM`; `ENOSYS` on i386 before Linux 5.1. If a
/// descriptor is not open, the call does not fail: it returns the event [`Events::NVAL`] for this descriptor.
pub fn poll(fds: &mut [PollFd<'_>], timeout: Option<Duration>) -> Result<usize, Errno> {
    despite_handlers(timeout, |rest| sys::poll::ppoll(fds, rest, None))
}

/// Waits like [`poll`], with `mask` as the thread's signal mask during the wait (`ppoll(2)`). Unlike `poll`, this function
/// returns with the error `EINTR` when a signal handler has run. Costs one system call.
///
/// Use this function as follows: block the signals that have handlers; check the variables that the handlers set; then call
/// `ppoll` with a mask that unblocks the signals. So a handler cannot run between the check and the wait. Without descriptors
/// and without a timeout, this call does the same as `sigsuspend(2)`.
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
/// unsafe { sys::signal::set_action(Signal::USR1, sys::signal::Disposition::Handler(handler), 0) }.unwrap();
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

/// A set of descriptors on which a program waits for events (`epoll(7)`). The kernel stores the set, so the cost of a wait does
/// not depend on the number of descriptors. The set itself has a descriptor, which closes on exec.
///
/// The kernel removes a descriptor from the set only when all duplicates of the descriptor have been closed, also those in
/// other processes. If a child may have a duplicate, [`delete`](Self::delete) the descriptor before you close it.
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
    /// Makes an empty set. Costs one system call.
    ///
    /// # Errors
    /// `EMFILE`, `ENFILE`, `ENOMEM`.
    pub fn new() -> Result<Self, Errno> {
        sys::poll::epoll_create().map(Self)
    }

    /// Adds a descriptor to the set, with the events to wait for. [`wait`](Self::wait) returns `data` together with the events
    /// of this descriptor. Costs one system call.
    ///
    /// # Errors
    /// `EEXIST` if the descriptor is already in the set; `EPERM` if the descriptor's file does not support epoll (for example,
    /// a regular file on a disk); `ELOOP`, `ENOMEM`, `ENOSPC`.
    pub fn add(&self, fd: BorrowedFd<'_>, events: Events, data: u64) -> Result<(), Errno> {
        sys::poll::epoll_add(self.as_fd(), fd, events, data)
    }

    /// Changes the events and the `data` of a descriptor in the set. Costs one system call.
    ///
    /// ```
    /// use nestling::AsFd;
    /// use nestling::poll::{Epoll, Events};
    ///
    /// let (read_end, write_end) = nestling::io::pipe()?;
    /// let epoll = Epoll::new()?;
    /// epoll.add(write_end.as_fd(), Events::OUT, 1)?;
    /// epoll.modify(write_end.as_fd(), Events::default(), 1)?; // no longer interested
    /// # Ok::<(), nestling::Errno>(())
    /// ```
    ///
    /// # Errors
    /// `ENOENT` if the descriptor is not in the set; `ENOMEM`.
    pub fn modify(&self, fd: BorrowedFd<'_>, events: Events, data: u64) -> Result<(), Errno> {
        sys::poll::epoll_modify(self.as_fd(), fd, events, data)
    }

    /// Removes a descriptor from the set. Costs one system call.
    ///
    /// # Errors
    /// `ENOENT` if the descriptor is not in the set.
    pub fn delete(&self, fd: BorrowedFd<'_>) -> Result<(), Errno> {
        sys::poll::epoll_delete(self.as_fd(), fd)
    }

    /// Waits until an event occurs on a descriptor of the set or the timeout expires. Writes the events to `room`, and returns
    /// the part of `room` that was written; it is empty if the timeout has expired. The timeout is rounded up to whole
    /// milliseconds; it is 24 days at most.
    ///
    /// Costs one system call; two if the timeout is not zero. If a signal handler interrupts the wait, the function waits again
    /// for the rest of the time.
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

    /// Waits like [`wait`](Self::wait), with `mask` as the thread's signal mask during the wait (`epoll_pwait(2)`). Unlike
    /// `wait`, this function returns with the error `EINTR` when a signal handler has run; [`ppoll`] explains how to use this.
    /// Costs one system call.
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

crate::fd::into_owned_fd!(Epoll);
