//! `fc [-r] [-e editor] [first [last]]`, `fc -l [-nr] [first [last]]`, `fc -s [old=new] [first]` (XCU 3 `fc`): lists commands of
//! the history, or executes them again, with or without editing them first.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::text::{self, Text};
use nestling::{AsFd, Errno, OFlags, io, sys};

use super::getopt::{Getopt, Wrong, wrong};
use crate::execution;
use crate::history;
use crate::reader;
use crate::shell::{Answer, Divert, Shell, text};
use nestling_shell::fields::Arguments;
use nestling_shell::symbols::Symbol;
use nestling_shell::syntax::Source;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    fc(shell, arguments).unwrap_or(Ok(1))
}

fn fc(shell: &mut Shell, arguments: Arguments<'_>) -> Result<Answer, Wrong> {
    let (mut lists, mut numbers, mut reversed, mut edits) = (false, true, false, true);
    let mut editor = None;
    let mut getopt = Getopt::new(arguments, "e:lnrs");
    let operands = loop {
        let operands = getopt.operands();
        // A negative number is an operand, not an option.
        if let Some([b'-', b'0'..=b'9', ..]) = operands.get(0) {
            break operands;
        }
        match getopt.next(shell)? {
            Some(b'l') => lists = true,
            Some(b'n') => numbers = false,
            Some(b'r') => reversed = true,
            Some(b's') => edits = false,
            Some(_) => editor = Some(getopt.argument),
            None => break getopt.operands(),
        }
    };
    // `-e -` is how `-s` was written before POSIX.
    edits &= editor != Some(b"-");
    if !shell.is_interactive() {
        return Err(wrong(shell, b"fc", b"", "there is no history"));
    }
    history::load(shell);
    if lists {
        let range = range(shell, operands, b"-16", Some(b"-1"))?;
        list(shell, numbers_of(range, reversed), numbers);
        return Ok(Ok(0));
    }
    if !edits {
        return execute_again(shell, operands);
    }
    let range = range(shell, operands, b"-1", None)?;
    let mut text = Vec::new();
    for number in numbers_of(range, reversed) {
        text.extend_from_slice(
            shell
                .interactive
                .history
                .commands
                .get(number)
                .map_or(&[], |command| command),
        );
        text.push(b'\n');
    }
    history::take_back(shell);
    let default = shell.variables.get(Symbol::FCEDIT);
    let default = default.filter(|editor| !editor.is_empty());
    let editor = editor.or(default).unwrap_or(b"ed").to_vec();
    Ok(match edited(shell, &editor, &text) {
        Ok(Some(text)) => execute(shell, &text),
        Ok(None) => Ok(shell.status.max(1)),
        Err(divert) => Err(divert),
    })
}

/// `history [n]`: lists the history, or its last `n` commands (as in bash and busybox).
pub fn run_history(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    if !shell.is_interactive() {
        return Ok(0);
    }
    history::load(shell);
    let history = &shell.interactive.history;
    let (first, past) = (history.commands.first(), history.past());
    let count = match arguments.get(1) {
        None => Some(usize::MAX),
        Some(count) => text::number(count, 10).and_then(|count| usize::try_from(count).ok()),
    };
    let Some(count) = count else {
        wrong(shell, arguments.name(), b"", "a number is expected");
        return Ok(2);
    };
    list(shell, past.saturating_sub(count).max(first)..past, true);
    Ok(0)
}

type Range = (usize, usize);

/// Returns the numbers of the commands that the two operands select. If the second operand is missing, `last` replaces it; without
/// `last` the range has one command.
fn range(
    shell: &mut Shell,
    operands: Arguments<'_>,
    first: &[u8],
    last: Option<&[u8]>,
) -> Result<Range, Wrong> {
    let (given, first) = (operands.len(), operands.get(0).unwrap_or(first));
    if let Some(surplus) = operands.get(2) {
        return Err(wrong(shell, b"fc", surplus, "too many operands"));
    }
    match operands.get(1).or(last) {
        Some(last) => Ok((find(shell, first, true)?, find(shell, last, true)?)),
        None => find(shell, first, given == 0).map(|number| (number, number)),
    }
}

/// Returns the number of the command that an operand selects. If `of_range`, a number outside of the history means the nearest
/// command that the history has.
fn find(shell: &mut Shell, operand: &[u8], of_range: bool) -> Result<usize, Wrong> {
    let history = &shell.interactive.history;
    let (first, past) = (history.commands.first(), history.past());
    let (sign, digits) = match operand {
        [sign @ (b'+' | b'-'), digits @ ..] => (*sign, digits),
        digits => (b'+', digits),
    };
    let found = match text::number(digits, 10).and_then(|number| usize::try_from(number).ok()) {
        Some(number) => {
            let number = if sign == b'-' {
                past.saturating_sub(number)
            } else {
                number
            };
            let nearest = number.min(past - 1).max(first);
            Some(if of_range { nearest } else { number })
                .filter(|number| (first..past).contains(number))
        }
        None => history
            .commands
            .find(past, |command| command.starts_with(operand)),
    };
    found.ok_or_else(|| wrong(shell, b"fc", operand, "no such command in the history"))
}

/// Returns the numbers of a range, in descending order if either the range is descending or `reversed` is set. If both are true,
/// the order is ascending.
fn numbers_of((first, last): Range, reversed: bool) -> impl Iterator<Item = usize> {
    let (low, high) = (first.min(last), first.max(last));
    let backward = reversed != (first > last);
    (low..=high).map(move |number| {
        if backward {
            high - (number - low)
        } else {
            number
        }
    })
}

/// `-l`: lists the commands.
fn list(shell: &mut Shell, commands: impl Iterator<Item = usize>, with_numbers: bool) {
    let output = &mut shell.output;
    for number in commands {
        if with_numbers {
            number.write(output);
        }
        let command = shell.interactive.history.commands.get(number);
        for line in command
            .map_or(&[][..], |command| command)
            .split(|&byte| byte == b'\n')
        {
            output.write(b"\t");
            output.write(line);
            output.write(b"\n");
        }
    }
}

/// `-s`: executes a command again; an operand `old=new` replaces a part of the command first.
fn execute_again(shell: &mut Shell, mut operands: Arguments<'_>) -> Result<Answer, Wrong> {
    let replaced = operands.get(0).and_then(|operand| {
        let (old, new) = operand.split_at(operand.iter().position(|&byte| byte == b'=')?);
        Some((old, new.get(1..)?))
    });
    if replaced.is_some() {
        operands = operands.skip(1);
    }
    if let Some(surplus) = operands.get(1) {
        return Err(wrong(shell, b"fc", surplus, "too many operands"));
    }
    let (number, _) = range(shell, operands, b"-1", None)?;
    let mut text = shell
        .interactive
        .history
        .commands
        .get(number)
        .map_or(&[][..], |command| command)
        .to_vec();
    if let Some((old, new)) = replaced {
        let place =
            (0..=text.len()).find(|&place| text.get(place..).unwrap_or_default().starts_with(old));
        let Some(place) = place else {
            return Err(wrong(shell, b"fc", old, "not in the command"));
        };
        text.splice(place..place + old.len(), new.iter().copied());
    }
    text.push(b'\n');
    history::take_back(shell);
    Ok(execute(shell, &text))
}

/// Executes commands. Each one is first written to standard error and entered into the history.
fn execute(shell: &mut Shell, text: &[u8]) -> Answer {
    shell.check_depth()?;
    let line = shell.line;
    let mut source = Source::text(text, 1);
    loop {
        let commands = reader::next(shell, &mut source);
        nestling::eprint!(source.command());
        history::add(shell, source.command());
        let Some(commands) = commands? else { break };
        shell.keeps_names += 1;
        let flow = execution::list(shell, &commands, false);
        shell.keeps_names -= 1;
        flow?;
    }
    shell.line = line;
    Ok(shell.status)
}

/// Calls an editor with the text in a temporary file, and returns the edited text. Returns `None` if the file cannot be made or
/// read, or if the editor fails.
pub fn edited(shell: &mut Shell, editor: &[u8], text: &[u8]) -> Result<Option<Vec<u8>>, Divert> {
    let mut path = Vec::new();
    let written = loop {
        path.clear();
        shell.random = shell.random.wrapping_mul(1_103_515_245).wrapping_add(12345);
        text!("/tmp/sh", shell.own_pid(), ".", shell.random >> 8).write(&mut path);
        path.push(0);
        let c_path = CStr::from_bytes_with_nul(&path).unwrap_or_default();
        match history::write_new(c_path, text) {
            Err(Errno::EEXIST) => {}
            written => break written.map(|_| CString::from(c_path)),
        }
    };
    let path = match written {
        Ok(path) => path,
        Err(errno) => {
            shell.complain(text!("fc: cannot make a file in /tmp: ", errno));
            shell.status = 1;
            return Ok(None);
        }
    };
    let mut command = editor.to_vec();
    command.push(b' ');
    command.extend_from_slice(path.to_bytes());
    let line = shell.line;
    let flow = execution::all(shell, &mut Source::text(&command, line));
    shell.line = line;
    let mut edited = Vec::new();
    let read = sys::fd::open(&path, OFlags::RDONLY | OFlags::CLOEXEC, 0)
        .and_then(|file| io::read_to_end(file.as_fd(), &mut edited));
    let _ = sys::file::unlink(&path);
    flow?;
    if edited.last().is_some_and(|&byte| byte != b'\n') {
        edited.push(b'\n');
    }
    Ok((shell.status == 0 && read.is_ok()).then_some(edited))
}
