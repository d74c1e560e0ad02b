//! A shell. It supports pipelines, the redirections `<`, `>` and `>>`, the built-ins `cd`, `exit` and `fg`, and `&` for jobs in the
//! background. Spaces must separate all words and `|`, `<`, `>` and `&` from each other. On a terminal, Ctrl-C and Ctrl-Z go to the
//! job in the foreground.
#![no_std]
#![no_main]

extern crate alloc;
use alloc::{ffi::CString, vec::Vec};

use nestling::command::{Command, Pipeline};
use nestling::jobs::{self, ControllingTerminal, Group};
use nestling::wait::Options;
use nestling::{AsFd, Errno, ExitStatus, OFlags, OwnedFd, Pid, Signal, eprint, eprintln};
use nestling::{io, rt::Process, sys, terminal};

nestling::entry!(main);

type Word<'a> = &'a [u8];

/// A pipeline: its process group, and its last process, whose status is the status of the pipeline.
#[derive(Clone, Copy)]
struct Job(Group, Pid);

struct Shell {
    /// The terminal, if the shell reads from a terminal.
    terminal: Option<ControllingTerminal>,
    /// The jobs that run in the background or are stopped. The latest job is the last one.
    jobs: Vec<Job>,
    status: i32,
}

fn main(_: Process) -> i32 {
    let terminal = terminal::is_terminal(io::stdin()).then(take_terminal);
    let mut shell = Shell {
        terminal: terminal.and_then(Result::ok),
        jobs: Vec::new(),
        status: 0,
    };
    let mut line = Vec::new();
    loop {
        let runs = |job: &Job| job.0.wait(Options::NOHANG) != Err(Errno::ECHILD);
        shell.jobs.retain(runs);
        if shell.terminal.is_some() {
            eprint!("$ ");
        }
        // Byte by byte, because programs that the shell starts may read what follows the line.
        line.clear();
        let mut byte = [0];
        while io::read(io::stdin(), &mut byte) == Ok(1) && byte != *b"\n" {
            line.extend(byte);
        }
        let words = line
            .split(u8::is_ascii_whitespace)
            .filter(|it| !it.is_empty());
        match words.collect::<Vec<Word>>()[..] {
            [] if byte != *b"\n" => return shell.status, // the end of the input
            [] => {}
            [b"exit"] => return shell.status,
            [b"cd", directory] => {
                shell.status = with_path(directory, sys::file::chdir).map_or(1, |()| 0)
            }
            [b"fg"] => shell.resume(),
            [ref job @ .., b"&"] => shell.run(job, false),
            ref job => shell.run(job, true),
        }
    }
}

/// Puts the shell into the foreground, and ignores the signals that the terminal sends to jobs.
fn take_terminal() -> Result<ControllingTerminal, Errno> {
    let terminal = ControllingTerminal::open()?;
    terminal.wait_until_foreground()?;
    for signal in jobs::SIGNALS.iter() {
        sys::signal::ignore(signal)?;
    }
    let _ = sys::process::setpgid(0, 0); // EPERM: a session's leader leads its own group already
    terminal.take()?;
    Ok(terminal)
}

impl Shell {
    fn run(&mut self, words: &[Word], in_foreground: bool) {
        let terminal = self.terminal.as_ref().filter(|_| in_foreground);
        let lent = terminal.map(ControllingTerminal::lend);
        match start(words, terminal) {
            Ok(job) if in_foreground => self.status = wait(job, &mut self.jobs),
            Ok(job) => self.jobs.push(job),
            Err(code) => self.status = code,
        }
        drop(lent); // takes the terminal back
    }

    fn resume(&mut self) {
        if let (Some(terminal), Some(job)) = (&self.terminal, self.jobs.pop()) {
            let lent = terminal.hand_over(job.0, None);
            let _ = job.0.resume();
            self.status = wait(job, &mut self.jobs);
            drop(lent);
        }
    }
}

/// Starts the programs of a pipeline, in the foreground of the terminal if there is one. The error, which is printed, is an exit
/// status.
fn start(words: &[Word], terminal: Option<&ControllingTerminal>) -> Result<Job, i32> {
    let elements = words.split(|word| *word == b"|").map(command);
    let mut commands = elements.collect::<Result<Vec<_>, _>>().map_err(|_| 1)?;
    if let Some(first) = commands.first_mut() {
        first.process_group(0); // the other programs join it
        if let Some(terminal) = terminal {
            first.foreground(terminal.as_fd().as_raw_fd());
        }
    }
    let children = Pipeline::from_iter(&mut commands)
        .spawn()
        .map_err(|error| {
            eprintln!(error);
            error.shell_code()
        })?;
    let (Some(first), Some(last)) = (children.first(), children.last()) else {
        return Err(0);
    };
    Ok(Job(Group::new(first.id()), last.id()))
}

fn command(words: &[Word]) -> Result<Command, Errno> {
    let mut words = words.iter().copied();
    let mut command = Command::new(words.next().unwrap_or_default());
    command.default_signals(jobs::SIGNALS.with(Signal::PIPE));
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

/// Waits until a job has ended or is stopped, and returns its exit status. If the job is stopped, adds it to `jobs`.
fn wait(job: Job, jobs: &mut Vec<Job>) -> i32 {
    let mut last = ExitStatus::default();
    loop {
        match job.0.wait(Options::STOPPED) {
            Ok(Some((_, status))) if status.stopped_signal().is_some() => {
                jobs.push(job);
                return status.shell_code();
            }
            Ok(Some((pid, status))) if pid == job.1 => last = status,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return last.shell_code(), // no process of the job is left
        }
    }
}
