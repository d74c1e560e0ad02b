//! `init`: one program with two lives. In a container or under another supervisor, it runs one command (container life). If the
//! kernel has started it, it starts and stops the machine (machine life).

#![no_std]
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
mod exec;
mod log;
mod machine;
mod names;
mod stat;

use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use nestling::spawn::features;
use nestling::sys::reboot::set_ctrl_alt_del;
use nestling::text::Text;
use nestling::{SigSet, rt, sys};

use log::Line;

/// The parts of a spawn that init uses. A child never shares the memory of process 1: before Linux 5.16, a child that dumps core
/// would end process 1, too.
const FEATURES: u32 = features::SHELL | features::SET_FOREGROUND;

/// Whether this init runs a machine.
static RUNS_A_MACHINE: AtomicBool = AtomicBool::new(false);

/// Runs init, or what it does under its other names. Returns the exit status; a process 1 of a machine does not return.
pub fn main(process: rt::Process) -> i32 {
    if let Some(status) = names::named(process) {
        return status;
    }
    // From here on, signals stay pending until init takes them. So the kernel does not discard a signal that comes while process 1
    // starts. (If a seccomp filter forbids this call, the spawn of a command fails, too, and reports the error.)
    let mask = sys::signal::set_mask(SigSet::ALL).unwrap_or_default();
    let is_first = sys::process::getpid().as_raw() == 1;
    if is_first && (is_the_machines() || process.args().skip(1).is_empty()) {
        RUNS_A_MACHINE.store(true, Ordering::Relaxed);
        machine::live(process)
    }
    container::live(process, mask)
}

/// Returns whether this process 1 is the process 1 of the machine. In a container's pid namespace, the kernel does not permit a
/// change of the setting for Ctrl-Alt-Del. On a machine, the arguments are not a command: they are unknown words of the kernel's
/// command line, such as `splash`, which an initramfs passes on.
fn is_the_machines() -> bool {
    set_ctrl_alt_del(false).is_ok()
}

/// Returns whether this process is process 1 of a machine, which must not end.
#[must_use]
pub fn runs_a_machine() -> bool {
    RUNS_A_MACHINE.load(Ordering::Relaxed)
}

/// Handles a panic. Process 1 of a machine executes its program again.
pub fn panic(info: &PanicInfo<'_>) -> ! {
    if runs_a_machine() {
        machine::panic(info)
    }
    let mut line = Line::new("");
    describe(info, &mut line);
    line.warn();
    rt::abort()
}

/// Writes the location of the panic. (The panic's message would add `core::fmt` to the program.)
fn describe(info: &PanicInfo<'_>, line: &mut Line) {
    "panic".write(line);
    if let Some(location) = info.location() {
        " at ".write(line);
        location.file().write(line);
        ":".write(line);
        location.line().write(line);
    }
}
