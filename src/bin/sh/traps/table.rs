//! The table of traps: which conditions have actions, and what the kernel does with each signal. It executes none.

use alloc::rc::Rc;
use alloc::vec::Vec;

use nestling::sys::signal::Action;
use nestling::{SigSet, Signal, sys};

/// What an action is for: a signal, or EXIT.
pub type Condition = Option<Signal>;

/// The conditions that are not in their default state, and what is executed then: an empty action is to ignore.
pub(super) type Actions = Vec<(Condition, Rc<[u8]>)>;

#[derive(Debug, Default)]
pub struct Traps {
    /// In the conditions' order.
    pub(super) actions: Actions,
    /// In a subshell: what its parent had, as long as no `trap` has changed anything here.
    pub(super) parents: Option<Actions>,
    /// The signals that the shell does something about when they have come: those with a trap that is not to ignore, and SIGINT if it
    /// is interactive.
    pub(super) acts_on: SigSet,
    /// Those that an interactive shell catches so as to survive them.
    pub(super) survives: SigSet,
    /// Those whose default is to be ignored: of an asynchronous list.
    pub(super) ignored: SigSet,
    /// Those ignored when the shell was started, among those that were asked for.
    ignored_on_entry: SigSet,
    asked: SigSet,
    pub(super) before: Option<Before>,
    /// The action for ERR (as bash, ksh and busybox have it); and whether it is executed here: in a function or a subshell only if that
    /// has set it, or with `set -E`.
    pub(super) error: Option<Rc<[u8]>>,
    error_is_active: bool,
}

/// What was when an action began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before {
    pub(super) status: i32,
    /// How many functions and dot scripts were being executed.
    pub(super) depth: u32,
}

impl Traps {
    /// Notes which signals were ignored when the shell was started: those can't be trapped (unless it is interactive). That is, it does so
    /// when one is trapped first: the kernel knows until then. But with SIGCHLD ignored, nothing could be waited for.
    pub fn new() -> Self {
        let _ = sys::signal::reset(Signal::CHLD);
        Self {
            asked: SigSet::EMPTY.with(Signal::CHLD),
            ..Self::default()
        }
    }

    /// Whether a signal has come whose action is to be executed. Cheap: it is asked between any two commands.
    pub fn pending(&self) -> bool {
        sys::caught::caught().bits() & self.acts_on.bits() != 0
    }

    /// The first such signal.
    pub fn next_pending(&self) -> Option<Signal> {
        let bits = sys::caught::caught().bits() & self.acts_on.bits();
        Signal::from_raw(bits.trailing_zeros() as i32 + 1)
    }

    /// Whether a signal has an action; else, if it is pending, it interrupts an interactive shell.
    pub fn has_action(&self, signal: Signal) -> bool {
        self.action(Some(signal)).is_some()
    }

    /// Whether there is nothing that this process would have to be there for.
    pub fn is_empty(&self) -> bool {
        self.actions.iter().all(|(_, action)| action.is_empty()) && !self.acts_on_errors()
    }

    /// The signals that [`pending`](Self::pending) is about.
    pub fn acts_on(&self) -> SigSet {
        self.acts_on
    }

    /// The action of a condition; `None` is the default. For signals ignored from the beginning too, in a shell that is not interactive.
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

    /// The action for ERR, which `trap` shows.
    pub fn error(&self) -> Option<&Rc<[u8]>> {
        self.error.as_ref()
    }

    /// Sets the action for ERR.
    pub fn set_error(&mut self, action: Option<&[u8]>) {
        self.error = action.map(Rc::from);
        self.error_is_active = true;
    }

    /// Whether something is executed when a command fails.
    pub fn acts_on_errors(&self) -> bool {
        self.error_is_active && self.error.as_ref().is_some_and(|action| !action.is_empty())
    }

    /// A function begins: it has the action for ERR only if it `inherits` that. To be given back to [`leave`](Self::leave).
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

    /// One system call, the first time.
    pub(super) fn is_ignored_on_entry(&mut self, signal: Signal) -> bool {
        if !self.asked.contains(signal) {
            self.asked = self.asked.with(signal);
            if let Ok(Action::Ignore) = sys::signal::action(signal) {
                self.ignored_on_entry = self.ignored_on_entry.with(signal);
            }
        }
        self.ignored_on_entry.contains(signal)
    }

    /// Has the kernel do with a signal what the table says.
    pub(super) fn establish(&mut self, signal: Signal, interactive: bool) {
        self.acts_on = self.acts_on.without(signal);
        // SIGKILL and SIGSTOP can't be changed, which is not worth a word.
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
