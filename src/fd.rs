//! Descriptors, owned and borrowed, under std's names.
//!
//! What needs a system call or a promise ([`OwnedFd`]'s closing, the `from_raw` functions) is in [`sys::fd`](crate::sys::fd).

use core::marker::PhantomData;

/// A descriptor's number. It says nothing of whether the descriptor is open, or whose it is.
pub type RawFd = i32;

/// A descriptor that somebody keeps open for at least `'fd`.
#[derive(Clone, Copy, Debug)]
pub struct BorrowedFd<'fd> {
    pub(crate) fd: RawFd,
    pub(crate) owner: PhantomData<&'fd OwnedFd>,
}

/// An open descriptor, closed when dropped. What `close` says then is lost: see [`sys::fd::close`](crate::sys::fd::close).
#[derive(Debug)]
pub struct OwnedFd {
    pub(crate) fd: RawFd,
}

/// What holds a descriptor.
pub trait AsFd {
    /// Borrows it.
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
    /// The number.
    pub fn as_raw_fd(&self) -> RawFd {
        self.fd
    }
}

impl OwnedFd {
    /// The number.
    pub fn as_raw_fd(&self) -> RawFd {
        self.fd
    }

    /// The number; closing it is the caller's from here on.
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
