//! Extended attributes of files: `xattr(7)`. Access control lists (`acl(5)`) and the capabilities of programs are such attributes.
//!
//! The functions with `f` work on an open file, those with `l` on the file at a path; if that is a symbolic link, on the link. Each
//! costs one system call.
//!
//! ```
//! use nestling::sys::xattr::{lgetxattr, llistxattr, lsetxattr};
//! use nestling::Errno;
//! # let path = std::ffi::CString::new(std::env::temp_dir().join(format!("nestling-xattr-{}", std::process::id())).to_str().unwrap()).unwrap();
//! # std::fs::write(path.to_str().unwrap(), "").unwrap();
//!
//! match lsetxattr(&path, c"user.colour", b"green") {
//!     // The file system has no attributes of users.
//!     Err(Errno::EOPNOTSUPP) => {}
//!     outcome => {
//!         outcome?;
//!         let mut value = [0; 16];
//!         let length = lgetxattr(&path, c"user.colour", &mut value)?;
//!         assert_eq!(&value[..length], b"green");
//!         assert!(llistxattr(&path, &mut [])? >= c"user.colour".count_bytes() + 1);
//!     }
//! }
//! # std::fs::remove_file(path.to_str().unwrap()).unwrap();
//! # Ok::<(), Errno>(())
//! ```

use core::ffi::CStr;

use linux_raw_sys::general as linux;

use super::{done, result};
use crate::arch::{syscall3, syscall4, syscall5};
use crate::errno::Errno;
use crate::fd::BorrowedFd;

/// `flistxattr`: writes the names of the attributes of an open file, each with a null byte, and returns the length of all. If `names`
/// is empty, returns only this length. Fails with `ERANGE` if `names` is too short, and with `EOPNOTSUPP` if the file system has no
/// attributes.
pub fn flistxattr(fd: BorrowedFd<'_>, names: &mut [u8]) -> Result<usize, Errno> {
    list(linux::__NR_flistxattr, fd.fd as usize, names)
}

/// `llistxattr`: does the same as [`flistxattr`] for the file at a path.
pub fn llistxattr(path: &CStr, names: &mut [u8]) -> Result<usize, Errno> {
    list(linux::__NR_llistxattr, path.as_ptr() as usize, names)
}

/// `file` is a descriptor or the address of a C string, as the system call needs it.
fn list(call: u32, file: usize, names: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel reads at most a C string, and writes at most the slice's length.
    let answer = unsafe {
        syscall3(
            call as usize,
            file,
            names.as_mut_ptr() as usize,
            names.len(),
        )
    };
    result(answer)
}

/// `fgetxattr`: writes the value of an open file's attribute to `value`, and returns its length. If `value` is empty, returns only
/// this length. Fails with `ENODATA` if the file does not have the attribute, and with `ERANGE` if `value` is too short.
pub fn fgetxattr(fd: BorrowedFd<'_>, name: &CStr, value: &mut [u8]) -> Result<usize, Errno> {
    get(linux::__NR_fgetxattr, fd.fd as usize, name, value)
}

/// `lgetxattr`: does the same as [`fgetxattr`] for the file at a path.
pub fn lgetxattr(path: &CStr, name: &CStr, value: &mut [u8]) -> Result<usize, Errno> {
    get(linux::__NR_lgetxattr, path.as_ptr() as usize, name, value)
}

fn get(call: u32, file: usize, name: &CStr, value: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel reads C strings, and writes at most the slice's length.
    let answer = unsafe {
        syscall4(
            call as usize,
            file,
            name.as_ptr() as usize,
            value.as_mut_ptr() as usize,
            value.len(),
        )
    };
    result(answer)
}

/// `fsetxattr`: gives an open file an attribute, or changes its value. Fails with `EOPNOTSUPP` if the file system cannot store it.
pub fn fsetxattr(fd: BorrowedFd<'_>, name: &CStr, value: &[u8]) -> Result<(), Errno> {
    set(linux::__NR_fsetxattr, fd.fd as usize, name, value)
}

/// `lsetxattr`: does the same as [`fsetxattr`] for the file at a path.
pub fn lsetxattr(path: &CStr, name: &CStr, value: &[u8]) -> Result<(), Errno> {
    set(linux::__NR_lsetxattr, path.as_ptr() as usize, name, value)
}

fn set(call: u32, file: usize, name: &CStr, value: &[u8]) -> Result<(), Errno> {
    // SAFETY: the kernel reads C strings and the slice.
    let answer = unsafe {
        syscall5(
            call as usize,
            file,
            name.as_ptr() as usize,
            value.as_ptr() as usize,
            value.len(),
            0,
        )
    };
    done(answer)
}
