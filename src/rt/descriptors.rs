//! Descriptors that the *user* of a program names by their numbers, as in a shell (`2>&1`).
//!
//! Such a program has two kinds of descriptors. A descriptor with the close-on-exec flag is the *program's own*, and an
//! [`OwnedFd`] owns it. The function [`private`] moves such a descriptor to a high number, because users mostly use low
//! numbers. A descriptor without the close-on-exec flag is the *user's*, and children inherit it.
//!
//! The functions that take a descriptor number work only on the user's descriptors. If the number is one of the program's own
//! descriptors, most of these functions fail with `EBADF`, as if the descriptor were not open. The numbers 0, 1 and 2 are always the
//! user's.
//!
//! So open the program's own files with [`OFlags::CLOEXEC`]: an [`OwnedFd`] without the flag counts as the user's, and these functions
//! may close it. In a program with several threads, call them only while no other thread opens or closes descriptors: a number could
//! get another meaning after its flag was checked. A mistake makes a descriptor refer to another file, or to none. It does not affect
//! memory.

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use crate::file::OFlags;
use crate::{sys, terminal};

/// The program's own descriptors get this number or a higher one, because users mostly use low numbers. (The number is below 64,
/// because for a descriptor of 64 or more the kernel allocates a larger descriptor table in each process.)
const FIRST: RawFd = 50;

/// The user rarely needs this number or a higher one.
const FIRST_PRIVATE: RawFd = 10;

/// Returns whether the descriptor `fd` is open and is one of the program's own. Costs one system call; none for the numbers 0 to 2.
fn is_own(fd: RawFd) -> bool {
    fd > 2 && sys::fd::cloexec(fd) == Ok(true)
}

/// Returns a duplicate that is the program's own. Costs one system call; two if the limit on descriptors is low. Fails with
/// `EMFILE` if no number is free.
fn duplicate(fd: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let answer = match sys::fd::dup_cloexec(fd, FIRST) {
        Err(Errno::EINVAL | Errno::EMFILE) => sys::fd::dup_cloexec(fd, FIRST_PRIVATE),
        answer => answer,
    };
    // `EINVAL` means that the limit on descriptors is not above the lowest allowed number.
    answer.map_err(|errno| match errno {
        Errno::EINVAL => Errno::EMFILE,
        errno => errno,
    })
}

/// Checks that a descriptor with this number is open and is the user's. Costs one system call.
///
/// # Errors
/// `EBADF` if no descriptor with this number is open, or if the descriptor is the program's own.
pub fn is_users(fd: RawFd) -> Result<(), Errno> {
    match sys::fd::cloexec(fd) {
        Ok(false) => Ok(()),
        Ok(true) => Err(Errno::EBADF),
        Err(errno) => Err(errno),
    }
}

/// Duplicates a descriptor of the user. The duplicate is the program's own, so that the program can use it even after the user
/// has closed the original. Costs two system calls, and one more to close the duplicate.
///
/// # Errors
/// The errors of [`is_users`]; `EMFILE` if no number is free.
pub fn of_user(fd: RawFd) -> Result<OwnedFd, Errno> {
    is_users(fd)?;
    // SAFETY: the descriptor is borrowed only during this call. If it is not open, the call fails.
    duplicate(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// Returns whether the user has an open descriptor with this number, and it refers to a terminal. Costs two system calls.
#[must_use]
pub fn is_terminal(fd: RawFd) -> bool {
    // SAFETY: the descriptor is open, and is borrowed only during this call.
    is_users(fd).is_ok() && terminal::is_terminal(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// Duplicates the user's descriptor `from` onto the user's descriptor number `to` (`dup2`). If `to` is already open, the
/// function closes it first. If the two numbers are equal, the function only checks `from`. Costs two system calls; three if
/// `to` is above 2.
///
/// # Errors
/// The errors of [`is_users`] for `from`; the errors of [`assign`] for `to`.
pub fn copy(from: RawFd, to: RawFd) -> Result<(), Errno> {
    is_users(from)?;
    if from == to {
        return Ok(());
    }
    // SAFETY: the descriptor is borrowed only during this call, and the call closes only a descriptor with another number.
    assign(to, unsafe { BorrowedFd::borrow_raw(from) })
}

/// Moves one of the program's own descriptors to a high number, so that the low numbers stay free for the user. Costs two system
/// calls; none if the descriptor already has a high number.
///
/// # Errors
/// `EMFILE`.
pub fn private(fd: OwnedFd) -> Result<OwnedFd, Errno> {
    if fd.as_raw_fd() >= FIRST_PRIVATE {
        return Ok(fd);
    }
    duplicate(fd.as_fd())
}

/// Returns a duplicate of the user's descriptor `fd`, which you can pass to [`restore`] later; `None` if `fd` is not open.
/// Costs one system call; two if `fd` is above 2.
///
/// # Errors
/// `EBADF` if `fd` is one of the program's own descriptors. `EMFILE` if no descriptor number is free.
pub fn save(fd: RawFd) -> Result<Option<OwnedFd>, Errno> {
    if is_own(fd) {
        return Err(Errno::EBADF);
    }
    // SAFETY: the descriptor is borrowed only in this function. If it is not open, the call fails.
    let original = unsafe { BorrowedFd::borrow_raw(fd) };
    match duplicate(original) {
        Ok(saved) => Ok(Some(saved)),
        Err(Errno::EBADF) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Restores the user's descriptor `fd` from `saved`, which [`save`] has returned: duplicates it onto `fd`, or closes `fd` if
/// `saved` is `None`. Costs two system calls; three if `fd` is above 2.
///
/// # Errors
/// `EBADF` if the program has opened a descriptor of its own with the number `fd` since then.
pub fn restore(fd: RawFd, saved: Option<OwnedFd>) -> Result<(), Errno> {
    match saved {
        Some(saved) => assign(fd, saved.as_fd()),
        None => close(fd),
    }
}

/// Duplicates `from` onto the user's descriptor number `fd` (`dup2`). If `fd` is already open, the function closes it first.
/// Costs one system call; two if `fd` is above 2.
///
/// # Errors
/// `EBADF` if the descriptor `fd` is the program's own, or if `fd` is not below the limit on descriptors.
pub fn assign(fd: RawFd, from: BorrowedFd<'_>) -> Result<(), Errno> {
    if fd == from.as_raw_fd() {
        return sys::fd::set_cloexec(from, false);
    }
    if is_own(fd) {
        return Err(Errno::EBADF);
    }
    // SAFETY: no code of the program relies on this descriptor, because it is the user's. The user replaces it.
    unsafe { sys::fd::dup3(from.as_raw_fd(), fd, OFlags::default()) }
}

/// Turns the descriptor `opened` into the user's descriptor `fd`. Costs two system calls; three if `fd` is above 2; one if `opened`
/// already has the number `fd`.
///
/// # Errors
/// The errors of [`assign`].
pub fn give(fd: RawFd, opened: OwnedFd) -> Result<(), Errno> {
    assign(fd, opened.as_fd())?;
    if opened.as_raw_fd() == fd {
        // The user owns this descriptor now.
        let _ = opened.into_raw_fd();
    }
    Ok(())
}

/// Closes a descriptor of the user. Does nothing if the descriptor is not open or is the program's own. Costs one system call;
/// two if `fd` is above 2.
///
/// # Errors
/// Errors of `close(2)`, which occur only for files on a network.
pub fn close(fd: RawFd) -> Result<(), Errno> {
    if is_own(fd) {
        return Ok(());
    }
    // SAFETY: no code of the program relies on this descriptor, because it is the user's.
    match unsafe { sys::fd::close(fd) } {
        Err(Errno::EBADF) => Ok(()),
        answer => answer,
    }
}
