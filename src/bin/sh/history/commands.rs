//! The commands of the history, in memory.

use alloc::rc::Rc;
use alloc::vec::Vec;

#[derive(Debug, Default)]
pub struct History {
    pub(super) commands: Vec<Rc<[u8]>>,
    /// The number of the first of them, less 1.
    pub(super) forgotten: usize,
    /// The last one is what was typed last, and is being executed.
    pub(super) is_executed: bool,
    /// Where that is in the file.
    pub(super) place: Option<Place>,
    pub(super) is_loaded: bool,
}

/// Where in which file a command is.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) ino: u64,
    pub(super) start: u64,
    pub(super) end: u64,
}

impl History {
    /// One behind the number of the last command.
    pub fn end(&self) -> usize {
        self.forgotten + self.commands.len() + 1
    }

    /// As [`end`](Self::end), but before the command that is being executed.
    pub fn past(&self) -> usize {
        self.end() - usize::from(self.is_executed)
    }

    /// The number of the first command that is remembered.
    pub fn first(&self) -> usize {
        self.forgotten + 1
    }

    pub fn get(&self, number: usize) -> Option<&Rc<[u8]>> {
        self.commands.get(number.checked_sub(self.first())?)
    }

    /// The last one before a number for which this holds.
    pub fn find(&self, before: usize, is: impl Fn(&[u8]) -> bool) -> Option<usize> {
        (self.first()..before.min(self.end()))
            .rev()
            .find(|&number| self.get(number).is_some_and(|command| is(command)))
    }

    /// Unless it is the last one already. If `erases`, the same command is forgotten where it was before.
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
