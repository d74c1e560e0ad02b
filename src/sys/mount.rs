//! Mounting file systems: `mount(2)`.

use core::ffi::CStr;

use linux_raw_sys::general as linux;

use super::done;
use crate::arch::{syscall2, syscall5};
use crate::errno::Errno;

macro_rules! bits {
    ($($type:ident)*) => {$(
        impl $type {
            /// Makes a set of flags from the kernel's bits.
            #[must_use]
            pub const fn from_bits(bits: u32) -> Self {
                Self(bits)
            }

            /// Returns the flags as the kernel's bits.
            #[must_use]
            pub const fn bits(self) -> u32 {
                self.0
            }

            /// Returns these flags together with the flags of `other`.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }
    )*};
}

bits! { MountFlags UnmountFlags }

flags! {
    /// The flags of [`mount`], without the prefix `MS_`.
    MountFlags {
        RDONLY MS_RDONLY "Mount the file system read-only."
        NOSUID MS_NOSUID "Ignore the set-user-id bits and file capabilities of programs on this file system."
        NODEV MS_NODEV "Forbid access to device files on this file system."
        NOEXEC MS_NOEXEC "Forbid the execution of programs on this file system."
        SYNCHRONOUS MS_SYNCHRONOUS "Let a write return only after the data has reached the device."
        DIRSYNC MS_DIRSYNC "Let a change of a directory return only after it has reached the device."
        MANDLOCK MS_MANDLOCK "Allow mandatory locks (before Linux 5.15)."
        NOSYMFOLLOW MS_NOSYMFOLLOW "Do not follow symbolic links on this file system (since Linux 5.10)."
        NOATIME MS_NOATIME "Do not update access times."
        NODIRATIME MS_NODIRATIME "Do not update access times of directories."
        RELATIME MS_RELATIME "Update the access time only if it is before the file's last change, or more than a day old."
        STRICTATIME MS_STRICTATIME "Update the access time at each access."
        REMOUNT MS_REMOUNT "Change the flags of the mounted file system; with `BIND`, change only the flags of this mount."
        BIND MS_BIND "Make the directory or file `source` also visible at the target."
        REC MS_REC "Also apply `BIND` or the propagation type to all mounts below."
        MOVE MS_MOVE "Move the mount at `source` to the target."
        SHARED MS_SHARED "Propagation type: a mount or unmount below this mount also happens in its copies, and vice versa."
        PRIVATE MS_PRIVATE "Propagation type: mounts and unmounts do not propagate."
        SLAVE MS_SLAVE "Propagation type: a mount or unmount in the copies also happens here, but not vice versa."
        UNBINDABLE MS_UNBINDABLE "Propagation type: like `PRIVATE`; also forbid `BIND` of this mount."
        SILENT MS_SILENT "Suppress some messages in the kernel's log."
        I_VERSION MS_I_VERSION "Increment a number in the inode at each change of the file."
        LAZYTIME MS_LAZYTIME "Keep changes of the times in memory, and write them with other changes."
    }
}

flags! {
    /// The flags of [`umount2`], without the prefixes `MNT_` and `UMOUNT_`.
    UnmountFlags {
        FORCE MNT_FORCE "Abort pending requests of the file system; data may be lost."
        DETACH MNT_DETACH "Hide the file system at once, and unmount it as soon as it is not in use."
        EXPIRE MNT_EXPIRE "On the first call, mark the mount and fail with `EAGAIN`. On the next call, unmount it if it was not used."
        NOFOLLOW UMOUNT_NOFOLLOW "Fail if the path is a symbolic link."
    }
}

/// `mount`: attaches a file system at the directory `target`. `source` is the device (or other source) of the file system,
/// `kind` is its type, and `options` are its own options, separated by commas. If the flags contain `BIND`, `MOVE`, `REMOUNT`
/// or a propagation type (such as `SHARED`), the call does this operation instead. Arguments that an operation does not need
/// may be empty.
pub fn mount(
    source: &CStr,
    target: &CStr,
    kind: &CStr,
    flags: MountFlags,
    options: &CStr,
) -> Result<(), Errno> {
    // SAFETY: the kernel reads C strings. It also copies what follows the options, up to a page or to memory that is not readable.
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

/// `umount2`: detaches the topmost file system that is mounted at `target`. Fails with `EBUSY` if the file system is in use.
#[doc(alias = "umount")]
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

/// `pivot_root`: turns the mount at `new_root` into the root mount, and moves the old root mount to `put_old`, a directory
/// below `new_root`. Processes whose root directory is the old root get the new root. Fails with `EBUSY` if `new_root` or
/// `put_old` is on the old root mount, and with `EINVAL` if the old root is the initramfs.
///
/// ```
/// use nestling::sys::mount::{UnmountFlags, pivot_root, umount2};
///
/// # if false {
/// pivot_root(c"/new", c"/new/old")?;
/// umount2(c"/old", UnmountFlags::DETACH)?;
/// # }
/// # Ok::<(), nestling::Errno>(())
/// ```
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
