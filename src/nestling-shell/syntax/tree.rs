//! The tree that the parser makes from a program. The shell executes the tree directly (XCU 2.9, 2.10).
//!
//! A tree does not change after parsing. Names are [`Symbol`]s, so the execution compares no strings.

use alloc::boxed::Box;
use alloc::rc::Rc;
use core::cell::OnceCell;
use core::mem;

use super::arithmetic::Expression;
pub use super::compact::{Few, Piece, Template};
use crate::stack;
use crate::symbols::Symbol;

/// A `compound_list`: a sequence of and-or lists.
#[derive(Debug, Default)]
pub struct List {
    /// Shared, so that who executes the tree can keep it.
    pub items: Rc<[Item]>,
}

/// An and-or list and the operator that ends it.
#[derive(Debug, Default)]
pub struct Item {
    /// The and-or list.
    pub and_or: AndOr,
    /// Whether it ends with `&`.
    pub asynchronous: bool,
    /// Its text, for `jobs`. Asynchronous lists always have it, other lists only with `set -m`.
    pub text: Option<Rc<[u8]>>,
}

/// An and-or list: pipelines that are connected by `&&` and `||`.
#[derive(Debug, Default)]
pub struct AndOr {
    /// The first pipeline.
    pub first: Pipeline,
    /// The other pipelines, each with the operator before it.
    pub rest: Box<[(Connective, Pipeline)]>,
}

/// An operator between pipelines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connective {
    /// `&&`
    And,
    /// `||`
    Or,
}

/// A pipeline: commands that are connected by pipes.
#[derive(Debug, Default)]
pub struct Pipeline {
    /// Whether it begins with `!`.
    pub negated: bool,
    /// The commands, of which there is at least one.
    pub commands: Few<Command>,
}

/// A command.
#[derive(Debug)]
pub enum Command {
    /// A simple command: assignments, words and redirections.
    Simple(Box<Simple>),
    /// A compound command.
    Compound(Box<Compound>),
    /// The definition of a function.
    Function(Rc<Function>),
}

/// A simple command.
#[derive(Debug, Default)]
pub struct Simple {
    /// The line on which the command begins.
    pub line: u32,
    /// The assignments before the command's name.
    pub assignments: Few<Assignment>,
    /// The command's name and arguments.
    pub words: Box<[Word]>,
    /// The redirections in their order.
    pub redirections: Box<[Redirection]>,
    /// The command's name, if it is known without an expansion.
    pub name: Option<Symbol>,
}

/// An assignment: `name=value`, or `name+=value` if `append`.
#[derive(Debug)]
pub struct Assignment {
    /// The variable.
    pub name: Symbol,
    /// Whether the value is appended to the former one.
    pub append: bool,
    /// The word after the `=`.
    pub value: Word,
}

/// A compound command with its redirections.
#[derive(Debug)]
pub struct Compound {
    /// The line on which the command begins.
    pub line: u32,
    /// The command itself.
    pub kind: CompoundKind,
    /// The redirections after the command, in their order.
    pub redirections: Box<[Redirection]>,
}

/// A compound command without its redirections.
#[derive(Debug)]
pub enum CompoundKind {
    /// `{ list; }`
    Group(List),
    /// `(list)`
    Subshell(List),
    /// `for name in words; do body; done`
    For {
        /// The variable.
        name: Symbol,
        /// `None` without `in`: then the words are the positional parameters.
        words: Option<Box<[Word]>>,
        /// The list to execute for each word.
        body: List,
    },
    /// `case subject in arms esac`
    Case {
        /// The word that is compared with the patterns.
        subject: Word,
        /// The patterns, each with a list.
        arms: Box<[Arm]>,
    },
    /// `if condition; then list; else otherwise; fi`
    If {
        /// The conditions of `if` and of each `elif`, with the list to execute if the condition is true.
        branches: Box<[(List, List)]>,
        /// The list after `else`.
        otherwise: Option<List>,
    },
    /// `while` or `until`.
    Loop {
        /// Whether the loop ends when the condition is true.
        until: bool,
        /// The list whose exit status decides.
        condition: List,
        /// The list to execute in each iteration.
        body: List,
    },
    /// `[[ expression ]]`
    Conditional(Box<Conditional>),
}

/// An arm of `case`: `patterns) body ;;`
#[derive(Debug)]
pub struct Arm {
    /// The patterns, of which one must match.
    pub patterns: Box<[Word]>,
    /// The list to execute.
    pub body: List,
    /// Whether the arm ends with `;&`: then the next arm's body is executed, too.
    pub falls_through: bool,
}

/// The expression in `[[ … ]]`. As in bash and ksh, its words undergo neither field splitting nor pathname expansion.
#[derive(Debug)]
pub enum Conditional {
    /// `! expression`
    Not(Box<Conditional>),
    /// `left || right` if `or`, else `left && right`.
    Joined {
        /// Whether the operator is `||`.
        or: bool,
        /// The left operand.
        left: Box<Conditional>,
        /// The right operand.
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
    /// `=` or `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`: the left text is before the right one.
    Before,
    /// `>`: the left text is after the right one.
    After,
    /// `-eq`
    Eq,
    /// `-ne`
    Ne,
    /// `-lt`
    Lt,
    /// `-le`
    Le,
    /// `-gt`
    Gt,
    /// `-ge`
    Ge,
    /// `-nt`
    NewerThan,
    /// `-ot`
    OlderThan,
    /// `-ef`
    SameFile,
}

impl Operator {
    /// Returns the operator that is written like this.
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

/// The definition of a function.
#[derive(Debug)]
pub struct Function {
    /// The function's name.
    pub name: Symbol,
    /// The command that a call executes.
    pub body: Compound,
}

/// A redirection.
#[derive(Debug)]
pub struct Redirection {
    /// The number of the descriptor to redirect. If it is not written before the operator, the parser sets 0 for input and 1 for
    /// output.
    pub fd: i32,
    /// `{name}>file` (as in bash and ksh): the shell chooses the number and assigns it to the variable.
    pub variable: Option<Symbol>,
    /// The operator and its operand.
    pub kind: RedirectionKind,
}

/// The operator of a redirection, with its operand.
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
    /// The parts, which follow each other immediately.
    pub parts: Few<Part>,
    /// Whether the word is expanded like an assignment, without field splitting and pathname expansion. This applies to an operand
    /// of `export` and other declaration utilities that has the form of an assignment (XCU 2.9.1.1).
    pub is_assignment: bool,
}

/// A part of a word.
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

/// A command substitution or a process substitution.
#[derive(Debug)]
pub struct Substitution {
    /// The commands.
    pub list: List,
}

/// An arithmetic expression.
#[derive(Debug)]
pub struct Arithmetic {
    /// The text between the parentheses. Its parts are quoted as in double quotes.
    pub word: Word,
    /// The parsed word, set when it is first evaluated. `None` if the text of the expression depends on expansions.
    pub expression: OnceCell<Option<Expression>>,
}

/// A parameter expansion.
#[derive(Debug)]
pub struct Parameter {
    /// The parameter.
    pub name: ParameterName,
    /// What is done with its value.
    pub modifier: Modifier,
}

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterName {
    /// A variable.
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
    /// The value itself.
    #[default]
    None,
    /// `${#name}`
    Length,
    /// `${name-word}` and the operators `=`, `?` and `+`. With a colon, an empty parameter counts as unset.
    Default {
        /// One of `-=?+`.
        operator: u8,
        /// Whether a colon precedes the operator.
        colon: bool,
        /// The word after the operator.
        word: Word,
    },
    /// `${name#pattern}`, `##`, `%`, `%%`
    Trim {
        /// Whether the pattern matches at the end, as with `%`.
        suffix: bool,
        /// Whether the longest match is removed, as with `##` and `%%`.
        longest: bool,
        /// The pattern.
        pattern: Word,
    },
    /// `${name:offset}` and `${name:offset:length}` (as in bash, mksh and busybox). Both are arithmetic expressions.
    Substring {
        /// The number of characters to leave out. A negative number counts from the end.
        offset: Box<Arithmetic>,
        /// The number of characters to keep. A negative number counts from the end.
        length: Option<Box<Arithmetic>>,
    },
    /// `${name/pattern/text}`: `//` replaces all matches, `/#` a match at the beginning, `/%` a match at the end (as in bash, mksh
    /// and busybox).
    Replace {
        /// 0 or one of `/#%`.
        which: u8,
        /// The pattern.
        pattern: Box<Word>,
        /// The text in place of a match.
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
            #[inline]
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
    #[inline]
    fn drop(&mut self) {
        if stack::is_low() {
            mem::forget(mem::replace(self, Self::Word(Word::default())));
        }
    }
}

impl Compound {
    /// Makes `{ command; }` from a command.
    #[inline]
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
