//! `command [-p] utility [argument…]`, `command [-p] -v|-V name` (XCU `command`): executes a utility, ignores functions, and gives
//! special built-ins no special properties. With `-v` and `-V` it describes what a name stands for, as `type name…` does.

use alloc::ffi::CString;

use super::getopt;
use crate::execution::external::{self, Wiring};
use crate::execution::search::{self, Target};
use crate::execution::simple;
use crate::shell::{Answer, Attempt, Builtin, Divert, Kind, Shell, text};
use nestling_shell::fields::{Arguments, Fields};
use nestling_shell::quoting;
use nestling_shell::symbols::Symbol;
use nestling_shell::syntax::tree::{Item, Simple};

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut getopt = getopt::Getopt::new(arguments, "pvV");
    let (mut default_path, mut question) = (false, None);
    loop {
        match getopt.next(shell) {
            Ok(None) => break,
            Ok(Some(b'p')) => default_path = true,
            Ok(letter) => question = letter,
            Err(_) => return Ok(2),
        }
    }
    let operands = getopt.operands();
    if let Some(question) = question {
        let mut status = 0;
        for name in operands.iter() {
            status |= describe(
                shell,
                arguments.name(),
                name,
                question == b'V',
                default_path,
            );
        }
        return Ok(status);
    }
    let Some(name) = operands.get(0) else {
        return Ok(0);
    };
    let symbol = shell.symbols.find(name);
    if let Some(builtin) = symbol.and_then(|name| shell.builtin(name)) {
        return run_builtin(shell, builtin, operands);
    }
    run_program(shell, operands, default_path)
}

/// Executes a built-in. An error of a special built-in does not end the shell here. `exec` is the exception: it "shall not return
/// to the shell".
fn run_builtin(shell: &mut Shell, builtin: &'static Builtin, arguments: Arguments<'_>) -> Answer {
    match simple::utility(shell, builtin, arguments) {
        Err(Divert::Error) if builtin.kind == Kind::Special && builtin.name != "exec" => {
            Ok(shell.status)
        }
        answer => answer,
    }
}

fn run_program(shell: &mut Shell, arguments: Arguments<'_>, default_path: bool) -> Answer {
    let mut fields = Fields::new();
    arguments.iter().for_each(|argument| fields.push(argument));
    let (simple, item) = (
        Simple {
            line: shell.line,
            ..Simple::default()
        },
        Item::default(),
    );
    let started = if default_path {
        shell.variables.enter(false);
        shell.variables.save(Symbol::PATH);
        let _ = shell.variables.set(Symbol::PATH, search::DEFAULT);
        let hashed = core::mem::take(&mut shell.hashed);
        let started = external::start(shell, &simple, &fields, &mut Wiring::default());
        shell.hashed = hashed;
        shell.variables.leave();
        started
    } else {
        external::start(shell, &simple, &fields, &mut Wiring::default())
    };
    match started? {
        Some(started) => external::wait(shell, started, &item),
        None => Ok(shell.status),
    }
}

/// `type [-ap] name…`: with `-a` it describes everything that a name stands for. With `-p` it writes only the paths of programs.
pub fn run_type(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut getopt = getopt::Getopt::new(arguments, "ap");
    let (mut status, mut paths, mut all) = (0, false, false);
    loop {
        match getopt.next(shell) {
            Ok(None) => break,
            Ok(Some(b'a')) => all = true,
            Ok(Some(_)) => paths = true,
            Err(_) => return Ok(2),
        }
    }
    for name in getopt.operands().iter() {
        let symbol = shell.symbols.find(name);
        status |= if all {
            describe_all(shell, arguments.name(), name, paths)
        } else if !paths {
            describe(shell, arguments.name(), name, true, false)
        } else if matches!(search::target(shell, symbol), Target::Program)
            && !search::is_applet_first(shell, name)
        {
            describe_program(shell, arguments.name(), name, false, false)
        } else {
            0
        };
    }
    Ok(status)
}

pub const RESERVED: &[&str] = &[
    "!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then",
    "until", "while", "[[", "function",
];

/// Describes what a name stands for: in a sentence if `at_length`, else in a form that the shell can read. Returns the exit status.
fn describe(
    shell: &mut Shell,
    utility: &[u8],
    name: &[u8],
    at_length: bool,
    default_path: bool,
) -> i32 {
    let symbol = shell.symbols.find(name);
    let alias = symbol.and_then(|symbol| shell.aliases.get(symbol)).cloned();
    if let Some(value) = alias {
        if at_length {
            write(shell, &text!(name, " is an alias for ", &value[..], "\n"));
        } else {
            write(
                shell,
                &text!("alias ", name, "=", quoting::Quoted(&value), "\n"),
            );
        }
        return 0;
    }
    let kind = if is_reserved(name) {
        RESERVED_WORD
    } else {
        match search::target(shell, symbol) {
            Target::Function(_) => FUNCTION,
            Target::Builtin(builtin) => kind_of(builtin),
            Target::Program => {
                return describe_program(shell, utility, name, at_length, default_path);
            }
        }
    };
    write(shell, &text!(name, if at_length { kind } else { "\n" }));
    0
}

const RESERVED_WORD: &str = " is a reserved word\n";
const APPLET: &str = " is an applet\n";
const FUNCTION: &str = " is a function\n";

fn is_reserved(name: &[u8]) -> bool {
    RESERVED.iter().any(|word| word.as_bytes() == name)
}

fn kind_of(builtin: &Builtin) -> &'static str {
    match builtin.kind {
        Kind::Special => " is a special shell builtin\n",
        Kind::Regular => " is a shell builtin\n",
    }
}

/// `type -a`: describes everything that a name stands for, in the order of the search. If `paths`, writes only the paths of
/// programs. Returns the exit status.
fn describe_all(shell: &mut Shell, utility: &[u8], name: &[u8], paths: bool) -> i32 {
    let symbol = shell.symbols.find(name);
    let mut found = false;
    if !paths {
        if let Some(alias) = symbol.and_then(|symbol| shell.aliases.get(symbol)).cloned() {
            write(shell, &text!(name, " is an alias for ", &alias[..], "\n"));
            found = true;
        }
        let builtin = symbol.and_then(|name| shell.builtin(name));
        let (special, regular) = match builtin {
            Some(builtin) if builtin.kind == Kind::Special => (Some(kind_of(builtin)), None),
            builtin => (None, builtin.map(kind_of)),
        };
        let has_function = symbol.is_some_and(|symbol| shell.functions.get(symbol).is_some());
        let kinds = [
            is_reserved(name).then_some(RESERVED_WORD),
            special,
            has_function.then_some(FUNCTION),
            regular,
        ];
        for kind in kinds.into_iter().flatten() {
            write(shell, &text!(name, kind));
            found = true;
        }
    }
    let is_applet = !paths && search::is_applet(shell, name) && search::is_executable(search::OWN);
    let is_first = search::is_applet_first(shell, name);
    if is_applet && is_first {
        write(shell, &text!(name, APPLET));
    }
    found |= is_applet;
    let path = shell.variables.get(Symbol::PATH);
    let mut path = path.unwrap_or(search::DEFAULT).to_vec();
    if nestling::text::contains(name, b'/') {
        path.clear();
    }
    for directory in path.split(|&byte| byte == b':') {
        let Some(file) =
            search::in_path(name, directory).filter(|file| search::is_executable(file))
        else {
            continue;
        };
        let file = absolute(shell, file.as_bytes());
        if paths {
            write(shell, &text!(&file[..], "\n"));
        } else {
            write(shell, &text!(name, " is ", &file[..], "\n"));
        }
        found = true;
    }
    if is_applet && !is_first {
        write(shell, &text!(name, APPLET));
    }
    if !found && !paths {
        shell.complain(text!(utility, ": ", name, ": not found"));
    }
    i32::from(!found)
}

fn describe_program(
    shell: &mut Shell,
    utility: &[u8],
    name: &[u8],
    at_length: bool,
    default_path: bool,
) -> i32 {
    // A subshell would lose what it remembers. So this code, which a command substitution may execute without a fork, must not
    // remember it either.
    let remembers = shell.attempt == Attempt::Not;
    let path = if search::is_applet_first(shell, name) {
        Some(search::OWN.into())
    } else if default_path && !nestling::text::contains(name, b'/') {
        search::in_path(name, search::DEFAULT)
    } else {
        CString::new(name)
            .ok()
            .and_then(|name| search::program(shell, &name, remembers))
    };
    let other = |shell: &mut Shell, path: CString| {
        if search::is_executable(&path) {
            return Some(path);
        }
        let name = CString::new(name).ok()?;
        search::program_instead(shell, &name, &path, remembers)
            .filter(|path| search::is_executable(path))
    };
    let Some(path) = path.and_then(|path| other(shell, path)) else {
        if at_length {
            shell.complain(text!(utility, ": ", name, ": not found"));
        }
        return if utility == b"command" && !at_length {
            127
        } else {
            1
        };
    };
    if search::is_applet(shell, name) && *path == *search::OWN {
        write(shell, &text!(name, if at_length { APPLET } else { "\n" }));
        return 0;
    }
    let path = absolute(shell, path.as_bytes());
    if at_length {
        write(shell, &text!(name, " is ", &path[..], "\n"));
    } else {
        write(shell, &text!(&path[..], "\n"));
    }
    0
}

fn absolute(shell: &Shell, path: &[u8]) -> alloc::vec::Vec<u8> {
    let mut absolute = alloc::vec::Vec::new();
    if path.first() != Some(&b'/')
        && let Some(directory) = &shell.directory
    {
        absolute.extend_from_slice(directory);
        if absolute.last() != Some(&b'/') {
            absolute.push(b'/');
        }
        absolute.extend_from_slice(path.strip_prefix(b"./").unwrap_or(path));
    } else {
        absolute.extend_from_slice(path);
    }
    absolute
}

fn write(shell: &mut Shell, what: &impl nestling::text::Text) {
    what.write(&mut shell.output);
}
