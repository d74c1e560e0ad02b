//! Compound commands: XCU 2.9.4.

use super::{check_errexit, ignoring_errexit, list, subshell};
use crate::builtins::conditional;
use crate::expansion;
use crate::redirection::{self, Failed};
use crate::shell::{Divert, Flow, Shell};
use crate::traps;
use nestling_shell::fields::Fields;
use nestling_shell::symbols::Symbol;
use nestling_shell::syntax::tree::{Arm, Compound, CompoundKind, Item, List, Redirection, Word};

/// Executes a compound command with its redirections.
pub fn execute(shell: &mut Shell, compound: &Compound, item: &Item, last: bool) -> Flow {
    shell.line = compound.line;
    shell.check_depth()?;
    if compound.redirections.is_empty() {
        return inner(shell, compound, item, last);
    }
    let Some(saved) = apply(shell, &compound.redirections)? else {
        return check_errexit(shell);
    };
    let flow = inner(shell, compound, item, false);
    redirection::restore(shell, saved);
    flow
}

/// Applies a command's redirections. Returns `None` if one of them failed; then the command is not executed.
pub fn apply(
    shell: &mut Shell,
    redirections: &[Redirection],
) -> Result<Option<redirection::Saved>, Divert> {
    match redirection::apply(shell, redirections) {
        Ok(saved) => Ok(Some(saved)),
        Err(Failed::Redirection) => {
            shell.status = 1;
            Ok(None)
        }
        Err(Failed::Expansion(divert)) => Err(divert),
    }
}

fn inner(shell: &mut Shell, compound: &Compound, item: &Item, last: bool) -> Flow {
    match &compound.kind {
        CompoundKind::Group(body) => list(shell, body, last),
        CompoundKind::Subshell(body) => {
            subshell::foreground(shell, body, item, last)?;
            traps::check(shell)?;
            check_errexit(shell)
        }
        CompoundKind::For { name, words, body } => for_each(shell, *name, words.as_deref(), body),
        CompoundKind::Case { subject, arms } => case(shell, subject, arms, last),
        CompoundKind::If {
            branches,
            otherwise,
        } => branch(shell, branches, otherwise.as_ref(), last),
        CompoundKind::Loop {
            until,
            condition,
            body,
        } => repeat(shell, *until, condition, body),
        CompoundKind::Conditional(conditional) => {
            shell.status = conditional::evaluate(shell, conditional)?;
            check_errexit(shell)
        }
    }
}

fn branch(
    shell: &mut Shell,
    branches: &[(List, List)],
    otherwise: Option<&List>,
    last: bool,
) -> Flow {
    for (condition, body) in branches {
        ignoring_errexit(shell, |shell| list(shell, condition, false))?;
        if shell.status == 0 {
            return list(shell, body, last);
        }
    }
    match otherwise {
        Some(body) => list(shell, body, last),
        None => {
            shell.status = 0;
            Ok(())
        }
    }
}

/// Whether a loop continues after one execution of its body.
enum Round {
    Next,
    Over,
}

fn round(flow: Flow) -> Result<Round, Divert> {
    match flow {
        Ok(()) | Err(Divert::Continue(1)) => Ok(Round::Next),
        Err(Divert::Break(1)) => Ok(Round::Over),
        Err(Divert::Break(count)) => Err(Divert::Break(count - 1)),
        Err(Divert::Continue(count)) => Err(Divert::Continue(count - 1)),
        Err(divert) => Err(divert),
    }
}

fn repeat(shell: &mut Shell, until: bool, condition: &List, body: &List) -> Flow {
    shell.loops += 1;
    let flow = rounds(shell, until, condition, body);
    shell.loops -= 1;
    flow
}

fn rounds(shell: &mut Shell, until: bool, condition: &List, body: &List) -> Flow {
    let mut status = 0;
    loop {
        let flow = ignoring_errexit(shell, |shell| list(shell, condition, false));
        let interrupted = flow.is_err();
        match round(flow)? {
            Round::Over => return Ok(()),
            Round::Next if interrupted => continue,
            Round::Next => {}
        }
        if (shell.status == 0) == until {
            shell.status = status;
            return Ok(());
        }
        if let Round::Over = round(list(shell, body, false))? {
            return Ok(());
        }
        status = shell.status;
    }
}

fn for_each(shell: &mut Shell, name: Symbol, words: Option<&[Word]>, body: &List) -> Flow {
    let mut fields = Fields::new();
    match words {
        Some(words) => {
            shell.substitution_status = None;
            expansion::fields(shell, words, &mut fields)?;
        }
        None => fields.append(shell.positional.all()),
    }
    shell.status = 0;
    shell.loops += 1;
    let flow = each(shell, name, &fields, body);
    shell.loops -= 1;
    flow
}

fn each(shell: &mut Shell, name: Symbol, fields: &Fields, body: &List) -> Flow {
    for field in fields.iter() {
        shell.assign(name, field)?;
        if let Round::Over = round(list(shell, body, false))? {
            break;
        }
    }
    Ok(())
}

fn case(shell: &mut Shell, subject: &Word, arms: &[Arm], last: bool) -> Flow {
    shell.substitution_status = None;
    let subject = expansion::single(shell, subject)?;
    let mut falls_through = false;
    for arm in arms {
        if !falls_through && !matches(shell, arm, &subject)? {
            continue;
        }
        if arm.falls_through {
            list(shell, &arm.body, false)?;
            falls_through = true;
            continue;
        }
        if arm.body.items.is_empty() {
            shell.status = 0;
        }
        return list(shell, &arm.body, last);
    }
    if !falls_through {
        shell.status = 0;
    }
    Ok(())
}

fn matches(shell: &mut Shell, arm: &Arm, subject: &[u8]) -> Result<bool, Divert> {
    for pattern in &arm.patterns {
        if expansion::matches(shell, pattern, subject)? {
            return Ok(true);
        }
    }
    Ok(false)
}
