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
/// `flags` contains only flags without an argument, and flags whose argument is `child_tid`. `argument` points to what
/// `function` expects. With `CLONE_VM`, the stack, that value and `child_tid` stay valid until the child has left by `execve`
/// or `exit`.
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

/// `clone3` (Linux 5.3): passes the first `size` bytes of `arguments`.
///
/// # Safety
/// As for [`clone`], with the stack of `arguments`; `size` is at most that of `clone_args`, and with `CLONE_PIDFD` there is a
/// place for the pidfd.
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

/// `fork`: makes a child that is a copy of this process. Returns `None` in the child, and its id in the parent. (`clone` with
/// no flag except `SIGCHLD`.) For a subshell; to start a program, a [`Spawn`](crate::spawn::Spawn) is cheaper and safer.
///
/// The cost grows with the process's memory. It fails with `ENOMEM` where the kernel does not overcommit memory, and by `EAGAIN`
/// at the limit of processes.
///
/// # Safety
/// The child has one thread, a copy of this one. Locks that other threads held stay locked in the copy for ever. So in a
/// process with several threads the child may only do what a signal handler may (`signal-safety(7)`), until it execs or exits.
/// In any process both copies continue: an effect that must happen once, such as writing a buffer or running a destructor,
/// happens twice unless one of them avoids it, for example by [`exit`](super::process::exit). A libc does not notice the child:
/// its `pthread_atfork` handlers do not run, and a thread id that it keeps is the parent's.
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
