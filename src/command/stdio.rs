//! The standard descriptors of a child.

use alloc::vec::Vec;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use crate::file::{OFlags, SeekFrom};
use crate::io::{self, above_standard, duplicate, pipe};
use crate::spawn::Action;
use crate::sys;

/// What a child's standard input, output or error refers to. This type corresponds to `std::process::Stdio`.
#[derive(Debug)]
pub struct Stdio(Kind);

#[derive(Debug)]
enum Kind {
    Inherit,
    Null,
    Piped,
    Fd(OwnedFd),
    /// A file in memory that contains these bytes.
    Bytes(Vec<u8>),
    /// A duplicate of the child's standard output.
    Output,
}

impl Stdio {
    /// The child inherits the parent's descriptor.
    #[must_use]
    pub const fn inherit() -> Self {
        Self(Kind::Inherit)
    }

    /// The child opens `/dev/null`.
    #[must_use]
    pub const fn null() -> Self {
        Self(Kind::Null)
    }

    /// The child gets one end of a new pipe. [`Child`](super::Child) holds the other end.
    #[must_use]
    pub const fn piped() -> Self {
        Self(Kind::Piped)
    }
}

impl Stdio {
    pub(super) const fn bytes(bytes: Vec<u8>) -> Self {
        Self(Kind::Bytes(bytes))
    }

    pub(super) const fn output() -> Self {
        Self(Kind::Output)
    }
}

/// Gives the child a duplicate of this descriptor. The `Command` owns the descriptor, and closes it when the `Command` is
/// dropped. To keep a duplicate for this process, call [`OwnedFd::try_clone`].
impl From<OwnedFd> for Stdio {
    fn from(fd: OwnedFd) -> Self {
        Self(Kind::Fd(fd))
    }
}

/// A `Stdio` for which the parent has opened or duplicated the descriptors that the spawn needs.
pub(super) enum Prepared<'a> {
    Inherit,
    Null,
    /// The child's end and the parent's end of a pipe.
    Pipe(OwnedFd, OwnedFd),
    Fd(BorrowedFd<'a>),
    /// A descriptor above 2, so that setting up the standard descriptors does not overwrite it.
    Moved(OwnedFd),
    Output,
}

impl<'a> Prepared<'a> {
    /// Prepares the child's descriptor `number`, which is 0, 1 or 2.
    pub fn new(stdio: &'a Stdio, number: RawFd) -> Result<Self, Errno> {
        Ok(match &stdio.0 {
            Kind::Inherit => Self::Inherit,
            Kind::Null => Self::Null,
            Kind::Piped => {
                let (from, to) = pipe()?;
                if number == 0 {
                    Self::Pipe(from, to)
                } else {
                    Self::Pipe(to, from)
                }
            }
            Kind::Bytes(bytes) => Self::Moved(file_of(bytes)?),
            Kind::Output => Self::Output,
            Kind::Fd(fd) if fd.as_raw_fd() > 2 => Self::Fd(fd.as_fd()),
            Kind::Fd(fd) => Self::Moved(duplicate(fd.as_fd(), 3)?),
        })
    }

    /// Returns the action that sets up the child's descriptor `number`.
    pub fn action(&self, number: RawFd) -> Option<Action<'static>> {
        let from = match self {
            Self::Inherit => return None,
            Self::Null => {
                let access = if number == 0 {
                    OFlags::RDONLY
                } else {
                    OFlags::WRONLY
                };
                return Some(Action::Open {
                    fd: number,
                    path: c"/dev/null",
                    flags: access,
                    mode: 0,
                });
            }
            Self::Output => 1,
            Self::Pipe(fd, _) | Self::Moved(fd) => fd.as_raw_fd(),
            Self::Fd(fd) => fd.as_raw_fd(),
        };
        Some(Action::Dup2 { from, to: number })
    }

    /// Returns the parent's end if this is a pipe.
    pub fn parents_end(self) -> Option<OwnedFd> {
        match self {
            Self::Pipe(_, parents) => Some(parents),
            _ => None,
        }
    }
}

/// Makes a file in memory that contains the bytes. Its file offset is 0.
fn file_of(bytes: &[u8]) -> Result<OwnedFd, Errno> {
    let file = above_standard(sys::fd::memfd_create(c"input")?)?;
    io::write_all(file.as_fd(), bytes)?;
    sys::fd::lseek(file.as_fd(), SeekFrom::Start(0))?;
    Ok(file)
}

macro_rules! ends {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(OwnedFd);

        impl From<OwnedFd> for $name {
            fn from(fd: OwnedFd) -> Self {
                Self(fd)
            }
        }

        /// Gives this end of the pipe to another child. For example, the output of one child can become the input of another
        /// child.
        impl From<$name> for Stdio {
            fn from(end: $name) -> Self {
                Self::from(end.0)
            }
        }

        impl AsFd for $name {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.0.as_fd()
            }
        }

        crate::fd::into_owned_fd!($name);
    )*};
}

ends! {
    /// The writing end of the pipe to a child's standard input.
    ChildStdin
    /// The reading end of the pipe from a child's standard output.
    ChildStdout
    /// The reading end of the pipe from a child's standard error.
    ChildStderr
}

impl ChildStdin {
    /// Writes all bytes to the pipe.
    ///
    /// # Errors
    /// The errors of [`io::write_all`]; `EPIPE` if the child has closed its end and `SIGPIPE` is ignored. If `SIGPIPE` has its
    /// default action, the signal ends this process.
    pub fn write_all(&mut self, bytes: &[u8]) -> Result<(), Errno> {
        io::write_all(self.as_fd(), bytes)
    }
}

macro_rules! readers {
    ($($name:ident)*) => {$(
        impl $name {
            /// Reads once. Returns the number of bytes read; 0 at the end of the pipe, when every process that had the writing
            /// end open has closed it.
            ///
            /// # Errors
            /// The errors of [`io::read`].
            pub fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Errno> {
                io::read(self.as_fd(), buffer)
            }

            /// Reads to the end of the pipe, and appends the bytes read to `bytes`. Returns the number of bytes read.
            ///
            /// # Errors
            /// The errors of [`io::read_to_end`].
            pub fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> Result<usize, Errno> {
                io::read_to_end(self.as_fd(), bytes)
            }
        }

        #[cfg(feature = "std")]
        impl std::io::Read for $name {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                Ok(io::read(self.as_fd(), buffer)?)
            }
        }
    )*};
}

readers! { ChildStdout ChildStderr }

#[cfg(feature = "std")]
mod std_types {
    use super::*;

    impl std::io::Write for ChildStdin {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(crate::sys::fd::write(self.as_fd(), bytes)?)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    macro_rules! from_owners {
        ($($name:ty),* $(,)?) => {$(
            impl From<$name> for Stdio {
                fn from(owner: $name) -> Self {
                    Self::from(OwnedFd::from(owner))
                }
            }
        )*};
    }

    from_owners! {
        std::os::fd::OwnedFd,
        std::fs::File,
        std::io::PipeReader,
        std::io::PipeWriter,
        std::net::TcpStream,
        std::os::unix::net::UnixStream,
        std::process::ChildStdin,
        std::process::ChildStdout,
        std::process::ChildStderr,
    }
}
