//! `init`: one binary, two lives. In a container or under another supervisor it runs one command; started by the kernel, it
//! brings a machine up and takes it down.

#![no_std]
#![no_main]
#![deny(unsafe_code)]
// The program does not panic: the kernel panics when PID 1 ends.
#![warn(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod buffer;
mod clock;
mod container;
mod log;
mod machine;
mod requests;
mod stat;

use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use nestling::spawn::features;
use nestling::sys::reboot::set_ctrl_alt_del;
use nestling::text::Text;
use nestling::{rt, sys};

use log::Line;

nestling::entry!(main, panic = panic);

/// What of a spawn there is use for here. Process 1 shares its memory with no child: before Linux 5.16, a child that dumps core would
/// take it along.
const FEATURES: u32 = features::SHELL | features::SET_FOREGROUND;

/// Which life this is.
static RUNS_A_MACHINE: AtomicBool = AtomicBool::new(false);

fn main(process: rt::Process) -> i32 {
    if let Some(status) = requests::named(process) {
        return status;
    }
    let is_first = sys::process::getpid().as_raw() == 1;
    if is_first && (is_the_machines() || process.args().skip(1).is_empty()) {
        RUNS_A_MACHINE.store(true, Ordering::Relaxed);
        machine::live(process)
    }
    container::live(process)
}

/// Whether this process 1 is the machine's, and not that of a container's namespace: there the kernel refuses what Ctrl-Alt-Del is
/// to do. Then arguments are no command: they are words of the kernel's command line that the kernel does not know, such as
/// `splash`, which an initramfs passes on.
fn is_the_machines() -> bool {
    set_ctrl_alt_del(false).is_ok()
}

fn panic(info: &PanicInfo<'_>) -> ! {
    if RUNS_A_MACHINE.load(Ordering::Relaxed) {
        machine::panic(info)
    }
    let mut line = Line::new("");
    describe(info, &mut line);
    line.warn();
    rt::abort()
}

/// Where the panic was. (What it says would bring in `core::fmt`.)
fn describe(info: &PanicInfo<'_>, line: &mut Line) {
    "panic".write(line);
    if let Some(location) = info.location() {
        " at ".write(line);
        location.file().write(line);
        ":".write(line);
        location.line().write(line);
    }
}
