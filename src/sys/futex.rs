//! Waiting until a value in memory changes (`futex(2)`), and a lock that uses this.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
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
    // The call's `timespec`: two machine words. What is too long for them is cut.
    let limit = limit.map(|limit| [limit.as_secs() as usize, limit.subsec_nanos() as usize]);
    // SAFETY: the kernel reads the number, and the time, if it is given.
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
    // SAFETY: the kernel only takes the number's address.
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

/// A lock for data that threads share. If the lock is free, taking it costs no system call. If a thread has to wait, this costs
/// two system calls.
#[derive(Debug, Default)]
pub struct Mutex<T> {
    state: AtomicU32,
    value: UnsafeCell<T>,
}

const FREE: u32 = 0;
const LOCKED: u32 = 1;
/// Locked, and somebody may be waiting.
const WAITED_FOR: u32 = 2;

// SAFETY: only the holder of the lock reaches the value.
unsafe impl<T: Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// Makes an unlocked mutex.
    pub const fn new(value: T) -> Self {
        Self {
            state: AtomicU32::new(FREE),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits until the lock is free, and takes it. If the calling thread already holds the lock, the thread waits for ever.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let mut taken = self
            .state
            .compare_exchange(FREE, LOCKED, Acquire, Relaxed)
            .is_ok();
        while !taken {
            taken = self.state.swap(WAITED_FOR, Acquire) == FREE;
            if !taken {
                // Whatever it says, the state is looked at again.
                let _ = wait(&self.state, WAITED_FOR, None);
            }
        }
        MutexGuard {
            mutex: self,
            value: PhantomData,
        }
    }
}

/// A guard that gives access to the value of a locked [`Mutex`]. Dropping the guard unlocks the mutex.
///
/// A guard is `Sync` only if the value is `Sync`:
///
/// ```compile_fail,E0277
/// use core::cell::Cell;
/// use nestling::sys::futex::Mutex;
///
/// fn share<T: Sync>(_: T) {}
/// share(Mutex::new(Cell::new(0)).lock());
/// ```
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// A reference to the mutex alone could be shared whatever the value is.
    value: PhantomData<&'a mut T>,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this holds the lock.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this holds the lock.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if self.mutex.state.swap(FREE, Release) == WAITED_FOR {
            let _ = wake(&self.mutex.state, 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn what_a_mutex_guards_is_reached_by_one_thread_at_a_time() {
        static COUNT: Mutex<u64> = Mutex::new(0);
        // Miri takes a thousand times as long.
        const ROUNDS: u64 = if cfg!(miri) { 100 } else { 50_000 };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        let mut count = COUNT.lock();
                        *count = core::hint::black_box(*count) + 1;
                    }
                });
            }
        });
        assert_eq!(*COUNT.lock(), 4 * ROUNDS);
    }
}
