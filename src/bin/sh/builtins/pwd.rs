//! `pwd [-L|-P]`: writes the working directory's path (XCU 3, `pwd`).

use alloc::vec::Vec;

use nestling::{Errno, sys};

use super::getopt::{Getopt, refused};
use crate::shell::{Answer, Shell};
use nestling_shell::fields::Arguments;
use nestling_shell::symbols::Symbol;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let mut options = Getopt::new(arguments, "LP");
    let mut physically = false;
    loop {
        match options.next(shell) {
            Ok(Some(letter)) => physically = letter == b'P',
            Ok(None) => break,
            Err(_) => return Ok(2),
        }
    }
    match &shell.directory {
        Some(directory) if !physically => shell.output.write(directory),
        _ => match physical() {
            Ok(directory) => shell.output.write(&directory),
            Err(errno) => {
                refused(shell, arguments.name(), b".", errno);
                return Ok(1);
            }
        },
    }
    shell.output.write(b"\n");
    Ok(0)
}

/// Returns the path of the working directory without symbolic links.
pub fn physical() -> Result<Vec<u8>, Errno> {
    let mut buffer = [0; 4096]; // the longest path that the kernel returns
    let path = sys::file::getcwd(&mut buffer)?.to_bytes();
    match path {
        [b'/', ..] => Ok(path.into()),
        // The working directory is outside of the root directory.
        _ => Err(Errno::ENOENT),
    }
}

/// Sets PWD when the shell starts, unless the inherited value is correct (XCU `sh`, ENVIRONMENT VARIABLES).
pub fn start(shell: &mut Shell) {
    let inherited = shell.variables.get(Symbol::PWD).map(Vec::from);
    let right = inherited.filter(|path| is_canonical(path) && is_here(path));
    if right.is_none()
        && let Ok(directory) = physical()
    {
        // The call cannot fail: no variable is read-only yet.
        let _ = shell.variables.set(Symbol::PWD, &directory);
        shell.directory = Some(directory);
    } else {
        shell.directory = right;
    }
}

/// Whether the path is absolute and contains neither dot nor dot-dot.
fn is_canonical(path: &[u8]) -> bool {
    path.first() == Some(&b'/')
        && path
            .split(|&byte| byte == b'/')
            .all(|name| name != b"." && name != b"..")
}

fn is_here(path: &[u8]) -> bool {
    let there = alloc::ffi::CString::new(path).map_err(|_| Errno::EINVAL);
    match (
        there.and_then(|path| sys::file::stat(&path)),
        sys::file::stat(c"."),
    ) {
        (Ok(there), Ok(here)) => (there.dev(), there.ino()) == (here.dev(), here.ino()),
        _ => false,
    }
}
