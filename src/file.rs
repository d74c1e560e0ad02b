//! Files: the flags of `open(2)`.

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
