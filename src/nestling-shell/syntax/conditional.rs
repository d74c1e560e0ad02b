//! `[[ … ]]`, as in bash, ksh and busybox.

use alloc::boxed::Box;

use super::host::Host;
use super::lexer::{Parsed, Parser, Token, WordContext};
use super::tree::{Conditional, Operator, Word, unary_operator};

impl<H: Host> Parser<'_, H> {
    /// Parses the expression after `[[`, up to `]]`.
    pub fn conditional(&mut self, line: u32) -> Parsed<Conditional> {
        let expression = self.joined(Token::OrOr, line)?;
        if !self.at_word(b"]]")? {
            return Err(self.missing("]]", "[[", line));
        }
        self.take();
        Ok(expression)
    }

    /// Parses `a || b` or `a && b`.
    fn joined(&mut self, by: Token, line: u32) -> Parsed<Conditional> {
        self.check_depth()?;
        let or = by == Token::OrOr;
        let left = match or {
            true => self.joined(Token::AndAnd, line)?,
            false => self.primary(line)?,
        };
        if self.operand_token()? != by {
            return Ok(left);
        }
        self.take();
        let (left, right) = (Box::new(left), Box::new(self.joined(by, line)?));
        Ok(Conditional::Joined { or, left, right })
    }

    fn primary(&mut self, line: u32) -> Parsed<Conditional> {
        self.check_depth()?;
        if self.operand_token()? == Token::Open {
            self.take();
            let inner = self.joined(Token::OrOr, line)?;
            return match self.take_token(Token::Close) {
                true => Ok(inner),
                false => Err(self.missing(")", "(", line)),
            };
        }
        if self.at_word(b"!")? {
            self.take();
            return Ok(Conditional::Not(Box::new(self.primary(line)?)));
        }
        let left = self.operand(line)?;
        let unary = left.literal().and_then(unary_operator);
        let token = self.operand_token()?;
        if token == Token::Word && self.at_word(b"=~")? {
            self.take();
            self.skip_blanks();
            return Ok(Conditional::Regular(left, self.regular_expression()?));
        }
        let operator = match token {
            Token::Less => Some(Operator::Before),
            Token::Great => Some(Operator::After),
            Token::Word if self.plain => Operator::named(&self.source.buffers.text),
            _ => None,
        };
        if let Some(operator) = operator {
            if token != Token::Word {
                self.take();
                return Ok(Conditional::Binary(left, operator, self.operand(line)?));
            }
            let word = self.take_word();
            return match unary {
                // In `[[ -f == ]]`, the operator has no right operand, so `==` is the operand of `-f`.
                Some(letter) if self.operand_token()? != Token::Word || self.at_word(b"]]")? => {
                    Ok(Conditional::Unary(letter, word))
                }
                _ => Ok(Conditional::Binary(left, operator, self.operand(line)?)),
            };
        }
        match unary {
            Some(letter) if token == Token::Word && !self.at_word(b"]]")? => {
                Ok(Conditional::Unary(letter, self.operand(line)?))
            }
            _ => Ok(Conditional::Word(left)),
        }
    }

    /// Returns the next token after any newlines.
    fn operand_token(&mut self) -> Parsed<Token> {
        while self.token(WordContext::Plain)? == Token::Newline {
            self.take();
        }
        self.token(WordContext::Plain)
    }

    fn operand(&mut self, line: u32) -> Parsed<Word> {
        match self.operand_token()? {
            Token::Word if !self.at_word(b"]]")? => Ok(self.take_word()),
            _ => Err(self.missing("]]", "[[", line)),
        }
    }

    /// Whether the next token is this word, without quotes.
    fn at_word(&mut self, word: &[u8]) -> Parsed<bool> {
        Ok(self.operand_token()? == Token::Word && self.plain && self.source.buffers.text == word)
    }
}
