//! Reads programs: implements the parser's interface to the shell, and does what follows the reading of each command.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::mem;

use nestling::Errno;

use crate::options::Opt;
use crate::shell::{Divert, Shell, text};
use nestling_shell::map::Map;
use nestling_shell::symbols::Symbols;
use nestling_shell::syntax::tree::{List, Word};
use nestling_shell::syntax::{self, Failure, Host, Source, Token, What, Wrong};

impl Host for Shell {
    type Divert = Divert;

    #[inline]
    fn symbols(&self) -> &Symbols {
        &self.symbols
    }

    #[inline]
    fn symbols_mut(&mut self) -> &mut Symbols {
        &mut self.symbols
    }

    #[inline]
    fn aliases(&self) -> &Map<Rc<[u8]>> {
        &self.aliases
    }

    #[inline]
    fn keeps_texts(&self) -> bool {
        self.options.has(Opt::Monitor)
    }

    #[inline]
    fn is_stack_low(&self) -> bool {
        self.stack.is_low()
    }

    fn read_line(&mut self, goes_on: bool) -> Result<Option<Vec<u8>>, Divert> {
        (self.hooks.read_line)(self, goes_on)
    }

    fn cannot_read(&mut self, why: Errno) -> Divert {
        self.fatal(2, text!("cannot read commands: ", why))
    }
}

/// Reads and parses one [complete command](syntax::complete_command).
///
/// For a syntax error, reports the error with its line, sets the status to 2 and returns [`Divert::Error`].
pub fn next(shell: &mut Shell, source: &mut Source) -> Result<Option<List>, Divert> {
    shell.keeps_names += 1;
    let answer = syntax::complete_command(shell, source);
    shell.keeps_names -= 1;
    if shell.options.has(Opt::Verbose) {
        source.echo();
    }
    #[cfg(feature = "edit")]
    if source.is_typed() {
        let list = answer.as_ref().ok().and_then(Option::as_ref);
        crate::history::typed(shell, source.command(), list);
    }
    match answer {
        Ok(Some(list)) if list.items.is_empty() => Ok(Some(list)),
        // The end of the input after a line that ends with a backslash belongs to that command. It does not end the shell.
        Ok(None) if source.is_typed() && !source.command().is_empty() => Ok(Some(List::default())),
        Ok(list) => {
            source.hand_over();
            Ok(list)
        }
        Err(Failure::Diverted(divert)) => Err(divert),
        Err(Failure::Wrong(wrong)) => {
            source.hand_over();
            Err(report(shell, wrong))
        }
    }
}

/// Like [`syntax::document`], with the line number of the current command.
pub fn document(shell: &mut Shell, text: &[u8]) -> Option<Word> {
    let line = shell.line;
    syntax::document(shell, text, line)
}

/// Reports a syntax error with its line.
fn report(shell: &mut Shell, wrong: Option<Wrong>) -> Divert {
    let Some(Wrong { line, what }) = wrong else {
        return Divert::Error;
    };
    let line = mem::replace(&mut shell.line, line);
    let divert = match what {
        What::Unexpected(Token::End, _) => {
            shell.fatal(2, text!("syntax error: unexpected end of file"))
        }
        What::Unexpected(Token::Newline, _) => {
            shell.fatal(2, text!("syntax error: unexpected newline"))
        }
        What::Unexpected(_, token) => {
            shell.fatal(2, text!("syntax error: unexpected \"", token[..], "\""))
        }
        What::Unclosed(closing, opening, line) => shell.fatal(
            2,
            text!(
                "syntax error: unexpected end of file: no ",
                closing,
                " for the ",
                opening,
                " of line ",
                line
            ),
        ),
        What::Name(name) => shell.fatal(2, text!("syntax error: not a name: \"", name[..], "\"")),
        What::Deep => shell.fatal(2, text!("nested too deeply")),
    };
    shell.line = line;
    divert
}
