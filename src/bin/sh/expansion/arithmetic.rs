//! Arithmetic expansion: XCU 2.6.4, and XCU 1.1.2.1 for the operators. Numbers have 64 bits and wrap.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::decimal::Decimal;
use crate::shell::{Divert, Shell, text};
use crate::symbols::Symbol;
use crate::syntax::tree::{Arithmetic, ParameterName, Part, Word};

/// An expression, parsed: operations for a stack of numbers.
#[derive(Debug)]
pub struct Expression {
    operations: Box<[Operation]>,
    /// How many numbers there are on the stack at most.
    depth: usize,
    /// `$name` in it. By the standard their values are pieces of the expression's text; where such a value is a number
    /// it can as well be taken as one.
    parameters: Box<[(ParameterName, Sign)]>,
}

/// Whether a parameter's value may begin with a minus: not after one, for two are an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Any,
    Plus,
}

#[derive(Debug, Clone, Copy)]
enum Operation {
    Number(i64),
    /// The value of a parameter, by its place among [`Expression::parameters`].
    Parameter(usize),
    Variable(Symbol),
    Negate,
    Complement,
    Not,
    /// 1 for all but 0.
    Truth,
    Binary(Binary),
    /// Assigns, and leaves the number.
    Assign(Symbol),
    /// Assigns the variable's value and this, and leaves what it was.
    Step(Symbol, i64),
    Drop,
    Jump(usize),
    /// Drops a number, and jumps if it is 0.
    JumpUnless(usize),
    /// `&&`: jumps and leaves 0, or drops.
    AndThen(usize),
    /// `||`: jumps and leaves 1, or drops.
    OrElse(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Binary {
    Power,
    Multiply,
    Divide,
    Remainder,
    Add,
    Subtract,
    ShiftLeft,
    ShiftRight,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
    NotEqual,
    And,
    ExclusiveOr,
    Or,
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy)]
enum Infix {
    Binary(Binary),
    LogicalAnd,
    LogicalOr,
}

impl Expression {
    /// The variables in it.
    pub fn names(&self, visit: &mut dyn FnMut(Symbol)) {
        for operation in &self.operations {
            if let Operation::Variable(name) | Operation::Assign(name) | Operation::Step(name, _) =
                operation
            {
                visit(*name);
            }
        }
        for (name, _) in &self.parameters {
            if let ParameterName::Variable(name) = name {
                visit(*name);
            }
        }
    }
}

/// What is wrong with an expression's text.
type Wrong = &'static str;

/// Where a parameter's value is to come in the text of an expression that is parsed once for all.
const PARAMETER: u8 = 0;

/// So many parameters at most have an expression parsed once for all.
const PARAMETERS: usize = 8;

/// Above it, numbers are on the heap.
const DEPTH: usize = 12;

/// The value of `$((…))`. What is wrong is reported.
pub fn evaluate(shell: &mut Shell, arithmetic: &Arithmetic) -> Result<i64, Divert> {
    let expression = match arithmetic.expression.get() {
        Some(expression) => expression,
        None => {
            let expression = parse_once(shell, &arithmetic.word);
            arithmetic.expression.get_or_init(|| expression)
        }
    };
    if let Some(expression) = expression {
        let mut values = [0; PARAMETERS];
        if parameters(shell, expression, &mut values) {
            return run(shell, expression, &values);
        }
    }
    let text = super::single(shell, &arithmetic.word)?;
    evaluate_text(shell, &text)
}

/// The value of an expression that is a text by now: `let`, and an operand of `test`'s where that takes one.
pub fn evaluate_text(shell: &mut Shell, text: &[u8]) -> Result<i64, Divert> {
    match parse(shell, text, Vec::new()) {
        Ok(expression) => run(shell, &expression, &[]),
        Err(what) => Err(wrong(shell, text, what)),
    }
}

/// As [`Shell::check_depth`] says it.
const TOO_DEEP: Wrong = "nested too deeply";

fn wrong(shell: &mut Shell, text: &[u8], what: Wrong) -> Divert {
    if what == TOO_DEEP {
        return shell.fatal(2, text!(TOO_DEEP));
    }
    shell.fatal(2, text!("arithmetic: ", text, ": ", what))
}

/// The expression of a word whose text is known, but for parameters whose values may be numbers.
fn parse_once(shell: &mut Shell, word: &Word) -> Option<Expression> {
    let (mut text, mut parameters) = (Vec::new(), Vec::new());
    collect(&word.parts, &mut text, &mut parameters)?;
    // A value that touches another word or number would be part of it.
    for (at, _) in text
        .iter()
        .enumerate()
        .filter(|&(_, &byte)| byte == PARAMETER)
    {
        let before = at.checked_sub(1).and_then(|at| text.get(at));
        let touches = |byte: Option<&u8>| {
            byte.is_some_and(|&byte| is_word(byte) || matches!(byte, PARAMETER | b'#' | b'@'))
        };
        if touches(before) || touches(text.get(at + 1)) {
            return None;
        }
    }
    if parameters.len() > PARAMETERS {
        return None;
    }
    parse(shell, &text, parameters).ok()
}

fn collect(
    parts: &[Part],
    text: &mut Vec<u8>,
    parameters: &mut Vec<(ParameterName, Sign)>,
) -> Option<()> {
    for part in parts {
        match part {
            Part::Literal(piece) | Part::Quoted(piece) => text.extend_from_slice(piece),
            Part::DoubleQuoted(parts) => collect(parts, text, parameters)?,
            Part::Parameter(name) => {
                let sign = match text.last() {
                    Some(b'-') => Sign::Plus,
                    _ => Sign::Any,
                };
                parameters.push((*name, sign));
                text.push(PARAMETER);
            }
            _ => return None,
        }
    }
    Some(())
}

/// Fetches the parameters' values; false if one is no number that can stand for its text.
fn parameters(shell: &mut Shell, expression: &Expression, values: &mut [i64]) -> bool {
    let places = values.iter_mut();
    expression
        .parameters
        .iter()
        .zip(places)
        .all(|(&(name, sign), place)| {
            let number = super::value(shell, name).and_then(|value| decimal(&value));
            *place = number.unwrap_or_default();
            number.is_some_and(|number| number >= 0 || sign == Sign::Any)
        })
}

/// The number that a text is: decimal digits, the first no 0 (which would make it octal), perhaps after a minus. (A long one is left
/// to the parser.)
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

/// Works out an expression.
fn run(shell: &mut Shell, expression: &Expression, values: &[i64]) -> Result<i64, Divert> {
    let (mut small, mut large): ([i64; DEPTH], Vec<i64>);
    let stack = if expression.depth <= DEPTH {
        small = [0; DEPTH];
        &mut small[..]
    } else {
        large = vec![0; expression.depth];
        &mut large[..]
    };
    // How many numbers there are.
    let mut height = 0_usize;
    let mut at = 0;
    while let Some(&operation) = expression.operations.get(at) {
        at += 1;
        let top = height
            .checked_sub(1)
            .and_then(|top| stack.get(top))
            .copied()
            .unwrap_or_default();
        // What it leaves: so many numbers less, then this one.
        let (drops, number) = match operation {
            Operation::Number(number) => (0, number),
            Operation::Parameter(index) => (0, values.get(index).copied().unwrap_or_default()),
            Operation::Variable(name) => (0, variable(shell, name)?),
            Operation::Negate => (1, top.wrapping_neg()),
            Operation::Complement => (1, !top),
            Operation::Not => (1, i64::from(top == 0)),
            Operation::Truth => (1, i64::from(top != 0)),
            Operation::Binary(operator) => {
                let left = height.checked_sub(2).and_then(|left| stack.get(left));
                match operator.apply(left.copied().unwrap_or_default(), top) {
                    Ok(number) => (2, number),
                    Err(what) => return Err(shell.fatal(2, text!("arithmetic: ", what))),
                }
            }
            Operation::Assign(name) => {
                shell.assign(name, Decimal::new(top).as_bytes())?;
                continue;
            }
            Operation::Step(name, step) => {
                let old = variable(shell, name)?;
                shell.assign(name, Decimal::new(old.wrapping_add(step)).as_bytes())?;
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

impl Binary {
    fn apply(self, left: i64, right: i64) -> Result<i64, Wrong> {
        Ok(match self {
            Self::Power if right < 0 => return Err("negative exponent"),
            Self::Power => power(left, right),
            Self::Multiply => left.wrapping_mul(right),
            Self::Divide | Self::Remainder if right == 0 => return Err("division by zero"),
            Self::Divide => left.checked_div(right).ok_or("quotient too large")?,
            Self::Remainder => left.wrapping_rem(right),
            Self::Add => left.wrapping_add(right),
            Self::Subtract => left.wrapping_sub(right),
            Self::ShiftLeft => left.wrapping_shl(right as u32),
            Self::ShiftRight => left.wrapping_shr(right as u32),
            Self::Less => i64::from(left < right),
            Self::LessOrEqual => i64::from(left <= right),
            Self::Greater => i64::from(left > right),
            Self::GreaterOrEqual => i64::from(left >= right),
            Self::Equal => i64::from(left == right),
            Self::NotEqual => i64::from(left != right),
            Self::And => left & right,
            Self::ExclusiveOr => left ^ right,
            Self::Or => left | right,
        })
    }
}

/// The number in a variable: 0 if it is unset or empty. A value that is no decimal number is an expression itself.
fn variable(shell: &mut Shell, name: Symbol) -> Result<i64, Divert> {
    let Some(value) = shell.value(name) else {
        super::check_unset(shell, ParameterName::Variable(name))?;
        return Ok(0);
    };
    if let Some(number) = decimal(&value) {
        return Ok(number);
    }
    let value = value.into_owned();
    shell.check_depth()?;
    if value.iter().all(u8::is_ascii_whitespace) {
        return Ok(0);
    }
    evaluate_text(shell, &value)
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// Parses an expression; of nothing, it is 0.
fn parse(
    shell: &mut Shell,
    text: &[u8],
    parameters: Vec<(ParameterName, Sign)>,
) -> Result<Expression, Wrong> {
    let mut parser = Parser {
        shell,
        rest: text,
        operations: Vec::new(),
        parameters: 0,
        height: 0,
        depth: 0,
    };
    parser.blanks();
    if parser.rest.is_empty() {
        parser.push(Operation::Number(0));
    } else {
        parser.comma()?;
    }
    if !parser.rest.is_empty() {
        return Err("syntax error");
    }
    Ok(Expression {
        operations: parser.operations.into(),
        depth: parser.depth,
        parameters: parameters.into(),
    })
}

struct Parser<'a> {
    shell: &'a mut Shell,
    /// What is not parsed yet. Blanks are skipped after everything.
    rest: &'a [u8],
    operations: Vec<Operation>,
    /// How many parameters were met.
    parameters: usize,
    /// How many numbers there will be on the stack, and at most so far.
    height: usize,
    depth: usize,
}

impl Parser<'_> {
    fn comma(&mut self) -> Result<(), Wrong> {
        self.assignment()?;
        while self.skip(b",") {
            self.emit(Operation::Drop, 1);
            self.assignment()?;
        }
        Ok(())
    }

    fn assignment(&mut self) -> Result<(), Wrong> {
        let start = self.rest;
        if let Some(name) = self.name()
            && let Some(operator) = self.assignment_operator()
        {
            if self.shell.stack.is_low() {
                return Err(TOO_DEEP);
            }
            if operator.is_some() {
                self.push(Operation::Variable(name));
            }
            self.assignment()?;
            if let Some(operator) = operator {
                self.emit(Operation::Binary(operator), 1);
            }
            self.emit(Operation::Assign(name), 0);
            return Ok(());
        }
        self.rest = start;
        self.conditional()
    }

    fn conditional(&mut self) -> Result<(), Wrong> {
        self.binary(1)?;
        if !self.skip(b"?") {
            return Ok(());
        }
        let unless = self.emit(Operation::JumpUnless(0), 1);
        self.comma()?;
        if !self.skip(b":") {
            return Err("':' expected");
        }
        let jump = self.emit(Operation::Jump(0), 1);
        self.land(unless, Operation::JumpUnless);
        self.assignment()?;
        self.land(jump, Operation::Jump);
        Ok(())
    }

    /// Operands and the operators between them that bind at least so tightly.
    fn binary(&mut self, least: u8) -> Result<(), Wrong> {
        self.unary()?;
        while let Some((operator, level, length)) = infix(self.rest)
            && level >= least
        {
            self.advance(length);
            let short: fn(usize) -> Operation = match operator {
                Infix::Binary(operator) => {
                    // `2**3**2` is 2**9.
                    self.binary(level + u8::from(operator != Binary::Power))?;
                    self.emit(Operation::Binary(operator), 1);
                    continue;
                }
                Infix::LogicalAnd => Operation::AndThen,
                Infix::LogicalOr => Operation::OrElse,
            };
            let jump = self.emit(short(0), 1);
            self.binary(level + 1)?;
            self.emit(Operation::Truth, 0);
            self.land(jump, short);
        }
        Ok(())
    }

    fn unary(&mut self) -> Result<(), Wrong> {
        if self.shell.stack.is_low() {
            return Err(TOO_DEEP);
        }
        let step = match self.rest {
            [b'+', b'+', ..] => 1,
            [b'-', b'-', ..] => -1,
            _ => 0,
        };
        if step != 0 {
            let start = self.rest;
            self.advance(2);
            if let Some(name) = self.name() {
                self.push(Operation::Variable(name));
                self.push(Operation::Number(step));
                self.emit(Operation::Binary(Binary::Add), 1);
                self.emit(Operation::Assign(name), 0);
                return Ok(());
            }
            // Two signs.
            self.rest = start;
        }
        let operation = match self.rest {
            [b'+', ..] => None,
            [b'-', ..] => Some(Operation::Negate),
            [b'~', ..] => Some(Operation::Complement),
            [b'!', ..] => Some(Operation::Not),
            _ => return self.primary(),
        };
        self.advance(1);
        self.unary()?;
        if let Some(operation) = operation {
            self.emit(operation, 0);
        }
        Ok(())
    }

    fn primary(&mut self) -> Result<(), Wrong> {
        match self.rest {
            [b'(', ..] => {
                self.advance(1);
                self.comma()?;
                if !self.skip(b")") {
                    return Err("')' expected");
                }
            }
            [b'0'..=b'9', ..] => {
                let number = self.number().ok_or("not a number")?;
                self.push(Operation::Number(number));
            }
            [PARAMETER, ..] => {
                self.push(Operation::Parameter(self.parameters));
                self.parameters += 1;
                self.advance(1);
            }
            _ => {
                let name = self.name().ok_or("operand expected")?;
                let step = match self.rest {
                    [b'+', b'+', ..] => 1,
                    [b'-', b'-', ..] => -1,
                    _ => 0,
                };
                // `x--1` comes from `x-$y`: there are two signs.
                let after = self.rest.get(2..).unwrap_or_default().trim_ascii_start();
                let is_sign = after
                    .first()
                    .is_some_and(|&byte| is_word(byte) || byte == b'(');
                if step == 0 || is_sign {
                    self.push(Operation::Variable(name));
                } else {
                    self.push(Operation::Step(name, step));
                    self.advance(2);
                }
            }
        }
        Ok(())
    }

    /// A constant: decimal, octal after 0, hexadecimal after 0x, of another base after `base#`.
    fn number(&mut self) -> Option<i64> {
        let (mut base, mut digits) = (10, self.word());
        match digits {
            [b'0', b'x' | b'X', more @ ..] => (base, digits) = (16, more),
            [b'0', more @ ..] if !more.is_empty() => (base, digits) = (8, more),
            _ => {}
        }
        if let [b'#', ..] = self.rest {
            base =
                nestling::text::number(digits, base).filter(|base| (2..=64).contains(base))? as u32;
            self.rest = self.rest.get(1..)?;
            digits = self.span(|byte| is_word(byte) || byte == b'@');
        }
        self.blanks();
        let add = |number: i64, &digit: &u8| {
            let digit = digit_of(digit, base)?;
            Some(number.wrapping_mul(base.into()).wrapping_add(digit.into()))
        };
        digits
            .iter()
            .try_fold(0, add)
            .filter(|_| !digits.is_empty())
    }

    fn name(&mut self) -> Option<Symbol> {
        if self
            .rest
            .first()
            .is_none_or(|byte| !is_word(*byte) || byte.is_ascii_digit())
        {
            return None;
        }
        let name = self.word();
        self.blanks();
        Some(self.shell.symbol(name))
    }

    /// Letters, digits and underscores.
    fn word<'a>(&mut self) -> &'a [u8]
    where
        Self: 'a,
    {
        self.span(is_word)
    }

    fn span<'a>(&mut self, is_in: fn(u8) -> bool) -> &'a [u8]
    where
        Self: 'a,
    {
        let length = self.rest.iter().take_while(|&&byte| is_in(byte)).count();
        let (word, rest) = self.rest.split_at_checked(length).unwrap_or_default();
        self.rest = rest;
        word
    }

    /// The operator before the `=` of an assignment; none inside if it is only that.
    fn assignment_operator(&mut self) -> Option<Option<Binary>> {
        if let [b'=', more @ ..] = self.rest {
            if let [b'=', ..] = more {
                return None;
            }
            self.advance(1);
            return Some(None);
        }
        let (operator, length) = match self.rest {
            [b'<', b'<', ..] => (Binary::ShiftLeft, 2),
            [b'>', b'>', ..] => (Binary::ShiftRight, 2),
            [byte, ..] => (single_byte(*byte)?.0, 1),
            [] => return None,
        };
        if self.rest.get(length) != Some(&b'=') {
            return None;
        }
        self.advance(length + 1);
        Some(Some(operator))
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn advance(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
        self.blanks();
    }

    fn skip(&mut self, what: &[u8]) -> bool {
        let is_there = self.rest.starts_with(what);
        if is_there {
            self.advance(what.len());
        }
        is_there
    }

    /// An operation that leaves one number more.
    fn push(&mut self, operation: Operation) {
        self.height += 1;
        self.depth = self.depth.max(self.height);
        self.operations.push(operation);
    }

    /// An operation that leaves so many numbers less. Returns its place.
    fn emit(&mut self, operation: Operation, less: usize) -> usize {
        self.height = self.height.saturating_sub(less);
        self.operations.push(operation);
        self.operations.len() - 1
    }

    /// Has the jump at this place come here.
    fn land(&mut self, place: usize, jump: fn(usize) -> Operation) {
        let here = self.operations.len();
        if let Some(operation) = self.operations.get_mut(place) {
            *operation = jump(here);
        }
    }
}

/// By squares.
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

/// A digit of a base: up to 36 letters of either case, beyond that small letters, capital letters, `@` and `_`.
fn digit_of(digit: u8, base: u32) -> Option<u32> {
    let value = match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'z' => digit - b'a' + 10,
        b'A'..=b'Z' if base <= 36 => digit - b'A' + 10,
        b'A'..=b'Z' => digit - b'A' + 36,
        b'@' => 62,
        b'_' => 63,
        _ => return None,
    };
    Some(value.into()).filter(|value| *value < base)
}

/// The operator that begins here, how tightly it binds, and how long it is.
fn infix(text: &[u8]) -> Option<(Infix, u8, usize)> {
    let (operator, level) = match text {
        [b'|', b'|', ..] => return Some((Infix::LogicalOr, 1, 2)),
        [b'&', b'&', ..] => return Some((Infix::LogicalAnd, 2, 2)),
        [b'<', b'<', b'=', ..] | [b'>', b'>', b'=', ..] => return None,
        [b'*', b'*', ..] => (Binary::Power, 11),
        [b'=', b'=', ..] => (Binary::Equal, 6),
        [b'!', b'=', ..] => (Binary::NotEqual, 6),
        [b'<', b'=', ..] => (Binary::LessOrEqual, 7),
        [b'>', b'=', ..] => (Binary::GreaterOrEqual, 7),
        [b'<', b'<', ..] => (Binary::ShiftLeft, 8),
        [b'>', b'>', ..] => (Binary::ShiftRight, 8),
        [b'<', ..] => return Some((Infix::Binary(Binary::Less), 7, 1)),
        [b'>', ..] => return Some((Infix::Binary(Binary::Greater), 7, 1)),
        // An assignment's, and nothing is there that can be assigned to.
        [_, b'=', ..] => return None,
        [byte, ..] => {
            let (operator, level) = single_byte(*byte)?;
            return Some((Infix::Binary(operator), level, 1));
        }
        [] => return None,
    };
    Some((Infix::Binary(operator), level, 2))
}

/// The operators of one byte that assignments have as well.
fn single_byte(byte: u8) -> Option<(Binary, u8)> {
    Some(match byte {
        b'|' => (Binary::Or, 3),
        b'^' => (Binary::ExclusiveOr, 4),
        b'&' => (Binary::And, 5),
        b'+' => (Binary::Add, 9),
        b'-' => (Binary::Subtract, 9),
        b'*' => (Binary::Multiply, 10),
        b'/' => (Binary::Divide, 10),
        b'%' => (Binary::Remainder, 10),
        _ => return None,
    })
}
