//! Locks for data that threads share, without libc (`futex(2)`).

use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sys::futex::{wait, wake};
use crate::sys::process;

/// A lock for data that threads share. If the lock is free, taking it costs no system call. If a thread has to wait, this costs
/// two system calls.
///
/// ```
/// use nestling::mutex::Mutex;
///
/// static NAMES: Mutex<Vec<&str>> = Mutex::new(Vec::new());
/// std::thread::scope(|scope| {
///     scope.spawn(|| NAMES.lock().push("a"));
///     scope.spawn(|| NAMES.lock().push("b"));
/// });
/// assert_eq!(NAMES.lock().len(), 2);
/// ```
#[derive(Debug, Default)]
pub struct Mutex<T> {
    state: AtomicU32,
    value: UnsafeCell<T>,
}

const FREE: u32 = 0;
const LOCKED: u32 = 1;
/// The mutex is locked, and a thread may be waiting for it.
const WAITED_FOR: u32 = 2;

// SAFETY: only the owner of the guard accesses the value. A thread can lock the mutex after another one, and a guard can move to
// another thread, so `T` must be `Send`.
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
                // The result does not matter: the loop checks the state again.
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
/// use nestling::mutex::Mutex;
///
/// fn share<T: Sync>(_: T) {}
/// share(Mutex::new(Cell::new(0)).lock());
/// ```
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    mutex: &'a Mutex<T>,
    /// Makes the guard `Sync` only if the value is `Sync`. The reference `mutex` alone would make the guard always `Sync`.
    value: PhantomData<&'a mut T>,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this guard holds the lock.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard holds the lock.
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

/// A lock for data that describe the current process. If one thread forks while another thread holds the lock, the child finds the
/// lock free and the value reset to its default. The reset is right, because the value describes threads of the parent, and the
/// child does not have these threads. (The lock does not distinguish two processes with the same id in different pid namespaces.)
///
/// Each use costs one system call more than a use of a [`Mutex`].
pub(crate) struct ProcessMutex<T> {
    /// The id of the process that holds the lock, or [`FREE`]. The bit [`CONTENDED`] is set if a thread may be waiting.
    holder: AtomicU32,
    /// The id of the process that the value describes.
    owner: AtomicU32,
    value: UnsafeCell<MaybeUninit<T>>,
}

const CONTENDED: u32 = 1 << 31;

// SAFETY: only the thread that holds the lock accesses the value.
unsafe impl<T: Send> Sync for ProcessMutex<T> {}

impl<T: Default> ProcessMutex<T> {
    /// Makes an unlocked mutex that contains the default value.
    pub const fn new() -> Self {
        Self {
            holder: AtomicU32::new(FREE),
            owner: AtomicU32::new(0),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// Waits until the lock is free, takes it, and calls `function` with the value. `function` must not use the same lock.
    pub fn with<R>(&self, function: impl FnOnce(&mut T) -> R) -> R {
        let own = process::getpid().as_raw() as u32;
        self.lock(own);
        let value = self.value.get();
        // SAFETY: this thread holds the lock. The value was initialised by this process if `owner` is this process. The value of
        // another process is overwritten, and is not read, because it may be half written.
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
            // A lock that another process holds is free in this process.
            expected = holder;
            if holder & !CONTENDED == own {
                expected = FREE;
                // A thread that is woken does not know whether other threads wait, so it also sets the bit.
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
        // No process has this id. It also differs from the id that `getpid` returns when it fails, as it does in Miri.
        const PARENT: u32 = i32::MAX as u32 - 1;
        VALUE.with(|value| *value = 7);
        for contended in [0, CONTENDED] {
            // This is the state after a fork if another thread of the parent held the lock.
            VALUE.holder.store(PARENT | contended, Relaxed);
            VALUE.owner.store(PARENT, Relaxed);
            assert_eq!(VALUE.with(|value| core::mem::replace(value, 7)), 0);
            assert_eq!(VALUE.with(|value| *value), 7);
        }
    }

    #[test]
    fn what_a_mutex_guards_is_reached_by_one_thread_at_a_time() {
        static COUNT: Mutex<u64> = Mutex::new(0);
        // In Miri, a round takes a thousand times as long.
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
