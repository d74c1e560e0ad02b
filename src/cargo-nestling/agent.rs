//! The program that `cargo nestling boot` and `test` put into each machine as `/.nestling/agent`. It reports over the
//! console what happens. Lines for `machine.rs`, which boots the machine, begin with `nestling: `: `begin RELEASE`, when the agent runs; for
//! each command `start`, and `end exit STATUS` or `end signal NUMBER`; and `power-off`. Messages for the user begin with `agent: `.
//!
//! The kernel starts it as process 1. If `/.nestling/disk` names a device, the agent loads the modules that
//! `/.nestling/modules/order` lists, and continues in the root on this disk. Then it executes the init that
//! `/.nestling/init` names. Without that file, it runs the commands itself, and powers the machine off.
//!
//! As any other process, it is a service of an init: it runs the commands, and exits with the status of the last one.
//!
//! `/.nestling/commands` contains the commands: for each, the number of words and the words. A null byte ends the
//! number and each word.
//!
//! `/.nestling/links` contains the links to make before: for each, its path and its target, with a null byte after each. Only now, because
//! an init may have mounted a file system over the directory.
//!
//! `/.nestling/terminal` contains the size of the terminal that shows the console: rows, blank, columns. Without that file, the console's
//! input is no terminal.
#![no_std]
#![no_main]

extern crate alloc;
use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::time::Duration;

use nestling::command::Command;
use nestling::spawn::{DEFAULT_PATH, Memory, Program, Spawn};
use nestling::sys::mount::{MountFlags, mount};
use nestling::sys::reboot::Reboot;
use nestling::{
    Args, AsFd, Errno, OFlags, io, jobs, pid1, println, rt::Process, sys, terminal, time,
};

nestling::entry!(main);

fn main(process: Process) -> i32 {
    let is_first = sys::process::getpid().as_raw() == 1;
    let commands = read(c"/.nestling/commands").unwrap_or_default();
    if !is_first {
        begin();
        return run(&commands, process);
    }
    let init = read(c"/.nestling/init").ok();
    if let Some(size) = size() {
        let _ = terminal::set_size(io::stdin(), size);
    }
    if let Ok(device) = read(c"/.nestling/disk")
        && let Err((step, errno)) = enter(&device)
    {
        println!("\ragent: ", step, ": ", errno);
        return 1;
    }
    begin();
    if let Some(Ok(init)) = init.map(CString::new) {
        return become_it(&init, process);
    }
    for (kind, target) in [
        (c"proc", c"/proc"),
        (c"sysfs", c"/sys"),
        (c"devtmpfs", c"/dev"),
        (c"devpts", c"/dev/pts"),
    ] {
        // The commands do without what this kernel does not have. Nothing is mounted over /tmp and /run, where the root may have files.
        let _ = pid1::mount(kind, target);
    }
    run(&commands, process);
    end()
}

/// Reports that the agent runs.
fn begin() {
    match sys::machine::uname() {
        Ok(names) => println!("\rnestling: begin ", names.release()),
        Err(errno) => println!("\ragent: uname: ", errno),
    }
}

fn read(path: &CStr) -> Result<Vec<u8>, Errno> {
    let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
    let mut bytes = Vec::new();
    io::read_to_end(file.as_fd(), &mut bytes)?;
    Ok(bytes)
}

/// Executes an init in place of this program, with this program's arguments.
fn become_it(init: &CStr, process: Process) -> i32 {
    let given = process.args().skip(1);
    let words = [init].into_iter().chain(given.iter());
    let words: Vec<_> = words.map(|word| Some(word.into())).chain([None]).collect();
    let error =
        Spawn::new(Program::Path(init), Args::new(&words), process.env()).exec_without_actions();
    println!("\ragent: ", error);
    1
}

// ---- A disk as the root ----

/// How often the agent looks for a disk, with a pause of a hundredth of a second.
const ATTEMPTS: u32 = 3000;

/// Continues in the root on this disk, which has an ext4 file system. An error names its step.
fn enter(device: &[u8]) -> Result<(), (&'static str, Errno)> {
    let device = CString::new(device).map_err(|_| ("the disk's name", Errno::EINVAL))?;
    for module in read(c"/.nestling/modules/order")
        .unwrap_or_default()
        .split(|&byte| byte == b'\n')
    {
        let path = CString::new([b"/.nestling/modules/", module].concat());
        if let (Ok(path), false) = (path, module.is_empty()) {
            load(&path).map_err(|errno| ("a kernel module", errno))?;
        }
    }
    let _ = sys::file::mkdir(c"/dev", 0o755);
    let none = MountFlags::default();
    match mount(c"devtmpfs", c"/dev", c"devtmpfs", none, c"") {
        Ok(()) | Err(Errno::EBUSY) => {}
        Err(errno) => return Err(("mount /dev", errno)),
    }
    let mut attempts = 0..ATTEMPTS;
    while sys::file::stat(&device).is_err() && attempts.next().is_some() {
        let _ = time::sleep(Duration::from_millis(10));
    }
    let step = |step| move |errno| (step, errno);
    let _ = sys::file::mkdir(c"/.nestling/root", 0o755);
    mount(&device, c"/.nestling/root", c"ext4", none, c"").map_err(step("mount the disk"))?;
    let _ = mount(c"/dev", c"/.nestling/root/dev", c"", MountFlags::MOVE, c"");
    sys::file::chdir(c"/.nestling/root").map_err(step("chdir to the disk"))?;
    mount(c".", c"/", c"", MountFlags::MOVE, c"").map_err(step("move the disk to the root"))?;
    sys::file::chroot(c".").map_err(step("chroot"))
}

fn load(module: &CStr) -> Result<(), Errno> {
    let file = sys::fd::open(module, OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
    match sys::machine::finit_module(file.as_fd(), c"") {
        Err(Errno::EEXIST) => Ok(()),
        loaded => loaded,
    }
}

// ---- The commands ----

/// Runs the commands one after the other. Returns the status of the last one.
fn run(commands: &[u8], process: Process) -> i32 {
    // If an init has made this process a session's leader, or if this process can become one, the console becomes its
    // terminal. Ctrl-C and Ctrl-Z are meant for the commands.
    let _ = sys::process::setsid();
    let _ = terminal::set_controlling(io::stdin());
    if size().is_none() {
        do_not_echo();
    }
    make_links(&read(c"/.nestling/links").unwrap_or_default());
    for signal in jobs::SIGNALS.iter() {
        let _ = sys::signal::ignore(signal);
    }
    let mut words = commands.split(|&byte| byte == 0);
    let mut last = 0;
    loop {
        let count = words.next().map(core::str::from_utf8);
        let Some(Ok(Ok(count))) = count.map(|count| count.map(str::parse)) else {
            return last;
        };
        let command: Vec<&[u8]> = words.by_ref().take(count).collect();
        let Some((name, args)) = command.split_first() else {
            return last;
        };
        let mut command = Command::new(*name);
        command.args(args).default_signals(jobs::SIGNALS);
        command.memory(Memory::Copied); // process 1 shares its memory with no child
        if process.env().var(c"PATH").is_none() {
            command.env("PATH", DEFAULT_PATH);
        }
        match command.spawn() {
            Ok(child) => {
                println!("\rnestling: start");
                if let Ok(status) = pid1::reap_until(child.id()) {
                    match status.signal() {
                        Some(signal) => println!("\rnestling: end signal ", signal.as_raw()),
                        None => println!("\rnestling: end exit ", status.code().unwrap_or(1)),
                    }
                    last = status.shell_code();
                }
            }
            Err(error) => {
                last = error.shell_code();
                println!("\ragent: command: ", error);
                println!("\rnestling: end exit ", last);
            }
        }
        if let Ok(own) = sys::process::getpgid(0) {
            // A shell may have left the terminal to one of its jobs.
            let _ = sys::terminal::tcsetpgrp(io::stdin(), own);
        }
    }
}

/// Returns the size of the terminal that shows the console.
fn size() -> Option<terminal::Size> {
    let text = read(c"/.nestling/terminal").ok()?;
    let (rows, columns) = core::str::from_utf8(&text).ok()?.split_once(' ')?;
    Some(terminal::Size {
        rows: rows.parse().ok()?,
        columns: columns.parse().ok()?,
    })
}

/// Switches the console's echo off: its output would contain the whole input.
fn do_not_echo() {
    if let Ok(mut attributes) = terminal::attributes(io::stdin()) {
        attributes.set(terminal::Mode::ECHO, false);
        let _ = terminal::set_attributes(io::stdin(), terminal::When::Now, &attributes);
    }
}

/// Makes links, and the directories in which they are. What exists is not changed.
fn make_links(links: &[u8]) {
    let mut words = links.split(|&byte| byte == 0);
    while let (Some(path), Some(target)) = (words.next(), words.next()) {
        let ends = path
            .iter()
            .enumerate()
            .filter(|&(at, &byte)| at > 0 && byte == b'/');
        for (end, _) in ends {
            if let Ok(directory) = CString::new(&path[..end]) {
                let _ = sys::file::mkdir(&directory, 0o755);
            }
        }
        if let (Ok(path), Ok(target)) = (CString::new(path), CString::new(target)) {
            let _ = sys::file::symlink(&target, &path);
        }
    }
}

/// Powers the machine off.
fn end() -> i32 {
    let _ = pid1::end_processes(Duration::ZERO);
    let _ = terminal::drain(io::stdout());
    println!("\rnestling: power-off");
    println!(
        "\ragent: ",
        pid1::shut_down(Reboot::PowerOff, Duration::ZERO)
    );
    1
}
