//! A shell. It supports pipelines, the redirections `<`, `>` and `>>`, the built-ins `cd`, `exit` and `fg`, and `&` for jobs in the
//! background. Spaces must separate all words and `|`, `<`, `>` and `&` from each other. On a terminal, Ctrl-C and Ctrl-Z go to the
//! job in the foreground.
#![no_std]
#![no_main]

extern crate alloc;
use alloc::{ffi::CString, vec::Vec};

use nestling::command::{ChildStdout, Command, Stdio};
use nestling::jobs::{self, ControllingTerminal, Group};
use nestling::wait::Options;
use nestling::{AsFd, Errno, ExitStatus, OFlags, OwnedFd, Pid, Signal, eprint, eprintln};
use nestling::{io, rt::Process, sys, terminal};

nestling::entry!(main);

type Word<'a> = &'a [u8];

/// A pipeline: its process group, and its last process, whose status is the status of the pipeline.
#[derive(Clone, Copy)]
struct Job {
    group: Group,
    last: Pid,
}

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
        let ended = |job: &Job| job.group.wait(Options::NOHANG) == Err(Errno::ECHILD);
        shell.jobs.retain(|job| !ended(job));
        if shell.terminal.is_some() {
            eprint!("$ ");
        }
        if !read_line(&mut line) {
            return shell.status;
        }
        let words: Vec<Word> = line
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
            .collect();
        match words[..] {
            [] => {}
            [b"exit"] => return shell.status,
            [b"cd", directory] => shell.status = i32::from(change_directory(directory).is_err()),
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

/// Reads a line byte by byte, because programs that the shell starts may read what follows the line. Returns false at the end of
/// the input.
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

fn change_directory(directory: Word) -> Result<(), Errno> {
    let path = CString::new(directory).map_err(|_| Errno::EINVAL)?;
    sys::file::chdir(&path).inspect_err(|errno| eprintln!(directory, ": ", *errno))
}

impl Shell {
    fn run(&mut self, words: &[Word], in_foreground: bool) {
        let lent = self
            .terminal
            .as_ref()
            .filter(|_| in_foreground)
            .map(ControllingTerminal::lend);
        let (job, outcome) = self.start(words, in_foreground);
        if let Some(job) = job {
            match in_foreground {
                true => self.status = wait(job, &mut self.jobs),
                false => self.jobs.push(job),
            }
        }
        if let Err(code) = outcome {
            self.status = code;
        }
        drop(lent); // takes the terminal back
    }

    /// Starts the programs of a pipeline, up to the first error. Prints this error, and returns it as an exit status.
    fn start(&self, words: &[Word], in_foreground: bool) -> (Option<Job>, Result<(), i32>) {
        let (mut job, mut previous): (Option<Job>, Option<ChildStdout>) = (None, None);
        let mut elements = words.split(|word| *word == b"|").peekable();
        while let Some(element) = elements.next() {
            let name = element.first().copied().unwrap_or_default();
            let mut command = Command::new(name);
            command.default_signals(jobs::SIGNALS.with(Signal::PIPE));
            command.process_group(job.map_or(0, |job| job.group.id().as_raw()));
            if let (Some(terminal), None, true) = (&self.terminal, job, in_foreground) {
                command.foreground(terminal.as_fd().as_raw_fd());
            }
            if let Some(output) = previous.take() {
                command.stdin(output);
            }
            if elements.peek().is_some() {
                command.stdout(Stdio::piped());
            }
            let mut rest = element.iter().skip(1);
            while let Some(word) = rest.next() {
                let mut open = |flags| open(rest.next().copied().unwrap_or_default(), flags);
                let new = OFlags::WRONLY | OFlags::CREAT;
                let file = match *word {
                    b"<" => open(OFlags::RDONLY).map(|file| command.stdin(file)),
                    b">" => open(new | OFlags::TRUNC).map(|file| command.stdout(file)),
                    b">>" => open(new | OFlags::APPEND).map(|file| command.stdout(file)),
                    word => Ok(command.arg(word)),
                };
                if file.is_err() {
                    return (job, Err(1));
                }
            }
            match command.spawn() {
                Ok(mut child) => {
                    previous = child.stdout.take();
                    let group = job.map_or(Group::new(child.id()), |job| job.group);
                    job = Some(Job {
                        group,
                        last: child.id(),
                    });
                }
                Err(error) => {
                    eprintln!(error);
                    return (job, Err(error.shell_code()));
                }
            }
        }
        (job, Ok(()))
    }

    fn resume(&mut self) {
        if let (Some(terminal), Some(job)) = (&self.terminal, self.jobs.pop()) {
            let lent = terminal.hand_over(job.group, None);
            let _ = job.group.resume();
            self.status = wait(job, &mut self.jobs);
            drop(lent);
        }
    }
}

fn open(name: Word, flags: OFlags) -> Result<OwnedFd, Errno> {
    let path = CString::new(name).map_err(|_| Errno::EINVAL)?;
    let file = sys::fd::open(&path, flags | OFlags::CLOEXEC, 0o666);
    file.inspect_err(|errno| eprintln!(name, ": ", *errno))
}

/// Waits until a job has ended or is stopped, and returns its exit status. If the job is stopped, adds it to `jobs`.
fn wait(job: Job, jobs: &mut Vec<Job>) -> i32 {
    let mut last = ExitStatus::default();
    loop {
        match job.group.wait(Options::STOPPED) {
            Ok(Some((_, status))) if status.stopped_signal().is_some() => {
                jobs.push(job);
                return status.shell_code();
            }
            Ok(Some((pid, status))) if pid == job.last => last = status,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return last.shell_code(), // no process of the job is left
        }
    }
}
