//! The commands of the history in memory.

use alloc::rc::Rc;
use alloc::vec::Vec;

/// The commands that were typed. Each has a number, which it keeps when older commands are forgotten. The first number is 1.
#[derive(Debug, Default)]
pub struct History {
    commands: Vec<Rc<[u8]>>,
    /// The number of the first command, less 1.
    forgotten: usize,
}

impl History {
    /// Returns the number of the last command plus 1.
    pub fn end(&self) -> usize {
        self.forgotten + self.commands.len() + 1
    }

    /// Returns the number of the first command in memory.
    pub fn first(&self) -> usize {
        self.forgotten + 1
    }

    /// Returns the command with this number, if it is in memory.
    pub fn get(&self, number: usize) -> Option<&Rc<[u8]>> {
        self.commands.get(number.checked_sub(self.first())?)
    }

    /// Returns all commands, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Rc<[u8]>> {
        self.commands.iter()
    }

    /// Returns the number of the last command before `before` for which `is` returns true.
    pub fn find(&self, before: usize, is: impl Fn(&[u8]) -> bool) -> Option<usize> {
        (self.first()..before.min(self.end()))
            .rev()
            .find(|&number| self.get(number).is_some_and(|command| is(command)))
    }

    /// Appends a command, unless it equals the last one. Then forgets the oldest commands, so that at most `most` are left. If
    /// `erases`, earlier occurrences of the same command are removed.
    pub fn push(&mut self, command: &[u8], most: usize, erases: bool) {
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

    /// Removes the last command.
    pub fn pop(&mut self) {
        self.commands.pop();
    }

    /// Whether the last command equals this one.
    pub fn is_last(&self, command: &[u8]) -> bool {
        self.commands.last().is_some_and(|last| **last == *command)
    }
}
