//! The table of services: a line of the inittab each, and how it stands with its process.
//!
//! Each change is written down in a file in memory. When process 1 fails and executes itself anew, that file alone is left, as a
//! descriptor that it then has stay open. It takes nothing in it on trust.

use core::ffi::CStr;

use linux_raw_sys::general::WNOHANG;
use nestling::inittab::{Action, Entry, Problem};
use nestling::sys::fd::StaticFd;
use nestling::text::{Quoted, Text, next_field};
use nestling::{AsFd, Errno, OwnedFd, SeekFrom, io, sys};

use super::lines::each_line;
use super::processes::ask_to_end;
use crate::buffer::path;
use crate::clock::{after, now};
use crate::log::Line;

/// How many services there can be, and process 1 itself, which comes first.
pub const SERVICES: usize = 65;

/// How long a line can be.
const LINE: usize = 255;

/// The longest that a service waits for its next start, in seconds: as long as it must have run to be a good one.
const SLOWEST: u8 = 60;

pub const INITTAB: &CStr = c"/etc/inittab";

/// How many seconds one that is gone from the inittab may take to end.
const GRACE: u32 = 10;

/// How it stands with a service.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct State(u8);

impl State {
    /// There is none in this place.
    pub const FREE: Self = Self(0);
    /// It has not been started, or it waits for its next start.
    pub const DUE: Self = Self(1);
    pub const RUNNING: Self = Self(2);
    /// It is gone from the inittab, and has been asked to end.
    pub const LEAVING: Self = Self(3);
    /// It is not to be started, or not again.
    pub const DONE: Self = Self(4);
    /// It is process 1 itself.
    const OWN: Self = Self(5);
}

/// A service, byte by byte as it is written down: its state, its line's length, its action, for how many seconds it waited for its
/// last start, whether the inittab that is being read has it, three that mean nothing; the process; a time; the line.
#[derive(Clone, Copy)]
#[repr(align(4))]
pub struct Service([u8; RECORD]);

/// How long it is: the line's room is one byte more than a line can have, for its alignment.
const RECORD: usize = HEAD + LINE + 1;
const HEAD: usize = 16;

impl Service {
    const NONE: Self = Self([0; RECORD]);

    pub fn state(&self) -> State {
        State(self.0[0])
    }

    pub fn set_state(&mut self, state: State) {
        self.0[0] = state.0;
    }

    /// When it is to be started, if it is due, or was, if it runs; when it is to be killed, if it is leaving. In seconds, by the
    /// clock that [`now`] reads.
    pub fn at(&self) -> u32 {
        let [_, _, _, _, _, _, _, _, _, _, _, _, a, b, c, d, ..] = self.0;
        u32::from_ne_bytes([a, b, c, d])
    }

    pub fn set_at(&mut self, at: u32) {
        let [_, _, _, _, _, _, _, _, _, _, _, _, a, b, c, d, ..] = &mut self.0;
        [*a, *b, *c, *d] = at.to_ne_bytes();
    }

    pub fn pid(&self) -> i32 {
        let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = self.0;
        i32::from_ne_bytes([a, b, c, d])
    }

    pub fn set_pid(&mut self, pid: i32) {
        let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = &mut self.0;
        [*a, *b, *c, *d] = pid.to_ne_bytes();
    }

    /// For how long it waited for its last start, since it had ended too soon.
    pub fn delay(&self) -> u8 {
        self.0[3]
    }

    fn line(&self) -> &[u8] {
        let [_, length, ..] = self.0;
        self.0
            .get(HEAD..HEAD + usize::from(length))
            .unwrap_or_default()
    }

    /// What its line says; nothing in a place that is free.
    pub fn entry(&self) -> Option<Entry<'_>> {
        Entry::parse(self.line()).ok().flatten()
    }

    /// Whether it is there and has this action.
    pub fn does(&self, action: Action) -> bool {
        self.state() != State::FREE && self.0[2] == action as u8
    }

    /// Whether it is started again whenever it has ended.
    pub fn again(&self) -> bool {
        self.does(Action::Respawn) || self.does(Action::Askfirst)
    }

    /// Its process has ended, or is not there.
    pub fn ended(&mut self) {
        if self.state() == State::LEAVING {
            self.set_state(State::FREE);
        } else if self.again() {
            self.slow_down(now().saturating_sub(self.at()));
        } else {
            self.set_state(State::DONE);
        }
    }

    /// After an end, or a start that failed: it is due, sooner or later.
    pub fn slow_down(&mut self, ran: u32) {
        let [_, _, _, delay, ..] = &mut self.0;
        if ran >= SLOWEST.into() {
            *delay = 0;
        } else {
            *delay = delay.saturating_mul(2).clamp(1, SLOWEST);
        }
        let at = after((*delay).into());
        self.set_at(at);
        self.set_state(State::DUE);
    }
}

pub struct Table {
    pub services: [Service; SERVICES],
}

/// Where it is written down. Where there can be no store, it is lost when process 1 fails.
static STORE: StaticFd = StaticFd::new();

/// Has the store stay open when this process executes something.
pub fn outlive_exec() {
    if let Some(store) = STORE.get() {
        let _ = sys::fd::set_cloexec(store, false);
    }
}

impl Table {
    pub const EMPTY: Self = Self {
        services: [Service::NONE; SERVICES],
    };

    /// What to call a service.
    #[inline(never)]
    pub fn name(&self, index: usize) -> &[u8] {
        let service = self.services.get(index);
        let entry = service.and_then(Service::entry);
        entry.map(|entry| entry.name()).unwrap_or_default()
    }

    // ---- The inittab ----

    /// Reads the inittab: what is in the table already stays as it is, what is new is due, what is gone is asked to end. One that
    /// can't be read changes nothing.
    pub fn read_inittab(&mut self, first: bool) {
        for service in &mut self.services {
            service.0[4] = 0;
        }
        let mut number = 0;
        let answer = each_line(INITTAB, &mut |line| {
            number += 1;
            if let Err(problem) = self.add(line, first) {
                let mut line = Line::new(INITTAB.to_bytes());
                ", line ".write(&mut line);
                number.write(&mut line);
                ": ".write(&mut line);
                problem.write(&mut line);
                line.tell();
            }
            true
        });
        if let Err(errno) = answer {
            if !first || errno != Errno::ENOENT {
                Line::new(INITTAB.to_bytes()).tell_of(errno);
            }
            if !first {
                return;
            }
            self.add_defaults();
        }
        for index in 1..SERVICES {
            let Some(service) = self.services.get_mut(index) else {
                break;
            };
            match service.state() {
                _ if service.0[4] != 0 => continue,
                State::LEAVING => continue,
                State::RUNNING => {
                    ask_to_end(service.pid());
                    service.set_state(State::LEAVING);
                    service.set_at(after(GRACE));
                }
                _ => service.set_state(State::FREE),
            }
            self.save(index);
        }
    }

    fn add_defaults(&mut self) {
        if sys::file::access(c"/etc/rc", nestling::Access::EXECUTE).is_ok() {
            let _ = self.add(b"::sysinit:/etc/rc", true);
        }
        let mut lines: &[u8] = b"::askfirst:-/bin/sh\n\
            tty2::askfirst:-/bin/sh\n\
            tty3::askfirst:-/bin/sh\n\
            tty4::askfirst:-/bin/sh";
        while !lines.is_empty() {
            let line = next_field(&mut lines, b'\n');
            let terminal = next_field(&mut &*line, b':');
            if sys::file::faccessat(path("/dev/", terminal).as_c_str()).is_ok() {
                let _ = self.add(line, true);
            }
        }
    }

    /// Adds a line, unless it is there already.
    #[inline(never)]
    fn add<'l>(&mut self, line: &'l [u8], first: bool) -> Result<(), Problem<'l>> {
        let problem = |what| Err(Problem { what, word: b"" });
        if line.len() > LINE {
            return problem("it is too long");
        }
        let Some(entry) = Entry::parse(line)? else {
            return Ok(());
        };
        let mut free = SERVICES;
        for (index, service) in self.services.iter_mut().enumerate() {
            match service.state() {
                State::FREE => free = free.min(index),
                State::LEAVING => {}
                _ if service.0[4] == 0 && service.line() == line => {
                    service.0[4] = 1;
                    return Ok(());
                }
                _ => {}
            }
        }
        let Some(service) = self.services.get_mut(free) else {
            return problem("there are too many");
        };
        *service = Service::NONE;
        let (_, room) = service.0.split_at_mut(HEAD);
        for (place, &byte) in room.iter_mut().zip(line) {
            *place = byte;
        }
        let state = match entry.action {
            Action::Sysinit if !first => State::DONE,
            Action::CtrlAltDel | Action::Shutdown | Action::Restart => State::DONE,
            _ => State::DUE,
        };
        let [own_state, length, action, _, seen, ..] = &mut service.0;
        (*own_state, *length, *action, *seen) = (state.0, line.len() as u8, entry.action as u8, 1);
        self.save(free);
        Ok(())
    }

    // ---- The store ----

    /// Writes a service down. In one system call, lest a failure come in between; if it can't be done, nothing else can be, either.
    #[inline(never)]
    pub fn save(&self, index: usize) {
        if let (Some(store), Some(service)) = (STORE.get(), self.services.get(index)) {
            let place = SeekFrom::Start((index * RECORD) as u64);
            if sys::fd::lseek(store, place).is_ok() {
                let _ = sys::fd::write(store, &service.0);
            }
        }
    }

    /// Begins to write down what changes.
    pub fn keep(&mut self, store: OwnedFd) {
        STORE.set(store);
        let [own, ..] = &mut self.services;
        own.set_state(State::OWN);
        own.set_at(now());
        self.save(0);
    }

    /// Takes over the table of the process 1 that failed: whether it is one.
    pub fn restore(&mut self, former: &OwnedFd) -> bool {
        if sys::fd::lseek(former.as_fd(), SeekFrom::Start(0)).is_err() {
            // Of a pipe or a terminal, nothing may be read.
            return false;
        }
        let latest = after(SLOWEST.into());
        let mut is_table = false;
        for service in &mut self.services {
            // Behind the last that was ever used there is nothing.
            if io::read_exact(former.as_fd(), &mut service.0).is_err() {
                break;
            }
            is_table |= service.state() == State::OWN;
            if !is_table {
                *service = Service::NONE;
                break;
            }
            service.set_at(service.at().min(latest));
            let Some(action) = service.entry().map(|entry| entry.action as u8) else {
                if service.state() != State::FREE && service.state() != State::OWN {
                    let mut line = Line::new("lost: ");
                    Quoted(service.line()).write(&mut line);
                    line.tell();
                    service.set_state(State::FREE);
                }
                continue;
            };
            service.0[2] = action;
            match service.state() {
                State::RUNNING | State::LEAVING => {
                    let pid = service.pid();
                    if pid < 2 || !matches!(sys::process::wait4(pid, WNOHANG), Ok(None)) {
                        service.ended();
                    }
                }
                State::DUE | State::DONE => {}
                _ => service.set_state(State::FREE),
            }
        }
        is_table
    }
}
