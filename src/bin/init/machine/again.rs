//! Process 1 does not die: after a panic or a fault it executes itself anew, with its table.

use core::panic::PanicInfo;

use nestling::io::{self, Writer};
use nestling::spawn::{Program, Spawn};
use nestling::text::Text;
use nestling::{Args, Signal, args, rt};

use super::breathe;
use crate::log::tell;

pub fn panic(info: &PanicInfo<'_>) -> ! {
    // It is a line of its own.
    let mut stderr = Writer::new(io::stderr());
    "\rinit: ".write(&mut stderr);
    rt::describe(info, &mut stderr);
    drop(stderr);
    begin_again()
}

pub fn fault(signal: Signal) -> ! {
    tell(b"", &|out| signal.write(out));
    begin_again()
}

fn begin_again() -> ! {
    let list = args![c"init"];
    let args = Args::try_new(&list).unwrap_or(Args::EMPTY);
    loop {
        // Without /proc, where the kernel looks for an init.
        for path in [c"/proc/self/exe", c"/sbin/init", c"/init"] {
            let program = Program::Path(path);
            let _ = Spawn::new(program, args, rt::environ()).exec_without_actions();
        }
        tell(b"", &|out| "can't execute itself".write(out));
        breathe();
    }
}
