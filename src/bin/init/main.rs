//! `init`: one binary, two lives. In a container or under another supervisor it runs one command; started by the kernel, it
//! brings a machine up and takes it down.

#![no_std]
#![no_main]
#![deny(unsafe_code)]

mod container;
mod log;
mod machine;

use core::panic::PanicInfo;

use nestling::text::Text;
use nestling::{Args, rt, sys};

nestling::entry!(main, panic = panic);

fn main(process: rt::Process) -> i32 {
    let is_first = sys::process::getpid().as_raw() == 1;
    if is_first && (process.args().len() <= 1 || is_the_kernels(process.env())) {
        machine::live(process)
    }
    if process.args().len() > 1 {
        return container::live(process);
    }
    log::complain(|out| "without a command it must be process 1".write(out));
    1
}

/// Whether this is the environment that the kernel gives process 1. Then the arguments are no command: they are what the
/// kernel's command line has and the kernel doesn't know.
fn is_the_kernels(env: Args<'_>) -> bool {
    env.var(c"HOME") == Some(c"/")
        && env.var(c"TERM") == Some(c"linux")
        && env.var(c"PATH").is_none()
}

fn panic(info: &PanicInfo<'_>) -> ! {
    machine::panic(info)
}
