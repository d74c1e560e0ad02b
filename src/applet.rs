//! Applets: one file that is many programs, as busybox is.
//!
//! An [`Applet`] is a name, a synopsis and a function. [`run`] takes tables of applets, and runs one of them: the applet that
//! `argv[0]` names, as a link to the program has it, or the applet that the first argument names.
//!
//! ```text
//! box APPLET [ARG...]   runs an applet
//! box --list            writes the applets' names
//! box --install DIR     makes a symbolic link to the program in DIR for each applet
//! box --help            writes the applets' synopses
//! ```
//!
//! This is a whole program with an applet of its own, if `nestling::entry!(main)` follows (feature `rt`; then `main` takes
//! `rt::Process`, which has `args()` and `env()`):
//!
//! ```
//! use nestling::applet::{self, Applet, Call};
//! use nestling::{Args, args};
//!
//! const TABLE: &[Applet] = &[Applet { name: c"hello", synopsis: "[name...]", run: hello }];
//!
//! fn hello(call: &Call<'_>) -> i32 {
//!     for name in call.args.skip(1).iter() {
//!         nestling::println!("hello, ", name);
//!     }
//!     0
//! }
//!
//! let list = args![c"/bin/tools", c"hello", c"world"];
//! assert_eq!(applet::run("tools", &[TABLE], Args::new(&list), Args::EMPTY), 0);
//! let link = args![c"/bin/hello", c"world"];
//! assert_eq!(applet::run("tools", &[TABLE], Args::new(&link), Args::EMPTY), 0);
//! let unknown = args![c"tools", c"goodbye"];
//! assert_eq!(applet::run("tools", &[TABLE], Args::new(&unknown), Args::EMPTY), 127);
//! ```
//!
//! [`Call::options`] reads options as POSIX's utility syntax guidelines describe them, and `Call` has the forms of error messages.
//! Nothing here needs a heap.

use core::ffi::CStr;

use crate::args::Args;
use crate::errno::Errno;
use crate::file::Stat;
use crate::io::{self, Writer};
use crate::text::{self, Quoted, Sink, Text};
use crate::{c_str, sys};

/// The exit status if there is no such applet; a shell has the same status for a program that was not found.
const NOT_FOUND: i32 = 127;

/// One of the programs of a file with many programs.
#[derive(Clone, Copy, Debug)]
pub struct Applet {
    /// The name of the program. It contains no slash.
    pub name: &'static CStr,
    /// The arguments, in the form of a manual page: `[-al] [file...]`.
    pub synopsis: &'static str,
    /// Runs the program. Returns the exit status.
    pub run: fn(&Call<'_>) -> i32,
}

/// What an applet is called with. Its standard input, output and error are [`io::stdin`], [`io::stdout`] and [`io::stderr`].
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The applet that runs.
    pub applet: &'a Applet,
    /// The arguments; the first is the applet's name, or the path of a link with this name.
    pub args: Args<'a>,
    /// The environment.
    pub env: Args<'a>,
}

/// Runs the applet that the arguments name. Returns the exit status for the process: the applet's, or 127 after a message if
/// there is no such applet.
///
/// - If the last component of the first argument (`argv[0]`), without a leading `-`, is the name of an applet, this applet runs.
/// - Otherwise, if this component contains `program`, the second argument is an applet's name or one of the options that
///   the [module](self) lists, and the applet's arguments begin with its name. Without a second argument, the synopses are written.
/// - Otherwise, if a link was executed that has the name of an applet (`AT_EXECFN`), this applet runs: after `exec -a NAME ls` in a
///   shell, for example. This needs the feature `rt`, and `/proc`.
/// - Otherwise, if there is no `argv[0]`, or it has no last component, the second argument is taken as above.
/// - Any other name is an error: a wrong link must not run what its first argument names.
///
/// Tables are searched in their order, so an applet hides those of the same name in later tables. `program` is the name for
/// messages.
///
/// A process that was executed as `/proc/self/exe`, as the shell of `box` starts its applets, gets the name of the applet
/// (`/proc/PID/comm`) with the feature `rt`, for `ps` and `killall`. The kernel would call it `exe`.
#[must_use]
pub fn run(program: &str, tables: &[&[Applet]], args: Args<'_>, env: Args<'_>) -> i32 {
    let own = args.first().map_or(&b""[..], |name| base(name.to_bytes()));
    if let Some(applet) = find(tables, own) {
        if executed() == Some(OWN) {
            // The name is for people only.
            let _ = sys::machine::set_name(applet.name);
        }
        return (applet.run)(&Call { applet, args, env });
    }
    // (The windows of a slice have at least one byte.)
    let is_program = own
        .windows(program.len().max(1))
        .any(|it| it == program.as_bytes());
    if !is_program && let Some(applet) = executed().and_then(|path| of_link(tables, path)) {
        return (applet.run)(&Call { applet, args, env });
    }
    let named = args.skip(1);
    let name = match named.first().map(CStr::to_bytes) {
        _ if !is_program && !own.is_empty() => own,
        None | Some(b"--help") => return listing(program, tables, Some(program)),
        Some(b"--list") => return listing(program, tables, None),
        Some(b"--install") => return install(program, tables, named.skip(1)),
        Some(name) => name,
    };
    match find(tables, name) {
        Some(applet) if is_program || own.is_empty() => (applet.run)(&Call {
            applet,
            args: named,
            env,
        }),
        _ => report(program, name, &"no such applet", NOT_FOUND),
    }
}

/// The file of this process's program.
const OWN: &CStr = c"/proc/self/exe";

/// Returns the path that was executed, if the runtime knows it.
fn executed() -> Option<&'static CStr> {
    #[cfg(feature = "rt")]
    return crate::rt::process()?.execfn();
    #[cfg(not(feature = "rt"))]
    None
}

/// Returns the applet that has the name of a link to this program. (The path may also be that of a script whose interpreter this
/// program is. The script's name must not matter: an interpreter `rm` would remove the script.)
fn of_link<'t>(tables: &[&'t [Applet]], path: &CStr) -> Option<&'t Applet> {
    let applet = find(tables, base(path.to_bytes()))?;
    let (one, other) = (sys::file::stat(path).ok()?, sys::file::stat(OWN).ok()?);
    is_same(&one, &other).then_some(applet)
}

fn is_same(one: &Stat, other: &Stat) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Returns the applet with this name; `None` if no table has one.
#[must_use]
pub fn find<'t>(tables: &[&'t [Applet]], name: &[u8]) -> Option<&'t Applet> {
    let mut applets = tables.iter().copied().flatten();
    applets.find(|applet| applet.name.to_bytes() == name)
}

/// The last component of a path, without the `-` of a login shell.
fn base(path: &[u8]) -> &[u8] {
    let start = path.iter().rposition(|&byte| byte == b'/');
    let name = path.get(start.map_or(0, |slash| slash + 1)..);
    let name = name.unwrap_or_default();
    text::after(name, b"-").unwrap_or(name)
}

/// Writes the names of the applets; with `usage`, also how the program is called, and the synopses.
fn listing(program: &str, tables: &[&[Applet]], usage: Option<&str>) -> i32 {
    let mut out = Writer::new(io::stdout());
    let mut outcome = Ok(());
    let mut put = |bytes: &[u8]| outcome = outcome.and_then(|()| out.write(bytes));
    if let Some(program) = usage {
        for (before, after) in [
            ("usage: ", " APPLET [ARG...]\n"),
            ("       ", " --list\n"),
            ("       ", " --install DIR\n\n"),
        ] {
            for part in [before, program, after] {
                put(part.as_bytes());
            }
        }
    }
    for applet in tables.iter().copied().flatten() {
        put(applet.name.to_bytes());
        if usage.is_some() && !applet.synopsis.is_empty() {
            put(b" ");
            put(applet.synopsis.as_bytes());
        }
        put(b"\n");
    }
    match outcome.and_then(|()| out.flush()) {
        Ok(()) => 0,
        Err(errno) => report(program, b"standard output", &errno, 1),
    }
}

/// `--install DIR`: makes a symbolic link in DIR for each applet. Symbolic links, because they work across file systems, and
/// show whose they are. If the program's file lies in DIR itself, the links contain only its name, so that DIR can become
/// a part of another root directory. Otherwise they contain its absolute path. An existing link to the program is left as it
/// is; any other existing file is left, too, and is an error.
fn install(program: &str, tables: &[&[Applet]], args: Args<'_>) -> i32 {
    let (Some(directory), true) = (args.first(), args.skip(1).is_empty()) else {
        return report(program, b"--install", &"one directory is needed", 2);
    };
    let mut buffer = [0; 4096];
    // The last byte remains a null byte.
    let length = match sys::file::readlink(OWN, buffer.get_mut(..4095).unwrap_or_default()) {
        Ok(length) => length,
        Err(errno) => return report(program, OWN.to_bytes(), &errno, 1),
    };
    if let Err(errno) = sys::file::chdir(directory) {
        return report(program, directory.to_bytes(), &errno, 1);
    }
    let file = buffer.get(..=length).and_then(c_str::head);
    let file = file.unwrap_or_default();
    let start = file.count_bytes() - base_length(file.to_bytes());
    let name = c_str::tail(file, start).unwrap_or_default();
    let target = match (sys::file::lstat(name), sys::file::stat(OWN)) {
        (Ok(here), Ok(there)) if is_same(&here, &there) => name,
        _ => file,
    };
    let mut status = 0;
    for applet in tables.iter().copied().flatten() {
        let mut former = [0; 4096];
        let outcome = match sys::file::symlink(target, applet.name) {
            Err(Errno::EEXIST) => match sys::file::readlink(applet.name, &mut former) {
                Ok(length) if former.get(..length) == Some(target.to_bytes()) => Ok(()),
                _ if applet.name == name && target == name => Ok(()),
                _ => Err(Errno::EEXIST),
            },
            outcome => outcome,
        };
        if let Err(errno) = outcome {
            status = report(program, applet.name.to_bytes(), &errno, 1);
        }
    }
    status
}

/// The length of the last component of a path.
fn base_length(path: &[u8]) -> usize {
    path.iter().rev().take_while(|&&byte| byte != b'/').count()
}

/// Writes `NAME: WHAT: WHY` to standard error, without `WHAT` if it is empty. Returns `status`.
fn report(name: &str, what: &[u8], why: &impl Text, status: i32) -> i32 {
    message(name.as_bytes(), what, why);
    status
}

#[inline(never)]
fn message(name: &[u8], what: &[u8], why: &(impl Text + ?Sized)) {
    let mut out = Writer::new(io::stderr());
    out.put(name);
    out.put(b": ");
    if !what.is_empty() {
        match text::is_printable(what) {
            true => out.put(what),
            false => Quoted(what).write(&mut out),
        }
        out.put(b": ");
    }
    why.write(&mut out);
    out.put(b"\n");
}

#[allow(
    clippy::must_use_candidate,
    reason = "an error is reported for the message"
)]
impl<'a> Call<'a> {
    /// Reads the arguments as POSIX's utility syntax guidelines describe them (XBD 12.2): `letters` are the options, each
    /// letter of an option with an option-argument followed by a colon. Options may stand after operands, as GNU's and busybox's
    /// programs accept them. If `letters` begins with `+`, the first operand ends the options: for programs whose operands
    /// are a command. With `-:` among the letters, a long option `--name=value` is the option `-` with the option-argument
    /// `name=value`.
    #[must_use]
    pub fn options(&'a self, letters: &'static str) -> Options<'a> {
        let (letters, stops) = match letters.as_bytes() {
            [b'+', letters @ ..] => (letters, true),
            letters => (letters, false),
        };
        Options {
            call: self,
            words: Words {
                letters,
                stops,
                rest: self.args.skip(1),
                within: None,
                ended: false,
            },
            value: c"",
            wrong: 1,
        }
    }

    /// Reports a failed system call: writes `NAME: WHAT: ERRNO: message` to standard error. A `what` that a terminal cannot show
    /// is written in quotes. Returns the exit status 1.
    pub fn fail(&self, what: &CStr, errno: Errno) -> i32 {
        self.fail_at(what.to_bytes(), errno)
    }

    /// Does the same as [`fail`](Self::fail).
    pub fn fail_at(&self, what: &[u8], errno: Errno) -> i32 {
        message(self.applet.name.to_bytes(), what, &errno);
        1
    }

    /// Reports any other error: writes `NAME: WHAT: WHY` to standard error, without `WHAT` if it is empty. Returns the exit
    /// status 1.
    pub fn complain(&self, what: &[u8], why: &str) -> i32 {
        message(self.applet.name.to_bytes(), what, why);
        1
    }

    /// Reports wrong arguments, as [`complain`](Self::complain) does, and writes the synopsis to standard error. Returns the exit
    /// status 1.
    pub fn misused(&self, what: &[u8], why: &str) -> i32 {
        self.complain(what, why);
        let mut out = Writer::new(io::stderr());
        self.usage(&mut out);
        1
    }

    /// Writes `usage: NAME SYNOPSIS`.
    fn usage(&self, out: &mut Writer<'_>) {
        out.put(b"usage: ");
        out.put(self.applet.name.to_bytes());
        out.put(b" ");
        out.put(self.applet.synopsis.as_bytes());
        out.put(b"\n");
    }
}

/// The options of a call, from [`Call::options`].
///
/// ```
/// use nestling::applet::{Applet, Call};
/// use nestling::{Args, args};
///
/// fn head(call: &Call<'_>) -> i32 {
///     let (mut lines, mut options) = (10, call.options("n:q"));
///     loop {
///         match options.next() {
///             Ok(Some(b'n')) => match nestling::text::number(options.value.to_bytes(), 10) {
///                 Some(number) => lines = number,
///                 None => return call.misused(options.value.to_bytes(), "no number"),
///             },
///             Ok(Some(_)) => {}
///             Ok(None) => break,
///             Err(status) => return status,
///         }
///     }
///     assert!(options.operands().eq([c"a", c"b"]));
///     lines as i32
/// }
///
/// let applet = Applet { name: c"head", synopsis: "[-q] [-n lines] [file...]", run: head };
/// let lists = [
///     &args![c"head", c"-qn3", c"a", c"b"][..],
///     &args![c"head", c"a", c"-n", c"3", c"b"],
///     &args![c"head", c"-n3", c"--", c"a", c"b"],
/// ];
/// for list in lists {
///     assert_eq!(head(&Call { applet: &applet, args: Args::new(list), env: Args::EMPTY }), 3);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Options<'a> {
    call: &'a Call<'a>,
    words: Words<'a>,
    /// The option-argument of the last option; empty if this option takes none.
    pub value: &'a CStr,
    /// The exit status for wrong options: 1, unless the applet sets another.
    pub wrong: i32,
}

impl<'a> Options<'a> {
    /// Returns the letter of the next option; `None` after the last one.
    ///
    /// # Errors
    /// The exit status with which the applet must end. It is [`wrong`](Self::wrong) after an option that does not exist or lacks
    /// its option-argument, which was reported. It is 0 after `--help`, for which the synopsis was written to standard output.
    #[inline(never)]
    #[expect(
        clippy::should_implement_trait,
        reason = "a loop of `while let Some(letter) = options.next()?` reads better"
    )]
    pub fn next(&mut self) -> Result<Option<u8>, i32> {
        loop {
            let (what, why) = match self.words.step() {
                None => return Ok(None),
                Some(Step::Operand(_)) if self.words.ended => return Ok(None),
                Some(Step::Operand(_)) => continue,
                Some(Step::Option(letter, value)) => {
                    self.value = value.unwrap_or_default();
                    return Ok(Some(letter));
                }
                Some(Step::Help) => {
                    let mut out = Writer::new(io::stdout());
                    self.call.usage(&mut out);
                    return Err(match out.flush() {
                        Ok(()) => 0,
                        Err(errno) => self.call.fail(c"standard output", errno),
                    });
                }
                Some(Step::NoSuchWord(word)) => {
                    self.call.misused(word.to_bytes(), "no such option");
                    return Err(self.wrong);
                }
                Some(Step::NoSuchOption(letter)) => ([b'-', letter], "no such option"),
                Some(Step::NoValue(letter)) => ([b'-', letter], "an argument is missing"),
            };
            self.call.misused(&what, why);
            return Err(self.wrong);
        }
    }

    /// Returns the operands, from the first one on. They may be read any number of times; the iterator is `Clone`.
    #[must_use]
    pub fn operands(&self) -> Operands<'a> {
        Operands(Words {
            rest: self.call.args.skip(1),
            within: None,
            ended: false,
            ..self.words
        })
    }

    /// Returns the first operand and all words after it, as the arguments of a command. This is for options with `+`.
    #[must_use]
    pub fn command(&self) -> Args<'a> {
        let mut words = self.operands().0;
        loop {
            match words.step() {
                None => return words.rest,
                Some(Step::Operand(command)) => return command,
                Some(_) => {}
            }
        }
    }
}

/// The operands of a call, from [`Options::operands`]. It is an iterator.
#[derive(Clone, Debug)]
pub struct Operands<'a>(Words<'a>);

impl<'a> Iterator for Operands<'a> {
    type Item = &'a CStr;

    #[inline(never)]
    fn next(&mut self) -> Option<&'a CStr> {
        loop {
            if let Step::Operand(words) = self.0.step()? {
                return words.first();
            }
        }
    }
}

/// A position in the arguments.
#[derive(Clone, Copy, Debug)]
struct Words<'a> {
    letters: &'static [u8],
    /// Whether the first operand ends the options.
    stops: bool,
    /// The words that have not been read.
    rest: Args<'a>,
    /// The letters of the last word that have not been read.
    within: Option<&'a CStr>,
    /// Whether all remaining words are operands.
    ended: bool,
}

enum Step<'a> {
    Option(u8, Option<&'a CStr>),
    /// The operand and all words after it.
    Operand(Args<'a>),
    Help,
    NoSuchOption(u8),
    /// A long option, such as `--all`.
    NoSuchWord(&'a CStr),
    NoValue(u8),
}

impl<'a> Words<'a> {
    #[inline(never)]
    fn step(&mut self) -> Option<Step<'a>> {
        let (letters, &letter) = loop {
            if let Some(letters) = self.within.take()
                && let Some(letter) = letters.to_bytes().first()
            {
                break (letters, letter);
            }
            let here = self.rest;
            let word = here.first()?;
            self.rest = here.skip(1);
            match word.to_bytes() {
                b"--" if !self.ended => self.ended = true,
                b"--help" if !self.ended => return Some(Step::Help),
                // (With the option `-`, an applet takes long options itself.)
                [b'-', b'-', ..] if !self.ended && !self.letters.contains(&b'-') => {
                    return Some(Step::NoSuchWord(word));
                }
                [b'-', _, ..] if !self.ended => self.within = c_str::tail(word, 1),
                _ => {
                    self.ended |= self.stops;
                    return Some(Step::Operand(here));
                }
            }
        };
        let place = self.letters.iter().position(|&other| other == letter);
        let Some(place) = place.filter(|_| letter != b':') else {
            return Some(Step::NoSuchOption(letter));
        };
        let more = c_str::tail(letters, 1).filter(|more| !more.is_empty());
        if self.letters.get(place + 1) != Some(&b':') {
            self.within = more;
            return Some(Step::Option(letter, None));
        }
        let value = more.or_else(|| {
            let next = self.rest.first();
            self.rest = self.rest.skip(1);
            next
        });
        Some(match value {
            None => Step::NoValue(letter),
            value => Step::Option(letter, value),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;
    use crate::args::Arg;
    use std::vec::Vec;

    const TABLE: &[Applet] = &[
        Applet {
            name: c"three",
            synopsis: "",
            run: |call| 3 + call.args.len() as i32 * 10,
        },
        Applet {
            name: c"four",
            synopsis: "[-a]",
            run: |_| 4,
        },
    ];

    const OTHER: &[Applet] = &[Applet {
        name: c"four",
        synopsis: "",
        run: |_| 5,
    }];

    fn status(list: &[Option<Arg<'_>>]) -> i32 {
        run("box", &[TABLE, OTHER], Args::new(list), Args::EMPTY)
    }

    #[test]
    fn an_applet_is_found_by_the_name_of_the_link_or_by_the_first_argument() {
        assert_eq!(status(&args![c"/usr/bin/three", c"four"]), 23);
        assert_eq!(status(&args![c"three"]), 13);
        assert_eq!(status(&args![c"-three"]), 13);
        assert_eq!(status(&args![c"box", c"three", c"x"]), 23);
        assert_eq!(status(&args![c"/x/nestling-box", c"three"]), 13);
        assert_eq!(status(&args![c"box", c"four"]), 4);
    }

    #[test]
    fn a_name_without_an_applet_is_127_even_if_the_first_argument_names_one() {
        assert_eq!(status(&args![c"box", c"five"]), 127);
        assert_eq!(status(&args![c"box", c"--three"]), 127);
        assert_eq!(status(&args![c"five", c"three"]), 127);
        assert_eq!(status(&args![c"/three/", c"three"]), 13);
    }

    fn letters(list: &[Option<Arg<'_>>], letters: &'static str) -> (Vec<u8>, Vec<Vec<u8>>) {
        let call = Call {
            applet: &TABLE[0],
            args: Args::new(list),
            env: Args::EMPTY,
        };
        let mut options = call.options(letters);
        let mut read = Vec::new();
        loop {
            match options.next() {
                Ok(Some(letter)) => {
                    read.push(letter);
                    read.extend_from_slice(options.value.to_bytes());
                }
                Ok(None) => break,
                Err(status) => {
                    read.push(b'0' + status as u8);
                    break;
                }
            }
        }
        let operands = options.operands().map(|it| it.to_bytes().to_vec());
        (read, operands.collect())
    }

    fn all(list: &[Option<Arg<'_>>], of: &'static str) -> (Vec<u8>, Vec<u8>) {
        let (read, operands) = letters(list, of);
        (read, operands.join(&b' '))
    }

    #[test]
    fn options_are_read_as_the_guidelines_describe_them() {
        let expect = |read: &[u8], operands: &[u8]| (read.to_vec(), operands.to_vec());
        assert_eq!(
            all(
                &args![c"x", c"-ab", c"-nv", c"-n", c"-w", c"y", c"-"],
                "abn:"
            ),
            expect(b"abnvn-w", b"y -")
        );
        assert_eq!(
            all(&args![c"x", c"y", c"-a", c"--", c"-b", c"--"], "ab"),
            expect(b"a", b"y -b --")
        );
        assert_eq!(
            all(&args![c"x", c"-a", c"y", c"-b"], "+ab"),
            expect(b"a", b"y -b")
        );
        assert_eq!(all(&args![c"x", c"-a:"], "a:"), expect(b"a:", b""));
        assert_eq!(all(&args![c"x", c"-c"], "ab"), expect(b"1", b""));
        assert_eq!(all(&args![c"x", c"-:"], "a:"), expect(b"1", b""));
        assert_eq!(all(&args![c"x", c"-a"], "a:"), expect(b"1", b""));
        assert_eq!(all(&args![c"x", c"-n", c""], "n:"), expect(b"n", b""));
        assert_eq!(all(&args![c"x", c"--help"], "a"), expect(b"0", b""));
        assert_eq!(
            all(&args![c"x", c"--long=3", c"y", c"-a", c"--"], "a-:"),
            expect(b"-long=3a", b"y")
        );
        assert_eq!(all(&args![], "a"), expect(b"", b""));
    }

    #[test]
    fn a_command_begins_with_the_first_operand() {
        let list = args![c"env", c"-i", c"--", c"ls", c"-l"];
        let call = Call {
            applet: &TABLE[0],
            args: Args::new(&list),
            env: Args::EMPTY,
        };
        let mut options = call.options("+i");
        assert_eq!(options.next(), Ok(Some(b'i')));
        assert_eq!(options.next(), Ok(None));
        assert!(options.command().iter().eq([c"ls", c"-l"]));
    }
}
