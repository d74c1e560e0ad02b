//! Compares the library's public interface, as `cargo public-api` lists it, with `tests/public-api.txt`, so that no
//! change of it goes unnoticed.

use std::{collections::BTreeSet, fs, time::Duration};

use anyhow::{Context, Result};

use crate::{
    cargo_tool, process::capture, report::Outcome, sanitize::nightly, workspace::Workspace,
};

const LIMIT: Duration = Duration::from_secs(10 * 60);

const FILE: &str = "tests/public-api.txt";

/// All features are on. Implementations that every type has, or that are derived, are left out.
const WORDS: [&str; 6] = [
    "cargo",
    "public-api",
    "-p",
    "nestling",
    "--all-features",
    "-sss",
];

/// `install` installs cargo-public-api if it is missing.
pub fn api(workspace: &Workspace, install: bool) -> Result<Outcome> {
    let Some(folder) = cargo_tool::folder(workspace, "cargo-public-api", install)? else {
        let reason = "no cargo-public-api: `cargo install --locked cargo-public-api`";
        return Ok(Outcome::missing(reason, false));
    };
    let log = workspace.scratch()?.join("api.log");
    let command = nightly(&WORDS).env("PATH", cargo_tool::path_with(&folder));
    // Cargo's messages about its work do not belong to the list.
    let listed = capture(LIMIT, &command.stderr_null().dir(&workspace.root), &log)?;
    if !listed.succeeded() {
        let reason = "cargo-public-api does not go with the nightly toolchain";
        return Ok(Outcome::missing(reason, false));
    }
    let expected = fs::read_to_string(workspace.root.join(FILE)).context(FILE)?;
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (before, now) = (lines(&expected), lines(&listed.output));
    let added = now.difference(&before).map(|line| format!("+ {line}\n"));
    let removed = before.difference(&now).map(|line| format!("- {line}\n"));
    let mut output: String = added.chain(removed).collect();
    let is_same = output.is_empty();
    if !is_same {
        output += &format!(
            "if this is on purpose: cargo +nightly {} >{FILE}\n",
            WORDS[1..].join(" ")
        );
    }
    Ok(Outcome::of(is_same, output))
}
