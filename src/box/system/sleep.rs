//! `sleep time...`: waits (XCU 3, `sleep`). As in the programs of GNU and busybox, a time may have a fraction and a unit: `s`, `m`, `h`
//! or `d`. Several times are added.

use core::time::Duration;

use nestling::applet::{Applet, Call};
use nestling::text::{self, next_field};
use nestling::time;

pub const APPLET: Applet = Applet {
    name: c"sleep",
    synopsis: "time[s|m|h|d]...",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    sleep(call).unwrap_or_else(|status| status)
}

fn sleep(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("");
    while options.next()?.is_some() {}
    let mut whole = None;
    for operand in options.operands() {
        let operand = operand.to_bytes();
        let time = parse(operand).ok_or_else(|| call.misused(operand, "not a time"))?;
        whole = Some(time.saturating_add(whole.unwrap_or_default()));
    }
    let Some(whole) = whole else {
        return Err(call.misused(b"", "a time is needed"));
    };
    // The clock cannot count further.
    let whole = whole.min(Duration::from_secs(i64::MAX as u64 / 4));
    time::sleep(whole).map_err(|errno| call.fail(c"sleep", errno))?;
    Ok(0)
}

/// Reads a time: `1`, `0.5`, `.25h`.
fn parse(word: &[u8]) -> Option<Duration> {
    if word == b"inf" || word == b"infinity" {
        return Some(Duration::MAX);
    }
    let (mut rest, unit) = match word {
        [digits @ .., b's'] => (digits, 1),
        [digits @ .., b'm'] => (digits, 60),
        [digits @ .., b'h'] => (digits, 3600),
        [digits @ .., b'd'] => (digits, 86400),
        digits => (digits, 1),
    };
    if !rest.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let seconds = match next_field(&mut rest, b'.') {
        [] => 0,
        digits if digits.iter().all(u8::is_ascii_digit) => {
            text::number(digits, 10).unwrap_or(u64::MAX)
        }
        _ => return None,
    };
    let (mut nanoseconds, mut place) = (0, 100_000_000);
    for digit in rest {
        nanoseconds += u64::from(char::from(*digit).to_digit(10)?) * place;
        place /= 10;
    }
    let nanoseconds = nanoseconds * unit;
    let more = Duration::from_nanos(nanoseconds);
    Some(Duration::from_secs(seconds.saturating_mul(unit)).saturating_add(more))
}
