//! `echo [-neE] [string...]`: writes strings (XCU 3, `echo`). Options and escape sequences are those of the built-in of `sh`, and
//! of bash and busybox.

use nestling::applet::{Applet, Call};

use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"echo",
    synopsis: "[-neE] [string...]",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    let mut out = Output::new();
    let (mut newline, mut escaped, mut words) = (true, false, call.args.skip(1));
    while let Some([b'-', letters @ ..]) = words.first().map(|word| word.to_bytes())
        && !letters.is_empty()
        && letters.iter().all(|letter| b"neE".contains(letter))
    {
        for letter in letters {
            match letter {
                b'n' => newline = false,
                letter => escaped = *letter == b'e',
            }
        }
        words = words.skip(1);
    }
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            out.write(b" ");
        }
        if !escaped {
            out.write(word.to_bytes());
        } else if !write_escaped(word.to_bytes(), &mut out) {
            return out.finish(call, 0, 1);
        }
    }
    if newline {
        out.write(b"\n");
    }
    out.finish(call, 0, 1)
}

/// Writes a string with its escape sequences replaced. Returns false after `\c`, which ends the output.
fn write_escaped(mut text: &[u8], out: &mut Output) -> bool {
    while let [first, rest @ ..] = text {
        let (byte, length) = match (first, rest) {
            (b'\\', [b'c', ..]) => return false,
            (b'\\', [b'0', ..]) => digits(rest, 1, 3, 8),
            (b'\\', [b'x', digit, ..]) if digit.is_ascii_hexdigit() => digits(rest, 1, 2, 16),
            (b'\\', [letter, ..]) => match b"abefnrtv\\".iter().position(|it| it == letter) {
                Some(index) => (
                    *b"\x07\x08\x1b\x0c\n\r\t\x0b\\".get(index).unwrap_or(first),
                    1,
                ),
                None => (b'\\', 0),
            },
            _ => (*first, 0),
        };
        out.write(&[byte]);
        text = rest.get(length..).unwrap_or_default();
    }
    true
}

/// Reads at most `most` digits from the index `start`. Returns the byte and the index after the digits.
fn digits(text: &[u8], start: usize, most: usize, base: u32) -> (u8, usize) {
    let (mut number, mut end) = (0, start);
    while end < start + most
        && let Some(&digit) = text.get(end)
        && let Some(digit) = char::from(digit).to_digit(base)
    {
        number = number * base + digit;
        end += 1;
    }
    (number as u8, end)
}
