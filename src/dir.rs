//! Reading directories (`getdents64(2)`), without a heap.

use core::ffi::CStr;
use core::fmt;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::file::{FileType, OFlags, SeekFrom};
use crate::sys;

/// Reads a directory, as `std::fs::ReadDir`: its entries in no order, without `.` and `..`. What is added or removed
/// meanwhile may be among them or not (POSIX `readdir`).
///
/// It holds a buffer of 2 KiB, for about 60 entries: so many come with each system call.
///
/// ```
/// let mut count = 0;
/// let mut directory = nestling::dir::ReadDir::open(c"/proc/self/fd")?;
/// while let Some(entry) = directory.next()? {
///     assert_eq!(entry.file_type, nestling::FileType::Symlink);
///     count += 1;
/// }
/// assert!(count > 0);
/// # Ok::<(), nestling::Errno>(())
/// ```
pub struct ReadDir {
    directory: OwnedFd,
    buffer: [u8; 2048],
    /// Where in the buffer the entries are that were not given out yet.
    start: usize,
    end: usize,
}

/// What a directory says of a file in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// Its name there.
    pub name: &'a CStr,
    /// Its inode's number; where something is mounted on it, that of what is below.
    pub ino: u64,
    /// What it is, where the file system says so; else [`Unknown`](FileType::Unknown), and
    /// [`lstatat`](sys::file::lstatat) knows.
    pub file_type: FileType,
}

impl ReadDir {
    /// Opens the directory, close-on-exec.
    ///
    /// # Errors
    /// What `open(2)` says: `ENOTDIR` if it is none.
    pub fn open(path: &CStr) -> Result<Self, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        sys::fd::open(path, flags, 0).map(Self::new)
    }

    /// Reads an open directory, from where its offset is. What is no directory is an error of [`next`](Self::next).
    pub fn new(directory: OwnedFd) -> Self {
        Self {
            directory,
            buffer: [0; 2048],
            start: 0,
            end: 0,
        }
    }

    /// The next entry, which the one after it takes the place of; `None` after the last.
    ///
    /// # Errors
    /// What `getdents64(2)` says: `ENOTDIR` if it is no directory. One that was removed is empty (POSIX `readdir`).
    #[expect(
        clippy::should_implement_trait,
        reason = "an Iterator's items cannot borrow from it"
    )]
    pub fn next(&mut self) -> Result<Option<Entry<'_>>, Errno> {
        let start = loop {
            if self.start >= self.end {
                self.start = 0;
                self.end = match sys::fd::getdents64(self.directory.as_fd(), &mut self.buffer) {
                    Err(Errno::ENOENT) => 0,
                    answer => answer?,
                };
                if self.end == 0 {
                    return Ok(None);
                }
            }
            let start = self.start;
            let (&[.., low, high, _], name) = split(&self.buffer, start).ok_or(Errno::EIO)?;
            self.start += usize::from(u16::from_ne_bytes([low, high]));
            if !matches!(name, [b'.', 0, ..] | [b'.', b'.', 0, ..]) {
                break start;
            }
        };
        parse(&self.buffer, start).ok_or(Errno::EIO).map(Some)
    }

    /// Goes back to the first entry, and sees what has changed meanwhile (POSIX `rewinddir`).
    ///
    /// # Errors
    /// What `lseek(2)` says.
    pub fn rewind(&mut self) -> Result<(), Errno> {
        self.end = 0;
        sys::fd::lseek(self.directory.as_fd(), SeekFrom::Start(0)).map(drop)
    }
}

fn split(buffer: &[u8], start: usize) -> Option<(&[u8; 19], &[u8])> {
    sys::fd::split_entry(buffer.get(start..)?)
}

fn parse(buffer: &[u8], start: usize) -> Option<Entry<'_>> {
    let (&[a, b, c, d, e, f, g, h, .., file_type], name) = split(buffer, start)?;
    Some(Entry {
        name: sys::args::head(name)?,
        ino: u64::from_ne_bytes([a, b, c, d, e, f, g, h]),
        file_type: FileType::from_raw(file_type),
    })
}

/// The directory, for [`openat`](sys::fd::openat) and [`lstatat`](sys::file::lstatat).
impl AsFd for ReadDir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadDir").field(&self.directory).finish()
    }
}
