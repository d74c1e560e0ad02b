//! Traps: XCU 2.12, 2.15 `trap`.

pub mod table;

use alloc::rc::Rc;

use nestling::signals::{self, MaskGuard};
use nestling::{SigSet, Signal, sys};

use crate::jobs;
use crate::options::Opt;
use crate::shell::{Divert, Flow, Shell};
use nestling_shell::syntax::Source;
use table::Before;
pub use table::Condition;

/// `trap`: sets a condition's action, or resets it with `None`. In a shell that is not interactive, a signal that was ignored at
/// its start stays ignored.
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

/// Executes the actions of signals that have arrived.
pub fn check(shell: &mut Shell) -> Flow {
    if shell.traps.pending() {
        run_pending(shell)?;
    }
    Ok(())
}

/// Executes the actions of signals that have arrived. `$?` does not change.
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
    let flow = (shell.hooks.execute)(shell, &mut Source::text(action, line));
    shell.traps.before = before;
    shell.line = line;
    shell.substitution_status = substitution_status;
    if flow.is_ok() {
        shell.status = status;
    }
    flow
}

/// Executes the action for ERR, after a failure that would end the shell with `set -e`.
#[cold]
pub fn run_error(shell: &mut Shell) -> Flow {
    let Some(action) = shell.traps.error.clone() else {
        return Ok(());
    };
    // A failure in the action does not execute the action again.
    let was_active = shell.traps.enter(false);
    let flow = run(shell, &action);
    shell.traps.leave(was_active);
    flow
}

fn depth(shell: &Shell) -> u32 {
    shell.functions_deep + shell.scripts_deep
}

/// Returns the status for `exit` without an operand: `$?`, or in the action of a trap the value of `$?` before the action.
pub fn status_for_exit(shell: &Shell) -> i32 {
    shell
        .traps
        .before
        .map_or(shell.status, |before| before.status)
}

/// Returns the status for `return` without an operand. `exit` would use the same status, except in a function that
/// the action of a trap calls.
pub fn status_for_return(shell: &Shell) -> i32 {
    let before = shell
        .traps
        .before
        .filter(|before| before.depth == depth(shell));
    before.map_or(shell.status, |before| before.status)
}

/// Executes the action for EXIT once. In the action, `$?` is the shell's exit status, which `exit` can change.
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
    // The action of a signal may have called `exit`.
    shell.traps.before = None;
    let _ = run(shell, &action);
}

/// Blocks the signals that are caught until the guard is dropped, in the parent and in the child of a fork. So a signal to the
/// child is not handled before [`enter_subshell`] has reset its action. Makes no system call if no signal is caught.
pub fn hold(shell: &Shell) -> Option<MaskGuard> {
    let caught = shell.traps.acts_on.union(shell.traps.survives);
    if caught == SigSet::EMPTY {
        return None;
    }
    signals::block(caught).ok()
}

/// In a process that is a copy of the shell (XCU 2.13): resets traps to the default action, except those that ignore a signal. The
/// old actions are kept only for the output of `trap`.
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

/// In such a copy, for an asynchronous list without job control (XCU 2.12): ignores SIGINT and SIGQUIT, unless a `trap` in the list
/// sets another action.
pub fn ignore_interrupts(shell: &mut Shell) {
    for signal in [Signal::INT, Signal::QUIT] {
        let traps = &mut shell.traps;
        traps.ignored = traps.ignored.with(signal);
        if !traps.is_ignored_on_entry(signal) {
            traps.establish(signal, false);
        }
    }
}

/// Forgets a SIGINT that arrived at an interactive shell while a command ran that has handled it. Returns whether the shell has no
/// trap for it.
pub fn forget_interrupt(shell: &Shell) -> bool {
    let untrapped = shell.traps.action(Some(Signal::INT)).is_none();
    if untrapped {
        sys::caught::take(Signal::INT);
    }
    untrapped
}

/// Makes the shell survive the signals of an interactive shell: SIGINT, SIGQUIT, SIGTERM, and with job control SIGTSTP, SIGTTIN and
/// SIGTTOU. They are *caught*, not ignored, so that programs get the default action. This is called again when `set -m` changes.
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
