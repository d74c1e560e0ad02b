//! Reading the inittab. A copy of process 1 copies the inittab to a file in memory, and process 1 reads this file. So process 1
//! does not wait for a slow disk.

use linux_raw_sys::general::O_TMPFILE;
use nestling::sys::file::{faccessat, fstat, lstat};
use nestling::{
    AsFd, BorrowedFd, Errno, ExitStatus, OFlags, OwnedFd, Pid, SeekFrom, Signal, StaticFd, rt, sys,
};

use super::Machine;
use super::table::{INITTAB, TEXT};
use crate::buffer::next_string;
use crate::clock::{NEVER, after, now};
use crate::log::{Line, write};

/// The state of the reading of the inittab.
pub struct Reading {
    /// The time when the inittab should be read.
    due: u32,
    /// The id of the copy of process 1 that reads the inittab, or 0.
    reader: i32,
    /// The file in memory to which the copy writes.
    file: StaticFd,
    /// The error with which the last fork failed, if it has been logged.
    error: Option<Errno>,
    /// Whether the inittab has been read.
    pub is_done: bool,
    /// Whether the inittab is missing or cannot be read.
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

/// The maximum size of the inittab in bytes, including comments.
const LONGEST: usize = 4 * TEXT;

/// The time in seconds that the end of the machine waits for the reading.
const LIMIT: u32 = 5;

/// The lines for a missing inittab: pairs of a path and a line. Init uses the line if the path exists.
static DEFAULTS: &[u8] = b"/etc/rc\0\n::sysinit:/etc/rc\n\0\
    /dev/\0::askfirst:-/bin/sh\n\0\
    /dev/tty2\0tty2::askfirst:-/bin/sh\n\0\
    /dev/tty3\0tty3::askfirst:-/bin/sh\n\0\
    /dev/tty4\0tty4::askfirst:-/bin/sh\n\0";

/// The lines for an inittab that exists but cannot be used, as in [`DEFAULTS`]. They start no shell without a password, because the
/// author of the inittab may not have wanted one.
static GUARDED: &[u8] = b"/etc/rc\0\n::sysinit:/etc/rc\n\0\
    /sbin/sulogin\0console::respawn:/sbin/sulogin\n\0";

impl Machine {
    /// Requests a reading of the inittab. If a reading is in progress, starts it again.
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

    /// Saves in the table whether a reading is pending, for process 1 after a fault.
    fn note_reading(&mut self, waits: bool) {
        let [own, ..] = &mut self.table.services;
        own.waits = waits;
        (own.returns, own.is_extra) = (self.reading.is_done, self.reading.is_missing);
        self.table.save(0);
    }

    /// Starts the reading if it is due. Returns the time when it will be due.
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

    /// Reads the inittab, and writes its contents to the file. Runs in a copy of process 1. Returns the number of the errno, or 0.
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
        // Discard the part that was read before the error.
        let _ = sys::fd::ftruncate(file, 0);
        let _ = sys::fd::lseek(file, SeekFrom::Start(0));
        let mut rest = match errno {
            // If `/etc/inittab` is a symbolic link, its target may be on a file system that is not mounted. Then the inittab is not
            // missing.
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

    /// Returns whether the kernel's command line contains `INITTAB=any`.
    fn trusts(&self) -> bool {
        self.env.var(c"INITTAB").is_some_and(|it| it == c"any")
    }

    /// If the process that has ended is the copy that reads the inittab, takes over the result. Returns whether the process was
    /// this copy.
    pub fn has_been_read(&mut self, pid: Pid, status: ExitStatus) -> bool {
        let is_it = pid.as_raw() == self.reading.reader;
        if is_it {
            self.reading.reader = 0;
            let Some(code) = status.code() else {
                // A kill of the copy does not mean that the inittab is wrong, so read it again.
                self.reading.due = after(1);
                return is_it;
            };
            let first = !core::mem::replace(&mut self.reading.is_done, true);
            // If the first reading fails, the inittab counts as missing. If a later reading fails, the lines of the last inittab
            // stay.
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

    /// Waits a short time for a reading that is in progress, because the next step may depend on its result.
    pub fn finish_reading(&mut self) {
        self.wait_until(after(LIMIT), &mut |machine| {
            machine.start_reading();
            machine.reap();
            machine.reading.reader == 0 && machine.reading.due == NEVER
        });
    }
}

/// Makes a file without a name in memory. If `memfd_create` is missing (before Linux 3.17) or a seccomp filter forbids it, makes
/// the file on the file system at `/run`.
fn file_in_memory() -> Result<OwnedFd, Errno> {
    let flags = OFlags::from_bits(O_TMPFILE) | OFlags::RDWR | OFlags::CLOEXEC;
    sys::fd::memfd_create(c"inittab").or_else(|_| sys::fd::open(c"/run", flags, 0o600))
}

/// Copies the whole inittab.
fn copy(inittab: BorrowedFd<'_>, file: BorrowedFd<'_>) -> Result<(), Errno> {
    let mut room = LONGEST;
    // `sendfile` may copy only a part of the file.
    loop {
        let count = sys::fd::sendfile(file, inittab, room + 1)?;
        if count == 0 {
            return Ok(());
        }
        room = room.checked_sub(count).ok_or(Errno::EFBIG)?;
    }
}
