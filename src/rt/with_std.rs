//! The start of a program with the feature `rt` in a build that also enables `std`. (Cargo enables the same features of this crate
//! for all packages of one build.) Such a program uses the standard library and its libc, so it must initialise the libc first.

use core::ffi::{c_char, c_int, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::{Process, run};

unsafe extern "C" {
    /// Initialises the libc, and calls `main`. This function is part of the Linux Standard Base; glibc and musl have it.
    fn __libc_start_main(
        main: unsafe extern "C" fn(c_int, *const *const c_char, *const *const c_char) -> c_int,
        argc: c_int,
        argv: *const *const c_char,
        init: Option<unsafe extern "C" fn()>,
        fini: Option<unsafe extern "C" fn()>,
        rtld_fini: Option<unsafe extern "C" fn()>,
        stack_end: *const c_void,
    ) -> c_int;
}

/// The program's main function. (The libc does not pass it, or the initial stack, to `run_main`.)
static MAIN: AtomicPtr<()> = AtomicPtr::new(core::ptr::null_mut());
static STACK: AtomicPtr<usize> = AtomicPtr::new(core::ptr::null_mut());

/// Starts the libc, runs `main`, and exits with the status that it returns. The `_start` that [`entry!`](crate::entry!) defines
/// calls this.
///
/// # Safety
/// `stack` points to the initial stack that the kernel made (`argc`, `argv`, `envp`, `auxv`), and nothing changes this stack
/// later.
pub unsafe fn start(stack: *const usize, main: fn(Process) -> i32) -> ! {
    MAIN.store(main as *mut (), Ordering::Relaxed);
    STACK.store(stack.cast_mut(), Ordering::Relaxed);
    // SAFETY: the caller promises the initial stack, which begins with the number of arguments and the arguments. The dynamic
    // loader has loaded the libc.
    unsafe {
        let (argc, argv) = (*stack as c_int, stack.add(1).cast());
        __libc_start_main(run_main, argc, argv, None, None, None, stack.cast());
    }
    super::abort()
}

unsafe extern "C" fn run_main(_: c_int, _: *const *const c_char, _: *const *const c_char) -> c_int {
    // SAFETY: `start` stored a function of this type.
    let main: fn(Process) -> i32 = unsafe { core::mem::transmute(MAIN.load(Ordering::Relaxed)) };
    // SAFETY: the caller of `start` promises the initial stack.
    unsafe { run(STACK.load(Ordering::Relaxed), main) }
}
