//! What the standard library brings elsewhere. Its own build for musl can't be had everywhere; `musl-gcc` can.

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

struct Heap;

// SAFETY: the C library's heap; nothing here wants more than its alignment.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        assert!(layout.align() <= align_of::<libc::max_align_t>());
        // SAFETY: any size will do.
        unsafe { libc::malloc(layout.size()).cast() }
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: `malloc` gave it.
        unsafe { libc::free(block.cast()) };
    }
}

#[global_allocator]
static HEAP: Heap = Heap;

#[panic_handler]
fn panic(why: &PanicInfo<'_>) -> ! {
    crate::stage::print(&alloc::format!("{why}\n"));
    // SAFETY: it takes nothing.
    unsafe { libc::abort() }
}

/// The prebuilt `core` and `alloc` name these two, for unwinding, which nothing does here.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    // SAFETY: it takes nothing.
    unsafe { libc::abort() }
}
