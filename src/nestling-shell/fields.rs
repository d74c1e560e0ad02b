//! Fields: the strings that result from the expansion of words, such as a program's arguments.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::ffi::CStr;

/// A list of fields. A null byte follows each field, so that the fields are C strings. (Strings of the shell contain no null bytes,
/// because the kernel could not pass them to a program. [`push`](Fields::push) removes null bytes.)
#[derive(Debug, Default)]
pub struct Fields {
    bytes: Vec<u8>,
    /// The end of each field: the position of its null byte.
    ends: Vec<usize>,
}

impl Fields {
    /// Makes an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of complete fields.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no complete field.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Removes all fields, but keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    /// Adds a field.
    pub fn push(&mut self, field: &[u8]) {
        self.extend(field);
        self.end();
    }

    /// Adds text to the field that is not complete yet.
    pub fn extend(&mut self, text: &[u8]) {
        if nestling::text::contains(text, 0) {
            self.bytes.extend(text.iter().filter(|&&byte| byte != 0));
        } else {
            self.bytes.extend_from_slice(text);
        }
    }

    /// Completes the field.
    pub fn end(&mut self) {
        self.ends.push(self.bytes.len());
        self.bytes.push(0);
    }

    /// Adds the fields of another list.
    pub fn append(&mut self, others: Arguments<'_>) {
        let Arguments { fields, first } = others;
        let from = fields.start(first);
        let before = self.bytes.len();
        self.bytes
            .extend_from_slice(fields.bytes.get(from..).unwrap_or_default());
        let ends = fields.ends.get(first..).unwrap_or_default();
        self.ends.extend(ends.iter().map(|end| end - from + before));
    }

    /// Returns the start of a field.
    fn start(&self, index: usize) -> usize {
        let before = index.checked_sub(1).and_then(|index| self.ends.get(index));
        before.map_or(0, |end| end + 1)
    }

    fn range(&self, index: usize) -> Option<(usize, usize)> {
        Some((self.start(index), *self.ends.get(index)?))
    }

    /// Returns the field with this index, if it exists.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let (start, end) = self.range(index)?;
        self.bytes.get(start..end)
    }

    /// Returns a field as a C string.
    pub fn c_str(&self, index: usize) -> Option<&CStr> {
        let (start, end) = self.range(index)?;
        CStr::from_bytes_with_nul(self.bytes.get(start..=end)?).ok()
    }

    /// Returns the fields in their order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map_while(|index| self.get(index))
    }

    /// Returns all fields in the form in which a built-in gets them.
    pub fn arguments(&self) -> Arguments<'_> {
        Arguments {
            fields: self,
            first: 0,
        }
    }
}

/// The arguments of a command. The first one is its name.
#[derive(Debug, Clone, Copy)]
pub struct Arguments<'a> {
    fields: &'a Fields,
    first: usize,
}

impl<'a> Arguments<'a> {
    /// Returns the number of arguments, with the name.
    pub fn len(self) -> usize {
        self.fields.len() - self.first
    }

    /// Whether there is no argument, not even a name.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Returns the argument with this index; 0 is the name.
    #[inline(never)]
    pub fn get(self, index: usize) -> Option<&'a [u8]> {
        self.fields.get(self.first + index)
    }

    /// Returns an argument as a C string.
    #[inline(never)]
    pub fn c_str(self, index: usize) -> Option<&'a CStr> {
        self.fields.c_str(self.first + index)
    }

    /// Returns the command's name.
    pub fn name(self) -> &'a [u8] {
        self.get(0).unwrap_or_default()
    }

    /// Returns the arguments without the first `count`.
    #[inline(never)]
    pub fn skip(self, count: usize) -> Self {
        Self {
            fields: self.fields,
            first: (self.first + count).min(self.fields.len()),
        }
    }

    /// Appends all arguments to a text, with a separator between them.
    pub fn join(self, joint: &[u8], out: &mut Vec<u8>) {
        let Some(ends) = self.fields.ends.get(self.first..) else {
            return;
        };
        let [inner @ .., last] = ends else { return };
        let mut from = self.fields.start(self.first);
        if let [joint] = joint {
            // The separator is one byte, which replaces each null byte.
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

    /// Returns the arguments in their order.
    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).map_while(move |index| self.get(index))
    }
}

/// The positional parameters: a list of fields without those that `shift` has removed. Cloning it does not copy the fields.
#[derive(Debug, Default, Clone)]
pub struct Parameters {
    fields: Rc<Fields>,
    /// How many fields precede `$1`.
    first: usize,
}

impl Parameters {
    /// Makes positional parameters from all fields.
    #[inline]
    pub fn new(fields: Fields) -> Self {
        let fields = Rc::new(fields);
        Self { fields, first: 0 }
    }

    /// Makes positional parameters from a copy of these arguments.
    pub fn of(arguments: Arguments<'_>) -> Self {
        let mut fields = Fields::new();
        fields.append(arguments);
        Self::new(fields)
    }

    /// Makes positional parameters from the arguments after a function's name.
    pub fn of_call(fields: &Rc<Fields>) -> Self {
        let fields = Rc::clone(fields);
        Self { fields, first: 1 }
    }

    /// Returns all parameters, `$1` and those after it, without a copy.
    pub fn all(&self) -> Arguments<'_> {
        let fields = &self.fields;
        let first = self.first;
        Arguments { fields, first }
    }

    /// Returns the number of parameters: `$#`.
    pub fn len(&self) -> usize {
        self.all().len()
    }

    /// Whether there is no parameter.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns a parameter; the index 0 is `$1`.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.all().get(index)
    }

    /// Removes the first `count` parameters. Returns false if there are fewer.
    pub fn shift(&mut self, count: usize) -> bool {
        let enough = count <= self.len();
        if enough {
            self.first += count;
        }
        enough
    }
}
