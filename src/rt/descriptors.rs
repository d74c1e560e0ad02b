//! The descriptors of a program whose *user* names them by number, as the user of a shell does.
//!
//! Such a program has two kinds of descriptors in one table. The close-on-exec flag tells them apart: with it a descriptor is
//! the program's own (an [`OwnedFd`], which [`private`] moves away from the user's numbers); without it, it is the user's, and
//! children inherit it. The functions of this module change only the user's descriptors: for a number of the program's own they
//! return `EBADF`, as if it were not open.

use core::sync::atomic::Ordering;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use crate::file::OFlags;
use crate::{sys, terminal};

/// The program's own descriptors are moved to this number or above, out of the way of what a user writes. (Not beyond 63: from there on
/// every process's table is an allocation more for the kernel.)
const FIRST: RawFd = 50;

/// Below this number there are only the user's.
const FIRST_PRIVATE: RawFd = 10;

/// A duplicate that is the program's own. Two system calls where the limit on descriptors is low.
fn duplicate(fd: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    match sys::fd::dup_cloexec(fd, FIRST) {
        Err(Errno::EINVAL | Errno::EMFILE) => sys::fd::dup_cloexec(fd, FIRST_PRIVATE),
        answer => answer,
    }
}

/// Checks that the user has a descriptor with this number. One system call.
///
/// # Errors
/// `EBADF` if it is not open or not the user's.
pub fn is_users(fd: RawFd) -> Result<(), Errno> {
    match sys::fd::cloexec(fd) {
        Ok(false) => Ok(()),
        Ok(true) => Err(Errno::EBADF),
        Err(errno) => Err(errno),
    }
}

/// Duplicates the user's descriptor. The duplicate is the program's own, so that the user may close the number while it is in
/// use. Two system calls, and one to close it.
///
/// # Errors
/// Those of [`is_users`]; `EMFILE`.
pub fn of_user(fd: RawFd) -> Result<OwnedFd, Errno> {
    is_users(fd)?;
    // SAFETY: it is only for this call, and if it isn't open the call says so.
    duplicate(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// Returns whether the user has a terminal at this number. Two system calls.
pub fn is_terminal(fd: RawFd) -> bool {
    // SAFETY: it is only for this call, and it is open.
    is_users(fd).is_ok() && terminal::is_terminal(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// Duplicates the user's descriptor `from` onto the user's number `to`, and closes what was there (`dup2`). Does nothing if the
/// numbers are equal. Two system calls, three for high numbers.
///
/// # Errors
/// Those of [`is_users`] for `from`; those of [`assign`] for `to`.
pub fn copy(from: RawFd, to: RawFd) -> Result<(), Errno> {
    is_users(from)?;
    if from == to {
        return Ok(());
    }
    // SAFETY: it is only for this call, which closes another number.
    assign(to, unsafe { BorrowedFd::borrow_raw(from) })
}

/// Moves a descriptor of the program's own away from the user's numbers. Two system calls, none if it has a high number
/// already.
///
/// # Errors
/// `EMFILE`.
pub fn private(fd: OwnedFd) -> Result<OwnedFd, Errno> {
    if fd.as_raw_fd() >= FIRST_PRIVATE {
        return Ok(fd);
    }
    duplicate(fd.as_fd())
}

/// Keeps a duplicate of the user's descriptor, for [`restore`]; returns `None` if the number is not open. One system call.
///
/// # Errors
/// `EBADF` if the number is the program's own; `EMFILE`.
pub fn save(fd: RawFd) -> Result<Option<OwnedFd>, Errno> {
    if fd >= FIRST_PRIVATE && sys::fd::cloexec(fd) == Ok(true) {
        return Err(Errno::EBADF);
    }
    // SAFETY: if it isn't open, the call says so.
    let original = unsafe { BorrowedFd::borrow_raw(fd) };
    match duplicate(original) {
        Ok(saved) => Ok(Some(saved)),
        Err(Errno::EBADF) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Restores the descriptor that [`save`] has kept. Two system calls.
///
/// # Errors
/// It fails only if a seccomp filter forbids it.
pub fn restore(fd: RawFd, saved: Option<OwnedFd>) -> Result<(), Errno> {
    match saved {
        Some(saved) => assign(fd, saved.as_fd()),
        None => close(fd),
    }
}

/// Duplicates `from` onto the user's number `fd`, and closes what was there (`dup2`). One system call, two for high numbers.
///
/// # Errors
/// `EBADF` if the number is the program's own, or above the limit.
pub fn assign(fd: RawFd, from: BorrowedFd<'_>) -> Result<(), Errno> {
    if fd == from.as_raw_fd() {
        return sys::fd::set_cloexec(from, false);
    }
    if fd >= FIRST_PRIVATE && sys::fd::cloexec(fd) == Ok(true) {
        return Err(Errno::EBADF);
    }
    // SAFETY: what is there is the user's, who wants it gone.
    unsafe { sys::fd::dup3(from.as_raw_fd(), fd, OFlags::default()) }
}

/// Gives the user a descriptor that has just been opened, at the number `fd`. Two system calls; one if it has that number.
///
/// # Errors
/// Those of [`assign`].
pub fn give(fd: RawFd, opened: OwnedFd) -> Result<(), Errno> {
    assign(fd, opened.as_fd())?;
    if opened.as_raw_fd() == fd {
        // It is the user's now.
        let _ = opened.into_raw_fd();
    }
    Ok(())
}

/// Closes a descriptor of the user. A number that is not open, or the program's own, is ignored. One system call, two for high
/// numbers.
///
/// # Errors
/// Those of `close(2)` for a file on the network.
pub fn close(fd: RawFd) -> Result<(), Errno> {
    if fd >= FIRST_PRIVATE && sys::fd::cloexec(fd) != Ok(false) {
        return Ok(());
    }
    // SAFETY: it is the user's.
    match unsafe { sys::fd::close(fd) } {
        Err(Errno::EBADF) => Ok(()),
        answer => answer,
    }
}

/// Closes a descriptor of the program's own in a child of [`fork`](super::fork), whose copy of the owner must not be used or
/// dropped any more: the child ends by [`exit`](crate::sys::process::exit). A descriptor of the user is ignored, and so is every one
/// in a process that is no such child. One or two system calls.
pub fn abandon(fd: RawFd) {
    if super::IS_COPY.load(Ordering::Relaxed) && sys::fd::cloexec(fd) == Ok(true) {
        // SAFETY: in such a child the owner is a copy, which `fork` says may lose it.
        let _ = unsafe { sys::fd::close(fd) };
    }
}
