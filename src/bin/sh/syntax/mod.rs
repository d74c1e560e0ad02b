//! From text to a tree: XCU 2.2 to 2.4, 2.10.

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

/// Why there is no command.
#[derive(Debug)]
pub enum Failure<D> {
    /// The text is wrong. (`None`: it could not be read.)
    Wrong(Option<Wrong>),
    Diverted(D),
}

/// Reads and parses one complete command (`complete_command`: up to the newline after it). `None` at the end of the text. A blank or
/// comment line gives an empty list. Aliases are replaced as they are now: so a caller executes what it gets before it asks for more.
pub fn complete_command<H: Host>(
    host: &mut H,
    source: &mut Source,
) -> Result<Option<List>, Failure<H::Divert>> {
    source.begin();
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

/// A text of which only parameters, commands and arithmetic are to be expanded, as of a here-document: a prompt. `None` if it is not
/// well-formed. `line` is the number of its first line.
pub fn document<H: Host>(host: &mut H, text: &[u8], line: u32) -> Option<Word> {
    let mut source = Source::text(b"", line);
    Parser::new(host, &mut source)
        .document_word(text.to_vec(), line)
        .ok()
}
