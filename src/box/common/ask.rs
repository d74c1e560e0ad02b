//! Questions on standard error, as `-i` makes them, and the reports of `-v`.

use alloc::vec::Vec;

use nestling::applet::Call;
use nestling::{Errno, eprint, io};

/// Writes `NAME: QUESTION 'PATH'? `, reads a line from standard input, and returns whether it begins with `y` or `Y`. Reads byte by
/// byte, because a later question reads the next line.
pub fn confirms(call: &Call<'_>, question: &str, path: &[u8]) -> bool {
    eprint!(call.applet.name, ": ", question, " '", path, "'? ");
    let (mut first, mut byte) = (None, [0]);
    while let Ok(1) = io::read(io::stdin(), &mut byte) {
        if byte == *b"\n" {
            break;
        }
        first.get_or_insert(byte);
    }
    matches!(first, Some([b'y' | b'Y']))
}

/// Writes the line of `-v` to standard output: the verb, the path in quotes, and an arrow with another path. Returns the exit
/// status.
pub fn report(call: &Call<'_>, verb: &str, path: &[u8], other: Option<(&str, &[u8])>) -> i32 {
    let mut line: Vec<u8> = [verb.as_bytes(), b"'", path, b"'"].concat();
    if let Some((arrow, other)) = other {
        line.extend_from_slice(&[arrow.as_bytes(), b"'", other, b"'"].concat());
    }
    line.push(b'\n');
    let failed = |errno: Errno| call.fail(c"standard output", errno);
    io::write_all(io::stdout(), &line).map_or_else(failed, |()| 0)
}
