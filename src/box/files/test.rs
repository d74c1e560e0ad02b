//! `test expression` and `[ expression ]`: evaluates a condition (XCU 3, `test`).

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::{Access, Errno, FileType, Stat, sys, terminal, text};

pub const TEST: Applet = Applet {
    name: c"test",
    synopsis: "[expression]",
    run: |call| end(call, &mut Words::new(call, call.args.len())),
};

pub const BRACKET: Applet = Applet {
    name: c"[",
    synopsis: "[expression] ]",
    run: |call| match call.args.iter().last() {
        Some(last) if last == c"]" && call.args.len() > 1 => {
            end(call, &mut Words::new(call, call.args.len() - 1))
        }
        _ => {
            call.complain(b"", "']' is missing");
            2
        }
    },
};

/// The words of the expression.
struct Words<'a> {
    call: &'a Call<'a>,
    next: usize,
    end: usize,
}

/// Why an expression is wrong, and the word.
type Wrong<'a> = (&'a [u8], &'static str);

fn end(call: &Call<'_>, words: &mut Words<'_>) -> i32 {
    let outcome = words.whole();
    match outcome {
        Ok(is_true) => i32::from(!is_true),
        Err((word, why)) => {
            call.complain(word, why);
            2
        }
    }
}

impl<'a> Words<'a> {
    fn new(call: &'a Call<'a>, end: usize) -> Self {
        Self { call, next: 1, end }
    }

    fn left(&self) -> usize {
        self.end.saturating_sub(self.next)
    }

    fn peek(&self, ahead: usize) -> Option<&'a CStr> {
        let index = self.next + ahead;
        (index < self.end).then(|| self.call.args.skip(index).first())?
    }

    /// With at most four words, their number decides what they mean.
    fn whole(&mut self) -> Result<bool, Wrong<'a>> {
        let is_true = match self.left() {
            0 => return Ok(false),
            1..=4 => self.short(self.left())?,
            _ => self.or()?,
        };
        match self.peek(0) {
            None => Ok(is_true),
            Some(extra) => Err((extra.to_bytes(), "unexpected")),
        }
    }

    fn short(&mut self, count: usize) -> Result<bool, Wrong<'a>> {
        let first = self.peek(0).unwrap_or_default();
        let is_binary = |words: &Self| {
            words
                .peek(1)
                .is_some_and(|it| position(BINARY, it).is_some())
        };
        let is_parenthesized = |words: &Self| first == c"(" && words.peek(count - 1) == Some(c")");
        match count {
            1 => {
                self.next += 1;
                Ok(!first.is_empty())
            }
            3 if is_binary(self) => self.binary(),
            3 if matches!(self.peek(1).map(CStr::to_bytes), Some(b"-a" | b"-o")) => self.or(),
            2.. if first == c"!" => {
                self.next += 1;
                Ok(!self.short(count - 1)?)
            }
            3.. if is_parenthesized(self) => {
                self.next += 1;
                let is_true = self.short(count - 2)?;
                self.next += 1;
                Ok(is_true)
            }
            2 => match position(UNARY, first) {
                Some(_) => self.unary(),
                None => Err((first.to_bytes(), "not a unary operator")),
            },
            _ => self.or(),
        }
    }

    fn or(&mut self) -> Result<bool, Wrong<'a>> {
        let mut is_true = self.and()?;
        while self.peek(0) == Some(c"-o") {
            self.next += 1;
            is_true |= self.and()?;
        }
        Ok(is_true)
    }

    fn and(&mut self) -> Result<bool, Wrong<'a>> {
        let mut is_true = self.not()?;
        while self.peek(0) == Some(c"-a") {
            self.next += 1;
            is_true &= self.not()?;
        }
        Ok(is_true)
    }

    fn not(&mut self) -> Result<bool, Wrong<'a>> {
        let mut negated = false;
        while self.peek(0) == Some(c"!") && self.left() > 1 {
            self.next += 1;
            negated = !negated;
        }
        Ok(self.primary()? != negated)
    }

    fn primary(&mut self) -> Result<bool, Wrong<'a>> {
        let Some(first) = self.peek(0) else {
            return Err((b"", "an operand is missing"));
        };
        if self
            .peek(1)
            .is_some_and(|it| position(BINARY, it).is_some())
            && self.left() > 2
        {
            return self.binary();
        }
        if first == c"(" && self.left() > 1 {
            self.next += 1;
            let is_true = self.or()?;
            if self.peek(0) != Some(c")") {
                return Err((b"", "')' is missing"));
            }
            self.next += 1;
            return Ok(is_true);
        }
        if position(UNARY, first).is_some() && self.left() > 1 {
            return self.unary();
        }
        self.next += 1;
        Ok(!first.is_empty())
    }

    fn unary(&mut self) -> Result<bool, Wrong<'a>> {
        let operator = self.peek(0).unwrap_or_default().to_bytes();
        let operand = self.peek(1).unwrap_or_default();
        self.next += 2;
        let stat = |with: fn(&Stat) -> bool| sys::file::stat(operand).is_ok_and(|it| with(&it));
        let user = sys::credentials::geteuid;
        let group = sys::credentials::getegid;
        Ok(match operator.get(1).copied().unwrap_or_default() {
            b'n' => !operand.is_empty(),
            b'z' => operand.is_empty(),
            b'e' => sys::file::stat(operand).is_ok(),
            b'b' => stat(|it| it.file_type() == FileType::BlockDevice),
            b'c' => stat(|it| it.file_type() == FileType::CharDevice),
            b'd' => stat(Stat::is_dir),
            b'f' => stat(Stat::is_file),
            b'p' => stat(|it| it.file_type() == FileType::Fifo),
            b'S' => stat(|it| it.file_type() == FileType::Socket),
            b's' => stat(|it| it.size() > 0),
            b'u' => stat(|it| it.permissions() & 0o4000 != 0),
            b'g' => stat(|it| it.permissions() & 0o2000 != 0),
            b'k' => stat(|it| it.permissions() & 0o1000 != 0),
            b'O' => sys::file::stat(operand).is_ok_and(|it| user() == Ok(it.uid())),
            b'G' => sys::file::stat(operand).is_ok_and(|it| group() == Ok(it.gid())),
            b'r' => permits(operand, Access::READ),
            b'w' => permits(operand, Access::WRITE),
            b'x' => permits(operand, Access::EXECUTE),
            b't' => {
                let number = integer(operand)?;
                // Only the standard descriptors can be meant: a program that is started has no others.
                match number {
                    0 => terminal::is_terminal(nestling::io::stdin()),
                    1 => terminal::is_terminal(nestling::io::stdout()),
                    2 => terminal::is_terminal(nestling::io::stderr()),
                    _ => false,
                }
            }
            _ => sys::file::lstat(operand).is_ok_and(|it| it.is_symlink()),
        })
    }

    fn binary(&mut self) -> Result<bool, Wrong<'a>> {
        let (left, right) = (self.peek(0), self.peek(2));
        let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
        let operator = self.peek(1).and_then(|it| position(BINARY, it));
        self.next += 3;
        let time = |path: &CStr| sys::file::stat(path).ok().map(|it| it.mtime());
        let identity = |path: &CStr| sys::file::stat(path).ok().map(|it| (it.dev(), it.ino()));
        let (one, other) = (left.to_bytes(), right.to_bytes());
        Ok(match operator.unwrap_or_default() {
            0 | 1 => one == other,
            2 => one != other,
            3 => one < other,
            4 => one > other,
            5 => time(left) > time(right),
            6 => time(left) < time(right),
            7 => identity(left).is_some() && identity(left) == identity(right),
            number => {
                let (one, other) = (integer(left)?, integer(right)?);
                match number {
                    8 => one == other,
                    9 => one != other,
                    10 => one > other,
                    11 => one >= other,
                    12 => one < other,
                    _ => one <= other,
                }
            }
        })
    }
}

const UNARY: &str = "-b -c -d -e -f -g -h -k -n -p -r -s -t -u -w -x -z -L -O -G -S";
const BINARY: &str = "= == != < > -nt -ot -ef -eq -ne -gt -ge -lt -le";

fn position(list: &'static str, word: &CStr) -> Option<usize> {
    text::position(list, word.to_bytes())
}

fn integer(word: &CStr) -> Result<i64, Wrong<'_>> {
    let trimmed = word.to_bytes().trim_ascii();
    let (is_negative, digits) = match trimmed {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let number = text::number(digits, 10).and_then(|it| i64::try_from(it).ok());
    let number = number.ok_or((word.to_bytes(), "not a number"))?;
    Ok(if is_negative { -number } else { number })
}

/// Whether the effective user has a permission.
fn permits(path: &CStr, access: Access) -> bool {
    match sys::file::eaccess(path, access) {
        // Before Linux 5.8.
        Err(Errno::ENOSYS) => sys::file::access(path, access).is_ok(),
        outcome => outcome.is_ok(),
    }
}
