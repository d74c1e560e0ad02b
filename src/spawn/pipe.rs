//! The status pipe's descriptor in the child, and the three stipulations that keep it out of the actions' sight:
//!
//! - **A.** before an action duplicates or opens onto the number that the pipe occupies, the pipe moves away. (The proposal has it
//!   move before a close, too. It need not: an action sees its number as closed, and closing what is closed does nothing.)
//! - **B.** before an action opens, the pipe moves if it might hold the number that `open` would otherwise have returned;
//! - **C.** a failure to move is fatal: it is the action's failure.
//!
//! The pipe moves upward, since the lowest free number is where the next `open` should go. Where the limit on descriptors leaves
//! none above, it takes that one all the same: `open` then returns another for the moment, and the action ends as it should.

use super::report::Record;
use crate::errno::Errno;
use crate::fd::{BorrowedFd, RawFd};
use crate::sys;

/// The writing end of the status pipe.
pub(super) struct StatusPipe {
    fd: RawFd,
    /// A number below the pipe's that is known to be free: while there is one, the pipe is in no `open`'s way.
    free_below: Option<RawFd>,
}

impl StatusPipe {
    /// No pipe, for a process that carries out the steps itself: it is in nobody's way.
    pub fn none() -> Self {
        Self {
            fd: -1,
            free_below: Some(-1),
        }
    }

    /// The child's side of a pipe: closes `read_end` and keeps `write_end`.
    ///
    /// # Safety
    /// Both are open, and nobody else in the child counts on them.
    pub unsafe fn new(read_end: RawFd, write_end: RawFd) -> (Self, Result<(), Errno>) {
        // SAFETY: the caller's promise.
        let closed = unsafe { sys::fd::close(read_end) };
        let free_below = (read_end < write_end).then_some(read_end);
        (
            Self {
                fd: write_end,
                free_below,
            },
            closed,
        )
    }

    /// Whether `fd` is the pipe, which an action must see as closed.
    pub fn is(&self, fd: RawFd) -> bool {
        fd == self.fd
    }

    /// The number, which an action that closes a range must spare.
    pub fn number(&self) -> RawFd {
        self.fd
    }

    /// What an action names, unless that is the pipe or no descriptor at all.
    #[inline(never)]
    pub fn named(&self, fd: RawFd) -> Result<BorrowedFd<'_>, Errno> {
        if fd < 0 || self.is(fd) {
            return Err(Errno::EBADF);
        }
        // SAFETY: it is for the next call only, which closes nothing; if this number isn't open, the kernel says so. (Without a child,
        // other threads may close it at any time.)
        Ok(unsafe { BorrowedFd::borrow_raw(fd) })
    }

    /// Stipulation A: makes way for what an action is about to put at `fd`.
    pub fn make_way_for(&mut self, fd: RawFd) -> Result<(), Errno> {
        if self.is(fd) {
            self.move_away()
        } else {
            Ok(())
        }
    }

    /// Stipulation B: makes sure that the next `open` returns the number that it would return without the pipe.
    pub fn make_way_for_open(&mut self) -> Result<(), Errno> {
        match self.free_below {
            Some(_) => Ok(()),
            None => self.move_away(),
        }
    }

    /// Notes that an action has left something open at `fd`.
    pub fn opened(&mut self, fd: RawFd) {
        if self.free_below == Some(fd) {
            self.free_below = None;
        }
    }

    /// Notes that an action has closed `fd`.
    pub fn closed(&mut self, fd: RawFd) {
        if fd < self.fd {
            self.free_below = Some(fd);
        }
    }

    /// Moves to another number, a higher one if there is one: then the old one is free, and below it.
    fn move_away(&mut self) -> Result<(), Errno> {
        let old = self.fd;
        // SAFETY: the pipe is open.
        let pipe = unsafe { BorrowedFd::borrow_raw(old) };
        let (moved, free_below) = match sys::fd::dup_cloexec(pipe, old.saturating_add(1)) {
            Ok(moved) => (moved, Some(old)),
            // `EINVAL`: the number to begin with is beyond the limit.
            Err(Errno::EMFILE | Errno::EINVAL) => (sys::fd::dup_cloexec(pipe, 0)?, None),
            Err(errno) => return Err(errno),
        };
        self.fd = moved.into_raw_fd();
        self.free_below = free_below;
        // SAFETY: the pipe has another number now.
        unsafe { sys::fd::close(old) }
    }

    /// Sends a record. If that fails the parent is gone, or something forbids it; there is nobody to be told.
    pub fn send(&self, record: Record) -> Result<(), Errno> {
        // SAFETY: the pipe is open.
        let pipe = unsafe { BorrowedFd::borrow_raw(self.fd) };
        loop {
            match sys::fd::write(pipe, &record.to_bytes()) {
                Err(Errno::EINTR) => {}
                answer => return answer.map(drop),
            }
        }
    }
}
