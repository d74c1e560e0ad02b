//! Start programs without `fork` and without libc, and know why a start failed.
//!
//! The heart is [`spawn`]: a child made with `clone(CLONE_VM | SIGCHLD)` runs a new function on a small stack inside the
//! caller's own, carries out [`Action`](spawn::Action)s and [`Attributes`](spawn::Attributes), leaves by `execve`, and
//! tells the parent through a close-on-exec pipe which step failed and why, if one did. It costs the same however much
//! memory the parent has, needs neither libc nor heap, and works on x86_64, aarch64, riscv64 and i386.
//!
//! ```
//! use nestling::spawn::{Program, Spawn};
//! use nestling::{Args, args};
//!
//! let list = args![c"sh", c"-c", c"exit 3"];
//! let search = Program::Search { name: c"sh", path: None };
//! match Spawn::new(search, Args::new(&list), Args::EMPTY).start() {
//!     Ok(mut child) => assert_eq!(child.wait().unwrap().code(), Some(3)),
//!     Err(error) => panic!("{error}"), // exec "sh": ENOENT: no such file or directory
//! }
//! ```
//!
//! # The map
//!
//! From the ground up; each floor uses those before it and no other.
//!
//! - `arch/`: the four architectures, a file each.
//! - The vocabulary, at the crate's root: [`Errno`], [`OwnedFd`] and [`BorrowedFd`], [`OFlags`], [`Signal`] and [`SigSet`],
//!   [`Pid`] and [`ExitStatus`], [`Args`], [`Resource`] and [`Policy`], and [`text`].
//! - [`sys`]: the system calls, a small typed function each.
//! - [`spawn`] and [`wait`]; [`io`], which writes text.
//! - `rt`: the runtime of a program without libc (feature `rt`).
//! - The programs: `spawn`, the core on the command line; `init`, the beginning of a PID 1.
//!
//! # Features
//!
//! - `rt`: `entry!` and the module `rt`, for programs without libc.
//! - `alloc`: what needs a heap. Nothing yet.
//! - `std`: conversions to and from the standard library's types. A program of the standard library doesn't need it for
//!   anything else, and must not use `entry!`.
#![no_std]
#![deny(unsafe_code)]
#![warn(missing_docs)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

#[allow(unsafe_code)]
#[doc(hidden)]
pub mod arch;
mod args;
pub mod dir;
mod errno;
mod fd;
mod file;
#[cfg(feature = "alloc")]
#[allow(unsafe_code)]
pub mod heap;
pub mod io;
pub mod jobs;
mod limits;
pub mod poll;
mod process;
#[cfg(feature = "rt")]
#[allow(unsafe_code)]
pub mod rt;
mod signal;
pub mod signals;
#[allow(unsafe_code)]
pub mod spawn;
#[allow(unsafe_code)]
pub mod sys;
pub mod terminal;
pub mod text;
pub mod time;
pub mod wait;

pub use args::{Arg, Args};
pub use errno::Errno;
pub use fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
pub use file::OFlags;
pub use limits::{Policy, Resource, Rlimit};
pub use process::{ExitStatus, Pid};
pub use signal::{SigSet, Signal};

/// The README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
