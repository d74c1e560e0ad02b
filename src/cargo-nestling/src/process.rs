//! Commands that a program waits for. Their output goes to a file, their time is limited, and none of them outlives the
//! program.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, ExitStatus, Output},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use duct::Expression;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    iterator::Signals,
};

use crate::note;

/// How to end a process that this one has started.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Running {
    /// By SIGKILL to its process group.
    Group(Pid),
    /// By SIGTERM, so that qemu restores the terminal, and apt-get ends its own children.
    Tool(Pid),
}

impl Running {
    fn end(self) {
        // The process may have ended already.
        let _ = match self {
            Running::Group(pid) => kill_process_group(pid, Signal::KILL),
            Running::Tool(pid) => kill_process(pid, Signal::TERM),
        };
    }
}

fn running() -> MutexGuard<'static, Vec<Running>> {
    static RUNNING: Mutex<Vec<Running>> = Mutex::new(Vec::new());
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// When SIGINT, SIGTERM or SIGHUP ends this process, also ends the processes that it has started by this module.
pub fn end_children_on_signals() -> Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // The lock is never released, so that nothing else starts.
            let running = running();
            running.iter().for_each(|child| child.end());
            note!("ended by signal {signal}");
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// Waits for ever if a signal is about to end this process, so that the process does not end with another exit status.
pub fn before_exit() {
    drop(running());
}

/// Runs a command. When a signal ends this process, it also ends the command.
pub fn run(command: &Expression) -> Result<Output> {
    let (handle, _guard) = Guard::start(Running::Tool, || {
        let handle = command.start()?;
        let id = handle.pids().first().copied();
        Ok((handle, id))
    })?;
    Ok(handle.into_output()?)
}

/// A process that ends when this is dropped, and when a signal ends this process.
pub struct Guard(Running);

impl Guard {
    /// Starts a process. `start` returns its process id and the result for the caller. A signal that comes during the
    /// start ends this process, too, because the signal's thread waits for the lock.
    fn start<T>(
        kind: fn(Pid) -> Running,
        start: impl FnOnce() -> Result<(T, Option<u32>)>,
    ) -> Result<(T, Option<Guard>)> {
        let mut known = running();
        let (started, id) = start()?;
        let process = id.and_then(pid).map(kind);
        known.extend(process);
        Ok((started, process.map(Guard)))
    }

    /// Starts an emulator.
    pub fn emulator(command: &mut Command) -> Result<(Child, Option<Guard>)> {
        Guard::start(Running::Tool, || {
            let child = command.spawn()?;
            let id = child.id();
            Ok((child, Some(id)))
        })
    }

    /// Ends the process; the caller must still wait for it.
    pub fn end(&self) {
        self.0.end();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        running().retain(|it| *it != self.0);
    }
}

fn pid(id: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(id).ok()?)
}

/// The output of a command on both descriptors, and its end.
pub struct Captured {
    /// Both outputs, in the order in which they were written.
    pub output: String,
    /// `None` if the command exceeded its time.
    status: Option<ExitStatus>,
}

impl Captured {
    /// The output of a command that another process has run.
    pub fn new(output: String, status: ExitStatus) -> Captured {
        Captured {
            output,
            status: Some(status),
        }
    }

    /// Whether the command exited with 0.
    pub fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// Returns the exit status, if the command exited.
    pub fn code(&self) -> Option<i32> {
        self.status?.code()
    }

    /// Describes the end in words.
    pub fn ending(&self) -> String {
        self.status.map_or_else(
            || "killed after its time was up".into(),
            |status| status.to_string(),
        )
    }
}

/// Runs a command without input in a process group of its own, until the command ends or its time is over. Then kills what is left of
/// the group. Returns `None` if the time is over.
pub fn run_within(limit: Duration, command: &Expression) -> Result<Option<ExitStatus>> {
    let grouped = command.stdin_null().unchecked().before_spawn(|it| {
        it.process_group(0);
        Ok(())
    });
    let (handle, guard) = Guard::start(Running::Group, || {
        let handle = grouped.start()?;
        let id = handle.pids().first().copied();
        Ok((handle, id))
    })
    .with_context(|| format!("can't start {command:?}"))?;
    let status = handle.wait_timeout(limit)?.map(|output| output.status);
    if let Some(guard) = guard {
        // In most cases the group is empty by now.
        guard.end();
    }
    Ok(status)
}

/// Runs a command as [`run_within`] does, with both outputs in a file.
pub fn capture(limit: Duration, command: &Expression, log: &Path) -> Result<Captured> {
    // The output goes to a file: a pipe would remain open as long as a process that the command leaves behind holds it.
    let status = run_within(limit, &command.stderr_to_stdout().stdout_path(log))?;
    let bytes = fs::read(log).with_context(|| format!("can't read {}", log.display()))?;
    Ok(Captured {
        output: String::from_utf8_lossy(&bytes).into_owned(),
        status,
    })
}

#[cfg(test)]
mod tests {
    use std::{
        env,
        io::{BufRead, BufReader},
        process::Stdio,
    };

    use duct::cmd;

    use super::*;

    /// The path of a test's log, which the test removes.
    fn log_path(name: &str) -> std::path::PathBuf {
        env::temp_dir().join(format!("nestling-{name}-{}", std::process::id()))
    }

    #[test]
    fn a_command_whose_time_is_up_is_killed_with_its_group() {
        let log = log_path("limit");
        let command = cmd!("sh", "-c", "echo begun; sleep 1000");
        let captured = capture(Duration::from_secs(1), &command, &log).expect("a command");
        assert_eq!((captured.succeeded(), captured.code()), (false, None));
        fs::remove_file(log).expect("a file");
    }

    /// This is no test by itself: the next test starts and ends it.
    #[test]
    fn a_command_that_never_ends() {
        if env::var_os("NESTLING_NEVER_ENDS").is_some() {
            end_children_on_signals().expect("a thread for signals");
            let script = "exec 3>/proc/$PPID/fd/1; echo begun >&3; sleep 60; echo survived >&3";
            // It starts the first one as cargo and apt-get are started, the second one as tests are.
            thread::spawn(|| run(&cmd!("sh", "-c", "echo begun; exec sleep 60")));
            let command = cmd!("sh", "-c", script);
            let _ = capture(Duration::from_secs(1000), &command, &log_path("never"));
        }
    }

    #[test]
    fn a_signal_ends_what_a_process_has_started() {
        let program = env::current_exe().expect("this program");
        let name = "process::tests::a_command_that_never_ends";
        let mut copy = Command::new(program)
            .args(["--exact", name, "--nocapture"])
            .env("NESTLING_NEVER_ENDS", "1")
            .stdout(Stdio::piped())
            .spawn()
            .expect("a copy of this program");
        let mut lines = BufReader::new(copy.stdout.take().expect("a pipe")).lines();
        let mut next = || lines.next().map(|line| line.expect("a line"));
        for _ in 0..2 {
            while next().expect("a child's line") != "begun" {}
        }
        kill_process(pid(copy.id()).expect("an id"), Signal::TERM).expect("a signal");
        assert_eq!(copy.wait().expect("its end").code(), Some(128 + SIGTERM));
        // The children hold the pipe, which ends with them.
        assert_eq!(next(), None);
    }
}
