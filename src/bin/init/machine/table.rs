//! The table of services. Each service has a line of the inittab, and the state of its process.

use core::ops::Range;
use core::time::Duration;

use nestling::StaticFd;
use nestling::inittab::{Action, Entry, Problem};
use nestling::sys::poll::{Events, PollFd, ppoll};
use nestling::text::Text;
use nestling::{BorrowedFd, ExitStatus, sys};

use super::lines::each_line_of;
use super::processes::ask_to_end;
use crate::clock::{after, now};
use crate::log::Line;
use crate::stat;

/// The maximum number of services, plus one for process 1 itself, which has the first entry.
pub const SERVICES: usize = 1024;

/// The maximum size of all lines together, in bytes.
pub const TEXT: usize = 256 * 1024;

/// The maximum length of a line.
pub const LINE: usize = 4000;

/// The maximum number of invalid lines of an inittab that init reports one by one.
const REPORTED: u32 = 10;

/// The maximum delay before the next start of a service, in seconds. If a service has run at least this long, its delay is reset.
pub const SLOWEST: u8 = 60;

/// If a service (such as a login) has run at least this many seconds, an end with status 0 is normal.
const SHORTEST: u32 = 2;

/// The number of times in a row that a service may end with status 0 earlier than [`SHORTEST`] without a delay.
const QUICK: u8 = 10;

pub const INITTAB: &core::ffi::CStr = c"/etc/inittab";

/// The time in seconds that a process has to end after it was asked to end.
const GRACE: u32 = 10;

/// The time in seconds that other services wait for the end of a killed process.
const KILLED: u32 = 5;

/// The state of a service.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// The entry is not used.
    Free,
    /// The service has not been started, or waits for its next start.
    Due,
    Running,
    /// Init has asked the process to end, because the line is gone from the inittab, or because of single-user mode.
    Leaving,
    /// The process was in the state `Leaving`, and init has killed it.
    Killed,
    /// The service should not be started (again).
    Done,
    /// The entry is for process 1 itself.
    Own,
    /// The process is still a copy of process 1, and has not executed its program.
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

    /// Returns whether the service has a process that should continue to run.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Starting | Self::Running)
    }
}

/// A service.
#[derive(Clone, Copy)]
pub struct Service {
    pub state: State,
    /// The action of the inittab's entry, which determines when the service is started.
    pub action: Action,
    /// The delay in seconds before the last start; more than 0 if the service had ended too soon.
    pub delay: u8,
    /// The number of times in a row that the service has ended with status 0 earlier than [`SHORTEST`]. For process 1 itself: the
    /// signal for the end of the machine that has begun.
    pub quick: u8,
    /// Whether the first start waits for services that are ending, because it may need their ports and locks.
    pub waits: bool,
    /// Whether the service is started again after its end, because it was only stopped for single-user mode.
    pub returns: bool,
    /// Whether the line is not from the inittab: the shell of single-user mode.
    pub is_extra: bool,
    /// Whether the inittab that is being read contains the line.
    pub is_seen: bool,
    /// Whether init has reported that the start takes long.
    pub is_slow: bool,
    pub pid: i32,
    /// A time of the clock that [`now`] reads, in seconds. In the state `Due`: the time of the next start. `Starting` and
    /// `Running`: the time of the start. `Leaving`: the time when init will kill the process. `Killed`: the time until which others
    /// wait for the process's end.
    pub at: u32,
    pub line: Span,
}

/// The position of a line in the text of all lines. If the line is no longer needed, `room` bytes are free for another line.
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

    /// Returns whether the entry is used for a service with this action.
    pub fn does(&self, action: Action) -> bool {
        !matches!(self.state, State::Free | State::Own) && self.action == action
    }

    /// Returns whether the service is started again after each end.
    pub fn again(&self) -> bool {
        self.does(Action::Respawn) || self.does(Action::Askfirst)
    }

    /// Returns whether other services wait for the end of this service.
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

    /// Asks the process to end. If the process has not executed its program yet, it has no work to finish, and is killed.
    pub fn leave(&mut self, has_terminal: bool, is_past_exec: bool) {
        if self.state == State::Starting && !is_past_exec {
            return self.kill();
        }
        ask_to_end(self.pid, has_terminal);
        self.state = State::Leaving;
        self.at = after(GRACE);
    }

    /// Kills the process.
    pub fn kill(&mut self) {
        let _ = sys::process::kill(self.pid, Some(nestling::Signal::KILL));
        self.state = State::Killed;
        self.at = after(KILLED);
    }

    /// Handles the end of the process. `status` is `None` if the status is not known.
    pub fn ended(&mut self, status: Option<ExitStatus>) {
        let ran = now().saturating_sub(self.at);
        if self.state.is_leaving() {
            self.state = match self.returns {
                true => State::Due,
                false => State::Free,
            };
            (self.returns, self.delay, self.at) = (false, 0, 0);
        } else if self.does(Action::Shutdown) {
            // The entry becomes free, so that the service is not started again after a fault of process 1.
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

    /// Makes the service due after an end or a failed start, with a delay that depends on how long it ran.
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
    /// The index after the last entry that has ever been used. Searches end there.
    pub end: usize,
    pub services: [Service; SERVICES],
    /// The pipes of the services that are starting. A copy writes to its pipe if it fails. End-of-file means that the program runs.
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
    /// Returns the indices of the entries that have ever been used.
    pub fn places(&self) -> Range<usize> {
        1..self.end
    }

    /// Returns the service's line.
    pub fn line(&self, index: usize) -> &[u8] {
        let span = self
            .services
            .get(index)
            .map_or(Service::NONE.line, |it| it.line);
        let rest = self.text.get(span.start as usize..).unwrap_or_default();
        rest.get(..span.length.into()).unwrap_or_default()
    }

    /// Returns the parsed line; `None` if the entry is not used.
    pub fn entry(&self, index: usize) -> Option<Entry<'_>> {
        Entry::parse(self.line(index)).ok().flatten()
    }

    /// Returns the service's name.
    #[inline(never)]
    pub fn name(&self, index: usize) -> &[u8] {
        self.entry(index)
            .map(|entry| entry.name())
            .unwrap_or_default()
    }

    /// Returns whether the process of a starting service has executed its program or has ended: its pipe is then empty and closed.
    /// After a fault of process 1, the pipe is lost, and the process's name shows whether it is still a copy.
    #[inline(never)]
    pub fn is_past_exec(&self, index: usize) -> bool {
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

    /// Returns whether the service's process has a controlling terminal.
    pub fn has_terminal(&self, index: usize) -> bool {
        self.entry(index).is_some_and(|entry| entry.has_terminal())
    }

    // ---- The inittab ----

    /// Takes over an inittab. Services that are already in the table do not change. New services become due. Services whose lines
    /// are gone are asked to end.
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
            let is_past_exec = self.is_past_exec(index);
            let Some(service) = self.services.get_mut(index) else {
                break;
            };
            match service.state {
                _ if service.is_seen => continue,
                State::Free | State::Own => continue,
                State::Leaving | State::Killed => service.returns = false,
                State::Starting | State::Running => service.leave(has_terminal, is_past_exec),
                State::Due | State::Done => service.state = State::Free,
            }
            self.save(index);
        }
    }

    /// Adds a line that is not from the inittab, or makes its service due again.
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

    /// Adds a line, and returns its index. Returns `None` if the line is already in the table, or is blank or a comment.
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

    /// Returns the index of an entry that is free and has room for a line.
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
        // Prefer an entry that was never used: its line then leaves no unused room in the text.
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
