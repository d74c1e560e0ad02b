//! Time, in whole seconds.

use core::time::Duration;

use nestling::time::{self, Clock};
use nestling::{Errno, Signal, sys};

/// The time of an event that never happens.
pub const NEVER: u32 = u32::MAX;

/// Returns the whole seconds since the machine started. If the clock cannot be read, returns 0, so that nothing becomes due.
#[inline(never)]
pub fn now() -> u32 {
    time::now(Clock::Monotonic).map_or(0, |now| now.seconds() as u32)
}

/// Returns the time at which at least this many seconds have passed.
pub fn after(seconds: u32) -> u32 {
    now()
        .saturating_add(seconds)
        .saturating_add(u32::from(seconds > 0))
}

/// Waits this many seconds. Loops call this after a failure, so that they do not use the CPU all the time.
pub fn pause(seconds: u32) {
    let time = Some(Duration::from_secs(seconds.into()));
    let _ = sys::poll::ppoll(&mut [], time, None);
}

/// Returns whether children exist, after a wait for children has failed with `errno`. If children exist, this function pauses and
/// sends `SIGCHLD` to this process, so that the caller's loop tries the wait again.
#[inline(never)]
pub fn has_children(errno: Errno) -> bool {
    let some = errno != Errno::ECHILD;
    if some {
        pause(1);
        let _ = sys::process::kill(sys::process::getpid().as_raw(), Some(Signal::CHLD));
    }
    some
}
