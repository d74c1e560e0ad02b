//! Terminals and the jobs on them: `ioctl_tty(2)`.

use linux_raw_sys::{general as linux, ioctl};

use super::{done, ioctl, small};
use crate::errno::Errno;
use crate::fd::{BorrowedFd, OwnedFd};
use crate::file::OFlags;

/// `tcsetpgrp`: sets the terminal's foreground process group to `group`.
pub fn tcsetpgrp(terminal: BorrowedFd<'_>, group: i32) -> Result<(), Errno> {
    // SAFETY: the kernel reads one number.
    done(unsafe { ioctl(terminal, ioctl::TIOCSPGRP, &raw const group as usize) })
}

/// `tcgetpgrp`: returns the terminal's foreground process group; 0 if the group is outside of this pid namespace.
pub fn tcgetpgrp(terminal: BorrowedFd<'_>) -> Result<i32, Errno> {
    let mut group = 0;
    // SAFETY: the kernel writes one number.
    let answer = unsafe { ioctl(terminal, ioctl::TIOCGPGRP, &raw mut group as usize) };
    small(answer).map(|_| group)
}

/// `tcgetsid`: returns the session that has `terminal` as its controlling terminal; 0 if the session is outside of this pid
/// namespace.
pub fn tcgetsid(terminal: BorrowedFd<'_>) -> Result<i32, Errno> {
    let mut session = 0;
    // SAFETY: the kernel writes one number.
    let answer = unsafe { ioctl(terminal, ioctl::TIOCGSID, &raw mut session as usize) };
    small(answer).map(|_| session)
}

/// `TIOCSCTTY`: sets the controlling terminal of this process's session to `terminal`. This process must be the session's
/// leader, and the session must have no controlling terminal.
pub fn set_controlling(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    done(unsafe { ioctl(terminal, ioctl::TIOCSCTTY, 0) })
}

/// `TIOCNOTTY`: gives up this process's controlling terminal. If this process is the session's leader, the whole session loses
/// the terminal, and the kernel sends `SIGHUP` and `SIGCONT` to the foreground process group.
pub fn give_up_controlling(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: the request takes no argument.
    done(unsafe { ioctl(terminal, ioctl::TIOCNOTTY, 0) })
}

/// `TIOCVHANGUP`: hangs up the terminal, as if its line had been cut.
pub fn hang_up(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: the request takes no argument.
    done(unsafe { ioctl(terminal, ioctl::TIOCVHANGUP, 0) })
}

/// `TCGETS2`: returns the terminal's attributes.
pub(crate) fn tcgets2(terminal: BorrowedFd<'_>) -> Result<linux::termios2, Errno> {
    // SAFETY: this request writes one `termios2`.
    unsafe { get_attributes(terminal, ioctl::TCGETS2) }
}

/// `TCGETS`: returns the terminal's attributes. The fields `c_ispeed` and `c_ospeed` are 0.
pub(crate) fn tcgets(terminal: BorrowedFd<'_>) -> Result<linux::termios2, Errno> {
    // SAFETY: this request writes one `termios`, and a `termios2` begins with the fields of a `termios`.
    unsafe { get_attributes(terminal, ioctl::TCGETS) }
}

/// # Safety
/// The request writes at most one `termios2`.
unsafe fn get_attributes(terminal: BorrowedFd<'_>, request: u32) -> Result<linux::termios2, Errno> {
    // SAFETY: the struct has only integer fields, so all zeros is a valid value.
    let mut attributes: linux::termios2 = unsafe { core::mem::zeroed() };
    // SAFETY: the caller upholds the safety contract.
    let answer = unsafe { ioctl(terminal, request, &raw mut attributes as usize) };
    small(answer).map(|_| attributes)
}

/// When attributes take effect (`tcsetattr(3)`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// Now (`TCSANOW`).
    Now,
    /// After all output has been sent (`TCSADRAIN`).
    Drain,
    /// After all output has been sent; then input that has not been read is discarded (`TCSAFLUSH`).
    Flush,
}

/// `TCSETS2`, `TCSETSW2`, `TCSETSF2`: sets the terminal's attributes.
pub(crate) fn tcsets2(
    terminal: BorrowedFd<'_>,
    when: When,
    attributes: &linux::termios2,
) -> Result<(), Errno> {
    let request = match when {
        When::Now => ioctl::TCSETS2,
        When::Drain => ioctl::TCSETSW2,
        When::Flush => ioctl::TCSETSF2,
    };
    // SAFETY: the kernel reads one `termios2`.
    done(unsafe { ioctl(terminal, request, &raw const *attributes as usize) })
}

/// `TCSETS`, `TCSETSW`, `TCSETSF`: sets the terminal's attributes. These requests can only set a speed that has a constant
/// `B…`.
pub(crate) fn tcsets(
    terminal: BorrowedFd<'_>,
    when: When,
    attributes: &linux::termios2,
) -> Result<(), Errno> {
    let request = match when {
        When::Now => ioctl::TCSETS,
        When::Drain => ioctl::TCSETSW,
        When::Flush => ioctl::TCSETSF,
    };
    // SAFETY: the kernel reads one `termios`, and a `termios2` begins with the fields of a `termios`.
    done(unsafe { ioctl(terminal, request, &raw const *attributes as usize) })
}

/// `tcdrain`: waits until all output has been sent.
pub fn tcdrain(terminal: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: the request takes only a number. With the number 1 it sends no break.
    done(unsafe { ioctl(terminal, ioctl::TCSBRK, 1) })
}

/// What [`tcflush`] discards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Queue {
    /// Input that has not been read (`TCIFLUSH`).
    Input,
    /// Output that has not been sent (`TCOFLUSH`).
    Output,
    /// Input that has not been read, and output that has not been sent (`TCIOFLUSH`).
    Both,
}

/// `tcflush`: discards input that has not been read, output that has not been sent, or both.
pub fn tcflush(terminal: BorrowedFd<'_>, queue: Queue) -> Result<(), Errno> {
    let queue = match queue {
        Queue::Input => linux::TCIFLUSH,
        Queue::Output => linux::TCOFLUSH,
        Queue::Both => linux::TCIOFLUSH,
    };
    // SAFETY: the call takes only numbers.
    done(unsafe { ioctl(terminal, ioctl::TCFLSH, queue as usize) })
}

/// `TIOCGWINSZ`: returns the terminal's size.
pub(crate) fn window_size(terminal: BorrowedFd<'_>) -> Result<linux::winsize, Errno> {
    // SAFETY: the struct has only integer fields, so all zeros is a valid value.
    let mut size: linux::winsize = unsafe { core::mem::zeroed() };
    // SAFETY: the kernel writes one `winsize`.
    let answer = unsafe { ioctl(terminal, ioctl::TIOCGWINSZ, &raw mut size as usize) };
    small(answer).map(|_| size)
}

/// `TIOCSWINSZ`: sets the terminal's size.
pub(crate) fn set_window_size(
    terminal: BorrowedFd<'_>,
    size: &linux::winsize,
) -> Result<(), Errno> {
    // SAFETY: the kernel reads one `winsize`.
    done(unsafe { ioctl(terminal, ioctl::TIOCSWINSZ, &raw const *size as usize) })
}

/// `KDGKBTYPE`: returns the kind of keyboard that a virtual console has. Fails with `ENOTTY` on any other terminal.
pub fn keyboard_type(console: BorrowedFd<'_>) -> Result<u8, Errno> {
    const KDGKBTYPE: u32 = 0x4b33;
    let mut kind = 0;
    // SAFETY: the kernel writes one byte.
    let answer = unsafe { ioctl(console, KDGKBTYPE, &raw mut kind as usize) };
    small(answer).map(|_| kind)
}

/// `TIOCSPTLCK`: unlocks a new pseudo-terminal: after this, its terminal side can be opened.
pub fn unlock_pty(controller: BorrowedFd<'_>) -> Result<(), Errno> {
    let locked = 0i32;
    // SAFETY: the kernel reads one number.
    done(unsafe { ioctl(controller, ioctl::TIOCSPTLCK, &raw const locked as usize) })
}

/// `TIOCGPTN`: returns the number N of a pseudo-terminal. The path of its terminal side is `/dev/pts/N`.
pub fn pty_number(controller: BorrowedFd<'_>) -> Result<i32, Errno> {
    let mut number = 0;
    // SAFETY: the kernel writes one number.
    let answer = unsafe { ioctl(controller, ioctl::TIOCGPTN, &raw mut number as usize) };
    small(answer).map(|_| number)
}

/// `TIOCGPTPEER` (Linux 4.13): opens the terminal side of a pseudo-terminal. `controller` is its other side. `/dev/pts` need
/// not be mounted.
pub fn pty_peer(controller: BorrowedFd<'_>, flags: OFlags) -> Result<OwnedFd, Errno> {
    // SAFETY: the call takes only numbers; the kernel makes a new descriptor.
    unsafe {
        let answer = ioctl(controller, ioctl::TIOCGPTPEER, flags.bits() as usize);
        small(answer).map(|fd| OwnedFd::from_raw_fd(fd))
    }
}
