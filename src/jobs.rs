//! Jobs: process groups, and the terminal that they share (POSIX XBD 11.1.4, XCU 2.11).
//!
//! A job is a process group. One group is the terminal's *foreground* group: it may read from the terminal, and gets the
//! signals that the user types (Ctrl-C, Ctrl-Z). If a process of another group reads from the terminal, the kernel stops the
//! process's group with `SIGTTIN`. If a process of another group changes the terminal's settings, the kernel stops the
//! process's group with `SIGTTOU`. When a shell starts or resumes a job, the shell passes the terminal to the job. When the job
//! stops or ends, the shell takes the terminal back.
//!
//! # No race
//!
//! A shell that uses `fork` must call `setpgid` and `tcsetpgrp` in both the shell and the child, because either process may run
//! first. If only the shell made the calls, the child might read from the terminal while its group is still in the background. If
//! only the child made the calls, the group might not exist yet when the shell uses it. This module avoids both races:
//!
//! - The *child* joins its group ([`Attributes::process_group`](spawn::Attributes::process_group)) and takes the terminal
//!   ([`Action::SetForeground`](spawn::Action::SetForeground)) before its exec. So the program's group is in the foreground
//!   when the program starts. A spawn returns after the exec. So the group exists, and is in the foreground, when the shell
//!   learns the child's id.
//! - The other members of a pipeline join the group of the first member. The pid of the first member is the group's id. A group
//!   exists until its last member is reaped. So start all members of the pipeline before you wait for one of them: then the
//!   others can join even if the first member has already ended.
//! - A stopped job first gets the terminal, and then `SIGCONT`. So the job never runs in the background.
//! - A shell that takes the terminal back is still a background process at this moment, so `SIGTTOU` would stop it. For this
//!   reason, this module blocks `SIGTTOU` in the calling thread during the call.
//!
//! # Orphans
//!
//! A process group is *orphaned* if no member has a parent in another group of the same session. For example, the groups of a
//! shell's jobs become orphaned when the shell ends. If an orphaned group stopped, no process would continue it. So the kernel
//! does not stop an orphaned group with `SIGTSTP`, `SIGTTIN` or `SIGTTOU`: a call that would stop the group fails with `EIO`.
//! If a group becomes orphaned while one of its members is stopped, the kernel sends `SIGHUP` and `SIGCONT` to the group. The
//! group of a session's leader, such as a login shell, is usually orphaned.
//!
//! # A small shell
//!
//! ```no_run
//! use nestling::jobs::{self, ControllingTerminal, Group, Job};
//! use nestling::spawn::{Action, Attributes, Program, Spawn};
//! use nestling::{Args, AsFd, args};
//!
//! // The beginning.
//! let terminal = ControllingTerminal::for_shell()?;
//!
//! // A job in the foreground.
//! let list = args![c"vi"];
//! let lent = terminal.lend()?; // before the start: the job may change the attributes at once
//! let child = Spawn {
//!     actions: &[Action::SetForeground(terminal.as_fd().as_raw_fd())],
//!     attributes: Attributes {
//!         process_group: Some(0), // for the further members: Some(first.as_raw()), and no SetForeground
//!         default_signals: jobs::SIGNALS,
//!         ..Attributes::default()
//!     },
//!     ..Spawn::new(Program::Search { name: c"vi", path: None }, Args::new(&list), Args::EMPTY)
//! };
//! let first = child.start().expect("vi").id();
//! let mut job = Job::new(Group::new(first), first);
//! let mut status = job.wait_in_foreground(lent)?;
//!
//! // `fg`, as long as it was only stopped.
//! while status.stopped_signal().is_some() {
//!     status = job.continue_in_foreground(&terminal)?;
//! }
//! # Ok::<(), nestling::Errno>(())
//! ```

use core::mem::ManuallyDrop;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::file::OFlags;
use crate::process::{ExitStatus, Pid};
use crate::signal::{SigSet, Signal};
use crate::signals::{self, MaskGuard};
#[cfg(doc)]
use crate::spawn;
use crate::sys;
use crate::terminal::{self, Attributes, When};
use crate::wait::{self, Options, Who};

/// The signals that a terminal sends to jobs. A shell with job control ignores or handles these signals itself, so that Ctrl-C
/// does not end the shell and Ctrl-Z does not stop it. The shell's jobs need the default actions for these signals: pass this
/// set to each spawn as [`Attributes::default_signals`](spawn::Attributes::default_signals).
pub const SIGNALS: SigSet = SigSet::EMPTY
    .with(Signal::INT)
    .with(Signal::QUIT)
    .with(Signal::TSTP)
    .with(Signal::TTIN)
    .with(Signal::TTOU);

/// A process group. The group's id is the pid of its first member. The kernel does not reuse this id until the group's last
/// member has been reaped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Group(Pid);

impl Group {
    /// Makes a `Group` from the group's id. This id is the pid of a child that was started with `process_group: Some(0)`.
    #[must_use]
    pub const fn new(id: Pid) -> Self {
        Self(id)
    }

    /// Returns the group's id.
    #[must_use]
    pub const fn id(self) -> Pid {
        self.0
    }

    /// Sends a signal to every member of the group (`killpg(3)`). Costs one system call.
    ///
    /// # Errors
    /// `ESRCH` if the group has no members; `EPERM` if this process may not send the signal to any member; `EINVAL` if the group is
    /// the group of process 1, because `kill(2)` cannot address this group.
    #[doc(alias = "killpg")]
    pub fn signal(self, signal: Signal) -> Result<(), Errno> {
        self.kill(Some(signal))
    }

    /// Continues the stopped members of the group: sends `SIGCONT` to every member. Costs one system call.
    ///
    /// # Errors
    /// The errors of [`signal`](Self::signal), except that `EPERM` does not occur if the group is in this process's session.
    #[doc(alias = "SIGCONT")]
    pub fn resume(self) -> Result<(), Errno> {
        self.kill(Some(Signal::CONT))
    }

    /// Returns whether the group has members. A process that has ended is a member until it is reaped. Costs one system call.
    ///
    /// # Errors
    /// `EINVAL` if the group is the group of process 1.
    pub fn exists(self) -> Result<bool, Errno> {
        match self.kill(None) {
            Ok(()) | Err(Errno::EPERM) => Ok(true),
            Err(Errno::ESRCH) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    fn kill(self, signal: Option<Signal>) -> Result<(), Errno> {
        // For `kill(2)`, the id -1 means every process.
        if self.0.as_raw() == 1 {
            return Err(Errno::EINVAL);
        }
        sys::process::kill(-self.0.as_raw(), signal)
    }

    /// Waits like [`wait_for`](wait::wait_for), but only for those children of this process that are members of the group.
    /// Returns the child's pid and status. Costs one system call.
    ///
    /// # Errors
    /// `ECHILD` if no member of the group is a child of this process; `EINTR` if a signal handler interrupted the wait.
    pub fn wait(self, options: Options) -> Result<Option<(Pid, ExitStatus)>, Errno> {
        wait::wait_for(Who::Group(self.0), options)
    }
}

/// A job: a process group, and its last process, whose exit status is the job's (POSIX XCU 2.9.2). For a single command, both have the
/// same id.
#[derive(Clone, Debug)]
pub struct Job {
    group: Group,
    last: Pid,
    /// How the last process has ended.
    ended: Option<ExitStatus>,
    /// The attributes of the terminal that the job had set when it stopped.
    attributes: Option<Attributes>,
}

impl Job {
    /// Makes a `Job` of a group of this process's children.
    #[must_use]
    pub const fn new(group: Group, last: Pid) -> Self {
        Self {
            group,
            last,
            ended: None,
            attributes: None,
        }
    }

    /// Returns the job's process group.
    #[must_use]
    pub const fn group(&self) -> Group {
        self.group
    }

    /// Waits until one of the job's processes stops, or all of them have ended, and reaps them. Returns the status of the process that has
    /// stopped, or of the job's last process. Costs one system call for each process, and one more. If a signal handler interrupts a
    /// call, `wait` repeats it.
    ///
    /// # Errors
    /// `ECHILD` if the last process is not a child of this process, or if another wait has reaped it.
    pub fn wait(&mut self) -> Result<ExitStatus, Errno> {
        loop {
            match self.reap(Options::STOPPED) {
                Ok(Some(status)) => return Ok(status),
                Ok(None) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// Reaps those of the job's processes that have ended. If all have ended, returns the status of the last process; otherwise, returns
    /// `None`. A shell calls this method for each job in the background before it prints a prompt.
    ///
    /// # Errors
    /// The errors of [`wait`](Self::wait).
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>, Errno> {
        // Each turn reaps a process.
        while wait::peek(Who::Group(self.group.0), Options::NOHANG) != Ok(None) {
            match self.reap(Options::NOHANG) {
                Ok(None) | Err(Errno::EINTR) => {}
                status => return status,
            }
        }
        Ok(None)
    }

    /// Waits for one process. Returns the status of a process that has stopped, or of the last process if all have ended.
    fn reap(&mut self, options: Options) -> Result<Option<ExitStatus>, Errno> {
        match self.group.wait(options) {
            Ok(Some((_, status))) if status.stopped_signal().is_some() => Ok(Some(status)),
            Ok(Some((pid, status))) if pid == self.last => {
                self.ended = Some(status);
                Ok(None)
            }
            Ok(_) => Ok(None),
            Err(Errno::ECHILD) => self.ended.map(Some).ok_or(Errno::ECHILD),
            Err(errno) => Err(errno),
        }
    }

    /// Waits like [`wait`](Self::wait) for a job that has the terminal, and takes the terminal back. If the job has exited, the terminal
    /// keeps the attributes that the job has set; otherwise, the command `stty` would have no effect. If the job has stopped or a
    /// signal has killed it, the terminal gets the shell's attributes again.
    ///
    /// # Errors
    /// The errors of [`wait`](Self::wait), after which the terminal is taken back, too, and those of [`ControllingTerminal::take`].
    pub fn wait_in_foreground(&mut self, lent: Foreground<'_>) -> Result<ExitStatus, Errno> {
        let status = self.wait()?;
        if status.code().is_some() {
            lent.take_back_as_is()?;
        } else {
            self.attributes = Some(lent.take_back()?);
        }
        Ok(status)
    }

    /// Continues a job that has stopped, or that runs in the background, in the foreground: passes the terminal to the job, with the
    /// attributes that the job had set when it stopped; sends `SIGCONT`; and does the same as
    /// [`wait_in_foreground`](Self::wait_in_foreground).
    ///
    /// # Errors
    /// The errors of [`ControllingTerminal::hand_over`], [`Group::resume`] and [`wait_in_foreground`](Self::wait_in_foreground).
    #[doc(alias = "fg")]
    pub fn continue_in_foreground(
        &mut self,
        terminal: &ControllingTerminal,
    ) -> Result<ExitStatus, Errno> {
        let lent = terminal.hand_over(self.group, self.attributes.as_ref())?;
        self.group.resume()?;
        self.wait_in_foreground(lent)
    }
}

/// The controlling terminal that a shell shares with its jobs.
#[derive(Debug)]
pub struct ControllingTerminal(OwnedFd);

impl ControllingTerminal {
    /// Opens this process's controlling terminal (`/dev/tty`), with the close-on-exec flag.
    ///
    /// # Errors
    /// `ENXIO` if this process has no controlling terminal; `ENOENT` if `/dev/tty` does not exist; also the other errors of
    /// `open(2)`.
    pub fn open() -> Result<Self, Errno> {
        sys::fd::open(c"/dev/tty", OFlags::RDWR | OFlags::CLOEXEC, 0).map(Self)
    }

    /// Opens this process's controlling terminal for a shell with job control, as a shell does when it starts: waits until the shell is
    /// in the foreground, ignores [`SIGNALS`], and puts the shell into a process group of its own, which gets the terminal. Costs
    /// thirteen system calls.
    ///
    /// # Errors
    /// The errors of [`open`](Self::open), [`wait_until_foreground`](Self::wait_until_foreground) and [`take`](Self::take). After
    /// an error of `take`, the signals remain ignored.
    pub fn for_shell() -> Result<Self, Errno> {
        let terminal = Self::open()?;
        terminal.wait_until_foreground()?;
        for signal in SIGNALS.iter() {
            sys::signal::ignore(signal)?;
        }
        let _ = sys::process::setpgid(0, 0); // EPERM: a session's leader leads its own group already
        terminal.take()?;
        Ok(terminal)
    }

    /// Makes a `ControllingTerminal` from a descriptor of the terminal. The descriptor must be open for reading. If the
    /// terminal is not this process's controlling terminal, the methods fail with `ENOTTY`.
    #[must_use]
    pub fn new(terminal: OwnedFd) -> Self {
        Self(terminal)
    }

    /// Waits until this process's group is in the foreground. While the group is in the background, `SIGTTIN` stops the group.
    /// A shell calls this method when it starts, because it may have been started in the background. If the group is already in
    /// the foreground, this costs two system calls.
    ///
    /// # Errors
    /// `EIO` if `SIGTTIN` cannot stop this process, because its group is an orphan or because the process ignores or blocks
    /// `SIGTTIN`; also `EIO` if the terminal is hung up. A shell should ignore `SIGTTIN` only after this call.
    pub fn wait_until_foreground(&self) -> Result<(), Errno> {
        while sys::terminal::tcgetpgrp(self.as_fd())? != sys::process::getpgid(0)? {
            // Other shells send `SIGTTIN` to their own group here, and loop for ever if the signal does not stop the group. A read
            // of zero bytes makes the kernel send the signal, and fails with `EIO` if the signal cannot stop the group.
            match sys::fd::read(self.as_fd(), &mut []) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// Puts this process's group into the foreground, even if this group is in the background. Costs four system calls.
    ///
    /// # Errors
    /// `ENOTTY` if the terminal is not this process's controlling terminal; `EIO` if the terminal is hung up.
    pub fn take(&self) -> Result<(), Errno> {
        let _unstopped = unstopped()?;
        sys::terminal::tcsetpgrp(self.as_fd(), sys::process::getpgid(0)?)
    }

    /// Saves the terminal's attributes, and returns a guard that restores them when the shell takes the terminal back. Call
    /// this method before you start a job with [`Action::SetForeground`](spawn::Action::SetForeground). If the start fails,
    /// drop the guard to take the terminal back. Costs one system call.
    ///
    /// # Errors
    /// The errors of [`terminal::attributes`].
    pub fn lend(&self) -> Result<Foreground<'_>, Errno> {
        let attributes = terminal::attributes(self.as_fd())?;
        Ok(Foreground {
            terminal: self,
            attributes,
        })
    }

    /// Puts the group of an existing job into the foreground. If `attributes` is `Some`, this method first sets these attributes of
    /// the terminal: pass the attributes that the job had set when it stopped. [Resume](Group::resume) the job after this call, not
    /// before. Costs five system calls.
    ///
    /// # Errors
    /// `ESRCH` or `EPERM` if the group has no members left. (The error is `EPERM` if, for example, a group of another session
    /// now has this id.) After these two errors, the terminal is unchanged. If all members of the group have ended but not all
    /// have been reaped, the call succeeds. Also the errors of [`take`](Self::take).
    pub fn hand_over(
        &self,
        group: Group,
        attributes: Option<&Attributes>,
    ) -> Result<Foreground<'_>, Errno> {
        let lent = self.lend()?;
        let _unstopped = unstopped()?;
        if let Some(attributes) = attributes {
            terminal::set_attributes(self.as_fd(), When::Drain, attributes)?;
        }
        terminal::set_foreground(self.as_fd(), group.id())?;
        Ok(lent)
    }
}

impl AsFd for ControllingTerminal {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(feature = "std")]
crate::fd::std_as_fd!(ControllingTerminal);

/// A guard that exists while a job has the terminal. Dropping the guard does the same as [`take_back`](Self::take_back), but
/// ignores errors.
#[derive(Debug)]
#[must_use = "dropping it takes the terminal back"]
pub struct Foreground<'t> {
    terminal: &'t ControllingTerminal,
    attributes: Attributes,
}

impl Foreground<'_> {
    /// Puts this process's group into the foreground, and restores the terminal's attributes. Call this method, for example,
    /// after a job has stopped or has been killed. Returns the attributes that the job has set: pass them to
    /// [`hand_over`](ControllingTerminal::hand_over) when you continue the job. Costs six system calls.
    ///
    /// # Errors
    /// The errors of [`take`](ControllingTerminal::take).
    pub fn take_back(self) -> Result<Attributes, Errno> {
        ManuallyDrop::new(self).restore()
    }

    /// Puts this process's group into the foreground, but does not restore the terminal's attributes. Shells do this after a
    /// job has exited; otherwise, the command `stty` would have no effect. Costs four system calls.
    ///
    /// # Errors
    /// The errors of [`take`](ControllingTerminal::take).
    pub fn take_back_as_is(self) -> Result<(), Errno> {
        ManuallyDrop::new(self).terminal.take()
    }

    fn restore(&self) -> Result<Attributes, Errno> {
        self.terminal.take()?;
        let jobs = terminal::attributes(self.terminal.as_fd())?;
        terminal::set_attributes(self.terminal.as_fd(), When::Drain, &self.attributes)?;
        Ok(jobs)
    }
}

impl Drop for Foreground<'_> {
    fn drop(&mut self) {
        // `drop` cannot return an error.
        let _ = self.restore();
    }
}

/// Blocks `SIGTTOU` in this thread until the guard is dropped. So this process can change the terminal even in the background.
fn unstopped() -> Result<MaskGuard, Errno> {
    signals::block(SigSet::EMPTY.with(Signal::TTOU))
}
