//! Clocks, sleep and timers.
