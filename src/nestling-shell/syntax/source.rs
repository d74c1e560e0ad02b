//! The source of a program's text. If other programs read the same descriptor, the source consumes no more than the next complete
//! command needs.

use alloc::vec;
use alloc::vec::Vec;
use core::mem;

use nestling::sys::fd::{lseek, set_nonblocking};
use nestling::{BorrowedFd, Errno, SeekFrom, io};

use super::host::Host;
use super::lexer::Buffers;
use crate::symbols::Symbol;

/// How many bytes are read at once. The first read of a command has one of the two least sizes: the smaller one if bytes beyond the
/// command are read again for the next command. Later reads are as long as the command so far, up to `MOST`.
const LEAST_SHARED: usize = 1024;
const LEAST_OWN: usize = 8 * 1024;
const MOST: usize = 64 * 1024;

/// A program's text, and how far it was read and parsed.
#[derive(Debug)]
pub struct Source {
    origin: Origin,
    /// The text that was read and is still needed. While an alias's value is parsed in place of its name, the value.
    pub(super) text: Vec<u8>,
    /// The position of the next byte to parse in `text`.
    pub(super) at: usize,
    /// The texts to continue with at the end of an alias's value, the innermost last. The first one is the text that was read.
    pub(super) outer: Vec<Outer>,
    /// The names of the aliases that the current token comes from. They are not replaced again in it. The first `inherited` names
    /// belong to the text around this one. Then follows one for each element of `outer`, then the aliases whose values ended within
    /// the token.
    pub(super) aliases: Vec<Symbol>,
    pub(super) inherited: usize,
    /// The number of the current line.
    pub(super) line: u32,
    /// The start of the complete command.
    begun: usize,
    /// Whether no more text exists, at least for this complete command.
    pub(super) ended: bool,
    /// The parser's buffers, kept between commands so that their memory is used again.
    pub(super) buffers: Buffers,
}

#[derive(Debug)]
enum Origin {
    Text,
    /// Text that `set -v` writes.
    File,
    Descriptor(BorrowedFd<'static>, Sharing),
    Interactive,
}

/// Whether other programs read the same descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// No other program does.
    Own,
    /// The commands may read it. It is not known yet which of the following two kinds it is.
    Shared,
    /// The commands may read it. The offset can be moved back after reading too much.
    Seekable,
    /// The commands may read it. It cannot be moved back, so it is read byte by byte.
    Stream,
}

/// A text that contains an alias whose value is being parsed.
#[derive(Debug, Clone)]
pub(super) struct Outer {
    pub text: Vec<u8>,
    /// The position after the alias's name.
    pub at: usize,
    /// The position where the alias's name begins.
    pub start: usize,
}

impl Source {
    /// A text that is complete: `sh -c`, `eval`, the action of a trap. `line` is the number of its first line.
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
            ended: false,
            buffers: Buffers::default(),
        }
    }

    /// Whether nothing follows what was parsed. The parser knows this only if the text is complete, and not if it reads lines.
    pub fn is_over(&self) -> bool {
        matches!(self.origin, Origin::Text) && self.outer.is_empty() && self.at >= self.text.len()
    }

    /// Whether a part of an alias's value is not parsed yet.
    pub fn is_in_alias(&self) -> bool {
        !self.outer.is_empty()
    }

    /// A descriptor. If `shared`, other programs read it, too (standard input). So nothing beyond the needed line is consumed: the
    /// source moves the offset back if that is possible, else it reads byte by byte (XCU sh, STDIN).
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

    /// Lines that the user types at a terminal; [`Host::read_line`] returns them.
    pub fn interactive() -> Self {
        let mut source = Self::owned(Vec::new(), 1);
        source.origin = Origin::Interactive;
        source
    }

    /// After an error, discards the rest of the current line. At a terminal, also discards what was read with it, such as the other
    /// lines of a paste.
    pub fn discard_line(&mut self) {
        while self.leave_alias() {}
        self.at = match self.origin {
            Origin::Interactive => self.text.len(),
            _ => self.line_end(),
        };
    }

    /// Begins a complete command. Text before it is not needed any more.
    pub(super) fn begin_command(&mut self) {
        self.buffers.begin_command();
        if !matches!(self.origin, Origin::Text | Origin::File)
            && self.outer.is_empty()
            && self.at >= self.text.len() / 2
        {
            // This moves at most as many bytes as were parsed.
            self.text.drain(..self.at);
            self.at = 0;
        }
        self.begun = self.place();
        self.ended = false;
    }

    /// Must be called after a complete command is read and before it is executed. Moves the descriptor's offset back to the end of
    /// the command.
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

    /// Writes the complete command, for `set -v`.
    pub fn echo(&self) {
        if !matches!(self.origin, Origin::Text) {
            // If standard error fails, an error cannot be reported.
            let _ = io::write_all(io::stderr(), self.command());
        }
    }

    /// Returns the text of the complete command as it was read.
    pub fn command(&self) -> &[u8] {
        let command = self.read().get(self.begun..self.place());
        command.unwrap_or_default()
    }

    /// Whether the text is [typed by the user](Self::interactive).
    pub fn is_typed(&self) -> bool {
        matches!(self.origin, Origin::Interactive)
    }

    /// Returns the end of the current line, after its newline.
    fn line_end(&self) -> usize {
        if self.at > 0 && self.text.get(self.at - 1) == Some(&b'\n') {
            return self.at;
        }
        self.at + newline(self.rest()).map_or(self.rest().len(), |length| length + 1)
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// At the end of an alias's value, continues after the alias's name. Returns false if the text is not an alias's value.
    pub(super) fn leave_alias(&mut self) -> bool {
        match self.outer.pop() {
            Some(outer) => {
                (self.text, self.at) = (outer.text, outer.at);
                true
            }
            None => false,
        }
    }

    /// Whether this is the last byte of an alias's value, nothing is left of the values around it, and a newline follows the name.
    pub(super) fn is_before_newline(&self) -> bool {
        let Some((first, inner)) = self.outer.split_first() else {
            return false;
        };
        self.at + 1 == self.text.len()
            && inner.iter().all(|outer| outer.at == outer.text.len())
            && first.text.get(first.at) == Some(&b'\n')
    }

    /// Continues in the value of an alias whose name began at `start`.
    #[inline]
    pub(super) fn enter_alias(&mut self, name: Symbol, value: &[u8], start: usize) {
        self.aliases.push(name);
        let text = mem::replace(&mut self.text, value.to_vec());
        let at = mem::take(&mut self.at);
        self.outer.push(Outer { text, at, start });
    }

    /// Returns the position in the text that was read. In an alias's value, this is the position after the alias's name.
    pub(super) fn place(&self) -> usize {
        self.outer.first().map_or(self.at, |outer| outer.at)
    }

    /// Like [`place`](Self::place), but in an alias's value this is where the alias's name begins.
    pub(super) fn start(&self) -> usize {
        self.outer.first().map_or(self.at, |outer| outer.start)
    }

    /// Returns the text that was read, or the complete text.
    pub(super) fn read(&self) -> &[u8] {
        self.outer.first().map_or(&self.text, |outer| &outer.text)
    }

    /// Reads more text: a line, or a block. Returns false if there was no more.
    pub(super) fn fill<H: Host>(&mut self, host: &mut H) -> Result<bool, H::Divert> {
        if self.ended {
            return Ok(false);
        }
        // A part of the complete command was read.
        let goes_on = self.begun < self.read().len();
        let before = self.text.len();
        match self.origin {
            Origin::Text | Origin::File => {}
            Origin::Interactive => {
                // This stays set if `read_line` fails.
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
        // `resize` would write each byte separately.
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

/// Reads once. Makes a nonblocking descriptor blocking (XCU sh, STDIN).
fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize, Errno> {
    match io::read(fd, buffer) {
        Err(Errno::EAGAIN) => {
            set_nonblocking(fd, false)?;
            io::read(fd, buffer)
        }
        answer => answer,
    }
}

/// Returns the position of the first newline. It tests a machine word at a time, because here-documents are long.
pub(super) fn newline(text: &[u8]) -> Option<usize> {
    const SIZE: usize = size_of::<usize>();
    const ONES: usize = usize::MAX / 255;
    let mut at = 0;
    while let Some(word) = text.get(at..).and_then(<[u8]>::first_chunk::<SIZE>) {
        // The exclusive-or turns newlines into 0. The subtraction borrows from the highest bit of a byte that is 0.
        let word = usize::from_ne_bytes(*word) ^ (ONES * b'\n' as usize);
        if word.wrapping_sub(ONES) & !word & ONES << 7 != 0 {
            break;
        }
        at += SIZE;
    }
    let rest = text.get(at..).unwrap_or_default();
    Some(at + rest.iter().position(|&byte| byte == b'\n')?)
}
