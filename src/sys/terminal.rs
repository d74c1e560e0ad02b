//! Terminals and the jobs on them: `ioctl_tty(2)`.

use linux_raw_sys::{general as linux, ioctl};

use super::{done, result};
use crate::arch::syscall3;
use crate::errno::Errno;
use crate::fd::BorrowedFd;

/// `tcsetpgrp`: makes `group` the terminal's foreground process group.
pub fn tcsetpgrp(terminal: BorrowedFd<'_>, group: i32) -> Result<(), Errno> {
    // SAFETY: the kernel reads one number.
    let answer = unsafe {
        syscall3(
            linux::__NR_ioctl as usize,
            terminal.fd as usize,
            ioctl::TIOCSPGRP as usize,
            &raw const group as usize,
        )
    };
    done(answer)
}

/// `tcgetpgrp`: the terminal's foreground process group.
pub fn tcgetpgrp(terminal: BorrowedFd<'_>) -> Result<i32, Errno> {
    let mut group = 0;
    // SAFETY: the kernel writes one number.
    let answer = unsafe {
        syscall3(
            linux::__NR_ioctl as usize,
            terminal.fd as usize,
            ioctl::TIOCGPGRP as usize,
            &raw mut group as usize,
        )
    };
    result(answer).map(|_| group)
}

/// `TIOCSCTTY`: makes it the controlling terminal of this process's session, which must be its leader and have none.
pub fn set_controlling(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: a number is all it takes.
    let answer = unsafe {
        syscall3(
            linux::__NR_ioctl as usize,
            terminal.fd as usize,
            ioctl::TIOCSCTTY as usize,
            0,
        )
    };
    done(answer)
}
