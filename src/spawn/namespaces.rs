//! The ids of a child's new user namespace.
//!
//! The kernel lets a process in the new namespace map only its own ids, so the parent writes the maps. Before its first step, the child
//! waits until the parent has written them: it reads a byte from a pipe, the gate. The child closes the gate before its first action.

use super::report::{Attribute, StepCode};
use super::task::ChildTask;
use super::watch::ShortText;
use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::file::OFlags;
use crate::process::Pid;
use crate::sys::{self, namespace::Namespaces};
use crate::text::{Sink, Text};

/// A range of ids of a new user namespace, and the ids that they stand for (`user_namespaces(7)`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IdMap {
    /// The first id in the new user namespace.
    pub inside: u32,
    /// The id in the parent's user namespace that the first id stands for.
    pub outside: u32,
    /// The number of ids.
    pub count: u32,
}

impl IdMap {
    /// Makes the map of a single id.
    #[must_use]
    pub const fn one(inside: u32, outside: u32) -> Self {
        Self {
            inside,
            outside,
            count: 1,
        }
    }
}

/// The namespaces that a spawn makes for its child (`clone(2)`, `namespaces(7)`), with the ids of a new user namespace.
///
/// In a new PID namespace, the child is process 1. New namespaces require `CAP_SYS_ADMIN`, unless one of them is a user namespace. To
/// enter an existing namespace, use [`Action::Setns`](super::Action::Setns).
///
/// If there are maps, the parent writes them to `/proc/PID/uid_map` and `/proc/PID/gid_map`. A parent that does not have `CAP_SETUID`
/// and `CAP_SETGID` can map a single user id and a single group id, which must be its own effective ids, and `setgroups` must be
/// false. Maps require `/proc`, two more descriptors, and 4 KiB more of the caller's stack, and cost about fifteen more system
/// calls.
///
/// The child has all capabilities in a new user namespace. A program keeps them only if its user id is 0 there, or if its ambient
/// set contains them.
///
/// ```
/// use nestling::spawn::{Attributes, IdMap, NewNamespaces};
/// use nestling::sys::{credentials, namespace::Namespaces};
///
/// let users = [IdMap::one(0, credentials::geteuid()?)];
/// let container = NewNamespaces { users: &users, ..NewNamespaces::new(Namespaces::USER | Namespaces::PID) };
/// let attributes = Attributes { namespaces: Some(&container), ..Attributes::default() };
/// # Ok::<(), nestling::Errno>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[doc(alias("unshare", "CLONE_NEWUSER", "CLONE_NEWPID", "CLONE_NEWNS"))]
pub struct NewNamespaces<'a> {
    /// The kinds of the new namespaces.
    pub kinds: Namespaces,
    /// The map of the user ids. Without a map, the child's user id is the overflow id (65534).
    pub users: &'a [IdMap],
    /// The map of the group ids.
    pub groups: &'a [IdMap],
    /// Whether the processes in a user namespace that has maps may change their supplementary groups (`/proc/PID/setgroups`).
    pub setgroups: bool,
}

/// Without maps.
impl From<Namespaces> for NewNamespaces<'_> {
    fn from(kinds: Namespaces) -> Self {
        Self::new(kinds)
    }
}

impl NewNamespaces<'_> {
    /// Makes a `NewNamespaces` without maps.
    #[must_use]
    pub const fn new(kinds: Namespaces) -> Self {
        Self {
            kinds,
            users: &[],
            groups: &[],
            setgroups: false,
        }
    }

    fn has_maps(&self) -> bool {
        !self.users.is_empty() || !self.groups.is_empty()
    }

    /// Is not inlined, so that only a spawn with maps needs the stack for their text.
    #[inline(never)]
    fn write(&self, pid: Pid) -> Result<(), Errno> {
        if !self.setgroups {
            put(pid, "/setgroups\0", b"deny")?;
        }
        for (file, ranges) in [("/uid_map\0", self.users), ("/gid_map\0", self.groups)] {
            let mut text = Page::default();
            for range in ranges {
                for number in [range.inside, range.outside, range.count] {
                    number.write(&mut text);
                    " ".write(&mut text);
                }
                "\n".write(&mut text);
            }
            if !ranges.is_empty() {
                put(pid, file, text.bytes()?)?;
            }
        }
        Ok(())
    }
}

/// Writes to a file of a process.
fn put(pid: Pid, file: &str, bytes: &[u8]) -> Result<(), Errno> {
    let mut path = ShortText::new();
    "/proc/".write(&mut path);
    pid.as_raw().write(&mut path);
    file.write(&mut path);
    let file = sys::fd::open(path.as_c_str(), OFlags::WRONLY | OFlags::CLOEXEC, 0)?;
    sys::fd::write(file.as_fd(), bytes).map(drop)
}

/// A buffer for the text of a map: the kernel accepts at most one page.
struct Page {
    bytes: [u8; 4096],
    length: usize,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            bytes: [0; 4096],
            length: 0,
        }
    }
}

impl Page {
    fn bytes(&self) -> Result<&[u8], Errno> {
        self.bytes.get(..self.length).ok_or(Errno::E2BIG)
    }
}

impl Sink for Page {
    fn put(&mut self, text: &[u8]) {
        let end = self.length.saturating_add(text.len());
        if let Some(place) = self.bytes.get_mut(self.length..end) {
            place.copy_from_slice(text);
        }
        self.length = end;
    }
}

/// The parent's ends of the gate, and the maps.
pub(super) struct Gate<'a> {
    read_end: OwnedFd,
    write_end: OwnedFd,
    namespaces: NewNamespaces<'a>,
}

impl<'a> Gate<'a> {
    /// Makes the gate, if the child needs one.
    pub fn new(task: &ChildTask<'_, 'a>) -> Result<Option<Self>, Errno> {
        let namespaces = match task.spawn.attributes.namespaces {
            Some(namespaces) if namespaces.has_maps() => *namespaces,
            _ => return Ok(None),
        };
        task.note_step(StepCode::attribute(Attribute::Namespaces));
        let (read_end, write_end) = sys::fd::pipe2(OFlags::CLOEXEC)?;
        let ends = (read_end.as_raw_fd(), write_end.as_raw_fd());
        task.gate.set(Some(ends));
        Ok(Some(Self {
            read_end,
            write_end,
            namespaces,
        }))
    }

    /// Writes the maps, and lets the child continue. If the child has ended, the write to the gate causes no `SIGPIPE`, because the
    /// parent still has the read end open.
    pub fn open(self, pid: Pid) -> Result<(), Errno> {
        self.namespaces.write(pid)?;
        sys::fd::write(self.write_end.as_fd(), b"0")?;
        drop(self.read_end);
        Ok(())
    }
}

/// Waits in the child until the parent has written the maps. Fails if the parent has ended.
pub(super) fn wait(task: &ChildTask<'_, '_>) -> Result<(), Errno> {
    let Some((read_end, write_end)) = task.gate.get() else {
        return Ok(());
    };
    task.note_step(StepCode::attribute(Attribute::Namespaces));
    // SAFETY: the child owns its copies of the pipe's two ends, and nothing else uses them.
    let count = unsafe {
        sys::fd::close(write_end)?;
        let count = sys::fd::read(BorrowedFd::borrow_raw(read_end), &mut [0])?;
        sys::fd::close(read_end)?;
        count
    };
    match count {
        0 => Err(Errno::ECANCELED),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_that_the_kernel_would_not_take_are_refused() {
        let mut text = Page::default();
        for _ in 0..4096 / 8 {
            "8 bytes.".write(&mut text);
        }
        assert_eq!(text.bytes().map(<[u8]>::len), Ok(4096));
        ".".write(&mut text);
        assert_eq!(text.bytes(), Err(Errno::E2BIG));
    }
}
