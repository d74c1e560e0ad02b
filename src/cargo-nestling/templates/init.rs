//! A process 1. It mounts the file systems that every system has, runs one service, and reaps all processes that end. When the service
//! has ended, it powers the machine off. The words after `--` on the kernel's command line are the service. Without such words, the
//! service is this program.
#![no_std]
#![no_main]

extern crate alloc;
use alloc::vec::Vec;

use nestling::command::Command;
use nestling::spawn::Memory;
use nestling::sys::mount::{MountFlags, mount};
use nestling::sys::process::{getpid, kill};
use nestling::sys::reboot::{Reboot, reboot, sync};
use nestling::wait::{Options, Who, wait_for};
use nestling::{Errno, Signal, eprintln, println, rt::Process, sys};

nestling::entry!(main);

fn main(process: Process) -> i32 {
    if getpid().as_raw() != 1 {
        println!("this is process ", getpid());
        return 0;
    }
    for (target, kind) in [
        (c"/proc", c"proc"),
        (c"/sys", c"sysfs"),
        (c"/dev", c"devtmpfs"),
    ] {
        let _ = sys::file::mkdir(target, 0o755); // the directory may exist
        match mount(kind, target, kind, MountFlags::NOSUID, c"") {
            Ok(()) | Err(Errno::EBUSY) => {} // the kernel may have mounted it
            Err(errno) => eprintln!("demo: ", target, ": ", errno),
        }
    }
    let words: Vec<_> = process.args().skip(1).iter().collect();
    let (name, args) = words.split_first().unwrap_or((&c"/proc/self/exe", &[]));
    // If a child that shares the memory of process 1 is killed, the kernel may also kill process 1.
    match Command::new(*name)
        .args(args)
        .memory(Memory::Copied)
        .setsid(true)
        .spawn()
    {
        // Orphans become children of process 1.
        Ok(service) => {
            while let Ok(ended) = wait_for(Who::Any, Options::default()) {
                if let Some((pid, status)) = ended
                    && pid == service.id()
                {
                    eprintln!("demo: the service has ended: ", status);
                    break;
                }
            }
        }
        Err(error) => eprintln!("demo: ", error), // which step failed, and why
    }
    let _ = kill(-1, Some(Signal::KILL)); // processes that the service has left
    sync();
    let _ = mount(
        c"",
        c"/",
        c"",
        MountFlags::REMOUNT | MountFlags::RDONLY,
        c"",
    );
    eprintln!("demo: power off: ", reboot(Reboot::PowerOff)); // `reboot` returns only if it fails
    1
}
