//! The program that PID 1 starts in the tests of init's machine life. Its name selects what it does:
//!
//! - `command` executes the command in `/etc/command`, in which a null byte ends each argument.
//! - `crash` exits with status 3 at once.
//! - `stubborn` ignores `SIGTERM` and `SIGHUP`.
//! - `director` causes the events that a machine must handle, one after the other, and prints the results. At the end
//!   it powers the machine off.
//! - `holder` makes process 1 start services that never come to run, checks that process 1 continues, and powers the machine off.
//! - `mover` makes process 1 move to another root. The inittab there starts `arrived`, which powers the machine off.
//! - `rc`, `cad` and `last` only print a line.
//! - `@storage` waits for the signal to end, prints how many disks are mounted then, and ends.
//! - `who` prints the user, the groups, the directory and the other properties that the inittab sets.
//! - Any other name: the program waits for a signal.
//!
//! Under each name except `command` and `who`, the program adds its process id to the file `/run/NAME` when it starts.

#![no_std]
#![no_main]

extern crate alloc;

use core::ffi::CStr;

use linux_raw_sys::general as linux;
use nestling::io::{stderr, stdin, stdout};
use nestling::raw::{result, syscall2, syscall5, syscall6};
use nestling::rt::{self, Process};
use nestling::spawn::{Program, Spawn};
use nestling::sys::credentials;
use nestling::sys::mount::MountFlags;
use nestling::text::{Sink, Text};
use nestling::{
    Args, AsFd, Errno, OFlags, OwnedFd, SigSet, Signal, eprintln, io, println, sys, time,
};

nestling::entry!(main);

fn main(process: Process) -> i32 {
    let path = process.args().first().map_or(&b""[..], CStr::to_bytes);
    let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or(path);
    if name == b"command" {
        return command(process);
    }
    if name == b"who" {
        return who(process);
    }
    note(name);
    match name {
        b"crash" => 3,
        b"director" => director(process.env().var(c"KEYBOARD").is_some()),
        b"holder" => holder(),
        b"mover" => mover(),
        b"arrived" => arrived(),
        b"@storage" => storage(),
        b"rc" | b"cad" | b"last" => {
            println!(name, " is here");
            0
        }
        _ => {
            if name == b"stubborn" {
                sys::signal::ignore(Signal::TERM).expect("SIGTERM to be ignored");
                sys::signal::ignore(Signal::HUP).expect("SIGHUP to be ignored");
            }
            loop {
                sys::process::pause();
            }
        }
    }
}

/// Executes the command. If that fails, returns the exit status that a shell would return.
fn command(process: Process) -> i32 {
    let mut bytes = [0; 16 * 1024];
    let length = read(c"/etc/command", &mut bytes);
    let mut list = [None; 1024];
    let mut rest = &bytes[..length];
    for slot in &mut list[..1023] {
        let Ok(string) = CStr::from_bytes_until_nul(rest) else {
            break;
        };
        rest = &rest[string.count_bytes() + 1..];
        *slot = Some(string.into());
    }
    let (args, env) = (Args::new(&list), process.env());
    let program = Program::Search {
        name: args.first().unwrap_or_default(),
        path: env.var(c"PATH"),
    };
    let error = Spawn::new(program, args, env).exec_without_actions();
    eprintln!("init: ", error);
    error.shell_code()
}

/// Waits for the signal to end.
fn storage() -> i32 {
    let asked = SigSet::EMPTY.with(Signal::TERM);
    sys::signal::set_mask(asked.with(Signal::HUP)).expect("a mask");
    sys::signal::sigtimedwait(asked, None).expect("a signal");
    let mut bytes = [0; 4096];
    let length = read(c"/proc/mounts", &mut bytes);
    let mounts = core::str::from_utf8(&bytes[..length]).expect("text");
    let disks = mounts.lines().filter(|line| line.contains(" ext4 "));
    println!("storage: ends with ", disks.count(), " disks mounted");
    0
}

/// Prints what the options of the inittab set.
fn who(process: Process) -> i32 {
    let mut groups = [0; 8];
    let count = credentials::getgroups(&mut groups).expect("the groups");
    let (mut text, mut written) = ([0; 64], 0);
    for group in &groups[..count] {
        let mut digits = Digits(&mut text, &mut written);
        group.write(&mut digits);
        digits.put(b", ");
    }
    let mut bytes = [0; 256];
    let length = read(c"/proc/self/cgroup", &mut bytes);
    let cgroup = core::str::from_utf8(&bytes[..length]).expect("text");
    let cgroup = cgroup.lines().find_map(|line| line.strip_prefix("0::"));
    let (uid, gid) = (credentials::getuid(), credentials::getgid());
    println!(
        "uid ",
        uid.expect("a user"),
        ", gid ",
        gid.expect("a group"),
        ", groups ",
        &text[..written],
        "cgroup ",
        cgroup.expect("a cgroup"),
        ", nice ",
        niceness(),
    );
    let env = process.env();
    let variable = |name| env.var(name).map_or(&b"-"[..], CStr::to_bytes);
    let mut directory = [0; 256];
    println!(
        "HOME ",
        variable(c"HOME"),
        ", USER ",
        variable(c"USER"),
        ", LOGNAME ",
        variable(c"LOGNAME"),
        ", SHELL ",
        variable(c"SHELL"),
        ", TERM ",
        variable(c"TERM"),
        ", in ",
        sys::file::getcwd(&mut directory).expect("a directory"),
    );
    // A user who can open a terminal can type into it and read what others type.
    for standard in [stdin(), stdout(), stderr()] {
        if sys::terminal::set_controlling(standard).is_ok() {
            println!("FAILED: a terminal that was not asked for was taken");
        }
    }
    0
}

/// A text of decimal digits in an array: the array and the used length.
struct Digits<'a>(&'a mut [u8; 64], &'a mut usize);

impl Sink for Digits<'_> {
    fn put(&mut self, text: &[u8]) {
        self.0[*self.1..][..text.len()].copy_from_slice(text);
        *self.1 += text.len();
    }
}

/// Returns the 19th field of this process's `stat`. The second field is the name and ends with a parenthesis.
fn niceness() -> i32 {
    let mut bytes = [0; 1024];
    let length = read(c"/proc/self/stat", &mut bytes);
    let stat = core::str::from_utf8(&bytes[..length]).expect("text");
    let (_, rest) = stat.rsplit_once(") ").expect("a name");
    let field = rest.split(' ').nth(16).expect("a niceness");
    field.parse().expect("a number")
}

// ---- Records of starts ----

struct Path([u8; 64]);

impl Path {
    fn of(name: &[u8]) -> Self {
        let mut path = [0; 64];
        for (slot, byte) in path.iter_mut().zip(b"/run/".iter().chain(name)) {
            *slot = *byte;
        }
        Self(path)
    }

    fn c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.0).expect("a short name")
    }
}

/// Adds this process's id to the file of its name. The number of ids in the file is the number of starts.
fn note(name: &[u8]) {
    let flags = OFlags::WRONLY | OFlags::CREAT | OFlags::APPEND | OFlags::CLOEXEC;
    let file = sys::fd::open(Path::of(name).c_str(), flags, 0o644).expect("a note");
    let id = sys::process::getpid().as_raw().to_ne_bytes();
    io::write_all(file.as_fd(), &id).expect("a note");
}

/// Returns the number of ids in the file, and the last of them.
fn starts(name: &[u8]) -> (usize, i32) {
    let mut bytes = [0; 1024];
    let length = read(Path::of(name).c_str(), &mut bytes);
    let last = bytes[..length]
        .last_chunk()
        .map_or(0, |&id| i32::from_ne_bytes(id));
    (length / 4, last)
}

fn read(path: &CStr, bytes: &mut [u8]) -> usize {
    match sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0) {
        Ok(file) => io::fill(file.as_fd(), bytes).expect("the file"),
        Err(_) => 0,
    }
}

// ---- The director ----

fn director(has_keyboard: bool) -> i32 {
    for name in [&b"steady"[..], b"other", b"stubborn"] {
        wait_until(|| starts(name).0 == 1);
    }
    wait_until(|| starts(b"crash").0 >= 2);
    println!("director: all services are up");
    let kept = [b"steady".as_slice(), b"stubborn"].map(starts);
    let (_, other) = starts(b"other");

    // The second fault comes in the pause after the first, when process 1 has just found its table.
    for _ in 0..2 {
        let before = exec_of_pid_1();
        to_pid_1(Signal::SEGV);
        wait_until(|| exec_of_pid_1() != before && name_of_pid_1_is(b"init\n"));
    }
    new_inittab(INITTAB);
    wait_until(|| starts(b"extra").0 == 1);
    wait_until(|| sys::process::kill(other, None) == Err(Errno::ESRCH));
    println!("director: what is new has come, what is old has gone");

    if has_keyboard {
        println!("director: press Ctrl-Alt-Del");
    } else {
        to_pid_1(Signal::INT);
    }
    wait_until(|| starts(b"cad").0 == 1);
    to_pid_1(Signal::ABRT);
    // Process 1 takes pending signals in the order of their numbers, so it has now handled the earlier one.
    wait_until(|| !pending_in_pid_1().contains(Signal::ABRT));
    new_inittab(&[INITTAB, b"::once:/bin/late\n"].concat());
    wait_until(|| starts(b"late").0 == 1);
    let now = [b"steady".as_slice(), b"stubborn"].map(starts);
    let alive = now
        .iter()
        .all(|&(_, pid)| sys::process::kill(pid, None).is_ok());
    if now == kept && alive && starts(b"director").0 == 1 && starts(b"rc").0 == 1 {
        println!("director: all others are what they were");
    } else {
        println!("director: FAILED, something was started again");
    }
    to_pid_1(Signal::USR2);
    0
}

/// The director's new inittab, without `other` and `crash`.
const INITTAB: &[u8] = b"\
null::respawn:/bin/stubborn
::respawn:/bin/steady
::wait:/bin/rc
::once:/bin/director
::sysinit:/bin/nonsense
::sysinit:/bin/too-late
::respawn:/bin/extra
::ctrlaltdel:/bin/cad
::shutdown:/bin/last
";

const INITTAB_PATH: &CStr = c"/etc/inittab";

fn new_inittab(content: &[u8]) {
    let flags = OFlags::WRONLY | OFlags::TRUNC | OFlags::CLOEXEC;
    let file = sys::fd::open(INITTAB_PATH, flags, 0).expect("the inittab");
    io::write_all(file.as_fd(), content).expect("the inittab");
    to_pid_1(Signal::HUP);
}

fn to_pid_1(signal: Signal) {
    sys::process::kill(1, Some(signal)).expect("a signal to PID 1");
}

/// Data that differ after each exec of process 1: among others, the position of its stack.
fn exec_of_pid_1() -> [u8; 512] {
    let mut bytes = [0; 512];
    read(c"/proc/1/auxv", &mut bytes);
    bytes
}

/// After process 1 has executed itself, its name is `exe`, the name of the file, until it has found its table.
fn name_of_pid_1_is(name: &[u8]) -> bool {
    let mut bytes = [0; 32];
    let length = read(c"/proc/1/comm", &mut bytes);
    &bytes[..length] == name
}

fn pending_in_pid_1() -> SigSet {
    let mut bytes = [0; 4096];
    let length = read(c"/proc/1/status", &mut bytes);
    let text = core::str::from_utf8(&bytes[..length]).expect("text");
    let digits = text.lines().find_map(|line| line.strip_prefix("ShdPnd:\t"));
    SigSet::from_bits(u64::from_str_radix(digits.expect("its signals"), 16).expect("a set"))
}

/// Waits without a time limit: the test that started the machine has one.
fn wait_until(condition: impl Fn() -> bool) {
    while !condition() {
        let _ = time::sleep(core::time::Duration::from_millis(10));
    }
}

// ---- Services that do not come to run ----

/// The lines that all inittabs of this part contain.
const KEPT: &[u8] = b"::respawn:/bin/steady\n::once:/bin/holder\n::shutdown:/bin/last\n\
    held::respawn:/bin/late\n:cgroup=frozen:respawn:/bin/other\n";

fn holder() -> i32 {
    // This program runs to the end and ignores SIGTERM: the end of the machine must not wait for it either.
    sys::signal::ignore(Signal::TERM).expect("SIGTERM to be ignored");
    // (The kernel asks for permission only at files and directories.)
    drop(sys::fd::open(c"/dev/held", NEW_FILE, 0o600).expect("a terminal's file"));
    let _server = hold(&[c"/bin/behind", c"/dev/held"]);
    sys::file::mkdir(c"/sys/fs/cgroup/frozen", 0o755).expect("a cgroup");
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let freezer = sys::fd::open(c"/sys/fs/cgroup/frozen/cgroup.freeze", flags, 0);
    sys::fd::write(freezer.expect("a freezer").as_fd(), b"1").expect("a frozen cgroup");
    wait_until(|| starts(b"steady").0 == 1);

    new_inittab(&[KEPT, b"::respawn:/bin/behind\n"].concat());
    let held = [&b"late"[..], b"other", b"behind"].map(|name| {
        wait_until(|| is_starting(name).is_some());
        is_starting(name).expect("its process")
    });
    println!("holder: three do not come to run");

    // Process 1 has a fault while the starts are pending.
    to_pid_1(Signal::ABRT);
    for name in [&b"late"[..], b"other", b"behind"] {
        wait_until(|| is_starting_again(name));
    }
    println!("holder: three do not come to run after a fault, either");

    reap_orphans(1000);
    let (_, steady) = starts(b"steady");
    sys::process::kill(steady, Some(Signal::KILL)).expect("a signal");
    wait_until(|| starts(b"steady").0 == 2);
    println!("holder: orphans are reaped, and what has ended is started again");

    new_inittab(&[KEPT, b"::respawn:/bin/extra\n"].concat());
    wait_until(|| starts(b"extra").0 == 1);
    let [late, other, behind] = held;
    wait_until(|| sys::process::kill(behind, None) == Err(Errno::ESRCH));
    let are_there = [late, other].map(|pid| sys::process::kill(pid, None).is_ok());
    println!("holder: what is new has come, what is gone is stopped");

    // Reads of the inittab block from here on.
    let server = hold(&[INITTAB_PATH]);
    to_pid_1(Signal::HUP);
    reap_orphans(10);
    let (count, steady) = starts(b"steady");
    sys::process::kill(steady, Some(Signal::KILL)).expect("a signal");
    wait_until(|| starts(b"steady").0 > count);
    println!("holder: process 1 goes on where the inittab does not answer");
    drop(server);

    // From here on, a line with `wait` blocks.
    new_inittab(&[KEPT, b"::respawn:/bin/extra\n::wait:/bin/behind\n"].concat());
    wait_until(|| is_starting(b"behind").is_some_and(|pid| pid != behind));
    reap_orphans(10);
    if are_there != [true; 2] || starts(b"late").0 + starts(b"other").0 + starts(b"behind").0 > 0 {
        println!("holder: FAILED, what could not come to run has done so, or is gone");
    }
    to_pid_1(Signal::USR2);
    loop {
        sys::process::pause();
    }
}

/// While the returned descriptor is open, every process that opens or executes one of these files waits: the kernel
/// asks this process for permission, and this process does not answer, like a server that is stopped.
fn hold(paths: &[&CStr]) -> OwnedFd {
    const FAN_CLOEXEC: usize = 1;
    const FAN_CLASS_CONTENT: usize = 4;
    const FAN_MARK_ADD: usize = 1;
    const FAN_OPEN_PERM: usize = 0x1_0000;
    let (flags, here) = (FAN_CLOEXEC | FAN_CLASS_CONTENT, linux::AT_FDCWD as usize);
    // SAFETY: the call takes numbers only.
    let server = unsafe { syscall2(linux::__NR_fanotify_init as usize, flags, 0) };
    let server = result(server).expect("fanotify");
    for path in paths {
        let (number, path) = (linux::__NR_fanotify_mark as usize, path.as_ptr() as usize);
        // SAFETY: the kernel reads a C string. On 32-bit architectures, a 64-bit mask takes two words.
        let answer = unsafe {
            match usize::BITS {
                64 => syscall5(number, server, FAN_MARK_ADD, FAN_OPEN_PERM, here, path),
                _ => syscall6(number, server, FAN_MARK_ADD, FAN_OPEN_PERM, 0, here, path),
            }
        };
        result(answer).expect("a mark");
    }
    // SAFETY: the descriptor is a new one.
    unsafe { OwnedFd::from_raw_fd(server as i32) }
}

/// Returns the process of a service that process 1 has reported as starting in the kernel's log: the last such process.
fn is_starting(name: &[u8]) -> Option<i32> {
    let mut found = None;
    each_line_of_init(&mut |said| {
        let process = core::str::from_utf8(name).ok().and_then(|name| {
            let said = said.strip_prefix(name)?;
            said.trim_end().strip_prefix(": starting, process ")
        });
        found = process.and_then(|id| id.parse().ok()).or(found);
    });
    found
}

/// Whether process 1 has reported the service as starting after a fault.
fn is_starting_again(name: &[u8]) -> bool {
    let (mut has_failed, mut is_starting) = (false, false);
    each_line_of_init(&mut |said| {
        has_failed |= said.starts_with("continues after a fault");
        let of_name = said.as_bytes().strip_prefix(name);
        is_starting |= has_failed && of_name.is_some_and(|it| it.starts_with(b": starting,"));
    });
    is_starting
}

/// Calls `visit` with each line that init has written to the kernel's log.
fn each_line_of_init(visit: &mut dyn FnMut(&str)) {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let log = sys::fd::open(c"/dev/kmsg", flags, 0).expect("the kernel's log");
    let mut record = [0; 2048];
    loop {
        match sys::fd::read(log.as_fd(), &mut record) {
            Ok(length) => {
                let text = core::str::from_utf8(&record[..length]).unwrap_or_default();
                if let Some((_, said)) = text.split_once(";init: ") {
                    visit(said);
                }
            }
            // A line was overwritten before it was read.
            Err(Errno::EPIPE) => {}
            Err(_) => return,
        }
    }
}

/// Makes process 1 inherit and reap `count` orphans, and waits until it has reaped them.
fn reap_orphans(count: u32) {
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let (all_gone, all) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let parent = rt::fork().expect("a parent");
    let Some(parent) = parent else {
        drop(all_gone);
        for _ in 0..count {
            if let Ok(None) = rt::fork() {
                drop(held);
                // Wait until the parent of this process has ended.
                let _ = sys::fd::read(end.as_fd(), &mut [0]);
                sys::process::exit(i32::from(sys::process::getppid() != 1));
            }
        }
        sys::process::exit(0);
    };
    drop(all);
    nestling::wait::wait(parent).expect("its end");
    drop(held);
    assert_eq!(sys::fd::read(all_gone.as_fd(), &mut [0]), Ok(0));
    wait_until(|| !has_zombie_of_pid_1());
}

fn has_zombie_of_pid_1() -> bool {
    let mut processes = nestling::dir::ReadDir::open(c"/proc").expect("/proc");
    while let Ok(Some(entry)) = processes.next() {
        let path = [&b"/proc/"[..], entry.name.to_bytes(), b"/stat"].concat();
        let path = alloc::ffi::CString::new(path).expect("no null");
        let mut bytes = [0; 512];
        let length = read_once(&path, &mut bytes);
        let stat = core::str::from_utf8(&bytes[..length]).unwrap_or_default();
        if let Some((_, rest)) = stat.rsplit_once(") ")
            && rest.starts_with("Z 1 ")
        {
            return true;
        }
    }
    false
}

/// Reads the beginning of a file in `/proc` of a process, which may have ended.
fn read_once(path: &CStr, bytes: &mut [u8]) -> usize {
    sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0)
        .and_then(|file| sys::fd::read(file.as_fd(), bytes))
        .unwrap_or(0)
}

// ---- Another root ----

fn mover() -> i32 {
    let flags = MountFlags::default();
    sys::file::mkdir(c"/new", 0o755).expect("a directory");
    sys::mount::mount(c"tmpfs", c"/new", c"tmpfs", flags, c"").expect("a root");
    for path in [
        c"/new/bin",
        c"/new/etc",
        c"/new/dev",
        c"/new/proc",
        c"/new/sys",
        c"/new/run",
    ] {
        sys::file::mkdir(path, 0o755).expect("a directory");
    }
    copy(c"/init", c"/new/bin/init");
    copy(c"/bin/service", c"/new/bin/arrived");
    let inittab = sys::fd::open(c"/new/etc/inittab", NEW_FILE, 0o644).expect("the inittab");
    io::write_all(inittab.as_fd(), b"::once:/bin/arrived\n").expect("the inittab");
    to_pid_1(Signal::QUIT);
    0
}

const NEW_FILE: OFlags =
    OFlags::from_bits(OFlags::WRONLY.bits() | OFlags::CREAT.bits() | OFlags::CLOEXEC.bits());

fn copy(from: &CStr, to: &CStr) {
    let from = sys::fd::open(from, OFlags::CLOEXEC, 0).expect("a program");
    let to = sys::fd::open(to, NEW_FILE, 0o755).expect("a copy");
    io::copy(from.as_fd(), to.as_fd()).expect("a copy");
}

fn arrived() -> i32 {
    let gone = sys::file::faccessat(c"/init") == Err(Errno::ENOENT);
    let moved = starts(b"mover").0 == 1 && sys::file::faccessat(c"/proc/1").is_ok();
    if gone && moved {
        println!("arrived in the new root");
    } else {
        println!("arrived: FAILED, it is not the new root");
    }
    to_pid_1(Signal::USR2);
    0
}
