//! Lists of variables, as commands that set them: of `set`, `export -p` and `readonly -p`.

use alloc::vec::Vec;

use nestling::text::Text;

use super::quoting::Quoted;
use crate::shell::Shell;
use crate::sort::sort;
use crate::symbols::Symbol;
use crate::variables::Variable;

/// Writes the variables that are wanted, in the order of their names, each after the command.
pub fn write(shell: &mut Shell, command: &str, wanted: fn(&Variable) -> bool) {
    let all = shell
        .variables
        .iter()
        .filter(|(_, variable)| wanted(variable));
    let mut names: Vec<usize> = all.map(|(name, _)| name.index()).collect();
    let symbols = &shell.symbols;
    sort(&mut names, &|one, other| {
        symbols
            .name(Symbol::new(one))
            .cmp(symbols.name(Symbol::new(other)))
    });
    let out = &mut shell.output;
    for name in names {
        let name = Symbol::new(name);
        command.write(out);
        out.write(shell.symbols.name(name));
        if let Some(value) = shell.variables.get(name) {
            out.write(b"=");
            Quoted(value).write(out);
        }
        out.write(b"\n");
    }
}
