//! Characters: bytes, or UTF-8 sequences if the locale uses UTF-8. A byte that does not belong to a valid sequence is a character
//! of its own.

use alloc::vec::Vec;

/// This bit is set in the code of such a byte. So its code is greater than the code of every valid character.
pub const INVALID: u32 = 0x8000_0000;

/// Returns the code of the first character and its length in bytes.
pub fn decode(text: &[u8], utf8: bool) -> Option<(u32, usize)> {
    let &first = text.first()?;
    if first < 0x80 || !utf8 {
        return Some((first.into(), 1));
    }
    let invalid = Some((u32::from(first) | INVALID, 1));
    let (length, least) = match first {
        0xc2..0xe0 => (2, 0x80),
        0xe0..0xf0 => (3, 0x800),
        0xf0..0xf5 => (4, 0x1_0000),
        _ => return invalid,
    };
    let Some([_, more @ ..]) = text.get(..length) else {
        return invalid;
    };
    let mut code = u32::from(first) & (0x7f >> length);
    for &byte in more {
        if byte & 0xc0 != 0x80 {
            return invalid;
        }
        code = code << 6 | u32::from(byte & 0x3f);
    }
    if code < least || char::from_u32(code).is_none() {
        return invalid;
    }
    Some((code, length))
}

/// Returns the length of the first character in bytes, or 0 if the text is empty.
pub fn length(text: &[u8], utf8: bool) -> usize {
    decode(text, utf8).map_or(0, |(_, length)| length)
}

/// Returns the length of the last character in bytes, or 0 if the text is empty.
pub fn length_of_last(text: &[u8], utf8: bool) -> usize {
    if utf8 && text.last().is_some_and(|byte| byte & 0xc0 == 0x80) {
        for count in 2..=4 {
            let start = text.len().saturating_sub(count);
            if length(text.get(start..).unwrap_or_default(), true) == count {
                return count;
            }
        }
    }
    text.len().min(1)
}

/// Whether a character begins at the position, or the text ends there.
pub fn is_boundary(text: &[u8], at: usize, utf8: bool) -> bool {
    if !utf8 || text.get(at).is_none_or(|byte| byte & 0xc0 != 0x80) {
        return true;
    }
    // This is a continuation byte. It belongs to a character if one of the three bytes before it begins a long enough sequence.
    !(1..4).any(|back| {
        let before = at.checked_sub(back).and_then(|start| text.get(start..));
        before.is_some_and(|text| length(text, true) > back)
    })
}

/// Returns the number of characters.
pub fn count(text: &[u8], utf8: bool) -> usize {
    if utf8 {
        offset(text, usize::MAX, true).1
    } else {
        text.len()
    }
}

/// Returns the position of the character with this index, or the end of the text, and the number of characters before that
/// position.
pub fn offset(text: &[u8], index: usize, utf8: bool) -> (usize, usize) {
    if !utf8 {
        let at = index.min(text.len());
        return (at, at);
    }
    let (mut at, mut passed) = (0, 0);
    while passed < index
        && let Some(rest) = text.get(at..)
        && let [first, ..] = rest
    {
        at += if *first < 0x80 { 1 } else { length(rest, true) };
        passed += 1;
    }
    (at, passed)
}

/// Returns the text with a `?` in place of each control character, on which a terminal would act, and of each invalid byte.
pub fn printable(text: &[u8], utf8: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((code, length)) = decode(rest, utf8) {
        let (character, more) = rest.split_at_checked(length).unwrap_or_default();
        match code {
            ..0x20 | 0x7f..0xa0 | INVALID.. => out.push(b'?'),
            _ => out.extend_from_slice(character),
        }
        rest = more;
    }
    out
}
