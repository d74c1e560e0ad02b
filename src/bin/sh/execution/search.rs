//! Searching for a command: XCU 2.9.1.4, and the table of `hash`.
//!
//! If the shell is one applet of a program, the other applets are commands, too. As in busybox's ash, an applet is found after
//! built-ins and functions and before the programs in PATH, also by `command -p`, and it runs in a process of its own, which
//! executes [`OWN`]. If this file cannot be executed, for example because `/proc` is not mounted, the program in PATH runs. After
//! `set -o pathfirst`, an applet is found only if PATH has no program of its name.

use alloc::ffi::CString;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::{Access, AsFd, OFlags, sys};

use crate::shell::{Builtin, Kind, Shell};
use nestling_shell::symbols::Symbol;
use nestling_shell::syntax::tree::Function;

/// What a command's name stands for. The location of a program is searched for later.
#[derive(Debug)]
pub enum Target {
    Builtin(&'static Builtin),
    Function(Rc<Function>),
    Program,
}

/// The file of this process's program, which is the program of all applets. It executes the applet that `argv[0]` names.
pub const OWN: &CStr = c"/proc/self/exe";

/// Whether an applet has this name.
#[cfg(feature = "applets")]
pub fn is_applet(shell: &Shell, name: &[u8]) -> bool {
    nestling::applet::find(shell.applets, name).is_some()
}

#[cfg(not(feature = "applets"))]
pub fn is_applet(_: &Shell, _: &[u8]) -> bool {
    false
}

/// Whether the command of this name is an applet, whatever programs are in PATH.
pub fn is_applet_first(shell: &Shell, name: &[u8]) -> bool {
    #[cfg(feature = "applets")]
    if shell.options.has(crate::options::Opt::PathFirst) {
        return false;
    }
    is_applet(shell, name)
}

/// Finds what a name stands for: a special built-in, else a function, else another built-in, else a program.
pub fn target(shell: &Shell, name: Option<Symbol>) -> Target {
    let Some(name) = name else {
        return Target::Program;
    };
    let builtin = shell.builtin(name);
    if let Some(builtin) = builtin
        && builtin.kind == Kind::Special
    {
        return Target::Builtin(builtin);
    }
    if let Some(function) = shell.functions.get(name) {
        return Target::Function(function.clone());
    }
    builtin.map_or(Target::Program, Target::Builtin)
}

/// Finds the location of a program. A name with a slash is the location. For another name, a remembered location is used, else the
/// program is searched for in PATH. If `remembers`, the location found is remembered. It must not be set in code that replaces a
/// copy of the shell.
pub fn program(shell: &mut Shell, name: &CStr, remembers: bool) -> Option<CString> {
    let bytes = name.to_bytes();
    if nestling::text::contains(bytes, b'/') {
        return Some(name.into());
    }
    if is_applet_first(shell, bytes) {
        return Some(OWN.into());
    }
    let found = program_in_path(shell, bytes, remembers);
    found.or_else(|| is_applet(shell, bytes).then(|| OWN.into()))
}

/// Finds the location of a program that is not an applet, by its name without a slash.
fn program_in_path(shell: &mut Shell, bytes: &[u8], remembers: bool) -> Option<CString> {
    let symbol = shell.symbols.intern(bytes);
    if let Some(path) = shell.hashed.get(symbol) {
        return Some(path.clone());
    }
    let path = shell
        .variables
        .get(Symbol::PATH)
        .unwrap_or(DEFAULT)
        .to_vec();
    let found = in_path(bytes, &path)?;
    // A relative path would lead to another file after `cd`.
    if remembers && found.as_bytes().first() == Some(&b'/') {
        shell.hashed.insert(symbol, found.clone());
    }
    Some(found)
}

/// Finds another location of a program after `failed` could not be executed. If `failed` was a remembered location, forgets it and
/// searches again (XCU 2.9.1.4). In place of an applet, finds the program in PATH. Returns `None` if no other location exists.
pub fn program_instead(
    shell: &mut Shell,
    name: &CStr,
    failed: &CStr,
    remembers: bool,
) -> Option<CString> {
    if *failed == *OWN && is_applet_first(shell, name.to_bytes()) {
        return program_in_path(shell, name.to_bytes(), remembers);
    }
    let symbol = shell.symbols.find(name.to_bytes())?;
    let known = shell.hashed.get(symbol)?.clone();
    if *known != *failed {
        return None;
    }
    shell.hashed.remove(symbol);
    let found = program(shell, name, remembers);
    if !remembers {
        shell.hashed.insert(symbol, known);
    }
    found.filter(|found| **found != *failed)
}

/// Whether a file may be a script although the kernel does not know its format: its first line contains no null byte (XCU 2.9.1.6).
/// A file that cannot be read counts as a script; the shell that executes it reports the error.
pub fn may_be_script(path: &CStr) -> bool {
    let mut first = [0; 256];
    let length = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0)
        .and_then(|file| sys::fd::read(file.as_fd(), &mut first));
    let first = first.get(..length.unwrap_or(0)).unwrap_or_default();
    let end = first.iter().position(|byte| matches!(byte, 0 | b'\n'));
    end.and_then(|end| first.get(end)) != Some(&0)
}

/// Whether the path leads to a regular file that may be executed.
pub fn is_executable(path: &CStr) -> bool {
    sys::file::stat(path).is_ok_and(|stat| stat.is_file())
        && sys::file::eaccess(path, Access::EXECUTE).is_ok()
}

/// The value of PATH if it is unset (`confstr(3)`, `_CS_PATH`), and for `command -p`.
pub const DEFAULT: &[u8] = nestling::spawn::DEFAULT_PATH.to_bytes();

/// Returns the first file of this name in the directories of `path` that may be executed. If no file may be executed, returns the
/// first one that exists, so that executing it gives the error to report.
pub fn in_path(name: &[u8], path: &[u8]) -> Option<CString> {
    let mut there = None;
    if name.is_empty() {
        return None;
    }
    for directory in path.split(|&byte| byte == b':') {
        let mut file = Vec::with_capacity(directory.len() + name.len() + 2);
        file.extend_from_slice(directory);
        if !directory.is_empty() && directory.last() != Some(&b'/') {
            file.push(b'/');
        }
        file.extend_from_slice(name);
        let Ok(file) = CString::new(file) else {
            continue;
        };
        if !sys::file::stat(&file).is_ok_and(|stat| stat.is_file()) {
            continue;
        }
        if sys::file::eaccess(&file, Access::EXECUTE).is_ok() {
            return Some(file);
        }
        there = there.or(Some(file));
    }
    there
}
