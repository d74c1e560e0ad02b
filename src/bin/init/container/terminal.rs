//! The terminal, which init lends to the command's process group.
//!
//! All signals are blocked, also `SIGTTOU`. So these calls also work if init is in the background.

use nestling::{BorrowedFd, Pid, io, sys};

/// The first standard descriptor that refers to the controlling terminal. Init looks for it only once, because its standard
/// descriptors do not change.
pub struct Terminal(Option<BorrowedFd<'static>>);

impl Terminal {
    pub fn find() -> Self {
        let standard = [io::stdin(), io::stdout(), io::stderr()];
        let mut standard = standard.into_iter();
        Self(standard.find(|&fd| sys::terminal::tcgetpgrp(fd).is_ok()))
    }

    /// Returns the terminal if this process's group is in the foreground.
    pub fn foreground(&self) -> Option<BorrowedFd<'static>> {
        // A comparison of group ids would not work, because the ids of groups outside of this pid namespace are 0. But a read of a
        // background process fails.
        self.0
            .filter(|&terminal| sys::fd::read(terminal, &mut []).is_ok())
    }

    /// Puts the command's group into the foreground, if init's group is in the foreground.
    pub fn hand_over(&self, command: Pid) {
        if let Some(terminal) = self.foreground() {
            // An error can mean that the terminal is hung up. Then init need not do anything.
            let _ = sys::terminal::tcsetpgrp(terminal, command.as_raw());
        }
    }

    /// Puts init's group into the foreground, if the command's group was in the foreground at the command's end. The program that
    /// has started init may have no job control, and may want to read from the terminal.
    pub fn take_back(&self, command: Pid) {
        if let Some(terminal) = self.0
            && sys::terminal::tcgetpgrp(terminal) == Ok(command.as_raw())
            && let Ok(group) = sys::process::getpgid(0)
        {
            let _ = sys::terminal::tcsetpgrp(terminal, group);
        }
    }
}
