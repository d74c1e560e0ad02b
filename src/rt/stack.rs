//! The stack of the first thread.

use core::ptr::NonNull;

use linux_raw_sys::auxvec::AT_EXECFN;

use super::Process;
use crate::errno::Errno;
use crate::limits::{Resource, Rlimit};
use crate::sys;

/// An upper bound for the distance from the program's name on the stack to the stack's top, rounded up to the largest page size.
const MARGIN: usize = 128 * 1024;

impl Process {
    /// Releases unused memory of the first thread's stack, at most 64 KiB. This is useful in a program that has needed much
    /// stack, for example for a [`spawn`](crate::spawn), and then waits for a long time. If the caller runs on another stack,
    /// the function does nothing. Costs one system call.
    #[inline(never)]
    pub fn trim_stack(&self) {
        /// The maximum number of bytes that this function uses below its variable, including the red zone of some architectures.
        const OWN: usize = 1024;
        const PAGE: usize = 4096;
        /// A multiple of the page size of every kernel. If a kernel has larger pages than `PAGE` and `start` is not at the
        /// beginning of a page, the function releases nothing.
        const LENGTH: usize = 64 * 1024;
        let variable = 0u8;
        let here = &raw const variable as usize;
        let start = ((here - OWN) & !(PAGE - 1)) - LENGTH;
        // The first thread's stack has at least 128 KiB, and below the stack the kernel keeps a gap of one megabyte.
        if (self.auxv as usize).wrapping_sub(here) < 128 * 1024
            && let Some(start) = NonNull::new(start as *mut u8)
        {
            // SAFETY: nothing below the end of a stack is in use.
            let _ = unsafe { sys::memory::discard(start, LENGTH) };
        }
    }

    /// Returns the lowest address that the first thread's stack can have if it grows to `length` bytes. If the soft limit on the
    /// size of the stack (`RLIMIT_STACK`) is less than `length`, the limit is used in place of `length`. Below this address, an
    /// access can end the program with `SIGSEGV`. The address is up to 128 KiB too high. Costs one system call.
    #[must_use]
    pub fn stack_end(&self, length: usize) -> usize {
        let limit = sys::resource::getrlimit(Resource::Stack);
        let soft = limit.map_or(MARGIN, |limit| bytes(limit.soft));
        self.stack_top().saturating_sub(length.min(soft)) + MARGIN
    }

    /// Makes the first thread's stack `length` bytes long, even if the soft limit on its size (`RLIMIT_STACK`) is lower. If the
    /// hard limit is less than `length`, the hard limit is used in place of `length`. Returns the lowest address of the stack, as
    /// [`stack_end`](Self::stack_end) does.
    ///
    /// The kernel compares the soft limit with the size of a stack only when the stack grows. So this function raises the limit for
    /// a moment, makes the kernel extend the stack, and sets the old limit again: the programs that this program starts inherit the
    /// old limit. The new part of the stack uses no memory until the program accesses it. The kernel may reserve as little as 128
    /// MiB of address space below the stack's top, so `length` must be less than 128 MiB. Costs four system calls.
    ///
    /// # Errors
    /// `EFAULT` if the kernel does not extend the stack, for example because of the limit on the address space; qemu-user never
    /// extends it.
    pub fn extend_stack(&self, length: usize) -> Result<usize, Errno> {
        let limit = sys::resource::getrlimit(Resource::Stack)?;
        let length = length.min(bytes(limit.hard));
        let end = self.stack_top().saturating_sub(length) + MARGIN;
        let soft = limit.soft.max(length as u64);
        sys::resource::setrlimit(Resource::Stack, Rlimit { soft, ..limit })?;
        let answer = sys::memory::touch(end);
        sys::resource::setrlimit(Resource::Stack, limit)?;
        answer.map(|()| end)
    }

    /// Returns an address near the stack's top: the address of the program's name, which is at the highest address of the stack.
    fn stack_top(&self) -> usize {
        let mut entries = self.auxv();
        let name = entries.find(|&(key, _)| key == AT_EXECFN as usize);
        name.map_or(self.auxv as usize, |(_, address)| address)
    }
}

fn bytes(limit: u64) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
