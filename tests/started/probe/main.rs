//! The program that the suites start. Its first argument selects what it does. By default, it writes a report of its
//! own state to the file `NESTLING_OUT`, as lines of `name: value`; it opens nothing before it has looked at its
//! descriptors.
//!
//! Under the name `cat`, it copies its standard input to its standard output, for machines without the program `cat`.

#![no_std]
#![no_main]

use core::fmt::Write;

use linux_raw_sys::general as linux;
use linux_raw_sys::prctl as option;
use nestling::rt::Process;
use nestling::sys::{self, credentials, process, signal};
use nestling::{Resource, SigSet, Signal, io};
use nestling_tests::{
    Text, call, directory, fd, format_text, inode, ioctl, make_file, prctl, read_file, show,
};

nestling::entry!(main);

fn main(process: Process) -> i32 {
    let args = process.args();
    if args.first() == Some(c"cat") {
        io::copy(io::stdin(), io::stdout()).expect("a copy");
        return 0;
    }
    let mut words = args.skip(1).iter().map(show);
    let mode = words.next().unwrap_or("");
    let number = words.next().and_then(|word| word.parse::<i32>().ok());
    match (mode, number) {
        ("exit", Some(code)) => return code,
        ("kill", Some(number)) => {
            let signal = Signal::from_raw(number);
            process::kill(process::getpid().as_raw(), signal).expect("a signal to itself");
            // The signal did not end this process.
            return 0;
        }
        // Read until the other side of a pipe is closed.
        ("until-eof", Some(number)) => {
            while let Ok(1..) = sys::fd::read(fd(number), &mut [0; 16]) {}
            return 0;
        }
        ("panic", _) => panic!("as asked"),
        ("env", _) => {
            for entry in process.env().iter() {
                nestling::println!(entry);
            }
            return 0;
        }
        ("fds", _) => {
            let open = (0..1024).filter(|&number| sys::fd::cloexec(number).is_ok());
            let mut all = Text::<512>::new();
            for number in open {
                write!(all, " {number}").expect("room");
            }
            nestling::println!("fds:", all.as_str());
            return 0;
        }
        ("copy", _) => {
            io::copy(io::stdin(), io::stdout()).expect("a copy");
            return 0;
        }
        ("flood", Some(length)) => {
            flood(length as usize);
            return 0;
        }
        _ => {}
    }
    let mut state = Text::<8192>::new();
    match mode {
        "parent" => describe_parent(&mut state),
        _ => describe(process, &mut state),
    }
    .expect("text");
    if let Some(path) = process.env().var(c"NESTLING_OUT") {
        make_file(path, 0o666, state.as_str().as_bytes());
    }
    0
}

/// Reports one property after another: each line is the report's next line.
fn describe(process: Process, out: &mut Text<8192>) -> core::fmt::Result {
    // The descriptors come first, because `write!` needs none.
    write!(out, "fds:")?;
    for number in (0..1024).filter(|&number| sys::fd::cloexec(number).is_ok()) {
        write!(out, " {number}")?;
    }
    writeln!(out)?;
    for number in (0..1024).filter(|&number| sys::fd::cloexec(number).is_ok()) {
        let flags = flags_of(number);
        let access = match flags & linux::O_ACCMODE {
            linux::O_RDONLY => "read",
            linux::O_WRONLY => "write",
            _ => "both",
        };
        let append = if flags & linux::O_APPEND != 0 {
            " append"
        } else {
            ""
        };
        let nonblock = if flags & linux::O_NONBLOCK != 0 {
            " nonblock"
        } else {
            ""
        };
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
    for (name, real, effective) in [
        ("uid", credentials::getuid(), credentials::geteuid()),
        ("gid", credentials::getgid(), credentials::getegid()),
    ] {
        if let (Ok(real), Ok(effective)) = (real, effective) {
            writeln!(out, "{name}: {real} {effective}")?;
        }
    }
    write!(out, "groups:")?;
    let mut groups = [0; 64];
    let count = credentials::getgroups(&mut groups).unwrap_or(0);
    for group in &groups[..count] {
        write!(out, " {group}")?;
    }
    writeln!(out)?;
    writeln!(out, "umask: {:03o}", sys::file::umask(0).expect("a mask"))?;
    for resource in [Resource::Nofile, Resource::Core, Resource::FileSize] {
        if let Ok(limit) = sys::resource::getrlimit(resource) {
            writeln!(out, "{}: {} {}", resource.name(), limit.soft, limit.hard)?;
        }
    }
    let mut priority = 0i32;
    // SAFETY: these calls take numbers; one of them writes a number.
    let (nice, policy, _) = unsafe {
        (
            call(linux::__NR_getpriority, [linux::PRIO_PROCESS as usize]),
            call(linux::__NR_sched_getscheduler, [0]),
            call(linux::__NR_sched_getparam, [0, &raw mut priority as usize]),
        )
    };
    writeln!(out, "nice: {}", 20 - nice.map_or(99, |nice| nice as i32))?;
    writeln!(out, "scheduler: {} {priority}", policy.unwrap_or(99))?;
    let mut group = -1;
    let _ = ioctl(0, linux_raw_sys::ioctl::TIOCGPGRP, &mut group);
    writeln!(out, "foreground: {group}")?;
    let privileges = prctl(option::PR_GET_NO_NEW_PRIVS, 0);
    writeln!(out, "no new privileges: {}", privileges.unwrap_or(99))?;
    if let Ok(status) = read_file(c"/proc/self/status") {
        for line in status.as_str().lines() {
            if let Some((name @ ("CapInh" | "CapEff" | "CapBnd" | "CapAmb"), set)) =
                line.split_once(":\t")
            {
                writeln!(out, "{name}: {set}")?;
            }
        }
    }
    if let Ok(cgroup) = read_file(c"/proc/self/cgroup") {
        for line in cgroup
            .as_str()
            .lines()
            .filter(|line| line.starts_with("0::"))
        {
            writeln!(out, "cgroup: {line}")?;
        }
    }
    Ok(())
}

fn ignored() -> SigSet {
    Signal::all().fold(SigSet::EMPTY, |set, signal| match signal::action(signal) {
        Ok(signal::Disposition::Ignore) => set.with(signal),
        _ => set,
    })
}

fn flags_of(fd: i32) -> u32 {
    let arguments = [fd as usize, linux::F_GETFL as usize];
    // SAFETY: the call takes numbers only.
    unsafe { call(nestling::arch::nr::FCNTL, arguments) }.map_or(0, |flags| flags as u32)
}

/// Describes the signals of the parent while the parent waits for this program. The spawn itself, during which the
/// parent blocks all signals, is over by then.
fn describe_parent(out: &mut Text<8192>) -> core::fmt::Result {
    let path = format_text!("/proc/{}/status", process::getppid());
    let all = SigSet::ALL.without(Signal::KILL).without(Signal::STOP);
    let all = format_text!("SigBlk:\t{:016x}", all.bits());
    loop {
        let status = read_file(path.c_str()).expect("the parent's status");
        let signals = |line: &&str| line.starts_with("Sig");
        let lines = || status.as_str().lines().filter(signals);
        if lines().all(|line| line != all.as_str()) {
            return lines().try_for_each(|line| writeln!(out, "{line}"));
        }
    }
}

/// Writes `length` bytes to standard output and as many to standard error, alternately and in pieces of odd sizes. The
/// value of a byte is its offset modulo 251.
fn flood(length: usize) {
    let bytes: [u8; 20 * 251] = core::array::from_fn(|offset| (offset % 251) as u8);
    let mut written = [0; 2];
    for turn in 0.. {
        for (out, offset) in [io::stdout(), io::stderr()].into_iter().zip(&mut written) {
            let start = *offset % 251;
            let size = (turn * 37 % (bytes.len() - start)).min(length - *offset);
            io::write_all(out, &bytes[start..start + size]).expect("a write");
            *offset += size;
        }
        if written == [length; 2] {
            break;
        }
    }
}
