//! Compares `sh` with dash at real work: the `configure` scripts of three packages from Debian's sources, made by
//! autoconf versions of three different ages, and `make` of one of these packages. The benchmark also checks that both
//! shells come to the same results: otherwise the times would mean nothing.
//!
//! The scripts differ in two respects, because they find out what the shell can do: dash has no `$LINENO`, so the
//! script writes a copy of itself with line numbers in its place; and the `echo` of dash interprets `\c`.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use duct::cmd;

use super::{Emit, Table, in_turns};
use cargo_nestling::{apt, arch::HOST};
use xtask::{
    compile::{self, Profile},
    workspace::Workspace,
};

const TURNS: usize = 5;

/// Each package, with the version of autoconf that made its script.
const PACKAGES: [(&str, &str); 3] = [
    ("cdparanoia", "2.59"),
    ("hello", "2.69"),
    ("libffi", "2.71"),
];

/// The package that the benchmark also builds with make, and the number of builds.
const BUILT: &str = "libffi";
const MAKE_TURNS: usize = 3;

/// All files that the script has made, by their names.
type Results = BTreeMap<PathBuf, Vec<u8>>;

pub fn side_by_side(workspace: &Workspace, emit: Emit<'_>) -> Result<()> {
    compile::programs(workspace, &[HOST], Profile::Release, &["--quiet"])?;
    let shells = [
        ("dash", apt::obtain(|| apt::program("dash", &["dash"]))?),
        ("sh", compile::path(workspace, HOST, Profile::Release, "sh")),
    ];
    apt::obtain(|| apt::program("cc", &["gcc", "libc6-dev"]))?;
    let folder = workspace.scratch()?.join("configure");
    for (package, autoconf) in PACKAGES {
        let source = source(&folder, package)?;
        // The scripts write the paths of their directory and of the shell into files, so both shells use the same
        // paths.
        let (tree, shell) = (folder.join("tree"), folder.join("sh"));
        let mut results = [Results::new(), Results::new()];
        let values = in_turns(shells.len(), TURNS, |index| {
            let (name, path) = &shells[index];
            fs::copy(path, &shell)?;
            let seconds = configure(&source, &tree, &shell)
                .with_context(|| format!("configure of {package}, executed by {name}"))?;
            if results[index].is_empty() {
                collect(&tree, &tree, &mut results[index])?;
            }
            Ok(seconds)
        })?;
        compare(&results).with_context(|| format!("configure of {package}"))?;
        emit(Table {
            title: format!("configure of {package}, made by autoconf {autoconf}"),
            unit: "seconds",
            rows: shells
                .iter()
                .map(|(name, _)| String::from(*name))
                .zip(values)
                .collect(),
        });
    }
    let source = folder.join(BUILT);
    let (tree, shell) = (folder.join("tree"), folder.join("sh"));
    let mut results = [Results::new(), Results::new()];
    let values = in_turns(shells.len(), MAKE_TURNS, |index| {
        let (name, path) = &shells[index];
        fs::copy(path, &shell)?;
        configure(&source, &tree, &shell)?;
        let seconds = make(&tree, &shell).with_context(|| format!("make of {BUILT} by {name}"))?;
        if results[index].is_empty() {
            collect(&tree, &tree, &mut results[index])?;
        }
        Ok(seconds)
    })?;
    compare(&results).with_context(|| format!("make of {BUILT}"))?;
    emit(Table {
        title: format!("make SHELL=… of {BUILT}, whose libtool is a script"),
        unit: "seconds",
        rows: shells
            .iter()
            .map(|(name, _)| String::from(*name))
            .zip(values)
            .collect(),
    });
    fs::remove_dir_all(folder)?;
    Ok(())
}

/// Returns the unpacked source of a package, as its authors publish it.
fn source(folder: &Path, package: &str) -> Result<PathBuf> {
    let tree = folder.join(package);
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    fs::create_dir_all(&tree)?;
    let archive = apt::source(&folder.join("apt"), package)?;
    cmd!("tar", "-xf", archive, "-C", &tree, "--strip-components=1").run()?;
    Ok(tree)
}

fn configure(source: &Path, tree: &Path, shell: &Path) -> Result<f64> {
    if tree.exists() {
        fs::remove_dir_all(tree)?;
    }
    cmd!("cp", "-a", source, tree).run()?;
    let mut command = Command::new(shell);
    command.arg("./configure").env("CONFIG_SHELL", shell);
    command.current_dir(tree).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    ensure!(command.status()?.success(), "it failed");
    Ok(start.elapsed().as_secs_f64())
}

/// Measures how long it takes to build the configured package.
fn make(tree: &Path, shell: &Path) -> Result<f64> {
    let make = apt::obtain(|| apt::program("make", &["make"]))?;
    let mut command = Command::new(make);
    command.arg(format!("SHELL={}", shell.display()));
    command.current_dir(tree).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    ensure!(command.status()?.success(), "it failed");
    Ok(start.elapsed().as_secs_f64())
}

fn collect(root: &Path, folder: &Path, results: &mut Results) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = path.strip_prefix(root)?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(root, &path, results)?;
        } else if kind.is_file()
            && !name.ends_with("config.log")
            && !name.ends_with("configure.lineno")
        {
            results.insert(name.into(), fs::read(&path)?);
        }
    }
    Ok(())
}

fn compare([theirs, ours]: &[Results; 2]) -> Result<()> {
    ensure!(theirs.keys().eq(ours.keys()), "not the same files");
    for (name, theirs) in theirs {
        let ours = &ours[name];
        if theirs == ours {
            continue;
        }
        let name = name.display();
        ensure!(
            name.to_string().ends_with("config.status"),
            "{name} differs"
        );
        let [theirs, ours] = [theirs, ours].map(|it| String::from_utf8_lossy(it));
        let lines = || ours.lines().zip(theirs.lines());
        let same = ours.lines().count() == theirs.lines().count()
            && lines().all(|(ours, theirs)| ours.contains("@ECHO_") || is_numbered(ours, theirs));
        ensure!(same, "{name} differs");
    }
    Ok(())
}

/// Whether the line becomes `numbered` if each `$LINENO` in it is replaced by a number.
fn is_numbered(line: &str, mut numbered: &str) -> bool {
    for (index, part) in line.split("$LINENO").enumerate() {
        if index > 0 {
            numbered = numbered.trim_start_matches(|it: char| it.is_ascii_digit());
        }
        let Some(rest) = numbered.strip_prefix(part) else {
            return false;
        };
        numbered = rest;
    }
    numbered.is_empty()
}
