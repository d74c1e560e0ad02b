//! Making a child: `clone(2)`.

use core::ffi::c_void;

use linux_raw_sys::general::{__NR_clone, __NR_clone3, clone_args};

use super::small;
use crate::arch::{self, ChildFunction, syscall5};
use crate::errno::Errno;
use crate::process::Pid;

/// `clone`: the child calls `function(argument)` on the stack that ends at `stack`.
///
/// # Safety
/// `flags` holds only flags without an argument of their own, or those whose argument is `child_tid`. What `argument`
/// points to suits `function`. With `CLONE_VM` the stack, it and `child_tid` stay until the child has left by `execve` or
/// `exit`.
pub unsafe fn clone(
    flags: u32,
    stack: *mut u8,
    child_tid: *mut u32,
    function: ChildFunction,
    argument: *mut c_void,
) -> Result<Pid, Errno> {
    let number = __NR_clone as usize;
    // SAFETY: the caller's promise.
    let answer = unsafe {
        arch::clone(
            number,
            flags as usize,
            stack as usize,
            child_tid as usize,
            function,
            argument,
        )
    };
    pid(answer)
}

/// `clone3` (Linux 5.3), which is given the first `size` bytes of `arguments`.
///
/// # Safety
/// As [`clone`], for the stack that `arguments` names; `size` is at most that of `clone_args`, and the pidfd that
/// `CLONE_PIDFD` asks for has a place.
pub unsafe fn clone3(
    arguments: &clone_args,
    size: usize,
    function: ChildFunction,
    argument: *mut c_void,
) -> Result<Pid, Errno> {
    let (number, arguments) = (__NR_clone3 as usize, &raw const *arguments as usize);
    // SAFETY: the caller's promise.
    pid(unsafe { arch::clone(number, arguments, size, 0, function, argument) })
}

/// `fork`: makes a child that is a copy of this process. `None` in the child, its id in the parent. (`clone` with nothing
/// but `SIGCHLD`.) For a subshell; what only starts a program is cheaper and safer off with a
/// [`Spawn`](crate::spawn::Spawn).
///
/// It costs the more the more memory the process has, and fails by `ENOMEM` where the kernel does not overcommit, by `EAGAIN`
/// at the limit of processes.
///
/// # Safety
/// The child has one thread: this one. What other threads held at that moment they hold forever in the copy, locks among
/// them. So in a process with several threads the child must only do what a signal handler may (`signal-safety(7)`) until
/// it execs or exits. In any process both go on: what is to happen once (a buffer's writing, a destructor's work) happens
/// twice unless one of them leaves it, as by [`exit`](super::process::exit). A libc does not learn of the child: its
/// `pthread_atfork` handlers don't run, and a thread id it remembers is the parent's.
pub unsafe fn fork() -> Result<Option<Pid>, Errno> {
    // SAFETY: no stack and nothing else is given; the caller's promise.
    let answer = unsafe {
        syscall5(
            __NR_clone as usize,
            linux_raw_sys::general::SIGCHLD as usize,
            0,
            0,
            0,
            0,
        )
    };
    Ok(Pid::from_raw(small(answer)?))
}

fn pid(answer: usize) -> Result<Pid, Errno> {
    Pid::from_raw(small(answer)?).ok_or(Errno::ESRCH)
}
