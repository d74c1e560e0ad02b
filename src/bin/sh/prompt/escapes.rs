//! What a backslash and a letter stand for in PS1 and PS2, as in busybox and bash. Times are UTC.

use alloc::vec::Vec;

use nestling::sys;
use nestling::text::{Text, word};
use nestling::time::{self, Clock};

use crate::expansion::characters::printable;
use crate::expansion::tilde;
use crate::shell::{Bytes, Shell, text};
use crate::symbols::Symbol;

/// Replaces them, so that [`expand`](super::expand) leaves what they stand for as it is. In `$(…)`, `${…}` and between backquotes there
/// are none.
pub fn replace(shell: &mut Shell, mut template: &[u8], goes_on: bool) -> Vec<u8> {
    let mut out = Vec::new();
    while let [first, rest @ ..] = template {
        let length = match (first, rest) {
            (b'\\', [escape, ..]) => {
                let mut value = Bytes(Vec::new());
                let length = write(shell, rest, &mut value);
                if length == 0 {
                    out.extend([b'\\', *escape]);
                }
                for &byte in &value.0 {
                    match byte {
                        b'$' | b'`' | b'\\' => out.push(b'\\'),
                        b'!' if !goes_on => out.push(b'!'),
                        _ => {}
                    }
                    out.push(byte);
                }
                template = rest.get(length.max(1)..).unwrap_or_default();
                continue;
            }
            (b'$', [b'(', ..]) => end_of(template, b'(', b')'),
            (b'$', [b'{', ..]) => end_of(template, b'{', b'}'),
            (b'`', _) => 1 + end_of(rest, 0, b'`'),
            _ => 1,
        };
        let (now, later) = template.split_at_checked(length).unwrap_or((template, &[]));
        out.extend_from_slice(now);
        template = later;
    }
    out
}

/// Behind where what is open is closed again.
fn end_of(text: &[u8], opening: u8, closing: u8) -> usize {
    let (mut at, mut depth) = (0, u32::from(opening == 0));
    while let Some(&byte) = text.get(at) {
        at += 1;
        if byte == b'\\' {
            at += 1;
        } else if byte == b'\'' && opening != 0 {
            let rest = text.get(at..).unwrap_or_default();
            at += rest.iter().take_while(|&&byte| byte != b'\'').count() + 1;
        } else if byte == closing {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                break;
            }
        } else if byte == opening {
            depth += 1;
        }
    }
    at
}

/// Writes what an escape stands for. The answer is how many bytes it has behind its backslash; 0 if it is none.
fn write(shell: &mut Shell, text: &[u8], out: &mut Bytes) -> usize {
    let Some(&letter) = text.first() else {
        return 0;
    };
    match letter {
        b'u' => printable(&user(shell), shell.utf8).write(out),
        b'h' | b'H' => printable(&host(letter == b'H'), shell.utf8).write(out),
        b'w' | b'W' => printable(&directory(shell, letter == b'W'), shell.utf8).write(out),
        b'$' if sys::credentials::geteuid() == Ok(0) => "#".write(out),
        b'$' => "$".write(out),
        b't' | b'T' | b'@' | b'A' | b'd' => write_time(letter, out),
        b'!' => shell.interactive.number().write(out),
        b'#' => shell.interactive.commands.write(out),
        b'j' => shell.jobs.count().write(out),
        b's' => printable(name(&shell.name), shell.utf8).write(out),
        b'v' | b'V' => env!("CARGO_PKG_VERSION").write(out),
        b'n' => out.0.push(b'\n'),
        b'r' => out.0.push(b'\r'),
        b'a' => out.0.push(7),
        b'e' => out.0.push(0x1b),
        // What is between these takes no columns.
        b'[' => out.0.push(1),
        b']' => out.0.push(2),
        b'\\' => out.0.push(b'\\'),
        b'0'..=b'7' => {
            let is_digit = |byte: &&u8| matches!(byte, b'0'..=b'7');
            let digits = text.iter().take(3).take_while(is_digit);
            let count = digits.clone().count();
            let byte = digits.fold(0_u8, |byte, digit| byte << 3 | (digit - b'0'));
            out.0.extend(Some(byte).filter(|&byte| byte != 0));
            return count;
        }
        _ => return 0,
    }
    1
}

/// The name of the user, or LOGNAME, or the number.
fn user(shell: &Shell) -> Vec<u8> {
    let mut uid = Bytes(Vec::new());
    sys::credentials::geteuid()
        .unwrap_or_default()
        .write(&mut uid);
    let mut name = Vec::new();
    tilde::users(&mut |line| {
        let mut fields = line.split(|&byte| byte == b':');
        let user = fields.next().unwrap_or_default();
        if fields.nth(1) != Some(&uid.0) {
            return false;
        }
        name.extend_from_slice(user);
        true
    });
    if name.is_empty() {
        let logname = shell.symbols.find(b"LOGNAME");
        let value = logname.and_then(|name| shell.variables.get(name));
        return value.unwrap_or(&uid.0).to_vec();
    }
    name
}

/// The machine's name, in full or up to the first dot.
fn host(in_full: bool) -> Vec<u8> {
    let names = sys::machine::uname();
    let mut name = names.map_or(Vec::new(), |names| names.nodename().to_bytes().to_vec());
    let is_end = |&byte: &u8| byte == b'.' && !in_full;
    let end = name.iter().position(is_end).unwrap_or(name.len());
    name.truncate(end);
    name
}

/// The working directory, HOME as `~`; or its last component only.
fn directory(shell: &Shell, only_name: bool) -> Vec<u8> {
    let pwd = shell.variables.get(Symbol::PWD);
    let path = shell.directory.as_deref().or(pwd).unwrap_or_default();
    let home = shell.variables.get(Symbol::HOME).unwrap_or_default();
    let mut out = Vec::new();
    let rest = match path.strip_prefix(home) {
        Some(rest) if home.len() > 1 && matches!(rest, [] | [b'/', ..]) => {
            out.push(b'~');
            rest
        }
        _ => path,
    };
    if only_name && !rest.is_empty() {
        out.clear();
        out.extend_from_slice(if rest == b"/" { rest } else { name(rest) });
    } else {
        out.extend_from_slice(rest);
    }
    out
}

/// What follows the last slash.
fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

/// `\t` 23:59:59, `\T` 11:59:59, `\@` 11:59 PM, `\A` 23:59, `\d` Thu Jan 01.
fn write_time(letter: u8, out: &mut Bytes) {
    let now = time::now(Clock::Realtime).map_or(0, |now| now.seconds());
    let (days, seconds) = ((now / 86400) as i32, (now % 86400) as i32);
    if letter == b'd' {
        let (month, day) = month_and_day(days);
        let weekday = word("Thu Fri Sat Sun Mon Tue Wed", b' ', (days % 7) as usize);
        let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
        let month = word(months, b' ', month as usize);
        return text!(weekday, " ", month, " ", day / 10, day % 10).write(out);
    }
    let hours = seconds / 3600;
    let is_of_day = matches!(letter, b't' | b'A');
    let shown = if is_of_day {
        hours
    } else {
        (hours + 11) % 12 + 1
    };
    let mut two = |number: i32| text!(number / 10, number % 10).write(out);
    two(shown);
    let rest = [seconds / 60 % 60, seconds % 60];
    let count = if matches!(letter, b't' | b'T') { 2 } else { 1 };
    for &number in rest.iter().take(count) {
        text!(":", number / 10, number % 10).write(out);
    }
    if letter == b'@' {
        if hours < 12 { " AM" } else { " PM" }.write(out);
    }
}

/// Of a day since the beginning of 1970: January is 0, the first is 1.
fn month_and_day(days: i32) -> (i32, i32) {
    // In years that begin with March, the day that is there sometimes is the last one.
    let day = (days + 719_468) % 146_097;
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    ((month + 2) % 12, day - (153 * month + 2) / 5 + 1)
}
