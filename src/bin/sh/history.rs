//! The history: the commands that were typed, in memory and in the file HISTFILE names (XCU `sh`, `fc`).
//!
//! Each command is appended to the file by one write, when it is read: shells that run at once share it, and what is in it no crash takes
//! away. A record is `:`, the length of the command, `:`, the command, between newlines; one of which a full disk took a part has another
//! length than it says, and is ignored. The file grows: of a long one, only the end is read.

use alloc::ffi::CString;
use alloc::rc::Rc;
use alloc::vec::Vec;

use nestling::text::{self, Sink, Text};
use nestling::{AsFd, OFlags, SeekFrom, io, sys};

use crate::shell::Shell;
use crate::symbols::Symbol;

/// How many commands are remembered, if HISTSIZE does not say.
const DEFAULT_SIZE: usize = 500;
/// So much is read from the end of the file.
const MOST_READ: u64 = 256 * 1024;

#[derive(Debug, Default)]
pub struct History {
    commands: Vec<Rc<[u8]>>,
    /// The number of the first of them, less 1.
    forgotten: usize,
    /// The command that is being read.
    pending: Vec<u8>,
    is_loaded: bool,
}

impl History {
    /// One behind the number of the last command.
    pub fn end(&self) -> usize {
        self.forgotten + self.commands.len() + 1
    }

    /// The number of the first command that is remembered.
    pub fn first(&self) -> usize {
        self.forgotten + 1
    }

    pub fn get(&self, number: usize) -> Option<&Rc<[u8]>> {
        self.commands.get(number.checked_sub(self.first())?)
    }

    /// The last one before a number for which this holds.
    pub fn find(&self, before: usize, is: impl Fn(&[u8]) -> bool) -> Option<usize> {
        (self.first()..before.min(self.end())).rev().find(|&number| self.get(number).is_some_and(|command| is(command)))
    }

    /// Forgets the last command: an `fc` that stands for others.
    pub fn pop(&mut self) {
        self.commands.pop();
    }

    fn push(&mut self, command: &[u8], most: usize) {
        self.commands.push(command.into());
        if self.commands.len() > most {
            self.forgotten += self.commands.len() - most;
            self.commands.drain(..self.commands.len() - most);
        }
    }
}

/// A line was read: of a new command, or one more of the same.
pub fn add_line(shell: &mut Shell, line: &[u8], goes_on: bool) {
    if !goes_on {
        commit(shell);
    }
    shell.interactive.history.pending.extend_from_slice(line);
}

/// The command is read, or given up.
pub fn commit(shell: &mut Shell) {
    let command = core::mem::take(&mut shell.interactive.history.pending);
    add(shell, command.trim_ascii());
}

/// Remembers a command.
pub fn add(shell: &mut Shell, command: &[u8]) {
    if command.is_empty() {
        return;
    }
    load(shell);
    let most = size(shell);
    shell.interactive.history.push(command, most);
    let Some(path) = path(shell) else { return };
    let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::CLOEXEC;
    let Ok(file) = sys::fd::open(&path, flags, 0o600) else { return };
    let mut record = Record(Vec::new());
    "\n:".write(&mut record);
    command.len().write(&mut record);
    ":".write(&mut record);
    command.write(&mut record);
    "\n".write(&mut record);
    // What can't be kept is not worth a word each time.
    let _ = sys::fd::write(file.as_fd(), &record.0);
}

/// Reads the file, once.
pub fn load(shell: &mut Shell) {
    if core::mem::replace(&mut shell.interactive.history.is_loaded, true) {
        return;
    }
    let Some(path) = path(shell) else { return };
    let Ok(file) = sys::fd::open(&path, OFlags::RDONLY | OFlags::CLOEXEC, 0) else { return };
    let length = sys::file::fstat(file.as_fd()).map_or(0, |stat| if stat.is_file() { stat.size() } else { 0 });
    let start = length.saturating_sub(MOST_READ);
    let mut text = Vec::new();
    if length == 0
        || sys::fd::lseek(file.as_fd(), SeekFrom::Start(start)).is_err()
        || io::read_to_end(file.as_fd(), &mut text).is_err()
    {
        return;
    }
    let most = size(shell);
    let mut rest = &text[..];
    if start > 0 {
        rest = after_newline(rest);
    }
    while !rest.is_empty() {
        let command = match record(rest) {
            Some(command) => command,
            // A line that another program has written, or a torn record.
            None => match rest.iter().position(|&byte| byte == b'\n') {
                Some(end) if rest.first() != Some(&b':') => rest.get(..end).unwrap_or_default(),
                _ => b"",
            },
        };
        if !command.is_empty() {
            shell.interactive.history.push(command, most);
        }
        let done = if record(rest).is_some() { command.as_ptr_range().end.addr() - rest.as_ptr().addr() } else { 0 };
        rest = after_newline(rest.get(done..).unwrap_or_default());
    }
}

/// The command of the record that the text begins with.
fn record(text: &[u8]) -> Option<&[u8]> {
    let [b':', rest @ ..] = text else { return None };
    let colon = rest.iter().position(|&byte| byte == b':')?;
    let length = text::number(rest.get(..colon)?, 10)?;
    let (command, after) = rest.get(colon + 1..)?.split_at_checked(usize::try_from(length).ok()?)?;
    (after.first() == Some(&b'\n')).then_some(command)
}

fn after_newline(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|&byte| byte == b'\n');
    end.and_then(|end| text.get(end + 1..)).unwrap_or_default()
}

fn size(shell: &Shell) -> usize {
    let number = shell.variables.get(Symbol::HISTSIZE).and_then(|size| text::number(size, 10));
    number.map_or(DEFAULT_SIZE, |number| number.clamp(1, 1 << 16) as usize)
}

/// HISTFILE; without it `.sh_history` in HOME, where lines are edited.
fn path(shell: &Shell) -> Option<CString> {
    let path = match shell.variables.get(Symbol::HISTFILE) {
        Some(path) => path.to_vec(),
        None if shell.interactive.edits => {
            let mut path = shell.variables.get(Symbol::HOME)?.to_vec();
            path.extend_from_slice(b"/.sh_history");
            path
        }
        None => return None,
    };
    CString::new(path).ok().filter(|path| !path.is_empty())
}

struct Record(Vec<u8>);

impl Sink for Record {
    fn put(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }
}
