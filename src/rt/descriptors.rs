//! The descriptors of a program whose *user* names them by number, as the user of a shell does.
//!
//! Such a program has two kinds of descriptors in one table. The close-on-exec flag tells them apart. A descriptor with the flag
//! belongs to the program, as an [`OwnedFd`]. The function [`private`] moves such a descriptor to a high number, away from the
//! numbers that the user writes. A descriptor without the flag is the user's, and children inherit it. The functions that take a
//! number from the user work only on the user's descriptors. If the number belongs to the program, most of these functions fail
//! with `EBADF`, as if the number were not open.

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
/// `EBADF` if the number is not open, or if it is the program's own.
pub fn is_users(fd: RawFd) -> Result<(), Errno> {
    match sys::fd::cloexec(fd) {
        Ok(false) => Ok(()),
        Ok(true) => Err(Errno::EBADF),
        Err(errno) => Err(errno),
    }
}

/// Duplicates the user's descriptor. The duplicate is the program's own, so that the user may close the original while the
/// duplicate is in use. Two system calls, and one more to close the duplicate.
///
/// # Errors
/// The errors of [`is_users`]; `EMFILE`.
pub fn of_user(fd: RawFd) -> Result<OwnedFd, Errno> {
    is_users(fd)?;
    // SAFETY: it is only for this call, and if it isn't open the call says so.
    duplicate(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// Returns whether this number is a descriptor of the user and refers to a terminal. Two system calls.
pub fn is_terminal(fd: RawFd) -> bool {
    // SAFETY: it is only for this call, and it is open.
    is_users(fd).is_ok() && terminal::is_terminal(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// Duplicates the user's descriptor `from` onto the user's number `to`, and closes the descriptor that had this number
/// (`dup2`). If the numbers are equal, it only checks `from`. Two system calls; three if `to` is a high number.
///
/// # Errors
/// The errors of [`is_users`] for `from`; the errors of [`assign`] for `to`.
pub fn copy(from: RawFd, to: RawFd) -> Result<(), Errno> {
    is_users(from)?;
    if from == to {
        return Ok(());
    }
    // SAFETY: it is only for this call, which closes another number.
    assign(to, unsafe { BorrowedFd::borrow_raw(from) })
}

/// Moves a descriptor of the program's own away from the user's numbers. Two system calls; none if the descriptor already has a
/// high number.
///
/// # Errors
/// `EMFILE`.
pub fn private(fd: OwnedFd) -> Result<OwnedFd, Errno> {
    if fd.as_raw_fd() >= FIRST_PRIVATE {
        return Ok(fd);
    }
    duplicate(fd.as_fd())
}

/// Returns a duplicate of the user's descriptor, to pass to [`restore`]; `None` if the number is not open. One system call.
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

/// Undoes [`save`]. Duplicates `saved`, the descriptor that [`save`] returned, onto the user's number `fd`. If `saved` is `None`,
/// closes `fd`. Two system calls.
///
/// # Errors
/// The function fails only if a seccomp filter forbids a system call.
pub fn restore(fd: RawFd, saved: Option<OwnedFd>) -> Result<(), Errno> {
    match saved {
        Some(saved) => assign(fd, saved.as_fd()),
        None => close(fd),
    }
}

/// Duplicates `from` onto the user's number `fd`, and closes the descriptor that had this number (`dup2`). One system call; two
/// if `fd` is a high number.
///
/// # Errors
/// `EBADF` if the number `fd` is the program's own, or is not below the limit on descriptors.
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

/// Takes a descriptor that has just been opened, and moves it to the user's number `fd`. Two system calls; one if the
/// descriptor already has this number.
///
/// # Errors
/// The errors of [`assign`].
pub fn give(fd: RawFd, opened: OwnedFd) -> Result<(), Errno> {
    assign(fd, opened.as_fd())?;
    if opened.as_raw_fd() == fd {
        // It is the user's now.
        let _ = opened.into_raw_fd();
    }
    Ok(())
}

/// Closes a descriptor of the user. Ignores a number that is not open or is the program's own. One system call; two for a high
/// number.
///
/// # Errors
/// The errors of `close(2)` for a file on the network.
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

/// Closes a descriptor of the program's own in a child of [`fork`](super::fork). Afterwards, the child must neither use nor
/// drop its copy of the descriptor's owner; so the child must end by [`exit`](crate::sys::process::exit). The function ignores
/// a descriptor of the user. In a process that is not a child of `fork`, it does nothing. At most two system calls.
pub fn abandon(fd: RawFd) {
    if super::IS_COPY.load(Ordering::Relaxed) && sys::fd::cloexec(fd) == Ok(true) {
        // SAFETY: in such a child the owner is a copy, which `fork` says may lose it.
        let _ = unsafe { sys::fd::close(fd) };
    }
}
