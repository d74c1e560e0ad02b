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

mod common;
mod files;
mod programs;
mod system;

use core::ffi::CStr;
use core::panic::PanicInfo;

use nestling::applet::{self, Applet};
use nestling::{Errno, heap, io, rt, sys};

#[cfg(panic = "unwind")]
compile_error!("the program has no unwinder: add --config 'profile.release.panic=\"abort\"'");

nestling::entry!(main, panic = panic);

/// All applets.
const TABLES: &[&[Applet]] = &[files::APPLETS, system::APPLETS, programs::APPLETS];

fn main(process: rt::Process) -> i32 {
    let args = process.args();
    // Under the name of an applet, the option is the applet's.
    let is_box = |name: &CStr| name.to_bytes().ends_with(b"box");
    if args.first().is_some_and(is_box) && args.skip(1).first() == Some(c"--version") {
        return match io::write_all(io::stdout(), VERSION.as_bytes()) {
            Ok(()) => 0,
            Err(_) => 1,
        };
    }
    applet::run("box", TABLES, args, process.env())
}

const VERSION: &str = concat!("box (nestling) ", env!("CARGO_PKG_VERSION"), "\n");

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
