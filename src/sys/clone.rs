//! Making a child: `clone(2)`.

use core::ffi::c_void;

use linux_raw_sys::general::{__NR_clone, __NR_clone3, clone_args};

use super::result;
use crate::arch::{self, ChildFunction};
use crate::errno::Errno;
use crate::process::Pid;

/// `clone`: the child calls `function(argument)` on the stack that ends at `stack`.
///
/// # Safety
/// `flags` holds only flags without an argument of their own. What `argument` points to suits `function`. With `CLONE_VM`
/// both the stack and it stay until the child has left by `execve` or `exit`.
pub unsafe fn clone(
    flags: u32,
    stack: *mut u8,
    function: ChildFunction,
    argument: *mut c_void,
) -> Result<Pid, Errno> {
    let number = __NR_clone as usize;
    // SAFETY: the caller's promise.
    pid(unsafe { arch::clone(number, flags as usize, stack as usize, function, argument) })
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
    pid(unsafe { arch::clone(number, arguments, size, function, argument) })
}

fn pid(answer: usize) -> Result<Pid, Errno> {
    Pid::from_raw(result(answer)? as i32).ok_or(Errno::ESRCH)
}
