//! Runs a program natively or under qemu-user.

use std::{
    ffi::OsString,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, Result};

use crate::{apt, arch::Arch, runner::Runner};

/// Runs a program for each architecture by the best runner of this machine. Returns the program's exit status, or the highest one
/// of several. `path` returns the path of the program for an architecture. `cache` is the folder with the facts about this machine that
/// earlier runs have found.
pub fn run(
    cache: &Path,
    archs: &[Arch],
    path: impl Fn(Arch) -> PathBuf,
    args: &[OsString],
) -> Result<ExitCode> {
    let command = |arch| command(Runner::best(cache, arch)?, arch, &path(arch), args);
    let cannot = |arch| format!("can't start {}", path(arch).display());
    if let [arch] = *archs {
        // The program replaces this process, so the terminal, signals and exit status are the program's own.
        return Err(command(arch)?.exec()).with_context(|| cannot(arch));
    }
    let mut worst = 0;
    for &arch in archs {
        let status = command(arch)?.status().with_context(|| cannot(arch))?;
        let code = status
            .code()
            .or_else(|| status.signal().map(|signal| 128 + signal));
        worst = worst.max(code.unwrap_or(1));
    }
    Ok(ExitCode::from(u8::try_from(worst)?))
}

/// Returns the command that runs a program by this runner. Installs the emulator if necessary.
pub fn command(runner: Runner, arch: Arch, path: &Path, args: &[OsString]) -> Result<Command> {
    if runner == Runner::QemuUser {
        apt::obtain(|| apt::program(arch.emulator(), &["qemu-user"]))?;
    }
    let mut line = runner.prefix(arch);
    line.push(path.into());
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).args(args);
    Ok(command)
}
