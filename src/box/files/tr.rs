//! `tr [-cCds] string1 [string2]`: replaces, deletes or squeezes bytes (XCU 3, `tr`). Strings have ranges, escape sequences, classes
//! and `[x*n]`. Each byte is a character, as in busybox and GNU's.

use alloc::vec::Vec;

use nestling::applet::{Applet, Call};
use nestling::{io, text};

use crate::common::input;
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"tr",
    synopsis: "[-cCds] string1 [string2]",
    run: |call| tr(call).unwrap_or_else(|status| status),
};

fn tr(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("+cCdst");
    let (mut complements, mut deletes, mut squeezes, mut truncates) = (false, false, false, false);
    while let Some(letter) = options.next()? {
        match letter {
            b'd' => deletes = true,
            b's' => squeezes = true,
            b't' => truncates = true,
            _ => complements = true,
        }
    }
    let mut operands = options.operands();
    let (one, other) = (operands.next(), operands.next());
    if let Some(extra) = operands.next() {
        return Ok(call.misused(extra.to_bytes(), "too many operands"));
    }
    let replaces = !deletes && other.is_some();
    let is_complete = match (deletes, squeezes) {
        (true, false) => other.is_none(),
        (false, false) | (true, true) => other.is_some(),
        (false, true) => true,
    };
    let Some(one) = one.filter(|_| is_complete) else {
        return Ok(call.misused(b"", "the number of strings is wrong"));
    };
    let wrong = |text: &[u8]| call.complain(text, "not a string of tr");
    let mut from = set(one.to_bytes(), 0).ok_or_else(|| wrong(one.to_bytes()))?;
    if complements {
        from = (0..=255).filter(|byte| !from.contains(byte)).collect();
    }
    let mut to = Vec::new();
    if let Some(other) = other {
        to = set(other.to_bytes(), from.len()).ok_or_else(|| wrong(other.to_bytes()))?;
    }
    if replaces && to.is_empty() && !truncates {
        return Ok(call.complain(b"", "string2 is empty"));
    }
    let mut table = Table::new();
    if deletes {
        mark(&mut table.is_deleted, &from);
    }
    if squeezes {
        mark(
            &mut table.is_squeezed,
            if other.is_some() { &to } else { &from },
        );
    }
    if replaces {
        table.replace(&from, &to, truncates);
    }
    Ok(table.copy(call))
}

/// What happens to each byte.
struct Table {
    new: [u8; 256],
    is_deleted: [bool; 256],
    is_squeezed: [bool; 256],
}

fn mark(marks: &mut [bool; 256], bytes: &[u8]) {
    for &byte in bytes {
        if let Some(mark) = marks.get_mut(usize::from(byte)) {
            *mark = true;
        }
    }
}

impl Table {
    fn new() -> Self {
        Self {
            new: core::array::from_fn(|index| index as u8),
            is_deleted: [false; 256],
            is_squeezed: [false; 256],
        }
    }

    /// Replaces bytes. For those of `from` that have no counterpart, `to` is continued with its last byte, unless it is `truncated`.
    fn replace(&mut self, from: &[u8], to: &[u8], truncated: bool) {
        for (index, &byte) in from.iter().enumerate() {
            let Some(&new) = to.get(index).or(to.last().filter(|_| !truncated)) else {
                break;
            };
            if let Some(place) = self.new.get_mut(usize::from(byte)) {
                *place = new;
            }
        }
    }

    /// Copies standard input to standard output by the table. Returns the exit status.
    fn copy(&self, call: &Call<'_>) -> i32 {
        let (mut out, mut last, mut part) = (Output::new(), None, Vec::new());
        let outcome = input::blocks(io::stdin(), &mut |block| {
            part.clear();
            for &byte in block {
                let index = usize::from(byte);
                if self.is_deleted.get(index) == Some(&true) {
                    continue;
                }
                let new = self.new.get(index).copied().unwrap_or(byte);
                let repeats =
                    last == Some(new) && self.is_squeezed.get(usize::from(new)) == Some(&true);
                if !repeats {
                    part.push(new);
                }
                last = Some(new);
            }
            out.write(&part);
        });
        let status = outcome.map_or_else(|errno| call.fail(c"standard input", errno), |()| 0);
        out.finish(call, status, 1)
    }
}

/// The bytes of a string. `[x*]` fills up to `length` bytes. `None` if the string is wrong.
fn set(mut text: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    // Where `[x*]` stands, and which byte it repeats.
    let mut filler = None;
    while !text.is_empty() {
        if let Some((class, rest)) = class(text) {
            bytes.extend((0..=255).filter(|byte| is_of(class, *byte)));
            text = rest;
            continue;
        }
        if let Some((byte, count, rest)) = repeat(text) {
            match count {
                0 => filler = Some((bytes.len(), byte)),
                count => bytes.resize(bytes.len() + count, byte),
            }
            text = rest;
            continue;
        }
        if let [b'[', b'=', byte, b'=', b']', rest @ ..] = text {
            bytes.push(*byte);
            text = rest;
            continue;
        }
        let (first, rest) = one(text)?;
        match rest {
            [b'-', more @ ..] if !more.is_empty() => {
                let (last, rest) = one(more)?;
                if last < first {
                    return None;
                }
                bytes.extend(first..=last);
                text = rest;
            }
            rest => {
                bytes.push(first);
                text = rest;
            }
        }
    }
    if let Some((place, byte)) = filler {
        while bytes.len() < length {
            bytes.insert(place, byte);
        }
    }
    Some(bytes)
}

/// The name of a class such as `[:alpha:]`.
fn class(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = text::after(text, b"[:")?;
    let end = rest.windows(2).position(|it| it == b":]")?;
    let (name, rest) = rest.split_at_checked(end)?;
    text::position(CLASSES, name)?;
    Some((name, rest.get(2..)?))
}

const CLASSES: &str = "alnum alpha blank cntrl digit graph lower print punct space upper xdigit";

fn is_of(class: &[u8], byte: u8) -> bool {
    match text::position(CLASSES, class).unwrap_or(12) {
        0 => byte.is_ascii_alphanumeric(),
        1 => byte.is_ascii_alphabetic(),
        2 => matches!(byte, b' ' | b'\t'),
        3 => byte.is_ascii_control(),
        4 => byte.is_ascii_digit(),
        5 => byte.is_ascii_graphic(),
        6 => byte.is_ascii_lowercase(),
        7 => matches!(byte, b' '..=b'~'),
        8 => byte.is_ascii_punctuation(),
        9 => matches!(byte, b' ' | b'\t'..=b'\r'),
        10 => byte.is_ascii_uppercase(),
        _ => byte.is_ascii_hexdigit(),
    }
}

/// `[x*n]`; `n` is octal if it begins with 0.
fn repeat(text: &[u8]) -> Option<(u8, usize, &[u8])> {
    let (byte, rest) = one(text::after(text, b"[")?)?;
    let rest = text::after(rest, b"*")?;
    let end = rest.iter().position(|&byte| byte == b']')?;
    let (digits, rest) = rest.split_at_checked(end)?;
    let count = match digits {
        [] => 0,
        [b'0', ..] => text::number(digits, 8)?,
        digits => text::number(digits, 10)?,
    };
    // More than all bytes is of no use.
    Some((byte, count.min(1 << 16) as usize, rest.get(1..)?))
}

/// A byte, or an escape sequence.
fn one(text: &[u8]) -> Option<(u8, &[u8])> {
    let (&first, rest) = text.split_first()?;
    let Some((&letter, more)) = rest.split_first().filter(|_| first == b'\\') else {
        return Some((first, rest));
    };
    if matches!(letter, b'0'..=b'7') {
        let digits = rest
            .iter()
            .take(if letter < b'4' { 3 } else { 2 })
            .take_while(|it| matches!(it, b'0'..=b'7'));
        let (digits, more) = rest.split_at_checked(digits.count())?;
        return Some((text::number(digits, 8)? as u8, more));
    }
    let known = b"abfnrtv".iter().position(|&it| it == letter);
    let byte = known.and_then(|index| b"\x07\x08\x0c\n\r\t\x0b".get(index));
    Some((byte.copied().unwrap_or(letter), more))
}
