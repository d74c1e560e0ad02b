//! Token recognition: XCU 2.3.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::OnceCell;

use super::compact::{Few, Piece};
use super::host::Host;
use super::source::{self, Source};
use super::tree::{Assignment, Command, Item, Part, Redirection, Word};
use crate::symbols::Symbol;

/// Classes of bytes. The lexer scans texts for the next byte of some classes.
pub mod class {
    /// Ends a word: blanks, newlines and operators.
    pub const META: u16 = 1 << 0;
    /// Has a special meaning everywhere except in single quotes. The null byte belongs to it, too, because it marks the end of the
    /// text.
    pub const SPECIAL: u16 = 1 << 1;
    pub const SINGLE: u16 = 1 << 2;
    pub const DOUBLE: u16 = 1 << 3;
    /// `}`
    pub const BRACE: u16 = 1 << 4;
    pub const SLASH: u16 = 1 << 5;
    pub const COLON: u16 = 1 << 6;
    /// `(` and `)`
    pub const PARENTHESIS: u16 = 1 << 7;
    pub const QUESTION: u16 = 1 << 8;
    pub const NEWLINE: u16 = 1 << 9;
    /// `NAME` may be part of a name; `FIRST` may begin a name.
    pub const NAME: u16 = 1 << 10;
    pub const FIRST: u16 = 1 << 11;
    pub const DIGIT: u16 = 1 << 12;
    /// The name of a special parameter.
    pub const PARAMETER: u16 = 1 << 13;
    pub const BACKQUOTE: u16 = 1 << 14;
    /// A blank or a newline.
    pub const BLANK: u16 = 1 << 15;

    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    static CLASSES: [u16; 256] = {
        let mut classes = [0; 256];
        let mut index = 0;
        while index < 256 {
            classes[index] = classify(index as u8);
            index += 1;
        }
        classes
    };

    const fn classify(byte: u8) -> u16 {
        match byte {
            0 => META | SPECIAL | SINGLE | NEWLINE | BACKQUOTE | BLANK,
            b'\n' => META | NEWLINE | BLANK,
            b' ' | b'\t' => META | BLANK,
            b';' | b'&' | b'|' | b'<' | b'>' => META,
            b'(' | b')' => META | PARENTHESIS,
            b'\\' => SPECIAL | BACKQUOTE,
            b'$' => SPECIAL | PARAMETER,
            b'`' => SPECIAL | BACKQUOTE,
            b'\'' => SINGLE,
            b'"' => DOUBLE,
            b'}' => BRACE,
            b'/' => SLASH,
            b':' => COLON,
            b'?' => QUESTION | PARAMETER,
            b'@' | b'*' | b'#' | b'-' | b'!' => PARAMETER,
            b'0'..=b'9' => NAME | DIGIT,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => NAME | FIRST,
            _ => 0,
        }
    }

    /// Whether a byte belongs to one of these classes.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "there is an entry for every byte")]
    pub fn is(byte: u8, classes: u16) -> bool {
        CLASSES[usize::from(byte)] & classes != 0
    }
}

use class::*;

/// A token. The parser's fields describe a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token {
    /// The end of the text.
    End,
    /// The end of a line.
    Newline,
    /// A word.
    Word,
    /// `name=value` or `name+=value`, in a position where an assignment is allowed. The word is the value.
    Assignment,
    /// Digits or `{name}` before `<` or `>`.
    IoNumber,
    /// `&`
    And,
    /// `&&`
    AndAnd,
    /// `|`
    Pipe,
    /// `||`
    OrOr,
    /// `;`
    Semicolon,
    /// `;;`
    DoubleSemicolon,
    /// `;&`
    SemicolonAnd,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `<`
    Less,
    /// `>`
    Great,
    /// `<<`
    DoubleLess,
    /// `<<-`
    DoubleLessDash,
    /// `<<<`
    TripleLess,
    /// `>>`
    DoubleGreat,
    /// `<&`
    LessAnd,
    /// `>&`
    GreatAnd,
    /// `<>`
    LessGreat,
    /// `>|`
    Clobber,
    /// `&>`
    AndGreat,
}

/// The position of a word, which decides what the word may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WordContext {
    /// The beginning of a command: a reserved word, an alias or an assignment.
    Command,
    /// After an assignment or a redirection: an alias or an assignment.
    Prefix,
    /// An operand of a declaration utility.
    Declaration,
    /// Any other position.
    Plain,
}

/// Reserved words (XCU 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    Bang,
    LeftBrace,
    RightBrace,
    Case,
    Do,
    Done,
    Elif,
    Else,
    Esac,
    Fi,
    For,
    If,
    In,
    Then,
    Until,
    While,
    /// `[[`
    Conditional,
    /// `function`
    Function,
}

impl Reserved {
    fn of(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"!" => Self::Bang,
            b"{" => Self::LeftBrace,
            b"}" => Self::RightBrace,
            b"case" => Self::Case,
            b"do" => Self::Do,
            b"done" => Self::Done,
            b"elif" => Self::Elif,
            b"else" => Self::Else,
            b"esac" => Self::Esac,
            b"fi" => Self::Fi,
            b"for" => Self::For,
            b"if" => Self::If,
            b"in" => Self::In,
            b"then" => Self::Then,
            b"until" => Self::Until,
            b"while" => Self::While,
            b"[[" => Self::Conditional,
            b"function" => Self::Function,
            _ => return None,
        })
    }
}

/// Parsing has stopped. [`Parser::wrong`] or [`Parser::diverted`] has the reason.
#[derive(Debug)]
pub struct Stop;

pub type Parsed<T> = Result<T, Stop>;

/// A syntax error and its line.
#[derive(Debug)]
pub struct Wrong {
    /// The number of the line, from 1.
    pub line: u32,
    /// What is wrong.
    pub what: What,
}

/// What is wrong with a text.
#[derive(Debug)]
pub enum What {
    /// An unexpected token, with its text.
    Unexpected(Token, Box<[u8]>),
    /// The text ends before something is closed: what would close it, what opened it, and the line of the opening.
    Unclosed(&'static str, &'static str, u32),
    /// A word that is not a valid name.
    Name(Box<[u8]>),
    /// The text is nested so deeply that too little stack is left.
    Deep,
}

/// A here-document whose lines were not read yet.
#[derive(Debug)]
pub struct Pending {
    pub document: Rc<OnceCell<Word>>,
    pub delimiter: Box<[u8]>,
    /// A part of the delimiter was quoted, so nothing in the document is expanded.
    pub quoted: bool,
    /// `<<-`
    pub strips_tabs: bool,
}

/// The kind of the part that is being collected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Nothing,
    Literal,
    Quoted,
}

/// Incomplete parts of the tree, in the order of the text, at all levels of nesting. The collections are kept between commands so
/// that their memory is used again.
#[derive(Debug, Default)]
pub struct Buffers {
    /// The text of the part that is being collected. Also the text of a whole word that consists of unquoted text.
    pub text: Vec<u8>,
    pub kind: Kind,
    pub parts: Vec<Part>,
    pub words: Vec<Word>,
    pub assignments: Vec<Assignment>,
    pub redirections: Vec<Redirection>,
    pub commands: Vec<Command>,
    pub items: Vec<Item>,
    pub pending: Vec<Pending>,
    /// The number of here-documents that belong to commands outside of the current command substitution.
    pub pending_base: usize,
    /// The ranges of here-documents in the text that was read.
    pub documents: Vec<(usize, usize)>,
    /// How many expansions that begin with `$((` are now being parsed as arithmetic.
    pub trials: u32,
    /// The depth of nested expansions that were not arithmetic, in the innermost trial.
    pub failed_trials: u32,
    /// Positions of `$((` that are known not to begin arithmetic: [`Source::place`], and the position in the alias's value.
    pub not_arithmetic: Vec<(usize, usize)>,
}

/// The lengths of the collections at some time.
#[derive(Debug, Default)]
pub struct Lengths([usize; 8], usize);

impl Buffers {
    pub fn lengths(&self) -> Lengths {
        let lengths = [
            self.parts.len(),
            self.words.len(),
            self.assignments.len(),
            self.redirections.len(),
            self.commands.len(),
            self.items.len(),
            self.pending.len(),
            self.documents.len(),
        ];
        Lengths(lengths, self.pending_base)
    }

    /// Discards what was collected after the lengths were taken.
    #[inline]
    pub fn truncate(&mut self, lengths: &Lengths) {
        let Lengths(
            [
                parts,
                words,
                assignments,
                redirections,
                commands,
                items,
                pending,
                documents,
            ],
            pending_base,
        ) = *lengths;
        self.text.clear();
        self.kind = Kind::Nothing;
        self.parts.truncate(parts);
        self.words.truncate(words);
        self.assignments.truncate(assignments);
        self.redirections.truncate(redirections);
        self.commands.truncate(commands);
        self.items.truncate(items);
        self.pending.truncate(pending);
        self.pending_base = pending_base;
        self.documents.truncate(documents);
    }

    /// Begins a complete command. The parts of the previous one were taken or [discarded](Self::clear).
    #[inline]
    pub fn begin_command(&mut self) {
        self.documents.clear();
        self.not_arithmetic.clear();
    }

    /// Discards everything.
    #[inline]
    pub fn clear(&mut self) {
        self.truncate(&Lengths::default());
        self.trials = 0;
        self.failed_trials = 0;
        self.not_arithmetic.clear();
    }
}

pub struct Parser<'a, H: Host> {
    pub host: &'a mut H,
    pub source: &'a mut Source,
    /// The token that was recognised but not taken yet.
    pub token: Option<Token>,
    /// The token's line.
    pub line: u32,
    /// The start and the end of the token in the text that was read.
    pub start: usize,
    pub end: usize,
    /// Whether the word consists of unquoted text only, which is in `buffers.text`.
    pub plain: bool,
    /// Whether the word is the value of an assignment or similar to one. In such a word, a tilde-prefix may follow each colon.
    pub colons: bool,
    /// The index of the word's first part, if the word is not plain.
    pub base: usize,
    /// Whether the word is an operand in the form of an assignment.
    pub like_assignment: bool,
    /// The variable of an assignment, and whether the value is appended.
    pub assigned: Option<(Symbol, bool)>,
    /// The end of the last token that was taken.
    pub taken: usize,
    pub wrong: Option<Wrong>,
    pub diverted: Option<H::Divert>,
}

impl<'a, H: Host> Parser<'a, H> {
    pub fn new(host: &'a mut H, source: &'a mut Source) -> Self {
        Self {
            host,
            source,
            token: None,
            line: 0,
            start: 0,
            end: 0,
            plain: false,
            colons: false,
            base: 0,
            like_assignment: false,
            assigned: None,
            taken: 0,
            wrong: None,
            diverted: None,
        }
    }

    // ---- Bytes ----

    /// Returns the next byte after any line continuations, or 0 at the end.
    #[inline]
    pub fn peek(&mut self) -> u8 {
        match self.source.text.get(self.source.at) {
            Some(&byte) if byte != b'\\' && byte != 0 => byte,
            _ => self.peek_behind_continuations(),
        }
    }

    #[inline(never)]
    fn peek_behind_continuations(&mut self) -> u8 {
        loop {
            let byte = self.peek_raw();
            if byte != b'\\' {
                return byte;
            }
            match self.second() {
                b'\n' => self.source.at += 1,
                // A backslash at the end of an alias's value, before a newline that follows the alias's name.
                0 if self.source.is_before_newline() => while self.source.leave_alias() {},
                _ => return byte,
            }
            self.advance();
        }
    }

    /// Returns the next byte, or 0 at the end. Skips null bytes in the text.
    pub fn peek_raw(&mut self) -> u8 {
        loop {
            match self.source.text.get(self.source.at).copied() {
                Some(0) => self.source.at += 1,
                Some(byte) => return byte,
                None if self.more() => {}
                None => return 0,
            }
        }
    }

    /// Returns the byte after the next one, or 0 if the text or the alias's value ends before it.
    pub fn second(&mut self) -> u8 {
        let at = self.source.at + 1;
        if at >= self.source.text.len() && self.source.outer.is_empty() {
            self.fill();
        }
        self.source.text.get(at).copied().unwrap_or_default()
    }

    /// Moves past the byte that [`peek`](Self::peek) or a similar function has returned.
    pub fn advance(&mut self) {
        if self.source.text.get(self.source.at) == Some(&b'\n') && self.source.outer.is_empty() {
            self.source.line += 1;
        }
        self.source.at += 1;
    }

    /// At the end of the text, continues after the alias, or reads more. Returns false if no more text exists.
    fn more(&mut self) -> bool {
        self.source.leave_alias() || self.fill()
    }

    pub fn fill(&mut self) -> bool {
        self.source.fill(self.host).unwrap_or_else(|divert| {
            self.diverted = Some(divert);
            false
        })
    }

    /// Takes the next byte if it is `byte`.
    pub fn take_byte(&mut self, byte: u8) -> bool {
        let is = self.peek() == byte;
        self.source.at += usize::from(is);
        is
    }

    // ---- Tokens ----

    /// Returns the next token. It stays the next one until it is [taken](Self::take).
    #[inline(always)]
    pub fn token(&mut self, context: WordContext) -> Parsed<Token> {
        match self.token {
            Some(token) => Ok(token),
            None => self.recognise(context),
        }
    }

    /// Recognises a token, with alias substitution (XCU 2.3.1).
    #[inline(never)]
    fn recognise(&mut self, context: WordContext) -> Parsed<Token> {
        let mut behind_alias = false;
        loop {
            behind_alias |= self.skip_blanks();
            let line = self.source.line;
            let start = self.source.start();
            let token = self.token_at(context)?;
            self.line = line;
            self.start = start;
            self.end = self.source.place();
            let may_be_alias =
                token == Token::Word && self.plain && !self.host.aliases().is_empty();
            if may_be_alias
                && match context {
                    WordContext::Command => self.reserved_text().is_none(),
                    WordContext::Prefix => true,
                    WordContext::Declaration | WordContext::Plain => behind_alias,
                }
                && self.replace_alias()
            {
                continue;
            }
            self.token = Some(token);
            return Ok(token);
        }
    }

    /// If the word is an alias, replaces it with the alias's value.
    pub fn replace_alias(&mut self) -> bool {
        let Some(name) = self.host.symbols().find(&self.source.buffers.text) else {
            return false;
        };
        let Some(value) = self.host.aliases().get(name) else {
            return false;
        };
        if self.source.aliases.contains(&name) {
            return false;
        }
        self.source.enter_alias(name, value, self.start);
        self.clear();
        true
    }

    /// Skips the blanks before the next token. Returns whether they end the value of an alias: then the token may be an alias, too.
    pub fn skip_blanks(&mut self) -> bool {
        let mut behind_alias = false;
        loop {
            match self.source.text.get(self.source.at) {
                Some(b' ' | b'\t') => self.source.at += 1,
                Some(0 | b'\\') => {
                    let at = self.source.at;
                    self.peek();
                    if at == self.source.at {
                        break;
                    }
                }
                Some(_) => break,
                None => {
                    behind_alias |= !self.source.outer.is_empty()
                        && matches!(self.source.text.last(), Some(b' ' | b'\t'));
                    if !self.more() {
                        break;
                    }
                }
            }
        }
        let active = self.source.inherited + self.source.outer.len();
        self.source.aliases.truncate(active);
        behind_alias
    }

    fn token_at(&mut self, context: WordContext) -> Parsed<Token> {
        let mut byte = self.peek();
        if byte == b'#' {
            self.skip_comment();
            byte = self.peek_raw();
        }
        if !is(byte, META) {
            return self.word(context);
        }
        let token = match byte {
            0 => {
                // At the end of the text, here-documents that were not read yet are empty.
                self.here_documents()?;
                return Ok(Token::End);
            }
            b'\n' => {
                self.advance();
                self.here_documents()?;
                return Ok(Token::Newline);
            }
            b'<' | b'>' if self.second() == b'(' => return self.word(context),
            b'&' => Token::And,
            b'|' => Token::Pipe,
            b';' => Token::Semicolon,
            b'(' => Token::Open,
            b')' => Token::Close,
            b'<' => Token::Less,
            _ => Token::Great,
        };
        self.source.at += 1;
        Ok(match token {
            Token::And if self.take_byte(b'&') => Token::AndAnd,
            // Before `>>`, `>&`, `>|` and `>(`, the `&` is a token of its own, as POSIX requires.
            Token::And
                if self.peek() == b'>' && !matches!(self.second(), b'>' | b'&' | b'|' | b'(') =>
            {
                self.source.at += 1;
                Token::AndGreat
            }
            Token::Pipe if self.take_byte(b'|') => Token::OrOr,
            Token::Semicolon if self.take_byte(b';') => Token::DoubleSemicolon,
            Token::Semicolon if self.take_byte(b'&') => Token::SemicolonAnd,
            Token::Less if self.take_byte(b'<') => {
                if self.take_byte(b'-') {
                    Token::DoubleLessDash
                } else if self.take_byte(b'<') {
                    Token::TripleLess
                } else {
                    Token::DoubleLess
                }
            }
            Token::Less if self.take_byte(b'&') => Token::LessAnd,
            Token::Less if self.take_byte(b'>') => Token::LessGreat,
            Token::Great if self.take_byte(b'>') => Token::DoubleGreat,
            Token::Great if self.take_byte(b'&') => Token::GreatAnd,
            Token::Great if self.take_byte(b'|') => Token::Clobber,
            token => token,
        })
    }

    fn skip_comment(&mut self) {
        while self.peek_raw() != 0 {
            match source::newline(self.source.rest()) {
                Some(length) => {
                    self.source.at += length;
                    return;
                }
                None => self.source.at = self.source.text.len(),
            }
        }
    }

    /// Returns the reserved word that the token is. The caller must know that a reserved word is recognised in this position.
    pub fn reserved(&self) -> Option<Reserved> {
        match self.token {
            Some(Token::Word) if self.plain => self.reserved_text(),
            _ => None,
        }
    }

    fn reserved_text(&self) -> Option<Reserved> {
        Reserved::of(&self.source.buffers.text)
    }

    /// Takes the token.
    pub fn take(&mut self) {
        if let Some(Token::Word | Token::Assignment | Token::IoNumber) = self.token {
            self.clear();
            self.source.buffers.parts.truncate(self.base);
        }
        self.token = None;
        self.taken = self.end;
    }

    /// Takes the token if it is `token`.
    pub fn take_token(&mut self, token: Token) -> bool {
        let is = self.token == Some(token);
        if is {
            self.take();
        }
        is
    }

    /// Takes the token, which is a word or the value of an assignment.
    pub fn take_word(&mut self) -> Word {
        let parts = match self.plain {
            true => Few::One(Part::Literal(Piece::from(&self.source.buffers.text[..]))),
            false => Few::split_off(&mut self.source.buffers.parts, self.base),
        };
        self.take();
        Word {
            parts,
            is_assignment: self.like_assignment,
        }
    }

    /// Discards the text that is being collected.
    pub fn clear(&mut self) {
        self.source.buffers.text.clear();
        self.source.buffers.kind = Kind::Nothing;
    }

    // ---- Errors ----

    #[cold]
    #[inline(never)]
    pub fn fail(&mut self, line: u32, what: What) -> Stop {
        self.wrong.get_or_insert(Wrong { line, what });
        Stop
    }

    /// The error for a token that is not expected here.
    #[cold]
    #[inline(never)]
    pub fn unexpected(&mut self) -> Stop {
        let token = self.token.unwrap_or(Token::End);
        let text = if token == Token::Word && self.plain {
            &self.source.buffers.text
        } else {
            self.source
                .read()
                .get(self.start..self.end)
                .unwrap_or_default()
        };
        let what = What::Unexpected(token, text.into());
        self.fail(self.line, what)
    }

    /// The error for a text that ends before `opening` is closed by `closing`.
    #[cold]
    #[inline(never)]
    pub fn unclosed(&mut self, closing: &'static str, opening: &'static str, line: u32) -> Stop {
        self.fail(self.source.line, What::Unclosed(closing, opening, line))
    }

    /// Fails if the stack is nearly used up.
    pub fn check_depth(&mut self) -> Parsed<()> {
        if self.host.is_stack_low() {
            return Err(self.fail(self.source.line, What::Deep));
        }
        Ok(())
    }
}
