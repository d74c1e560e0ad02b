//! Runs a script and sends it a signal when it waits.
//!
//! No time is measured: a script has reached its point when all its processes sleep, are stopped or have ended, and no signal is on its
//! way to any of them. Nothing but this driver can wake them then.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nestling::command::{Child, Command, Stdio};
use nestling::poll::{Events, PollFd, poll};
use nestling::wait::{Options, Who, wait_for};
use nestling::{OFlags, Pid, SigSet, Signal, sys};
use nestling_host_tests::terminal;

/// What has not come to rest by then never will.
const DEADLINE: Duration = Duration::from_secs(30);

/// How often what waits is given a line to read.
const RELEASES: usize = 4;

/// The descriptor that a script reads from when it waits.
const GATE: i32 = 7;

/// Who is sent the signal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    Process,
    Group,
    /// By a key, at a terminal.
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

/// A shell, and the options that make it one of the standard's.
#[derive(Clone, Debug)]
pub struct Shell {
    pub name: &'static str,
    pub program: std::path::PathBuf,
    pub options: &'static [&'static str],
}

/// Runs the script in `folder`: what it writes, and how it ends. That the shell has ended by a signal is the same as the exit status that
/// says so.
pub fn run(shell: &Shell, folder: &Path, script: &str, signal: Signal, target: Target) -> String {
    fs::write(folder.join("script"), script).expect("a script");
    let output = sys::fd::memfd_create(c"output").expect("a file in memory");
    let mut output = File::from(OwnedFd::from(output));
    let (gate, release) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let mut release = File::from(OwnedFd::from(release));
    let mut command = Command::new(shell.program.as_path());
    command.args(shell.options).arg("./script").env_clear();
    command.env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
    command.current_dir(folder).default_signals(SigSet::ALL);
    command
        .stdin(Stdio::null())
        .stdout(nestling::OwnedFd::from(OwnedFd::from(
            output.try_clone().expect("a duplicate"),
        )))
        .stderr(Stdio::null())
        .fd(GATE, gate);
    let controller = match target {
        Target::Key => Some(at_terminal(&mut command)),
        Target::Process | Target::Group => {
            command.process_group(0);
            None
        }
    };
    let child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", shell.name));
    drop(command);
    let mut run = Run {
        known: BTreeSet::from([child.id().as_raw()]),
        child,
        start: Instant::now(),
        status: None,
    };

    let mut steps = String::new();
    run.until_quiet();
    match (target, controller) {
        (Target::Key, Some(mut controller)) => {
            let key = match signal {
                Signal::INT => 3,
                Signal::QUIT => 28,
                _ => 26,
            };
            controller.write_all(&[key]).expect("a key");
            run.until_read(&controller);
            run.drive(&mut release, &mut steps);
        }
        _ => {
            let shell = run.child.id().as_raw();
            let whom = match target {
                Target::Group => -shell,
                Target::Process | Target::Key => shell,
            };
            // One that has ended was not waiting.
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

/// A terminal as the script's, and the driver's side of it.
fn at_terminal(command: &mut Command) -> File {
    let (controller, path) = terminal();
    let path = std::ffi::CString::new(path.to_str().expect("a plain path")).expect("a path");
    let open = || sys::fd::open(&path, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, 0);
    command.setsid(true).controlling_terminal(0);
    command.stdin(open().expect("the terminal"));
    File::from(controller)
}

struct Run {
    child: Child,
    start: Instant,
    status: Option<String>,
    /// All that were seen and may be there. (While others end, the kernel's lists of children may lack some.)
    known: BTreeSet<i32>,
}

/// A process, as `/proc` shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen {
    parent: i32,
    group: i32,
    /// `R` also where it is about to sleep, and may yet find that it need not.
    state: char,
    /// A signal is on its way that is not blocked.
    pending: bool,
    /// How often it has run.
    runs: u64,
}

impl Run {
    /// Lets what waits go on, step by step, until the shell has ended or nothing helps any more.
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
                // Where the reader has gone, there is nothing to wait for.
                let _ = release.write_all(b"go\n");
            } else {
                steps.push_str(" waits");
                return;
            }
        }
    }

    /// Waits until nothing happens any more: the processes that are stopped.
    fn until_quiet(&mut self) -> Vec<i32> {
        let mut before = BTreeMap::new();
        loop {
            let now = self.look();
            let rests = |seen: &Seen| match seen.state {
                // What is stopped takes no signal.
                'T' | 'Z' => true,
                state => state == 'S' && !seen.pending,
            };
            let is_seen = self.status.is_some() || now.contains_key(&self.child.id().as_raw());
            if is_seen && now == before && now.values().all(rests) {
                let stopped = now.iter().filter(|(_, seen)| seen.state == 'T');
                return stopped.map(|(&pid, _)| pid).collect();
            }
            assert!(self.start.elapsed() < DEADLINE, "no rest: {now:?}");
            before = now;
            // Only not to look all the time.
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// Waits until the line discipline has taken a key: its echo is there.
    fn until_read(&self, controller: &File) {
        let controller = nestling::BorrowedFd::from(controller.as_fd());
        let mut polled = [PollFd::new(controller, Events::IN)];
        poll(&mut polled, Some(DEADLINE)).expect("a poll");
    }

    /// The shell and all that comes of it, but for those that have ended and were not reaped by their parents. What was left to this
    /// process is reaped.
    fn look(&mut self) -> BTreeMap<i32, Seen> {
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

    /// Ends what is left: the exit status.
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

fn own_children() -> Vec<i32> {
    let tasks = fs::read_dir("/proc/self/task").expect("/proc");
    let tasks = tasks.map(|task| task.expect("a thread").path().join("children"));
    tasks
        .flat_map(|path| children(path.to_str().expect("a plain path")))
        .collect()
}

fn children(path: &str) -> Vec<i32> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

fn fields(pid: i32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let rest = stat.rsplit_once(") ")?.1;
    Some(rest.split(' ').map(String::from).collect())
}

fn session(pid: i32) -> Option<i32> {
    fields(pid)?.get(3)?.parse().ok()
}

/// Where in the kernel a process sleeps: `0` for one that runs, or would if it had a processor.
fn place(pid: i32) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/wchan")).ok()
}

/// Whether this kernel says so: this process's parent waits.
fn shows_where_they_sleep() -> bool {
    static SHOWS: OnceLock<bool> = OnceLock::new();
    *SHOWS.get_or_init(|| {
        let parent = sys::process::getppid();
        place(parent).is_some_and(|place| place != "0")
    })
}

fn see(pid: i32) -> Option<Seen> {
    let fields = fields(pid)?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
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
            'S' if shows_where_they_sleep() && place(pid).is_none_or(|place| place == "0") => 'R',
            state => state,
        },
        pending: (set("SigPnd:") | set("ShdPnd:")) & !set("SigBlk:") != 0,
        runs: runs("voluntary_ctxt_switches:") + runs("nonvoluntary_ctxt_switches:"),
    })
}
