//! Files: flags to open them, their types and their properties.

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
    CREAT O_CREAT "Make the file if it does not exist."
    EXCL O_EXCL "With `CREAT`: fail if the file exists."
    NOCTTY O_NOCTTY "A terminal does not become the controlling terminal."
    TRUNC O_TRUNC "Truncate the file to length 0."
    APPEND O_APPEND "Append: every write goes to the end of the file."
    NONBLOCK O_NONBLOCK "Non-blocking: no call waits."
    SYNC O_SYNC "A write returns after the data has reached the device."
    DIRECTORY O_DIRECTORY "Fail if it is not a directory."
    NOFOLLOW O_NOFOLLOW "Fail if it is a symbolic link."
    CLOEXEC O_CLOEXEC "Close the descriptor on exec."
    PATH O_PATH "Refer to the file without opening it for reading or writing."
}

impl OFlags {
    /// Makes flags of these bits.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns the bits, as the kernel of this architecture has them.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns whether all flags of `other` are set.
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

/// The permissions that `access(2)` checks. The [`default`](Self::default) checks only whether the file exists.
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

    /// Returns the bits, as the kernel has them.
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

/// A position in a file, in bytes, as `std::io::SeekFrom`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeekFrom {
    /// From the start of the file.
    Start(u64),
    /// From the end of the file. It may lie beyond the end: the bytes between become a hole when something is written there.
    End(i64),
    /// From the current offset.
    Current(i64),
}

/// The type of a file. The numbers are the `DT_…` of `readdir(3)`, which are the upper four bits of `S_IFMT` in `inode(7)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum FileType {
    /// Unknown: a file system need not store the type in a directory's entry. A [`Stat`] always has it.
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

/// The result of `statx(2)` for a file: the same on every architecture, with sizes and times of 64 bits.
///
/// [`sys::file::stat`](crate::sys::file::stat) and the functions beside it return it.
#[derive(Clone, Copy)]
pub struct Stat(pub(crate) linux::statx);

impl Stat {
    /// Returns the type.
    pub fn file_type(&self) -> FileType {
        FileType::from_raw((self.0.stx_mode >> 12) as u8)
    }

    /// Returns whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.file_type() == FileType::Directory
    }

    /// Returns whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.file_type() == FileType::File
    }

    /// Returns whether it is a symbolic link. [`lstat`](crate::sys::file::lstat) does not follow links, so only its result can be one.
    pub fn is_symlink(&self) -> bool {
        self.file_type() == FileType::Symlink
    }

    /// Returns the permission bits with set-user-ID, set-group-ID and sticky bit: at most `0o7777`.
    pub fn permissions(&self) -> u32 {
        u32::from(self.0.stx_mode) & 0o7777
    }

    /// Returns the size in bytes; for a symbolic link, the length of its target.
    pub fn size(&self) -> u64 {
        self.0.stx_size
    }

    /// Returns the number of blocks of 512 bytes that it occupies. A file with holes occupies fewer than its size needs.
    pub fn blocks(&self) -> u64 {
        self.0.stx_blocks
    }

    /// Returns the inode number. Together with [`dev`](Self::dev) it identifies the file.
    pub fn ino(&self) -> u64 {
        self.0.stx_ino
    }

    /// Returns the major and minor number of the device that the file is on.
    pub fn dev(&self) -> (u32, u32) {
        (self.0.stx_dev_major, self.0.stx_dev_minor)
    }

    /// Returns the major and minor number of the device that the file stands for, if it is a device file.
    pub fn rdev(&self) -> (u32, u32) {
        (self.0.stx_rdev_major, self.0.stx_rdev_minor)
    }

    /// Returns the number of hard links.
    pub fn nlink(&self) -> u32 {
        self.0.stx_nlink
    }

    /// Returns the owner's user id.
    pub fn uid(&self) -> u32 {
        self.0.stx_uid
    }

    /// Returns the group id.
    pub fn gid(&self) -> u32 {
        self.0.stx_gid
    }

    /// Returns the time of the last read: seconds since 1970, and nanoseconds.
    pub fn atime(&self) -> (i64, u32) {
        time(self.0.stx_atime)
    }

    /// Returns the time of the last change of the content: seconds since 1970, and nanoseconds.
    pub fn mtime(&self) -> (i64, u32) {
        time(self.0.stx_mtime)
    }

    /// Returns the time of the last change of the inode: seconds since 1970, and nanoseconds.
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
