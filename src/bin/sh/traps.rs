//! Traps: XCU 2.12, 2.15 `trap`.

use alloc::rc::Rc;
use alloc::vec::Vec;

use nestling::signals::{self, MaskGuard};
use nestling::sys::signal::Action;
use nestling::{SigSet, Signal, sys};

use crate::execution;
use crate::jobs;
use crate::options::Opt;
use crate::shell::{Divert, Flow, Shell};
use crate::syntax::Source;

/// What an action is for: a signal, or EXIT.
pub type Condition = Option<Signal>;

/// The conditions that are not in their default state, and what is executed then: an empty action is to ignore.
type Actions = Vec<(Condition, Rc<[u8]>)>;

#[derive(Debug, Default)]
pub struct Traps {
    /// In the conditions' order.
    actions: Actions,
    /// In a subshell: what its parent had, as long as no `trap` has changed anything here.
    parents: Option<Actions>,
    /// The signals that the shell does something about when they have come: those with a trap that is not to ignore, and SIGINT if it
    /// is interactive.
    acts_on: SigSet,
    /// Those that an interactive shell catches so as to survive them.
    survives: SigSet,
    /// Those whose default is to be ignored: of an asynchronous list.
    ignored: SigSet,
    /// Those ignored when the shell was started, among those that were asked for.
    ignored_on_entry: SigSet,
    asked: SigSet,
    before: Option<Before>,
    /// The action for ERR (as bash, ksh and busybox have it); and whether it is executed here: in a function or a subshell only if that
    /// has set it, or with `set -E`.
    error: Option<Rc<[u8]>>,
    error_is_active: bool,
}

/// What was when an action began.
#[derive(Debug, Clone, Copy)]
struct Before {
    status: i32,
    /// How many functions and dot scripts were being executed.
    depth: u32,
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

    fn action(&self, condition: Condition) -> Option<&Rc<[u8]>> {
        self.actions
            .iter()
            .find(|&&(other, _)| other == condition)
            .map(|(_, action)| action)
    }

    /// One system call, the first time.
    fn is_ignored_on_entry(&mut self, signal: Signal) -> bool {
        if !self.asked.contains(signal) {
            self.asked = self.asked.with(signal);
            if let Ok(Action::Ignore) = sys::signal::action(signal) {
                self.ignored_on_entry = self.ignored_on_entry.with(signal);
            }
        }
        self.ignored_on_entry.contains(signal)
    }

    /// Has the kernel do with a signal what the table says.
    fn establish(&mut self, signal: Signal, interactive: bool) {
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

/// `trap`: sets a condition's action, or with `None` resets it. One that a shell that is not interactive was started to ignore stays so.
pub fn set(shell: &mut Shell, condition: Condition, action: Option<&[u8]>) {
    let interactive = shell.is_interactive();
    let traps = &mut shell.traps;
    traps.parents = None;
    if let Some(signal) = condition
        && traps.is_ignored_on_entry(signal)
        && !interactive
    {
        return;
    }
    let index = traps
        .actions
        .partition_point(|&(other, _)| other < condition);
    let there = traps
        .actions
        .get(index)
        .is_some_and(|&(other, _)| other == condition);
    match action {
        Some(action) => {
            let new = (condition, Rc::from(action));
            match traps.actions.get_mut(index) {
                Some(old) if there => *old = new,
                _ => traps.actions.insert(index, new),
            }
        }
        None if there => drop(traps.actions.remove(index)),
        None => {}
    }
    if let Some(signal) = condition {
        if action.is_none() {
            traps.ignored = traps.ignored.without(signal);
        }
        traps.establish(signal, interactive);
    }
}

/// Executes the actions of signals that have come. `$?` is kept.
#[cold]
pub fn run_pending(shell: &mut Shell) -> Flow {
    while !shell.stack.is_low()
        && let Some(signal) = shell.traps.next_pending()
    {
        sys::caught::take(signal);
        match shell.traps.action(Some(signal)).cloned() {
            Some(action) => run(shell, &action)?,
            None => {
                nestling::eprintln!();
                shell.status = 128 + signal.as_raw();
                return Err(Divert::Interrupt);
            }
        }
    }
    Ok(())
}

fn run(shell: &mut Shell, action: &[u8]) -> Flow {
    let (status, line, substitution_status) = (shell.status, shell.line, shell.substitution_status);
    let depth = depth(shell);
    let before = shell.traps.before.replace(Before { status, depth });
    let flow = execution::all(shell, &mut Source::text(action, line));
    shell.traps.before = before;
    shell.line = line;
    shell.substitution_status = substitution_status;
    if flow.is_ok() {
        shell.status = status;
    }
    flow
}

/// Executes the action for ERR: a command has failed, where that ends a shell with `set -e`.
#[cold]
pub fn run_error(shell: &mut Shell) -> Flow {
    let Some(action) = shell.traps.error.clone() else {
        return Ok(());
    };
    // What fails in it is not its own business.
    let was_active = shell.traps.enter(false);
    let flow = run(shell, &action);
    shell.traps.leave(was_active);
    flow
}

fn depth(shell: &Shell) -> u32 {
    shell.functions_deep + shell.scripts_deep
}

/// What `exit` without an operand exits with: `$?`, or in a trap's action, which it ends, what that was before it.
pub fn status_for_exit(shell: &Shell) -> i32 {
    shell
        .traps
        .before
        .map_or(shell.status, |before| before.status)
}

/// What `return` without an operand returns: as for `exit`, if it does not only end a function that the action calls.
pub fn status_for_return(shell: &Shell) -> i32 {
    let before = shell
        .traps
        .before
        .filter(|before| before.depth == depth(shell));
    before.map_or(shell.status, |before| before.status)
}

/// Executes the action for EXIT, once, with `$?` being the shell's exit status. An `exit` in it changes that.
pub fn run_exit(shell: &mut Shell) {
    let exit = shell
        .traps
        .actions
        .first()
        .is_some_and(|(condition, _)| condition.is_none());
    if !exit {
        return;
    }
    let (_, action) = shell.traps.actions.remove(0);
    // An `exit` in the action of a signal has brought us here.
    shell.traps.before = None;
    let _ = run(shell, &action);
}

/// Blocks the signals that are caught, until the guard is dropped, in the parent and in the child: for a fork, so that none which is sent to the
/// child comes before [`enter_subshell`] has reset what it does. No system call if none is caught.
pub fn hold(shell: &Shell) -> Option<MaskGuard> {
    let caught = shell.traps.acts_on.union(shell.traps.survives);
    if caught == SigSet::EMPTY {
        return None;
    }
    signals::block(caught).ok()
}

/// In a process that is a copy of the shell (XCU 2.13): traps that are not to ignore are reset to the default, and are only kept for
/// `trap` to show.
pub fn enter_subshell(shell: &mut Shell) {
    let inherits = shell.options.has(Opt::Errtrace);
    let traps = &mut shell.traps;
    traps.enter(inherits);
    let caught = traps.acts_on.union(traps.survives);
    if traps.parents.is_none() {
        traps.parents = Some(traps.actions.clone());
    }
    traps.actions.retain(|(_, action)| action.is_empty());
    traps.survives = SigSet::EMPTY;
    traps.before = None;
    if caught != SigSet::EMPTY {
        caught
            .iter()
            .for_each(|signal| traps.establish(signal, false));
    }
}

/// In such a copy, for an asynchronous list without job control (XCU 2.12): SIGINT and SIGQUIT are ignored, unless a `trap` in it says
/// something else.
pub fn ignore_interrupts(shell: &mut Shell) {
    for signal in [Signal::INT, Signal::QUIT] {
        let traps = &mut shell.traps;
        traps.ignored = traps.ignored.with(signal);
        if !traps.is_ignored_on_entry(signal) {
            traps.establish(signal, false);
        }
    }
}

/// Forgets a SIGINT that an interactive shell has got while something else ran that has dealt with it. Whether the shell has no trap for it.
pub fn forget_interrupt(shell: &Shell) -> bool {
    let untrapped = shell.traps.action(Some(Signal::INT)).is_none();
    if untrapped {
        sys::caught::take(Signal::INT);
    }
    untrapped
}

/// The shell becomes interactive: SIGINT, SIGQUIT, SIGTERM, and with job control SIGTSTP, SIGTTIN, SIGTTOU do not end or stop it.
/// (They are *caught*, not ignored, so that programs get their default.) Called again when `set -m` changes.
pub fn set_interactive(shell: &mut Shell) {
    if !shell.is_interactive() || shell.is_subshell {
        return;
    }
    let mut survives = SigSet::EMPTY
        .with(Signal::INT)
        .with(Signal::QUIT)
        .with(Signal::TERM);
    if jobs::controls(shell) {
        survives = survives
            .with(Signal::TSTP)
            .with(Signal::TTIN)
            .with(Signal::TTOU);
    }
    let traps = &mut shell.traps;
    let changed = survives
        .union(traps.survives)
        .difference(SigSet::from_bits(survives.bits() & traps.survives.bits()));
    traps.survives = survives;
    changed
        .iter()
        .for_each(|signal| traps.establish(signal, true));
}
