//! Gives the [expansion of words](nestling_shell::expansion) what it needs from the shell.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::mem;

pub use nestling_shell::expansion::*;
use nestling_shell::fields::Parameters;
use nestling_shell::symbols::Symbol;
use nestling_shell::syntax::tree::{Substitution, Word};

use crate::options::Opt;
use crate::shell::{self, Divert, Flow, Shell, text};

impl Host for Shell {
    #[inline]
    fn value(&mut self, name: Symbol) -> Option<Cow<'_, [u8]>> {
        self.value(name)
    }

    #[inline]
    fn stored(&self, name: Symbol) -> Option<&[u8]> {
        self.variables.get(name)
    }

    #[inline]
    fn assign(&mut self, name: Symbol, value: &[u8]) -> Flow {
        self.assign(name, value)
    }

    #[inline]
    fn positional(&self) -> &Parameters {
        &self.positional
    }

    fn special(&self, sign: u8) -> Option<Cow<'_, [u8]>> {
        let number = match sign {
            b'0' => return Some(Cow::Borrowed(&self.name)),
            b'-' => return Some(self.options.letters().collect()),
            b'#' => self.positional.len() as i64,
            b'?' => self.status.into(),
            b'$' => self.pid.as_raw().into(),
            b'!' => self.last_background?.as_raw().into(),
            _ => return None,
        };
        Some(shell::number(number))
    }

    fn substitute(&mut self, substitution: &Substitution) -> Result<Vec<u8>, Divert> {
        if self.only_reads {
            return Err(Divert::Error);
        }
        (self.hooks.substitute)(self, substitution)
    }

    fn substitute_process(
        &mut self,
        writes: bool,
        substitution: &Substitution,
    ) -> Result<Vec<u8>, Divert> {
        if self.only_reads {
            return Err(Divert::Error);
        }
        (self.hooks.substitute_process)(self, writes, substitution)
    }

    #[cold]
    #[inline(never)]
    fn fail(&mut self, error: Error<'_>) -> Divert {
        let (before, subject, between, what) = error.parts();
        self.fatal(2, text!(before, subject, between, what))
    }

    #[inline]
    fn check_depth(&mut self) -> Flow {
        self.check_depth()
    }

    #[inline]
    fn utf8(&self) -> bool {
        self.utf8
    }

    #[inline]
    fn refuses_unset(&self) -> bool {
        self.options.has(Opt::Nounset)
    }

    #[inline]
    fn expands_pathnames(&mut self) -> bool {
        !self.options.has(Opt::Noglob) && !self.gives_up()
    }

    #[inline]
    fn spare(&mut self) -> Vec<u8> {
        mem::take(&mut self.variables.spare)
    }
}

/// Like [`single`], but for a word that belongs to no syntax tree, such as a prompt.
pub fn document(shell: &mut Shell, word: &Word) -> Result<Vec<u8>, Divert> {
    shell.keeps_names += 1;
    let answer = single(shell, word);
    shell.keeps_names -= 1;
    answer
}
