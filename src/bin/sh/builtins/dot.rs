//! `. file [argument…]`, `source file [argument…]` (XCU 2.15): executes a file in this shell. A name without a slash is searched
//! for in PATH. `source` also looks in the working directory if PATH does not lead to the file, as other shells do. While the file
//! is executed, the arguments are the positional parameters.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::{Access, AsFd, Errno, OFlags, io, sys};

use super::getopt;
use crate::execution;
use crate::shell::{Answer, Divert, Flow, Shell, text};
use nestling_shell::fields::{Arguments, Parameters};
use nestling_shell::symbols::Symbol;
use nestling_shell::syntax::Source;

pub fn run(shell: &mut Shell, arguments: Arguments<'_>) -> Answer {
    let operands = getopt::operands(arguments);
    let (Some(name), Some(c_name)) = (operands.get(0), operands.c_str(0)) else {
        return Err(getopt::wrong(shell, arguments.name(), b"", "a file is missing").into());
    };
    shell.check_depth()?;
    let path = if nestling::text::contains(name, b'/') {
        Some(c_name.into())
    } else {
        find(shell, name).or_else(|| (arguments.name() == b"source").then(|| c_name.into()))
    };
    let Some(path) = path else {
        return Err(shell.fatal(1, text!(arguments.name(), ": ", name, ": not found")));
    };
    let parameters = operands.skip(1);
    let positional = shell.positional.clone();
    if !parameters.is_empty() {
        shell.positional = Parameters::of(parameters);
    }
    let executed = execute(shell, &path, name);
    if !parameters.is_empty() {
        shell.positional = positional;
    }
    match executed {
        Ok(flow) => flow.map(|()| shell.status),
        Err(errno) => Err(shell.fatal(1, text!(arguments.name(), ": ", name, ": ", errno))),
    }
}

/// Executes a file in this shell. Messages call the file `name`. Fails if the file cannot be read.
pub fn execute(shell: &mut Shell, path: &CStr, name: &[u8]) -> Result<Flow, Errno> {
    let mut program = Vec::new();
    let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
    io::read_to_end(file.as_fd(), &mut program)?;
    drop(file);
    let script = core::mem::replace(&mut shell.script, name.into());
    let line = shell.line;
    shell.scripts_deep += 1;
    let flow = execution::all(shell, &mut Source::file(program));
    shell.scripts_deep -= 1;
    shell.line = line;
    shell.script = script;
    Ok(match flow {
        Err(Divert::Return) => Ok(()),
        flow => flow,
    })
}

/// Returns the first file of this name in PATH that may be read.
fn find(shell: &Shell, name: &[u8]) -> Option<CString> {
    let path = shell.variables.get(Symbol::PATH).unwrap_or_default();
    path.split(|&byte| byte == b':').find_map(|directory| {
        let mut file = directory.to_vec();
        if !directory.is_empty() {
            file.push(b'/');
        }
        file.extend_from_slice(name);
        let file = CString::new(file).ok()?;
        let readable = sys::file::stat(&file).is_ok_and(|stat| stat.is_file())
            && sys::file::eaccess(&file, Access::READ).is_ok();
        readable.then_some(file)
    })
}
