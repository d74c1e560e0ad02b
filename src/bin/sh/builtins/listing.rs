//! Lists of variables in the form of commands that set them: the output of `set`, `export -p` and `readonly -p`.

use nestling::text::Text;

use crate::shell::Shell;
use crate::variables::Variable;
use nestling_shell::map::sorted;
use nestling_shell::quoting::Quoted;

/// Writes the variables for which `wanted` returns true, sorted by name, each after `command`.
pub fn write(shell: &mut Shell, command: &str, wanted: fn(&Variable) -> bool) {
    let all = shell
        .variables
        .iter()
        .filter(|(_, variable)| wanted(variable));
    let names = sorted(all.map(|(name, _)| name), &shell.symbols);
    let out = &mut shell.output;
    for name in names {
        command.write(out);
        out.write(shell.symbols.name(name));
        if let Some(value) = shell.variables.get(name) {
            out.write(b"=");
            Quoted(value).write(out);
        }
        out.write(b"\n");
    }
}
