//! The state of an interactive shell that is kept between lines.

#[cfg(feature = "edit")]
use alloc::ffi::CString;
#[cfg(feature = "edit")]
use alloc::vec::Vec;

#[cfg(feature = "edit")]
use crate::history::commands::History;
#[cfg(feature = "edit")]
use nestling_shell::editor::Editor;

#[derive(Debug, Default)]
pub struct Interactive {
    /// The number of commands that have been read.
    pub commands: u32,
    /// How many times in a row the end of the input was ignored.
    pub(super) ends: u32,
    /// Whether no input came for TMOUT seconds.
    pub(super) is_late: bool,
    #[cfg(feature = "edit")]
    pub editor: Editor,
    #[cfg(feature = "edit")]
    pub history: History,
    #[cfg(feature = "edit")]
    pub(super) mail: Mail,
}

impl Interactive {
    /// Returns the number of the next command in the history: `!` in PS1.
    pub fn number(&self) -> usize {
        #[cfg(feature = "edit")]
        return self.history.commands.end();
        #[cfg(not(feature = "edit"))]
        return self.commands as usize;
    }
}

/// The state of the files in MAIL and MAILPATH.
#[cfg(feature = "edit")]
#[derive(Debug, Default)]
pub struct Mail {
    /// The time of the last check, in seconds of CLOCK_MONOTONIC.
    pub(super) looked: Option<i64>,
    /// The paths and sizes of the files.
    pub(super) files: Vec<(CString, u64)>,
}
