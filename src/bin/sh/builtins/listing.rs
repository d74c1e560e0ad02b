//! Lists of variables, as commands that set them: of `set`, `export -p` and `readonly -p`.

use alloc::vec::Vec;
use core::cmp::Ordering;

use nestling::text::Text;

use super::quoting::Quoted;
use crate::shell::Shell;
use crate::symbols::{Symbol, Symbols};
use crate::variables::Variable;

/// Writes the variables that are wanted, in the order of their names, each after the command.
pub fn write(shell: &mut Shell, command: &str, wanted: fn(&Variable) -> bool) {
    let all = shell.variables.iter().filter(|(_, variable)| wanted(variable));
    let mut names: Vec<Symbol> = all.map(|(name, _)| name).collect();
    sort(&mut names, &shell.symbols);
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

/// Sorts by name: a heap sort, for `core`'s sorts are several kilobytes.
fn sort(names: &mut [Symbol], symbols: &Symbols) {
    for start in (0..names.len() / 2).rev() {
        sift(names, start, symbols);
    }
    for end in (1..names.len()).rev() {
        names.swap(0, end);
        sift(names.get_mut(..end).unwrap_or_default(), 0, symbols);
    }
}

/// Moves a name down until none below it is greater.
fn sift(names: &mut [Symbol], mut parent: usize, symbols: &Symbols) {
    let order = |names: &[Symbol], one: usize, other: usize| {
        let name = |index: usize| names.get(index).map(|&name| symbols.name(name));
        // There is no name beyond the end, and that is less than any.
        name(one).cmp(&name(other))
    };
    loop {
        let mut child = 2 * parent + 1;
        if order(names, child + 1, child) == Ordering::Greater {
            child += 1;
        }
        if order(names, child, parent) != Ordering::Greater {
            return;
        }
        names.swap(parent, child);
        parent = child;
    }
}
