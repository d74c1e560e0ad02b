//! Waiting for descriptors.

use core::marker::PhantomData;
use core::ops::BitOr;
use core::time::Duration;

use linux_raw_sys::general as linux;

use super::time::timespec;
use super::{done, result, small};
use crate::arch::{nr, syscall1, syscall2, syscall4, syscall5, syscall6};
use crate::errno::Errno;
use crate::fd::{BorrowedFd, OwnedFd};
use crate::file::OFlags;
use crate::signal::SigSet;

/// A set of events of a descriptor. The names are those of the constants `POLL…` and `EPOLL…`, without the prefix. Each event
/// has the same bit in `poll` and in `epoll`.
///
/// ```
/// use nestling::poll::Events;
/// let events = Events::IN | Events::OUT;
/// assert!(events.contains(Events::IN) && !events.contains(Events::HUP));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Events(u32);

macro_rules! events {
    ($($name:ident $value:ident $what:literal)*) => {
        impl Events {
            $(
                #[doc = $what]
                pub const $name: Self = Self(linux::$value);
            )*
        }
    };
}

events! {
    IN EPOLLIN "The descriptor is readable, or at the end of the file."
    PRI EPOLLPRI "Urgent data can be read."
    OUT EPOLLOUT "The descriptor is writable."
    RDHUP EPOLLRDHUP "The peer of a socket has closed its end for writing."
    ERR EPOLLERR "An error has occurred, or the pipe has no reader. Always reported."
    HUP EPOLLHUP "The other end is closed; data may be left to read. Always reported."
    NVAL POLLNVAL "The descriptor is not open. Always reported, but only by `poll`."
    ET EPOLLET "Report each change only once (edge-triggered). Only for `epoll`."
    ONESHOT EPOLLONESHOT "Report one event, and then none until the descriptor is modified. Only for `epoll`."
    EXCLUSIVE EPOLLEXCLUSIVE "If several epoll instances wait for the descriptor, wake only some of them. Only for `epoll`."
}

impl Events {
    /// Makes a set of events from the kernel's bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns the events as the kernel's bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns whether all events of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether any event of `other` is set.
    ///
    /// ```
    /// use nestling::poll::Events;
    ///
    /// let arrived = Events::IN | Events::HUP;
    /// assert!(arrived.intersects(Events::HUP | Events::ERR));
    /// assert!(!arrived.contains(Events::HUP | Events::ERR));
    /// ```
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Events {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A descriptor, the events to wait for, and the events that [`ppoll`] has returned.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct PollFd<'fd>(linux::pollfd, PhantomData<BorrowedFd<'fd>>);

impl<'fd> PollFd<'fd> {
    /// Makes an entry for the descriptor `fd` that waits for any of `events`.
    #[must_use]
    pub fn new(fd: BorrowedFd<'fd>, events: Events) -> Self {
        let pollfd = linux::pollfd {
            fd: fd.fd,
            events: events.0 as i16,
            revents: 0,
        };
        Self(pollfd, PhantomData)
    }

    /// Returns the events that have occurred (`revents`). The kernel reports the events that the entry waits for, and also
    /// `ERR`, `HUP` and `NVAL`.
    #[must_use]
    pub fn returned(&self) -> Events {
        Events(self.0.revents as u16 as u32)
    }
}

/// `ppoll`: waits until an event occurs on one of the descriptors or `timeout` has passed. Returns the number of descriptors
/// that have events. If `mask` is given, it is the thread's signal mask during the wait. Fails with `EINTR` after a handler has
/// run.
pub fn ppoll(
    fds: &mut [PollFd<'_>],
    timeout: Option<Duration>,
    mask: Option<SigSet>,
) -> Result<usize, Errno> {
    let mut timeout = timeout.map(timespec);
    let time_left = timeout.as_mut().map_or(0, |time| &raw mut *time as usize);
    // SAFETY: the kernel reads and writes `fds.len()` structs. It writes the remaining time to `timeout`, a local variable, and
    // reads a set of 8 bytes, the size of `SigSet`. The pointers to the time and to the set may be null.
    let answer = unsafe {
        syscall5(
            nr::PPOLL as usize,
            fds.as_mut_ptr() as usize,
            fds.len(),
            time_left,
            address(mask.as_ref()),
            size_of::<SigSet>(),
        )
    };
    result(answer)
}

/// Returns the address of the value; 0 for `None`.
fn address<T>(place: Option<&T>) -> usize {
    place.map_or(0, |place| &raw const *place as usize)
}

/// The events of one descriptor, as [`epoll_pwait`] returns them.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct EpollEvent(linux::epoll_event);

impl EpollEvent {
    /// An element without events: the initial value for an array that [`epoll_pwait`] writes to.
    pub const EMPTY: Self = Self::new(Events(0), 0);

    const fn new(events: Events, data: u64) -> Self {
        Self(linux::epoll_event {
            events: events.0,
            data,
        })
    }

    /// Returns the events that have occurred.
    #[must_use]
    pub fn events(&self) -> Events {
        Events(self.0.events)
    }

    /// Returns the number `data` that was passed to the last [`epoll_add`] or [`epoll_modify`] of the descriptor.
    #[must_use]
    pub fn data(&self) -> u64 {
        self.0.data
    }
}

/// `eventfd2`: makes a counter that starts at `count`, and returns its descriptor. A write of eight bytes, a number in this
/// machine's byte order, adds the number to the counter. A read of eight bytes waits until the counter is not 0, returns the
/// counter in the same byte order, and sets it to 0. The descriptor is readable while the counter is not 0, and closes on exec.
/// `flags` is `NONBLOCK` or empty.
///
/// ```
/// use nestling::{AsFd, OFlags, sys};
///
/// let event = sys::poll::eventfd(1, OFlags::NONBLOCK)?;
/// sys::fd::write(event.as_fd(), &2u64.to_ne_bytes())?;
/// let mut count = [0; 8];
/// sys::fd::read(event.as_fd(), &mut count)?;
/// assert_eq!(u64::from_ne_bytes(count), 3);
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn eventfd(count: u32, flags: OFlags) -> Result<OwnedFd, Errno> {
    // SAFETY: the call takes only numbers; the kernel makes a new descriptor.
    unsafe {
        let answer = syscall2(
            linux::__NR_eventfd2 as usize,
            count as usize,
            (flags | OFlags::CLOEXEC).bits() as usize,
        );
        small(answer).map(|fd| OwnedFd::from_raw_fd(fd))
    }
}

/// `epoll_create1`: makes an epoll instance, and returns its descriptor. The descriptor closes on exec.
#[doc(alias = "epoll_create1")]
pub fn epoll_create() -> Result<OwnedFd, Errno> {
    // SAFETY: the call takes only numbers; the kernel makes a new descriptor.
    unsafe {
        let answer = syscall1(
            linux::__NR_epoll_create1 as usize,
            linux::EPOLL_CLOEXEC as usize,
        );
        small(answer).map(|fd| OwnedFd::from_raw_fd(fd))
    }
}

/// `epoll_ctl(EPOLL_CTL_ADD)`: adds a descriptor to the set, with the events to wait for. [`epoll_pwait`] returns `data` with
/// the descriptor's events.
#[doc(alias = "epoll_ctl")]
pub fn epoll_add(
    epoll: BorrowedFd<'_>,
    fd: BorrowedFd<'_>,
    events: Events,
    data: u64,
) -> Result<(), Errno> {
    epoll_ctl(epoll, linux::EPOLL_CTL_ADD, fd, events, data)
}

/// `epoll_ctl(EPOLL_CTL_MOD)`: changes the events and the number `data` of a descriptor in the set.
#[doc(alias = "epoll_ctl")]
pub fn epoll_modify(
    epoll: BorrowedFd<'_>,
    fd: BorrowedFd<'_>,
    events: Events,
    data: u64,
) -> Result<(), Errno> {
    epoll_ctl(epoll, linux::EPOLL_CTL_MOD, fd, events, data)
}

/// `epoll_ctl(EPOLL_CTL_DEL)`: removes a descriptor from the set.
#[doc(alias = "epoll_ctl")]
pub fn epoll_delete(epoll: BorrowedFd<'_>, fd: BorrowedFd<'_>) -> Result<(), Errno> {
    epoll_ctl(epoll, linux::EPOLL_CTL_DEL, fd, Events(0), 0)
}

fn epoll_ctl(
    epoll: BorrowedFd<'_>,
    operation: u32,
    fd: BorrowedFd<'_>,
    events: Events,
    data: u64,
) -> Result<(), Errno> {
    let event = EpollEvent::new(events, data);
    // SAFETY: the kernel reads one event.
    let answer = unsafe {
        syscall4(
            linux::__NR_epoll_ctl as usize,
            epoll.fd as usize,
            operation as usize,
            fd.fd as usize,
            &raw const event as usize,
        )
    };
    done(answer)
}

/// `epoll_pwait`: waits until an event occurs on a descriptor of the set or `timeout` has passed. Writes the events to
/// `events`, and returns the number of elements written. The slice `events` must not be empty. If `mask` is given, it is the
/// thread's signal mask during the wait. Fails with `EINTR` after a handler has run. The timeout is rounded up to whole
/// milliseconds; it is 24 days at most.
#[doc(alias = "epoll_wait")]
pub fn epoll_pwait(
    epoll: BorrowedFd<'_>,
    events: &mut [EpollEvent],
    timeout: Option<Duration>,
    mask: Option<SigSet>,
) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most `events.len()` events. It reads a set of 8 bytes, the size of `SigSet`, unless the pointer
    // to it is null.
    let answer = unsafe {
        syscall6(
            linux::__NR_epoll_pwait as usize,
            epoll.fd as usize,
            events.as_mut_ptr() as usize,
            events.len(),
            timeout.map_or(-1, milliseconds) as usize,
            address(mask.as_ref()),
            size_of::<SigSet>(),
        )
    };
    result(answer)
}

fn milliseconds(duration: Duration) -> i32 {
    let up = duration.saturating_add(Duration::from_nanos(999_999));
    i32::try_from(up.as_millis()).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_poll_and_epoll_both_have_is_the_same() {
        for (poll, epoll) in [
            (linux::POLLIN, linux::EPOLLIN),
            (linux::POLLPRI, linux::EPOLLPRI),
            (linux::POLLOUT, linux::EPOLLOUT),
            (linux::POLLRDHUP, linux::EPOLLRDHUP),
            (linux::POLLERR, linux::EPOLLERR),
            (linux::POLLHUP, linux::EPOLLHUP),
        ] {
            assert_eq!(poll, epoll);
        }
    }

    #[test]
    fn a_time_is_rounded_up_to_milliseconds_and_down_to_what_they_can_say() {
        for (nanoseconds, expected) in [(0, 0), (1, 1), (1_000_000, 1), (1_000_001, 2)] {
            assert_eq!(milliseconds(Duration::from_nanos(nanoseconds)), expected);
        }
        assert_eq!(milliseconds(Duration::MAX), i32::MAX);
        assert_eq!(milliseconds(Duration::from_secs(1 << 31)), i32::MAX);
    }
}
