//! Descriptors: opening, closing, duplicating, reading, writing and seeking.

use core::ffi::CStr;
use core::marker::PhantomData;

use linux_raw_sys::general as linux;

use super::{done, result, small};
use crate::arch::{self, nr, syscall1, syscall2, syscall3, syscall4, syscall6};
use crate::errno::Errno;
use crate::fd::{BorrowedFd, OwnedFd, RawFd};
use crate::file::{OFlags, SeekFrom};
use crate::process::Pid;

/// `openat`: opens a file. The descriptor gets the lowest free number. A relative path starts at the working directory. Files
/// larger than 2 GiB can be opened on every architecture.
pub fn open(path: &CStr, flags: OFlags, mode: u32) -> Result<OwnedFd, Errno> {
    open_at(linux::AT_FDCWD, path, flags, mode)
}

/// `openat`: opens a file. A relative path starts at `directory`.
pub fn openat(
    directory: BorrowedFd<'_>,
    path: &CStr,
    flags: OFlags,
    mode: u32,
) -> Result<OwnedFd, Errno> {
    open_at(directory.fd, path, flags, mode)
}

fn open_at(directory: RawFd, path: &CStr, flags: OFlags, mode: u32) -> Result<OwnedFd, Errno> {
    let flags = flags.bits() | linux::O_LARGEFILE;
    // SAFETY: the kernel reads a C string.
    let answer = unsafe {
        syscall4(
            linux::__NR_openat as usize,
            directory as usize,
            path.as_ptr() as usize,
            flags as usize,
            mode as usize,
        )
    };
    owned(answer)
}

/// `pipe2`: makes a pipe. Returns the reading end and the writing end.
#[doc(alias = "pipe")]
pub fn pipe2(flags: OFlags) -> Result<(OwnedFd, OwnedFd), Errno> {
    let mut ends = [-1; 2];
    // SAFETY: the kernel writes the numbers of two new descriptors.
    unsafe {
        let answer = syscall2(
            linux::__NR_pipe2 as usize,
            ends.as_mut_ptr() as usize,
            flags.bits() as usize,
        );
        small(answer)?;
        Ok((OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])))
    }
}

/// `close`: closes a descriptor. On Linux, the call closes the descriptor even if it returns an error (except `EBADF`).
///
/// # Safety
/// No other code relies on the descriptor being open.
pub unsafe fn close(fd: RawFd) -> Result<(), Errno> {
    // SAFETY: the caller upholds the safety contract.
    unsafe { crate::fd::close(fd) }
}

/// `close_range` (Linux 5.9): closes every descriptor from `first` to `last`, including `first` and `last`.
///
/// # Safety
/// No other code relies on any of these descriptors being open.
pub unsafe fn close_range(first: u32, last: u32) -> Result<(), Errno> {
    // SAFETY: the caller upholds the safety contract.
    let answer = unsafe {
        syscall3(
            linux::__NR_close_range as usize,
            first as usize,
            last as usize,
            0,
        )
    };
    done(answer)
}

/// `dup3`: duplicates the descriptor `from` onto the number `to`. If a descriptor with the number `to` is open, the kernel
/// closes it first. Fails with `EINVAL` if the two numbers are equal.
///
/// # Safety
/// No other code relies on the descriptor `to` being open.
pub unsafe fn dup3(from: RawFd, to: RawFd, flags: OFlags) -> Result<(), Errno> {
    // SAFETY: the caller upholds the safety contract.
    let answer = unsafe {
        syscall3(
            linux::__NR_dup3 as usize,
            from as usize,
            to as usize,
            flags.bits() as usize,
        )
    };
    done(answer)
}

/// `dup3`: replaces the descriptor of `to` with a duplicate of `from`. The descriptor number of `to` does not change. The
/// duplicate stays open on exec unless `flags` contains `CLOEXEC`.
///
/// ```
/// use nestling::sys::fd::{dup_onto, open};
/// use nestling::{AsFd, OFlags};
///
/// let flags = OFlags::WRONLY | OFlags::CLOEXEC;
/// let mut log = open(c"/dev/null", flags, 0)?;
/// // After the log was renamed: the same number, and another file.
/// let new = open(c"/dev/null", flags, 0)?;
/// dup_onto(new.as_fd(), &mut log, OFlags::CLOEXEC)?;
/// # Ok::<(), nestling::Errno>(())
/// ```
#[doc(alias = "dup2")]
pub fn dup_onto(from: BorrowedFd<'_>, to: &mut OwnedFd, flags: OFlags) -> Result<(), Errno> {
    // SAFETY: `&mut` guarantees that `to` is not borrowed elsewhere.
    unsafe { dup3(from.fd, to.fd, flags) }
}

/// `fcntl(F_DUPFD_CLOEXEC)`: duplicates a descriptor. The duplicate gets the lowest free number that is at least `lowest`, and
/// closes on exec. Fails with `EINVAL` if `lowest` is not below the limit on descriptors.
#[doc(alias("F_DUPFD_CLOEXEC", "fcntl"))]
pub fn dup_cloexec(fd: BorrowedFd<'_>, lowest: RawFd) -> Result<OwnedFd, Errno> {
    owned(fcntl(fd.fd, linux::F_DUPFD_CLOEXEC, lowest as usize))
}

/// `fcntl(F_GETFD)`: returns whether the descriptor closes on exec. Fails with `EBADF` if the descriptor is not open.
#[doc(alias("F_GETFD", "FD_CLOEXEC"))]
pub fn cloexec(fd: RawFd) -> Result<bool, Errno> {
    let flags = result(fcntl(fd, linux::F_GETFD, 0))?;
    Ok(flags & linux::FD_CLOEXEC as usize != 0)
}

/// `fcntl(F_SETFD)`: sets whether the descriptor closes on exec.
#[doc(alias("F_SETFD", "FD_CLOEXEC"))]
pub fn set_cloexec(fd: BorrowedFd<'_>, cloexec: bool) -> Result<(), Errno> {
    let flags = if cloexec {
        linux::FD_CLOEXEC as usize
    } else {
        0
    };
    done(fcntl(fd.fd, linux::F_SETFD, flags))
}

/// `fcntl(F_GETFL)`: returns the current flags of the open file description. They never contain `CREAT`, `EXCL`, `NOCTTY`,
/// `TRUNC` or `CLOEXEC`.
#[doc(alias = "F_GETFL")]
pub fn flags(fd: BorrowedFd<'_>) -> Result<OFlags, Errno> {
    result(fcntl(fd.fd, linux::F_GETFL, 0)).map(|flags| OFlags::from_bits(flags as u32))
}

/// `ioctl(FIONBIO)`: sets or clears `NONBLOCK`, and leaves the other flags unchanged. (`fcntl(F_SETFL)` would set all flags at
/// once.) The flag belongs to the open file description, so the change also affects all duplicates of the descriptor, even
/// those in other processes.
#[doc(alias("F_SETFL", "O_NONBLOCK"))]
pub fn set_nonblocking(fd: BorrowedFd<'_>, nonblocking: bool) -> Result<(), Errno> {
    let nonblocking = i32::from(nonblocking);
    // SAFETY: the kernel reads one number.
    let answer = unsafe {
        syscall3(
            linux::__NR_ioctl as usize,
            fd.fd as usize,
            linux_raw_sys::ioctl::FIONBIO as usize,
            &raw const nonblocking as usize,
        )
    };
    done(answer)
}

/// `fcntl(F_SETFL)`: makes reads and writes go past the page cache, or not. See [`OFlags::DIRECT`].
pub fn set_direct(fd: BorrowedFd<'_>, direct: bool) -> Result<(), Errno> {
    let others = flags(fd)?.bits() & !linux::O_DIRECT;
    let direct = if direct { linux::O_DIRECT } else { 0 };
    done(fcntl(fd.fd, linux::F_SETFL, (others | direct) as usize))
}

/// `fcntl(F_SETOWN)` and `ioctl(FIOASYNC)`: makes the kernel send `SIGIO` to the process `owner` when the descriptor becomes
/// readable or writable, or when its other end is closed. This works for pipes, sockets and terminals, but not for all other
/// kinds of files. As with [`set_nonblocking`], the setting belongs to the open file description.
#[doc(alias("F_SETOWN", "O_ASYNC"))]
pub fn set_async(fd: BorrowedFd<'_>, owner: Pid) -> Result<(), Errno> {
    done(fcntl(fd.fd, linux::F_SETOWN, owner.as_raw() as usize))?;
    let on = 1i32;
    // SAFETY: the kernel reads one number.
    let answer = unsafe {
        syscall3(
            linux::__NR_ioctl as usize,
            fd.fd as usize,
            linux_raw_sys::ioctl::FIOASYNC as usize,
            &raw const on as usize,
        )
    };
    done(answer)
}

fn fcntl(fd: RawFd, command: u32, argument: usize) -> usize {
    // SAFETY: the commands that this module uses take a number.
    unsafe { syscall3(nr::FCNTL as usize, fd as usize, command as usize, argument) }
}

/// `read`: reads bytes into `buffer`, and returns the number of bytes read; 0 at the end of the file.
pub fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most the slice's length.
    let answer = unsafe {
        syscall3(
            linux::__NR_read as usize,
            fd.fd as usize,
            buffer.as_mut_ptr() as usize,
            buffer.len(),
        )
    };
    result(answer)
}

/// `sendfile`: copies up to `count` bytes from the file `from` to `to` in the kernel. Returns the number of bytes copied, which is
/// less than `count` if the end of `from` is reached first. Fails with `EINVAL` if `from` has no file offset, for example if it is
/// a pipe.
pub fn sendfile(to: BorrowedFd<'_>, from: BorrowedFd<'_>, count: usize) -> Result<usize, Errno> {
    // SAFETY: the call takes only numbers; the pointer to an offset is null.
    let answer = unsafe {
        syscall4(
            linux::__NR_sendfile as usize,
            to.fd as usize,
            from.fd as usize,
            0,
            count,
        )
    };
    result(answer)
}

/// `write`: writes all of `bytes` or only the first part, and returns the number of bytes written.
pub fn write(fd: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel reads at most the slice's length.
    let answer = unsafe {
        syscall3(
            linux::__NR_write as usize,
            fd.fd as usize,
            bytes.as_ptr() as usize,
            bytes.len(),
        )
    };
    result(answer)
}

/// `pread64`: reads bytes into `buffer` from the file at the offset `offset`, and returns the number of bytes read; 0 at the end of
/// the file. The file offset does not change. Fails with `ESPIPE` if the file has no file offset, for example if it is a pipe.
pub fn pread(fd: BorrowedFd<'_>, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most the slice's length.
    let answer = unsafe {
        arch::at_offset(
            linux::__NR_pread64 as usize,
            fd.fd,
            buffer.as_mut_ptr() as usize,
            buffer.len(),
            offset,
        )
    };
    result(answer)
}

/// `pwrite64`: writes `bytes`, or only their first part, to the file at the offset `offset`, and returns the number of bytes
/// written. The file offset does not change. If the file was opened with [`OFlags::APPEND`], Linux ignores `offset` and appends the
/// bytes.
///
/// ```
/// use nestling::{AsFd, sys};
///
/// let file = sys::fd::memfd_create(c"example")?;
/// sys::fd::pwrite(file.as_fd(), b"words", 1 << 32)?;
/// let mut text = [0; 3];
/// assert_eq!(sys::fd::pread(file.as_fd(), &mut text, (1 << 32) + 1)?, 3);
/// assert_eq!(&text, b"ord");
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn pwrite(fd: BorrowedFd<'_>, bytes: &[u8], offset: u64) -> Result<usize, Errno> {
    // SAFETY: the kernel reads at most the slice's length.
    let answer = unsafe {
        arch::at_offset(
            linux::__NR_pwrite64 as usize,
            fd.fd,
            bytes.as_ptr() as usize,
            bytes.len(),
            offset,
        )
    };
    result(answer)
}

/// Bytes to write, in the form that `writev` takes: an address and a length.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct IoSlice<'a>(linux::iovec, PhantomData<&'a [u8]>);

impl<'a> IoSlice<'a> {
    /// Makes an `IoSlice` of these bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        let iovec = linux::iovec {
            iov_base: bytes.as_ptr().cast_mut().cast(),
            iov_len: bytes.len() as linux::__kernel_size_t,
        };
        Self(iovec, PhantomData)
    }
}

/// `writev`: writes bytes that lie at different places, one after the other, as by one `write`. Returns the number of bytes written,
/// which may be less than the sum. Fails with `EINVAL` if there are more than 1024 places.
///
/// ```
/// use nestling::AsFd;
/// use nestling::sys::fd::{IoSlice, memfd_create, pread, writev};
///
/// let file = memfd_create(c"file")?;
/// let [name, value] = ["PATH", "/bin"].map(str::as_bytes);
/// assert_eq!(writev(file.as_fd(), &[name, b"=", value].map(IoSlice::new))?, 9);
/// let mut text = [0; 9];
/// pread(file.as_fd(), &mut text, 0)?;
/// assert_eq!(&text, b"PATH=/bin");
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn writev(fd: BorrowedFd<'_>, slices: &[IoSlice<'_>]) -> Result<usize, Errno> {
    // SAFETY: each slice has the address and the length of bytes that the kernel reads.
    let answer = unsafe {
        syscall3(
            linux::__NR_writev as usize,
            fd.fd as usize,
            slices.as_ptr() as usize,
            slices.len(),
        )
    };
    result(answer)
}

/// `splice`: moves up to `count` bytes from one descriptor to another in the kernel. One of the descriptors must be a pipe. If the
/// other one is a file, its file offset advances. Waits for the first byte, and returns the number of bytes moved; 0 at the end of
/// `from`.
pub fn splice(from: BorrowedFd<'_>, to: BorrowedFd<'_>, count: usize) -> Result<usize, Errno> {
    // SAFETY: the call takes only numbers; the pointers to offsets are null.
    let answer = unsafe {
        syscall6(
            linux::__NR_splice as usize,
            from.fd as usize,
            0,
            to.fd as usize,
            0,
            count,
            0,
        )
    };
    result(answer)
}

/// `copy_file_range` (Linux 4.5): copies up to `count` bytes from one regular file to another in the kernel, between the offsets
/// of the files, which advance. Some file systems share the data instead of copying it. Returns the number of bytes copied; 0 at
/// the end of `from`. Fails with `EXDEV` before Linux 5.3 if the file systems differ, and with `EINVAL` or `EOPNOTSUPP` if a file
/// cannot be copied like this; [`sendfile`] and [`read`] may still work.
pub fn copy_file_range(
    from: BorrowedFd<'_>,
    to: BorrowedFd<'_>,
    count: usize,
) -> Result<usize, Errno> {
    // SAFETY: the call takes only numbers; the pointers to offsets are null.
    let answer = unsafe {
        syscall6(
            linux::__NR_copy_file_range as usize,
            from.fd as usize,
            0,
            to.fd as usize,
            0,
            count,
            0,
        )
    };
    result(answer)
}

/// `lseek(SEEK_DATA)`: sets the file offset to the first data at or after `offset`, and returns the new offset. Fails with
/// `ENXIO` if only a hole follows, and with `EINVAL` if the file system does not know holes.
pub fn seek_data(fd: BorrowedFd<'_>, offset: u64) -> Result<u64, Errno> {
    seek(fd, linux::SEEK_DATA, offset)
}

/// `lseek(SEEK_HOLE)`: sets the file offset to the first hole at or after `offset`, and returns the new offset. The end of a file
/// counts as a hole. Fails with `ENXIO` if `offset` is not before the end.
pub fn seek_hole(fd: BorrowedFd<'_>, offset: u64) -> Result<u64, Errno> {
    seek(fd, linux::SEEK_HOLE, offset)
}

/// `lseek`: sets the file offset, and returns the new offset from the start of the file. Offsets above 2 GiB work on every
/// architecture.
pub fn lseek(fd: BorrowedFd<'_>, to: SeekFrom) -> Result<u64, Errno> {
    let (whence, offset) = match to {
        SeekFrom::Start(offset) => (linux::SEEK_SET, offset),
        SeekFrom::Current(offset) => (linux::SEEK_CUR, offset as u64),
        SeekFrom::End(offset) => (linux::SEEK_END, offset as u64),
    };
    seek(fd, whence, offset)
}

fn seek(fd: BorrowedFd<'_>, whence: u32, offset: u64) -> Result<u64, Errno> {
    let mut position = 0;
    // The result of the call may be the low part of the position, so its value is not used.
    result(arch::lseek(fd.fd, offset, whence, &mut position))?;
    Ok(position)
}

/// `memfd_create` (Linux 3.17): makes an empty file in memory. The file disappears when its last descriptor is closed. The
/// returned descriptor closes on exec. The name only appears in `/proc/PID/fd`.
pub fn memfd_create(name: &CStr) -> Result<OwnedFd, Errno> {
    // SAFETY: the kernel reads a C string.
    owned(unsafe {
        syscall2(
            linux::__NR_memfd_create as usize,
            name.as_ptr() as usize,
            (linux::MFD_CLOEXEC | linux::MFD_ALLOW_SEALING) as usize,
        )
    })
}

/// `fcntl(F_ADD_SEALS)`: forbids changes of a file that [`memfd_create`] has made. `seals` consists of `F_SEAL_…` of
/// `linux-raw-sys`.
#[doc(alias = "F_ADD_SEALS")]
pub fn add_seals(fd: BorrowedFd<'_>, seals: u32) -> Result<(), Errno> {
    done(fcntl(fd.fd, linux::F_ADD_SEALS, seals as usize))
}

/// `fcntl(F_GET_SEALS)`: returns what [`add_seals`] has forbidden. Fails with `EINVAL` if the file is not in memory.
#[doc(alias = "F_GET_SEALS")]
pub fn seals(fd: BorrowedFd<'_>) -> Result<u32, Errno> {
    small(fcntl(fd.fd, linux::F_GET_SEALS, 0)).map(|seals| seals as u32)
}

/// `ftruncate`: sets the length of the file. To do so, it cuts off the file's end, or appends zeros. The file offset does not
/// change.
pub fn ftruncate(fd: BorrowedFd<'_>, length: u64) -> Result<(), Errno> {
    done(arch::ftruncate(fd.fd, length))
}

/// `fsync`: waits until all data that were written to the file are on the file's device.
pub fn fsync(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    done(unsafe { syscall1(linux::__NR_fsync as usize, fd.fd as usize) })
}

/// `syncfs`: writes the changes of the file system that an open file is on to its device, and waits for this. Reports write errors
/// since Linux 5.8.
pub fn syncfs(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    done(unsafe { syscall1(linux::__NR_syncfs as usize, fd.fd as usize) })
}

/// `flock`: takes an exclusive lock on the file. The lock belongs to the open file description. The call does not wait: it
/// fails with `EAGAIN` if another open file description of the file has a lock. The lock lasts until the descriptor and all its
/// duplicates are closed. The lock is advisory: a process that takes no lock can still change the file.
///
/// ```
/// use nestling::{AsFd, Errno, OFlags, sys};
/// # let path = std::ffi::CString::new(std::env::temp_dir().join(format!("nestling-{}", std::process::id())).to_str().unwrap()).unwrap();
/// let open = || sys::fd::open(&path, OFlags::RDWR | OFlags::CREAT | OFlags::CLOEXEC, 0o600);
/// let (one, other) = (open()?, open()?);
/// sys::fd::try_lock(one.as_fd())?;
/// assert_eq!(sys::fd::try_lock(other.as_fd()), Err(Errno::EAGAIN));
/// drop(one);
/// sys::fd::try_lock(other.as_fd())?;
/// # sys::file::unlink(&path)?;
/// # Ok::<(), Errno>(())
/// ```
#[doc(alias = "flock")]
pub fn try_lock(fd: BorrowedFd<'_>) -> Result<(), Errno> {
    let operation = linux::LOCK_EX | linux::LOCK_NB;
    // SAFETY: the call takes only numbers.
    done(unsafe {
        syscall2(
            linux::__NR_flock as usize,
            fd.fd as usize,
            operation as usize,
        )
    })
}

/// `getdents64`: reads entries of an open directory into `buffer`, as consecutive `struct linux_dirent64`s. Returns the number
/// of bytes read; 0 at the end of the directory.
pub fn getdents64(directory: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most the slice's length.
    let answer = unsafe {
        syscall3(
            linux::__NR_getdents64 as usize,
            directory.fd as usize,
            buffer.as_mut_ptr() as usize,
            buffer.len(),
        )
    };
    result(answer)
}

/// Splits the entries that [`getdents64`] has written after the fixed part of the first entry. The second slice begins with the
/// entry's name. The fixed part of a `struct linux_dirent64` consists of the inode (8 bytes), the offset (8), the entry's length
/// (2) and the type (1).
pub(crate) fn split_entry(entries: &[u8]) -> Option<(&[u8; 19], &[u8])> {
    entries.split_first_chunk()
}

fn owned(answer: usize) -> Result<OwnedFd, Errno> {
    // SAFETY: the kernel has just opened this descriptor.
    small(answer).map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}
