//! Process 1 does not die: after a panic or a fault it executes itself anew, with its table.

use core::panic::PanicInfo;

use nestling::spawn::Program;
use nestling::text::Text;
use nestling::{Args, Errno, Signal, args, rt, sys};

use super::descriptors;
use super::store::outlive_exec;
use crate::buffer::next_string;
use crate::clock::pause;
use crate::log::Line;
use crate::requests::become_program;

pub fn panic(info: &PanicInfo<'_>) -> ! {
    let mut line = Line::new("");
    crate::describe(info, &mut line);
    line.tell();
    begin_again()
}

pub fn fault(signal: Signal) -> ! {
    let mut line = Line::new("");
    signal.write(&mut line);
    line.tell();
    begin_again()
}

#[inline(never)]
pub fn begin_again() -> ! {
    // A copy of process 1 on its way to a service's program must not become an init.
    if sys::process::getpid().as_raw() != 1 {
        sys::process::exit(Errno::EFAULT.as_raw());
    }
    outlive_exec();
    descriptors::restore();
    let list = args![c"init"];
    let args = Args::try_new(&list).unwrap_or(Args::EMPTY);
    loop {
        // Without /proc, where the kernel looks for an init.
        let mut paths: &[u8] = b"/proc/self/exe\0/sbin/init\0/init\0";
        while !paths.is_empty() {
            let path = next_string(&mut paths);
            become_program(Program::Path(path), args, rt::environ(), None);
        }
        pause(1);
    }
}
