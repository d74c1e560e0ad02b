//! Start programs without `fork` and without libc, and know why a start failed.
//!
//! The core is [`spawn`]: a child made with `clone(CLONE_VM | SIGCHLD)` runs a new function on a small stack inside the
//! caller's own. It carries out [`Action`](spawn::Action)s and [`Attributes`](spawn::Attributes), and ends with `execve`; if a
//! step fails, it reports to the parent which step and why. The cost does not depend on the parent's memory. Neither libc nor a
//! heap is needed. It works on x86_64, aarch64, riscv64 and i386.
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
//! From the ground up; each floor uses only those before it:
//!
//! - `arch/`: a file for each of the four architectures.
//! - [`raw`]: raw system calls, their numbers and the clone trampoline, the same on all four.
//! - The vocabulary, at the crate's root: [`Errno`], [`OwnedFd`] and [`BorrowedFd`], [`OFlags`] and [`Stat`], [`Signal`] and
//!   [`SigSet`], [`Pid`] and [`ExitStatus`], [`Args`], [`Resource`] and [`Policy`], and [`text`].
//! - [`sys`]: a small typed function for each system call.
//! - Helpers: [`io`], [`dir`], [`time`], [`signals`], [`poll`], [`terminal`], [`inittab`], [`utmp`], [`wait`]; `heap`; `rt`, the runtime
//!   of a program without libc.
//! - The core: [`spawn`].
//! - Known interfaces on top of it: [`system`](system::system), [`popen`](popen::popen), `command::Command` and [`jobs`].
//! - The programs: `spawn`, the core on the command line; `init`, a PID 1 for containers and machines; `sh`, a POSIX shell.
//!
//! `examples` shows a supervisor, a pipeline, and a program with a large heap that runs a command as another user.
//!
//! # Features
//!
//! - `rt`: `entry!` and the module `rt`, for programs without libc.
//! - `alloc`: everything that needs a heap: `command`, the functions that fill a `Vec`, and, with `rt`, the `heap` itself.
//! - `std`: conversions to and from the standard library's types; children inherit the environment that the standard library
//!   has. A program of the standard library needs this for `Command`, `popen` and `system`, and must not use `entry!`.
//!
//! `cargo xtask size` shows what each of them costs in bytes.
#![no_std]
#![deny(unsafe_code)]
// The library does not panic, except in `Args::new`, as documented, and in `alloc` when memory runs out: its caller may be PID 1.
#![warn(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

#[allow(unsafe_code)]
#[doc(hidden)]
pub mod arch;
mod args;
#[cfg(feature = "alloc")]
pub mod command;
pub mod dir;
mod environ;
mod errno;
#[cfg(doc)]
pub mod examples;
mod fd;
mod file;
#[cfg(feature = "alloc")]
#[allow(unsafe_code)]
pub mod heap;
pub mod inittab;
pub mod io;
pub mod jobs;
mod limits;
pub mod poll;
pub mod popen;
mod process;
#[allow(unsafe_code)]
pub mod raw;
#[cfg(feature = "rt")]
#[allow(unsafe_code)]
pub mod rt;
mod shell;
mod signal;
pub mod signals;
#[allow(unsafe_code)]
pub mod spawn;
#[allow(unsafe_code)]
pub mod sys;
pub mod system;
pub mod terminal;
pub mod text;
pub mod time;
pub mod utmp;
pub mod wait;

pub use args::{Arg, Args};
pub use errno::Errno;
pub use fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
pub use file::{Access, FileType, OFlags, SeekFrom, Stat};
pub use limits::{Policy, Resource, Rlimit};
pub use process::{ExitStatus, Pid};
pub use signal::{SigSet, Signal};

/// The README's examples, one of which needs a heap.
#[cfg(all(doctest, feature = "alloc"))]
#[doc = include_str!("../README.md")]
struct Readme;
