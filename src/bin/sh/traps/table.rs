//! The table of traps: the actions of the conditions, and the kernel's settings for each signal. Nothing in this file executes an
//! action.

use alloc::rc::Rc;
use alloc::vec::Vec;

use nestling::sys::signal::Disposition;
use nestling::{SigSet, Signal, sys};

/// The condition of a trap: a signal, or `None` for EXIT.
pub type Condition = Option<Signal>;

/// The conditions that are not in their default state, and their actions. An empty action means that the signal is ignored.
pub(super) type Actions = Vec<(Condition, Rc<[u8]>)>;

#[derive(Debug, Default)]
pub struct Traps {
    /// Sorted by condition.
    pub(super) actions: Actions,
    /// In a subshell: the actions of its parent, until `trap` changes something here.
    pub(super) parents: Option<Actions>,
    /// The signals on which the shell acts when they arrive: those with a trap that does not ignore them, and SIGINT in an
    /// interactive shell.
    pub(super) acts_on: SigSet,
    /// The signals that an interactive shell catches so that they do not end or stop it.
    pub(super) survives: SigSet,
    /// The signals that an asynchronous list ignores by default.
    pub(super) ignored: SigSet,
    /// The signals that were ignored when the shell was started. `asked` has the signals for which the shell already knows this.
    ignored_on_entry: SigSet,
    asked: SigSet,
    pub(super) before: Option<Before>,
    /// The action for ERR (as in bash, ksh and busybox), and whether it is executed here. In a function or a subshell, it is
    /// executed only if it was set there, or with `set -E`.
    pub(super) error: Option<Rc<[u8]>>,
    error_is_active: bool,
}

/// The state before an action began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    pub(super) status: i32,
    /// The number of functions and dot scripts that were being executed.
    pub(super) depth: u32,
}

impl Traps {
    /// Makes a table without traps. Signals that were ignored when the shell was started cannot be trapped unless it is
    /// interactive. The shell asks the kernel whether a signal was ignored when a command first sets a trap for that signal.
    /// SIGCHLD gets its default action here: if it were ignored, the shell could not wait for its children.
    pub fn new() -> Self {
        let _ = sys::signal::reset(Signal::CHLD);
        Self {
            asked: SigSet::EMPTY.with(Signal::CHLD),
            ..Self::default()
        }
    }

    /// Whether a signal has arrived whose action must be executed. This is cheap, because it is called between any two commands.
    pub fn pending(&self) -> bool {
        sys::caught::caught().bits() & self.acts_on.bits() != 0
    }

    /// Returns the first signal that has arrived and whose action must be executed.
    pub fn next_pending(&self) -> Option<Signal> {
        let bits = sys::caught::caught().bits() & self.acts_on.bits();
        Signal::from_raw(bits.trailing_zeros() as i32 + 1)
    }

    /// Whether a signal has an action. A pending signal without one interrupts an interactive shell.
    pub fn has_action(&self, signal: Signal) -> bool {
        self.action(Some(signal)).is_some()
    }

    /// Whether a SIGINT interrupts the current command and returns to the prompt.
    pub fn is_interrupted(&self) -> bool {
        self.acts_on.contains(Signal::INT) && !self.has_action(Signal::INT)
    }

    /// Whether no trap has an action to execute. Then a program may replace this process.
    pub fn is_empty(&self) -> bool {
        self.actions.iter().all(|(_, action)| action.is_empty()) && !self.acts_on_errors()
    }

    /// The signals that [`pending`](Self::pending) checks.
    pub fn acts_on(&self) -> SigSet {
        self.acts_on
    }

    /// Returns the action of a condition as `trap` shows it; `None` is the default action. In a shell that is not interactive, a
    /// signal that was ignored at its start has an empty action.
    pub fn shown(&mut self, condition: Condition, interactive: bool) -> Option<Rc<[u8]>> {
        let actions = self.parents.as_ref().unwrap_or(&self.actions);
        let found = actions.iter().find(|&&(other, _)| other == condition);
        match (found.map(|(_, action)| action.clone()), condition) {
            (Some(action), _) => Some(action),
            (None, Some(signal)) if !interactive && self.is_ignored_on_entry(signal) => {
                Some(Rc::default())
            }
            _ => None,
        }
    }

    /// Returns the action for ERR, for the output of `trap`.
    pub fn error(&self) -> Option<&Rc<[u8]>> {
        self.error.as_ref()
    }

    /// Sets the action for ERR.
    pub fn set_error(&mut self, action: Option<&[u8]>) {
        self.error = action.map(Rc::from);
        self.error_is_active = true;
    }

    /// Whether an action is executed when a command fails.
    pub fn acts_on_errors(&self) -> bool {
        self.error_is_active && self.error.as_ref().is_some_and(|action| !action.is_empty())
    }

    /// Enters a function: the action for ERR is executed in it only if `inherits`. The result must be passed to
    /// [`leave`](Self::leave).
    pub fn enter(&mut self, inherits: bool) -> bool {
        let was_active = self.error_is_active;
        self.error_is_active &= inherits;
        was_active
    }

    pub fn leave(&mut self, was_active: bool) {
        self.error_is_active |= was_active;
    }

    pub(super) fn action(&self, condition: Condition) -> Option<&Rc<[u8]>> {
        self.actions
            .iter()
            .find(|&&(other, _)| other == condition)
            .map(|(_, action)| action)
    }

    /// Makes one system call, the first time that it is called for a signal.
    pub(super) fn is_ignored_on_entry(&mut self, signal: Signal) -> bool {
        if !self.asked.contains(signal) {
            self.asked = self.asked.with(signal);
            if let Ok(Disposition::Ignore) = sys::signal::action(signal) {
                self.ignored_on_entry = self.ignored_on_entry.with(signal);
            }
        }
        self.ignored_on_entry.contains(signal)
    }

    /// Sets the kernel's action for a signal as the table requires.
    pub(super) fn establish(&mut self, signal: Signal, interactive: bool) {
        self.acts_on = self.acts_on.without(signal);
        // Setting SIGKILL or SIGSTOP fails, which is not reported.
        let _ = match self.action(Some(signal)) {
            Some(action) if !action.is_empty() => {
                self.acts_on = self.acts_on.with(signal);
                sys::caught::catch(signal)
            }
            Some(_) if signal != Signal::CHLD => sys::signal::ignore(signal).map(drop),
            None if self.survives.contains(signal) => {
                if interactive && signal == Signal::INT {
                    self.acts_on = self.acts_on.with(signal);
                }
                sys::caught::catch(signal)
            }
            None if self.ignored.contains(signal) => sys::signal::ignore(signal).map(drop),
            _ => sys::signal::reset(signal),
        };
        if !self.acts_on.contains(signal) {
            sys::caught::take(signal);
        }
    }
}
