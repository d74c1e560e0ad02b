//! Start programs without `fork` and without libc.
#![no_std]
#![deny(unsafe_code)]
#![warn(missing_docs)]

#[cfg(any(test, feature = "std"))]
extern crate std;

#[allow(unsafe_code)]
#[doc(hidden)]
pub mod arch;
mod args;
mod errno;
mod fd;
mod file;
pub mod io;
mod limits;
mod process;
#[cfg(feature = "rt")]
#[allow(unsafe_code)]
pub mod rt;
mod signal;
#[allow(unsafe_code)]
pub mod spawn;
#[allow(unsafe_code)]
pub mod sys;
pub mod text;
pub mod wait;

pub use args::{Arg, Args};
pub use errno::Errno;
pub use fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
pub use file::OFlags;
pub use limits::{Policy, Resource, Rlimit};
pub use process::{ExitStatus, Pid};
pub use signal::{SigSet, Signal};
