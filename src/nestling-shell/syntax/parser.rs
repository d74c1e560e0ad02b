//! The parser for the grammar in XCU 2.10, by recursive descent.

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;

use super::compact::{Few, shared, split_off};
use super::host::Host;
use super::lexer::{Parsed, Parser, Reserved, Stop, Token, What, WordContext};
use super::tree::{
    AndOr, Arm, Assignment, Command, Compound, CompoundKind, Connective, Function, Item, List,
    Part, Pipeline, Redirection, RedirectionKind, Simple, Word,
};
use crate::symbols::{Symbol, is_name};

impl<H: Host> Parser<'_, H> {
    /// Parses a `complete_command` and the newline after it. Returns `None` at the end of the text.
    pub fn complete_command(&mut self) -> Parsed<Option<List>> {
        match self.token(WordContext::Command)? {
            Token::End => return Ok(None),
            Token::Newline => {
                self.take();
                return Ok(Some(List::default()));
            }
            _ => {}
        }
        let list = self.list(true)?;
        match self.token {
            Some(Token::Newline | Token::End) => self.take(),
            _ => return Err(self.unexpected()),
        }
        Ok(Some(list))
    }

    // ---- Lists ----

    /// Parses and-or lists up to a token that cannot begin one. That token is not taken. If `of_line`, the list also ends at a
    /// newline.
    pub fn list(&mut self, of_line: bool) -> Parsed<List> {
        let base = self.source.buffers.items.len();
        loop {
            if !of_line {
                self.skip_newlines(WordContext::Command)?;
            }
            if self.ends_list()? {
                break;
            }
            let start = self.start;
            let and_or = self.and_or()?;
            let separator = self.token(WordContext::Plain)?;
            let asynchronous = separator == Token::And;
            let with_text = asynchronous || self.host.keeps_texts();
            let text = with_text.then(|| self.text_since(start));
            self.source.buffers.items.push(Item {
                and_or,
                asynchronous,
                text,
            });
            match separator {
                Token::And | Token::Semicolon => self.take(),
                Token::Newline if !of_line => {}
                _ => break,
            }
        }
        Ok(List {
            items: shared(&mut self.source.buffers.items, base),
        })
    }

    /// Parses a `compound_list`: like [`list`](Self::list), but the list must not be empty.
    fn compound_list(&mut self) -> Parsed<List> {
        let list = self.list(false)?;
        if list.items.is_empty() && self.token != Some(Token::End) {
            return Err(self.unexpected());
        }
        Ok(list)
    }

    /// Whether the token cannot begin a command but may follow a list.
    fn ends_list(&mut self) -> Parsed<bool> {
        Ok(match self.token(WordContext::Command)? {
            Token::End
            | Token::Newline
            | Token::Close
            | Token::DoubleSemicolon
            | Token::SemicolonAnd => true,
            _ => matches!(
                self.reserved(),
                Some(
                    Reserved::RightBrace
                        | Reserved::Do
                        | Reserved::Done
                        | Reserved::Elif
                        | Reserved::Else
                        | Reserved::Esac
                        | Reserved::Fi
                        | Reserved::Then
                )
            ),
        })
    }

    fn skip_newlines(&mut self, context: WordContext) -> Parsed<()> {
        while self.token(context)? == Token::Newline {
            self.take();
        }
        Ok(())
    }

    /// Returns the text from `start` to the end of the last token that was taken, without here-documents.
    fn text_since(&self, start: usize) -> Rc<[u8]> {
        let mut text = Vec::new();
        let mut from = start;
        let read = self.source.read();
        for &(begin, end) in self
            .source
            .buffers
            .documents
            .iter()
            .filter(|&&(begin, _)| begin >= start)
        {
            if end <= self.taken {
                text.extend_from_slice(read.get(from..begin).unwrap_or_default());
                from = end;
            }
        }
        text.extend_from_slice(read.get(from..self.taken).unwrap_or_default());
        text.into()
    }

    fn and_or(&mut self) -> Parsed<AndOr> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            let connective = match self.token(WordContext::Plain)? {
                Token::AndAnd => Connective::And,
                Token::OrOr => Connective::Or,
                _ => break,
            };
            self.take();
            self.skip_newlines(WordContext::Command)?;
            rest.push((connective, self.pipeline()?));
        }
        Ok(AndOr {
            first,
            rest: rest.into_boxed_slice(),
        })
    }

    fn pipeline(&mut self) -> Parsed<Pipeline> {
        self.token(WordContext::Command)?;
        let negated = self.reserved() == Some(Reserved::Bang);
        if negated {
            self.take();
        }
        let command = self.command()?;
        if self.token(WordContext::Plain)? != Token::Pipe {
            let commands = Few::One(command);
            return Ok(Pipeline { negated, commands });
        }
        let base = self.source.buffers.commands.len();
        self.source.buffers.commands.push(command);
        while self.take_token(Token::Pipe) {
            self.skip_newlines(WordContext::Command)?;
            let command = self.command()?;
            self.source.buffers.commands.push(command);
            self.token(WordContext::Plain)?;
        }
        Ok(Pipeline {
            negated,
            commands: Few::Many(split_off(&mut self.source.buffers.commands, base)),
        })
    }

    // ---- Commands ----

    fn command(&mut self) -> Parsed<Command> {
        self.check_depth()?;
        let token = self.token(WordContext::Command)?;
        if self.reserved() == Some(Reserved::Function) {
            return self.function_word();
        }
        if token == Token::Open || self.reserved().is_some() {
            return Ok(Command::Compound(Box::new(self.compound()?)));
        }
        let is_simple = matches!(token, Token::Word | Token::Assignment | Token::IoNumber)
            || is_redirection(token);
        if !is_simple {
            return Err(self.unexpected());
        }
        self.simple()
    }

    /// Parses a simple command (XCU 2.9.1), or a function definition, which begins like one.
    fn simple(&mut self) -> Parsed<Command> {
        let line = self.line;
        let base = self.source.buffers.words.len();
        let assignments = self.source.buffers.assignments.len();
        let redirections = self.source.buffers.redirections.len();
        let mut name = None;
        let mut context = WordContext::Command;
        // Whether the words so far may be `command` and its options, so that the utility's name follows.
        let mut looks_for_utility = true;
        loop {
            match self.token(context)? {
                Token::Assignment => self.assignment(),
                Token::Word => {
                    let is_first = self.source.buffers.words.len() == base;
                    let may_be_function = is_first && self.plain && context == WordContext::Command;
                    let word = self.take_word();
                    if looks_for_utility {
                        let known = self.known(&word);
                        if is_first {
                            name = known;
                        }
                        context = WordContext::Plain;
                        looks_for_utility = false;
                        if let Some(symbol) = known {
                            match self.host.symbols().name(symbol) {
                                b"export" | b"readonly" | b"local" => {
                                    context = WordContext::Declaration
                                }
                                b"command" => looks_for_utility = true,
                                [b'-', ..] if !is_first => looks_for_utility = true,
                                _ => {}
                            }
                        }
                    }
                    if may_be_function && self.token(context)? == Token::Open {
                        return self.function(word);
                    }
                    self.source.buffers.words.push(word);
                    continue;
                }
                token if token == Token::IoNumber || is_redirection(token) => self.redirection()?,
                _ => break,
            }
            if self.source.buffers.words.len() == base {
                context = WordContext::Prefix;
            }
        }
        Ok(Command::Simple(Box::new(Simple {
            line,
            assignments: Few::split_off(&mut self.source.buffers.assignments, assignments),
            words: split_off(&mut self.source.buffers.words, base),
            redirections: split_off(&mut self.source.buffers.redirections, redirections),
            name,
        })))
    }

    /// Returns the name that a word stands for, if the word needs no expansion.
    fn known(&mut self, word: &Word) -> Option<Symbol> {
        let is_known = word.parts.iter().all(|part| match part {
            Part::Literal(text) => !may_be_pattern(text),
            Part::Quoted(_) => true,
            _ => false,
        });
        if !is_known {
            return None;
        }
        if let [Part::Literal(text) | Part::Quoted(text)] = &*word.parts {
            return Some(self.host.symbols_mut().intern(text));
        }
        for part in &word.parts {
            if let Part::Literal(text) | Part::Quoted(text) = part {
                self.source.buffers.text.extend_from_slice(text);
            }
        }
        let name = self.host.symbols_mut().intern(&self.source.buffers.text);
        self.clear();
        Some(name)
    }

    fn assignment(&mut self) {
        if let Some((name, append)) = self.assigned {
            let value = self.take_word();
            self.source.buffers.assignments.push(Assignment {
                name,
                append,
                value,
            });
        }
    }

    /// Parses a function definition from the parenthesis after its name.
    fn function(&mut self, name: Word) -> Parsed<Command> {
        self.take();
        if self.token(WordContext::Plain)? != Token::Close {
            return Err(self.unexpected());
        }
        self.take();
        self.body_of(name)
    }

    /// Parses a function definition that begins with `function` (as in bash, ksh and busybox). The parentheses after the name are
    /// optional.
    fn function_word(&mut self) -> Parsed<Command> {
        self.take();
        if self.token(WordContext::Plain)? != Token::Word {
            return Err(self.unexpected());
        }
        let name = self.take_word();
        if self.token(WordContext::Command)? == Token::Open {
            return self.function(name);
        }
        self.body_of(name)
    }

    /// Parses the body of a function: a compound command, or a simple command (as in dash, mksh and busybox).
    fn body_of(&mut self, name: Word) -> Parsed<Command> {
        let name = name.literal().unwrap_or_default();
        if !is_name(name) {
            return Err(self.fail(self.line, What::Name(name.into())));
        }
        let name = self.host.symbols_mut().intern(name);
        self.skip_newlines(WordContext::Command)?;
        let body = match self.command()? {
            Command::Compound(compound) => *compound,
            command => Compound::of(command, self.line),
        };
        Ok(Command::Function(Rc::new(Function { name, body })))
    }

    // ---- Redirections ----

    fn redirections(&mut self) -> Parsed<Box<[Redirection]>> {
        let base = self.source.buffers.redirections.len();
        loop {
            let token = self.token(WordContext::Plain)?;
            if token != Token::IoNumber && !is_redirection(token) {
                return Ok(split_off(&mut self.source.buffers.redirections, base));
            }
            self.redirection()?;
        }
    }

    fn redirection(&mut self) -> Parsed<()> {
        let (mut fd, mut variable) = (None, None);
        if self.token == Some(Token::IoNumber)
            && let [b'{', name @ .., b'}'] = &self.source.buffers.text[..]
        {
            variable = Some(self.host.symbols_mut().intern(name));
            self.take();
        } else if self.token == Some(Token::IoNumber) {
            let add = |number: i32, &digit: &u8| {
                number
                    .checked_mul(10)?
                    .checked_add(i32::from(digit) - i32::from(b'0'))
            };
            fd = Some(
                self.source
                    .buffers
                    .text
                    .iter()
                    .try_fold(0, add)
                    .unwrap_or(i32::MAX),
            );
            self.take();
        }
        let operator = self.token(WordContext::Plain)?;
        if !is_redirection(operator) {
            return Err(self.unexpected());
        }
        self.take();
        let reads = matches!(
            operator,
            Token::Less
                | Token::LessAnd
                | Token::LessGreat
                | Token::TripleLess
                | Token::DoubleLess
                | Token::DoubleLessDash
        );
        let fd = fd.unwrap_or(i32::from(!reads));
        let kind = match operator {
            Token::DoubleLess | Token::DoubleLessDash => RedirectionKind::HereDocument(
                self.here_document(operator == Token::DoubleLessDash)?,
            ),
            _ => {
                if self.token(WordContext::Plain)? != Token::Word {
                    return Err(self.unexpected());
                }
                let word = self.take_word();
                match operator {
                    Token::Less => RedirectionKind::Read(word),
                    Token::Great => RedirectionKind::Write(word),
                    Token::DoubleGreat => RedirectionKind::Append(word),
                    Token::LessGreat => RedirectionKind::ReadWrite(word),
                    Token::Clobber => RedirectionKind::Clobber(word),
                    Token::TripleLess => RedirectionKind::HereString(word),
                    Token::AndGreat => RedirectionKind::Both(true, word),
                    Token::GreatAnd if fd == 1 && variable.is_none() => {
                        RedirectionKind::Both(false, word)
                    }
                    _ => RedirectionKind::Duplicate(word),
                }
            }
        };
        self.source
            .buffers
            .redirections
            .push(Redirection { fd, variable, kind });
        Ok(())
    }

    // ---- Compound commands (XCU 2.9.4) ----

    /// Parses a compound command from its first token.
    fn compound(&mut self) -> Parsed<Compound> {
        let line = self.line;
        let kind = match self.reserved() {
            None => {
                self.take();
                let list = self.compound_list()?;
                if self.token != Some(Token::Close) {
                    return Err(self.missing(")", "(", line));
                }
                self.take();
                CompoundKind::Subshell(list)
            }
            Some(Reserved::LeftBrace) => {
                self.take();
                let list = self.compound_list()?;
                self.close(Reserved::RightBrace, "}", "{", line)?;
                CompoundKind::Group(list)
            }
            Some(Reserved::If) => self.if_clause(line)?,
            Some(Reserved::While) => self.loop_clause(false, "while", line)?,
            Some(Reserved::Until) => self.loop_clause(true, "until", line)?,
            Some(Reserved::For) => self.for_clause(line)?,
            Some(Reserved::Case) => self.case_clause(line)?,
            Some(Reserved::Conditional) => {
                self.take();
                CompoundKind::Conditional(Box::new(self.conditional(line)?))
            }
            _ => return Err(self.unexpected()),
        };
        let redirections = self.redirections()?;
        Ok(Compound {
            line,
            kind,
            redirections,
        })
    }

    /// Takes the reserved word that closes a compound command.
    fn close(
        &mut self,
        reserved: Reserved,
        closing: &'static str,
        opening: &'static str,
        line: u32,
    ) -> Parsed<()> {
        if self.reserved() != Some(reserved) {
            return Err(self.missing(closing, opening, line));
        }
        self.take();
        Ok(())
    }

    /// The error if the token is not the one that must follow.
    #[cold]
    #[inline(never)]
    pub fn missing(&mut self, closing: &'static str, opening: &'static str, line: u32) -> Stop {
        match self.token {
            Some(Token::End) | None => self.unclosed(closing, opening, line),
            _ => self.unexpected(),
        }
    }

    fn if_clause(&mut self, line: u32) -> Parsed<CompoundKind> {
        let mut branches = Vec::new();
        loop {
            // The token is `if` or `elif`.
            self.take();
            let condition = self.compound_list()?;
            self.close(Reserved::Then, "then", "if", line)?;
            branches.push((condition, self.compound_list()?));
            if self.reserved() != Some(Reserved::Elif) {
                break;
            }
        }
        let mut otherwise = None;
        if self.reserved() == Some(Reserved::Else) {
            self.take();
            otherwise = Some(self.compound_list()?);
        }
        self.close(Reserved::Fi, "fi", "if", line)?;
        Ok(CompoundKind::If {
            branches: branches.into_boxed_slice(),
            otherwise,
        })
    }

    fn loop_clause(
        &mut self,
        until: bool,
        opening: &'static str,
        line: u32,
    ) -> Parsed<CompoundKind> {
        self.take();
        let condition = self.compound_list()?;
        let body = self.do_group(opening, line)?;
        Ok(CompoundKind::Loop {
            until,
            condition,
            body,
        })
    }

    fn do_group(&mut self, opening: &'static str, line: u32) -> Parsed<List> {
        self.close(Reserved::Do, "do", opening, line)?;
        let body = self.compound_list()?;
        self.close(Reserved::Done, "done", opening, line)?;
        Ok(body)
    }

    fn for_clause(&mut self, line: u32) -> Parsed<CompoundKind> {
        self.take();
        if self.token(WordContext::Plain)? != Token::Word {
            return Err(self.missing("name", "for", line));
        }
        let name = self.take_word();
        let name = match name.literal() {
            Some(name) if is_name(name) => self.host.symbols_mut().intern(name),
            name => {
                let name = name.unwrap_or_default().into();
                return Err(self.fail(self.line, What::Name(name)));
            }
        };
        let mut words = None;
        if self.token(WordContext::Command)? == Token::Semicolon {
            self.take();
            self.skip_newlines(WordContext::Command)?;
        } else {
            self.skip_newlines(WordContext::Command)?;
            if self.reserved() == Some(Reserved::In) {
                self.take();
                let base = self.source.buffers.words.len();
                while self.token(WordContext::Plain)? == Token::Word {
                    let word = self.take_word();
                    self.source.buffers.words.push(word);
                }
                words = Some(split_off(&mut self.source.buffers.words, base));
                match self.token {
                    Some(Token::Semicolon | Token::Newline) => self.take(),
                    _ => return Err(self.missing("do", "for", line)),
                }
                self.skip_newlines(WordContext::Command)?;
            }
        }
        let body = self.do_group("for", line)?;
        Ok(CompoundKind::For { name, words, body })
    }

    fn case_clause(&mut self, line: u32) -> Parsed<CompoundKind> {
        self.take();
        if self.token(WordContext::Plain)? != Token::Word {
            return Err(self.missing("word", "case", line));
        }
        let subject = self.take_word();
        self.skip_newlines(WordContext::Plain)?;
        self.close(Reserved::In, "in", "case", line)?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines(WordContext::Plain)?;
            if self.reserved() == Some(Reserved::Esac) {
                break;
            }
            arms.push(self.arm(line)?);
            // An arm without `;;` is the last one.
            if self.reserved() == Some(Reserved::Esac) {
                break;
            }
        }
        self.take();
        Ok(CompoundKind::Case {
            subject,
            arms: arms.into_boxed_slice(),
        })
    }

    fn arm(&mut self, line: u32) -> Parsed<Arm> {
        self.take_token(Token::Open);
        let base = self.source.buffers.words.len();
        loop {
            if self.token(WordContext::Plain)? != Token::Word {
                return Err(self.missing("esac", "case", line));
            }
            let word = self.take_word();
            self.source.buffers.words.push(word);
            if self.token(WordContext::Plain)? != Token::Pipe {
                break;
            }
            self.take();
        }
        let patterns = split_off(&mut self.source.buffers.words, base);
        if !self.take_token(Token::Close) {
            return Err(self.missing("esac", "case", line));
        }
        let body = self.list(false)?;
        let falls_through = self.token == Some(Token::SemicolonAnd);
        if falls_through || self.token == Some(Token::DoubleSemicolon) {
            self.take();
        } else if self.reserved() != Some(Reserved::Esac) {
            return Err(self.missing("esac", "case", line));
        }
        Ok(Arm {
            patterns,
            body,
            falls_through,
        })
    }
}

fn is_redirection(token: Token) -> bool {
    matches!(
        token,
        Token::Less
            | Token::Great
            | Token::DoubleLess
            | Token::DoubleLessDash
            | Token::TripleLess
            | Token::DoubleGreat
            | Token::LessAnd
            | Token::GreatAnd
            | Token::LessGreat
            | Token::Clobber
            | Token::AndGreat
    )
}

/// Whether unquoted text may be a pattern for pathname expansion.
#[inline]
fn may_be_pattern(text: &[u8]) -> bool {
    let has = |byte| nestling::text::contains(text, byte);
    has(b'*') || has(b'?') || has(b'[') && has(b']')
}
