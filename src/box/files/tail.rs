//! `tail [-fqv] [-n lines | -c bytes] [file...]`: copies the end of files (XCU 3, `tail`). With `+` before the number, it begins
//! there. `-5` means `-n 5`. The memory that it takes is at most that of what it writes; for a regular file it is that of a block.

use alloc::vec::Vec;
use core::ffi::CStr;
use core::time::Duration;

use nestling::applet::{Applet, Call};
use nestling::{AsFd, BorrowedFd, Errno, FileType, SeekFrom, io, sys, time};

use crate::common::bytes;
use crate::common::end;
use crate::common::input::{BLOCK, Input};
use crate::common::number;
use crate::common::output::{Output, title};

pub const APPLET: Applet = Applet {
    name: c"tail",
    synopsis: "[-fqv] [-n [+]lines | -c [+]bytes] [file...]",
    run,
};

#[derive(Clone, Copy)]
struct From {
    count: u64,
    is_lines: bool,
    /// Counted from the beginning: `+`.
    is_start: bool,
}

fn run(call: &Call<'_>) -> i32 {
    tail(call).unwrap_or_else(|status| status)
}

fn tail(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("n:c:fFqv0123456789");
    let mut from = From {
        count: 10,
        is_lines: true,
        is_start: false,
    };
    let (mut titles, mut follows, mut by_name, mut digits) = (None, false, false, 0_u64);
    while let Some(letter) = options.next()? {
        let value = options.value.to_bytes();
        match letter {
            b'q' => titles = Some(false),
            b'v' => titles = Some(true),
            b'f' => follows = true,
            b'F' => (follows, by_name) = (true, true),
            b'n' | b'c' => {
                from.is_lines = letter == b'n';
                from.is_start = value.starts_with(b"+");
                let number = match value {
                    [b'+' | b'-', number @ ..] => number,
                    number => number,
                };
                from.count =
                    number::count(number).ok_or_else(|| call.complain(value, "not a number"))?;
            }
            digit => {
                digits = digits
                    .saturating_mul(10)
                    .saturating_add(u64::from(digit - b'0'));
                (from.count, from.is_lines) = (digits, true);
            }
        }
    }
    let operands = options.operands();
    let count = operands.clone().count();
    let titles = titles.unwrap_or(count > 1);
    let default = (count == 0).then_some(c"-");
    let is_nothing = from.count == 0 && !from.is_start;
    let (mut out, mut status, mut is_first) = (Output::new(), 0, true);
    let mut open = Vec::new();
    for path in default.into_iter().chain(operands) {
        let outcome = Input::open(path).and_then(|input| {
            if titles && (!is_nothing || follows) {
                title(&mut out, path, &mut is_first);
            }
            copy(&mut out, input.as_fd(), from)?;
            Ok(input)
        });
        match outcome {
            Ok(input) => open.push((path, Some(input))),
            Err(errno) => {
                status = call.fail(path, errno);
                if by_name {
                    open.push((path, None));
                }
            }
        }
    }
    // A pipe has an end; it does not grow after it.
    follows &= count > 0
        || !sys::file::fstat(io::stdin()).is_ok_and(|it| it.file_type() == FileType::Fifo);
    if follows {
        follow(call, &mut out, open, titles, by_name);
    }
    Ok(out.finish(call, status, 1))
}

/// Copies what is added to the files, until the output fails. With `by_name`, a file that takes the place of another is read from
/// its beginning.
fn follow(
    call: &Call<'_>,
    out: &mut Output,
    mut files: Vec<(&CStr, Option<Input>)>,
    titles: bool,
    by_name: bool,
) {
    let mut last = files.len().wrapping_sub(1);
    let mut block = alloc::vec![0; BLOCK];
    while !files.is_empty() && !out.has_failed() {
        for (index, (path, file)) in files.iter_mut().enumerate() {
            if by_name && is_replaced(path, file.as_ref()) {
                *file = Input::open(path).ok().or_else(|| file.take());
            }
            let Some(input) = file else {
                continue;
            };
            if is_cut(input.as_fd()) {
                call.complain(path.to_bytes(), "the file was truncated");
                let _ = sys::fd::lseek(input.as_fd(), SeekFrom::Start(0));
            }
            while let Ok(length @ 1..) = io::read(input.as_fd(), &mut block) {
                if titles && core::mem::replace(&mut last, index) != index {
                    title(out, path, &mut false);
                }
                out.write(block.get(..length).unwrap_or_default());
            }
        }
        out.flush();
        let _ = time::sleep(Duration::from_secs(1));
    }
}

/// Whether another file has the path now.
fn is_replaced(path: &CStr, file: Option<&Input>) -> bool {
    let Ok(there) = sys::file::stat(path) else {
        return false;
    };
    let here = file.map(|it| sys::file::fstat(it.as_fd()));
    !matches!(here, Some(Ok(here)) if (here.dev(), here.ino()) == (there.dev(), there.ino()))
}

/// Whether a regular file ends before the offset. (The files of /proc seem to be empty.)
fn is_cut(fd: BorrowedFd<'_>) -> bool {
    let here = sys::fd::lseek(fd, SeekFrom::Current(0));
    let size = sys::file::fstat(fd).map(|it| it.is_file().then(|| it.size()));
    matches!((here, size), (Ok(here), Ok(Some(size))) if size < here && size > 0)
}

fn copy(out: &mut Output, fd: BorrowedFd<'_>, from: From) -> Result<(), Errno> {
    if from.is_start {
        return skip(out, fd, from);
    }
    // A file of the kernel, as in /proc, seems to be empty, and cannot be read from its end.
    let stat = sys::file::fstat(fd)?;
    match stat.is_file() && stat.size() > 0 {
        true => {
            // The file grows while it is copied if it is standard output, too.
            let left = seek(fd, from)?;
            range(out, fd, left)
        }
        // Of a file without an offset, such as a pipe, the end is kept.
        false => {
            let kept = end::split(fd, from.count, from.is_lines, &mut |_| true)?;
            out.write(&kept);
            Ok(())
        }
    }
}

/// Copies at most `left` bytes.
fn range(out: &mut Output, fd: BorrowedFd<'_>, mut left: u64) -> Result<(), Errno> {
    let mut block = alloc::vec![0; BLOCK];
    while left > 0 && !out.has_failed() {
        let most = left.min(BLOCK as u64) as usize;
        let length = io::read(fd, block.get_mut(..most).unwrap_or_default())?;
        if length == 0 {
            break;
        }
        out.write(block.get(..length).unwrap_or_default());
        left -= length as u64;
    }
    Ok(())
}

/// Leaves out the lines or bytes before the one with this number.
fn skip(out: &mut Output, fd: BorrowedFd<'_>, from: From) -> Result<(), Errno> {
    let mut left = from.count.saturating_sub(1);
    let mut block = alloc::vec![0; BLOCK];
    while left > 0 {
        let length = io::read(fd, &mut block)?;
        let mut read = block.get(..length).unwrap_or_default();
        if read.is_empty() {
            return Ok(());
        }
        while left > 0 && !read.is_empty() {
            let (length, counted) = match from.is_lines {
                true => match bytes::find(read, b'\n') {
                    Some(newline) => (newline + 1, 1),
                    None => (read.len(), 0),
                },
                false => {
                    let length = left.min(read.len() as u64);
                    (length as usize, length)
                }
            };
            read = read.get(length..).unwrap_or_default();
            left -= counted;
        }
        out.write(read);
    }
    range(out, fd, u64::MAX)
}

/// Moves the offset of a regular file to the last lines or bytes, and returns the number of bytes from there to its end. It is
/// read backwards, in blocks.
fn seek(fd: BorrowedFd<'_>, from: From) -> Result<u64, Errno> {
    let start = sys::fd::lseek(fd, SeekFrom::Current(0))?;
    let end = sys::fd::lseek(fd, SeekFrom::End(0))?.max(start);
    let to = |offset| sys::fd::lseek(fd, SeekFrom::Start(offset)).map(|_| end - offset);
    if !from.is_lines {
        return to(end.saturating_sub(from.count).max(start));
    }
    let mut block = alloc::vec![0; BLOCK];
    let (mut here, mut left) = (end, from.count);
    while here > start && left > 0 {
        let length = (here - start).min(BLOCK as u64);
        let room = block.get_mut(..length as usize).unwrap_or_default();
        let read = sys::fd::pread(fd, room, here - length)?;
        let read = room.get(..read).unwrap_or_default();
        // The newline at the end of the file ends the last line.
        let mut search = match read {
            [before @ .., b'\n'] if here == end => before,
            read => read,
        };
        while let Some(newline) = search.iter().rposition(|&byte| byte == b'\n') {
            left -= 1;
            if left == 0 {
                return to(here - length + newline as u64 + 1);
            }
            search = search.get(..newline).unwrap_or_default();
        }
        here -= length;
    }
    to(if from.count == 0 { end } else { start })
}
