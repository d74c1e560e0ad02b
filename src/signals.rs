//! Guards and descriptors for signals (`signal(7)`).
//!
//! A program that must not miss a signal [`block`]s it. A blocked signal stays pending until the program takes it: by [`wait`],
//! from a [`SignalFd`] in an event loop, or, if a handler is to run, by unblocking it during [`ppoll`](crate::poll::ppoll) and
//! nowhere else. [`sys::signal::set_action`] sets a handler; it is `unsafe`, because the handler may interrupt any code.
//!
//! Each thread has a signal mask; the actions belong to the process. Children inherit both, but [`spawn`](crate::spawn) resets
//! handlers and restores the mask.

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
/// Signals that were blocked before stay blocked afterwards.
///
/// # Errors
/// It fails only if a seccomp filter forbids it.
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

/// Unblocks signals in this thread until the guard is dropped (`sigprocmask(2)`). One system call, and one when dropped.
///
/// # Errors
/// Those of [`block`].
pub fn unblock(signals: SigSet) -> Result<MaskGuard, Errno> {
    sys::signal::unblock(signals).map(MaskGuard::new)
}

/// Restores this thread's former signal mask when dropped. Drop several guards in the opposite order of their making.
///
/// A guard cannot leave its thread:
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

    /// Returns the former mask, for [`ppoll`](crate::poll::ppoll) to unblock the signals while it waits.
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
/// A signal that arrives meanwhile is discarded, and so is a pending one. While `SIGCHLD` is ignored, the kernel reaps children
/// itself.
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

/// Sets a signal to its default action until the guard is dropped (`sigaction(2)`). One system call, and one when dropped.
///
/// # Errors
/// Those of [`ignore`].
pub fn set_default(signal: Signal) -> Result<ActionGuard, Errno> {
    sys::signal::set_default(signal).map(ActionGuard)
}

/// Restores the former action, with its flags and its mask, when dropped. The actions belong to the process: if several threads
/// change the same one, the first to begin must be the last to finish.
#[derive(Debug)]
#[must_use = "the action is restored when this is dropped"]
pub struct ActionGuard(SavedAction);

/// The same for an action that [`replace_action`](crate::sys::signal::replace_action) has replaced by a handler.
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

/// Returns the blocked signals that are pending, for this thread or for the process (`sigpending(2)`). One system call.
///
/// # Errors
/// Those of [`block`].
pub fn pending() -> Result<SigSet, Errno> {
    sys::signal::sigpending()
}

/// Waits until a signal of the set is pending, and takes it: no action follows (`sigwaitinfo(2)`). The signals must be blocked
/// in every thread, and not ignored. One system call, repeated if a handler of another signal interrupts it.
///
/// # Errors
/// Those of [`block`].
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

/// Waits as [`wait`] does, but at most for `timeout`: then it returns `None`. With a timeout of zero it does not wait
/// (`sigtimedwait(2)`). Two system calls, one for a timeout of zero; more if handlers of other signals interrupt it.
///
/// # Errors
/// Those of [`block`]; `ENOSYS` on i386 before Linux 5.1.
pub fn wait_timeout(signals: SigSet, timeout: Duration) -> Result<Option<SigInfo>, Errno> {
    let wait = |rest| sys::signal::sigtimedwait(signals, rest);
    match despite_handlers(Some(timeout), wait) {
        Err(Errno::EAGAIN) => Ok(None),
        answer => answer.map(Some),
    }
}

/// A descriptor from which signals are read (`signalfd(2)`). It is readable while a signal is pending, so that
/// [`poll`](crate::poll) can wait for it. It closes on exec.
///
/// The signals must be blocked in every thread; otherwise their actions are taken. `SIGCHLD` does not queue: one signal may
/// stand for several children, so reap until no ended child is left.
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
    /// Makes a descriptor for these signals. With `OFlags::NONBLOCK` its [`read`](Self::read) does not wait; no other flag is
    /// allowed. One system call.
    ///
    /// # Errors
    /// `EMFILE`, `ENFILE`, `ENOMEM`; `EINVAL` for another flag.
    pub fn new(signals: SigSet, flags: OFlags) -> Result<Self, Errno> {
        sys::signal::signalfd(signals, flags).map(Self)
    }

    /// Changes the set of signals. One system call.
    ///
    /// # Errors
    /// Those of [`block`].
    pub fn set(&self, signals: SigSet) -> Result<(), Errno> {
        sys::signal::set_signalfd(self.as_fd(), signals)
    }

    /// Waits until a signal is pending, and takes it. One system call, repeated if a handler of another signal interrupts it.
    ///
    /// # Errors
    /// `EAGAIN` if no signal is pending and the descriptor is non-blocking.
    pub fn read(&self) -> Result<SigInfo, Errno> {
        despite_handlers(None, |_| sys::signal::read_signalfd(self.as_fd()))
    }
}

impl AsFd for SignalFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
