//! Jobs: XCU 2.11, 3.182 (XBD), and waiting for children.
//!
//! # What whoever starts processes does for job control
//!
//! Where [`controls`] says so, each pipeline and each asynchronous list is a process group of its own. For a spawn:
//! `process_group: Some(0)` for the first process and `Some(first)` for the others, and for a job in the foreground
//! `Action::SetForeground` of [`terminal`], if there is one, for the first. For a fork: [`join`] in the child, first of all, and
//! [`place`] in the parent. Then [`wait_foreground`] or [`add_background`].

pub mod table;

use alloc::vec;
use alloc::vec::Vec;

use nestling::jobs::{ControllingTerminal, Group};
use nestling::poll::{Events, PollFd};
use nestling::rt::descriptors;
use nestling::signals::{self, SignalFd};
use nestling::terminal::{self, Attributes, When};
use nestling::time::{self, Clock, Timestamp};
use nestling::wait::{self, Options, Who};
use nestling::{AsFd, BorrowedFd, Errno, ExitStatus, OFlags, Pid, RawFd, SigSet, Signal, io, sys};

use crate::options::Opt;
use crate::shell::{Divert, Shell};
use crate::traps;
use table::{Control, Death, Jobs, Process, Terminal, exit_status};
pub use table::{Started, State};

/// Whether a process that is started now joins a process group: job control is on, and this is no subshell of the shell that has it.
pub fn controls(shell: &Shell) -> bool {
    shell.jobs.control.is_some()
}

/// The terminal that a job in the foreground takes, by its first process's `Action::SetForeground`.
pub fn terminal(shell: &Shell) -> Option<RawFd> {
    let terminal = shell.jobs.control.as_ref()?.terminal.as_ref()?;
    Some(terminal.device.as_fd().as_raw_fd())
}

/// In a copy that was just made: joins the job's group, a new one if there is none yet, and takes the terminal if it is for the
/// foreground. Does nothing without job control. It goes before [`enter_subshell`].
pub fn join(shell: &Shell, group: Option<Pid>, foreground: bool) {
    let Some(control) = &shell.jobs.control else {
        return;
    };
    // The parent does the same, and one of them is too late.
    let _ = sys::process::setpgid(0, group.map_or(0, Pid::as_raw));
    if foreground && let Some(terminal) = &control.terminal {
        let _ = terminal.device.take();
    }
}

/// In the parent of such a copy: sees to it that it is in its group when this returns. The answer is the group, `None` without job
/// control.
pub fn place(shell: &Shell, pid: Pid, group: Option<Pid>) -> Option<Pid> {
    shell.jobs.control.as_ref()?;
    let group = group.unwrap_or(pid);
    // It may have done so itself, and be gone.
    let _ = sys::process::setpgid(pid.as_raw(), group.as_raw());
    Some(group)
}

/// Notes an asynchronous list: sets `$!`, gives it a job number, prints `[1] 1234` if the shell is interactive.
pub fn add_background(shell: &mut Shell, started: Started<'_>) {
    let Some(&pid) = started.pids.last() else {
        return;
    };
    let place = shell
        .jobs
        .add(&started, None, shell.options.has(Opt::Pipefail));
    shell.last_background = Some(pid);
    if shell.is_interactive() && !shell.is_subshell {
        nestling::eprintln!("[", place + 1, "] ", pid);
    }
    // Those that have ended meanwhile are not to fill the kernel's table.
    shell.jobs.update();
}

/// Notes the process of a process substitution: sets `$!`.
pub fn add_other(shell: &mut Shell, pid: Pid) {
    if shell.jobs.inherited {
        shell.jobs.clear();
    }
    shell.jobs.is_new(pid);
    shell.jobs.others.push(pid);
    shell.last_background = Some(pid);
}

/// Waits for one child that is no job: without job control. Its exit status is the answer; traps wait until it has ended (the caller runs
/// them). SIGINT that ends it is passed on to an interactive shell as `Divert::Interrupt`.
pub fn wait_for(shell: &mut Shell, pid: Pid) -> Result<i32, Divert> {
    let mut statuses = [None];
    let awaited = Awaited {
        pids: &[pid],
        statuses: &mut statuses,
    };
    awaited.wait(&mut shell.jobs);
    let [status] = statuses;
    ended(shell, status.unwrap_or_default())
}

/// Children that are no jobs, and what they have ended with.
struct Awaited<'a> {
    pids: &'a [Pid],
    statuses: &'a mut [Option<ExitStatus>],
}

impl Awaited<'_> {
    /// A child has changed: one of these, or a job's.
    fn note(&mut self, jobs: &mut Jobs, pid: Pid, status: ExitStatus) {
        let mut all = self.pids.iter().zip(self.statuses.iter_mut());
        match all.find(|(other, known)| **other == pid && known.is_none()) {
            Some((_, known)) => *known = Some(status),
            None => jobs.note(pid, status),
        }
    }

    /// Waits until all of these have ended, and meanwhile notes what becomes of jobs. One system call for each child that ends.
    fn wait(mut self, jobs: &mut Jobs) {
        while let Some(next) = self.statuses.iter().position(Option::is_none) {
            let who = match self.pids.get(next) {
                Some(&pid) if !jobs.any_alive() => Who::Child(pid),
                _ => Who::Any,
            };
            match wait::wait_for(who, Options::default()) {
                Ok(Some((pid, status))) => self.note(jobs, pid, status),
                Ok(None) | Err(Errno::EINTR) => {}
                Err(_) => {
                    // It was reaped by somebody else.
                    if let Some(status) = self.statuses.get_mut(next) {
                        *status = Some(ExitStatus::from_raw(127 << 8));
                    }
                }
            }
        }
    }
}

/// Reads to the end what the child of a command substitution writes, and waits for it, as [`wait_for`] does. SIGINT abandons what an
/// interactive shell is executing, however the child ends.
pub fn wait_for_output(
    shell: &mut Shell,
    pid: Pid,
    read_end: BorrowedFd<'_>,
    output: &mut Vec<u8>,
) -> Result<i32, Divert> {
    let mut statuses = [None];
    let mut awaited = Awaited {
        pids: &[pid],
        statuses: &mut statuses,
    };
    let mut is_over = false;
    while !is_over && shell.jobs.any_alive() {
        let _ = wait_until_readable(shell, SigSet::EMPTY, read_end, None, &mut awaited);
        let mut part = [0; 4096];
        let length = io::read(read_end, &mut part).unwrap_or(0);
        output.extend_from_slice(part.get(..length).unwrap_or_default());
        is_over = length == 0;
    }
    if !is_over {
        // What can't be read is missing.
        let _ = io::read_to_end(read_end, output);
    }
    awaited.wait(&mut shell.jobs);
    let [status] = statuses;
    let is_typed = shell.is_interactive() && !shell.is_subshell;
    if is_typed && sys::caught::caught().contains(Signal::INT) && traps::forget_interrupt(shell) {
        // It was sent to both, and what the child has made of it is not what the user wants executed.
        nestling::eprintln!();
        shell.status = 128 + Signal::INT.as_raw();
        return Err(Divert::Interrupt);
    }
    ended(shell, status.unwrap_or_default())
}

/// What [`wait_for_input`] has waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    Input,
    /// A signal that the shell acts on.
    Signal,
    /// There is no more time.
    Late,
}

/// Waits until there is something to be read, and meanwhile reaps what has ended. If a signal comes that the shell acts on, or has come, it
/// does not wait.
pub fn wait_for_input(shell: &mut Shell, input: BorrowedFd<'_>, end: Option<Timestamp>) -> Ready {
    let mut nothing = Awaited {
        pids: &[],
        statuses: &mut [],
    };
    wait_until_readable(shell, shell.traps.acts_on(), input, end, &mut nothing)
}

fn wait_until_readable(
    shell: &mut Shell,
    acts_on: SigSet,
    input: BorrowedFd<'_>,
    end: Option<Timestamp>,
    awaited: &mut Awaited<'_>,
) -> Ready {
    let chld = SigSet::EMPTY.with(Signal::CHLD);
    // While these are blocked, none can come between the look and the wait.
    let (Ok(guard), Ok(ends)) = (
        signals::block(acts_on.union(chld)),
        SignalFd::new(chld, OFlags::CLOEXEC | OFlags::NONBLOCK),
    ) else {
        return Ready::Input;
    };
    let meanwhile = guard.former().with(Signal::CHLD);
    loop {
        while shell.jobs.any_alive()
            && let Ok(Some((pid, status))) =
                wait::wait_for(Who::Any, shell.jobs.options() | Options::NOHANG)
        {
            awaited.note(&mut shell.jobs, pid, status);
        }
        if sys::caught::caught().bits() & acts_on.bits() != 0 {
            return Ready::Signal;
        }
        let left = end.map(|end| {
            let now = time::now(Clock::Monotonic).unwrap_or(end);
            end.checked_duration_since(now).unwrap_or_default()
        });
        let mut polled = [
            PollFd::new(input, Events::IN),
            PollFd::new(ends.as_fd(), Events::IN),
        ];
        match sys::poll::ppoll(&mut polled, left, Some(meanwhile)) {
            Ok(0) => return Ready::Late,
            Err(Errno::EINTR) => {}
            Err(_) => return Ready::Input,
            Ok(_) => {
                let [input, _] = polled;
                if input.returned() != Events::default() {
                    return Ready::Input;
                }
                if ends.read().is_ok() && shell.traps.acts_on().contains(Signal::CHLD) {
                    sys::caught::mark(Signal::CHLD);
                }
            }
        }
    }
}

/// The signals of programs that are wrong.
const CRASHES: SigSet = SigSet::EMPTY
    .with(Signal::ABRT)
    .with(Signal::BUS)
    .with(Signal::FPE)
    .with(Signal::ILL)
    .with(Signal::SEGV)
    .with(Signal::SYS);

/// The exit status of what ran in the foreground, after saying what killed it.
fn ended(shell: &mut Shell, status: ExitStatus) -> Result<i32, Divert> {
    let code = status.shell_code();
    match status.signal() {
        None => {
            // What was typed went to both, and it has dealt with it.
            if shell.is_interactive() && !controls(shell) {
                traps::forget_interrupt(shell);
            }
        }
        Some(Signal::INT) => {
            shell.status = code;
            interrupted(shell)?;
        }
        // A script's user is told of crashes only.
        Some(signal) if !shell.is_interactive() && !CRASHES.contains(signal) => {}
        Some(Signal::PIPE) => {}
        Some(signal) => {
            shell.output.flush();
            nestling::eprintln!(Death(signal, status.core_dumped()));
        }
    }
    Ok(code)
}

/// What ran in the foreground was killed by SIGINT, which was meant for the shell as well.
fn interrupted(shell: &mut Shell) -> Result<(), Divert> {
    if shell.is_interactive() && !shell.is_subshell && traps::forget_interrupt(shell) {
        nestling::eprintln!();
        return Err(Divert::Interrupt);
    }
    if terminal(shell).is_some() {
        // The terminal has sent it to the job alone.
        let _ = sys::process::kill(shell.own_pid().as_raw(), Some(Signal::INT));
    }
    Ok(())
}

/// Waits for a foreground pipeline until every process has ended, or, with job control, it stops: then it becomes a job. The
/// answer is the pipeline's exit status (`pipefail` taken into account, where `last` is the status of a last element that was no process).
pub fn wait_foreground(
    shell: &mut Shell,
    started: Started<'_>,
    last: Option<i32>,
) -> Result<i32, Divert> {
    let pipefail = shell.options.has(Opt::Pipefail);
    if shell.jobs.control.is_some() && started.group.is_some() {
        let place = shell.jobs.add(&started, last, pipefail);
        return wait_job(shell, place);
    }
    let mut statuses = vec![None; started.pids.len()];
    let awaited = Awaited {
        pids: started.pids,
        statuses: &mut statuses,
    };
    awaited.wait(&mut shell.jobs);
    let statuses = statuses.iter().map(|status| status.unwrap_or_default());
    let status = statuses.clone().next_back().unwrap_or_default();
    let code = exit_status(statuses.map(ExitStatus::shell_code), pipefail);
    match last {
        Some(last) => Ok(exit_status([code, last].into_iter(), pipefail)),
        None => ended(shell, status).map(|_| code),
    }
}

/// Waits for a job that has the terminal, and takes that back.
fn wait_job(shell: &mut Shell, place: usize) -> Result<i32, Divert> {
    if shell.is_interactive() && sys::caught::caught().contains(Signal::INT) {
        // It was typed while the job started, which did not have the terminal yet, and is meant for the job. (A trap's action follows.)
        traps::forget_interrupt(shell);
        for target in shell.jobs.targets(place) {
            let _ = sys::process::kill(target, Some(Signal::INT));
        }
    }
    let jobs = &mut shell.jobs;
    while jobs.state(place) == Some(State::Running) {
        match wait::wait_for(Who::Any, jobs.options()) {
            Ok(Some((pid, status))) => jobs.note(pid, status),
            Ok(None) | Err(Errno::EINTR) => {}
            Err(_) => jobs.lost(),
        }
    }
    let state = jobs.state(place);
    let as_is = matches!(state, Some(State::Done(status, _)) if status.signal().is_none());
    let attributes = take_terminal_back(jobs, as_is);
    match state {
        Some(State::Stopped(signal)) => {
            if let Some(job) = jobs.get_mut(place) {
                job.attributes = attributes;
                job.told = true;
            }
            if shell.is_interactive() {
                let marks = shell.jobs.marks();
                nestling::eprint!("\n", shell.jobs.line(place, marks, false, shell.utf8));
            }
            Ok(128 + signal.as_raw())
        }
        Some(State::Done(status, code)) => {
            jobs.forget(place);
            ended(shell, status)?;
            Ok(code)
        }
        _ => Ok(0),
    }
}

/// Takes the terminal back from a job, with what the shell's attributes were, or as it is. The answer is what the job had made of them.
fn take_terminal_back(jobs: &mut Jobs, as_is: bool) -> Option<Attributes> {
    let terminal = jobs.control.as_mut()?.terminal.as_mut()?;
    // If it is hung up, whoever reads from it will see.
    let _ = terminal.device.take();
    let found = terminal::attributes(terminal.device.as_fd()).ok();
    if as_is {
        terminal.attributes = found;
    } else if let Some(attributes) = &terminal.attributes {
        let _ = terminal::set_attributes(terminal.device.as_fd(), When::Drain, attributes);
    }
    found
}

/// Takes the terminal, where a job has not given it back. Whether that was possible.
pub fn take_terminal(shell: &Shell) -> bool {
    let terminal = shell
        .jobs
        .control
        .as_ref()
        .and_then(|control| control.terminal.as_ref());
    terminal.is_some_and(|terminal| terminal.device.take().is_ok())
}

/// `fg`: gives a job the terminal, lets it go on and waits for it. The answer is its exit status.
pub fn continue_in_foreground(shell: &mut Shell, place: usize) -> Result<i32, Divert> {
    let jobs = &mut shell.jobs;
    let Some(job) = jobs.get(place) else {
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
        // What it was when it stopped. Afterwards the shell takes it back in its own way.
        if let Ok(lent) = terminal.device.hand_over(group, job.attributes.as_ref()) {
            core::mem::forget(lent);
        }
    }
    jobs.resumed(place);
    let _ = group.resume();
    wait_job(shell, place)
}

/// `bg`: lets a stopped job go on.
pub fn continue_in_background(shell: &mut Shell, place: usize) -> Result<(), Errno> {
    let jobs = &mut shell.jobs;
    let group = jobs
        .get(place)
        .and_then(|job| job.group)
        .ok_or(Errno::ESRCH)?;
    jobs.resumed(place);
    shell.last_background = jobs
        .get(place)
        .and_then(|job| job.processes.last())
        .map(|process| process.pid);
    Group::new(group).resume()
}

/// Whether a job can be continued: it was started with job control, and has not ended. Else why not.
pub fn is_under_control(shell: &Shell, place: usize) -> Result<(), &'static str> {
    match shell.jobs.get(place) {
        _ if shell.jobs.inherited => Err("job of another shell"),
        Some(job) if job.group.is_none() => Err("job was started without job control"),
        Some(job) if matches!(job.state(), State::Done(..)) => Err("job has ended"),
        _ => Ok(()),
    }
}

/// Why `wait` has ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// This signal came, for which there is a trap (or which interrupts an interactive shell).
    By(Signal),
    /// There is no child.
    NoChild,
}

/// Waits until a child changes. If a signal comes that the shell acts on, or has come, it does not wait.
pub fn wait_for_change(shell: &mut Shell) -> Result<(), Broken> {
    let (jobs, traps) = (&mut shell.jobs, &shell.traps);
    let acts_on = traps.acts_on();
    // While these are blocked, none can come between the look and the wait.
    let waited_for = acts_on.with(Signal::CHLD);
    let blocked = if acts_on == SigSet::EMPTY {
        None
    } else {
        signals::block(waited_for).ok()
    };
    let options = match blocked {
        Some(_) => jobs.options() | Options::NOHANG,
        None => jobs.options(),
    };
    loop {
        if let Some(signal) = traps.next_pending() {
            return Err(Broken::By(signal));
        }
        match wait::wait_for(Who::Any, options) {
            Ok(Some((pid, status))) => {
                jobs.note(pid, status);
                return Ok(());
            }
            Ok(None) => {
                if let Ok(info) = sys::signal::sigtimedwait(waited_for, None)
                    && acts_on.contains(info.signal)
                {
                    sys::caught::mark(info.signal);
                }
            }
            Err(Errno::EINTR) => {}
            Err(_) => {
                jobs.lost();
                return Err(Broken::NoChild);
            }
        }
    }
}

/// How far a process that `wait` is asked for has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It, or its job, has not ended.
    Not,
    /// Its exit status; the second time it is not known any more.
    Status(i32),
    /// It is no child of this shell, or was waited for.
    Unknown,
}

/// The exit status of a process, for `wait`.
pub fn status_of_process(jobs: &mut Jobs, pid: Pid) -> Known {
    let Some(place) = jobs.own(pid) else {
        if jobs.others.contains(&pid) {
            return Known::Not;
        }
        let ended = jobs.take_ended(pid);
        return ended.map_or(Known::Unknown, |status| Known::Status(status.shell_code()));
    };
    let of_process = jobs.get(place).and_then(|job| {
        let (_, others) = job.processes.split_last()?;
        others.iter().find(|process| process.pid == pid)
    });
    let of_process = of_process.map(|process| process.code());
    match status_of_job(jobs, place) {
        Known::Status(code) => Known::Status(of_process.unwrap_or(code)),
        known => known,
    }
}

/// The exit status of a job, for `wait`. One that is stopped has one, too.
pub fn status_of_job(jobs: &mut Jobs, place: usize) -> Known {
    match jobs.state(place) {
        _ if jobs.inherited => Known::Unknown,
        None => Known::Unknown,
        Some(State::Running) => Known::Not,
        Some(State::Stopped(signal)) => Known::Status(128 + signal.as_raw()),
        Some(State::Done(_, code)) => {
            jobs.forget(place);
            Known::Status(code)
        }
    }
}

/// Whether any process of the jobs runs.
pub fn any_runs(jobs: &Jobs) -> bool {
    !jobs.inherited && jobs.running > 0
}

/// The place of a job that has ended and was not waited for.
pub fn any_done(jobs: &Jobs) -> Option<usize> {
    (0..jobs.len())
        .find(|&place| !jobs.inherited && matches!(jobs.state(place), Some(State::Done(..))))
}

/// Forgets what has ended, of this shell's own children.
pub fn forget_own(jobs: &mut Jobs) {
    if !jobs.inherited {
        jobs.forget_done();
        jobs.ended.clear();
    }
}

/// In a copy of the shell: forgets the jobs, which are not its own. (`jobs` still shows them: XCU 2.13; `wait` does not know them.)
pub fn enter_subshell(shell: &mut Shell) {
    let jobs = &mut shell.jobs;
    jobs.inherited = true;
    jobs.control = None;
    jobs.others.clear();
    jobs.ended.clear();
}

/// Before a prompt: says what has ended or stopped (`[1] + Done sleep 1`). Whether anything had.
pub fn notify(shell: &mut Shell) -> bool {
    let jobs = &mut shell.jobs;
    jobs.update();
    if !core::mem::take(&mut jobs.news) {
        return false;
    }
    let mut any = false;
    let marks = jobs.marks();
    for place in 0..jobs.len() {
        let Some(job) = jobs.get_mut(place).filter(|job| !job.told) else {
            continue;
        };
        job.told = true;
        let state = job.state();
        if state == State::Running {
            continue;
        }
        nestling::eprint!(jobs.line(place, marks, false, shell.utf8));
        any = true;
        if let State::Done(..) = state {
            // `wait` may still ask for it.
            let last = jobs
                .get(place)
                .and_then(|job| job.processes.last())
                .copied();
            jobs.forget(place);
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

/// Whether there are stopped jobs of which the user is told now, before the shell exits and leaves them behind: then it should
/// not, unless it is asked to again, before another command: by what is typed now if that is `next` 0, or by what is typed then.
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

/// `set -m` was turned on or off: opens the controlling terminal, takes the foreground, or gives both up. Says why it can't.
///
/// Without a terminal a shell that is not interactive has process groups all the same. A shell that ends calls this with `false`.
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

/// Opens the terminal, waits for the foreground, and makes the shell a group of its own there.
fn acquire() -> Result<Terminal, Errno> {
    let device = sys::fd::open(c"/dev/tty", OFlags::RDWR | OFlags::CLOEXEC, 0)?;
    let device = ControllingTerminal::new(descriptors::private(device)?);
    device.wait_until_foreground()?;
    let former_group = sys::process::getpgid(0)?;
    // EPERM: a session's leader leads its own group already.
    let _ = sys::process::setpgid(0, 0);
    device.take()?;
    Ok(Terminal {
        attributes: terminal::attributes(device.as_fd()).ok(),
        device,
        former_group,
    })
}

/// Leaves the terminal to the group that had it before.
fn give_up(terminal: &Terminal) {
    if sys::process::getpgid(0) == Ok(terminal.former_group) {
        return;
    }
    // The group may be gone; then nobody misses it.
    let _guard = signals::block(SigSet::EMPTY.with(Signal::TTOU));
    let _ = sys::terminal::tcsetpgrp(terminal.device.as_fd(), terminal.former_group);
    let _ = sys::process::setpgid(0, terminal.former_group);
}
