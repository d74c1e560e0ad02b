//! Text put together in place.

use core::ffi::CStr;

use nestling::sys;
use nestling::text::{Sink, Text};

/// How much there is room for: a line of the inittab, and its program's name before it.
const SIZE: usize = 8192;

/// Text in the making: a path, the words of a command. What is beyond its room is lost.
#[repr(C)]
pub struct Buffer {
    // The length is on the page of the first bytes.
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

    /// What was put there.
    #[inline(never)]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    /// Adds a string and its null.
    #[inline(never)]
    pub fn put_string(&mut self, text: &[u8]) {
        self.put(text);
        self.put(b"\0");
    }

    /// Whether there was no room for all of it, or just enough.
    pub fn is_full(&self) -> bool {
        self.length == SIZE
    }

    pub fn clear(&mut self) {
        self.length = 0;
    }

    /// That up to its first null.
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

/// The path of what has this name there.
#[inline(never)]
pub fn path(directory: &str, name: &[u8]) -> Buffer {
    let mut path = Buffer::new();
    directory.write(&mut path);
    name.write(&mut path);
    path
}

/// The first of the strings that each end with a null, and `rest` is those after it; empty after the last.
#[inline(never)]
pub fn next_string<'a>(rest: &mut &'a [u8]) -> &'a CStr {
    let first = sys::args::head(rest).unwrap_or_default();
    *rest = rest.get(first.count_bytes() + 1..).unwrap_or_default();
    first
}
