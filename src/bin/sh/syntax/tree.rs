//! The tree that the parser makes from a program. The shell executes the tree directly (XCU 2.9, 2.10).
//!
//! A tree does not change after parsing. Names are [`Symbol`]s, so the execution compares no strings.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::OnceCell;
use core::mem;

use super::arithmetic::Expression;
use super::compact::{Few, Piece, Template};
use crate::stack;
use crate::symbols::Symbol;

/// A `compound_list`: a sequence of and-or lists.
#[derive(Debug, Default)]
pub struct List {
    /// Shared, so that [`Shell::trees`](crate::shell::Shell::trees) can keep the tree.
    pub items: Rc<[Item]>,
}

/// An and-or list and the operator that ends it.
#[derive(Debug, Default)]
pub struct Item {
    pub and_or: AndOr,
    /// Whether it ends with `&`.
    pub asynchronous: bool,
    /// Its text, for `jobs`. Asynchronous lists always have it, other lists only with `set -m`.
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
    /// Whether it begins with `!`.
    pub negated: bool,
    /// The commands, of which there is at least one.
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
    /// The line on which the command begins.
    pub line: u32,
    pub assignments: Few<Assignment>,
    /// The command's name and arguments.
    pub words: Box<[Word]>,
    pub redirections: Box<[Redirection]>,
    /// The command's name, if it is known without an expansion.
    pub name: Option<Symbol>,
}

/// An assignment: `name=value`, or `name+=value` if `append`.
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
        /// `None` without `in`: then the words are the positional parameters.
        words: Option<Box<[Word]>>,
        body: List,
    },
    Case {
        subject: Word,
        arms: Box<[Arm]>,
    },
    If {
        /// The conditions of `if` and of each `elif`, with the list to execute if the condition is true.
        branches: Box<[(List, List)]>,
        otherwise: Option<List>,
    },
    /// `while` or `until`.
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
    /// Whether the arm ends with `;&`: then the next arm's body is executed, too.
    pub falls_through: bool,
}

/// The expression in `[[ … ]]`. As in bash and ksh, its words undergo neither field splitting nor pathname expansion.
#[derive(Debug)]
pub enum Conditional {
    Not(Box<Conditional>),
    /// `left || right` if `or`, else `left && right`.
    Joined {
        or: bool,
        left: Box<Conditional>,
        right: Box<Conditional>,
    },
    /// A single word: true if it is not empty.
    Word(Word),
    /// A unary operator and its operand, such as `-f word`. The operator is the letter.
    Unary(u8, Word),
    /// A binary operator of `test`: `word op word`. For `=`, `==` and `!=`, the right word is a pattern.
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

/// Returns the letter of a unary operator of `test` and `[[`.
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
    /// The number of the descriptor to redirect. If it is not written before the operator, the parser sets 0 for input and 1 for
    /// output.
    pub fd: i32,
    /// `{name}>file` (as in bash and ksh): the shell chooses the number and assigns it to the variable.
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
    /// `<&` and `>&`: the word is a number or `-`.
    Duplicate(Word),
    /// Standard output and standard error (as in bash and busybox): `&>` (true), or `>&` without a number (false), which may also
    /// be a duplication.
    Both(bool, Word),
    /// `<<` and `<<-`. The parser sets the word when it reads the here-document, after the operator's line.
    HereDocument(Rc<OnceCell<Word>>),
    /// `<<<` (as in bash, mksh and busybox).
    HereString(Word),
}

/// A word before expansion.
#[derive(Debug, Default)]
pub struct Word {
    pub parts: Few<Part>,
    /// Whether the word is expanded like an assignment, without field splitting and pathname expansion. This applies to an operand
    /// of `export` and other declaration utilities that has the form of an assignment (XCU 2.9.1.1).
    pub is_assignment: bool,
}

#[derive(Debug)]
pub enum Part {
    /// Unquoted text, in which the special characters of patterns have their meaning.
    Literal(Piece),
    /// Text that was quoted by a backslash, single quotes or `$'…'`. It may be empty; then it still forms a field.
    Quoted(Piece),
    /// A part in double quotes. The text inside is `Quoted`. `DoubleQuoted` and `Tilde` occur inside only in the words of parameter
    /// expansions.
    DoubleQuoted(Box<[Part]>),
    /// `~name`, in a position where a tilde-prefix is recognised. The name is empty for `~`.
    Tilde(Piece),
    /// Quoted text that contains parameters, in a here-document.
    Template(Box<Template>),
    /// `$x` or `${x}`, without a modifier.
    Parameter(ParameterName),
    /// A parameter expansion with a modifier, such as `${x-word}`.
    Modified(Box<Parameter>),
    /// `$(…)` and `` `…` ``
    Command(Rc<Substitution>),
    /// `$((…))`
    Arithmetic(Box<Arithmetic>),
    /// `<(…)` (false) and `>(…)` (true), if the shell supports them.
    Process(bool, Rc<Substitution>),
}

#[derive(Debug)]
pub struct Substitution {
    pub list: List,
}

#[derive(Debug)]
pub struct Arithmetic {
    /// The text between the parentheses. Its parts are quoted as in double quotes.
    pub word: Word,
    /// The parsed word, set when it is first evaluated. `None` if the text of the expression depends on expansions.
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

/// The part of `${name…}` after the name. If the expansion is in double quotes, the parts of the modifier's words are quoted, too.
/// The words of `Trim` (XCU 2.6.2) and `Replace` are exceptions.
#[derive(Debug, Default)]
pub enum Modifier {
    #[default]
    None,
    /// `${#name}`
    Length,
    /// `${name-word}` and the operators `=`, `?` and `+`. With a colon, an empty parameter counts as unset.
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
    /// `${name:offset}` and `${name:offset:length}` (as in bash, mksh and busybox). Both are arithmetic expressions.
    Substring {
        offset: Box<Arithmetic>,
        length: Option<Box<Arithmetic>>,
    },
    /// `${name/pattern/text}`: `//` replaces all matches, `/#` a match at the beginning, `/%` a match at the end (as in bash, mksh
    /// and busybox).
    Replace {
        /// 0 or one of `/#%`.
        which: u8,
        pattern: Box<Word>,
        replacement: Box<Word>,
    },
    /// Text in braces that is not a parameter expansion. It is reported when the word is expanded.
    Bad(Box<[u8]>),
}

/// Types that may be nested deeply. A tree may be freed much deeper in the stack than it was parsed. If too little stack is left,
/// its memory is leaked instead.
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
    /// Makes `{ command; }` from a command.
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
    /// Returns the word's text, if the word consists of one part of unquoted text.
    pub fn literal(&self) -> Option<&[u8]> {
        match &*self.parts {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}
