//! What the actions do to descriptors, past the status pipe.

use core::ffi::CStr;

use super::pipe::StatusPipe;
use crate::errno::Errno;
use crate::fd::{AsFd, RawFd};
use crate::file::OFlags;
use crate::limits::Resource;
use crate::sys;
use crate::text;

/// POSIX: what is open at `fd` is closed before the file is opened.
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

/// What is open at `fd` is closed after the file is opened, which it may be itself.
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
    // In this order: making way for the open may put the pipe on `fd`.
    pipe.make_way_for_open()?;
    pipe.make_way_for(fd)?;
    let opened = sys::fd::open(path, flags, mode)?.into_raw_fd();
    if opened != fd {
        let cloexec = if flags.contains(OFlags::CLOEXEC) {
            OFlags::CLOEXEC
        } else {
            OFlags::RDONLY
        };
        // SAFETY: the number is the caller's to fill, the pipe is elsewhere, and the first number was only for now.
        unsafe {
            sys::fd::dup3(opened, fd, cloexec)?;
            sys::fd::close(opened)?;
        }
    }
    pipe.opened(fd);
    Ok(())
}

/// The pipe's number is seen as closed, and closing what is closed is no error: so there the pipe can stay.
pub(super) fn close(fd: RawFd, pipe: &mut StatusPipe) -> Result<(), Errno> {
    if fd < 0 {
        return Err(Errno::EBADF);
    }
    if pipe.is(fd) {
        return Ok(());
    }
    // SAFETY: the caller asked for it, and it isn't the pipe.
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
    // Only now: the pipe may have moved to `from`, where nothing was open.
    let from = pipe.named(from)?.as_raw_fd();
    // SAFETY: the number is the caller's to fill, and the pipe is elsewhere.
    unsafe { sys::fd::dup3(from, to, OFlags::RDONLY)? };
    pipe.opened(to);
    Ok(())
}

/// Closes on both sides of the pipe.
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
    // SAFETY: the caller asked for it, and the pipe isn't among them.
    match unsafe { sys::fd::close_range(first as u32, last as u32) } {
        // Before Linux 5.9, or forbidden by a seccomp filter.
        Err(Errno::ENOSYS | Errno::EPERM) => close_each(first, last),
        answer => answer,
    }
}

/// `close_range` for kernels that have none: asks `/proc` what is open, or tries every number where that can't be asked.
fn close_each(first: RawFd, last: RawFd) -> Result<(), Errno> {
    let close = |fd: RawFd| {
        if (first..=last).contains(&fd) {
            // SAFETY: the caller asked for it, and the pipe isn't among them.
            let _ = unsafe { sys::fd::close(fd) };
        }
    };
    if each_open_descriptor(close).is_err() {
        let limit = sys::resource::getrlimit(Resource::Nofile)?;
        // The kernel's own ceiling (fs.nr_open) is 2^20 unless someone has raised it.
        let end = limit.hard.min(1 << 20) as RawFd;
        (first..=last).take_while(|&fd| fd < end).for_each(close);
    }
    Ok(())
}

/// Calls `visit` with each descriptor that `/proc/self/fd` shows but the one it is read through. (`ReadDir` would take most of the
/// stack.)
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
