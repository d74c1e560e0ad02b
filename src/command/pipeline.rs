//! Several commands that run at the same time, each of which reads what the one before it writes.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use super::child::{Child, Limits, read_all};
use super::error::Error;
use super::stdio::Stdio;
use super::{Command, wait_failed};
use crate::errno::Errno;
use crate::fd::AsFd;
use crate::io::pipe;
use crate::jobs::{self, ControllingTerminal, Group, Job};
use crate::process::ExitStatus;
use crate::signal::Signal;
use crate::text::{self, Quoted, Sink, Text};

/// Commands that are connected by pipes, as by `|` in a shell. [`Command::pipe`] makes a pipeline of two commands, and `from_iter`
/// (or `collect`) of any number of them.
///
/// If the first command has [`process_group(0)`](Command::process_group), the other programs join its process group, unless their
/// commands set another one. So [`Child::terminate_group`] of the first child ends the whole pipeline. For this, the first child must
/// not be reaped: wait for the other children before it.
#[derive(Debug)]
pub struct Pipeline<'a> {
    commands: Vec<&'a mut Command>,
}

impl Command {
    /// Connects the standard output of this command with the standard input of `next` by a pipe. This replaces this command's
    /// [`stdout`](Self::stdout) and the [`stdin`](Self::stdin) of `next`.
    ///
    #[cfg_attr(any(feature = "rt", feature = "std"), doc = "```")]
    #[cfg_attr(not(any(feature = "rt", feature = "std")), doc = "```no_run")]
    /// use nestling::command::Command;
    ///
    /// let mut sort = Command::new("sort");
    /// let output = sort.arg("-r").input("a\nc\nb\n").pipe(Command::new("head").args(["-n", "1"])).output().unwrap();
    /// output.status.exit_ok().unwrap();
    /// assert_eq!(output.stdout, b"c\n");
    ///
    /// // Errors name the program.
    /// let error = Command::new("true").pipe(&mut Command::new("nope")).status().unwrap_err();
    /// assert_eq!(error.to_string(), r#"program 1 ("nope"): exec "nope": ENOENT: no such file or directory"#);
    ///
    /// let status = Command::new("false").pipe(&mut Command::new("cat")).status().unwrap();
    /// assert_eq!(status.exit_ok().unwrap_err().to_string(), r#"program 0 ("false"): exit status: 1"#);
    /// ```
    pub fn pipe<'a>(&'a mut self, next: &'a mut Command) -> Pipeline<'a> {
        Pipeline {
            commands: Vec::from([self, next]),
        }
    }
}

impl<'a> FromIterator<&'a mut Command> for Pipeline<'a> {
    /// Connects the commands in their order, as [`Command::pipe`] does.
    fn from_iter<I: IntoIterator<Item = &'a mut Command>>(commands: I) -> Self {
        Self {
            commands: commands.into_iter().collect(),
        }
    }
}

impl<'a> Pipeline<'a> {
    /// Adds a command, which reads what the last one writes.
    #[must_use]
    pub fn pipe(mut self, next: &'a mut Command) -> Self {
        self.commands.push(next);
        self
    }

    /// Starts the programs, in the order of the commands. Returns a [`Child`] for each of them: the first one may have the pipe to
    /// the standard input, and the last one the pipe from the standard output.
    ///
    /// # Errors
    /// The errors of [`Command::spawn`]; the step begins with the number of the program, counted from 0, and its name. The programs
    /// that were started before it are killed and reaped.
    pub fn spawn(&mut self) -> Result<Vec<Child>, Error> {
        self.start([const { &Stdio::inherit() }; 3])
    }

    /// Starts the programs as a job of a shell: in a new process group, with the default actions for [`jobs::SIGNALS`], and, if `terminal`
    /// is given, in the foreground; for such a job, see also [`run_job`](Self::run_job). The commands keep these settings.
    ///
    /// # Errors
    /// The errors of [`spawn`](Self::spawn), and `EINVAL` if there are no commands.
    pub fn start_job(&mut self, terminal: Option<&ControllingTerminal>) -> Result<Job, Error> {
        for command in &mut self.commands {
            let signals = &mut command.attributes.default_signals;
            *signals = signals.union(jobs::SIGNALS);
        }
        if let Some(first) = self.commands.first_mut() {
            first.process_group(0); // the other programs join it
            first.foreground = terminal.map(|terminal| terminal.as_fd().as_raw_fd());
        }
        let children = self.spawn()?;
        match (children.first(), children.last()) {
            (Some(first), Some(last)) => Ok(Job::new(Group::new(first.id()), last.id())),
            _ => Err(Error::new("pipeline", Errno::EINVAL)),
        }
    }

    /// Starts the programs as a job of a shell, in the foreground if `terminal` is given; waits until the job stops or has ended; and takes
    /// the terminal back. Returns the job, which `fg` can continue if it has stopped, and its status.
    ///
    /// ```no_run
    /// use nestling::command::Command;
    /// use nestling::jobs::ControllingTerminal;
    ///
    /// let terminal = ControllingTerminal::for_shell().unwrap();
    /// let mut less = Command::new("less");
    /// let (mut job, mut status) = Command::new("ls").pipe(&mut less).run_job(Some(&terminal)).unwrap();
    /// while status.stopped_signal().is_some() {
    ///     status = job.continue_in_foreground(&terminal).unwrap();
    /// }
    /// ```
    ///
    /// # Errors
    /// The errors of [`start_job`](Self::start_job), after which this process has the terminal again. If the terminal cannot be lent, the
    /// step is `terminal`, and if the wait fails, `wait`.
    pub fn run_job(
        &mut self,
        terminal: Option<&ControllingTerminal>,
    ) -> Result<(Job, ExitStatus), Error> {
        let lent = terminal.map(ControllingTerminal::lend).transpose();
        let lent = lent.map_err(|errno| Error::new("terminal", errno))?;
        let mut job = self.start_job(terminal)?;
        let status = match lent {
            Some(lent) => job.wait_in_foreground(lent),
            None => job.wait(),
        };
        Ok((job, status.map_err(wait_failed)?))
    }

    /// Starts the programs and waits until all have ended.
    ///
    /// # Errors
    /// The errors of [`spawn`](Self::spawn). If a wait fails, the step is `wait`.
    pub fn status(&mut self) -> Result<PipelineStatus, Error> {
        let children = self.spawn()?;
        self.wait(children)
    }

    /// Starts the programs, collects the standard output of the last one and what all write to their standard errors, and waits
    /// until all have ended. By default, the standard input of the first program is `/dev/null`. The
    /// [`output_limit`](Command::output_limit) and the [`output_timeout`](Command::output_timeout) of the commands have no effect.
    ///
    /// # Errors
    /// The errors of [`status`](Self::status). If the pipe for the standard errors cannot be made, the step is `standard error`; if
    /// a pipe cannot be read, it is `output`, and the programs are killed and reaped.
    pub fn output(&mut self) -> Result<PipelineOutput, Error> {
        let (errors, end) = pipe().map_err(|errno| Error::new("standard error", errno))?;
        let end = Stdio::from(end);
        let mut children = self.start([&Stdio::null(), &Stdio::piped(), &end])?;
        drop(end);
        let out = children.last_mut().and_then(|last| last.stdout.take());
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let pipes = [out.as_ref().map(AsFd::as_fd), Some(errors.as_fd())];
        if let Err(errno) = read_all(pipes, [&mut stdout, &mut stderr], &Limits::default()) {
            end_all(&mut children);
            return Err(Error::new("output", errno));
        }
        Ok(PipelineOutput {
            status: self.wait(children)?,
            stdout,
            stderr,
        })
    }

    /// Starts the programs with these defaults for the first one's input, the last one's output and all errors.
    fn start(&mut self, defaults: [&Stdio; 3]) -> Result<Vec<Child>, Error> {
        let mut children: Vec<Child> = Vec::new();
        let mut commands = self.commands.iter_mut().enumerate().peekable();
        let mut group = None;
        while let Some((index, command)) = commands.next() {
            let is_last = commands.peek().is_none();
            let previous = children.last_mut().and_then(|child| child.stdout.take());
            let joins = command.attributes.process_group.is_none() && group.is_some();
            if joins {
                command.attributes.process_group = group;
            }
            if let Some(output) = previous {
                command.stdin(output);
            }
            if !is_last {
                command.stdout(Stdio::piped());
            }
            let started = command.spawn_with(defaults);
            // Removes the pipes and the process group from the command again: they belong to this pipeline only, and this process
            // must close the ends of the pipes.
            if joins {
                command.attributes.process_group = None;
            }
            let [stdin, stdout, _] = &mut command.stdio;
            if index > 0 {
                *stdin = None;
            }
            if !is_last {
                *stdout = None;
            }
            match started {
                Ok(child) => {
                    if index == 0 && command.attributes.process_group == Some(0) {
                        group = Some(child.id().as_raw());
                    }
                    children.push(child);
                }
                Err(error) => {
                    end_all(&mut children);
                    let is_alone = index == 0 && is_last;
                    return Err(match is_alone {
                        true => error,
                        false => error.of_program(index, &command.program),
                    });
                }
            }
        }
        Ok(children)
    }

    fn wait(&self, mut children: Vec<Child>) -> Result<PipelineStatus, Error> {
        let mut programs = Vec::new();
        for (child, command) in children.iter_mut().zip(&self.commands) {
            let status = child.wait().map_err(wait_failed)?;
            programs.push((command.program.clone(), status));
        }
        Ok(PipelineStatus { programs })
    }
}

/// Kills and reaps what was started. What another wait has reaped has ended.
fn end_all(children: &mut [Child]) {
    for child in children {
        let _ = child.end();
    }
}

/// How the programs of a pipeline have ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PipelineStatus {
    programs: Vec<(CString, ExitStatus)>,
}

impl PipelineStatus {
    /// Returns the programs and their statuses, in the order of the pipeline.
    pub fn iter(&self) -> impl Iterator<Item = (&CStr, ExitStatus)> {
        let programs = self.programs.iter();
        programs.map(|(program, status)| (program.as_c_str(), *status))
    }

    /// Returns the status of the last program, which a shell takes for the status of the pipeline.
    #[must_use]
    pub fn last(&self) -> ExitStatus {
        self.programs
            .last()
            .map_or_else(ExitStatus::default, |it| it.1)
    }

    /// Returns an error if a program has failed, for use with `?`: the last one of those that have failed, as a shell does with
    /// `pipefail`. A program before the last one that `SIGPIPE` has killed has not failed: the program after it needed no more
    /// input.
    ///
    /// # Errors
    /// The program and its status.
    pub fn exit_ok(&self) -> Result<(), PipelineError> {
        let last = self.programs.len().saturating_sub(1);
        for (index, (program, status)) in self.programs.iter().enumerate().rev() {
            let is_enough = index < last && status.signal() == Some(Signal::PIPE);
            if !status.success() && !is_enough {
                return Err(PipelineError {
                    index,
                    program: program.clone(),
                    status: *status,
                });
            }
        }
        Ok(())
    }
}

/// The statuses and the output of a pipeline whose programs have ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PipelineOutput {
    /// How the programs ended.
    pub status: PipelineStatus,
    /// The bytes that the last program wrote to its standard output.
    pub stdout: Vec<u8>,
    /// The bytes that the programs wrote to their standard errors, in the order in which they came.
    pub stderr: Vec<u8>,
}

/// The error of [`PipelineStatus::exit_ok`]: a program of a pipeline that did not succeed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PipelineError {
    index: usize,
    program: CString,
    status: ExitStatus,
}

impl PipelineError {
    /// Returns the number of the program in the pipeline, counted from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Returns the program.
    #[must_use]
    pub fn program(&self) -> &CStr {
        &self.program
    }

    /// Returns the program's status.
    #[must_use]
    pub fn status(&self) -> ExitStatus {
        self.status
    }
}

impl core::error::Error for PipelineError {}

text::display_text!(PipelineError);

impl Text for PipelineError {
    fn write(&self, out: &mut impl Sink) {
        write_program(self.index, &self.program, out);
        self.status.write(out);
    }
}

/// Writes `program 1 ("sort"): `.
pub(super) fn write_program(index: usize, program: &CStr, out: &mut impl Sink) {
    "program ".write(out);
    index.write(out);
    " (".write(out);
    Quoted(program.to_bytes()).write(out);
    "): ".write(out);
}
