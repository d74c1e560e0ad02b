//! `cargo xtask bench c`: the functions for programs in C beside those of glibc and musl.
//!
//! `posix_spawn` starts the smallest possible program, so that the result is the time of the start and not that of the program.
//! `system` and `popen` start a shell, whose own time is most of the result. A preloaded library is also loaded by this shell; a
//! linked one is not. `vfork` and `execve` of the same program are the fastest that the kernel allows.

use std::path::Path;

use anyhow::{Context, Result};
use duct::cmd;

use super::{Emit, Table, in_turns, spawn::smallest_program};
use cargo_nestling::arch::HOST;
use xtask::{
    c_library,
    compile::{Profile, path},
    workspace::Workspace,
};

const FUNCTIONS: [&str; 3] = ["posix_spawn", "system", "popen"];

/// A C library, and its compiler.
const LIBCS: [(&str, &str); 2] = [("glibc", "gcc"), ("musl", "musl-gcc")];

/// The amounts of memory in mebibytes, with the turns that each is measured in: the larger one takes seconds to fill.
const SIZES: [(u64, usize); 2] = [(1, 20), (8 << 10, 5)];

/// Runs the whole benchmark.
pub fn side_by_side(workspace: &Workspace, emit: Emit<'_>) -> Result<()> {
    measure(workspace, 500, &SIZES, emit)
}

/// Runs a little of everything, to show that it can be measured.
pub fn short(workspace: &Workspace, emit: Emit<'_>) -> Result<()> {
    measure(workspace, 10, &[(1, 1)], emit)
}

fn measure(
    workspace: &Workspace,
    starts: usize,
    sizes: &[(u64, usize)],
    emit: Emit<'_>,
) -> Result<()> {
    c_library::compile(workspace, &[HOST], Profile::Release)?;
    let library = |name| path(workspace, HOST, Profile::Release, name);
    let (shared, archive) = (library("libnestling_c.so"), library("libnestling_c.a"));
    let smallest = smallest_program(workspace)?;
    for (libc, compiler) in LIBCS {
        let program = workspace.scratch()?.join(format!("bench-c-{libc}"));
        let linked = workspace.scratch()?.join(format!("bench-c-{libc}-linked"));
        let source = workspace.root.join("tests/bench/c.c");
        let compile = |program: &Path, archive: &[&Path]| {
            let words = [Path::new("-O2"), Path::new("-o"), program, &source];
            cmd(compiler, words.iter().chain(archive)).run()
        };
        if let Err(error) = compile(&program, &[]).and_then(|_| compile(&linked, &[&archive])) {
            eprintln!("bench: left out: {libc}: {error:#}");
            continue;
        }
        for function in FUNCTIONS {
            let started = match function {
                "posix_spawn" => vec![smallest.as_path()],
                _ => ["/bin/sh", "-c", "--", ":"].map(Path::new).to_vec(),
            };
            let method = |name: &str, program, function, preload| Method {
                name: name.into(),
                program,
                function,
                preload,
            };
            let methods = [
                method(libc, &program, function, None),
                method("vfork, execve", &program, "vfork", None),
                method("nestling, preloaded", &program, function, Some(&shared)),
                method("nestling, linked", &linked, function, None),
            ];
            for &(mebibytes, turns) in sizes {
                let values = in_turns(methods.len(), turns, |index| {
                    let method = &methods[index];
                    method
                        .measure(starts, mebibytes, &started)
                        .with_context(|| format!("{function}, {libc}, {}", method.name))
                })?;
                let names = methods.iter().map(|method| method.name.clone());
                emit(Table {
                    title: format!("{function} and a wait on {libc}, {mebibytes} MiB, on one CPU"),
                    unit: "microseconds",
                    rows: names.zip(values).collect(),
                });
            }
        }
    }
    Ok(())
}

/// A method to start a program: its name in the tables, the program that contains it, and its name for this program.
struct Method<'a> {
    name: String,
    program: &'a Path,
    function: &'a str,
    preload: Option<&'a Path>,
}

impl Method<'_> {
    /// Returns the microseconds of one start.
    fn measure(&self, starts: usize, mebibytes: u64, started: &[&Path]) -> Result<f64> {
        let (starts, mebibytes) = (starts.to_string(), mebibytes.to_string());
        let words = [self.function, &starts, &mebibytes].map(Path::new);
        let mut command = cmd(
            self.program,
            words.into_iter().chain(started.iter().copied()),
        );
        if let Some(library) = self.preload {
            command = command.env("LD_PRELOAD", library);
        }
        command.read()?.parse().context("no number")
    }
}
