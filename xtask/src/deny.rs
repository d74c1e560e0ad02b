//! Checks the dependencies: `cargo deny` with the rules in `deny.toml`.

use std::time::Duration;

use anyhow::Result;

use crate::{
    cargo_tool,
    process::{Captured, capture},
    report::Outcome,
    workspace::{Workspace, cargo},
};

const LIMIT: Duration = Duration::from_secs(10 * 60);

/// Checks licences, sources and versions, and, if their database can be downloaded, security advisories. `install`
/// installs cargo-deny if it is missing.
pub fn deny(workspace: &Workspace, install: bool) -> Result<Outcome> {
    let Some(folder) = cargo_tool::folder(workspace, "cargo-deny", install)? else {
        let reason = "no cargo-deny: `cargo install --locked cargo-deny`";
        return Ok(Outcome::missing(reason, false));
    };
    let log = workspace.scratch()?.join("deny.log");
    let run = |words: &str| -> Result<Captured> {
        let command = cargo(["deny"].into_iter().chain(words.split(' ')));
        let command = command.env("PATH", cargo_tool::path_with(&folder));
        capture(LIMIT, &command.dir(&workspace.root), &log)
    };
    let mut outcome = Outcome::default();
    let mut check = |what: &str| -> Result<()> {
        let checked = run(&format!("check {what}"))?;
        let case = (what, checked.succeeded());
        outcome.add(Outcome::of_checks([case], checked.output));
        Ok(())
    };
    for what in ["licenses", "bans", "sources"] {
        check(what)?;
    }
    if run("fetch db")?.succeeded() {
        check("advisories")?;
    } else {
        let reason = "the database of advisories is not available";
        outcome.add(Outcome::missing(reason, false));
    }
    Ok(outcome)
}
