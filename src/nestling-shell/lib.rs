#![doc = include_str!("README.md")]
//!
//! # The commands of a script
//!
//! ```
#![doc = include_str!("examples/print_commands.rs")]
//! ```
//!
//! # Words with variables
//!
//! ```
#![doc = include_str!("examples/expand_words.rs")]
//! ```
//!
//! # Commands that are edited
//!
//! ```no_run
#![doc = include_str!("examples/edit_commands.rs")]
//! ```
//!
//! # An editor with keys of its own
//!
//! ```no_run
#![doc = include_str!("examples/read_line.rs")]
//! ```

#![no_std]
#![deny(unsafe_code)]
// The library must not panic, because no script may end the program with a fault. The exception is running out of memory.
#![warn(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

extern crate alloc;

pub mod characters;
pub mod editor;
pub mod expansion;
pub mod fields;
pub mod map;
pub mod pattern;
pub mod quoting;
pub mod regular;
pub mod sort;
pub mod stack;
pub mod symbols;
pub mod syntax;
