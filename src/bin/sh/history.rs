//! The history: the commands that were typed, in memory and in the file that HISTFILE names (XCU `sh`, `fc`).
//!
//! Shells that run at the same time share the file. Each shell reads the file when it starts, and appends each command with one
//! write. A full disk or a crash may leave a part of a command without a newline. The next shell that appends a command first
//! writes a null byte and a newline to end that part. If a shell finds at its start more than twice as many lines as HISTFILESIZE
//! allows, it replaces the file atomically with a shorter one.

pub mod commands;
mod expansion;
mod format;

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::time::Duration;

use nestling::{
    AsFd, Errno, FileType, OFlags, OwnedFd, Resource, SeekFrom, Stat, io, sys, text, time,
};

use crate::options::Opt;
use crate::shell::{self, Shell};
use commands::Record;
use nestling_shell::editor::history::History;
use nestling_shell::symbols::Symbol;
use nestling_shell::syntax::tree::{Command, List};

/// The number of commands that are kept in memory if HISTSIZE is not set.
const DEFAULT_SIZE: usize = 1000;
/// At most this many bytes are read, from the end of the file.
const MOST_READ: u64 = 1024 * 1024;
/// The number of attempts to lock the file, and the time between them. Shells hold the lock only for a short time.
const PATIENCE: u32 = 50;
const PAUSE: Duration = Duration::from_millis(10);

/// Records a typed command that is about to be executed. `list` is `None` if the command has a syntax error.
pub fn typed(shell: &mut Shell, command: &[u8], list: Option<&List>) {
    shell.interactive.history.is_executed = false;
    if !shell.options.has(Opt::Nolog) || !list.is_some_and(defines_function) {
        add(shell, command);
    }
}

/// Whether the command defines a function: `set -o nolog` excludes such commands from the history.
fn defines_function(list: &List) -> bool {
    let mut pipelines = list.items.iter().map(|item| &item.and_or.first);
    pipelines.any(|pipeline| matches!(&*pipeline.commands, [Command::Function(_), ..]))
}

/// Adds a command that is about to be executed to the history, unless it is blank.
pub fn add(shell: &mut Shell, command: &[u8]) {
    let lines = command.len()
        - command
            .iter()
            .rev()
            .take_while(|&&byte| byte == b'\n')
            .count();
    let command = command.get(..lines).unwrap_or_default();
    if command.trim_ascii().is_empty() || shell.is_subshell {
        return;
    }
    load(shell);
    if command.starts_with(b" ") && (has(shell, b"ignorespace") || has(shell, b"ignoreboth")) {
        return;
    }
    let most = size(shell);
    let erases = has(shell, b"erasedups");
    let path = path(shell);
    let history = &mut shell.interactive.history;
    history.is_executed = true;
    history.record = None;
    if !history.commands.is_last(command) {
        history.commands.push(command, most, erases);
        // If the file cannot be written, the shell does not report it for every command.
        history.record = path.and_then(|path| append(&path, command).ok());
    }
}

/// Expands history references in a typed line. Returns whether the line is to be executed.
pub fn expand(shell: &mut Shell, line: &mut Vec<u8>) -> bool {
    if !shell.options.has(Opt::Histexpand) || !line.iter().any(|byte| matches!(byte, b'!' | b'^')) {
        return true;
    }
    load(shell);
    match expansion::expand(&shell.interactive.history.commands, line) {
        Ok(None) => true,
        Ok(Some(expanded)) => {
            nestling::eprint!(&expanded.line[..]);
            *line = expanded.line;
            if expanded.is_shown_only {
                add(shell, line);
                shell.interactive.history.is_executed = false;
            }
            !expanded.is_shown_only
        }
        Err(what) => {
            shell.complain(shell::text!(what, ": not in the history"));
            false
        }
    }
}

/// Removes the command that is being executed from the history: an `fc` that is replaced by the commands that it executes.
pub fn take_back(shell: &mut Shell) {
    let history = &mut shell.interactive.history;
    if !core::mem::take(&mut history.is_executed) {
        return;
    }
    history.commands.pop();
    // The file is cut only if nothing was appended after the command.
    if let Some(record) = history.record.take()
        && let Some(path) = path(shell)
        && let Ok((file, stat)) = open_locked(&path)
        && (stat.ino(), stat.size()) == (record.ino, record.end)
    {
        let _ = sys::fd::ftruncate(file.as_fd(), record.start);
    }
}

/// Reads the history file the first time it is called.
pub fn load(shell: &mut Shell) {
    if core::mem::replace(&mut shell.interactive.history.is_loaded, true) {
        return;
    }
    let Some(path) = path(shell) else { return };
    let Ok((file, stat)) = open(&path, OFlags::RDONLY) else {
        return;
    };
    let most = size(shell);
    let erases = has(shell, b"erasedups");
    let longest = number(shell, b"HISTFILESIZE");
    let commands = &mut shell.interactive.history.commands;
    let Ok(count) = read(&file, &stat, |command| commands.push(command, most, erases)) else {
        return;
    };
    drop(file);
    if let Some(longest) = longest
        && count > longest.saturating_mul(2)
    {
        // If that fails, the file stays as it is.
        let _ = shorten(&path, longest);
    }
}

/// Calls `each` with the commands of a file. Returns the number of lines that were read.
fn read(file: &OwnedFd, stat: &Stat, each: impl FnMut(&[u8])) -> Result<usize, Errno> {
    let start = stat.size().saturating_sub(MOST_READ);
    sys::fd::lseek(file.as_fd(), SeekFrom::Start(start))?;
    let mut text = Vec::new();
    io::read_to_end(file.as_fd(), &mut text)?;
    let mut text = &text[..];
    if start > 0 {
        // Skips the first line, because its beginning was not read.
        text::next_field(&mut text, b'\n');
    }
    Ok(format::read(text, each))
}

fn append(path: &CStr, command: &[u8]) -> Result<Record, Errno> {
    let (file, stat) = open_locked(path)?;
    let (file, start) = (file.as_fd(), stat.size());
    let mut record = Vec::new();
    let mut end = [0; 2];
    sys::fd::lseek(file, SeekFrom::Start(start.saturating_sub(2)))?;
    let length = io::fill(file, &mut end)?;
    let is_whole = match end.get(..length).unwrap_or_default() {
        [before, b'\n'] => *before != b'\\',
        rest => matches!(rest, [] | [b'\n']),
    };
    if !is_whole {
        record.extend_from_slice(b"\0\n");
    }
    let torn = record.len() as u64;
    format::encode(command, &mut record);
    let end = start + record.len() as u64;
    // A write beyond the limit would send SIGXFSZ.
    if end > sys::resource::getrlimit(Resource::FileSize)?.soft {
        return Err(Errno::EFBIG);
    }
    match sys::fd::write(file, &record)? {
        length if length == record.len() => Ok(Record {
            ino: stat.ino(),
            start: start + torn,
            end,
        }),
        _ => Err(Errno::ENOSPC),
    }
}

/// Opens the file if it is a regular file of the user that has no other hard link. If a symbolic link leads to it, the link must
/// belong to the user, too. Otherwise another user could create a link that makes the shell write commands into one of the user's
/// files.
fn open(path: &CStr, flags: OFlags) -> Result<(OwnedFd, Stat), Errno> {
    let user = sys::credentials::geteuid()?;
    let named = sys::file::lstat(path)?;
    let follows = match named.file_type() {
        FileType::Symlink => OFlags::default(),
        FileType::File => OFlags::NOFOLLOW,
        _ => return Err(Errno::EINVAL),
    };
    let file = sys::fd::open(
        path,
        flags | follows | OFlags::CLOEXEC | OFlags::NONBLOCK,
        0,
    )?;
    let stat = sys::file::fstat(file.as_fd())?;
    if stat.is_file() && stat.nlink() <= 1 && [named.uid(), stat.uid()] == [user; 2] {
        Ok((file, stat))
    } else {
        Err(Errno::EPERM)
    }
}

/// Opens and locks the file; other shells do not change it until it is closed. Creates the file if it does not exist.
fn open_locked(path: &CStr) -> Result<(OwnedFd, Stat), Errno> {
    let flags = OFlags::RDWR | OFlags::APPEND;
    let new = OFlags::CREAT | OFlags::EXCL | OFlags::CLOEXEC;
    for _ in 0..PATIENCE {
        let file = match open(path, flags) {
            Ok((file, _)) => file,
            Err(Errno::ENOENT) => match sys::fd::open(path, flags | new, 0o600) {
                // Another shell has created the file, or the path is a symbolic link to a file that does not exist.
                Err(Errno::EEXIST) => continue,
                answer => answer?,
            },
            Err(errno) => return Err(errno),
        };
        match sys::fd::try_lock(file.as_fd()) {
            Err(Errno::EAGAIN) => drop(time::sleep(PAUSE)),
            // An error other than EAGAIN is ignored, because some file systems do not support locks.
            _ => {
                let stat = sys::file::fstat(file.as_fd())?;
                // Another shell may have replaced the file before the lock was taken.
                if sys::file::stat(path).is_ok_and(|other| other.ino() == stat.ino()) {
                    return Ok((file, stat));
                }
            }
        }
    }
    Err(Errno::EAGAIN)
}

/// Replaces the file with a new one that has only the last `most` commands.
fn shorten(path: &CStr, most: usize) -> Result<(), Errno> {
    let (file, stat) = open_locked(path)?;
    // The new file would replace the symbolic link, not the file that it leads to.
    if !sys::file::lstat(path)?.is_file() {
        return Ok(());
    }
    let mut history = History::default();
    read(&file, &stat, |command| history.push(command, most, false))?;
    let mut text = Vec::new();
    history
        .iter()
        .for_each(|command| format::encode(command, &mut text));
    let mut name = path.to_bytes().to_vec();
    name.extend_from_slice(b".new");
    let Ok(new) = CString::new(name) else {
        return Ok(());
    };
    // A crash may have left this file.
    let _ = sys::file::unlink(&new);
    let written = write_new(&new, &text)
        .and_then(|new| sys::fd::fsync(new.as_fd()))
        .and_then(|()| sys::file::rename(&new, path));
    if written.is_err() {
        let _ = sys::file::unlink(&new);
    }
    written
}

/// Creates a file with this text. Fails if the file exists.
pub fn write_new(path: &CStr, text: &[u8]) -> Result<OwnedFd, Errno> {
    if text.len() as u64 > sys::resource::getrlimit(Resource::FileSize)?.soft {
        return Err(Errno::EFBIG);
    }
    let flags = OFlags::WRONLY | OFlags::CREAT | OFlags::EXCL | OFlags::CLOEXEC;
    let file = sys::fd::open(path, flags, 0o600)?;
    io::write_all(file.as_fd(), text)?;
    Ok(file)
}

fn size(shell: &Shell) -> usize {
    number(shell, b"HISTSIZE").map_or(DEFAULT_SIZE, |number| number.min(1 << 16))
}

/// Whether the list in HISTCONTROL contains this word.
fn has(shell: &Shell, word: &[u8]) -> bool {
    let control = shell.symbols.find(b"HISTCONTROL");
    let control = control.and_then(|name| shell.variables.get(name));
    let mut words = control.unwrap_or_default().split(|&byte| byte == b':');
    words.any(|other| other == word)
}

fn number(shell: &Shell, name: &[u8]) -> Option<usize> {
    let value = shell.variables.get(shell.symbols.find(name)?)?;
    usize::try_from(text::number(value, 10)?).ok()
}

/// The path from HISTFILE. Without one, the history is not kept in a file.
fn path(shell: &Shell) -> Option<CString> {
    let path = shell.variables.get(Symbol::HISTFILE)?;
    CString::new(path).ok().filter(|path| !path.is_empty())
}

/// Sets HISTFILE to `.sh_history` in HOME, if it is not set. This is done before the first command.
pub fn choose_file(shell: &mut Shell) {
    if shell.variables.get(Symbol::HISTFILE).is_none()
        && let Some(home) = shell.variables.get(Symbol::HOME)
    {
        let path = [home, b"/.sh_history"].concat();
        // If HISTFILE is read-only, it stays as it is.
        let _ = shell.variables.set_owned(Symbol::HISTFILE, path);
    }
}
