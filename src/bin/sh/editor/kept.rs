//! What the editor keeps between lines.

use alloc::vec::Vec;

use super::buffer::Kills;

#[derive(Debug, Default)]
pub struct Kept {
    pub(super) kills: Kills,
    /// The number of the command that the next line begins as (C-o).
    pub(super) next: Option<usize>,
    /// What was searched for last, and whether back.
    pub(super) pattern: Vec<u8>,
    pub(super) is_back: bool,
    pub(super) change: Change,
}

/// vi's last command that has changed a line.
#[derive(Debug, Default)]
pub struct Change {
    pub(super) keys: Vec<u8>,
    pub(super) count: Option<usize>,
}
