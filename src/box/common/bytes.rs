//! Searching bytes. (Each search of `memchr` is here once, because its code is long.)

use alloc::vec::Vec;

use memchr::arch::all::packedpair::Pair;
use memchr::memmem::Finder;
use nestling::text;

/// Returns the index of the first `byte`.
#[inline(never)]
pub fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    memchr::memchr(byte, bytes)
}

/// Returns the index of the last `byte`.
#[inline(never)]
pub fn find_last(bytes: &[u8], byte: u8) -> Option<usize> {
    memchr::memrchr(byte, bytes)
}

/// Returns how many bytes are `byte`.
#[inline(never)]
pub fn count(bytes: &[u8], byte: u8) -> u64 {
    memchr::memchr_iter(byte, bytes).count() as u64
}

/// A text to search for.
pub struct Needle {
    finder: Finder<'static>,
    /// The byte of the text that is likely the rarest, and its index.
    rarest: (u8, usize),
}

impl Needle {
    pub fn new(text: &[u8]) -> Self {
        let index = Pair::new(text).map_or(0, |pair| usize::from(pair.index1()));
        Self {
            finder: Finder::new(text).into_owned(),
            rarest: (text.get(index).copied().unwrap_or_default(), index),
        }
    }

    pub fn text(&self) -> &[u8] {
        self.finder.needle()
    }

    /// Returns the index of the first occurrence.
    pub fn find(&self, bytes: &[u8]) -> Option<usize> {
        // The search for one byte is three times as fast, and the other begins where it has found one.
        let (byte, index) = self.rarest;
        let start = match self.text() {
            [] => 0,
            _ => find(bytes, byte)?.saturating_sub(index),
        };
        let place = self.finder.find(bytes.get(start..)?)?;
        Some(start + place)
    }
}

/// Replaces what is no character of UTF-8, and each control character (C0, C1, DEL), by `?`: names and texts of others, in which an
/// escape sequence or a newline would forge what the terminal or the list shows.
pub fn printable(text: &[u8]) -> Vec<u8> {
    let mut result = Vec::new();
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            let shown = if character.is_control() {
                '?'
            } else {
                character
            };
            result.extend_from_slice(shown.encode_utf8(&mut [0; 4]).as_bytes());
        }
        result.extend(chunk.invalid().iter().map(|_| b'?'));
    }
    result
}

/// Replaces each `from` in a text.
pub fn substitute(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let (mut rest, mut result) = (text, Vec::new());
    while let [first, more @ ..] = rest {
        match text::after(rest, from).filter(|_| !from.is_empty()) {
            Some(after) => {
                result.extend_from_slice(to);
                rest = after;
            }
            None => {
                result.push(*first);
                rest = more;
            }
        }
    }
    result
}
