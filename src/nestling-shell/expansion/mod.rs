//! Word expansions: XCU 2.6.
//!
//! An `Expander` expands a word to one text, and records which parts were quoted and which came from expansions. [`splitting`]
//! splits that text into fields. [`pathname`] replaces the fields that are patterns by pathnames.

pub mod arithmetic;
mod host;
mod parameter;
pub mod pathname;
pub mod splitting;
pub mod tilde;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::mem;

use nestling::text::{Sink, Text};

use crate::fields::Fields;
use crate::pattern::Pattern;
use crate::regular::Regular;
use crate::symbols::Symbol;
use crate::syntax::tree::{ParameterName, Part, Word};
pub use host::{Error, Host};
use splitting::{Kind, Run, Separators};

/// Expands words to fields: tilde, parameter, command and arithmetic expansion, field splitting, pathname expansion and quote
/// removal. Appends the fields to `out`.
pub fn fields<H: Host>(host: &mut H, words: &[Word], out: &mut Fields) -> Result<(), H::Divert> {
    words
        .iter()
        .try_for_each(|word| word_to_fields(host, word, out))
}

fn word_to_fields<H: Host>(host: &mut H, word: &Word, out: &mut Fields) -> Result<(), H::Divert> {
    if word.is_assignment {
        out.push(&single(host, word)?);
        return Ok(());
    }
    if simple(host, word, out) {
        return Ok(());
    }
    let mut expander = Expander::new(host, Keeps::All);
    expander.parts(&word.parts, Context::default())?;
    let Expander { text, runs, .. } = expander;
    let separators = separators(host);
    splitting::split(&text, &runs, &separators, |start, end| {
        let field = text.get(start..end).unwrap_or_default();
        if !pathname::may_be_pattern(field)
            || !host.expands_pathnames()
            || !pathname::expand(
                &splitting::escape(&text, &runs, start, end),
                host.utf8(),
                out,
            )
        {
            out.push(field);
        }
    });
    Ok(())
}

/// The separators of IFS.
pub fn separators<H: Host>(host: &H) -> Separators {
    Separators::new(host.stored(Symbol::IFS), host.utf8())
}

/// Expands a word that has a single part and needs no field splitting. Returns false for any other word.
fn simple<H: Host>(host: &mut H, word: &Word, out: &mut Fields) -> bool {
    let (part, is_quoted) = match &*word.parts {
        [Part::DoubleQuoted(parts)] => match &**parts {
            [part] => (part, true),
            _ => return false,
        },
        [part] => (part, false),
        _ => return false,
    };
    match part {
        Part::Quoted(text) => out.push(text),
        Part::Literal(text) if is_quoted || !pathname::may_be_pattern(text) => out.push(text),
        &Part::Parameter(name) => {
            if name == ParameterName::Special(b'@') && is_quoted {
                out.append(host.positional().all());
                return true;
            }
            let separators = if is_quoted {
                None
            } else {
                Some(separators(host))
            };
            let Some(value) = value(host, name) else {
                return false;
            };
            match separators {
                None => out.push(&value),
                Some(separators) if !separators.are_plain(&value) => return false,
                Some(_) if value.is_empty() => {}
                Some(_) => out.push(&value),
            }
        }
        _ => return false,
    }
    true
}

/// Expands a word to one string, without field splitting and pathname expansion: the value of an assignment, the word of `case`, a
/// here-document, the operand of a redirection. `$@` is joined with spaces.
pub fn single<H: Host>(host: &mut H, word: &Word) -> Result<Vec<u8>, H::Divert> {
    let room = host.spare();
    let mut expander = Expander::new(host, Keeps::Nothing);
    expander.text = room;
    expander.text.clear();
    expander.parts(&word.parts, Context::default())?;
    Ok(expander.text)
}

/// Expands a word to a pattern, for `case`, `${x#word}` and `[[ x = word ]]`. Quoted characters match themselves.
pub fn pattern<H: Host>(host: &mut H, word: &Word) -> Result<Pattern, H::Divert> {
    Ok(Pattern::new(&escaped(host, word)?, host.utf8()))
}

/// Expands a word to a regular expression, for `[[ x =~ word ]]`. Quoted characters match themselves.
pub fn regular<H: Host>(host: &mut H, word: &Word) -> Result<Regular, H::Divert> {
    let text = escaped(host, word)?;
    Regular::new(&text, host.utf8()).ok_or_else(|| host.fail(Error::Regular(&text)))
}

/// Expands a word to a text in which a backslash precedes each quoted character.
fn escaped<H: Host>(host: &mut H, word: &Word) -> Result<Vec<u8>, H::Divert> {
    let mut expander = Expander::new(host, Keeps::Quotes);
    expander.parts(&word.parts, Context::default())?;
    let Expander { text, runs, .. } = expander;
    match splitting::escape(&text, &runs, 0, text.len()) {
        Cow::Owned(escaped) => Ok(escaped),
        // Nothing was quoted.
        Cow::Borrowed(_) => Ok(text),
    }
}

/// Whether a text matches a pattern of `case`. Like [`pattern`], but faster for a word without expansions, for which it builds no
/// [`Pattern`].
pub fn matches<H: Host>(host: &mut H, word: &Word, subject: &[u8]) -> Result<bool, H::Divert> {
    match &*word.parts {
        [Part::Literal(text)] if **text == *b"*" => Ok(true),
        [Part::Literal(text)] if !pathname::may_be_pattern(text) => Ok(**text == *subject),
        [Part::Quoted(text)] => Ok(**text == *subject),
        _ => Ok(pattern(host, word)?.matches(subject)),
    }
}

/// Returns the value of a parameter. Returns `None` if the parameter is unset, and for `$*` and `$@`, which have several values.
fn value<H: Host>(host: &mut H, name: ParameterName) -> Option<Cow<'_, [u8]>> {
    match name {
        ParameterName::Variable(name) => host.value(name),
        ParameterName::Positional(index) => {
            let value = host.positional().get((index as usize).checked_sub(1)?)?;
            Some(Cow::Borrowed(value))
        }
        ParameterName::Special(sign) => host.special(sign),
    }
}

/// Reports an unset parameter, if `set -u` makes it an error.
fn check_unset<H: Host>(host: &mut H, name: ParameterName) -> Result<(), H::Divert> {
    if !host.refuses_unset() {
        return Ok(());
    }
    let name = name_of(host, name);
    Err(host.fail(Error::Parameter(&name, b"parameter not set")))
}

/// The parameter's name as it is written after the `$`.
fn name_of<H: Host>(host: &H, name: ParameterName) -> Vec<u8> {
    let mut text = Vec::new();
    match name {
        ParameterName::Variable(name) => text.put(host.symbols().name(name)),
        ParameterName::Positional(index) => index.write(&mut text),
        ParameterName::Special(byte) => text.push(byte),
    }
    text
}

/// Expands the parts of a word to a text.
struct Expander<'a, H: Host> {
    host: &'a mut H,
    text: Vec<u8>,
    /// The parts of the text that need treatment later, in order. Text in no run was written in the word without quotes.
    runs: Vec<Run>,
    keeps: Keeps,
    /// Whether a quoted `$@` without positional parameters was expanded. If the rest of the quoted text is empty, the text forms no
    /// field.
    vanished: bool,
}

/// Decides which runs are recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeps {
    /// The text is the result; no runs are recorded.
    Nothing,
    /// The text becomes a pattern; quoted runs are recorded.
    Quotes,
    /// The text is split into fields; all runs are recorded.
    All,
}

/// The position of parts in a word.
#[derive(Debug, Clone, Copy, Default)]
struct Context {
    /// The parts are between double quotes.
    quoted: bool,
    /// The parts are in the word of a parameter expansion: their unquoted text counts as the result of an expansion.
    substituted: bool,
}

impl<'a, H: Host> Expander<'a, H> {
    fn new(host: &'a mut H, keeps: Keeps) -> Self {
        Self {
            host,
            text: Vec::new(),
            runs: Vec::new(),
            keeps,
            vanished: false,
        }
    }

    fn parts(&mut self, parts: &[Part], context: Context) -> Result<(), H::Divert> {
        self.host.check_depth()?;
        for (index, part) in parts.iter().enumerate() {
            let start = self.text.len();
            match part {
                Part::Literal(text) => {
                    self.text.extend_from_slice(text);
                    if context.quoted || context.substituted {
                        self.mark(start, context.quoted);
                    }
                }
                Part::Quoted(text) => {
                    self.quoted(text);
                    if !context.quoted {
                        self.mark_empty(start);
                    }
                }
                Part::DoubleQuoted(parts) => self.double_quoted(parts, context)?,
                Part::Tilde(name) => {
                    let is_before_slash = matches!(parts.get(index + 1), Some(Part::Literal(text)) if text.first() == Some(&b'/'));
                    tilde::expand(self.host, name, is_before_slash, &mut self.text);
                    self.mark(start, true);
                    self.mark_empty(start);
                }
                Part::Template(template) => {
                    let mut at = 0;
                    while let Some((text, name)) = template.next(&mut at) {
                        self.quoted(text);
                        if let Some(name) = name {
                            self.value(name, context.quoted)?;
                        }
                    }
                }
                Part::Parameter(name) => self.value(*name, context.quoted)?,
                Part::Modified(parameter) => self.parameter(parameter, context.quoted)?,
                Part::Command(substitution) => {
                    let output = self.host.substitute(substitution)?;
                    if nestling::text::contains(&output, 0) {
                        self.text.extend(output.iter().filter(|&&byte| byte != 0));
                    } else if self.text.is_empty() {
                        self.text = output;
                    } else {
                        self.text.extend_from_slice(&output);
                    }
                    self.mark(start, context.quoted);
                }
                Part::Arithmetic(arithmetic) => {
                    let number = arithmetic::evaluate(self.host, arithmetic)?;
                    number.write(&mut self.text);
                    self.mark(start, context.quoted);
                }
                Part::Process(writes, substitution) => {
                    let path = self.host.substitute_process(*writes, substitution)?;
                    self.text.extend_from_slice(&path);
                    self.mark(start, true);
                }
            }
        }
        Ok(())
    }

    /// Appends text and records that it is quoted.
    fn quoted(&mut self, text: &[u8]) {
        let start = self.text.len();
        self.text.extend_from_slice(text);
        self.mark(start, true);
    }

    fn double_quoted(&mut self, parts: &[Part], context: Context) -> Result<(), H::Divert> {
        let (start, runs) = (self.text.len(), self.runs.len());
        let vanished = mem::take(&mut self.vanished);
        let inside = Context {
            quoted: true,
            ..context
        };
        self.parts(parts, inside)?;
        if self.runs.len() == runs && !self.vanished {
            self.mark_empty(start);
        }
        self.vanished |= vanished;
        Ok(())
    }

    /// Records that the text from `start` on is quoted, or is the result of an expansion.
    fn mark(&mut self, start: usize, is_quoted: bool) {
        let end = self.text.len();
        let kind = match (is_quoted, self.keeps) {
            (_, Keeps::Nothing) | (false, Keeps::Quotes) => return,
            (true, _) => Kind::Quoted,
            (false, Keeps::All) => Kind::Expanded,
        };
        if let Some(last) = self.runs.last_mut()
            && last.kind == kind
            && last.end == start
        {
            last.end = end;
        } else if start < end {
            self.runs.push(Run { kind, start, end });
        }
    }

    /// Records an empty quoted text, if the text ends at `start`. It forms a field although it is empty.
    fn mark_empty(&mut self, start: usize) {
        if self.keeps == Keeps::All && self.text.len() == start {
            let kind = Kind::Quoted;
            self.runs.push(Run {
                kind,
                start,
                end: start,
            });
        }
    }

    /// Records that one field ends here and another one begins.
    fn mark_break(&mut self) {
        let start = self.text.len();
        let kind = Kind::Break;
        self.runs.push(Run {
            kind,
            start,
            end: start,
        });
    }
}
