//! Text in columns, and text put together from parts.

use alloc::ffi::CString;
use alloc::vec::Vec;

use nestling::text::{Sink, Text};

use super::output::Output;

/// Writes the text with spaces before it, up to `width` bytes.
pub fn right(out: &mut Output, text: &[u8], width: usize) {
    spaces(out, width.saturating_sub(text.len()));
    out.write(text);
}

/// Writes the text with spaces after it, up to `width` bytes.
pub fn left(out: &mut Output, text: &[u8], width: usize) {
    out.write(text);
    spaces(out, width.saturating_sub(text.len()));
}

/// Writes the number with spaces before it, up to `width` bytes.
pub fn number(out: &mut Output, number: u64, width: usize) {
    right(out, &decimal(number), width);
}

/// The digits of a number.
pub fn decimal(number: u64) -> Vec<u8> {
    let mut digits = Vec::new();
    number.write(&mut digits);
    digits
}

/// Joins parts to a C string, such as a path. The parts contain no null byte: they come from arguments, names or lines of files. (With
/// a null byte the result is empty, which is no path of a file.)
pub fn join(parts: &[&[u8]]) -> CString {
    CString::new(parts.concat()).unwrap_or_default()
}

/// Writes at least `least` hexadecimal digits.
pub fn hexadecimal(number: u32, least: u32, out: &mut impl Sink) {
    let mut place = 8;
    while place > least && number >> (4 * (place - 1)) == 0 {
        place -= 1;
    }
    while place > 0 {
        place -= 1;
        let digit = number >> (4 * place) & 15;
        out.put(&[char::from_digit(digit, 16).unwrap_or('0') as u8]);
    }
}

fn spaces(out: &mut Output, count: usize) {
    for _ in 0..count {
        out.write(b" ");
    }
}
