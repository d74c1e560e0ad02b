//! The changes that a command makes to the environment it inherits.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use super::bytes::AsBytes;
use crate::args::{Arg, Args, array};

/// The changes of the environment. They contain at most one change for each name, the last one.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// Whether the child inherits no variables.
    clear: bool,
    changes: Vec<Change>,
}

#[derive(Debug)]
struct Change {
    name: Vec<u8>,
    /// The string `name=value`; `None` if the variable is removed.
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

    /// Returns whether the child's environment is exactly the inherited environment.
    pub fn is_unchanged(&self) -> bool {
        !self.clear && self.changes.is_empty()
    }

    /// Returns whether the child inherits no variables.
    pub fn is_cleared(&self) -> bool {
        self.clear
    }

    /// Returns the changes: each name with its value, or with `None` if the variable is removed.
    pub fn changes(&self) -> impl Iterator<Item = (&[u8], Option<&CStr>)> {
        self.changes.iter().map(|change| {
            let value = change.entry.as_ref().map(|entry| {
                let value = entry.to_bytes_with_nul().strip_prefix(&change.name[..]);
                let value = value.and_then(|value| value.strip_prefix(b"="));
                let value = value.and_then(|value| CStr::from_bytes_with_nul(value).ok());
                value.unwrap_or(entry) // if the name contains a null byte
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

    /// Returns the child's environment: the variables of `inherited` that do not change, in their order, and then the variables
    /// that were set, in the order of the calls.
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
        array(entries)
    }
}
