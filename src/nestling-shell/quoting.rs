//! Text in a form that the shell can read back.

use alloc::vec::Vec;

use nestling::text::{self, Sink, Text};

/// A string in single quotes: `'it'\''s'`.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a>(pub &'a [u8]);

impl Text for Quoted<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.put(b"'");
        for (index, part) in self.0.split(|&byte| byte == b'\'').enumerate() {
            if index > 0 {
                out.put(b"'\\''");
            }
            out.put(part);
        }
        out.put(b"'");
    }
}

/// Appends a string to a line. The string is quoted only if necessary.
pub fn quote(text: &[u8], line: &mut Vec<u8>) {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || text::contains(b"_-./:+,@%=", *byte);
    if !text.is_empty() && text.iter().all(is_plain) {
        return line.extend_from_slice(text);
    }
    Quoted(text).write(line);
}
