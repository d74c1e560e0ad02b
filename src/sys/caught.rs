//! Signals that are caught and noted, for a program that acts on them when it is ready (a shell's traps).

use core::sync::atomic::{AtomicU64, Ordering};

use super::signal::{self, Action};
use crate::errno::Errno;
use crate::signal::{SigSet, Signal};

/// A bit for each signal that has come.
static CAUGHT: AtomicU64 = AtomicU64::new(0);

extern "C" fn note(signal: i32) {
    CAUGHT.fetch_or(1 << (signal as u32 - 1), Ordering::Relaxed);
}

/// `rt_sigaction`: has a signal noted from now on. A call that waits and is interrupted by it fails by `EINTR`.
pub fn catch(signal: Signal) -> Result<(), Errno> {
    // SAFETY: the handler does nothing but set a bit.
    unsafe { signal::set_action(signal, Action::Handler(note), 0) }
}

/// What has come since it was last taken. No system call.
pub fn caught() -> SigSet {
    SigSet::from_bits(CAUGHT.load(Ordering::Relaxed))
}

/// Takes one signal: whether it has come. No system call.
pub fn take(signal: Signal) -> bool {
    let bit = SigSet::EMPTY.with(signal).bits();
    CAUGHT.fetch_and(!bit, Ordering::Relaxed) & bit != 0
}

/// Notes a signal as if it had just come: one that was taken by [`sigtimedwait`](signal::sigtimedwait), say. No system call.
pub fn mark(signal: Signal) {
    note(signal.as_raw());
}
