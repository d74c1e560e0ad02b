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
use nestling::sys::mount::{MountFlags, mount};
use nestling::sys::reboot::{self, Reboot};
use nestling::time::{Clock, Timestamp, now};
use nestling::wait::{self, Options, Who};
use nestling::{Errno, Pid, SigSet, Signal, eprintln, io, rt, signals, sys};

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
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    for (target, kind) in [
        (c"/proc", c"proc"),
        (c"/sys", c"sysfs"),
        (c"/dev", c"devtmpfs"),
    ] {
        let _ = sys::file::mkdir(target, 0o755);
        match mount(kind, target, kind, flags, c"") {
            Ok(()) | Err(Errno::EBUSY) => {} // the kernel may have mounted /dev
            Err(errno) => eprintln!("pid1: ", target, ": ", errno),
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

/// Asks all processes to end, and kills those that still run after five seconds. Then writes all data to the disks, makes the root
/// file system read-only, and powers off or restarts the machine.
fn end(how: Reboot) -> ! {
    const ALL: i32 = -1;
    for (signal, time) in [(Signal::TERM, 5 * SECOND), (Signal::KILL, SECOND)] {
        let _ = sys::process::kill(ALL, Some(signal));
        let start = now(Clock::Monotonic).unwrap_or(Timestamp::MAX);
        let end = start.checked_add(time).unwrap_or(Timestamp::MAX);
        // The kernel sends `SIGCHLD` whenever a process ends.
        while wait::wait_for(Who::Any, Options::NOHANG) != Err(Errno::ECHILD) {
            let now = now(Clock::Monotonic).unwrap_or(end);
            match end.checked_duration_since(now) {
                Some(Duration::ZERO) | None => break,
                Some(rest) => drop(signals::wait_timeout(WANTED, rest.min(SECOND))),
            }
        }
    }
    reboot::sync();
    let read_only = MountFlags::REMOUNT | MountFlags::RDONLY;
    let _ = mount(c"", c"/", c"", read_only, c"");
    eprintln!("pid1: ", reboot::reboot(how));
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
