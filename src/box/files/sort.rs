//! `sort [-bcCdfghimnrsuz] [-k keys]... [-t character] [-o file] [file...]`: sorts lines (XCU 3, `sort`). All lines are kept in memory.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::{OFlags, sys, text};
use nestling_shell::sort;

use crate::common::columns::decimal;
use crate::common::input::{self, Lines};
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"sort",
    synopsis: "[-bcCdfghimnrsuz] [-k keys]... [-t character] [-o file] [file...]",
    run: |call| sort(call).unwrap_or_else(|status| status),
};

/// How a key is compared.
#[derive(Clone, Copy, Default)]
struct How {
    /// `-b` at the start of the key and at its end, `-d`, `-f`, `-i`, `-n`, `-g`, `-h`, `-r`.
    blanks: bool,
    end_blanks: bool,
    dictionary: bool,
    folds: bool,
    printable: bool,
    numeric: bool,
    general: bool,
    human: bool,
    reverse: bool,
}

impl How {
    /// Sets the letter of an option; false if there is none.
    fn set(&mut self, letter: u8, is_end: bool) -> bool {
        match letter {
            b'b' if is_end => self.end_blanks = true,
            b'b' => self.blanks = true,
            b'd' => self.dictionary = true,
            b'f' => self.folds = true,
            b'i' => self.printable = true,
            b'n' => self.numeric = true,
            b'g' => self.general = true,
            b'h' => self.human = true,
            b'r' => self.reverse = true,
            _ => return false,
        }
        true
    }

    fn is_default(&self) -> bool {
        !(self.blanks
            || self.end_blanks
            || self.dictionary
            || self.folds
            || self.printable
            || self.numeric
            || self.general
            || self.human
            || self.reverse)
    }
}

/// `-k`: the field and the character, counted from 1, of its start and its end; 0 as the end's character is the end of the field.
struct Key {
    start: (u64, u64),
    end: Option<(u64, u64)>,
    how: How,
}

#[derive(Default)]
struct Sort {
    keys: Vec<Key>,
    how: How,
    separator: Option<u8>,
    stable: bool,
    unique: bool,
    /// Where each line is in `text`.
    lines: Vec<(usize, usize)>,
    text: Vec<u8>,
}

fn sort(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("bcCdfghik:mno:rst:uzS:T:");
    options.wrong = 2;
    let mut sort = Sort::default();
    let (mut checks, mut output, mut end) = (None, None, b'\n');
    while let Some(letter) = options.next()? {
        let value = options.value.to_bytes();
        let wrong = |why| {
            call.complain(value, why);
            2
        };
        match letter {
            b'c' | b'C' => checks = Some(letter),
            b'm' | b'S' | b'T' => {}
            b's' => sort.stable = true,
            b'u' => sort.unique = true,
            b'z' => end = 0,
            b'o' => output = Some(options.value),
            b't' => match value {
                [byte] => sort.separator = Some(*byte),
                b"\\0" => sort.separator = Some(0),
                _ => return Err(wrong("one byte is needed")),
            },
            b'k' => sort
                .keys
                .push(key(value).ok_or_else(|| wrong("not a key"))?),
            letter => {
                sort.how.set(letter, false);
                if letter == b'b' {
                    sort.how.end_blanks = true;
                }
            }
        }
    }
    for key in &mut sort.keys {
        // The options count for the keys that have none of their own.
        if key.how.is_default() {
            key.how = sort.how;
        }
    }
    let kinds = |how: &How| {
        usize::from(how.numeric)
            + usize::from(how.general)
            + usize::from(how.human)
            + usize::from(how.dictionary || how.printable)
    };
    if kinds(&sort.how) > 1 || sort.keys.iter().any(|key| kinds(&key.how) > 1) {
        call.misused(b"", "lines cannot be ordered in two ways");
        return Err(2);
    }
    let operands = options.operands();
    let status = input::each(call, operands.clone(), &mut |_, fd| {
        let mut lines = Lines::with_delimiter(fd, end);
        while let Some(line) = lines.next()? {
            let line = line.strip_suffix(&[end]).unwrap_or(line);
            sort.text
                .try_reserve(line.len())
                .map_err(|_| nestling::Errno::ENOMEM)?;
            sort.lines.push((sort.text.len(), line.len()));
            sort.text.extend_from_slice(line);
        }
        Ok(())
    });
    if status != 0 {
        return Err(2);
    }
    if let Some(checks) = checks {
        return Ok(sort.check(
            call,
            operands.clone().next().unwrap_or(c"-").to_bytes(),
            checks,
        ));
    }
    sort.write(call, output, end)
}

/// Reads `F[.C][letters][,F[.C][letters]]`.
fn key(text: &[u8]) -> Option<Key> {
    let comma = text.iter().position(|&byte| byte == b',');
    let (start, end) = text.split_at_checked(comma.unwrap_or(text.len()))?;
    let mut how = How::default();
    let (field, character) = position(start, &mut how, false)?;
    if field == 0 || character == Some(0) {
        return None;
    }
    let end = match end {
        [] => None,
        [_, end @ ..] => {
            let (field, character) = position(end, &mut how, true)?;
            if field == 0 {
                return None;
            }
            Some((field, character.unwrap_or(0)))
        }
    };
    Some(Key {
        start: (field, character.unwrap_or(1)),
        end,
        how,
    })
}

fn position(text: &[u8], how: &mut How, is_end: bool) -> Option<(u64, Option<u64>)> {
    let letters = text.iter().position(u8::is_ascii_alphabetic);
    let (numbers, letters) = text.split_at_checked(letters.unwrap_or(text.len()))?;
    for letter in letters {
        if !how.set(*letter, is_end) {
            return None;
        }
    }
    match numbers.iter().position(|&byte| byte == b'.') {
        None => Some((text::number(numbers, 10)?, None)),
        Some(period) => {
            let (field, character) = numbers.split_at_checked(period)?;
            Some((
                text::number(field, 10)?,
                Some(text::number(character.get(1..)?, 10)?),
            ))
        }
    }
}

impl Sort {
    /// Writes the lines in their order. Returns the exit status.
    fn write(&self, call: &Call<'_>, output: Option<&CStr>, end: u8) -> Result<i32, i32> {
        let mut order: Vec<usize> = (0..self.lines.len()).collect();
        sort::sort(&mut order, &|one, other| {
            self.compare(self.line(one), self.line(other))
        });
        // Only now, because the output may be one of the files.
        let mut out = Output::new();
        if let Some(path) = output.filter(|it| *it != c"-") {
            let flags = OFlags::WRONLY | OFlags::CREAT | OFlags::TRUNC | OFlags::CLOEXEC;
            let file = sys::fd::open(path, flags, 0o666);
            out = Output::to(file.map_err(|errno| {
                call.fail(path, errno);
                2
            })?);
        }
        let mut last = None;
        for line in order.into_iter().map(|index| self.line(index)) {
            let repeats = last.is_some_and(|last| self.by_keys(last, line) == Ordering::Equal);
            if self.unique && repeats {
                continue;
            }
            out.write(line);
            out.write(&[end]);
            last = Some(line);
        }
        Ok(out.finish(call, 0, 2))
    }

    fn line(&self, index: usize) -> &[u8] {
        let (start, length) = self.lines.get(index).copied().unwrap_or_default();
        self.text.get(start..start + length).unwrap_or_default()
    }

    fn check(&self, call: &Call<'_>, name: &[u8], checks: u8) -> i32 {
        for index in 1..self.lines.len() {
            let (before, line) = (self.line(index - 1), self.line(index));
            let order = match self.unique {
                true => self.by_keys(before, line),
                false => self.compare(before, line),
            };
            if order == Ordering::Greater || self.unique && order == Ordering::Equal {
                if checks == b'c' {
                    call.complain(&[name, b": ", line].concat(), "not in order");
                }
                return 1;
            }
        }
        0
    }

    /// By the keys, and lines that are equal by all bytes, unless `-s` or `-u` is set.
    fn compare(&self, one: &[u8], other: &[u8]) -> Ordering {
        let order = self.by_keys(one, other);
        if order != Ordering::Equal || self.stable || self.unique {
            return order;
        }
        let order = sort::compare(one, other);
        if self.how.reverse {
            order.reverse()
        } else {
            order
        }
    }

    fn by_keys(&self, one: &[u8], other: &[u8]) -> Ordering {
        if self.keys.is_empty() {
            let (one, other) = match self.how.blanks {
                true => (skip(one), skip(other)),
                false => (one, other),
            };
            return compare(one, other, &self.how);
        }
        for key in &self.keys {
            let order = compare(self.part(one, key), self.part(other, key), &key.how);
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    }

    /// The key of a line.
    fn part<'l>(&self, line: &'l [u8], key: &Key) -> &'l [u8] {
        let mut start = self.field(line, key.start.0 - 1);
        if key.how.blanks {
            start = after_blanks(line, start);
        }
        start = (start as u64)
            .saturating_add(key.start.1 - 1)
            .min(line.len() as u64) as usize;
        let end = match key.end {
            None => line.len(),
            Some((field, 0)) => {
                let end = self.field(line, field);
                // The separator does not belong to the field.
                let has_separator = self.separator.is_some() && self.has_field(line, field);
                end - usize::from(has_separator)
            }
            Some((field, character)) => {
                let mut end = self.field(line, field - 1);
                if key.how.end_blanks {
                    end = after_blanks(line, end);
                }
                character.saturating_add(end as u64).min(line.len() as u64) as usize
            }
        };
        line.get(start..end.max(start)).unwrap_or_default()
    }

    /// Where a field begins, counted from 0. Without `-t`, the blanks before a field belong to it.
    fn field(&self, line: &[u8], count: u64) -> usize {
        let mut start = 0;
        for _ in 0..count {
            if start >= line.len() {
                break;
            }
            let rest = line.get(start..).unwrap_or_default();
            start += match self.separator {
                Some(separator) => match rest.iter().position(|&byte| byte == separator) {
                    Some(length) => length + 1,
                    None => rest.len(),
                },
                None => {
                    let blanks = after_blanks(rest, 0);
                    let word = rest.iter().skip(blanks).position(is_blank);
                    word.map_or(rest.len(), |length| blanks + length)
                }
            };
        }
        start
    }

    /// Whether there is a separator before the field, counted from 0.
    fn has_field(&self, line: &[u8], count: u64) -> bool {
        let separators = line.iter().filter(|&&byte| Some(byte) == self.separator);
        separators.count() as u64 >= count
    }
}

fn is_blank(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn after_blanks(line: &[u8], start: usize) -> usize {
    let rest = line.get(start..).unwrap_or_default();
    start + rest.iter().take_while(|byte| is_blank(byte)).count()
}

fn compare(one: &[u8], other: &[u8], how: &How) -> Ordering {
    let order = match (how.numeric, how.general, how.human) {
        (true, ..) => numeric(one).cmp(&numeric(other)),
        (_, true, _) => general(one).cmp(&general(other)),
        (.., true) => human(one).cmp(&human(other)),
        _ if how.dictionary || how.folds || how.printable => {
            let seen = |byte: &u8| {
                (!how.dictionary || byte.is_ascii_alphanumeric() || is_blank(byte))
                    && (!how.printable || matches!(byte, b' '..=b'~'))
            };
            let shown = |byte: &u8| match how.folds {
                true => byte.to_ascii_uppercase(),
                false => *byte,
            };
            let one = one.iter().filter(|byte| seen(byte)).map(shown);
            one.cmp(other.iter().filter(|byte| seen(byte)).map(shown))
        }
        _ => sort::compare(one, other),
    };
    if how.reverse { order.reverse() } else { order }
}

fn skip(text: &[u8]) -> &[u8] {
    text.get(after_blanks(text, 0)..).unwrap_or_default()
}

/// A number of any length, ordered as numbers are.
#[derive(PartialEq, Eq)]
struct Number<'t> {
    is_negative: bool,
    whole: &'t [u8],
    fraction: &'t [u8],
}

fn numeric(text: &[u8]) -> Number<'_> {
    let text = skip(text);
    let (is_negative, text) = match text {
        [b'-', text @ ..] => (true, text),
        text => (false, text),
    };
    let zeros = text.iter().take_while(|&&byte| byte == b'0').count();
    let text = text.get(zeros..).unwrap_or_default();
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (whole, rest) = text.split_at_checked(length).unwrap_or_default();
    let mut fraction: &[u8] = b"";
    if let [b'.', digits @ ..] = rest {
        let length = digits
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        fraction = digits.get(..length).unwrap_or_default();
        while let [before @ .., b'0'] = fraction {
            fraction = before;
        }
    }
    let is_zero = whole.is_empty() && fraction.is_empty();
    Number {
        is_negative: is_negative && !is_zero,
        whole,
        fraction,
    }
}

impl Ord for Number<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_size = || {
            let whole = self.whole.len().cmp(&other.whole.len());
            whole
                .then_with(|| self.whole.cmp(other.whole))
                .then_with(|| self.fraction.cmp(other.fraction))
        };
        match (self.is_negative, other.is_negative) {
            (false, false) => by_size(),
            (true, true) => by_size().reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Number<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A number as `strtod` reads decimal ones and whole hexadecimal ones, in the order of `-g`: what is no number, NaN, and the numbers from minus infinity on.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum General<'t> {
    None,
    Nan,
    MinusInfinity,
    Number(Scientific<'t>),
    Infinity,
}

/// A number: `0.DIGITS` times 10 to the power `point`. The digits begin and end with another than 0; zero has none.
#[derive(PartialEq, Eq)]
struct Scientific<'t> {
    is_negative: bool,
    point: i64,
    /// The digits before and after the point of the text.
    digits: [Cow<'t, [u8]>; 2],
}

fn general(text: &[u8]) -> General<'_> {
    let text = text.trim_ascii_start();
    let (is_negative, text) = match text {
        [b'-', text @ ..] => (true, text),
        [b'+', text @ ..] | text => (false, text),
    };
    let begins = |word: &[u8]| {
        text.get(..word.len())
            .is_some_and(|it| it.eq_ignore_ascii_case(word))
    };
    if begins(b"nan") {
        return General::Nan;
    }
    if begins(b"inf") {
        return match is_negative {
            true => General::MinusInfinity,
            false => General::Infinity,
        };
    }
    if let [b'0', b'x' | b'X', hexadecimal @ ..] = text {
        let digits = hexadecimal
            .iter()
            .map_while(|&byte| char::from(byte).to_digit(16));
        let value = digits.fold(0u64, |all, digit| {
            all.saturating_mul(16).saturating_add(digit.into())
        });
        let mut whole = decimal(value);
        let point = whole.len() as i64;
        while let [.., b'0'] = whole[..] {
            whole.pop();
        }
        return General::Number(Scientific {
            is_negative: is_negative && !whole.is_empty(),
            point: if whole.is_empty() { i64::MIN } else { point },
            digits: [whole.into(), Cow::Borrowed(b"")],
        });
    }
    let (mut whole, mut rest) = digits(text);
    let mut fraction: &[u8] = b"";
    if let [b'.', after @ ..] = rest {
        (fraction, rest) = digits(after);
    }
    if whole.is_empty() && fraction.is_empty() {
        return General::None;
    }
    let mut point = 0i64;
    if let [b'e' | b'E', after @ ..] = rest {
        let (sign, after) = match after {
            [b'-', after @ ..] => (-1, after),
            [b'+', after @ ..] | after => (1, after),
        };
        let power = digits(after).0.iter().fold(0i64, |power, digit| {
            power
                .saturating_mul(10)
                .saturating_add(i64::from(digit - b'0'))
        });
        point = sign * power;
    }
    while let [b'0', after @ ..] = whole {
        whole = after;
    }
    while let [before @ .., b'0'] = fraction {
        fraction = before;
    }
    point = point.saturating_add(whole.len() as i64);
    if whole.is_empty() {
        while let [b'0', after @ ..] = fraction {
            fraction = after;
            point = point.saturating_sub(1);
        }
    }
    if fraction.is_empty() {
        while let [before @ .., b'0'] = whole {
            whole = before;
        }
    }
    let is_zero = whole.is_empty() && fraction.is_empty();
    General::Number(Scientific {
        is_negative: is_negative && !is_zero,
        point: if is_zero { i64::MIN } else { point },
        digits: [whole.into(), fraction.into()],
    })
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.split_at_checked(length).unwrap_or_default()
}

impl Ord for Scientific<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_size = || {
            let [one, other_digits] =
                [self, other].map(|it| it.digits.iter().flat_map(|it| it.iter()));
            let by_point = self.point.cmp(&other.point);
            by_point.then_with(|| one.cmp(other_digits))
        };
        match (self.is_negative, other.is_negative) {
            (false, false) => by_size(),
            (true, true) => by_size().reverse(),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Scientific<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The power of the suffix, and the number before it: as `ls -h` writes sizes.
fn human(text: &[u8]) -> (isize, Number<'_>) {
    let number = numeric(text);
    let rest = skip(text);
    let length = rest
        .iter()
        .take_while(|byte| matches!(byte, b'-' | b'.' | b'0'..=b'9'));
    let suffix = rest.get(length.count()).map(u8::to_ascii_uppercase);
    let power = b"KMGTPE".iter().position(|&it| Some(it) == suffix);
    let power = power.map_or(0, |power| power as isize + 1);
    match (
        number.is_negative,
        number.whole.is_empty() && number.fraction.is_empty(),
    ) {
        (_, true) => (0, number),
        (true, _) => (-power - 1, number),
        (false, _) => (power + 1, number),
    }
}
