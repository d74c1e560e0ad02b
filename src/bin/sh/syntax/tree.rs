//! The tree that the parser makes of a program, and that is executed as it is (XCU 2.9, 2.10).
//!
//! It is never changed after parsing. What is named is a [`Symbol`], so that executing it compares no strings.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::OnceCell;
use core::mem;

use super::arithmetic::Expression;
use super::compact::{Few, Piece, Template};
use crate::stack;
use crate::symbols::Symbol;

/// `compound_list`: and-or lists, one after the other.
#[derive(Debug, Default)]
pub struct List {
    /// Shared, for [`Shell::trees`](crate::shell::Shell::trees).
    pub items: Rc<[Item]>,
}

/// An and-or list and how it ends.
#[derive(Debug, Default)]
pub struct Item {
    pub and_or: AndOr,
    /// It ends with `&`.
    pub asynchronous: bool,
    /// Its text, for `jobs`: of every asynchronous one; with `set -m`, of every one.
    pub text: Option<Rc<[u8]>>,
}

#[derive(Debug, Default)]
pub struct AndOr {
    pub first: Pipeline,
    pub rest: Box<[(Connective, Pipeline)]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connective {
    And,
    Or,
}

#[derive(Debug, Default)]
pub struct Pipeline {
    /// It begins with `!`.
    pub negated: bool,
    /// At least one.
    pub commands: Few<Command>,
}

#[derive(Debug)]
pub enum Command {
    Simple(Box<Simple>),
    Compound(Box<Compound>),
    Function(Rc<Function>),
}

#[derive(Debug, Default)]
pub struct Simple {
    /// The line on which it begins.
    pub line: u32,
    pub assignments: Few<Assignment>,
    /// The command's name and arguments.
    pub words: Box<[Word]>,
    pub redirections: Box<[Redirection]>,
    /// The command's name, if no expansion is needed to know it.
    pub name: Option<Symbol>,
}

/// `name=value`, or `name+=value` if it appends.
#[derive(Debug)]
pub struct Assignment {
    pub name: Symbol,
    pub append: bool,
    pub value: Word,
}

#[derive(Debug)]
pub struct Compound {
    pub line: u32,
    pub kind: CompoundKind,
    pub redirections: Box<[Redirection]>,
}

#[derive(Debug)]
pub enum CompoundKind {
    /// `{ list; }`
    Group(List),
    /// `(list)`
    Subshell(List),
    For {
        name: Symbol,
        /// `None`: no `in`, so the positional parameters.
        words: Option<Box<[Word]>>,
        body: List,
    },
    Case {
        subject: Word,
        arms: Box<[Arm]>,
    },
    If {
        /// Conditions and what is done if they hold: `if`, then each `elif`.
        branches: Box<[(List, List)]>,
        otherwise: Option<List>,
    },
    /// `while`, or `until`.
    Loop {
        until: bool,
        condition: List,
        body: List,
    },
    /// `[[ expression ]]`
    Conditional(Box<Conditional>),
}

#[derive(Debug)]
pub struct Arm {
    pub patterns: Box<[Word]>,
    pub body: List,
    /// It ends with `;&`: the next arm's body is executed as well.
    pub falls_through: bool,
}

/// The inside of `[[ … ]]`: as in bash and ksh, words are not split and not taken for file names.
#[derive(Debug)]
pub enum Conditional {
    Not(Box<Conditional>),
    /// `left || right`, or if that is false `left && right`.
    Joined {
        or: bool,
        left: Box<Conditional>,
        right: Box<Conditional>,
    },
    /// A word by itself: whether it is not empty.
    Word(Word),
    /// `-f word`: the operator is the letter.
    Unary(u8, Word),
    /// `word op word`: the operators of `test`. `=`, `==` and `!=` take a pattern at the right.
    Binary(Word, Operator, Word),
    /// `word =~ word`
    Regular(Word, Word),
}

/// A binary operator of `test` and `[[`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operator {
    Equal,
    NotEqual,
    Before,
    After,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    NewerThan,
    OlderThan,
    SameFile,
}

impl Operator {
    pub fn named(text: &[u8]) -> Option<Self> {
        Some(match *text {
            [b'='] | [b'=', b'='] => Self::Equal,
            [b'!', b'='] => Self::NotEqual,
            [b'<'] => Self::Before,
            [b'>'] => Self::After,
            [b'-', one, other] => match [one, other] {
                [b'e', b'q'] => Self::Eq,
                [b'n', b'e'] => Self::Ne,
                [b'l', b't'] => Self::Lt,
                [b'l', b'e'] => Self::Le,
                [b'g', b't'] => Self::Gt,
                [b'g', b'e'] => Self::Ge,
                [b'n', b't'] => Self::NewerThan,
                [b'o', b't'] => Self::OlderThan,
                [b'e', b'f'] => Self::SameFile,
                _ => return None,
            },
            _ => return None,
        })
    }
}

/// The letter of a unary operator of `test` and `[[`.
pub fn unary_operator(text: &[u8]) -> Option<u8> {
    match *text {
        [b'-', letter] if nestling::text::contains(b"bcdefghknprstuwxzGLOS", letter) => {
            Some(letter)
        }
        _ => None,
    }
}

#[derive(Debug)]
pub struct Function {
    pub name: Symbol,
    pub body: Compound,
}

#[derive(Debug)]
pub struct Redirection {
    /// The number before the operator; without one it is 0 for what reads and 1 for what writes (the parser fills it in).
    pub fd: i32,
    /// `{name}>file` (as in bash and ksh): the shell chooses the number, and assigns it to the variable.
    pub variable: Option<Symbol>,
    pub kind: RedirectionKind,
}

#[derive(Debug)]
pub enum RedirectionKind {
    /// `<`
    Read(Word),
    /// `>`
    Write(Word),
    /// `>|`
    Clobber(Word),
    /// `>>`
    Append(Word),
    /// `<>`
    ReadWrite(Word),
    /// `<&` and `>&`: a number, or `-`.
    Duplicate(Word),
    /// `&>` (true), and `>&` of standard output (false), which may be a duplication, too: standard output and error (as in bash
    /// and busybox).
    Both(bool, Word),
    /// `<<` and `<<-`: filled in when the lines are read, after the line of the operator.
    HereDocument(Rc<OnceCell<Word>>),
    /// `<<<` (as bash, mksh and busybox have it).
    HereString(Word),
}

/// A word before expansion.
#[derive(Debug, Default)]
pub struct Word {
    pub parts: Few<Part>,
    /// It is to be expanded as an assignment is: no field splitting and no pathname expansion. (An operand of `export` and the
    /// like that looks like one: XCU 2.9.1.1, declaration utilities.)
    pub is_assignment: bool,
}

#[derive(Debug)]
pub enum Part {
    /// Unquoted text. Pattern characters mean something in it.
    Literal(Piece),
    /// What stood after a backslash, between single quotes, in `$'…'`. May be empty: then it still makes a field.
    Quoted(Piece),
    /// What stood between double quotes. Inside, text is `Quoted`, and there is no `DoubleQuoted` or `Tilde`
    /// but within the words of parameters.
    DoubleQuoted(Box<[Part]>),
    /// `~name`, where a tilde-prefix is recognised; the name is empty for `~`.
    Tilde(Piece),
    /// Quoted text with parameters in it: of a here-document.
    Template(Box<Template>),
    /// `$x` or `${x}`: nothing is done with the value.
    Parameter(ParameterName),
    /// `${x-word}` and the like.
    Modified(Box<Parameter>),
    /// `$(…)` and `` `…` ``
    Command(Rc<Substitution>),
    /// `$((…))`
    Arithmetic(Box<Arithmetic>),
    /// `<(…)` (false) and `>(…)` (true), if supported.
    Process(bool, Rc<Substitution>),
}

#[derive(Debug)]
pub struct Substitution {
    pub list: List,
}

#[derive(Debug)]
pub struct Arithmetic {
    /// What stands between the parentheses, its parts as between double quotes.
    pub word: Word,
    /// The word as an expression, worked out when it is first evaluated; `None` if its text depends on expansions.
    pub expression: OnceCell<Option<Expression>>,
}

#[derive(Debug)]
pub struct Parameter {
    pub name: ParameterName,
    pub modifier: Modifier,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterName {
    Variable(Symbol),
    /// `$1`, `${12}`; not 0.
    Positional(u32),
    /// One of `@*#?-$!0`.
    Special(u8),
}

/// What `${name…}` says after the name. The words' parts are quoted as the whole is: if that stands between double quotes,
/// they are as between double quotes (but for those of `Trim`, XCU 2.6.2, and `Replace`).
#[derive(Debug, Default)]
pub enum Modifier {
    #[default]
    None,
    /// `${#name}`
    Length,
    /// `${name-word}`, `=`, `?`, `+`: the operator; with a colon, empty counts as unset.
    Default {
        operator: u8,
        colon: bool,
        word: Word,
    },
    /// `${name#pattern}`, `##`, `%`, `%%`
    Trim {
        suffix: bool,
        longest: bool,
        pattern: Word,
    },
    /// `${name:offset}` and `${name:offset:length}` (as bash, mksh and busybox have it): arithmetic.
    Substring {
        offset: Box<Arithmetic>,
        length: Option<Box<Arithmetic>>,
    },
    /// `${name/pattern/text}`, `//` for all, `/#` at the beginning, `/%` at the end (as bash, mksh and busybox have it).
    Replace {
        /// 0, or one of `/#%`.
        which: u8,
        pattern: Box<Word>,
        replacement: Box<Word>,
    },
    /// What stands between the braces is no parameter expansion: its text, for the message when it is expanded.
    Bad(Box<[u8]>),
}

/// What may be nested deeply. A tree may be freed far deeper in the stack than where it was parsed.
macro_rules! freed_while_there_is_stack {
    ($($kind:ty: $field:ident,)+) => {$(
        impl Drop for $kind {
            fn drop(&mut self) {
                if stack::is_low() {
                    mem::forget(mem::take(&mut self.$field));
                }
            }
        }
    )+};
}

freed_while_there_is_stack! {
    List: items,
    Parameter: modifier,
    Arithmetic: word,
}

impl Drop for Conditional {
    fn drop(&mut self) {
        if stack::is_low() {
            mem::forget(mem::replace(self, Self::Word(Word::default())));
        }
    }
}

impl Compound {
    /// `{ command; }`
    pub fn of(command: Command, line: u32) -> Self {
        let mut item = Item::default();
        item.and_or.first.commands = Few::One(command);
        let items = Rc::new([item]);
        Self {
            line,
            kind: CompoundKind::Group(List { items }),
            redirections: Box::default(),
        }
    }
}

impl Word {
    /// Its text, if it is one piece of unquoted text.
    pub fn literal(&self) -> Option<&[u8]> {
        match &*self.parts {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}
