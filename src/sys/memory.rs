//! Memory mappings: `mmap(2)` and related calls. The kernel rounds each length up to whole pages.

use core::ptr::NonNull;

use linux_raw_sys::general as linux;

use super::{done, result};
use crate::arch::{nr, syscall2, syscall3, syscall4, syscall6};
use crate::errno::Errno;

/// `mmap` of anonymous private memory: maps this many zero bytes, readable and writable, at an address that the kernel chooses.
/// The address is a multiple of the page size. `ENOMEM` if there is no memory or at the limit of the address space.
pub fn mmap(length: usize) -> Result<NonNull<u8>, Errno> {
    // SAFETY: a new mapping is in nobody's way.
    let answer = unsafe {
        syscall6(
            nr::MMAP as usize,
            0,
            length,
            (linux::PROT_READ | linux::PROT_WRITE) as usize,
            (linux::MAP_PRIVATE | linux::MAP_ANONYMOUS) as usize,
            usize::MAX, // no descriptor
            0,
        )
    };
    mapped(answer)
}

/// `munmap`: returns the pages to the kernel.
///
/// # Safety
/// They belong to the caller, who does not use them afterwards.
pub unsafe fn munmap(address: NonNull<u8>, length: usize) -> Result<(), Errno> {
    // SAFETY: the caller's promise.
    done(unsafe {
        syscall2(
            linux::__NR_munmap as usize,
            address.as_ptr() as usize,
            length,
        )
    })
}

/// `mremap(MREMAP_MAYMOVE)`: makes a mapping longer, with zeros, or shorter. It may move; its contents are not copied. After an
/// error the mapping is unchanged.
///
/// # Safety
/// It belongs to the caller, who does not use the old address afterwards unless this fails.
pub unsafe fn mremap(
    address: NonNull<u8>,
    old_length: usize,
    new_length: usize,
) -> Result<NonNull<u8>, Errno> {
    // SAFETY: the caller's promise.
    let answer = unsafe {
        syscall4(
            linux::__NR_mremap as usize,
            address.as_ptr() as usize,
            old_length,
            new_length,
            linux::MREMAP_MAYMOVE as usize,
        )
    };
    mapped(answer)
}

/// `madvise(MADV_DONTNEED)`: discards the contents of the pages. Private anonymous memory stays mapped, and becomes zeros.
/// `ENOMEM` if a part is not mapped; the rest is discarded all the same.
///
/// # Safety
/// The contents are not needed any more.
pub unsafe fn discard(address: NonNull<u8>, length: usize) -> Result<(), Errno> {
    // SAFETY: the caller's promise.
    done(unsafe {
        syscall3(
            linux::__NR_madvise as usize,
            address.as_ptr() as usize,
            length,
            linux::MADV_DONTNEED as usize,
        )
    })
}

fn mapped(answer: usize) -> Result<NonNull<u8>, Errno> {
    // The kernel gives the first page of all only to who asks for it by address.
    NonNull::new(result(answer)? as *mut u8).ok_or(Errno::ENOMEM)
}
