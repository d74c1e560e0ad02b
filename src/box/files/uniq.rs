//! `uniq [-cdui] [-f fields] [-s characters] [input [output]]`: leaves out repeated lines (XCU 3, `uniq`).

use alloc::vec::Vec;

use nestling::applet::{Applet, Call};
use nestling::text::{self, Text};
use nestling::{AsFd, OFlags, sys};

use crate::common::input::{Input, Lines};
use crate::common::names::Bytes;
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"uniq",
    synopsis: "[-cdui] [-f fields] [-s characters] [input [output]]",
    run,
};

#[derive(Default)]
struct Uniq {
    counts: bool,
    /// `-d` and `-u`.
    repeated: bool,
    unique: bool,
    ignores_case: bool,
    fields: u64,
    characters: u64,
}

fn run(call: &Call<'_>) -> i32 {
    uniq(call).unwrap_or_else(|status| status)
}

fn uniq(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("cduif:s:");
    let mut uniq = Uniq::default();
    while let Some(letter) = options.next()? {
        let value = options.value.to_bytes();
        let number = || text::number(value, 10).ok_or_else(|| call.complain(value, "not a number"));
        match letter {
            b'c' => uniq.counts = true,
            b'd' => uniq.repeated = true,
            b'u' => uniq.unique = true,
            b'i' => uniq.ignores_case = true,
            b'f' => uniq.fields = number()?,
            _ => uniq.characters = number()?,
        }
    }
    let mut operands = options.operands();
    let path = operands.next().unwrap_or(c"-");
    let output = operands.next();
    if let Some(extra) = operands.next() {
        return Ok(call.misused(extra.to_bytes(), "too many operands"));
    }
    let input = Input::open(path).map_err(|errno| call.fail(path, errno))?;
    let mut out = Output::new();
    if let Some(output) = output.filter(|it| *it != c"-") {
        let flags = OFlags::WRONLY | OFlags::CREAT | OFlags::TRUNC | OFlags::CLOEXEC;
        let file = sys::fd::open(output, flags, 0o666);
        out = Output::to(file.map_err(|errno| call.fail(output, errno))?);
    }
    let mut lines = Lines::new(input.as_fd());
    let (mut last, mut count): (Vec<u8>, u64) = (Vec::new(), 0);
    let mut status = 0;
    loop {
        let line = match lines.next() {
            Ok(line) => line.map(|line| line.strip_suffix(b"\n").unwrap_or(line)),
            Err(errno) => {
                status = call.fail(path, errno);
                None
            }
        };
        match line {
            Some(line) if count > 0 && uniq.same(line, &last) => count += 1,
            line => {
                uniq.write(&mut out, &last, count);
                let Some(line) = line else {
                    return Ok(out.finish(call, status, 1));
                };
                last.clear();
                last.extend_from_slice(line);
                count = 1;
            }
        }
    }
}

impl Uniq {
    fn write(&self, out: &mut Output, line: &[u8], count: u64) {
        let is_shown = match count {
            0 => false,
            1 => !self.repeated,
            _ => !self.unique,
        };
        if !is_shown {
            return;
        }
        if self.counts {
            let mut text = Vec::new();
            count.write(&mut Bytes(&mut text));
            for _ in text.len()..7 {
                out.write(b" ");
            }
            out.write(&text);
            out.write(b" ");
        }
        out.write(line);
        out.write(b"\n");
    }

    fn same(&self, one: &[u8], other: &[u8]) -> bool {
        let (one, other) = (self.compared(one), self.compared(other));
        match self.ignores_case {
            true => one.eq_ignore_ascii_case(other),
            false => one == other,
        }
    }

    fn compared<'l>(&self, mut line: &'l [u8]) -> &'l [u8] {
        for _ in 0..self.fields {
            line = text::trim_start(line);
            let length = line.iter().position(|byte| matches!(byte, b' ' | b'\t'));
            line = line.get(length.unwrap_or(line.len())..).unwrap_or_default();
            if line.is_empty() {
                break;
            }
        }
        line.get(self.characters.min(line.len() as u64) as usize..)
            .unwrap_or_default()
    }
}
