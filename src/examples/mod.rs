//! Examples: complete programs. The tests run them.
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
//! # Run as another user, within limits, from a large program
//!
//! ```ignore
#![doc = include_str!("run_as_user.rs")]
//! ```
