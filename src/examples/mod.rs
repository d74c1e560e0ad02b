//! Examples: complete programs. The tests run them.
//!
//! In nestling's repository, `cargo run --features std --example run_as_user -- 65534 65534 id` runs the example `run_as_user`,
//! which uses the standard library. The same command with another name runs `with_rustix`. The commands
//! `cargo run -p nestling-tests --bin supervisor -- 'sleep 1'` and
//! `cargo run -p nestling-tests --bin pipeline -- 'echo a b' 'wc -w'` run examples without libc.
//!
//! # A supervisor, without libc
//!
//! ```ignore
#![doc = include_str!("supervisor.rs")]
//! ```
//!
//! # A pipeline, without libc
//!
//! ```ignore
#![doc = include_str!("pipeline.rs")]
//! ```
//!
//! # A shell
//!
//! ```ignore
#![doc = include_str!("shell.rs")]
//! ```
//!
//! # A process 1
//!
//! ```ignore
#![doc = include_str!("pid1.rs")]
//! ```
//!
//! # With rustix
//!
//! With the feature `std`, the descriptor types of both crates implement std's `AsFd`, and `into()` converts them into each other.
//! (A program without libc uses rustix without its default features, and borrows descriptors by `as_raw_fd`.)
//!
//! ```ignore
#![doc = include_str!("with_rustix.rs")]
//! ```
//!
//! # With tokio
//!
//! A pidfd is readable when the child has ended, so tokio waits for it as for a socket, without a thread and without a handler of
//! `SIGCHLD`. A pipe from the child becomes tokio's `Receiver` by `into()`.
//!
//! ```ignore
#![doc = include_str!("with_tokio.rs")]
//! ```
//!
//! # Run as another user, within limits, from a large program
//!
//! ```ignore
#![doc = include_str!("run_as_user.rs")]
//! ```
