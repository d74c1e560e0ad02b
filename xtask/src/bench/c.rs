//! `cargo xtask bench c`: the functions for programs in C beside those of glibc and musl.

use anyhow::{Context, Result};
use duct::cmd;

use super::{Emit, Table, in_turns};
use crate::{
    arch::HOST,
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
    let library = path(workspace, HOST, Profile::Release, "libnestling_c.so");
    for (libc, compiler) in LIBCS {
        let compile = |name: &str, option| {
            let program = workspace.scratch()?.join(format!("bench-c-{libc}{name}"));
            let source = workspace.root.join("tests/bench/c.c");
            cmd!(compiler, "-O2", option, "-o", &program, source).run()?;
            anyhow::Ok(program)
        };
        let programs =
            compile("", "-fPIE").and_then(|it| Ok((it, compile("-nothing", "-static")?)));
        let (program, nothing) = match programs {
            Ok(programs) => programs,
            Err(error) => {
                eprintln!("xtask: left out: {libc}: {error:#}");
                continue;
            }
        };
        for function in FUNCTIONS {
            for &(mebibytes, turns) in sizes {
                let ask = |index| {
                    let command = cmd!(
                        &program,
                        function,
                        starts.to_string(),
                        mebibytes.to_string(),
                        &nothing
                    );
                    let command = match index {
                        0 => command,
                        _ => command.env("LD_PRELOAD", &library),
                    };
                    let text = command
                        .read()
                        .with_context(|| format!("{function}, {libc}"))?;
                    text.parse().context("no number")
                };
                let values = in_turns(2, turns, ask)?;
                let names = [libc.to_owned(), format!("nestling, on {libc}")];
                emit(Table {
                    title: format!("{function} and a wait, {mebibytes} MiB, on one CPU"),
                    unit: "microseconds",
                    rows: names.into_iter().zip(values).collect(),
                });
            }
        }
    }
    Ok(())
}
