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
    #[must_use]
    pub fn as_raw_fd(&self) -> RawFd {
        self.fd
    }
}

impl OwnedFd {
    /// Returns the descriptor's number.
    #[must_use]
    pub fn as_raw_fd(&self) -> RawFd {
        self.fd
    }

    /// Returns the descriptor's number, and leaves the descriptor open. The caller must close it.
    #[must_use]
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

    impl fd::IntoRawFd for OwnedFd {
        fn into_raw_fd(self) -> RawFd {
            Self::into_raw_fd(self)
        }
    }

    macro_rules! from_owners {
        ($($name:ty),* $(,)?) => {$(
            impl From<$name> for OwnedFd {
                fn from(owner: $name) -> Self {
                    fd::OwnedFd::from(owner).into()
                }
            }
        )*};
    }

    from_owners! {
        std::fs::File,
        std::io::PipeReader,
        std::io::PipeWriter,
        std::net::TcpListener,
        std::net::TcpStream,
        std::net::UdpSocket,
        std::os::unix::net::UnixDatagram,
        std::os::unix::net::UnixListener,
        std::os::unix::net::UnixStream,
        std::process::ChildStdin,
        std::process::ChildStdout,
        std::process::ChildStderr,
    }

    /// Implements std's traits for types that hold a descriptor.
    macro_rules! std_as_fd {
        ($($name:ty),*) => {$(
            #[cfg(feature = "std")]
            impl std::os::fd::AsFd for $name {
                fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                    $crate::fd::AsFd::as_fd(self).into()
                }
            }

            #[cfg(feature = "std")]
            impl std::os::fd::AsRawFd for $name {
                fn as_raw_fd(&self) -> $crate::fd::RawFd {
                    $crate::fd::AsFd::as_fd(self).as_raw_fd()
                }
            }
        )*};
    }
    pub(crate) use std_as_fd;

    std_as_fd!(OwnedFd, BorrowedFd<'_>);
}

#[cfg(feature = "std")]
pub(crate) use std_types::std_as_fd;

/// Implements the conversions of types that own a descriptor.
macro_rules! into_owned_fd {
    ($($name:ident),*) => {$(
        impl From<$name> for $crate::fd::OwnedFd {
            fn from(owner: $name) -> Self {
                owner.0
            }
        }

        #[cfg(feature = "std")]
        impl From<$name> for std::os::fd::OwnedFd {
            fn from(owner: $name) -> Self {
                owner.0.into()
            }
        }

        #[cfg(feature = "std")]
        impl std::os::fd::IntoRawFd for $name {
            fn into_raw_fd(self) -> $crate::fd::RawFd {
                self.0.into_raw_fd()
            }
        }

        #[cfg(feature = "std")]
        $crate::fd::std_as_fd!($name);
    )*};
}
pub(crate) use into_owned_fd;

#[cfg(all(test, feature = "std"))]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::{self, AsFd, AsRawFd, IntoRawFd};

    use super::{OwnedFd, RawFd};
    use crate::file::OFlags;

    #[test]
    fn descriptors_go_to_the_standard_library_and_come_from_it() {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let reader = OwnedFd::from(reader);
        let number = AsRawFd::as_raw_fd(&reader);
        assert_eq!(AsFd::as_fd(&reader).as_raw_fd(), number);
        let mut file = std::fs::File::from(std::os::fd::OwnedFd::from(reader));
        assert_eq!(file.as_raw_fd(), number);
        let mut writer = std::fs::File::from(std::os::fd::OwnedFd::from(OwnedFd::from(writer)));
        writer.write_all(b"words").expect("a write");
        drop(writer);
        // `read_to_string` would get the file's size with a system call that Miri does not support here.
        let mut text = [0; 8];
        assert_eq!(file.read(&mut text).expect("a read"), 5);
        assert_eq!(&text[..5], b"words");
        assert_eq!(file.read(&mut text).expect("the end"), 0);
    }

    #[test]
    #[cfg_attr(miri, ignore = "Miri has no epoll and no timerfd of ours")]
    fn what_holds_a_descriptor_has_the_standard_librarys_traits() {
        fn check(holder: impl AsFd + AsRawFd + IntoRawFd + Into<fd::OwnedFd>) {
            let number: RawFd = holder.as_raw_fd();
            assert_eq!(holder.as_fd().as_raw_fd(), number);
            assert_eq!(holder.into().as_raw_fd(), number);
        }
        let (reader, writer) = std::io::pipe().expect("a pipe");
        let timer = crate::time::Timer::new(crate::time::Clock::Monotonic, OFlags::CLOEXEC);
        check(OwnedFd::from(reader));
        check(OwnedFd::from(writer));
        check(crate::poll::Epoll::new().expect("an epoll"));
        check(timer.expect("a timer"));
    }
}
