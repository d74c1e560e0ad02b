//! Examples: complete programs. The tests run them.
//!
//! In nestling's repository, `cargo run --features std --example run_as_user -- 65534 65534 id` runs the example that uses the
//! standard library, and `cargo run -p nestling-tests --bin supervisor -- 'sleep 1'` and
//! `cargo run -p nestling-tests --bin pipeline -- 'echo a b' 'wc -w'` those without libc.
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
