//! Clocks and timers.
//!
//! This module does not use the vDSO, so each reading of a clock costs a system call.
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

pub mod zone;

use core::time::Duration;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::file::OFlags;
use crate::sys;
use crate::sys::time::Expiration;
pub use crate::sys::time::{Clock, Timestamp};

/// Returns the clock's time (`clock_gettime(2)`). Costs one system call.
///
/// # Errors
/// `ENOSYS` on i386 before Linux 5.1.
#[doc(alias = "clock_gettime")]
pub fn now(clock: Clock) -> Result<Timestamp, Errno> {
    sys::time::clock_gettime(clock)
}

/// Sleeps for at least `duration`, measured by [`Clock::Monotonic`] (`clock_nanosleep(2)`). Signal handlers do not shorten the
/// sleep. Costs two system calls; the second one is repeated if a signal handler interrupts it.
///
/// # Errors
/// The errors of [`now`].
#[doc(alias = "nanosleep")]
pub fn sleep(duration: Duration) -> Result<(), Errno> {
    sleep_until(Clock::Monotonic, end(duration)?)
}

/// Sleeps until the clock shows `time`; returns at once if this time is in the past. If somebody sets [`Clock::Realtime`]
/// during the sleep, the new setting counts: the sleep ends when the changed clock reaches `time`. Costs one system call, which is
/// repeated if a signal handler interrupts it.
///
/// # Errors
/// The errors of [`now`]; `EINVAL` if `time` is negative.
#[doc(alias = "clock_nanosleep")]
pub fn sleep_until(clock: Clock, time: Timestamp) -> Result<(), Errno> {
    despite_handlers(None, |_| sys::time::clock_nanosleep(clock, time))
}

/// Makes a system call that waits, and repeats it with the rest of the time whenever a signal handler interrupts it. If the timeout
/// is `None` or zero, this costs nothing more. Otherwise, it reads the clock once before the wait, and once after each
/// interruption.
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

/// Returns the time at which a duration that begins now is over.
fn end(duration: Duration) -> Result<Timestamp, Errno> {
    let now = now(Clock::Monotonic)?;
    Ok(now.checked_add(duration).unwrap_or(Timestamp::MAX))
}

/// A timer with a descriptor (`timerfd_create(2)`). The descriptor is readable after the timer has expired, so
/// [`poll`](crate::poll) can wait for the timer. The descriptor closes on exec.
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
#[doc(alias = "timerfd_create")]
pub struct Timer(OwnedFd);

impl Timer {
    /// Makes a timer that is not running. If `flags` is `OFlags::NONBLOCK`, [`read`](Self::read) does not wait. `flags` must
    /// not contain any other flag. Costs one system call.
    ///
    /// # Errors
    /// `EMFILE`, `ENFILE`, `ENOMEM`; `EINVAL` if `flags` contains another flag.
    pub fn new(clock: Clock, flags: OFlags) -> Result<Self, Errno> {
        sys::time::timerfd_create(clock, flags).map(Self)
    }

    /// Starts or restarts the timer. The timer expires after `first`, or at once if `first` is zero. If `interval` is more than
    /// zero, the timer then expires again after each interval. Each start resets the timer's count of expirations to zero.
    /// Costs one system call.
    ///
    /// # Errors
    /// The errors of [`now`].
    pub fn start(&self, first: Duration, interval: Option<Duration>) -> Result<(), Errno> {
        // For the kernel, the time zero means to stop the timer.
        let first = first.max(Duration::from_nanos(1));
        self.set(Expiration::After(first), interval.unwrap_or_default())
    }

    /// Does the same as [`start`](Self::start), except that the timer first expires when its clock shows `first`. If this time
    /// is in the past, the timer expires at once. If somebody sets [`Clock::Realtime`] before that, the new setting
    /// counts: the timer expires when the changed clock reaches `first`.
    ///
    /// ```
    /// use nestling::OFlags;
    /// use nestling::time::{Clock, Timer, now};
    ///
    /// let timer = Timer::new(Clock::Monotonic, OFlags::CLOEXEC)?;
    /// timer.start_at(now(Clock::Monotonic)?, None)?; // expires at once
    /// assert_eq!(timer.read(), Ok(1));
    /// # Ok::<(), nestling::Errno>(())
    /// ```
    ///
    /// # Errors
    /// The errors of [`now`]; `EINVAL` if `first` is negative.
    pub fn start_at(&self, first: Timestamp, interval: Option<Duration>) -> Result<(), Errno> {
        // For the kernel, the time zero means to stop the timer.
        let first = match (first.seconds(), first.nanoseconds()) {
            (0, 0) => first.checked_add(Duration::from_nanos(1)).unwrap_or(first),
            _ => first,
        };
        self.set(Expiration::At(first), interval.unwrap_or_default())
    }

    /// Stops the timer and resets its count of expirations to zero. Costs one system call.
    ///
    /// # Errors
    /// The errors of [`now`].
    pub fn stop(&self) -> Result<(), Errno> {
        self.set(Expiration::After(Duration::ZERO), Duration::ZERO)
    }

    fn set(&self, first: Expiration, interval: Duration) -> Result<(), Errno> {
        sys::time::timerfd_settime(self.as_fd(), first, interval)
    }

    /// Returns the time until the next expiration; `None` if the timer is not running. Costs one system call.
    ///
    /// # Errors
    /// The errors of [`now`].
    pub fn remaining(&self) -> Result<Option<Duration>, Errno> {
        let (rest, _) = sys::time::timerfd_gettime(self.as_fd())?;
        Ok(Some(rest).filter(|rest| !rest.is_zero()))
    }

    /// Waits until the timer has expired, and returns how often it has expired since its start or the last `read`. If the timer
    /// has not expired and is not running, the function waits for ever. Costs one system call, which is repeated if a signal
    /// handler interrupts it.
    ///
    /// # Errors
    /// `EAGAIN` if the timer has not expired and its descriptor is non-blocking.
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

crate::fd::into_owned_fd!(Timer);
