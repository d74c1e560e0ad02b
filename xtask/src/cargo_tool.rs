//! Finds programs of crates.io that add commands to cargo: an installed one, or one that xtask installs for itself.

use std::{ffi::OsStr, path::PathBuf, time::Duration};

use anyhow::Result;
use duct::cmd;

use crate::{
    process::capture,
    workspace::{Workspace, cargo},
};

/// The time limit of an installation, which builds several hundred crates.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// Returns the folder that must precede PATH to find this program; it is empty if PATH already contains it. Returns
/// `None` if the program is missing. `install` installs it, which takes minutes.
pub fn folder(workspace: &Workspace, name: &str, install: bool) -> Result<Option<PathBuf>> {
    let root = workspace.scratch()?.join("tools");
    let bin = root.join("bin");
    let own = bin.join(name);
    if works(name.as_ref()) {
        return Ok(Some(PathBuf::new()));
    }
    if install && !works(own.as_ref()) {
        let words = ["install", "--locked", name, "--root"];
        let command = cargo(words.into_iter().chain(root.to_str())).dir(&workspace.root);
        capture(LIMIT, &command, &workspace.scratch()?.join("tools.log"))?;
    }
    Ok(works(own.as_ref()).then_some(bin))
}

fn works(program: &OsStr) -> bool {
    let version = cmd(program, ["--version"]);
    version.stdout_null().stderr_null().run().is_ok()
}

/// Returns PATH with this folder at its beginning.
pub fn path_with(folder: &std::path::Path) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    match folder.to_str() {
        None | Some("") => path,
        Some(folder) => format!("{folder}:{path}"),
    }
}
