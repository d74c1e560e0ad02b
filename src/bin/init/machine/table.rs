//! The table of services: for each a line of the inittab, and how it stands with its process.

use core::ops::Range;
use core::time::Duration;

use nestling::inittab::{Action, Entry, Problem};
use nestling::sys::fd::StaticFd;
use nestling::sys::poll::{Events, PollFd, ppoll};
use nestling::text::Text;
use nestling::{BorrowedFd, ExitStatus, sys};

use super::lines::each_line_of;
use super::processes::ask_to_end;
use crate::clock::{after, now};
use crate::log::Line;
use crate::stat;

/// How many services there can be, and process 1 itself, which comes first.
pub const SERVICES: usize = 1024;

/// How many bytes their lines can have together.
pub const TEXT: usize = 256 * 1024;

/// How long a line can be.
pub const LINE: usize = 4000;

/// How many lines of an inittab that are wrong are reported each.
const REPORTED: u32 = 10;

/// The longest that a service waits for its next start, in seconds: as long as it must have run to be a good one.
pub const SLOWEST: u8 = 60;

/// How long a service must have run for an end with status 0 to be nothing out of the ordinary, in seconds: a login's, say.
const SHORTEST: u32 = 2;

/// How many times in a row a service may end with status 0 before that.
const QUICK: u8 = 10;

pub const INITTAB: &core::ffi::CStr = c"/etc/inittab";

/// How many seconds a process that is to end may take for it.
const GRACE: u32 = 10;

/// How many it may take when it was killed; then nothing waits for it any more.
const KILLED: u32 = 5;

/// How it stands with a service.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// There is none in this place.
    Free,
    /// It has not been started, or waits for its next start.
    Due,
    Running,
    /// Its process has been asked to end: it is gone from the inittab, or stopped for single-user mode.
    Leaving,
    /// The same, and it has been killed.
    Killed,
    /// It is not to be started, or not again.
    Done,
    /// It is process 1 itself.
    Own,
    /// Its process does not run its program yet: it is a copy of process 1.
    Starting,
}

impl State {
    pub fn from_raw(number: u8) -> Option<Self> {
        use State::*;
        let all = [Free, Due, Running, Leaving, Killed, Done, Own, Starting];
        all.get(usize::from(number)).copied()
    }

    pub fn is_leaving(self) -> bool {
        matches!(self, Self::Leaving | Self::Killed)
    }

    /// Whether it has a process that is to stay.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Starting | Self::Running)
    }
}

/// A service.
#[derive(Clone, Copy)]
pub struct Service {
    pub state: State,
    /// When it is started.
    pub action: Action,
    /// For how many seconds it waited for its last start, since it had ended too soon.
    pub delay: u8,
    /// How many times in a row it has ended very soon with status 0. Of process 1 itself: the signal for the
    /// end of the machine that it has begun.
    pub quick: u8,
    /// Its first start waits for those that leave: it may want their ports and locks.
    pub waits: bool,
    /// It is started again when it has left: it was only stopped for single-user mode.
    pub returns: bool,
    /// It is no line of the inittab's: the shell of single-user mode.
    pub is_extra: bool,
    /// The inittab that is being read has it.
    pub is_seen: bool,
    /// Init has reported that the start takes long.
    pub is_slow: bool,
    pub pid: i32,
    /// When it is to be started, if it is due, or was, if it runs; when it is to be killed, if it is leaving; until when that is
    /// waited for, if it was killed. In seconds, by the clock that [`now`] reads.
    pub at: u32,
    pub line: Span,
}

/// Where in the text of all lines a line is, and how much room there is for another one if it is no longer needed.
#[derive(Clone, Copy)]
pub struct Span {
    pub start: u32,
    pub length: u16,
    pub room: u16,
}

impl Service {
    pub const NONE: Self = Self {
        state: State::Free,
        action: Action::Sysinit,
        delay: 0,
        quick: 0,
        waits: false,
        returns: false,
        is_extra: false,
        is_seen: false,
        is_slow: false,
        pid: 0,
        at: 0,
        line: Span {
            start: 0,
            length: 0,
            room: 0,
        },
    };

    /// Whether it is there and has this action.
    pub fn does(&self, action: Action) -> bool {
        !matches!(self.state, State::Free | State::Own) && self.action == action
    }

    /// Whether it is started again whenever it has ended.
    pub fn again(&self) -> bool {
        self.does(Action::Respawn) || self.does(Action::Askfirst)
    }

    /// Whether others wait for its end.
    pub fn holds_others(&self) -> bool {
        match self.state {
            State::Leaving => true,
            State::Killed => now() < self.at,
            State::Free
            | State::Due
            | State::Starting
            | State::Running
            | State::Done
            | State::Own => false,
        }
    }

    /// Asks its process to end. A copy whose program does not run yet has nothing to see to, and is killed.
    pub fn leave(&mut self, has_terminal: bool, runs: bool) {
        if self.state == State::Starting && !runs {
            return self.kill();
        }
        ask_to_end(self.pid, has_terminal);
        self.state = State::Leaving;
        self.at = after(GRACE);
    }

    /// Kills its process, which has had its time.
    pub fn kill(&mut self) {
        let _ = sys::process::kill(self.pid, Some(nestling::Signal::KILL));
        self.state = State::Killed;
        self.at = after(KILLED);
    }

    /// Its process has ended, or is not there: then there is no status.
    pub fn ended(&mut self, status: Option<ExitStatus>) {
        let ran = now().saturating_sub(self.at);
        if self.state.is_leaving() {
            self.state = match self.returns {
                true => State::Due,
                false => State::Free,
            };
            (self.returns, self.delay, self.at) = (false, 0, 0);
        } else if self.does(Action::Shutdown) {
            // It is not started again after a fault.
            self.state = State::Free;
        } else if !self.again() {
            self.state = State::Done;
        } else if status.is_some_and(ExitStatus::success) && ran < SHORTEST && self.quick < QUICK {
            self.quick += 1;
            (self.delay, self.at) = (0, after(1));
            self.state = State::Due;
        } else if status.is_some_and(ExitStatus::success) && ran >= SHORTEST {
            (self.delay, self.quick, self.at) = (0, 0, 0);
            self.state = State::Due;
        } else {
            self.slow_down(ran);
        }
    }

    /// After an end, or a start that failed: it is due, sooner or later.
    pub fn slow_down(&mut self, ran: u32) {
        if ran >= SLOWEST.into() {
            (self.delay, self.quick) = (0, 0);
        } else {
            self.delay = self.delay.saturating_mul(2).clamp(1, SLOWEST);
        }
        self.at = after(self.delay.into());
        self.state = State::Due;
    }
}

/// All services and their lines.
#[repr(C)]
pub struct Table {
    /// Behind the last place that has ever had a service: no search goes further.
    pub end: usize,
    pub services: [Service; SERVICES],
    /// The pipe by which each that starts says that it has failed, and whose end says that its program runs.
    pub pipes: [StaticFd; SERVICES],
    pub text: [u8; TEXT],
}

nestling::take_once!(pub static TABLE: Table = Table {
    end: 0,
    services: [Service::NONE; SERVICES],
    pipes: [const { StaticFd::new() }; SERVICES],
    text: [0; TEXT],
});

impl Table {
    /// The places that have had services.
    pub fn places(&self) -> Range<usize> {
        1..self.end
    }

    /// The service's line.
    pub fn line(&self, index: usize) -> &[u8] {
        let span = self
            .services
            .get(index)
            .map_or(Service::NONE.line, |it| it.line);
        let rest = self.text.get(span.start as usize..).unwrap_or_default();
        rest.get(..span.length.into()).unwrap_or_default()
    }

    /// What its line says; nothing in a place that is free.
    pub fn entry(&self, index: usize) -> Option<Entry<'_>> {
        Entry::parse(self.line(index)).ok().flatten()
    }

    /// What to call a service.
    #[inline(never)]
    pub fn name(&self, index: usize) -> &[u8] {
        self.entry(index)
            .map(|entry| entry.name())
            .unwrap_or_default()
    }

    /// Whether the process of a service that is starting runs its program, or has ended: the pipe is empty and closed. After a fault
    /// of process 1 there is no pipe, and the process's name says it.
    #[inline(never)]
    pub fn runs(&self, index: usize) -> bool {
        let (Some(service), Some(pipe)) = (self.services.get(index), self.pipes.get(index)) else {
            return false;
        };
        if service.state != State::Starting {
            return false;
        }
        let Some(pipe) = pipe.get() else {
            return !stat::is_copy(service.pid);
        };
        let mut polled = [PollFd::new(pipe, Events::IN)];
        let answer = ppoll(&mut polled, Some(Duration::ZERO), None);
        answer.is_ok() && polled.iter().all(|it| it.returned() == Events::HUP)
    }

    /// Whether its process controls a terminal.
    pub fn has_terminal(&self, index: usize) -> bool {
        self.entry(index).is_some_and(|entry| entry.has_terminal())
    }

    // ---- The inittab ----

    /// Takes over an inittab: what is in the table already stays as it is, what is new is due, what is gone is asked to end.
    pub fn read_inittab(&mut self, file: BorrowedFd<'_>, first: bool) {
        for index in self.places() {
            if let Some(service) = self.services.get_mut(index) {
                service.is_seen = service.is_extra;
            }
        }
        let (mut number, mut wrong) = (0, 0);
        let _ = each_line_of(file, &mut |line| {
            number += 1;
            if let Err(problem) = self.add(line, first) {
                wrong += 1;
                if wrong <= REPORTED {
                    let mut line = Line::new(INITTAB.to_bytes());
                    ", line ".write(&mut line);
                    number.write(&mut line);
                    ": ".write(&mut line);
                    problem.write(&mut line);
                    line.log();
                }
            }
            true
        });
        if wrong > REPORTED {
            let mut line = Line::new(INITTAB.to_bytes());
            ": ".write(&mut line);
            (wrong - REPORTED).write(&mut line);
            " more invalid lines".write(&mut line);
            line.log();
        }
        for index in self.places() {
            let has_terminal = self.has_terminal(index);
            let runs = self.runs(index);
            let Some(service) = self.services.get_mut(index) else {
                break;
            };
            match service.state {
                _ if service.is_seen => continue,
                State::Free | State::Own => continue,
                State::Leaving | State::Killed => service.returns = false,
                State::Starting | State::Running => service.leave(has_terminal, runs),
                State::Due | State::Done => service.state = State::Free,
            }
            self.save(index);
        }
    }

    /// Adds a line that is no inittab's, or has it be due again.
    pub fn add_extra(&mut self, line: &[u8]) {
        for index in self.places() {
            if let Some(service) = self.services.get(index)
                && service.is_extra
                && service.state == State::Done
                && self.line(index) == line
                && let Some(service) = self.services.get_mut(index)
            {
                (service.state, service.waits) = (State::Due, true);
                return self.save(index);
            }
        }
        if let Ok(Some(index)) = self.add(line, true)
            && let Some(service) = self.services.get_mut(index)
        {
            service.is_extra = true;
            self.save(index);
        }
    }

    /// Adds a line, unless it is there already or says nothing: where.
    #[inline(never)]
    fn add<'l>(&mut self, line: &'l [u8], first: bool) -> Result<Option<usize>, Problem<'l>> {
        let problem = |what| Err(Problem { what, word: b"" });
        if line.len() > LINE {
            return problem("line too long");
        }
        let Some(entry) = Entry::parse(line)? else {
            return Ok(None);
        };
        for index in self.places() {
            let is_same = self.line(index) == line;
            if let Some(service) = self.services.get_mut(index) {
                let is_there = match service.state {
                    State::Due | State::Starting | State::Running | State::Done => true,
                    State::Leaving | State::Killed => service.returns,
                    State::Free | State::Own => false,
                };
                if is_there && !service.is_seen && is_same {
                    service.is_seen = true;
                    return Ok(None);
                }
            }
        }
        let Some(index) = self.place(line.len()) else {
            return problem("not enough memory");
        };
        let Some(service) = self.services.get_mut(index) else {
            return problem("not enough memory");
        };
        let state = match entry.action {
            Action::Sysinit if !first => State::Done,
            Action::CtrlAltDel | Action::Shutdown | Action::Restart => State::Done,
            Action::Sysinit | Action::Wait | Action::Once | Action::Respawn | Action::Askfirst => {
                State::Due
            }
        };
        *service = Service {
            state,
            action: entry.action,
            waits: true,
            is_seen: true,
            line: Span {
                length: line.len() as u16,
                ..service.line
            },
            ..Service::NONE
        };
        let start = service.line.start as usize;
        let room = self.text.get_mut(start..).unwrap_or_default();
        for (place, &byte) in room.iter_mut().zip(line) {
            *place = byte;
        }
        self.save_line(index);
        self.save(index);
        Ok(Some(index))
    }

    /// A free place with room for a line.
    fn place(&mut self, length: usize) -> Option<usize> {
        let mut end = 0;
        let mut free = None;
        for index in self.places() {
            let service = self.services.get(index)?;
            let span = service.line;
            end = end.max(span.start as usize + usize::from(span.room));
            if service.state == State::Free {
                if length <= span.room.into() {
                    return Some(index);
                }
                if free.is_none_or(|(_, room)| span.room < room) {
                    free = Some((index, span.room));
                }
            }
        }
        let room = length.next_multiple_of(16);
        if end + room > TEXT {
            return None;
        }
        // One that never had a line wastes no room.
        if self.end < SERVICES {
            let index = self.end.max(1);
            self.end = index + 1;
            free = Some((index, 0));
        }
        let (index, _) = free?;
        let service = self.services.get_mut(index)?;
        service.line = Span {
            start: end as u32,
            length: 0,
            room: room as u16,
        };
        Some(index)
    }
}
