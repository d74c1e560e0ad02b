//! Starts programs without `fork` and without libc, and reports why a start failed.
//!
//! The core is [`spawn`]. It makes a child with `clone(CLONE_VM | SIGCHLD)`. The child shares the parent's memory, but runs on
//! a small stack of its own, which lies within the parent's stack. The child sets [`Attributes`](spawn::Attributes), carries
//! out [`Action`](spawn::Action)s, and then calls `execve`. If a step fails, the child reports to the parent which step failed,
//! and why. The cost of a spawn does not depend on the size of the parent's memory. A spawn needs neither libc nor a heap.
//! nestling supports Linux on x86_64, aarch64, riscv64 and i386.
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
//! An ordinary program enables the feature `std`, and starts at `command`: its `Command` has the methods of std's `Command`.
//!
//! # The map
//!
//! This list names the parts of the crate, from the lowest level to the highest. Each part uses only the parts before it:
//!
//! - `arch/` (not public): one file for each of the four architectures.
//! - [`raw`]: raw system calls, their numbers, and a function that makes a child. The interface is the same on all four
//!   architectures.
//! - The basic types, at the crate's root: [`Errno`], [`OwnedFd`] and [`BorrowedFd`], [`OFlags`] and [`Stat`], [`Signal`] and
//!   [`SigSet`], [`Pid`] and [`ExitStatus`], [`Args`] and [`c_str`], [`Resource`] and [`Policy`], and [`text`].
//! - [`sys`]: one small typed function for each system call.
//! - Helpers: [`io`], [`dir`], [`time`], [`signals`], [`poll`], [`terminal`], [`inittab`], [`utmp`], [`wait`], [`pid1`], [`mutex`];
//!   `heap`; `rt`, the runtime of a program without libc.
//! - The core: [`spawn`].
//! - Well-known interfaces on top of the core: [`system`](system::system), [`popen`](popen::popen), `command::Command` and
//!   [`jobs`].
//! - [`applet`]: many programs in one file.
//! - The programs: `spawn`, which starts a program with actions and attributes from its command line; `init`, a PID 1 for containers and
//!   machines; and `sh`, a POSIX shell.
//!
//! # Pages
//!
//! - [`spawn::comparison`]: how a spawn differs from the `posix_spawn` of glibc and musl, and from std.
//! - [`spawn::proposal`]: the protocol, step by step, for readers of C.
//! - `command`: coming from `std::process`.
//! - `rt`: a whole project without libc, for four architectures.
//! - `examples`: a shell, a process 1, a supervisor, a pipeline, programs that use nestling together with tokio and with rustix,
//!   and a program with a large heap that runs a command as another user.
//!
//! # Features
//!
//! - `rt`: adds `entry!` and the module `rt`, for programs without libc.
//! - `alloc`, for use together with `rt`: adds everything that needs a heap: the modules `command` and `heap`, and the functions that
//!   append to a `Vec`. Without `rt` and `std`, a `Command` fails unless it calls `env_clear`, because the environment is not known.
//! - `std`: adds what `alloc` adds, without the module `heap`, and conversions to and from the standard library's types. With
//!   this feature, children inherit libc's `environ`, as std's children do. A program that uses the standard library needs this
//!   feature for `Command`, `popen` and `system`. Such a program must not use `entry!`. If one build contains such a program and
//!   programs of the feature `rt`, see `rt`.
//!
//! `cargo xtask size` shows how many bytes each part of the crate adds to a program.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg), doc(auto_cfg(hide(miri))))]
#![deny(unsafe_code)]
// The library does not panic, except in `Args::new`, as documented, and in `alloc` when memory runs out: its caller may be PID 1.
#![warn(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]
// As in std, a function that only returns a value has the attribute `must_use`.
#![warn(clippy::must_use_candidate, clippy::return_self_not_must_use)]

#[cfg(any(feature = "alloc", feature = "std"))]
extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod applet;
#[allow(unsafe_code, clippy::must_use_candidate)]
#[doc(hidden)]
pub mod arch;
#[allow(unsafe_code)]
mod args;
#[allow(unsafe_code)]
pub mod c_str;
mod capabilities;
#[cfg(any(feature = "alloc", feature = "std"))]
pub mod command;
pub mod dir;
mod environ;
mod errno;
#[cfg(doc)]
pub mod examples;
#[allow(unsafe_code)]
mod fd;
mod file;
#[cfg(feature = "alloc")]
#[allow(unsafe_code)]
pub mod heap;
pub mod inittab;
pub mod io;
pub mod jobs;
mod limits;
#[allow(unsafe_code)]
pub mod mutex;
pub mod pid1;
pub mod poll;
pub mod popen;
mod process;
#[allow(
    unsafe_code,
    clippy::must_use_candidate,
    reason = "a system call is made for its effect"
)]
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
pub mod users;
pub mod utmp;
pub mod wait;

#[cfg(any(feature = "alloc", feature = "std"))]
pub use args::ArgList;
pub use args::{Arg, Args};
pub use capabilities::Capabilities;
pub use errno::Errno;
pub use fd::{AsFd, BorrowedFd, OwnedFd, RawFd, StaticFd};
pub use file::{Access, FileType, OFlags, SeekFrom, Stat};
pub use limits::{Policy, Resource, Rlimit};
pub use process::{ExitStatus, ExitStatusError, Pid};
pub use signal::{SigSet, Signal};

/// Tests the examples of the README. One of them needs a heap.
#[cfg(all(doctest, any(feature = "alloc", feature = "std")))]
#[doc = include_str!("../README.md")]
struct Readme;
