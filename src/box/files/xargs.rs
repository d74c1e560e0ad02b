//! `xargs [-0rtp] [-n number] [-L lines] [-s size] [-E eof] [-I replace] [-P number]
//! [command [argument...]]`: makes command lines from standard input (XCU 3, `xargs`). The memory that it takes is that of one command
//! line.

use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::command::{Command, Stdio};
use nestling::wait::{self, Options, Who};
use nestling::{Args, Errno, ExitStatus, Pid, Resource, eprintln, io, sys, text};

use crate::common::bytes::{self, substitute};
use crate::common::input::BLOCK;

pub const APPLET: Applet = Applet {
    name: c"xargs",
    synopsis: "[-0rt] [-n number] [-L lines] [-s size] [-E eof] [-I replace] [-P number] [command [argument...]]",
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
    /// `-P`: how many commands run at the same time at most.
    most_running: usize,
    /// The commands that run, and the names of their programs.
    running: Vec<(Pid, Vec<u8>)>,
    status: i32,
}

/// How long a command line is, with null bytes: as in GNU's program. It is also the longest argument that Linux takes.
const LONG: u64 = 128 * 1024;
/// The space of a null byte and a pointer.
const POINTER: usize = 1 + size_of::<usize>();
/// What the kernel may need for the path of the program and of its interpreter.
const OWN_SPACE: usize = 4096;

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
        most_running: 1,
        running: Vec::new(),
        status: 0,
    };
    let mut options = call.options("+0rtn:L:s:E:I:P:");
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
            b'P' => {
                let most = text::number(value, 10).and_then(|it| usize::try_from(it).ok());
                xargs.most_running = match most {
                    Some(0) => usize::MAX,
                    Some(most) => most,
                    None => return Err(call.complain(value, "not a number")),
                };
            }
            b'E' => xargs.eof = Some(value).filter(|it| !it.is_empty()),
            _ => xargs.replaced = Some(value),
        }
    }
    let command = options.command();
    if !command.is_empty() {
        xargs.command = command;
    }
    let outcome = xargs.all();
    let ends = xargs.wait(0);
    outcome.and(ends).map(|()| xargs.status)
}

/// How many bytes the kernel takes for arguments and environment: a quarter of the stack, and never less than 128 KiB.
fn space() -> usize {
    let limit = sys::resource::getrlimit(Resource::Stack).map_or(0, |it| it.soft / 4);
    limit.clamp(LONG, 6 << 20) as usize
}

/// The words of standard input. Only one is in memory.
struct Words {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// What ends a line; a null byte for `-0`.
    delimiter: u8,
    /// Whether blanks end a word. They do not for `-I` and `-0`.
    has_blanks: bool,
    /// Whether quotes and backslashes remove the meaning of blanks.
    has_quotes: bool,
    /// The length of the longest word.
    most: usize,
}

enum Wrong {
    Input(Errno),
    /// A quote is not closed.
    Open,
    Long,
}

impl Words {
    fn byte(&mut self) -> Result<Option<u8>, Wrong> {
        if self.start == self.end {
            self.start = 0;
            self.end = io::read(io::stdin(), &mut self.buffer).map_err(Wrong::Input)?;
            if self.end == 0 {
                return Ok(None);
            }
        }
        let byte = self.buffer.get(self.start).copied();
        self.start += 1;
        Ok(byte)
    }

    /// Returns the next word, and whether the end of a line follows it without blanks.
    fn next(&mut self) -> Result<Option<(Vec<u8>, bool)>, Wrong> {
        let (mut word, mut quote, mut has_begun) = (Vec::new(), None, false);
        loop {
            let Some(byte) = self.byte()? else {
                return match quote {
                    Some(_) => Err(Wrong::Open),
                    None => Ok(has_begun.then_some((word, false))),
                };
            };
            match byte {
                byte if quote == Some(byte) => {
                    quote = None;
                    continue;
                }
                b'\n' if quote.is_some() => return Err(Wrong::Open),
                _ if quote.is_some() => {}
                byte if byte == self.delimiter => match has_begun || !self.has_quotes {
                    true => return Ok(Some((word, true))),
                    false => continue,
                },
                b' ' | b'\t' if self.has_blanks && has_begun => return Ok(Some((word, false))),
                b' ' | b'\t' if self.has_quotes && !has_begun => continue,
                b'"' | b'\'' if self.has_quotes => {
                    (quote, has_begun) = (Some(byte), true);
                    continue;
                }
                b'\\' if self.has_quotes => {
                    has_begun = true;
                    if let Some(escaped) = self.byte()? {
                        word.push(escaped);
                    }
                    continue;
                }
                _ => {}
            }
            has_begun = true;
            if word.len() >= self.most {
                return Err(Wrong::Long);
            }
            word.push(byte);
        }
    }
}

impl Xargs<'_> {
    /// Reads the words of standard input, and runs the command lines. Fails with the exit status.
    fn all(&mut self) -> Result<(), i32> {
        let call = self.call;
        // The kernel counts a pointer for each string, and takes some space for itself.
        let taken = call.env.iter().chain(self.command.iter());
        let taken: usize = taken.map(|it| it.count_bytes() + POINTER).sum();
        let room = space().saturating_sub(taken + OWN_SPACE);
        let fixed: usize = self.command.iter().map(|it| it.count_bytes() + 1).sum();
        let size = self.size as usize;
        let mut words = Words {
            buffer: alloc::vec![0; BLOCK],
            start: 0,
            end: 0,
            delimiter: if self.is_raw { 0 } else { b'\n' },
            has_blanks: !self.is_raw && self.replaced.is_none(),
            has_quotes: !self.is_raw,
            most: size.saturating_sub(fixed + 1),
        };
        let (mut count, mut line_count, mut ran, mut has_null) = (0, 0, false, false);
        let wrong = |what: Wrong| match what {
            Wrong::Input(errno) => call.fail(c"standard input", errno),
            Wrong::Open => call.complain(b"", "a quote is not closed in its line"),
            Wrong::Long => call.complain(b"", "an argument is too long"),
        };
        while let Some((mut word, ends_line)) = words.next().map_err(wrong)? {
            if let Some(length) = bytes::find(&word, 0) {
                if !core::mem::replace(&mut has_null, true) {
                    call.complain(b"", "an argument ends at a null byte");
                }
                word.truncate(length);
            }
            if self.eof == Some(&word[..]) {
                break;
            }
            if let Some(replaced) = self.replaced {
                self.replace(replaced, &word)?;
                ran = true;
                continue;
            }
            let length = word.len() + 1;
            let space = self.length + length + (count as usize + 1) * POINTER;
            if count > 0 && (fixed + self.length + length > size || space > room) {
                self.run()?;
                (count, line_count, ran) = (0, 0, true);
            }
            self.words.push(word);
            self.length += length;
            count += 1;
            line_count += u64::from(ends_line);
            if count == self.most || line_count == self.most_lines {
                self.run()?;
                (count, line_count, ran) = (0, 0, true);
            }
        }
        if !self.words.is_empty() || !ran && !self.needs_words && self.replaced.is_none() {
            self.run()?;
        }
        Ok(())
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

    /// Starts a command, and waits until another may run. Fails with the exit status if none may.
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
        match command.spawn() {
            Ok(child) => self.running.push((child.id(), program.to_vec())),
            Err(error) => {
                eprintln!("xargs: ", error);
                return Err(error.shell_code());
            }
        }
        self.wait(self.most_running - 1)
    }

    /// Waits until at most `most` commands run. Fails with the exit status if no other may run.
    fn wait(&mut self, most: usize) -> Result<(), i32> {
        let mut outcome = Ok(());
        while self.running.len() > most {
            let (pid, status) = match wait::wait_for(Who::Any, Options::default()) {
                Ok(Some(ended)) => ended,
                Ok(None) | Err(Errno::EINTR) => continue,
                Err(errno) => {
                    self.running.clear();
                    return Err(self.call.fail(c"wait", errno));
                }
            };
            // Whoever executed this program may have left it a child.
            let Some(place) = self.running.iter().position(|it| it.0 == pid) else {
                continue;
            };
            let (_, program) = self.running.swap_remove(place);
            outcome = outcome.and(self.end(&program, status));
        }
        outcome
    }

    /// Takes the status of a command that has ended. Fails with the exit status if no other may run.
    fn end(&mut self, program: &[u8], status: ExitStatus) -> Result<(), i32> {
        match (status.code(), status.signal()) {
            (Some(0), _) => Ok(()),
            (Some(255), _) => {
                self.call.complain(program, "exit status 255");
                Err(124)
            }
            (Some(_), _) => {
                self.status = 123;
                Ok(())
            }
            (None, _) => {
                self.call.complain(program, "a signal ended the command");
                Err(125)
            }
        }
    }
}
