//! `cat [-u] [file...]`: copies files to standard output (XCU 3, `cat`).

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::{AsFd, BorrowedFd, Errno, SeekFrom, Stat, io, sys};

use crate::common::input::{BLOCK, Input};

pub const APPLET: Applet = Applet {
    name: c"cat",
    synopsis: "[-u] [file...]",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    cat(call).unwrap_or_else(|status| status)
}

fn cat(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("u");
    // The output is never kept back, so `-u` changes nothing.
    while options.next()?.is_some() {}
    let mut status = 0;
    let output = sys::file::fstat(io::stdout()).ok().filter(Stat::is_file);
    let operands = options.operands();
    let default = operands.clone().next().is_none().then_some(c"-");
    for path in default.into_iter().chain(operands) {
        match Input::open(path) {
            Ok(input) if is_output(input.as_fd(), output.as_ref()) => {
                status = call.complain(path.to_bytes(), "the input is the output");
            }
            Ok(input) => status |= copy(call, path, input.as_fd())?,
            Err(errno) => status = call.fail(path, errno),
        }
    }
    Ok(status)
}

/// Whether a file is the regular file that is written, and each byte of it would be read again.
fn is_output(input: BorrowedFd<'_>, output: Option<&Stat>) -> bool {
    let (Some(output), Ok(input_stat)) = (output, sys::file::fstat(input)) else {
        return false;
    };
    let identity = |stat: &Stat| (stat.dev(), stat.ino());
    if identity(output) != identity(&input_stat) {
        return false;
    }
    let here = sys::fd::lseek(input, SeekFrom::Current(0)).unwrap_or(0);
    here < input_stat.size()
}

/// Copies a file. Fails with the exit status if standard output cannot be written.
fn copy(call: &Call<'_>, path: &CStr, from: BorrowedFd<'_>) -> Result<i32, i32> {
    let mut block = alloc::vec![0; BLOCK];
    loop {
        let length = match io::read(from, &mut block) {
            Ok(0) => return Ok(0),
            Ok(length) => length,
            Err(errno) => return Ok(call.fail(path, errno)),
        };
        let bytes = block.get(..length).unwrap_or_default();
        let failed = |errno: Errno| call.fail(c"standard output", errno);
        io::write_all(io::stdout(), bytes).map_err(failed)?;
    }
}
