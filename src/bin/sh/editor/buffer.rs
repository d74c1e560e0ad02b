//! The line that is edited: its text, what undoes its changes, and what was killed.

use alloc::vec::Vec;
use core::mem;

use crate::expansion::characters;

/// So many kills are kept.
const KILLS: usize = 16;
/// So many changes can be undone.
const CHANGES: usize = 500;
/// So much one key may insert by repeating: counts multiply.
const MOST_REPEATED: usize = 256 * 1024;

#[derive(Debug, Default)]
pub struct Buffer {
    text: Vec<u8>,
    /// Where the cursor is: before this byte.
    at: usize,
    changes: Vec<Change>,
    /// The number of the command that changes it.
    command: usize,
    /// How much was inserted since a key was struck, and whether something was refused, since that was too much.
    grown: usize,
    pub refused: bool,
    pub utf8: bool,
}

/// A change, as what undoes it: these bytes were where so many are now.
#[derive(Debug)]
struct Change {
    start: usize,
    removed: Vec<u8>,
    inserted: usize,
    cursor: usize,
    /// What one command has changed is undone at once.
    command: usize,
}

impl Buffer {
    pub fn new(utf8: bool) -> Self {
        Self {
            utf8,
            ..Self::default()
        }
    }

    pub fn text(&self) -> &[u8] {
        &self.text
    }

    pub fn at(&self) -> usize {
        self.at
    }

    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// The bytes from one place to another.
    pub fn part(&self, start: usize, end: usize) -> &[u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    pub fn go(&mut self, at: usize) {
        self.at = at.min(self.text.len());
    }

    pub fn is_changed(&self) -> bool {
        !self.changes.is_empty()
    }

    /// What is changed from now on is another command's.
    pub fn begin(&mut self) {
        self.command += 1;
    }

    /// A key was struck.
    pub fn struck(&mut self) {
        self.grown = 0;
    }

    /// Replaces a part of the text; the cursor is behind what is new. The first insertion of a key may have any length: a paste. What a
    /// key would repeat beyond all measure is refused.
    pub fn replace(&mut self, start: usize, end: usize, new: &[u8]) {
        let end = end.min(self.text.len());
        let start = start.min(end);
        if start == end && new.is_empty() {
            return;
        }
        if self.grown > 0 && self.grown + new.len() > MOST_REPEATED {
            self.refused = true;
            return;
        }
        self.grown += new.len();
        let cursor = self.at;
        let removed: Vec<u8> = self.text.splice(start..end, new.iter().copied()).collect();
        self.at = start + new.len();
        // What is typed at a stretch is undone at once, a word at a time.
        if let Some(last) = self.changes.last_mut()
            && removed.is_empty()
            && last.removed.is_empty()
            && last.start + last.inserted == start
            && new != b" "
        {
            last.inserted += new.len();
            return;
        }
        if self.changes.len() == CHANGES {
            self.changes.remove(0);
        }
        self.changes.push(Change {
            start,
            removed,
            inserted: new.len(),
            cursor,
            command: self.command,
        });
    }

    pub fn insert(&mut self, new: &[u8]) {
        self.replace(self.at, self.at, new);
    }

    /// Another line, of which nothing has been changed yet.
    pub fn load(&mut self, text: &[u8]) {
        self.take();
        self.text.extend_from_slice(text);
        self.at = text.len();
    }

    /// Undoes what the last command has changed. Whether there was something.
    pub fn undo(&mut self) -> bool {
        let command = self.changes.last().map(|change| change.command);
        while let Some(change) = self
            .changes
            .pop_if(|change| Some(change.command) == command)
        {
            let end = (change.start + change.inserted).min(self.text.len());
            let start = change.start.min(end);
            self.text.splice(start..end, change.removed);
            self.go(change.cursor);
        }
        command.is_some()
    }

    pub fn take(&mut self) -> Vec<u8> {
        self.changes.clear();
        self.at = 0;
        mem::take(&mut self.text)
    }

    /// Where the character before a place begins, with what combines with it.
    pub fn before(&self, mut at: usize) -> usize {
        loop {
            let length = characters::length_of_last(self.part(0, at), self.utf8);
            at -= length;
            if at == 0 || length == 0 || !self.combines(at) {
                return at;
            }
        }
    }

    /// Where the character at a place ends.
    pub fn after(&self, mut at: usize) -> usize {
        loop {
            let length = characters::length(self.part(at, self.text.len()), self.utf8);
            at += length;
            if length == 0 || !self.combines(at) {
                return at;
            }
        }
    }

    fn combines(&self, at: usize) -> bool {
        let character = characters::decode(self.part(at, self.text.len()), self.utf8);
        character.is_some_and(|(code, _)| super::width::width(code) == 0)
    }

    /// Where the word before a place begins.
    pub fn word_before(&self, mut at: usize, is_word: fn(u8) -> bool) -> usize {
        let is = |at: usize| self.text.get(at.wrapping_sub(1)).copied().map(is_word);
        while is(at) == Some(false) {
            at -= 1;
        }
        while is(at) == Some(true) {
            at -= 1;
        }
        at
    }

    /// Where the word at or behind a place ends.
    pub fn word_after(&self, mut at: usize, is_word: fn(u8) -> bool) -> usize {
        let is = |at: usize| self.text.get(at).copied().map(is_word);
        while is(at) == Some(false) {
            at += 1;
        }
        while is(at) == Some(true) {
            at += 1;
        }
        at
    }
}

/// What words are made of, for most keys; a byte of a longer character is one of them.
pub fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

pub fn is_not_blank(byte: u8) -> bool {
    !byte.is_ascii_whitespace()
}

/// What was killed, the latest last.
#[derive(Debug, Default)]
pub struct Kills {
    texts: Vec<Vec<u8>>,
}

impl Kills {
    /// Keeps what is killed; after another kill, together with that.
    pub fn keep(&mut self, text: &[u8], joins: bool, forward: bool) {
        match self.texts.last_mut() {
            Some(last) if joins && forward => last.extend_from_slice(text),
            Some(last) if joins => drop(last.splice(..0, text.iter().copied())),
            _ => {
                if self.texts.len() == KILLS {
                    self.texts.remove(0);
                }
                self.texts.push(text.to_vec());
            }
        }
    }

    pub fn last(&self) -> &[u8] {
        self.texts.last().map_or(&[], |text| text)
    }

    /// The one before becomes the last.
    pub fn rotate(&mut self) {
        if let Some(last) = self.texts.pop() {
            self.texts.insert(0, last);
        }
    }
}
