//! Runs `init` as process 1 of a pid namespace and makes its system calls fail: each single call, and each kind of call
//! permanently. In every case init must continue, and it must not spin.
//!
//! The calls are not listed here: a run without faults shows them. The namespaces belong to an ordinary user, so that
//! what init does to mounts, swap and power is refused or has no effect outside.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nestling_host_tests::{Arch, Call, Scratch, installed, is_long, or_skip, say, traces};

/// The course of a life of init in this test.
struct Life {
    name: &'static str,
    words: &'static [&'static str],
    /// The signals that are sent to init, in this order.
    signals: &'static [i32],
    /// The signal that ends this life properly. It goes to init's command, or, without one, to init.
    ends: i32,
}

const MACHINE: Life = Life {
    name: "machine",
    words: &[],
    signals: &[libc::SIGHUP, libc::SIGINT],
    ends: libc::SIGUSR2,
};

/// The command leaves an orphan. The signals that init passes on do not harm the command.
const CONTAINER: Life = Life {
    name: "container",
    words: &[
        "-vv",
        "-w",
        "-rTERM:CONT",
        "--sweep=1",
        "sh",
        "-c",
        "(sleep 0 &); exec sleep 1000",
    ],
    signals: &[libc::SIGTERM, libc::SIGURG],
    ends: libc::SIGKILL,
};

const INITTAB: &str = "\
::sysinit:/bin/true
::wait:/bin/true
::respawn:/bin/sleep 1000
::respawn:/bin/false
:user=0,nice=1,nofile=64:once:/bin/true
a bad line
::ctrlaltdel:/bin/true
::shutdown:/bin/true
";

/// A script that hides the kernel's log and this machine's wtmp from init, gives it another `/etc`, and waits for a
/// line before it executes init.
const GATE: &str = "mount --bind \"$0\" /etc
for file in /dev/kmsg /var/log/wtmp /var/run/utmp; do
    [ ! -e $file ] || mount --bind /dev/null $file
done
echo gate; read line; exec \"$@\"";

/// The greatest number of calls that init may make in a second when it is at rest. (It may retry a failed call once a
/// second.)
const MOST_CALLS: usize = 400;
const MOST_TICKS: u64 = 50;
const SECOND: Duration = Duration::from_secs(1);

/// Errors that a call may return again and again: scarce resources, a filter or security module that forbids the call, a broken
/// file system. (EINTR is injected only once: a call can be interrupted without end only if a handler runs without end.)
const ERRNOS: &[&str] = &[
    "EPERM", "ENOMEM", "EAGAIN", "EBADF", "EINVAL", "EIO", "ENOSYS", "ENOENT",
];

/// Calls that never fail on Linux, although strace can make them fail.
const INFALLIBLE: &[&str] = &["getpid", "exit_group"];

#[test]
fn process_1_survives_every_failed_call_and_does_not_spin_on_x86_64() {
    whatever_fails(Arch::X86_64);
}

#[test]
fn process_1_survives_every_failed_call_and_does_not_spin_on_i386() {
    whatever_fails(Arch::I386);
}

/// A process 1 that strace traces.
struct Traced {
    unshare: Child,
    strace: Child,
    /// Its process id in the namespace of this test.
    pid: i32,
    prefix: PathBuf,
}

impl Traced {
    /// Starts init with this fault, if any. Init's messages go to a file.
    fn start(init: &Path, life: &Life, fault: Option<&str>, prefix: &Path) -> Result<Self, String> {
        let etc = prefix.with_file_name("etc");
        let output = File::create(messages_path(prefix)).expect("a file");
        let namespaces = "--user --map-root-user --pid --fork --mount --mount-proc --kill-child";
        let mut unshare = Command::new("unshare");
        unshare
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        unshare.args(namespaces.split(' ')).args(["sh", "-c", GATE]);
        unshare.arg(etc).arg(init).args(life.words);
        unshare.stdin(Stdio::piped()).stdout(Stdio::piped());
        unshare.stderr(output.try_clone().expect("a descriptor"));
        let mut unshare = unshare
            .spawn()
            .map_err(|error| format!("unshare: {error}"))?;
        let mut said = unshare.stdout.take().expect("a pipe");
        let mut gate = [0; 5];
        if said.read_exact(&mut gate).is_err() {
            let status = unshare.wait().expect("its end");
            let why = fs::read_to_string(messages_path(prefix)).unwrap_or_default();
            return Err(format!("unshare: {status}: {}", why.trim()));
        }
        thread::spawn(move || std::io::copy(&mut said, &mut { output }));
        let outer = unshare.id();
        let children = fs::read_to_string(format!("/proc/{outer}/task/{outer}/children"));
        let pid = children.ok().and_then(|list| list.trim().parse().ok());
        let pid: i32 = pid.ok_or("unshare's child can't be found")?;
        let mut strace = Command::new("strace");
        strace
            .args(["-qq", "--output-separately", "-o"])
            .arg(prefix);
        strace.args(fault.map(|fault| format!("-einject={fault}")));
        strace.args(["-p", &pid.to_string()]);
        strace.stderr(Stdio::null());
        let mut strace = strace.spawn().map_err(|error| format!("strace: {error}"))?;
        // Before the trace shows the call in which the shell waits, strace could miss the exec.
        let trace = PathBuf::from(format!("{}.{pid}", prefix.display()));
        while !fs::metadata(&trace).is_ok_and(|it| it.len() > 0) {
            if let Some(status) = strace.try_wait().expect("strace") {
                let _ = unshare.kill();
                let _ = unshare.wait();
                return Err(format!("strace: {status}"));
            }
            thread::sleep(Duration::from_millis(1));
        }
        // (If the fault has hit the shell, the line has no reader.)
        let _ = unshare.stdin.take().expect("a pipe").write_all(b"\n");
        Ok(Self {
            unshare,
            strace,
            pid,
            prefix: prefix.into(),
        })
    }

    fn is_alive(&self) -> bool {
        status(self.pid).is_some_and(|it| !it.contains("State:\tZ"))
    }

    fn trace(&self) -> String {
        let path = format!("{}.{}", self.prefix.display(), self.pid);
        String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
    }

    /// How many calls the trace contains so far.
    fn lines(&self) -> usize {
        self.trace().lines().count()
    }

    /// The processor time that init has used, in ticks of 1/100 second.
    fn ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default().split(' ');
        let numbers = fields.skip(12).take(2);
        numbers.filter_map(|it| it.parse::<u64>().ok()).sum()
    }

    /// Waits until init waits for signals. On a busy machine even the exec of init may take long.
    fn come_up(&self) {
        let begin = Instant::now();
        while !self.trace().contains("rt_sigtimedwait") && self.is_alive() {
            if begin.elapsed() > 60 * SECOND {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until init makes no calls for a while. If init never comes to rest, the following measurement shows that.
    fn settle(&self) {
        let (begin, mut before, mut quiet) = (Instant::now(), self.lines(), 0);
        while quiet < 4 && begin.elapsed() < 4 * SECOND && self.is_alive() {
            thread::sleep(Duration::from_millis(75));
            let now = self.lines();
            quiet = if now == before { quiet + 1 } else { 0 };
            before = now;
        }
    }

    /// Returns an error if init makes more than the permitted number of calls in a second.
    fn spins(&self) -> Result<(), String> {
        let begin = Instant::now();
        let (lines, ticks) = (self.lines(), self.ticks());
        thread::sleep(SECOND);
        let (lines, ticks) = (self.lines() - lines, self.ticks().saturating_sub(ticks));
        // On a busy machine, more than a second may have passed.
        let seconds = begin.elapsed().as_secs() + 1;
        if lines > MOST_CALLS * seconds as usize || ticks > MOST_TICKS * seconds {
            return Err(format!(
                "it spins: {lines} calls, {ticks} ticks in {seconds} s"
            ));
        }
        Ok(())
    }

    /// Goes through the life, and returns an error if init does not continue as it should.
    fn goes_on(&self, life: &Life, must_end: bool) -> Result<(), String> {
        self.come_up();
        self.settle();
        for &signal in life.signals {
            send(self.pid, signal);
            self.settle();
        }
        if self.is_alive() {
            self.spins()?;
        }
        if !self.is_alive() {
            let code = exit_code(&self.prefix, self.pid);
            let refused =
                matches!(code, Some(125..=127)) && !self.trace().contains("rt_sigtimedwait");
            return match life.words {
                // Init's command could not be started, so init never came to the point where it waits.
                [_, ..] if refused => Ok(()),
                _ => Err(format!("it has ended: {:?}", last(&self.prefix, self.pid))),
            };
        }
        match (life.words, command(self.pid)) {
            ([], _) => send(self.pid, life.ends),
            (_, Some(command)) => send(command, life.ends),
            _ => {}
        }
        self.settle();
        if self.is_alive() {
            self.spins()?;
        }
        if !life.words.is_empty() && must_end {
            // Init retries a failed call a second later.
            let begin = Instant::now();
            while self.is_alive() {
                if begin.elapsed() > 60 * SECOND {
                    return Err("it does not end".into());
                }
                thread::sleep(Duration::from_millis(10));
            }
        }
        if self.is_alive() {
            return Ok(());
        }
        // When init has switched the machine off, the kernel ends init.
        let last = last(&self.prefix, self.pid);
        match life.words {
            [] if !last
                .iter()
                .any(|line| line.contains("LINUX_REBOOT_CMD_POWER_OFF")) =>
            {
                Err(format!("it has ended: {last:?}"))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // This ends its child and so the namespace. strace ends when it traces no process.
        let _ = self.unshare.kill();
        let _ = self.unshare.wait();
        let _ = self.strace.wait();
    }
}

/// The path of the file with init's messages. (It lies beside the traces, whose names begin with the prefix.)
fn messages_path(prefix: &Path) -> PathBuf {
    let name = prefix.file_name().and_then(|name| name.to_str());
    prefix.with_file_name(format!("messages-{}", name.expect("a name")))
}

fn send(pid: i32, signal: i32) {
    // If the process has ended, the call fails, and a later check reports the end. SAFETY: `kill` takes numbers only.
    unsafe { libc::kill(pid, signal) };
}

fn status(pid: i32) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/status")).ok()
}

/// Returns init's first child.
fn command(init: i32) -> Option<i32> {
    let children = fs::read_to_string(format!("/proc/{init}/task/{init}/children")).ok()?;
    children.split(' ').next()?.parse().ok()
}

/// Returns the last lines of the trace.
fn last(prefix: &Path, pid: i32) -> Vec<String> {
    let trace = fs::read(format!("{}.{pid}", prefix.display())).unwrap_or_default();
    let trace = String::from_utf8_lossy(&trace);
    let mut lines: Vec<String> = trace.lines().rev().take(3).map(String::from).collect();
    lines.reverse();
    lines
}

fn exit_code(prefix: &Path, pid: i32) -> Option<i32> {
    let last = last(prefix, pid).pop()?;
    let code = last.strip_prefix("exit_group(")?.split(')').next()?;
    code.parse().ok()
}

/// Returns init's calls, without those of the shell that executed init.
fn dry_run(init: &Path, life: &Life, prefix: &Path) -> Result<Vec<Call>, String> {
    let traced = Traced::start(init, life, None, prefix)?;
    let outcome = traced.goes_on(life, true);
    drop(traced);
    outcome.map_err(|why| format!("without a fault: {why}"))?;
    let trace = traces(prefix).pop().expect("a trace");
    let exec = trace.iter().position(|call| call.name == "execve");
    Ok(trace[exec.expect("an exec") + 1..].to_vec())
}

/// Returns the faults in strace's notation.
fn faults(calls: &[Call], arch: Arch) -> Vec<String> {
    let mut faults = Vec::new();
    let mut numbers = BTreeMap::<&str, Vec<usize>>::new();
    for call in calls {
        numbers.entry(&call.name).or_default().push(call.number);
    }
    // In the short form each call fails permanently with one of the errors. The calls take the errors in turn, and i386
    // starts with another error than x86_64.
    // Nor does i386 need as many occurrences of a call as x86_64: init is the same program there, with other calls.
    let (errnos_of_one, most_of_one) = match arch {
        _ if is_long() => (ERRNOS.len(), 12),
        Arch::X86_64 => (1, 6),
        Arch::I386 => (1, 3),
    };
    let first_turn = match arch {
        Arch::X86_64 => 0,
        Arch::I386 => ERRNOS.len() / 2,
    };
    let mut turns = ERRNOS.iter().cycle().skip(first_turn);
    for (name, numbers) in numbers {
        if INFALLIBLE.contains(&name) {
            continue;
        }
        let first = numbers[0];
        let ever = turns
            .by_ref()
            .take(errnos_of_one)
            .map(|errno| format!("{name}:error={errno}:when={first}+"));
        faults.extend(ever);
        // If a call occurs very often, every n-th occurrence is enough.
        let few = numbers.iter().step_by(numbers.len().div_ceil(most_of_one));
        for (index, number) in few.enumerate() {
            let errno = ["EINTR", "ENOMEM", "EPERM"][index % 3];
            faults.push(format!("{name}:error={errno}:when={number}"));
        }
    }
    faults
}

/// Tests the end of the machine when process 1 cannot fork, for some seconds or permanently: it skips every step that
/// may hang, and ends nevertheless.
fn ends_without_copies(init: &Path, when: &str, prefix: &Path) -> Result<(), String> {
    let fault = format!("clone:error=EAGAIN:when={when}");
    let traced = Traced::start(init, &MACHINE, Some(&fault), prefix)?;
    // A signal that comes before init's exec is lost.
    traced.come_up();
    traced.settle();
    send(traced.pid, MACHINE.ends);
    let begin = Instant::now();
    while traced.is_alive() {
        if begin.elapsed() > 180 * SECOND {
            return Err("it does not end".into());
        }
        thread::sleep(Duration::from_millis(10));
    }
    let trace = traced.trace();
    for call in ["umount2(", "sync(", "swapoff("] {
        if trace.lines().any(|line| line.starts_with(call)) {
            return Err(format!("process 1 itself calls {call})"));
        }
    }
    match trace.contains("LINUX_REBOOT_CMD_POWER_OFF") {
        true => Ok(()),
        false => Err(format!("it has ended: {:?}", last(prefix, traced.pid))),
    }
}

fn whatever_fails(arch: Arch) {
    or_skip!(installed("strace"));
    let init = or_skip!(arch.init());
    let scratch = Scratch::new(&init);
    let etc = scratch.path().join("etc");
    fs::create_dir(&etc).expect("a directory");
    fs::write(etc.join("inittab"), INITTAB).expect("a file");
    let mut all = Vec::new();
    for life in [&MACHINE, &CONTAINER] {
        let prefix = scratch.path().join(format!("dry-{}", life.name));
        let calls = match dry_run(&init, life, &prefix) {
            Ok(calls) => calls,
            Err(why) if why.starts_with("without") => panic!("{}: {why}", life.name),
            Err(why) => return say(&format!("skipped: {why}")),
        };
        all.extend(faults(&calls, arch).into_iter().map(|fault| (life, fault)));
    }
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let worker = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((life, fault)) = all.get(index) else {
                break;
            };
            // A permanent fault may keep init from noticing the end of its command.
            let must_end = !fault.ends_with('+');
            let prefix = scratch.path().join(format!("fault-{index}"));
            let outcome = Traced::start(&init, life, Some(fault), &prefix)
                .and_then(|traced| traced.goes_on(life, must_end));
            if let Err(why) = outcome {
                failures
                    .lock()
                    .unwrap()
                    .push(format!("{}: {fault}: {why}", life.name));
            }
        }
    };
    // The tests mostly wait, so there can be more of them than processors.
    thread::scope(|scope| {
        for when in ["1..8", "1+"] {
            let (failures, prefix) = (&failures, scratch.path().join(format!("copies-{when}")));
            let init = &init;
            scope.spawn(move || {
                if let Err(why) = ends_without_copies(init, when, &prefix) {
                    failures
                        .lock()
                        .unwrap()
                        .push(format!("clone {when}: {why}"));
                }
            });
        }
        (0..32).for_each(|_| drop(scope.spawn(worker)));
    });
    say(&format!("# init's faults {}: {}", arch.name(), all.len()));
    let mut failures = failures.into_inner().unwrap();
    failures.sort();
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        all.len(),
        failures.join("\n")
    );
}
