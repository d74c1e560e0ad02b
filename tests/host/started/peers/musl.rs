//! The allocator and the panic handler, which a program without the standard library must define. The standard library's build for
//! musl is not available on every machine; `musl-gcc` is.

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

struct Heap;

// SAFETY: this is the C library's heap; no type here needs a greater alignment than `malloc` gives.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        assert!(layout.align() <= align_of::<libc::max_align_t>());
        // SAFETY: `malloc` accepts any size.
        unsafe { libc::malloc(layout.size()).cast() }
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: `malloc` returned this block.
        unsafe { libc::free(block.cast()) };
    }
}

#[global_allocator]
static HEAP: Heap = Heap;

#[panic_handler]
fn panic(why: &PanicInfo<'_>) -> ! {
    crate::stage::print(&alloc::format!("{why}\n"));
    // SAFETY: `abort` takes no argument.
    unsafe { libc::abort() }
}

/// The prebuilt `core` and `alloc` refer to these two symbols for unwinding, which this program never does.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    // SAFETY: `abort` takes no argument.
    unsafe { libc::abort() }
}
