//! Reading the inittab. A copy of process 1 does it, and writes it to a file in memory, from which process 1 reads it: however long
//! the disk takes to answer, nothing else waits for it.

use linux_raw_sys::general::O_TMPFILE;
use nestling::sys::fd::StaticFd;
use nestling::sys::file::{faccessat, fstat, lstat};
use nestling::{
    AsFd, BorrowedFd, Errno, ExitStatus, OFlags, OwnedFd, Pid, SeekFrom, Signal, rt, sys,
};

use super::Machine;
use super::table::{INITTAB, TEXT};
use crate::buffer::next_string;
use crate::clock::{NEVER, after, now};
use crate::log::{Line, write};

/// How it stands with the inittab.
pub struct Reading {
    /// When it is to be read.
    due: u32,
    /// The copy of process 1 that reads it, or 0.
    reader: i32,
    /// The file to which that writes it.
    file: StaticFd,
    /// Why the last copy could not be made, if that has been logged.
    error: Option<Errno>,
    /// It has been read.
    pub is_done: bool,
    /// There is none, or none that can be read.
    pub is_missing: bool,
}

impl Reading {
    pub const fn new() -> Self {
        Self {
            due: NEVER,
            reader: 0,
            file: StaticFd::new(),
            error: None,
            is_done: false,
            is_missing: false,
        }
    }
}

/// How long it may be, with comments.
const LONGEST: usize = 4 * TEXT;

/// How many seconds the end of the machine waits for it.
const LIMIT: u32 = 5;

/// What stands for an inittab that does not exist: files, and the line for each that is there.
static DEFAULTS: &[u8] = b"/etc/rc\0\n::sysinit:/etc/rc\n\0\
    /dev/\0::askfirst:-/bin/sh\n\0\
    /dev/tty2\0tty2::askfirst:-/bin/sh\n\0\
    /dev/tty3\0tty3::askfirst:-/bin/sh\n\0\
    /dev/tty4\0tty4::askfirst:-/bin/sh\n\0";

/// What stands for an inittab that exists but can't be used. Its author may not have wanted shells without a password.
static GUARDED: &[u8] = b"/etc/rc\0\n::sysinit:/etc/rc\n\0\
    /sbin/sulogin\0console::respawn:/sbin/sulogin\n\0";

impl Machine {
    /// Has the inittab be read, anew if that is being done.
    pub fn read_inittab(&mut self) {
        self.stop_reading();
        self.reading.due = 0;
        self.note_reading(true);
    }

    #[inline(never)]
    pub fn stop_reading(&mut self) {
        if self.reading.reader > 0 {
            let _ = sys::process::kill(self.reading.reader, Some(Signal::KILL));
        }
        self.reading.reader = 0;
    }

    /// Writes down whether it is to be read, for the process 1 that goes on after a fault.
    fn note_reading(&mut self, waits: bool) {
        let [own, ..] = &mut self.table.services;
        own.waits = waits;
        (own.returns, own.is_extra) = (self.reading.is_done, self.reading.is_missing);
        self.table.save(0);
    }

    /// Begins to read it, if that is due: when it will be.
    #[inline(never)]
    pub fn start_reading(&mut self) -> u32 {
        if self.reading.due <= now() {
            self.reading.due = after(1);
            match file_in_memory().and_then(|file| Ok((rt::fork()?, file))) {
                Ok((Some(pid), file)) => {
                    drop(self.reading.file.take());
                    self.reading.file.set(file);
                    self.reading.reader = pid.as_raw();
                    self.reading.due = NEVER;
                }
                Ok((None, file)) => sys::process::exit(self.read_to(file.as_fd())),
                Err(errno) if self.reading.error != Some(errno) => {
                    self.reading.error = Some(errno);
                    Line::new(INITTAB.to_bytes()).log_error(errno);
                }
                Err(_) => {}
            }
        }
        self.reading.due
    }

    /// In the copy: reads it to the file: the errno's number.
    fn read_to(&self, file: BorrowedFd<'_>) -> i32 {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let answer = sys::fd::open(INITTAB, flags, 0).and_then(|inittab| {
            let it = fstat(inittab.as_fd())?;
            if (it.uid() != 0 || it.permissions() & 0o022 != 0) && !self.trusts() {
                Line::new("others than root may write the inittab").log();
                return Err(Errno::EPERM);
            }
            copy(inittab.as_fd(), file)
        });
        let Err(errno) = answer else {
            return 0;
        };
        if errno != Errno::ENOENT || self.reading.is_done {
            Line::new(INITTAB.to_bytes()).log_error(errno);
        }
        // What was read before the error is not to be done.
        let _ = sys::fd::ftruncate(file, 0);
        let _ = sys::fd::lseek(file, SeekFrom::Start(0));
        let mut rest = match errno {
            // Not a link to a file system that was not mounted.
            Errno::ENOENT if lstat(INITTAB).is_err() => DEFAULTS,
            _ => GUARDED,
        };
        while !self.reading.is_done && !rest.is_empty() {
            let path = next_string(&mut rest);
            let line = next_string(&mut rest);
            if faccessat(path).is_ok() {
                let _ = write(file, line.to_bytes());
            }
        }
        errno.as_raw()
    }

    /// Whether the kernel's command line says `INITTAB=any`.
    fn trusts(&self) -> bool {
        self.env.var(c"INITTAB").is_some_and(|it| it == c"any")
    }

    /// Takes over what the copy has read, if this is the copy, which has ended: whether it is.
    pub fn has_been_read(&mut self, pid: Pid, status: ExitStatus) -> bool {
        let is_it = pid.as_raw() == self.reading.reader;
        if is_it {
            self.reading.reader = 0;
            let Some(code) = status.code() else {
                // Who kills the copy does not mean the inittab.
                self.reading.due = after(1);
                return is_it;
            };
            let first = !core::mem::replace(&mut self.reading.is_done, true);
            // One that can't be read the first time is none. Later the lines of the last one stay.
            if first || code == 0 || code == Errno::ENOENT.as_raw() {
                self.reading.is_missing = code != 0;
            }
            if let Some(file) = self.reading.file.take()
                && (first || code == 0)
                && sys::fd::lseek(file.as_fd(), SeekFrom::Start(0)).is_ok()
            {
                self.table.read_inittab(file.as_fd(), first);
            }
            self.note_reading(false);
        }
        is_it
    }

    /// Waits a short time for what is being read, since what comes next may depend on it.
    pub fn finish_reading(&mut self) {
        self.wait_until(after(LIMIT), &mut |machine| {
            machine.start_reading();
            machine.reap();
            machine.reading.reader == 0 && machine.reading.due == NEVER
        });
    }
}

/// A new file without a name. Before Linux 3.17, or where a filter forbids that, it is on a file system in memory.
fn file_in_memory() -> Result<OwnedFd, Errno> {
    let flags = OFlags::from_bits(O_TMPFILE) | OFlags::RDWR | OFlags::CLOEXEC;
    sys::fd::memfd_create(c"inittab").or_else(|_| sys::fd::open(c"/run", flags, 0o600))
}

/// Copies all of the inittab.
fn copy(inittab: BorrowedFd<'_>, file: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut room = LONGEST;
    // The next one may be less than there is.
    loop {
        let count = sys::fd::sendfile(file, inittab, room + 1)?;
        if count == 0 {
            return Ok(());
        }
        room = room.checked_sub(count).ok_or(Errno::EFBIG)?;
    }
}
