//! What keys of several modes do.

use alloc::vec::Vec;

use super::buffer::Buffer;
use super::history::History;
use super::host::Host;
use super::search;
use super::session::{Act, CTRL_C, End, Last, Session};
use crate::characters;

impl Session<'_> {
    pub(super) fn kill(&mut self, start: usize, end: usize, joins: bool) {
        let forward = start == self.buffer.at();
        let text = self.buffer.part(start, end);
        if !text.is_empty() {
            self.kept.kills.keep(text, joins, forward);
            self.buffer.replace(start, end, b"");
        }
        self.last = Last::Kill;
    }

    /// Shows the command with this number, or the typed line, with the changes made to it before. Returns false if the number does
    /// not exist.
    pub(super) fn show<H: Host>(&mut self, host: &H, number: usize) -> bool {
        let history = host.history();
        if number < history.first() || number > history.end() {
            self.screen.bell();
            return false;
        }
        self.put_aside(number, history.end());
        if let Some(place) = self.index_of_edited(number) {
            self.buffer = self.edited.swap_remove(place).1;
            self.buffer.go(self.buffer.len());
        } else {
            self.buffer
                .load(history.get(number).map_or(b"", |command| command));
        }
        true
    }

    /// Prepares to show the command with this number. Keeps the line that is shown now, if it was changed. The typed line has the
    /// number `end`.
    fn put_aside(&mut self, number: usize, end: usize) {
        let former = core::mem::replace(&mut self.number, number);
        if self.buffer.is_changed() || former == end {
            let buffer = Buffer::new(self.buffer.utf8);
            let buffer = core::mem::replace(&mut self.buffer, buffer);
            self.edited.push((former, buffer));
        }
    }

    pub(super) fn index_of_edited(&self, number: usize) -> Option<usize> {
        self.edited.iter().position(|&(other, _)| other == number)
    }

    /// Returns a command of the history, with the changes made to it.
    pub(super) fn command<'a>(&'a self, history: &'a History, number: usize) -> Option<&'a [u8]> {
        let command = history.get(number)?;
        let place = self.index_of_edited(number);
        let edited = place.and_then(|place| self.edited.get(place));
        Some(edited.map_or(command, |(_, buffer)| buffer.text()))
    }

    /// Moves to the previous or next line in a command of several lines. From the first or last line, moves to another command.
    pub(super) fn go_up_or_down<H: Host>(&mut self, host: &H, back: bool, last: Last) {
        match last {
            Last::Beginning => {
                self.last = last;
                return search::by_beginning(self, host, back);
            }
            // After a move through the history, the key continues in the history, also through commands of several lines.
            Last::History => self.last = last,
            Last::Other
            | Last::Kill
            | Last::Yank(_)
            | Last::Argument(..)
            | Last::Tab
            | Last::Backslash => {}
        }
        let (buffer, at) = (&self.buffer, self.buffer.at());
        let is_newline = |byte: &u8| *byte == b'\n';
        let start_of = |at| {
            let before = buffer.part(0, at).iter().rposition(is_newline);
            before.map_or(0, |newline| newline + 1)
        };
        let start = start_of(at);
        let line = if back {
            start.checked_sub(1).map(start_of)
        } else {
            let rest = buffer.part(at, buffer.len()).iter();
            rest.clone().position(is_newline).map(|end| at + end + 1)
        };
        let Some(line) = line else {
            if host.searches_beginning() && last != Last::History && at > 0 {
                self.last = Last::Beginning;
                return search::by_beginning(self, host, back);
            }
            self.last = Last::History;
            self.go_through_history(host, back);
            return;
        };
        let column = characters::count(buffer.part(start, at), buffer.utf8);
        let end = buffer.part(line, buffer.len()).iter();
        let end = end
            .clone()
            .position(is_newline)
            .map_or(buffer.len(), |end| line + end);
        let (mut place, mut left) = (line, column);
        while left > 0 && place < end {
            place = buffer.after(place);
            left -= 1;
        }
        self.buffer.go(place.min(end));
    }

    /// Shows the previous or the next command.
    fn go_through_history<H: Host>(&mut self, host: &H, back: bool) -> bool {
        let number = if back {
            self.number.saturating_sub(1)
        } else {
            self.number + 1
        };
        self.show(host, number)
    }

    /// Returns the position of the `count`th occurrence of a character after the cursor, or before it if `back`.
    pub(super) fn place_of(&self, character: &[u8], back: bool, count: usize) -> Option<usize> {
        let mut at = self.buffer.at();
        for _ in 0..count {
            loop {
                let next = if back {
                    self.buffer.before(at)
                } else {
                    self.buffer.after(at)
                };
                if next == at || next >= self.buffer.len() {
                    return None;
                }
                at = next;
                if self
                    .buffer
                    .part(at, self.buffer.len())
                    .starts_with(character)
                {
                    break;
                }
            }
        }
        Some(at)
    }

    /// The range between the mark and the cursor, or the whole line if no mark is set.
    pub(super) fn marked(&self) -> (usize, usize) {
        match self.mark {
            Some(_) => self.region(),
            None => (0, self.buffer.len()),
        }
    }

    /// The range between the mark and the cursor. Without a mark it begins at the beginning of the line.
    pub(super) fn region(&self) -> (usize, usize) {
        let (at, mark) = (
            self.buffer.at(),
            self.mark.unwrap_or(0).min(self.buffer.len()),
        );
        (at.min(mark), at.max(mark))
    }

    /// Turns the line into a comment.
    pub(super) fn comment(&mut self) {
        self.buffer.replace(0, 0, b"#");
    }

    /// Handles Ctrl-C.
    pub(super) fn interrupt<H: Host>(&mut self, host: &mut H) -> H::Divert {
        self.buffer.go(self.buffer.len());
        self.buffer.insert(&[CTRL_C]);
        self.leave(host);
        host.interrupt()
    }

    /// Cancels the line.
    pub(super) fn cancel<H: Host>(&mut self, host: &mut H) -> H::Divert {
        self.leave(host);
        host.cancel()
    }

    /// Replaces the marked text with what the host makes of it.
    pub(super) fn evaluate<H: Host>(&mut self, host: &mut H) {
        let (start, end) = self.marked();
        self.leave(host);
        let output = host.evaluate(self.buffer.part(start, end));
        self.enter(host);
        match output {
            Some(output) => self.buffer.replace(start, end, &output),
            None => self.screen.bell(),
        }
    }

    /// Has the user edit the line with another editor. If the user has done that, the line ends.
    pub(super) fn edit_elsewhere<H: Host>(&mut self, host: &mut H) -> Act<H> {
        self.leave(host);
        let Some(text) = host.edit(self.buffer.text())? else {
            self.enter(host);
            return Ok(None);
        };
        nestling::eprint!(&text[..]);
        self.buffer.load(text.trim_ascii_end());
        Ok(Some(End::Line))
    }
}

/// Replaces each character of a text by the character that `other` returns.
pub(super) fn recased(text: &[u8], utf8: bool, mut other: impl FnMut(u32) -> u32) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((code, length)) = characters::decode(rest, utf8) {
        let (character, more) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        match char::from_u32(other(code)) {
            Some(other) if utf8 || other.is_ascii() => {
                out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => out.extend_from_slice(character),
        }
        rest = more;
    }
    out
}
