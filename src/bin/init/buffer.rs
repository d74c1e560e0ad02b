//! A buffer in which init builds a text.

use core::ffi::CStr;

use nestling::sys;
use nestling::text::{Sink, Text};

/// The size of a buffer. It has room for a line of the inittab, and the program's name before it.
const SIZE: usize = 8192;

/// A text that is being built, such as a path or the words of a command. Text that does not fit is lost.
#[repr(C)]
pub struct Buffer {
    // `repr(C)` puts the length on the page of the first bytes.
    length: usize,
    bytes: [u8; SIZE],
}

impl Buffer {
    pub const fn new() -> Self {
        Self {
            bytes: [0; SIZE],
            length: 0,
        }
    }

    /// Returns the text.
    #[inline(never)]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Appends a string and a null byte.
    #[inline(never)]
    pub fn put_string(&mut self, text: &[u8]) {
        self.put(text);
        self.put(b"\0");
    }

    /// Returns whether the buffer is full. Then some of the text may be lost.
    pub fn is_full(&self) -> bool {
        self.length == SIZE
    }

    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// Returns the text up to its first null byte.
    pub fn as_c_str(&self) -> &CStr {
        next_string(&mut &self.bytes[..])
    }
}

impl Sink for Buffer {
    #[inline(never)]
    fn put(&mut self, text: &[u8]) {
        for &byte in text {
            if let Some(place) = self.bytes.get_mut(self.length) {
                *place = byte;
                self.length += 1;
            }
        }
    }
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
    let first = sys::args::head(rest).unwrap_or_default();
    *rest = rest.get(first.count_bytes() + 1..).unwrap_or_default();
    first
}
