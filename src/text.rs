//! Text without the weight of `core::fmt`'s padding: numbers, and bytes in quotes.

use core::fmt::{self, Write};

/// A number, in digits.
pub(crate) fn decimal(number: i32, f: &mut impl Write) -> fmt::Result {
    if number < 0 {
        f.write_char('-')?;
    }
    digits(number.unsigned_abs(), 10, 1, f)
}

/// A number in a base up to 16, with at least so many digits.
pub(crate) fn digits(number: u32, base: u32, least: u32, f: &mut impl Write) -> fmt::Result {
    if number >= base || least > 1 {
        digits(number / base, base, least.saturating_sub(1), f)?;
    }
    f.write_char(char::from_digit(number % base, base).unwrap_or('?'))
}

/// The `index`th part of a list that `separator` divides, counted from 0; empty if there are not so many.
pub(crate) fn field(list: &'static str, separator: u8, index: usize) -> &'static str {
    let mut rest = list;
    for _ in 0..index {
        rest = rest
            .split_at_checked(length(rest, separator) + 1)
            .map_or("", |(_, rest)| rest);
    }
    rest.get(..length(rest, separator)).unwrap_or(rest)
}

fn length(list: &str, separator: u8) -> usize {
    list.bytes().take_while(|&byte| byte != separator).count()
}

/// The number that these digits are, in a base up to 16; `None` for no digits, others, or too many.
///
/// ```
/// assert_eq!(nestling::text::number(b"0755", 8), Some(0o755));
/// assert_eq!(nestling::text::number(b"-1", 10), None);
/// ```
#[inline(never)]
pub fn number(text: &[u8], base: u32) -> Option<u64> {
    let add = |number: u64, &digit: &u8| {
        let digit = char::from(digit).to_digit(base)?;
        number.checked_mul(base.into())?.checked_add(digit.into())
    };
    text.iter().try_fold(0, add).filter(|_| !text.is_empty())
}

/// Bytes as text between double quotes, what can't be printed or is no UTF-8 as `\xHH`: safe on any terminal.
///
/// ```
/// use nestling::text::Quoted;
/// assert_eq!(Quoted(b"a \"b\"\n").to_string(), r#""a \"b\"\x0a""#);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        let mut rest = self.0;
        while let [first, ..] = *rest {
            let (c, length) = decode(rest).unwrap_or(('\0', 1));
            match c {
                '\0'..' ' | '\x7f'..'\u{a0}' => {
                    f.write_str("\\x")?;
                    digits(first.into(), 16, 2, f)?;
                }
                _ => {
                    if matches!(c, '"' | '\\') {
                        f.write_char('\\')?;
                    }
                    f.write_char(c)?;
                }
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        f.write_char('"')
    }
}

/// The first character, if it is ASCII or can be shown, and its length. (`core`'s decoding of UTF-8 is a kilobyte and can
/// panic.)
fn decode(bytes: &[u8]) -> Option<(char, usize)> {
    let (length, least) = match bytes.first()? {
        0..0x80 => (1, 0),
        0xc0..0xe0 => (2, 0xa0),
        0xe0..0xf0 => (3, 0x800),
        0xf0.. => (4, 0x1_0000),
        _ => return None,
    };
    let mut code = u32::from(*bytes.first()?) & (0xff >> length);
    for &byte in bytes.get(1..length)? {
        code = code << 6 | u32::from(byte ^ 0x80);
        if byte & 0xc0 != 0x80 {
            return None;
        }
    }
    let c = char::from_u32(code).filter(|_| code >= least)?;
    Some((c, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};

    #[test]
    fn a_number_is_written_as_it_is_read() {
        for number in [0, 7, 10, -1, i32::MAX, i32::MIN] {
            let mut text = String::new();
            decimal(number, &mut text).unwrap();
            assert_eq!(text.parse(), Ok(number));
        }
    }

    #[test]
    fn a_field_is_found_by_its_index() {
        let fields: [&str; 5] = core::array::from_fn(|index| field("a bc  d", b' ', index));
        assert_eq!(fields, ["a", "bc", "", "d", ""]);
    }

    #[test]
    fn a_base_and_a_width_are_kept() {
        let mut text = String::new();
        digits(0o22, 8, 4, &mut text).unwrap();
        digits(0xa, 16, 2, &mut text).unwrap();
        assert_eq!(text, "00220a");
    }

    #[test]
    fn a_string_is_quoted_so_that_it_can_be_read_on_any_terminal() {
        let text = Quoted(b"a b\"\\\n\xff\xc3\xa9\xc2\x9b\x7f\xe2").to_string();
        assert_eq!(text, r#""a b\"\\\x0a\xffé\xc2\x9b\x7f\xe2""#);
    }

    #[test]
    fn what_is_utf8_for_std_is_shown_and_what_is_not_is_escaped() {
        let shown = |bytes: &[u8]| !Quoted(bytes).to_string().contains("\\x");
        for c in ('\u{a0}'..=char::MAX).step_by(97).chain([
            '\u{7ff}',
            '\u{800}',
            '\u{ffff}',
            '\u{10000}',
        ]) {
            assert_eq!(
                Quoted(c.to_string().as_bytes()).to_string(),
                std::format!("\"{c}\"")
            );
        }
        for a in 0x80..=0xff {
            for b in [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0] {
                for bytes in [&[a, b][..], &[a, b, 0x80], &[a, b, 0xbf, 0x80]] {
                    let is_utf8 = core::str::from_utf8(bytes)
                        .is_ok_and(|text| text.chars().all(|c| c >= '\u{a0}'));
                    assert_eq!(shown(bytes), is_utf8, "{bytes:x?}");
                }
            }
        }
    }
}
