//! `set -x`: writes commands to standard error before they are executed.

use alloc::vec::Vec;

use nestling::io;

use crate::prompt;
use crate::shell::{Flow, Shell};
use crate::traps;
use nestling_shell::fields::Fields;
use nestling_shell::quoting;
use nestling_shell::symbols::Symbol;

/// Writes a simple command after its expansion, with the assignments before its name. A signal that arrives while PS4 is expanded
/// may abandon the command.
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
