//! Signal handlers that only record which signals have arrived. The program acts on the recorded signals later, as a shell runs
//! its traps.

use core::sync::atomic::{AtomicU64, Ordering};

use super::signal::{self, Disposition};
use crate::errno::Errno;
use crate::signal::{SigSet, Signal};

/// One bit for each signal that has arrived.
static CAUGHT: AtomicU64 = AtomicU64::new(0);

extern "C" fn note(signal: i32) {
    CAUGHT.fetch_or(1 << (signal as u32 - 1), Ordering::Relaxed);
}

/// `rt_sigaction`: sets a handler that records the signal when it arrives. If the handler interrupts a system call that waits,
/// the call fails with `EINTR`.
pub fn catch(signal: Signal) -> Result<(), Errno> {
    // SAFETY: the handler only sets a bit, which is async-signal-safe.
    unsafe { signal::set_action(signal, Disposition::Handler(note), 0) }
}

/// Returns the recorded signals. Costs no system call.
pub fn caught() -> SigSet {
    SigSet::from_bits(CAUGHT.load(Ordering::Relaxed))
}

/// Returns whether the signal is recorded, and removes it from the recorded signals. Costs no system call.
pub fn take(signal: Signal) -> bool {
    let bit = SigSet::EMPTY.with(signal).bits();
    CAUGHT.fetch_and(!bit, Ordering::Relaxed) & bit != 0
}

/// Records a signal, as if it had just arrived. For example, call this function after [`sigtimedwait`](signal::sigtimedwait) has
/// returned a signal, because then no handler has run. Costs no system call.
pub fn mark(signal: Signal) {
    note(signal.as_raw());
}
