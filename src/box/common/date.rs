//! Local times: the rules of `TZ` or of `/etc/localtime`, and dates as text.

use alloc::vec::Vec;

use nestling::applet::Call;
use nestling::time::zone::{Date, Zone};
use nestling::time::{Clock, Timestamp};
use nestling::{AsFd, OFlags, io, sys, text};

use super::paths::{c_str, join};

/// The names of the months.
pub const MONTHS: &str =
    "January February March April May June July August September October November December";

/// The time zone of the process.
pub struct Local {
    /// The value of `TZ`, or the file that it names.
    rules: Vec<u8>,
    is_file: bool,
}

const LARGEST: usize = 1 << 20;

impl Local {
    pub fn new(call: &Call<'_>) -> Self {
        let name = call
            .env
            .iter()
            .find_map(|it| text::after(it.to_bytes(), b"TZ="));
        let name = name.map(|name| name.strip_prefix(b":").unwrap_or(name));
        let path = match name {
            None => b"/etc/localtime\0".to_vec(),
            Some(name) if name.starts_with(b"/") => join(name, b""),
            Some(name) if Zone::from_posix(name).is_some() || name.is_empty() => {
                return Self::posix(name);
            }
            Some(name) => join(b"/usr/share/zoneinfo", name),
        };
        let mut rules = Vec::new();
        let file = sys::fd::open(c_str(&path), OFlags::RDONLY | OFlags::CLOEXEC, 0);
        let is_file = file.is_ok_and(|file| {
            sys::file::fstat(file.as_fd()).is_ok_and(|it| it.size() < LARGEST as u64)
                && io::read_to_end(file.as_fd(), &mut rules).is_ok()
        });
        match is_file {
            true => Self { rules, is_file },
            false => Self::posix(b""),
        }
    }

    /// UTC.
    pub fn utc() -> Self {
        Self::posix(b"")
    }

    fn posix(rules: &[u8]) -> Self {
        Self {
            rules: rules.to_vec(),
            is_file: false,
        }
    }

    /// The zone; UTC if there are no rules.
    pub fn zone(&self) -> Zone<'_> {
        let zone = match self.is_file {
            true => Zone::from_tzif(&self.rules),
            false => Zone::from_posix(&self.rules),
        };
        zone.unwrap_or(Zone::UTC)
    }

    pub fn date(&self, seconds: i64) -> Date {
        let offset = self.zone().at(seconds).offset;
        Date::new(seconds.saturating_add(offset.into()))
    }

    /// The seconds since 1970 of a local time, which is given as seconds as if it were UTC.
    fn seconds(&self, local: i64) -> i64 {
        let zone = self.zone();
        let guess = local - i64::from(zone.at(local).offset);
        local - i64::from(zone.at(guess).offset)
    }

    /// Reads `[[CC]YY]MMDDhhmm[.SS]`, as `touch -t` and `date -s` take it.
    pub fn digits(&self, text: &[u8]) -> Option<Timestamp> {
        let (digits, second) = match text {
            [digits @ .., b'.', ten, one] => (digits, two(&[*ten, *one])?),
            digits => (digits, 0),
        };
        let (year, rest) = match digits.len() {
            8 => (self.date(now()).year, digits),
            10 => {
                let (year, rest) = digits.split_at_checked(2)?;
                let year = two(year)?;
                (if year < 69 { 2000 + year } else { 1900 + year }, rest)
            }
            12 => {
                let (year, rest) = digits.split_at_checked(4)?;
                (number(year)?, rest)
            }
            _ => return None,
        };
        let field = |index: usize| two(rest.get(index..index + 2)?);
        let time = [field(4)?, field(6)?, second];
        Timestamp::new(
            self.seconds(seconds([year, field(0)?, field(2)?], time)?),
            0,
        )
    }

    /// Reads `MMDDhhmm[[CC]YY][.SS]`, as POSIX's `date` takes it.
    pub fn posix_digits(&self, text: &[u8]) -> Option<Timestamp> {
        let end = text.iter().position(|&byte| byte == b'.');
        let (digits, second) = text.split_at_checked(end.unwrap_or(text.len()))?;
        let (time, year) = digits.split_at_checked(8)?;
        self.digits(&[year, time, second].concat())
    }

    /// Reads `@SECONDS`, or `YYYY-MM-DD[ hh:mm[:ss[.fraction]]][Z]`, with a space or a `T` between. A fraction may also have a comma.
    pub fn text(&self, text: &[u8]) -> Option<Timestamp> {
        if let Some(seconds) = text::after(text, b"@") {
            let (is_negative, digits) = match seconds {
                [b'-', digits @ ..] => (true, digits),
                digits => (false, digits),
            };
            let seconds = number(digits)?;
            return Timestamp::new(if is_negative { -seconds } else { seconds }, 0);
        }
        let (mut rest, is_utc) = match text {
            [rest @ .., b'Z'] => (rest, true),
            rest => (rest, false),
        };
        let mut fields = [0; 6];
        for (index, (field, end)) in fields.iter_mut().zip(*b"--T::.").enumerate() {
            let length = rest.iter().position(|byte| !byte.is_ascii_digit());
            let (digits, more) = rest.split_at_checked(length.unwrap_or(rest.len()))?;
            *field = number(digits)?;
            match more {
                [] => {
                    rest = &[];
                    // A date without a time, or a time without seconds.
                    match index {
                        2 | 4 | 5 => break,
                        _ => return None,
                    }
                }
                [b' ', more @ ..] if end == b'T' => rest = more,
                [b',', more @ ..] if end == b'.' => rest = more,
                [byte, more @ ..] if *byte == end => rest = more,
                _ => return None,
            }
        }
        let [year, month, day, hour, minute, second] = fields;
        let local = seconds([year, month, day], [hour, minute, second])?;
        let mut nanoseconds = 0;
        for (place, digit) in rest.iter().enumerate() {
            let digit = char::from(*digit).to_digit(10)?;
            if let Some(left) = 8_u32.checked_sub(place as u32) {
                nanoseconds += digit * 10_u32.pow(left);
            }
        }
        let seconds = if is_utc { local } else { self.seconds(local) };
        Timestamp::new(seconds, nanoseconds)
    }
}

/// The seconds since 1970; 0 if the clock cannot be read.
pub fn now() -> i64 {
    sys::time::clock_gettime(Clock::Realtime).map_or(0, Timestamp::seconds)
}

fn number(digits: &[u8]) -> Option<i64> {
    i64::try_from(text::number(digits, 10)?).ok()
}

fn two(digits: &[u8]) -> Option<i64> {
    number(digits).filter(|_| digits.len() == 2)
}

/// The seconds from the start of 1970 to a date and a time of day. `None` if there is no such date.
fn seconds(date: [i64; 3], time: [i64; 3]) -> Option<i64> {
    let ([year, month, day], [hour, minute, second]) = (date, time);
    let is_valid = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..=9999).contains(&year)
        && hour < 24
        && minute < 60
        && second <= 60;
    // Years are counted from 1 March, so that the leap day is the last day of a year.
    let from_march = (month + 9) % 12;
    let years = year - i64::from(month < 3);
    let days = 365 * years + years.div_euclid(4) - years.div_euclid(100)
        + years.div_euclid(400)
        + (153 * from_march + 2) / 5
        + day
        - 1
        - 719_468;
    let seconds = days * 86400 + hour * 3600 + minute * 60 + second;
    let there = Date::new(days * 86400);
    (is_valid && i64::from(there.day) == day && i64::from(there.month) == month).then_some(seconds)
}
