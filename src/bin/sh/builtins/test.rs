//! `test [expression]`, `[ [expression] ]`: evaluates a condition (XCU 3, `test`).
//!
//! The number of arguments decides the meaning of an expression of up to four arguments. POSIX leaves longer expressions open. They
//! have `!`, `-a`, `-o` and parentheses here, as in other shells.

use core::ffi::CStr;

use nestling::{Access, Errno, FileType, Stat, sys};

use super::getopt::{Wrong, wrong};
use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;
use nestling_shell::syntax::tree::{Operator, unary_operator};

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut count = arguments.len().saturating_sub(1);
    if arguments.name() == b"[" {
        if count == 0 || arguments.get(count) != Some(b"]") {
            wrong(shell, b"[", b"", "] is missing");
            return Ok(2);
        }
        count -= 1;
    }
    let mut test = Test {
        shell,
        arguments,
        next: 1,
        end: count + 1,
    };
    Ok(match test.by_count(count) {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(Wrong) => 2,
    })
}

struct Test<'s, 'a> {
    shell: &'s mut Shell,
    arguments: Arguments<'a>,
    /// The index of the next argument.
    next: usize,
    /// Where the expression ends.
    end: usize,
}

impl<'a> Test<'_, 'a> {
    /// Returns the argument that is `ahead` arguments after the next one.
    fn peek(&self, ahead: usize) -> Option<&'a [u8]> {
        let index = self.next + ahead;
        if index < self.end {
            self.arguments.get(index)
        } else {
            None
        }
    }

    fn take(&mut self) -> Option<&'a CStr> {
        if self.next >= self.end {
            return None;
        }
        self.next += 1;
        self.arguments.c_str(self.next - 1)
    }

    fn left(&self) -> usize {
        self.end - self.next
    }

    /// Evaluates the remaining arguments, of which there are `count`.
    fn by_count(&mut self, count: usize) -> Result<bool, Wrong> {
        let first = self.peek(0).unwrap_or_default();
        match count {
            0 => Ok(false),
            1 => Ok(!first.is_empty()),
            2 if first == b"!" => self.negated(1),
            2 => match unary_operator(first) {
                Some(operator) => {
                    self.next += 1;
                    self.unary(operator)
                }
                None => Err(self.unexpected(first)),
            },
            3 => {
                let second = self.peek(1).unwrap_or_default();
                let (one, other) = (
                    !first.is_empty(),
                    self.peek(2).is_some_and(|third| !third.is_empty()),
                );
                match second {
                    b"-a" => Ok(one && other),
                    b"-o" => Ok(one || other),
                    _ if Operator::named(second).is_some() => self.binary(),
                    _ if first == b"!" => self.negated(2),
                    second if first == b"(" && self.peek(2) == Some(b")") => Ok(!second.is_empty()),
                    second => Err(self.unexpected(second)),
                }
            }
            4 if first == b"!" => self.negated(3),
            4 if first == b"(" && self.peek(3) == Some(b")") => {
                self.next += 1;
                self.end -= 1;
                self.by_count(2)
            }
            _ => {
                let holds = self.disjunction()?;
                match self.peek(0) {
                    None => Ok(holds),
                    Some(more) => Err(self.unexpected(more)),
                }
            }
        }
    }

    fn negated(&mut self, count: usize) -> Result<bool, Wrong> {
        self.next += 1;
        self.by_count(count).map(|holds| !holds)
    }

    /// Parses `conjunction [-o conjunction]...`.
    fn disjunction(&mut self) -> Result<bool, Wrong> {
        let mut holds = self.conjunction()?;
        while self.peek(0) == Some(b"-o") {
            self.next += 1;
            holds |= self.conjunction()?;
        }
        Ok(holds)
    }

    /// Parses `primary [-a primary]...`.
    fn conjunction(&mut self) -> Result<bool, Wrong> {
        let mut holds = self.primary()?;
        while self.peek(0) == Some(b"-a") {
            self.next += 1;
            holds &= self.primary()?;
        }
        Ok(holds)
    }

    /// Parses `[!]... (disjunction)` or a primary.
    fn primary(&mut self) -> Result<bool, Wrong> {
        let mut negated = false;
        let holds = loop {
            let second = self.peek(1);
            let is_binary =
                self.left() > 2 && second.is_some_and(|second| Operator::named(second).is_some());
            match self.peek(0) {
                None => {
                    return Err(wrong(
                        self.shell,
                        self.arguments.name(),
                        b"",
                        "an operand is missing",
                    ));
                }
                Some(_) if is_binary => break self.binary()?,
                Some(b"!") if second.is_some() => {
                    negated = !negated;
                    self.next += 1;
                }
                Some(b"(") if second.is_some() => break self.parenthesized()?,
                Some(first) => {
                    self.next += 1;
                    match unary_operator(first) {
                        Some(operator)
                            if !matches!(second, None | Some(b"-a" | b"-o")) || self.left() > 1 =>
                        {
                            break self.unary(operator)?;
                        }
                        _ => break !first.is_empty(),
                    }
                }
            }
        };
        Ok(holds != negated)
    }

    fn parenthesized(&mut self) -> Result<bool, Wrong> {
        if self.shell.stack.is_low() {
            return Err(wrong(
                self.shell,
                self.arguments.name(),
                b"",
                "nested too deeply",
            ));
        }
        self.next += 1;
        let holds = self.disjunction()?;
        match self.take() {
            Some(end) if end.to_bytes() == b")" => Ok(holds),
            _ => Err(wrong(
                self.shell,
                self.arguments.name(),
                b"",
                ") is missing",
            )),
        }
    }

    fn unary(&mut self, operator: u8) -> Result<bool, Wrong> {
        let operand = self.take().unwrap_or_default();
        unary(self.shell, self.arguments.name(), operator, operand)
    }

    fn binary(&mut self) -> Result<bool, Wrong> {
        let left = self.take().unwrap_or_default();
        let operator = self
            .take()
            .and_then(|operator| Operator::named(operator.to_bytes()));
        let (operator, right) = (
            operator.unwrap_or(Operator::Equal),
            self.take().unwrap_or_default(),
        );
        binary(self.shell, self.arguments.name(), left, operator, right)
    }

    fn unexpected(&mut self, argument: &[u8]) -> Wrong {
        wrong(
            self.shell,
            self.arguments.name(),
            argument,
            "unexpected argument",
        )
    }
}

/// Evaluates `-f operand` and the other unary operators, for `test` and `[[`.
pub fn unary(
    shell: &mut Shell,
    utility: &[u8],
    operator: u8,
    operand: &CStr,
) -> Result<bool, Wrong> {
    let stat = |is_so: fn(&Stat) -> bool| sys::file::stat(operand).is_ok_and(|stat| is_so(&stat));
    let access = |access: Access| match sys::file::eaccess(operand, access) {
        Err(Errno::ENOSYS) => sys::file::access(operand, access).is_ok(),
        answer => answer.is_ok(),
    };
    Ok(match operator {
        b'n' => !operand.is_empty(),
        b'z' => operand.is_empty(),
        b'e' => stat(|_| true),
        b'f' => stat(Stat::is_file),
        b'd' => stat(Stat::is_dir),
        b'b' => stat(|stat| stat.file_type() == FileType::BlockDevice),
        b'c' => stat(|stat| stat.file_type() == FileType::CharDevice),
        b'p' => stat(|stat| stat.file_type() == FileType::Fifo),
        b'S' => stat(|stat| stat.file_type() == FileType::Socket),
        b'h' | b'L' => sys::file::lstat(operand).is_ok_and(|stat| stat.is_symlink()),
        b's' => stat(|stat| stat.size() > 0),
        b'u' => stat(|stat| stat.permissions() & 0o4000 != 0),
        b'g' => stat(|stat| stat.permissions() & 0o2000 != 0),
        b'k' => stat(|stat| stat.permissions() & 0o1000 != 0),
        b'O' => stat(|stat| sys::credentials::geteuid() == Ok(stat.uid())),
        b'G' => stat(|stat| sys::credentials::getegid() == Ok(stat.gid())),
        b'r' => access(Access::READ),
        b'w' => access(Access::WRITE),
        b'x' => access(Access::EXECUTE),
        _ => {
            let fd = integer(shell, utility, operand)?;
            let fd = i32::try_from(fd).map_err(|_| Errno::EBADF);
            fd.is_ok_and(nestling::rt::descriptors::is_terminal)
        }
    })
}

/// Evaluates `left operator right`, for `test` and `[[`. Strings are compared byte by byte.
pub fn binary(
    shell: &mut Shell,
    utility: &[u8],
    left: &CStr,
    operator: Operator,
    right: &CStr,
) -> Result<bool, Wrong> {
    let strings = (left.to_bytes(), right.to_bytes());
    match operator {
        Operator::Equal => return Ok(strings.0 == strings.1),
        Operator::NotEqual => return Ok(strings.0 != strings.1),
        Operator::Before => return Ok(strings.0 < strings.1),
        Operator::After => return Ok(strings.0 > strings.1),
        Operator::NewerThan | Operator::OlderThan | Operator::SameFile => {
            let files = (sys::file::stat(left).ok(), sys::file::stat(right).ok());
            let same =
                |one: Stat, other: Stat| (one.dev(), one.ino()) == (other.dev(), other.ino());
            // A file that does not exist is older than any file that exists: `None` is less than `Some`.
            let times = (
                files.0.map(|stat| stat.mtime()),
                files.1.map(|stat| stat.mtime()),
            );
            return Ok(match operator {
                Operator::NewerThan => times.0 > times.1,
                Operator::OlderThan => times.0 < times.1,
                _ => files
                    .0
                    .zip(files.1)
                    .is_some_and(|(one, other)| same(one, other)),
            });
        }
        _ => {}
    }
    let (left, right) = (
        integer(shell, utility, left)?,
        integer(shell, utility, right)?,
    );
    Ok(match operator {
        Operator::Eq => left == right,
        Operator::Ne => left != right,
        Operator::Lt => left < right,
        Operator::Le => left <= right,
        Operator::Gt => left > right,
        _ => left >= right,
    })
}

/// Parses a decimal integer. White space around it is ignored.
fn integer(shell: &mut Shell, utility: &[u8], text: &CStr) -> Result<i64, Wrong> {
    let text = text.to_bytes();
    let (negative, digits) = match text.trim_ascii() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    let number = nestling::text::number(digits, 10).and_then(|number| {
        if negative {
            0_i64.checked_sub_unsigned(number)
        } else {
            number.try_into().ok()
        }
    });
    number.ok_or_else(|| wrong(shell, utility, text, "not an integer"))
}
