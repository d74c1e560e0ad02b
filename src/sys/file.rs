//! Where a process is in the file system, and what is there.

use core::ffi::CStr;

use linux_raw_sys::general as linux;

use super::done;
use crate::arch::{syscall1, syscall3, syscall4};
use crate::errno::Errno;
use crate::fd::BorrowedFd;

/// `chdir`: changes the working directory.
pub fn chdir(path: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    done(unsafe { syscall1(linux::__NR_chdir as usize, path.as_ptr() as usize) })
}

/// `fchdir`: changes the working directory to an open one.
pub fn fchdir(directory: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: a number is all it takes.
    done(unsafe { syscall1(linux::__NR_fchdir as usize, directory.fd as usize) })
}

/// `chroot`: changes the root directory, not the working directory.
pub fn chroot(path: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    done(unsafe { syscall1(linux::__NR_chroot as usize, path.as_ptr() as usize) })
}

/// `umask`: sets the permission bits that new files don't get; returns the old ones.
pub fn umask(mask: u32) -> u32 {
    // SAFETY: a number is all it takes, and it does not fail.
    unsafe { syscall1(linux::__NR_umask as usize, mask as usize) as u32 }
}

/// `faccessat(F_OK)`: whether the path names a file, as far as the real user can see.
pub fn faccessat(path: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall3(
            linux::__NR_faccessat as usize,
            linux::AT_FDCWD as usize,
            path.as_ptr() as usize,
            linux::F_OK as usize,
        )
    };
    done(answer)
}

/// `mkdirat`: makes a directory with these permission bits, less the umask's.
pub fn mkdir(path: &CStr, mode: u32) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall3(
            linux::__NR_mkdirat as usize,
            linux::AT_FDCWD as usize,
            path.as_ptr() as usize,
            mode as usize,
        )
    };
    done(answer)
}

/// `mknodat`: makes the device file of a character device, with these permission bits, less the umask's.
pub fn make_character_device(path: &CStr, mode: u32, major: u8, minor: u8) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall4(
            linux::__NR_mknodat as usize,
            linux::AT_FDCWD as usize,
            path.as_ptr() as usize,
            (linux::S_IFCHR | mode) as usize,
            usize::from(major) << 8 | usize::from(minor),
        )
    };
    done(answer)
}
