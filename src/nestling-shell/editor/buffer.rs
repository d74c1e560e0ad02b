//! The line that is edited, its changes for `undo`, and the killed texts.

use alloc::vec::Vec;
use core::mem;

use crate::characters;

/// The number of killed texts that are kept.
const KILLS: usize = 16;
/// The number of changes that can be undone.
const CHANGES: usize = 500;
/// The greatest number of bytes that repetitions of one key may insert. (Counts multiply.)
const MOST_REPEATED: usize = 256 * 1024;

/// A line that is edited: its text, the cursor, and the changes that can be undone.
#[derive(Debug, Default)]
pub struct Buffer {
    text: Vec<u8>,
    /// The cursor's position: the cursor is before this byte.
    at: usize,
    changes: Vec<Change>,
    /// The number of the editing command that is changing the line.
    command: usize,
    /// The number of bytes inserted since the last key, and whether an insertion was refused because that number was too large.
    grown: usize,
    /// Whether an insertion was refused because repetitions of one key have inserted too much.
    pub refused: bool,
    /// Whether characters are encoded in UTF-8. If not, each byte is a character.
    pub utf8: bool,
}

/// A change, in the form that undoes it: the bytes `removed` replace the `inserted` bytes at `start`.
#[derive(Debug)]
struct Change {
    start: usize,
    removed: Vec<u8>,
    inserted: usize,
    cursor: usize,
    /// All changes of one editing command are undone together.
    command: usize,
}

impl Buffer {
    /// Makes an empty line.
    pub fn new(utf8: bool) -> Self {
        Self {
            utf8,
            ..Self::default()
        }
    }

    /// Returns the text.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Returns the cursor's position: the number of bytes before it.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether the line has no text.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns the bytes from `start` to `end`.
    pub fn part(&self, start: usize, end: usize) -> &[u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Moves the cursor to a position, at most to the end.
    pub fn go(&mut self, at: usize) {
        self.at = at.min(self.text.len());
    }

    /// Whether a change can be undone.
    pub fn is_changed(&self) -> bool {
        !self.changes.is_empty()
    }

    /// The following changes belong to a new editing command.
    pub fn begin(&mut self) {
        self.command += 1;
    }

    /// Must be called for each key that is read.
    pub fn struck(&mut self) {
        self.grown = 0;
    }

    /// Replaces a part of the text and moves the cursor to the end of the new part. The first insertion of a key may have any
    /// length, because it may be a paste. Further insertions of the same key are refused when they grow too long.
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
        // Text that is typed without a pause for other keys is undone together, one word at a time.
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

    /// Inserts bytes before the cursor.
    pub fn insert(&mut self, new: &[u8]) {
        self.replace(self.at, self.at, new);
    }

    /// Replaces the line with another one, which has no changes yet.
    pub fn load(&mut self, text: &[u8]) {
        self.take();
        self.text.extend_from_slice(text);
        self.at = text.len();
    }

    /// Undoes the changes of the last editing command. Returns false if there was none.
    pub fn undo(&mut self) -> bool {
        let command = self.changes.last().map(|change| change.command);
        while let Some(change) = self
            .changes
            .pop_if(|change| Some(change.command) == command)
        {
            let end = (change.start + change.inserted).min(self.text.len());
            let start = change.start.min(end);
            let removed = change.removed.iter().copied();
            self.text.splice(start..end, removed);
            self.go(change.cursor);
        }
        command.is_some()
    }

    /// Takes the text out and makes the line empty, without changes.
    pub fn take(&mut self) -> Vec<u8> {
        self.changes.clear();
        self.at = 0;
        mem::take(&mut self.text)
    }

    /// Returns the beginning of the character before a position, together with its combining characters.
    pub fn before(&self, mut at: usize) -> usize {
        loop {
            let length = characters::length_of_last(self.part(0, at), self.utf8);
            at -= length;
            if at == 0 || length == 0 || !self.combines(at) {
                return at;
            }
        }
    }

    /// Returns the end of the character at a position.
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

    /// Returns whether only blanks precede a position in its line.
    pub fn is_indented(&self, at: usize) -> bool {
        let before = self.part(0, at).iter().rev();
        let mut before = before.skip_while(|byte| matches!(byte, b' ' | b'\t'));
        before.next().is_none_or(|&byte| byte == b'\n')
    }

    /// Returns the beginning of the word before a position.
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

    /// Returns the end of the word at or after a position.
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

/// Whether a byte belongs to a word, for most keys. Every byte of a multibyte character does.
pub fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// Whether a byte belongs to a word that ends at a blank.
pub fn is_not_blank(byte: u8) -> bool {
    !byte.is_ascii_whitespace()
}

/// The killed texts, the newest last.
#[derive(Debug, Default)]
pub struct Kills {
    texts: Vec<Vec<u8>>,
}

impl Kills {
    /// Keeps a killed text. If `joins`, it is joined to the last killed text.
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

    /// Returns the text that was killed last.
    pub fn last(&self) -> &[u8] {
        self.texts.last().map_or(&[], |text| text)
    }

    /// Makes the second newest text the newest one.
    pub fn rotate(&mut self) {
        if let Some(last) = self.texts.pop() {
            self.texts.insert(0, last);
        }
    }
}
