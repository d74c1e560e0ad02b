//! Waiting until a value in memory changes (`futex(2)`), and a lock that uses this.

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
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

/// `futex_waitv`: returns whether the kernel has this call, as every Linux since 5.16, and no filter forbids it.
pub(crate) fn has_waitv() -> bool {
    // SAFETY: the kernel refuses to wait for no futexes.
    let answer = unsafe { syscall4(linux::__NR_futex_waitv as usize, 0, 0, 0, 0) };
    result(answer) == Err(Errno::EINVAL)
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

/// A lock for data that describe the process. If another thread forks meanwhile, the child finds the lock free and the data as at
/// the start, since the threads that they are about are not in the child. (Two processes of the same number in different pid
/// namespaces are taken for one.)
///
/// Each use costs one system call more than that of a [`Mutex`].
pub(crate) struct ProcessMutex<T> {
    /// The process that has locked it, with [`CONTENDED`] if somebody may be waiting.
    holder: AtomicU32,
    /// The process that the value describes.
    owner: AtomicU32,
    value: UnsafeCell<MaybeUninit<T>>,
}

const CONTENDED: u32 = 1 << 31;

// SAFETY: only the holder of the lock reaches the value.
unsafe impl<T: Send> Sync for ProcessMutex<T> {}

impl<T: Default> ProcessMutex<T> {
    /// Makes an unlocked one, with the default for its value.
    pub const fn new() -> Self {
        Self {
            holder: AtomicU32::new(FREE),
            owner: AtomicU32::new(0),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// Waits until the lock is free, and gives the value to `function`, which must not use the same lock.
    pub fn with<R>(&self, function: impl FnOnce(&mut T) -> R) -> R {
        let own = super::process::getpid().as_raw() as u32;
        self.lock(own);
        let value = self.value.get();
        // SAFETY: this holds the lock. A value that another process has left is not looked at: it may be half written.
        let value = unsafe {
            if self.owner.load(Relaxed) == own {
                (*value).assume_init_mut()
            } else {
                (*value).write(T::default())
            }
        };
        self.owner.store(own, Relaxed);
        let answer = function(value);
        if self.holder.swap(FREE, Release) & CONTENDED != 0 {
            let _ = wake(&self.holder, 1);
        }
        answer
    }

    fn lock(&self, own: u32) {
        let (mut expected, mut wanted) = (FREE, own);
        while let Err(holder) = self
            .holder
            .compare_exchange(expected, wanted, Acquire, Relaxed)
        {
            // What another process holds is free here.
            expected = holder;
            if holder & !CONTENDED == own {
                expected = FREE;
                // Whoever is woken does not know whether others wait.
                wanted = own | CONTENDED;
                let noted = self
                    .holder
                    .compare_exchange(holder, wanted, Relaxed, Relaxed);
                if noted.is_ok() {
                    let _ = wait(&self.holder, wanted, None);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn a_process_mutex_is_had_by_one_thread_at_a_time() {
        static COUNT: ProcessMutex<u64> = ProcessMutex::new();
        const ROUNDS: u64 = if cfg!(miri) { 20 } else { 5_000 };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        COUNT.with(|count| *count = core::hint::black_box(*count) + 1);
                    }
                });
            }
        });
        assert_eq!(COUNT.with(|count| *count), 4 * ROUNDS);
    }

    #[test]
    fn a_fork_finds_a_process_mutex_free_and_as_at_the_start() {
        static VALUE: ProcessMutex<u64> = ProcessMutex::new();
        // No process has this id, nor the one that `getpid` returns where it fails, as in Miri.
        const PARENT: u32 = i32::MAX as u32 - 1;
        VALUE.with(|value| *value = 7);
        for contended in [0, CONTENDED] {
            // As another thread of the parent may hold it at the moment of a fork.
            VALUE.holder.store(PARENT | contended, Relaxed);
            VALUE.owner.store(PARENT, Relaxed);
            assert_eq!(VALUE.with(|value| core::mem::replace(value, 7)), 0);
            assert_eq!(VALUE.with(|value| *value), 7);
        }
    }

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
