//! Jobs: XCU 2.11, 3.182 (XBD), and waiting for children.
//!
//! # Job control for code that starts processes
//!
//! If [`controls`] returns true, each pipeline and each asynchronous list has a process group of its own. A spawn uses
//! `process_group: Some(0)` for the first process and `Some(first)` for the others. In the foreground, the first process also gets
//! `Action::SetForeground` with [`terminal`], if there is one. After a fork, the child calls [`join`] before anything else, and the
//! parent calls [`set_group`]. Then the parent calls [`wait_foreground`] or [`add_background`].

pub mod table;
mod waiting;

use nestling::jobs::{ControllingTerminal, Group};
use nestling::rt::descriptors;
use nestling::signals;
use nestling::terminal::{self, Attributes, When};
use nestling::{AsFd, Errno, OFlags, Pid, RawFd, SigSet, Signal, sys};

use crate::options::Opt;
use crate::shell::{Divert, Shell};
use crate::traps;
use table::{Control, Jobs, Process, Terminal};
pub use table::{StartedJob, State};
use waiting::wait_job;
pub use waiting::{
    Broken, Ready, killed, wait_for, wait_for_change, wait_for_input, wait_for_output,
    wait_foreground,
};

/// Whether new processes are put into process groups: job control is on, and this process is not a subshell of the shell that has
/// it.
pub fn controls(shell: &Shell) -> bool {
    shell.jobs.control.is_some()
}

/// The terminal for a job in the foreground, whose first process takes it with `Action::SetForeground`.
pub fn terminal(shell: &Shell) -> Option<RawFd> {
    let terminal = shell.jobs.control.as_ref()?.terminal.as_ref()?;
    Some(terminal.device.as_fd().as_raw_fd())
}

/// In a new copy of the shell: joins the job's process group, which is a new one if `group` is `None`. If `foreground`, also takes
/// the terminal. Does nothing without job control. Must be called before [`enter_subshell`].
pub fn join(shell: &Shell, group: Option<Pid>, foreground: bool) {
    let Some(control) = &shell.jobs.control else {
        return;
    };
    // The parent makes the same call. The second one of the two may fail.
    let _ = sys::process::setpgid(0, group.map_or(0, Pid::as_raw));
    if foreground && let Some(terminal) = &control.terminal {
        let _ = terminal.device.take();
    }
}

/// In the parent of such a copy: makes sure that the copy is in its process group. Returns the group, or `None` without job
/// control.
pub fn set_group(shell: &Shell, pid: Pid, group: Option<Pid>) -> Option<Pid> {
    shell.jobs.control.as_ref()?;
    let group = group.unwrap_or(pid);
    // The copy may have joined the group itself, and may have ended.
    let _ = sys::process::setpgid(pid.as_raw(), group.as_raw());
    Some(group)
}

/// Adds an asynchronous list to the job table and sets `$!`. If the shell is interactive, writes `[1] 1234`.
pub fn add_background(shell: &mut Shell, started: StartedJob<'_>) {
    let Some(&pid) = started.pids.last() else {
        return;
    };
    let slot = shell
        .jobs
        .add(&started, None, shell.options.has(Opt::Pipefail));
    shell.last_background = Some(pid);
    if shell.is_interactive() && !shell.is_subshell {
        nestling::eprintln!("[", slot + 1, "] ", pid);
    }
    // Reaps children that have ended, so that they do not fill the kernel's process table.
    shell.jobs.update();
}

/// Records the process of a process substitution, and sets `$!`.
pub fn add_other(shell: &mut Shell, pid: Pid) {
    if shell.jobs.inherited {
        shell.jobs.clear();
    }
    shell.jobs.is_new(pid);
    shell.jobs.others.push(pid);
    shell.last_background = Some(pid);
}

/// Takes the terminal back from a job. If `as_is`, keeps the terminal's attributes, else restores the shell's. Returns the
/// attributes that the job has set.
fn take_terminal_back(jobs: &mut Jobs, as_is: bool) -> Option<Attributes> {
    let terminal = jobs.control.as_mut()?.terminal.as_mut()?;
    // If the terminal is hung up, the next read from it fails.
    let _ = terminal.device.take();
    let found = terminal::attributes(terminal.device.as_fd()).ok();
    if as_is {
        terminal.attributes = found;
    } else if let Some(attributes) = &terminal.attributes {
        let _ = terminal::set_attributes(terminal.device.as_fd(), When::Drain, attributes);
    }
    found
}

/// Takes the terminal if a job has not given it back. Returns whether that was possible.
pub fn take_terminal(shell: &Shell) -> bool {
    let terminal = shell
        .jobs
        .control
        .as_ref()
        .and_then(|control| control.terminal.as_ref());
    terminal.is_some_and(|terminal| terminal.device.take().is_ok())
}

/// `fg`: gives the terminal to a job, continues the job and waits for it. Returns its exit status.
pub fn continue_in_foreground(shell: &mut Shell, slot: usize) -> Result<i32, Divert> {
    let jobs = &mut shell.jobs;
    let Some(job) = jobs.get(slot) else {
        return Ok(1);
    };
    let Some(group) = job.group.map(Group::new) else {
        return Ok(1);
    };
    if let Some(terminal) = jobs
        .control
        .as_ref()
        .and_then(|control| control.terminal.as_ref())
    {
        // The terminal gets the attributes that it had when the job was stopped. The guard is not dropped, because `wait_job` takes
        // the terminal back.
        if let Ok(lent) = terminal.device.hand_over(group, job.attributes.as_ref()) {
            core::mem::forget(lent);
        }
    }
    jobs.resumed(slot);
    let _ = group.resume();
    wait_job(shell, slot)
}

/// `bg`: continues a stopped job.
pub fn continue_in_background(shell: &mut Shell, slot: usize) -> Result<(), Errno> {
    let jobs = &mut shell.jobs;
    let group = jobs
        .get(slot)
        .and_then(|job| job.group)
        .ok_or(Errno::ESRCH)?;
    jobs.resumed(slot);
    shell.last_background = jobs
        .get(slot)
        .and_then(|job| job.processes.last())
        .map(|process| process.pid);
    Group::new(group).resume()
}

/// Whether a job can be continued: it was started with job control and has not ended. The error is the reason why it cannot.
pub fn is_under_control(shell: &Shell, slot: usize) -> Result<(), &'static str> {
    match shell.jobs.get(slot) {
        _ if shell.jobs.inherited => Err("job of another shell"),
        Some(job) if job.group.is_none() => Err("job was started without job control"),
        Some(job) if matches!(job.state(), State::Done(..)) => Err("job has ended"),
        _ => Ok(()),
    }
}

/// The result of looking up a process for `wait`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The process or its job has not ended.
    Not,
    /// The exit status. It can be returned only once.
    Status(i32),
    /// The process is not a child of this shell, or was already waited for.
    Unknown,
}

/// Returns the exit status of a process, for `wait`.
pub fn status_of_process(jobs: &mut Jobs, pid: Pid) -> Known {
    let Some(slot) = jobs.own(pid) else {
        if jobs.others.contains(&pid) {
            return Known::Not;
        }
        let ended = jobs.take_ended(pid);
        return ended.map_or(Known::Unknown, |status| Known::Status(status.shell_code()));
    };
    let of_process = jobs.get(slot).and_then(|job| {
        let (_, others) = job.processes.split_last()?;
        others.iter().find(|process| process.pid == pid)
    });
    let of_process = of_process.map(|process| process.code());
    match status_of_job(jobs, slot) {
        Known::Status(code) => Known::Status(of_process.unwrap_or(code)),
        known => known,
    }
}

/// Returns the exit status of a job, for `wait`. A stopped job has an exit status, too.
pub fn status_of_job(jobs: &mut Jobs, slot: usize) -> Known {
    match jobs.state(slot) {
        _ if jobs.inherited => Known::Unknown,
        None => Known::Unknown,
        Some(State::Running) => Known::Not,
        Some(State::Stopped(signal)) => Known::Status(128 + signal.as_raw()),
        Some(State::Done(_, code)) => {
            jobs.forget(slot);
            Known::Status(code)
        }
    }
}

/// Whether any process of a job is running.
pub fn any_runs(jobs: &Jobs) -> bool {
    !jobs.inherited && jobs.running > 0
}

/// Returns the index of a job that has ended and was not waited for.
pub fn any_done(jobs: &Jobs) -> Option<usize> {
    (0..jobs.len())
        .find(|&slot| !jobs.inherited && matches!(jobs.state(slot), Some(State::Done(..))))
}

/// Forgets this shell's own children that have ended.
pub fn forget_own(jobs: &mut Jobs) {
    if !jobs.inherited {
        jobs.forget_done();
        jobs.ended.clear();
    }
}

/// In a copy of the shell: marks the jobs as those of the parent. `jobs` still lists them (XCU 2.13), but `wait` does not know
/// them.
pub fn enter_subshell(shell: &mut Shell) {
    let jobs = &mut shell.jobs;
    jobs.inherited = true;
    jobs.control = None;
    jobs.others.clear();
    jobs.ended.clear();
}

/// Before a prompt: reports the jobs that have ended or were stopped (`[1] + Done sleep 1`). Returns whether there were any.
pub fn notify(shell: &mut Shell) -> bool {
    let jobs = &mut shell.jobs;
    jobs.update();
    if !core::mem::take(&mut jobs.unreported) {
        return false;
    }
    let mut any = false;
    let marks = jobs.current_and_previous();
    for slot in 0..jobs.len() {
        let Some(job) = jobs.get_mut(slot).filter(|job| !job.reported) else {
            continue;
        };
        job.reported = true;
        let state = job.state();
        if state == State::Running {
            continue;
        }
        nestling::eprint!(jobs.line(slot, marks, false, shell.utf8));
        any = true;
        if let State::Done(..) = state {
            // `wait` may still ask for the status.
            let last = jobs.get(slot).and_then(|job| job.processes.last()).copied();
            jobs.forget(slot);
            if let Some(Process {
                pid,
                status: Some(status),
            }) = last
            {
                jobs.remember(pid, status);
            }
        }
    }
    any
}

/// Called before the shell exits. If stopped jobs would be left behind, warns the user and returns true: the shell should not exit.
/// A repeated request succeeds: it must come when the number of commands read is the present number plus `next`.
pub fn should_stay(shell: &mut Shell, next: u32) -> bool {
    let command = shell.interactive.commands;
    let stays = shell.is_interactive()
        && !shell.is_subshell
        && shell.jobs.may_leave != Some(command)
        && shell.jobs.has_stopped();
    if stays {
        nestling::eprintln!("There are stopped jobs.");
        shell.jobs.may_leave = Some(command + next);
    }
    stays
}

/// Turns job control on or off, for `set -m`. Opens the controlling terminal and takes the foreground, or gives both up. If that
/// fails, reports the error and returns false.
///
/// A shell that is not interactive uses process groups even without a terminal. A shell that ends calls this function with `false`.
pub fn set_monitor(shell: &mut Shell, on: bool) -> bool {
    if on == shell.jobs.control.is_some() {
        return true;
    }
    if !on {
        if let Some(terminal) = shell
            .jobs
            .control
            .take()
            .and_then(|control| control.terminal)
        {
            give_up(&terminal);
        }
        traps::set_interactive(shell);
        return true;
    }
    let terminal = match acquire() {
        Ok(terminal) => Some(terminal),
        Err(errno) if shell.is_interactive() => {
            shell.complain(crate::shell::text!("no job control: /dev/tty: ", errno));
            return false;
        }
        Err(_) => None,
    };
    if shell.jobs.inherited {
        shell.jobs.clear();
    }
    shell.jobs.control = Some(Control { terminal });
    traps::set_interactive(shell);
    true
}

/// Opens the terminal, waits until the shell is in the foreground, and puts the shell into a process group of its own.
fn acquire() -> Result<Terminal, Errno> {
    let device = sys::fd::open(c"/dev/tty", OFlags::RDWR | OFlags::CLOEXEC, 0)?;
    let device = ControllingTerminal::new(descriptors::private(device)?);
    device.wait_until_foreground()?;
    let former_group = sys::process::getpgid(0)?;
    // EPERM: a session leader already leads its own group.
    let _ = sys::process::setpgid(0, 0);
    device.take()?;
    Ok(Terminal {
        attributes: terminal::attributes(device.as_fd()).ok(),
        device,
        former_group,
    })
}

/// Returns the terminal to the process group that had it before.
fn give_up(terminal: &Terminal) {
    if sys::process::getpgid(0) == Ok(terminal.former_group) {
        return;
    }
    // The group may not exist any more; then the calls fail, which does no harm.
    let _guard = signals::block(SigSet::EMPTY.with(Signal::TTOU));
    let _ = sys::terminal::tcsetpgrp(terminal.device.as_fd(), terminal.former_group);
    let _ = sys::process::setpgid(0, terminal.former_group);
}
