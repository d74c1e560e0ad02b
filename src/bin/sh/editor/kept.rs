//! The editor's state that is kept between lines.

use alloc::vec::Vec;

use nestling_shell::editor::buffer::Kills;

#[derive(Debug, Default)]
pub struct Kept {
    pub(super) kills: Kills,
    /// The number of the command with which the next line begins (C-o).
    pub(super) next: Option<usize>,
    /// The text that was searched for last, and whether the search went backward.
    pub(super) pattern: Vec<u8>,
    pub(super) is_back: bool,
    pub(super) change: Change,
}

/// vi's last command that changed a line.
#[derive(Debug, Default)]
pub struct Change {
    pub(super) keys: Vec<u8>,
    pub(super) count: Option<usize>,
}
