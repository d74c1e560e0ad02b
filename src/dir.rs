//! Reading directories (`getdents64(2)`), without a heap.

use core::ffi::CStr;
use core::fmt;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::file::{FileType, OFlags, SeekFrom};
use crate::{c_str, sys};

/// A reader of a directory, like `std::fs::ReadDir`. It returns the entries in no particular order, without `.` and `..`. If an
/// entry is added or removed while the directory is being read, the reader may or may not return this entry (POSIX `readdir`).
///
/// A `ReadDir` contains a buffer of 2 KiB. One system call reads as many entries as fit into this buffer, about 60. For large
/// directories, [`with_buffer`](Self::with_buffer) takes a larger buffer.
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
#[doc(alias("opendir", "getdents64"))]
pub struct ReadDir<B = [u8; 2048]> {
    directory: OwnedFd,
    buffer: B,
    /// The entries of the buffer from `start` to `end` have not been returned yet.
    start: usize,
    end: usize,
}

/// An entry of a directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry<'a> {
    /// The entry's name.
    pub name: &'a CStr,
    /// The inode number. For a mount point, this is the inode number of the directory that the mount hides, not the inode number of
    /// the mounted file system's root.
    pub ino: u64,
    /// The file's type. It is [`Unknown`](FileType::Unknown) if the file system does not store types in directory entries; then
    /// [`lstatat`](sys::file::lstatat) returns the type.
    pub file_type: FileType,
}

impl ReadDir {
    /// Opens the directory with the close-on-exec flag.
    ///
    /// # Errors
    /// The errors of `open(2)`; `ENOTDIR` if the file is not a directory.
    pub fn open(path: &CStr) -> Result<Self, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        sys::fd::open(path, flags, 0).map(Self::new)
    }

    /// Makes a reader that reads an open directory from its current offset. If the descriptor does not refer to a directory,
    /// [`next`](Self::next) fails with `ENOTDIR`.
    #[must_use]
    pub fn new(directory: OwnedFd) -> Self {
        Self::with_buffer(directory, [0; 2048])
    }
}

impl<B: AsRef<[u8]> + AsMut<[u8]>> ReadDir<B> {
    /// Does the same as [`new`](ReadDir::new), but uses this buffer. If an entry (at most 280 bytes) does not fit into the buffer,
    /// [`next`](Self::next) fails with `EINVAL`.
    ///
    /// ```
    /// # use nestling::{OFlags, dir::ReadDir, sys};
    /// let directory = sys::fd::open(c"/usr/bin", OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
    /// let mut programs = ReadDir::with_buffer(directory, vec![0; 32 * 1024]);
    /// assert!(programs.next()?.is_some());
    /// # Ok::<(), nestling::Errno>(())
    /// ```
    pub fn with_buffer(directory: OwnedFd, buffer: B) -> Self {
        Self {
            directory,
            buffer,
            start: 0,
            end: 0,
        }
    }

    /// Returns the next entry; `None` after the last entry. The entry is valid until the next call.
    ///
    /// # Errors
    /// The errors of `getdents64(2)`; `ENOTDIR` if the descriptor does not refer to a directory. If the directory has been
    /// removed, `next` returns `None`, not an error (POSIX `readdir`).
    #[expect(
        clippy::should_implement_trait,
        reason = "an Iterator's items cannot borrow from it"
    )]
    #[doc(alias = "readdir")]
    pub fn next(&mut self) -> Result<Option<Entry<'_>>, Errno> {
        let start = loop {
            if self.start >= self.end {
                self.start = 0;
                self.end = match sys::fd::getdents64(self.directory.as_fd(), self.buffer.as_mut()) {
                    Err(Errno::ENOENT) => 0,
                    answer => answer?,
                };
                if self.end == 0 {
                    return Ok(None);
                }
            }
            let start = self.start;
            let (&[.., low, high, _], name) =
                split(self.buffer.as_ref(), start).ok_or(Errno::EIO)?;
            self.start += usize::from(u16::from_ne_bytes([low, high]));
            if !matches!(name, [b'.', 0, ..] | [b'.', b'.', 0, ..]) {
                break start;
            }
        };
        parse(self.buffer.as_ref(), start)
            .ok_or(Errno::EIO)
            .map(Some)
    }

    /// Moves back to the first entry. The next call of [`next`](Self::next) reads the directory anew (POSIX `rewinddir`).
    ///
    /// ```
    /// let mut directory = nestling::dir::ReadDir::open(c"/proc/self")?;
    /// while directory.next()?.is_some() {}
    /// directory.rewind()?;
    /// assert!(directory.next()?.is_some());
    /// # Ok::<(), nestling::Errno>(())
    /// ```
    ///
    /// # Errors
    /// The errors of `lseek(2)`.
    #[doc(alias = "rewinddir")]
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
        name: c_str::head(name)?,
        ino: u64::from_ne_bytes([a, b, c, d, e, f, g, h]),
        file_type: FileType::from_raw(file_type),
    })
}

/// Borrows the directory's descriptor, for [`openat`](sys::fd::openat) and [`lstatat`](sys::file::lstatat).
impl<B> AsFd for ReadDir<B> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }
}

impl<B> fmt::Debug for ReadDir<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadDir").field(&self.directory).finish()
    }
}
