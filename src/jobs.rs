//! Jobs: process groups and the terminal they share (POSIX XBD 11.1.4, XCU 2.11).
//!
//! A job is a process group. The terminal has one *foreground* group, which may read it and gets the signals that are typed
//! (Ctrl-C, Ctrl-Z); any other group that reads it is stopped by `SIGTTIN`, and one that changes it by `SIGTTOU`. A shell
//! passes the terminal around: to the job that it starts or resumes, and back to itself when that stops or ends.
//!
//! # No race
//!
//! By hand, a shell must call `setpgid` and `tcsetpgrp` for a child that does the same, since either may be first: the child
//! may read the terminal before it has it, or the shell may pass the terminal to a group that isn't there yet. Here neither
//! can happen:
//!
//! - The *child* joins its group ([`Attributes::process_group`](spawn::Attributes::process_group)) and takes the terminal
//!   ([`Action::SetForeground`](spawn::Action::SetForeground)) before its exec, and a spawn returns after that. So the program
//!   never runs without the terminal, and when the shell has the child's id, the group is there and has it. There is
//!   nothing left for the shell to do, and it could fail at nothing.
//! - The further members of a pipeline join the first's group, whose id is the first's pid. That works even if the first has
//!   ended meanwhile, as long as nobody has reaped it: a group lasts until its last member is reaped. So wait for a
//!   pipeline when all of it is started, not before.
//! - A stopped job gets the terminal first and `SIGCONT` then, so it doesn't find itself in the background.
//! - When the shell takes the terminal back it is itself in the background, and would be stopped by `SIGTTOU`: that is blocked
//!   meanwhile, in this thread.
//!
//! # Orphans
//!
//! A group is an orphan if nobody could resume it: no member has a parent in another group of the same session, as when
//! their shell is gone. Stop signals from the terminal (`SIGTSTP`, `SIGTTIN`, `SIGTTOU`) do nothing to it, and what would
//! have stopped it fails by `EIO` instead. If a group becomes an orphan while a member is stopped, the kernel sends it
//! `SIGHUP` and `SIGCONT`. A session's leader, as a login shell is, is mostly an orphan.
//!
//! # A shell in small
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

/// The signals that a terminal sends to jobs. A shell with job control ignores or handles them, or it would end by Ctrl-C and
/// stop by Ctrl-Z; its jobs must not: give this as
/// [`Attributes::default_signals`](spawn::Attributes::default_signals).
pub const SIGNALS: SigSet = SigSet::EMPTY
    .with(Signal::INT)
    .with(Signal::QUIT)
    .with(Signal::TSTP)
    .with(Signal::TTIN)
    .with(Signal::TTOU);

/// A process group. Its id is its first member's, and is not used again before its last member is reaped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Group(Pid);

impl Group {
    /// The group of this id: of a child that was started with `process_group: Some(0)`, its own.
    pub const fn new(id: Pid) -> Self {
        Self(id)
    }

    /// Its id.
    pub const fn id(self) -> Pid {
        self.0
    }

    /// Sends a signal to every member (`killpg(3)`). One system call.
    ///
    /// # Errors
    /// `ESRCH` if there is no member; `EPERM` if none of them may be sent it; `EINVAL` for the group of process 1, which
    /// `kill(2)` can't name.
    pub fn signal(self, signal: Signal) -> Result<(), Errno> {
        self.kill(Some(signal))
    }

    /// Lets stopped members go on (`SIGCONT`). One system call.
    ///
    /// # Errors
    /// As [`signal`](Self::signal), but `SIGCONT` may be sent to any process of this session.
    pub fn resume(self) -> Result<(), Errno> {
        self.kill(Some(Signal::CONT))
    }

    /// Whether it has a member; one that has ended is a member until it is reaped. One system call.
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

    /// Waits until a member that is this process's child has changed, as [`wait_for`](wait::wait_for) does: which, and how.
    /// One system call.
    ///
    /// # Errors
    /// `ECHILD` if no child is left in it; `EINTR` if a signal handler ran.
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
    /// `ENXIO` if there is none; `ENOENT` without `/dev/tty`, and the others of `open(2)`.
    pub fn open() -> Result<Self, Errno> {
        sys::fd::open(c"/dev/tty", OFlags::RDWR | OFlags::CLOEXEC, 0).map(Self)
    }

    /// The one that is open at this descriptor, for reading at least. If it isn't this process's controlling terminal, all
    /// that is done with it fails by `ENOTTY`.
    pub fn new(terminal: OwnedFd) -> Self {
        Self(terminal)
    }

    /// Returns when this process's group is in the foreground. Until then its members are stopped by `SIGTTIN`: a shell that
    /// is started in the background waits for its turn so. Two system calls in the foreground.
    ///
    /// # Errors
    /// `EIO` if it can't be stopped: nobody could resume it (its group is an orphan), or `SIGTTIN` is ignored or blocked, as
    /// it should not be yet; or the terminal is hung up.
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

    /// Makes this process's group the foreground one, from the background too. Four system calls.
    ///
    /// # Errors
    /// `ENOTTY` if it is not this process's controlling terminal, `EIO` if it is hung up.
    pub fn take(&self) -> Result<(), Errno> {
        let _unstopped = unstopped()?;
        sys::terminal::tcsetpgrp(self.as_fd(), sys::process::getpgid(0)?)
    }

    /// Remembers the terminal's attributes, for the time when it is taken back. For a job that is about to be started with
    /// [`Action::SetForeground`](spawn::Action::SetForeground): if that start fails, dropping the guard sees to the terminal.
    /// One system call.
    ///
    /// # Errors
    /// As [`terminal::attributes`].
    pub fn lend(&self) -> Result<Foreground<'_>, Errno> {
        let attributes = terminal::attributes(self.as_fd())?;
        Ok(Foreground {
            terminal: self,
            attributes,
        })
    }

    /// Gives the terminal to a job that is there already, with the attributes that it had when it stopped. The job is to be
    /// [resumed](Group::resume) after that, not before. Five system calls.
    ///
    /// # Errors
    /// `ESRCH` or `EPERM` if the group has no member any more (its number may be another session's by now); the terminal is
    /// as before then. A group whose members have all ended but are not all reaped gets the terminal, to no avail. Else as
    /// [`take`](Self::take).
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

/// A job has the terminal. Dropped, this is [`take_back`](Self::take_back), and what goes wrong is lost.
#[derive(Debug)]
#[must_use = "dropping it takes the terminal back"]
pub struct Foreground<'t> {
    terminal: &'t ControllingTerminal,
    attributes: Attributes,
}

impl Foreground<'_> {
    /// Takes the terminal back for this process's group, and restores its attributes: after a job that stopped or was killed,
    /// say. What the job had made of them is the answer, for [`hand_over`](ControllingTerminal::hand_over). Six system
    /// calls.
    ///
    /// # Errors
    /// As [`take`](ControllingTerminal::take).
    pub fn take_back(self) -> Result<Attributes, Errno> {
        ManuallyDrop::new(self).restore()
    }

    /// Takes the terminal back and leaves its attributes as the job has made them: after one that exited, as shells do it,
    /// else `stty` would be of no use. Four system calls.
    ///
    /// # Errors
    /// As [`take`](ControllingTerminal::take).
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
