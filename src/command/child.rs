//! A child that a command has started.

use alloc::vec::Vec;
use core::time::Duration;

use super::stdio::{ChildStderr, ChildStdin, ChildStdout};
use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::io;
use crate::jobs::Group;
use crate::poll::{Events, PollFd, poll};
use crate::process::{ExitStatus, Pid};
use crate::signal::Signal;
use crate::spawn;
use crate::sys;
use crate::time::{Clock, Timestamp, now};
use crate::wait::Usage;

/// A child that a command has started. Dropping a `Child` closes this process's ends of the pipes. The child continues to run
/// and is not reaped, unless [`kill_on_drop`](super::Command::kill_on_drop) was set.
#[derive(Debug)]
pub struct Child {
    /// This process's end of the pipe to the child's standard input; `None` if the standard input is not a pipe.
    pub stdin: Option<ChildStdin>,
    /// This process's end of the pipe from the child's standard output; `None` if the standard output is not a pipe.
    pub stdout: Option<ChildStdout>,
    /// This process's end of the pipe from the child's standard error; `None` if the standard error is not a pipe.
    pub stderr: Option<ChildStderr>,
    child: BareChild,
}

/// A child without its pipes.
#[derive(Debug)]
struct BareChild {
    child: spawn::Child,
    kill_on_drop: bool,
}

impl BareChild {
    /// Returns the child's process group if the child is its leader.
    fn group(&self) -> Result<Option<Group>, Errno> {
        let id = self.child.id();
        let leads = sys::process::getpgid(id.as_raw())? == id.as_raw();
        Ok(leads.then_some(Group::new(id)))
    }

    /// Kills the child (or its process group if the child is its leader), and reaps the child.
    fn kill(&mut self) -> Result<ExitStatus, Errno> {
        if self.child.reaped().is_none() {
            match self.group()? {
                Some(group) => group.signal(Signal::KILL)?,
                None => self.child.signal(Signal::KILL)?,
            }
        }
        self.child.wait()
    }
}

impl Drop for BareChild {
    fn drop(&mut self) {
        if self.kill_on_drop {
            // An error means that the child was reaped elsewhere, or that it now runs as another user and cannot be killed.
            let _ = self.kill();
        }
    }
}

/// The status and the output of a child that has ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// How the child ended.
    pub status: ExitStatus,
    /// The bytes that the child wrote to its standard output; empty if the standard output was not a pipe.
    pub stdout: Vec<u8>,
    /// The bytes that the child wrote to its standard error; empty if the standard error was not a pipe.
    pub stderr: Vec<u8>,
}

impl Child {
    pub(super) fn new(
        child: spawn::Child,
        kill_on_drop: bool,
        stdin: Option<OwnedFd>,
        stdout: Option<OwnedFd>,
        stderr: Option<OwnedFd>,
    ) -> Self {
        Self {
            stdin: stdin.map(ChildStdin::from),
            stdout: stdout.map(ChildStdout::from),
            stderr: stderr.map(ChildStderr::from),
            child: BareChild {
                child,
                kill_on_drop,
            },
        }
    }

    /// Returns the child's process id. After [`wait`](Self::wait), the kernel may give this id to another process.
    #[must_use]
    pub fn id(&self) -> Pid {
        self.child.child.id()
    }

    /// Returns the child's pidfd; `None` if [`create_pidfd`](super::Command::create_pidfd) was not set, and before Linux 5.3.
    #[must_use]
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.child.child.pidfd()
    }

    /// Closes the pipe to the child's standard input, waits until the child ends, and reaps the child. Later calls return the
    /// same status.
    ///
    /// # Errors
    /// `ECHILD` if another wait has reaped the child, or if `SIGCHLD` is ignored.
    pub fn wait(&mut self) -> Result<ExitStatus, Errno> {
        self.stdin = None;
        self.child.child.wait()
    }

    /// If the child has ended, reaps it and returns its status. If it still runs, returns `None`.
    ///
    /// # Errors
    /// The errors of [`wait`](Self::wait).
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>, Errno> {
        self.child.child.try_wait()
    }

    /// Closes the pipe to the child's standard input, and waits until the child ends or the time `timeout` is over. If the child
    /// has ended, reaps it and returns its status. If the child still runs, returns `None`. For the costs, see
    /// [`wait::wait_timeout`](crate::wait::wait_timeout).
    ///
    /// If the child writes to a pipe that the caller does not read, the child may never end.
    ///
    #[cfg_attr(any(feature = "rt", feature = "std"), doc = "```")]
    #[cfg_attr(not(any(feature = "rt", feature = "std")), doc = "```no_run")]
    /// use core::time::Duration;
    /// use nestling::command::Command;
    ///
    /// let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
    /// assert_eq!(child.wait_timeout(Duration::from_millis(1)), Ok(None));
    /// child.kill().unwrap();
    /// assert_eq!(child.wait().unwrap().signal(), Some(nestling::Signal::KILL));
    /// ```
    ///
    /// # Errors
    /// The errors of [`wait`](Self::wait); `ENOSYS` on i386 before Linux 5.1.
    pub fn wait_timeout(&mut self, timeout: Duration) -> Result<Option<ExitStatus>, Errno> {
        self.stdin = None;
        self.child.child.wait_timeout(timeout)
    }

    /// Closes the pipe to the child's standard input, waits until the child ends, reaps it, and returns its status with the
    /// resources that it has used. Costs one system call.
    ///
    /// # Errors
    /// The errors of [`wait`](Self::wait); `ECHILD` also if this `Child` has already been reaped.
    #[doc(alias = "rusage")]
    pub fn wait_with_usage(&mut self) -> Result<(ExitStatus, Usage), Errno> {
        self.stdin = None;
        self.child.child.wait_with_usage()
    }

    /// Asks the child to end, and kills it if it does not end in time. The method first sends `SIGTERM`, and then `SIGCONT`, so
    /// that a stopped child continues and receives the `SIGTERM`. Then it waits until the child ends or the time `grace` is over.
    /// If the child still runs, the method sends `SIGKILL`. Then it reaps the child and returns its status. If the child has
    /// already been reaped, the method only returns its status.
    ///
    #[cfg_attr(any(feature = "rt", feature = "std"), doc = "```")]
    #[cfg_attr(not(any(feature = "rt", feature = "std")), doc = "```no_run")]
    /// use core::time::Duration;
    /// use nestling::command::Command;
    /// use nestling::Signal;
    ///
    /// let mut polite = Command::new("sleep").arg("1000").spawn().unwrap();
    /// assert_eq!(polite.terminate(Duration::MAX).unwrap().signal(), Some(Signal::TERM));
    ///
    /// let script = "trap '' TERM; echo; exec sleep 1000";
    /// let mut sh = Command::new("sh");
    /// let mut rude = sh.args(["-c", script]).stdout(nestling::command::Stdio::piped()).process_group(0).spawn().unwrap();
    /// rude.stdout.as_mut().unwrap().read(&mut [0]).unwrap(); // it ignores the signal now
    /// assert_eq!(rude.terminate_group(Duration::from_millis(1)).unwrap().signal(), Some(Signal::KILL));
    /// ```
    ///
    /// # Errors
    /// The errors of [`signal`](Self::signal) and of [`wait_timeout`](Self::wait_timeout).
    pub fn terminate(&mut self, grace: Duration) -> Result<ExitStatus, Errno> {
        self.signal(Signal::TERM)?;
        self.signal(Signal::CONT)?;
        if let Some(status) = self.wait_timeout(grace)? {
            return Ok(status);
        }
        self.kill()?;
        self.wait()
    }

    /// Does the same as [`terminate`](Self::terminate) for all processes in the child's process group. The child must be the leader
    /// of this group: start it with [`process_group(0)`](super::Command::process_group) or [`setsid`](super::Command::setsid). When
    /// the child has ended or the time `grace` is over, the method sends `SIGKILL` to the processes that are still in the group.
    ///
    /// Only the child has the time `grace`: with `sh -c 'server & wait'`, `SIGTERM` ends the shell at once, and the method then kills
    /// the server, which may still be about to save its data. (A child that has ended is a member of its group until it is reaped,
    /// so the kernel does not tell whether there are other members.) If the other members need time, too, make this process the
    /// parent of orphans, and wait for every member:
    ///
    #[cfg_attr(any(feature = "rt", feature = "std"), doc = "```")]
    #[cfg_attr(not(any(feature = "rt", feature = "std")), doc = "```no_run")]
    /// use core::time::Duration;
    /// use nestling::Signal;
    /// use nestling::command::Command;
    /// use nestling::jobs::Group;
    /// use nestling::sys::machine::set_child_subreaper;
    /// use nestling::wait::{Options, Who, has_ended_within};
    ///
    /// set_child_subreaper(true).unwrap(); // before the start
    /// let mut command = Command::new("sh");
    /// let child = command.args(["-c", "sleep 1000 & wait"]).process_group(0).spawn().unwrap();
    /// let (group, grace) = (Group::new(child.id()), Duration::from_secs(5));
    ///
    /// group.signal(Signal::TERM).unwrap();
    /// // The error is `ECHILD` when this process has no child left in the group.
    /// while let Ok(has_ended) = has_ended_within(Who::Group(group.id()), grace) {
    ///     if !has_ended {
    ///         group.signal(Signal::KILL).unwrap(); // a member is left, so the id is still that of this group
    ///     }
    ///     let _ = group.wait(Options::default()); // reaps a member; one of them is `child`
    /// }
    /// ```
    ///
    /// A process that has called `setsid` or `setpgid` is in another group, and lives on. To end such processes, too, start the child
    /// in a [`cgroup`](super::Command::cgroup) of its own, and write `1` to the file `cgroup.kill` of this cgroup (Linux 5.14).
    ///
    /// # Errors
    /// `EINVAL` if the child does not lead its process group; `ECHILD` if the child has already been reaped (by a wait on this
    /// `Child` or by another one), because the kernel may then have given the group's id to another group; the errors of
    /// [`terminate`](Self::terminate). After `EINVAL` and `ECHILD`, the method has sent no signal.
    pub fn terminate_group(&mut self, grace: Duration) -> Result<ExitStatus, Errno> {
        if self.child.child.reaped().is_some() {
            return Err(Errno::ECHILD);
        }
        // This fails with `ECHILD` if another wait has reaped the child.
        self.child.child.has_ended_within(Duration::ZERO)?;
        let group = self.child.group()?.ok_or(Errno::EINVAL)?;
        self.stdin = None;
        group.signal(Signal::TERM)?;
        group.signal(Signal::CONT)?;
        self.child.child.has_ended_within(grace)?;
        // The child is not reaped yet, so no other group can have this id.
        group.signal(Signal::KILL)?;
        self.wait()
    }

    /// Closes this process's ends of the pipes, and returns the child's pidfd; `None` if
    /// [`create_pidfd`](super::Command::create_pidfd) was not set, and before Linux 5.3. The caller then owns the pidfd, and must
    /// reap the child, for example with [`wait::wait_pidfd`](crate::wait::wait_pidfd).
    #[must_use]
    pub fn into_pidfd(mut self) -> Option<OwnedFd> {
        self.child.kill_on_drop = false;
        self.child.child.take_pidfd()
    }

    /// Closes the pipe to the child's standard input, reads the pipes from its standard output and standard error until
    /// end-of-file, and waits until the child ends. A pipe has reached end-of-file when no process has the pipe's write end open.
    /// The method reads the two pipes at the same time, so that the child can write to them in any order.
    ///
    /// # Errors
    /// The errors of [`wait`](Self::wait) and of [`io::read`]; `ENOMEM` if the output does not fit in memory.
    pub fn wait_with_output(mut self) -> Result<Output, Errno> {
        self.collect(Limits::default())
    }

    /// Does the same as [`wait_with_output`](Self::wait_with_output), but fails when a limit is reached.
    ///
    /// # Errors
    /// `EFBIG` if the output is larger than the limit; `ETIMEDOUT` if the time is over. In both cases, the child is not reaped, and
    /// may still run.
    pub(super) fn collect(&mut self, limits: Limits) -> Result<Output, Errno> {
        self.stdin = None;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let out = self.stdout.take();
        let err = self.stderr.take();
        let pipes = [out.as_ref().map(AsFd::as_fd), err.as_ref().map(AsFd::as_fd)];
        read_all(pipes, [&mut stdout, &mut stderr], &limits)?;
        let status = match limits.end {
            None => self.wait()?,
            Some(_) => {
                let rest = limits.rest()?.unwrap_or_default();
                self.wait_timeout(rest)?.ok_or(Errno::ETIMEDOUT)?
            }
        };
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }

    /// Kills the child (or its process group if the child is its leader), and reaps the child.
    pub(super) fn end(&mut self) -> Result<ExitStatus, Errno> {
        self.child.kill()
    }

    /// Sends `SIGKILL` to the child. Does nothing if a wait on this `Child` has already reaped the child.
    ///
    /// # Errors
    /// The errors of [`signal`](Self::signal).
    pub fn kill(&mut self) -> Result<(), Errno> {
        self.signal(Signal::KILL)
    }

    /// Sends a signal to the child, through the pidfd if this `Child` has one. Does nothing if a wait on this `Child` has
    /// already reaped the child.
    ///
    /// # Errors
    /// `EPERM` if the child now runs as another user; `ESRCH` if another wait has reaped the child.
    pub fn signal(&self, signal: Signal) -> Result<(), Errno> {
        self.child.child.signal(signal)
    }
}

/// The limits on the collection of a child's output.
#[derive(Default)]
pub(super) struct Limits {
    /// The maximum number of bytes.
    pub bytes: Option<usize>,
    /// The time of [`Clock::Monotonic`] by which the child must have ended.
    pub end: Option<Timestamp>,
}

impl Limits {
    /// Returns the time that is left until `end`.
    fn rest(&self) -> Result<Option<Duration>, Errno> {
        let Some(end) = self.end else {
            return Ok(None);
        };
        let rest = end.checked_duration_since(now(Clock::Monotonic)?);
        Ok(Some(rest.unwrap_or_default()))
    }
}

/// Reads both pipes to their ends. Reads each pipe as soon as it has data, so that a full pipe never stops its writer while this
/// function waits for the other pipe.
pub(super) fn read_all(
    mut pipes: [Option<BorrowedFd<'_>>; 2],
    mut texts: [&mut Vec<u8>; 2],
    limits: &Limits,
) -> Result<(), Errno> {
    loop {
        let ready = match pipes {
            [None, None] => return Ok(()),
            [Some(out), Some(err)] => {
                let mut both = [PollFd::new(out, Events::IN), PollFd::new(err, Events::IN)];
                wait_until_readable(&mut both, limits)?;
                both.map(|pipe| pipe.returned() != Events::default())
            }
            [Some(only), None] | [None, Some(only)] => {
                if limits.end.is_some() {
                    wait_until_readable(&mut [PollFd::new(only, Events::IN)], limits)?;
                } else if limits.bytes.is_none() {
                    let [stdout, stderr] = texts;
                    let text = if pipes[0].is_some() { stdout } else { stderr };
                    return io::read_to_end(only, text).map(drop);
                }
                [true, true]
            }
        };
        for ((pipe, text), ready) in pipes.iter_mut().zip(&mut texts).zip(ready) {
            if let Some(fd) = *pipe
                && ready
                && read_some(fd, text)? == 0
            {
                *pipe = None;
            }
        }
        let sum: usize = texts.iter().map(|text| text.len()).sum();
        if limits.bytes.is_some_and(|limit| sum > limit) {
            return Err(Errno::EFBIG);
        }
    }
}

fn wait_until_readable(pipes: &mut [PollFd<'_>], limits: &Limits) -> Result<(), Errno> {
    match poll(pipes, limits.rest()?)? {
        0 => Err(Errno::ETIMEDOUT),
        _ => Ok(()),
    }
}

/// Reads once, and appends the bytes read to `bytes`. Returns the number of bytes read; 0 at the end of the pipe. The buffer is as
/// large as a pipe's default capacity.
fn read_some(fd: BorrowedFd<'_>, bytes: &mut Vec<u8>) -> Result<usize, Errno> {
    const PIPE: usize = 65536;
    let start = bytes.len();
    bytes.try_reserve(PIPE).map_err(|_| Errno::ENOMEM)?;
    bytes.resize(start + PIPE, 0);
    let count = io::read(fd, bytes.get_mut(start..).unwrap_or_default());
    bytes.truncate(start + *count.as_ref().unwrap_or(&0));
    count
}
