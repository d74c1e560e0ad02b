//! `read [-r] [-d delim] var...`: reads a line into variables (XCU 3, `read`).
//!
//! It has these options beyond POSIX, as in bash and busybox: `-n` and `-N` (read at most that many characters), `-p` (a prompt, on
//! a terminal), `-s` (do not echo the input), `-t` (a limit in seconds; after it the status is 142, as if by SIGALRM) and `-u`
//! (another descriptor). Without a `var` operand it sets REPLY. A signal that has a trap ends `read` with the status 128 plus the
//! signal's number.

use alloc::vec::Vec;
use core::time::Duration;

use nestling::terminal::{self, Mode, Saved, Special, When};
use nestling::time::{self, Clock, Timestamp};
use nestling::{AsFd, BorrowedFd, Errno, SeekFrom, SigSet, Signal, io, rt, sys};

use super::getopt::{Getopt, Wrong, refused, wrong};
use crate::expansion;
use crate::interactive;
use crate::jobs::{self, Ready};
use crate::shell::{Answer, Divert, Flow, Shell};
use crate::traps;
use nestling_shell::expansion::splitting::Separators;
use nestling_shell::fields::Arguments;
use nestling_shell::symbols::{Symbol, is_name};

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let name = arguments.name();
    let mut options = Getopt::new(arguments, "rsd:n:N:p:t:u:");
    let mut line = Line {
        text: Vec::new(),
        raw: false,
        delimiter: b'\n',
        most: usize::MAX,
        exactly: false,
    };
    let (mut other, mut prompt, mut silent, mut timeout) = (None, &b""[..], false, None);
    loop {
        let letter = match options.next(shell) {
            Ok(Some(letter)) => letter,
            Ok(None) => break,
            Err(Wrong) => return Ok(2),
        };
        let argument = options.argument;
        let number =
            nestling::text::number(argument, 10).and_then(|number| usize::try_from(number).ok());
        match (letter, number) {
            (b'r', _) => line.raw = true,
            (b's', _) => silent = true,
            (b'd', _) => line.delimiter = argument.first().copied().unwrap_or_default(),
            (b'p', _) => prompt = argument,
            (b't', _) if seconds(argument).is_some() => timeout = seconds(argument),
            (b'n' | b'N', Some(number)) => (line.most, line.exactly) = (number, letter == b'N'),
            (b'u', Some(number)) => {
                match rt::descriptors::of_user(i32::try_from(number).unwrap_or(-1)) {
                    Ok(duplicate) => other = Some(duplicate),
                    Err(errno) => {
                        refused(shell, name, argument, errno);
                        return Ok(2);
                    }
                }
            }
            _ => {
                wrong(shell, name, argument, "not a number");
                return Ok(2);
            }
        }
    }
    let operands = options.operands();
    for operand in operands.iter() {
        if !is_name(operand) {
            wrong(shell, name, operand, "not a name");
            return Ok(2);
        }
    }
    let fd = other.as_ref().map_or(io::stdin(), AsFd::as_fd);
    let mut input = Input::new(fd, timeout);
    let end = if timeout == Some(Duration::ZERO) {
        input.wait(shell).map(|is_ready| i32::from(!is_ready))
    } else {
        let by_characters = line.most < usize::MAX || line.delimiter != b'\n';
        // The program that reads next needs a blocking descriptor, too. A script does not pay for this call: in a script, `byte`
        // clears the flag after an EAGAIN.
        if shell.is_interactive() {
            interactive::make_blocking(fd);
        }
        let _saved = input.prepare(prompt, silent, by_characters);
        line.read(shell, &mut input)
    };
    input.give_back();
    let end = match end {
        Ok(end) => end,
        // As in bash, dash and busybox, the input that was read before the signal is assigned; the trap's action is executed after
        // that.
        Err(Stop::Signal(signal)) => 128 + signal.as_raw(),
        Err(Stop::Divert(divert)) => return Err(divert),
        Err(Stop::Errno(errno)) => {
            refused(shell, name, b"standard input", errno);
            return Ok(2);
        }
    };
    if timeout != Some(Duration::ZERO) && line.assign(shell, operands).is_err() {
        return Ok(2);
    }
    Ok(end)
}

/// Why `read` stops before the end of the line or of the input.
enum Stop {
    /// This signal arrived, and it has a trap.
    Signal(Signal),
    Divert(Divert),
    Errno(Errno),
}

impl From<Divert> for Stop {
    fn from(divert: Divert) -> Self {
        Self::Divert(divert)
    }
}

/// Returns an error if a signal arrived that has a trap, or that interrupts an interactive shell.
fn check_signals(shell: &mut Shell) -> Result<(), Stop> {
    match shell.traps.next_pending() {
        Some(signal) if shell.traps.has_action(signal) => Err(Stop::Signal(signal)),
        Some(_) => Ok(traps::run_pending(shell)?),
        None => Ok(()),
    }
}

/// Parses a number of seconds that may have a fraction.
fn seconds(text: &[u8]) -> Option<Duration> {
    let length = text.iter().take_while(|&&byte| byte != b'.').count();
    let (whole, fraction) = text.split_at_checked(length)?;
    let whole = if whole.is_empty() && fraction.len() > 1 {
        b"0"
    } else {
        whole
    };
    let (mut nanos, mut unit) = (0, 100_000_000);
    for &digit in fraction.get(1..).unwrap_or_default() {
        nanos += char::from(digit).to_digit(10)? * unit;
        unit /= 10;
    }
    Some(Duration::new(nestling::text::number(whole, 10)?, nanos))
}

/// The file that the line is read from. `read` must consume no byte after the line, because other programs continue to read there.
struct Input<'fd> {
    fd: BorrowedFd<'fd>,
    /// Whether the offset can be moved back, so that bytes after the line are returned to the file.
    seekable: bool,
    /// The time at which `-t` ends the read.
    end: Option<Timestamp>,
    block: [u8; 512],
    start: usize,
    length: usize,
}

impl<'fd> Input<'fd> {
    fn new(fd: BorrowedFd<'fd>, timeout: Option<Duration>) -> Self {
        let end =
            timeout.and_then(|timeout| time::now(Clock::Monotonic).ok()?.checked_add(timeout));
        Self {
            fd,
            seekable: sys::fd::lseek(fd, SeekFrom::Current(0)).is_ok(),
            end,
            block: [0; 512],
            start: 0,
            length: 0,
        }
    }

    /// If the descriptor is a terminal, shows the prompt and sets the mode of the terminal: character by character, or without
    /// echo. The mode is restored when the returned value is dropped.
    fn prepare(&self, prompt: &[u8], silent: bool, by_characters: bool) -> Option<Saved<'fd>> {
        let changes = silent || by_characters;
        if prompt.is_empty() && !changes || self.seekable || !terminal::is_terminal(self.fd) {
            return None;
        }
        // If standard error fails, an error cannot be reported.
        let _ = io::write_all(io::stderr(), prompt);
        if !changes {
            return None;
        }
        let saved = Saved::new(self.fd).ok()?;
        let mut attributes = saved.attributes();
        if silent {
            attributes.set(Mode::ECHO, false);
        }
        if by_characters {
            attributes.set(Mode::ICANON, false);
            attributes.set_special(Special::Min, 1);
            attributes.set_special(Special::Time, 0);
        }
        terminal::set_attributes(self.fd, When::Drain, &attributes).ok()?;
        Some(saved)
    }

    /// Waits until input is available. Returns false if the time limit has passed.
    fn wait(&self, shell: &mut Shell) -> Result<bool, Stop> {
        if self.seekable {
            return Ok(true);
        }
        loop {
            match jobs::wait_for_input(shell, self.fd, self.end) {
                Ready::Input => return Ok(true),
                Ready::Signal => check_signals(shell)?,
                Ready::Late => return Ok(false),
            }
        }
    }

    /// Whether the time limit has passed.
    fn is_late(&self) -> bool {
        matches!((time::now(Clock::Monotonic), self.end), (Ok(now), Some(end)) if now >= end)
    }

    /// Returns the next byte, or `None` at the end of the input.
    fn byte(&mut self, shell: &mut Shell) -> Result<Option<u8>, Stop> {
        while self.start >= self.length {
            let room = if self.seekable { self.block.len() } else { 1 };
            (self.start, self.length) = (0, 0);
            match sys::fd::read(self.fd, self.block.get_mut(..room).unwrap_or_default()) {
                Ok(0) => return Ok(None),
                Ok(length) => self.length = length,
                Err(Errno::EINTR) => check_signals(shell)?,
                Err(Errno::EAGAIN) => {
                    sys::fd::set_nonblocking(self.fd, false).map_err(Stop::Errno)?
                }
                Err(errno) => return Err(Stop::Errno(errno)),
            }
        }
        let byte = self.block.get(self.start).copied();
        self.start += 1;
        Ok(byte)
    }

    /// Moves the file's offset back to the end of the line.
    fn give_back(&self) {
        let rest = self.length.saturating_sub(self.start);
        if rest > 0 {
            // `new` has tested that seeking works here.
            let _ = sys::fd::lseek(self.fd, SeekFrom::Current(-(rest as i64)));
        }
    }
}

/// The line that was read, without its delimiter. Unless `raw` is set, a backslash precedes each byte that was escaped.
struct Line {
    text: Vec<u8>,
    raw: bool,
    delimiter: u8,
    /// The greatest number of characters to read.
    most: usize,
    /// Whether `-N` was given: the delimiter does not end the line, and the line is not split.
    exactly: bool,
}

impl Line {
    /// Reads the line and returns the exit status.
    fn read(&mut self, shell: &mut Shell, input: &mut Input<'_>) -> Result<i32, Stop> {
        // `more` is the number of bytes that are still missing from the current character.
        let (mut characters, mut more, mut bytes) = (0, 0_u32, 0_u32);
        let timed = input.end.is_some();
        // The read does not notice a signal or the end of a child that comes before it, so `wait` is called first. It is called
        // once only, because the rest of a line follows soon, unless a signal has come already: then `read` must not wait.
        let mut waits = timed || shell.traps.acts_on() != SigSet::EMPTY || shell.jobs.any_alive();
        while characters < self.most {
            if waits && !input.wait(shell)? {
                return Ok(142);
            }
            waits = timed || shell.traps.pending();
            // Input that never ends must not outlast the time limit.
            bytes = bytes.wrapping_add(1);
            if timed && bytes.is_multiple_of(512) && input.is_late() {
                return Ok(142);
            }
            let Some(mut byte) = input.byte(shell)? else {
                return Ok(1);
            };
            if byte == self.delimiter && !self.exactly {
                return Ok(0);
            }
            if byte == b'\\' && !self.raw {
                let Some(escaped) = input.byte(shell)? else {
                    return Ok(1);
                };
                if escaped == b'\n' {
                    if shell.is_interactive() && terminal::is_terminal(input.fd) {
                        let prompt = shell.variables.get(Symbol::PS2).unwrap_or_default();
                        let _ = io::write_all(io::stderr(), prompt);
                    }
                    continue;
                }
                self.text.push(byte);
                byte = escaped;
            }
            if byte == 0 {
                continue;
            }
            self.text.push(byte);
            if shell.utf8 {
                more = match byte {
                    0x80..0xc0 => more.saturating_sub(1),
                    0xc0.. => (byte.leading_ones() - 1).min(3),
                    _ => 0,
                };
            }
            characters += usize::from(more == 0);
        }
        Ok(0)
    }

    /// Splits the line into fields (XCU 2.6.5), and assigns the fields to the variables.
    fn assign(&self, shell: &mut Shell, names: Arguments<'_>) -> Flow {
        let mut value = Vec::new();
        if self.exactly || names.is_empty() {
            self.copy(0, self.text.len(), &mut value);
            let name = names
                .get(0)
                .map_or(Symbol::REPLY, |name| shell.symbol(name));
            shell.assign(name, &value)?;
            return names.iter().skip(1).try_for_each(|name| {
                let name = shell.symbol(name);
                shell.assign(name, b"")
            });
        }
        let splitter = Splitter {
            line: self,
            separators: expansion::separators(shell),
        };
        let mut start = splitter.spaces(0);
        for (index, name) in names.iter().enumerate() {
            let mut end = splitter.field(start);
            let next = splitter.delimiter(end);
            if index + 1 == names.len() && next < self.text.len() {
                end = splitter.trimmed(start);
            }
            value.clear();
            self.copy(start, end, &mut value);
            let name = shell.symbol(name);
            shell.assign(name, &value)?;
            start = next;
        }
        Ok(())
    }

    /// Copies a part of the text, without the backslashes that escape a byte.
    fn copy(&self, start: usize, end: usize, value: &mut Vec<u8>) {
        let part = self.text.get(start..end).unwrap_or_default();
        if self.raw {
            value.extend_from_slice(part);
            return;
        }
        let mut bytes = part.iter();
        while let Some(&byte) = bytes.next() {
            value.push(if byte == b'\\' {
                bytes.next().copied().unwrap_or_default()
            } else {
                byte
            });
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// IFS white space.
    Space,
    /// Another character in IFS.
    Separator,
}

struct Splitter<'a> {
    line: &'a Line,
    separators: Separators,
}

impl Splitter<'_> {
    /// Returns the kind and the length of the character at the index, or `None` at the end.
    fn at(&self, index: usize) -> Option<(Kind, usize)> {
        let rest = self.line.text.get(index..)?;
        let first = *rest.first()?;
        if first == b'\\' && !self.line.raw {
            return Some((Kind::Text, 2));
        }
        Some(match (self.separators.length(rest), first) {
            (Some(length), b' ' | b'\t' | b'\n') => (Kind::Space, length),
            (Some(length), _) => (Kind::Separator, length),
            (None, _) => (Kind::Text, 1),
        })
    }

    /// Returns the end of the sequence of characters of this kind.
    fn while_it_is(&self, kind: Kind, mut index: usize) -> usize {
        while let Some((other, length)) = self.at(index)
            && other == kind
        {
            index += length;
        }
        index
    }

    fn spaces(&self, start: usize) -> usize {
        self.while_it_is(Kind::Space, start)
    }

    fn field(&self, start: usize) -> usize {
        self.while_it_is(Kind::Text, start)
    }

    /// Returns the end of the delimiter that begins at `start`: white space with at most one other character of IFS.
    fn delimiter(&self, start: usize) -> usize {
        let end = self.spaces(start);
        match self.at(end) {
            Some((Kind::Separator, length)) => self.spaces(end + length),
            _ => end,
        }
    }

    /// Returns the end of the text without trailing white space.
    fn trimmed(&self, start: usize) -> usize {
        let (mut index, mut end) = (start, start);
        while let Some((kind, length)) = self.at(index) {
            index += length;
            if kind != Kind::Space {
                end = index;
            }
        }
        end
    }
}
