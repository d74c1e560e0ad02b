//! Writing text without `core::fmt`, which would be the largest part of a small program.

use core::ffi::CStr;
use core::fmt;

use crate::c_str;

/// A destination that text is written to.
pub trait Sink {
    /// Appends text to the destination. The text of one call consists of whole characters, unless it comes from bytes that are
    /// not UTF-8.
    fn put(&mut self, text: &[u8]);
}

/// A value that can be written as text: to a [`Sink`], or with [`println!`](crate::println!). Each type that implements `Text`,
/// except bytes and C strings, also implements `Display`, which writes the same text.
pub trait Text {
    /// Writes the value's text to `out`.
    fn write(&self, out: &mut impl Sink);
}

impl<T: Text + ?Sized> Text for &T {
    fn write(&self, out: &mut impl Sink) {
        T::write(self, out);
    }
}

impl Text for str {
    fn write(&self, out: &mut impl Sink) {
        out.put(self.as_bytes());
    }
}

impl Text for char {
    fn write(&self, out: &mut impl Sink) {
        out.put(self.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Writes the bytes unchanged. If the bytes come from outside of the program and may be shown on a terminal, write them as
/// [`Quoted`] instead.
impl Text for [u8] {
    fn write(&self, out: &mut impl Sink) {
        out.put(self);
    }
}

/// Writes the bytes unchanged. If the bytes come from outside of the program and may be shown on a terminal, write them as
/// [`Quoted`] instead.
impl Text for CStr {
    fn write(&self, out: &mut impl Sink) {
        out.put(self.to_bytes());
    }
}

/// Owned types: each is written like the text or the bytes that it contains.
#[cfg(any(feature = "alloc", feature = "std"))]
mod owned {
    use alloc::borrow::{Cow, ToOwned};
    use alloc::boxed::Box;
    use alloc::ffi::CString;
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::{Sink, Text};

    macro_rules! text_of_what_it_holds {
        ($([$($parameters:tt)*] $type:ty;)*) => {$(
            impl<$($parameters)*> Text for $type {
                fn write(&self, out: &mut impl Sink) {
                    (**self).write(out);
                }
            }
        )*};
    }

    text_of_what_it_holds! {
        [] String;
        [] Vec<u8>;
        [] CString;
        [T: Text + ?Sized] Box<T>;
        [T: Text + ToOwned + ?Sized] Cow<'_, T>;
    }

    /// Appends the text to the bytes.
    impl Sink for Vec<u8> {
        #[inline(never)]
        fn put(&mut self, text: &[u8]) {
            self.extend_from_slice(text);
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn owned_text_is_written_as_what_it_holds() {
            let mut out = Vec::new();
            String::from("a").write(&mut out);
            Vec::from(*b"b").write(&mut out);
            CString::from(c"c").write(&mut out);
            Box::<str>::from("d").write(&mut out);
            Cow::Borrowed("e").write(&mut out);
            Cow::<str>::Owned(String::from("f")).write(&mut out);
            assert_eq!(out, b"abcdef");
        }
    }
}

/// Implements `Text` for integers: it writes them in decimal, by a function that takes the absolute value.
macro_rules! number_text {
    ($($write:ident($as:ty): [$($unsigned:ty, $signed:ty;)*])*) => {$($(
        impl Text for $unsigned {
            fn write(&self, out: &mut impl Sink) {
                $write(*self as $as, out);
            }
        }

        impl Text for $signed {
            fn write(&self, out: &mut impl Sink) {
                if *self < 0 {
                    out.put(b"-");
                }
                $write(self.unsigned_abs() as $as, out);
            }
        }
    )*)*};
}

number_text! {
    decimal_u32(u32): [u8, i8; u16, i16; u32, i32;]
    decimal_u64(u64): [u64, i64; usize, isize;]
}

/// Implements `Display` for types that implement [`Text`].
macro_rules! display_text {
    ($($type:ty),*) => {$(
        impl core::fmt::Display for $type {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::text::display(self, f)
            }
        }
    )*};
}
pub(crate) use display_text;

/// Writes a [`Text`] to a formatter of `core::fmt`.
pub(crate) fn display(text: &impl Text, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    struct Formatted<'f, 'g>(&'f mut fmt::Formatter<'g>, fmt::Result);
    impl Sink for Formatted<'_, '_> {
        fn put(&mut self, text: &[u8]) {
            let text = core::str::from_utf8(text).map_err(|_| fmt::Error);
            self.1 = self.1.and_then(|()| self.0.write_str(text?));
        }
    }
    let mut sink = Formatted(f, Ok(()));
    text.write(&mut sink);
    sink.1
}

fn decimal_u32(number: u32, out: &mut impl Sink) {
    digits(number, 10, 1, out);
}

/// Writes a number in groups of nine digits. A group fits into 32 bits, so its digits need no division of 64-bit numbers. On i386,
/// such a division takes long.
fn decimal_u64(number: u64, out: &mut impl Sink) {
    const GROUP: u64 = 1_000_000_000;
    match u32::try_from(number) {
        Ok(number) => decimal_u32(number, out),
        Err(_) => {
            decimal_u64(number / GROUP, out);
            digits((number % GROUP) as u32, 10, 9, out);
        }
    }
}

/// Writes a number in a base up to 16, with at least `least` digits.
pub(crate) fn digits(number: u32, base: u32, least: u32, out: &mut impl Sink) {
    if number >= base || least > 1 {
        digits(number / base, base, least.saturating_sub(1), out);
    }
    let digit = char::from_digit(number % base, base).unwrap_or('?');
    out.put(&[digit as u8]);
}

/// A text of at most `N` bytes, without a heap: a number, a path in `/proc`, a line of a log. Text that does not fit is lost.
///
/// ```
/// use nestling::text::{Buffer, Sink, Text};
///
/// let mut path = Buffer::<24>::new();
/// path.put(b"/proc/");
/// std::process::id().write(&mut path);
/// path.put(b"/stat");
/// assert!(!path.is_full());
/// nestling::sys::file::stat(path.as_c_str())?;
/// # Ok::<(), nestling::Errno>(())
/// ```
#[derive(Debug)]
#[repr(C)]
pub struct Buffer<const N: usize> {
    // `repr(C)` puts the length on the page of the first bytes.
    length: usize,
    bytes: [u8; N],
}

impl<const N: usize> Buffer<N> {
    /// Makes an empty buffer.
    #[expect(clippy::new_without_default, reason = "a static needs no default")]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            length: 0,
            bytes: [0; N],
        }
    }

    /// Returns the text.
    #[inline(never)]
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Returns the text up to its first null byte, or all of it. If the text fills the buffer, returns an empty string: a system
    /// call fails with `ENOENT` for it, and does not take the beginning of a path for the path.
    #[must_use]
    pub fn as_c_str(&self) -> &CStr {
        c_str::head(&self.bytes).unwrap_or_default()
    }

    /// Returns whether the buffer is full. Then some of the text may be lost.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.length == N
    }

    /// Puts a null byte after the text: a text that was removed may have been longer.
    fn end(&mut self) {
        if let Some(end) = self.bytes.get_mut(self.length) {
            *end = 0;
        }
    }

    /// Removes the text.
    pub fn clear(&mut self) {
        self.length = 0;
        self.end();
    }
}

impl<const N: usize> Sink for Buffer<N> {
    #[inline(never)]
    fn put(&mut self, text: &[u8]) {
        for &byte in text {
            if let Some(free) = self.bytes.get_mut(self.length) {
                *free = byte;
                self.length += 1;
            }
        }
        self.end();
    }
}

/// Returns a word of a list. The words of the list are separated by `separator`. The first word has the index 0. If the list
/// does not have this many words, returns an empty word. Such a list takes half as much memory as an array of `&str`.
#[inline(never)]
#[must_use]
pub fn word(list: &'static str, separator: u8, index: usize) -> &'static [u8] {
    let mut rest = list.as_bytes();
    for _ in 0..index {
        next_field(&mut rest, separator);
    }
    next_field(&mut rest, separator)
}

/// Returns the first field of `rest`: the text before the first byte `end`. Sets `rest` to the text after this byte. If `end`
/// is a space, a tab also ends the field. If no byte ends the field, returns all of `rest`, and makes `rest` empty.
///
/// ```
/// let mut rest = &b"root:x:0"[..];
/// assert_eq!(nestling::text::next_field(&mut rest, b':'), b"root");
/// assert_eq!(rest, b"x:0");
/// ```
#[inline(never)]
pub fn next_field<'a>(rest: &mut &'a [u8], end: u8) -> &'a [u8] {
    let all = *rest;
    let is_end = |&byte: &u8| byte == end || (byte == b'\t' && end == b' ');
    let length = all.iter().position(is_end).unwrap_or(all.len());
    *rest = all.get(length + 1..).unwrap_or_default();
    all.get(..length).unwrap_or_default()
}

/// Returns the text without the spaces and tabs at its beginning.
#[inline(never)]
#[must_use]
pub fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

/// Returns the same word as [`word`], as a `str`.
pub(crate) fn word_str(list: &'static str, separator: u8, index: usize) -> &'static str {
    core::str::from_utf8(word(list, separator, index)).unwrap_or_default()
}

/// Returns the index of the word `name` in a list; `None` if the list does not contain this word. The words of the list are
/// separated by spaces. The first word has the index 0.
///
/// ```
/// assert_eq!(nestling::text::position("cpu fsize data", b"fsize"), Some(1));
/// assert_eq!(nestling::text::position("cpu fsize data", b"siz"), None);
/// ```
#[inline(never)]
#[must_use]
pub fn position(list: &'static str, name: &[u8]) -> Option<usize> {
    let (mut rest, mut index) = (list.as_bytes(), 0);
    while !rest.is_empty() {
        if next_field(&mut rest, b' ') == name {
            return Some(index);
        }
        index += 1;
    }
    None
}

/// Returns whether the text contains this byte. (`core`'s `contains` adds a `memchr` of half a kilobyte to the program.)
#[allow(clippy::manual_contains)]
#[must_use]
pub fn contains(text: &[u8], byte: u8) -> bool {
    text.iter().any(|&other| other == byte)
}

/// If the text begins with `prefix`, returns the rest of the text; otherwise, returns `None`. (In a program that is optimised
/// for size, `core`'s `strip_prefix` adds code for a panic and its message.)
#[must_use]
pub fn after<'a>(text: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    (start == prefix).then_some(rest)
}

/// Converts a text of digits to a number, in a base up to 16. Returns `None` if the text is empty, if it contains a character
/// that is not a digit of this base, or if the number does not fit into a `u64`.
///
/// ```
/// assert_eq!(nestling::text::number(b"0755", 8), Some(0o755));
/// assert_eq!(nestling::text::number(b"-1", 10), None);
/// ```
#[inline(never)]
#[must_use]
pub fn number(text: &[u8], base: u32) -> Option<u64> {
    let add = |number: u64, &digit: &u8| {
        let digit = char::from(digit).to_digit(base)?;
        number.checked_mul(base.into())?.checked_add(digit.into())
    };
    text.iter().try_fold(0, add).filter(|_| !text.is_empty())
}

/// Bytes to write between double quotes, with control characters escaped, which every terminal can show safely. A byte that does
/// not belong to a printable UTF-8 character is written as `\xHH`. Double quotes and backslashes are written with a backslash
/// before them.
///
/// ```
/// use nestling::text::Quoted;
/// assert_eq!(Quoted(b"a \"b\"\n").to_string(), r#""a \"b\"\x0a""#);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Quoted<'a>(pub &'a [u8]);

display_text!(Quoted<'_>);

impl Text for Quoted<'_> {
    fn write(&self, out: &mut impl Sink) {
        out.put(b"\"");
        let mut rest = self.0;
        while let [first, ..] = *rest {
            let length = printable(rest);
            let (now, later) = rest.split_at_checked(length.max(1)).unwrap_or_default();
            match (length, first) {
                (0, _) => {
                    out.put(b"\\x");
                    digits(first.into(), 16, 2, out);
                }
                (_, b'"' | b'\\') => out.put(&[b'\\', first]),
                _ => out.put(now),
            }
            rest = later;
        }
        out.put(b"\"");
    }
}

/// Returns whether the text consists of printable UTF-8 characters.
#[must_use]
pub fn is_printable(mut text: &[u8]) -> bool {
    while let Some((_, rest)) = text
        .split_at_checked(printable(text))
        .filter(|it| !it.0.is_empty())
    {
        text = rest;
    }
    text.is_empty()
}

/// Returns the length of the first character in bytes; 0 if the character is not printable. (`core`'s UTF-8 decoder has a kilobyte
/// of code, and contains panics.)
fn printable(bytes: &[u8]) -> usize {
    let (length, least) = match bytes {
        [b' '..0x7f, ..] => return 1,
        [0xc0..0xe0, ..] => (2, 0xa0),
        [0xe0..0xf0, ..] => (3, 0x800),
        [0xf0..=0xff, ..] => (4, 0x1_0000),
        _ => return 0,
    };
    let Some(([first, more @ ..], _)) = bytes.split_at_checked(length) else {
        return 0;
    };
    let mut code = u32::from(*first) & (0xff >> length);
    for &byte in more {
        if byte & 0xc0 != 0x80 {
            return 0;
        }
        code = code << 6 | u32::from(byte ^ 0x80);
    }
    if code >= least && char::from_u32(code).is_some() {
        length
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};

    /// The text, whatever the features: without `alloc`, no `Vec` is a sink.
    fn shown(text: impl Text) -> String {
        let mut buffer = Buffer::<64>::new();
        text.write(&mut buffer);
        String::from_utf8(buffer.bytes().to_vec()).unwrap()
    }

    #[test]
    fn a_number_is_written_as_it_is_read() {
        for number in [0, 7, 10, -1, i32::MAX, i32::MIN] {
            assert_eq!(shown(number).parse(), Ok(number));
        }
    }

    #[test]
    fn a_buffer_keeps_what_fits_and_says_that_it_is_full() {
        let mut buffer = Buffer::<4>::new();
        buffer.put(b"ab");
        assert_eq!((buffer.bytes(), buffer.is_full()), (&b"ab"[..], false));
        assert_eq!(buffer.as_c_str(), c"ab");
        buffer.put(b"cde");
        assert_eq!((buffer.bytes(), buffer.is_full()), (&b"abcd"[..], true));
        assert_eq!(buffer.as_c_str(), c"");
        buffer.clear();
        buffer.put(b"e");
        assert_eq!((buffer.bytes(), buffer.as_c_str()), (&b"e"[..], c"e"));
    }

    #[test]
    fn a_number_of_any_width_is_written_as_std_writes_it() {
        for power in 0..20 {
            for number in [10_u64.pow(power), 10_u64.pow(power) - 1, 7 << (3 * power)] {
                assert_eq!(shown(number), number.to_string());
                assert_eq!(shown(number as usize), (number as usize).to_string());
                assert_eq!(shown(number as i64), (number as i64).to_string());
                assert_eq!(
                    shown(-(number as i64 >> 1)),
                    (-(number as i64 >> 1)).to_string()
                );
                assert_eq!(shown(number as u32), (number as u32).to_string());
                assert_eq!(shown(number as i16), (number as i16).to_string());
                assert_eq!(shown(number as u8), (number as u8).to_string());
            }
        }
        assert_eq!(shown(u64::MAX), u64::MAX.to_string());
        assert_eq!(shown(i64::MIN), i64::MIN.to_string());
        assert_eq!(shown(i8::MIN), "-128");
    }

    #[test]
    fn a_character_a_c_string_bytes_and_what_refers_to_them_are_text() {
        assert_eq!(['a', 'é', '€', '🐣'].map(shown), ["a", "é", "€", "🐣"]);
        assert_eq!(shown(c"a b"), "a b");
        assert_eq!(shown(&b"a\nb"[..]), "a\nb");
    }

    #[test]
    fn a_word_is_found_by_its_index() {
        let words: [&str; 5] = core::array::from_fn(|index| word_str("a bc  d", b' ', index));
        assert_eq!(words, ["a", "bc", "", "d", ""]);
    }

    #[test]
    fn a_base_and_a_width_are_kept() {
        let mut text = Buffer::<8>::new();
        digits(0o22, 8, 4, &mut text);
        digits(0xa, 16, 2, &mut text);
        assert_eq!(text.bytes(), b"00220a");
    }

    #[test]
    fn a_string_is_quoted_so_that_it_can_be_read_on_any_terminal() {
        let text = Quoted(b"a b\"\\\n\xff\xc3\xa9\xc2\x9b\x7f\xe2").to_string();
        assert_eq!(text, r#""a b\"\\\x0a\xffé\xc2\x9b\x7f\xe2""#);
    }

    #[test]
    fn what_is_utf8_for_std_is_shown_and_what_is_not_is_escaped() {
        let shown = |bytes: &[u8]| !Quoted(bytes).to_string().contains("\\x");
        // In Miri, the test takes a thousand times as long.
        let step = if cfg!(miri) { 9_973 } else { 97 };
        for c in ('\u{a0}'..=char::MAX).step_by(step).chain([
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
        for a in (0x80..=0xff).step_by(if cfg!(miri) { 21 } else { 1 }) {
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
