//! Tests that each module of the shell, and of the library of its parts, imports only from its own floor and from the floors
//! below. `ARCHITECTURE.md` describes the floors.

use std::fs;
use std::path::Path;

/// The floors of a program or library, the lowest first. A module belongs to the floor that names it; if no floor does, it belongs
/// to the floor of its folder.
type Floors = [&'static str];

const LIBRARY: &Floors = &[
    "characters decimal expansion/splitting fields map pattern quoting regular sort stack symbols",
    "syntax",
    "editor expansion",
];

const SHELL: &Floors = &[
    "environment options output stack variables",
    "history/commands interactive/state jobs/table shell traps/table",
    "builtins/conditional builtins/listing builtins/getopt builtins/set builtins/test expansion history jobs prompt reader \
     redirection traps",
    "execution",
];

/// Returns the floor of a module. Modules that no floor names are above all floors.
fn floor(floors: &Floors, module: &str) -> usize {
    let mut module = module;
    loop {
        let is_on = |floor: &&str| floor.split_whitespace().any(|other| other == module);
        if let Some(floor) = floors.iter().position(is_on) {
            return floor;
        }
        match module.rsplit_once('/') {
            Some((folder, _)) => module = folder,
            None => return floors.len(),
        }
    }
}

/// Adds to `wrong` each import of a file in the folder from a floor above it.
fn check(floors: &Floors, folder: &Path, root: &Path, wrong: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            check(floors, &path, root, wrong);
            continue;
        }
        let module = path.with_extension("");
        let module = module
            .strip_prefix(root)
            .expect("a path below")
            .to_str()
            .expect("UTF-8");
        let module = module.strip_suffix("/mod").unwrap_or(module);
        let text = fs::read_to_string(&path).expect("a file");
        let code = text
            .lines()
            .map(|line| line.split("//").next().unwrap_or_default());
        for import in code.flat_map(|line| line.split("crate::").skip(1)) {
            let end = import.find(|next: char| !next.is_alphanumeric() && !"_:".contains(next));
            let import = import
                .get(..end.unwrap_or(import.len()))
                .unwrap_or_default();
            if floor(floors, &import.replace("::", "/")) > floor(floors, module) {
                wrong.push(format!("{module}: {import}"));
            }
        }
    }
}

fn check_all(floors: &Floors, folder: &str) {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../src")).join(folder);
    let mut wrong = Vec::new();
    check(floors, &root, &root, &mut wrong);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_shells_modules_import_only_from_their_own_floor_and_those_below() {
    check_all(SHELL, "bin/sh");
}

#[test]
fn the_librarys_modules_import_only_from_their_own_floor_and_those_below() {
    check_all(LIBRARY, "nestling-shell");
}
