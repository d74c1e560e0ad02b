//! User and group ids and privileges: `credentials(7)`.

use linux_raw_sys::general as linux;

use super::{done, result};
use crate::arch::{nr, syscall0, syscall1, syscall2, syscall3};
use crate::errno::Errno;

/// The argument of [`setresuid`] and [`setresgid`] that leaves an id unchanged.
pub const UNCHANGED: u32 = u32::MAX;

macro_rules! own_id {
    ($(#[$doc:meta] $name:ident $number:expr)*) => {$(
        #[$doc]
        /// The call fails only if a seccomp filter forbids it.
        pub fn $name() -> Result<u32, Errno> {
            // SAFETY: no arguments.
            result(unsafe { syscall0($number as usize) }).map(|id| id as u32)
        }
    )*};
}

own_id! {
    /// `getuid`: returns the real user id.
    getuid nr::GETUID
    /// `geteuid`: returns the effective user id.
    geteuid nr::GETEUID
    /// `getgid`: returns the real group id.
    getgid nr::GETGID
    /// `getegid`: returns the effective group id.
    getegid nr::GETEGID
}

/// `setuid`: if the process has the privilege, sets the real, effective and saved user id; otherwise, sets only the effective
/// user id.
pub fn setuid(uid: u32) -> Result<(), Errno> {
    // SAFETY: a number is all it takes.
    done(unsafe { syscall1(nr::SETUID as usize, uid as usize) })
}

/// `setgid`: if the process has the privilege, sets the real, effective and saved group id; otherwise, sets only the effective
/// group id.
pub fn setgid(gid: u32) -> Result<(), Errno> {
    // SAFETY: a number is all it takes.
    done(unsafe { syscall1(nr::SETGID as usize, gid as usize) })
}

/// `setresuid`: sets the real, effective and saved user id.
pub fn setresuid(real: u32, effective: u32, saved: u32) -> Result<(), Errno> {
    // SAFETY: numbers are all it takes.
    let answer = unsafe {
        syscall3(
            nr::SETRESUID as usize,
            real as usize,
            effective as usize,
            saved as usize,
        )
    };
    done(answer)
}

/// `setresgid`: sets the real, effective and saved group id.
pub fn setresgid(real: u32, effective: u32, saved: u32) -> Result<(), Errno> {
    // SAFETY: numbers are all it takes.
    let answer = unsafe {
        syscall3(
            nr::SETRESGID as usize,
            real as usize,
            effective as usize,
            saved as usize,
        )
    };
    done(answer)
}

/// `setgroups`: sets the supplementary groups.
pub fn setgroups(groups: &[u32]) -> Result<(), Errno> {
    // SAFETY: the kernel reads `groups.len()` ids from the slice.
    let answer = unsafe {
        syscall2(
            nr::SETGROUPS as usize,
            groups.len(),
            groups.as_ptr() as usize,
        )
    };
    done(answer)
}

/// `getgroups`: writes the supplementary groups to `groups`, and returns their number. If `groups` is empty, the call only
/// returns the number. If `groups` is not empty but too short, the call fails with `EINVAL`.
pub fn getgroups(groups: &mut [u32]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most `groups.len()` ids to the slice.
    let answer = unsafe {
        syscall2(
            nr::GETGROUPS as usize,
            groups.len(),
            groups.as_mut_ptr() as usize,
        )
    };
    result(answer)
}

/// `prctl(PR_SET_NO_NEW_PRIVS)`: after this call, programs that this process executes cannot gain privileges from set-user-id
/// bits or file capabilities.
pub fn set_no_new_privs() -> Result<(), Errno> {
    // SAFETY: numbers are all it takes; the unused ones must be zero.
    let answer = unsafe {
        crate::arch::syscall5(
            linux::__NR_prctl as usize,
            linux_raw_sys::prctl::PR_SET_NO_NEW_PRIVS as usize,
            1,
            0,
            0,
            0,
        )
    };
    done(answer)
}
