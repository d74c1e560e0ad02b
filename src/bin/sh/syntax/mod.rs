//! From text to a tree: XCU 2.2 to 2.4, 2.10.

pub mod arithmetic;
mod compact;
mod conditional;
mod here_documents;
mod lexer;
pub mod names;
mod parser;
mod source;
pub mod tree;
mod words;

use core::mem;

use crate::options::Opt;
use crate::shell::{Divert, Shell, text};
use lexer::{Parser, Token, What, Wrong};
pub use source::Source;
use tree::{List, Word};

/// Reads and parses one complete command (`complete_command`: up to the newline after it). `None` at the end of the text. A blank or
/// comment line gives an empty list. Aliases are replaced as they are now: so a caller executes what it gets before it asks for more.
///
/// A syntax error is reported with its line, sets the status to 2 and is [`Divert::Error`].
pub fn next(shell: &mut Shell, source: &mut Source) -> Result<Option<List>, Divert> {
    source.begin();
    shell.keeps_names += 1;
    let mut parser = Parser::new(shell, source);
    let answer = parser.complete_command();
    parser.shell.keeps_names -= 1;
    let (wrong, diverted) = (parser.wrong.take(), parser.diverted.take());
    if answer.is_err() {
        source.discard_line();
    }
    if shell.options.has(Opt::Verbose) {
        source.echo();
    }
    #[cfg(feature = "edit")]
    if source.is_typed() {
        let list = answer.as_ref().ok().and_then(Option::as_ref);
        crate::history::typed(shell, source.command(), list);
    }
    if let Some(divert) = diverted {
        return Err(divert);
    }
    match answer {
        Ok(Some(list)) if list.items.is_empty() => Ok(Some(list)),
        // The end behind a line that went on, by its backslash, is that command's.
        Ok(None) if source.is_typed() && !source.command().is_empty() => Ok(Some(List::default())),
        Ok(list) => {
            source.hand_over();
            Ok(list)
        }
        Err(_) => {
            source.hand_over();
            Err(report(shell, wrong))
        }
    }
}

/// A text of which only parameters, commands and arithmetic are to be expanded, as of a here-document: a prompt. `None` if it is not
/// well-formed.
pub fn document(shell: &mut Shell, text: &[u8]) -> Option<Word> {
    let line = shell.line;
    let mut source = Source::text(b"", line);
    Parser::new(shell, &mut source)
        .document_word(text.to_vec(), line)
        .ok()
}

/// Says what is wrong, with the line it is on.
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
