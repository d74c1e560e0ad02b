//! Making a child: `clone(2)`.

use core::ffi::c_void;

use linux_raw_sys::general::{__NR_clone, __NR_clone3, clone_args};

use super::small;
use crate::arch::{self, ChildFunction, syscall5};
use crate::errno::Errno;
use crate::process::Pid;

/// `clone`: makes a child that calls `function(argument)`. `stack` is the end of the child's stack (its highest address).
///
/// # Safety
/// `flags` contains only flags that need no argument, or `child_tid` as their argument. `argument` points to a value that
/// `function` accepts. With `CLONE_VM`, the stack is writable, aligned for the architecture and large enough for the child; the stack, the
/// value at `argument` and `child_tid` stay valid until the child has executed a program (`execve`) or exited; and what the child and the
/// caller both use may be shared between threads (`Sync`). In a program with the runtime `rt`, no code calls `rt::fork` and
/// `rt::on_fault` while such a child runs.
pub unsafe fn clone(
    flags: u32,
    stack: *mut u8,
    child_tid: *mut u32,
    function: ChildFunction,
    argument: *mut c_void,
) -> Result<Pid, Errno> {
    let number = __NR_clone as usize;
    // SAFETY: the caller upholds the safety contract.
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

/// `clone3` (Linux 5.3): makes a child that calls `function(argument)`. The kernel reads the first `size` bytes of `arguments`.
///
/// # Safety
/// The same as for [`clone`], with the flags and the stack in `arguments`. `size` is at most the size of `clone_args`. With
/// `CLONE_PIDFD`, `arguments` contains the address of writable memory for the pidfd.
pub(crate) unsafe fn clone3(
    arguments: &clone_args,
    size: usize,
    function: ChildFunction,
    argument: *mut c_void,
) -> Result<Pid, Errno> {
    let (number, arguments) = (__NR_clone3 as usize, &raw const *arguments as usize);
    // SAFETY: the caller upholds the safety contract.
    pid(unsafe { arch::clone(number, arguments, size, 0, function, argument) })
}

/// `fork`: makes a child that is a copy of this process. Returns `None` in the child, and the child's id in the parent. (The
/// system call is `clone` with `SIGCHLD` and no flags.) Use this function for subshells; to start a program, a
/// [`Spawn`](crate::spawn::Spawn) is cheaper and safer.
///
/// The cost grows with the process's memory. The call fails with `EAGAIN` if the limit on processes is reached. It may fail
/// with `ENOMEM` if the kernel does not overcommit memory.
///
/// # Safety
/// The child has only one thread, a copy of the calling thread. If another thread held a lock, the lock stays locked in the
/// child for ever. So in a process with several threads, the child may only do what a signal handler may do
/// (`signal-safety(7)`), until it calls `execve` or exits.
///
/// The parent and the child both continue with the same data. So an action such as writing a buffer or running a destructor
/// happens twice, unless one of them avoids it, for example by calling [`exit`](super::process::exit).
///
/// A libc does not notice the fork: it does not run `pthread_atfork` handlers. A thread id that the libc has stored in memory
/// is still the id of the parent's thread.
pub unsafe fn fork() -> Result<Option<Pid>, Errno> {
    // SAFETY: without a new stack and without `CLONE_VM`, the child runs on its own copy of this stack. The caller upholds the
    // safety contract.
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
