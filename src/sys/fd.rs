//! Descriptors: opening, closing, duplicating, reading and writing.

use core::ffi::CStr;
use core::marker::PhantomData;

use linux_raw_sys::general as linux;

use super::{done, result};
use crate::arch::{nr, syscall1, syscall2, syscall3, syscall4};
use crate::errno::Errno;
use crate::fd::{BorrowedFd, OwnedFd, RawFd};
use crate::file::OFlags;

impl Drop for OwnedFd {
    fn drop(&mut self) {
        // SAFETY: this was the descriptor's owner. What `close` says is of no use to anyone here.
        let _ = unsafe { close(self.fd) };
    }
}

impl OwnedFd {
    /// Takes over a descriptor.
    ///
    /// # Safety
    /// It is open, and nobody else closes it.
    pub unsafe fn from_raw_fd(fd: RawFd) -> Self {
        Self { fd }
    }
}

#[cfg(feature = "std")]
impl From<OwnedFd> for std::os::fd::OwnedFd {
    fn from(owned: OwnedFd) -> Self {
        // SAFETY: it was owned, and is given away.
        unsafe { std::os::fd::FromRawFd::from_raw_fd(owned.into_raw_fd()) }
    }
}

impl BorrowedFd<'_> {
    /// Borrows a descriptor.
    ///
    /// # Safety
    /// It stays open for the lifetime.
    pub unsafe fn borrow_raw(fd: RawFd) -> Self {
        Self {
            fd,
            owner: PhantomData,
        }
    }
}

/// `openat` from the working directory: the lowest number that is free. Files over 2 GiB are opened everywhere.
pub fn open(path: &CStr, flags: OFlags, mode: u32) -> Result<OwnedFd, Errno> {
    open_at(linux::AT_FDCWD, path, flags, mode)
}

/// `openat`, a relative path counting from the directory `directory`.
pub fn openat(
    directory: BorrowedFd<'_>,
    path: &CStr,
    flags: OFlags,
    mode: u32,
) -> Result<OwnedFd, Errno> {
    open_at(directory.fd, path, flags, mode)
}

fn open_at(directory: RawFd, path: &CStr, flags: OFlags, mode: u32) -> Result<OwnedFd, Errno> {
    let flags = flags.bits() | linux::O_LARGEFILE;
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall4(
            linux::__NR_openat as usize,
            directory as usize,
            path.as_ptr() as usize,
            flags as usize,
            mode as usize,
        )
    };
    owned(answer)
}

/// `pipe2`: the reading end and the writing end.
pub fn pipe2(flags: OFlags) -> Result<(OwnedFd, OwnedFd), Errno> {
    let mut ends = [-1; 2];
    // SAFETY: the kernel writes two numbers, of new descriptors.
    unsafe {
        let answer = syscall2(
            linux::__NR_pipe2 as usize,
            ends.as_mut_ptr() as usize,
            flags.bits() as usize,
        );
        result(answer)?;
        Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

/// `close`: on Linux the number is free afterwards, whatever it returns (but for `EBADF`).
///
/// # Safety
/// Nobody counts on the descriptor being open.
pub unsafe fn close(fd: RawFd) -> Result<(), Errno> {
    // SAFETY: the caller's promise.
    done(unsafe { syscall1(linux::__NR_close as usize, fd as usize) })
}

/// `close_range` (Linux 5.9): closes every open number from `first` to `last`.
///
/// # Safety
/// Nobody counts on any of them being open.
pub unsafe fn close_range(first: u32, last: u32) -> Result<(), Errno> {
    // SAFETY: the caller's promise.
    let answer = unsafe {
        syscall3(
            linux::__NR_close_range as usize,
            first as usize,
            last as usize,
            0,
        )
    };
    done(answer)
}

/// `dup3`: makes `to` the same as `from`, closing what `to` was; `EINVAL` if they are equal.
///
/// # Safety
/// Nobody counts on what `to` was.
pub unsafe fn dup3(from: RawFd, to: RawFd, flags: OFlags) -> Result<(), Errno> {
    // SAFETY: the caller's promise.
    let answer = unsafe {
        syscall3(
            linux::__NR_dup3 as usize,
            from as usize,
            to as usize,
            flags.bits() as usize,
        )
    };
    done(answer)
}

/// `fcntl(F_DUPFD_CLOEXEC)`: a close-on-exec duplicate with the lowest free number that is at least `lowest`. `EINVAL` if
/// `lowest` is not below the limit on descriptors.
pub fn dup_cloexec(fd: BorrowedFd<'_>, lowest: RawFd) -> Result<OwnedFd, Errno> {
    owned(fcntl(fd.fd, linux::F_DUPFD_CLOEXEC, lowest as usize))
}

/// `fcntl(F_GETFD)`: whether the descriptor closes on exec. `EBADF` if it is not open.
pub fn cloexec(fd: RawFd) -> Result<bool, Errno> {
    let flags = result(fcntl(fd, linux::F_GETFD, 0))?;
    Ok(flags & linux::FD_CLOEXEC as usize != 0)
}

/// `fcntl(F_SETFD)`: sets whether the descriptor closes on exec.
pub fn set_cloexec(fd: BorrowedFd<'_>, cloexec: bool) -> Result<(), Errno> {
    let flags = if cloexec {
        linux::FD_CLOEXEC as usize
    } else {
        0
    };
    done(fcntl(fd.fd, linux::F_SETFD, flags))
}

fn fcntl(fd: RawFd, command: u32, argument: usize) -> usize {
    // SAFETY: the commands above take a number.
    unsafe { syscall3(nr::FCNTL as usize, fd as usize, command as usize, argument) }
}

/// `read`: how many bytes came; 0 at the end.
pub fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most the slice's length.
    let answer = unsafe {
        syscall3(
            linux::__NR_read as usize,
            fd.fd as usize,
            buffer.as_mut_ptr() as usize,
            buffer.len(),
        )
    };
    result(answer)
}

/// `write`: how many bytes went.
pub fn write(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel reads at most the slice's length.
    let answer = unsafe {
        syscall3(
            linux::__NR_write as usize,
            fd.fd as usize,
            bytes.as_ptr() as usize,
            bytes.len(),
        )
    };
    result(answer)
}

/// `getdents64`: entries of an open directory, as `struct linux_dirent64`s one after the other; 0 bytes at the end.
pub fn getdents64(directory: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most the slice's length.
    let answer = unsafe {
        syscall3(
            linux::__NR_getdents64 as usize,
            directory.fd as usize,
            buffer.as_mut_ptr() as usize,
            buffer.len(),
        )
    };
    result(answer)
}

fn owned(answer: usize) -> Result<OwnedFd, Errno> {
    // SAFETY: the kernel has just made it.
    result(answer).map(|fd| unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}
