//! Faults: a bad memory access, an illegal instruction.

use core::ptr;
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
/// its own of 32 KiB, because the fault may be an overflow of the ordinary stack. An overflow of the handler's stack ends the process
/// with `SIGSEGV`. Costs eight system calls; later calls of this function cost six.
///
/// The handler must not return, because the interrupted code cannot continue. The data that this code was changing may be
/// inconsistent. If PID 1 ends, the kernel panics; so a handler in PID 1 should execute the program again.
///
/// # Errors
/// `ENOSYS` in a program that does not use [`entry!`](crate::entry!), because several threads of such a program would share the
/// handler's stack. `ENOSYS` also in a build with the feature `std`: the handler could then use data of the interrupted thread that is
/// half changed (a `thread_local!`, or what the libc's `malloc` keeps for each thread). `ENOMEM` if
/// there is no memory for the stack. Otherwise, the function fails only if a seccomp filter forbids a system call.
pub fn on_fault(handler: fn(Signal) -> !) -> Result<(), Errno> {
    super::only_thread()?;
    if cfg!(feature = "std") {
        return Err(Errno::ENOSYS);
    }
    HANDLER.store(handler as *mut (), Ordering::Relaxed);
    let stack = ptr::slice_from_raw_parts_mut(stack()?, LENGTH);
    // SAFETY: nothing else uses this memory, and the program has no other thread.
    unsafe { sys::signal::sigaltstack(stack) }?;
    for signal in FAULTS.iter() {
        let action = Disposition::Handler(trampoline);
        // SAFETY: the handler accesses only `Sync` values, as another thread could (without `std`, there are no thread-local ones), and
        // does not return to the code that it interrupts. Locks that this code holds stay locked.
        unsafe { sys::signal::set_action(signal, action, sys::signal::SA_ONSTACK) }?;
    }
    Ok(())
}

static HANDLER: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());

/// The lowest address of the handler's stack; null before the first call of [`on_fault`].
static STACK: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

const LENGTH: usize = 32 * 1024;

/// The bytes below the stack that cannot be accessed: the largest page size.
const GUARD: usize = 64 * 1024;

/// Returns the lowest address of the handler's stack, which the first call maps.
fn stack() -> Result<*mut u8, Errno> {
    let mut stack = STACK.load(Ordering::Relaxed);
    if stack.is_null() {
        let guard = sys::memory::mmap(GUARD + LENGTH)?;
        // SAFETY: the pages are new, and only the pages above them are used.
        unsafe { sys::memory::forbid(guard, GUARD) }?;
        stack = guard.as_ptr().wrapping_add(GUARD);
        STACK.store(stack, Ordering::Relaxed);
    }
    Ok(stack)
}

unsafe extern "C" fn trampoline(signal: i32) {
    // SAFETY: `on_fault` stores a function of this type before it sets this handler.
    let handler: fn(Signal) -> ! = unsafe { core::mem::transmute(HANDLER.load(Ordering::Relaxed)) };
    handler(Signal::from_raw(signal).unwrap_or(Signal::SEGV))
}
