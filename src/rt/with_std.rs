//! The start of a program with the feature `rt` in a build that also enables `std`. (Cargo enables the same features of this crate
//! for all packages of one build.) Such a program uses the standard library and its libc, so it must initialise the libc first.

use core::ffi::{c_char, c_int, c_void};
use core::sync::atomic::{AtomicPtr, Ordering};

use super::{Process, abort, run};
use crate::errno::Errno;
use crate::sys;

unsafe extern "C" {
    /// The environment of the libc. At the start, it is the array on the initial stack.
    static mut environ: *mut *const c_char;

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
    abort()
}

unsafe extern "C" fn run_main(_: c_int, _: *const *const c_char, _: *const *const c_char) -> c_int {
    // SAFETY: `start` stored a function of this type.
    let main: fn(Process) -> i32 = unsafe { core::mem::transmute(MAIN.load(Ordering::Relaxed)) };
    move_environ();
    // SAFETY: the caller of `start` promises the initial stack, and the libc no longer changes the environment that is there.
    unsafe { run(STACK.load(Ordering::Relaxed), main) }
}

/// Gives the libc a copy of the environment's array. `setenv(3)` and `unsetenv(3)` change the array in place, and
/// [`Process::env`] reads the array on the initial stack. (They do not change the strings.)
fn move_environ() {
    // SAFETY: the program has no other thread yet. `environ` is null or points to an array that ends with a null pointer. The new
    // mapping has room for this array, and is never unmapped.
    unsafe {
        let original = environ;
        if original.is_null() {
            return;
        }
        let mut count = 1;
        while !(*original.add(count - 1)).is_null() {
            count += 1;
        }
        let Ok(copy) = sys::memory::mmap(count * size_of::<*const c_char>()) else {
            abort();
        };
        let copy: *mut *const c_char = copy.as_ptr().cast();
        copy.copy_from_nonoverlapping(original, count);
        environ = copy;
    }
}

/// Checks that the process has no other thread. Fails with `EBUSY` if it has one, or if this cannot be found out. Costs one system
/// call; two if the first is forbidden (as in many containers).
pub(super) fn only_thread() -> Result<(), Errno> {
    let is_only = match sys::namespace::has_only_thread() {
        Ok(is_only) => is_only,
        // The directory has two links and one for each thread.
        Err(_) => sys::file::stat(c"/proc/self/task").is_ok_and(|task| task.nlink() == 3),
    };
    match is_only {
        true => Ok(()),
        false => Err(Errno::EBUSY),
    }
}
