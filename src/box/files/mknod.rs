//! `mknod [-m mode] name {b|c|u major minor | p}` makes a device file or a FIFO; `mkfifo [-m mode] file...` makes FIFOs (XCU 3,
//! `mkfifo`).

use core::ffi::CStr;

use nestling::applet::{Applet, Call, Options};
use nestling::{FileType, sys, text};

use crate::common::mode;

pub const MKNOD: Applet = Applet {
    name: c"mknod",
    synopsis: "[-m mode] name {b|c|u major minor | p}",
    run: |call| mknod(call).unwrap_or_else(|status| status),
};

pub const MKFIFO: Applet = Applet {
    name: c"mkfifo",
    synopsis: "[-m mode] file...",
    run: |call| mkfifo(call).unwrap_or_else(|status| status),
};

fn mkfifo(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("m:");
    let mode = mode(call, &mut options)?;
    if options.operands().next().is_none() {
        return Ok(call.misused(b"", "an operand is missing"));
    }
    Ok(options.operands().fold(0, |status, path| {
        status | make(call, path, FileType::Fifo, mode, (0, 0))
    }))
}

fn mknod(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("m:");
    let mode = mode(call, &mut options)?;
    let mut operands = options.operands();
    let (Some(path), Some(kind)) = (operands.next(), operands.next()) else {
        return Ok(call.misused(b"", "an operand is missing"));
    };
    let file_type = match kind.to_bytes() {
        b"p" => FileType::Fifo,
        b"b" => FileType::BlockDevice,
        b"c" | b"u" => FileType::CharDevice,
        kind => return Ok(call.misused(kind, "not a type")),
    };
    let mut device = (0, 0);
    if file_type != FileType::Fifo {
        let mut number = |most: u32| {
            let number = operands
                .next()
                .and_then(|it| text::number(it.to_bytes(), 10));
            number
                .and_then(|it| u32::try_from(it).ok())
                .filter(|it| *it <= most)
        };
        match (number(0xfff), number(0xf_ffff)) {
            (Some(major), Some(minor)) => device = (major, minor),
            _ => return Ok(call.misused(b"", "a major and a minor number are needed")),
        }
    }
    match operands.next() {
        Some(extra) => Ok(call.misused(extra.to_bytes(), "too many operands")),
        None => Ok(make(call, path, file_type, mode, device)),
    }
}

/// Reads `-m`. With it, the umask does not count.
fn mode(call: &Call<'_>, options: &mut Options<'_>) -> Result<u32, i32> {
    let mut mode = 0o666;
    while options.next()?.is_some() {
        let text = options.value.to_bytes();
        let umask = sys::file::umask(0).unwrap_or(0o22);
        mode = mode::change(text, 0o666, false, umask)
            .ok_or_else(|| call.complain(text, "not a mode"))?;
    }
    Ok(mode)
}

fn make(call: &Call<'_>, path: &CStr, file_type: FileType, mode: u32, device: (u32, u32)) -> i32 {
    match sys::file::mknod(path, file_type, mode, device) {
        Ok(()) => 0,
        Err(errno) => call.fail(path, errno),
    }
}
