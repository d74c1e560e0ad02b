//! `set -x`: what is executed, to standard error.

use alloc::vec::Vec;

use nestling::io;

use crate::builtins::quoting;
use crate::fields::Fields;
use crate::prompt;
use crate::shell::{Flow, Shell};
use crate::symbols::Symbol;
use crate::traps;

/// Writes a simple command as it is after expansion, with the assignments before it. A signal during the expansion of PS4 may abandon it.
pub fn write(shell: &mut Shell, assignments: &[(Symbol, Vec<u8>)], fields: &Fields) -> Flow {
    let mut line = prompt::of_trace(shell);
    for (name, value) in assignments {
        line.extend_from_slice(shell.symbols.name(*name));
        line.push(b'=');
        quoting::quote(value, &mut line);
        line.push(b' ');
    }
    for field in fields.iter() {
        quoting::quote(field, &mut line);
        line.push(b' ');
    }
    line.pop();
    line.push(b'\n');
    shell.output.flush();
    let _ = io::write_all(io::stderr(), &line);
    traps::check(shell)
}
