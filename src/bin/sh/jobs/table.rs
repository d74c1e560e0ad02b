//! The table of jobs: the states of the shell's children, and how they change with the kernel's reports. Nothing in this file waits
//! for a child.

use alloc::rc::Rc;
use alloc::vec::Vec;

use nestling::jobs::ControllingTerminal;
use nestling::terminal::Attributes;
use nestling::text::{self, Sink, Text};
use nestling::wait::{self, Options, Who};
use nestling::{ExitStatus, Pid, Signal};

use nestling_shell::characters;

/// The job table, and the state of other children.
#[derive(Debug, Default)]
pub struct Jobs {
    /// Whether job control is turned off temporarily. Stopped processes are recorded nevertheless.
    suspended: bool,
    /// Job `n` is at index `n - 1`.
    table: Vec<Option<Job>>,
    /// Every index below this one is in use.
    free: usize,
    /// The processes of the jobs with the index of each one's job, sorted by pid. (New pids are usually the greatest.)
    pids: Vec<(Pid, usize)>,
    /// The number of these processes that are running.
    pub(super) running: usize,
    /// The number of these processes that have not ended: they are running or stopped.
    alive: usize,
    /// Processes without a job that have not ended: those of process substitutions and of disowned jobs.
    pub(super) others: Vec<Pid>,
    /// The statuses of processes that are in no job any more: their job's end was reported, or they had none.
    pub(super) ended: Vec<(Pid, ExitStatus)>,
    /// A counter that increases each time a job becomes the current job.
    latest: u32,
    /// Whether a job has changed its state since the last report.
    pub(super) unreported: bool,
    /// Whether the jobs are those of the parent shell, which a subshell can only list.
    pub(super) inherited: bool,
    /// Set after the user was warned of stopped jobs: the number of the command that may leave the shell.
    pub(super) may_leave: Option<u32>,
    pub(super) control: Option<Control>,
}

/// The state of job control. It exists while job control is on, in the shell that has it.
#[derive(Debug, Default)]
pub struct Control {
    /// The terminal. Without one, jobs are still process groups.
    pub(super) terminal: Option<Terminal>,
}

#[derive(Debug)]
pub(super) struct Terminal {
    pub(super) device: ControllingTerminal,
    /// The process group in which the shell was started.
    pub(super) former_group: i32,
    /// The attributes that the last program left behind when it exited.
    pub(super) attributes: Option<Attributes>,
}

#[derive(Debug)]
pub(super) struct Job {
    /// The processes of the pipeline, in its order.
    pub(super) processes: Vec<Process>,
    pub(super) group: Option<Pid>,
    text: Option<Rc<[u8]>>,
    /// The status of the pipeline's last command, if that has no process.
    last: Option<i32>,
    /// Whether `pipefail` was on when the job was started.
    pipefail: bool,
    latest: u32,
    /// Whether the job's state was reported.
    pub(super) reported: bool,
    /// The terminal's attributes when the job was stopped.
    pub(super) attributes: Option<Attributes>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Process {
    pub(super) pid: Pid,
    /// `None` while the process is running.
    pub(super) status: Option<ExitStatus>,
}

impl Process {
    fn stopped(self) -> Option<Signal> {
        self.status?.stopped_signal()
    }

    /// Whether the process has ended. Then it was reaped, and another process may have its pid.
    pub(super) fn has_ended(self) -> bool {
        self.status.is_some() && self.stopped().is_none()
    }

    pub(super) fn code(self) -> i32 {
        self.status.map_or(0, ExitStatus::shell_code)
    }
}

/// The state of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Running,
    Stopped(Signal),
    /// The status of the last process, and the job's exit status.
    Done(ExitStatus, i32),
}

/// The state in the form that `jobs` writes.
impl Text for State {
    fn write(&self, out: &mut impl Sink) {
        match *self {
            Self::Running => "Running".write(out),
            Self::Stopped(Signal::TSTP) => "Stopped".write(out),
            Self::Stopped(signal) => {
                "Stopped (".write(out);
                signal.write(out);
                ")".write(out);
            }
            Self::Done(_, 0) => "Done".write(out),
            Self::Done(status, code) => match status.signal() {
                Some(signal) if code == status.shell_code() => {
                    Death(signal, status.core_dumped()).write(out)
                }
                _ => {
                    "Done(".write(out);
                    code.write(out);
                    ")".write(out);
                }
            },
        }
    }
}

/// The description of a process's end by a signal; the flag means that a core was dumped.
pub(super) struct Death(pub(super) Signal, pub(super) bool);

const DEATHS: &str = "?,Hangup,Interrupt,Quit,Illegal instruction,Trace trap,Aborted,Bus error,Floating point exception,Killed,\
    User defined signal 1,Segmentation fault,User defined signal 2,Broken pipe,Alarm clock,Terminated";

impl Text for Death {
    fn write(&self, out: &mut impl Sink) {
        match text::word(DEATHS, b',', self.0.as_raw() as usize) {
            b"" => {
                "Killed by ".write(out);
                self.0.write(out);
            }
            name => name.write(out),
        }
        if self.1 {
            " (core dumped)".write(out);
        }
    }
}

impl Job {
    pub(super) fn state(&self) -> State {
        let processes = self.processes.iter();
        if processes.clone().any(|process| process.status.is_none()) {
            return State::Running;
        }
        match processes
            .clone()
            .rev()
            .find_map(|process| process.stopped())
        {
            Some(signal) => State::Stopped(signal),
            None => {
                let codes = processes.map(|process| process.code()).chain(self.last);
                let last = self.processes.last().and_then(|process| process.status);
                let last = last.filter(|_| self.last.is_none()).unwrap_or_default();
                State::Done(last, exit_status(codes, self.pipefail))
            }
        }
    }
}

/// The exit status of a pipeline, from the exit statuses of its commands: XCU 2.9.2.
pub(super) fn exit_status(codes: impl Iterator<Item = i32>, pipefail: bool) -> i32 {
    codes.fold(
        0,
        |before, code| if pipefail && code == 0 { before } else { code },
    )
}

/// Each time the table reaches a multiple of this number of processes, jobs that have ended are removed although nothing has asked
/// for them. (POSIX requires CHILD_MAX processes, which is less in practice.)
const MANY: usize = 1 << 16;

impl Jobs {
    /// The length of the table. Every job's index is less than this number.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// The number of jobs.
    #[cfg(feature = "edit")]
    pub fn count(&self) -> usize {
        self.table.iter().flatten().count()
    }

    #[inline(never)]
    pub(super) fn get(&self, slot: usize) -> Option<&Job> {
        self.table.get(slot)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, slot: usize) -> Option<&mut Job> {
        self.table.get_mut(slot)?.as_mut()
    }

    /// Returns the state of the job with this index, if it exists.
    pub fn state(&self, slot: usize) -> Option<State> {
        self.get(slot).map(Job::state)
    }

    /// Returns the job's process group, or the pid of its first process if it has no group.
    pub fn leader(&self, slot: usize) -> Option<Pid> {
        let job = self.get(slot)?;
        job.group
            .or(job.processes.first().map(|process| process.pid))
    }

    /// Returns the targets of a signal to the job, as arguments of `kill`: its process group, or its processes. Processes that were
    /// reaped are left out, because other processes may have their pids.
    pub fn targets(&self, slot: usize) -> impl Iterator<Item = i32> {
        let job = self.get(slot);
        let processes = job.map_or(&[][..], |job| &job.processes);
        let left = processes.iter().filter(|process| !process.has_ended());
        let group = job.and_then(|job| job.group);
        let most = if group.is_some() { 1 } else { usize::MAX };
        left.take(most).map(move |process| match group {
            Some(group) => -group.as_raw(),
            None => process.pid.as_raw(),
        })
    }

    /// Returns the current job and the previous job (XBD 3.102, 3.281). The current job is the one that was stopped last, or else
    /// the one that was started last.
    pub fn current_and_previous(&self) -> [Option<usize>; 2] {
        let mut best = [None, None];
        for (slot, job) in self.table.iter().enumerate() {
            let Some(job) = job else { continue };
            let rank = (matches!(job.state(), State::Stopped(_)), job.latest, slot);
            if best[0] < Some(rank) {
                best = [Some(rank), best[0]];
            } else if best[1] < Some(rank) {
                best[1] = Some(rank);
            }
        }
        best.map(|rank| Some(rank?.2))
    }

    /// Returns the index of the job with this job ID, with or without `%` (XBD 3.183).
    pub fn find(&self, id: &[u8]) -> Result<usize, &'static str> {
        let [current, previous] = self.current_and_previous();
        let missing = "no such job";
        match id.strip_prefix(b"%").unwrap_or(id) {
            b"" | b"%" | b"+" => current.ok_or(missing),
            b"-" => previous.or(current).ok_or(missing),
            id => {
                if let Some(number) = text::number(id, 10) {
                    let slot = (number as usize).wrapping_sub(1);
                    return self.get(slot).map(|_| slot).ok_or(missing);
                }
                let (inside, string) = id
                    .strip_prefix(b"?")
                    .map_or((false, id), |string| (true, string));
                let mut matches = (0..self.len()).filter(|&slot| {
                    let text = self
                        .get(slot)
                        .and_then(|job| job.text.as_deref())
                        .unwrap_or_default();
                    text.starts_with(string)
                        || inside && text.windows(string.len()).any(|part| part == string)
                });
                match (matches.next(), matches.next()) {
                    (Some(slot), None) => Ok(slot),
                    (None, _) => Err(missing),
                    _ => Err("more than one such job"),
                }
            }
        }
    }

    /// Returns the index of the job that contains this process, unless it is a job of the parent shell.
    pub fn own(&self, pid: Pid) -> Option<usize> {
        if self.inherited {
            None
        } else {
            self.job_of(pid)
        }
    }

    fn job_of(&self, pid: Pid) -> Option<usize> {
        let index = self.pids.binary_search_by_key(&pid, |&(pid, _)| pid).ok()?;
        self.pids.get(index).map(|&(_, slot)| slot)
    }

    pub(super) fn add(
        &mut self,
        started: &StartedJob<'_>,
        last: Option<i32>,
        pipefail: bool,
    ) -> usize {
        if self.inherited {
            self.clear();
        }
        while self.table.get(self.free).is_some_and(Option::is_some) {
            self.free += 1;
        }
        let slot = self.free;
        if slot == self.table.len() {
            self.table.push(None);
        }
        self.latest += 1;
        let processes = started
            .pids
            .iter()
            .map(|&pid| Process { pid, status: None });
        let job = Job {
            processes: processes.collect(),
            group: started.group,
            text: started.text.clone(),
            last,
            pipefail,
            latest: self.latest,
            reported: true,
            attributes: None,
        };
        if let Some(free) = self.table.get_mut(slot) {
            *free = Some(job);
        }
        self.free += 1;
        for &pid in started.pids {
            self.is_new(pid);
            let index = self.pids.partition_point(|&(other, _)| other < pid);
            match self.pids.get_mut(index) {
                Some(old) if old.0 == pid => old.1 = slot,
                _ => self.pids.insert(index, (pid, slot)),
            }
        }
        self.running += started.pids.len();
        self.alive += started.pids.len();
        if self.pids.len().is_multiple_of(MANY) {
            self.forget_done();
        }
        slot
    }

    /// Records that the job's state was reported to the user.
    pub fn set_reported(&mut self, slot: usize) {
        if let Some(job) = self.get_mut(slot) {
            job.reported = true;
        }
    }

    /// Removes a job from the table.
    pub fn forget(&mut self, slot: usize) {
        let Some(job) = self.table.get_mut(slot).and_then(Option::take) else {
            return;
        };
        self.free = self.free.min(slot);
        for process in job.processes {
            let index = self
                .pids
                .binary_search_by_key(&process.pid, |&(pid, _)| pid);
            if let Ok(index) = index
                && self
                    .pids
                    .get(index)
                    .is_some_and(|&(_, other)| other == slot)
            {
                self.pids.remove(index);
            }
        }
        while let Some(None) = self.table.last() {
            self.table.pop();
        }
        self.free = self.free.min(self.table.len());
    }

    /// Removes a job from the table. Its processes continue.
    #[cfg(feature = "edit")]
    pub fn disown(&mut self, slot: usize) {
        let processes = self.get(slot).map(|job| job.processes.clone());
        self.forget(slot);
        for process in processes.unwrap_or_default() {
            match process.status {
                _ if self.inherited => {}
                // `wait` may still ask for the status.
                Some(status) if process.has_ended() => self.remember(process.pid, status),
                status => {
                    self.others.push(process.pid);
                    self.alive -= 1;
                    self.running -= usize::from(status.is_none());
                }
            }
        }
    }

    /// Removes the jobs that have ended.
    pub fn forget_done(&mut self) {
        for slot in (0..self.len()).rev() {
            if let Some(State::Done(..)) = self.state(slot) {
                self.forget(slot);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self {
            control: self.control.take(),
            ..Self::default()
        };
    }

    /// Returns the status of a process that is not in the table any more, and forgets it.
    pub(super) fn take_ended(&mut self, pid: Pid) -> Option<ExitStatus> {
        let index = self.ended.iter().position(|&(other, _)| other == pid)?;
        Some(self.ended.swap_remove(index).1)
    }

    /// Must be called for each new child. An earlier process with this pid was reaped long ago.
    pub(super) fn is_new(&mut self, pid: Pid) {
        self.ended.retain(|&(other, _)| other != pid);
    }

    pub(super) fn remember(&mut self, pid: Pid, status: ExitStatus) {
        self.is_new(pid);
        if self.ended.len() >= 1024 {
            self.ended.drain(..512);
        }
        self.ended.push((pid, status));
    }

    /// Records a change in a child's state.
    pub(super) fn note(&mut self, pid: Pid, status: ExitStatus) {
        let slot = self.own(pid);
        let latest = self.latest + 1;
        let job = slot.and_then(|slot| self.get_mut(slot));
        // A process that was reaped is not the process that has its pid now.
        let process = job.and_then(|job| {
            let mut processes = job.processes.iter_mut();
            let process = processes.find(|process| process.pid == pid && !process.has_ended())?;
            job.reported = false;
            if status.stopped_signal().is_some() {
                job.latest = latest;
            }
            Some(process)
        });
        let Some(process) = process else {
            let is_end = status.code().is_some() || status.signal().is_some();
            if is_end {
                self.others.retain(|&other| other != pid);
                self.remember(pid, status);
            }
            return;
        };
        let ran = process.status.is_none();
        process.status = Some(status).filter(|status| !status.continued());
        let runs = process.status.is_none();
        let has_ended = process.has_ended();
        self.latest = latest;
        self.running = self.running + usize::from(runs) - usize::from(ran);
        self.alive -= usize::from(has_ended);
        self.unreported = true;
    }

    /// Records that the stopped processes of a job were continued.
    pub(super) fn resumed(&mut self, slot: usize) {
        self.latest += 1;
        let latest = self.latest;
        let Some(job) = self.get_mut(slot) else {
            return;
        };
        job.latest = latest;
        let mut running = 0;
        for process in job
            .processes
            .iter_mut()
            .filter(|process| process.stopped().is_some())
        {
            process.status = None;
            running += 1;
        }
        self.running += running;
    }

    /// Records the effect of a `SIGCONT` to this process, or to this group if `target` is negative. The kernel reports the change,
    /// too, but not for a process that ends immediately afterwards. Such a process would seem to be stopped for a moment.
    pub fn sent_continue(&mut self, target: i32) {
        for slot in 0..self.len() {
            let is_alone = |job: &Job| matches!(&job.processes[..], [process] if process.pid.as_raw() == target);
            let concerns = self.get(slot).is_some_and(is_alone)
                || self.targets(slot).any(|other| other == target);
            if concerns && matches!(self.state(slot), Some(State::Stopped(_))) {
                self.resumed(slot);
            }
        }
    }

    /// Records that no child is left. Processes in the table that have not ended were reaped elsewhere.
    pub(super) fn all_lost(&mut self) {
        let alive = |process: &&mut Process| !process.has_ended();
        for process in self
            .table
            .iter_mut()
            .flatten()
            .flat_map(|job| &mut job.processes)
            .filter(alive)
        {
            process.status = Some(ExitStatus::from_raw(127 << 8));
        }
        (self.running, self.alive) = (0, 0);
        self.others.clear();
    }

    pub(super) fn options(&self) -> Options {
        if self.control.is_some() || self.suspended {
            Options::STOPPED | Options::CONTINUED
        } else {
            Options::default()
        }
    }

    /// Whether a change of a job's state was not reported yet.
    pub fn has_unreported(&mut self) -> bool {
        self.update();
        self.unreported
    }

    /// Whether this process has no known children.
    pub fn has_no_children(&self) -> bool {
        self.inherited || self.pids.is_empty() && self.others.is_empty()
    }

    /// Whether children are left whose end the shell will have to reap.
    pub fn any_alive(&self) -> bool {
        !self.inherited && (self.alive > 0 || !self.others.is_empty())
    }

    /// Reaps children that have ended, and records children that were stopped or continued, without waiting. It is called before
    /// each command, because `kill -0` and `/proc` show a child as existing until it is reaped. It makes no system call if all
    /// processes have ended.
    pub fn update(&mut self) {
        while self.any_alive()
            && let Ok(Some((pid, status))) =
                wait::wait_for(Who::Any, self.options() | Options::NOHANG)
        {
            self.note(pid, status);
        }
    }

    /// Turns job control off temporarily, without other effects. The processes of a command substitution are started in this state,
    /// because they are not a job.
    pub fn suspend_control(&mut self) -> Option<Control> {
        let control = self.control.take();
        self.suspended |= control.is_some();
        control
    }

    /// Turns job control on again, except in a copy of the shell that was made in the meantime.
    pub fn resume_control(&mut self, control: Option<Control>) {
        if !self.inherited {
            self.suspended &= control.is_none();
            self.control = control;
        }
    }

    /// Whether any job is stopped.
    pub(super) fn has_stopped(&self) -> bool {
        !self.inherited
            && self
                .table
                .iter()
                .flatten()
                .any(|job| matches!(job.state(), State::Stopped(_)))
    }
}

/// A job's line in the output of `jobs` and in notifications: `[1] + Running sleep 1`.
pub struct Line<'a> {
    jobs: &'a Jobs,
    slot: usize,
    mark: char,
    leader: bool,
    utf8: bool,
}

impl Jobs {
    /// Returns a job's line, with its process group if `leader`. `marks` are the result of [`current_and_previous`](Self::current_and_previous).
    pub fn line(
        &self,
        slot: usize,
        marks: [Option<usize>; 2],
        leader: bool,
        utf8: bool,
    ) -> Line<'_> {
        let mark = match marks.iter().position(|&mark| mark == Some(slot)) {
            Some(0) => '+',
            Some(_) => '-',
            None => ' ',
        };
        Line {
            jobs: self,
            slot,
            mark,
            leader,
            utf8,
        }
    }

    /// Returns a job's command.
    pub fn text(&self, slot: usize) -> &[u8] {
        self.get(slot)
            .and_then(|job| job.text.as_deref())
            .unwrap_or_default()
    }

    /// Returns a job's command with its control characters replaced.
    pub fn shown(&self, slot: usize, utf8: bool) -> Vec<u8> {
        characters::printable(self.text(slot), utf8)
    }
}

impl Text for Line<'_> {
    fn write(&self, out: &mut impl Sink) {
        "[".write(out);
        (self.slot + 1).write(out);
        "] ".write(out);
        self.mark.write(out);
        " ".write(out);
        if self.leader
            && let Some(leader) = self.jobs.leader(self.slot)
        {
            leader.write(out);
            " ".write(out);
        }
        if let Some(state) = self.jobs.state(self.slot) {
            state.write(out);
        }
        " ".write(out);
        self.jobs.shown(self.slot, self.utf8).write(out);
        "\n".write(out);
    }
}

/// A started pipeline or asynchronous list.
#[derive(Debug)]
pub struct StartedJob<'a> {
    /// Its processes, in the order of the pipeline. Commands that needed no process, or that failed to start, are left out.
    pub pids: &'a [Pid],
    /// Its process group, if job control is on.
    pub group: Option<Pid>,
    pub text: Option<Rc<[u8]>>,
}
