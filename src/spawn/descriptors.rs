//! The actions that open, close and duplicate descriptors. They do not touch the status pipe.

use core::ffi::CStr;

use super::pipe::StatusPipe;
use crate::errno::Errno;
use crate::fd::{AsFd, RawFd};
use crate::file::OFlags;
use crate::limits::Resource;
use crate::sys;
use crate::text;

/// Closes `fd`, and then opens the file as `fd`. POSIX specifies this order.
pub(super) fn open(
    fd: RawFd,
    path: &CStr,
    flags: OFlags,
    mode: u32,
    pipe: &mut StatusPipe,
) -> Result<(), Errno> {
    close(fd, pipe)?;
    redirect(fd, path, flags, mode, pipe)
}

/// Opens the file, and then replaces `fd` with it. So the path may refer to the file that is open as `fd`.
pub(super) fn redirect(
    fd: RawFd,
    path: &CStr,
    flags: OFlags,
    mode: u32,
    pipe: &mut StatusPipe,
) -> Result<(), Errno> {
    if fd < 0 {
        return Err(Errno::EBADF);
    }
    // The order matters, because `make_way_for_open` may move the pipe to `fd`.
    pipe.make_way_for_open()?;
    pipe.make_way_for(fd)?;
    let opened = sys::fd::open(path, flags, mode)?.into_raw_fd();
    if opened != fd {
        let cloexec = if flags.contains(OFlags::CLOEXEC) {
            OFlags::CLOEXEC
        } else {
            OFlags::RDONLY
        };
        // SAFETY: the action replaces `fd`, and the pipe has another number. `opened` is used only here.
        unsafe {
            sys::fd::dup3(opened, fd, cloexec)?;
            sys::fd::close(opened)?;
        }
    }
    pipe.opened(fd);
    Ok(())
}

/// Closes a descriptor. The pipe's number counts as closed, and closing a closed descriptor is not an error. So the pipe can keep
/// its number.
pub(super) fn close(fd: RawFd, pipe: &mut StatusPipe) -> Result<(), Errno> {
    if fd < 0 {
        return Err(Errno::EBADF);
    }
    if pipe.is(fd) {
        return Ok(());
    }
    // SAFETY: the action closes this descriptor, and it is not the pipe.
    match unsafe { sys::fd::close(fd) } {
        Ok(()) | Err(Errno::EBADF) => {
            pipe.closed(fd);
            Ok(())
        }
        Err(errno) => Err(errno),
    }
}

pub(super) fn dup2(from: RawFd, to: RawFd, pipe: &mut StatusPipe) -> Result<(), Errno> {
    if from == to {
        return sys::fd::set_cloexec(pipe.named(from)?, false);
    }
    pipe.make_way_for(to)?;
    // This check follows the move, because the pipe may have moved to `from` if `from` was closed.
    let from = pipe.named(from)?.as_raw_fd();
    // SAFETY: the action replaces `to`, and the pipe has another number.
    unsafe { sys::fd::dup3(from, to, OFlags::RDONLY)? };
    pipe.opened(to);
    Ok(())
}

/// Closes the descriptors from `first` on, below and above the pipe.
pub(super) fn close_from(first: RawFd, pipe: &mut StatusPipe) -> Result<(), Errno> {
    if first < 0 {
        return Err(Errno::EBADF);
    }
    let number = pipe.number();
    if first < number {
        close_range(first, number - 1)?;
        pipe.closed(first);
    }
    close_range(first.max(number.saturating_add(1)), RawFd::MAX)
}

fn close_range(first: RawFd, last: RawFd) -> Result<(), Errno> {
    // SAFETY: the action closes these descriptors, and the pipe is not one of them.
    match unsafe { sys::fd::close_range(first as u32, last as u32) } {
        // The kernel is older than Linux 5.9, or a seccomp filter forbids the call.
        Err(Errno::ENOSYS | Errno::EPERM) => close_each(first, last),
        answer => answer,
    }
}

/// Closes a range of descriptors on a kernel without `close_range`. It reads the open descriptors from `/proc`; without `/proc`, it
/// closes each number.
fn close_each(first: RawFd, last: RawFd) -> Result<(), Errno> {
    let close = |fd: RawFd| {
        if (first..=last).contains(&fd) {
            // SAFETY: the action closes these descriptors, and the pipe is not one of them.
            let _ = unsafe { sys::fd::close(fd) };
        }
    };
    if each_open_descriptor(close).is_err() {
        let limit = sys::resource::getrlimit(Resource::Nofile)?;
        // The kernel's maximum (the sysctl `fs.nr_open`) is 2^20 by default.
        let end = limit.hard.min(1 << 20) as RawFd;
        (first..=last).take_while(|&fd| fd < end).for_each(close);
    }
    Ok(())
}

/// Calls `visit` with each descriptor that `/proc/self/fd` lists, except the descriptor of this directory itself. (A `ReadDir`
/// would use most of the stack.)
fn each_open_descriptor(visit: impl Fn(RawFd)) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = sys::fd::open(c"/proc/self/fd", flags, 0)?;
    let mut buffer = [0; 512];
    loop {
        let length = sys::fd::getdents64(directory.as_fd(), &mut buffer)?;
        let mut entries = buffer.get(..length).unwrap_or_default();
        if entries.is_empty() {
            return Ok(());
        }
        while let Some((&[.., low, high, _], name)) = sys::fd::split_entry(entries) {
            let end = name.iter().position(|&byte| byte == 0).unwrap_or(0);
            let fd = text::number(name.get(..end).unwrap_or_default(), 10);
            if let Some(fd) = fd.and_then(|fd| RawFd::try_from(fd).ok())
                && fd != directory.as_raw_fd()
            {
                visit(fd);
            }
            let length = u16::from_ne_bytes([low, high]);
            entries = entries.get(length.into()..).unwrap_or_default();
        }
    }
}
