//! Words: quoting (XCU 2.2), and recognising where expansions begin and end (XCU 2.6).

use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::OnceCell;
use core::mem;

use super::compact::{Few, Piece, Template, split_off};
use super::host::Host;
use super::lexer::class::*;
use super::lexer::{Kind, Lengths, Parsed, Parser, Stop, Token, What, WordContext};
use super::source::{Outer, Source};
use super::tree::{Arithmetic, Modifier, Parameter, ParameterName, Part, Substitution, Word};
use crate::symbols::{Symbol, is_name};

/// The kind of quoting around an expansion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quoting {
    None,
    /// In double quotes, or in the word of a parameter expansion in double quotes. Double quotes may occur in that word.
    Double,
    /// In a here-document or an arithmetic expansion. This is like double quotes, but a double quote has no special meaning.
    Bare,
}

/// A position to which the parser can return after an unsuccessful trial.
struct Mark {
    at: usize,
    line: u32,
    /// In an alias's value: the value and the values around it. The text that was read is not copied, only its position is.
    text: Vec<u8>,
    outer: Vec<Outer>,
    place: usize,
    start: usize,
    aliases: Vec<Symbol>,
    lengths: Lengths,
}

/// The greatest depth of nested expansions that begin with `$((` and are command substitutions. Each one is parsed twice.
const TRIALS: u32 = 64;

impl<H: Host> Parser<'_, H> {
    // ---- Pieces of text ----

    /// Begins to collect text of this kind. Collected text of another kind becomes a part.
    #[inline]
    pub fn collect(&mut self, kind: Kind) {
        if self.source.buffers.kind != kind {
            self.push_text();
            self.source.buffers.kind = kind;
        }
    }

    /// Makes a part of the collected text.
    pub fn push_text(&mut self) {
        let text = || Piece::from(&self.source.buffers.text[..]);
        let part = match self.source.buffers.kind {
            Kind::Nothing => return,
            Kind::Literal => Part::Literal(text()),
            Kind::Quoted => Part::Quoted(text()),
        };
        self.push(part);
    }

    fn push(&mut self, part: Part) {
        self.source.buffers.parts.push(part);
        self.clear();
    }

    /// Adds the next byte.
    pub fn byte(&mut self, kind: Kind) {
        let byte = self.peek_raw();
        if byte != 0 {
            self.collect(kind);
            self.source.buffers.text.push(byte);
            self.advance();
        }
    }

    /// Adds the bytes up to a byte of one of these classes.
    #[inline]
    fn run(&mut self, kind: Kind, stops: u16) {
        let rest = self.source.rest();
        let length = rest
            .iter()
            .position(|&byte| is(byte, stops))
            .unwrap_or(rest.len());
        if length != 0 {
            self.collect(kind);
            let at = self.source.at;
            self.source.at += length;
            let source = &mut *self.source;
            let run = source.text.get(at..at + length).unwrap_or_default();
            source.buffers.text.extend_from_slice(run);
            if stops & NEWLINE == 0 && source.outer.is_empty() {
                source.line += newlines(run);
            }
        }
    }

    /// Makes a word of the parts from the index `base` on.
    fn since(&mut self, base: usize) -> Word {
        self.push_text();
        Word {
            parts: Few::split_off(&mut self.source.buffers.parts, base),
            is_assignment: false,
        }
    }

    // ---- Words ----

    /// Parses a word. For an assignment, the word is the text after the `=`.
    pub fn word(&mut self, context: WordContext) -> Parsed<Token> {
        let base = self.source.buffers.parts.len();
        let mut assigned = None;
        let mut like_assignment = false;
        let mut token = Token::Word;
        if context != WordContext::Plain && is(self.peek(), FIRST) {
            self.name();
            if context == WordContext::Declaration {
                like_assignment = self.peek() == b'=';
                if like_assignment {
                    self.byte(Kind::Literal);
                }
            } else if self.peek() == b'=' || self.peek() == b'+' && self.second() == b'=' {
                let appends = !self.take_byte(b'=');
                self.source.at += usize::from(appends) * 2;
                assigned = Some((
                    self.host.symbols_mut().intern(&self.source.buffers.text),
                    appends,
                ));
                self.clear();
                token = Token::Assignment;
            }
        }
        let colons = like_assignment || assigned.is_some();
        if self.source.buffers.kind == Kind::Nothing || colons {
            self.tilde(META, colons);
        }
        let outer = mem::replace(&mut self.colons, colons);
        let answer = self.unquoted(META, colons);
        self.colons = outer;
        answer?;

        self.plain = token == Token::Word
            && self.source.buffers.kind != Kind::Quoted
            && self.source.buffers.parts.len() == base;
        if !self.plain {
            self.push_text();
        } else if matches!(self.source.text.get(self.source.at), Some(b'<' | b'>'))
            && is_location(&self.source.buffers.text)
        {
            token = Token::IoNumber;
        }
        self.base = base;
        self.like_assignment = like_assignment;
        self.assigned = assigned;
        Ok(token)
    }

    /// Parses a regular expression in `[[ … ]]`. Operators are part of it.
    pub fn regular_expression(&mut self) -> Parsed<Word> {
        let base = self.source.buffers.parts.len();
        self.unquoted(BLANK, false)?;
        if self.source.buffers.parts.len() == base && self.source.buffers.kind == Kind::Nothing {
            self.token(WordContext::Plain)?;
            return Err(self.unexpected());
        }
        Ok(self.since(base))
    }

    /// Collects a name.
    fn name(&mut self) {
        self.collect(Kind::Literal);
        loop {
            let source = &mut *self.source;
            let rest = source.text.get(source.at..).unwrap_or_default();
            let length = rest.iter().take_while(|&&byte| is(byte, NAME)).count();
            source
                .buffers
                .text
                .extend_from_slice(rest.get(..length).unwrap_or_default());
            source.at += length;
            if !is(self.peek(), NAME) {
                return;
            }
        }
    }

    /// Parses unquoted text up to a byte of one of these classes. In assignments, a tilde-prefix may follow each colon.
    fn unquoted(&mut self, ends: u16, colons: bool) -> Parsed<()> {
        let stops = ends | SPECIAL | SINGLE | DOUBLE | NEWLINE | if colons { COLON } else { 0 };
        loop {
            self.run(Kind::Literal, stops);
            match self.peek() {
                b'\\' => {
                    // A backslash at the end of the text stands for itself.
                    if self.second() != 0 || !self.source.outer.is_empty() {
                        self.source.at += 1;
                    }
                    self.byte(Kind::Quoted);
                }
                b'\'' => self.single_quoted()?,
                b'"' => self.double_quoted()?,
                b'$' => self.dollar(Quoting::None)?,
                b'`' => self.backquoted(Quoting::None)?,
                0 => return Ok(()),
                b'<' | b'>' if ends == META && self.second() == b'(' => self.process()?,
                byte if is(byte, ends) => return Ok(()),
                byte => {
                    self.byte(Kind::Literal);
                    if byte == b':' && colons {
                        self.tilde(ends, colons);
                    }
                }
            }
        }
    }

    /// Parses a tilde-prefix (XCU 2.6.1), if there is one. It ends at a slash, at the end of the word, or in assignments at a
    /// colon.
    pub fn tilde(&mut self, ends: u16, colons: bool) {
        if self.peek() != b'~' {
            return;
        }
        self.push_text();
        let ends = ends | SLASH | if colons { COLON } else { 0 };
        self.byte(Kind::Literal);
        loop {
            self.run(Kind::Literal, ends | SPECIAL | SINGLE | DOUBLE);
            let byte = self.peek();
            if is(byte, ends) || byte == 0 {
                let name = self.source.buffers.text.get(1..).unwrap_or_default();
                return self.push(Part::Tilde(name.into()));
            }
            if is(byte, SPECIAL | SINGLE | DOUBLE) {
                return;
            }
        }
    }

    /// Parses `'…'`.
    pub fn single_quoted(&mut self) -> Parsed<()> {
        let line = self.source.line;
        self.source.at += 1;
        self.collect(Kind::Quoted);
        loop {
            self.run(Kind::Quoted, SINGLE);
            match self.peek_raw() {
                b'\'' => break,
                0 => return Err(self.unclosed("'", "'", line)),
                _ => self.byte(Kind::Quoted),
            }
        }
        self.source.at += 1;
        Ok(())
    }

    /// Parses `"…"`.
    fn double_quoted(&mut self) -> Parsed<()> {
        let line = self.source.line;
        self.source.at += 1;
        self.run(Kind::Quoted, DOUBLE | SPECIAL);
        if self.peek() == b'"' {
            // The quotes contain only text. It joins the quoted text before it, whatever quotes that text had.
            self.source.at += 1;
            self.collect(Kind::Quoted);
            return Ok(());
        }
        self.push_text();
        let base = self.source.buffers.parts.len();
        self.quoted(DOUBLE, Quoting::Double)?;
        if !self.take_byte(b'"') {
            return Err(self.unclosed("\"", "\"", line));
        }
        self.push_text();
        let inner = split_off(&mut self.source.buffers.parts, base);
        self.push(Part::DoubleQuoted(inner));
        Ok(())
    }

    /// Parses text in double quotes, or text with the same rules, up to a byte of one of these classes or the end.
    fn quoted(&mut self, ends: u16, quoting: Quoting) -> Parsed<()> {
        let double = if quoting == Quoting::Double {
            DOUBLE
        } else {
            0
        };
        loop {
            self.run(Kind::Quoted, ends | double | SPECIAL);
            match self.peek() {
                b'\\' => {
                    let escaped = self.second();
                    if matches!(escaped, b'$' | b'`' | b'\\')
                        || escaped == b'"' && double != 0
                        || escaped == b'}' && ends & BRACE != 0
                    {
                        self.source.at += 1;
                    }
                    self.byte(Kind::Quoted);
                }
                b'$' => self.dollar(quoting)?,
                b'`' => self.backquoted(quoting)?,
                0 => return Ok(()),
                byte if is(byte, ends) => return Ok(()),
                b'"' if double != 0 => {
                    // Double quotes in the word of a quoted parameter expansion: their content is quoted again.
                    let line = self.source.line;
                    self.source.at += 1;
                    self.collect(Kind::Quoted);
                    self.quoted(DOUBLE, Quoting::Double)?;
                    if !self.take_byte(b'"') {
                        return Err(self.unclosed("\"", "\"", line));
                    }
                }
                _ => self.byte(Kind::Quoted),
            }
        }
    }

    /// Parses `$'…'` (XCU 2.2.4) from its quote.
    pub fn dollar_quoted(&mut self) -> Parsed<()> {
        let line = self.source.line;
        self.source.at += 1;
        self.collect(Kind::Quoted);
        // The text after a null byte is discarded, because it would end a C string.
        let mut kept = None;
        loop {
            self.run(Kind::Quoted, SINGLE | SPECIAL);
            match self.peek_raw() {
                b'\'' => break,
                0 => return Err(self.unclosed("'", "$'", line)),
                b'\\' => {
                    self.source.at += 1;
                    let length = self.source.buffers.text.len();
                    if self.escape() == 0 {
                        kept = kept.or(Some(length));
                    }
                }
                _ => self.byte(Kind::Quoted),
            }
        }
        self.source.at += 1;
        if let Some(length) = kept {
            self.source.buffers.text.truncate(length);
        }
        Ok(())
    }

    /// Parses an escape sequence of `$'…'` after its backslash. Adds the character, and returns it.
    fn escape(&mut self) -> u32 {
        let escape = self.peek_raw();
        if escape != 0 {
            self.advance();
        }
        let byte = match escape {
            b'a' => 7,
            b'b' => 8,
            b'e' | b'E' => 27,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'"' | b'\'' | b'\\' | b'?' => escape,
            b'0'..=b'7' => {
                self.source.at -= 1;
                self.number(8, 3).unwrap_or_default() as u8
            }
            b'x' if self.second_is_hexadecimal() => self.number(16, 2).unwrap_or_default() as u8,
            b'u' | b'U' if self.second_is_hexadecimal() => {
                let number = self
                    .number(16, if escape == b'u' { 4 } else { 8 })
                    .unwrap_or_default();
                let character = char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER);
                self.source
                    .buffers
                    .text
                    .extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                return number;
            }
            b'c' if !matches!(self.peek_raw(), 0 | b'\'') => {
                let control = self.peek_raw();
                self.advance();
                // `\c\\` is the control character of a backslash.
                if control == b'\\' && self.peek_raw() == b'\\' {
                    self.source.at += 1;
                }
                if control == b'?' { 127 } else { control & 0x1f }
            }
            _ => {
                self.source.buffers.text.push(b'\\');
                if escape == 0 {
                    return 1;
                }
                escape
            }
        };
        self.source.buffers.text.push(byte);
        byte.into()
    }

    fn second_is_hexadecimal(&mut self) -> bool {
        self.peek_raw().is_ascii_hexdigit()
    }

    /// Parses a number of at most `most` digits.
    fn number(&mut self, base: u32, most: u32) -> Option<u32> {
        let mut number = None;
        for _ in 0..most {
            let Some(digit) = char::from(self.peek_raw()).to_digit(base) else {
                break;
            };
            self.source.at += 1;
            number = Some(number.unwrap_or(0_u32).wrapping_mul(base) + digit);
        }
        number
    }

    // ---- Expansions ----

    /// Parses an expansion, or a literal dollar sign, from the `$`.
    pub fn dollar(&mut self, quoting: Quoting) -> Parsed<()> {
        let at = self.source.at;
        self.source.at += 1;
        let byte = self.peek();
        self.behind_dollar(at, byte, quoting)
    }

    /// Parses an expansion, or a literal dollar sign, from the byte after the `$` at `at`.
    fn behind_dollar(&mut self, at: usize, byte: u8, quoting: Quoting) -> Parsed<()> {
        if byte == b'\'' && quoting == Quoting::None {
            return self.dollar_quoted();
        }
        if byte == b'{' || byte == b'(' || is(byte, FIRST | DIGIT | PARAMETER) {
            self.push_text();
            return match byte {
                b'{' => self.braces(quoting),
                b'(' => self.parenthesis(at),
                _ => {
                    let name = self.plain_parameter(byte)?;
                    self.push_parameter(name, Modifier::None);
                    Ok(())
                }
            };
        }
        let kind = if quoting == Quoting::None {
            Kind::Literal
        } else {
            Kind::Quoted
        };
        self.collect(kind);
        self.source.buffers.text.push(b'$');
        Ok(())
    }

    /// Parses the name of a parameter without braces. `byte` is its first byte.
    fn plain_parameter(&mut self, byte: u8) -> Parsed<ParameterName> {
        if is(byte, DIGIT) {
            self.source.at += 1;
            return Ok(positional(u32::from(byte - b'0')));
        }
        self.parameter_name().ok_or(Stop)
    }

    fn push_parameter(&mut self, name: ParameterName, modifier: Modifier) {
        self.push(match modifier {
            Modifier::None => Part::Parameter(name),
            modifier => Part::Modified(Box::new(Parameter { name, modifier })),
        });
    }

    /// Parses a name, a number or the character of a special parameter. No text may be being collected.
    fn parameter_name(&mut self) -> Option<ParameterName> {
        let byte = self.peek();
        if is(byte, FIRST) {
            self.name();
            let symbol = self.host.symbols_mut().intern(&self.source.buffers.text);
            self.clear();
            Some(ParameterName::Variable(symbol))
        } else if is(byte, DIGIT) {
            let mut number = 0_u32;
            while is(self.peek(), DIGIT) {
                number = number
                    .saturating_mul(10)
                    .saturating_add(u32::from(self.peek() - b'0'));
                self.source.at += 1;
            }
            Some(positional(number))
        } else if is(byte, PARAMETER) {
            self.source.at += 1;
            Some(ParameterName::Special(byte))
        } else {
            None
        }
    }

    /// Parses `${…}` from its brace.
    fn braces(&mut self, quoting: Quoting) -> Parsed<()> {
        self.check_depth()?;
        let line = self.source.line;
        self.source.at += 1;
        let aliases = self.source.outer.len();
        let begin = self.source.at;
        let (name, modifier) = match self.parameter(quoting)? {
            Some(parameter) if self.peek() == b'}' => parameter,
            _ => {
                // This is not a valid parameter expansion. It ends where a valid one would end, and the error is reported when it
                // is expanded.
                let base = self.source.buffers.parts.len();
                self.modifier_word(quoting, 0, false)?;
                self.source.buffers.parts.truncate(base);
                let is_here = self.source.outer.len() == aliases;
                let text = self
                    .source
                    .text
                    .get(begin..self.source.at)
                    .filter(|_| is_here);
                let bad = Modifier::Bad(text.unwrap_or_default().into());
                (ParameterName::Special(b'?'), bad)
            }
        };
        if !self.take_byte(b'}') {
            return Err(self.unclosed("}", "${", line));
        }
        self.push_parameter(name, modifier);
        Ok(())
    }

    /// Parses the text in the braces. If that is not a parameter expansion, returns `None`, or stops before the closing brace.
    fn parameter(&mut self, quoting: Quoting) -> Parsed<Option<(ParameterName, Modifier)>> {
        if self.peek() == b'#' {
            self.source.at += 1;
            let at = self.source.at;
            let follows = self.peek();
            if is(follows, FIRST | DIGIT | PARAMETER) {
                let name = self.parameter_name();
                if self.peek() == b'}' {
                    return Ok(name.map(|name| (name, Modifier::Length)));
                }
                if is(follows, FIRST | DIGIT) {
                    return Ok(None);
                }
                // In `${#-word}` and similar expansions, the parameter is `$#`.
                self.source.at = at;
            }
            let modifier = self.modifier(quoting)?;
            return Ok(modifier.map(|modifier| (ParameterName::Special(b'#'), modifier)));
        }
        let Some(name) = self.parameter_name() else {
            return Ok(None);
        };
        Ok(self.modifier(quoting)?.map(|modifier| (name, modifier)))
    }

    /// Parses the modifier after a parameter's name.
    fn modifier(&mut self, quoting: Quoting) -> Parsed<Option<Modifier>> {
        let mut operator = self.peek();
        if operator == b'}' {
            return Ok(Some(Modifier::None));
        }
        let colon = self.take_byte(b':');
        if colon {
            operator = self.peek();
        }
        Ok(Some(match operator {
            b'-' | b'=' | b'?' | b'+' => {
                self.source.at += 1;
                Modifier::Default {
                    operator,
                    colon,
                    word: self.modifier_word(quoting, 0, self.colons)?,
                }
            }
            b'}' | 0 => return Ok(None),
            _ if colon => Modifier::Substring {
                offset: Box::new(self.offset()?),
                length: match self.take_byte(b':') {
                    true => Some(Box::new(self.offset()?)),
                    false => None,
                },
            },
            b'#' | b'%' => {
                self.source.at += 1;
                Modifier::Trim {
                    suffix: operator == b'%',
                    longest: self.take_byte(operator),
                    pattern: self.modifier_word(Quoting::None, 0, false)?,
                }
            }
            b'/' => {
                self.source.at += 1;
                let which = match self.peek() {
                    which @ (b'/' | b'#' | b'%') => {
                        self.source.at += 1;
                        which
                    }
                    _ => 0,
                };
                if which == b'/' && self.peek() == b'/' {
                    // A slash as the pattern's first byte does not end the pattern.
                    self.byte(Kind::Literal);
                }
                Modifier::Replace {
                    which,
                    pattern: Box::new(self.modifier_word(Quoting::None, SLASH, false)?),
                    replacement: Box::new(match self.take_byte(b'/') {
                        true => self.modifier_word(Quoting::None, 0, false)?,
                        false => Word::default(),
                    }),
                }
            }
            _ => return Ok(None),
        }))
    }

    /// Parses a word in braces, up to the closing brace or a byte of one of these classes. In assignments, a tilde-prefix may
    /// follow each colon.
    fn modifier_word(&mut self, quoting: Quoting, ends: u16, colons: bool) -> Parsed<Word> {
        let base = self.source.buffers.parts.len();
        if quoting == Quoting::None {
            self.tilde(BRACE | ends, colons);
            self.unquoted(BRACE | ends, colons)?;
        } else {
            self.quoted(BRACE | ends, Quoting::Double)?;
        }
        Ok(self.since(base))
    }

    /// Parses an arithmetic expression in braces, up to the closing brace or a colon that does not belong to `?:`.
    fn offset(&mut self) -> Parsed<Arithmetic> {
        let base = self.source.buffers.parts.len();
        let mut open = 0_u32;
        loop {
            self.quoted(PARENTHESIS | QUESTION | COLON | BRACE, Quoting::Double)?;
            match self.peek() {
                b'(' | b'?' => open += 1,
                b')' => open = open.saturating_sub(1),
                b':' if open > 0 => open -= 1,
                _ => break,
            }
            self.byte(Kind::Quoted);
        }
        Ok(Arithmetic {
            word: self.since(base),
            expression: OnceCell::new(),
        })
    }

    /// Parses `$(…)` or `$((…))` from its parenthesis. Its dollar sign is at `at`.
    ///
    /// By XCU 2.6.3, what can be an arithmetic expansion is one, so that is tried first. The parser remembers which expansions are
    /// not arithmetic. Otherwise the number of trials would double with each level of nesting. After too many failed trials, one inside the other, the
    /// expansion is refused as nested too deeply.
    fn parenthesis(&mut self, at: usize) -> Parsed<()> {
        self.check_depth()?;
        let place = (self.source.place(), at);
        let mark = self.mark();
        self.source.at += 1;
        if self.peek() == b'('
            && self
                .source
                .buffers
                .not_arithmetic
                .binary_search(&place)
                .is_err()
        {
            self.source.at += 1;
            self.source.buffers.trials += 1;
            let failed_before = mem::take(&mut self.source.buffers.failed_trials);
            let answer = self.arithmetic();
            self.source.buffers.trials -= 1;
            let failed_inside = self.source.buffers.failed_trials;
            self.source.buffers.failed_trials = failed_inside.max(failed_before);
            if answer.is_ok() || self.diverted.is_some() || self.is_too_deep() {
                return answer;
            }
            self.wrong = None;
            if failed_inside >= TRIALS {
                return Err(self.fail(self.source.line, What::Deep));
            }
            self.source.buffers.failed_trials = failed_before.max(failed_inside + 1);
            if let Err(index) = self.source.buffers.not_arithmetic.binary_search(&place) {
                self.source.buffers.not_arithmetic.insert(index, place);
            }
            self.back_to(mark);
            self.source.at += 1;
        }
        self.command_substitution("$(")?;
        if self.source.buffers.trials == 0 {
            self.source.buffers.not_arithmetic.clear();
            self.source.buffers.failed_trials = 0;
        }
        Ok(())
    }

    fn is_too_deep(&self) -> bool {
        self.wrong
            .as_ref()
            .is_some_and(|wrong| matches!(wrong.what, What::Deep))
    }

    /// Parses an arithmetic expansion after `$((`.
    fn arithmetic(&mut self) -> Parsed<()> {
        let line = self.source.line;
        let base = self.source.buffers.parts.len();
        let mut open = 0_u32;
        loop {
            self.quoted(PARENTHESIS, Quoting::Bare)?;
            match self.peek() {
                0 => return Err(self.unclosed("))", "$((", line)),
                b'(' => open += 1,
                _ if open > 0 => open -= 1,
                _ => break,
            }
            self.byte(Kind::Quoted);
        }
        self.source.at += 1;
        if !self.take_byte(b')') {
            return Err(self.unclosed("))", "$((", line));
        }
        let arithmetic = Arithmetic {
            word: self.since(base),
            expression: OnceCell::new(),
        };
        self.push(Part::Arithmetic(Box::new(arithmetic)));
        Ok(())
    }

    /// Parses the commands after `$(`, up to the closing parenthesis.
    fn command_substitution(&mut self, opening: &'static str) -> Parsed<()> {
        let substitution = self.substitution(opening)?;
        self.push(Part::Command(substitution));
        Ok(())
    }

    fn substitution(&mut self, opening: &'static str) -> Parsed<Rc<Substitution>> {
        let line = self.source.line;
        let outer = mem::replace(
            &mut self.source.buffers.pending_base,
            self.source.buffers.pending.len(),
        );
        let list = self.list(false)?;
        match self.token {
            Some(Token::Close) => self.take(),
            Some(Token::End) => return Err(self.unclosed(")", opening, line)),
            _ => return Err(self.unexpected()),
        }
        // A here-document whose lines were not read yet is read after the line on which the substitution ends.
        self.source.buffers.pending_base = outer;
        Ok(Rc::new(Substitution { list }))
    }

    /// Parses `<(…)` and `>(…)`.
    fn process(&mut self) -> Parsed<()> {
        self.check_depth()?;
        self.push_text();
        let writes = self.peek() == b'>';
        self.source.at += 2;
        let substitution = self.substitution(if writes { ">(" } else { "<(" })?;
        self.push(Part::Process(writes, substitution));
        Ok(())
    }

    /// Parses `` `…` ``: removes the backslashes from its text, and then parses the text.
    pub fn backquoted(&mut self, quoting: Quoting) -> Parsed<()> {
        self.check_depth()?;
        self.push_text();
        let line = self.source.line;
        self.source.at += 1;
        loop {
            self.run(Kind::Quoted, BACKQUOTE);
            match self.peek_raw() {
                b'`' => break,
                0 => return Err(self.unclosed("`", "`", line)),
                b'\\' => {
                    let escaped = self.second();
                    if matches!(escaped, b'$' | b'`' | b'\\')
                        || escaped == b'"' && quoting == Quoting::Double
                    {
                        self.source.at += 1;
                    }
                    self.byte(Kind::Quoted);
                }
                _ => self.byte(Kind::Quoted),
            }
        }
        self.source.at += 1;
        let text = mem::take(&mut self.source.buffers.text);
        self.clear();
        let list = self.inside(text, line, |parser| {
            let list = parser.list(false)?;
            match parser.token {
                Some(Token::End) => parser.take(),
                _ => return Err(parser.unexpected()),
            }
            Ok(list)
        })?;
        self.push(Part::Command(Rc::new(Substitution { list })));
        Ok(())
    }

    /// Parses another text with `parse`. Afterwards the parser continues with the current text.
    fn inside<T>(
        &mut self,
        text: Vec<u8>,
        line: u32,
        parse: fn(&mut Self) -> Parsed<T>,
    ) -> Parsed<T> {
        let mut source = Source::owned(text, line);
        source.aliases.clone_from(&self.source.aliases);
        source.inherited = source.aliases.len();
        mem::swap(self.source, &mut source);
        let answer = parse(self);
        mem::swap(self.source, &mut source);
        answer
    }

    /// Parses the body of a here-document whose delimiter was not quoted.
    pub fn document_word(&mut self, body: Vec<u8>, line: u32) -> Parsed<Word> {
        self.inside(body, line, Self::document)
    }

    /// Like [`quoted`](Self::quoted), but makes templates, because the text may be long.
    fn document(&mut self) -> Parsed<Word> {
        let mut template = Template::default();
        loop {
            let rest = self.source.rest();
            let length = rest.iter().position(|&byte| is(byte, SPECIAL));
            let run = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
            template.extend(run);
            let (length, lines) = (run.len(), newlines(run));
            self.source.at += length;
            if self.source.outer.is_empty() {
                self.source.line += lines;
            }
            match self.peek() {
                0 => break,
                b'$' => {
                    let at = self.source.at;
                    self.source.at += 1;
                    let byte = self.peek();
                    if is(byte, FIRST | DIGIT | PARAMETER) {
                        let name = self.plain_parameter(byte)?;
                        template.push(name);
                    } else {
                        self.push_template(&mut template);
                        self.behind_dollar(at, byte, Quoting::Bare)?;
                        self.push_text();
                    }
                }
                b'`' => {
                    self.push_template(&mut template);
                    self.backquoted(Quoting::Bare)?;
                }
                byte => {
                    // A backslash, or the byte after a line continuation.
                    if byte == b'\\' && matches!(self.second(), b'$' | b'`' | b'\\') {
                        self.source.at += 1;
                    }
                    template.extend(&[self.peek_raw()]);
                    self.advance();
                }
            }
        }
        self.push_template(&mut template);
        Ok(self.since(0))
    }

    /// Makes a part of a template, if the template is not empty.
    fn push_template(&mut self, template: &mut Template) {
        if !template.is_empty() {
            self.push(Part::Template(Box::new(mem::take(template))));
        }
    }

    // ---- Trials ----

    /// Returns the current position. No text may be being collected.
    fn mark(&self) -> Mark {
        let source = &*self.source;
        // The text that was read is long, and does not change during a trial.
        let (text, aliases) = match source.outer.is_empty() {
            true => Default::default(),
            false => (source.text.clone(), source.aliases.clone()),
        };
        Mark {
            at: source.at,
            line: source.line,
            text,
            outer: source.outer.get(1..).unwrap_or_default().to_vec(),
            place: source.place(),
            start: source.start(),
            aliases,
            lengths: source.buffers.lengths(),
        }
    }

    fn back_to(&mut self, mark: Mark) {
        while self.source.leave_alias() {}
        if !mark.aliases.is_empty() {
            let text = mem::replace(&mut self.source.text, mark.text);
            let (at, start) = (mark.place, mark.start);
            self.source.outer.push(Outer { text, at, start });
            self.source.outer.extend(mark.outer);
            self.source.aliases = mark.aliases;
        }
        self.source.at = mark.at;
        self.source.line = mark.line;
        self.source.buffers.truncate(&mark.lengths);
        self.token = None;
    }
}

/// Whether a text may precede a redirection operator: it is a number or `{name}`.
#[inline]
fn is_location(text: &[u8]) -> bool {
    match text {
        [b'{', name @ .., b'}'] => is_name(name),
        text => text.iter().all(|&byte| is(byte, DIGIT)),
    }
}

/// Counts the newlines in a text.
#[inline]
fn newlines(text: &[u8]) -> u32 {
    text.iter().map(|&byte| u32::from(byte == b'\n')).sum()
}

/// Returns the parameter with this number. `$0` is a special parameter.
fn positional(number: u32) -> ParameterName {
    match number {
        0 => ParameterName::Special(b'0'),
        _ => ParameterName::Positional(number),
    }
}
