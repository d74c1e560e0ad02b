//! `cd [-L] [directory]`, `cd -P [-e] [directory]`, `cd -`: changes the working directory (XCU 3, `cd`). Numbered steps in the
//! comments are the steps of that text.

use alloc::ffi::CString;
use alloc::vec::Vec;

use nestling::{Errno, sys};

use super::getopt::{Getopt, refused, wrong};
use super::pwd;
use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;
use nestling_shell::symbols::Symbol;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut options = Getopt::new(arguments, "LPe");
    let (mut physically, mut exact) = (false, false);
    loop {
        match options.next(shell) {
            Ok(Some(b'e')) => exact = true,
            Ok(Some(letter)) => physically = letter == b'P',
            Ok(None) => break,
            Err(_) => return Ok(2),
        }
    }
    // With `-P -e`, status 1 is reserved for the case that PWD could not be determined.
    let failed = if physically && exact { 2 } else { 1 };
    let (name, operands) = (arguments.name(), options.operands());
    if operands.len() > 1 {
        wrong(shell, name, b"", "too many operands");
        return Ok(2);
    }
    // Steps 1 and 2.
    let (operand, variable) = match operands.get(0) {
        None => (None, Symbol::HOME),
        Some(b"-") => (None, Symbol::OLDPWD),
        operand => (operand, Symbol::HOME),
    };
    let directory: Vec<u8> = match operand {
        Some(operand) => operand.into(),
        None => match shell.variables.get(variable) {
            Some(value) if !value.is_empty() => value.into(),
            // The standard leaves open what an empty HOME means. As in other shells, `cd` then does nothing.
            Some(_) if variable == Symbol::HOME => return Ok(0),
            _ => {
                let variable = shell.symbols.name(variable).to_vec();
                wrong(shell, name, &variable, "is not set");
                return Ok(failed);
            }
        },
    };
    if directory.is_empty() {
        wrong(shell, name, b"", "the operand is empty");
        return Ok(failed);
    }
    // Steps 3 to 6.
    let mut tells = variable == Symbol::OLDPWD;
    let mut path = directory.clone();
    let first = directory
        .split(|&byte| byte == b'/')
        .next()
        .unwrap_or_default();
    if !matches!(first, b"" | b"." | b"..")
        && let Some((found, named)) = find(shell, &directory)
    {
        path = found;
        tells |= named;
    }
    // Steps 7 to 10.
    let new = match change(shell, path, physically) {
        Ok(new) => new,
        Err(errno) => {
            refused(shell, name, &directory, errno);
            return Ok(failed);
        }
    };
    let unknown = new.is_none();
    let set = settle(shell, new);
    if tells && let Some(directory) = &shell.directory {
        shell.output.write(directory);
        shell.output.write(b"\n");
    }
    Ok(i32::from(!set || unknown && physically && exact))
}

/// Step 5: looks for the directory along CDPATH. Returns its path, and whether a non-empty element of CDPATH led to it.
fn find(shell: &Shell, directory: &[u8]) -> Option<(Vec<u8>, bool)> {
    let list = shell.variables.get(Symbol::CDPATH)?;
    for prefix in list.split(|&byte| byte == b':') {
        let path = joined(if prefix.is_empty() { b"." } else { prefix }, directory);
        if is_directory(&path) {
            return Some((path, !prefix.is_empty()));
        }
    }
    None
}

/// Joins two paths with a slash between them.
fn joined(path: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut joined = path.to_vec();
    if joined.last() != Some(&b'/') {
        joined.push(b'/');
    }
    joined.extend_from_slice(rest);
    joined
}

/// Steps 7 to 10: changes the directory. Returns the new value of PWD, or `None` if it cannot be determined.
fn change(shell: &Shell, path: Vec<u8>, physically: bool) -> Result<Option<Vec<u8>>, Errno> {
    if !physically {
        // Steps 7 and 8.
        let whole = match (&shell.directory, path.first()) {
            (_, Some(b'/')) => canonical(&path),
            (Some(here), _) => canonical(&joined(here, &path)),
            _ => None,
        };
        if let Some(whole) = whole {
            match chdir(&whole) {
                Ok(()) => return Ok(Some(whole)),
                // Step 9: the path may be too long only because the old directory was put before it. The path alone may work.
                Err(Errno::ENAMETOOLONG) if path.first() != Some(&b'/') => {
                    return chdir(&path).map(|()| Some(whole));
                }
                Err(errno) => return Err(errno),
            }
        }
        // What precedes some dot-dot is no directory: it is a file, or the working directory was removed. The kernel decides then.
    }
    chdir(&path)?;
    Ok(pwd::physical().ok())
}

/// Step 8: removes dot, dot-dot and empty components. Returns `None` if what precedes a dot-dot is not a directory.
fn canonical(path: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::with_capacity(path.len());
    // Exactly two slashes at the beginning may have a meaning of their own (XBD 4.16), so they are kept.
    let root: &[u8] = match path {
        [b'/', b'/', rest @ ..] if rest.first() != Some(&b'/') => b"//",
        _ => b"/",
    };
    whole.extend_from_slice(root);
    for component in path.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => {
                if !is_directory(&whole) {
                    return None;
                }
                let parent = whole.iter().rposition(|&byte| byte == b'/');
                whole.truncate(parent.unwrap_or_default().max(root.len()));
            }
            component => {
                if whole.len() > root.len() {
                    whole.push(b'/');
                }
                whole.extend_from_slice(component);
            }
        }
    }
    Some(whole)
}

/// Sets PWD and OLDPWD after a change of the working directory, and exports them as other shells do. Returns false if one could not
/// be set.
fn settle(shell: &mut Shell, new: Option<Vec<u8>>) -> bool {
    let old = shell.variables.get(Symbol::PWD).map(Vec::from);
    let mut set = true;
    for (name, value) in [(Symbol::OLDPWD, &old), (Symbol::PWD, &new)] {
        if let Some(value) = value {
            set &= shell.assign(name, value).is_ok();
            shell.variables.export(name, true);
        }
    }
    shell.directory = new;
    set
}

fn chdir(path: &[u8]) -> Result<(), Errno> {
    sys::file::chdir(&CString::new(path).map_err(|_| Errno::EINVAL)?)
}

fn is_directory(path: &[u8]) -> bool {
    let path = CString::new(path).map_err(|_| Errno::EINVAL);
    path.and_then(|path| sys::file::stat(&path))
        .is_ok_and(|stat| stat.is_dir())
}
