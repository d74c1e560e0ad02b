//! Executes some commands without a copy of the shell, although the language specifies a subshell environment.
//!
//! The effects of a command must not show whether it ran in a process of its own. So a command that runs without a copy must not
//! wait, must not change the shell, and must start no program except the one that the command consists of. These are all the cases:
//!
//! - A command substitution without commands: its exit status is 0.
//! - A command substitution or a command of a pipeline that is one simple command of *plain* words:
//!   - `echo`, `printf`, `pwd`, `type`, `:`, `true`, `false`, `command -v` and `command -V`, without redirections and assignments.
//!     In a pipeline this applies only if the command is not the last one, the pipeline is not in the background, the command
//!     succeeds, and its output fits in a pipe without a reader. The built-ins write to memory. If one of them has to report an
//!     error or read a directory, the attempt is abandoned, and a copy executes the command again.
//!   - A program. It is spawned as a child of the shell, like a copy of the shell that becomes the program.
//! - An asynchronous list that is one simple command or a pipeline: its programs, as above.
//! - `(…)` as the last command of a subshell that has no children and no traps: that process has nothing else to do afterwards
//!   ([`may_become_subshell`]).
//! - The last program of a script or a subshell: the process becomes the program ([`Wiring::last`]).
//!
//! Plain words consist of literal text, quotes, `~`, and parameters without a modifier, with a default (`${x-word}`, `${x+word}`)
//! or with their length. RANDOM is not plain, because its expansion changes its state. So the expansion of plain words changes
//! nothing and takes no time. With `set -x`, no word is plain.
//!
//! A fork of this shell takes 60 to 100 µs.

use alloc::vec::Vec;

use super::external::{self, StartedProcess, Wiring};
use super::search::{self, Target};
use crate::expansion;
use crate::jobs;
use crate::options::Opt;
use crate::shell::{Attempt, Divert, Shell};
use nestling_shell::fields::Fields;
use nestling_shell::symbols::Symbol;
use nestling_shell::syntax::tree::{
    Command, List, Modifier, Parameter, ParameterName, Part, Redirection, RedirectionKind, Simple,
    Word,
};

/// How a command is executed without a copy of the shell.
#[derive(Debug)]
pub enum Simply<'a> {
    /// It was executed and has written this output. `$?` is its exit status.
    Output(Vec<u8>),
    /// It is a program that [`start`] starts with these fields.
    Program(&'a Simple, Fields),
}

/// Tries this for the command of a command substitution.
pub fn of_substitution<'a>(shell: &mut Shell, body: &'a List) -> Option<Simply<'a>> {
    let [item] = &*body.items else { return None };
    let pipeline = &item.and_or.first;
    let is_alone = item.and_or.rest.is_empty() && !item.asynchronous && !pipeline.negated;
    match &*pipeline.commands {
        [Command::Simple(simple)] if is_alone => attempt(shell, simple, true),
        _ => None,
    }
}

/// Tries this for a command of a pipeline, for built-in utilities only if `with_builtins` is set. `$?` does not change.
pub fn of_element<'a>(
    shell: &mut Shell,
    element: &'a Command,
    with_builtins: bool,
) -> Option<Simply<'a>> {
    let Command::Simple(simple) = element else {
        return None;
    };
    let status = shell.status;
    let found = attempt(shell, simple, with_builtins);
    let status = core::mem::replace(&mut shell.status, status);
    // If the command failed, a copy executes it again, because its status may count with `pipefail`.
    found.filter(|found| matches!(found, Simply::Program(..)) || status == 0)
}

/// Whether this process can itself execute a subshell that is the last thing it does. It must be a copy of the shell, and must have
/// nothing that the subshell would not have: traps, children and job control.
pub fn may_become_subshell(shell: &Shell) -> bool {
    shell.is_subshell
        && shell.traps.is_empty()
        && shell.jobs.has_no_children()
        && !jobs::controls(shell)
}

/// Starts the program of a command. An error would only end the copy that this call replaces, not the shell. So it returns `None`
/// and sets the status.
pub fn start(
    shell: &mut Shell,
    simple: &Simple,
    fields: &Fields,
    wiring: &mut Wiring,
) -> Result<Option<StartedProcess>, Divert> {
    shell.line = simple.line;
    match external::start(shell, simple, fields, wiring) {
        Err(Divert::Interrupt) => Err(Divert::Interrupt),
        Err(_) => Ok(None),
        started => started,
    }
}

fn attempt<'a>(shell: &mut Shell, simple: &'a Simple, with_builtins: bool) -> Option<Simply<'a>> {
    // Most commands that need a copy are recognised by their name.
    if let Some(name) = simple.name
        && !is_candidate(shell, name, simple, with_builtins)
    {
        return None;
    }
    if !is_plain(simple) || shell.options.has(Opt::Xtrace) {
        return None;
    }
    let (status, line) = (shell.status, shell.line);
    shell.attempt = Attempt::Runs;
    let found = expand(shell, simple, with_builtins);
    let attempt = core::mem::take(&mut shell.attempt);
    if found.is_none() || attempt == Attempt::Failed {
        (shell.status, shell.line) = (status, line);
        return None;
    }
    found
}

fn is_candidate(shell: &Shell, name: Symbol, simple: &Simple, with_builtins: bool) -> bool {
    match search::target(shell, Some(name)) {
        Target::Program => true,
        Target::Builtin(builtin) => {
            with_builtins
                && simple.assignments.is_empty()
                && simple.redirections.is_empty()
                && (builtin.only_writes || builtin.name == "command")
        }
        Target::Function(_) => false,
    }
}

fn expand<'a>(shell: &mut Shell, simple: &'a Simple, with_builtins: bool) -> Option<Simply<'a>> {
    let mut fields = Fields::new();
    shell.line = simple.line;
    expansion::fields(shell, &simple.words, &mut fields).ok()?;
    let name = shell.symbols.find(fields.get(0)?);
    if let Some(name) = name
        && !is_candidate(shell, name, simple, with_builtins)
    {
        return None;
    }
    let Target::Builtin(builtin) = search::target(shell, name) else {
        return Some(Simply::Program(simple, fields));
    };
    let asks = matches!(fields.get(1), Some(b"-v" | b"-V"));
    if !(builtin.only_writes || asks) {
        return None;
    }
    let former = shell.output.capture();
    let answer = (builtin.run)(shell, fields.arguments());
    let output = shell.output.restore(former);
    shell.status = answer.ok()?;
    Some(Simply::Output(output))
}

fn is_plain(simple: &Simple) -> bool {
    simple.words.iter().all(is_plain_word)
        && simple
            .assignments
            .iter()
            .all(|assignment| is_plain_word(&assignment.value))
        && simple.redirections.iter().all(is_plain_redirection)
}

fn is_plain_redirection(redirection: &Redirection) -> bool {
    if redirection.variable.is_some() {
        return false;
    }
    match &redirection.kind {
        RedirectionKind::Read(word)
        | RedirectionKind::Write(word)
        | RedirectionKind::Clobber(word)
        | RedirectionKind::Append(word)
        | RedirectionKind::ReadWrite(word)
        | RedirectionKind::Duplicate(word)
        | RedirectionKind::Both(_, word)
        | RedirectionKind::HereString(word) => is_plain_word(word),
        RedirectionKind::HereDocument(cell) => cell.get().is_none_or(is_plain_word),
    }
}

fn is_plain_word(word: &Word) -> bool {
    word.parts.iter().all(is_plain_part)
}

fn is_plain_part(part: &Part) -> bool {
    match part {
        Part::Literal(_) | Part::Quoted(_) => true,
        Part::Tilde(name) => name.is_empty(),
        Part::DoubleQuoted(parts) => parts.iter().all(is_plain_part),
        Part::Parameter(name) => is_plain_name(*name),
        Part::Modified(parameter) => is_plain_parameter(parameter),
        Part::Template(_) | Part::Command(_) | Part::Arithmetic(_) | Part::Process(..) => false,
    }
}

fn is_plain_name(name: ParameterName) -> bool {
    name != ParameterName::Variable(Symbol::RANDOM)
}

fn is_plain_parameter(parameter: &Parameter) -> bool {
    is_plain_name(parameter.name)
        && match &parameter.modifier {
            Modifier::None | Modifier::Length => true,
            Modifier::Default { operator, word, .. } => {
                matches!(operator, b'-' | b'+') && is_plain_word(word)
            }
            Modifier::Trim { .. }
            | Modifier::Substring { .. }
            | Modifier::Replace { .. }
            | Modifier::Bad(_) => false,
        }
}
