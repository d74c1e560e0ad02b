//! Time zones: the time of day at a place, from the seconds since 1970.
//!
//! ```
//! use nestling::time::zone::{Date, Zone};
//!
//! let zone = Zone::from_posix(b"CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
//! let local = zone.at(1_751_371_200); // 12:00 on 1 July 2025 in UTC
//! assert_eq!((local.name, local.offset, local.is_dst), (&b"CEST"[..], 7200, true));
//! let date = Date::new(1_751_371_200 + i64::from(local.offset));
//! assert_eq!((date.year, date.month, date.day, date.hour), (2025, 7, 1, 14));
//! ```
//!
//! Nothing here makes a system call or allocates. The caller reads the file `/etc/localtime`, or the file in
//! `/usr/share/zoneinfo` that the variable `TZ` names. Files that count leap seconds (`right/…`) are not supported: with them,
//! the times are some seconds wrong.

/// A time zone: its offsets from UTC, and the times at which they change.
#[derive(Debug, Clone, Copy)]
pub struct Zone<'a>(Rules<'a>);

#[derive(Debug, Clone, Copy)]
enum Rules<'a> {
    Posix(Posix<'a>),
    File(File<'a>),
}

/// The offset and the name that apply in a time zone at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local<'a> {
    /// Seconds to add to UTC; positive east of Greenwich.
    pub offset: i32,
    /// Whether this is daylight saving time.
    pub is_dst: bool,
    /// The abbreviation, such as `CEST`.
    pub name: &'a [u8],
}

impl<'a> Zone<'a> {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Rules::Posix(Posix::fixed(b"UTC", 0)));

    /// Parses the rules of the variable `TZ` (POSIX.1-2024, XBD 8.3), such as `JST-9` or `EST5EDT,M3.2.0,M11.1.0`. Returns `None`
    /// if the text is not of this form; the text may then be the name of a file. If the text names daylight saving time but does
    /// not say when it begins and ends, the dates of the United States are used, as in other libraries. The hours of these changes
    /// may be from -167 to 167, as in the files of RFC 9636.
    #[must_use]
    pub fn from_posix(text: &'a [u8]) -> Option<Self> {
        Posix::parse(text).map(|rules| Self(Rules::Posix(rules)))
    }

    /// Makes a zone from the contents of a file in the format `tzfile(5)` (RFC 9636), of any version. Returns `None` if the
    /// contents do not have this format.
    #[must_use]
    pub fn from_tzif(file: &'a [u8]) -> Option<Self> {
        File::parse(file).map(|file| Self(Rules::File(file)))
    }

    /// Returns the offset and the name that apply at the time `seconds`, in seconds since the start of 1970 in UTC.
    #[must_use]
    pub fn at(&self, seconds: i64) -> Local<'a> {
        match &self.0 {
            Rules::Posix(rules) => rules.at(seconds),
            Rules::File(file) => file.at(seconds),
        }
    }
}

// ---- The rules of TZ ----

#[derive(Debug, Clone, Copy)]
struct Posix<'a> {
    standard: Local<'a>,
    /// Daylight saving time: its offset and name, its beginning (in standard time), and its end (in daylight saving time).
    saving: Option<(Local<'a>, Change, Change)>,
}

/// The time of a change in each year.
#[derive(Debug, Clone, Copy)]
struct Change {
    day: Day,
    /// The seconds after midnight of the day. The time may be on another day.
    time: i32,
}

#[derive(Debug, Clone, Copy)]
enum Day {
    /// `Jn`: the day of the year, from 1 to 365, without counting 29 February.
    Julian(i32),
    /// `n`: the day of the year, from 0 to 365.
    OfYear(i32),
    /// `Mm.w.d`: the month, the week (5 means the last week of the month), and the weekday (0 is Sunday).
    OfWeek(i32, i32, i32),
}

const HOUR: i32 = 3600;
const DAY: i64 = 86400;
/// The number of days of a year before each month. The index is the month, from 0 to 11.
const BEFORE: [i32; 13] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

impl<'a> Posix<'a> {
    const fn fixed(name: &'a [u8], offset: i32) -> Self {
        let standard = Local {
            offset,
            is_dst: false,
            name,
        };
        Self {
            standard,
            saving: None,
        }
    }

    fn parse(text: &'a [u8]) -> Option<Self> {
        let mut rest = text;
        let name = name(&mut rest)?;
        let offset = -time(&mut rest, 24)?;
        let mut rules = Self::fixed(name, offset);
        if rest.is_empty() {
            return Some(rules);
        }
        let name = self::name(&mut rest)?;
        let saving = Local {
            offset: match rest.first() {
                None | Some(b',') => offset + HOUR,
                Some(_) => -time(&mut rest, 24)?,
            },
            is_dst: true,
            name,
        };
        if rest.is_empty() {
            rest = b",M3.2.0,M11.1.0";
        }
        let (start, end) = (change(&mut rest)?, change(&mut rest)?);
        rules.saving = Some((saving, start, end));
        rest.is_empty().then_some(rules)
    }

    fn at(&self, seconds: i64) -> Local<'a> {
        let Some((saving, start, end)) = self.saving else {
            return self.standard;
        };
        // Finds the last change before or at `seconds`, also in the neighbouring years. If both changes are at the same time,
        // daylight saving time applies all year.
        let year = Date::new(seconds).year;
        let changes = (year - 1..=year + 1).flat_map(|year| {
            let start = (start.of(year, self.standard.offset), true);
            [start, (end.of(year, saving.offset), false)]
        });
        let last = changes.filter(|&(time, _)| time <= seconds).max();
        let is_dst = last.is_some_and(|(_, begins)| begins);
        if is_dst { saving } else { self.standard }
    }
}

impl Change {
    /// Returns the time of the change in a year, in UTC. `offset` is the offset that applies before the change.
    fn of(self, year: i64, offset: i32) -> i64 {
        let first = days_before(year);
        let is_leap = days_before(year.saturating_add(1)) - first == 366;
        let day = match self.day {
            Day::Julian(day) => day - 1 + i32::from(is_leap && day > 59),
            Day::OfYear(day) => day,
            Day::OfWeek(month, week, weekday) => {
                let before = |month: i32| {
                    let days = BEFORE.get(month as usize).copied().unwrap_or_default();
                    days + i32::from(is_leap && month > 1)
                };
                let (start, end) = (before(month - 1), before(month));
                // 1 January 1970 was a Thursday.
                let of_first = (first + i64::from(start) + 4).rem_euclid(7) as i32;
                let day = start + (weekday - of_first).rem_euclid(7) + 7 * (week - 1);
                if day >= end { day - 7 } else { day }
            }
        };
        let seconds = first.saturating_add(day.into()).saturating_mul(DAY);
        seconds.saturating_add(i64::from(self.time) - i64::from(offset))
    }
}

/// Parses a name: at least three letters, or a text between `<` and `>`.
fn name<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (name, more) = match *rest {
        [b'<', quoted @ ..] => {
            let end = quoted.iter().position(|&byte| byte == b'>')?;
            let is = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-');
            let name = quoted.get(..end).filter(|name| name.iter().all(is))?;
            (name, quoted.get(end + 1..)?)
        }
        text => {
            let letters = text.iter().take_while(|byte| byte.is_ascii_alphabetic());
            text.split_at_checked(letters.count())?
        }
    };
    *rest = more;
    (name.len() >= 3).then_some(name)
}

/// Parses `[+-]hh[:mm[:ss]]`, and returns the time in seconds.
fn time(rest: &mut &[u8], most_hours: i32) -> Option<i32> {
    let is_negative = match rest.first() {
        Some(b'-') => true,
        Some(b'+') => false,
        _ => return positive_time(rest, most_hours),
    };
    *rest = rest.get(1..)?;
    let time = positive_time(rest, most_hours)?;
    Some(if is_negative { -time } else { time })
}

fn positive_time(rest: &mut &[u8], most_hours: i32) -> Option<i32> {
    let mut time = number(rest, 0, most_hours)? * HOUR;
    for unit in [60, 1] {
        if !take(rest, b':') {
            break;
        }
        time += number(rest, 0, 59)? * unit;
    }
    Some(time)
}

/// Parses `,date[/time]`.
fn change(rest: &mut &[u8]) -> Option<Change> {
    if !take(rest, b',') {
        return None;
    }
    let day = if take(rest, b'J') {
        Day::Julian(number(rest, 1, 365)?)
    } else if take(rest, b'M') {
        let month = number(rest, 1, 12)?;
        let week = take(rest, b'.').then(|| number(rest, 1, 5))??;
        let weekday = take(rest, b'.').then(|| number(rest, 0, 6))??;
        Day::OfWeek(month, week, weekday)
    } else {
        Day::OfYear(number(rest, 0, 365)?)
    };
    let time = if take(rest, b'/') {
        time(rest, 167)?
    } else {
        2 * HOUR
    };
    Some(Change { day, time })
}

fn take(rest: &mut &[u8], byte: u8) -> bool {
    match rest.strip_prefix(&[byte]) {
        Some(more) => {
            *rest = more;
            true
        }
        None => false,
    }
}

fn number(rest: &mut &[u8], least: i32, most: i32) -> Option<i32> {
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, more) = rest.split_at_checked(count)?;
    let number = crate::text::number(digits, 10)?;
    *rest = more;
    let number = i32::try_from(number).ok()?;
    (least..=most).contains(&number).then_some(number)
}

// ---- Files ----

/// The parts of a file.
#[derive(Debug, Clone, Copy)]
struct File<'a> {
    /// The times of the changes, in ascending order. Each is a number of `size` bytes (4 or 8). `indices` contains one byte for
    /// each change: the index of the new type.
    times: &'a [u8],
    size: usize,
    indices: &'a [u8],
    /// The types. Each has six bytes: the offset, whether it is daylight saving time, and the index of its name's first byte in
    /// `names`.
    types: &'a [u8],
    names: &'a [u8],
    /// The rules that apply after the last change.
    footer: Option<Posix<'a>>,
}

/// The length of a header.
const HEADER: usize = 44;

impl<'a> File<'a> {
    fn parse(file: &'a [u8]) -> Option<Self> {
        let (first, rest) = Self::block(file, 4)?;
        // Since version 2, there is a second block with numbers of eight bytes, and a footer.
        if matches!(file.get(4), Some(0)) {
            return Some(first);
        }
        let (mut second, rest) = Self::block(rest, 8)?;
        let footer = rest.strip_prefix(b"\n")?;
        let end = footer.iter().position(|&byte| byte == b'\n')?;
        second.footer = footer.get(..end).and_then(Posix::parse);
        Some(second)
    }

    /// Parses a header and its data block, whose times have `size` bytes. Also returns the rest of the file.
    fn block(file: &'a [u8], size: usize) -> Option<(Self, &'a [u8])> {
        let (header, mut rest) = file.split_at_checked(HEADER)?;
        header.strip_prefix(b"TZif")?;
        let mut counts = [0; 6];
        for (count, bytes) in counts.iter_mut().zip(header.get(20..)?.chunks_exact(4)) {
            *count = big_endian(bytes) as usize;
        }
        let [is_utc, is_standard, leaps, changes, types, names] = counts;
        let mut part = |count: usize, size: usize| {
            let (part, more) = rest.split_at_checked(count.checked_mul(size)?)?;
            rest = more;
            Some(part)
        };
        let block = Self {
            times: part(changes, size)?,
            size,
            indices: part(changes, 1)?,
            types: part(types, 6)?,
            names: part(names, 1)?,
            footer: None,
        };
        part(leaps, size + 4)?;
        part(is_standard, 1)?;
        part(is_utc, 1)?;
        (types > 0).then_some((block, rest))
    }

    fn at(&self, seconds: i64) -> Local<'a> {
        // A binary search: at the end, `low` is the number of changes before or at `seconds`.
        let (mut low, mut high) = (0, self.indices.len());
        while low < high {
            let middle = (low + high) / 2;
            if self.time(middle) <= seconds {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        match self.footer {
            Some(rules) if low == self.indices.len() => rules.at(seconds),
            _ => {
                let index = low.checked_sub(1).and_then(|last| self.indices.get(last));
                self.local(index.copied().unwrap_or_default())
            }
        }
    }

    fn time(&self, index: usize) -> i64 {
        let bytes = self.times.get(index * self.size..).unwrap_or_default();
        let number = big_endian(bytes.get(..self.size).unwrap_or_default());
        if self.size == 4 {
            i64::from(number as i32)
        } else {
            number as i64
        }
    }

    fn local(&self, index: u8) -> Local<'a> {
        let start = usize::from(index) * 6;
        let kind = self.types.get(start..).and_then(<[u8]>::first_chunk::<6>);
        let [a, b, c, d, is_dst, name] = kind.copied().unwrap_or_default();
        let name = self.names.get(usize::from(name)..).unwrap_or_default();
        let end = name.iter().position(|&byte| byte == 0);
        Local {
            offset: i32::from_be_bytes([a, b, c, d]),
            is_dst: is_dst != 0,
            name: name.get(..end.unwrap_or(name.len())).unwrap_or_default(),
        }
    }
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}

// ---- Dates ----

/// A date and a time of day, in the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// The year; 0 is the year before 1.
    pub year: i64,
    /// The month, from 1 to 12.
    pub month: u8,
    /// The day of the month, from 1 to 31.
    pub day: u8,
    /// The hour, from 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// The day of the week; 0 is Sunday.
    pub weekday: u8,
    /// The day of the year; 0 is 1 January.
    pub year_day: u16,
}

impl Date {
    /// Makes the date from the seconds since the start of 1970. For a local date, add the offset of [`Local`] to the seconds.
    #[must_use]
    pub fn new(seconds: i64) -> Self {
        let (days, of_day) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY) as u32);
        // If years are counted from 1 March, the leap day is the last day of a year.
        let day = days + 719_468;
        let (era, day) = (day.div_euclid(146_097), day.rem_euclid(146_097));
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let year = era * 400 + year + i64::from(month >= 10);
        Self {
            year,
            month: ((month + 2) % 12 + 1) as u8,
            day: (day - (153 * month + 2) / 5 + 1) as u8,
            hour: (of_day / 3600) as u8,
            minute: (of_day / 60 % 60) as u8,
            second: (of_day % 60) as u8,
            weekday: (days + 4).rem_euclid(7) as u8,
            year_day: (days - days_before(year)) as u16,
        }
    }
}

/// Returns the number of days from the start of 1970 to the start of a year.
fn days_before(year: i64) -> i64 {
    let before = year - 1;
    let leaps = before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400);
    before * 365 + leaps - 719_162
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::format;
    use std::fs;
    use std::io::Write;
    use std::process::{Command, Stdio};
    use std::string::String;
    use std::vec::Vec;

    use super::{Date, Zone};

    /// Returns the times as `date` shows them in this zone.
    fn by_date(zone: &str, times: &[i64]) -> Vec<String> {
        let mut command = Command::new("date");
        command.args(["-f", "-", "+%Y-%m-%d %H:%M:%S %w %j %Z"]);
        command.env("TZ", zone).env("LC_ALL", "C");
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut date = command.spawn().expect("date");
        let lines: Vec<String> = times.iter().map(|time| format!("@{time}\n")).collect();
        let mut input = date.stdin.take().expect("its input");
        let writer = std::thread::spawn(move || input.write_all(lines.concat().as_bytes()));
        let output = date.wait_with_output().expect("its output");
        writer.join().expect("the writer").expect("its input");
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines().map(String::from).collect()
    }

    fn by_zone(zone: &Zone<'_>, time: i64) -> String {
        let local = zone.at(time);
        let date = Date::new(time + i64::from(local.offset));
        format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02} {} {:03} {}",
            date.year,
            date.month,
            date.day,
            date.hour,
            date.minute,
            date.second,
            date.weekday,
            date.year_day + 1,
            String::from_utf8_lossy(local.name)
        )
    }

    /// Returns times from 1901 to 2102: about three in each month, and every hour of 400 days from the start of 2025.
    fn times() -> Vec<i64> {
        let months = (-26 * 100..50 * 100).map(|number| number * 833_333);
        let hours = (0..24 * 400).map(|hour| 1_735_689_600 + hour * 3600);
        months.chain(hours).collect()
    }

    #[track_caller]
    fn agrees(name: &str, zone: &Zone<'_>, from: i64) {
        let mut times = times();
        times.retain(|&time| time >= from);
        for (time, expected) in times.iter().zip(by_date(name, &times)) {
            assert_eq!(by_zone(zone, *time), expected, "{name} at {time}");
        }
    }

    #[test]
    #[cfg_attr(miri, ignore)]
    fn rules_of_tz_mean_what_they_mean_to_date() {
        for name in [
            "JST-9",
            "UTC0",
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "<-03>3",
            "<+0330>-3:30",
            "NZST-12NZDT,M9.5.0,M4.1.0/3",
            "IST-1GMT0,M10.5.0,M3.5.0/1",
            "ABC+4:30:15DEF2,J60/0,J300/23:59:59",
            "ABC3DEF,59/-1,364/20",
        ] {
            let zone = Zone::from_posix(name.as_bytes()).expect(name);
            // glibc does not apply the rules to earlier years.
            agrees(name, &zone, 365 * 86400);
        }
        // For this zone, glibc reads a file, so the earlier years can also be compared.
        let zone = Zone::from_posix(b"EST5EDT").expect("a zone");
        agrees("EST5EDT", &zone, 1_200_000_000);
    }

    #[test]
    #[cfg_attr(miri, ignore)]
    fn files_mean_what_they_mean_to_date() {
        for name in [
            "Europe/Berlin",
            "America/New_York",
            "Asia/Kathmandu",
            "Australia/Lord_Howe",
            "Africa/Casablanca",
            "Pacific/Apia",
            "America/Sao_Paulo",
            "Etc/UTC",
        ] {
            // A machine may not have this file.
            let Ok(file) = fs::read(format!("/usr/share/zoneinfo/{name}")) else {
                continue;
            };
            agrees(name, &Zone::from_tzif(&file).expect(name), i64::MIN);
            for length in 0..file.len() {
                let cut = file.get(..length).unwrap_or_default();
                assert!(Zone::from_tzif(cut).is_none(), "{name}, {length} bytes");
            }
        }
    }

    #[test]
    fn a_change_may_be_in_another_year() {
        let all_year = Zone::from_posix(b"EST5EDT,0/0,J365/25").expect("a zone");
        let zone = Zone::from_posix(b"ABC0DEF,J60,J365/30").expect("a zone");
        // Daylight saving time lasts until 05:00 UTC on 1 January.
        for (time, expected) in [
            (1_767_225_600, true),
            (1_767_243_599, true),
            (1_767_243_600, false),
        ] {
            assert!(all_year.at(time).is_dst);
            assert_eq!(zone.at(time).is_dst, expected, "{time}");
        }
    }

    #[test]
    fn what_are_no_rules_is_refused() {
        for text in [
            "",
            "UTC",
            "ab1",
            "abc",
            "abc25",
            "abc1def2,",
            "abc1def,M13.1.0,M1.1.0",
            "abc1def,M3.6.0,M4.1.0",
            "abc1def,M3.1.7,M4.1.0",
            "abc1def,J0,J1",
            "abc1def,366,1",
            "abc1def,1",
            "abc1def,1,2,3",
            "abc1:60",
            "<abc1",
            "<a_c>1",
            "abc1def,1/168,2",
            "abc--1",
            "Europe/Berlin",
            "abc99999999999999999999",
        ] {
            assert!(Zone::from_posix(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn times_at_the_limits_have_a_date() {
        let zone = Zone::from_posix(b"abc-24def-24,0/-167,365/167").expect("a zone");
        for time in [i64::MIN, i64::MIN / 2, i64::MAX / 2, i64::MAX] {
            let _ = zone.at(time);
            let _ = Date::new(time);
        }
        assert_eq!(Date::new(-1).year, 1969);
        assert_eq!(
            by_zone(&Zone::UTC, -62_167_219_200),
            "0000-01-01 00:00:00 6 001 UTC"
        );
    }
}
