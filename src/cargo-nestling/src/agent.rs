//! Builds the program that `boot` and `test` put into each machine: `agent.rs`, with the library that the project uses.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Result, ensure};
use duct::Expression;

use crate::{
    arch::Arch,
    build::Group,
    new::{self, Library},
};

/// The path of the agent in a machine.
pub const PATH: &str = "/.nestling/agent";

/// Builds the agent in this folder, and returns its path. If `lock` exists, it sets the versions of the agent's
/// dependencies.
pub fn build(folder: &Path, library: &Library, lock: &Path, arch: Arch) -> Result<PathBuf> {
    let mut files = new::package("agent", library, &["rt", "alloc"]);
    files.push(("src/main.rs", include_str!("../agent.rs").into()));
    new::write(folder, &files)?;
    if let Ok(lock) = fs::read_to_string(lock) {
        let own = folder.join("Cargo.lock");
        if !own.exists() {
            fs::write(own, lock)?;
        }
    }
    let flags = |_| String::new();
    for group in Group::of(&[arch])? {
        let words = ["build", "--quiet", "--config", "profile.dev.debug=false"];
        let command: Expression = group.command(&words, flags);
        let command = command
            .dir(folder)
            .env("CARGO_TARGET_DIR", folder.join("target"));
        let built = command.stdout_to_stderr().unchecked().run()?;
        ensure!(
            built.status.success(),
            "the build of the agent for {} failed",
            arch.name()
        );
    }
    Ok(folder
        .join("target")
        .join(arch.triple())
        .join("debug/agent"))
}
