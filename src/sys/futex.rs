//! Waiting for a number in memory to change: `futex(2)`.
