//! Here-documents: XCU 2.7.4.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::OnceCell;
use core::mem;

use super::compact::{Few, Piece};
use super::host::Host;
use super::lexer::class::*;
use super::lexer::{Kind, Parsed, Parser, Pending, WordContext};
use super::source;
use super::tree::{Part, Word};
use super::words::Quoting;

impl<H: Host> Parser<'_, H> {
    /// Reads the delimiter after `<<` or `<<-`. The here-document begins on the line after this one.
    pub fn here_document(&mut self, strips_tabs: bool) -> Parsed<Rc<OnceCell<Word>>> {
        let mut behind_alias = false;
        let quoted = loop {
            behind_alias |= self.skip_blanks();
            self.start = self.source.start();
            if is(self.peek(), META) || self.peek() == b'#' {
                self.token(WordContext::Plain)?;
                return Err(self.unexpected());
            }
            let quoted = self.delimiter()?;
            if quoted || !behind_alias || !self.replace_alias() {
                break quoted;
            }
        };
        if !quoted
            && matches!(self.peek(), b'<' | b'>')
            && self.source.buffers.text.iter().all(|&byte| is(byte, DIGIT))
        {
            // The digits are the number of a redirection, not a delimiter.
            self.token(WordContext::Plain)?;
            return Err(self.unexpected());
        }
        let document = Rc::new(OnceCell::new());
        self.source.buffers.pending.push(Pending {
            document: document.clone(),
            delimiter: Box::from(&self.source.buffers.text[..]),
            quoted,
            strips_tabs,
        });
        self.clear();
        self.taken = self.source.place();
        Ok(document)
    }

    /// Collects the delimiter, a word that undergoes only quote removal. Returns whether any part of it was quoted.
    fn delimiter(&mut self) -> Parsed<bool> {
        let mut quoted = false;
        // The whole delimiter is collected as one part.
        self.collect(Kind::Quoted);
        loop {
            let byte = self.peek();
            if is(byte, META) {
                return Ok(quoted);
            }
            quoted |= matches!(byte, b'\\' | b'\'' | b'"');
            match byte {
                b'\\' => {
                    self.source.at += 1;
                    self.byte(Kind::Quoted);
                }
                b'\'' => self.single_quoted()?,
                b'"' => self.double_quoted_delimiter()?,
                b'$' if self.second() == b'\'' => {
                    quoted = true;
                    self.source.at += 1;
                    self.dollar_quoted()?;
                }
                b'$' if matches!(self.second(), b'{' | b'(') => {
                    self.expansion_as_text(Self::dollar)?
                }
                b'`' => self.expansion_as_text(Self::backquoted)?,
                _ => self.byte(Kind::Quoted),
            }
        }
    }

    /// Collects an expansion in a delimiter as text. The text ends where the expansion would end.
    fn expansion_as_text(&mut self, expansion: fn(&mut Self, Quoting) -> Parsed<()>) -> Parsed<()> {
        let delimiter = mem::take(&mut self.source.buffers.text);
        self.clear();
        let parts = self.source.buffers.parts.len();
        let start = self.source.at;
        expansion(self, Quoting::None)?;
        let buffers = &mut self.source.buffers;
        buffers.parts.truncate(parts);
        buffers.kind = Kind::Quoted;
        buffers.text = delimiter;
        let text = self
            .source
            .text
            .get(start..self.source.at)
            .unwrap_or_default();
        self.source.buffers.text.extend_from_slice(text);
        Ok(())
    }

    fn double_quoted_delimiter(&mut self) -> Parsed<()> {
        let line = self.source.line;
        self.source.at += 1;
        loop {
            match self.peek() {
                b'"' => break,
                0 => return Err(self.unclosed("\"", "\"", line)),
                b'\\' if matches!(self.second(), b'$' | b'`' | b'"' | b'\\') => self.source.at += 1,
                _ => {}
            }
            self.byte(Kind::Quoted);
        }
        self.source.at += 1;
        Ok(())
    }

    /// Reads the here-documents of the line that has just ended.
    #[inline]
    pub fn here_documents(&mut self) -> Parsed<()> {
        if self.source.buffers.pending.len() > self.source.buffers.pending_base {
            return self.read_documents();
        }
        Ok(())
    }

    #[inline(never)]
    fn read_documents(&mut self) -> Parsed<()> {
        let pending = self
            .source
            .buffers
            .pending
            .split_off(self.source.buffers.pending_base);
        for pending in pending {
            let start = self.source.place();
            let line = self.source.line;
            let body = self.body(&pending);
            self.source
                .buffers
                .documents
                .push((start, self.source.place()));
            let expands = !pending.quoted && body.iter().any(|&byte| is(byte, SPECIAL));
            let word = if expands {
                self.document_word(body, line)?
            } else {
                Word {
                    parts: Few::One(Part::Quoted(Piece::Long(body.into()))),
                    is_assignment: false,
                }
            };
            // The call cannot fail: the document is set only here.
            let _ = pending.document.set(word);
        }
        Ok(())
    }

    /// Reads the lines up to the delimiter, or to the end of the text.
    fn body(&mut self, pending: &Pending) -> Vec<u8> {
        let delimiter = &pending.delimiter[..];
        let mut body = Vec::new();
        // `start` is the beginning of the current line in `body`. `joined` is the line without its continuations, to be compared
        // with the delimiter. The body keeps its backslashes and newlines: the parser of the body removes them.
        let mut start = 0;
        let mut joined = Vec::new();
        loop {
            let begins = body.len() == start;
            if pending.strips_tabs && begins {
                while self.peek_raw() == b'\t' {
                    self.source.at += 1;
                }
            }
            let before = body.len();
            self.line(&mut body);
            let line = body.get(before..).unwrap_or_default();
            if line.is_empty() {
                break;
            }
            let mut text = line.strip_suffix(b"\n").unwrap_or(line);
            let goes_on = !pending.quoted && text.len() < line.len() && is_continued(text);
            if goes_on || !begins {
                joined.extend_from_slice(text);
                if goes_on {
                    joined.pop();
                    continue;
                }
                text = &joined;
            }
            if text == delimiter {
                body.truncate(start);
                break;
            }
            joined.clear();
            start = body.len();
        }
        if nestling::text::contains(&body, 0) {
            body.retain(|&byte| byte != 0);
        }
        body
    }

    /// Appends one line.
    fn line(&mut self, body: &mut Vec<u8>) {
        while self.peek_raw() != 0 {
            let rest = self.source.rest();
            let length = source::newline(rest);
            let line = rest
                .get(..length.map_or(rest.len(), |length| length + 1))
                .unwrap_or_default();
            body.extend_from_slice(line);
            self.source.at += line.len();
            if length.is_some() {
                self.source.line += u32::from(self.source.outer.is_empty());
                return;
            }
        }
    }
}

/// Whether a line ends with a backslash that is not escaped by another one.
fn is_continued(line: &[u8]) -> bool {
    line.iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 1
}
