//! `printf format [argument...]`: writes formatted output (XCU 3, `printf`; numbers in comments are those of its EXTENDED
//! DESCRIPTION).
//!
//! The standard does not require floating-point conversions. This `printf` has `e`, `f` and `g`, and computes them in decimal, so
//! the result is exact: see [`float`](super::float).

use nestling::text::contains;

use super::escapes::{self, Escape, EscapeContext};
use super::float::{self, Decimal};
use super::getopt::{operands, wrong};
use crate::shell::{Answer, Shell};
use nestling_shell::characters;
use nestling_shell::fields::Arguments;
use nestling_shell::quoting;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let operands = operands(arguments);
    let Some(format) = operands.get(0) else {
        wrong(shell, arguments.name(), b"", "the format is missing");
        return Ok(2);
    };
    let mut printf = Printf {
        shell,
        name: arguments.name(),
        arguments: operands.skip(1),
        next: 0,
        used: 0,
        status: 0,
    };
    // Item 9: the format is used again until no argument is left.
    while printf.once(format) && printf.used > 0 && printf.arguments.len() > printf.used {
        printf.arguments = printf.arguments.skip(printf.used);
        (printf.next, printf.used) = (0, 0);
    }
    Ok(printf.status)
}

struct Printf<'s, 'a> {
    shell: &'s mut Shell,
    name: &'a [u8],
    /// The arguments that earlier uses of the format have not consumed.
    arguments: Arguments<'a>,
    /// The index of the argument for the next conversion that has no argument number.
    next: usize,
    /// How many of `arguments` the current use of the format has consumed.
    used: usize,
    status: i32,
}

/// The flags, the width and the precision between `%` and the letter of a conversion.
#[derive(Default)]
pub struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    pub alternative: bool,
    zeros: bool,
    width: usize,
    pub precision: Option<usize>,
}

impl<'a> Printf<'_, 'a> {
    /// Writes the format with its conversions, once. Returns false if the output must end here.
    fn once(&mut self, format: &[u8]) -> bool {
        let mut rest = format;
        loop {
            let length = rest
                .iter()
                .take_while(|&&byte| byte != b'%' && byte != b'\\')
                .count();
            let (plain, special) = rest.split_at_checked(length).unwrap_or_default();
            self.shell.output.write(plain);
            rest = match special {
                [] => return true,
                [b'\\', after @ ..] => {
                    let (what, length) = escapes::escape(after, EscapeContext::Format);
                    match what {
                        Escape::Byte(byte) => self.shell.output.write(&[byte]),
                        _ => self.shell.output.write(b"\\"),
                    }
                    after.get(length..).unwrap_or_default()
                }
                [b'%', b'%', after @ ..] => {
                    self.shell.output.write(b"%");
                    after
                }
                [_, after @ ..] => match self.conversion(after) {
                    Some(after) => after,
                    None => return false,
                },
            };
        }
    }

    /// Writes one conversion. Returns the rest of the format, or `None` if the output must end here.
    fn conversion<'f>(&mut self, format: &'f [u8]) -> Option<&'f [u8]> {
        let (mut rest, mut spec) = (format, Spec::default());
        let number = argument_number(&mut rest);
        while let [flag, after @ ..] = rest {
            match flag {
                b'-' => spec.left = true,
                b'+' => spec.plus = true,
                b' ' => spec.space = true,
                b'#' => spec.alternative = true,
                b'0' => spec.zeros = true,
                b'\'' => {}
                _ => break,
            }
            rest = after;
        }
        let width = self.size(&mut rest).unwrap_or_default();
        spec.left |= width < 0;
        spec.width = width.unsigned_abs() as usize;
        if let [b'.', after @ ..] = rest {
            rest = after;
            let precision = self.size(&mut rest).unwrap_or_default();
            spec.precision = usize::try_from(precision).ok();
        }
        // Length modifiers of C, which have no effect here.
        while let [b'h' | b'j' | b'l' | b'L' | b't' | b'z', after @ ..] = rest {
            rest = after;
        }
        let Some((&letter, rest)) = rest.split_first() else {
            self.wrong(b"%", "the conversion is missing");
            return None;
        };
        if !contains(b"diouxXeEfFgGcsbq", letter) {
            self.wrong(&[b'%', letter], "no such conversion");
            return None;
        }
        let argument = self.argument(number);
        let text = argument.unwrap_or_default();
        match letter {
            b's' => self.string(text, spec),
            // Quotes the argument so that the shell can read it back, as bash and ksh do.
            b'q' => {
                let mut quoted = alloc::vec::Vec::new();
                quoting::quote(text, &mut quoted);
                self.string(&quoted, spec);
            }
            // As in C, a missing or empty argument is written as a null byte.
            b'c' => self.string(
                text.get(..1).unwrap_or(b"\0"),
                Spec {
                    precision: None,
                    ..spec
                },
            ),
            b'b' => {
                let mut replaced = alloc::vec::Vec::new();
                let goes_on = escapes::write(text, EscapeContext::Argument, &mut |part| {
                    replaced.extend_from_slice(part)
                });
                self.string(&replaced, spec);
                if !goes_on {
                    return None;
                }
            }
            b'e' | b'E' | b'f' | b'F' | b'g' | b'G' => self.float(argument, spec, letter),
            _ => self.integer(argument, spec, letter),
        }
        Some(rest)
    }

    /// Parses a width or a precision: a number, `*` or `*n$`.
    fn size(&mut self, rest: &mut &[u8]) -> Option<i32> {
        if let [b'*', after @ ..] = *rest {
            *rest = after;
            let number = argument_number(rest);
            let argument = self.argument(number);
            let integer = self.number(argument);
            let size = i32::try_from(integer.magnitude).unwrap_or(i32::MAX);
            return Some(if integer.negative { -size } else { size });
        }
        let digits = digits(rest);
        *rest = rest.get(digits.len()..).unwrap_or_default();
        let size = nestling::text::number(digits, 10)?;
        Some(i32::try_from(size).unwrap_or(i32::MAX))
    }

    /// Returns the argument with this number, or the next argument if `number` is `None`.
    fn argument(&mut self, number: Option<usize>) -> Option<&'a [u8]> {
        let index = number.unwrap_or(self.next);
        if number.is_none() {
            self.next += 1;
        }
        self.used = self.used.max(index.saturating_add(1));
        if index < self.arguments.len() {
            self.arguments.get(index)
        } else {
            None
        }
    }

    fn string(&mut self, text: &[u8], spec: Spec) {
        let text = spec
            .precision
            .and_then(|precision| text.get(..precision))
            .unwrap_or(text);
        let spec = Spec {
            zeros: false,
            ..spec
        };
        self.padded(b"", 0, text, &spec);
    }

    fn integer(&mut self, argument: Option<&[u8]>, spec: Spec, letter: u8) {
        let Integer {
            negative,
            magnitude,
        } = self.number(argument);
        let (base, signed) = match letter {
            b'd' | b'i' => (10, true),
            b'o' => (8, false),
            b'u' => (10, false),
            _ => (16, false),
        };
        let number = match (signed, negative) {
            (true, true) => magnitude.min(1 << 63),
            (true, false) => magnitude.min(i64::MAX as u64),
            (false, true) => magnitude.wrapping_neg(),
            (false, false) => magnitude,
        };
        if signed && number != magnitude {
            self.wrong(argument.unwrap_or_default(), "too large");
        }
        let (mut buffer, mut start, mut rest) = ([0; 22], 22, number);
        while rest > 0
            && let Some(place) = buffer.get_mut(start - 1)
        {
            let digit = char::from_digit((rest % base) as u32, 16).unwrap_or_default() as u8;
            *place = if letter == b'X' {
                digit.to_ascii_uppercase()
            } else {
                digit
            };
            start -= 1;
            rest /= base;
        }
        let digits = buffer.get(start..).unwrap_or_default();
        let mut zeros = spec.precision.unwrap_or(1).saturating_sub(digits.len());
        if spec.alternative && letter == b'o' && zeros == 0 && !digits.is_empty() {
            zeros = 1;
        }
        let prefix: &[u8] = match letter {
            b'x' if spec.alternative && number > 0 => b"0x",
            b'X' if spec.alternative && number > 0 => b"0X",
            _ if !signed => b"",
            _ => spec.sign(negative),
        };
        // The flag `0` has no effect if a precision is given.
        let spec = Spec {
            zeros: spec.zeros && spec.precision.is_none(),
            ..spec
        };
        self.padded(prefix, zeros, digits, &spec);
    }

    fn float(&mut self, argument: Option<&[u8]>, spec: Spec, letter: u8) {
        let text = argument.unwrap_or_default();
        let (decimal, length) = match Decimal::parse(text) {
            Some((decimal, length)) if !matches!(text, [b'\'' | b'"', ..]) => (decimal, length),
            _ => {
                // The argument is a quote and a character, a hexadecimal number, or not a number.
                let Integer {
                    negative,
                    magnitude,
                } = self.number(argument);
                (Decimal::from_integer(negative, magnitude), text.len())
            }
        };
        if length < text.len() {
            self.wrong(text, "not a complete number");
        }
        let mut body = alloc::vec::Vec::new();
        float::format(&decimal, &spec, letter, &mut body);
        let spec = Spec {
            zeros: spec.zeros && decimal.is_finite(),
            ..spec
        };
        self.padded(spec.sign(decimal.negative), 0, &body, &spec);
    }

    /// Writes the prefix (a sign or `0x`), zeros and the text, padded to the width of the field.
    fn padded(&mut self, prefix: &[u8], mut zeros: usize, text: &[u8], spec: &Spec) {
        let length = prefix.len() + zeros + text.len();
        let mut padding = spec.width.saturating_sub(length);
        if spec.zeros && !spec.left {
            zeros += padding;
            padding = 0;
        }
        if !spec.left {
            self.repeat(b' ', padding);
        }
        self.shell.output.write(prefix);
        self.repeat(b'0', zeros);
        self.shell.output.write(text);
        if spec.left {
            self.repeat(b' ', padding);
        }
    }

    fn repeat(&mut self, byte: u8, mut count: usize) {
        let bytes = [byte; 32];
        while let length @ 1.. = count.min(bytes.len()) {
            self.shell
                .output
                .write(bytes.get(..length).unwrap_or_default());
            count -= length;
        }
    }

    /// Parses a number in the syntax of C, or a quote and a character, whose code is the number. A missing argument is 0. Reports
    /// errors.
    fn number(&mut self, argument: Option<&[u8]>) -> Integer {
        let text = argument.unwrap_or_default();
        if let [b'\'' | b'"', character @ ..] = text {
            let (number, _) = characters::decode(character, self.shell.utf8).unwrap_or_default();
            return Integer {
                negative: false,
                magnitude: (number & !characters::INVALID).into(),
            };
        }
        let (negative, digits) = match text.trim_ascii_start() {
            [b'-', digits @ ..] => (true, digits),
            [b'+', digits @ ..] | digits => (false, digits),
        };
        let (base, digits) = match digits {
            [b'0', b'x' | b'X', digits @ ..]
                if digits.first().is_some_and(u8::is_ascii_hexdigit) =>
            {
                (16, digits)
            }
            [b'0', ..] => (8, digits),
            digits => (10, digits),
        };
        let length = digits
            .iter()
            .take_while(|&&digit| char::from(digit).is_digit(base))
            .count();
        let (digits, after) = digits.split_at_checked(length).unwrap_or_default();
        if !after.is_empty() || digits.is_empty() && !text.is_empty() {
            self.wrong(text, "not a complete number");
        }
        let mut number = nestling::text::number(digits, base);
        if number.is_none() && !digits.is_empty() {
            self.wrong(text, "too large");
            number = Some(u64::MAX);
        }
        let magnitude = number.unwrap_or_default();
        Integer {
            negative: negative && magnitude > 0,
            magnitude,
        }
    }

    fn wrong(&mut self, what: &[u8], why: &str) {
        wrong(self.shell, self.name, what, why);
        self.status = 1;
    }
}

/// An integer argument, from the lowest `i64` to the highest `u64`.
struct Integer {
    negative: bool,
    magnitude: u64,
}

impl Spec {
    /// Returns the text before a number: a minus sign, or what the flags `+` and space ask for.
    fn sign(&self, negative: bool) -> &'static [u8] {
        match (negative, self.plus, self.space) {
            (true, ..) => b"-",
            (_, true, _) => b"+",
            (_, _, true) => b" ",
            _ => b"",
        }
    }
}

/// Parses `n$`. The result counts from 0.
fn argument_number(rest: &mut &[u8]) -> Option<usize> {
    let digits = digits(rest);
    let [b'$', after @ ..] = rest.get(digits.len()..)? else {
        return None;
    };
    let number = nestling::text::number(digits, 10)?.checked_sub(1)?;
    *rest = after;
    usize::try_from(number).ok()
}

fn digits<'t>(text: &&'t [u8]) -> &'t [u8] {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    text.get(..length).unwrap_or_default()
}
