//! The terminal, which init lends to the command's process group.
//!
//! What here would stop a background process goes through: all signals are blocked.

use nestling::{BorrowedFd, Pid, io, sys};

/// The standard descriptor at which there is the controlling terminal, if this process's group is in its foreground.
pub fn foreground() -> Option<BorrowedFd<'static>> {
    // Not by comparing the groups' ids: outside of this pid namespace each of them is 0. But a background process can't read.
    controlling().filter(|&terminal| sys::fd::read(terminal, &mut []).is_ok())
}

/// Gives the terminal to the command's group, if init's has it.
pub fn hand_over(command: Pid) {
    if let Some(terminal) = foreground() {
        // It may hang up at any moment, and then it is nobody's.
        let _ = sys::terminal::tcsetpgrp(terminal, command.as_raw());
    }
}

/// Takes the terminal back, if the command's group had it at its end: whoever has started init may have no job control, and
/// want to read.
pub fn take_back(command: Pid) {
    if let Some(terminal) = controlling()
        && sys::terminal::tcgetpgrp(terminal) == Ok(command.as_raw())
        && let Ok(group) = sys::process::getpgid(0)
    {
        let _ = sys::terminal::tcsetpgrp(terminal, group);
    }
}

fn controlling() -> Option<BorrowedFd<'static>> {
    [io::stdin(), io::stdout(), io::stderr()]
        .into_iter()
        .find(|&fd| sys::terminal::tcgetpgrp(fd).is_ok())
}
