//! The table of services: a line of the inittab each, and how it stands with its process.
//!
//! Each change is written down in a file in memory. When process 1 fails and executes itself anew, that file alone is left: a
//! descriptor that stays open. It takes nothing in it on trust.

use core::time::Duration;

use nestling::inittab::{Action, Entry, Problem};
use nestling::io::{self, Writer};
use nestling::text::{Quoted, Text};
use nestling::time::{self, Clock, Timestamp};
use nestling::wait::{self, Options, Who};
use nestling::{AsFd, Errno, OFlags, OwnedFd, Pid, SeekFrom, rt, sys};

use crate::log::tell;

/// How many services there can be.
pub const SERVICES: usize = 64;

/// How long a line can be.
const LINE: usize = 254;

const INITTAB: &str = "/etc/inittab";

/// The longest that a service waits for its next start, in seconds: as long as it must have run to be a good one.
const SLOWEST: u8 = 60;

/// How long one that is gone from the inittab may take to end.
const GRACE: Duration = Duration::from_secs(10);

/// When nothing is to happen.
pub const NEVER: Timestamp = Timestamp::MAX;

/// How it stands with a service.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// There is none in this place.
    Free,
    /// It has not been started, or it waits for its next start.
    Due,
    Running,
    /// It is gone from the inittab, and has been asked to end.
    Leaving,
    /// It is not to be started, or not again.
    Done,
}

#[derive(Clone, Copy)]
pub struct Service {
    pub state: State,
    pub pid: i32,
    /// When it was started, if it runs; when it is to be started, if it is due; when it is to be killed, if it is leaving.
    pub at: Timestamp,
    /// For how many seconds it waited for its last start, since it had ended too soon.
    pub delay: u8,
    /// Whether the inittab that is being read has it.
    listed: bool,
    line: [u8; LINE],
    length: u8,
}

impl Service {
    const NONE: Self = Self {
        state: State::Free,
        pid: 0,
        at: NEVER,
        delay: 0,
        listed: false,
        line: [0; LINE],
        length: 0,
    };

    pub fn line(&self) -> &[u8] {
        self.line
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }

    /// What its line says; nothing in a place that is free.
    pub fn entry(&self) -> Option<Entry<'_>> {
        match self.state {
            State::Free => None,
            _ => Entry::parse(self.line()).ok().flatten(),
        }
    }

    /// Its process has ended.
    pub fn ended(&mut self, now: Timestamp) {
        let again = self
            .entry()
            .is_some_and(|it| matches!(it.action, Action::Respawn | Action::Askfirst));
        match self.state {
            State::Leaving => self.state = State::Free,
            _ if again => {
                self.state = State::Due;
                self.slow_down(now.checked_duration_since(self.at).unwrap_or_default());
            }
            _ => self.state = State::Done,
        }
    }

    /// After an end, or a start that failed: when the next may be.
    pub fn slow_down(&mut self, ran: Duration) {
        if ran.as_secs() >= SLOWEST.into() {
            self.delay = 0;
        } else {
            self.delay = (self.delay * 2).clamp(1, SLOWEST);
        }
        self.at = after(Duration::from_secs(self.delay.into()));
    }
}

/// What the clock shows; where it can't be read, the beginning, so that nothing becomes due.
#[inline(never)]
pub fn now() -> Timestamp {
    let beginning = Timestamp::new(0, 0).unwrap_or(NEVER);
    time::now(Clock::Monotonic).unwrap_or(beginning)
}

/// The time so much later than now.
pub fn after(duration: Duration) -> Timestamp {
    now().checked_add(duration).unwrap_or(NEVER)
}

pub struct Table {
    pub services: [Service; SERVICES],
    /// Process 1 itself: when it began, and for how long it waited since it had failed.
    pub own: Service,
    store: Option<OwnedFd>,
}

impl Table {
    /// An empty one. Where there can be no store, it is lost when process 1 fails.
    pub fn new() -> Self {
        let own = Service {
            state: State::Running,
            at: now(),
            pid: 1,
            ..Service::NONE
        };
        let table = Self {
            services: [Service::NONE; SERVICES],
            own,
            store: sys::fd::memfd_create(c"services").ok(),
        };
        table.outlive_exec(true);
        table.write_own();
        table
    }

    /// Whether the store stays open when this process executes something.
    pub fn outlive_exec(&self, outlive: bool) {
        if let Some(store) = &self.store {
            let _ = sys::fd::set_cloexec(store.as_fd(), !outlive);
        }
    }

    // ---- The inittab ----

    /// Reads the inittab: what is in the table already stays as it is, what is new is due, what is gone is asked to end. One that
    /// can't be read changes nothing.
    pub fn read_inittab(&mut self, first: bool) {
        for service in &mut self.services {
            service.listed = false;
        }
        match self.read_lines(first) {
            Ok(()) => {}
            Err(Errno::ENOENT) if first => self.add_defaults(),
            Err(errno) => {
                tell(b"", &|out| {
                    INITTAB.write(out);
                    ": ".write(out);
                    errno.write(out);
                });
                if !first {
                    return;
                }
                self.add_defaults();
            }
        }
        for index in 0..SERVICES {
            self.change(index, |service| match service.state {
                _ if service.listed => {}
                State::Running => {
                    let _ = sys::process::kill(service.pid, Some(nestling::Signal::TERM));
                    let _ = sys::process::kill(service.pid, Some(nestling::Signal::CONT));
                    service.state = State::Leaving;
                    service.at = after(GRACE);
                }
                State::Leaving => {}
                _ => service.state = State::Free,
            });
        }
    }

    fn read_lines(&mut self, first: bool) -> Result<(), Errno> {
        let file = sys::fd::open(c"/etc/inittab", OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
        let mut reader = io::Reader::new(file.as_fd());
        let mut number = 0_i32;
        loop {
            // Room for the newline, and for one byte too many.
            let mut buffer = [0; LINE + 2];
            let length = reader.fill_until(b'\n', &mut buffer)?;
            if length == 0 {
                return Ok(());
            }
            number += 1;
            let text = buffer.get(..length).unwrap_or_default();
            let whole = text.strip_suffix(b"\n");
            let line = whole.unwrap_or(text);
            if line.len() > LINE {
                bad_line(number, &"it is too long");
                let mut ended = whole.is_some();
                while !ended {
                    let length = reader.fill_until(b'\n', &mut buffer)?;
                    ended = !matches!(buffer.get(..length), Some([.., last]) if *last != b'\n');
                }
            } else if let Err(problem) = self.add(line, first) {
                match problem {
                    None => bad_line(number, &"there are too many"),
                    Some(problem) => bad_line(number, &problem),
                }
            }
        }
    }

    fn add_defaults(&mut self) {
        let mut add = |line: &[u8]| {
            let _ = self.add(line, true);
        };
        if sys::file::access(c"/etc/rc", nestling::Access::EXECUTE).is_ok() {
            add(b"::sysinit:/etc/rc");
        }
        add(b"::askfirst:-/bin/sh");
        for (terminal, line) in [
            (c"/dev/tty2", b"tty2::askfirst:-/bin/sh"),
            (c"/dev/tty3", b"tty3::askfirst:-/bin/sh"),
            (c"/dev/tty4", b"tty4::askfirst:-/bin/sh"),
        ] {
            if sys::file::faccessat(terminal).is_ok() {
                add(line);
            }
        }
    }

    /// Adds a line, unless it is there already. No problem is that there is no room.
    fn add<'l>(&mut self, line: &'l [u8], first: bool) -> Result<(), Option<Problem<'l>>> {
        let Some(entry) = Entry::parse(line).map_err(Some)? else {
            return Ok(());
        };
        for service in &mut self.services {
            let known = !matches!(service.state, State::Free | State::Leaving);
            if known && !service.listed && service.line() == line {
                service.listed = true;
                return Ok(());
            }
        }
        let free = |service: &Service| service.state == State::Free;
        let index = self.services.iter().position(free).ok_or(None)?;
        self.change(index, |service| {
            *service = Service::NONE;
            service.listed = true;
            service.length = line.len() as u8;
            service
                .line
                .iter_mut()
                .zip(line)
                .for_each(|(place, &byte)| *place = byte);
            service.state = match entry.action {
                Action::Sysinit if !first => State::Done,
                Action::CtrlAltDel | Action::Shutdown | Action::Restart => State::Done,
                _ => State::Due,
            };
            service.at = now();
        });
        Ok(())
    }

    // ---- The store ----

    /// Changes a service, and writes it down.
    pub fn change(&mut self, index: usize, change: impl FnOnce(&mut Service)) {
        if let Some(service) = self.services.get_mut(index) {
            change(service);
            write(self.store.as_ref(), index + 1, service);
        }
    }

    /// Writes down how it stands with process 1 itself.
    pub fn write_own(&self) {
        write(self.store.as_ref(), 0, &self.own);
    }

    /// Takes over the table of the process 1 that failed: an error if it can't be read.
    pub fn restore(&mut self, store: &OwnedFd) -> Result<(), Errno> {
        sys::fd::lseek(store.as_fd(), SeekFrom::Start(0))?;
        let own = read(store)?;
        if own.state != State::Running || own.pid != 1 {
            return Err(Errno::EINVAL);
        }
        self.own = own;
        for index in 0..SERVICES {
            let service = match read(store) {
                Ok(service) => service,
                // The places after the last that was ever used.
                Err(_) => break,
            };
            if service.state != State::Free && service.entry().is_none() {
                tell(b"", &|out| {
                    "lost: ".write(out);
                    Quoted(service.line()).write(out);
                });
                continue;
            }
            self.change(index, |place| {
                *place = service;
                let runs = matches!(service.state, State::Running | State::Leaving);
                if runs && !is_child(service.pid) {
                    place.ended(now());
                }
            });
        }
        Ok(())
    }
}

fn is_child(pid: i32) -> bool {
    Pid::from_raw(pid).is_some_and(|pid| wait::peek(Who::Child(pid), Options::NOHANG).is_ok())
}

fn bad_line(number: i32, problem: &dyn DynText) {
    tell(b"", &|out| {
        INITTAB.write(out);
        ", line ".write(out);
        number.write(out);
        ": ".write(out);
        problem.write_to(out);
    });
}

/// `Text` to one kind of sink.
trait DynText {
    fn write_to(&self, out: &mut Writer<'_>);
}

impl<T: Text> DynText for T {
    fn write_to(&self, out: &mut Writer<'_>) {
        self.write(out);
    }
}

// ---- Records ----

/// A service as it is in the store.
const RECORD: usize = LINE + 20;

/// Writes a service down. In one system call, lest a failure come in between; if it can't be done, nothing else can be, either.
fn write(store: Option<&OwnedFd>, index: usize, service: &Service) {
    let Some(store) = store else { return };
    let [p0, p1, p2, p3] = service.pid.to_ne_bytes();
    let mut record = [0; RECORD];
    let mut rest = record.iter_mut();
    let head = [
        service.state as u8,
        service.delay,
        service.length,
        p0,
        p1,
        p2,
        p3,
        0,
    ];
    let seconds = service.at.seconds().to_ne_bytes();
    let nanoseconds = service.at.nanoseconds().to_ne_bytes();
    for part in [&head[..], &seconds, &nanoseconds, &service.line] {
        part.iter()
            .zip(&mut rest)
            .for_each(|(&byte, place)| *place = byte);
    }
    let place = SeekFrom::Start((index * RECORD) as u64);
    if sys::fd::lseek(store.as_fd(), place).is_ok() {
        let _ = sys::fd::write(store.as_fd(), &record);
    }
}

/// Reads the next record.
fn read(store: &OwnedFd) -> Result<Service, Errno> {
    let mut record = [0; RECORD];
    io::read_exact(store.as_fd(), &mut record)?;
    parse(&record).ok_or(Errno::EINVAL)
}

fn parse(record: &[u8; RECORD]) -> Option<Service> {
    let (&[state, delay, length, p0, p1, p2, p3, _], rest) = record.split_first_chunk::<8>()?;
    let (&seconds, rest) = rest.split_first_chunk()?;
    let (&nanoseconds, rest) = rest.split_first_chunk()?;
    let (&line, _) = rest.split_first_chunk()?;
    let at = Timestamp::new(i64::from_ne_bytes(seconds), u32::from_ne_bytes(nanoseconds))?;
    let state = match state {
        0 => State::Free,
        1 => State::Due,
        2 => State::Running,
        3 => State::Leaving,
        4 => State::Done,
        _ => return None,
    };
    let soon = after(Duration::from_secs(SLOWEST.into()));
    Some(Service {
        state,
        pid: i32::from_ne_bytes([p0, p1, p2, p3]),
        at: if at == NEVER { at } else { at.min(soon) },
        delay: delay.min(SLOWEST),
        listed: false,
        line,
        length,
    })
}

/// The descriptor that the process 1 before this one has left, if there was one.
pub fn inherited() -> Option<OwnedFd> {
    (3..10).find_map(rt::inherited)
}
