//! The files `utmp` and `wtmp` (`utmp(5)`), in glibc's format. They record who is logged in, and when the machine started and
//! stopped.
//!
//! `utmp` has a record for each login terminal, and a record for the last boot; `who` reads this file. `wtmp` has a record for
//! each change; `last` reads this file. If a file does not exist, the functions of this module do not create it.
//!
//! ```no_run
//! use nestling::utmp::{self, Kind, Record};
//!
//! let record = Record::new(Kind::Boot, 0, b"~", b"~~", b"reboot", b"6.1.0", 1_700_000_000);
//! utmp::replace(utmp::UTMP, &record)?;
//! utmp::append(utmp::WTMP, &record)?;
//! # Ok::<(), nestling::Errno>(())
//! ```

use core::ffi::CStr;

use crate::arch::UTMP_TIME;
use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd};
use crate::file::{OFlags, SeekFrom};
use crate::{io, sys};

/// The path of `utmp`.
pub const UTMP: &CStr = c"/var/run/utmp";
/// The path of `wtmp`.
pub const WTMP: &CStr = c"/var/log/wtmp";

/// The type of a record (`ut_type`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Kind {
    /// A change of the run level (`RUN_LVL`). If the record's user is `shutdown`, the machine was shut down.
    RunLevel = 1,
    /// The start of the machine (`BOOT_TIME`).
    Boot = 2,
    /// A process that init has started (`INIT_PROCESS`).
    Init = 5,
    /// A process that waits for a user to log in (`LOGIN_PROCESS`).
    Login = 6,
    /// The process of a user who has logged in (`USER_PROCESS`).
    User = 7,
    /// A process that has ended (`DEAD_PROCESS`).
    Dead = 8,
}

/// A record of `utmp` or `wtmp`: `struct utmp`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record([u8; SIZE]);

const PID: usize = 4;
const LINE: usize = 8;
const ID: usize = 40;
const USER: usize = 44;
const HOST: usize = 76;
/// The offset of the time's seconds. The field before it, the session, has the size of the seconds.
const SECONDS: usize = 336 + UTMP_TIME;
/// The size of a record. After the time, it has 36 bytes for an address and reserved data.
const SIZE: usize = (SECONDS + 2 * UTMP_TIME + 36).next_multiple_of(UTMP_TIME);

impl Record {
    /// Makes a record with these fields. If a text is longer than its field, the end of the text is cut off. The time is in
    /// seconds since 1970.
    #[must_use]
    pub fn new(
        kind: Kind,
        pid: i32,
        line: &[u8],
        id: &[u8],
        user: &[u8],
        host: &[u8],
        seconds: i64,
    ) -> Self {
        let mut record = Self([0; SIZE]);
        record.put(0, 2, &[kind as u8]);
        record.put(PID, 4, &pid.to_ne_bytes());
        record.put(LINE, ID - LINE, line);
        record.put(ID, USER - ID, id);
        record.put(USER, HOST - USER, user);
        record.put(HOST, 256, host);
        record.set_time(seconds);
        record
    }

    /// Returns the process's id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        let [_, _, _, _, a, b, c, d, ..] = self.0;
        i32::from_ne_bytes([a, b, c, d])
    }

    /// Returns whether the record is of this kind.
    #[must_use]
    pub fn is(&self, kind: Kind) -> bool {
        let [low, high, ..] = self.0;
        (low, high) == (kind as u8, 0)
    }

    /// Returns whether the record's kind is `Init`, `Login` or `User`. Records of these kinds are for processes that run.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        [Kind::Init, Kind::Login, Kind::User]
            .iter()
            .any(|&kind| self.is(kind))
    }

    /// Returns a new record: the end of this record's process. The new record has the same process id, line and id. Its time is
    /// `seconds`, in seconds since 1970; its user and its host are empty.
    #[must_use]
    pub fn ended(mut self, seconds: i64) -> Self {
        self.put(0, 2, &[Kind::Dead as u8]);
        self.put(USER, HOST - USER, b"");
        self.put(HOST, 256, b"");
        self.set_time(seconds);
        self
    }

    fn set_time(&mut self, seconds: i64) {
        self.put(SECONDS, 2 * UTMP_TIME, &seconds.to_le_bytes()[..UTMP_TIME]);
    }

    /// Writes the text to a field, and fills the rest of the field with zeros.
    fn put(&mut self, start: usize, length: usize, text: &[u8]) {
        let field = self.0.iter_mut().skip(start).take(length);
        let text = text.iter().copied().chain(core::iter::repeat(0));
        field.zip(text).for_each(|(place, byte)| *place = byte);
    }
}

/// Adds a record at the end of a file, in one write. Costs three system calls.
///
/// # Errors
/// `ENOENT` if the file does not exist; the other errors of `open(2)` and `write(2)`.
#[doc(alias = "updwtmp")]
pub fn append(path: &CStr, record: &Record) -> Result<(), Errno> {
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CLOEXEC;
    let file = sys::fd::open(path, flags, 0)?;
    io::write_all(file.as_fd(), &record.0)
}

/// Replaces the file's first record of the same kind with this record. If the file has no such record, adds this record. Use
/// this function for a boot or a run level: `utmp` has only one record of each.
///
/// # Errors
/// The errors of [`append`].
#[doc(alias = "pututline")]
pub fn replace(path: &CStr, record: &Record) -> Result<(), Errno> {
    let found = change(path, &mut |other| {
        let is_same = other.0.first() == record.0.first();
        if is_same {
            *other = *record;
        }
        is_same
    })?;
    match found {
        Some(_) => Ok(()),
        None => append(path, record),
    }
}

/// Finds the record of the running process `pid`, and replaces it with a record of the process's end (see [`Record::ended`]).
/// Returns the new record; `None` if the file has no record of a running process with this id.
///
/// # Errors
/// The errors of [`append`].
pub fn end(path: &CStr, pid: i32, seconds: i64) -> Result<Option<Record>, Errno> {
    change(path, &mut |record| {
        let is_it = record.pid() == pid && record.is_alive();
        if is_it {
            *record = record.ended(seconds);
        }
        is_it
    })
}

/// Calls the function with each record until it changes a record. Writes this record to the file, and returns it.
fn change(
    path: &CStr,
    is_changed: &mut dyn FnMut(&mut Record) -> bool,
) -> Result<Option<Record>, Errno> {
    let file = sys::fd::open(path, OFlags::RDWR | OFlags::CLOEXEC, 0)?;
    let file: BorrowedFd<'_> = file.as_fd();
    let mut record = Record([0; SIZE]);
    let mut place = 0;
    while io::fill(file, &mut record.0)? == SIZE {
        if is_changed(&mut record) {
            sys::fd::lseek(file, SeekFrom::Start(place))?;
            io::write_all(file, &record.0)?;
            return Ok(Some(record));
        }
        place += SIZE as u64;
    }
    Ok(None)
}
