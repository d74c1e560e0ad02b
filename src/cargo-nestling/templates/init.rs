//! A process 1. It mounts the file systems that every system has, runs one service, and reaps all processes that end. When the service
//! has ended, it powers the machine off. The words after `--` on the kernel's command line are the service. Without such words, the
//! service is this program.
#![no_std]
#![no_main]

extern crate alloc;
use alloc::vec::Vec;
use core::time::Duration;

use nestling::sys::{process::getpid, reboot::Reboot};
use nestling::{command::Command, eprintln, pid1, println, rt::Process, spawn::Memory};

nestling::entry!(main);

fn main(process: Process) -> i32 {
    if getpid().as_raw() != 1 {
        println!("this is process ", getpid());
        return 0;
    }
    for (kind, target) in [
        (c"proc", c"/proc"),
        (c"sysfs", c"/sys"),
        (c"devtmpfs", c"/dev"),
    ] {
        if let Err(errno) = pid1::mount(kind, target) {
            eprintln!("demo: ", target, ": ", errno);
        }
    }
    let words: Vec<_> = process.args().skip(1).iter().collect();
    let (name, args) = words.split_first().unwrap_or((&c"/proc/self/exe", &[]));
    let mut service = Command::new(*name);
    // If a child that shares the memory of process 1 is killed, the kernel may also kill process 1.
    service.args(args).memory(Memory::Copied).setsid(true);
    match service
        .spawn()
        .map(|service| pid1::reap_until(service.id()))
    {
        Ok(Ok(status)) => eprintln!("demo: the service has ended: ", status),
        Ok(Err(errno)) => eprintln!("demo: wait: ", errno),
        Err(error) => eprintln!("demo: ", error), // which step failed, and why
    }
    let errno = pid1::shut_down(Reboot::PowerOff, Duration::from_secs(5));
    eprintln!("demo: power off: ", errno); // `shut_down` returns only if it fails
    1
}
