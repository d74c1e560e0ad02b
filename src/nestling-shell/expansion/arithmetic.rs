//! Arithmetic expansion: XCU 2.6.4. Numbers have 64 bits, and overflow wraps around.

use alloc::vec;
use alloc::vec::Vec;

use nestling::text::{Buffer, Text};

use super::host::{Error, Host};
use crate::symbols::Symbol;
use crate::syntax::arithmetic::{
    Binary, Expression, Operation, PARAMETERS, Sign, TOO_DEEP, Wrong, parse, parse_once,
};
use crate::syntax::tree::{Arithmetic, ParameterName};

/// If an expression needs a deeper stack than this, the stack is on the heap.
const DEPTH: usize = 12;

/// Evaluates `$((…))`. Reports errors.
pub fn evaluate<H: Host>(host: &mut H, arithmetic: &Arithmetic) -> Result<i64, H::Divert> {
    let expression = match arithmetic.expression.get() {
        Some(expression) => expression,
        None => {
            let expression = parse_once(host, &arithmetic.word);
            arithmetic.expression.get_or_init(|| expression)
        }
    };
    if let Some(expression) = expression {
        let mut values = [0; PARAMETERS];
        if parameters(host, expression, &mut values) {
            return run(host, expression, &values);
        }
    }
    let text = super::single(host, &arithmetic.word)?;
    evaluate_text(host, &text)
}

/// Evaluates an expression that is already expanded to a text: an operand of `let`, or an operand of `test` that may be an
/// expression.
pub fn evaluate_text<H: Host>(host: &mut H, text: &[u8]) -> Result<i64, H::Divert> {
    match parse(host, text, Vec::new()) {
        Ok(expression) => run(host, &expression, &[]),
        Err(what) => Err(wrong(host, text, what)),
    }
}

fn wrong<H: Host>(host: &mut H, text: &[u8], what: Wrong) -> H::Divert {
    if what == TOO_DEEP {
        return host.fail(Error::TooDeep(TOO_DEEP));
    }
    host.fail(Error::Expression(text, what))
}

/// Fetches the values of the parameters. Returns false if one value is not a number that can replace the parameter's text in the
/// expression.
fn parameters<H: Host>(host: &mut H, expression: &Expression, values: &mut [i64]) -> bool {
    let places = values.iter_mut();
    expression
        .parameters
        .iter()
        .zip(places)
        .all(|(&(name, sign), place)| {
            let number = super::value(host, name).and_then(|value| decimal(&value));
            *place = number.unwrap_or_default();
            number.is_some_and(|number| number >= 0 || sign == Sign::Any)
        })
}

/// Parses a decimal number: digits after an optional minus. The first digit must not be 0, because that would make the number
/// octal. A number of more than 18 digits is left to the parser.
fn decimal(text: &[u8]) -> Option<i64> {
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let number = match digits {
        [b'0'] => 0,
        [b'1'..=b'9', ..] if digits.len() <= 18 => {
            digits
                .iter()
                .try_fold(0, |number: i64, &digit| match digit {
                    b'0'..=b'9' => Some(number * 10 + i64::from(digit - b'0')),
                    _ => None,
                })?
        }
        _ => return None,
    };
    Some(if is_negative { -number } else { number })
}

/// Evaluates a parsed expression.
fn run<H: Host>(host: &mut H, expression: &Expression, values: &[i64]) -> Result<i64, H::Divert> {
    let (mut small, mut large): ([i64; DEPTH], Vec<i64>);
    let stack = if expression.depth <= DEPTH {
        small = [0; DEPTH];
        &mut small[..]
    } else {
        large = vec![0; expression.depth];
        &mut large[..]
    };
    // The number of values on the stack.
    let mut height = 0_usize;
    let mut at = 0;
    while let Some(&operation) = expression.operations.get(at) {
        at += 1;
        let top = height
            .checked_sub(1)
            .and_then(|top| stack.get(top))
            .copied()
            .unwrap_or_default();
        // The operation removes `drops` values from the stack, then pushes `number`.
        let (drops, number) = match operation {
            Operation::Number(number) => (0, number),
            Operation::Parameter(index) => (0, values.get(index).copied().unwrap_or_default()),
            Operation::Variable(name) => (0, variable(host, name)?),
            Operation::Negate => (1, top.wrapping_neg()),
            Operation::Complement => (1, !top),
            Operation::Not => (1, i64::from(top == 0)),
            Operation::Truth => (1, i64::from(top != 0)),
            Operation::Binary(operator) => {
                let left = height.checked_sub(2).and_then(|left| stack.get(left));
                match apply(operator, left.copied().unwrap_or_default(), top) {
                    Ok(number) => (2, number),
                    Err(what) => return Err(host.fail(Error::Arithmetic(what))),
                }
            }
            Operation::Assign(name) => {
                assign(host, name, top)?;
                continue;
            }
            Operation::Step(name, step) => {
                let old = variable(host, name)?;
                assign(host, name, old.wrapping_add(step))?;
                (0, old)
            }
            Operation::Drop => {
                height = height.saturating_sub(1);
                continue;
            }
            Operation::Jump(to) => {
                at = to;
                continue;
            }
            Operation::JumpUnless(to) => {
                height = height.saturating_sub(1);
                if top == 0 {
                    at = to;
                }
                continue;
            }
            Operation::AndThen(to) | Operation::OrElse(to) => {
                let is_or = matches!(operation, Operation::OrElse(_));
                if (top != 0) != is_or {
                    height = height.saturating_sub(1);
                    continue;
                }
                at = to;
                (1, i64::from(is_or))
            }
        };
        height = height.saturating_sub(drops);
        if let Some(place) = stack.get_mut(height) {
            *place = number;
        }
        height += 1;
    }
    Ok(stack.first().copied().unwrap_or_default())
}

fn apply(operator: Binary, left: i64, right: i64) -> Result<i64, Wrong> {
    Ok(match operator {
        Binary::Power if right < 0 => return Err("negative exponent"),
        Binary::Power => power(left, right),
        Binary::Multiply => left.wrapping_mul(right),
        Binary::Divide | Binary::Remainder if right == 0 => return Err("division by zero"),
        Binary::Divide => left.checked_div(right).ok_or("quotient too large")?,
        Binary::Remainder => left.wrapping_rem(right),
        Binary::Add => left.wrapping_add(right),
        Binary::Subtract => left.wrapping_sub(right),
        Binary::ShiftLeft => left.wrapping_shl(right as u32),
        Binary::ShiftRight => left.wrapping_shr(right as u32),
        Binary::Less => i64::from(left < right),
        Binary::LessOrEqual => i64::from(left <= right),
        Binary::Greater => i64::from(left > right),
        Binary::GreaterOrEqual => i64::from(left >= right),
        Binary::Equal => i64::from(left == right),
        Binary::NotEqual => i64::from(left != right),
        Binary::And => left & right,
        Binary::ExclusiveOr => left ^ right,
        Binary::Or => left | right,
    })
}

/// Assigns a number to a variable.
fn assign<H: Host>(host: &mut H, name: Symbol, number: i64) -> Result<(), H::Divert> {
    let mut digits = Buffer::<20>::new();
    number.write(&mut digits);
    host.assign(name, digits.bytes())
}

/// The number in a variable: 0 if the variable is unset or empty. If the value is not a decimal number, it is evaluated as an
/// expression.
fn variable<H: Host>(host: &mut H, name: Symbol) -> Result<i64, H::Divert> {
    let Some(value) = host.value(name) else {
        super::check_unset(host, ParameterName::Variable(name))?;
        return Ok(0);
    };
    if let Some(number) = decimal(&value) {
        return Ok(number);
    }
    let value = value.into_owned();
    host.check_depth()?;
    if value.iter().all(u8::is_ascii_whitespace) {
        return Ok(0);
    }
    evaluate_text(host, &value)
}

/// Computes a power by repeated squaring.
fn power(base: i64, exponent: i64) -> i64 {
    let (mut base, mut exponent, mut result) = (base, exponent, 1_i64);
    while exponent > 0 {
        if exponent & 1 != 0 {
            result = result.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    result
}
