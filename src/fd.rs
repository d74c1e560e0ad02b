//! Owned and borrowed descriptors. The types have the same names as in std.
//!
//! The functions that need a system call or are unsafe (closing an [`OwnedFd`], the `from_raw` functions) are in
//! [`sys::fd`](crate::sys::fd).

use core::marker::PhantomData;

/// A descriptor's number. The number does not show whether the descriptor is open, or who owns it.
pub type RawFd = i32;

/// A borrowed descriptor. The descriptor's owner keeps it open for at least the lifetime `'fd`.
#[derive(Clone, Copy, Debug)]
pub struct BorrowedFd<'fd> {
    pub(crate) fd: RawFd,
    pub(crate) owner: PhantomData<&'fd OwnedFd>,
}

/// An owned descriptor. Dropping the `OwnedFd` closes the descriptor and ignores errors of `close(2)`. To get such an error,
/// close the descriptor with [`sys::fd::close`](crate::sys::fd::close).
#[derive(Debug)]
pub struct OwnedFd {
    pub(crate) fd: RawFd,
}

/// A type that holds a descriptor.
pub trait AsFd {
    /// Borrows the descriptor.
    fn as_fd(&self) -> BorrowedFd<'_>;
}

impl AsFd for BorrowedFd<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        *self
    }
}

impl AsFd for OwnedFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        BorrowedFd {
            fd: self.fd,
            owner: PhantomData,
        }
    }
}

impl<T: AsFd + ?Sized> AsFd for &T {
    fn as_fd(&self) -> BorrowedFd<'_> {
        T::as_fd(self)
    }
}

impl<T: AsFd + ?Sized> AsFd for &mut T {
    fn as_fd(&self) -> BorrowedFd<'_> {
        T::as_fd(self)
    }
}

impl BorrowedFd<'_> {
    /// Returns the descriptor's number.
    pub fn as_raw_fd(&self) -> RawFd {
        self.fd
    }
}

impl OwnedFd {
    /// Returns the descriptor's number.
    pub fn as_raw_fd(&self) -> RawFd {
        self.fd
    }

    /// Returns the descriptor's number, and leaves the descriptor open. The caller must close it.
    pub fn into_raw_fd(self) -> RawFd {
        core::mem::ManuallyDrop::new(self).fd
    }
}

/// Conversions to and from the standard library's types. More are in [`sys::fd`](crate::sys::fd).
#[cfg(feature = "std")]
mod std_types {
    use std::os::fd;

    use super::*;

    impl From<fd::OwnedFd> for OwnedFd {
        fn from(owned: fd::OwnedFd) -> Self {
            Self {
                fd: fd::IntoRawFd::into_raw_fd(owned),
            }
        }
    }

    impl<'fd> From<fd::BorrowedFd<'fd>> for BorrowedFd<'fd> {
        fn from(borrowed: fd::BorrowedFd<'fd>) -> Self {
            Self {
                fd: fd::AsRawFd::as_raw_fd(&borrowed),
                owner: PhantomData,
            }
        }
    }

    impl fd::AsRawFd for OwnedFd {
        fn as_raw_fd(&self) -> RawFd {
            self.fd
        }
    }

    impl fd::AsRawFd for BorrowedFd<'_> {
        fn as_raw_fd(&self) -> RawFd {
            self.fd
        }
    }
}
