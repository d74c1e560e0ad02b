//! Decimal fractions for `printf`. The digits are read, rounded and written in decimal, and never converted to binary. So only
//! digits beyond the precision are lost. A half is rounded to the even digit, as in C.

use alloc::vec::Vec;

use nestling::text::Text;

use super::printf::Spec;

/// A number with a greater exponent is infinity, or zero if the exponent is negative. A `long double` has a similar range.
const GREATEST: i32 = 5000;

/// Names that are not numbers, a longer name before its prefix. The first three letters are written to the output.
const SPECIAL: &[&[u8]] = &[b"infinity", b"inf", b"nan"];

#[derive(Debug)]
pub struct Decimal {
    pub negative: bool,
    /// The values of the digits. The first digit is not 0. The list is empty if the number is zero.
    digits: Vec<u8>,
    /// How many digits precede the point: the value is 0.DIGITS times ten to the power of `point`.
    point: i32,
    /// The name to write if this is infinity or "not a number".
    special: Option<&'static [u8]>,
}

impl Decimal {
    /// Reads a decimal constant of C, which may have a sign and white space before it. Returns the number and the length of its
    /// text.
    pub fn parse(text: &[u8]) -> Option<(Self, usize)> {
        let (negative, rest) = match text.trim_ascii_start() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] | rest => (false, rest),
        };
        let mut decimal = Self {
            negative,
            digits: Vec::new(),
            point: 0,
            special: None,
        };
        let start = text.len() - rest.len();
        for name in SPECIAL {
            let mut text = rest.iter().map(u8::to_ascii_lowercase);
            if name.iter().all(|&byte| text.next() == Some(byte)) {
                decimal.special = name.get(..3);
                return Some((decimal, start + name.len()));
            }
        }
        if matches!(rest, [b'0', b'x' | b'X', ..]) {
            return None;
        }
        let (mut index, mut any, mut fraction) = (0, false, false);
        loop {
            match rest.get(index) {
                Some(&digit @ b'0'..=b'9') => {
                    any = true;
                    if digit != b'0' || !decimal.digits.is_empty() {
                        decimal.digits.push(digit - b'0');
                        decimal.point = decimal.point.saturating_add(i32::from(!fraction));
                    } else if fraction {
                        decimal.point = decimal.point.saturating_sub(1);
                    }
                }
                Some(b'.') if !fraction => fraction = true,
                _ => break,
            }
            index += 1;
        }
        if !any {
            return None;
        }
        if let Some([b'e' | b'E', exponent @ ..]) = rest.get(index..) {
            let (sign, digits) = match exponent {
                [b'-', digits @ ..] => (-1, digits),
                [b'+', digits @ ..] | digits => (1, digits),
            };
            let length = digits
                .iter()
                .take_while(|digit| digit.is_ascii_digit())
                .count();
            if length > 0 {
                let number = nestling::text::number(digits.get(..length).unwrap_or_default(), 10);
                let number = number
                    .and_then(|number| i32::try_from(number).ok())
                    .unwrap_or(i32::MAX);
                decimal.point = decimal.point.saturating_add(sign * number);
                index += 1 + exponent.len() - digits.len() + length;
            }
        }
        if decimal.digits.is_empty() || decimal.point < -GREATEST {
            decimal.digits.clear();
            decimal.point = 0;
        } else if decimal.point > GREATEST {
            decimal.special = Some(b"inf");
        }
        Some((decimal, start + index))
    }

    pub fn from_integer(negative: bool, magnitude: u64) -> Self {
        let mut digits = Vec::new();
        if magnitude > 0 {
            magnitude.write(&mut digits);
        }
        for digit in &mut digits {
            *digit -= b'0';
        }
        Self {
            negative,
            point: digits.len() as i32,
            digits,
            special: None,
        }
    }

    pub fn is_finite(&self) -> bool {
        self.special.is_none()
    }

    /// The number rounded to at most `keep` digits.
    fn rounded(&self, keep: i64) -> Self {
        let mut decimal = Self {
            digits: self.digits.clone(),
            ..*self
        };
        let Ok(keep) = usize::try_from(keep) else {
            decimal.digits.clear();
            return decimal;
        };
        let (kept, lost) = self
            .digits
            .split_at_checked(keep)
            .unwrap_or((&self.digits, &[]));
        decimal.digits.truncate(keep);
        let is_odd = kept.last().is_some_and(|digit| digit % 2 == 1);
        let up = match lost {
            [6..=9, ..] => true,
            [5, rest @ ..] => is_odd || rest.iter().any(|&digit| digit > 0),
            _ => false,
        };
        if up {
            while decimal.digits.pop_if(|digit| *digit == 9).is_some() {}
            match decimal.digits.last_mut() {
                Some(digit) => *digit += 1,
                None => {
                    decimal.digits.push(1);
                    decimal.point += 1;
                }
            }
        }
        decimal
    }

    /// The digit at position `place` after the point (0 is the first one), or before the point if `place` is negative.
    fn digit(&self, place: i64) -> u8 {
        let index = usize::try_from(i64::from(self.point) + place);
        b'0' + index
            .ok()
            .and_then(|index| self.digits.get(index))
            .copied()
            .unwrap_or_default()
    }

    /// The decimal exponent of the first digit.
    fn exponent(&self) -> i64 {
        if self.digits.is_empty() {
            0
        } else {
            i64::from(self.point) - 1
        }
    }
}

/// Writes the number without its sign, in the format of `%e`, `%f` or `%g`.
pub fn format(decimal: &Decimal, spec: &Spec, letter: u8, out: &mut Vec<u8>) {
    let start = out.len();
    let precision = spec.precision.unwrap_or(6) as i64;
    match (decimal.special, letter | 0x20) {
        (Some(name), _) => out.extend_from_slice(name),
        (_, b'f') => fixed(decimal, precision, spec.alternative, out),
        (_, b'e') => scientific(decimal, precision, spec.alternative, out),
        _ => {
            let significant = precision.max(1);
            let exponent = decimal.rounded(significant).exponent();
            if (-4..significant).contains(&exponent) {
                fixed(decimal, significant - 1 - exponent, spec.alternative, out);
                strip(spec, start, out);
            } else {
                scientific(decimal, significant - 1, spec.alternative, out);
                let mantissa = out
                    .iter()
                    .rposition(|&byte| byte == b'e')
                    .unwrap_or_default();
                let exponent = out.split_off(mantissa);
                strip(spec, start, out);
                out.extend_from_slice(&exponent);
            }
        }
    }
    if letter.is_ascii_uppercase() {
        out.make_ascii_uppercase();
    }
}

/// Removes zeros at the end of the fraction, as `%g` without `#` does.
fn strip(spec: &Spec, start: usize, out: &mut Vec<u8>) {
    if spec.alternative || !nestling::text::contains(out.get(start..).unwrap_or_default(), b'.') {
        return;
    }
    while out.pop_if(|byte| *byte == b'0').is_some() {}
    out.pop_if(|byte| *byte == b'.');
}

fn fixed(decimal: &Decimal, precision: i64, point: bool, out: &mut Vec<u8>) {
    let decimal = decimal.rounded(precision.saturating_add(decimal.point.into()));
    for place in i64::from(-decimal.point).min(-1)..0 {
        out.push(decimal.digit(place));
    }
    if precision > 0 || point {
        out.push(b'.');
    }
    for place in 0..precision {
        out.push(decimal.digit(place));
    }
}

fn scientific(decimal: &Decimal, precision: i64, point: bool, out: &mut Vec<u8>) {
    let decimal = decimal.rounded(precision.saturating_add(1));
    let first = i64::from(-decimal.point);
    out.push(decimal.digit(first));
    if precision > 0 || point {
        out.push(b'.');
    }
    for place in 1..=precision {
        out.push(decimal.digit(first + place));
    }
    let exponent = decimal.exponent();
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    if exponent.abs() < 10 {
        out.push(b'0');
    }
    nestling::text::Text::write(&exponent.abs(), out);
}
