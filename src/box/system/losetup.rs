//! `losetup [-r] [-o offset] device file`: attaches a file to a loop device. `-f` takes a free device, `-d` detaches, and `-a` or no
//! operand lists.

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::dir::ReadDir;
use nestling::text;
use nestling::{AsFd, Errno, OFlags, sys};

use crate::common::bytes;
use crate::common::columns::join;
use crate::common::input;
use crate::common::loops::{self, Attachment};
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"losetup",
    synopsis: "[-a] | -f | [-r] [-o offset] -f|device file | -d device...",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    losetup(call).unwrap_or_else(|status| status)
}

fn losetup(call: &Call<'_>) -> Result<i32, i32> {
    let (mut detaches, mut finds, mut how) = (false, false, Attachment::default());
    let mut options = call.options("adfo:r");
    while let Some(letter) = options.next()? {
        match letter {
            b'a' => {}
            b'd' => detaches = true,
            b'f' => finds = true,
            b'r' => how.read_only = true,
            _ => {
                let value = options.value.to_bytes();
                let offset = text::number(value, 10);
                how.offset = offset.ok_or_else(|| call.misused(value, "not a number"))?;
            }
        }
    }
    let failed = |what: &CStr, errno: Errno| call.fail(what, errno);
    let mut operands = options.operands();
    if detaches {
        if operands.clone().next().is_none() {
            return Err(call.misused(b"-d", "a device is needed"));
        }
        let mut status = 0;
        for device in operands {
            let file = sys::fd::open(device, OFlags::RDONLY | OFlags::CLOEXEC, 0);
            let outcome = file.and_then(|file| sys::block::detach_loop(file.as_fd()));
            status |= outcome.map_or_else(|errno| failed(device, errno), |()| 0);
        }
        return Ok(status);
    }
    match (finds, operands.next(), operands.next()) {
        (true, None, _) => {
            let device = loops::free().map_err(|errno| failed(c"/dev/loop-control", errno))?;
            let mut out = Output::new();
            out.write(device.to_bytes());
            out.write(b"\n");
            Ok(out.finish(call, 0, 1))
        }
        (true, Some(file), None) => {
            loops::attach_to_free(file, how).map_err(|errno| failed(file, errno))?;
            Ok(0)
        }
        (false, Some(device), Some(file)) => {
            loops::attach(device, file, how).map_err(|errno| failed(device, errno))?;
            Ok(0)
        }
        (false, device, _) => list(call, device),
        (true, Some(_), Some(extra)) => Err(call.misused(extra.to_bytes(), "one file is enough")),
    }
}

/// Writes `DEVICE: OFFSET FILE` for each device with a file, or for one of them.
fn list(call: &Call<'_>, only: Option<&CStr>) -> Result<i32, i32> {
    let block = c"/sys/block";
    let (mut out, mut found) = (Output::new(), only.is_none());
    let mut entries = ReadDir::open(block).map_err(|errno| call.fail(block, errno))?;
    while let Some(entry) = entries.next().map_err(|errno| call.fail(block, errno))? {
        let name = entry.name.to_bytes();
        let of = |file: &[u8]| input::whole(&join(&[b"/sys/block/", name, file]));
        let device = join(&[b"/dev/", name]);
        if only.is_some_and(|only| only != device.as_c_str()) {
            continue;
        }
        if let (Ok(file), Ok(offset)) = (of(b"/loop/backing_file"), of(b"/loop/offset")) {
            found = true;
            out.write(device.to_bytes());
            out.write(b": ");
            out.write(offset.strip_suffix(b"\n").unwrap_or(&offset));
            out.write(b" ");
            out.write(&bytes::printable(file.strip_suffix(b"\n").unwrap_or(&file)));
            out.write(b"\n");
        }
    }
    if let (false, Some(device)) = (found, only) {
        call.fail(device, Errno::ENXIO);
    }
    Ok(out.finish(call, i32::from(!found), 1))
}
