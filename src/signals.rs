//! Guards and descriptors for signals (`signal(7)`).
//!
//! A program that must not miss a signal [`block`]s it. What comes then stays pending until the program takes it when it
//! is ready: by [`wait`], in an event loop from a [`SignalFd`], or, where handlers are to run, by letting it through in
//! [`ppoll`](crate::poll::ppoll) and nowhere else. A handler is set by
//! [`sys::signal::set_action`], which is `unsafe`: it may interrupt anything.
//!
//! A thread has a mask of its own; actions are the process's. Both are inherited by children, but
//! [`spawn`](crate::spawn) takes care of that.

use core::marker::PhantomData;
use core::time::Duration;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::file::OFlags;
use crate::signal::{SigSet, Signal};
use crate::sys;
use crate::sys::signal::SavedAction;
pub use crate::sys::signal::SigInfo;
use crate::time::despite_handlers;

/// Blocks signals in this thread until the guard is dropped (`sigprocmask(2)`). One system call, and one when dropped.
///
/// Those that were blocked already stay so, then too.
///
/// # Errors
/// Only a seccomp filter makes it fail.
///
/// ```
/// use nestling::{SigSet, Signal, signals};
///
/// let guard = signals::block(SigSet::EMPTY.with(Signal::INT)).unwrap();
/// assert!(!guard.former().contains(Signal::INT));
/// // Ctrl-C does nothing here, and acts when the guard is gone.
/// drop(guard);
/// ```
pub fn block(signals: SigSet) -> Result<MaskGuard, Errno> {
    sys::signal::block(signals).map(MaskGuard::new)
}

/// Lets signals through in this thread until the guard is dropped (`sigprocmask(2)`). One system call, and one when dropped.
///
/// # Errors
/// As [`block`].
pub fn unblock(signals: SigSet) -> Result<MaskGuard, Errno> {
    sys::signal::unblock(signals).map(MaskGuard::new)
}

/// Gives this thread its former signal mask again when dropped. Drop guards in the opposite order of their making.
///
/// It can't leave its thread:
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(nestling::signals::block(nestling::SigSet::EMPTY));
/// ```
#[derive(Debug)]
#[must_use = "the mask is restored when this is dropped"]
pub struct MaskGuard {
    former: SigSet,
    /// The mask is this thread's.
    not_send: PhantomData<*const ()>,
}

impl MaskGuard {
    fn new(former: SigSet) -> Self {
        Self {
            former,
            not_send: PhantomData,
        }
    }

    /// The former mask: what [`ppoll`](crate::poll::ppoll) takes to let the signals through while it waits.
    pub fn former(&self) -> SigSet {
        self.former
    }
}

impl Drop for MaskGuard {
    fn drop(&mut self) {
        // This cannot fail: the mask is one that the kernel gave us.
        let _ = sys::signal::set_mask(self.former);
    }
}

/// Ignores a signal until the guard is dropped (`sigaction(2)`). One system call, and one when dropped.
///
/// What comes meanwhile is gone for good, and so is what was pending. Ignored `SIGCHLD` makes children reap themselves.
///
/// # Errors
/// `EINVAL` for `SIGKILL` and `SIGSTOP`.
///
/// ```
/// use nestling::{Signal, signals};
///
/// let guard = signals::ignore(Signal::INT).unwrap();
/// // Ctrl-C does nothing here.
/// drop(guard);
/// ```
pub fn ignore(signal: Signal) -> Result<ActionGuard, Errno> {
    sys::signal::ignore(signal).map(ActionGuard)
}

/// Has a signal do what it does by default until the guard is dropped (`sigaction(2)`). One system call, and one when
/// dropped.
///
/// # Errors
/// As [`ignore`].
pub fn set_default(signal: Signal) -> Result<ActionGuard, Errno> {
    sys::signal::set_default(signal).map(ActionGuard)
}

/// Restores the former action, with its flags and its mask, when dropped. Actions are the process's: where several threads
/// change the same one, the last to finish must be the first to have begun.
#[derive(Debug)]
#[must_use = "the action is restored when this is dropped"]
pub struct ActionGuard(SavedAction);

/// For an action that [`replace_action`](crate::sys::signal::replace_action) replaced by a handler.
impl From<SavedAction> for ActionGuard {
    fn from(saved: SavedAction) -> Self {
        Self(saved)
    }
}

impl Drop for ActionGuard {
    fn drop(&mut self) {
        // This cannot fail: the action is one that the kernel gave us.
        let _ = sys::signal::restore_action(&self.0);
    }
}

/// What is blocked and has come, for this thread or for the process (`sigpending(2)`). One system call.
///
/// # Errors
/// As [`block`].
pub fn pending() -> Result<SigSet, Errno> {
    sys::signal::sigpending()
}

/// Waits until a signal of the set comes, and takes it: nothing else is done with it (`sigwaitinfo(2)`). Each of them must be
/// blocked, in every thread, and not ignored. One system call, repeated if a handler of another signal interrupts it.
///
/// # Errors
/// As [`block`].
///
/// ```
/// use nestling::{SigSet, Signal, signals, sys};
///
/// let usr1 = SigSet::EMPTY.with(Signal::USR1);
/// let _guard = signals::block(usr1).unwrap();
/// let myself = sys::process::getpid();
/// sys::process::kill(myself.as_raw(), Some(Signal::USR1)).unwrap();
/// let info = signals::wait(usr1).unwrap();
/// assert_eq!((info.signal, info.pid()), (Signal::USR1, Some(myself)));
/// ```
pub fn wait(signals: SigSet) -> Result<SigInfo, Errno> {
    despite_handlers(None, |_| sys::signal::sigtimedwait(signals, None))
}

/// As [`wait`], but `None` when the time is over; with none at all it only looks whether there is one (`sigtimedwait(2)`).
/// Two system calls, one for no time; more if handlers of other signals interrupt it.
///
/// # Errors
/// As [`block`]; `ENOSYS` on i386 before Linux 5.1.
pub fn wait_timeout(signals: SigSet, timeout: Duration) -> Result<Option<SigInfo>, Errno> {
    let wait = |rest| sys::signal::sigtimedwait(signals, rest);
    match despite_handlers(Some(timeout), wait) {
        Err(Errno::EAGAIN) => Ok(None),
        answer => answer.map(Some),
    }
}

/// A descriptor from which signals are read (`signalfd(2)`): ready, for [`poll`](crate::poll), when there is one. It closes on
/// exec.
///
/// The signals must be blocked, in every thread: else the process does with them what it does. `SIGCHLD` does not queue: one
/// that is read may stand for several children, so reap until there is none left.
///
/// ```
/// use nestling::signals::{self, SignalFd};
/// use nestling::spawn::{Program, Spawn};
/// use nestling::{Args, OFlags, SigSet, Signal, args};
///
/// let chld = SigSet::EMPTY.with(Signal::CHLD);
/// let _guard = signals::block(chld).unwrap();
/// let signals = SignalFd::new(chld, OFlags::default()).unwrap();
///
/// let list = args![c"sh", c"-c", c"exit 3"];
/// let search = Program::Search { name: c"sh", path: None };
/// let mut child = Spawn::new(search, Args::new(&list), Args::EMPTY).start().unwrap();
/// let info = signals.read().unwrap();
/// assert_eq!(info.pid(), Some(child.id()));
/// assert_eq!(info.status(), child.wait().ok());
/// ```
#[derive(Debug)]
pub struct SignalFd(OwnedFd);

impl SignalFd {
    /// A descriptor for these signals. With `OFlags::NONBLOCK` its [`read`](Self::read) does not wait; no other flag is
    /// allowed. One system call.
    ///
    /// # Errors
    /// `EMFILE`, `ENFILE`, `ENOMEM`; `EINVAL` for another flag.
    pub fn new(signals: SigSet, flags: OFlags) -> Result<Self, Errno> {
        sys::signal::signalfd(signals, flags).map(Self)
    }

    /// Has it be for these signals from now on. One system call.
    ///
    /// # Errors
    /// As [`block`].
    pub fn set(&self, signals: SigSet) -> Result<(), Errno> {
        sys::signal::set_signalfd(self.as_fd(), signals)
    }

    /// Waits until there is a signal, and takes it. One system call, repeated if a handler of another signal interrupts it.
    ///
    /// # Errors
    /// `EAGAIN` if there is none and it does not wait.
    pub fn read(&self) -> Result<SigInfo, Errno> {
        despite_handlers(None, |_| sys::signal::read_signalfd(self.as_fd()))
    }
}

impl AsFd for SignalFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
