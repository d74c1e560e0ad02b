//! `cargo nestling test`: runs the programs in a project's `tests/`. Each of them passes if it exits with 0.

use std::{path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{
    arch::Arch,
    boot::{Boot, Contents, parts},
    build::Group,
    cache,
    console::converse,
    kernel::{self, Age},
    process,
    project::{Profile, Project},
    run,
    runner::Runner,
};

/// The time for which a machine may be silent.
const SILENCE: Duration = Duration::from_secs(600);

/// A test program that cargo has built.
pub struct Program {
    /// The name of the test's file, or of the library.
    pub name: String,
    /// The program.
    pub path: PathBuf,
    /// The working directory that cargo would give it.
    pub folder: PathBuf,
}

impl Program {
    /// Reads a line of cargo's output with `--message-format=json`.
    pub fn parse(line: &str) -> Option<Program> {
        let message: Value = serde_json::from_str(line).ok()?;
        if message["reason"] != "compiler-artifact" || message["profile"]["test"] != true {
            return None;
        }
        let text = |value: &Value| value.as_str().map(String::from);
        let manifest = PathBuf::from(text(&message["manifest_path"])?);
        Some(Program {
            name: text(&message["target"]["name"])?,
            path: text(&message["executable"])?.into(),
            folder: manifest.parent()?.into(),
        })
    }
}

/// Builds the tests and runs them by these runners; without any, natively, or on a kernel if this machine cannot run
/// them. Returns whether all have passed.
pub fn test(project: &Project, archs: &[Arch], runners: &[Runner]) -> Result<bool> {
    for &arch in archs.iter().filter(|&&it| !Age::Old.exists_for(it)) {
        ensure!(
            !runners.contains(&Runner::OldKernel),
            "there is no old kernel for {}",
            arch.name()
        );
    }
    let mut passed = true;
    for group in Group::of(archs)? {
        let words = [
            "test",
            "--no-run",
            "--message-format=json-render-diagnostics",
            "--test",
            "*",
        ];
        let command = group.command(&words, |arch| Profile::Debug.flags(arch));
        let built = process::run(&project.at(command).stdout_capture().unchecked())?;
        ensure!(
            built.status.success(),
            "the build for {} failed",
            group.name()
        );
        let output = String::from_utf8_lossy(&built.stdout);
        let programs: Vec<_> = output.lines().filter_map(Program::parse).collect();
        for &arch in &group.archs {
            let is_for = |it: &&Program| {
                it.path
                    .components()
                    .any(|part| part.as_os_str() == arch.triple())
            };
            let programs: Vec<_> = programs.iter().filter(is_for).collect();
            ensure!(
                !programs.is_empty(),
                "cargo has built no test for {}",
                arch.name()
            );
            let best = match Runner::best(&cache::folder()?, arch)? {
                Runner::Native => Runner::Native,
                Runner::QemuUser | Runner::Kernel | Runner::OldKernel => Runner::Kernel,
            };
            let runners = if runners.is_empty() { &[best] } else { runners };
            for &runner in runners {
                passed &= match runner {
                    Runner::Native | Runner::QemuUser => here(&programs, arch, runner)?,
                    Runner::Kernel | Runner::OldKernel => {
                        on_kernel(project, &programs, arch, runner)?
                    }
                };
            }
        }
    }
    Ok(passed)
}

/// Prints the result of a test.
fn tell(program: &Program, arch: Arch, runner: Runner, problem: Option<String>) -> bool {
    let (name, arch, runner) = (&program.name, arch.name(), runner.name());
    match &problem {
        None => println!("ok {name}, {arch}, {runner}"),
        Some(problem) => println!("FAILED {name}, {arch}, {runner}: {problem}"),
    }
    problem.is_none()
}

fn here(programs: &[&Program], arch: Arch, runner: Runner) -> Result<bool> {
    let mut passed = true;
    for program in programs {
        let mut command = run::command(runner, arch, &program.path, &[])?;
        let status = command.current_dir(&program.folder).status();
        let status = status.with_context(|| format!("can't start {}", program.path.display()))?;
        let problem = (!status.success()).then(|| status.to_string());
        passed &= tell(program, arch, runner, problem);
    }
    Ok(passed)
}

/// Runs the tests in one machine; if the project has an init, as children of that init.
fn on_kernel(project: &Project, programs: &[&Program], arch: Arch, runner: Runner) -> Result<bool> {
    let kernel = match runner {
        Runner::OldKernel => Some(kernel::obtain(&cache::folder()?, arch, Age::Old)?),
        Runner::Native | Runner::QemuUser | Runner::Kernel => None,
    };
    let (agent, kernel) = parts(Some(project), &project.library, arch, kernel)?;
    let (mut archive, has_init) =
        Contents::default().archive(Some(project), arch, Profile::Debug)?;
    // The tests contain the paths that the programs have on this machine.
    for bin in &project.bins {
        let path = project.path(arch, Profile::Debug, bin);
        archive.program(&path.to_string_lossy(), &path)?;
    }
    let mut commands = Vec::new();
    for program in programs {
        let place = format!("/tests/{}", program.name);
        archive.program(&place, &program.path)?;
        commands.push(vec![place.into()]);
    }
    let boot = Boot {
        arch,
        kernel: &kernel,
        agent: &agent,
        archive,
        init: has_init.then_some("/init"),
        disk: None,
        append: "",
        commands: &commands,
    };
    let running = boot.start(Stdio::null())?;
    let (mut passed, mut ended) = (true, 0);
    let end = |code: u8| {
        if let Some(program) = programs.get(ended) {
            let problem = (code != 0).then(|| format!("exit status: {code}"));
            passed &= tell(program, arch, runner, problem);
        }
        ended += 1;
    };
    let end = converse(running, false, programs.len(), SILENCE, end);
    if let Err(error) = end {
        for program in programs.get(ended..).unwrap_or_default() {
            tell(program, arch, runner, Some("did not end".into()));
        }
        return Err(error);
    }
    Ok(passed)
}
