//! The status pipe's descriptor in the child. Three stipulations of the proposal hide it from the actions:
//!
//! - **A.** Before an action duplicates or opens a descriptor onto the pipe's number, the pipe moves to another number. (In the
//!   proposal, the pipe also moves before a close. This is not necessary: the pipe's number counts as closed, and closing a closed
//!   descriptor does nothing.)
//! - **B.** Before an action opens a file, the pipe moves if it may have the number that `open` would return without the pipe.
//! - **C.** If the pipe cannot move, the action fails.
//!
//! The pipe moves to a higher number, because the next `open` should get the lowest free number. If the limit on descriptors allows
//! no higher number, the pipe takes the lowest free number. Then `open` first returns another number, but the action still has the
//! right result.

use super::report::Record;
use crate::errno::Errno;
use crate::fd::{BorrowedFd, RawFd};
use crate::sys;

/// The write end of the status pipe.
pub(super) struct StatusPipe {
    fd: RawFd,
    /// A free number that is below the pipe's number, if one is known. If one exists, the next `open` does not need the pipe's
    /// number.
    free_below: Option<RawFd>,
}

impl StatusPipe {
    /// Makes a value without a pipe, for a process that carries out the steps itself. The pipe then never needs to move.
    pub fn none() -> Self {
        Self {
            fd: -1,
            free_below: Some(-1),
        }
    }

    /// Makes the child's end of a pipe: closes `read_end` and keeps `write_end`.
    ///
    /// # Safety
    /// Both descriptors are open, and no other code in the child relies on them.
    pub unsafe fn new(read_end: RawFd, write_end: RawFd) -> (Self, Result<(), Errno>) {
        // SAFETY: the caller upholds the safety contract.
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

    /// Returns whether `fd` is the pipe's number, which counts as closed for an action.
    pub fn is(&self, fd: RawFd) -> bool {
        fd == self.fd
    }

    /// Returns the descriptor of the pipe's write end. An action that closes a range of descriptors must leave this one open.
    pub fn number(&self) -> RawFd {
        self.fd
    }

    /// Borrows the descriptor that an action names. Fails with `EBADF` if the number is negative or is the pipe's number.
    #[inline(never)]
    pub fn named(&self, fd: RawFd) -> Result<BorrowedFd<'_>, Errno> {
        if fd < 0 || self.is(fd) {
            return Err(Errno::EBADF);
        }
        // SAFETY: the caller uses the descriptor only in its next system call, which closes nothing. If the descriptor is not open,
        // that call fails. (Without a child, other threads may close it at any time.)
        Ok(unsafe { BorrowedFd::borrow_raw(fd) })
    }

    /// Stipulation A: moves the pipe if an action is about to use its number `fd`.
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

    /// Stores that `fd` is open after an action.
    pub fn opened(&mut self, fd: RawFd) {
        if self.free_below == Some(fd) {
            self.free_below = None;
        }
    }

    /// Stores that an action has closed `fd`.
    pub fn closed(&mut self, fd: RawFd) {
        if fd < self.fd {
            self.free_below = Some(fd);
        }
    }

    /// Moves the pipe to another number, a higher number if possible. Then the old number is free and below the new number.
    fn move_away(&mut self) -> Result<(), Errno> {
        let old = self.fd;
        // SAFETY: the child owns the pipe's descriptor, which is open.
        let pipe = unsafe { BorrowedFd::borrow_raw(old) };
        let (moved, free_below) = match sys::fd::dup_cloexec(pipe, old.saturating_add(1)) {
            Ok(moved) => (moved, Some(old)),
            // `EINVAL` means that `old` + 1 is not below the limit.
            Err(Errno::EMFILE | Errno::EINVAL) => (sys::fd::dup_cloexec(pipe, 0)?, None),
            Err(errno) => return Err(errno),
        };
        self.fd = moved.into_raw_fd();
        self.free_below = free_below;
        // SAFETY: the pipe has another number now, and no other code uses the old number.
        unsafe { sys::fd::close(old) }
    }

    /// Sends a record. An error means that the parent has ended, or that a seccomp filter forbids the write. The child cannot
    /// report it.
    pub fn send(&self, record: Record) -> Result<(), Errno> {
        // SAFETY: the child owns the pipe's descriptor, which is open.
        let pipe = unsafe { BorrowedFd::borrow_raw(self.fd) };
        loop {
            match sys::fd::write(pipe, &record.to_bytes()) {
                Err(Errno::EINTR) => {}
                answer => return answer.map(drop),
            }
        }
    }
}
