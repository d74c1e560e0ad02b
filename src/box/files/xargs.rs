//! `xargs [-0rtp] [-n number] [-L lines] [-s size] [-E eof] [-I replace] [command [argument...]]`: makes command lines from
//! standard input (XCU 3, `xargs`). The memory that it takes is that of one command line.

use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::command::{Command, Stdio};
use nestling::{Args, Errno, eprintln, io, text};

use crate::common::bytes::substitute;
use crate::common::input::Lines;

pub const APPLET: Applet = Applet {
    name: c"xargs",
    synopsis: "[-0rt] [-n number] [-L lines] [-s size] [-E eof] [-I replace] [command [argument...]]",
    run: |call| xargs(call).unwrap_or_else(|status| status),
};

struct Xargs<'a> {
    call: &'a Call<'a>,
    /// The command and its first arguments.
    command: Args<'a>,
    /// `-0`: each word ends with a null byte.
    is_raw: bool,
    /// `-r`: without words, nothing is run.
    needs_words: bool,
    /// `-t`.
    says: bool,
    /// `-n`, `-L` and `-s`.
    most: u64,
    most_lines: u64,
    size: u64,
    /// `-E`: the word that ends the input.
    eof: Option<&'a [u8]>,
    /// `-I`.
    replaced: Option<&'a [u8]>,
    /// The words for the next command line, and their length with null bytes.
    words: Vec<Vec<u8>>,
    length: usize,
    status: i32,
}

/// How long a command line is without `-s`: far below the least limit of Linux (128 KiB), with room for the environment.
const LONG: u64 = 96 * 1024;

fn xargs(call: &Call<'_>) -> Result<i32, i32> {
    let echo = nestling::args![c"echo"];
    let mut xargs = Xargs {
        call,
        command: Args::new(&echo),
        is_raw: false,
        needs_words: false,
        says: false,
        most: u64::MAX,
        most_lines: u64::MAX,
        size: LONG,
        eof: None,
        replaced: None,
        words: Vec::new(),
        length: 0,
        status: 0,
    };
    let mut options = call.options("+0rtn:L:s:E:I:");
    while let Some(letter) = options.next()? {
        let value = options.value.to_bytes();
        let number = || match text::number(value, 10) {
            Some(number @ 1..) => Ok(number),
            _ => Err(call.complain(value, "not a number")),
        };
        match letter {
            b'0' => xargs.is_raw = true,
            b'r' => xargs.needs_words = true,
            b't' => xargs.says = true,
            // The last of the two counts.
            b'n' => (xargs.most, xargs.most_lines) = (number()?, u64::MAX),
            b'L' => (xargs.most, xargs.most_lines) = (u64::MAX, number()?),
            b's' => xargs.size = number()?.min(LONG),
            b'E' => xargs.eof = Some(value).filter(|it| !it.is_empty()),
            _ => xargs.replaced = Some(value),
        }
    }
    let command = options.command();
    if !command.is_empty() {
        xargs.command = command;
    }
    xargs.all()
}

/// Whether the number of backslashes before the newline at the end is odd.
fn is_continued(line: &[u8]) -> bool {
    let text = line.strip_suffix(b"\n").unwrap_or_default();
    let backslashes = text.iter().rev().take_while(|&&byte| byte == b'\\');
    backslashes.count() % 2 == 1
}

/// Takes the next word of a line: quotes and backslashes remove the meaning of blanks. For `-I`, a line is one word.
fn next_word(line: &mut &[u8], whole: bool) -> Result<Option<Vec<u8>>, &'static str> {
    while let [b' ' | b'\t' | b'\n', rest @ ..] = *line {
        *line = rest;
    }
    if line.is_empty() {
        return Ok(None);
    }
    let mut word = Vec::new();
    while let [first, rest @ ..] = *line {
        *line = rest;
        match first {
            b'\n' => break,
            b' ' | b'\t' if !whole => break,
            b'\\' => {
                if let [escaped, rest @ ..] = rest {
                    word.push(*escaped);
                    *line = rest;
                }
            }
            quote @ (b'"' | b'\'') => {
                let end = rest.iter().position(|byte| byte == quote);
                let end = end.ok_or("a quote is not closed in its line")?;
                word.extend_from_slice(rest.get(..end).unwrap_or_default());
                *line = rest.get(end + 1..).unwrap_or_default();
            }
            byte => word.push(*byte),
        }
    }
    Ok(Some(word))
}

impl Xargs<'_> {
    /// Reads the words of standard input, and runs the command lines. Returns the exit status.
    fn all(&mut self) -> Result<i32, i32> {
        let call = self.call;
        let fixed: usize = self.command.iter().map(|it| it.count_bytes() + 1).sum();
        let size = self.size as usize;
        let mut lines = Lines::with_delimiter(io::stdin(), if self.is_raw { 0 } else { b'\n' });
        let (mut count, mut line_count, mut ran) = (0, 0, false);
        let mut rest = Vec::new();
        'input: loop {
            let failed = |errno: Errno| call.fail(c"standard input", errno);
            let Some(line) = lines.next().map_err(failed)? else {
                break;
            };
            rest.clear();
            rest.extend_from_slice(line);
            // A backslash before the newline continues the word.
            while !self.is_raw && is_continued(&rest) {
                let Some(line) = lines.next().map_err(failed)? else {
                    break;
                };
                rest.extend_from_slice(line);
            }
            let ends_with_blank = matches!(&rest[..], [.., b' ' | b'\t', b'\n']);
            let mut line = &rest[..];
            let mut has_words = false;
            loop {
                let word = match (self.is_raw, self.replaced) {
                    (true, _) => {
                        let whole = core::mem::take(&mut line);
                        (!whole.is_empty())
                            .then(|| whole.strip_suffix(b"\0").unwrap_or(whole).to_vec())
                    }
                    (false, _) => next_word(&mut line, self.replaced.is_some())
                        .map_err(|why| call.complain(b"", why))?,
                };
                let Some(word) = word else {
                    break;
                };
                if self.eof == Some(&word[..]) {
                    break 'input;
                }
                has_words = true;
                let length = word.len() + 1;
                if fixed + length > size {
                    return Ok(call.complain(b"", "an argument is too long"));
                }
                if let Some(replaced) = self.replaced {
                    self.replace(replaced, &word)?;
                    ran = true;
                    continue;
                }
                if fixed + self.length + length > size {
                    self.run()?;
                    (count, line_count, ran) = (0, 0, true);
                }
                self.words.push(word);
                self.length += length;
                count += 1;
                if count == self.most {
                    self.run()?;
                    (count, line_count, ran) = (0, 0, true);
                }
            }
            line_count += u64::from(has_words && !ends_with_blank);
            if line_count == self.most_lines && !self.words.is_empty() {
                self.run()?;
                (count, line_count, ran) = (0, 0, true);
            }
        }
        if !self.words.is_empty() || !ran && !self.needs_words && self.replaced.is_none() {
            self.run()?;
        }
        Ok(self.status)
    }

    /// Runs the command with the words.
    fn run(&mut self) -> Result<(), i32> {
        let words = core::mem::take(&mut self.words);
        self.length = 0;
        let words: Vec<&[u8]> = self
            .command
            .iter()
            .map(CStr::to_bytes)
            .chain(words.iter().map(|word| &word[..]))
            .collect();
        self.start(&words)
    }

    /// `-I`: runs the command with the word in place of each `replaced`.
    fn replace(&mut self, replaced: &[u8], word: &[u8]) -> Result<(), i32> {
        let words: Vec<Vec<u8>> = self
            .command
            .iter()
            .map(|argument| substitute(argument.to_bytes(), replaced, word))
            .collect();
        let words: Vec<&[u8]> = words.iter().map(|word| &word[..]).collect();
        self.start(&words)
    }

    /// Runs a command. Fails with the exit status if no other may run.
    fn start(&mut self, words: &[&[u8]]) -> Result<(), i32> {
        if self.says {
            let line = words.join(&b' ');
            eprintln!(&line[..]);
        }
        let Some((program, arguments)) = words.split_first() else {
            return Ok(());
        };
        let mut command = Command::new(*program);
        command.args(arguments.iter().copied()).stdin(Stdio::null());
        match command.status() {
            Ok(status) => match (status.code(), status.signal()) {
                (Some(0), _) => {}
                (Some(255), _) => {
                    self.call.complain(program, "exit status 255");
                    return Err(124);
                }
                (Some(_), _) => self.status = 123,
                (None, _) => {
                    self.call.complain(program, "a signal ended the command");
                    return Err(125);
                }
            },
            Err(error) => {
                eprintln!("xargs: ", error);
                return Err(error.shell_code());
            }
        }
        Ok(())
    }
}
