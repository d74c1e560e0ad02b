//! Process 1 never ends: after a panic or a fault, it executes its program again, and keeps its table of services.

use core::panic::PanicInfo;

use nestling::spawn::{Error, Program};
use nestling::text::Text;
use nestling::{Args, Errno, Signal, args, rt, sys};

use super::descriptor_limit;
use super::store::outlive_exec;
use crate::buffer::next_string;
use crate::clock::pause;
use crate::exec::exec;
use crate::log::Line;

pub fn panic(info: &PanicInfo<'_>) -> ! {
    let mut line = Line::new("");
    crate::describe(info, &mut line);
    line.log();
    execute_again()
}

pub fn fault(signal: Signal) -> ! {
    let mut line = Line::new("");
    signal.write(&mut line);
    line.log();
    execute_again()
}

#[inline(never)]
pub fn execute_again() -> ! {
    // A copy of process 1 that is starting a service must not become an init.
    if sys::process::getpid().as_raw() != 1 {
        // An exit status would mean that the service's line or the inittab has an error.
        let _ = sys::process::kill(sys::process::getpid().as_raw(), Some(Signal::KILL));
        sys::process::exit(Errno::EFAULT.as_raw());
    }
    outlive_exec();
    descriptor_limit::restore();
    let list = args![c"init"];
    let args = Args::try_new(&list).unwrap_or(Args::EMPTY);
    loop {
        // If `/proc` is not mounted, try two of the paths where the kernel looks for an init.
        let mut paths: &[u8] = b"/proc/self/exe\0/sbin/init\0/init\0";
        while !paths.is_empty() {
            let path = next_string(&mut paths);
            exec(
                Program::Path(path),
                args,
                rt::environ(),
                None,
                &mut log_exec_error,
            );
        }
        pause(1);
    }
}

/// Logs why process 1 could not execute a program. Does not wait if the console's output is stopped.
#[inline(never)]
pub fn log_exec_error(error: &Error<'_>) -> i32 {
    let mut line = Line::new("");
    error.write(&mut line);
    line.log();
    0
}
