//! The heap of a program without libc (features `rt` and `alloc`). [`entry!`](crate::entry!) installs [`Heap`] as the program's
//! global allocator.
//!
//! - **Small and medium** requests get memory from segments of 1 MiB, which the crate `talc` manages. The heap maps a new
//!   segment when the others are full, and returns a segment to the kernel when it is empty. But it never returns the first
//!   segment: so if a program repeatedly allocates and frees a little memory, it makes no system calls. In the first segment,
//!   the heap itself keeps freed blocks of up to 128 bytes, and reuses them for requests of the same size. Such a request takes
//!   a quarter of the time of a request to talc.
//! - **Large** requests (128 KiB and more) each get a mapping of their own. The heap resizes such a mapping with `mremap`,
//!   without copying its contents. When it is freed, the heap returns it to the kernel, but keeps up to four such mappings, of
//!   1 MiB in total, and reuses them, because the same work takes several times as long in new memory.
//!
//! If a program allocates nothing, its heap makes no system calls. A segment only reserves addresses: each of its pages takes
//! memory only after the program has written to this page.
//!
//! # When memory runs out
//!
//! If the kernel refuses a request for memory (`RLIMIT_AS`, strict overcommit), the allocator returns null. Then `try_reserve`
//! and similar functions return an error, and the other functions of `alloc` panic. Later requests still succeed if they fit
//! into the memory that the heap already has.
//!
//! # Threads, signals, children
//!
//! Any number of threads may share the heap. Each request takes a lock. If the lock is free, this costs two atomic instructions;
//! otherwise, the thread sleeps (`futex`) until the lock is free. A signal handler must not allocate: if the handler interrupted
//! the thread that holds the lock, it would wait for ever. A child made by `fork` has a copy of the heap and of the lock. If
//! *another* thread held the lock at the moment of the fork, the child must not allocate. A child of [`spawn`](crate::spawn) shares
//! the parent's memory and never allocates.
//!
//! # Why talc
//!
//! This table compares allocator crates in programs without libc (x86_64, `opt-level = "s"`). Each crate gets its memory
//! through the same mappings, and does the work of a small shell.
//!
//! There are four measurements of time. *loop*: parse a command into a tree, expand it into lists of words, set one of 500
//! variables, and free everything else. *trees*: make larger trees, and free each of them as a whole. *variables*: set 100,000
//! variables four times, in a hash table with chains. *documents*: append lines to here-documents (`<<`) until each has 1 MiB. The
//! times are medians of 21 interleaved runs, relative to talc's time. The runs differed by at most a third. The columns
//! *x86_64* and *i386* are sizes in bytes: what the allocator adds to the file of a program that uses `Box`, `Vec` and
//! `String`. (The crate `alloc` itself adds another 3.5 KiB.) *peak* is the resident memory with the 100,000 variables; *kept*
//! is the resident memory after the program has freed them.
//!
//! | crate                        | x86_64 |  i386 | loop | trees | variables | documents |  peak |   kept |
//! |------------------------------|-------:|------:|-----:|------:|----------:|----------:|------:|-------:|
//! | `talc` 5.1                   |  4,392 | 4,344 | 1.00 |  1.00 |      1.00 |      1.00 | 24 MB |   1 MB |
//! | `rlsf` 0.2                   |  3,384 | 3,328 | 0.97 |  0.91 |      1.12 |      0.96 | 28 MB |  25 MB |
//! | `dlmalloc` 0.2               |  7,984 | 7,224 | 0.89 |  0.75 |      1.01 |      0.82 | 23 MB | 0.1 MB |
//! | `good_memory_allocator` 0.1  |  5,584 | 5,388 | 1.38 |  0.99 |      1.14 |      1.17 | 41 MB |  38 MB |
//! | `buddy_system_allocator` 0.13 |  3,776 | 3,656 | 1.72 |  1.09 |     > 600 |      0.82 |       |        |
//! | `linked_list_allocator` 0.10 |  4,824 | 4,612 | 4.77 |  0.74 |     > 600 |      1.29 |       |        |
//!
//! - `dlmalloc` is the fastest crate overall, but also the largest. `dlmalloc` depends on the crate `libc`, even if another
//!   source of memory is configured. With the crate `libc`, the linker looks for a C library.
//! - `rlsf` also depends on the crate `libc`, but a program that uses `rlsf` can be linked without a C library. `rlsf` never
//!   returns a segment to the kernel.
//! - `good_memory_allocator` uses only the memory that the program gives to it at the start: 256 MiB of addresses for this
//!   table.
//! - `buddy_system_allocator` and `linked_list_allocator` search a list each time the program frees a block.
//!
//! talc can get and return whole segments, and can resize blocks in place. talc needs only stable Rust, and depends on two
//! crates that only define traits (`allocator-api2`, `lock_api`). Its licence is MIT. Versions before 5.0.4 were unsound on
//! 32-bit architectures if a chunk was larger than 16 MiB.

use core::alloc::{GlobalAlloc, Layout};
use core::mem;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, Ordering};

use talc::base::Talc;
use talc::base::binning::{Binning, DefaultBinning};
use talc::source::Source;

use crate::errno::Errno;
use crate::mutex::Mutex;
use crate::sys::memory;

static HAS_FAILED: AtomicBool = AtomicBool::new(false);

/// Returns whether an allocation by a [`Heap`] has failed because the kernel had no memory. With it, a panic handler
/// distinguishes a lack of memory from an error in the program. Costs no system call.
#[must_use]
pub fn has_failed() -> bool {
    HAS_FAILED.load(Ordering::Relaxed)
}

/// The heap that [`entry!`](crate::entry!) installs as the program's global allocator. Programs use it through [`GlobalAlloc`].
///
/// ```
/// use std::alloc::{GlobalAlloc, Layout};
///
/// static HEAP: nestling::heap::Heap = nestling::heap::Heap::new();
///
/// let layout = Layout::array::<u8>(100).unwrap();
/// unsafe {
///     let bytes = HEAP.alloc(layout);
///     assert!(!bytes.is_null());
///     HEAP.dealloc(bytes, layout);
/// }
/// ```
#[derive(Debug)]
pub struct Heap {
    blocks: Mutex<Blocks>,
}

impl Heap {
    /// Makes an empty heap. Costs no system call.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            blocks: Mutex::new(Blocks {
                talc: Talc::new(Segments { first: 0 }),
                kept: [ptr::null_mut(); CLASSES],
                spares: Spares([(ptr::null_mut(), 0); 4]),
            }),
        }
    }
}

impl Heap {
    /// Allocates a large block, or a block for which the segments have no room. If the kernel refuses memory, frees the spare
    /// mappings one by one and tries again.
    ///
    /// # Safety
    /// The size is not 0.
    #[inline(never)]
    unsafe fn alloc_from_kernel(&self, layout: Layout) -> *mut u8 {
        let size = layout.size();
        if is_large(layout)
            && let Some((spare, length)) = self.take_spare(size)
        {
            // SAFETY: a spare mapping was freed, so nothing refers to it.
            match unsafe { resize(spare, length, size) } {
                Ok(given) => return given.as_ptr(),
                // SAFETY: the spare mapping was freed, so nothing refers to it.
                Err(_) => drop(unsafe { memory::munmap(spare, length) }),
            }
        }
        loop {
            let given = match is_large(layout) {
                true => or_null(memory::mmap(size)),
                // SAFETY: the caller upholds the safety contract.
                false => unsafe { self.blocks.lock().give(layout) },
            };
            if !given.is_null() {
                return given;
            }
            // A spare mapping may use the memory that is missing.
            let Some((spare, length)) = self.take_spare(size) else {
                HAS_FAILED.store(true, Ordering::Relaxed);
                return given;
            };
            // SAFETY: a spare mapping was freed, so nothing refers to it.
            let _ = unsafe { memory::munmap(spare, length) };
        }
    }

    fn take_spare(&self, length: usize) -> Option<(NonNull<u8>, usize)> {
        self.blocks.lock().spares.take(length)
    }
}

impl Default for Heap {
    fn default() -> Self {
        Self::new()
    }
}

/// The minimum size of a large block. A large block has a mapping of its own.
const LARGE: usize = 128 * 1024;

/// The size of a segment.
const SEGMENT: usize = 1024 * 1024;

/// The smallest page size. The start of each mapping is a multiple of this size.
const PAGE: usize = 4096;

/// Returns whether a block with this layout has a mapping of its own. The result is the same when the block is allocated and when
/// it is freed.
fn is_large(layout: Layout) -> bool {
    layout.size() >= LARGE && layout.align() <= PAGE
}

// SAFETY: talc returns only free blocks, and is used only under the lock. `mmap` returns only unused memory. None of the methods
// panics.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !is_large(layout) {
            // SAFETY: the caller promises that the size is not 0.
            let given = unsafe { self.blocks.lock().give(layout) };
            if !given.is_null() {
                return given;
            }
        }
        // SAFETY: the caller promises that the size is not 0.
        unsafe { self.alloc_from_kernel(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // A new mapping contains zeros.
        if is_large(layout)
            && let Ok(mapping) = memory::mmap(layout.size())
        {
            return mapping.as_ptr();
        }
        // SAFETY: the caller promises that the size is not 0. The new block is writable.
        unsafe {
            let given = self.alloc(layout);
            if !given.is_null() {
                given.write_bytes(0, layout.size());
            }
            given
        }
    }

    unsafe fn dealloc(&self, given: *mut u8, layout: Layout) {
        // SAFETY: the caller promises that this heap allocated the block with this layout.
        unsafe {
            if !is_large(layout) {
                self.blocks.lock().take(given, layout);
            } else if !self.blocks.lock().spares.keep(given, layout.size()) {
                // `munmap` fails only if it would split a mapping in two and the process would then have too many mappings. Then
                // the memory stays mapped.
                let _ = memory::munmap(NonNull::new_unchecked(given), layout.size());
            }
        }
    }

    unsafe fn realloc(&self, given: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that this heap allocated the block with this layout, and that the new size makes a valid
        // layout.
        unsafe {
            let new_layout = Layout::from_size_align_unchecked(size, layout.align());
            match (is_large(layout), is_large(new_layout)) {
                (true, true) => {
                    let mapping = NonNull::new_unchecked(given);
                    let resized = resize(mapping, layout.size(), size);
                    HAS_FAILED.fetch_or(resized.is_err(), Ordering::Relaxed);
                    return or_null(resized);
                }
                (false, false) if self.blocks.lock().resize(given, layout, new_layout) => {
                    return given;
                }
                _ => {}
            }
            let new = self.alloc(new_layout);
            if !new.is_null() {
                ptr::copy_nonoverlapping(given, new, size.min(layout.size()));
                self.dealloc(given, layout);
            }
            new
        }
    }
}

/// Does the same as [`memory::mremap`], but makes no system call if the number of pages does not change.
///
/// # Safety
/// The same as for `mremap`.
unsafe fn resize(
    mapping: NonNull<u8>,
    length: usize,
    new_length: usize,
) -> Result<NonNull<u8>, Errno> {
    if length.div_ceil(PAGE) == new_length.div_ceil(PAGE) {
        return Ok(mapping);
    }
    // SAFETY: the caller upholds the safety contract.
    unsafe { memory::mremap(mapping, length, new_length) }
}

fn or_null(answer: Result<NonNull<u8>, Errno>) -> *mut u8 {
    answer.map_or(ptr::null_mut(), NonNull::as_ptr)
}

/// The number of sizes of small blocks. The sizes are multiples of `STEP`.
const CLASSES: usize = 8;
const STEP: usize = 16;
/// Returns the class (the index of the size) of a small block; `None` if the block is not small.
fn class(layout: Layout) -> Option<usize> {
    let class = layout.size().wrapping_sub(1) / STEP;
    (class < CLASSES && layout.align() <= STEP).then_some(class)
}

/// Returns the layout with which talc allocates the small blocks of a class.
fn layout_of(class: usize) -> Layout {
    // SAFETY: the alignment is a power of two, and the size is small.
    unsafe { Layout::from_size_align_unchecked((class + 1) * STEP, STEP) }
}

/// The blocks that are not large, and the freed blocks that are kept for later requests.
#[derive(Debug)]
struct Blocks {
    talc: Talc<Segments, DefaultBinning>,
    /// For each class, a list of freed blocks: the last freed block contains the address of the one that was freed before it. All
    /// these blocks are in the first segment, so they do not prevent the return of a segment to the kernel.
    kept: [*mut u8; CLASSES],
    spares: Spares,
}

/// The maximum size of all spare mappings together, in bytes.
const SPARE: usize = 1024 * 1024;

/// The spare mappings: large blocks that were freed and are kept for later requests. Each entry has an address and a length; an
/// entry without a mapping has the length 0.
#[derive(Debug)]
struct Spares([(*mut u8, usize); 4]);

impl Spares {
    /// Keeps a freed mapping for later requests. Returns false if there is no room for it.
    fn keep(&mut self, mapping: *mut u8, length: usize) -> bool {
        let kept: usize = self.0.iter().map(|spare| spare.1).sum();
        match self.0.iter_mut().find(|spare| spare.1 == 0) {
            Some(free) if length <= SPARE - kept => {
                *free = (mapping, length);
                true
            }
            _ => false,
        }
    }

    /// Takes the spare mapping whose length is nearest to `length`.
    fn take(&mut self, length: usize) -> Option<(NonNull<u8>, usize)> {
        let spares = self.0.iter_mut().filter(|spare| spare.1 != 0);
        let nearest = spares.min_by_key(|spare| spare.1.abs_diff(length))?;
        let (mapping, length) = mem::replace(nearest, (ptr::null_mut(), 0));
        Some((NonNull::new(mapping)?, length))
    }
}

// SAFETY: the addresses belong to free blocks, which only this struct refers to.
unsafe impl Send for Blocks {}

impl Blocks {
    /// # Safety
    /// The size is not 0.
    unsafe fn give(&mut self, mut layout: Layout) -> *mut u8 {
        if let Some(class) = class(layout) {
            if let Some(kept) = self.kept.get_mut(class)
                && !kept.is_null()
            {
                // SAFETY: the block is free, and `take` has stored an address in it.
                let before = unsafe { kept.cast::<*mut u8>().read() };
                return mem::replace(kept, before);
            }
            layout = layout_of(class);
        }
        // SAFETY: the size is not 0.
        let given = unsafe { self.talc.allocate(layout) };
        given.map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    /// # Safety
    /// This heap allocated the block with this layout. The caller does not use the block after this call.
    unsafe fn take(&mut self, given: *mut u8, mut layout: Layout) {
        if let Some(class) = class(layout) {
            let in_first = given.addr().wrapping_sub(self.talc.source.first) < SEGMENT;
            if in_first && let Some(kept) = self.kept.get_mut(class) {
                let before = mem::replace(kept, given);
                // SAFETY: the block is free now. It has at least `STEP` bytes, which is enough for an address.
                return unsafe { given.cast::<*mut u8>().write(before) };
            }
            layout = layout_of(class);
        }
        // SAFETY: talc allocated the block with this layout.
        unsafe { self.talc.deallocate(given, layout) }
    }

    /// Resizes the block in place, and returns whether this was possible.
    ///
    /// # Safety
    /// This heap allocated the block with this layout. Neither layout is large (`is_large`), and they have the same alignment.
    unsafe fn resize(&mut self, given: *mut u8, layout: Layout, new: Layout) -> bool {
        match (class(layout), class(new)) {
            (None, None) => {
                // talc adds the size to the address. On a 32-bit architecture, the sum could overflow.
                given.addr().checked_add(new.size() + 2 * PAGE).is_some()
                    // SAFETY: talc allocated the block with this layout.
                    && unsafe { self.talc.try_realloc_in_place(given, layout, new.size()) }
            }
            // A small block always has the size of its class.
            (old, new) => old == new,
        }
    }
}

/// The source of talc's memory. A segment is a whole mapping, so this struct need not store the segments.
#[derive(Debug)]
struct Segments {
    /// The address of the first segment; 0 if no segment exists yet.
    first: usize,
}

// SAFETY: the methods use no other heap than the `Talc` in their arguments.
unsafe impl Source for Segments {
    const TRACK_HEAP_END: bool = true;

    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        // The additional page has room for talc's own data.
        let least = (layout.size() + layout.align() + PAGE).next_multiple_of(PAGE);
        let length = least.max(SEGMENT);
        let (segment, length) = match memory::mmap(length) {
            Ok(segment) => (segment, length),
            // Near the limit on memory, a smaller segment may still be possible.
            Err(_) => (memory::mmap(least).map_err(drop)?, least),
        };
        if talc.source.first == 0 {
            talc.source.first = segment.addr().get();
        }
        // SAFETY: the segment is new, and only talc uses it until talc calls `resize`.
        unsafe { talc.claim(segment.as_ptr(), length) }
            .map(drop)
            .ok_or(())
    }

    /// talc calls this when the last part of a segment is free. Returns a segment that is completely free to the kernel.
    unsafe fn resize(&mut self, free: *mut u8, end: *mut u8, is_all: bool) -> *mut u8 {
        // If the whole segment is free, the free part begins in the segment's first page.
        let segment = free.map_addr(|address| address & !(PAGE - 1));
        let length = end.addr() - segment.addr();
        // SAFETY: a segment's address is not null. A segment that is completely free is not in use.
        let gone =
            is_all && unsafe { memory::munmap(NonNull::new_unchecked(segment), length).is_ok() };
        if gone { free } else { end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::vec::Vec;

    /// Four threads allocate blocks of many sizes from one heap. Each block contains the mark of its thread.
    #[test]
    fn threads_share_a_heap() {
        static HEAP: Heap = Heap::new();
        // In Miri, a round takes a thousand times as long.
        const ROUNDS: usize = if cfg!(miri) { 400 } else { 50_000 };
        let churn = |mark: u8| {
            let mut random = 0x9E37_79B9_7F4A_7C15 ^ u64::from(mark);
            let mut blocks: Vec<(*mut u8, Layout)> = Vec::new();
            for _ in 0..ROUNDS {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let (size, index) = (1 + (random >> 20) as usize % 4000, random as usize % 50);
                // One of 256 blocks is up to 70 times larger.
                let size = if random & 0xFF == 0 { 70 * size } else { size };
                let layout = Layout::from_size_align(size, 1 << (index % 8)).unwrap();
                // SAFETY: no size is 0. A block is freed with the layout of its allocation, and only its first and last byte are
                // read.
                unsafe {
                    if let Some((given, layout)) = blocks.get(index).copied() {
                        assert_eq!((*given, *given.add(layout.size() - 1)), (mark, mark));
                        HEAP.dealloc(given, layout);
                        blocks.swap_remove(index);
                    } else {
                        let given = HEAP.alloc(layout);
                        assert!(!given.is_null() && given.addr().is_multiple_of(layout.align()));
                        given.write_bytes(mark, layout.size());
                        blocks.push((given, layout));
                    }
                }
            }
        };
        thread::scope(|scope| {
            for mark in 1..=4 {
                scope.spawn(move || churn(mark));
            }
        });
    }
}
