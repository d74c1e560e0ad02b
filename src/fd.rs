//! Owned and borrowed descriptors. The types have the same names as in std.

use core::marker::PhantomData;
use core::sync::atomic::{AtomicI32, Ordering};

use linux_raw_sys::general::F_DUPFD_CLOEXEC;

use crate::errno::Errno;
use crate::raw::{nr, result, syscall1, syscall3};

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
    /// Borrows a descriptor by its number.
    ///
    /// # Safety
    /// The descriptor stays open during the lifetime of the `BorrowedFd`.
    #[must_use]
    pub unsafe fn borrow_raw(fd: RawFd) -> Self {
        Self {
            fd,
            owner: PhantomData,
        }
    }

    /// Returns the descriptor's number.
    #[must_use]
    pub fn as_raw_fd(&self) -> RawFd {
        self.fd
    }

    /// Makes an owned duplicate of the descriptor, as [`OwnedFd::try_clone`] does.
    ///
    /// # Errors
    /// The errors of [`OwnedFd::try_clone`].
    ///
    /// ```
    /// let output = nestling::io::stdout().try_clone_to_owned()?;
    /// assert!(output.as_raw_fd() > 2);
    /// # Ok::<(), nestling::Errno>(())
    /// ```
    #[doc(alias = "dup")]
    pub fn try_clone_to_owned(&self) -> Result<OwnedFd, Errno> {
        // The same as `sys::fd::dup_cloexec`, which is on a higher floor.
        let (fd, command) = (self.fd as usize, F_DUPFD_CLOEXEC as usize);
        // SAFETY: the call takes only numbers.
        let answer = result(unsafe { syscall3(nr::FCNTL, fd, command, 3) })?;
        // SAFETY: the kernel has just opened this descriptor.
        Ok(unsafe { OwnedFd::from_raw_fd(answer as RawFd) })
    }
}

impl OwnedFd {
    /// Makes an `OwnedFd` that owns this descriptor.
    ///
    /// # Safety
    /// The descriptor is open and has no other owner.
    #[must_use]
    pub unsafe fn from_raw_fd(fd: RawFd) -> Self {
        Self { fd }
    }

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

    /// Duplicates the descriptor. The duplicate gets the lowest free number that is at least 3, as in std, so that it does not
    /// become a standard descriptor. It closes on exec. The original and the duplicate share the offset and the status flags.
    /// Costs one system call.
    ///
    /// # Errors
    /// `EMFILE` if no number below the limit is free; `EINVAL` if the limit is 3 or less.
    ///
    /// ```
    /// let (read_end, write_end) = nestling::sys::fd::pipe2(nestling::OFlags::CLOEXEC)?;
    /// let other = write_end.try_clone()?;
    /// drop(write_end);
    /// assert_eq!(nestling::sys::fd::write(nestling::AsFd::as_fd(&other), b"still open")?, 10);
    /// # Ok::<(), nestling::Errno>(())
    /// ```
    pub fn try_clone(&self) -> Result<Self, Errno> {
        self.as_fd().try_clone_to_owned()
    }
}

impl Drop for OwnedFd {
    fn drop(&mut self) {
        // SAFETY: this `OwnedFd` owns the descriptor, and is being dropped. An error of `close` cannot be handled here.
        let _ = unsafe { close(self.fd) };
    }
}

/// `close`; the public form is [`sys::fd::close`](crate::sys::fd::close). It is not inlined, because most functions drop a descriptor in
/// several places.
///
/// # Safety
/// No other code relies on the descriptor being open.
#[inline(never)]
pub(crate) unsafe fn close(fd: RawFd) -> Result<(), Errno> {
    // SAFETY: the caller upholds the safety contract.
    result(unsafe { syscall1(nr::CLOSE, fd as usize) }).map(drop)
}

/// A descriptor that is stored in a `static`. The descriptor stays open until the process ends. The methods cost no system
/// call.
///
/// ```
/// use nestling::sys::fd::open;
/// use nestling::{OFlags, StaticFd};
///
/// static LOG: StaticFd = StaticFd::new();
/// assert!(LOG.get().is_none());
/// LOG.set(open(c"/dev/null", OFlags::WRONLY, 0)?);
/// assert!(LOG.get().is_some());
/// # Ok::<(), nestling::Errno>(())
/// ```
#[derive(Debug)]
pub struct StaticFd(
    /// The descriptor plus one; 0 if no descriptor is stored. So a static that is empty consists of zeros, and needs no bytes in
    /// the program's file.
    AtomicI32,
);

impl StaticFd {
    /// Makes an empty `StaticFd`.
    #[expect(clippy::new_without_default, reason = "a static needs no default")]
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicI32::new(0))
    }

    /// Stores a descriptor. A descriptor that was stored before stays open, because it may still be borrowed.
    pub fn set(&self, fd: OwnedFd) {
        self.0.store(fd.into_raw_fd() + 1, Ordering::Relaxed);
    }

    /// Removes the stored descriptor. It stays open, because it may still be borrowed.
    pub fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Removes the stored descriptor and returns it. (It is not borrowed at this time, because this method takes `&mut self`.)
    pub fn take(&mut self) -> Option<OwnedFd> {
        let fd = core::mem::take(self.0.get_mut()) - 1;
        // SAFETY: the stored descriptor has no other owner, because `set` took an `OwnedFd`.
        (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Borrows the stored descriptor; returns `None` if no descriptor is stored.
    pub fn get(&self) -> Option<BorrowedFd<'_>> {
        let fd = self.0.load(Ordering::Relaxed) - 1;
        // SAFETY: a stored descriptor stays open, because no method closes it.
        (fd >= 0).then(|| unsafe { BorrowedFd::borrow_raw(fd) })
    }
}

/// Borrows standard input, the descriptor 0. It may refer to any file, or be closed.
#[must_use]
pub fn stdin() -> BorrowedFd<'static> {
    standard(0)
}

/// Borrows standard output, the descriptor 1. It may refer to any file, or be closed.
#[must_use]
pub fn stdout() -> BorrowedFd<'static> {
    standard(1)
}

/// Borrows standard error, the descriptor 2. It may refer to any file, or be closed.
#[must_use]
pub fn stderr() -> BorrowedFd<'static> {
    standard(2)
}

fn standard(fd: RawFd) -> BorrowedFd<'static> {
    // SAFETY: as in the standard library, these numbers mean the descriptors that have these numbers at the time of use. If a
    // program was started with one of them closed, a file that the program opens can get the number. Then a later use of the number
    // can reach another file, or fail, but cannot access memory.
    unsafe { BorrowedFd::borrow_raw(fd) }
}

/// Conversions to and from the standard library's types.
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

    impl From<OwnedFd> for fd::OwnedFd {
        fn from(owned: OwnedFd) -> Self {
            // SAFETY: `into_raw_fd` transfers the ownership of an open descriptor.
            unsafe { fd::FromRawFd::from_raw_fd(owned.into_raw_fd()) }
        }
    }

    impl fd::FromRawFd for OwnedFd {
        unsafe fn from_raw_fd(fd: RawFd) -> Self {
            // SAFETY: the caller upholds the safety contract.
            unsafe { Self::from_raw_fd(fd) }
        }
    }

    impl<'fd> From<BorrowedFd<'fd>> for fd::BorrowedFd<'fd> {
        fn from(borrowed: BorrowedFd<'fd>) -> Self {
            // SAFETY: the descriptor stays open during the lifetime `'fd`.
            unsafe { Self::borrow_raw(borrowed.fd) }
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
