//! The commands of the history in memory.

use alloc::rc::Rc;
use alloc::vec::Vec;

#[derive(Debug, Default)]
pub struct History {
    pub(super) commands: Vec<Rc<[u8]>>,
    /// The number of the first command, less 1.
    pub(super) forgotten: usize,
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
    /// The number of the last command plus 1.
    pub fn end(&self) -> usize {
        self.forgotten + self.commands.len() + 1
    }

    /// Like [`end`](Self::end), but excludes the command that is being executed.
    pub fn past(&self) -> usize {
        self.end() - usize::from(self.is_executed)
    }

    /// The number of the first command in memory.
    pub fn first(&self) -> usize {
        self.forgotten + 1
    }

    pub fn get(&self, number: usize) -> Option<&Rc<[u8]>> {
        self.commands.get(number.checked_sub(self.first())?)
    }

    /// Returns the number of the last command before `before` for which `is` returns true.
    pub fn find(&self, before: usize, is: impl Fn(&[u8]) -> bool) -> Option<usize> {
        (self.first()..before.min(self.end()))
            .rev()
            .find(|&number| self.get(number).is_some_and(|command| is(command)))
    }

    /// Appends a command, unless it equals the last one. If `erases`, earlier occurrences of the same command are removed.
    pub(super) fn push(&mut self, command: &[u8], most: usize, erases: bool) {
        if self.is_last(command) {
            return;
        }
        if erases {
            self.commands.retain(|other| **other != *command);
        }
        self.commands.push(command.into());
        let surplus = self.commands.len().saturating_sub(most);
        self.forgotten += surplus;
        self.commands.drain(..surplus);
    }

    pub(super) fn is_last(&self, command: &[u8]) -> bool {
        self.commands.last().is_some_and(|last| **last == *command)
    }
}
