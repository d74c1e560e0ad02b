//! Escape sequences of `echo -e`, `printf`, and `printf`'s `%b`.

/// What a backslash and what follows it stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    Byte(u8),
    /// `\c`: no more output.
    Stop,
    /// Nothing: the backslash is a backslash.
    None,
}

/// Where the sequence stands: how octal numbers are written differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// `printf`'s format: `\ooo`.
    Format,
    /// `%b`'s argument: `\0ooo`, and `\ooo` as elsewhere.
    Argument,
    /// `echo -e`: `\0ooo`.
    Echo,
}

/// The sequence that goes on with `text`, after its backslash; and how much of that is its.
pub fn escape(text: &[u8], place: Place) -> (Escape, usize) {
    let byte = match text.first().copied().unwrap_or_default() {
        b'a' => 0x07,
        b'b' => 0x08,
        b'e' => 0x1b,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' => b'\\',
        quote @ (b'"' | b'\'') if place == Place::Format => quote,
        b'c' if place != Place::Format => return (Escape::Stop, 1),
        b'x' => return digits(text, 1, 2, 16),
        b'0' if place != Place::Format => return digits(text, 1, 3, 8),
        b'0'..=b'7' if place != Place::Echo => return digits(text, 0, 3, 8),
        _ => return (Escape::None, 0),
    };
    (Escape::Byte(byte), 1)
}

/// At most so many digits after the first bytes: `\0` may have none, `\x` not.
fn digits(text: &[u8], start: usize, most: usize, base: u32) -> (Escape, usize) {
    let (mut number, mut end) = (0, start);
    while end < start + most
        && let Some(&digit) = text.get(end)
        && let Some(digit) = char::from(digit).to_digit(base)
    {
        number = number * base + digit;
        end += 1;
    }
    if base == 16 && end == start {
        return (Escape::None, 0);
    }
    (Escape::Byte(number as u8), end)
}

/// Writes text with its escape sequences replaced; false if one of them says that nothing is to follow.
pub fn write(mut text: &[u8], place: Place, out: &mut impl FnMut(&[u8])) -> bool {
    loop {
        let length = text.iter().take_while(|&&byte| byte != b'\\').count();
        let (plain, rest) = text.split_at_checked(length).unwrap_or_default();
        out(plain);
        let [_, rest @ ..] = rest else { return true };
        let (what, length) = escape(rest, place);
        match what {
            Escape::Byte(byte) => out(&[byte]),
            Escape::Stop => return false,
            Escape::None => out(b"\\"),
        }
        text = rest.get(length..).unwrap_or_default();
    }
}
