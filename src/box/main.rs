//! `box`: init, the shell and the utilities of a rescue system in one file. `README.md` says how it is built, and how an applet is added.

#![no_std]
#![no_main]
#![deny(unsafe_code)]
// An applet must not panic: a copy that ends halfway loses data. The exception is running out of memory.
#![warn(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

extern crate alloc;

#[allow(dead_code, reason = "the applets that use the rest are being written")]
mod common;
mod files;
mod programs;
mod system;

use core::panic::PanicInfo;

use nestling::applet::{self, Applet};
use nestling::{Errno, heap, rt, sys};

#[cfg(panic = "unwind")]
compile_error!("the program has no unwinder: add --config 'profile.release.panic=\"abort\"'");

nestling::entry!(main, panic = panic);

/// All applets.
const TABLES: &[&[Applet]] = &[files::APPLETS, system::APPLETS, programs::APPLETS];

fn main(process: rt::Process) -> i32 {
    applet::run("box", TABLES, process.args(), process.env())
}

/// How an applet ends without memory: 1 has another meaning for `grep`, `test` and `sort -c`.
const NO_MEMORY: i32 = 2;

/// Handles a panic: an error in an applet, or a lack of memory. Init handles its own. (Only a debug build writes the location, because the names of the
/// locations take several kilobytes.)
fn panic(info: &PanicInfo<'_>) -> ! {
    if nestling_programs_init::runs_a_machine() {
        nestling_programs_init::panic(info)
    }
    if heap::has_failed() {
        let args = rt::process().map(|it| it.args());
        let name = args.and_then(|it| it.first()).unwrap_or(c"box");
        nestling::eprintln!(name, ": ", Errno::ENOMEM);
        sys::process::exit(NO_MEMORY);
    }
    match info.location() {
        Some(place) if cfg!(debug_assertions) => {
            nestling::eprintln!("box: panic at ", place.file(), ":", place.line());
        }
        _ => nestling::eprintln!("box: panic"),
    }
    rt::abort()
}
