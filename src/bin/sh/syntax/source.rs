//! Where a program's text comes from, and how it is read: never past what the next complete command needs, where others read
//! the same descriptor.

use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use nestling::sys::fd::{lseek, set_nonblocking};
use nestling::{BorrowedFd, Errno, SeekFrom, io};

use super::host::Host;
use super::lexer::Buffers;
use crate::symbols::Symbol;

/// How much is read at once: so much at first, where what is too much is read again for each command or not; and then as much as
/// the command has already, up to the most.
const LEAST_SHARED: usize = 1024;
const LEAST_OWN: usize = 8 * 1024;
const MOST: usize = 64 * 1024;

/// Where a program's text comes from, and how far it is read.
#[derive(Debug)]
pub struct Source {
    origin: Origin,
    /// What was read and not forgotten yet; or, while an alias's value is read in place of its name, that value.
    pub(super) text: Vec<u8>,
    /// How much of it is done with.
    pub(super) at: usize,
    /// What is read on at the end of an alias's value, the innermost last: the first is what was read.
    pub(super) outer: Vec<Outer>,
    /// The names of the aliases that the token comes from, in which they are not replaced again: first `inherited` of those
    /// around this text, then one for each of `outer`, then those whose values ended within the token.
    pub(super) aliases: Vec<Symbol>,
    pub(super) inherited: usize,
    /// The line that `at` is in.
    pub(super) line: u32,
    /// Where the complete command begins.
    begun: usize,
    /// Some of the complete command was read.
    goes_on: bool,
    /// There is no more, at least for this complete command.
    pub(super) ended: bool,
    /// The parser's, kept from one command to the next for their room.
    pub(super) buffers: Buffers,
}

#[derive(Debug)]
enum Origin {
    Text,
    /// Text that `set -v` echoes.
    File,
    Descriptor(BorrowedFd<'static>, Sharing),
    Interactive,
}

/// Who else reads a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// Nobody.
    Own,
    /// The commands, and it is not known yet which of the two it is:
    Shared,
    /// what was read too much can be given back,
    Seekable,
    /// it can't, so nothing is.
    Stream,
}

/// A text around an alias's value.
#[derive(Debug, Clone)]
pub(super) struct Outer {
    pub text: Vec<u8>,
    /// After the alias's name.
    pub at: usize,
    /// Where that begins.
    pub start: usize,
}

impl Source {
    /// The text itself: `sh -c`, `eval`, a trap's action. `line` is the number of its first line.
    pub fn text(text: &[u8], line: u32) -> Self {
        Self::owned(text.to_vec(), line)
    }

    /// The text of a dot script.
    pub fn file(text: Vec<u8>) -> Self {
        let mut source = Self::owned(text, 1);
        source.origin = Origin::File;
        source
    }

    pub(super) fn owned(text: Vec<u8>, line: u32) -> Self {
        Self {
            origin: Origin::Text,
            text,
            at: 0,
            outer: Vec::new(),
            aliases: Vec::new(),
            inherited: 0,
            line,
            begun: 0,
            goes_on: false,
            ended: false,
            buffers: Buffers::default(),
        }
    }

    /// Whether it is seen that nothing follows what was parsed: of a text, not of what is read from elsewhere.
    pub fn is_over(&self) -> bool {
        matches!(self.origin, Origin::Text) && self.outer.is_empty() && self.at >= self.text.len()
    }

    /// Whether something is left of an alias's value.
    pub fn is_in_alias(&self) -> bool {
        !self.outer.is_empty()
    }

    /// A descriptor. If `shared`, others read it too (standard input), so nothing is read past the line that is needed: a seek
    /// back where it can, else byte by byte (XCU sh, STDIN).
    pub fn descriptor(fd: BorrowedFd<'static>, shared: bool) -> Self {
        let sharing = if shared {
            Sharing::Shared
        } else {
            Sharing::Own
        };
        let mut source = Self::owned(Vec::new(), 1);
        source.origin = Origin::Descriptor(fd, sharing);
        source
    }

    /// The user at a terminal: lines come from [`Host::read_line`].
    pub fn interactive() -> Self {
        let mut source = Self::owned(Vec::new(), 1);
        source.origin = Origin::Interactive;
        source
    }

    /// Forgets what was read of the current line, after an error at the terminal, and what came with it: the lines of a paste.
    pub fn discard_line(&mut self) {
        while self.leave_alias() {}
        self.at = match self.origin {
            Origin::Interactive => self.text.len(),
            _ => self.line_end(),
        };
    }

    /// A complete command begins: what is before it is not needed any more.
    pub(super) fn begin(&mut self) {
        self.buffers.begin();
        if !matches!(self.origin, Origin::Text | Origin::File)
            && self.outer.is_empty()
            && self.at >= self.text.len() / 2
        {
            // Moved are fewer bytes than were parsed.
            self.text.drain(..self.at);
            self.at = 0;
        }
        self.begun = self.place();
        self.goes_on = false;
        self.ended = false;
    }

    /// The complete command is read, and about to be executed: gives back what was read beyond it.
    pub fn hand_over(&mut self) {
        if let Origin::Descriptor(fd, Sharing::Seekable) = self.origin
            && self.outer.is_empty()
            && self.at < self.text.len()
        {
            let ahead = self.text.len() - self.at;
            if lseek(fd, SeekFrom::Current(-(ahead as i64))).is_ok() {
                self.text.truncate(self.at);
            }
        }
    }

    /// `set -v`: writes the complete command.
    pub fn echo(&self) {
        if !matches!(self.origin, Origin::Text) {
            // Nobody is left to be told.
            let _ = io::write_all(io::stderr(), self.command());
        }
    }

    /// What was read of the complete command, as it was read.
    pub fn command(&self) -> &[u8] {
        let command = self.read().get(self.begun..self.place());
        command.unwrap_or_default()
    }

    /// Whether it is [what the user types](Self::interactive).
    pub fn is_typed(&self) -> bool {
        matches!(self.origin, Origin::Interactive)
    }

    /// Where the line that `at` is in ends, behind its newline.
    fn line_end(&self) -> usize {
        if self.at > 0 && self.text.get(self.at - 1) == Some(&b'\n') {
            return self.at;
        }
        self.at + newline(self.rest()).map_or(self.rest().len(), |length| length + 1)
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// At the end of an alias's value: goes on behind its name. `false` if this is none.
    pub(super) fn leave_alias(&mut self) -> bool {
        match self.outer.pop() {
            Some(outer) => {
                (self.text, self.at) = (outer.text, outer.at);
                true
            }
            None => false,
        }
    }

    /// At the last byte of an alias's value, with nothing left of those around it: whether a newline is next.
    pub(super) fn is_before_newline(&self) -> bool {
        let Some((first, inner)) = self.outer.split_first() else {
            return false;
        };
        self.at + 1 == self.text.len()
            && inner.iter().all(|outer| outer.at == outer.text.len())
            && first.text.get(first.at) == Some(&b'\n')
    }

    /// Reads on in the alias's value; its name began at `start`.
    pub(super) fn enter_alias(&mut self, name: Symbol, value: &[u8], start: usize) {
        self.aliases.push(name);
        let text = mem::replace(&mut self.text, value.to_vec());
        let at = mem::take(&mut self.at);
        self.outer.push(Outer { text, at, start });
    }

    /// How far what was read is done with: in an alias's value, behind its name.
    pub(super) fn place(&self) -> usize {
        self.outer.first().map_or(self.at, |outer| outer.at)
    }

    /// As [`place`](Self::place), but in an alias's value where its name begins.
    pub(super) fn start(&self) -> usize {
        self.outer.first().map_or(self.at, |outer| outer.start)
    }

    /// What was read, or the text itself.
    pub(super) fn read(&self) -> &[u8] {
        self.outer.first().map_or(&self.text, |outer| &outer.text)
    }

    /// Reads more, behind what was read: a line at least, or whatever comes. Whether there was more.
    pub(super) fn fill<H: Host>(&mut self, host: &mut H) -> Result<bool, H::Divert> {
        if self.ended {
            return Ok(false);
        }
        let goes_on = mem::replace(&mut self.goes_on, true);
        let before = self.text.len();
        match self.origin {
            Origin::Text | Origin::File => {}
            Origin::Interactive => {
                // It is ended, for whoever does not come back.
                self.ended = true;
                if let Some(line) = host.read_line(goes_on)? {
                    self.text.extend_from_slice(&line);
                }
            }
            Origin::Descriptor(fd, mut sharing) => {
                if sharing == Sharing::Shared {
                    sharing = match lseek(fd, SeekFrom::Current(0)) {
                        Ok(_) => Sharing::Seekable,
                        Err(_) => Sharing::Stream,
                    };
                    self.origin = Origin::Descriptor(fd, sharing);
                }
                let least = if sharing == Sharing::Own {
                    LEAST_OWN
                } else {
                    LEAST_SHARED
                };
                let answer = match sharing {
                    Sharing::Stream => self.read_line(fd),
                    _ => self.read_block(fd, before.saturating_sub(self.begun).clamp(least, MOST)),
                };
                if let Err(errno) = answer {
                    self.ended = true;
                    return Err(host.cannot_read(errno));
                }
            }
        }
        self.ended = self.text.len() == before;
        Ok(!self.ended)
    }

    fn read_block(&mut self, fd: BorrowedFd<'_>, size: usize) -> Result<(), Errno> {
        let before = self.text.len();
        // `resize` would do it byte by byte.
        self.text.extend_from_slice(&vec![0; size]);
        let answer = read(fd, self.text.get_mut(before..).unwrap_or_default());
        self.text.truncate(before + answer.unwrap_or(0));
        answer.map(|_| ())
    }

    fn read_line(&mut self, fd: BorrowedFd<'_>) -> Result<(), Errno> {
        let mut byte = [0];
        while byte != *b"\n" && read(fd, &mut byte)? != 0 {
            self.text.extend_from_slice(&byte);
        }
        Ok(())
    }
}

/// Reads once. A descriptor that does not block is made to (XCU sh, STDIN).
fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize, Errno> {
    match io::read(fd, buffer) {
        Err(Errno::EAGAIN) => {
            set_nonblocking(fd, false)?;
            io::read(fd, buffer)
        }
        answer => answer,
    }
}

/// Where the first newline is: a word at a time, for here-documents are long.
pub(super) fn newline(text: &[u8]) -> Option<usize> {
    const SIZE: usize = size_of::<usize>();
    const ONES: usize = usize::MAX / 255;
    let mut at = 0;
    while let Some(word) = text.get(at..).and_then(<[u8]>::first_chunk::<SIZE>) {
        // A byte that was a newline is 0 now, and the subtraction borrows from its highest bit.
        let word = usize::from_ne_bytes(*word) ^ (ONES * b'\n' as usize);
        if word.wrapping_sub(ONES) & !word & ONES << 7 != 0 {
            break;
        }
        at += SIZE;
    }
    let rest = text.get(at..).unwrap_or_default();
    Some(at + rest.iter().position(|&byte| byte == b'\n')?)
}
