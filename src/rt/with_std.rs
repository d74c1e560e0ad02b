//! A program of the feature `rt` in a build whose features also include `std`: cargo gives all packages that one command builds
//! the same features. Such a program uses the standard library, and so its libc, which must be started first.

use core::ffi::{c_char, c_int, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::{Process, run};

unsafe extern "C" {
    /// Makes the libc ready, and calls `main`: the interface of the Linux Standard Base, which glibc and musl have.
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

/// The program's main function and the initial stack, which libc does not pass on.
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
    // SAFETY: the caller's promise: the count of the arguments, and the arguments behind it. The loader has brought libc.
    unsafe {
        let (argc, argv) = (*stack as c_int, stack.add(1).cast());
        __libc_start_main(run_main, argc, argv, None, None, None, stack.cast());
    }
    super::abort()
}

unsafe extern "C" fn run_main(_: c_int, _: *const *const c_char, _: *const *const c_char) -> c_int {
    // SAFETY: `start` has put the function there.
    let main: fn(Process) -> i32 = unsafe { core::mem::transmute(MAIN.load(Ordering::Relaxed)) };
    // SAFETY: the promise of the caller of `start`.
    unsafe { run(STACK.load(Ordering::Relaxed), main) }
}
