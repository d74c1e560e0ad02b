//! `[[ … ]]`, as in bash, ksh and busybox.

use alloc::boxed::Box;

use super::lexer::{Parsed, Parser, Place, Token};
use super::tree::{Conditional, Word};

impl Parser<'_> {
    /// Behind `[[`: up to `]]`.
    pub fn conditional(&mut self, line: u32) -> Parsed<Conditional> {
        let expression = self.either(line)?;
        if !self.at_word(b"]]")? {
            return Err(self.missing("]]", "[[", line));
        }
        self.take();
        Ok(expression)
    }

    /// `a || b`
    fn either(&mut self, line: u32) -> Parsed<Conditional> {
        self.check_depth()?;
        let left = self.both(line)?;
        if self.operand_token()? != Token::OrOr {
            return Ok(left);
        }
        self.take();
        let right = self.either(line)?;
        Ok(Conditional::Or(Box::new(left), Box::new(right)))
    }

    /// `a && b`
    fn both(&mut self, line: u32) -> Parsed<Conditional> {
        self.check_depth()?;
        let left = self.primary(line)?;
        if self.operand_token()? != Token::AndAnd {
            return Ok(left);
        }
        self.take();
        let right = self.both(line)?;
        Ok(Conditional::And(Box::new(left), Box::new(right)))
    }

    fn primary(&mut self, line: u32) -> Parsed<Conditional> {
        self.check_depth()?;
        if self.operand_token()? == Token::Open {
            self.take();
            let inner = self.either(line)?;
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
        let unary = match left.literal() {
            Some([b'-', letter]) if letter.is_ascii_alphabetic() => Some(*letter),
            _ => None,
        };
        let operator: Box<[u8]> = match self.operand_token()? {
            Token::Less => Box::from(*b"<"),
            Token::Great => Box::from(*b">"),
            Token::Word if self.plain && is_binary(&self.source.buffers.text) => {
                Box::from(&self.source.buffers.text[..])
            }
            Token::Word if unary.is_some() && !self.at_word(b"]]")? => {
                let operand = self.operand(line)?;
                return Ok(Conditional::Unary(unary.unwrap_or_default(), operand));
            }
            _ => return Ok(Conditional::Word(left)),
        };
        self.take();
        let right = if *operator == *b"=~" {
            self.skip_blanks();
            self.regular_expression()?
        } else {
            self.operand(line)?
        };
        Ok(Conditional::Binary(left, operator, right))
    }

    /// The token, behind newlines.
    fn operand_token(&mut self) -> Parsed<Token> {
        while self.token(Place::Plain)? == Token::Newline {
            self.take();
        }
        self.token(Place::Plain)
    }

    fn operand(&mut self, line: u32) -> Parsed<Word> {
        match self.operand_token()? {
            Token::Word if !self.at_word(b"]]")? => Ok(self.take_word()),
            _ => Err(self.missing("]]", "[[", line)),
        }
    }

    /// Whether the token is this word, not quoted.
    fn at_word(&mut self, word: &[u8]) -> Parsed<bool> {
        Ok(self.operand_token()? == Token::Word && self.plain && self.source.buffers.text == word)
    }
}

fn is_binary(operator: &[u8]) -> bool {
    matches!(
        operator,
        b"=" | b"=="
            | b"!="
            | b"=~"
            | b"-eq"
            | b"-ne"
            | b"-lt"
            | b"-le"
            | b"-gt"
            | b"-ge"
            | b"-nt"
            | b"-ot"
            | b"-ef"
    )
}
