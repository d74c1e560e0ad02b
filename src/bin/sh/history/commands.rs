//! What the shell knows of the commands of its history.

use nestling_shell::editor::history::History as Commands;

#[derive(Debug, Default)]
pub struct History {
    pub commands: Commands,
    /// Whether the last command is the line that was typed last and is being executed.
    pub(super) is_executed: bool,
    /// The record of the last command in the history file.
    pub(super) record: Option<Record>,
    pub(super) is_loaded: bool,
}

/// The file of a command, and the command's position in it.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) ino: u64,
    pub(super) start: u64,
    pub(super) end: u64,
}

impl History {
    /// The number of the last command plus 1, without the command that is being executed.
    pub fn past(&self) -> usize {
        self.commands.end() - usize::from(self.is_executed)
    }
}
