//! Decodes the bytes that a terminal sends into keys.

use alloc::vec::Vec;

/// The escape sequence at the end of a paste.
pub const PASTE_END: &[u8] = b"\x1b[201~";

/// A key. An arrow key and similar keys are represented by the control character that has the same effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A character that is inserted.
    Text(Vec<u8>),
    /// A key with Control: `C(b'A')`. Escape is `C(b'[')`, Backspace `C(b'?')`.
    C(u8),
    /// A key with Meta (Alt), or after Escape.
    M(u8),
    /// A key with Meta and Control.
    MC(u8),
    /// A key after Ctrl-X.
    X(u8),
    /// A key with Control, after Ctrl-X.
    XC(u8),
    /// The key Delete.
    Delete,
    /// The key Page Up.
    PageUp,
    /// The key Page Down.
    PageDown,
    /// The beginning of a paste: the bytes up to [`PASTE_END`] are text.
    Paste,
    /// A key that has no effect.
    Other,
}

/// Returns the key that the bytes stand for, or `None` if more bytes are needed.
pub fn decode(bytes: &[u8], utf8: bool) -> Option<Key> {
    let key = match bytes {
        [] | [0x1b] | [0x1b, 0x1b] | [0x18] => return None,
        // The terminal may send a key with Meta as an Escape before the bytes of the key.
        [0x1b, 0x1b, ..] => {
            let key = decode(bytes.get(1..).unwrap_or_default(), utf8)?;
            match key {
                Key::C(b'F') => Key::M(b'f'),
                Key::C(b'B') => Key::M(b'b'),
                Key::Delete => Key::M(b'd'),
                key => key,
            }
        }
        // Function keys of the Linux console.
        [0x1b, b'[', b'['] => return None,
        [0x1b, b'[', b'[', _] => Key::Other,
        // A mouse report: three more bytes follow.
        [0x1b, b'[', b'M', report @ ..] if report.len() < 3 => return None,
        [0x1b, b'[', b'M', ..] => Key::Other,
        [0x1b, b'[' | b'O', parameters @ .., last] if (0x40..0x7f).contains(last) => {
            sequence(parameters, *last)
        }
        // No sequence is longer than this.
        [0x1b, b'[' | b'O', ..] if bytes.len() > 32 => Key::Other,
        [0x1b, b'[' | b'O', ..] => return None,
        [0x1b, byte @ (0..0x20 | 0x7f)] => Key::MC(byte ^ 0x40),
        [0x1b, byte, ..] => Key::M(*byte),
        [0x18, byte @ (0..0x20 | 0x7f)] => Key::XC(byte ^ 0x40),
        [0x18, byte, ..] => Key::X(*byte),
        [byte @ (0..0x20 | 0x7f), ..] => Key::C(byte ^ 0x40),
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
            Key::Text(bytes.to_vec())
        }
    };
    Some(key)
}

/// Decodes `ESC [ parameters last` or `ESC O last`.
fn sequence(parameters: &[u8], last: u8) -> Key {
    // `1;5C` is a key with Control, `1;3C` a key with Meta. Other terminals send `5C`.
    let by_words = matches!(parameters, [.., b'3' | b'5']);
    match (last, parameters) {
        (b'A', _) => Key::C(b'P'),
        (b'B', _) => Key::C(b'N'),
        (b'C', _) if by_words => Key::M(b'f'),
        (b'D', _) if by_words => Key::M(b'b'),
        (b'C', _) => Key::C(b'F'),
        (b'D', _) => Key::C(b'B'),
        (b'H', _) | (b'~', b"1" | b"7") => Key::C(b'A'),
        (b'F', _) | (b'~', b"4" | b"8") => Key::C(b'E'),
        (b'~', b"3") => Key::Delete,
        (b'~', b"3;3" | b"3;5") => Key::M(b'd'),
        (b'~', b"5") => Key::PageUp,
        (b'~', b"6") => Key::PageDown,
        (b'~', b"200") => Key::Paste,
        _ => Key::Other,
    }
}
