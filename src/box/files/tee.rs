//! `tee [-ai] [file...]`: copies standard input to standard output and to files (XCU 3, `tee`).

use alloc::vec::Vec;

use nestling::applet::{Applet, Call};
use nestling::signals;
use nestling::{AsFd, OFlags, Signal, io, sys};

use crate::common::input::BLOCK;

pub const APPLET: Applet = Applet {
    name: c"tee",
    synopsis: "[-ai] [file...]",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    tee(call).unwrap_or_else(|status| status)
}

fn tee(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("ai");
    let mut ignored = None;
    let mut flags = OFlags::WRONLY | OFlags::CREAT | OFlags::CLOEXEC | OFlags::TRUNC;
    while let Some(letter) = options.next()? {
        match letter {
            b'a' => flags = OFlags::WRONLY | OFlags::CREAT | OFlags::CLOEXEC | OFlags::APPEND,
            _ => ignored = signals::ignore(Signal::INT).ok(),
        }
    }
    let (mut status, mut files) = (0, Vec::new());
    for path in options.operands() {
        match sys::fd::open(path, flags, 0o666) {
            Ok(file) => files.push((path, file)),
            Err(errno) => status = call.fail(path, errno),
        }
    }
    let (mut block, mut writes) = (alloc::vec![0; BLOCK], true);
    loop {
        let length = match io::read(io::stdin(), &mut block) {
            Ok(0) => break,
            Ok(length) => length,
            Err(errno) => return Ok(call.fail(c"standard input", errno)),
        };
        let bytes = block.get(..length).unwrap_or_default();
        if writes && let Err(errno) = io::write_all(io::stdout(), bytes) {
            status = call.fail(c"standard output", errno);
            writes = false;
        }
        // What cannot be written is given up; the others get the rest.
        files.retain(|(path, file)| match io::write_all(file.as_fd(), bytes) {
            Ok(()) => true,
            Err(errno) => {
                status = call.fail(path, errno);
                false
            }
        });
    }
    drop(ignored);
    Ok(status)
}
