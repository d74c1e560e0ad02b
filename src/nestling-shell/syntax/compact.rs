//! Compact forms of the most frequent parts of a tree: slices of one element, short texts, and texts with parameters. They need
//! less memory and fewer allocations.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::mem;
use core::ops::Deref;
use core::slice;

use super::tree::ParameterName;

/// A slice that most often has one element.
#[derive(Debug)]
pub enum Few<T> {
    /// One element.
    One(T),
    /// Any number of elements.
    Many(Box<[T]>),
}

impl<T> Few<T> {
    /// Removes the elements from the index `from` on and returns them.
    pub fn split_off(collection: &mut Vec<T>, from: usize) -> Self {
        if collection.len() == from + 1
            && let Some(one) = collection.pop()
        {
            return Self::One(one);
        }
        Self::Many(split_off(collection, from))
    }
}

/// With more elements than this, allocating a new collection is cheaper than copying the elements.
const MANY: usize = 1000;

/// Removes the elements from the index `from` on and returns them.
pub fn split_off<T>(collection: &mut Vec<T>, from: usize) -> Box<[T]> {
    if collection.len() <= from {
        return Box::default();
    }
    let rest = match from == 0 && collection.len() > MANY {
        // A long text, such as a here-document, is not copied.
        true => mem::take(collection),
        false => collection.split_off(from),
    };
    rest.into_boxed_slice()
}

/// Like [`split_off`], but returns a shared slice.
pub fn shared<T>(collection: &mut Vec<T>, from: usize) -> Rc<[T]> {
    let from = from.min(collection.len());
    collection.drain(from..).collect()
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Self::Many(Box::default())
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::One(one) => slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> slice::Iter<'a, T> {
        self.iter()
    }
}

/// The length of a text that fits in the enum without making it larger.
const SHORT: usize = 22;

/// A text that is most often short.
#[derive(Debug)]
pub enum Piece {
    /// The length, and the text at the beginning of the bytes.
    Short(u8, [u8; SHORT]),
    /// A longer text.
    Long(Box<[u8]>),
}

impl From<&[u8]> for Piece {
    fn from(text: &[u8]) -> Self {
        let mut bytes = [0; SHORT];
        match bytes.get_mut(..text.len()) {
            Some(place) => {
                place.copy_from_slice(text);
                Self::Short(text.len() as u8, bytes)
            }
            None => Self::Long(text.into()),
        }
    }
}

impl Deref for Piece {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(text) => text,
        }
    }
}

/// A text that contains parameters without modifiers, such as the lines of a here-document.
#[derive(Debug, Default)]
pub struct Template {
    text: Vec<u8>,
    /// The parameters, each with the position in the text where its value is inserted.
    parameters: Vec<(usize, ParameterName)>,
}

impl Template {
    pub(crate) fn extend(&mut self, text: &[u8]) {
        self.text.extend_from_slice(text);
    }

    pub(crate) fn push(&mut self, name: ParameterName) {
        self.parameters.push((self.text.len(), name));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.parameters.is_empty()
    }

    /// Returns the next piece of text, and the parameter that follows it, if any. `at` must be 0 in the first call; each call
    /// increases it.
    pub fn next(&self, at: &mut usize) -> Option<(&[u8], Option<ParameterName>)> {
        let place = |index: usize| self.parameters.get(index).map(|&(at, _)| at);
        let from = at.checked_sub(1).map_or(Some(0), place)?;
        let text = self.text.get(from..place(*at).unwrap_or(self.text.len()));
        let name = self.parameters.get(*at).map(|&(_, name)| name);
        *at += 1;
        Some((text.unwrap_or_default(), name))
    }
}
