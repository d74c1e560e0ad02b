//! Memory mappings: `mmap(2)` and related calls. The kernel rounds each length up to whole pages.

use core::ptr::NonNull;

use linux_raw_sys::general as linux;

use super::{done, result};
use crate::arch::{nr, syscall2, syscall3, syscall4, syscall6};
use crate::errno::Errno;

/// `mmap`: maps `length` bytes of private anonymous memory at an address that the kernel chooses. The memory is readable and
/// writable, and contains zeros. The address is a multiple of the page size. Fails with `ENOMEM` if no memory is available, or
/// if the limit on the address space is reached.
pub fn mmap(length: usize) -> Result<NonNull<u8>, Errno> {
    // SAFETY: the kernel places the new mapping where no other mapping is.
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

/// `munmap`: returns mapped pages to the kernel.
///
/// # Safety
/// The pages belong to the caller, and the caller does not use them after this call.
pub unsafe fn munmap(address: NonNull<u8>, length: usize) -> Result<(), Errno> {
    // SAFETY: the caller upholds the safety contract.
    done(unsafe {
        syscall2(
            linux::__NR_munmap as usize,
            address.as_ptr() as usize,
            length,
        )
    })
}

/// `mremap(MREMAP_MAYMOVE)`: makes a mapping longer or shorter. New bytes are zeros. The mapping may move to another address,
/// but the kernel does not copy its contents. If the call fails, the mapping is unchanged.
///
/// # Safety
/// The mapping belongs to the caller. If the call succeeds, the caller does not use the old address after it.
pub unsafe fn mremap(
    address: NonNull<u8>,
    old_length: usize,
    new_length: usize,
) -> Result<NonNull<u8>, Errno> {
    // SAFETY: the caller upholds the safety contract.
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

/// `madvise(MADV_DONTNEED)`: discards the contents of the pages. Private anonymous memory stays mapped, and then contains
/// zeros. If a part of the range is not mapped, the call discards the mapped parts, and then fails with `ENOMEM`.
///
/// # Safety
/// No code uses the old contents after this call.
pub unsafe fn discard(address: NonNull<u8>, length: usize) -> Result<(), Errno> {
    // SAFETY: the caller upholds the safety contract.
    done(unsafe {
        syscall3(
            linux::__NR_madvise as usize,
            address.as_ptr() as usize,
            length,
            linux::MADV_DONTNEED as usize,
        )
    })
}

/// `mprotect(PROT_NONE)`: forbids every access to the pages.
///
/// # Safety
/// The pages belong to the caller, and the caller does not access them after this call.
#[cfg(feature = "rt")]
pub(crate) unsafe fn forbid(address: NonNull<u8>, length: usize) -> Result<(), Errno> {
    // SAFETY: the caller upholds the safety contract.
    done(unsafe {
        syscall3(
            linux::__NR_mprotect as usize,
            address.as_ptr() as usize,
            length,
            linux::PROT_NONE as usize,
        )
    })
}

/// `rt_sigprocmask` with an operation that does not exist: the kernel reads 8 bytes at this address and changes nothing. If the
/// address is below the stack, and the stack may grow to this address, the kernel extends the stack. Fails with `EFAULT` if the
/// memory is not readable.
pub fn touch(address: usize) -> Result<(), Errno> {
    // SAFETY: the kernel only reads the memory, and it checks the address.
    let answer = unsafe {
        syscall4(
            linux::__NR_rt_sigprocmask as usize,
            usize::MAX, // no operation
            address,
            0, // no old mask
            size_of::<u64>(),
        )
    };
    match done(answer) {
        Err(Errno::EFAULT) => Err(Errno::EFAULT),
        // The kernel has read the memory before it found another error.
        Ok(()) | Err(_) => Ok(()),
    }
}

fn mapped(answer: usize) -> Result<NonNull<u8>, Errno> {
    // The kernel returns the address 0 only if a call requests this address.
    NonNull::new(result(answer)? as *mut u8).ok_or(Errno::ENOMEM)
}
