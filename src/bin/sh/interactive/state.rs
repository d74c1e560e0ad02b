//! What is remembered between lines.

#[cfg(feature = "edit")]
use alloc::ffi::CString;
#[cfg(feature = "edit")]
use alloc::vec::Vec;

#[cfg(feature = "edit")]
use crate::editor::kept::Kept;
#[cfg(feature = "edit")]
use crate::history::commands::History;

#[derive(Debug, Default)]
pub struct Interactive {
    /// How many commands have been read.
    pub commands: u32,
    /// How often the end of the input was ignored in a row.
    pub(super) ends: u32,
    /// Nobody was there for TMOUT seconds.
    pub(super) is_late: bool,
    #[cfg(feature = "edit")]
    pub editor: Kept,
    #[cfg(feature = "edit")]
    pub history: History,
    #[cfg(feature = "edit")]
    pub(super) mail: Mail,
}

impl Interactive {
    /// The number of the next command in the history: `!` in PS1.
    pub fn number(&self) -> usize {
        #[cfg(feature = "edit")]
        return self.history.end();
        #[cfg(not(feature = "edit"))]
        return self.commands as usize;
    }
}

/// What was seen of the files of MAIL and MAILPATH.
#[cfg(feature = "edit")]
#[derive(Debug, Default)]
pub struct Mail {
    /// When they were looked at last, in seconds of CLOCK_MONOTONIC.
    pub(super) looked: Option<i64>,
    /// Their paths and sizes.
    pub(super) files: Vec<(CString, u64)>,
}
