//! `date [-u] [-d date | -r file] [-s date] [+format | date]`: writes or sets the time (XCU 3, `date`).

use nestling::applet::{Applet, Call};
use nestling::text::Text;
use nestling::time::{Clock, Timestamp};
use nestling::{sys, text};

use crate::common::about;
use crate::common::date::{Local, MONTHS};
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"date",
    synopsis: "[-uR] [-d date | -r file] [-s date] [+format]",
    run: |call| date(call).unwrap_or_else(|status| status),
};

fn date(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("uRd:r:s:");
    let (mut given, mut set, mut file, mut format) = (None, None, None, None);
    let mut is_utc = false;
    let mut default: &[u8] = b"%a %b %e %H:%M:%S %Z %Y";
    while let Some(letter) = options.next()? {
        match letter {
            b'u' => is_utc = true,
            b'R' => default = b"%a, %d %b %Y %H:%M:%S %z",
            b'd' => given = Some(options.value),
            b'r' => file = Some(options.value),
            _ => set = Some(options.value),
        }
    }
    for operand in options.operands() {
        match operand.to_bytes() {
            [b'+', text @ ..] if format.is_none() => format = Some(text),
            // Only in POSIX's form, and not beside another time: a mistake must not set the clock.
            text @ [b'0'..=b'9', ..]
                if set.is_none()
                    && given.is_none()
                    && file.is_none()
                    && text.len() >= 8
                    && text.iter().all(|it| it.is_ascii_digit() || *it == b'.') =>
            {
                set = Some(operand);
            }
            wrong => return Ok(call.misused(wrong, "unexpected")),
        }
    }
    if usize::from(given.is_some()) + usize::from(file.is_some()) + usize::from(set.is_some()) > 1 {
        return Ok(call.misused(b"", "more than one time"));
    }
    let local = if is_utc {
        Local::utc()
    } else {
        Local::new(call)
    };
    let parse = |value: &[u8]| {
        local
            .text(value)
            .or_else(|| local.posix_digits(value))
            .ok_or_else(|| call.complain(value, "not a date"))
    };
    let mut status = 0;
    let time = if let Some(set) = set {
        let time = parse(set.to_bytes())?;
        if let Err(errno) = sys::time::clock_settime(Clock::Realtime, time) {
            status = call.fail(c"the time cannot be set", errno);
        }
        time
    } else if let Some(given) = given {
        match given.to_bytes() {
            b"now" | b"" => now(call)?,
            value => parse(value)?,
        }
    } else if let Some(file) = file {
        let stat = sys::file::stat(file).map_err(|errno| call.fail(file, errno))?;
        let (seconds, nanoseconds) = stat.mtime();
        Timestamp::new(seconds, nanoseconds).unwrap_or(now(call)?)
    } else {
        now(call)?
    };
    let mut out = Output::new();
    write(&mut out, &local, time, format.unwrap_or(default));
    out.write(b"\n");
    Ok(out.finish(call, status, 1))
}

fn now(call: &Call<'_>) -> Result<Timestamp, i32> {
    sys::time::clock_gettime(Clock::Realtime).map_err(|errno| call.fail(c"clock", errno))
}

const DAYS: &str = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday";

/// Writes the conversions of POSIX's locale, and GNU's `%F %k %l %N %P %R %s %z`.
fn write(out: &mut Output, local: &Local, time: Timestamp, format: &[u8]) {
    let seconds = time.seconds();
    let date = local.date(seconds);
    let zone = local.zone();
    let rules = zone.at(seconds);
    let hour12 = i64::from((date.hour + 11) % 12 + 1);
    let day = text::word(DAYS, b' ', date.weekday.into());
    let month = text::word(MONTHS, b' ', usize::from(date.month.saturating_sub(1)));
    let short = |name: &'static [u8]| name.get(..3).unwrap_or_default();
    let monday = (i64::from(date.weekday) + 6) % 7;
    let year_day = i64::from(date.year_day);
    let mut rest = format;
    while let [first, more @ ..] = rest {
        rest = more;
        let ([letter, more @ ..], b'%') = (rest, first) else {
            out.write(&[*first]);
            continue;
        };
        // The modifiers of POSIX's other calendars mean nothing here; `-` of GNU's takes the padding away.
        let (mut letter, mut more) = (*letter, more);
        let mut padding = None;
        while let (b'E' | b'O' | b'-' | b'_' | b'0', [next, after @ ..]) = (letter, more) {
            padding = Some(letter)
                .filter(|it| !it.is_ascii_alphabetic())
                .or(padding);
            (letter, more) = (*next, after);
        }
        rest = more;
        let number = |out: &mut Output, number: i64, width: usize, with: u8| match padding {
            Some(b'-') => about::padded(out, number, 1, with),
            Some(b'_') => about::padded(out, number, width, b' '),
            Some(b'0') => about::padded(out, number, width, b'0'),
            _ => about::padded(out, number, width, with),
        };
        match letter {
            b'a' => out.write(short(day)),
            b'A' => out.write(day),
            b'b' | b'h' => out.write(short(month)),
            b'B' => out.write(month),
            b'c' => write(out, local, time, b"%a %b %e %H:%M:%S %Y"),
            b'C' => number(out, date.year.div_euclid(100), 2, b'0'),
            b'd' => number(out, date.day.into(), 2, b'0'),
            b'D' | b'x' => write(out, local, time, b"%m/%d/%y"),
            b'e' => number(out, date.day.into(), 2, b' '),
            b'F' => write(out, local, time, b"%Y-%m-%d"),
            b'H' => number(out, date.hour.into(), 2, b'0'),
            b'I' => number(out, hour12, 2, b'0'),
            b'j' => number(out, year_day + 1, 3, b'0'),
            b'k' => number(out, date.hour.into(), 2, b' '),
            b'l' => number(out, hour12, 2, b' '),
            b'm' => number(out, date.month.into(), 2, b'0'),
            b'M' => number(out, date.minute.into(), 2, b'0'),
            b'n' => out.write(b"\n"),
            b'N' => number(out, time.nanoseconds().into(), 9, b'0'),
            b'p' => out.write(if date.hour < 12 { b"AM" } else { b"PM" }),
            b'P' => out.write(if date.hour < 12 { b"am" } else { b"pm" }),
            b'r' => write(out, local, time, b"%I:%M:%S %p"),
            b'R' => write(out, local, time, b"%H:%M"),
            b's' => seconds.write(out),
            b'S' => number(out, date.second.into(), 2, b'0'),
            b't' => out.write(b"\t"),
            b'T' | b'X' => write(out, local, time, b"%H:%M:%S"),
            b'u' => number(out, monday + 1, 1, b'0'),
            b'U' => number(out, (year_day + 7 - i64::from(date.weekday)) / 7, 2, b'0'),
            b'w' => number(out, date.weekday.into(), 1, b'0'),
            b'W' => number(out, (year_day + 7 - monday) / 7, 2, b'0'),
            b'y' => number(out, date.year.rem_euclid(100), 2, b'0'),
            b'Y' => number(out, date.year, 4, b'0'),
            b'z' => about::offset(out, rules.offset),
            b'Z' => out.write(rules.name),
            b'%' => out.write(b"%"),
            letter => out.write(&[b'%', letter]),
        }
    }
}
