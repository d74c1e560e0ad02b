//! Runs a script and sends it a signal when it waits; or types lines into an interactive shell, and strikes a key when
//! it waits.
//!
//! Nothing depends on time. A script has reached its waiting point when all its processes sleep, are stopped or have
//! ended, and no signal is on its way to any of them. From then on, only this driver can wake them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nestling::command::{Child, Command, Stdio};
use nestling::poll::{Events, PollFd, poll};
use nestling::spawn::{Memory, PreExec};
use nestling::wait::{Options, Who, wait, wait_for};
use nestling::{Errno, OFlags, Pid, SigSet, Signal, io, signals, sys};
use nestling_host_tests::terminal;

/// A script that has not come to rest after this time never will.
const DEADLINE: Duration = Duration::from_secs(120);

/// The longest time for which the driver lets other processes run before it looks at them again.
const LONGEST_PAUSE: Duration = Duration::from_millis(4);

/// How often a script that waits gets a line to read.
const RELEASES: usize = 4;

/// The descriptor from which a waiting script reads.
const GATE: i32 = 7;

/// Which process gets the signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    Process,
    Group,
    /// The foreground process group of a terminal, by a key.
    Key,
}

impl Target {
    pub fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Group => "group",
            Self::Key => "key",
        }
    }
}

/// The descriptor over which the leader of a script's session reports.
const REPORT: i32 = 8;

/// A shell, with the options that make it follow the standard.
#[derive(Clone, Debug)]
pub struct Shell {
    pub name: &'static str,
    pub program: std::path::PathBuf,
    pub options: &'static [&'static str],
}

/// Runs the script in `folder`. Returns what the script writes and how it ends. A shell that is ended by a signal and a
/// shell that exits with the status of that signal count as equal.
pub fn run(shell: &Shell, folder: &Path, script: &str, signal: Signal, target: Target) -> String {
    fs::write(folder.join("script"), script).expect("a script");
    let output = sys::fd::memfd_create(c"output").expect("a file in memory");
    let mut output = File::from(OwnedFd::from(output));
    let (gate, release) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let mut release = File::from(OwnedFd::from(release));
    let mut command = command(shell, folder);
    command.arg("./script");
    command
        .stdin(Stdio::null())
        .stdout(nestling::OwnedFd::from(OwnedFd::from(
            output.try_clone().expect("a duplicate"),
        )))
        .stderr(Stdio::null())
        .fd(GATE, gate);
    let mut report = None;
    let controller = match target {
        Target::Key => {
            let flags = OFlags::CLOEXEC | OFlags::NONBLOCK;
            let (read_end, write_end) = sys::fd::pipe2(flags).expect("a pipe");
            report = Some(File::from(OwnedFd::from(read_end)));
            command.fd(REPORT, write_end);
            // SAFETY: in the copy, the function makes system calls only.
            command.pre_exec(unsafe { PreExec::new(lead) });
            Some(at_terminal(&mut command))
        }
        Target::Process | Target::Group => {
            command.process_group(0);
            None
        }
    };
    let mut run = Run::start(shell, command, script);
    run.report = report;
    let mut steps = String::new();
    run.until_quiet();
    match (target, controller) {
        (Target::Key, Some(controller)) => {
            run.strike(&controller, key(signal));
            run.drive(&mut release, &mut steps);
        }
        _ => {
            let shell = run.child.id().as_raw();
            let whom = match target {
                Target::Group => -shell,
                Target::Process | Target::Key => shell,
            };
            // A script that has ended was not waiting.
            if run.status.is_none() {
                let _ = sys::process::kill(whom, Some(signal));
            } else {
                steps.push_str(" before");
            }
            run.drive(&mut release, &mut steps);
        }
    }
    let status = run.end();
    let mut text = String::new();
    output.rewind().expect("its beginning");
    output.read_to_string(&mut text).expect("plain text");
    format!("{text:?}{steps} {status}")
}

/// Types lines into an interactive shell in `folder`, strikes a signal's key when the shell or its command waits, types
/// `last`, and lets the shell exit. The answer consists of the contents of the file `out`, how often a waiting process
/// had to be released or continued before the shell executed `last`, and how the shell ends.
///
/// When a line has begun, it writes a `w` to that file; `begins` is the number of these. Lines with `spins` never come
/// to rest.
pub fn converse(shell: &Shell, folder: &Path, typed: &Typed<'_>) -> String {
    let out = folder.join("out");
    fs::write(&out, "").expect("a file");
    fs::write(folder.join("keep"), "").expect("a file");
    let (gate, release) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let mut release = File::from(OwnedFd::from(release));
    let mut command = command(shell, folder);
    command.arg("-i").env("HOME", folder).env("TERM", "dumb");
    command.env("PS1", "$ ").env("PS2", "> ").fd(GATE, gate);
    let controller = at_terminal(&mut command);
    let device = nestling::BorrowedFd::from(controller.as_fd());
    // The terminal is wide enough to show each line without wrapping.
    let size = nestling::terminal::Size {
        rows: 50,
        columns: 1000,
    };
    nestling::terminal::set_size(device, size).expect("its size");
    let open = || sys::terminal::pty_peer(device, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC);
    command.stdout(open().expect("the terminal"));
    command.stderr(open().expect("the terminal"));
    let mut run = Run::start(shell, command, typed);
    let mut steps = String::new();
    let written = || fs::read_to_string(&out).unwrap_or_default();
    for line in typed.lines {
        run.until_quiet();
        run.strike(&controller, line);
    }
    while written().matches('w').count() < typed.begins {
        assert!(
            run.start.elapsed() < DEADLINE,
            "the commands did not begin: {}",
            run.what
        );
        drain(&controller);
        std::thread::sleep(Duration::from_micros(200));
    }
    if !typed.spins {
        run.until_quiet();
    }
    run.strike(&controller, key(typed.signal));
    run.until_quiet();
    run.strike(&controller, typed.last);
    let mut releases = 0;
    loop {
        let stopped = run.until_quiet_with(|| written().contains("end"));
        if run.status.is_some() || written().contains("end") {
            break;
        }
        if !stopped.is_empty() {
            steps.push_str(" stopped");
            for pid in stopped {
                let _ = sys::process::kill(pid, Some(Signal::CONT));
            }
        } else if releases < RELEASES {
            releases += 1;
            steps.push_str(" released");
            let _ = release.write_all(b"go\n");
        } else {
            steps.push_str(" waits");
            break;
        }
        drain(&controller);
    }
    if run.status.is_none() {
        run.until_quiet();
        run.strike(&controller, "exit 3");
        run.until_quiet_with(|| false);
    }
    let status = run.end();
    format!("{:?}{steps} {status}", written())
}

/// What is typed into the shell.
#[derive(Debug)]
pub struct Typed<'a> {
    pub lines: &'a [String],
    pub begins: usize,
    pub spins: bool,
    pub signal: Signal,
    pub last: &'a str,
}

fn command(shell: &Shell, folder: &Path) -> Command {
    let mut command = Command::new(shell.program.as_path());
    command.args(shell.options).env_clear();
    command.env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
    command.current_dir(folder).default_signals(SigSet::ALL);
    command
}

/// A key in the form in which a terminal shows it.
fn key(signal: Signal) -> &'static str {
    match signal {
        Signal::INT => "^C",
        Signal::QUIT => "^\\",
        _ => "^Z",
    }
}

/// Opens a terminal as the standard input and the controlling terminal of a new session. Returns the controlling side of the
/// terminal, which this program uses.
fn at_terminal(command: &mut Command) -> File {
    let (controller, path) = terminal();
    let path = std::ffi::CString::new(path.to_str().expect("a plain path")).expect("a path");
    let open = || sys::fd::open(&path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, 0);
    command.setsid(true).controlling_terminal(0);
    command.memory(Memory::Copied);
    command.stdin(open().expect("the terminal"));
    File::from(controller)
}

/// Forks a child that leads a session. The forked process becomes the process group in the foreground, like a script
/// that a user starts at a prompt. The leader stays and reports over [`REPORT`] how that process has ended. (When a
/// session's leader ends, the kernel sends SIGHUP to the foreground group.)
fn lead() -> Result<(), Errno> {
    // SAFETY: this process is a copy with one thread, and both processes then make system calls only.
    let Some(pid) = (unsafe { sys::clone::fork() })? else {
        // SAFETY: the descriptor belongs to the other process.
        unsafe { sys::fd::close(REPORT) }?;
        sys::process::setpgid(0, 0)?;
        // The kernel allows this call to the foreground group, or to a process that blocks SIGTTOU.
        let _blocked = signals::block(SigSet::EMPTY.with(Signal::TTOU))?;
        return sys::terminal::tcsetpgrp(io::stdin(), sys::process::getpid().as_raw());
    };
    // SAFETY: this process uses none of these descriptors.
    unsafe {
        sys::fd::close_range(0, REPORT as u32 - 1)?;
        sys::fd::close_range(REPORT as u32 + 1, u32::MAX)?;
    }
    let status = wait(pid).unwrap_or_default();
    // SAFETY: the descriptor is open.
    let report = unsafe { nestling::BorrowedFd::borrow_raw(REPORT) };
    let _ = sys::fd::write(report, &[status.shell_code() as u8]);
    loop {
        sys::process::pause();
    }
}

/// Reads and drops the terminal's output.
fn drain(controller: &File) {
    let mut controller = controller;
    while is_readable(controller, Duration::ZERO)
        && let Ok(1..) = controller.read(&mut [0; 4096])
    {}
}

fn is_readable(controller: &File, within: Duration) -> bool {
    let controller = nestling::BorrowedFd::from(controller.as_fd());
    let mut polled = [PollFd::new(controller, Events::IN)];
    poll(&mut polled, Some(within)).is_ok_and(|count| count > 0)
}

struct Run {
    /// The shell and the script, for messages.
    what: String,
    child: Child,
    start: Instant,
    status: Option<String>,
    /// The source of the exit status, if it is not the shell's process.
    report: Option<File>,
    /// All processes that were seen and may still exist. (While others end, the kernel's list of children may be
    /// incomplete.)
    known: BTreeSet<i32>,
}

/// A process as `/proc` shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen {
    parent: i32,
    group: i32,
    /// The letter of the process state in `/proc/PID/stat`. A process that is about to sleep, but may still find that it need not, also shows `R`.
    state: char,
    /// Whether a signal that the process does not block is on its way.
    pending: bool,
    /// How often the process was scheduled.
    runs: u64,
}

impl Run {
    fn start(shell: &Shell, mut command: Command, what: impl std::fmt::Debug) -> Self {
        let child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", shell.name));
        Self {
            known: BTreeSet::from([child.id().as_raw()]),
            what: format!("{}: {what:?}", shell.name),
            child,
            start: Instant::now(),
            status: None,
            report: None,
        }
    }

    /// Strikes a key or types a line, and waits until the terminal shows it: then the line discipline or the shell has
    /// read it.
    fn strike(&self, controller: &File, keys: &str) {
        drain(controller);
        let struck = match keys.strip_prefix('^') {
            Some(key) => vec![key.as_bytes()[0] & 0x1f],
            None => format!("{keys}\r").into_bytes(),
        };
        let mut controller = controller;
        controller.write_all(&struck).expect("a key");
        let mut shown = String::new();
        while !shown.contains(keys) {
            assert!(
                is_readable(controller, DEADLINE),
                "{keys} is not shown, but {shown:?}: {}",
                self.what
            );
            let mut part = [0; 4096];
            let length = controller.read(&mut part).expect("what it shows");
            shown.push_str(&String::from_utf8_lossy(&part[..length]));
        }
    }

    /// Releases the waiting process step by step, until the shell has ended or a release has no effect any more.
    fn drive(&mut self, release: &mut File, steps: &mut String) {
        let mut releases = 0;
        loop {
            let stopped = self.until_quiet();
            if self.status.is_some() {
                return;
            }
            if !stopped.is_empty() {
                steps.push_str(" stopped");
                for pid in stopped {
                    let _ = sys::process::kill(pid, Some(Signal::CONT));
                }
            } else if releases < RELEASES {
                releases += 1;
                steps.push_str(" released");
                // If the reader has gone, the write fails and there is nothing to release.
                let _ = release.write_all(b"go\n");
            } else {
                steps.push_str(" waits");
                return;
            }
        }
    }

    /// Waits as [`until_quiet`](Self::until_quiet) does. If the shell has neither ended nor done what the test expects,
    /// it checks again for a while, because the kernel may not have woken the shell yet.
    fn until_quiet_with(&mut self, is_there: impl Fn() -> bool) -> Vec<i32> {
        let mut stopped = Vec::new();
        for _ in 0..20 {
            stopped = self.until_quiet();
            if self.status.is_some() || is_there() || !stopped.is_empty() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        stopped
    }

    /// Waits until all processes rest. Returns the processes that are stopped.
    fn until_quiet(&mut self) -> Vec<i32> {
        let mut before = BTreeMap::new();
        let mut pause = Duration::from_micros(200);
        loop {
            let now = self.look();
            let rests = |seen: &Seen| match seen.state {
                // A stopped process takes no signal.
                'T' | 'Z' => true,
                state => state == 'S' && !seen.pending,
            };
            let is_seen = self.status.is_some() || now.contains_key(&self.child.id().as_raw());
            if is_seen && now == before && now.values().all(rests) {
                let stopped = now.iter().filter(|(_, seen)| seen.state == 'T');
                return stopped.map(|(&pid, _)| pid).collect();
            }
            let time = self.start.elapsed();
            assert!(
                time < DEADLINE,
                "the processes did not come to rest: {}: {now:?}",
                self.what
            );
            before = now;
            // Leaves the processor to the processes that it waits for; the result does not depend on the pause.
            std::thread::sleep(pause);
            pause = LONGEST_PAUSE.min(2 * pause);
        }
    }

    /// Returns the shell and its descendants, without those that have ended and were not reaped by their parents. Reaps
    /// the orphans that this process has inherited.
    fn look(&mut self) -> BTreeMap<i32, Seen> {
        let mut status = [0];
        if let Some(report) = &mut self.report
            && let Ok(1) = report.read(&mut status)
        {
            self.status = Some(status[0].to_string());
        }
        let shell = self.child.id().as_raw();
        let mut all = BTreeMap::new();
        let mut to_see = own_children();
        to_see.extend(core::mem::take(&mut self.known));
        while let Some(pid) = to_see.pop() {
            let Some(seen) = see(pid) else { continue };
            let is_ours = pid == shell
                || seen.group == shell
                || all.contains_key(&seen.parent)
                || session(pid) == Some(shell);
            if !is_ours {
                continue;
            }
            if seen.state == 'Z' && seen.parent == std::process::id() as i32 {
                let who = Who::Child(Pid::from_raw(pid).expect("a pid"));
                if let Ok(Some((_, status))) = wait_for(who, Options::NOHANG)
                    && pid == shell
                    && self.report.is_none()
                {
                    self.status = Some(status.shell_code().to_string());
                }
                continue;
            }
            all.insert(pid, seen);
            self.known.insert(pid);
            to_see.extend(children(&format!("/proc/{pid}/task/{pid}/children")));
        }
        all
    }

    /// Ends the processes that are left, and returns the exit status.
    fn end(mut self) -> String {
        let status = self.status.clone();
        loop {
            let left = self.look();
            if left.is_empty() {
                break;
            }
            for pid in left.into_keys() {
                let _ = sys::process::kill(pid, Some(Signal::KILL));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        status.unwrap_or_default()
    }
}

/// The children of this thread, and the orphans that this process has inherited; `/proc` lists these under its first
/// thread.
fn own_children() -> Vec<i32> {
    let own = std::process::id();
    let [mut all, left] = ["thread-self", &format!("self/task/{own}")]
        .map(|whose| children(&format!("/proc/{whose}/children")));
    all.extend(left);
    all
}

fn children(path: &str) -> Vec<i32> {
    let text = read(path).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// Reads a file of `/proc` in few calls, because the driver reads these files very often.
fn read(path: &str) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let (mut text, mut part) = (Vec::new(), [0; 4096]);
    loop {
        match file.read(&mut part).ok()? {
            0 => return String::from_utf8(text).ok(),
            length => text.extend_from_slice(&part[..length]),
        }
    }
}

fn fields(pid: i32) -> Option<Vec<String>> {
    let stat = read(&format!("/proc/{pid}/stat"))?;
    let rest = stat.rsplit_once(") ")?.1;
    Some(rest.split(' ').map(String::from).collect())
}

fn session(pid: i32) -> Option<i32> {
    fields(pid)?.get(3)?.parse().ok()
}

/// Returns where in the kernel a process sleeps. For a process that runs or is ready to run, that is `0`.
fn wait_channel(pid: i32) -> Option<String> {
    read(&format!("/proc/{pid}/wchan"))
}

/// Whether this kernel tells where a process sleeps. The parent of this process sleeps, except for short times in which it
/// shows what the tests print; so it is asked often.
fn shows_where_they_sleep() -> bool {
    static SHOWS: OnceLock<bool> = OnceLock::new();
    *SHOWS.get_or_init(|| {
        let parent = sys::process::getppid();
        (0..100).any(|_| {
            let sleeps = wait_channel(parent).is_some_and(|channel| channel != "0");
            if !sleeps {
                std::thread::sleep(Duration::from_millis(1));
            }
            sleeps
        })
    })
}

fn see(pid: i32) -> Option<Seen> {
    let fields = fields(pid)?;
    let status = read(&format!("/proc/{pid}/status"))?;
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_default().trim()
    };
    let set = |name: &str| u64::from_str_radix(value(name), 16).unwrap_or_default();
    let runs = |name: &str| value(name).parse::<u64>().unwrap_or_default();
    Some(Seen {
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        state: match fields.first()?.chars().next()? {
            'S' if shows_where_they_sleep()
                && wait_channel(pid).is_none_or(|channel| channel == "0") =>
            {
                'R'
            }
            state => state,
        },
        pending: (set("SigPnd:") | set("ShdPnd:")) & !set("SigBlk:") != 0,
        runs: runs("voluntary_ctxt_switches:") + runs("nonvoluntary_ctxt_switches:"),
    })
}
