//! Tests of the heap: allocating, freeing, and the failure when no memory is left.

use alloc::alloc::{alloc, alloc_zeroed, dealloc, realloc};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::ffi::c_void;
use core::hint::black_box;
use core::ptr::{null_mut, slice_from_raw_parts};

use linux_raw_sys::auxvec::AT_PAGESZ;
use linux_raw_sys::general as linux;
use nestling::arch::nr;
use nestling::{Resource, Rlimit, sys, wait};
use nestling_tests::{emulated, forbid, fork, join, read_file, rounds, skip, this_process};

nestling_tests::suite! {
    once {
        boxes_vectors_and_strings_hold_what_was_put_in_them,
        every_alignment_is_kept,
        a_large_allocation_is_usable_to_its_last_byte,
        zeroed_memory_is_zero_even_if_it_was_used_before,
        growing_and_shrinking_keep_the_contents,
        no_two_allocations_overlap,
        large_blocks_are_returned_to_the_kernel,
        small_blocks_are_returned_to_the_kernel,
        the_reuse_of_freed_memory_makes_no_system_call,
        some_large_blocks_that_are_freed_are_used_again,
        memory_that_the_heap_keeps_is_given_up_at_the_limit,
        a_large_allocation_grows_without_a_second_one,
        an_allocation_larger_than_any_address_space_is_null,
        at_the_limit_the_answer_is_null_and_the_heap_works_on,
        near_the_limit_the_heap_uses_what_is_left,
        a_fork_has_a_heap_of_its_own,
        the_heap_can_be_shared,
    }
}

/// A size and an alignment.
fn layout(size: usize, align: usize) -> Layout {
    Layout::from_size_align(size, align).expect("a layout")
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// An allocation that knows which bytes it was filled with.
struct Block {
    start: *mut u8,
    layout: Layout,
    pattern: u8,
}

impl Block {
    fn new(layout: Layout, pattern: u8) -> Self {
        // SAFETY: no layout in these tests has the size 0.
        let start = unsafe { alloc(layout) };
        assert!(!start.is_null(), "{layout:?}");
        assert!(start.addr().is_multiple_of(layout.align()), "{layout:?}");
        let block = Self {
            start,
            layout,
            pattern,
        };
        block.fill(layout.size());
        block
    }

    /// The expected byte at an offset. Neighbouring bytes differ, and so do the bytes of different blocks.
    fn expected(&self, offset: usize) -> u8 {
        self.pattern.wrapping_add((offset % 251) as u8)
    }

    /// The offsets that are checked: both ends, and several in every page between them.
    fn offsets(size: usize) -> impl Iterator<Item = usize> {
        let middle = (32..size.saturating_sub(32)).step_by(509);
        (0..size.min(32))
            .chain(middle)
            .chain(size.saturating_sub(32)..size)
    }

    fn fill(&self, size: usize) {
        for offset in Self::offsets(size) {
            // SAFETY: the offset is within the block.
            unsafe { self.start.add(offset).write(self.expected(offset)) };
        }
    }

    fn check(&self, size: usize) {
        for offset in Self::offsets(size) {
            // SAFETY: the offset is within the block, which was filled up to this size.
            let found = unsafe { self.start.add(offset).read() };
            assert_eq!(found, self.expected(offset), "{offset}, {:?}", self.layout);
        }
    }

    fn resize(&mut self, size: usize) {
        self.check(self.layout.size());
        // The part of the block that is checked afterwards.
        let kept = size.min(self.layout.size());
        self.fill(kept);
        // SAFETY: the block was allocated with this layout, and the size is not 0.
        let start = unsafe { realloc(self.start, self.layout, size) };
        assert!(!start.is_null(), "{:?} to {size}", self.layout);
        assert!(start.addr().is_multiple_of(self.layout.align()));
        self.start = start;
        self.layout = layout(size, self.layout.align());
        self.check(kept);
        self.fill(size);
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        self.check(self.layout.size());
        // SAFETY: the block was allocated with this layout.
        unsafe { dealloc(self.start, self.layout) };
    }
}

/// Pseudo-random numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound
    }

    /// A random size, mostly small, sometimes large: its upper limit is a random power of two.
    fn size(&mut self) -> usize {
        let limit = 1 << self.below(19);
        1 + self.below(limit)
    }
}

/// Returns the size of the address space and of the resident memory, in bytes. An emulator's own memory is included.
fn memory() -> (u64, u64) {
    let Ok(text) = read_file(c"/proc/self/statm") else {
        skip("there is no /proc");
    };
    let mut pages = text.as_str().split(' ').map(|word| word.parse::<u64>());
    let mut next = || pages.next().expect("a number").expect("a number") * page_size();
    (next(), next())
}

fn resident() -> u64 {
    memory().1
}

/// A difference that is ignored, because the size of an emulator's own memory varies.
const NOISE: u64 = 2 * MIB as u64;

fn page_size() -> u64 {
    let process = this_process();
    let mut auxv = process.auxv();
    let size = auxv.find(|&(key, _)| key == AT_PAGESZ as usize);
    size.expect("the page size").1 as u64
}

/// Limits the address space to `more` bytes above its present size.
fn limit_address_space(more: usize) {
    if emulated() {
        skip("the emulator does not limit the address space");
    }
    let soft = memory().0 + more as u64;
    let limit = Rlimit { soft, hard: soft };
    sys::resource::setrlimit(Resource::As, limit).expect("setrlimit");
}

fn boxes_vectors_and_strings_hold_what_was_put_in_them() {
    let boxed = Box::new([7_u64; 100]);
    let mut numbers = Vec::new();
    let mut text = String::new();
    for number in 0..100_000_u32 {
        numbers.push(number);
        text.push(char::from(b'a' + (number % 26) as u8));
    }
    let lines: Vec<Box<str>> = text
        .as_bytes()
        .chunks(26)
        .map(|line| core::str::from_utf8(line).expect("ASCII").into())
        .collect();
    assert!(boxed.iter().all(|&number| number == 7));
    assert!(numbers.iter().copied().eq(0..100_000));
    assert_eq!(lines.len(), 100_000_usize.div_ceil(26));
    assert_eq!(&*lines[1000], "abcdefghijklmnopqrstuvwxyz");
}

fn every_alignment_is_kept() {
    let mut blocks = Vec::new();
    for bits in 0..=21 {
        let align = 1 << bits;
        for size in [1, 3, 24, align, align + 1, 3 * align, 100_000, 200_000] {
            for pattern in 0..2 {
                let mut block = Block::new(layout(size, align), pattern);
                block.resize(2 * size);
                block.resize(size);
                blocks.push(block);
            }
        }
    }
}

fn a_large_allocation_is_usable_to_its_last_byte() {
    let size = rounds(64) * MIB;
    let mut bytes: Vec<u8> = Vec::with_capacity(size);
    bytes.resize(size, 5);
    assert_eq!((bytes[0], bytes[size - 1]), (5, 5));
    bytes.reserve_exact(1);
    assert_eq!((bytes[0], bytes[size - 1]), (5, 5));
    let zeros = alloc::vec![0_u8; size];
    assert!(zeros.iter().all(|&byte| byte == 0));
}

fn zeroed_memory_is_zero_even_if_it_was_used_before() {
    for size in [1, 100, 5000, 100 * KIB, 128 * KIB, MIB] {
        let layout = layout(size, 8);
        drop(Block::new(layout, 1));
        // SAFETY: the size is not 0; the block is freed with the layout with which it was allocated.
        unsafe {
            let start = alloc_zeroed(layout);
            assert!(!start.is_null());
            let bytes = &*slice_from_raw_parts(start, size);
            assert!(bytes.iter().all(|&byte| byte == 0), "{size}");
            dealloc(start, layout);
        }
    }
}

fn growing_and_shrinking_keep_the_contents() {
    let sizes = [
        1,
        2,
        24,
        25,
        1000,
        4096,
        50_000,
        128 * KIB - 1,
        128 * KIB,
        128 * KIB + 1,
        MIB,
        5 * MIB + 1,
        20 * MIB,
    ];
    for align in [1, 16, 4096, 8192] {
        let mut block = Block::new(layout(1, align), 9);
        // Blocks that are sometimes allocated next to the resized block, so that it cannot grow in place.
        let mut neighbours = Vec::new();
        for size in sizes {
            block.resize(size);
            neighbours.push(Block::new(layout(100, 1), 3));
        }
        for size in sizes.into_iter().rev() {
            block.resize(size);
        }
        for size in sizes {
            block.resize(size);
            block.resize(1);
        }
    }
    // Grows a text as a here-document grows.
    let mut text = String::new();
    while text.len() < MIB {
        text.push_str("0123456789abcdef");
    }
    let lines = text.as_bytes().chunks(16);
    assert!(lines.into_iter().all(|line| line == b"0123456789abcdef"));
}

/// Allocates, resizes and frees blocks at random.
fn churn(seed: u64, steps: usize) {
    let mut random = Random(seed);
    let mut blocks: Vec<Block> = Vec::new();
    for step in 0..steps {
        match random.below(8) {
            0..4 => {
                let align = 1 << random.below(8);
                let size = random.size();
                blocks.push(Block::new(layout(size, align), step as u8));
            }
            4 if !blocks.is_empty() => {
                let index = random.below(blocks.len());
                let size = random.size();
                blocks[index].resize(size);
            }
            _ if !blocks.is_empty() => {
                let index = random.below(blocks.len());
                blocks.swap_remove(index);
            }
            _ => {}
        }
        // Sometimes most blocks are freed at once.
        if blocks.len() > 300 {
            blocks.truncate(20);
        }
    }
}

fn no_two_allocations_overlap() {
    // Each block is checked when it is freed.
    churn(0x2545_F491_4F6C_DD1D, rounds(100_000));
}

fn large_blocks_are_returned_to_the_kernel() {
    let before = resident();
    for size in [8 * MIB, 64 * MIB] {
        let mut block = Block::new(layout(size, 1), 0);
        let whole = resident();
        assert!(whole >= before + size as u64 / 2, "{before}, {whole}");
        // A block that shrinks returns memory, too.
        block.resize(MIB);
        let shrunk = resident();
        assert!(shrunk < before + MIB as u64 + NOISE, "{before}, {shrunk}");
        drop(block);
        let after = resident();
        assert!(after < before + NOISE, "{before}, {after}");
    }
}

fn small_blocks_are_returned_to_the_kernel() {
    let before = resident();
    let count = rounds(100_000).max(30_000);
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut blocks: Vec<Block> = (0..count)
        .map(|_| Block::new(layout(8 + random.below(200), 1), 0))
        .collect();
    let during = resident();
    assert!(during > before + 100 * count as u64, "{before} {during}");
    while !blocks.is_empty() {
        let index = random.below(blocks.len());
        blocks.swap_remove(index);
    }
    drop(blocks);
    // The heap keeps its first segment.
    let after = resident();
    assert!(after < before + MIB as u64 + NOISE, "{before} {after}");
}

fn the_reuse_of_freed_memory_makes_no_system_call() {
    if emulated() {
        skip("the emulator has no seccomp");
    }
    drop(Box::new(1));
    for number in [nr::MMAP, linux::__NR_munmap, linux::__NR_brk] {
        forbid(number, 0, None);
    }
    for _ in 0..100 {
        let blocks: Vec<Block> = (0..500)
            .map(|index| Block::new(layout(1 + index, 1), 0))
            .collect();
        drop(blocks);
    }
}

fn some_large_blocks_that_are_freed_are_used_again() {
    if emulated() {
        skip("the emulator has no seccomp");
    }
    let round = || {
        let sizes = [128 * KIB, 200 * KIB, 300 * KIB];
        let blocks = sizes.map(|size| Block::new(layout(size, 1), 0));
        drop(blocks);
    };
    round();
    for number in [nr::MMAP, linux::__NR_munmap, linux::__NR_mremap] {
        forbid(number, 0, None);
    }
    (0..10).for_each(|_| round());
}

fn memory_that_the_heap_keeps_is_given_up_at_the_limit() {
    drop(Box::new(1));
    drop(Block::new(layout(MIB, 1), 0));
    limit_address_space(0);
    // The second block needs a segment of its own.
    let blocks = [1, 2].map(|pattern| Block::new(layout(1000 * KIB, 8192), pattern));
    drop(blocks);
}

fn a_large_allocation_grows_without_a_second_one() {
    if emulated() {
        skip("the emulator has no seccomp");
    }
    let mut block = Block::new(layout(MIB, 1), 0);
    forbid(nr::MMAP, 0, None);
    block.resize(10 * MIB);
    block.resize(2 * MIB);
}

fn an_allocation_larger_than_any_address_space_is_null() {
    let half = isize::MAX as usize - MIB;
    // On 32-bit architectures, the address space may have room for one such block. SAFETY: the size is not 0.
    let _held = unsafe { alloc(layout(half, 1)) };
    for align in [1, 8192] {
        // SAFETY: the size is not 0.
        unsafe {
            // Without `black_box`, the compiler may remove an allocation whose pointer is only compared with null.
            assert!(black_box(alloc(layout(half, align))).is_null());
            assert!(black_box(alloc_zeroed(layout(half, align))).is_null());
        }
        for size in [100, MIB] {
            let block = Block::new(layout(size, align), 0);
            // SAFETY: the block was allocated with this layout, and a failed `realloc` does not free it.
            assert!(unsafe { realloc(block.start, block.layout, half) }.is_null());
        }
    }
    assert!(Vec::<u8>::new().try_reserve(half).is_err());
}

fn at_the_limit_the_answer_is_null_and_the_heap_works_on() {
    drop(Box::new(1));
    limit_address_space(8 * MIB);
    for size in [64 * MIB, MIB, 100 * KIB, 1000, 10] {
        // The blocks themselves form a linked list, because the test must allocate nothing else.
        let (layout, mut list, mut count) = (layout(size, 16), null_mut::<*mut c_void>(), 0);
        loop {
            // SAFETY: the size is not 0, and the block has room for a pointer, with the right alignment.
            unsafe {
                let start = alloc(layout).cast::<*mut c_void>();
                if start.is_null() {
                    break;
                }
                *start = list.cast();
                list = start;
            }
            count += 1;
        }
        assert!(count <= 10 * MIB / size, "{count} of {size}");
        assert!(
            count >= 5 * MIB / size.next_power_of_two().max(64),
            "{count} of {size}"
        );
        while !list.is_null() {
            // SAFETY: the pointer is a block of the list, which contains the next pointer.
            unsafe {
                let next = (*list).cast();
                dealloc(list.cast(), layout);
                list = next;
            }
        }
    }
    let block = Block::new(layout(MIB, 1), 0);
    // SAFETY: the block was allocated with this layout, and a failed `realloc` does not free it.
    assert!(unsafe { realloc(block.start, block.layout, 64 * MIB) }.is_null());
    drop(block);
    churn(0x0123_4567_89AB_CDEF, 1000);
}

fn near_the_limit_the_heap_uses_what_is_left() {
    limit_address_space(300 * KIB);
    let blocks: [Box<[u8; 1000]>; 8] = core::array::from_fn(|index| Box::new([index as u8; 1000]));
    for (index, block) in blocks.iter().enumerate() {
        assert!(block.iter().all(|&byte| byte == index as u8));
    }
}

fn a_fork_has_a_heap_of_its_own() {
    let mut blocks: Vec<Block> = (0..1000)
        .map(|index| Block::new(layout(1 + 300 * (index % 7), 1), index as u8))
        .collect();
    let child = fork(|| {
        blocks.clear();
        churn(0xFEDC_BA98_7654_3210, 2000);
    });
    churn(0x0F1E_2D3C_4B5A_6978, 2000);
    join(child);
    drop(blocks);
}

fn the_heap_can_be_shared() {
    if emulated() {
        skip("the emulator shares no memory with children");
    }
    // Children that share this memory; for the heap they are the same as threads.
    unsafe extern "C" fn child(seed: *mut c_void) -> ! {
        churn(seed.addr() as u64, 5000);
        sys::process::exit(0)
    }
    let children: [_; 4] = core::array::from_fn(|index| {
        let stack: &mut [u8] = Vec::leak(alloc::vec![0; 256 * KIB]);
        let seed = core::ptr::without_provenance_mut(0x1234_5678 + index);
        let flags = linux::CLONE_VM | linux::SIGCHLD;
        // SAFETY: the stack is never freed or used otherwise, and the seed is only a number.
        let pid = unsafe {
            sys::clone::clone(flags, stack.as_mut_ptr_range().end, null_mut(), child, seed)
        };
        pid.expect("a child")
    });
    churn(0x8765_4321, 5000);
    for child in children {
        assert!(wait::wait(child).expect("its status").success());
    }
}
