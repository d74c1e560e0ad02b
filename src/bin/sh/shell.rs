//! The shell execution environment (XCU 2.13): the complete state of a shell, in one structure that is passed to all functions that
//! need it.

use alloc::borrow::Cow;
use alloc::ffi::CString;

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::mem;

use nestling::text::{Sink, Text};
use nestling::time::{self, Clock};
use nestling::{Errno, OwnedFd, Pid, RawFd, Signal, io, sys};

use crate::environment::Environment;
use crate::interactive::state::Interactive;
use crate::jobs::table::Jobs;
use crate::options::{Opt, Options};
use crate::output::Output;
use crate::stack::Stack;
use crate::traps::table::Traps;
use crate::variables::Variables;
use nestling_shell::fields::{Arguments, Fields, Parameters};
use nestling_shell::map::Map;
use nestling_shell::quoting::Quoted;
use nestling_shell::symbols::{FIRST_BUILTIN, Symbol, Symbols};
use nestling_shell::syntax::tree::{Function, Item, Substitution};
use nestling_shell::syntax::{Source, names};

/// The pieces of a message: `text!("cd: ", path, ": ", errno)`. (This needs much less code than one function for each message. The
/// constant pieces are one string, in which null bytes mark the places of the variable pieces.)
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

/// The reason why execution does not continue with the next command. Errors were already reported, and `status` is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Divert {
    /// `break n`: leaves this many loops.
    Break(u32),
    /// `continue n`: continues with the next iteration of the n-th enclosing loop.
    Continue(u32),
    /// `return`: leaves the function or the dot script.
    Return,
    /// `exit`, or another reason to end the shell. The trap for EXIT is still to be executed.
    Exit,
    /// An error that ends a shell that is not interactive (XCU 2.8.1). An interactive shell then reads the next command.
    Error,
    /// SIGINT in an interactive shell, which returns to the prompt.
    Interrupt,
}

/// Whether a command is being attempted that a copy of the shell may have to execute instead ([`crate::execution::without_fork`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Attempt {
    #[default]
    Not,
    Runs,
    /// The attempt must be abandoned: the command would have to wait, or to report an error.
    Failed,
}

/// The result of executing something. The exit status is in [`Shell::status`].
pub type Flow = Result<(), Divert>;

/// The result of a built-in: its exit status.
pub type Answer = Result<i32, Divert>;

/// The kind of a built-in utility, which decides how it is found and what its errors do (XCU 2.9.1.4, 2.8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A special built-in. It is found before functions. Its errors end a shell that is not interactive, and the assignments before
    /// it stay.
    Special,
    /// A regular built-in. It is found after functions, whatever PATH is.
    Regular,
}

#[derive(Debug)]
pub struct Builtin {
    pub name: &'static str,
    pub kind: Kind,
    /// The function that executes the built-in, with its name and operands. It writes to `shell.output`. The caller calls `finish`.
    pub run: fn(&mut Shell, Arguments<'_>) -> Answer,
    /// Whether the built-in changes nothing in the shell, does not wait, and only writes: see [`crate::execution::without_fork`].
    pub only_writes: bool,
}

/// A line that was read, with its newline, or `None` at the end of the input.
pub type Line = Result<Option<Vec<u8>>, Divert>;

/// Functions of upper modules that lower modules call.
#[derive(Debug)]
pub struct Hooks {
    /// The symbols of their names follow those of the known variables ([`nestling_shell::symbols`]).
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
    /// The applets of this program, of which the shell is one.
    #[cfg(feature = "applets")]
    pub applets: &'static [&'static [nestling::applet::Applet]],
    pub symbols: Symbols,
    pub variables: Variables,
    pub options: Options,
    pub functions: Map<Rc<Function>>,
    pub aliases: Map<Rc<[u8]>>,
    /// `$0`
    pub name: Rc<[u8]>,
    /// `$1`, `$2` and so on.
    pub positional: Parameters,
    /// `$?`
    pub status: i32,
    /// `$$`: the pid of the shell, which is the same in all subshells.
    pub pid: Pid,
    /// `$!`
    pub last_background: Option<Pid>,
    pub output: Output,
    pub jobs: Jobs,
    pub traps: Traps,
    pub interactive: Interactive,
    /// The remembered locations of programs.
    pub hashed: Map<CString>,
    /// The line of the command that is being executed, for `$LINENO` and for messages.
    pub line: u32,
    /// The name of the script or dot script to which line numbers refer; empty with `-c`.
    pub script: Rc<[u8]>,
    /// Whether this process is a copy of the shell, without job control and without the parent's trap for EXIT.
    pub is_subshell: bool,
    /// The number of loops around the current command, in the current function.
    pub loops: u32,
    /// The number of functions that are being executed.
    pub functions_deep: u32,
    /// The number of dot scripts that are being executed.
    pub scripts_deep: u32,
    /// If this is not 0, `set -e` is ignored (XCU 2.15, `set -e`, items 1 to 3), for example in conditions.
    pub errexit_ignored: u32,
    /// The exit status of the last command substitution since the beginning of the current simple command: XCU 2.9.1.
    pub substitution_status: Option<i32>,
    /// Variables such as LINENO and RANDOM that have lost their special meaning, because they were unset.
    pub ordinary: Vec<Symbol>,
    pub stack: Stack,
    /// The path of the working directory as `cd` has set it, for `pwd -L`.
    pub directory: Option<Vec<u8>>,
    /// The state of the generator for `$RANDOM`.
    pub random: u32,
    /// The time of the shell's start in seconds of CLOCK_MONOTONIC, less the value assigned to SECONDS. `$SECONDS` is the time
    /// since then.
    pub started: i64,
    /// The environment of programs, as it was last updated.
    pub environment: Environment,
    /// Strings of the inherited environment that are not variables. They are passed on unchanged.
    pub foreign_environment: Vec<Vec<u8>>,
    /// Empty field lists whose memory is used again for simple commands.
    pub spare_fields: Vec<Fields>,
    /// Whether the built-in was `exec` without a utility, so that its redirections stay.
    pub keeps_redirections: bool,
    /// The descriptors that redirections have replaced: the number, and a duplicate if the descriptor was open. A copy of the shell
    /// does not keep them.
    pub saved: Vec<(RawFd, Option<OwnedFd>)>,
    /// The descriptors of process substitutions whose commands have not ended.
    pub substituted: Vec<RawFd>,
    /// The trees and functions that are being executed. They contain symbols. `keeps_names` is not 0 while other symbols are in
    /// use: those of a tree that is incomplete, or of one that is executed separately.
    pub trees: Vec<Rc<[Item]>>,
    pub calls: Vec<Rc<Function>>,
    pub keeps_names: u32,
    /// The options to restore when the function returns, for `local -`.
    pub local_options: Option<Options>,
    /// The function that is being executed.
    pub function: Option<Symbol>,
    pub attempt: Attempt,
    /// Whether an expansion that would execute a command or assign to a variable fails without a message, because another user may
    /// have written the text.
    pub only_reads: bool,
    /// Whether the locale uses UTF-8, so that characters may have several bytes.
    pub utf8: bool,
}

impl Shell {
    pub fn is_interactive(&self) -> bool {
        self.options.has(Opt::Interactive)
    }

    /// Reports an error to standard error: `sh: line 3: ` and the text.
    #[cold]
    #[inline(never)]
    pub fn complain(&mut self, text: Pieces<'_>) {
        if self.gives_up() || self.only_reads {
            return;
        }
        self.output.flush();
        let mut message = Vec::new();
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
        // If standard error fails, an error cannot be reported.
        let _ = io::write_all(io::stderr(), &message);
    }

    /// Must be called before something that may wait. If a command is being attempted, abandons the attempt and returns true.
    pub fn gives_up(&mut self) -> bool {
        let is_tried = self.attempt != Attempt::Not;
        if is_tried {
            self.attempt = Attempt::Failed;
        }
        is_tried
    }

    /// Reports an error that ends a shell that is not interactive.
    #[cold]
    #[inline(never)]
    pub fn fatal(&mut self, status: i32, text: Pieces<'_>) -> Divert {
        self.complain(text);
        self.status = status;
        Divert::Error
    }

    /// Whether the shell continues after `flow`: it is interactive, and only an error or SIGINT has ended what was executed (XCU
    /// 2.8.1). Then the shell is reset to its outermost level.
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

    /// Fails with a message if little stack is left. Recursive functions call this.
    pub fn check_depth(&mut self) -> Flow {
        match self.stack.is_low() {
            true => Err(self.fatal(2, text!("nested too deeply"))),
            false => Ok(()),
        }
    }

    /// Returns the value of a variable. Some values are computed when they are needed.
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

    /// Assigns to a variable. If the variable is read-only, reports the error and returns `Divert::Error`.
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

    /// Must be called after a variable was set or unset, for the effects on the shell other than the value itself.
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

    /// XBD 8.2: the first of these variables that is set and not empty determines the locale.
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

    /// Must be called after a scope of variables has ended.
    pub fn locale_may_have_changed(&mut self) {
        if self.variables.take_restored_locale() {
            self.set_locale();
        }
        if self.variables.take_restored_path() {
            self.hashed.clear();
        }
    }

    /// Updates the environment of programs and takes it out of the shell, so that it can be borrowed. The caller must put it back.
    pub fn take_environment(&mut self) -> Environment {
        let mut environment = mem::take(&mut self.environment);
        environment.update(&self.foreign_environment, &self.variables, &self.symbols);
        environment
    }

    /// Returns the symbol of a name.
    pub fn symbol(&mut self, name: &[u8]) -> Symbol {
        self.symbols.intern(name)
    }

    /// Returns the built-in with this name.
    pub fn builtin(&self, name: Symbol) -> Option<&'static Builtin> {
        self.hooks
            .builtins
            .get(name.index().checked_sub(FIRST_BUILTIN)?)
    }

    /// Forgets the names that are not used any more: by no variable, function or alias, and by none of the trees that are being
    /// executed. When this is called, every tree that will be executed again must be in [`trees`](Self::trees) or
    /// [`calls`](Self::calls), and no symbol may be kept elsewhere.
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

    /// The pid of this process. In a subshell it is not `$$`.
    pub fn own_pid(&self) -> Pid {
        sys::process::getpid()
    }
}

/// Returns the decimal digits of a number, as the value of a parameter.
#[inline(never)]
pub fn number(number: i64) -> Cow<'static, [u8]> {
    let mut digits = Vec::new();
    number.write(&mut digits);
    Cow::Owned(digits)
}

fn seconds() -> i64 {
    time::now(Clock::Monotonic).map_or(0, |now| now.seconds())
}

/// A piece of a message.
#[derive(Debug, Clone, Copy)]
pub enum Piece<'a> {
    Text(&'a [u8]),
    /// The signal's name without SIG.
    Signal(Signal),
    /// The error's message.
    Errno(Errno),
    /// The text in single quotes.
    Quoted(&'a [u8]),
    Number(i64),
}

/// A value that can be a piece of a message.
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

/// The result of [`text!`](text): a template, and the pieces for its null bytes.
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
