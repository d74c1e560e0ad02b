//! Guards and descriptors for signals (`signal(7)`).
//!
//! A program can receive signals without a handler: it blocks them with [`block`], and a blocked signal stays pending until the
//! program takes it. The program takes a signal with [`wait`], or reads it from a [`SignalFd`] in an event loop.
//!
//! A program that uses a handler also keeps the signal blocked, and unblocks it only during [`ppoll`](crate::poll::ppoll). The
//! function [`sys::signal::set_action`] sets a handler. This function is `unsafe`, because a handler may interrupt any code.
//!
//! Each thread has its own signal mask, but all threads of a process share the actions for signals. A child inherits the mask
//! and the actions, except that [`spawn`](crate::spawn) replaces handlers with the default action.

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

/// Blocks signals in this thread until the guard is dropped (`sigprocmask(2)`). Costs one system call, and one more when the
/// guard is dropped.
///
/// Signals that were already blocked stay blocked after the guard is dropped.
///
/// # Errors
/// The call fails only if a seccomp filter forbids it.
///
/// ```
/// use nestling::{SigSet, Signal, signals};
///
/// let guard = signals::block(SigSet::EMPTY.with(Signal::INT)).unwrap();
/// assert!(!guard.former().contains(Signal::INT));
/// // Ctrl-C does nothing here, and acts when the guard is gone.
/// drop(guard);
/// ```
#[doc(alias("sigprocmask", "pthread_sigmask"))]
pub fn block(signals: SigSet) -> Result<MaskGuard, Errno> {
    sys::signal::block(signals).map(MaskGuard::new)
}

/// Unblocks signals in this thread until the guard is dropped (`sigprocmask(2)`). Costs one system call, and one more when the
/// guard is dropped.
///
/// # Errors
/// The errors of [`block`].
#[doc(alias("sigprocmask", "pthread_sigmask"))]
pub fn unblock(signals: SigSet) -> Result<MaskGuard, Errno> {
    sys::signal::unblock(signals).map(MaskGuard::new)
}

/// A guard that restores this thread's previous signal mask when the guard is dropped. If a thread has several guards, drop the
/// newest one first.
///
/// A guard cannot be sent to another thread:
///
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(nestling::signals::block(nestling::SigSet::EMPTY));
/// ```
#[derive(Debug)]
#[must_use = "the mask is restored when this is dropped"]
pub struct MaskGuard {
    former: SigSet,
    /// A guard must not be sent to another thread, because the mask belongs to this thread.
    not_send: PhantomData<*const ()>,
}

impl MaskGuard {
    fn new(former: SigSet) -> Self {
        Self {
            former,
            not_send: PhantomData,
        }
    }

    /// Returns the previous mask. Pass it to [`ppoll`](crate::poll::ppoll) to unblock the signals during the wait.
    #[must_use]
    pub fn former(&self) -> SigSet {
        self.former
    }
}

impl Drop for MaskGuard {
    fn drop(&mut self) {
        // This cannot fail, because the kernel itself returned this mask.
        let _ = sys::signal::set_mask(self.former);
    }
}

/// Ignores a signal until the guard is dropped (`sigaction(2)`). Costs one system call, and one more when the guard is dropped.
///
/// The kernel discards the signal if it is already pending, or if it arrives before the guard is dropped. While `SIGCHLD` is
/// ignored, the kernel reaps this process's children itself.
///
/// # Errors
/// `EINVAL` if the signal is `SIGKILL` or `SIGSTOP`.
///
/// ```
/// use nestling::{Signal, signals};
///
/// let guard = signals::ignore(Signal::INT).unwrap();
/// // Ctrl-C does nothing here.
/// drop(guard);
/// ```
#[doc(alias = "SIG_IGN")]
pub fn ignore(signal: Signal) -> Result<ActionGuard, Errno> {
    sys::signal::ignore(signal).map(ActionGuard)
}

/// Sets a signal to its default action until the guard is dropped (`sigaction(2)`). Costs one system call, and one more when
/// the guard is dropped.
///
/// # Errors
/// The errors of [`ignore`].
#[doc(alias = "SIG_DFL")]
pub fn set_default(signal: Signal) -> Result<ActionGuard, Errno> {
    sys::signal::set_default(signal).map(ActionGuard)
}

/// A guard that restores a signal's previous action when the guard is dropped, including the action's flags and mask. All
/// threads of a process share the actions. So if several threads change the action for the same signal, the first thread to
/// change it must be the last to restore it.
#[derive(Debug)]
#[must_use = "the action is restored when this is dropped"]
pub struct ActionGuard(SavedAction);

impl ActionGuard {
    /// Returns whether the signal was ignored before, too.
    pub(crate) fn was_ignored(&self) -> bool {
        self.0.is_ignored()
    }
}

/// Makes a guard that restores this action when the guard is dropped. [`replace_action`](crate::sys::signal::replace_action)
/// returns such an action.
impl From<SavedAction> for ActionGuard {
    fn from(saved: SavedAction) -> Self {
        Self(saved)
    }
}

impl Drop for ActionGuard {
    fn drop(&mut self) {
        // This cannot fail, because the kernel itself returned this action.
        let _ = sys::signal::restore_action(&self.0);
    }
}

/// Returns the blocked signals that are pending for this thread or for the whole process (`sigpending(2)`). Costs one system
/// call.
///
/// # Errors
/// The errors of [`block`].
#[doc(alias = "sigpending")]
pub fn pending() -> Result<SigSet, Errno> {
    sys::signal::sigpending()
}

/// Waits until a signal of the set is pending, and takes it (`sigwaitinfo(2)`): the signal is then no longer pending, and the
/// kernel does not carry out its action. All threads must block the signals, and the process must not ignore them. Costs one
/// system call, which is repeated if a handler of another signal interrupts it.
///
/// # Errors
/// The errors of [`block`].
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
#[doc(alias("sigwait", "sigwaitinfo"))]
pub fn wait(signals: SigSet) -> Result<SigInfo, Errno> {
    despite_handlers(None, |_| sys::signal::sigtimedwait(signals, None))
}

/// Waits like [`wait`], but at most for `timeout` (`sigtimedwait(2)`). If no signal arrives in this time, returns `None`. If
/// the timeout is zero, the function does not wait. Costs two system calls; one if the timeout is zero; more if handlers of
/// other signals interrupt the wait.
///
/// # Errors
/// The errors of [`block`]; `ENOSYS` on i386 before Linux 5.1.
#[doc(alias = "sigtimedwait")]
pub fn wait_timeout(signals: SigSet, timeout: Duration) -> Result<Option<SigInfo>, Errno> {
    let wait = |rest| sys::signal::sigtimedwait(signals, rest);
    match despite_handlers(Some(timeout), wait) {
        Err(Errno::EAGAIN) => Ok(None),
        answer => answer.map(Some),
    }
}

/// A descriptor from which a program reads signals (`signalfd(2)`). The descriptor is readable while one of its signals is
/// pending, so [`poll`](crate::poll) can wait for signals. The descriptor closes on exec.
///
/// All threads must block the signals; otherwise, the kernel carries out the signals' actions instead. If several children end,
/// the kernel may send only one `SIGCHLD`. So after each `SIGCHLD`, reap all children that have ended.
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
    /// Makes a descriptor for these signals. If `flags` is `OFlags::NONBLOCK`, [`read`](Self::read) does not wait. `flags` must
    /// not contain any other flag. Costs one system call.
    ///
    /// # Errors
    /// `EMFILE`, `ENFILE`, `ENOMEM`; `EINVAL` if `flags` contains another flag.
    pub fn new(signals: SigSet, flags: OFlags) -> Result<Self, Errno> {
        sys::signal::signalfd(signals, flags).map(Self)
    }

    /// Replaces the descriptor's set of signals with `signals`. Costs one system call.
    ///
    /// # Errors
    /// The errors of [`block`].
    pub fn set(&self, signals: SigSet) -> Result<(), Errno> {
        sys::signal::set_signalfd(self.as_fd(), signals)
    }

    /// Waits until a signal of the set is pending, and takes it: the signal is then no longer pending. Costs one system call,
    /// which is repeated if a handler of another signal interrupts it.
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

crate::fd::into_owned_fd!(SignalFd);
