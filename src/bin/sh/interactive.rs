//! The shell at a terminal: prompts, and reading of lines.

#[cfg(feature = "edit")]
mod mail;
pub mod state;
pub mod waiting;

use alloc::vec::Vec;

use nestling::rt::descriptors;
use nestling::terminal::{self, Mode};
use nestling::{BorrowedFd, Errno, OFlags, SigSet, Signal, io, sys};

#[cfg(feature = "edit")]
use crate::editor;
use crate::execution;
#[cfg(feature = "edit")]
use crate::history;
use crate::jobs;
use crate::options::Opt;
use crate::prompt;
use crate::shell::{Divert, Shell, text};
use crate::traps;
use nestling_shell::symbols::Symbol;
use nestling_shell::syntax::Source;
use waiting::{Awaited, size, wait_for_input};

/// Writes a prompt and reads a line with its newline. The prompt is PS1, or PS2 if the line continues a command. Returns `None` at
/// the end of the input. If no input comes for TMOUT seconds, the shell ends.
pub fn read_line(shell: &mut Shell, goes_on: bool) -> Result<Option<Vec<u8>>, Divert> {
    let line = line(shell, goes_on)?;
    if line.is_none() && shell.interactive.is_late {
        nestling::eprintln!("\nThere was no input for TMOUT seconds.");
        return Err(Divert::Exit);
    }
    Ok(line)
}

fn line(shell: &mut Shell, goes_on: bool) -> Result<Option<Vec<u8>>, Divert> {
    if !goes_on {
        shell.interactive.commands += 1;
    }
    loop {
        if !goes_on {
            jobs::notify(shell);
            #[cfg(feature = "edit")]
            mail::check(shell);
            run_prompt_command(shell)?;
        }
        for fd in [io::stdin(), io::stdout(), io::stderr()] {
            make_blocking(fd);
        }
        size(shell);
        let mut line = Vec::new();
        #[cfg(feature = "edit")]
        if let Some(terminal) = editor::terminal(shell) {
            let prompt = prompt::of_line(shell, goes_on);
            match editor::read(shell, terminal, &prompt, &mut line)? {
                editor::End::Line => {
                    shell.interactive.ends = 0;
                    if goes_on || history::expand(shell, &mut line) {
                        return Ok(Some(line));
                    }
                }
                editor::End::Eof if goes_on => return Ok(None),
                editor::End::Eof if shell.options.has(Opt::Ignoreeof) => {
                    nestling::eprintln!("Use \"exit\" to leave the shell.");
                }
                editor::End::Eof if jobs::should_stay(shell, 0) => {}
                editor::End::Eof | editor::End::Gone => return Ok(None),
            }
            continue;
        }
        show_prompt(shell, goes_on);
        match read(shell, goes_on, &mut line) {
            Err(divert) => return Err(divert),
            Ok(()) if !line.is_empty() => {
                shell.interactive.ends = 0;
                #[cfg(feature = "edit")]
                if !goes_on && !history::expand(shell, &mut line) {
                    continue;
                }
                return Ok(Some(line));
            }
            // A terminal that was hung up reports the end of the input again and again.
            Ok(()) if shell.interactive.ends < 10 && !goes_on => {
                shell.interactive.ends += 1;
                if shell.options.has(Opt::Ignoreeof) {
                    nestling::eprintln!("\nUse \"exit\" to leave the shell.");
                } else if !jobs::should_stay(shell, 0) {
                    return Ok(None);
                }
            }
            Ok(()) => return Ok(None),
        }
    }
}

/// Makes a descriptor blocking. A program may have set O_NONBLOCK on the terminal, and the next program's read would fail.
pub fn make_blocking(fd: BorrowedFd<'_>) {
    if sys::fd::flags(fd).is_ok_and(|flags| flags.contains(OFlags::NONBLOCK)) {
        // If this fails, the flag stays set.
        let _ = sys::fd::set_nonblocking(fd, false);
    }
}

/// Executes the commands in PROMPT_COMMAND before PS1, as bash does. `$?` does not change.
fn run_prompt_command(shell: &mut Shell) -> Result<(), Divert> {
    let command = shell.variables.get(Symbol::PROMPT_COMMAND);
    let Some(command) = command.map(<[u8]>::to_vec) else {
        return Ok(());
    };
    let before = (shell.status, shell.line);
    let flow = execution::all(shell, &mut Source::text(&command, 1));
    shell.output.flush();
    if flow == Err(Divert::Exit) {
        return flow;
    }
    shell.goes_on_after(flow);
    (shell.status, shell.line) = before;
    Ok(())
}

/// Writes PS1 or PS2.
fn show_prompt(shell: &mut Shell, goes_on: bool) {
    let mut prompt = prompt::of_line(shell, goes_on);
    // These bytes are for the editor.
    prompt.retain(|byte| !matches!(byte, 1 | 2));
    nestling::eprint!(&prompt[..]);
}

/// Reads up to the end of a line, or of the input. Acts on signals that arrive before that.
fn read(shell: &mut Shell, goes_on: bool, line: &mut Vec<u8>) -> Result<(), Divert> {
    loop {
        wait(shell, goes_on, line)?;
        if shell.interactive.is_late {
            line.clear();
            shell.interactive.ends = u32::MAX;
            return Ok(());
        }
        // Input after the end of the line is for other programs. A terminal in its usual mode returns at most one line.
        if descriptors::is_users(0).is_err() {
            return Ok(());
        }
        let input = io::stdin();
        let by_lines =
            terminal::attributes(input).is_ok_and(|attributes| attributes.has(Mode::ICANON));
        let mut buffer = [0; 1024];
        let length = if by_lines { buffer.len() } else { 1 };
        match sys::fd::read(input, buffer.get_mut(..length).unwrap_or_default()) {
            Ok(0) if line.is_empty() => return Ok(()),
            Ok(0) => {
                // The end of the input in the middle of a line. At a terminal it only means that the beginning of the line is to be
                // read now.
                if !by_lines {
                    return Ok(());
                }
            }
            Ok(count) => line.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            // The shell is in the background, because a job has kept the terminal.
            Err(Errno::EINTR) if sys::caught::take(Signal::TTIN) && !jobs::take_terminal(shell) => {
                shell.interactive.ends = u32::MAX;
                return Ok(());
            }
            Err(Errno::EINTR) => {}
            Err(errno) => {
                shell.complain(text!("standard input: ", errno));
                shell.interactive.ends = u32::MAX;
                return Ok(());
            }
        }
        if line.last() == Some(&b'\n') {
            return Ok(());
        }
    }
}

/// Waits until input is available, and executes traps for signals that arrive before that.
fn wait(shell: &mut Shell, goes_on: bool, line: &[u8]) -> Result<(), Divert> {
    while wait_for_input(shell, SigSet::EMPTY) == Awaited::Signal {
        if shell.traps.pending() {
            traps::run_pending(shell)?;
            show_prompt(shell, goes_on);
        } else if jobs::notify(shell) {
            show_prompt(shell, goes_on);
            nestling::eprint!(line);
        }
    }
    Ok(())
}
