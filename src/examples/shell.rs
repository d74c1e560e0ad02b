//! A shell. It supports pipelines, the redirections `<`, `>` and `>>`, the built-ins `cd`, `exit` and `fg`, and `&` for jobs in the
//! background. Spaces must separate all words and `|`, `<`, `>` and `&` from each other. On a terminal, Ctrl-C and Ctrl-Z go to the
//! job in the foreground.
#![no_std]
#![no_main]

extern crate alloc;
use alloc::{ffi::CString, vec::Vec};

use nestling::command::{Command, Pipeline};
use nestling::jobs::{ControllingTerminal, Job};
use nestling::{
    Errno, ExitStatus, OFlags, OwnedFd, eprint, eprintln, io, rt::Process, sys, terminal,
};

nestling::entry!(main);

type Word<'a> = &'a [u8];

struct Shell {
    /// The terminal, if the shell reads from a terminal.
    terminal: Option<ControllingTerminal>,
    /// The jobs that run in the background or are stopped. The latest job is the last one.
    jobs: Vec<Job>,
    status: i32,
}

fn main(_: Process) -> i32 {
    let terminal = terminal::is_terminal(io::stdin()).then(ControllingTerminal::for_shell);
    let mut shell = Shell {
        terminal: terminal.and_then(Result::ok),
        jobs: Vec::new(),
        status: 0,
    };
    loop {
        shell.jobs.retain_mut(|job| job.try_wait() == Ok(None));
        if shell.terminal.is_some() {
            eprint!("$ ");
        }
        let mut line = Vec::new();
        if !matches!(io::read_line(io::stdin(), &mut line), Ok(1..)) {
            return shell.status;
        }
        let words = line.split(u8::is_ascii_whitespace);
        let words: Vec<Word> = words.filter(|word| !word.is_empty()).collect();
        match words[..] {
            [] => {}
            [b"exit"] => return shell.status,
            [b"cd", directory] => {
                shell.status = with_path(directory, sys::file::chdir).map_or(1, |()| 0)
            }
            [b"fg"] => shell.resume(),
            [ref words @ .., b"&"] => shell.run(words, false),
            ref words => shell.run(words, true),
        }
    }
}

impl Shell {
    /// Starts the programs of a pipeline.
    fn run(&mut self, words: &[Word], in_foreground: bool) {
        let commands = words.split(|word| *word == b"|").map(command);
        let Ok(mut commands) = commands.collect::<Result<Vec<_>, _>>() else {
            self.status = 1;
            return;
        };
        let mut pipeline = Pipeline::from_iter(&mut commands);
        let started = match in_foreground {
            true => pipeline
                .run_job(self.terminal.as_ref())
                .map(|(job, status)| (job, Some(status))),
            false => pipeline.start_job(None).map(|job| (job, None)),
        };
        match started {
            Ok((job, Some(status))) => self.end(job, status),
            Ok((job, None)) => self.jobs.push(job),
            Err(error) => {
                eprintln!(error);
                self.status = error.shell_code();
            }
        }
    }

    fn resume(&mut self) {
        if let (Some(terminal), Some(mut job)) = (&self.terminal, self.jobs.pop())
            && let Ok(status) = job.continue_in_foreground(terminal)
        {
            self.end(job, status);
        }
    }

    /// Takes the status of a job, and keeps the job if it is stopped.
    fn end(&mut self, job: Job, status: ExitStatus) {
        self.status = status.shell_code();
        self.jobs.extend(status.stopped_signal().map(|_| job));
    }
}

fn command(words: &[Word]) -> Result<Command, Errno> {
    let mut words = words.iter().copied();
    let mut command = Command::new(words.next().unwrap_or_default());
    while let Some(word) = words.next() {
        let mut open = |flags| open(words.next().unwrap_or_default(), flags);
        let new = OFlags::WRONLY | OFlags::CREAT;
        match word {
            b"<" => command.stdin(open(OFlags::RDONLY)?),
            b">" => command.stdout(open(new | OFlags::TRUNC)?),
            b">>" => command.stdout(open(new | OFlags::APPEND)?),
            word => command.arg(word),
        };
    }
    Ok(command)
}

fn open(name: Word, flags: OFlags) -> Result<OwnedFd, Errno> {
    with_path(name, |path| {
        sys::fd::open(path, flags | OFlags::CLOEXEC, 0o666)
    })
}

/// Does something with a path. If that fails, prints why.
fn with_path<T>(
    name: Word,
    act: impl FnOnce(&core::ffi::CStr) -> Result<T, Errno>,
) -> Result<T, Errno> {
    let path = CString::new(name).map_err(|_| Errno::EINVAL);
    path.and_then(|path| act(&path))
        .inspect_err(|errno| eprintln!(name, ": ", *errno))
}
