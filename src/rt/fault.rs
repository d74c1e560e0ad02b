//! What a program does when it does what it must not: a bad memory access, an illegal instruction.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::errno::Errno;
use crate::signal::{SigSet, Signal};
use crate::sys;
use crate::sys::signal::Action;

/// The signals of a fault. While one is blocked, its fault ends the process at once.
pub const FAULTS: SigSet = SigSet::EMPTY
    .with(Signal::ILL)
    .with(Signal::TRAP)
    .with(Signal::BUS)
    .with(Signal::FPE)
    .with(Signal::SEGV);

/// Has `handler` called in case of a fault, or if somebody sends one of the [`FAULTS`]: on a stack of its own, of 32 KiB, since
/// the ordinary one may be what is used up. Six system calls.
///
/// The handler can't return: what was interrupted can't go on, and may have left its data half changed. PID 1 would bring down
/// the machine if it ended: it executes itself anew.
///
/// # Errors
/// `ENOSYS` in a program that [`entry!`](crate::entry!) has not started, whose threads would share that stack. Else only a seccomp filter
/// makes it fail.
pub fn on_fault(handler: fn(Signal) -> !) -> Result<(), Errno> {
    super::only_thread()?;
    HANDLER.store(handler as *mut (), Ordering::Relaxed);
    let stack: *mut [u8] = STACK.0.get();
    // SAFETY: it is for nothing else, and there is no other thread.
    unsafe { sys::signal::sigaltstack(stack) }?;
    for signal in FAULTS.iter() {
        let action = Action::Handler(trampoline);
        // SAFETY: the handler does not return, so it does not matter what it interrupts.
        unsafe { sys::signal::set_action(signal, action, sys::signal::SA_ONSTACK) }?;
    }
    Ok(())
}

static HANDLER: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

#[repr(align(16))]
struct Stack(UnsafeCell<[u8; 32 * 1024]>);

// SAFETY: nobody touches it but the kernel, and a handler as its stack.
unsafe impl Sync for Stack {}

static STACK: Stack = Stack(UnsafeCell::new([0; 32 * 1024]));

unsafe extern "C" fn trampoline(signal: i32) {
    // SAFETY: `on_fault` has put such a function there before it made this the handler.
    let handler: fn(Signal) -> ! = unsafe { core::mem::transmute(HANDLER.load(Ordering::Relaxed)) };
    handler(Signal::from_raw(signal).unwrap_or(Signal::SEGV))
}
