//! Handlers that only note signals. The program, such as a shell with traps, acts on the noted signals later.

use core::sync::atomic::{AtomicU64, Ordering};

use super::signal::{self, Action};
use crate::errno::Errno;
use crate::signal::{SigSet, Signal};

/// A bit for each signal that has come.
static CAUGHT: AtomicU64 = AtomicU64::new(0);

extern "C" fn note(signal: i32) {
    CAUGHT.fetch_or(1 << (signal as u32 - 1), Ordering::Relaxed);
}

/// `rt_sigaction`: sets a handler that notes the signal each time it arrives. If a system call is waiting when the signal
/// arrives, the system call fails with `EINTR`.
pub fn catch(signal: Signal) -> Result<(), Errno> {
    // SAFETY: the handler does nothing but set a bit.
    unsafe { signal::set_action(signal, Action::Handler(note), 0) }
}

/// Returns the signals that have been noted and not yet taken. No system call.
pub fn caught() -> SigSet {
    SigSet::from_bits(CAUGHT.load(Ordering::Relaxed))
}

/// Takes one signal: returns whether the signal was noted, and removes the note. No system call.
pub fn take(signal: Signal) -> bool {
    let bit = SigSet::EMPTY.with(signal).bits();
    CAUGHT.fetch_and(!bit, Ordering::Relaxed) & bit != 0
}

/// Notes a signal as if it had just arrived. Call this, for example, if [`sigtimedwait`](signal::sigtimedwait) has taken the
/// signal. No system call.
pub fn mark(signal: Signal) {
    note(signal.as_raw());
}
