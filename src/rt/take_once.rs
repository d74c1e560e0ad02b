//! Large static values that the program takes once.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

/// Declares a static [`TakeOnce`] of zeros. The linker places it in a section of its own, so that the program's small variables
/// lie together on few pages.
#[macro_export]
macro_rules! take_once {
    ($visibility:vis static $name:ident: $type:ty = $value:expr) => {
        #[allow(unsafe_code)]
        // SAFETY: the value is all zeros, as a `.bss` section requires. For any other value, the compiler reports an error.
        #[unsafe(link_section = ".bss.large")]
        $visibility static $name: $crate::rt::TakeOnce<$type> = $crate::rt::TakeOnce::new($value);
    };
}

/// A static value that [`take`](Self::take) returns once, as a mutable reference. It is meant for a large table in a program
/// without a heap. The value takes no space in the program's file, and takes memory only after the program has written to it.
/// [`take_once!`](crate::take_once!) declares a `TakeOnce`.
///
/// ```
/// nestling::take_once!(static TABLE: [u32; 1000] = [0; 1000]);
/// let table: &'static mut [u32; 1000] = TABLE.take().unwrap();
/// table[7] = 1;
/// assert!(TABLE.take().is_none());
/// ```
// `repr(C)` puts the flag on the page where the value begins.
#[repr(C)]
pub struct TakeOnce<T> {
    is_taken: AtomicBool,
    value: UnsafeCell<T>,
}

impl<T> TakeOnce<T> {
    /// Makes a `TakeOnce` that holds this value. The value must be all zeros in memory.
    pub const fn new(value: T) -> Self {
        Self {
            is_taken: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Returns the value on the first call, and `None` on every later call.
    #[allow(
        clippy::mut_from_ref,
        reason = "it is given out once, which the flag proves"
    )]
    pub fn take(&'static self) -> Option<&'static mut T> {
        if self.is_taken.swap(true, Ordering::AcqRel) {
            return None;
        }
        // SAFETY: only the first call reaches this line, and no other code makes a reference to the value.
        Some(unsafe { &mut *self.value.get() })
    }
}

// SAFETY: a shared reference returns the value to only one caller. This caller may be another thread, so `T` must be `Send`.
unsafe impl<T: Send> Sync for TakeOnce<T> {}
