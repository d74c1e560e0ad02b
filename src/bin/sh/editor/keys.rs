//! Keys: what the bytes mean that a terminal sends.

use alloc::vec::Vec;

use crate::expansion::characters;

/// Added to a key that is struck with Meta (Alt), or after Escape.
pub const META: u16 = 0x100;
pub const DELETE: u16 = 0x200;
/// A paste begins: what comes up to its end is text.
pub const PASTE: u16 = 0x201;
/// Nothing that means anything here.
pub const NONE: u16 = 0x202;
pub const ESCAPE: u16 = 0x1b;

/// What ends a paste.
pub const PASTE_END: &[u8] = b"\x1b[201~";

/// The control character of a letter: C-a.
pub const fn control(letter: u8) -> u16 {
    letter as u16 & 0x1f
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Text(Vec<u8>),
    /// A control character, or one of the above. Arrows and the like are the control characters that do the same.
    Code(u16),
}

/// The key that the bytes are; `None` if there is more to come.
pub fn decode(bytes: &[u8], utf8: bool) -> Option<Key> {
    let code = match bytes {
        [] | [0x1b] => return None,
        // A key with Meta may come as an escape before its own.
        [0x1b, rest @ [0x1b, ..]] => return decode(rest, utf8),
        // The Linux console's function keys.
        [0x1b, b'[', b'['] => return None,
        [0x1b, b'[', b'[', _] => NONE,
        [0x1b, b'[' | b'O', parameters @ .., last] if (0x40..0x7f).contains(last) => sequence(parameters, *last),
        // Nothing is so long.
        [0x1b, b'[' | b'O', ..] if bytes.len() > 32 => NONE,
        [0x1b, b'[' | b'O', ..] => return None,
        [0x1b, byte, ..] => META | u16::from(*byte),
        [byte @ (0..0x20 | 0x7f), ..] => u16::from(*byte),
        _ => {
            let expected = match bytes {
                [0xc2..0xe0, ..] if utf8 => 2,
                [0xe0..0xf0, ..] if utf8 => 3,
                [0xf0..0xf5, ..] if utf8 => 4,
                _ => 1,
            };
            if bytes.len() < expected && bytes.iter().skip(1).all(|byte| byte & 0xc0 == 0x80) {
                return None;
            }
            let length = characters::length(bytes, utf8).max(1);
            return Some(Key::Text(bytes.get(..length).unwrap_or_default().to_vec()));
        }
    };
    Some(Key::Code(code))
}

/// `ESC [ parameters last`, or `ESC O last`.
fn sequence(parameters: &[u8], last: u8) -> u16 {
    // `1;5C`: with Control; 3 is Meta.
    let by_words = matches!(parameters, [.., b';', b'3' | b'5']);
    match (last, parameters) {
        (b'A', _) => control(b'p'),
        (b'B', _) => control(b'n'),
        (b'C', _) if by_words => META | b'f' as u16,
        (b'D', _) if by_words => META | b'b' as u16,
        (b'C', _) => control(b'f'),
        (b'D', _) => control(b'b'),
        (b'H', _) | (b'~', b"1" | b"7") => control(b'a'),
        (b'F', _) | (b'~', b"4" | b"8") => control(b'e'),
        (b'~', b"3") => DELETE,
        (b'~', b"3;3" | b"3;5") => META | b'd' as u16,
        (b'~', b"200") => PASTE,
        _ => NONE,
    }
}
