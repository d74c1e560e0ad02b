//! Compares the container life of `init` with tini, dumb-init and catatonit.
//!
//! - First byte: from the start of `init COMMAND` to the first byte that COMMAND writes, in comparison with COMMAND alone.
//! - Orphans: process 1 of a pid namespace is stopped until all its orphans have ended. The time runs from the
//!   moment when it is continued until it has reaped the last orphan.
//! - Signals: the program is stopped until many real-time signals are pending; the kernel keeps them all. The time
//!   runs from the moment when the program is continued until it has forwarded the last signal.
//! - Memory: the memory of the program while it waits for its command.

pub mod boot;
pub mod end;

use std::{
    fs,
    io::Read,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process, test_kill_process_group};

use super::{Emit, Table, in_turns};
use cargo_nestling::{apt, arch::HOST};
use xtask::{
    compile::{self, Profile},
    workspace::Workspace,
};

const ORPHANS: u32 = 1000;
const SIGNALS: u32 = 20_000;

/// A program that runs a command as its child.
struct Program {
    name: &'static str,
    path: PathBuf,
    options: &'static [&'static str],
}

/// Returns the programs. Nestling's is the first.
fn programs(workspace: &Workspace) -> Result<Vec<Program>> {
    compile::programs(workspace, &[HOST], Profile::Release, &["--quiet"])?;
    let mut programs = vec![Program {
        name: "init",
        path: compile::path(workspace, HOST, Profile::Release, "init"),
        options: &[],
    }];
    let peers: [(_, &[&str], &[&str]); 4] = [
        ("tini", &["tini"], &["-s"]),
        ("tini-static", &["tini"], &["-s"]),
        ("dumb-init", &["dumb-init"], &[]),
        ("catatonit", &["catatonit"], &[]),
    ];
    for (name, packages, options) in peers {
        programs.push(Program {
            name,
            path: apt::obtain(|| apt::program(name, packages))?,
            options,
        });
    }
    Ok(programs)
}

pub fn side_by_side(workspace: &Workspace, emit: Emit<'_>) -> Result<()> {
    let programs = programs(workspace)?;
    let table = |title: &str, unit, values: Vec<Vec<f64>>| Table {
        title: title.into(),
        unit,
        rows: programs
            .iter()
            .map(|it| it.name)
            .chain(["the command alone"])
            .map(String::from)
            .zip(values)
            .collect(),
    };
    let command = compile::path(workspace, HOST, Profile::Release, "spawn");
    let first = in_turns(programs.len() + 1, 1000, |index| {
        first_byte(programs.get(index), &command)
    })?;
    emit(table("First byte", "microseconds", first));
    if rustix::process::geteuid().is_root() {
        let orphans = in_turns(programs.len(), 31, |index| {
            let program = &programs[index];
            orphans(program).with_context(|| format!("orphans of {}", program.name))
        })?;
        emit(table("Orphans reaped", "a second", orphans));
    } else {
        eprintln!("bench: only root can make a pid namespace: no table of orphans");
    }
    let signals = in_turns(programs.len(), 31, |index| {
        let program = &programs[index];
        signals(program).with_context(|| format!("signals to {}", program.name))
    })?;
    emit(table("Signals passed on", "a second", signals));
    for (title, file, line) in [
        ("Resident memory (VmRSS)", "status", "VmRSS:"),
        ("Its own share of that (Pss)", "smaps_rollup", "Pss:"),
        (
            "What only it has (Private_Dirty)",
            "smaps_rollup",
            "Private_Dirty:",
        ),
    ] {
        let memory = in_turns(programs.len(), 3, |index| {
            memory(&programs[index], file, line)
        })?;
        emit(table(title, "KiB", memory));
    }
    let sizes = programs
        .iter()
        .map(|it| Ok(vec![fs::metadata(&it.path)?.len() as f64]));
    emit(table("File", "bytes", sizes.collect::<Result<_>>()?));
    Ok(())
}

/// A running program, whose command has printed that it runs.
struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    _stdout: ChildStdout,
    /// Its process id in this pid namespace.
    pid: Pid,
}

impl Running {
    /// Starts the program with a shell script as its command, and waits for a line of the script. If `first` is true,
    /// the program is process 1 of a pid namespace.
    fn start(program: &Program, first: bool, script: &str) -> Result<Self> {
        let mut command = Command::new("unshare");
        if first {
            command
                .args(["--pid", "--fork", "--kill-child"])
                .arg(&program.path);
        } else {
            command = Command::new(&program.path);
        }
        command
            .args(program.options)
            .args(["--", "sh", "-c", script]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.process_group(0).spawn()?;
        let (stdin, mut stdout) = (child.stdin.take(), child.stdout.take().context("a pipe")?);
        stdout.read_exact(&mut [0])?;
        let started = child.id();
        let pid = if first {
            children(started)?.first().copied()
        } else {
            Some(started)
        };
        let pid = pid.and_then(|pid| Pid::from_raw(pid as i32));
        Ok(Self {
            child,
            stdin,
            _stdout: stdout,
            pid: pid.context("its process")?,
        })
    }

    fn number(&self) -> u32 {
        self.pid.as_raw_nonzero().get() as u32
    }

    /// Stops the program, and waits until it has stopped.
    fn stop(&self) -> Result<()> {
        kill_process(self.pid, Signal::STOP)?;
        let path = format!("/proc/{}/stat", self.number());
        until(|| Ok(fs::read_to_string(&path)?.contains(") T ")))
    }

    /// Continues the program. Returns the seconds until the condition holds.
    fn goes_on_until(&self, done: impl FnMut() -> Result<bool>) -> Result<f64> {
        let begin = Instant::now();
        kill_process(self.pid, Signal::CONT)?;
        until(done)?;
        Ok(begin.elapsed().as_secs_f64())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Kills the command, which is then reaped. This also removes its pending signals, whose number the kernel
        // limits.
        for child in children(self.number()).unwrap_or_default() {
            if let Some(child) = Pid::from_raw(child as i32) {
                let _ = kill_process(child, Signal::KILL);
            }
        }
        let _ = until(|| Ok(self.child.try_wait()?.is_some()));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn children(pid: u32) -> Result<Vec<u32>> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
    Ok(list
        .split_whitespace()
        .filter_map(|it| it.parse().ok())
        .collect())
}

/// Checks the condition from time to time, so rarely that the checks do not disturb the measurement.
fn until(mut done: impl FnMut() -> Result<bool>) -> Result<()> {
    let begin = Instant::now();
    while !done()? {
        ensure!(
            begin.elapsed() < Duration::from_secs(60),
            "it takes too long"
        );
        thread::sleep(Duration::from_micros(50));
    }
    Ok(())
}

/// Returns the microseconds to the first byte of a command, with the program or alone.
fn first_byte(program: Option<&Program>, path: &Path) -> Result<f64> {
    let mut command = Command::new(program.map_or(path, |it| &it.path));
    if let Some(program) = program {
        command.args(program.options).arg("--").arg(path);
    }
    command
        .arg("--help")
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let begin = Instant::now();
    let mut child = command.spawn()?;
    child
        .stdout
        .take()
        .context("a pipe")?
        .read_exact(&mut [0])?;
    let micros = begin.elapsed().as_secs_f64() * 1e6;
    child.wait()?;
    Ok(micros)
}

fn orphans(program: &Program) -> Result<f64> {
    // The orphans are in a process group of their own. Each waits for the end of this script's standard input.
    let script = format!(
        "exec 3<&0; setsid sh -c 'i=0; while [ $i -lt {ORPHANS} ]; do read line <&3 & i=$((i + 1)); done'
         echo; exec 3<&-; exec sleep 600 </dev/null"
    );
    let mut running = Running::start(program, true, &script)?;
    // The command is the oldest child.
    let orphans = children(running.number())?.split_off(1);
    let one = *orphans.last().context("orphans")?;
    ensure!(
        orphans.len() == ORPHANS as usize,
        "{} orphans",
        orphans.len()
    );
    let stat = fs::read_to_string(format!("/proc/{one}/stat"))?;
    let group = stat
        .rsplit(") ")
        .next()
        .and_then(|rest| rest.split(' ').nth(2));
    let group = group.and_then(|it| it.parse().ok()).and_then(Pid::from_raw);
    let group = group.context("their group")?;
    running.stop()?;
    drop(running.stdin.take());
    for orphan in orphans {
        let path = format!("/proc/{orphan}/stat");
        until(|| Ok(fs::read_to_string(&path)?.contains(") Z ")))?;
    }
    let seconds = running.goes_on_until(|| Ok(test_kill_process_group(group).is_err()))?;
    Ok(f64::from(ORPHANS) / seconds)
}

/// A real-time signal. The signal with the next number is taken later, because all programs take signals in the order
/// of their numbers.
const MANY: u32 = 41;
const LAST: u32 = 42;

fn signals(program: &Program) -> Result<f64> {
    let script = format!("exec env --block-signal={MANY},{LAST} sh -c 'echo; exec sleep 600'");
    let running = Running::start(program, false, &script)?;
    let command = *children(running.number())?.first().context("its command")?;
    running.stop()?;
    let pid = running.number();
    let send = format!(
        "i=0; while [ $i -lt {SIGNALS} ]; do kill -{MANY} {pid}; i=$((i + 1)); done; kill -{LAST} {pid}"
    );
    ensure!(
        Command::new("sh").args(["-c", &send]).status()?.success(),
        "signals"
    );
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let queued = status.lines().find_map(|line| line.strip_prefix("SigQ:\t"));
    let (queued, room) = queued
        .and_then(|it| it.split_once('/'))
        .context("a queue")?;
    ensure!(
        queued.parse::<u32>()? > SIGNALS && queued != room,
        "there is no room for {SIGNALS} signals"
    );
    let path = format!("/proc/{command}/status");
    let seconds = running.goes_on_until(|| {
        let status = fs::read_to_string(&path)?;
        let pending = status
            .lines()
            .find_map(|line| line.strip_prefix("ShdPnd:\t"));
        let pending = u64::from_str_radix(pending.context("its signals")?, 16)?;
        Ok(pending & 1 << (LAST - 1) != 0)
    })?;
    Ok(f64::from(SIGNALS) / seconds)
}

fn memory(program: &Program, file: &str, line: &str) -> Result<f64> {
    let running = Running::start(program, false, "echo; exec sleep 600")?;
    // The program may not have begun to wait yet.
    thread::sleep(Duration::from_millis(50));
    let text = fs::read_to_string(format!("/proc/{}/{file}", running.number()))?;
    let value = text.lines().find_map(|it| it.strip_prefix(line));
    let value = value.and_then(|it| it.split_whitespace().next());
    Ok(value.context("a line")?.parse()?)
}
