//! Builds the tests that are ordinary programs of this machine, by cargo, and runs each.

use std::{ffi::OsString, time::Duration};

use anyhow::{Result, bail};
pub use cargo_nestling::test::Program;
use duct::{Expression, cmd};

use crate::{
    arch::Arch,
    compile::{self, Profile},
    libtest::{self, JSON},
    process::{Captured, capture},
    report::Outcome,
    workspace::{UNWINDING, Workspace, cargo},
};

/// The time limit for one program, while other programs keep the machine busy.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Returns a build of test programs; `arguments` are those of cargo.
pub fn build(arguments: &[&str]) -> Expression {
    let command = [
        "test",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ];
    cargo([&command, &UNWINDING[..], arguments].concat())
}

/// The programs that cargo reports to have built.
pub fn programs(built: &Captured) -> Vec<Program> {
    built.output.lines().filter_map(Program::parse).collect()
}

/// Runs a program. `case` is a part of the names of the cases to run. The environment contains the paths of nestling's
/// programs.
pub fn run(
    workspace: &Workspace,
    program: &Program,
    environment: &[(String, OsString)],
    case: &str,
) -> Result<Outcome> {
    let log = workspace.scratch()?.join(format!("{}.log", program.name));
    let mut command = cmd(&program.path, arguments(case)).dir(&program.folder);
    for (name, value) in environment {
        command = command.env(name, value);
    }
    read(capture(LIMIT, &libtest::allow_json(command), &log)?, case)
}

/// Runs the documentation's examples.
pub fn run_doc_tests(workspace: &Workspace, case: &str) -> Result<Outcome> {
    let words = "test -p nestling -p nestling-shell --doc --all-features --";
    let words = words.split(' ').map(String::from);
    let command = cargo(words.chain(arguments(case))).dir(&workspace.root);
    let log = workspace.scratch()?.join("doc-tests.log");
    read(capture(LIMIT, &libtest::allow_json(command), &log)?, case)
}

fn arguments(case: &str) -> Vec<String> {
    let case = Some(case).filter(|case| !case.is_empty());
    JSON.into_iter().chain(case).map(String::from).collect()
}

fn read(captured: Captured, case: &str) -> Result<Outcome> {
    let outcome = libtest::read(captured);
    if outcome.cases.is_empty() && case.is_empty() {
        bail!("ran no test:\n{}", outcome.output);
    }
    Ok(outcome)
}

/// The paths of nestling's programs for the tests. The programs must run natively under strace and gdb; `profile` is
/// the profile of the programs that ship.
pub fn environment(
    workspace: &Workspace,
    natives: &[Arch],
    profile: Profile,
    long: bool,
) -> Vec<(String, OsString)> {
    let tests = match profile {
        Profile::Debug => Profile::Debug,
        Profile::Release | Profile::Tests => Profile::Tests,
    };
    let mut environment = Vec::new();
    for &arch in natives {
        for (bin, profile) in [
            ("spawn", profile),
            ("init", profile),
            ("sh", profile),
            ("box", profile),
            ("probe", tests),
        ] {
            let name = format!("NESTLING_{bin}_{}", arch.name()).to_uppercase();
            environment.push((name, compile::path(workspace, arch, profile, bin).into()));
        }
    }
    if long {
        environment.push(("NESTLING_LONG".into(), "1".into()));
    }
    environment
}
