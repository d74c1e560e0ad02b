//! `cargo xtask run`: builds a program, runs it, and exits with its status.

use std::{ffi::OsString, process::ExitCode};

use anyhow::{Result, ensure};

use crate::{
    arch::Arch,
    compile::{self, Profile, SHIPPED},
    workspace::Workspace,
};

pub fn run(
    workspace: &Workspace,
    archs: &[Arch],
    bin: &str,
    args: &[OsString],
) -> Result<ExitCode> {
    ensure!(
        SHIPPED.contains(&bin),
        "there is no program {bin}, only {}",
        SHIPPED.join(", ")
    );
    compile::programs(workspace, archs, Profile::Release, &["--quiet"])?;
    let path = |arch| compile::path(workspace, arch, Profile::Release, bin);
    cargo_nestling::run::run(&workspace.scratch()?, archs, path, args)
}
