//! What words become: strings one after the other, as a program's arguments are.

use alloc::vec::Vec;
use core::ffi::CStr;

/// Fields, each followed by a null byte, so that they are C strings as they lie. (A shell's strings have no null bytes inside:
/// the kernel could not pass them on. [`push`](Fields::push) leaves such bytes out.)
#[derive(Debug, Default)]
pub struct Fields {
    bytes: Vec<u8>,
    /// Where each ends: at its null byte.
    ends: Vec<usize>,
}

impl Fields {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Forgets all, and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Adds a field.
    pub fn push(&mut self, field: &[u8]) {
        self.extend(field);
        self.end();
    }

    /// Adds to the field that is not ended yet.
    pub fn extend(&mut self, text: &[u8]) {
        if nestling::text::contains(text, 0) {
            self.bytes.extend(text.iter().filter(|&&byte| byte != 0));
        } else {
            self.bytes.extend_from_slice(text);
        }
    }

    /// Ends the field.
    pub fn end(&mut self) {
        self.ends.push(self.bytes.len());
        self.bytes.push(0);
    }

    fn range(&self, index: usize) -> Option<(usize, usize)> {
        let start = match index.checked_sub(1) {
            None => 0,
            Some(before) => self.ends.get(before)? + 1,
        };
        Some((start, *self.ends.get(index)?))
    }

    /// A field, if there are so many.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let (start, end) = self.range(index)?;
        self.bytes.get(start..end)
    }

    /// A field as a C string.
    pub fn c_str(&self, index: usize) -> Option<&CStr> {
        let (start, end) = self.range(index)?;
        CStr::from_bytes_with_nul(self.bytes.get(start..=end)?).ok()
    }

    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map_while(|index| self.get(index))
    }

    /// All of them, as a built-in gets them.
    pub fn arguments(&self) -> Arguments<'_> {
        Arguments {
            fields: self,
            first: 0,
        }
    }
}

/// A command's arguments, its name first.
#[derive(Debug, Clone, Copy)]
pub struct Arguments<'a> {
    fields: &'a Fields,
    first: usize,
}

impl<'a> Arguments<'a> {
    pub fn len(self) -> usize {
        self.fields.len() - self.first
    }

    #[inline(never)]
    pub fn get(self, index: usize) -> Option<&'a [u8]> {
        self.fields.get(self.first + index)
    }

    #[inline(never)]
    pub fn c_str(self, index: usize) -> Option<&'a CStr> {
        self.fields.c_str(self.first + index)
    }

    /// The name.
    pub fn name(self) -> &'a [u8] {
        self.get(0).unwrap_or_default()
    }

    /// Without the first `count`.
    #[inline(never)]
    pub fn skip(self, count: usize) -> Self {
        Self {
            fields: self.fields,
            first: (self.first + count).min(self.fields.len()),
        }
    }

    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).map_while(move |index| self.get(index))
    }
}
