//! Time, in whole seconds.

use core::time::Duration;

use nestling::time::{self, Clock};
use nestling::{Errno, Signal, sys};

/// When nothing is to happen.
pub const NEVER: u32 = u32::MAX;

/// Whole seconds since the start; where the clock can't be read, the beginning, so that nothing becomes due.
#[inline(never)]
pub fn now() -> u32 {
    time::now(Clock::Monotonic).map_or(0, |now| now.seconds() as u32)
}

/// When at least so many seconds will be over.
pub fn after(seconds: u32) -> u32 {
    now()
        .saturating_add(seconds)
        .saturating_add(u32::from(seconds > 0))
}

/// Waits so many seconds, so that what fails over and over does not spin.
pub fn pause(seconds: u32) {
    let time = Some(Duration::from_secs(seconds.into()));
    let _ = sys::poll::ppoll(&mut [], time, None);
}

/// After a wait for children that has failed: whether there are some. Unless that is what it said, it has lost nothing, but whoever
/// waits for `SIGCHLD` would not look again.
#[inline(never)]
pub fn has_children(errno: Errno) -> bool {
    let some = errno != Errno::ECHILD;
    if some {
        pause(1);
        let _ = sys::process::kill(sys::process::getpid().as_raw(), Some(Signal::CHLD));
    }
    some
}
