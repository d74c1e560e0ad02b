//! What trees mostly consist of, in less room and with fewer allocations: slices of one, and short texts.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::mem;
use core::ops::Deref;
use core::slice;

/// A slice, most often of one.
#[derive(Debug)]
pub enum Few<T> {
    One(T),
    Many(Box<[T]>),
}

impl<T> Few<T> {
    /// What is in a collection from there on.
    pub fn split_off(collection: &mut Vec<T>, from: usize) -> Self {
        if collection.len() == from + 1
            && let Some(one) = collection.pop()
        {
            return Self::One(one);
        }
        Self::Many(split_off(collection, from))
    }
}

/// As many as it is cheaper to make a new collection for than to copy.
const MANY: usize = 1000;

/// What is in a collection from there on.
pub fn split_off<T>(collection: &mut Vec<T>, from: usize) -> Box<[T]> {
    if collection.len() <= from {
        return Box::default();
    }
    let rest = match from == 0 && collection.len() > MANY {
        // Much is not copied: a here-document.
        true => mem::take(collection),
        false => collection.split_off(from),
    };
    rest.into_boxed_slice()
}

/// As [`split_off`], to be shared.
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

/// As much as fits where a longer text's address is.
const SHORT: usize = 22;

/// Bytes, most often few.
#[derive(Debug)]
pub enum Piece {
    Short(u8, [u8; SHORT]),
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
