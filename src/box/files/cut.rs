//! `cut -b list | -c list | -f list [-d character] [-s] [file...]`: writes parts of lines (XCU 3, `cut`).

use alloc::vec::Vec;

use nestling::applet::{Applet, Call};
use nestling::text;

use crate::common::bytes;
use crate::common::input::{self, Lines};
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"cut",
    synopsis: "{-b list | -c list | -f list [-d character] [-s]} [file...]",
    run,
};

/// The first and the last position of a part.
type Range = (u64, u64);

fn run(call: &Call<'_>) -> i32 {
    cut(call).unwrap_or_else(|status| status)
}

fn cut(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("b:c:f:d:sn");
    let (mut kind, mut list, mut delimiter, mut only_delimited) = (None, c"", None, false);
    while let Some(letter) = options.next()? {
        match letter {
            b'd' => match options.value.to_bytes() {
                [] => delimiter = Some(0),
                [byte] => delimiter = Some(*byte),
                more => return Ok(call.misused(more, "one byte is needed")),
            },
            b's' => only_delimited = true,
            b'n' => {}
            letter if kind.is_some() => {
                return Ok(call.misused(&[b'-', letter], "only one list is possible"));
            }
            letter => (kind, list) = (Some(letter), options.value),
        }
    }
    let Some(kind) = kind else {
        return Ok(call.misused(b"", "a list is missing"));
    };
    if kind != b'f' && (delimiter.is_some() || only_delimited) {
        return Ok(call.misused(b"", "-d and -s need -f"));
    }
    let Some(ranges) = ranges(list.to_bytes()) else {
        return Ok(call.misused(list.to_bytes(), "not a list"));
    };
    let mut out = Output::new();
    let status = input::each(call, options.operands(), &mut |_, fd| {
        let mut lines = Lines::new(fd);
        while let Some(line) = lines.next()? {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let is_written = match kind {
                b'b' => parts(&mut out, line, &ranges, &mut |_| 1),
                b'c' => parts(&mut out, line, &ranges, &mut character),
                _ => fields(
                    &mut out,
                    line,
                    &ranges,
                    delimiter.unwrap_or(b'\t'),
                    only_delimited,
                ),
            };
            if is_written {
                out.write(b"\n");
            }
            if out.has_failed() {
                break;
            }
        }
        Ok(())
    });
    Ok(out.finish(call, status, 1))
}

/// Reads `1,3-5,7-`. The ranges are in order, and do not overlap.
fn ranges(list: &[u8]) -> Option<Vec<Range>> {
    let mut ranges: Vec<Range> = Vec::new();
    for part in list.split(|byte| matches!(byte, b',' | b' ')) {
        let range = match part.iter().position(|&byte| byte == b'-') {
            None => {
                let number = text::number(part, 10)?;
                (number, number)
            }
            Some(dash) => {
                let (first, last) = part.split_at_checked(dash)?;
                match (first, last.get(1..)?) {
                    ([], []) => return None,
                    ([], last) => (1, text::number(last, 10)?),
                    (first, []) => (text::number(first, 10)?, u64::MAX),
                    (first, last) => (text::number(first, 10)?, text::number(last, 10)?),
                }
            }
        };
        if range.0 == 0 || range.1 < range.0 {
            return None;
        }
        let place = ranges.iter().position(|it| it.0 > range.0);
        ranges.insert(place.unwrap_or(ranges.len()), range);
    }
    let mut merged: Vec<Range> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.0 <= last.1 => last.1 = last.1.max(range.1),
            _ => merged.push(range),
        }
    }
    Some(merged)
}

fn contains(ranges: &[Range], position: u64) -> bool {
    ranges
        .iter()
        .any(|&(first, last)| (first..=last).contains(&position))
}

/// The length of the character of UTF-8 at the beginning. A byte that belongs to none counts as one.
fn character(text: &[u8]) -> usize {
    let first = text.get(..text.len().min(4)).unwrap_or_default();
    let valid = first.utf8_chunks().next().map_or("", |it| it.valid());
    valid.chars().next().map_or(1, char::len_utf8)
}

fn parts(
    out: &mut Output,
    line: &[u8],
    ranges: &[Range],
    length: &mut dyn FnMut(&[u8]) -> usize,
) -> bool {
    let (mut rest, mut position) = (line, 0);
    while !rest.is_empty() {
        position += 1;
        let (part, more) = rest.split_at_checked(length(rest)).unwrap_or((rest, &[]));
        if contains(ranges, position) {
            out.write(part);
        }
        rest = more;
    }
    true
}

fn fields(
    out: &mut Output,
    line: &[u8],
    ranges: &[Range],
    delimiter: u8,
    only_delimited: bool,
) -> bool {
    let mut end = bytes::find(line, delimiter);
    if end.is_none() {
        if !only_delimited {
            out.write(line);
        }
        return !only_delimited;
    }
    let (mut rest, mut position, mut is_first) = (line, 1, true);
    loop {
        let field = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if contains(ranges, position) {
            if !core::mem::replace(&mut is_first, false) {
                out.write(&[delimiter]);
            }
            out.write(field);
        }
        let Some(length) = end else {
            return true;
        };
        rest = rest.get(length + 1..).unwrap_or_default();
        end = bytes::find(rest, delimiter);
        position += 1;
    }
}
