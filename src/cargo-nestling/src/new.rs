//! `cargo nestling new`: writes the files of a project.
//!
//! The manifest, build script and configuration, and the tool, are those that the documentation of `nestling::rt`
//! shows.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use duct::cmd;

/// The files that the documentation shows. The line before each block begins with the file's name.
const DOCUMENTED: &str = include_str!("../templates/project.md");

/// The kind of a project's program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A process 1.
    Init,
    /// A prompt.
    Shell,
    /// A program that starts another program.
    Tool,
    /// Several programs in one file.
    Box,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 4] = [Kind::Init, Kind::Shell, Kind::Tool, Kind::Box];

    fn main(self) -> &'static str {
        match self {
            Kind::Init => include_str!("../templates/init.rs"),
            Kind::Shell => include_str!("../templates/shell.rs"),
            Kind::Tool => documented("src/main.rs"),
            Kind::Box => include_str!("../templates/box.rs"),
        }
    }

    /// The features of nestling that the program uses.
    fn features(self) -> &'static [&'static str] {
        match self {
            Kind::Init | Kind::Shell => &["rt", "alloc"],
            Kind::Tool | Kind::Box => &["rt"],
        }
    }

    /// The arguments with which the test starts the program, the expected exit status, and the test's name.
    fn test(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Kind::Init => (
                "path",
                "0",
                "beside process 1, the program tells which process it is",
            ),
            Kind::Shell => ("path", "0", "at the end of its input, the shell ends"),
            Kind::Tool => (
                "path, path",
                "2",
                "without a command, the tool prints its usage",
            ),
            Kind::Box => (
                "path, c\"hello\", c\"world\"",
                "0",
                "the first argument names the applet",
            ),
        }
    }

    /// The README's text about booting.
    fn boot(self) -> &'static str {
        match self {
            Kind::Init => {
                "`demo` is process 1 there. Words after `--` are the service that it starts: `cargo nestling boot --add \
                 /bin/busybox=/bin/sh -- sh` has a shell at the console, if that `busybox` is a static one."
            }
            Kind::Shell => {
                "The shell is at the console there. `--add /bin/busybox=/bin/ls` puts a program into the machine, under this name: \
                 a static one."
            }
            Kind::Tool => {
                "`cargo nestling boot -- demo COMMAND` has `demo` start a command there. `--add /bin/busybox=/bin/ls` puts a \
                 program into the machine, under this name: a static one."
            }
            Kind::Box => {
                "`cargo nestling boot -- demo hello world` runs an applet there. In a root directory with the links that \
                 `demo --install` makes, each applet is a program: `boot --root DIR`."
            }
        }
    }
}

/// The source of the library nestling.
#[derive(Clone, Debug)]
pub enum Library {
    /// This version from crates.io.
    Version(String),
    /// A folder of this machine.
    Path(PathBuf),
}

impl Library {
    /// Returns the version that the documentation shows.
    pub fn published() -> Library {
        Library::Version(env!("CARGO_PKG_VERSION").into())
    }

    /// Returns the dependency as a manifest states it.
    fn text(&self, features: &[&str]) -> String {
        match self {
            Library::Version(version) => {
                format!("{{ version = {version:?}, features = {features:?} }}")
            }
            Library::Path(path) => format!("{{ path = {path:?}, features = {features:?} }}"),
        }
    }
}

/// Returns a file that the documentation shows.
fn documented(name: &str) -> &'static str {
    let block = || {
        let (_, rest) = DOCUMENTED.split_once(&format!("`{name}`"))?;
        let (_, rest) = rest.split_once("\n```")?;
        let (_, rest) = rest.split_once('\n')?;
        Some(rest.split_once("```")?.0)
    };
    block().unwrap_or_default()
}

/// Returns the manifest, build script and configuration of a package.
pub fn package(name: &str, library: &Library, features: &[&str]) -> Vec<(&'static str, String)> {
    let manifest = documented("Cargo.toml").replace("demo", name);
    let lines = manifest
        .lines()
        .map(|line| match line.strip_prefix("nestling = ") {
            Some(_) => format!("nestling = {}\n", library.text(features)),
            None => format!("{line}\n"),
        });
    let mut manifest: String = lines.collect();
    manifest += "\n# The profiles above count only in the root of a workspace: this is one of its own.\n[workspace]\n";
    vec![
        ("Cargo.toml", manifest),
        ("build.rs", documented("build.rs").into()),
        (
            ".cargo/config.toml",
            documented(".cargo/config.toml").into(),
        ),
    ]
}

/// Returns the files of a project.
fn files(name: &str, kind: Kind, library: &Library) -> Vec<(&'static str, String)> {
    let mut files = package(name, library, kind.features());
    let manifest = &mut files[0].1;
    *manifest += "\n# A program that `cargo nestling test` runs.\n[[test]]\nname = \"on_target\"\nharness = false\n";
    if kind == Kind::Init {
        *manifest += "\n# The program is process 1 of the machines that `cargo nestling` boots and makes.\n\
                      [package.metadata.nestling]\ninit = true\n";
    }
    let named = |text: &str| text.replace("demo", name);
    let (words, code, sentence) = kind.test();
    let test = include_str!("../templates/test.rs");
    let test = test
        .replace("WORDS", words)
        .replace("CODE", code)
        .replace("STATUS", sentence);
    let readme = include_str!("../templates/README.md").replace("BOOT", kind.boot());
    files.extend([
        ("src/main.rs", named(kind.main())),
        ("tests/on_target.rs", named(&test)),
        ("README.md", named(&readme)),
        (".gitignore", "/target\n".into()),
    ]);
    files
}

/// The names that cargo refuses for a program, and the library's own.
const TAKEN: [&str; 11] = [
    "alloc",
    "build",
    "core",
    "deps",
    "examples",
    "incremental",
    "nestling",
    "proc-macro",
    "proc_macro",
    "std",
    "test",
];

/// The keywords of Rust that are names otherwise: <https://doc.rust-lang.org/reference/keywords.html>.
const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate",
    "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl",
    "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
    "return", "self", "Self", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
];

/// Makes a project in a new folder, whose name is the project's. It is a git repository, as with `cargo new`, if it is in none, and if
/// there is git.
pub fn new(folder: &Path, kind: Kind, library: &Library) -> Result<()> {
    let name = folder.file_name().and_then(OsStr::to_str);
    let name = name.with_context(|| format!("{} does not end with a name", folder.display()))?;
    let is_name = |it: char| it.is_ascii_alphanumeric() || it == '-' || it == '_';
    ensure!(
        name.starts_with(|it: char| it.is_ascii_alphabetic()) && name.chars().all(is_name),
        "{name:?} is no name of a package: a letter, then letters, digits, `-` and `_`"
    );
    ensure!(
        !TAKEN.contains(&name) && !KEYWORDS.contains(&name),
        "{name:?} has a meaning for Rust, cargo or nestling: choose another name"
    );
    ensure!(!folder.exists(), "there is a {} already", folder.display());
    write(folder, &files(name, kind, library))?;
    let git = |words: &[&str]| {
        cmd("git", words)
            .dir(folder)
            .stdout_null()
            .stderr_null()
            .run()
    };
    if git(&["rev-parse"]).is_err() {
        let _ = git(&["init"]);
    }
    Ok(())
}

/// Writes files into a folder. A file that already has this content keeps its time, by which cargo recognises changes.
pub fn write(folder: &Path, files: &[(&str, String)]) -> Result<()> {
    for (name, text) in files {
        let path = folder.join(name);
        if fs::read_to_string(&path).is_ok_and(|known| known == *text) {
            continue;
        }
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, text))
            .with_context(|| format!("can't write {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_what_the_documentation_shows_under_its_own_name() {
        let library = Library::Path("/somewhere".into());
        for kind in Kind::ALL {
            let files = files("own-name", kind, &library);
            for (name, text) in &files {
                assert!(text.len() > 5, "{name}");
            }
            let manifest = &files[0].1;
            assert!(manifest.contains("name = \"own-name\"\n"));
            assert!(manifest.contains("nestling = { path = \"/somewhere\", features = [\"rt\""));
            assert!(!manifest.contains("demo"));
        }
    }
}
