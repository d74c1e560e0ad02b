//! Runs one suite of the on-target tests and reads its report.
//!
//! A suite prints `ok NAME`, `FAILED NAME: reason` and `skipped NAME: reason`, and at last `N passed, N failed, N
//! skipped`; it exits with 0 or 1. The suites have their own format because they are programs without libc, on machines
//! that may have only a serial line.

use std::time::Duration;

use anyhow::Result;
use duct::cmd;

use crate::{
    arch::HOST,
    compile::{self, Profile},
    plan::Config,
    process::{Captured, capture},
    report::{Outcome, Verdict},
    runner::Runner,
    workspace::Workspace,
};

/// The time limit for a whole suite, while other programs keep the machine busy.
const LIMIT: Duration = Duration::from_secs(600);

/// The program of the on-target suites. Its first argument is the name of a suite, its second a part of the names of
/// cases.
pub const SUITES: &str = "suites";

/// The programs that the suites start.
pub const STARTED: [&str; 6] = [
    "pid1",
    "pipeline",
    "probe",
    "service",
    "shell",
    "supervisor",
];

/// Runs a suite on this machine. Only the cases whose names contain `case` run. `shell` is the profile of `sh`.
pub fn run(
    workspace: &Workspace,
    name: &str,
    config: Config,
    case: &str,
    shell: Profile,
) -> Result<Outcome> {
    let Config {
        arch,
        runner,
        profile,
    } = config;
    // A program that is started under qemu-user runs on this machine's kernel, so it must have this machine's
    // architecture.
    let started = match runner {
        Runner::QemuUser => HOST,
        Runner::Native | Runner::Kernel | Runner::OldKernel => arch,
    };
    let mut line = runner.prefix(arch);
    line.push(compile::path(workspace, arch, profile, SUITES).into());
    line.extend([name, case].map(Into::into));
    let command = cmd(&line[0], &line[1..])
        .dir(&workspace.root)
        .env(
            "NESTLING_PROBE",
            compile::path(workspace, started, profile, "probe"),
        )
        .env(
            "NESTLING_SH",
            compile::path(workspace, started, shell, "sh"),
        )
        .env("NESTLING_HOW", runner.name())
        .env("NESTLING_PROFILE", profile.name());
    let log = workspace.scratch()?.join(format!("{name} {config}.log"));
    Ok(read(capture(LIMIT, &command, &log)?, case))
}

/// Returns the name of the suite that printed this output.
pub fn name(output: &str) -> Option<&str> {
    output
        .lines()
        .find_map(|line| line.trim_end().strip_prefix("# suite "))
}

/// Reads the output of a suite.
pub fn read(captured: Captured, case: &str) -> Outcome {
    let lines = || captured.output.lines();
    let mut cases: Vec<_> = lines().filter_map(verdict).collect();
    let count = |wanted: fn(&Verdict) -> bool| cases.iter().filter(|(_, it)| wanted(it)).count();
    let counted = (
        count(|it| matches!(it, Verdict::Passed)),
        count(|it| matches!(it, Verdict::Failed)),
        count(|it| matches!(it, Verdict::Skipped(_))),
    );
    let wrong = match (lines().last().and_then(totals), captured.code()) {
        (None, _) => Some("ended without totals"),
        (Some((0, 0, 0)), _) if case.is_empty() => Some("ran no test"),
        (Some(totals), _) if totals != counted => Some("printed other totals than cases"),
        (Some((_, 0, _)), Some(0)) | (Some((_, 1.., _)), Some(1)) => None,
        _ => Some("ended otherwise than its totals say"),
    };
    let mut output = captured.output.clone();
    if let Some(wrong) = wrong {
        output += &format!("\n{wrong}; {}\n", captured.ending());
        cases.push((wrong.into(), Verdict::Failed));
    }
    Outcome { cases, output }
}

/// Reads the line of a case.
fn verdict(line: &str) -> Option<(String, Verdict)> {
    if let Some(name) = line.strip_prefix("ok ") {
        return Some((name.into(), Verdict::Passed));
    }
    let (word, rest) = line.split_once(' ')?;
    let (name, reason) = rest.split_once(": ")?;
    let verdict = match word {
        "FAILED" => Verdict::Failed,
        "skipped" => Verdict::Skipped(reason.into()),
        _ => return None,
    };
    Some((name.into(), verdict))
}

/// Reads `N passed, N failed, N skipped`.
fn totals(line: &str) -> Option<(usize, usize, usize)> {
    let mut parts = line.split(", ");
    let mut next = |word| parts.next()?.strip_suffix(word)?.parse().ok();
    let totals = (next(" passed")?, next(" failed")?, next(" skipped")?);
    parts.next().is_none().then_some(totals)
}
