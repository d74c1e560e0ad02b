//! A pointer of which each thread has its own value, through a key of the libc.

use core::ffi::{c_uint, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::libc;

type Destructor = unsafe extern "C" fn(*mut c_void);

/// A pointer for each thread. It is null in a thread that has not set it.
pub struct ThreadPointer {
    /// The key plus 1, or 0 while there is no key.
    key: AtomicU32,
    /// When a thread ends, the libc calls this function with the thread's pointer, unless the pointer is null.
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
        // SAFETY: the libc has made the key, and it is never deleted.
        self.key()
            .map_or(null_mut(), |key| unsafe { libc::pthread_getspecific(key) })
    }

    /// Sets this thread's pointer. Returns false if there is too little memory, or no key is left.
    ///
    /// # Safety
    /// The destructor accepts the pointer at the thread's end.
    pub unsafe fn set(&self, pointer: *mut c_void) -> bool {
        // SAFETY: the libc has made the key, and the caller upholds the safety contract.
        self.key()
            .or_else(|| self.make_key())
            .is_some_and(|key| unsafe { libc::pthread_setspecific(key, pointer) } == 0)
    }

    fn key(&self) -> Option<c_uint> {
        self.key.load(Ordering::Acquire).checked_sub(1)
    }

    fn make_key(&self) -> Option<c_uint> {
        let mut key = 0;
        // SAFETY: the call writes the key. The callers of `set` uphold the contract of the destructor.
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
                // Another thread has stored its key first. SAFETY: no other code has this key.
                unsafe { libc::pthread_key_delete(key) };
                other.checked_sub(1)
            }
        }
    }
}
