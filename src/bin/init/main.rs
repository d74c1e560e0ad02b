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
use nestling::{rt, sys};

nestling::entry!(main, panic = panic);

fn main(process: rt::Process) -> i32 {
    if sys::process::getpid().as_raw() == 1 && process.args().len() <= 1 {
        machine::live(process)
    }
    if process.args().len() > 1 {
        return container::live(process);
    }
    log::complain(|out| "without a command it must be process 1".write(out));
    1
}

fn panic(info: &PanicInfo<'_>) -> ! {
    machine::panic(info)
}
