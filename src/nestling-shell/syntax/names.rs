//! Marks the names that a tree uses, because [`crate::symbols`] forgets the other names.

use super::tree::{
    Arithmetic, Command, Compound, CompoundKind, Conditional, Item, List, Modifier, ParameterName,
    Part, Pipeline, Redirection, RedirectionKind, Simple, Word,
};
use crate::symbols::Marks;

/// Marks the names in a list.
pub fn list(list: &List, marks: &mut Marks) {
    items(&list.items, marks);
}

/// Marks the names in the items of a list.
pub fn items(items: &[Item], marks: &mut Marks) {
    if marks.is_too_deep() {
        return;
    }
    for item in items {
        pipeline(&item.and_or.first, marks);
        for (_, next) in &item.and_or.rest {
            pipeline(next, marks);
        }
    }
}

fn pipeline(pipeline: &Pipeline, marks: &mut Marks) {
    for command in &pipeline.commands {
        match command {
            Command::Simple(command) => simple(command, marks),
            Command::Compound(command) => compound(command, marks),
            Command::Function(function) => {
                marks.mark(function.name);
                compound(&function.body, marks);
            }
        }
    }
}

fn simple(simple: &Simple, marks: &mut Marks) {
    for assignment in &simple.assignments {
        marks.mark(assignment.name);
        word(&assignment.value, marks);
    }
    if let Some(name) = simple.name {
        marks.mark(name);
    }
    words(&simple.words, marks);
    redirections(&simple.redirections, marks);
}

/// Marks the names in a compound command.
pub fn compound(compound: &Compound, marks: &mut Marks) {
    redirections(&compound.redirections, marks);
    match &compound.kind {
        CompoundKind::Group(body) | CompoundKind::Subshell(body) => list(body, marks),
        CompoundKind::For {
            name,
            words: given,
            body,
        } => {
            marks.mark(*name);
            words(given.as_deref().unwrap_or_default(), marks);
            list(body, marks);
        }
        CompoundKind::Case { subject, arms } => {
            word(subject, marks);
            for arm in arms {
                words(&arm.patterns, marks);
                list(&arm.body, marks);
            }
        }
        CompoundKind::If {
            branches,
            otherwise,
        } => {
            for (condition, body) in branches {
                list(condition, marks);
                list(body, marks);
            }
            if let Some(otherwise) = otherwise {
                list(otherwise, marks);
            }
        }
        CompoundKind::Loop {
            condition, body, ..
        } => {
            list(condition, marks);
            list(body, marks);
        }
        CompoundKind::Conditional(expression) => conditional(expression, marks),
    }
}

fn conditional(expression: &Conditional, marks: &mut Marks) {
    if marks.is_too_deep() {
        return;
    }
    match expression {
        Conditional::Not(inner) => conditional(inner, marks),
        Conditional::Joined { left, right, .. } => {
            conditional(left, marks);
            conditional(right, marks);
        }
        Conditional::Word(one) | Conditional::Unary(_, one) => word(one, marks),
        Conditional::Binary(left, _, right) | Conditional::Regular(left, right) => {
            word(left, marks);
            word(right, marks);
        }
    }
}

fn redirections(redirections: &[Redirection], marks: &mut Marks) {
    for redirection in redirections {
        if let Some(name) = redirection.variable {
            marks.mark(name);
        }
        match &redirection.kind {
            RedirectionKind::Read(target)
            | RedirectionKind::Write(target)
            | RedirectionKind::Clobber(target)
            | RedirectionKind::Append(target)
            | RedirectionKind::ReadWrite(target)
            | RedirectionKind::Duplicate(target)
            | RedirectionKind::Both(_, target)
            | RedirectionKind::HereString(target) => word(target, marks),
            RedirectionKind::HereDocument(document) => {
                if let Some(document) = document.get() {
                    word(document, marks);
                }
            }
        }
    }
}

fn words(words: &[Word], marks: &mut Marks) {
    for one in words {
        word(one, marks);
    }
}

fn word(word: &Word, marks: &mut Marks) {
    parts(&word.parts, marks);
}

fn parts(parts: &[Part], marks: &mut Marks) {
    if marks.is_too_deep() {
        return;
    }
    for part in parts {
        match part {
            Part::Literal(_) | Part::Quoted(_) | Part::Tilde(_) => {}
            Part::DoubleQuoted(inner) => self::parts(inner, marks),
            Part::Template(template) => {
                let mut at = 0;
                while let Some((_, Some(name))) = template.next(&mut at) {
                    parameter(name, marks);
                }
            }
            Part::Parameter(name) => parameter(*name, marks),
            Part::Modified(modified) => {
                parameter(modified.name, marks);
                modifier(&modified.modifier, marks);
            }
            Part::Command(substitution) | Part::Process(_, substitution) => {
                list(&substitution.list, marks);
            }
            Part::Arithmetic(expression) => arithmetic(expression, marks),
        }
    }
}

fn parameter(name: ParameterName, marks: &mut Marks) {
    match name {
        ParameterName::Variable(name) => marks.mark(name),
        ParameterName::Positional(_) | ParameterName::Special(_) => {}
    }
}

fn modifier(modifier: &Modifier, marks: &mut Marks) {
    match modifier {
        Modifier::None | Modifier::Length | Modifier::Bad(_) => {}
        Modifier::Default { word: text, .. } | Modifier::Trim { pattern: text, .. } => {
            word(text, marks);
        }
        Modifier::Substring { offset, length } => {
            arithmetic(offset, marks);
            if let Some(length) = length {
                arithmetic(length, marks);
            }
        }
        Modifier::Replace {
            pattern,
            replacement,
            ..
        } => {
            word(pattern, marks);
            word(replacement, marks);
        }
    }
}

fn arithmetic(arithmetic: &Arithmetic, marks: &mut Marks) {
    word(&arithmetic.word, marks);
    if let Some(Some(expression)) = arithmetic.expression.get() {
        expression.names(&mut |name| marks.mark(name));
    }
}
