//! Parses the word before the cursor: its quotes, its expansion, and its position in a command.

use alloc::vec::Vec;
use core::mem;

use crate::expansion::{Host, tilde};

/// Words after which a command begins.
const BEFORE_COMMANDS: &[&str] = &[
    "!", "{", "do", "elif", "else", "if", "then", "until", "while", "command", "exec", "hash",
    "type", "env", "nice", "nohup", "sudo", "time", "which", "xargs",
];

/// A word that has not ended yet.
#[derive(Debug, Default)]
pub struct Word {
    /// The position in the line where the word begins.
    pub start: usize,
    is_begun: bool,
    /// The word without quotes and with its parameters expanded.
    pub value: Vec<u8>,
    /// The word as a pattern; a backslash precedes each quoted character.
    pub pattern: Vec<u8>,
    /// Whether the word has an unquoted `*`, `?` or `[`.
    pub is_pattern: bool,
    /// The open quote: `'`, `"`, or `$` for `$'`; 0 if none is open.
    pub quote: u8,
    /// Where the word's last component begins: the position in the line, the position in the value, and the quote that was open
    /// there.
    pub component: (usize, usize, u8),
    /// The position in the value, after `=` or `:`, where a part begins that may be the name of a file.
    pub part: usize,
    /// The position in the value of a `~` that has not been expanded yet.
    pub tilde: Option<usize>,
    /// If the line ends in a parameter's name: where the name begins in the line, and whether it is in braces.
    pub parameter: Option<(usize, bool)>,
    /// The value cannot be known.
    pub is_unknown: bool,
    /// The name of the command whose argument the word is. `None` if the word is a command's name.
    pub command: Option<Vec<u8>>,
    /// The word is the operand of a redirection.
    pub is_target: bool,
}

impl Word {
    /// Returns the word at the end of the line, which may be empty. Returns `None` in a comment.
    /// It is one long `match` over the quote and the next byte, because together its arms are the grammar of an incomplete line.
    pub fn last<H: Host>(host: &mut H, line: &[u8]) -> Option<Self> {
        let mut word = Self::default();
        // For each open substitution: the byte that ends it, and the word that contains it.
        let mut outer: Vec<(u8, Self)> = Vec::new();
        let mut at = 0;
        while let Some(&byte) = line.get(at) {
            let next = line.get(at + 1).copied();
            if !word.is_begun && word.quote == 0 && !b" \t\n;&|()<>".contains(&byte) {
                word.begin(at);
                if byte == b'#' {
                    return None;
                }
            }
            at += 1;
            match (word.quote, byte) {
                (b'\'', b'\'') | (b'"', b'"') | (b'$', b'\'') => word.quote = 0,
                (b'\'', _) => word.push(at, byte, true),
                (b'$', b'\\') => word.is_unknown = true,
                (b'$', _) => word.push(at, byte, true),
                (quote, b'\\') => {
                    let Some(next) = next else { break };
                    at += 1;
                    if quote == b'"' && !b"$`\"\\\n".contains(&next) {
                        word.push(at, b'\\', true);
                    }
                    if next != b'\n' {
                        word.push(at, next, true);
                    }
                }
                (0, b'\'' | b'"') => word.quote = byte,
                (0, b'$') if next == Some(b'\'') => {
                    word.quote = b'$';
                    at += 1;
                }
                (_, b'$') if next == Some(b'(') => {
                    at += 1;
                    outer.push((b')', mem::take(&mut word)));
                }
                (_, b'`') if outer.last().is_some_and(|(end, _)| *end == b'`') => {
                    word = outer.pop().unwrap_or_default().1;
                    word.is_unknown = true;
                }
                (_, b'`') => outer.push((b'`', mem::take(&mut word))),
                (_, b'$') => at = word.parameter(host, line, at),
                (b'"', _) => word.push(at, byte, true),
                (_, b' ' | b'\t') => word.end(line),
                (_, b')') if outer.last().is_some_and(|(end, _)| *end == b')') => {
                    word = outer.pop().unwrap_or_default().1;
                    word.is_unknown = true;
                }
                (_, b'\n' | b';' | b'|' | b'(' | b')') => word = Self::default(),
                (_, b'&') if next == Some(b'>') => word.end(line),
                (_, b'&') => word = Self::default(),
                (_, b'<' | b'>') => {
                    // Digits before the operator are a descriptor's number, not a word.
                    if word.value.iter().all(u8::is_ascii_digit) {
                        word.is_begun = false;
                    }
                    word.end(line);
                    word.is_target = true;
                    while let Some(b'<' | b'>' | b'&' | b'|' | b'-') = line.get(at) {
                        at += 1;
                    }
                }
                _ => {
                    if b"*?[".contains(&byte) {
                        word.is_pattern = true;
                    }
                    if byte == b'~' && word.value.len() == word.part {
                        word.tilde = Some(word.part);
                    }
                    if byte == b'/'
                        && let Some(tilde) = word.tilde.take()
                    {
                        word.expand_tilde(host, tilde);
                    }
                    word.push(at, byte, false);
                    let is_assignment = word.command.is_none() && word.part > 0;
                    if byte == b'=' || byte == b':' && is_assignment {
                        word.part = word.value.len();
                    }
                }
            }
        }
        if !word.is_begun {
            word.begin(line.len());
        }
        Some(word)
    }

    fn begin(&mut self, at: usize) {
        self.is_begun = true;
        self.start = at;
        self.component = (at, 0, 0);
    }

    /// Adds a byte. `at` is the position after the byte in the line.
    fn push(&mut self, at: usize, byte: u8, is_quoted: bool) {
        self.value.push(byte);
        if is_quoted && !byte.is_ascii_alphanumeric() {
            self.pattern.push(b'\\');
        }
        self.pattern.push(byte);
        if byte == b'/' {
            self.component = (at, self.value.len(), self.quote);
        }
    }

    fn expand_tilde<H: Host>(&mut self, host: &H, tilde: usize) {
        let name = self.value.split_off(tilde);
        self.pattern.clear();
        tilde::expand(
            host,
            name.get(1..).unwrap_or_default(),
            true,
            &mut self.value,
        );
        for byte in mem::take(&mut self.value) {
            self.push(0, byte, true);
        }
    }

    /// Expands the parameter after a `$`. Returns the position after the parameter.
    fn parameter<H: Host>(&mut self, host: &mut H, line: &[u8], at: usize) -> usize {
        let braces = line.get(at) == Some(&b'{');
        let start = at + usize::from(braces);
        let rest = line.get(start..).unwrap_or_default();
        let is_of_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let length = rest.iter().take_while(is_of_name).count();
        let (name, rest) = rest.split_at_checked(length).unwrap_or_default();
        if rest.is_empty() {
            self.parameter = Some((start, braces));
        } else if let Some(symbol) = host.symbols().find(name)
            && let Some(value) = host.value(symbol)
            && (!braces || rest.first() == Some(&b'}'))
        {
            value.iter().for_each(|&byte| self.push(0, byte, true));
        } else {
            self.is_unknown = true;
        }
        start + length + usize::from(braces && rest.first() == Some(&b'}'))
    }

    /// Ends the word; another word may follow.
    fn end(&mut self, line: &[u8]) {
        let mut word = mem::take(self);
        self.is_target = word.is_target;
        self.command = word.command.take();
        if !word.is_begun {
            return;
        }
        self.is_target = false;
        let is_before = |other: &&str| other.as_bytes() == word.value;
        let is_assignment = word.part > 0 && line.get(word.start) != Some(&b'=');
        // An option such as `-v` in `command -v` is not the command's name.
        let is_option = word.value.first() == Some(&b'-');
        if !word.is_target
            && self.command.is_none()
            && !is_assignment
            && !is_option
            && !BEFORE_COMMANDS.iter().any(is_before)
        {
            self.command = Some(word.value);
        }
    }
}
