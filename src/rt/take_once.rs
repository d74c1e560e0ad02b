//! Memory that a program has from its start.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

/// Declares a static [`TakeOnce`] of zeros, apart from the program's small variables, which so share a page.
#[macro_export]
macro_rules! take_once {
    ($visibility:vis static $name:ident: $type:ty = $value:expr) => {
        #[allow(unsafe_code)]
        // SAFETY: it is zeros, as everything in such a section: the linker refuses any other value.
        #[unsafe(link_section = ".bss.large")]
        $visibility static $name: $crate::rt::TakeOnce<$type> = $crate::rt::TakeOnce::new($value);
    };
}

/// A static value that is given out once, to be changed: a large table of a program without a heap. It takes no bytes of the file,
/// and no memory before it is used. [`take_once!`](crate::take_once!) makes one.
///
/// ```
/// nestling::take_once!(static TABLE: [u32; 1000] = [0; 1000]);
/// let table: &'static mut [u32; 1000] = TABLE.take().unwrap();
/// table[7] = 1;
/// assert!(TABLE.take().is_none());
/// ```
pub struct TakeOnce<T> {
    is_taken: AtomicBool,
    value: UnsafeCell<T>,
}

impl<T> TakeOnce<T> {
    /// One that holds this value, which must be all zeros in memory.
    pub const fn new(value: T) -> Self {
        Self {
            is_taken: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// The value, the first time; then `None`.
    #[allow(
        clippy::mut_from_ref,
        reason = "it is given out once, which the flag proves"
    )]
    pub fn take(&'static self) -> Option<&'static mut T> {
        if self.is_taken.swap(true, Ordering::AcqRel) {
            return None;
        }
        // SAFETY: only the first call comes here, and nothing else makes a reference to the value.
        Some(unsafe { &mut *self.value.get() })
    }
}

// SAFETY: a shared reference gives the value to one caller, which may be another thread.
unsafe impl<T: Send> Sync for TakeOnce<T> {}
