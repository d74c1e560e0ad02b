//! The console, if the kernel has not opened one. If the kernel does not find `/dev/console`, it starts PID 1 without open
//! descriptors.

use core::ffi::CStr;

use nestling::rt::descriptors::assign;
use nestling::{AsFd, OFlags, OwnedFd, io, sys};

use super::service::make_sane;

/// Makes sure that the descriptors 0, 1 and 2 are open. Otherwise, files that are opened later would get these numbers, and
/// messages for the console would be written to these files.
///
/// `chosen` is the path of another terminal. If it exists, init uses this terminal as the console.
pub fn open(chosen: Option<&CStr>) {
    let console = c"/dev/console";
    // The device number 5, 1 is part of the kernel's interface. Without devtmpfs, the file may be missing.
    let _ = sys::file::make_character_device(console, 0o600, 5, 1);
    let flags = OFlags::NOCTTY | OFlags::RDWR;
    for number in 0..3 {
        if sys::fd::cloexec(number).is_ok() {
            continue;
        }
        // The opened file gets the lowest free number, which is this number.
        let opened = sys::fd::open(console, flags, 0)
            .or_else(|_| sys::fd::open(c"/dev/null", flags, 0))
            .or_else(|_| sys::fd::open(c"/", OFlags::RDONLY, 0));
        // The descriptor stays open.
        let _ = opened.map(OwnedFd::into_raw_fd);
    }
    if let Some(chosen) = chosen
        && let Ok(chosen) = sys::fd::open(chosen, flags | OFlags::NONBLOCK | OFlags::CLOEXEC, 0)
        && sys::fd::set_nonblocking(chosen.as_fd(), false).is_ok()
    {
        for number in 0..3 {
            let _ = assign(number, chosen.as_fd());
        }
    }
    make_sane(io::stderr());
}
