//! Time, in whole seconds.

use nestling::time::{self, Clock};

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
