//! The console, where the kernel did not open one: it starts PID 1 without any descriptor if it found no `/dev/console`.

use core::ffi::CStr;

use nestling::rt::descriptors::assign;
use nestling::{AsFd, OFlags, OwnedFd, io, sys};

use super::service::make_sane;

/// Sees to it that descriptors 0, 1 and 2 are open: what is opened otherwise would become them, and get what is meant for
/// the console.
///
/// `chosen` is another terminal that is to be the console, if there is such a file.
pub fn open(chosen: Option<&CStr>) {
    let console = c"/dev/console";
    // Its number is the kernel's promise. A kernel without devtmpfs may not have made the file.
    let _ = sys::file::make_character_device(console, 0o600, 5, 1);
    let flags = OFlags::NOCTTY | OFlags::RDWR;
    for number in 0..3 {
        if sys::fd::cloexec(number).is_ok() {
            continue;
        }
        // The lowest free number: this one.
        let opened = sys::fd::open(console, flags, 0)
            .or_else(|_| sys::fd::open(c"/dev/null", flags, 0))
            .or_else(|_| sys::fd::open(c"/", OFlags::RDONLY, 0));
        // It stays open.
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
