//! The shell as an applet of `box`: the modules of `main.rs`, with the feature `applets`.

#![no_std]
#![deny(unsafe_code)]
#![warn(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

extern crate alloc;

mod builtins;
#[cfg(feature = "edit")]
mod editor;
mod environment;
mod execution;
mod expansion;
#[cfg(feature = "edit")]
mod history;
mod interactive;
mod invocation;
mod jobs;
mod options;
mod output;
mod prompt;
mod reader;
mod redirection;
mod shell;
mod stack;
mod start;
mod traps;
mod variables;

use nestling::applet::Applet;
use nestling::rt;

/// Runs the shell. It finds the applets of `tables` as commands; `execution/search.rs` describes when. Returns the exit status, if the
/// arguments are wrong; otherwise the process ends within the function.
pub fn main(process: rt::Process, tables: &'static [&'static [Applet]]) -> i32 {
    start::run(process, |shell| shell.applets = tables)
}
