//! A shell: it runs the pipeline of each line. Blanks must separate `|` from words. Ctrl-C ends the pipeline, Ctrl-Z stops it, and `fg`
//! continues the one that was stopped last. `cd DIRECTORY` changes the directory; `exit`, or Ctrl-D, ends the shell with the last status.
#![no_std]
#![no_main]

extern crate alloc;
use alloc::{ffi::CString, vec::Vec};

use nestling::command::{Command, Pipeline};
use nestling::jobs::{ControllingTerminal, Job};
use nestling::{Errno, ExitStatus, eprint, eprintln, io, rt::Process, sys, terminal};

nestling::entry!(main);

fn main(_: Process) -> i32 {
    let terminal = terminal::is_terminal(io::stdin()).then(ControllingTerminal::for_shell);
    let terminal = terminal.and_then(Result::ok);
    let (mut stopped, mut status) = (Vec::<Job>::new(), 0);
    loop {
        if terminal.is_some() {
            eprint!("demo$ ");
        }
        let mut line = Vec::new();
        if !matches!(io::read_line(io::stdin(), &mut line), Ok(1..)) {
            return status;
        }
        let words = line.split(u8::is_ascii_whitespace);
        let words: Vec<&[u8]> = words.filter(|word| !word.is_empty()).collect();
        status = match words[..] {
            [] => status,
            [b"exit"] => return status,
            [b"cd", directory] => change_directory(directory),
            [b"fg"] => match (stopped.pop(), &terminal) {
                (Some(mut job), Some(terminal)) => match job.continue_in_foreground(terminal) {
                    Ok(status) => end(job, status, &mut stopped),
                    Err(_) => 1,
                },
                _ => 1,
            },
            ref words => run(words, terminal.as_ref(), &mut stopped),
        };
    }
}

/// Runs a pipeline in the foreground until it ends or stops.
fn run(words: &[&[u8]], terminal: Option<&ControllingTerminal>, stopped: &mut Vec<Job>) -> i32 {
    let commands = words.split(|word| *word == b"|").map(|words| {
        let mut words = words.iter();
        let mut command = Command::new(words.next().copied().unwrap_or_default());
        command.args(words);
        command
    });
    let mut commands: Vec<_> = commands.collect();
    match Pipeline::from_iter(&mut commands).run_job(terminal) {
        Ok((job, status)) => end(job, status, stopped),
        Err(error) => {
            eprintln!(error); // which step failed, and why
            error.shell_code()
        }
    }
}

/// Returns the exit status of a job, and adds the job to `stopped` if it is.
fn end(job: Job, status: ExitStatus, stopped: &mut Vec<Job>) -> i32 {
    stopped.extend(status.stopped_signal().map(|_| job));
    status.shell_code()
}

fn change_directory(directory: &[u8]) -> i32 {
    let path = CString::new(directory).map_err(|_| Errno::EINVAL);
    match path.and_then(|path| sys::file::chdir(&path)) {
        Ok(()) => 0,
        Err(errno) => {
            eprintln!("cd: ", directory, ": ", errno);
            1
        }
    }
}
