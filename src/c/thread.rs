//! A pointer that each thread has for itself, by a key of the libc's.

use core::ffi::{c_uint, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::libc;

type Destructor = unsafe extern "C" fn(*mut c_void);

/// The pointer is null in a thread that has not set it.
pub struct ThreadPointer {
    /// The key, and 1 more than it; 0 as long as there is none.
    key: AtomicU32,
    /// The libc calls this with the pointer when a thread ends, unless the pointer is null.
    destructor: Destructor,
}

impl ThreadPointer {
    pub const fn new(destructor: Destructor) -> Self {
        Self {
            key: AtomicU32::new(0),
            destructor,
        }
    }

    pub fn get(&self) -> *mut c_void {
        // SAFETY: the key is one of the libc's, which is never deleted.
        self.key()
            .map_or(null_mut(), |key| unsafe { libc::pthread_getspecific(key) })
    }

    /// Whether there was memory and a key for it.
    ///
    /// # Safety
    /// The destructor accepts the pointer at the end of the thread.
    pub unsafe fn set(&self, pointer: *mut c_void) -> bool {
        // SAFETY: as above, and the caller's promise.
        self.key()
            .or_else(|| self.make_key())
            .is_some_and(|key| unsafe { libc::pthread_setspecific(key, pointer) } == 0)
    }

    fn key(&self) -> Option<c_uint> {
        self.key.load(Ordering::Acquire).checked_sub(1)
    }

    fn make_key(&self) -> Option<c_uint> {
        let mut key = 0;
        // SAFETY: it writes the key. The destructor gets what `set`'s callers promise.
        if unsafe { libc::pthread_key_create(&mut key, Some(self.destructor)) } != 0 {
            return None;
        }
        let (former, new) = (0, key + 1);
        match self
            .key
            .compare_exchange(former, new, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => Some(key),
            Err(other) => {
                // Another thread was first.
                // SAFETY: nobody else has this one.
                unsafe { libc::pthread_key_delete(key) };
                other.checked_sub(1)
            }
        }
    }
}
