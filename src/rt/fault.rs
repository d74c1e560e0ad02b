//! Faults: a bad memory access, an illegal instruction.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::errno::Errno;
use crate::signal::{SigSet, Signal};
use crate::sys;
use crate::sys::signal::Disposition;

/// The signals that the kernel sends for faults. If a fault occurs while its signal is blocked, the kernel ends the process at
/// once.
pub const FAULTS: SigSet = SigSet::EMPTY
    .with(Signal::ILL)
    .with(Signal::TRAP)
    .with(Signal::BUS)
    .with(Signal::FPE)
    .with(Signal::SEGV);

/// Sets a handler for the signals of [`FAULTS`]. The handler also runs if a process has sent the signal. It runs on a stack of
/// its own of 32 KiB, because the fault may be an overflow of the ordinary stack. Costs six system calls.
///
/// The handler must not return, because the interrupted code cannot continue. The data that this code was changing may be
/// inconsistent. If PID 1 ends, the kernel panics; so a handler in PID 1 should execute the program again.
///
/// # Errors
/// `ENOSYS` in a program that does not use [`entry!`](crate::entry!), because several threads of such a program would share the
/// handler's stack. Otherwise, the function fails only if a seccomp filter forbids a system call.
pub fn on_fault(handler: fn(Signal) -> !) -> Result<(), Errno> {
    super::only_thread()?;
    HANDLER.store(handler as *mut (), Ordering::Relaxed);
    let stack: *mut [u8] = STACK.0.get();
    // SAFETY: nothing else uses this memory, and the program has no other thread.
    unsafe { sys::signal::sigaltstack(stack) }?;
    for signal in FAULTS.iter() {
        let action = Disposition::Handler(trampoline);
        // SAFETY: the handler accesses only `Sync` values, as another thread could, and does not return to the code that it
        // interrupts. Locks that this code holds stay locked.
        unsafe { sys::signal::set_action(signal, action, sys::signal::SA_ONSTACK) }?;
    }
    Ok(())
}

static HANDLER: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

#[repr(align(16))]
struct Stack(UnsafeCell<[u8; 32 * 1024]>);

// SAFETY: only the kernel accesses this memory, and a handler that uses it as its stack.
unsafe impl Sync for Stack {}

// The section follows the small variables, so that these are together on few pages. SAFETY: the value is all zeros, as a `.bss`
// section requires.
#[unsafe(link_section = ".bss.large")]
static STACK: Stack = Stack(UnsafeCell::new([0; 32 * 1024]));

unsafe extern "C" fn trampoline(signal: i32) {
    // SAFETY: `on_fault` stores a function of this type before it sets this handler.
    let handler: fn(Signal) -> ! = unsafe { core::mem::transmute(HANDLER.load(Ordering::Relaxed)) };
    handler(Signal::from_raw(signal).unwrap_or(Signal::SEGV))
}
