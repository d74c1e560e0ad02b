//! Waits for children: for those of the foreground, for input while children change, and for `wait`.

use alloc::alloc::handle_alloc_error;
use alloc::vec;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::time::Duration;

use nestling::poll::{Events, PollFd};
use nestling::signals::{self, SignalFd};
use nestling::time::{self, Clock, Timestamp};
use nestling::wait::{self, Options, Who};
use nestling::{AsFd, BorrowedFd, Errno, ExitStatus, OFlags, Pid, SigSet, Signal, io, sys};

use super::table::{Death, Jobs, StartedJob, State, exit_status};
use super::{controls, take_terminal_back, terminal};
use crate::options::Opt;
use crate::shell::{Divert, Shell};
use crate::traps;

/// Waits for a child that is not a job, and returns its exit status. Traps are executed by the caller, after the child has ended.
/// If SIGINT ends the child, an interactive shell gets `Divert::Interrupt`.
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

/// Children that are not jobs, and their statuses.
struct Awaited<'a> {
    pids: &'a [Pid],
    statuses: &'a mut [Option<ExitStatus>],
}

impl Awaited<'_> {
    /// Records a change of one of these children or of a job's process.
    fn note(&mut self, jobs: &mut Jobs, pid: Pid, status: ExitStatus) {
        let mut all = self.pids.iter().zip(self.statuses.iter_mut());
        match all.find(|(other, known)| **other == pid && known.is_none()) {
            Some((_, known)) => *known = Some(status),
            None => jobs.note(pid, status),
        }
    }

    /// Waits until all of these children have ended, and records the changes of jobs that occur before. Makes one system call for
    /// each child that ends.
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
                    // The child was reaped elsewhere.
                    if let Some(status) = self.statuses.get_mut(next) {
                        *status = Some(ExitStatus::from_raw(127 << 8));
                    }
                }
            }
        }
    }
}

/// Reads all output of a command substitution, and waits for its child as [`wait_for`] does. In an interactive shell, SIGINT
/// abandons the command that is being executed, however the child ends.
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
    if !is_over && io::read_to_end(read_end, output) == Err(Errno::ENOMEM) {
        // The child may wait for a reader for ever, so the shell ends as it does wherever memory is missing. After other errors, the
        // rest of the output is missing.
        handle_alloc_error(Layout::new::<u8>());
    }
    awaited.wait(&mut shell.jobs);
    let [status] = statuses;
    let is_typed = shell.is_interactive() && !shell.is_subshell;
    if is_typed && sys::caught::caught().contains(Signal::INT) && traps::forget_interrupt(shell) {
        // The signal was sent to the shell and to the child. The user does not want the rest of the command to be executed with the
        // child's partial output.
        nestling::eprintln!();
        shell.status = 128 + Signal::INT.as_raw();
        return Err(Divert::Interrupt);
    }
    ended(shell, status.unwrap_or_default())
}

/// The event that ended [`wait_for_input`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    Input,
    /// A signal on which the shell acts has arrived.
    Signal,
    /// The time limit has passed.
    Late,
}

/// Waits until input is available, and reaps children that end before. Does not wait if a signal on which the shell acts has
/// arrived, so that such a signal only takes the place of input that is missing.
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
    // These signals are blocked, so that none can arrive between the check and the wait.
    let (Ok(guard), Ok(ends)) = (
        signals::block(acts_on.union(chld)),
        SignalFd::new(chld, OFlags::CLOEXEC | OFlags::NONBLOCK),
    ) else {
        return Ready::Input;
    };
    let waited_mask = guard.former().with(Signal::CHLD);
    loop {
        while shell.jobs.any_alive()
            && let Ok(Some((pid, status))) =
                wait::wait_for(Who::Any, shell.jobs.options() | Options::NOHANG)
        {
            awaited.note(&mut shell.jobs, pid, status);
        }
        let is_caught = sys::caught::caught().bits() & acts_on.bits() != 0;
        let left = match end {
            _ if is_caught => Some(Duration::ZERO),
            Some(end) => {
                let now = time::now(Clock::Monotonic).unwrap_or(end);
                Some(end.checked_duration_since(now).unwrap_or_default())
            }
            None => None,
        };
        let mut polled = [
            PollFd::new(input, Events::IN),
            PollFd::new(ends.as_fd(), Events::IN),
        ];
        match sys::poll::ppoll(&mut polled, left, Some(waited_mask)) {
            Ok(0) if is_caught => return Ready::Signal,
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

/// The signals that mean that a program has an error.
const CRASHES: SigSet = SigSet::EMPTY
    .with(Signal::ABRT)
    .with(Signal::BUS)
    .with(Signal::FPE)
    .with(Signal::ILL)
    .with(Signal::SEGV)
    .with(Signal::SYS);

/// Returns the exit status of a command in the foreground that this signal has killed before its program was executed.
pub fn killed(shell: &mut Shell, signal: Signal) -> Result<i32, Divert> {
    take_terminal_back(&mut shell.jobs, false);
    ended(shell, ExitStatus::from_raw(signal.as_raw()))
}

/// Returns the exit status of a command that ran in the foreground. First reports the signal that killed it, if any.
fn ended(shell: &mut Shell, status: ExitStatus) -> Result<i32, Divert> {
    let code = status.shell_code();
    match status.signal() {
        None => {
            // A typed SIGINT went to the shell and to the command, and the command has handled it.
            if shell.is_interactive() && !controls(shell) {
                traps::forget_interrupt(shell);
            }
        }
        Some(Signal::INT) => {
            shell.status = code;
            interrupted(shell)?;
        }
        // A script's user is informed of crashes only.
        Some(signal) if !shell.is_interactive() && !CRASHES.contains(signal) => {}
        Some(Signal::PIPE) => {}
        Some(signal) => {
            shell.output.flush();
            nestling::eprintln!(Death(signal, status.core_dumped()));
        }
    }
    Ok(code)
}

/// Acts on a SIGINT that has killed a command in the foreground, because it was meant for the shell, too.
fn interrupted(shell: &mut Shell) -> Result<(), Divert> {
    if shell.is_interactive() && !shell.is_subshell && traps::forget_interrupt(shell) {
        nestling::eprintln!();
        return Err(Divert::Interrupt);
    }
    if terminal(shell).is_some() {
        // The terminal has sent the signal to the job only.
        let _ = sys::process::kill(shell.own_pid().as_raw(), Some(Signal::INT));
    }
    Ok(())
}

/// Waits for a pipeline in the foreground until every process has ended. With job control, also returns if the pipeline is stopped;
/// then it becomes a job. Returns the pipeline's exit status, with regard to `pipefail`. `last` is the status of the last command,
/// if that has no process.
pub fn wait_foreground(
    shell: &mut Shell,
    started: StartedJob<'_>,
    last: Option<i32>,
) -> Result<i32, Divert> {
    let pipefail = shell.options.has(Opt::Pipefail);
    if shell.jobs.control.is_some() && started.group.is_some() {
        let slot = shell.jobs.add(&started, last, pipefail);
        return wait_job(shell, slot);
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

/// Waits for a job that has the terminal, and takes the terminal back.
pub(super) fn wait_job(shell: &mut Shell, slot: usize) -> Result<i32, Divert> {
    if shell.is_interactive() && sys::caught::caught().contains(Signal::INT) {
        // The signal was typed while the job was being started and did not have the terminal yet. It is meant for the job. (If the
        // shell has a trap, its action is executed, too.)
        traps::forget_interrupt(shell);
        for target in shell.jobs.targets(slot) {
            let _ = sys::process::kill(target, Some(Signal::INT));
        }
    }
    let jobs = &mut shell.jobs;
    while jobs.state(slot) == Some(State::Running) {
        match wait::wait_for(Who::Any, jobs.options()) {
            Ok(Some((pid, status))) => jobs.note(pid, status),
            Ok(None) | Err(Errno::EINTR) => {}
            Err(_) => jobs.all_lost(),
        }
    }
    let state = jobs.state(slot);
    let as_is = matches!(state, Some(State::Done(status, _)) if status.signal().is_none());
    let attributes = take_terminal_back(jobs, as_is);
    match state {
        Some(State::Stopped(signal)) => {
            if let Some(job) = jobs.get_mut(slot) {
                job.attributes = attributes;
                job.reported = true;
            }
            if shell.is_interactive() {
                let marks = shell.jobs.current_and_previous();
                nestling::eprint!("\n", shell.jobs.line(slot, marks, false, shell.utf8));
            }
            Ok(128 + signal.as_raw())
        }
        Some(State::Done(status, code)) => {
            jobs.forget(slot);
            ended(shell, status)?;
            Ok(code)
        }
        _ => Ok(0),
    }
}

/// The reason why `wait` ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// This signal arrived. It has a trap, or interrupts an interactive shell.
    By(Signal),
    /// There is no child.
    NoChild,
}

/// Waits until a child changes its state. Returns immediately if a signal on which the shell acts has arrived.
pub fn wait_for_change(shell: &mut Shell) -> Result<(), Broken> {
    let (jobs, traps) = (&mut shell.jobs, &shell.traps);
    let acts_on = traps.acts_on();
    // These signals are blocked, so that none can arrive between the check and the wait.
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
                jobs.all_lost();
                return Err(Broken::NoChild);
            }
        }
    }
}
