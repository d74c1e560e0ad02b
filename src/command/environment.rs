//! The changes that a command makes to the environment it inherits.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use super::bytes::AsBytes;
use crate::args::{Arg, Args};

/// The changes, of which the last of a name counts.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// Whether nothing is inherited.
    clear: bool,
    changes: Vec<Change>,
}

#[derive(Debug)]
struct Change {
    name: Vec<u8>,
    /// `name=value`, or `None` where the name is removed.
    entry: Option<CString>,
}

impl Environment {
    pub fn set(&mut self, name: &[u8], entry: CString) {
        self.change(name, Some(entry));
    }

    pub fn remove(&mut self, name: &[u8]) {
        self.change(name, None);
    }

    pub fn clear(&mut self) {
        self.clear = true;
        self.changes.clear();
    }

    /// Whether a child inherits everything, and nothing else.
    pub fn is_unchanged(&self) -> bool {
        !self.clear && self.changes.is_empty()
    }

    /// Whether nothing is inherited.
    pub fn is_cleared(&self) -> bool {
        self.clear
    }

    /// The changes: each name with its value, or without one if the name is removed.
    pub fn changes(&self) -> impl Iterator<Item = (&[u8], Option<&CStr>)> {
        self.changes.iter().map(|change| {
            let value = change.entry.as_ref().map(|entry| {
                let value = entry.to_bytes_with_nul().strip_prefix(&change.name[..]);
                let value = value.and_then(|value| value.strip_prefix(b"="));
                let value = value.and_then(|value| CStr::from_bytes_with_nul(value).ok());
                value.unwrap_or(entry) // where a name has a null byte
            });
            (&change.name[..], value)
        })
    }

    fn change(&mut self, name: &[u8], entry: Option<CString>) {
        self.changes.retain(|change| change.name != name);
        self.changes.push(Change {
            name: name.bytes().into(),
            entry,
        });
    }

    /// What becomes of `inherited`: what is left of it, in its order, then what is set, in the order of setting.
    pub fn apply<'a>(&'a self, inherited: Args<'a>) -> Vec<Option<Arg<'a>>> {
        let inherited = if self.clear { Args::EMPTY } else { inherited };
        let stays = |entry: &&CStr| {
            let changed = |change: &Change| {
                let value = entry.to_bytes().strip_prefix(&change.name[..]);
                value.is_some_and(|value| value.first() == Some(&b'='))
            };
            !self.changes.iter().any(changed)
        };
        let set = self.changes.iter().filter_map(|it| it.entry.as_deref());
        let entries = inherited.iter().filter(stays).chain(set);
        entries.map(|it| Some(it.into())).chain([None]).collect()
    }
}
