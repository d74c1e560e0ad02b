//! `head [-qv] [-n [-]lines | -c [-]bytes] [file...]`: copies the beginning of files (XCU 3, `head`). `-5` means `-n 5`. With `-` before
//! the number, it leaves out the end; the memory that this takes is that of what it leaves out, and of a few blocks.

use nestling::applet::{Applet, Call};
use nestling::{AsFd, BorrowedFd, Errno, SeekFrom, io, sys};

use crate::common::bytes;
use crate::common::end;
use crate::common::input::{BLOCK, Input};
use crate::common::number;
use crate::common::output::{Output, title};

pub const APPLET: Applet = Applet {
    name: c"head",
    synopsis: "[-qv] [-n [-]lines | -c [-]bytes] [file...]",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    head(call).unwrap_or_else(|status| status)
}

fn head(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("n:c:qv0123456789");
    let (mut count, mut is_lines, mut leaves_out, mut titles) = (10, true, false, None);
    let mut digits = 0_u64;
    while let Some(letter) = options.next()? {
        let value = options.value.to_bytes();
        match letter {
            b'q' => titles = Some(false),
            b'v' => titles = Some(true),
            b'n' | b'c' => {
                is_lines = letter == b'n';
                leaves_out = value.starts_with(b"-");
                let number = value.get(usize::from(leaves_out)..).unwrap_or_default();
                count =
                    number::count(number).ok_or_else(|| call.complain(value, "not a number"))?;
            }
            digit => {
                digits = digits
                    .saturating_mul(10)
                    .saturating_add(u64::from(digit - b'0'));
                (count, is_lines, leaves_out) = (digits, true, false);
            }
        }
    }
    let operands = options.operands();
    let titles = titles.unwrap_or(operands.clone().count() > 1);
    let default = operands.clone().next().is_none().then_some(c"-");
    let (mut out, mut status, mut is_first) = (Output::new(), 0, true);
    for path in default.into_iter().chain(operands) {
        let outcome = Input::open(path).and_then(|input| {
            if titles {
                title(&mut out, path, &mut is_first);
            }
            match leaves_out {
                true => leave_out(&mut out, input.as_fd(), count, is_lines),
                false => copy(&mut out, input.as_fd(), count, is_lines),
            }
        });
        if let Err(errno) = outcome {
            status = call.fail(path, errno);
        }
    }
    Ok(out.finish(call, status, 1))
}

/// Copies all but the last lines or bytes.
fn leave_out(
    out: &mut Output,
    fd: BorrowedFd<'_>,
    count: u64,
    is_lines: bool,
) -> Result<(), Errno> {
    let left = end::split(fd, count, is_lines, &mut |before| {
        out.write(before);
        !out.has_failed()
    })?;
    unread(fd, left.len());
    Ok(())
}

/// Gives back bytes: the next reader of a file continues after what was written. A pipe cannot give them back.
fn unread(fd: BorrowedFd<'_>, length: usize) {
    let _ = sys::fd::lseek(fd, SeekFrom::Current(-(length as i64)));
}

fn copy(out: &mut Output, fd: BorrowedFd<'_>, mut left: u64, is_lines: bool) -> Result<(), Errno> {
    let mut block = alloc::vec![0; BLOCK];
    while left > 0 && !out.has_failed() {
        let length = io::read(fd, &mut block)?;
        let read = block.get(..length).unwrap_or_default();
        if length == 0 {
            return Ok(());
        }
        let mut end = 0;
        if is_lines {
            while left > 0 && end < length {
                let rest = read.get(end..).unwrap_or_default();
                let Some(newline) = bytes::find(rest, b'\n') else {
                    end = length;
                    break;
                };
                left -= 1;
                end += newline + 1;
            }
        } else {
            end = left.min(length as u64) as usize;
            left -= end as u64;
        }
        out.write(read.get(..end).unwrap_or_default());
        unread(fd, length - end);
    }
    Ok(())
}
