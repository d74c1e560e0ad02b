//! The terminal, which init lends to the command's process group.
//!
//! What here would stop a background process goes through: all signals are blocked.

use nestling::{BorrowedFd, Pid, io, sys};

/// The first standard descriptor at which there is the controlling terminal. It is looked for once: init has what it was started with.
pub struct Terminal(Option<BorrowedFd<'static>>);

impl Terminal {
    pub fn find() -> Self {
        let standard = [io::stdin(), io::stdout(), io::stderr()];
        let mut standard = standard.into_iter();
        Self(standard.find(|&fd| sys::terminal::tcgetpgrp(fd).is_ok()))
    }

    /// The terminal, if this process's group is in its foreground.
    pub fn foreground(&self) -> Option<BorrowedFd<'static>> {
        // Not by comparing the groups' ids: outside of this pid namespace each of them is 0. But a background process can't read.
        self.0
            .filter(|&terminal| sys::fd::read(terminal, &mut []).is_ok())
    }

    /// Gives it to the command's group, if init's has it.
    pub fn hand_over(&self, command: Pid) {
        if let Some(terminal) = self.foreground() {
            // It may hang up at any moment, and then it is nobody's.
            let _ = sys::terminal::tcsetpgrp(terminal, command.as_raw());
        }
    }

    /// Takes it back, if the command's group had it at its end: whoever has started init may have no job control, and want to
    /// read.
    pub fn take_back(&self, command: Pid) {
        if let Some(terminal) = self.0
            && sys::terminal::tcgetpgrp(terminal) == Ok(command.as_raw())
            && let Ok(group) = sys::process::getpgid(0)
        {
            let _ = sys::terminal::tcsetpgrp(terminal, group);
        }
    }
}
