//! The parser of arithmetic expressions: XCU 2.6.4, and XCU 1.1.2.1 for the operators.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::host::Host;
use super::tree::{ParameterName, Part, Word};
use crate::symbols::Symbol;

/// A parsed expression: operations on a stack of numbers.
#[derive(Debug)]
pub struct Expression {
    /// The operations in the order of their execution. They use a stack of numbers.
    pub operations: Box<[Operation]>,
    /// The greatest number of values on the stack.
    pub depth: usize,
    /// The parameters (`$name`) in the expression. By the standard, a parameter is replaced by its value in the text, and then the
    /// text is parsed as an expression. If the value is a number, using it as an operand gives the same result.
    pub parameters: Box<[(ParameterName, Sign)]>,
}

/// Whether a parameter's value may begin with a minus. It may not after another minus, because `--` is an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// The parameter's value may be any number.
    Any,
    /// The number must not be negative, because a minus precedes it.
    Plus,
}

/// An operation on the stack of numbers.
#[derive(Debug, Clone, Copy)]
pub enum Operation {
    /// Pushes this number.
    Number(i64),
    /// The value of a parameter, by its index in [`Expression::parameters`].
    Parameter(usize),
    /// Pushes the value of a variable.
    Variable(Symbol),
    /// `-x`
    Negate,
    /// `~x`
    Complement,
    /// `!x`
    Not,
    /// Replaces a number other than 0 by 1.
    Truth,
    /// Replaces the two upper numbers by a result. The upper one is the right operand.
    Binary(Binary),
    /// Assigns the number on the top of the stack, which stays there.
    Assign(Symbol),
    /// Adds this number to the variable. Pushes the variable's old value.
    Step(Symbol, i64),
    /// Removes the upper number.
    Drop,
    /// Continues with the operation of this index.
    Jump(usize),
    /// Drops a number, and jumps if it is 0.
    JumpUnless(usize),
    /// `&&`: if the number is 0, jumps and leaves 0 on the stack. Otherwise drops the number.
    AndThen(usize),
    /// `||`: if the number is not 0, jumps and leaves 1 on the stack. Otherwise drops the number.
    OrElse(usize),
}

/// An operator with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    /// `**`
    Power,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `<<`
    ShiftLeft,
    /// `>>`
    ShiftRight,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `&`
    And,
    /// `^`
    ExclusiveOr,
    /// `|`
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
    /// Calls `visit` with each variable of the expression.
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

/// The message for an error in an expression.
pub type Wrong = &'static str;

/// The byte that stands for a parameter in the text of an expression that is parsed only once.
const PARAMETER: u8 = 0;

/// The greatest number of parameters in an expression that is parsed only once.
pub const PARAMETERS: usize = 8;

/// The message if too little stack is left to parse the expression.
pub const TOO_DEEP: Wrong = "nested too deeply";

/// Parses the expression in a word, so that it can be evaluated again without parsing. Returns `None` if the text depends on other
/// expansions than those of plain parameters, or is not valid with numbers in their places.
pub fn parse_once<H: Host>(host: &mut H, word: &Word) -> Option<Expression> {
    let (mut text, mut parameters) = (Vec::new(), Vec::new());
    collect(&word.parts, &mut text, &mut parameters)?;
    // The value of a parameter next to a word or a number would become a part of it.
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
    parse(host, &text, parameters).ok()
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

#[inline]
fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// Parses an expression. An empty text is the number 0.
pub fn parse<H: Host>(
    host: &mut H,
    text: &[u8],
    parameters: Vec<(ParameterName, Sign)>,
) -> Result<Expression, Wrong> {
    let mut parser = Parser {
        host,
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

struct Parser<'a, H> {
    host: &'a mut H,
    /// The text that is not parsed yet. It never begins with a blank.
    rest: &'a [u8],
    operations: Vec<Operation>,
    /// The number of parameters parsed so far.
    parameters: usize,
    /// The number of values on the stack after the operations so far, and the greatest number so far.
    height: usize,
    depth: usize,
}

impl<H: Host> Parser<'_, H> {
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
            if self.host.is_stack_low() {
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

    /// Parses operands and the binary operators between them, whose precedence is at least `least`.
    fn binary(&mut self, least: u8) -> Result<(), Wrong> {
        self.unary()?;
        while let Some((operator, level, length)) = infix(self.rest)
            && level >= least
        {
            self.advance(length);
            let short: fn(usize) -> Operation = match operator {
                Infix::Binary(operator) => {
                    // `**` is right-associative: `2**3**2` is `2**9`.
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
        if self.host.is_stack_low() {
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
            // Without a name, these are two signs and not an operator.
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
                // In `x--1`, which may come from `x-$y`, these are two signs and not an operator.
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

    /// Parses a constant: decimal, octal after `0`, hexadecimal after `0x`, or in another base after `base#`.
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
        Some(self.host.symbols_mut().intern(name))
    }

    /// Takes letters, digits and underscores.
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

    /// Takes an assignment operator. Returns the binary operator before its `=`; the inner `None` is a plain `=`.
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

    /// Adds an operation that pushes one number.
    fn push(&mut self, operation: Operation) {
        self.height += 1;
        self.depth = self.depth.max(self.height);
        self.operations.push(operation);
    }

    /// Adds an operation that makes the stack shorter by `popped` numbers. Returns the operation's index.
    fn emit(&mut self, operation: Operation, popped: usize) -> usize {
        self.height = self.height.saturating_sub(popped);
        self.operations.push(operation);
        self.operations.len() - 1
    }

    /// Sets the target of the jump at index `place` to the next operation.
    fn land(&mut self, place: usize, jump: fn(usize) -> Operation) {
        let here = self.operations.len();
        if let Some(operation) = self.operations.get_mut(place) {
            *operation = jump(here);
        }
    }
}

/// The value of a digit in a base. Up to base 36, upper-case and lower-case letters are the same. In larger bases, the digits after
/// 9 are lower-case letters, upper-case letters, `@` and `_`.
#[inline]
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

/// Returns the binary operator at the beginning of the text, its precedence and its length.
#[inline]
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
        // An assignment operator, but the left side is not a variable.
        [_, b'=', ..] => return None,
        [byte, ..] => {
            let (operator, level) = single_byte(*byte)?;
            return Some((Infix::Binary(operator), level, 1));
        }
        [] => return None,
    };
    Some((Infix::Binary(operator), level, 2))
}

/// The operators of one byte that also form assignment operators, with their precedence.
#[inline]
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
