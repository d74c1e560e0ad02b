//! The parser: it makes a tree from a text (XCU 2.2 to 2.4, 2.10).

pub mod arithmetic;
mod compact;
mod conditional;
mod here_documents;
mod host;
mod lexer;
pub mod names;
mod parser;
mod source;
pub mod tree;
mod words;

pub use host::Host;
use lexer::Parser;
pub use lexer::{Token, What, Wrong};
pub use source::Source;
use tree::{List, Word};

/// The reason why no command was parsed.
#[derive(Debug)]
pub enum Failure<D> {
    /// A syntax error. `None` if the text could not be read.
    Wrong(Option<Wrong>),
    /// The host has ended the parsing.
    Diverted(D),
}

/// Reads and parses one complete command (`complete_command`), up to the newline after it. Returns `None` at the end of the text,
/// and an empty list for a blank line or a comment. Aliases are replaced as they are defined now, so the caller must execute a
/// command before it reads the next one.
pub fn complete_command<H: Host>(
    host: &mut H,
    source: &mut Source,
) -> Result<Option<List>, Failure<H::Divert>> {
    source.begin_command();
    let mut parser = Parser::new(host, source);
    let answer = parser.complete_command();
    let (wrong, diverted) = (parser.wrong.take(), parser.diverted.take());
    if answer.is_err() {
        source.buffers.clear();
        source.discard_line();
    }
    match diverted {
        Some(divert) => Err(Failure::Diverted(divert)),
        None => answer.map_err(|_| Failure::Wrong(wrong)),
    }
}

/// Parses a text in which only parameters, commands and arithmetic are expanded, as in a here-document: a prompt. Returns `None` if
/// the text is not well-formed. `line` is the number of its first line.
pub fn document<H: Host>(host: &mut H, text: &[u8], line: u32) -> Option<Word> {
    let mut source = Source::text(b"", line);
    Parser::new(host, &mut source)
        .document_word(text.to_vec(), line)
        .ok()
}
