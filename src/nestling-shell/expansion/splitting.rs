//! Field splitting: XCU 2.6.5.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::characters;

/// A part of an expanded word's text that is quoted, comes from an expansion, or separates two fields.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// What the part is.
    pub kind: Kind,
    /// The position of its first byte.
    pub start: usize,
    /// The position after its last byte.
    pub end: usize,
}

/// What a part of an expanded text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Quoted text, which may be empty.
    Quoted,
    /// The unquoted result of an expansion, which undergoes field splitting.
    Expanded,
    /// The boundary between two positional parameters. It is empty.
    Break,
}

/// The characters of IFS.
pub struct Separators {
    /// The first bytes of these characters, one bit for each byte.
    first: Bits,
    /// The same bits, and the special characters of patterns.
    special: Bits,
    /// The value of IFS if it contains multibyte characters, else empty.
    wide: Vec<u8>,
}

/// A set of bytes, one bit for each byte.
type Bits = [u32; 8];

#[expect(
    clippy::indexing_slicing,
    reason = "an index is below the length, or a byte's quotient by 32"
)]
const fn bits(bytes: &[u8]) -> Bits {
    let mut bits = [0; 8];
    let mut index = 0;
    while index < bytes.len() {
        let byte = bytes[index];
        bits[byte as usize / 32] |= 1 << (byte % 32);
        index += 1;
    }
    bits
}

fn has(bits: &Bits, byte: u8) -> bool {
    bits.get(usize::from(byte) / 32)
        .is_some_and(|bits| bits >> (byte % 32) & 1 != 0)
}

const PATTERN: Bits = bits(b"*?[\\");

impl Separators {
    /// Those of a value of IFS.
    pub fn new(ifs: Option<&[u8]>, utf8: bool) -> Self {
        let ifs = match ifs {
            None | Some(b" \t\n") => {
                return Self {
                    first: const { bits(b" \t\n") },
                    special: const { bits(b" \t\n*?[\\") },
                    wide: Vec::new(),
                };
            }
            Some(ifs) => ifs,
        };
        let (mut first, mut special) = ([0; 8], PATTERN);
        let (mut wide, mut rest) = (Vec::new(), ifs);
        while let [byte, ..] = rest {
            for bits in [&mut first, &mut special] {
                if let Some(bits) = bits.get_mut(usize::from(*byte) / 32) {
                    *bits |= 1 << (byte % 32);
                }
            }
            let length = characters::length(rest, utf8);
            if length > 1 {
                wide = ifs.to_vec();
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        Self {
            first,
            special,
            wide,
        }
    }

    /// Whether a text contains neither separators nor special characters of patterns.
    pub fn are_plain(&self, text: &[u8]) -> bool {
        !text.iter().any(|&byte| has(&self.special, byte))
    }

    /// If a text begins with a separator, returns the separator's length.
    pub fn length(&self, text: &[u8]) -> Option<usize> {
        let &byte = text.first()?;
        if !has(&self.first, byte) {
            return None;
        }
        if byte < 0x80 || self.wide.is_empty() {
            return Some(1);
        }
        let length = characters::length(text, true);
        let character = text.get(..length)?;
        self.wide
            .windows(length)
            .any(|other| other == character)
            .then_some(length)
    }
}

/// Splits the text of an expanded word into fields: calls `end_field` with the start and the end of each.
pub fn split(
    text: &[u8],
    runs: &[Run],
    separators: &Separators,
    mut end_field: impl FnMut(usize, usize),
) {
    // The start of the current field, and whether the field exists: it has a character, or something quoted.
    let (mut start, mut exists) = (0, false);
    // Whether white space has ended the previous field. Then one other separator that follows belongs to the same delimiter.
    let mut after_space = false;
    let mut at = 0;
    for run in runs {
        if at < run.start {
            (exists, after_space) = (true, false);
        }
        at = run.end;
        match run.kind {
            Kind::Quoted => (exists, after_space) = (true, false),
            Kind::Break => {
                if exists {
                    end_field(start, run.start);
                }
                (start, exists, after_space) = (run.start, false, false);
            }
            Kind::Expanded => {
                let mut place = run.start;
                while let Some(rest) = text.get(place..run.end)
                    && let [byte, ..] = rest
                {
                    let Some(length) = separators.length(rest) else {
                        (exists, after_space) = (true, false);
                        place += 1;
                        continue;
                    };
                    let is_space = matches!(byte, b' ' | b'\t' | b'\n');
                    if exists || !is_space && !after_space {
                        end_field(start, place);
                        after_space = is_space;
                    } else if !is_space {
                        after_space = false;
                    }
                    place += length;
                    (start, exists) = (place, false);
                }
            }
        }
    }
    if exists || at < text.len() {
        end_field(start, text.len());
    }
}

/// Converts a part of an expanded word's text to a pattern: a backslash is added before each quoted character that could be
/// special.
pub fn escape<'a>(text: &'a [u8], runs: &[Run], start: usize, end: usize) -> Cow<'a, [u8]> {
    let quoted = || {
        let is_in = |run: &&Run| run.kind == Kind::Quoted && run.start < end && start < run.end;
        runs.iter().filter(is_in)
    };
    let piece = |from: usize, to: usize| text.get(from.max(start)..to.min(end)).unwrap_or_default();
    if quoted().next().is_none() {
        return Cow::Borrowed(piece(start, end));
    }
    let mut escaped = Vec::with_capacity(2 * (end - start));
    let mut at = start;
    for run in quoted() {
        let unquoted = piece(at, run.start);
        escaped.extend_from_slice(unquoted);
        // An unquoted backslash must not escape the first character of the quoted text.
        let backslashes = unquoted
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'\\')
            .count();
        if backslashes % 2 == 1 {
            escaped.push(b'\\');
        }
        for &byte in piece(run.start, run.end) {
            if byte.is_ascii_punctuation() {
                escaped.push(b'\\');
            }
            escaped.push(byte);
        }
        at = run.end;
    }
    escaped.extend_from_slice(piece(at, end));
    Cow::Owned(escaped)
}
