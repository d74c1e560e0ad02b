//! The shell execution environment (XCU 2.13): all that a shell knows, in one place, passed to whoever needs it.

use alloc::borrow::Cow;
use alloc::ffi::CString;

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::mem;

use nestling::text::{Sink, Text};
use nestling::time::{self, Clock};
use nestling::{Errno, OwnedFd, Pid, RawFd, Signal, io, sys};

use crate::builtins::quoting::Quoted;
use crate::environment::Environment;
use crate::fields::{Arguments, Fields, Parameters};
use crate::interactive::state::Interactive;
use crate::jobs::table::Jobs;
use crate::map::Map;
use crate::options::{Opt, Options};
use crate::output::Output;
use crate::stack::Stack;
use crate::symbols::{FIRST_BUILTIN, Symbol, Symbols};
use crate::syntax::tree::{Function, Item, Substitution};
use crate::syntax::{Source, names};
use crate::traps::table::Traps;
use crate::variables::Variables;

/// What is said, in pieces: `text!("cd: ", path, ": ", errno)`. (It is far less code than a function of its own for each message: what
/// is known beforehand is one string, with null bytes where an array's pieces stand.)
macro_rules! text {
    (@ [$($template:tt)*] [$($piece:tt)*]) => {
        $crate::shell::Pieces(&[$crate::shell::Piece::Text(concat!($($template)*).as_bytes()), $($piece)*])
    };
    (@ [$($template:tt)*] [$($piece:tt)*] $literal:literal $(, $($rest:tt)*)?) => {
        $crate::shell::text!(@ [$($template)* $literal,] [$($piece)*] $($($rest)*)?)
    };
    (@ [$($template:tt)*] [$($piece:tt)*] $next:expr $(, $($rest:tt)*)?) => {
        $crate::shell::text!(@ [$($template)* "\0",] [$($piece)* $crate::shell::AsPiece::piece(&$next),] $($($rest)*)?)
    };
    ($($pieces:tt)+) => {
        $crate::shell::text!(@ [] [] $($pieces)+)
    };
}
pub(crate) use text;

/// Why execution does not go on with the next command. What was wrong is reported by then, and `status` set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Divert {
    /// `break n`: out of so many loops.
    Break(u32),
    /// `continue n`: the n-th enclosing loop's next round.
    Continue(u32),
    /// `return`: out of the function or the dot script.
    Return,
    /// `exit`, and whatever ends a shell: the EXIT trap is still to be executed.
    Exit,
    /// An error after which a shell that is not interactive exits (XCU 2.8.1), and an interactive one reads the next command.
    Error,
    /// SIGINT in an interactive shell: back to the prompt.
    Interrupt,
}

/// Whether a command is tried out that a copy of the shell may have to execute instead ([`crate::execution::without_fork`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Attempt {
    #[default]
    Not,
    Runs,
    /// It must be given up: there was something that may wait, or to complain about.
    Failed,
}

/// What executing something answers; the exit status is in [`Shell::status`].
pub type Flow = Result<(), Divert>;

/// What a built-in answers: its exit status.
pub type Answer = Result<i32, Divert>;

/// What kind of utility it is: how it is found, and what its errors do (XCU 2.9.1.4, 2.8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A special built-in: found before functions; its errors end a shell that is not interactive; assignments before it stay.
    Special,
    /// Found after functions, whatever PATH says.
    Regular,
}

#[derive(Debug)]
pub struct Builtin {
    pub name: &'static str,
    pub kind: Kind,
    /// Gets its name and operands. What it writes goes to `shell.output`, which the caller finishes.
    pub run: fn(&mut Shell, Arguments<'_>) -> Answer,
    /// Whether it changes nothing of the shell, does not wait, and does no more than to write: [`crate::execution::without_fork`].
    pub only_writes: bool,
}

/// A line that was read, with its newline; `None` at the end.
pub type Line = Result<Option<Vec<u8>>, Divert>;

/// What is called by modules below those that have it.
#[derive(Debug)]
pub struct Hooks {
    /// Symbols of their names follow the known variables' ([`crate::symbols`]).
    pub builtins: &'static [Builtin],
    /// [`crate::execution::all`]: for the actions of traps.
    pub execute: fn(&mut Shell, &mut Source) -> Flow,
    /// [`crate::execution::substitute`]: for expansions.
    pub substitute: fn(&mut Shell, &Substitution) -> Result<Vec<u8>, Divert>,
    /// [`crate::execution::subshell::process_substitution`]: for expansions.
    pub substitute_process: fn(&mut Shell, bool, &Substitution) -> Result<Vec<u8>, Divert>,
    /// [`crate::interactive::read_line`]: for the parser.
    pub read_line: fn(&mut Shell, bool) -> Line,
}

#[derive(Debug)]
pub struct Shell {
    pub hooks: &'static Hooks,
    pub symbols: Symbols,
    pub variables: Variables,
    pub options: Options,
    pub functions: Map<Rc<Function>>,
    pub aliases: Map<Rc<[u8]>>,
    /// `$0`
    pub name: Rc<[u8]>,
    /// `$1` and on.
    pub positional: Parameters,
    /// `$?`
    pub status: i32,
    /// `$$`: the pid of the shell that all subshells are copies of.
    pub pid: Pid,
    /// `$!`
    pub last_background: Option<Pid>,
    pub output: Output,
    pub jobs: Jobs,
    pub traps: Traps,
    pub interactive: Interactive,
    /// Where programs were found.
    pub hashed: Map<CString>,
    /// The line of the command that is being executed: `$LINENO`, and for messages.
    pub line: u32,
    /// The name of the script or dot script that lines are of; empty with `-c`.
    pub script: Rc<[u8]>,
    /// This process is a copy: no job control, no EXIT trap of the parent's.
    pub is_subshell: bool,
    /// How many loops enclose what is being executed, in this function.
    pub loops: u32,
    /// How many functions are being executed.
    pub functions_deep: u32,
    /// How many dot scripts.
    pub scripts_deep: u32,
    /// Not 0 where `set -e` is to be ignored (XCU 2.15, `set -e`, 1 to 3): in conditions and the like.
    pub errexit_ignored: u32,
    /// The exit status of the last command substitution since a simple command began: XCU 2.9.1.
    pub substitution_status: Option<i32>,
    /// Variables that `unset` has made ordinary ones: LINENO, RANDOM and the like.
    pub ordinary: Vec<Symbol>,
    pub stack: Stack,
    /// The text of the working directory, as `cd` has left it: `pwd -L`.
    pub directory: Option<Vec<u8>>,
    /// What `$RANDOM` goes on from.
    pub random: u32,
    /// When the shell started, in seconds of CLOCK_MONOTONIC, less what was assigned: `$SECONDS`.
    pub started: i64,
    /// The environment of programs, as it was worked out last.
    pub environment: Environment,
    /// Strings of the environment that are no variables: passed on as they came.
    pub foreign_environment: Vec<Vec<u8>>,
    /// Room for the fields of simple commands, to be used again.
    pub spare_fields: Vec<Fields>,
    /// The built-in that was executed last was `exec` without a utility.
    pub keeps_redirections: bool,
    /// The descriptors that redirections have replaced: their numbers, and a duplicate of each that was open. A copy of the shell
    /// does not keep them.
    pub saved: Vec<(RawFd, Option<OwnedFd>)>,
    /// The descriptors of process substitutions whose commands have not ended.
    pub substituted: Vec<RawFd>,
    /// The trees and the functions that are being executed, which have symbols; and whether something else has some, that is not among
    /// them: a tree that is not complete, or one that is executed by itself.
    pub trees: Vec<Rc<[Item]>>,
    pub calls: Vec<Rc<Function>>,
    pub keeps_names: u32,
    /// `local -`: the options that the function restores when it returns.
    pub local_options: Option<Options>,
    /// The function that is being executed.
    pub function: Option<Symbol>,
    pub attempt: Attempt,
    /// An expansion that would execute a command or assign to a variable fails, and no failure is reported: somebody else may have
    /// written what is expanded.
    pub only_reads: bool,
    /// Whether a locale with UTF-8 is set: characters may be of several bytes.
    pub utf8: bool,
}

impl Shell {
    pub fn is_interactive(&self) -> bool {
        self.options.has(Opt::Interactive)
    }

    /// Reports that something is wrong: `sh: line 3: ` and the text, to standard error.
    #[cold]
    #[inline(never)]
    pub fn complain(&mut self, text: Pieces<'_>) {
        if self.gives_up() || self.only_reads {
            return;
        }
        self.output.flush();
        let mut message = Bytes(Vec::new());
        message.put(&self.name);
        message.put(b": ");
        if !self.script.is_empty() && *self.script != *self.name {
            message.put(&self.script);
            message.put(b": ");
        }
        if !self.is_interactive() {
            "line ".write(&mut message);
            self.line.write(&mut message);
            message.put(b": ");
        }
        text.write(&mut message);
        message.put(b"\n");
        // Nobody is left to be told.
        let _ = io::write_all(io::stderr(), &message.0);
    }

    /// Before something that may wait: whether a command is only tried out, which is given up by that.
    pub fn gives_up(&mut self) -> bool {
        let is_tried = self.attempt != Attempt::Not;
        if is_tried {
            self.attempt = Attempt::Failed;
        }
        is_tried
    }

    /// Reports an error of the kind that ends a shell that is not interactive.
    #[cold]
    #[inline(never)]
    pub fn fatal(&mut self, status: i32, text: Pieces<'_>) -> Divert {
        self.complain(text);
        self.status = status;
        Divert::Error
    }

    /// Whether an error or SIGINT has ended what was executed, and not the shell, since that is interactive (XCU 2.8.1). Then it is at its
    /// outermost level again.
    pub fn goes_on_after(&mut self, flow: Flow) -> bool {
        let is_over = matches!(flow, Err(Divert::Error | Divert::Interrupt));
        if !is_over || !self.is_interactive() || self.is_subshell {
            return false;
        }
        self.loops = 0;
        self.functions_deep = 0;
        self.scripts_deep = 0;
        self.errexit_ignored = 0;
        self.options.set(Opt::Noexec, false);
        true
    }

    /// What recurses gives up with this one message where there is little stack left.
    pub fn check_depth(&mut self) -> Flow {
        match self.stack.is_low() {
            true => Err(self.fatal(2, text!("nested too deeply"))),
            false => Ok(()),
        }
    }

    /// The value of a variable, those included whose value is worked out when asked for.
    pub fn value(&mut self, name: Symbol) -> Option<Cow<'_, [u8]>> {
        match name {
            _ if self.ordinary.contains(&name) => self.variables.get(name).map(Cow::Borrowed),
            Symbol::LINENO => Some(number(i64::from(self.line))),
            Symbol::SECONDS => Some(number(seconds() - self.started)),
            Symbol::RANDOM => {
                self.random = self.random.wrapping_mul(1_103_515_245).wrapping_add(12345);
                Some(number(i64::from(self.random >> 16 & 0x7fff)))
            }
            Symbol::EPOCHSECONDS => {
                let now = time::now(Clock::Realtime);
                Some(number(now.map_or(0, |now| now.seconds())))
            }
            Symbol::FUNCNAME if self.function.is_some() => {
                let name = self.function.map(|function| self.symbols.name(function));
                name.map(Cow::Borrowed)
            }
            Symbol::HOSTNAME if self.variables.get(name).is_none() => {
                let names = sys::machine::uname().ok()?;
                Some(Cow::Owned(names.nodename().to_bytes().to_vec()))
            }
            _ => self.variables.get(name).map(Cow::Borrowed),
        }
    }

    /// Assigns to a variable. A read-only one is reported, and an error of the kind that ends the shell.
    pub fn assign(&mut self, name: Symbol, value: &[u8]) -> Flow {
        if self.only_reads {
            return Err(Divert::Error);
        }
        if self.variables.set(name, value).is_err() {
            return Err(self.is_readonly(name));
        }
        self.assigned(name);
        Ok(())
    }

    /// Reports that a variable is read-only.
    pub fn is_readonly(&mut self, name: Symbol) -> Divert {
        let name = self.symbols.name(name).to_vec();
        self.fatal(2, text!(&name[..], ": is read-only"))
    }

    /// What follows from a variable's having been set or unset, beside its value.
    #[inline]
    pub fn assigned(&mut self, name: Symbol) {
        if name.is_known() || self.options.has(Opt::Allexport) {
            self.follow(name);
        }
    }

    #[inline(never)]
    fn follow(&mut self, name: Symbol) {
        if self.options.has(Opt::Allexport) && self.variables.get(name).is_some() {
            self.variables.export(name, true);
        }
        match name {
            Symbol::PATH => self.hashed.clear(),
            Symbol::OPTIND => self.variables.getopts_offset = 0,
            Symbol::RANDOM | Symbol::SECONDS if self.ordinary.contains(&name) => {}
            Symbol::RANDOM => self.random = self.assigned_number(name) as u32,
            Symbol::SECONDS => self.started = seconds() - self.assigned_number(name),
            Symbol::LANG | Symbol::LC_ALL | Symbol::LC_CTYPE => self.set_locale(),
            _ => {}
        }
    }

    fn assigned_number(&self, name: Symbol) -> i64 {
        let value = self.variables.get(name).unwrap_or_default();
        nestling::text::number(value, 10).unwrap_or_default() as i64
    }

    /// XBD 8.2: the first of these that is set and not empty says it.
    fn set_locale(&mut self) {
        let locale = [Symbol::LC_ALL, Symbol::LC_CTYPE, Symbol::LANG]
            .into_iter()
            .filter_map(|name| self.variables.get(name))
            .find(|value| !value.is_empty())
            .unwrap_or_default()
            .to_ascii_uppercase();
        self.utf8 = [&b"UTF-8"[..], b"UTF8"]
            .iter()
            .any(|charset| locale.windows(charset.len()).any(|part| part == *charset));
    }

    /// After a scope of variables has ended.
    pub fn locale_may_have_changed(&mut self) {
        if self.variables.take_restored_locale() {
            self.set_locale();
        }
        if self.variables.take_restored_path() {
            self.hashed.clear();
        }
    }

    /// Takes the environment of programs out of the shell, for as long as it is borrowed. To be put back.
    pub fn take_environment(&mut self) -> Environment {
        let mut environment = mem::take(&mut self.environment);
        environment.update(&self.foreign_environment, &self.variables, &self.symbols);
        environment
    }

    /// The symbol of a name.
    pub fn symbol(&mut self, name: &[u8]) -> Symbol {
        self.symbols.intern(name)
    }

    /// The built-in of this name.
    pub fn builtin(&self, name: Symbol) -> Option<&'static Builtin> {
        self.hooks
            .builtins
            .get(name.index().checked_sub(FIRST_BUILTIN)?)
    }

    /// Forgets the names that nothing has any more: no variable, function or alias, and none of the trees that are executed. To be
    /// called where every tree that will be executed again is in [`trees`](Self::trees) or [`calls`](Self::calls), and no symbol is kept
    /// elsewhere.
    #[cold]
    #[inline(never)]
    pub fn forget_unused_names(&mut self) {
        let mut marks = self.symbols.marks();
        self.variables.names(&mut |name| marks.mark(name));
        for (name, function) in self.functions.iter() {
            marks.mark(name);
            names::compound(&function.body, &mut marks);
        }
        for function in &self.calls {
            marks.mark(function.name);
            names::compound(&function.body, &mut marks);
        }
        for tree in &self.trees {
            names::items(tree, &mut marks);
        }
        self.aliases.iter().for_each(|(name, _)| marks.mark(name));
        self.hashed.iter().for_each(|(name, _)| marks.mark(name));
        self.symbols.forget_unmarked(&marks);
    }

    /// The process id of this very process, which in a subshell is not `$$`.
    pub fn own_pid(&self) -> Pid {
        sys::process::getpid()
    }
}

fn number(number: i64) -> Cow<'static, [u8]> {
    let mut digits = Bytes(Vec::new());
    number.write(&mut digits);
    Cow::Owned(digits.0)
}

fn seconds() -> i64 {
    time::now(Clock::Monotonic).map_or(0, |now| now.seconds())
}

/// Collects what is written.
#[derive(Debug)]
pub struct Bytes(pub Vec<u8>);

impl Sink for Bytes {
    #[inline(never)]
    fn put(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }
}

/// A piece of a message.
#[derive(Debug, Clone, Copy)]
pub enum Piece<'a> {
    Text(&'a [u8]),
    /// Its name without SIG.
    Signal(Signal),
    /// Its message.
    Errno(Errno),
    /// Between single quotes.
    Quoted(&'a [u8]),
    Number(i64),
}

/// What can be a piece of a message.
pub trait AsPiece {
    fn piece(&self) -> Piece<'_>;
}

macro_rules! as_piece {
    ($($type:ty: $self:ident => $piece:expr;)*) => {$(
        impl AsPiece for $type {
            fn piece(&self) -> Piece<'_> {
                let $self = self;
                $piece
            }
        }
    )*};
}

as_piece! {
    [u8]: bytes => Piece::Text(bytes);
    str: text => Piece::Text(text.as_bytes());
    Quoted<'_>: quoted => Piece::Quoted(quoted.0);
    CStr: string => Piece::Text(string.to_bytes());
    Signal: signal => Piece::Signal(*signal);
    Errno: errno => Piece::Errno(*errno);
    Pid: pid => Piece::Number(pid.as_raw().into());
    i32: number => Piece::Number((*number).into());
    u32: number => Piece::Number((*number).into());
    usize: number => Piece::Number(*number as i64);
    i64: number => Piece::Number(*number);
}

impl<T: AsPiece + ?Sized> AsPiece for &T {
    fn piece(&self) -> Piece<'_> {
        T::piece(self)
    }
}

impl Text for Piece<'_> {
    fn write(&self, out: &mut impl Sink) {
        match self {
            Self::Text(text) => out.put(text),
            Self::Signal(signal) => signal.short().write(out),
            Self::Errno(errno) => errno.message().write(out),
            Self::Quoted(text) => Quoted(text).write(out),
            Self::Number(number) => number.write(out),
        }
    }
}

/// What [`text!`](text) makes: a template, then what stands where it has null bytes.
#[derive(Debug, Clone, Copy)]
pub struct Pieces<'a>(pub &'a [Piece<'a>]);

impl Text for Pieces<'_> {
    fn write(&self, out: &mut impl Sink) {
        let [Piece::Text(template), pieces @ ..] = self.0 else {
            return;
        };
        let mut pieces = pieces.iter();
        for part in template.split(|&byte| byte == 0) {
            out.put(part);
            if let Some(piece) = pieces.next() {
                piece.write(out);
            }
        }
    }
}
