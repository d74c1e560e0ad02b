//! What words become: strings one after the other, as a program's arguments are.

use alloc::rc::Rc;
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

    /// Adds the fields of others.
    pub fn append(&mut self, others: Arguments<'_>) {
        let Arguments { fields, first } = others;
        let from = fields.start(first);
        let before = self.bytes.len();
        self.bytes
            .extend_from_slice(fields.bytes.get(from..).unwrap_or_default());
        let ends = fields.ends.get(first..).unwrap_or_default();
        self.ends.extend(ends.iter().map(|end| end - from + before));
    }

    /// Where a field begins.
    fn start(&self, index: usize) -> usize {
        let before = index.checked_sub(1).and_then(|index| self.ends.get(index));
        before.map_or(0, |end| end + 1)
    }

    fn range(&self, index: usize) -> Option<(usize, usize)> {
        Some((self.start(index), *self.ends.get(index)?))
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

    /// Adds all of them to a text, with this between them.
    pub fn join(self, joint: &[u8], out: &mut Vec<u8>) {
        let Some(ends) = self.fields.ends.get(self.first..) else {
            return;
        };
        let [inner @ .., last] = ends else { return };
        let mut from = self.fields.start(self.first);
        if let [joint] = joint {
            // A byte in the place of each null byte.
            let before = out.len();
            out.extend_from_slice(self.fields.bytes.get(from..*last).unwrap_or_default());
            for end in inner {
                if let Some(byte) = out.get_mut(before + end - from) {
                    *byte = *joint;
                }
            }
            return;
        }
        for end in inner {
            out.extend_from_slice(self.fields.bytes.get(from..*end).unwrap_or_default());
            out.extend_from_slice(joint);
            from = end + 1;
        }
        out.extend_from_slice(self.fields.bytes.get(from..*last).unwrap_or_default());
    }

    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).map_while(move |index| self.get(index))
    }
}

/// The positional parameters: fields, without those that `shift` has taken away. A copy costs nothing.
#[derive(Debug, Default, Clone)]
pub struct Parameters {
    fields: Rc<Fields>,
    first: usize,
}

impl Parameters {
    pub fn new(fields: Fields) -> Self {
        let fields = Rc::new(fields);
        Self { fields, first: 0 }
    }

    /// A copy of these arguments.
    pub fn of(arguments: Arguments<'_>) -> Self {
        let mut fields = Fields::new();
        fields.append(arguments);
        Self::new(fields)
    }

    /// What follows the name of a function.
    pub fn of_call(fields: &Rc<Fields>) -> Self {
        let fields = Rc::clone(fields);
        Self { fields, first: 1 }
    }

    pub fn all(&self) -> Arguments<'_> {
        let fields = &self.fields;
        let first = self.first;
        Arguments { fields, first }
    }

    pub fn len(&self) -> usize {
        self.all().len()
    }

    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.all().get(index)
    }

    /// Takes away the first `count`; false if there are not so many.
    pub fn shift(&mut self, count: usize) -> bool {
        let enough = count <= self.len();
        if enough {
            self.first += count;
        }
        enough
    }
}
