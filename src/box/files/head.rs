//! `head [-qv] [-n lines | -c bytes] [file...]`: copies the beginning of files (XCU 3, `head`). `-5` means `-n 5`.

use nestling::applet::{Applet, Call};
use nestling::{AsFd, BorrowedFd, Errno, SeekFrom, io, sys};

use crate::common::bytes;
use crate::common::input::{BLOCK, Input};
use crate::common::number;
use crate::common::output::{Output, title};

pub const APPLET: Applet = Applet {
    name: c"head",
    synopsis: "[-qv] [-n lines | -c bytes] [file...]",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    head(call).unwrap_or_else(|status| status)
}

fn head(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("n:c:qv0123456789");
    let (mut count, mut is_lines, mut titles) = (10, true, None);
    let mut digits = 0_u64;
    while let Some(letter) = options.next()? {
        let value = options.value.to_bytes();
        match letter {
            b'q' => titles = Some(false),
            b'v' => titles = Some(true),
            b'n' | b'c' => {
                is_lines = letter == b'n';
                count = number::count(value).ok_or_else(|| call.complain(value, "not a number"))?;
            }
            digit => {
                digits = digits
                    .saturating_mul(10)
                    .saturating_add(u64::from(digit - b'0'));
                (count, is_lines) = (digits, true);
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
            copy(&mut out, input.as_fd(), count, is_lines)
        });
        if let Err(errno) = outcome {
            status = call.fail(path, errno);
        }
    }
    Ok(out.finish(call, status, 1))
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
        // The next reader of a file continues after the last line that was written. A pipe cannot give back what was read.
        let unused = (length - end) as i64;
        let _ = sys::fd::lseek(fd, SeekFrom::Current(-unused));
    }
    Ok(())
}
