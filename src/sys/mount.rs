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
        RDONLY MS_RDONLY "Read-only."
        NOSUID MS_NOSUID "Ignore set-user-id bits and file capabilities."
        NODEV MS_NODEV "Do not allow access to device files."
        NOEXEC MS_NOEXEC "Do not allow programs to be executed."
        SYNCHRONOUS MS_SYNCHRONOUS "A write returns after the data has reached the device."
        NOATIME MS_NOATIME "Do not update access times."
        RELATIME MS_RELATIME "Update an access time only once a day, and after a change of the file."
        STRICTATIME MS_STRICTATIME "Update the access time at each access."
        REMOUNT MS_REMOUNT "Change the flags of the file system mounted at the target; with `BIND`, only those of this mount."
        BIND MS_BIND "Make the directory or file `source` visible at the target, too."
        REC MS_REC "Include the mounts below."
        MOVE MS_MOVE "Move the mount at `source` to the target."
        SHARED MS_SHARED "Share mounts and unmounts below the target with its copies, in both directions."
        PRIVATE MS_PRIVATE "Share mounts and unmounts in neither direction."
        SLAVE MS_SLAVE "Receive mounts and unmounts of its copies, but do not send any."
        UNBINDABLE MS_UNBINDABLE "As `PRIVATE`, and do not allow `BIND` of it."
        SILENT MS_SILENT "Suppress some messages in the kernel's log."
    }
}

flags! {
    /// The flags of [`umount2`], without the prefixes `MNT_` and `UMOUNT_`.
    UnmountFlags {
        FORCE MNT_FORCE "Abort pending requests; data may be lost."
        DETACH MNT_DETACH "Hide it at once, and unmount it when it is not in use any more."
        EXPIRE MNT_EXPIRE "The first call marks it and fails with `EAGAIN`; a second call unmounts it if it has not been used between."
        NOFOLLOW UMOUNT_NOFOLLOW "Fail if the path is a symbolic link."
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
