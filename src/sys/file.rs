//! The working directory, the root directory, and calls that take a file's path.

use core::ffi::CStr;

use linux_raw_sys::general as linux;

use super::time::Timestamp;
use super::{done, result, small};
use crate::arch::{self, nr, syscall0, syscall1, syscall2, syscall3, syscall4, syscall5};
use crate::errno::Errno;
use crate::fd::{BorrowedFd, OwnedFd, RawFd};
use crate::file::{Access, FileType, OFlags, Stat};

const HERE: RawFd = linux::AT_FDCWD;

/// `chdir`: changes the working directory.
pub fn chdir(path: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    done(unsafe { syscall1(linux::__NR_chdir as usize, path.as_ptr() as usize) })
}

/// `fchdir`: changes the working directory to an open directory.
pub fn fchdir(directory: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    done(unsafe { syscall1(linux::__NR_fchdir as usize, directory.fd as usize) })
}

/// `chroot`: changes the root directory, but not the working directory.
pub fn chroot(path: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    done(unsafe { syscall1(linux::__NR_chroot as usize, path.as_ptr() as usize) })
}

/// `getcwd`: writes the working directory's path to `buffer`. Fails with `ERANGE` if the path and its null byte do not fit, and
/// with `ENOENT` if the directory was removed. The path begins with `(unreachable)` if the directory is outside of the root
/// directory.
///
/// ```
/// let mut buffer = [0; 4096];
/// let path = nestling::sys::file::getcwd(&mut buffer)?;
/// assert!(path.to_bytes().starts_with(b"/"));
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn getcwd(buffer: &mut [u8]) -> Result<&CStr, Errno> {
    // SAFETY: the kernel writes at most the slice's length.
    let answer = unsafe {
        syscall2(
            linux::__NR_getcwd as usize,
            buffer.as_mut_ptr() as usize,
            buffer.len(),
        )
    };
    small(answer)?;
    crate::c_str::head(buffer).ok_or(Errno::ERANGE)
}

/// `umask`: sets the permission bits that new files do not get, and returns the previous mask. Fails only if a seccomp filter
/// forbids the call.
pub fn umask(mask: u32) -> Result<u32, Errno> {
    // SAFETY: the call takes only numbers.
    let answer = unsafe { syscall1(linux::__NR_umask as usize, mask as usize) };
    small(answer).map(|mask| mask as u32)
}

/// `faccessat(F_OK)`: checks that a file exists. The kernel uses the real user id and group id to check whether the path may be
/// searched.
pub fn faccessat(path: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall3(
            linux::__NR_faccessat as usize,
            linux::AT_FDCWD as usize,
            path.as_ptr() as usize,
            linux::F_OK as usize,
        )
    };
    done(answer)
}

/// `faccessat`: checks that a file exists and that the real user has these permissions.
pub fn access(path: &CStr, access: Access) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall3(
            linux::__NR_faccessat as usize,
            HERE as usize,
            path.as_ptr() as usize,
            access.bits() as usize,
        )
    };
    done(answer)
}

/// `faccessat2` (Linux 5.8) with `AT_EACCESS`: checks that a file exists and that the effective user has these permissions. The
/// kernel makes the same check when a file is opened or executed. Fails with `ENOSYS` on older kernels. On these kernels, use
/// [`access`], which has the same result if the real ids are equal to the effective ids.
pub fn eaccess(path: &CStr, access: Access) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall4(
            linux::__NR_faccessat2 as usize,
            HERE as usize,
            path.as_ptr() as usize,
            access.bits() as usize,
            linux::AT_EACCESS as usize,
        )
    };
    done(answer)
}

/// `statx` (Linux 4.11): returns the properties of a file, and follows symbolic links.
///
/// ```
/// use nestling::sys::file::stat;
/// assert!(stat(c"/")?.is_dir());
/// assert_eq!(stat(c"/nowhere").unwrap_err(), nestling::Errno::ENOENT);
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn stat(path: &CStr) -> Result<Stat, Errno> {
    statx(HERE, path, 0)
}

/// `statx`: returns the properties of a file. If the file is a symbolic link, returns the properties of the link itself.
pub fn lstat(path: &CStr) -> Result<Stat, Errno> {
    statx(HERE, path, linux::AT_SYMLINK_NOFOLLOW)
}

/// `statx`: returns the properties of an open file.
pub fn fstat(fd: BorrowedFd<'_>) -> Result<Stat, Errno> {
    statx(fd.fd, c"", linux::AT_EMPTY_PATH)
}

/// `statx`: does the same as [`lstat`], but a relative path starts at `directory`.
pub fn lstatat(directory: BorrowedFd<'_>, path: &CStr) -> Result<Stat, Errno> {
    statx(directory.fd, path, linux::AT_SYMLINK_NOFOLLOW)
}

/// `statx`: does the same as [`stat`], but a relative path starts at `directory`.
pub fn statat(directory: BorrowedFd<'_>, path: &CStr) -> Result<Stat, Errno> {
    statx(directory.fd, path, 0)
}

fn statx(directory: RawFd, path: &CStr, flags: u32) -> Result<Stat, Errno> {
    // SAFETY: the struct has only integer fields, so all zeros is a valid value.
    let mut stat: linux::statx = unsafe { core::mem::zeroed() };
    // SAFETY: the kernel reads a C string and writes one `statx`.
    let answer = unsafe {
        syscall5(
            linux::__NR_statx as usize,
            directory as usize,
            path.as_ptr() as usize,
            flags as usize,
            linux::STATX_BASIC_STATS as usize,
            &raw mut stat as usize,
        )
    };
    small(answer).map(|_| Stat(stat))
}

/// The magic number of a file system's type, as in the man page statfs(2) and in `linux/magic.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileSystemType(pub u32);

impl FileSystemType {
    /// `RAMFS_MAGIC`: ramfs.
    pub const RAMFS: Self = Self(0x8584_58f6);
    /// `TMPFS_MAGIC`: tmpfs, and devtmpfs on most kernels.
    pub const TMPFS: Self = Self(0x0102_1994);
}

/// `statfs`: returns the type of the file system that a file is on.
///
/// ```
/// use nestling::sys::file::statfs;
///
/// assert_ne!(statfs(c"/proc")?, statfs(c"/")?);
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn statfs(path: &CStr) -> Result<FileSystemType, Errno> {
    // SAFETY: the struct has only integer fields, so all zeros is a valid value.
    let mut statfs: linux::statfs = unsafe { core::mem::zeroed() };
    // SAFETY: the kernel reads a C string and writes one `statfs`.
    done(unsafe {
        syscall2(
            linux::__NR_statfs as usize,
            path.as_ptr() as usize,
            &raw mut statfs as usize,
        )
    })?;
    Ok(FileSystemType(statfs.f_type as u32))
}

/// The size and the free space of a file system, from [`statfs64`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[doc(alias = "statvfs")]
pub struct FileSystem {
    /// The file system's type.
    pub kind: FileSystemType,
    /// The number of bytes of a block, which is the unit of the next three fields.
    pub block_size: u64,
    /// The number of blocks.
    pub blocks: u64,
    /// The number of blocks that are free.
    pub free_blocks: u64,
    /// The number of free blocks that are not reserved for root.
    pub available_blocks: u64,
    /// The number of inodes, and so the greatest number of files; 0 if the file system has no such limit.
    pub inodes: u64,
    /// The number of inodes that are free.
    pub free_inodes: u64,
    /// The greatest length of a file's name in bytes.
    pub name_length: u32,
}

/// `statfs` (on i386, `statfs64`): returns the size and the free space of the file system that a file is on.
///
/// ```
/// use nestling::sys::file::statfs64;
///
/// let root = statfs64(c"/")?;
/// println!("{} MiB are free", root.available_blocks * root.block_size >> 20);
/// # Ok::<(), nestling::Errno>(())
/// ```
#[doc(alias("statvfs", "df"))]
#[allow(clippy::unnecessary_cast, reason = "the architectures differ")]
pub fn statfs64(path: &CStr) -> Result<FileSystem, Errno> {
    // SAFETY: it consists of numbers.
    let mut statfs: linux::statfs64 = unsafe { core::mem::zeroed() };
    // SAFETY: the kernel reads a C string and writes one `statfs64`.
    done(unsafe { arch::statfs64(path.as_ptr() as usize, &raw mut statfs) })?;
    Ok(FileSystem {
        kind: FileSystemType(statfs.f_type as u32),
        block_size: match statfs.f_frsize as u64 {
            0 => statfs.f_bsize as u64,
            size => size,
        },
        blocks: statfs.f_blocks as u64,
        free_blocks: statfs.f_bfree as u64,
        available_blocks: statfs.f_bavail as u64,
        inodes: statfs.f_files as u64,
        free_inodes: statfs.f_ffree as u64,
        name_length: statfs.f_namelen as u32,
    })
}

/// `mkdirat`: makes a directory. Its permission bits are the bits of `mode` that are not set in the umask.
pub fn mkdir(path: &CStr, mode: u32) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall3(
            linux::__NR_mkdirat as usize,
            linux::AT_FDCWD as usize,
            path.as_ptr() as usize,
            mode as usize,
        )
    };
    done(answer)
}

/// `mknodat`: makes a FIFO. Its permission bits are the bits of `mode` that are not set in the umask.
pub fn mkfifo(path: &CStr, mode: u32) -> Result<(), Errno> {
    mknod(path, FileType::Fifo, mode, (0, 0))
}

/// `mknodat`: makes a character device file. Its permission bits are the bits of `mode` that are not set in the umask.
pub fn make_character_device(path: &CStr, mode: u32, major: u8, minor: u8) -> Result<(), Errno> {
    mknod(
        path,
        FileType::CharDevice,
        mode,
        (major.into(), minor.into()),
    )
}

/// `mknodat`: makes a file of this type. Its permission bits are the bits of `mode` that are not set in the umask. The major
/// and the minor number are used only for a device file. Fails with `EPERM` if the type is a directory, or if it is a device
/// and the process lacks the privilege. Fails with `EINVAL` if the type is a symbolic link.
pub fn mknod(
    path: &CStr,
    file_type: FileType,
    mode: u32,
    (major, minor): (u32, u32),
) -> Result<(), Errno> {
    // The kernel puts the 12 bits of the major number between the lower 8 and the upper 12 bits of the minor number.
    let device = minor & 0xff | (major & 0xfff) << 8 | (minor & 0xf_ff00) << 12;
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall4(
            linux::__NR_mknodat as usize,
            HERE as usize,
            path.as_ptr() as usize,
            ((file_type as u32) << 12 | mode & 0o7777) as usize,
            device as usize,
        )
    };
    done(answer)
}

/// `linkat`: gives the file `original` another name, `path` (a hard link). If `original` is a symbolic link, the symbolic link
/// itself gets the other name.
pub fn link(original: &CStr, path: &CStr) -> Result<(), Errno> {
    link_with(original, path, 0)
}

/// `linkat(AT_SYMLINK_FOLLOW)`: does the same as [`link`], but if `original` is a symbolic link, its target gets the other name.
pub fn link_target(original: &CStr, path: &CStr) -> Result<(), Errno> {
    link_with(original, path, linux::AT_SYMLINK_FOLLOW)
}

fn link_with(original: &CStr, path: &CStr, flags: u32) -> Result<(), Errno> {
    // SAFETY: the kernel reads two C strings.
    let answer = unsafe {
        syscall5(
            linux::__NR_linkat as usize,
            HERE as usize,
            original.as_ptr() as usize,
            HERE as usize,
            path.as_ptr() as usize,
            flags as usize,
        )
    };
    done(answer)
}

/// `symlinkat`: makes the symbolic link `path`, which points to `target`. The target need not exist.
pub fn symlink(target: &CStr, path: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads two C strings.
    let answer = unsafe {
        syscall3(
            linux::__NR_symlinkat as usize,
            target.as_ptr() as usize,
            HERE as usize,
            path.as_ptr() as usize,
        )
    };
    done(answer)
}

/// `readlinkat`: writes a symbolic link's target to `buffer`, and returns the number of bytes written. If the target is longer
/// than `buffer`, its end is cut off without an error. So if `buffer` is full, the target may be incomplete. Fails with
/// `EINVAL` if the file is not a symbolic link.
pub fn readlink(path: &CStr, buffer: &mut [u8]) -> Result<usize, Errno> {
    readlink_in(HERE, path, buffer)
}

/// `readlinkat`: does the same as [`readlink`], but a relative path starts at `directory`.
pub fn readlinkat(
    directory: BorrowedFd<'_>,
    path: &CStr,
    buffer: &mut [u8],
) -> Result<usize, Errno> {
    readlink_in(directory.fd, path, buffer)
}

fn readlink_in(directory: RawFd, path: &CStr, buffer: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel reads a C string, and writes at most the slice's length.
    let answer = unsafe {
        syscall4(
            linux::__NR_readlinkat as usize,
            directory as usize,
            path.as_ptr() as usize,
            buffer.as_mut_ptr() as usize,
            buffer.len(),
        )
    };
    result(answer)
}

/// `renameat2` (Linux 3.15): renames the file `from` to `to`. If a file with the name `to` exists, it is replaced.
pub fn rename(from: &CStr, to: &CStr) -> Result<(), Errno> {
    // SAFETY: the kernel reads two C strings.
    let answer = unsafe {
        syscall5(
            linux::__NR_renameat2 as usize, // riscv64 has no `rename` or `renameat`
            HERE as usize,
            from.as_ptr() as usize,
            HERE as usize,
            to.as_ptr() as usize,
            0,
        )
    };
    done(answer)
}

/// `unlinkat`: removes a name of a file. The file must not be a directory.
pub fn unlink(path: &CStr) -> Result<(), Errno> {
    remove(HERE, path, 0)
}

/// `unlinkat`: does the same as [`unlink`], but a relative path starts at `directory`.
pub fn unlinkat(directory: BorrowedFd<'_>, path: &CStr) -> Result<(), Errno> {
    remove(directory.fd, path, 0)
}

/// `unlinkat(AT_REMOVEDIR)`: removes an empty directory.
pub fn rmdir(path: &CStr) -> Result<(), Errno> {
    remove(HERE, path, linux::AT_REMOVEDIR)
}

/// `unlinkat(AT_REMOVEDIR)`: does the same as [`rmdir`], but a relative path starts at `directory`.
pub fn rmdirat(directory: BorrowedFd<'_>, path: &CStr) -> Result<(), Errno> {
    remove(directory.fd, path, linux::AT_REMOVEDIR)
}

fn remove(directory: RawFd, path: &CStr, flags: u32) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall3(
            linux::__NR_unlinkat as usize,
            directory as usize,
            path.as_ptr() as usize,
            flags as usize,
        )
    };
    done(answer)
}

/// `fchmodat`: sets the permission bits of a file, including the set-user-ID, set-group-ID and sticky bits.
pub fn chmod(path: &CStr, mode: u32) -> Result<(), Errno> {
    chmod_in(HERE, path, mode)
}

/// `fchmodat`: does the same as [`chmod`], but a relative path starts at `directory`.
pub fn chmodat(directory: BorrowedFd<'_>, path: &CStr, mode: u32) -> Result<(), Errno> {
    chmod_in(directory.fd, path, mode)
}

fn chmod_in(directory: RawFd, path: &CStr, mode: u32) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall3(
            linux::__NR_fchmodat as usize,
            directory as usize,
            path.as_ptr() as usize,
            mode as usize,
        )
    };
    done(answer)
}

/// `fchmod`: sets the permission bits of an open file.
pub fn fchmod(fd: BorrowedFd<'_>, mode: u32) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    let answer = unsafe { syscall2(linux::__NR_fchmod as usize, fd.fd as usize, mode as usize) };
    done(answer)
}

/// `fchownat`: sets the owner and the group of a file. [`UNCHANGED`](super::credentials::UNCHANGED) leaves the owner or the
/// group unchanged.
pub fn chown(path: &CStr, uid: u32, gid: u32) -> Result<(), Errno> {
    chown_at(HERE, path, uid, gid, 0)
}

/// `fchownat`: sets the owner and the group of a file. If the file is a symbolic link, sets the owner and the group of the link
/// itself.
pub fn lchown(path: &CStr, uid: u32, gid: u32) -> Result<(), Errno> {
    chown_at(HERE, path, uid, gid, linux::AT_SYMLINK_NOFOLLOW)
}

/// `fchownat`: sets the owner and the group of an open file.
pub fn fchown(fd: BorrowedFd<'_>, uid: u32, gid: u32) -> Result<(), Errno> {
    chown_at(fd.fd, c"", uid, gid, linux::AT_EMPTY_PATH)
}

/// `fchownat`: does the same as [`chown`], but a relative path starts at `directory`.
pub fn chownat(directory: BorrowedFd<'_>, path: &CStr, uid: u32, gid: u32) -> Result<(), Errno> {
    chown_at(directory.fd, path, uid, gid, 0)
}

/// `fchownat`: does the same as [`lchown`], but a relative path starts at `directory`.
pub fn lchownat(directory: BorrowedFd<'_>, path: &CStr, uid: u32, gid: u32) -> Result<(), Errno> {
    chown_at(directory.fd, path, uid, gid, linux::AT_SYMLINK_NOFOLLOW)
}

fn chown_at(directory: RawFd, path: &CStr, uid: u32, gid: u32, flags: u32) -> Result<(), Errno> {
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall5(
            linux::__NR_fchownat as usize,
            directory as usize,
            path.as_ptr() as usize,
            uid as usize,
            gid as usize,
            flags as usize,
        )
    };
    done(answer)
}

/// How [`utimensat`] changes a time of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetTime {
    /// It does not change (`UTIME_OMIT`).
    Keep,
    /// It becomes the present time (`UTIME_NOW`).
    Now,
    /// It becomes this time, as far as the file system can store it.
    To(Timestamp),
}

impl SetTime {
    fn to_kernel(self) -> linux::__kernel_timespec {
        let special = |what: u32| linux::__kernel_timespec {
            tv_sec: 0,
            tv_nsec: what.into(),
        };
        match self {
            Self::Keep => special(linux::UTIME_OMIT),
            Self::Now => special(linux::UTIME_NOW),
            Self::To(time) => time.to_kernel(),
        }
    }
}

/// `utimensat`: sets the times of a file's last access and last change, and follows symbolic links. Fails with `ENOSYS` on i386
/// before Linux 5.1.
///
/// ```
/// use nestling::sys::file::{SetTime, stat, utimensat};
/// use nestling::time::Timestamp;
/// # let path = std::ffi::CString::new(std::env::temp_dir().join(format!("nestling-time-{}", std::process::id())).to_str().unwrap()).unwrap();
/// # std::fs::write(path.to_str().unwrap(), "").unwrap();
///
/// let time = Timestamp::new(1_000_000_000, 0).unwrap();
/// utimensat(&path, SetTime::Keep, SetTime::To(time))?;
/// assert_eq!(stat(&path)?.mtime(), (1_000_000_000, 0));
/// # std::fs::remove_file(path.to_str().unwrap()).unwrap();
/// # Ok::<(), nestling::Errno>(())
/// ```
#[doc(alias("utime", "futimens", "touch"))]
pub fn utimensat(path: &CStr, accessed: SetTime, modified: SetTime) -> Result<(), Errno> {
    set_times(HERE, path.as_ptr(), [accessed, modified], 0)
}

/// `utimensat(AT_SYMLINK_NOFOLLOW)`: does the same as [`utimensat`]. If the file is a symbolic link, sets the times of the link
/// itself.
#[doc(alias = "lutimes")]
pub fn lutimensat(path: &CStr, accessed: SetTime, modified: SetTime) -> Result<(), Errno> {
    let flags = linux::AT_SYMLINK_NOFOLLOW;
    set_times(HERE, path.as_ptr(), [accessed, modified], flags)
}

/// `utimensat`: sets the times of an open file, as [`utimensat`] does.
pub fn futimens(fd: BorrowedFd<'_>, accessed: SetTime, modified: SetTime) -> Result<(), Errno> {
    set_times(fd.fd, core::ptr::null(), [accessed, modified], 0)
}

/// `path` is a C string, or null.
fn set_times(
    directory: RawFd,
    path: *const core::ffi::c_char,
    times: [SetTime; 2],
    flags: u32,
) -> Result<(), Errno> {
    let times = times.map(SetTime::to_kernel);
    // SAFETY: the kernel reads a C string (none if the pointer is null) and two times.
    let answer = unsafe {
        syscall4(
            nr::UTIMENSAT as usize,
            directory as usize,
            path as usize,
            times.as_ptr() as usize,
            flags as usize,
        )
    };
    done(answer)
}

/// `sync`: writes the changes of all file systems to their devices, and waits for this.
pub fn sync() {
    // SAFETY: the call takes nothing, and cannot fail.
    let _ = unsafe { syscall0(linux::__NR_sync as usize) };
}

flags! {
    /// How [`openat2`] resolves a path.
    Resolve {
        BENEATH RESOLVE_BENEATH "Fail with `EXDEV` if the path leads out of the directory, by `..`, by a link, or because it is absolute."
        IN_ROOT RESOLVE_IN_ROOT "Treat the directory as the root: `..` and absolute links do not lead out of it."
        NO_MAGICLINKS RESOLVE_NO_MAGICLINKS "Fail with `ELOOP` at a link such as `/proc/PID/fd/N`."
        NO_SYMLINKS RESOLVE_NO_SYMLINKS "Fail with `ELOOP` at any symbolic link."
        NO_XDEV RESOLVE_NO_XDEV "Fail with `EXDEV` at a mount."
    }
}

/// `openat2` (Linux 5.6): opens a file below a directory whose contents somebody else may choose, such as the root of a container.
/// Fails with `ENOSYS` on older kernels; no other call of these kernels does the same safely.
///
/// ```
/// use nestling::sys::{fd::open, file::{Resolve, openat2}};
/// use nestling::{AsFd, Errno, OFlags};
///
/// let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
/// let root = open(c"/proc/self", directory, 0)?;
/// match openat2(root.as_fd(), c"../version", OFlags::CLOEXEC, 0, Resolve::BENEATH) {
///     Err(Errno::EXDEV | Errno::ENOSYS) => {}
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Errno>(())
/// ```
pub fn openat2(
    directory: BorrowedFd<'_>,
    path: &CStr,
    flags: OFlags,
    mode: u32,
    resolve: Resolve,
) -> Result<OwnedFd, Errno> {
    let large = match flags.contains(OFlags::PATH) {
        true => 0, // `openat2` does not accept `O_LARGEFILE` together with `O_PATH`
        false => linux::O_LARGEFILE,
    };
    let how = linux::open_how {
        flags: (flags.bits() | large).into(),
        mode: mode.into(),
        resolve: resolve.0.into(),
    };
    // SAFETY: the kernel reads a C string and one `open_how`, and makes a new descriptor.
    unsafe {
        let answer = syscall4(
            linux::__NR_openat2 as usize,
            directory.fd as usize,
            path.as_ptr() as usize,
            &raw const how as usize,
            size_of_val(&how),
        );
        small(answer).map(|fd| OwnedFd::from_raw_fd(fd))
    }
}
