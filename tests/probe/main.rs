//! The program that the suites start. Its first argument says what it does; by default it writes what it finds itself to
//! be into the file `NESTLING_OUT`, as lines of `name: value`, having opened nothing before it looked.

#![no_std]
#![no_main]

use core::fmt::Write;

use linux_raw_sys::general as linux;
use linux_raw_sys::{ioctl, prctl as option};
use nestling::arch::{syscall1, syscall2, syscall3};
use nestling::rt::Process;
use nestling::sys::{self, credentials, process, signal};
use nestling::{Resource, SigSet, Signal};
use nestling_tests::{Text, directory, fd, inode, make_file, prctl, show};

nestling::entry!(main);

fn main(process: Process) -> i32 {
    let args = process.args();
    let mut words = args.skip(1).iter().map(show);
    let mode = words.next().unwrap_or("");
    let number = words.next().and_then(|word| word.parse::<i32>().ok());
    match (mode, number) {
        ("exit", Some(code)) => return code,
        ("kill", Some(number)) => {
            let signal = Signal::from_raw(number);
            process::kill(process::getpid().as_raw(), signal).expect("a signal to itself");
            // One that doesn't end it.
            return 0;
        }
        // Until the other side of a pipe is closed.
        ("until-eof", Some(number)) => {
            while let Ok(1..) = sys::fd::read(fd(number), &mut [0; 16]) {}
            return 0;
        }
        ("panic", _) => panic!("as asked"),
        _ => {}
    }
    let mut state = Text::<8192>::new();
    describe(process, &mut state).expect("text");
    if let Some(path) = process.env().var(c"NESTLING_OUT") {
        make_file(path, 0o666, state.as_str().as_bytes());
    }
    0
}

fn describe(process: Process, out: &mut Text<8192>) -> core::fmt::Result {
    // First the descriptors, of which `write!` needs none.
    write!(out, "fds:")?;
    for number in (0..1024).filter(|&number| sys::fd::cloexec(number).is_ok()) {
        write!(out, " {number}")?;
    }
    writeln!(out)?;
    for number in (0..1024).filter(|&number| sys::fd::cloexec(number).is_ok()) {
        let flags = fcntl(number, linux::F_GETFL);
        let access = match flags & linux::O_ACCMODE {
            linux::O_RDONLY => "read",
            linux::O_WRONLY => "write",
            _ => "both",
        };
        let append = if flags & linux::O_APPEND != 0 { " append" } else { "" };
        let nonblock = if flags & linux::O_NONBLOCK != 0 { " nonblock" } else { "" };
        writeln!(out, "inode {number}: {}", inode(number))?;
        writeln!(out, "flags {number}: {access}{append}{nonblock}")?;
    }
    for (index, arg) in process.args().iter().enumerate() {
        writeln!(out, "arg {index}: {}", show(arg))?;
    }
    writeln!(out, "args: {}", process.args().len())?;
    for (index, entry) in process.env().iter().enumerate() {
        writeln!(out, "env {index}: {}", show(entry))?;
    }
    writeln!(out, "pid: {}", process::getpid())?;
    writeln!(out, "parent: {}", process::getppid())?;
    writeln!(out, "group: {}", process::getpgid(0).unwrap_or(-1))?;
    writeln!(out, "session: {}", process::getsid(0).unwrap_or(-1))?;
    if let Ok(mask) = signal::mask() {
        writeln!(out, "blocked: {:x}", mask.bits())?;
    }
    writeln!(out, "ignored: {:x}", ignored().bits())?;
    writeln!(out, "directory: {}", directory())?;
    writeln!(out, "uid: {} {}", credentials::getuid(), credentials::geteuid())?;
    writeln!(out, "gid: {} {}", credentials::getgid(), credentials::getegid())?;
    write!(out, "groups:")?;
    let mut groups = [0; 64];
    let count = credentials::getgroups(&mut groups).unwrap_or(0);
    for group in &groups[..count] {
        write!(out, " {group}")?;
    }
    writeln!(out)?;
    writeln!(out, "umask: {:03o}", sys::file::umask(0))?;
    for resource in [Resource::Nofile, Resource::Core, Resource::FileSize] {
        if let Ok(limit) = sys::resource::getrlimit(resource) {
            writeln!(out, "{}: {} {}", resource.name(), limit.soft, limit.hard)?;
        }
    }
    // SAFETY: these ask by numbers; the last writes one.
    unsafe {
        let nice = syscall2(linux::__NR_getpriority as usize, linux::PRIO_PROCESS as usize, 0);
        writeln!(out, "nice: {}", 20 - nice as isize)?;
        let policy = syscall1(linux::__NR_sched_getscheduler as usize, 0);
        let mut priority = 0i32;
        syscall2(linux::__NR_sched_getparam as usize, 0, &raw mut priority as usize);
        writeln!(out, "scheduler: {policy} {priority}")?;
        let mut group = -1i32;
        let request = ioctl::TIOCGPGRP as usize;
        let place = &raw mut group as usize;
        syscall3(linux::__NR_ioctl as usize, 0, request, place);
        writeln!(out, "foreground: {group}")?;
    }
    writeln!(out, "no new privileges: {}", prctl(option::PR_GET_NO_NEW_PRIVS, 0).unwrap_or(9))?;
    if let Ok(cgroup) = nestling_tests::read_file(c"/proc/self/cgroup") {
        for line in cgroup.as_str().lines().filter(|line| line.starts_with("0::")) {
            writeln!(out, "cgroup: {line}")?;
        }
    }
    Ok(())
}

fn ignored() -> SigSet {
    Signal::all().fold(SigSet::EMPTY, |set, signal| match signal::action(signal) {
        Ok(signal::Action::Ignore) => set.with(signal),
        _ => set,
    })
}

fn fcntl(fd: i32, command: u32) -> u32 {
    // SAFETY: the command takes no argument.
    unsafe { syscall3(nestling::arch::nr::FCNTL as usize, fd as usize, command as usize, 0) as u32 }
}
