//! A process 1 for a board. It mounts the file systems that every system needs, runs one service, starts the service again when the
//! service has ended, and reaps orphans. `SIGTERM` powers the machine off; `SIGINT` (also from Ctrl-Alt-Del) restarts the machine.
//! The boot loader puts the service on the kernel's command line: `init=/pid1 -- /bin/service ARG…`.
#![no_std]
#![no_main]

extern crate alloc;
use alloc::vec::Vec;
use core::{ffi::CStr, panic::PanicInfo, time::Duration};

use nestling::command::Command;
use nestling::spawn::Memory;
use nestling::sys::reboot::{self, Reboot};
use nestling::wait::{self, Options, Who};
use nestling::{Pid, SigSet, Signal, eprintln, io, pid1, rt, signals, sys};

nestling::entry!(main, panic = panic);

const SECOND: Duration = Duration::from_secs(1);
const WANTED: SigSet = SigSet::EMPTY
    .with(Signal::CHLD)
    .with(Signal::INT)
    .with(Signal::TERM);

fn main(process: rt::Process) -> i32 {
    if sys::process::getpid().as_raw() != 1 {
        eprintln!("pid1: this is a process 1");
        return 1;
    }
    // A blocked signal stays pending until the program waits for it, so the program misses none.
    let _blocked = signals::block(WANTED);
    let _ = reboot::set_ctrl_alt_del(false);
    for (kind, target) in [
        (c"proc", c"/proc"),
        (c"sysfs", c"/sys"),
        (c"devtmpfs", c"/dev"),
    ] {
        if let Err(errno) = pid1::mount(kind, target) {
            eprintln!("pid1: ", target, ": ", errno);
        }
    }
    let words: Vec<&CStr> = process.args().skip(1).iter().collect();
    let mut service = start(&words);
    loop {
        // If the service does not run, try to start it again after a second.
        let rest = service.map_or(SECOND, |_| Duration::MAX);
        match signals::wait_timeout(WANTED, rest) {
            Ok(Some(info)) if info.signal == Signal::TERM => end(Reboot::PowerOff),
            Ok(Some(info)) if info.signal == Signal::INT => end(Reboot::Restart),
            Ok(None) => service = start(&words),
            Ok(Some(_)) | Err(_) => {}
        }
        while let Ok(Some((pid, status))) = wait::wait_for(Who::Any, Options::NOHANG) {
            if service == Some(pid) {
                eprintln!("pid1: the service has ended: ", status);
                service = None;
            }
        }
    }
}

/// Starts the service in a new session, with an empty signal mask and a copy of the memory. (If a child that shares the memory of
/// process 1 is killed, the kernel may also kill process 1.)
fn start(words: &[&CStr]) -> Option<Pid> {
    let (name, args) = words.split_first()?;
    let mut command = Command::new(*name);
    command.args(args).memory(Memory::Copied);
    command.setsid(true).signal_mask(SigSet::EMPTY);
    match command.spawn() {
        Ok(child) => Some(child.id()),
        Err(error) => {
            eprintln!("pid1: ", error);
            None
        }
    }
}

/// Gives all processes five seconds to end, and powers off or restarts the machine.
fn end(how: Reboot) -> ! {
    eprintln!("pid1: ", pid1::shut_down(how, 5 * SECOND));
    wait_for_ever()
}

/// The kernel panics if process 1 ends.
fn wait_for_ever() -> ! {
    loop {
        let _ = wait::wait_for(Who::Any, Options::default());
        let _ = nestling::time::sleep(SECOND);
    }
}

fn panic(info: &PanicInfo<'_>) -> ! {
    rt::describe(info, &mut io::Writer::new(io::stderr()));
    wait_for_ever()
}
