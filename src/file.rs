//! The flags of `open(2)`, and the types and properties of files.

use core::fmt;
use core::ops::BitOr;

use linux_raw_sys::general as linux;

/// The flags of `open(2)`, without the prefix `O_`.
///
/// ```
/// use nestling::OFlags;
/// let log = OFlags::WRONLY | OFlags::CREAT | OFlags::APPEND;
/// assert!(log.contains(OFlags::CREAT));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct OFlags(u32);

macro_rules! flags {
    ($($name:ident $value:ident $what:literal)*) => {
        impl OFlags {
            $(
                #[doc = $what]
                pub const $name: Self = Self(linux::$value);
            )*
        }
    };
}

flags! {
    RDONLY O_RDONLY "Open for reading."
    WRONLY O_WRONLY "Open for writing."
    RDWR O_RDWR "Open for reading and writing."
    CREAT O_CREAT "Create the file if it does not exist."
    EXCL O_EXCL "With `CREAT`: fail with `EEXIST` if the file exists."
    NOCTTY O_NOCTTY "If the file is a terminal, do not make it the controlling terminal."
    TRUNC O_TRUNC "Truncate the file to length 0."
    APPEND O_APPEND "Let every write append its bytes at the end of the file."
    NONBLOCK O_NONBLOCK "Do not wait: a read or a write that would have to wait fails with `EAGAIN`. The open does not wait, either."
    SYNC O_SYNC "Let a write return only after the data has reached the device."
    DIRECTORY O_DIRECTORY "Fail with `ENOTDIR` if the file is not a directory."
    NOFOLLOW O_NOFOLLOW "Fail with `ELOOP` if the file is a symbolic link."
    CLOEXEC O_CLOEXEC "Close the descriptor on exec."
    DIRECT O_DIRECT "Read and write without the page cache. Most file systems need memory, lengths and offsets that are multiples of a sector."
    PATH O_PATH "Get a descriptor that only refers to the file, and cannot read or write it."
}

impl OFlags {
    /// Makes flags from the kernel's bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns the bits as the kernel defines them on this architecture.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns whether all flags of `other` are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for OFlags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The permissions that `access(2)` checks. With the [`default`](Self::default), which is empty, `access` only checks whether
/// the file exists.
///
/// ```
/// use nestling::Access;
/// use nestling::sys::file::access;
/// assert_eq!(access(c"/", Access::READ | Access::EXECUTE), Ok(()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Access(u32);

impl Access {
    /// Permission to read (`R_OK`).
    pub const READ: Self = Self(linux::R_OK);
    /// Permission to write (`W_OK`).
    pub const WRITE: Self = Self(linux::W_OK);
    /// Permission to execute, or to search a directory (`X_OK`).
    pub const EXECUTE: Self = Self(linux::X_OK);

    /// Returns the bits as the kernel defines them.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl BitOr for Access {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A position in a file, in bytes, like `std::io::SeekFrom`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeekFrom {
    /// This many bytes after the start of the file.
    Start(u64),
    /// This many bytes after the end of the file; before the end if the number is negative. A write at a position after the end
    /// leaves a hole between the old end and this position.
    End(i64),
    /// This many bytes after the current offset; before the offset if the number is negative.
    Current(i64),
}

/// The type of a file. The numbers of the variants are the constants `DT_…` of `readdir(3)`, which are equal to the upper four
/// bits of a file's mode (`S_IFMT` in `inode(7)`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum FileType {
    /// The type is not known. Some file systems do not store types in directory entries; then a [`Stat`] of the file contains
    /// the type. Some descriptors, such as those of `epoll(7)`, refer to a file that has no type.
    Unknown = linux::DT_UNKNOWN as u8,
    /// A FIFO or a pipe.
    Fifo = linux::DT_FIFO as u8,
    /// A character device.
    CharDevice = linux::DT_CHR as u8,
    /// A directory.
    Directory = linux::DT_DIR as u8,
    /// A block device.
    BlockDevice = linux::DT_BLK as u8,
    /// A regular file.
    File = linux::DT_REG as u8,
    /// A symbolic link.
    Symlink = linux::DT_LNK as u8,
    /// A socket.
    Socket = linux::DT_SOCK as u8,
}

impl FileType {
    /// Returns the type with this number; `Unknown` for a number without a type.
    pub(crate) const fn from_raw(number: u8) -> Self {
        match number as u32 {
            linux::DT_FIFO => Self::Fifo,
            linux::DT_CHR => Self::CharDevice,
            linux::DT_DIR => Self::Directory,
            linux::DT_BLK => Self::BlockDevice,
            linux::DT_REG => Self::File,
            linux::DT_LNK => Self::Symlink,
            linux::DT_SOCK => Self::Socket,
            _ => Self::Unknown,
        }
    }
}

/// A file's properties: the result of `statx(2)`. On every architecture, sizes and times have 64 bits.
///
/// [`sys::file::stat`](crate::sys::file::stat) and similar functions in the same module return a `Stat`.
#[derive(Clone, Copy)]
pub struct Stat(pub(crate) linux::statx);

impl Stat {
    /// Returns the file's type.
    #[must_use]
    pub fn file_type(&self) -> FileType {
        FileType::from_raw((self.0.stx_mode >> 12) as u8)
    }

    /// Returns whether the file is a directory.
    #[must_use]
    pub fn is_dir(&self) -> bool {
        self.file_type() == FileType::Directory
    }

    /// Returns whether the file is a regular file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.file_type() == FileType::File
    }

    /// Returns whether the file is a symbolic link. [`stat`](crate::sys::file::stat) follows links, so its result is never a
    /// symbolic link; use [`lstat`](crate::sys::file::lstat).
    #[must_use]
    pub fn is_symlink(&self) -> bool {
        self.file_type() == FileType::Symlink
    }

    /// Returns the permission bits, including the set-user-ID, set-group-ID and sticky bits: at most `0o7777`.
    #[must_use]
    pub fn permissions(&self) -> u32 {
        u32::from(self.0.stx_mode) & 0o7777
    }

    /// Returns the file's size in bytes. The size of a symbolic link is the length of its target's path.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.0.stx_size
    }

    /// Returns the number of bytes that are best read or written at once.
    #[must_use]
    pub fn block_size(&self) -> u32 {
        self.0.stx_blksize
    }

    /// Returns the number of blocks of 512 bytes that the file occupies. Holes in a file occupy no blocks.
    #[must_use]
    pub fn blocks(&self) -> u64 {
        self.0.stx_blocks
    }

    /// Returns the inode number. The inode number and [`dev`](Self::dev) together identify the file.
    #[must_use]
    pub fn ino(&self) -> u64 {
        self.0.stx_ino
    }

    /// Returns the major and minor number of the device that the file is on.
    #[must_use]
    pub fn dev(&self) -> (u32, u32) {
        (self.0.stx_dev_major, self.0.stx_dev_minor)
    }

    /// If the file is a device file, returns the major and minor number of its device.
    #[must_use]
    pub fn rdev(&self) -> (u32, u32) {
        (self.0.stx_rdev_major, self.0.stx_rdev_minor)
    }

    /// Returns the number of the file's hard links.
    #[must_use]
    pub fn nlink(&self) -> u32 {
        self.0.stx_nlink
    }

    /// Returns the user id of the file's owner.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.0.stx_uid
    }

    /// Returns the id of the file's group.
    #[must_use]
    pub fn gid(&self) -> u32 {
        self.0.stx_gid
    }

    /// Returns the time of the last read, as (seconds since 1970, nanoseconds).
    #[must_use]
    pub fn atime(&self) -> (i64, u32) {
        time(self.0.stx_atime)
    }

    /// Returns the time of the last change of the contents, as (seconds since 1970, nanoseconds).
    #[must_use]
    pub fn mtime(&self) -> (i64, u32) {
        time(self.0.stx_mtime)
    }

    /// Returns the time of the last change of the inode, as (seconds since 1970, nanoseconds).
    #[must_use]
    pub fn ctime(&self) -> (i64, u32) {
        time(self.0.stx_ctime)
    }
}

fn time(time: linux::statx_timestamp) -> (i64, u32) {
    (time.tv_sec, time.tv_nsec)
}

impl fmt::Debug for Stat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stat")
            .field("file_type", &self.file_type())
            .field("permissions", &format_args!("{:#o}", self.permissions()))
            .field("size", &self.size())
            .field("dev", &self.dev())
            .field("ino", &self.ino())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_the_same_number_in_a_directory_and_in_a_mode() {
        for (file_type, mode) in [
            (FileType::Fifo, linux::S_IFIFO),
            (FileType::CharDevice, linux::S_IFCHR),
            (FileType::Directory, linux::S_IFDIR),
            (FileType::BlockDevice, linux::S_IFBLK),
            (FileType::File, linux::S_IFREG),
            (FileType::Symlink, linux::S_IFLNK),
            (FileType::Socket, linux::S_IFSOCK),
        ] {
            assert_eq!((file_type as u32) << 12, mode);
            assert_eq!(FileType::from_raw(file_type as u8), file_type);
        }
        assert_eq!(FileType::from_raw(0), FileType::Unknown);
        assert_eq!(FileType::from_raw(14), FileType::Unknown);
    }
}
