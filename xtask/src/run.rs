//! `cargo xtask run`: a program built and run, exiting as it does.

use std::{
    ffi::OsString,
    os::unix::process::{CommandExt, ExitStatusExt},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result, ensure};

use crate::{
    apt,
    arch::Arch,
    compile::{self, Profile},
    runner::Runner,
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

    let cannot = || format!("can't start {bin}");
    if let [arch] = archs {
        // The program takes xtask's place: its terminal, signals and exit status are its own.
        return Err(command(workspace, *arch, bin, args)?.exec()).with_context(cannot);
    }
    let mut worst = 0;
    for &arch in archs {
        let status = command(workspace, arch, bin, args)?
            .status()
            .with_context(cannot)?;
        let code = status
            .code()
            .or_else(|| status.signal().map(|signal| 128 + signal));
        worst = worst.max(code.unwrap_or(1));
    }
    Ok(ExitCode::from(u8::try_from(worst)?))
}

fn command(workspace: &Workspace, arch: Arch, bin: &str, args: &[OsString]) -> Result<Command> {
    let runner = Runner::best(workspace, arch)?;
    if runner == Runner::QemuUser {
        apt::obtain(|| apt::program(arch.emulator(), &["qemu-user"]))?;
    }
    let mut line = runner.prefix(arch);
    line.push(compile::path(workspace, arch, Profile::Release, bin).into());
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).args(args);
    Ok(command)
}
