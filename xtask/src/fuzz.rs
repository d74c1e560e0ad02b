//! Runs the fuzzers of `tests/fuzz` one after the other, by cargo-fuzz.

use std::time::Duration;

use anyhow::Result;

use crate::{
    cargo_tool, process::capture, report::Outcome, sanitize::nightly, workspace::Workspace,
};

/// The time limit for one fuzzer, including its build.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Runs each fuzzer for five minutes in the long form, otherwise for ten seconds.
pub fn fuzz(workspace: &Workspace, long: bool) -> Result<Outcome> {
    let Some(folder) = cargo_tool::folder(workspace, "cargo-fuzz", long)? else {
        let reason = "no cargo-fuzz: `cargo install --locked cargo-fuzz`";
        return Ok(Outcome::missing(reason, false));
    };
    let scratch = workspace.scratch()?;
    let seconds = if long { 300 } else { 10 };
    let seconds = format!("-max_total_time={seconds}");
    let mut outcome = Outcome::default();
    for target in workspace.fuzzers()? {
        let words = ["cargo", "fuzz", "run", "--fuzz-dir", ".", &target, "--"];
        let command = nightly(&[&words[..], &[&seconds, "-print_final_stats=1"]].concat());
        let command = command
            .env("PATH", cargo_tool::path_with(&folder))
            .env("CARGO_TARGET_DIR", scratch.join("fuzz"));
        let folder = workspace.root.join("tests/fuzz");
        let run = capture(LIMIT, &command.dir(folder), &scratch.join("fuzz.log"))?;
        let case = (&*target, run.succeeded());
        outcome.add(Outcome::of_checks([case], run.output));
    }
    Ok(outcome)
}
