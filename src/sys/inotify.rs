//! Watches on files and directories, which report what happens to them (`inotify(7)`).
//!
//! ```
//! use nestling::sys::inotify::{self, Events, Mask};
//! use nestling::{AsFd, OFlags, sys};
//!
//! # let folder = std::env::temp_dir().join(format!("nestling-inotify-{}", std::process::id()));
//! # std::fs::create_dir(&folder).unwrap();
//! # let folder = std::ffi::CString::new(folder.to_str().unwrap()).unwrap();
//! let inotify = inotify::init(OFlags::default())?;
//! let watch = inotify::add_watch(inotify.as_fd(), &folder, Mask::CREATE | Mask::DELETE)?;
//! # std::fs::write(std::path::Path::new(folder.to_str().unwrap()).join("file"), "").unwrap();
//! let mut buffer = [0; 4096]; // somebody makes a file there
//! let length = sys::fd::read(inotify.as_fd(), &mut buffer)?;
//! for event in Events::new(&buffer[..length]) {
//!     assert_eq!((event.watch, event.name, event.mask), (watch, c"file", Mask::CREATE));
//! }
//! # std::fs::remove_dir_all(folder.to_str().unwrap()).unwrap();
//! # Ok::<(), nestling::Errno>(())
//! ```

use core::ffi::CStr;

use linux_raw_sys::general as linux;

use super::{done, small};
use crate::arch::{syscall1, syscall2, syscall3};
use crate::errno::Errno;
use crate::fd::{BorrowedFd, OwnedFd};
use crate::file::OFlags;

flags! {
    /// Kinds of events.
    Mask {
        ACCESS IN_ACCESS "The file was read or executed."
        MODIFY IN_MODIFY "The file was written or truncated."
        ATTRIB IN_ATTRIB "The file's mode, owner, times or number of links changed."
        CLOSE_WRITE IN_CLOSE_WRITE "The file was closed by a process that had opened it for writing."
        CLOSE_NOWRITE IN_CLOSE_NOWRITE "The file was closed by a process that had opened it only for reading."
        OPEN IN_OPEN "The file was opened."
        MOVED_FROM IN_MOVED_FROM "A file left the directory by a rename."
        MOVED_TO IN_MOVED_TO "A file came into the directory by a rename."
        CREATE IN_CREATE "A file was made in the directory."
        DELETE IN_DELETE "A file was removed from the directory."
        DELETE_SELF IN_DELETE_SELF "The file or directory itself was removed."
        MOVE_SELF IN_MOVE_SELF "The file or directory itself was renamed."
        UNMOUNT IN_UNMOUNT "The file system was unmounted. The kernel reports this even if the mask does not contain it."
        OVERFLOW IN_Q_OVERFLOW "Events were lost, because too many events were unread. The kernel reports this for the watch -1, even if no mask contains it."
        IGNORED IN_IGNORED "The watch has ended. The kernel reports this even if the mask does not contain it."
        DIRECTORY IN_ISDIR "In a report: the file is a directory."
        ONLY_DIRECTORY IN_ONLYDIR "In a request: fail with `ENOTDIR` if the path is not a directory."
        NOFOLLOW IN_DONT_FOLLOW "In a request: watch a symbolic link itself."
        ONCE IN_ONESHOT "In a request: end the watch after one event."
    }
}

impl Mask {
    /// Returns whether this mask contains every event and flag in `other`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A watch of one file or directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Watch(i32);

/// `inotify_init1`: makes a descriptor from which a program reads what happens to the files that it watches. The descriptor closes
/// on exec. `flags` is `NONBLOCK` or empty. A read waits for an event. If the next event does not fit into the buffer, the read
/// fails with `EINVAL`. A buffer of 272 bytes is large enough for any event.
pub fn init(flags: OFlags) -> Result<OwnedFd, Errno> {
    // SAFETY: the call takes only numbers; the kernel makes a new descriptor.
    unsafe {
        let flags = (flags | OFlags::CLOEXEC).bits();
        let answer = syscall1(linux::__NR_inotify_init1 as usize, flags as usize);
        small(answer).map(|fd| OwnedFd::from_raw_fd(fd))
    }
}

/// `inotify_add_watch`: watches a file or directory for the events of `mask`. If the file is already watched, replaces the mask,
/// and returns the same watch.
pub fn add_watch(inotify: BorrowedFd<'_>, path: &CStr, mask: Mask) -> Result<Watch, Errno> {
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall3(
            linux::__NR_inotify_add_watch as usize,
            inotify.fd as usize,
            path.as_ptr() as usize,
            mask.0 as usize,
        )
    };
    small(answer).map(Watch)
}

/// `inotify_rm_watch`: ends a watch. The kernel reports [`Mask::IGNORED`].
///
/// ```
/// use nestling::sys::inotify::{self, Mask};
/// use nestling::{AsFd, OFlags};
///
/// let watcher = inotify::init(OFlags::CLOEXEC)?;
/// let watch = inotify::add_watch(watcher.as_fd(), c"/", Mask::CREATE)?;
/// inotify::remove_watch(watcher.as_fd(), watch)?;
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn remove_watch(inotify: BorrowedFd<'_>, watch: Watch) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    let answer = unsafe {
        syscall2(
            linux::__NR_inotify_rm_watch as usize,
            inotify.fd as usize,
            watch.0 as usize,
        )
    };
    done(answer)
}

/// Something that has happened to a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event<'a> {
    /// The watch that reports it.
    pub watch: Watch,
    /// What has happened.
    pub mask: Mask,
    /// The same number in both events of a rename; otherwise 0.
    pub cookie: u32,
    /// The file's name in the watched directory; empty if the event happened to the watched file or directory itself.
    pub name: &'a CStr,
}

/// An iterator over the events in the bytes that a read has returned.
#[derive(Clone, Debug)]
pub struct Events<'a>(&'a [u8]);

impl<'a> Events<'a> {
    /// Makes an iterator over the events in `bytes`. The iterator ends where no complete event follows.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }
}

impl<'a> Iterator for Events<'a> {
    type Item = Event<'a>;

    /// Decodes one `struct inotify_event`: four numbers and a name. The fourth number is the length of the name, including the null
    /// bytes after it.
    fn next(&mut self) -> Option<Event<'a>> {
        let (numbers, rest) = self.0.split_first_chunk::<16>()?;
        let (numbers, _) = numbers.as_chunks::<4>();
        let [watch, mask, cookie, length] = *numbers else {
            return None;
        };
        let (name, rest) = rest.split_at_checked(u32::from_ne_bytes(length) as usize)?;
        self.0 = rest;
        Some(Event {
            watch: Watch(i32::from_ne_bytes(watch)),
            mask: Mask(u32::from_ne_bytes(mask)),
            cookie: u32::from_ne_bytes(cookie),
            name: CStr::from_bytes_until_nul(name).unwrap_or_default(),
        })
    }
}
