//! The interface that expansions need from the program that uses them.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use nestling::text::{Sink, Text};

use crate::fields::Parameters;
use crate::symbols::Symbol;
use crate::syntax;
use crate::syntax::tree::Substitution;

/// What expansions need from the program that uses them.
pub trait Host: syntax::Host {
    /// Returns the value of a variable, or `None` if it is unset. A host may compute some values when they are needed.
    fn value(&mut self, name: Symbol) -> Option<Cow<'_, [u8]>>;

    /// Returns the value of a variable that is never computed: `HOME`, `IFS`, `OLDPWD` or `PWD`.
    fn stored(&self, name: Symbol) -> Option<&[u8]>;

    /// Assigns to a variable, for `${name=word}` and arithmetic.
    fn assign(&mut self, name: Symbol, value: &[u8]) -> Result<(), Self::Divert>;

    /// Returns the positional parameters.
    fn positional(&self) -> &Parameters;

    /// Returns the value of a special parameter, one of `#?-$!0`.
    fn special(&self, sign: u8) -> Option<Cow<'_, [u8]>>;

    /// Executes the commands of `$(…)`. Returns their output without the newlines at its end.
    fn substitute(&mut self, substitution: &Substitution) -> Result<Vec<u8>, Self::Divert>;

    /// Starts the commands of `<(…)`, or of `>(…)` if `writes`. Returns the path of their pipe.
    fn substitute_process(
        &mut self,
        writes: bool,
        substitution: &Substitution,
    ) -> Result<Vec<u8>, Self::Divert>;

    /// Reports an error of the expansion, which then ends.
    fn fail(&mut self, error: Error<'_>) -> Self::Divert;

    /// Reports an error if too little stack is left. Recursive functions call this.
    fn check_depth(&mut self) -> Result<(), Self::Divert> {
        match self.is_stack_low() {
            true => Err(self.fail(Error::TooDeep("nested too deeply"))),
            false => Ok(()),
        }
    }

    /// Whether characters are encoded in UTF-8. If not, each byte is a character.
    fn utf8(&self) -> bool {
        true
    }

    /// Whether the expansion of an unset parameter is an error, as with `set -u`.
    fn refuses_unset(&self) -> bool {
        false
    }

    /// Whether patterns in words are replaced by pathnames. Called only for a word that may be a pattern.
    fn expands_pathnames(&mut self) -> bool {
        true
    }

    /// Returns memory for a text, so that it need not be allocated.
    fn spare(&mut self) -> Vec<u8> {
        Vec::new()
    }
}

/// The reason why a word cannot be expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error<'a> {
    /// A parameter, as it is written after the `$`, and what is wrong with it.
    Parameter(&'a [u8], &'a [u8]),
    /// A regular expression of `[[` that is not well-formed.
    Regular(&'a [u8]),
    /// An arithmetic expression that is not well-formed, and what is wrong with it.
    Expression(&'a [u8], &'static str),
    /// An arithmetic operation that has no result.
    Arithmetic(&'static str),
    /// Too little stack is left.
    TooDeep(&'static str),
}

impl<'a> Error<'a> {
    /// Returns the parts of the message, which follow each other immediately: a text, the subject, a text, and what is wrong.
    pub fn parts(self) -> (&'static str, &'a [u8], &'static str, &'a [u8]) {
        match self {
            Self::Parameter(name, what) => ("", name, ": ", what),
            Self::Regular(text) => ("[[: ", text, ": ", b"not a regular expression"),
            Self::Expression(text, what) => ("arithmetic: ", text, ": ", what.as_bytes()),
            Self::Arithmetic(what) => ("arithmetic: ", b"", "", what.as_bytes()),
            Self::TooDeep(what) => ("", b"", "", what.as_bytes()),
        }
    }
}

impl Text for Error<'_> {
    fn write(&self, out: &mut impl Sink) {
        let (before, subject, between, what) = self.parts();
        before.write(out);
        subject.write(out);
        between.write(out);
        what.write(out);
    }
}
