//! `set -x`: what is executed, to standard error.

use alloc::vec::Vec;

use nestling::io;

use crate::builtins::quoting;
use crate::expansion;
use crate::fields::Fields;
use crate::options::Opt;
use crate::shell::Shell;
use crate::symbols::Symbol;
use crate::syntax;

/// Writes a simple command as it is after expansion, with the assignments before it.
pub fn write(shell: &mut Shell, assignments: &[(Symbol, Vec<u8>)], fields: &Fields) {
    // What PS4's expansion executes is not traced.
    shell.options.set(Opt::Xtrace, false);
    let mut line = prompt(shell);
    shell.options.set(Opt::Xtrace, true);
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
}

/// PS4, expanded; as it is, if that can't be.
fn prompt(shell: &mut Shell) -> Vec<u8> {
    let text = shell
        .variables
        .get(Symbol::PS4)
        .unwrap_or_default()
        .to_vec();
    if !text.iter().any(|byte| b"$`\\".contains(byte)) {
        return text;
    }
    let (status, substitution_status) = (shell.status, shell.substitution_status);
    let expanded =
        syntax::document(shell, &text).and_then(|word| expansion::single(shell, &word).ok());
    (shell.status, shell.substitution_status) = (status, substitution_status);
    expanded.unwrap_or(text)
}
