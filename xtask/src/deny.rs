//! What the dependencies may be: `cargo deny` with the rules in `deny.toml`.

use std::{
    ffi::{OsStr, OsString},
    time::Duration,
};

use anyhow::Result;
use duct::{Expression, cmd};

use crate::{
    process::{Captured, capture},
    report::Outcome,
    workspace::{Workspace, cargo},
};

/// For one command; the installation builds some hundred crates.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Licences, sources and versions; and the advisories, if their database can be had. `install` has a missing cargo-deny installed.
pub fn deny(workspace: &Workspace, install: bool) -> Result<Outcome> {
    let own = workspace.scratch()?.join("tools/bin/cargo-deny");
    if install && !works(&own) && !works("cargo-deny") {
        let root = workspace.scratch()?.join("tools");
        let words = ["install", "--locked", "cargo-deny", "--root"];
        run(workspace, &cargo(words.into_iter().chain(root.to_str())))?;
    }
    let tool: OsString = match works(&own) {
        true => own.into(),
        false => "cargo-deny".into(),
    };
    if !works(&tool) {
        let reason = "no cargo-deny: `cargo install --locked cargo-deny`";
        return Ok(Outcome::missing(reason, false));
    }
    let run = |words: &str| run(workspace, &cmd(&tool, words.split(' ')));
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
        outcome.add(Outcome::missing(
            "the database of advisories can't be had",
            false,
        ));
    }
    Ok(outcome)
}

fn works(tool: impl AsRef<OsStr>) -> bool {
    let version = cmd(tool.as_ref(), ["--version"]);
    version.stdout_null().stderr_null().run().is_ok()
}

fn run(workspace: &Workspace, command: &Expression) -> Result<Captured> {
    let log = workspace.scratch()?.join("deny.log");
    capture(LIMIT, &command.dir(&workspace.root), &log)
}
