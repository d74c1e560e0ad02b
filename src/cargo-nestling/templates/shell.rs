//! A shell: it runs one command for each line. Ctrl-C ends the command, Ctrl-Z stops it, and `fg` continues the one that was stopped
//! last. `cd DIRECTORY` changes the directory; `exit`, or Ctrl-D, ends the shell with the status of the last command.
#![no_std]
#![no_main]

extern crate alloc;
use alloc::{ffi::CString, vec::Vec};

use nestling::command::Command;
use nestling::jobs::{self, ControllingTerminal, Group};
use nestling::wait::Options;
use nestling::{AsFd, Errno, eprint, eprintln, io, rt::Process, sys, terminal};

nestling::entry!(main);

fn main(_: Process) -> i32 {
    let terminal = terminal::is_terminal(io::stdin()).then(take_terminal);
    let terminal = terminal.and_then(Result::ok);
    let (mut line, mut stopped, mut status) = (Vec::new(), Vec::new(), 0);
    loop {
        if terminal.is_some() {
            eprint!("demo$ ");
        }
        if !read_line(&mut line) {
            return status;
        }
        let words = line.split(u8::is_ascii_whitespace);
        let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
        // While a command has the terminal, the shell does not have it; when `lent` is dropped, the shell takes it
        // back.
        let lent = terminal.as_ref().map(ControllingTerminal::lend);
        let job = match words[..] {
            [] => continue,
            [b"exit"] => return status,
            [b"cd", directory] => {
                status = change_directory(directory);
                continue;
            }
            [b"fg"] => stopped
                .pop()
                .and_then(|job| continue_in_foreground(job, &terminal)),
            [program, ref args @ ..] => {
                let mut command = Command::new(program);
                command.args(args).process_group(0);
                command.default_signals(jobs::SIGNALS);
                if let Some(terminal) = &terminal {
                    command.foreground(terminal.as_fd().as_raw_fd());
                }
                let child = command.spawn().inspect_err(|error| eprintln!(error));
                status = child
                    .as_ref()
                    .map_or_else(|error| error.shell_code(), |_| 0);
                child.ok().map(|child| Group::new(child.id()))
            }
        };
        if let Some(job) = job {
            let (code, is_stopped) = wait(job);
            status = code;
            stopped.extend(is_stopped.then_some(job));
        }
        drop(lent);
    }
}

/// Puts the shell into the foreground, and ignores the signals that the terminal sends to commands.
fn take_terminal() -> Result<ControllingTerminal, Errno> {
    let terminal = ControllingTerminal::open()?;
    terminal.wait_until_foreground()?;
    for signal in jobs::SIGNALS.iter() {
        sys::signal::ignore(signal)?;
    }
    let _ = sys::process::setpgid(0, 0); // EPERM: a session's leader leads its own group already
    terminal.take().map(|()| terminal)
}

/// Reads only to the end of the line, because a command may read what follows. Returns false at the end of the input.
fn read_line(line: &mut Vec<u8>) -> bool {
    let mut byte = [0];
    line.clear();
    while io::read(io::stdin(), &mut byte) == Ok(1) {
        line.extend(byte);
        if byte == *b"\n" {
            return true;
        }
    }
    !line.is_empty()
}

fn change_directory(directory: &[u8]) -> i32 {
    let changed = CString::new(directory).map_err(|_| Errno::EINVAL);
    match changed.and_then(|path| sys::file::chdir(&path)) {
        Ok(()) => 0,
        Err(errno) => {
            eprintln!("cd: ", directory, ": ", errno);
            1
        }
    }
}

fn continue_in_foreground(job: Group, terminal: &Option<ControllingTerminal>) -> Option<Group> {
    if let Some(terminal) = terminal {
        sys::terminal::tcsetpgrp(terminal.as_fd(), job.id().as_raw()).ok()?;
    }
    job.resume().ok().map(|()| job)
}

/// Waits until the job has ended or is stopped. Returns its exit status, and whether it is stopped.
fn wait(job: Group) -> (i32, bool) {
    loop {
        match job.wait(Options::STOPPED) {
            Ok(Some((_, status))) => {
                return (status.shell_code(), status.stopped_signal().is_some());
            }
            Ok(None) | Err(Errno::EINTR) => {}
            Err(_) => return (1, false),
        }
    }
}
