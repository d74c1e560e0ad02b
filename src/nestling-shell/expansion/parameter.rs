//! Parameter expansion: XCU 2.6.2, and 2.5.2 for `$@` and `$*`.

use alloc::vec::Vec;

use nestling::text::Text;

use super::{
    Context, Error, Expander, Host, Keeps, arithmetic, check_unset, name_of, single, value,
};
use crate::characters;
use crate::fields::{Arguments, Fields};
use crate::pattern;
use crate::symbols::Symbol;
use crate::syntax::tree::{Arithmetic, Modifier, Parameter, ParameterName, Word};

/// A function that changes a value when it is added to the text.
type Transform<'a> = &'a mut dyn FnMut(&[u8], &mut Vec<u8>);

impl<H: Host> Expander<'_, H> {
    /// Appends the parameter's value or values without a change.
    pub(super) fn value(&mut self, name: ParameterName, quoted: bool) -> Result<(), H::Divert> {
        let start = self.text.len();
        match name {
            ParameterName::Special(sign @ (b'@' | b'*')) => {
                let values = self.host.positional().clone();
                if !self.joins(sign, quoted) {
                    self.list(sign, values.all(), quoted, &mut |value, out| {
                        out.extend_from_slice(value)
                    });
                    return Ok(());
                }
                self.join(sign, values.all());
            }
            name => match value(self.host, name) {
                Some(value) => self.text.extend_from_slice(&value),
                None => check_unset(self.host, name)?,
            },
        }
        self.mark(start, quoted);
        Ok(())
    }

    pub(super) fn parameter(
        &mut self,
        parameter: &Parameter,
        quoted: bool,
    ) -> Result<(), H::Divert> {
        let name = parameter.name;
        match &parameter.modifier {
            Modifier::None => self.value(name, quoted),
            Modifier::Length => {
                let start = self.text.len();
                let length = self.length(name)?;
                length.write(&mut self.text);
                self.mark(start, quoted);
                Ok(())
            }
            Modifier::Default {
                operator,
                colon,
                word,
            } => self.default(name, *operator, *colon, word, quoted),
            Modifier::Trim {
                suffix,
                longest,
                pattern,
            } => {
                let pattern = super::pattern(self.host, pattern)?;
                self.values(name, quoted, &mut |value, out| {
                    let rest = if *suffix {
                        pattern
                            .suffix(value, *longest)
                            .and_then(|start| value.get(..start))
                    } else {
                        pattern
                            .prefix(value, *longest)
                            .and_then(|end| value.get(end..))
                    };
                    out.extend_from_slice(rest.unwrap_or(value));
                })
            }
            Modifier::Substring { offset, length } => {
                self.substring(name, offset, length.as_deref(), quoted)
            }
            Modifier::Replace {
                which,
                pattern,
                replacement,
            } => {
                let pattern = super::pattern(self.host, pattern)?;
                let replacement = single(self.host, replacement)?;
                self.values(name, quoted, &mut |value, out| {
                    replace(*which, &pattern, &replacement, value, out);
                })
            }
            Modifier::Bad(text) => Err(self.host.fail(Error::Parameter(text, b"bad substitution"))),
        }
    }

    /// Appends the parameter's value, or each of its values, transformed.
    fn values(
        &mut self,
        name: ParameterName,
        quoted: bool,
        transform: Transform<'_>,
    ) -> Result<(), H::Divert> {
        if let ParameterName::Special(sign @ (b'@' | b'*')) = name {
            let positional = self.host.positional().clone();
            self.list(sign, positional.all(), quoted, transform);
            return Ok(());
        }
        let start = self.text.len();
        match value(self.host, name) {
            Some(value) => transform(&value, &mut self.text),
            None => check_unset(self.host, name)?,
        }
        self.mark(start, quoted);
        Ok(())
    }

    /// Whether `$@` or `$*` is joined to one text.
    fn joins(&self, sign: u8, quoted: bool) -> bool {
        self.keeps != Keeps::All || quoted && sign == b'*'
    }

    fn join(&mut self, sign: u8, values: Arguments<'_>) {
        let joint = match sign {
            b'*' => joint(self.host),
            _ => b" ",
        };
        values.join(joint, &mut self.text);
    }

    /// Appends the values of `$@` or `$*`, as separate fields or joined.
    fn list(&mut self, sign: u8, values: Arguments<'_>, quoted: bool, transform: Transform<'_>) {
        if self.joins(sign, quoted) {
            let start = self.text.len();
            let mut transformed = Fields::new();
            for value in values.iter() {
                let mut text = Vec::new();
                transform(value, &mut text);
                transformed.push(&text);
            }
            self.join(sign, transformed.arguments());
            self.mark(start, quoted);
            return;
        }
        for (index, value) in values.iter().enumerate() {
            if index > 0 {
                self.mark_break();
            }
            let start = self.text.len();
            transform(value, &mut self.text);
            self.mark(start, quoted);
            if quoted {
                self.mark_empty(start);
            }
        }
        self.vanished |= values.is_empty() && quoted;
    }

    /// The length in `${#name}`.
    fn length(&mut self, name: ParameterName) -> Result<usize, H::Divert> {
        if let ParameterName::Special(b'@' | b'*') = name {
            return Ok(self.host.positional().len());
        }
        let utf8 = self.host.utf8();
        match value(self.host, name) {
            Some(value) => Ok(characters::count(&value, utf8)),
            None => check_unset(self.host, name).map(|()| 0),
        }
    }

    /// Expands `${name-word}`, `${name=word}`, `${name?word}` and `${name+word}`.
    fn default(
        &mut self,
        name: ParameterName,
        operator: u8,
        colon: bool,
        word: &Word,
        quoted: bool,
    ) -> Result<(), H::Divert> {
        let context = Context {
            quoted,
            substituted: true,
        };
        if self.is_set(name, colon, quoted) {
            return match operator {
                b'+' => self.substituted(word, context),
                _ => self.value(name, quoted),
            };
        }
        match operator {
            b'+' => Ok(()),
            b'-' => self.substituted(word, context),
            b'=' => {
                let ParameterName::Variable(variable) = name else {
                    let name = name_of(self.host, name);
                    return Err(self
                        .host
                        .fail(Error::Parameter(&name, b"cannot be assigned to")));
                };
                let value = single(self.host, word)?;
                self.host.assign(variable, &value)?;
                self.value(name, quoted)
            }
            _ => {
                let message = match &*word.parts {
                    [] if colon => b"parameter null or not set".to_vec(),
                    [] => b"parameter not set".to_vec(),
                    _ => single(self.host, word)?,
                };
                let name = name_of(self.host, name);
                Err(self.host.fail(Error::Parameter(&name, &message)))
            }
        }
    }

    /// Expands the word that replaces the parameter. A `$@` without values in this word expands to an empty text. It does not
    /// remove the field, as a `$@` outside of it does.
    fn substituted(&mut self, word: &Word, context: Context) -> Result<(), H::Divert> {
        let vanished = self.vanished;
        let flow = self.parts(&word.parts, context);
        self.vanished = vanished;
        flow
    }

    /// Whether a parameter is set and, if `colon`, not empty. `$@` and `$*` are always set.
    fn is_set(&mut self, name: ParameterName, colon: bool, quoted: bool) -> bool {
        let ParameterName::Special(sign @ (b'@' | b'*')) = name else {
            return value(self.host, name).is_some_and(|value| !colon || !value.is_empty());
        };
        let is_joined = sign == b'*' && (quoted || self.keeps != Keeps::All);
        let values = self.host.positional().all();
        !colon
            || values.iter().any(|value| !value.is_empty())
            || values.len() > 1 && !(is_joined && joint(self.host).is_empty())
    }

    /// Expands `${name:offset:length}`.
    fn substring(
        &mut self,
        name: ParameterName,
        offset: &Arithmetic,
        length: Option<&Arithmetic>,
        quoted: bool,
    ) -> Result<(), H::Divert> {
        let offset = arithmetic::evaluate(self.host, offset)?;
        let length = match length {
            Some(length) => Some(arithmetic::evaluate(self.host, length)?),
            None => None,
        };
        if let ParameterName::Special(sign @ (b'@' | b'*')) = name {
            // The offset 0 means `$0`, which is part of the list only for that offset.
            let mut all = Fields::new();
            all.push(&self.host.special(b'0').unwrap_or_default());
            all.append(self.host.positional().all());
            let (start, end) = range(offset, length, all.len());
            let mut values = Fields::new();
            let wanted = all.iter().skip(start).take(end - start);
            wanted.for_each(|value| values.push(value));
            self.list(sign, values.arguments(), quoted, &mut |value, out| {
                out.extend_from_slice(value)
            });
            return Ok(());
        }
        let utf8 = self.host.utf8();
        self.values(name, quoted, &mut |value, out| {
            let (start, end) = range(offset, length, characters::count(value, utf8));
            let (start, _) = characters::offset(value, start, utf8);
            let (end, _) = characters::offset(value, end, utf8);
            out.extend_from_slice(value.get(start..end).unwrap_or_default());
        })
    }
}

/// Returns the separator with which `$*` is joined: the first character of IFS.
fn joint<H: Host>(host: &H) -> &[u8] {
    match host.stored(Symbol::IFS) {
        None => b" ",
        Some(ifs) => ifs
            .get(..characters::length(ifs, host.utf8()))
            .unwrap_or_default(),
    }
}

/// Converts an offset and a length to a range of at most `count` elements. Negative numbers count from the end.
fn range(offset: i64, length: Option<i64>, count: usize) -> (usize, usize) {
    let count = count as i64;
    let start = if offset < 0 {
        offset.saturating_add(count)
    } else {
        offset
    };
    if !(0..=count).contains(&start) {
        return (0, 0);
    }
    let end = match length {
        None => count,
        Some(length) if length < 0 => length.saturating_add(count).max(start),
        Some(length) => start.saturating_add(length).min(count),
    };
    (start as usize, end as usize)
}

/// Expands `${name/pattern/text}`.
fn replace(
    which: u8,
    pattern: &pattern::Pattern,
    replacement: &[u8],
    value: &[u8],
    out: &mut Vec<u8>,
) {
    let mut from = 0;
    loop {
        let found = match which {
            b'#' => pattern.prefix(value, true).map(|end| (0, end)),
            b'%' => pattern
                .suffix(value, true)
                .map(|start| (start, value.len())),
            _ => pattern
                .find(value, from)
                .filter(|&(start, end)| start < end || value.is_empty()),
        };
        let Some((start, end)) = found else { break };
        out.extend_from_slice(value.get(from..start).unwrap_or_default());
        out.extend_from_slice(replacement);
        from = end;
        if which != b'/' || value.is_empty() {
            break;
        }
    }
    out.extend_from_slice(value.get(from..).unwrap_or_default());
}
