//! The names of users and groups, from `/etc/passwd` and `/etc/group`.

use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::text::{self, Sink, Text};
use nestling::users::{Group, User};
use nestling::{AsFd, OFlags, sys};

use super::input::Lines;

/// Names by id. Each id is looked up once.
pub struct Names {
    kind: Kind,
    known: Vec<Known>,
}

/// An id, its name or the id in decimal, and whether it is a name.
type Known = (u32, Vec<u8>, bool);

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    User,
    Group,
}

impl Names {
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            known: Vec::new(),
        }
    }

    /// Returns the name of an id; the id in decimal if it has no name.
    pub fn name(&mut self, id: u32) -> &[u8] {
        &self.known(id).1
    }

    /// Whether an id has a name.
    pub fn has(&mut self, id: u32) -> bool {
        self.known(id).2
    }

    fn known(&mut self, id: u32) -> &Known {
        let place = match self.known.iter().position(|known| known.0 == id) {
            Some(place) => place,
            None => {
                let (name, has_name) = look_up(self.kind, id);
                self.known.push((id, name, has_name));
                self.known.len() - 1
            }
        };
        static NONE: Known = (0, Vec::new(), false);
        self.known.get(place).unwrap_or(&NONE)
    }
}

/// Returns the id of a name, or the number if the text is one; `None` if there is neither.
pub fn id(kind: Kind, name: &[u8]) -> Option<u32> {
    let mut found = None;
    each(kind, &mut |id, other| {
        if other == name {
            found = Some(id);
        }
        found.is_none()
    });
    found.or_else(|| u32::try_from(text::number(name, 10)?).ok())
}

/// Returns the group of a user; `None` if `/etc/passwd` does not have the user.
pub fn group_of(uid: u32) -> Option<u32> {
    let file = sys::fd::open(c"/etc/passwd", OFlags::RDONLY | OFlags::CLOEXEC, 0).ok()?;
    let mut lines = Lines::new(file.as_fd());
    while let Ok(Some(line)) = lines.next() {
        let user = User::parse(line.strip_suffix(b"\n").unwrap_or(line));
        if let Some(user) = user.filter(|user| user.uid == uid) {
            return Some(user.gid);
        }
    }
    None
}

fn look_up(kind: Kind, id: u32) -> (Vec<u8>, bool) {
    let mut found = Vec::new();
    each(kind, &mut |other, name| {
        if other == id {
            found.extend_from_slice(name);
        }
        found.is_empty()
    });
    let has_name = !found.is_empty();
    if !has_name {
        id.write(&mut Bytes(&mut found));
    }
    (found, has_name)
}

/// Calls `with` with the id and the name of each line of the file, until it returns false. A file that cannot be read has no
/// lines: a rescue system may lack it.
fn each(kind: Kind, with: &mut dyn FnMut(u32, &[u8]) -> bool) {
    let path: &CStr = match kind {
        Kind::User => c"/etc/passwd",
        Kind::Group => c"/etc/group",
    };
    let Ok(file) = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0) else {
        return;
    };
    let mut lines = Lines::new(file.as_fd());
    while let Ok(Some(line)) = lines.next() {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let entry = match kind {
            Kind::User => User::parse(line).map(|user| (user.uid, user.name)),
            Kind::Group => Group::parse(line).map(|group| (group.gid, group.name)),
        };
        if entry.is_some_and(|(id, name)| !with(id, name)) {
            return;
        }
    }
}

/// A text in memory.
pub struct Bytes<'a>(pub &'a mut Vec<u8>);

impl Sink for Bytes<'_> {
    fn put(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }
}
