//! What `ls -l` and `stat` write about a file.

use alloc::vec::Vec;

use nestling::{FileType, text};

use super::columns::decimal;
use super::date::{Local, MONTHS};
use super::output::Output;

/// The letter of a type at the beginning of a mode.
pub fn letter(file_type: FileType) -> u8 {
    match file_type {
        FileType::Unknown => b'?',
        FileType::Fifo => b'p',
        FileType::CharDevice => b'c',
        FileType::Directory => b'd',
        FileType::BlockDevice => b'b',
        FileType::File => b'-',
        FileType::Symlink => b'l',
        FileType::Socket => b's',
    }
}

/// The mode in letters: `-rwxr-xr-x`.
pub fn mode(file_type: FileType, mode: u32) -> Vec<u8> {
    let mut text = alloc::vec![letter(file_type)];
    for (shift, set, lower, upper) in [
        (6, 0o4000, b's', b'S'),
        (3, 0o2000, b's', b'S'),
        (0, 0o1000, b't', b'T'),
    ] {
        let bits = mode >> shift;
        text.push(if bits & 4 != 0 { b'r' } else { b'-' });
        text.push(if bits & 2 != 0 { b'w' } else { b'-' });
        text.push(match (bits & 1 != 0, mode & set != 0) {
            (true, true) => lower,
            (false, true) => upper,
            (true, false) => b'x',
            (false, false) => b'-',
        });
    }
    text
}

/// Half of a year, after which the year is shown instead of the time of day.
const HALF: i64 = 31_556_952 / 2;

/// Writes a time as `ls -l` does: `Jan  2 03:04`, or `Jan  2  2020` for one that is old or in the future.
pub fn time(out: &mut Output, local: &Local, seconds: i64, now: i64) {
    let date = local.date(seconds);
    let month = text::word(MONTHS, b' ', usize::from(date.month.saturating_sub(1)));
    out.write(month.get(..3).unwrap_or_default());
    out.write(b" ");
    padded(out, date.day.into(), 2, b' ');
    out.write(b" ");
    if seconds > now || seconds < now - HALF {
        padded(out, date.year, 5, b' ');
    } else {
        padded(out, date.hour.into(), 2, b'0');
        out.write(b":");
        padded(out, date.minute.into(), 2, b'0');
    }
}

/// Writes the offset of a time zone: `+0200`.
pub fn offset(out: &mut Output, seconds: i32) {
    out.write(if seconds < 0 { b"-" } else { b"+" });
    let minutes = i64::from(seconds.unsigned_abs()) / 60;
    padded(out, minutes / 60 * 100 + minutes % 60, 4, b'0');
}

/// Writes a number with at least this width.
pub fn padded(out: &mut Output, number: i64, width: usize, with: u8) {
    let digits = decimal(number.unsigned_abs());
    if number < 0 {
        out.write(b"-");
    }
    for _ in digits.len()..width {
        out.write(&[with]);
    }
    out.write(&digits);
}
