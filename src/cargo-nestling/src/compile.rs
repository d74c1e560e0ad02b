//! `cargo nestling build` and `run`: build a project's programs and run one.

use std::{ffi::OsString, process::ExitCode};

use anyhow::{Result, ensure};

use crate::{
    arch::Arch,
    build::Group,
    cache, elf, process,
    project::{Profile, Project},
    run,
};

/// Builds all programs, and prints a table of their sizes.
pub fn build(project: &Project, archs: &[Arch], profile: Profile) -> Result<()> {
    programs(project, archs, profile)?;
    let sizes = elf::SIZES.map(|name| format!("{name:>8}")).concat();
    println!("{:<16}{:<8}{sizes}", "program", "arch");
    for bin in &project.bins {
        for &arch in archs {
            let path = project.path(arch, profile, bin);
            let measure = elf::measure(&path)?;
            let sizes = measure.sizes.map(|it| format!("{it:>8}")).concat();
            println!("{bin:<16}{:<8}{sizes}  {}", arch.name(), path.display());
            let properties = elf::PROPERTIES.iter().zip(measure.properties);
            for (property, _) in properties.filter(|(_, has)| !has) {
                println!("{:<24}not so: {property}", "");
            }
        }
    }
    Ok(())
}

/// Builds all programs, with cargo's messages on standard error.
pub fn programs(project: &Project, archs: &[Arch], profile: Profile) -> Result<()> {
    for group in Group::of(archs)? {
        let words = [&["build", "--bins"], profile.arguments()].concat();
        let command = group.command(&words, |arch| profile.flags(arch));
        let built = process::run(&project.at(command).stdout_to_stderr().unchecked())?;
        ensure!(built.status.success(), group.failure());
    }
    Ok(())
}

/// Builds the programs and runs one of them, which replaces this process.
pub fn run(
    project: &Project,
    arch: Arch,
    profile: Profile,
    bin: Option<&str>,
    args: &[OsString],
) -> Result<ExitCode> {
    let bin = project.bin(bin)?;
    programs(project, &[arch], profile)?;
    let path = |arch| project.path(arch, profile, bin);
    run::run(&cache::folder()?, &[arch], path, args)
}
