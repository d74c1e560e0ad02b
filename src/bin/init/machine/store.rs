//! A copy of the table of services that survives a fault of process 1. Each change is saved in a file in memory (the store), which
//! stays open when process 1 executes its program again.
//!
//! The seals of the file show that it is a store. The file contains a record of fixed size for each service, and then the text of
//! the services' lines. Process 1 checks everything that it reads from the file.

use linux_raw_sys::general::{F_SEAL_GROW, F_SEAL_SEAL, F_SEAL_SHRINK, WNOHANG};
use nestling::inittab::Entry;
use nestling::text::{Quoted, Text};
use nestling::{AsFd, BorrowedFd, SeekFrom, StaticFd, io, rt, sys};

use super::table::{SERVICES, SLOWEST, Service, Span, State, TEXT, Table};
use crate::clock::{after, now};
use crate::log::Line;

/// The size of a record in bytes.
const RECORD: usize = size_of::<Record>();

/// The store. If it cannot be made, the table is lost when process 1 fails.
static STORE: StaticFd = StaticFd::new();

/// The size of the file.
const LENGTH: usize = SERVICES * RECORD + TEXT;

/// The seals of a store: its size cannot change. Another program could make a file with the same seals. But process 1 inherits
/// descriptors only from the program that was process 1 before the exec. That program had all of init's powers already, so a forged
/// store would give it no more. The kernel may add `F_SEAL_EXEC` (see `vm.memfd_noexec`).
const SEALS: u32 = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

/// Looks for the store among the descriptors that this process has inherited. Returns whether it has found a store. Other inherited
/// descriptors get the close-on-exec flag, because services should not inherit them.
pub fn inherit() -> bool {
    for number in 3..1024 {
        if let Some(store) = rt::inherited(number)
            && sys::fd::seals(store.as_fd()).is_ok_and(|it| it & SEALS == SEALS)
        {
            STORE.set(store);
        }
    }
    STORE.get().is_some()
}

/// Keeps the store open when this process executes a program.
pub fn outlive_exec() {
    if let Some(store) = STORE.get() {
        let _ = sys::fd::set_cloexec(store, false);
    }
}

/// A record of a service: its state with two numbers and its flags, its process id, a time, and the position of its line.
type Record = [[u8; 4]; 5];

fn record(service: &Service) -> Record {
    let flags = [service.waits, service.returns, service.is_extra];
    let flags = flags
        .iter()
        .rev()
        .fold(0, |all, &it| all << 1 | u8::from(it));
    let state = [service.state as u8, service.delay, service.quick, flags];
    let line = service.line;
    let sizes = u32::from(line.length) | u32::from(line.room) << 16;
    [
        state,
        service.pid.to_ne_bytes(),
        service.at.to_ne_bytes(),
        line.start.to_ne_bytes(),
        sizes.to_ne_bytes(),
    ]
}

/// Decodes a service from a record. The action is not in the record; it comes from the line.
fn service([state, pid, at, start, sizes]: Record) -> Service {
    let [state, delay, quick, flags] = state;
    let flag = |index: u8| flags >> index & 1 != 0;
    let sizes = u32::from_ne_bytes(sizes);
    Service {
        state: State::from_raw(state).unwrap_or(State::Free),
        delay: delay.min(SLOWEST),
        quick,
        waits: flag(0),
        returns: flag(1),
        is_extra: flag(2),
        pid: i32::from_ne_bytes(pid),
        at: u32::from_ne_bytes(at),
        line: Span {
            start: u32::from_ne_bytes(start),
            length: sizes as u16,
            room: (sizes >> 16) as u16,
        },
        ..Service::NONE
    }
}

fn write_at(place: usize, bytes: &[u8]) {
    if let Some(store) = STORE.get()
        && sys::fd::lseek(store, SeekFrom::Start(place as u64)).is_ok()
    {
        // An error cannot be handled: nothing else can save the data.
        let _ = sys::fd::write(store, bytes);
    }
}

impl Table {
    /// Saves a service. The record is written with one system call, so a fault cannot leave half a record.
    #[inline(never)]
    pub fn save(&self, index: usize) {
        if let Some(service) = self.services.get(index) {
            write_at(index * RECORD, record(service).as_flattened());
        }
    }

    /// Saves a service's line. Call this before [`save`](Self::save), because the record refers to the line.
    pub fn save_line(&self, index: usize) {
        if let Some(service) = self.services.get(index) {
            let start = service.line.start as usize;
            write_at(SERVICES * RECORD + start, self.line(index));
        }
    }

    /// Makes a new store. From now on, changes are saved.
    pub fn keep(&mut self) {
        let made = sys::fd::memfd_create(c"services").and_then(|store| {
            sys::fd::ftruncate(store.as_fd(), LENGTH as u64)?;
            sys::fd::add_seals(store.as_fd(), SEALS)?;
            STORE.set(store);
            Ok(())
        });
        if made.is_err() {
            return;
        }
        let [own, ..] = &mut self.services;
        own.state = State::Own;
        own.at = now();
        self.save(0);
    }

    /// Takes over the table from the store of the process 1 that failed. Returns `None`, and forgets the store, if the file does
    /// not contain a table.
    pub fn restore(&mut self) -> Option<()> {
        let is_table = STORE.get().and_then(|store| self.read(store));
        if is_table.is_none() {
            STORE.clear();
        }
        is_table
    }

    fn read(&mut self, store: BorrowedFd<'_>) -> Option<()> {
        // This fails for a pipe or a terminal, from which nothing may be read.
        sys::fd::lseek(store, SeekFrom::Start(0)).ok()?;
        let mut is_table = false;
        for (index, place) in self.services.iter_mut().enumerate() {
            let mut record = Record::default();
            io::read_exact(store, record.as_flattened_mut()).ok()?;
            let service = service(record);
            is_table |= service.state == State::Own;
            if !is_table {
                return None;
            }
            *place = service;
            if service.line.room > 0 {
                self.end = index + 1;
            }
        }
        let text = SeekFrom::Start((SERVICES * RECORD) as u64);
        if sys::fd::lseek(store, text).is_ok() {
            let _ = io::fill(store, &mut self.text);
        }
        for index in self.places() {
            self.check(index);
        }
        is_table.then_some(())
    }

    /// Checks a service from the store, and corrects it.
    fn check(&mut self, index: usize) {
        let latest = after(SLOWEST.into());
        let action = self.entry(index).map(|entry: Entry<'_>| entry.action);
        let Some(service) = self.services.get_mut(index) else {
            return;
        };
        service.at = service.at.min(latest);
        let Some(action) = action else {
            if service.state != State::Free {
                service.state = State::Free;
                let mut line = Line::new("lost: ");
                Quoted(self.line(index)).write(&mut line);
                line.log();
            }
            return;
        };
        service.action = action;
        match service.state {
            State::Starting | State::Running | State::Leaving | State::Killed => {
                if service.pid < 2 {
                    service.ended(None);
                } else {
                    match sys::process::wait4(service.pid, WNOHANG) {
                        Ok(None) => {}
                        Ok(Some((_, status))) => service.ended(Some(status)),
                        Err(_) => service.ended(None),
                    }
                }
            }
            State::Free | State::Due | State::Done => {}
            State::Own => service.state = State::Free,
        }
    }
}
