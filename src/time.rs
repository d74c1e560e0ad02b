//! Clocks and timers.
//!
//! There is no vDSO here: to look at a clock is a system call.
//!
//! ```
//! use core::time::Duration;
//! use nestling::time::{self, Clock};
//!
//! let start = time::now(Clock::Monotonic).unwrap();
//! time::sleep(Duration::from_millis(1)).unwrap();
//! let end = time::now(Clock::Monotonic).unwrap();
//! assert!(end.checked_duration_since(start).unwrap() >= Duration::from_millis(1));
//! ```

use core::time::Duration;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::file::OFlags;
use crate::sys;
use crate::sys::time::Expiration;
pub use crate::sys::time::{Clock, Timestamp};

/// What the clock shows (`clock_gettime(2)`). One system call.
///
/// # Errors
/// `ENOSYS` on i386 before Linux 5.1, as everything here that has to do with time.
pub fn now(clock: Clock) -> Result<Timestamp, Errno> {
    sys::time::clock_gettime(clock)
}

/// Sleeps for at least so long, by [`Clock::Monotonic`], whatever handlers run meanwhile (`clock_nanosleep(2)`). Two system
/// calls, the second repeated if a signal handler interrupts it.
///
/// # Errors
/// As [`now`].
pub fn sleep(duration: Duration) -> Result<(), Errno> {
    sleep_until(Clock::Monotonic, end(duration)?)
}

/// Sleeps until the clock shows `time`; not at all if that is over. If the clock is [`Clock::Realtime`] and is set meanwhile,
/// its new time counts. One system call, repeated if a signal handler interrupts it.
///
/// # Errors
/// As [`now`]; `EINVAL` for a time before the clock's zero.
pub fn sleep_until(clock: Clock, time: Timestamp) -> Result<(), Errno> {
    despite_handlers(None, |_| sys::time::clock_nanosleep(clock, time))
}

/// Makes a system call that waits, again and again as long as a signal handler interrupts it, with what is left of the time.
/// Without a time, or with none, it costs nothing more; else two looks at the clock.
pub(crate) fn despite_handlers<T>(
    timeout: Option<Duration>,
    mut wait: impl FnMut(Option<Duration>) -> Result<T, Errno>,
) -> Result<T, Errno> {
    let end = match timeout.filter(|time| !time.is_zero()) {
        Some(duration) => Some(end(duration)?),
        None => None,
    };
    let mut rest = timeout;
    loop {
        match wait(rest) {
            Err(Errno::EINTR) => {}
            answer => return answer,
        }
        if let Some(end) = end {
            let left = end.checked_duration_since(now(Clock::Monotonic)?);
            rest = Some(left.unwrap_or_default());
        }
    }
}

/// When a duration that begins now is over.
fn end(duration: Duration) -> Result<Timestamp, Errno> {
    let now = now(Clock::Monotonic)?;
    Ok(now.checked_add(duration).unwrap_or(Timestamp::MAX))
}

/// A timer that is a descriptor (`timerfd_create(2)`): ready to be read, for [`poll`](crate::poll), once it has expired.
/// It closes on exec.
///
/// ```
/// use core::time::Duration;
/// use nestling::OFlags;
/// use nestling::time::{Clock, Timer};
///
/// let timer = Timer::new(Clock::Monotonic, OFlags::default()).unwrap();
/// timer.start(Duration::from_millis(1), None).unwrap();
/// assert_eq!(timer.read(), Ok(1));
/// assert_eq!(timer.remaining(), Ok(None));
/// ```
#[derive(Debug)]
pub struct Timer(OwnedFd);

impl Timer {
    /// A timer that does not run yet. With `OFlags::NONBLOCK` its [`read`](Self::read) does not wait; no other flag is
    /// allowed. One system call.
    ///
    /// # Errors
    /// `EMFILE`, `ENFILE`, `ENOMEM`; `EINVAL` for another flag.
    pub fn new(clock: Clock, flags: OFlags) -> Result<Self, Errno> {
        sys::time::timerfd_create(clock, flags).map(Self)
    }

    /// Starts it, or starts it anew: it expires after `first`, at once if that is zero, and if there is an `interval` (of
    /// more than zero) again each time that this is over. What it has counted is forgotten. One system call.
    ///
    /// # Errors
    /// As [`now`].
    pub fn start(&self, first: Duration, interval: Option<Duration>) -> Result<(), Errno> {
        // To the kernel, zero means to stop it.
        let first = first.max(Duration::from_nanos(1));
        self.set(Expiration::After(first), interval.unwrap_or_default())
    }

    /// As [`start`](Self::start), but it expires when its clock shows `first`, at once if that is over. If the clock is
    /// [`Clock::Realtime`] and is set meanwhile, its new time counts.
    ///
    /// # Errors
    /// As [`now`]; `EINVAL` for a time before the clock's zero.
    pub fn start_at(&self, first: Timestamp, interval: Option<Duration>) -> Result<(), Errno> {
        // To the kernel, zero means to stop it.
        let first = match (first.seconds(), first.nanoseconds()) {
            (0, 0) => first.checked_add(Duration::from_nanos(1)).unwrap_or(first),
            _ => first,
        };
        self.set(Expiration::At(first), interval.unwrap_or_default())
    }

    /// Stops it. What it has counted is forgotten. One system call.
    ///
    /// # Errors
    /// As [`now`].
    pub fn stop(&self) -> Result<(), Errno> {
        self.set(Expiration::After(Duration::ZERO), Duration::ZERO)
    }

    fn set(&self, first: Expiration, interval: Duration) -> Result<(), Errno> {
        sys::time::timerfd_settime(self.as_fd(), first, interval)
    }

    /// How long until it expires next; `None` if it does not run. One system call.
    ///
    /// # Errors
    /// As [`now`].
    pub fn remaining(&self) -> Result<Option<Duration>, Errno> {
        let (rest, _) = sys::time::timerfd_gettime(self.as_fd())?;
        Ok(Some(rest).filter(|rest| !rest.is_zero()))
    }

    /// Waits until it has expired: how many times since it was started or last read, at least one. A timer that does not run
    /// is waited for forever. One system call, repeated if a signal handler interrupts it.
    ///
    /// # Errors
    /// `EAGAIN` if it has not expired and does not wait.
    pub fn read(&self) -> Result<u64, Errno> {
        let mut count = [0; 8];
        despite_handlers(None, |_| sys::fd::read(self.as_fd(), &mut count))?;
        Ok(u64::from_ne_bytes(count))
    }
}

impl AsFd for Timer {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
