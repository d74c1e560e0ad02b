//! Numbers with a suffix for their unit.

use nestling::text::{self, Sink, Text};

/// Reads a number with an optional suffix: `b` for 512, `k`, `M`, `G`, `T` for powers of 1024, `kB` or `KB`, `MB` … for those of
/// 1000. `None` also on overflow.
pub fn count(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|it| it.is_ascii_digit()).count();
    let (digits, suffix) = text.split_at_checked(digits)?;
    let (letter, base) = match suffix {
        [] => return text::number(digits, 10),
        b"b" => return text::number(digits, 10)?.checked_mul(512),
        b"c" => return text::number(digits, 10),
        b"w" => return text::number(digits, 10)?.checked_mul(2),
        [letter] | [letter, b'i', b'B'] => (letter, 1024_u64),
        [letter, b'B'] => (letter, 1000),
        _ => return None,
    };
    let power = b"KMGTPE"
        .iter()
        .position(|it| *it == letter.to_ascii_uppercase())?;
    let unit = base.checked_pow(power as u32 + 1)?;
    text::number(digits, 10)?.checked_mul(unit)
}

/// Writes a number of bytes as `ls -h` and `df -h` do: three characters at most, and a letter for the power of 1024. Rounded up.
pub struct Human(pub u64);

impl Text for Human {
    fn write(&self, out: &mut impl Sink) {
        let (mut whole, mut rest, mut power) = (self.0, 0, 0_usize);
        while whole >= 1024 {
            // What is cut off counts as a part of the last digit.
            rest = whole % 1024 + u64::from(rest > 0);
            whole /= 1024;
            power += 1;
        }
        let Some(letter) = power.checked_sub(1) else {
            return whole.write(out);
        };
        let mut letter = letter;
        let tenths = (rest * 10).div_ceil(1024);
        match (whole, tenths) {
            (0..=8, 10) | (9, 0..=9) | (0..=8, _) => {
                let (whole, tenths) = (whole + tenths / 10, tenths % 10);
                whole.write(out);
                out.put(b".");
                tenths.write(out);
            }
            (whole, tenths) => {
                let rounded = whole + u64::from(tenths > 0);
                match rounded {
                    1024 => {
                        letter += 1;
                        out.put(b"1.0");
                    }
                    rounded => rounded.write(out),
                }
            }
        }
        out.put(text_of(letter));
    }
}

fn text_of(letter: usize) -> &'static [u8] {
    b"KMGTPE".get(letter..letter + 1).unwrap_or(b"?")
}
