//! Files: how they are opened, what they are, and who may do what with them.

use core::fmt;
use core::ops::BitOr;

use linux_raw_sys::general as linux;

/// Flags of `open(2)`, without their `O_`.
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
    RDONLY O_RDONLY "for reading"
    WRONLY O_WRONLY "for writing"
    RDWR O_RDWR "for both"
    CREAT O_CREAT "make the file if it is not there"
    EXCL O_EXCL "fail if it is"
    NOCTTY O_NOCTTY "a terminal does not become the controlling one"
    TRUNC O_TRUNC "empty the file"
    APPEND O_APPEND "every write goes to the end"
    NONBLOCK O_NONBLOCK "do not wait"
    SYNC O_SYNC "writes reach the device before they return"
    DIRECTORY O_DIRECTORY "fail if it is no directory"
    NOFOLLOW O_NOFOLLOW "fail if it is a symbolic link"
    CLOEXEC O_CLOEXEC "close on exec"
    PATH O_PATH "only a name for the file"
}

impl OFlags {
    /// The flags of these bits.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits, as the kernel has them on this architecture.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all of `other` is in it.
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

/// What to do with a file that one asks about with `access(2)`; [`default`](Self::default): nothing, it is to exist.
///
/// ```
/// use nestling::Access;
/// use nestling::sys::file::access;
/// assert_eq!(access(c"/", Access::READ | Access::EXECUTE), Ok(()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Access(u32);

impl Access {
    /// to read it (`R_OK`)
    pub const READ: Self = Self(linux::R_OK);
    /// to write it (`W_OK`)
    pub const WRITE: Self = Self(linux::W_OK);
    /// to execute it, or to search the directory (`X_OK`)
    pub const EXECUTE: Self = Self(linux::X_OK);

    /// The bits, as the kernel has them.
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

/// A place in a file, counted in bytes, as `std::io::SeekFrom`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeekFrom {
    /// From the start.
    Start(u64),
    /// From the end, which may be passed: the bytes between are a hole once something is written there.
    End(i64),
    /// From where one is.
    Current(i64),
}

/// What a file is. The numbers are `DT_…` of `readdir(3)`, which are the upper four bits of `S_IFMT` in `inode(7)`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum FileType {
    /// It was not said: a file system need not tell it in a directory's entry. [`Stat`] always knows.
    Unknown = linux::DT_UNKNOWN as u8,
    /// A fifo, or a pipe.
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
    /// The type of this number; `Unknown` for one without a name.
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

/// What `statx(2)` says of a file: the same on every architecture, sizes and times of 64 bits.
///
/// [`sys::file::stat`](crate::sys::file::stat) and its siblings give it.
#[derive(Clone, Copy)]
pub struct Stat(pub(crate) linux::statx);

impl Stat {
    /// What it is.
    pub fn file_type(&self) -> FileType {
        FileType::from_raw((self.0.stx_mode >> 12) as u8)
    }

    /// Whether it is a directory.
    pub fn is_dir(&self) -> bool {
        self.file_type() == FileType::Directory
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        self.file_type() == FileType::File
    }

    /// Whether it is a symbolic link, which only [`lstat`](crate::sys::file::lstat) says.
    pub fn is_symlink(&self) -> bool {
        self.file_type() == FileType::Symlink
    }

    /// The permission bits, with set-user-ID, set-group-ID and sticky: `0o7777` at most.
    pub fn permissions(&self) -> u32 {
        u32::from(self.0.stx_mode) & 0o7777
    }

    /// How many bytes it has; of a symbolic link, its target.
    pub fn size(&self) -> u64 {
        self.0.stx_size
    }

    /// How many blocks of 512 bytes it takes: fewer than its size where it has holes.
    pub fn blocks(&self) -> u64 {
        self.0.stx_blocks
    }

    /// The inode's number. With [`dev`](Self::dev) it tells a file from every other.
    pub fn ino(&self) -> u64 {
        self.0.stx_ino
    }

    /// The device it is on: major and minor number.
    pub fn dev(&self) -> (u32, u32) {
        (self.0.stx_dev_major, self.0.stx_dev_minor)
    }

    /// The device it is, if it is one: major and minor number.
    pub fn rdev(&self) -> (u32, u32) {
        (self.0.stx_rdev_major, self.0.stx_rdev_minor)
    }

    /// How many names it has.
    pub fn nlink(&self) -> u32 {
        self.0.stx_nlink
    }

    /// Whose it is: the user.
    pub fn uid(&self) -> u32 {
        self.0.stx_uid
    }

    /// Whose it is: the group.
    pub fn gid(&self) -> u32 {
        self.0.stx_gid
    }

    /// When it was last read: seconds since 1970, and nanoseconds.
    pub fn atime(&self) -> (i64, u32) {
        time(self.0.stx_atime)
    }

    /// When its content last changed: seconds since 1970, and nanoseconds. The greater is the newer.
    pub fn mtime(&self) -> (i64, u32) {
        time(self.0.stx_mtime)
    }

    /// When its inode last changed: seconds since 1970, and nanoseconds.
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
