//! Escape sequences of `echo -e`, of `printf`'s format, and of `printf`'s `%b`.

/// What an escape sequence stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    Byte(u8),
    /// `\c`: the output ends here.
    Stop,
    /// Not an escape sequence: the backslash stands for itself.
    None,
}

/// Where the sequence is written. The syntax of octal numbers depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EscapeContext {
    /// In `printf`'s format: octal numbers are `\ooo`.
    Format,
    /// In the argument of `%b`: octal numbers are `\0ooo` or `\ooo`.
    Argument,
    /// In an argument of `echo -e`: octal numbers are `\0ooo`.
    Echo,
}

/// Reads an escape sequence; `text` begins after its backslash. Returns what the sequence stands for, and how many bytes of `text`
/// belong to it.
pub fn escape(text: &[u8], context: EscapeContext) -> (Escape, usize) {
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
        quote @ (b'"' | b'\'') if context == EscapeContext::Format => quote,
        b'c' if context != EscapeContext::Format => return (Escape::Stop, 1),
        b'x' => return digits(text, 1, 2, 16),
        b'0' if context != EscapeContext::Format => return digits(text, 1, 3, 8),
        b'0'..=b'7' if context != EscapeContext::Echo => return digits(text, 0, 3, 8),
        _ => return (Escape::None, 0),
    };
    (Escape::Byte(byte), 1)
}

/// Reads at most `most` digits from the index `start`. `\x` needs at least one digit, `\0` needs none.
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

/// Writes text with its escape sequences replaced. Returns false if the text contains `\c`: then no more output may follow.
pub fn write(mut text: &[u8], context: EscapeContext, out: &mut impl FnMut(&[u8])) -> bool {
    loop {
        let length = text.iter().take_while(|&&byte| byte != b'\\').count();
        let (plain, rest) = text.split_at_checked(length).unwrap_or_default();
        out(plain);
        let [_, rest @ ..] = rest else { return true };
        let (what, length) = escape(rest, context);
        match what {
            Escape::Byte(byte) => out(&[byte]),
            Escape::Stop => return false,
            Escape::None => out(b"\\"),
        }
        text = rest.get(length..).unwrap_or_default();
    }
}
