//! Clocks, sleep and timers.

use core::time::Duration;

use linux_raw_sys::general as linux;

use super::{done, small};
use crate::arch::{nr, syscall2, syscall4};
use crate::errno::Errno;
use crate::fd::{BorrowedFd, OwnedFd};
use crate::file::OFlags;

/// A clock (`clock_gettime(2)`). A program can read it, and can use it for sleeps and timers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
#[non_exhaustive]
pub enum Clock {
    /// The time since the start of 1970 in UTC. It jumps when somebody sets the clock.
    Realtime = linux::CLOCK_REALTIME,
    /// The time since an unspecified moment before this process started. It never jumps. It does not advance while the machine
    /// is suspended.
    Monotonic = linux::CLOCK_MONOTONIC,
    /// Like `Monotonic`, but this clock also advances while the machine is suspended.
    Boottime = linux::CLOCK_BOOTTIME,
}

/// The time that a clock shows, in seconds and nanoseconds, like POSIX's `struct timespec`. The seconds have 64 bits on every
/// architecture.
///
/// ```
/// use core::time::Duration;
/// use nestling::time::Timestamp;
///
/// let start = Timestamp::new(100, 900_000_000).unwrap();
/// let end = start.checked_add(Duration::from_millis(200)).unwrap();
/// assert_eq!((end.seconds(), end.nanoseconds()), (101, 100_000_000));
/// assert_eq!(end.checked_duration_since(start), Some(Duration::from_millis(200)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Timestamp {
    seconds: i64,
    nanoseconds: u32,
}

const SECOND: u32 = 1_000_000_000;

impl Timestamp {
    /// The latest time that a `Timestamp` can hold.
    pub const MAX: Self = Self {
        seconds: i64::MAX,
        nanoseconds: SECOND - 1,
    };

    /// Makes a time from seconds and nanoseconds; returns `None` if `nanoseconds` is 1,000,000,000 or more.
    #[must_use]
    pub const fn new(seconds: i64, nanoseconds: u32) -> Option<Self> {
        if nanoseconds < SECOND {
            Some(Self {
                seconds,
                nanoseconds,
            })
        } else {
            None
        }
    }

    /// Returns the whole seconds, rounded down.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.seconds
    }

    /// Returns the nanoseconds since the last whole second.
    #[must_use]
    pub const fn nanoseconds(self) -> u32 {
        self.nanoseconds
    }

    /// Returns this time plus `duration`; `None` on overflow.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let seconds = self.seconds.checked_add_unsigned(duration.as_secs())?;
        let sum = self.nanoseconds + duration.subsec_nanos();
        Some(match sum.checked_sub(SECOND) {
            Some(nanoseconds) => Self {
                seconds: seconds.checked_add(1)?,
                nanoseconds,
            },
            None => Self {
                seconds,
                nanoseconds: sum,
            },
        })
    }

    /// Returns this time minus `duration`; `None` on overflow.
    #[must_use]
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        let seconds = self.seconds.checked_sub_unsigned(duration.as_secs())?;
        Some(
            match self.nanoseconds.checked_sub(duration.subsec_nanos()) {
                Some(nanoseconds) => Self {
                    seconds,
                    nanoseconds,
                },
                None => Self {
                    seconds: seconds.checked_sub(1)?,
                    nanoseconds: self.nanoseconds + SECOND - duration.subsec_nanos(),
                },
            },
        )
    }

    /// Returns the duration from `earlier` to this time; `None` if `earlier` is later than this time.
    #[must_use]
    pub fn checked_duration_since(self, earlier: Self) -> Option<Duration> {
        if self < earlier {
            return None;
        }
        let seconds = self.seconds.abs_diff(earlier.seconds);
        Some(match self.nanoseconds.checked_sub(earlier.nanoseconds) {
            Some(nanoseconds) => duration(seconds, nanoseconds),
            None => duration(
                seconds.wrapping_sub(1),
                self.nanoseconds + SECOND - earlier.nanoseconds,
            ),
        })
    }

    pub(super) fn to_kernel(self) -> linux::__kernel_timespec {
        linux::__kernel_timespec {
            tv_sec: self.seconds,
            tv_nsec: self.nanoseconds.into(),
        }
    }
}

/// Converts a duration to the kernel's format. Seconds above `i64::MAX` become `i64::MAX`.
pub(super) fn timespec(duration: Duration) -> linux::__kernel_timespec {
    linux::__kernel_timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

/// Does the same as `Duration::new`, but contains no code that panics.
fn duration(seconds: u64, nanoseconds: u32) -> Duration {
    Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanoseconds.into()))
}

const ZERO: linux::__kernel_timespec = linux::__kernel_timespec {
    tv_sec: 0,
    tv_nsec: 0,
};

/// `clock_gettime`: returns the clock's time.
pub fn clock_gettime(clock: Clock) -> Result<Timestamp, Errno> {
    let mut time = ZERO;
    // SAFETY: the kernel writes one time.
    let answer = unsafe {
        syscall2(
            nr::CLOCK_GETTIME as usize,
            clock as usize,
            &raw mut time as usize,
        )
    };
    small(answer).map(|_| Timestamp {
        seconds: time.tv_sec,
        nanoseconds: time.tv_nsec as u32,
    })
}

/// `clock_settime`: sets [`Clock::Realtime`]; the other clocks cannot be set.
///
/// ```
/// use nestling::sys::time::{clock_gettime, clock_settime};
/// use nestling::time::Clock;
///
/// // An ordinary user gets EPERM.
/// # if false {
/// let now = clock_gettime(Clock::Realtime)?;
/// clock_settime(Clock::Realtime, now)?;
/// # }
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn clock_settime(clock: Clock, time: Timestamp) -> Result<(), Errno> {
    let time = time.to_kernel();
    // SAFETY: the kernel reads one time.
    let answer = unsafe {
        syscall2(
            nr::CLOCK_SETTIME as usize,
            clock as usize,
            &raw const time as usize,
        )
    };
    done(answer)
}

/// `clock_nanosleep(TIMER_ABSTIME)`: waits until the clock shows `time`. Fails with `EINTR` after a handler has run.
pub fn clock_nanosleep(clock: Clock, time: Timestamp) -> Result<(), Errno> {
    let time = time.to_kernel();
    // SAFETY: the kernel reads one time. With this flag it does not write the remaining time.
    let answer = unsafe {
        syscall4(
            nr::CLOCK_NANOSLEEP as usize,
            clock as usize,
            linux::TIMER_ABSTIME as usize,
            &raw const time as usize,
            0,
        )
    };
    done(answer)
}

/// When a timer expires for the first time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expiration {
    /// After this duration.
    After(Duration),
    /// When the timer's clock shows this time.
    At(Timestamp),
}

/// `timerfd_create`: makes a timer, and returns its descriptor. A read of the descriptor returns the number of expirations. The
/// descriptor closes on exec. `flags` is `NONBLOCK` or empty.
pub fn timerfd_create(clock: Clock, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::CLOEXEC;
    // SAFETY: the call takes only numbers. `TFD_NONBLOCK` and `TFD_CLOEXEC` have the values of the flags of `open`. The kernel
    // makes a new descriptor.
    unsafe {
        let answer = syscall2(
            linux::__NR_timerfd_create as usize,
            clock as usize,
            flags.bits() as usize,
        );
        small(answer).map(|fd| OwnedFd::from_raw_fd(fd))
    }
}

/// `timerfd_settime`: starts the timer, which expires at `first` and, if `interval` is not zero, again after each `interval`.
/// If `first` is zero, the call stops the timer.
pub fn timerfd_settime(
    timer: BorrowedFd<'_>,
    first: Expiration,
    interval: Duration,
) -> Result<(), Errno> {
    let (flags, it_value) = match first {
        Expiration::After(duration) => (0, timespec(duration)),
        Expiration::At(time) => (linux::TFD_TIMER_ABSTIME, time.to_kernel()),
    };
    let new = linux::__kernel_itimerspec {
        it_interval: timespec(interval),
        it_value,
    };
    // SAFETY: the kernel reads one pair of times; the pointer to the old pair may be null.
    let answer = unsafe {
        syscall4(
            nr::TIMERFD_SETTIME as usize,
            timer.fd as usize,
            flags as usize,
            &raw const new as usize,
            0,
        )
    };
    done(answer)
}

/// `timerfd_gettime`: returns the time until the next expiration, and the interval. If the timer is stopped, the time is zero.
pub fn timerfd_gettime(timer: BorrowedFd<'_>) -> Result<(Duration, Duration), Errno> {
    let mut now = linux::__kernel_itimerspec {
        it_interval: ZERO,
        it_value: ZERO,
    };
    // SAFETY: the kernel writes one pair of times.
    let answer = unsafe {
        syscall2(
            nr::TIMERFD_GETTIME as usize,
            timer.fd as usize,
            &raw mut now as usize,
        )
    };
    let time = |it: linux::__kernel_timespec| duration(it.tv_sec as u64, it.tv_nsec as u32);
    small(answer).map(|_| (time(now.it_value), time(now.it_interval)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64, nanoseconds: u32) -> Timestamp {
        Timestamp::new(seconds, nanoseconds).unwrap()
    }

    #[test]
    fn a_sum_less_one_term_is_the_other() {
        let last = SECOND - 1;
        for start in [at(-5, 0), at(-1, last), at(0, 1), at(7, last)] {
            for duration in [(0, 0), (0, 1), (0, last), (1, 0), (9, last)] {
                let duration = Duration::new(duration.0, duration.1);
                let end = start.checked_add(duration).unwrap();
                assert!(end.nanoseconds() < SECOND);
                assert_eq!(end.checked_duration_since(start), Some(duration));
                assert_eq!(end.checked_sub(duration), Some(start));
                assert_eq!(start.checked_duration_since(end).is_none(), start < end);
            }
        }
    }

    #[test]
    fn what_is_beyond_the_last_or_the_first_time_is_none() {
        let nanosecond = Duration::from_nanos(1);
        assert_eq!(Timestamp::MAX.checked_add(nanosecond), None);
        assert_eq!(at(i64::MIN, 0).checked_sub(nanosecond), None);
        assert_eq!(at(0, 0).checked_add(Duration::MAX), None);
        assert_eq!(Timestamp::new(0, SECOND), None);
        let whole = Timestamp::MAX.checked_duration_since(at(i64::MIN, 0));
        assert_eq!(whole, Some(Duration::MAX));
    }

    #[test]
    fn a_duration_that_the_kernel_cannot_take_is_cut_off() {
        assert_eq!(timespec(Duration::MAX).tv_sec, i64::MAX);
        assert_eq!(timespec(Duration::from_millis(1500)).tv_nsec, 500_000_000);
    }
}
