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

            /// Makes flags from these bits.
            pub const fn from_bits(bits: u32) -> Self {
                Self(bits)
            }

            /// Returns the bits, with the kernel's values.
            pub const fn bits(self) -> u32 {
                self.0
            }

            /// Returns these flags together with the flags of `other`.
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
        RDONLY MS_RDONLY "Allow reading only."
        NOSUID MS_NOSUID "Ignore set-user-id bits and file capabilities of programs."
        NODEV MS_NODEV "Do not allow access to device files."
        NOEXEC MS_NOEXEC "Do not allow programs to be executed."
        SYNCHRONOUS MS_SYNCHRONOUS "A write returns after the data has reached the device."
        NOATIME MS_NOATIME "Do not update access times."
        RELATIME MS_RELATIME "Update the access time only if it is older than the file's last change or than a day."
        STRICTATIME MS_STRICTATIME "Update the access time at each access."
        REMOUNT MS_REMOUNT "Change the flags of the mounted file system; with `BIND`, change only the flags of this mount."
        BIND MS_BIND "Make the directory or file `source` visible at the target, too."
        REC MS_REC "Apply `BIND` or a kind of propagation to all mounts below, too."
        MOVE MS_MOVE "Move the mount at `source` to the target."
        SHARED MS_SHARED "Send mounts and unmounts below the target to the copies of this mount, and receive theirs."
        PRIVATE MS_PRIVATE "Neither send mounts and unmounts to other mounts nor receive theirs."
        SLAVE MS_SLAVE "Receive mounts and unmounts from the copies of this mount, but do not send any."
        UNBINDABLE MS_UNBINDABLE "Like `PRIVATE`; in addition, do not allow `BIND` of this mount."
        SILENT MS_SILENT "Suppress some messages in the kernel's log."
    }
}

flags! {
    /// The flags of [`umount2`], without the prefixes `MNT_` and `UMOUNT_`.
    UnmountFlags {
        FORCE MNT_FORCE "Abort pending requests of the file system; data may be lost."
        DETACH MNT_DETACH "Hide the file system at once, and unmount it when it is no longer in use."
        EXPIRE MNT_EXPIRE "The first call marks the mount and fails with `EAGAIN`; a second call unmounts it if unused since."
        NOFOLLOW UMOUNT_NOFOLLOW "Fail if the path is a symbolic link."
    }
}

/// `mount`: attaches a file system at the directory `target`. The file system has the type `kind` and is on `source`. `options` are
/// the options of the file system, separated by commas. If the flags contain `BIND`, `MOVE`, `REMOUNT` or a kind of propagation
/// (such as `SHARED`), the call does this operation instead. Arguments that an operation does not need may be empty.
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

/// `umount2`: detaches the file system that was mounted last at `target`. Fails with `EBUSY` if the file system is in use.
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

/// `pivot_root`: makes the mount at `new_root` the root mount, and moves the present root mount to `put_old`, a directory below
/// `new_root`. Every process that has the present root directory gets the new root directory. Fails with `EBUSY` if `new_root` or
/// `put_old` is on the present root mount, and with `EINVAL` if the present root is the initramfs.
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
