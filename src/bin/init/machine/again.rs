//! Process 1 does not die: after a panic or a fault it executes itself anew, with its table.

use core::panic::PanicInfo;

use nestling::spawn::Program;
use nestling::text::Text;
use nestling::{Args, Signal, args, rt};

use crate::clock::pause;
use crate::log::Line;
use crate::requests::become_program;

pub fn panic(info: &PanicInfo<'_>) -> ! {
    let mut line = Line::new(b"");
    crate::describe(info, &mut line);
    line.tell();
    begin_again()
}

pub fn fault(signal: Signal) -> ! {
    let mut line = Line::new(b"");
    signal.write(&mut line);
    line.tell();
    begin_again()
}

#[inline(never)]
fn begin_again() -> ! {
    let list = args![c"init"];
    let args = Args::try_new(&list).unwrap_or(Args::EMPTY);
    loop {
        // Without /proc, where the kernel looks for an init.
        for path in [c"/proc/self/exe", c"/sbin/init", c"/init"] {
            become_program(Program::Path(path), args, rt::environ(), None);
        }
        pause(1);
    }
}
