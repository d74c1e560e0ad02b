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
