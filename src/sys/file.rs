//! Where a process is in the file system, and what is there.

use core::ffi::CStr;

use linux_raw_sys::general as linux;

use super::{done, fd};
use crate::arch::{syscall1, syscall3, syscall4};
use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, RawFd};
use crate::file::OFlags;
use crate::text;

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

/// `faccessat(F_OK)`: whether the path names a file, as far as can be seen.
pub fn exists(path: &CStr) -> Result<(), Errno> {
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

/// Calls `visit` with each descriptor that `/proc/self/fd` shows but the one it is read through; `visit` may close them.
///
/// # Errors
/// What opening or reading it said: `/proc` may not be mounted.
pub fn each_open_descriptor(mut visit: impl FnMut(RawFd)) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = fd::open(c"/proc/self/fd", flags, 0)?;
    let mut buffer = [0; 512];
    loop {
        let length = fd::getdents64(directory.as_fd(), &mut buffer)?;
        let mut entries = buffer.get(..length).unwrap_or_default();
        if entries.is_empty() {
            return Ok(());
        }
        // `struct linux_dirent64`: inode and offset of 8 bytes each, the entry's length of 2, a type of 1, the name.
        while let [
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            low,
            high,
            _,
            name @ ..,
        ] = entries
        {
            let end = name.iter().position(|&byte| byte == 0).unwrap_or(0);
            let fd = text::number(name.get(..end).unwrap_or_default(), 10);
            if let Some(fd) = fd.and_then(|fd| RawFd::try_from(fd).ok())
                && fd != directory.as_raw_fd()
            {
                visit(fd);
            }
            let length = u16::from_ne_bytes([*low, *high]);
            entries = entries.get(length.into()..).unwrap_or_default();
        }
    }
}
