//! Whether a command substitution can be executed by this very process, so that nobody notices: what changes no more than variables (which
//! are taken back), and starts programs by spawns, needs no copy of the shell.

use super::search::{self, Target};
use super::simple::foreseen;
use crate::builtins::{Builtin, Kind};
use crate::shell::Shell;
use crate::syntax::tree::{
    AndOr, Command, Compound, CompoundKind, List, Modifier, Parameter, Part, Pipeline, Redirection,
    RedirectionKind, Simple, Word,
};

/// How many functions are looked into, one calling the other.
const DEPTH: u32 = 4;

pub fn leaves_none(shell: &Shell, list: &List) -> bool {
    clean_list(shell, list, DEPTH)
}

fn clean_list(shell: &Shell, list: &List, depth: u32) -> bool {
    list.items
        .iter()
        .all(|item| !item.asynchronous && clean_and_or(shell, &item.and_or, depth))
}

fn clean_and_or(shell: &Shell, and_or: &AndOr, depth: u32) -> bool {
    clean_pipeline(shell, &and_or.first, depth)
        && and_or
            .rest
            .iter()
            .all(|(_, next)| clean_pipeline(shell, next, depth))
}

fn clean_pipeline(shell: &Shell, pipeline: &Pipeline, depth: u32) -> bool {
    match &*pipeline.commands {
        [Command::Simple(simple)] => clean_simple(shell, simple, depth),
        [Command::Compound(compound)] => clean_compound(shell, compound, depth),
        [_] => false,
        // Processes of their own.
        _ => true,
    }
}

fn clean_compound(shell: &Shell, compound: &Compound, depth: u32) -> bool {
    if !compound.redirections.iter().all(clean_redirection) {
        return false;
    }
    let clean = |list: &List| clean_list(shell, list, depth);
    match &compound.kind {
        CompoundKind::Group(body) | CompoundKind::For { body, .. } => clean(body),
        // A process of its own.
        CompoundKind::Subshell(_) | CompoundKind::Conditional(_) => true,
        CompoundKind::Case { arms, .. } => arms.iter().all(|arm| clean(&arm.body)),
        CompoundKind::If {
            branches,
            otherwise,
        } => {
            branches
                .iter()
                .all(|(condition, body)| clean(condition) && clean(body))
                && otherwise.iter().all(clean)
        }
        CompoundKind::Loop {
            condition, body, ..
        } => clean(condition) && clean(body),
    }
}

/// A redirection that this process carries out. Standard output itself is no descriptor while a command substitution collects it.
fn clean_redirection(redirection: &Redirection) -> bool {
    match &redirection.kind {
        RedirectionKind::Duplicate(word) => word.literal().is_some_and(|text| text != b"1"),
        _ => true,
    }
}

fn clean_simple(shell: &Shell, simple: &Simple, depth: u32) -> bool {
    if simple.words.is_empty() {
        return simple.redirections.iter().all(clean_redirection);
    }
    let Some(name) = foreseen(shell, simple) else {
        return false;
    };
    match search::target(shell, Some(name)) {
        Target::Program => true,
        Target::Builtin(builtin) => {
            is_clean(builtin, simple) && simple.redirections.iter().all(clean_redirection)
        }
        Target::Function(function) => {
            depth > 0
                && simple.redirections.iter().all(clean_redirection)
                && clean_compound(shell, &function.body, depth - 1)
        }
    }
}

fn is_clean(builtin: &Builtin, simple: &Simple) -> bool {
    if builtin.leaves_no_trace {
        return true;
    }
    // `command -v name`
    let is_question = |word: &Word| matches!(word.literal(), Some(b"-v" | b"-V"));
    builtin.name == "command" && simple.words.get(1).is_some_and(is_question)
}

/// A built-in that does nothing but write: no redirections, and a name that is known.
pub fn only_writes(shell: &Shell, simple: &Simple) -> bool {
    let Some(name) = foreseen(shell, simple) else {
        return false;
    };
    match search::target(shell, Some(name)) {
        Target::Builtin(builtin) => {
            matches!(builtin.name, "echo" | "printf")
                && builtin.kind == Kind::Regular
                && simple.redirections.is_empty()
                && !has_side_effects(simple)
        }
        _ => false,
    }
}

/// Expansions that are not to happen twice.
fn has_side_effects(simple: &Simple) -> bool {
    has_substitution(simple)
        || simple
            .words
            .iter()
            .any(|word| any(word, &|part| matches!(part, Part::Arithmetic(_))))
}

/// Whether its expansion runs commands, which may take long.
pub fn has_substitution(simple: &Simple) -> bool {
    let runs = |word: &Word| {
        any(word, &|part| {
            matches!(part, Part::Command(_) | Part::Process(..))
        })
    };
    simple.words.iter().any(runs)
        || simple
            .assignments
            .iter()
            .any(|assignment| runs(&assignment.value))
        || simple
            .redirections
            .iter()
            .any(|redirection| match &redirection.kind {
                RedirectionKind::Read(word)
                | RedirectionKind::Write(word)
                | RedirectionKind::Clobber(word)
                | RedirectionKind::Append(word)
                | RedirectionKind::ReadWrite(word)
                | RedirectionKind::Duplicate(word)
                | RedirectionKind::HereString(word) => runs(word),
                RedirectionKind::HereDocument(cell) => cell.get().is_some_and(runs),
            })
}

fn any(word: &Word, wanted: &dyn Fn(&Part) -> bool) -> bool {
    word.parts.iter().any(|part| any_part(part, wanted))
}

fn any_part(part: &Part, wanted: &dyn Fn(&Part) -> bool) -> bool {
    wanted(part)
        || match part {
            Part::DoubleQuoted(parts) => parts.iter().any(|part| any_part(part, wanted)),
            Part::Arithmetic(arithmetic) => any(&arithmetic.word, wanted),
            Part::Parameter(parameter) => any_parameter(parameter, wanted),
            _ => false,
        }
}

fn any_parameter(parameter: &Parameter, wanted: &dyn Fn(&Part) -> bool) -> bool {
    match &parameter.modifier {
        Modifier::Default { word, .. } => any(word, wanted),
        Modifier::Trim { pattern, .. } => any(pattern, wanted),
        Modifier::Replace {
            pattern,
            replacement,
            ..
        } => any(pattern, wanted) || any(replacement, wanted),
        Modifier::Substring { offset, length } => {
            any(&offset.word, wanted)
                || length
                    .as_ref()
                    .is_some_and(|length| any(&length.word, wanted))
        }
        _ => false,
    }
}
