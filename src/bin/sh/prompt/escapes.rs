//! The escape sequences of a backslash and a letter in PS1 and PS2, as in busybox and bash. Times are local times: by the variable
//! TZ, or without it by `/etc/localtime`.

use alloc::ffi::CString;
use alloc::vec::Vec;

use nestling::text::{Text, word};
use nestling::time::zone::{Date, Local, Zone};
use nestling::time::{self, Clock};
use nestling::{AsFd, OFlags, io, sys};

use crate::expansion::tilde;
use crate::shell::{Shell, text};
use nestling_shell::characters::printable;
use nestling_shell::symbols::Symbol;

/// Replaces the escape sequences. Their replacements are quoted, so that [`expand`](super::expand) does not change them. Text in
/// `$(…)`, `${…}` and between backquotes has no escape sequences.
pub fn replace(shell: &mut Shell, mut template: &[u8], goes_on: bool) -> Vec<u8> {
    let mut out = Vec::new();
    while let [first, rest @ ..] = template {
        let length = match (first, rest) {
            (b'\\', [escape, ..]) => {
                let mut value = Vec::new();
                let length = write(shell, rest, &mut value);
                if length == 0 {
                    out.extend([b'\\', *escape]);
                }
                for &byte in &value {
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

/// Returns the position after the closing character that matches the opening one.
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

/// Writes the replacement of an escape sequence. Returns the sequence's length without its backslash, or 0 if it is not an escape
/// sequence.
fn write(shell: &mut Shell, text: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(&letter) = text.first() else {
        return 0;
    };
    match letter {
        b'u' => printable(&user(shell), shell.utf8).write(out),
        b'h' | b'H' => printable(&host(letter == b'H'), shell.utf8).write(out),
        b'w' | b'W' => printable(&directory(shell, letter == b'W'), shell.utf8).write(out),
        b'$' if sys::credentials::geteuid() == Ok(0) => "#".write(out),
        b'$' => "$".write(out),
        b't' => write_time(shell, b"%H:%M:%S", out),
        b'T' => write_time(shell, b"%I:%M:%S", out),
        b'@' => write_time(shell, b"%I:%M %p", out),
        b'A' => write_time(shell, b"%H:%M", out),
        b'd' => write_time(shell, b"%a %b %d", out),
        b'D' => {
            let format = text.strip_prefix(b"D{").unwrap_or_default();
            let Some(length) = format.iter().position(|&byte| byte == b'}') else {
                return 0;
            };
            let format = format.get(..length).filter(|format| !format.is_empty());
            write_time(shell, format.unwrap_or(b"%X"), out);
            return length + 3;
        }
        b'!' => shell.interactive.number().write(out),
        b'#' => shell.interactive.commands.write(out),
        b'j' => shell.jobs.count().write(out),
        b'l' => name(&terminal()).write(out),
        b's' => printable(name(&shell.name), shell.utf8).write(out),
        b'v' | b'V' => env!("CARGO_PKG_VERSION").write(out),
        b'n' => out.push(b'\n'),
        b'r' => out.push(b'\r'),
        b'a' => out.push(7),
        b'e' => out.push(0x1b),
        // The text between `\[` and `\]` takes no columns.
        b'[' => out.push(1),
        b']' => out.push(2),
        b'\\' => out.push(b'\\'),
        b'0'..=b'7' => {
            let is_digit = |byte: &&u8| matches!(byte, b'0'..=b'7');
            let digits = text.iter().take(3).take_while(is_digit);
            let count = digits.clone().count();
            let byte = digits.fold(0_u8, |byte, digit| byte << 3 | (digit - b'0'));
            out.extend(Some(byte).filter(|&byte| byte != 0));
            return count;
        }
        _ => return 0,
    }
    1
}

/// Returns the user's name. Without one, returns LOGNAME or the user ID.
fn user(shell: &Shell) -> Vec<u8> {
    let mut uid = Vec::new();
    sys::credentials::geteuid()
        .unwrap_or_default()
        .write(&mut uid);
    let mut name = Vec::new();
    tilde::users(&mut |line| {
        let mut fields = line.split(|&byte| byte == b':');
        let user = fields.next().unwrap_or_default();
        if fields.nth(1) != Some(&uid) {
            return false;
        }
        name.extend_from_slice(user);
        true
    });
    if name.is_empty() {
        let logname = shell.symbols.find(b"LOGNAME");
        let value = logname.and_then(|name| shell.variables.get(name));
        return value.unwrap_or(&uid).to_vec();
    }
    name
}

/// Returns the host name, in full or up to the first dot.
fn host(in_full: bool) -> Vec<u8> {
    let names = sys::machine::uname();
    let mut name = names.map_or(Vec::new(), |names| names.nodename().to_bytes().to_vec());
    let is_end = |&byte: &u8| byte == b'.' && !in_full;
    let end = name.iter().position(is_end).unwrap_or(name.len());
    name.truncate(end);
    name
}

/// Returns the path of the terminal: `/dev/pts/0`.
fn terminal() -> Vec<u8> {
    let mut path = [0; 64];
    let length = sys::file::readlink(c"/proc/self/fd/0", &mut path).unwrap_or_default();
    path.get(..length).unwrap_or_default().to_vec()
}

/// Returns the working directory with `~` for HOME, or only its last component.
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

/// Returns the text after the last slash.
fn name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or_default()
}

/// Writes the current time in a format of `strftime(3)`, in the POSIX locale.
fn write_time(shell: &Shell, format: &[u8], out: &mut Vec<u8>) {
    let now = time::now(Clock::Realtime).map_or(0, |now| now.seconds());
    let mut file = Vec::new();
    let zone = zone(shell, &mut file);
    let local = zone.at(now);
    let date = Date::new(now.saturating_add(local.offset.into()));
    format_time(format, now, &date, &local, out);
}

/// Returns the time zone: that of TZ, which is a rule or the name of a file, or without TZ the system's. If it cannot be read,
/// returns UTC.
fn zone<'a>(shell: &'a Shell, file: &'a mut Vec<u8>) -> Zone<'a> {
    let name = shell.symbols.find(b"TZ");
    let path = match name.and_then(|name| shell.variables.get(name)) {
        None => b"/etc/localtime".to_vec(),
        Some(value) => {
            let value = value.strip_prefix(b":").unwrap_or(value);
            match Zone::from_posix(value) {
                Some(zone) => return zone,
                None if value.first() == Some(&b'/') => value.to_vec(),
                None => [b"/usr/share/zoneinfo/", value].concat(),
            }
        }
    };
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let read = CString::new(path).ok().and_then(|path| {
        let opened = sys::fd::open(&path, flags, 0).ok()?;
        let is_file = sys::file::fstat(opened.as_fd()).is_ok_and(|stat| stat.is_file());
        is_file.then(|| io::read_to_end(opened.as_fd(), file).ok())?
    });
    read.and_then(|_| Zone::from_tzif(file))
        .unwrap_or(Zone::UTC)
}

fn format_time(format: &[u8], now: i64, date: &Date, local: &Local<'_>, out: &mut Vec<u8>) {
    let digits = |number: i64| [number / 10 % 10, number % 10].map(|digit| digit as u8 + b'0');
    let short = |names: &'static str, number: u8| {
        let name = word(names, b' ', number.into());
        name.get(..3).unwrap_or_default()
    };
    const DAYS: &str = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday";
    const MONTHS: &str =
        "January February March April May June July August September October November December";
    let mut rest = format;
    while let [first, more @ ..] = rest {
        rest = more;
        let (b'%', [letter, more @ ..]) = (*first, more) else {
            out.push(*first);
            continue;
        };
        rest = more;
        let hour = i64::from(date.hour);
        let twelve = (hour + 11) % 12 + 1;
        let mut compound = |format: &[u8]| format_time(format, now, date, local, out);
        match letter {
            b'a' => short(DAYS, date.weekday).write(out),
            b'A' => word(DAYS, b' ', date.weekday.into()).write(out),
            b'b' | b'h' => short(MONTHS, date.month - 1).write(out),
            b'B' => word(MONTHS, b' ', usize::from(date.month - 1)).write(out),
            b'c' => compound(b"%a %b %e %T %Y"),
            b'C' => out.extend(digits(date.year / 100)),
            b'd' => out.extend(digits(date.day.into())),
            b'D' | b'x' => compound(b"%m/%d/%y"),
            b'e' if date.day < 10 => text!(" ", i64::from(date.day)).write(out),
            b'e' => out.extend(digits(date.day.into())),
            b'F' => compound(b"%Y-%m-%d"),
            b'H' => out.extend(digits(hour)),
            b'I' => out.extend(digits(twelve)),
            b'j' => {
                let day = i64::from(date.year_day) + 1;
                text!(day / 100, day / 10 % 10, day % 10).write(out);
            }
            b'm' => out.extend(digits(date.month.into())),
            b'M' => out.extend(digits(date.minute.into())),
            b'n' => out.push(b'\n'),
            b'p' => if hour < 12 { "AM" } else { "PM" }.write(out),
            b'r' => compound(b"%I:%M:%S %p"),
            b'R' => compound(b"%H:%M"),
            b's' => now.write(out),
            b'S' => out.extend(digits(date.second.into())),
            b't' => out.push(b'\t'),
            b'T' | b'X' => compound(b"%H:%M:%S"),
            b'u' => i64::from((date.weekday + 6) % 7 + 1).write(out),
            b'w' => i64::from(date.weekday).write(out),
            b'y' => out.extend(digits(date.year.rem_euclid(100))),
            b'Y' => date.year.write(out),
            b'z' => {
                let minutes = i64::from(local.offset.unsigned_abs() / 60);
                if local.offset < 0 { "-" } else { "+" }.write(out);
                out.extend(digits(minutes / 60));
                out.extend(digits(minutes % 60));
            }
            b'Z' => printable(local.name, false).write(out),
            b'%' => out.push(b'%'),
            letter => out.extend([b'%', *letter]),
        }
    }
}
