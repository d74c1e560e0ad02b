//! `cargo xtask run`: a program built and run, exiting as it does.

use std::{ffi::OsString, process::ExitCode};

use anyhow::{Result, ensure};

use crate::{
    arch::Arch,
    compile::{self, Profile},
    workspace::Workspace,
};

pub fn run(
    workspace: &Workspace,
    archs: &[Arch],
    bin: &str,
    args: &[OsString],
) -> Result<ExitCode> {
    let bins = workspace.bins("nestling")?;
    ensure!(
        bins.iter().any(|it| it == bin),
        "there is no program {bin}, only {}",
        bins.join(", ")
    );
    compile::programs(workspace, archs, Profile::Release, &["--quiet"])?;
    let path = |arch| compile::path(workspace, arch, Profile::Release, bin);
    cargo_nestling::run::run(&workspace.scratch()?, archs, path, args)
}
