//! `sync [file...]`: writes changes to the devices: of all file systems, or of files.

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::{AsFd, Errno, OFlags, sys};

pub const APPLET: Applet = Applet {
    name: c"sync",
    synopsis: "[-df] [file...]",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    let mut options = call.options("df");
    let mut file_system = false;
    loop {
        match options.next() {
            Ok(Some(letter)) => file_system |= letter == b'f',
            Ok(None) => break,
            Err(status) => return status,
        }
    }
    if options.operands().next().is_none() {
        sys::file::sync();
        return 0;
    }
    options
        .operands()
        .fold(0, |status, path| match one(path, file_system) {
            Ok(()) => status,
            Err(errno) => call.fail(path, errno),
        })
}

fn one(path: &CStr, file_system: bool) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = sys::fd::open(path, flags, 0)?;
    match file_system {
        true => sys::fd::syncfs(file.as_fd()),
        false => sys::fd::fsync(file.as_fd()),
    }
}
