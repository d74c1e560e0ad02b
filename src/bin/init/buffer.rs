//! A buffer in which init builds a text.

use core::ffi::CStr;

use nestling::c_str;
use nestling::text::{Sink, Text};

/// A text that is being built, such as a path or the words of a command. It has room for a line of the inittab, and the program's
/// name before it.
pub type Buffer = nestling::text::Buffer<8192>;

/// Appends a string and a null byte.
#[inline(never)]
pub fn put_string(buffer: &mut Buffer, text: &[u8]) {
    buffer.put(text);
    buffer.put(b"\0");
}

/// Returns the path of the file `name` in a directory.
#[inline(never)]
pub fn path(directory: &str, name: &[u8]) -> Buffer {
    let mut path = Buffer::new();
    directory.write(&mut path);
    name.write(&mut path);
    path
}

/// Removes the first string from `rest`, and returns it. Each string in `rest` ends with a null byte. If `rest` is empty, returns
/// an empty string.
#[inline(never)]
pub fn next_string<'a>(rest: &mut &'a [u8]) -> &'a CStr {
    let first = c_str::head(rest).unwrap_or_default();
    *rest = rest.get(first.count_bytes() + 1..).unwrap_or_default();
    first
}
