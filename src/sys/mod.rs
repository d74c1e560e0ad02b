//! The system calls: a small typed function for each call, in modules by subject. The functions only make the call: they do not
//! repeat a call that failed, and keep no state. (One module is an exception: [`caught`] keeps a set of signals.)
//!
//! Each description begins with the name of the system call or of its request. The call's manual page (section 2) lists the
//! errors.
//!
//! A function is `unsafe` if its arguments can break memory safety or close a descriptor that other code owns.

use linux_raw_sys::general as linux;

use crate::arch::syscall3;
use crate::errno::Errno;
use crate::fd::BorrowedFd;
use crate::raw::result;

/// Defines a type for a set of the kernel's flags, with a documented constant for each flag, and the operator `|`.
macro_rules! flags {
    ($(#[$doc:meta])* $type:ident { $($name:ident $value:ident $what:literal)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct $type(u32);

        impl $type {
            $(
                #[doc = $what]
                pub const $name: Self = Self(linux_raw_sys::general::$value);
            )*
        }

        impl core::ops::BitOr for $type {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }
    };
}

pub mod block;
pub mod caught;
pub mod clone;
pub mod credentials;
pub mod fd;
pub mod file;
pub mod futex;
pub mod inotify;
pub mod machine;
pub mod memory;
pub mod mount;
pub mod namespace;
pub mod poll;
pub mod process;
pub mod reboot;
pub mod resource;
pub mod signal;
pub mod socket;
pub mod terminal;
pub mod time;
pub mod xattr;

/// Converts the result of a call that returns a small number (such as an id or a descriptor) or an error.
fn small(answer: usize) -> Result<i32, Errno> {
    match Errno::from_negative(answer as i32) {
        None => Ok(answer as i32),
        Some(errno) => Err(errno),
    }
}

/// Returns the error of a call that returns only if it fails.
fn failed(answer: usize) -> Errno {
    result(answer).err().unwrap_or(Errno::EINVAL)
}

/// Converts the result of a call whose number (if it returns one) is not needed.
fn done(answer: usize) -> Result<(), Errno> {
    small(answer).map(drop)
}

/// `ioctl`: makes a request that takes a number or a pointer.
///
/// # Safety
/// The argument has the type that the request takes. If it is a pointer, the memory may be accessed as the request does.
unsafe fn ioctl(fd: BorrowedFd<'_>, request: u32, argument: usize) -> usize {
    // SAFETY: the caller upholds the safety contract.
    unsafe {
        syscall3(
            linux::__NR_ioctl as usize,
            fd.fd as usize,
            request as usize,
            argument,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_small_answers_the_negative_ones_are_errors() {
        assert_eq!(small(0), Ok(0));
        assert_eq!(small(i32::MAX as usize), Ok(i32::MAX));
        assert_eq!(small(usize::MAX), Err(Errno::EPERM));
        assert_eq!(done(usize::MAX - 1), Err(Errno::ENOENT));
    }
}
