//! `cargo nestling test`: runs the programs in a project's `tests/`. Each of them passes if it exits with 0, and is skipped if it exits
//! with 77.

use std::{
    collections::BTreeSet, os::unix::ffi::OsStrExt, path::PathBuf, process::Stdio, time::Duration,
};

use anyhow::{Result, anyhow, ensure};
use duct::cmd;
use serde_json::Value;

use crate::{
    arch::Arch,
    boot::{Boot, Contents, parts},
    build::Group,
    cache,
    console::{Shown, converse},
    kernel::{self, Age},
    note, process,
    project::{Profile, Project},
    run,
    runner::Runner,
};

/// The exit status of a test that this machine cannot run, as in automake and meson.
const SKIPPED: u8 = 77;

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

/// The options of the command line.
pub struct Options {
    /// The ways to run the tests; without any, natively, or on a kernel if this machine cannot run them.
    pub runners: Vec<Runner>,
    /// Only the tests whose names contain one of these texts; without any, all.
    pub names: Vec<String>,
    /// The profile of the programs and tests.
    pub profile: Profile,
    /// The time that each test may take.
    pub limit: Duration,
    /// Additional arguments of qemu-system: in each text, blanks separate them.
    pub qemu: Vec<String>,
}

/// The end of a test.
enum Verdict {
    Passed,
    Failed(String),
    Skipped,
}

/// The tests of one architecture in one way, and how many of them have ended in each way.
struct Course {
    arch: Arch,
    runner: Runner,
    passed: usize,
    failed: usize,
    skipped: usize,
    /// Why no test could run.
    problem: Option<String>,
}

/// Builds the tests and runs them. Returns whether all have passed.
pub fn test(project: &Project, archs: &[Arch], options: &Options) -> Result<bool> {
    let mut courses = Vec::new();
    for &arch in archs {
        let best = Runner::best(&cache::folder()?, arch)?;
        let default = match best {
            Runner::Native => Runner::Native,
            Runner::QemuUser | Runner::Kernel | Runner::OldKernel => Runner::Kernel,
        };
        let runners = match &*options.runners {
            [] => &[default],
            runners => runners,
        };
        for &runner in runners {
            let problem = match runner {
                Runner::Native if best != Runner::Native => {
                    Some("this machine cannot run its programs")
                }
                Runner::OldKernel if !Age::Old.exists_for(arch) => Some("there is no such kernel"),
                Runner::Native | Runner::QemuUser | Runner::Kernel | Runner::OldKernel => None,
            };
            if let Some(problem) = problem {
                println!("skipped all, {}, {}: {problem}", arch.name(), runner.name());
            }
            courses.push(Course {
                arch,
                runner,
                passed: 0,
                failed: 0,
                skipped: 0,
                problem: problem.map(String::from),
            });
        }
    }
    let possible = |arch: &&Arch| {
        courses
            .iter()
            .any(|it| it.arch == **arch && it.problem.is_none())
    };
    let archs: Vec<_> = archs.iter().filter(possible).copied().collect();
    let mut is_broken = false;
    for group in Group::of(&archs)? {
        let programs = build(project, &group, options);
        let of_group = courses
            .iter_mut()
            .filter(|it| group.archs.contains(&it.arch));
        for course in of_group.filter(|it| it.problem.is_none()) {
            let ended = match &programs {
                Ok(programs) => course.run(project, programs, options),
                Err(error) => Err(anyhow!("{error:#}")),
            };
            if let Err(error) = ended {
                note!(
                    "{}, {}: {error:#}",
                    course.arch.name(),
                    course.runner.name()
                );
                course.problem = Some("an error, see above".into());
                is_broken = true;
            }
        }
    }
    summarise(&courses);
    let failed: usize = courses.iter().map(|it| it.failed).sum();
    let ran = courses.iter().any(|it| it.passed + it.skipped > 0);
    ensure!(failed > 0 || is_broken || ran, "no test has run");
    Ok(failed == 0 && !is_broken)
}

/// Prints how many tests have ended in each way: for each architecture and way, and in total.
fn summarise(courses: &[Course]) {
    println!();
    if courses.len() > 1 {
        println!(
            "{:<8}  {:<10}{:>8}{:>8}{:>8}",
            "arch", "how", "passed", "failed", "skipped"
        );
        for it in courses {
            let problem = it
                .problem
                .as_ref()
                .map(|it| format!("  none: {it}"))
                .unwrap_or_default();
            let (arch, how) = (it.arch.name(), it.runner.name());
            println!(
                "{arch:<8}  {how:<10}{:>8}{:>8}{:>8}{problem}",
                it.passed, it.failed, it.skipped
            );
        }
    }
    let sum = |count: fn(&Course) -> usize| -> usize { courses.iter().map(count).sum() };
    let (passed, failed, skipped) = (
        sum(|it| it.passed),
        sum(|it| it.failed),
        sum(|it| it.skipped),
    );
    println!("{passed} passed, {failed} failed, {skipped} skipped");
}

/// Builds the tests for these architectures, and returns those whose names were given.
fn build(project: &Project, group: &Group, options: &Options) -> Result<Vec<Program>> {
    let words = [
        "test",
        "--no-run",
        "--message-format=json-render-diagnostics",
        "--test",
        "*",
    ];
    let words = [&words, options.profile.arguments()].concat();
    let command = group.command(&words, |arch| options.profile.flags(arch));
    let built = process::run(&project.at(command).stdout_capture().unchecked())?;
    ensure!(built.status.success(), group.failure());
    let output = String::from_utf8_lossy(&built.stdout);
    let all: Vec<_> = output.lines().filter_map(Program::parse).collect();
    let names: BTreeSet<_> = all.iter().map(|it| it.name.clone()).collect();
    let is_named = |it: &Program| {
        options.names.is_empty() || options.names.iter().any(|name| it.name.contains(name))
    };
    let mut programs: Vec<_> = all.into_iter().filter(is_named).collect();
    programs.sort_by(|one, other| one.name.cmp(&other.name)); // cargo lists first what it has built first
    ensure!(!names.is_empty(), "cargo has built no test");
    ensure!(
        !programs.is_empty(),
        "there is no such test, only: {}",
        names.into_iter().collect::<Vec<_>>().join(", ")
    );
    Ok(programs)
}

impl Course {
    fn run(&mut self, project: &Project, programs: &[Program], options: &Options) -> Result<()> {
        let triple = self.arch.triple();
        let is_for = |it: &&Program| it.path.components().any(|part| part.as_os_str() == triple);
        let programs: Vec<_> = programs.iter().filter(is_for).collect();
        ensure!(!programs.is_empty(), "cargo has built no test");
        match self.runner {
            Runner::Native | Runner::QemuUser => self.run_here(&programs, options),
            Runner::Kernel | Runner::OldKernel => self.run_on_kernel(project, &programs, options),
        }
    }

    /// Counts and prints the result of a test.
    fn tell(&mut self, program: &Program, verdict: Verdict) {
        let what = format!(
            "{}, {}, {}",
            program.name,
            self.arch.name(),
            self.runner.name()
        );
        match verdict {
            Verdict::Passed => {
                self.passed += 1;
                println!("ok {what}");
            }
            Verdict::Failed(problem) => {
                self.failed += 1;
                println!("FAILED {what}: {problem}");
            }
            Verdict::Skipped => {
                self.skipped += 1;
                println!("skipped {what}");
            }
        }
    }

    fn run_here(&mut self, programs: &[&Program], options: &Options) -> Result<()> {
        for program in programs {
            let command = run::command(self.runner, self.arch, &program.path, &[])?;
            let command = cmd(command.get_program(), command.get_args()).dir(&program.folder);
            let verdict = match process::run_within(options.limit, &command)? {
                Some(status) if status.success() => Verdict::Passed,
                Some(status) if status.code() == Some(SKIPPED.into()) => Verdict::Skipped,
                Some(status) => Verdict::Failed(status.to_string()),
                None => Verdict::Failed(format!("the time is up: {} s", options.limit.as_secs())),
            };
            self.tell(program, verdict);
        }
        Ok(())
    }

    /// Runs the tests in one machine; if the project has an init, as children of that init.
    fn run_on_kernel(
        &mut self,
        project: &Project,
        programs: &[&Program],
        options: &Options,
    ) -> Result<()> {
        let (arch, profile) = (self.arch, options.profile);
        let kernel = match self.runner {
            Runner::OldKernel => Some(kernel::obtain(&cache::folder()?, arch, Age::Old)?),
            Runner::Native | Runner::QemuUser | Runner::Kernel => None,
        };
        let (agent, kernel) = parts(Some(project), &project.library, arch, kernel)?;
        let (mut archive, has_init) = Contents::default().archive(Some(project), arch, profile)?;
        // The tests contain the paths that the programs have on this machine.
        let mut links = Vec::new();
        for bin in &project.bins {
            let path = project.path(arch, profile, bin);
            links.extend(path.as_os_str().as_bytes());
            links.extend(format!("\0/bin/{bin}\0").bytes());
        }
        archive.file(".nestling/links", &links);
        let mut commands = Vec::new();
        for program in programs {
            let place = format!("/.nestling/tests/{}", program.name);
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
            qemu: &options.qemu,
            commands: &commands,
        };
        let running = boot.start(Stdio::null())?;
        let mut rest = programs.iter();
        let end = |code: u8| {
            if let Some(program) = rest.next() {
                let verdict = match code {
                    0 => Verdict::Passed,
                    SKIPPED => Verdict::Skipped,
                    _ => Verdict::Failed(format!("exit status: {code}")),
                };
                self.tell(program, verdict);
            }
        };
        if let Err(error) = converse(running, Shown::Machine, programs.len(), options.limit, end) {
            for program in rest {
                self.tell(program, Verdict::Failed("it did not end".into()));
            }
            return Err(error);
        }
        Ok(())
    }
}
