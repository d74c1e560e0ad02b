//! The heap of a program without libc (feature `alloc`).

use core::alloc::{GlobalAlloc, Layout};

/// The allocator that [`entry!`](crate::entry!) makes the program's.
pub struct Heap;

// SAFETY: it never allocates.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
