//! Mounting file systems: `mount(2)`.

use core::ffi::CStr;
use core::ops::BitOr;

use linux_raw_sys::general as linux;

use super::done;
use crate::arch::{syscall2, syscall5};
use crate::errno::Errno;

macro_rules! flags {
    ($(#[$doc:meta])* $type:ident { $($name:ident $value:ident $what:literal)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct $type(u32);

        impl $type {
            $(
                #[doc = $what]
                pub const $name: Self = Self(linux::$value);
            )*

            /// Makes flags of these bits.
            pub const fn from_bits(bits: u32) -> Self {
                Self(bits)
            }

            /// Returns the bits, as the kernel has them.
            pub const fn bits(self) -> u32 {
                self.0
            }

            /// Returns these flags and `other`.
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }

        impl BitOr for $type {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                self.union(other)
            }
        }
    };
}

flags! {
    /// The flags of [`mount`], without the prefix `MS_`.
    MountFlags {
        RDONLY MS_RDONLY "nobody writes there"
        NOSUID MS_NOSUID "set-user-id bits and file capabilities mean nothing"
        NODEV MS_NODEV "device files are not devices"
        NOEXEC MS_NOEXEC "no program is executed"
        SYNCHRONOUS MS_SYNCHRONOUS "writes reach the device before they return"
        NOATIME MS_NOATIME "reading does not change the time of the last access"
        RELATIME MS_RELATIME "it does so at most once a day, and after a change"
        STRICTATIME MS_STRICTATIME "it does so each time"
        REMOUNT MS_REMOUNT "change the flags of what is mounted at the target; with `BIND` of this mount only"
        BIND MS_BIND "the directory or file `source` is seen at the target, too"
        REC MS_REC "with all that is mounted below it"
        MOVE MS_MOVE "what is mounted at `source` moves to the target"
        SHARED MS_SHARED "mounts below the target are seen in its copies, and theirs in it"
        PRIVATE MS_PRIVATE "neither"
        SLAVE MS_SLAVE "theirs are seen in it, and not the other way"
        UNBINDABLE MS_UNBINDABLE "as `PRIVATE`, and it can't be bound elsewhere"
        SILENT MS_SILENT "the kernel logs less"
    }
}

flags! {
    /// The flags of [`umount2`], without the prefixes `MNT_` and `UMOUNT_`.
    UnmountFlags {
        FORCE MNT_FORCE "break off what is under way; data may be lost"
        DETACH MNT_DETACH "out of sight at once, gone when nobody uses it any more"
        EXPIRE MNT_EXPIRE "mark it, `EAGAIN`; only if nobody has used it since it was marked, unmount it"
        NOFOLLOW UMOUNT_NOFOLLOW "fail if the path is a symbolic link"
    }
}

/// `mount`: attaches a file system of type `kind` at the directory `target`; `options` are those of the file system, divided by
/// commas. With `BIND`, `MOVE`, `REMOUNT` or a kind of propagation among the flags it does that instead; arguments that the
/// operation does not need may be empty.
pub fn mount(
    source: &CStr,
    target: &CStr,
    kind: &CStr,
    flags: MountFlags,
    options: &CStr,
) -> Result<(), Errno> {
    // SAFETY: the kernel reads C strings.
    let answer = unsafe {
        syscall5(
            linux::__NR_mount as usize,
            source.as_ptr() as usize,
            target.as_ptr() as usize,
            kind.as_ptr() as usize,
            flags.bits() as usize,
            options.as_ptr() as usize,
        )
    };
    done(answer)
}

/// `umount2`: detaches the last file system mounted at `target`. `EBUSY` if it is in use.
pub fn umount2(target: &CStr, flags: UnmountFlags) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall2(
            linux::__NR_umount2 as usize,
            target.as_ptr() as usize,
            flags.bits() as usize,
        )
    };
    done(answer)
}

/// `pivot_root`: makes the mount at `new_root` the root directory of every process whose root is the present one, and moves the
/// present one to `put_old`, a directory below the new one. `EBUSY` if a directory is not in another mount; `EINVAL` if the
/// present root is the initramfs.
pub fn pivot_root(new_root: &CStr, put_old: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads C strings.
    let answer = unsafe {
        syscall2(
            linux::__NR_pivot_root as usize,
            new_root.as_ptr() as usize,
            put_old.as_ptr() as usize,
        )
    };
    done(answer)
}
