//! Waiting until a value in memory changes (`futex(2)`).

use core::sync::atomic::AtomicU32;
use core::time::Duration;

use linux_raw_sys::general as linux;

use super::{result, small};
use crate::arch::syscall4;
use crate::errno::Errno;

/// `FUTEX_WAIT`: waits until another thread or process calls [`wake`] for `number`. If `number` is the `child_tid` of a child
/// made with `CLONE_CHILD_CLEARTID`, the kernel also wakes a waiter when this child exits or executes a program. Fails with
/// `EAGAIN` if the value of `number` is not `expected`, and with `ETIMEDOUT` after the time `limit`. The call may return
/// although the value has not changed.
pub fn wait(number: &AtomicU32, expected: u32, limit: Option<Duration>) -> Result<(), Errno> {
    // The `timespec` of this call consists of two machine words. If the seconds do not fit into a word, their upper bits are lost.
    let limit = limit.map(|limit| [limit.as_secs() as usize, limit.subsec_nanos() as usize]);
    // SAFETY: the kernel reads the number, and one time unless the pointer to it is null.
    let answer = unsafe {
        syscall4(
            linux::__NR_futex as usize,
            number.as_ptr() as usize,
            linux::FUTEX_WAIT as usize,
            expected as usize,
            limit.as_ref().map_or(0, |limit| limit.as_ptr() as usize),
        )
    };
    small(answer).map(drop)
}

/// `FUTEX_WAKE`: wakes at most `count` of the threads that wait on `number`. Returns how many it woke.
pub fn wake(number: &AtomicU32, count: i32) -> Result<usize, Errno> {
    // SAFETY: the kernel uses only the number's address.
    let answer = unsafe {
        syscall4(
            linux::__NR_futex as usize,
            number.as_ptr() as usize,
            linux::FUTEX_WAKE as usize,
            count as usize,
            0,
        )
    };
    result(answer)
}

/// `futex_waitv`: returns whether this call is available. Linux has it since 5.16, but a seccomp filter may forbid it.
pub(crate) fn has_waitv() -> bool {
    // SAFETY: the kernel fails with `EINVAL` for an empty list, and accesses no memory.
    let answer = unsafe { syscall4(linux::__NR_futex_waitv as usize, 0, 0, 0, 0) };
    result(answer) == Err(Errno::EINVAL)
}
