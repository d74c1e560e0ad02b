//! Jobs: process groups and the terminal they share (POSIX XBD 11.1.4, XCU 2.11).
//!
//! A job is a process group. One group is the terminal's *foreground* group: it may read the terminal, and gets the signals
//! that are typed (Ctrl-C, Ctrl-Z). Any other group is stopped by `SIGTTIN` if it reads the terminal and by `SIGTTOU` if it
//! changes it. A shell passes the terminal to the job that it starts or resumes, and back to itself when the job stops or ends.
//!
//! # No race
//!
//! Usually both a shell and its child must call `setpgid` and `tcsetpgrp`, because either may run first: the child may read the
//! terminal before it has it, or the shell may pass the terminal to a group that does not exist yet. This module avoids both:
//!
//! - The *child* joins its group ([`Attributes::process_group`](spawn::Attributes::process_group)) and takes the terminal
//!   ([`Action::SetForeground`](spawn::Action::SetForeground)) before its exec, and a spawn returns after that. So the program
//!   never runs without the terminal, and when the shell knows the child's id, the group exists and has the terminal.
//! - The other members of a pipeline join the group of the first, whose id is the first member's pid. This works even if the
//!   first has ended, as long as it is not reaped: a group exists until its last member is reaped. So start the whole pipeline
//!   before you wait for any of it.
//! - A stopped job gets the terminal first and `SIGCONT` afterwards, so that it does not run in the background.
//! - When the shell takes the terminal back, it is in the background, and `SIGTTOU` would stop it. So that signal is blocked in
//!   this thread meanwhile.
//!
//! # Orphans
//!
//! A group is an orphan if no member has a parent in another group of the same session, as when their shell has ended: then no
//! process could resume it. Stop signals from the terminal (`SIGTSTP`, `SIGTTIN`, `SIGTTOU`) do nothing to it; a call that
//! would have stopped it fails with `EIO`. If a group becomes an orphan while a member is stopped, the kernel sends it `SIGHUP`
//! and `SIGCONT`. The group of a session's leader, such as a login shell, is usually an orphan.
//!
//! # A small shell
//!
//! ```no_run
//! use nestling::jobs::{self, ControllingTerminal, Group};
//! use nestling::spawn::{Action, Attributes, Program, Spawn};
//! use nestling::wait::Options;
//! use nestling::{Args, AsFd, Errno, ExitStatus, args, sys};
//!
//! // The beginning.
//! let terminal = ControllingTerminal::open()?;
//! terminal.wait_until_foreground()?;
//! let _ = sys::process::setpgid(0, 0); // EPERM: a session's leader leads its own group already
//! terminal.take()?;
//!
//! /// Waits until the job stops or all of it has ended.
//! fn wait(job: Group) -> Result<ExitStatus, Errno> {
//!     let mut last = ExitStatus::default();
//!     loop {
//!         match job.wait(Options::STOPPED) {
//!             Ok(Some((_, status))) if status.stopped_signal().is_some() => return Ok(status),
//!             Ok(ended) => last = ended.map_or(last, |(_, status)| status),
//!             Err(Errno::EINTR) => {}
//!             Err(Errno::ECHILD) => return Ok(last),
//!             Err(errno) => return Err(errno),
//!         }
//!     }
//! }
//!
//! // A job in the foreground.
//! let list = args![c"vi"];
//! let lent = terminal.lend()?; // before the start: the job may change the attributes at once
//! let child = Spawn {
//!     actions: &[Action::SetForeground(terminal.as_fd().as_raw_fd())],
//!     attributes: Attributes {
//!         process_group: Some(0), // for the further members: Some(job.id().as_raw()), and no SetForeground
//!         default_signals: jobs::SIGNALS,
//!         ..Attributes::default()
//!     },
//!     ..Spawn::new(Program::Search { name: c"vi", path: None }, Args::new(&list), Args::EMPTY)
//! };
//! let job = Group::new(child.start().expect("vi").id());
//! let mut status = wait(job)?;
//! let mut attributes = lent.take_back()?;
//!
//! // `fg`, as long as it was only stopped.
//! while status.stopped_signal().is_some() {
//!     let lent = terminal.hand_over(job, Some(&attributes))?;
//!     job.resume()?;
//!     status = wait(job)?;
//!     attributes = lent.take_back()?;
//! }
//! # Ok::<(), Errno>(())
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

/// The signals that a terminal sends to jobs. A shell with job control ignores or handles them, so that Ctrl-C does not end it
/// and Ctrl-Z does not stop it. Its jobs must have the default actions: pass this as
/// [`Attributes::default_signals`](spawn::Attributes::default_signals).
pub const SIGNALS: SigSet = SigSet::EMPTY
    .with(Signal::INT)
    .with(Signal::QUIT)
    .with(Signal::TSTP)
    .with(Signal::TTIN)
    .with(Signal::TTOU);

/// A process group. Its id is that of its first member, and is not reused before its last member is reaped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Group(Pid);

impl Group {
    /// Makes the group with this id: the pid of a child that was started with `process_group: Some(0)`.
    pub const fn new(id: Pid) -> Self {
        Self(id)
    }

    /// Returns the id.
    pub const fn id(self) -> Pid {
        self.0
    }

    /// Sends a signal to every member (`killpg(3)`). One system call.
    ///
    /// # Errors
    /// `ESRCH` if the group has no members; `EPERM` if none of them may get it; `EINVAL` for the group of process 1, which
    /// `kill(2)` cannot address.
    pub fn signal(self, signal: Signal) -> Result<(), Errno> {
        self.kill(Some(signal))
    }

    /// Continues stopped members (`SIGCONT`). One system call.
    ///
    /// # Errors
    /// Those of [`signal`](Self::signal), but `SIGCONT` may be sent to any process of this session.
    pub fn resume(self) -> Result<(), Errno> {
        self.kill(Some(Signal::CONT))
    }

    /// Returns whether the group has members. A process that has ended is a member until it is reaped. One system call.
    ///
    /// # Errors
    /// `EINVAL` for the group of process 1.
    pub fn exists(self) -> Result<bool, Errno> {
        match self.kill(None) {
            Ok(()) | Err(Errno::EPERM) => Ok(true),
            Err(Errno::ESRCH) => Ok(false),
            Err(errno) => Err(errno),
        }
    }

    fn kill(self, signal: Option<Signal>) -> Result<(), Errno> {
        // -1 is every process there is.
        if self.0.as_raw() == 1 {
            return Err(Errno::EINVAL);
        }
        sys::process::kill(-self.0.as_raw(), signal)
    }

    /// Waits until a member that is this process's child has changed its state, as [`wait_for`](wait::wait_for) does. Returns
    /// its id and its status. One system call.
    ///
    /// # Errors
    /// `ECHILD` if the group has no children of this process; `EINTR` if a signal handler ran.
    pub fn wait(self, options: Options) -> Result<Option<(Pid, ExitStatus)>, Errno> {
        wait::wait_for(Who::Group(self.0), options)
    }
}

/// A shell's controlling terminal, which it shares with its jobs.
#[derive(Debug)]
pub struct ControllingTerminal(OwnedFd);

impl ControllingTerminal {
    /// Opens this process's controlling terminal, `/dev/tty`, close-on-exec.
    ///
    /// # Errors
    /// `ENXIO` if there is none; `ENOENT` if `/dev/tty` is missing, and the others of `open(2)`.
    pub fn open() -> Result<Self, Errno> {
        sys::fd::open(c"/dev/tty", OFlags::RDWR | OFlags::CLOEXEC, 0).map(Self)
    }

    /// Uses the terminal at this descriptor, which must be open for reading. If it is not this process's controlling terminal,
    /// every function fails with `ENOTTY`.
    pub fn new(terminal: OwnedFd) -> Self {
        Self(terminal)
    }

    /// Waits until this process's group is in the foreground. Until then `SIGTTIN` stops the group, so that a shell that is
    /// started in the background waits for its turn. Two system calls in the foreground.
    ///
    /// # Errors
    /// `EIO` if the process cannot be stopped because its group is an orphan, or because `SIGTTIN` is ignored or blocked (a
    /// shell should ignore it only after this call); also if the terminal is hung up.
    pub fn wait_until_foreground(&self) -> Result<(), Errno> {
        while sys::terminal::tcgetpgrp(self.as_fd())? != sys::process::getpgid(0)? {
            // A shell by hand sends its group SIGTTIN here, over and over if that stops nobody. To the reader of no byte
            // the kernel does the same, and says when it can't.
            match sys::fd::read(self.as_fd(), &mut []) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// Makes this process's group the foreground group, also from the background. Four system calls.
    ///
    /// # Errors
    /// `ENOTTY` if it is not this process's controlling terminal, `EIO` if it is hung up.
    pub fn take(&self) -> Result<(), Errno> {
        let _unstopped = unstopped()?;
        sys::terminal::tcsetpgrp(self.as_fd(), sys::process::getpgid(0)?)
    }

    /// Saves the terminal's attributes, to restore them when it is taken back. Call this before a job is started with
    /// [`Action::SetForeground`](spawn::Action::SetForeground): if that fails, dropping the guard restores the terminal. One
    /// system call.
    ///
    /// # Errors
    /// Those of [`terminal::attributes`].
    pub fn lend(&self) -> Result<Foreground<'_>, Errno> {
        let attributes = terminal::attributes(self.as_fd())?;
        Ok(Foreground {
            terminal: self,
            attributes,
        })
    }

    /// Passes the terminal to a job that exists already, with the attributes that the job had when it stopped.
    /// [Resume](Group::resume) the job afterwards, not before. Five system calls.
    ///
    /// # Errors
    /// `ESRCH` or `EPERM` if the group has no members left (its number may be another session's by now): then the terminal is
    /// unchanged. A group whose members have all ended, and are not all reaped, gets the terminal without an error. Otherwise
    /// those of [`take`](Self::take).
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

/// A job has the terminal. Dropping this is [`take_back`](Self::take_back) without its error.
#[derive(Debug)]
#[must_use = "dropping it takes the terminal back"]
pub struct Foreground<'t> {
    terminal: &'t ControllingTerminal,
    attributes: Attributes,
}

impl Foreground<'_> {
    /// Takes the terminal back for this process's group, and restores its attributes, for example after a job that stopped or
    /// was killed. Returns the attributes that the job has left, for [`hand_over`](ControllingTerminal::hand_over). Six system
    /// calls.
    ///
    /// # Errors
    /// Those of [`take`](ControllingTerminal::take).
    pub fn take_back(self) -> Result<Attributes, Errno> {
        ManuallyDrop::new(self).restore()
    }

    /// Takes the terminal back and keeps the attributes that the job has left. Shells do this after a job that exited;
    /// otherwise `stty` would have no effect. Four system calls.
    ///
    /// # Errors
    /// Those of [`take`](ControllingTerminal::take).
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
        // Nobody is left to be told.
        let _ = self.restore();
    }
}

/// Until it is dropped, what would stop a background process goes through in this thread.
fn unstopped() -> Result<MaskGuard, Errno> {
    signals::block(SigSet::EMPTY.with(Signal::TTOU))
}
