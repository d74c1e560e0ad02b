//! The path of the workspace, as cargo reports it, and the names of its tests.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::Value;

pub use cargo_nestling::toolchain::cargo;

/// Cargo's option for tests, and for programs of the standard library beside them. A test always unwinds, and so its dependencies
/// do; the profile's `abort` would build them a second time for the programs.
pub const UNWINDING: [&str; 2] = ["--config", "profile.dev.panic='unwind'"];

pub struct Workspace {
    pub root: PathBuf,
    /// The build directory; `CARGO_TARGET_DIR` is respected.
    pub target: PathBuf,
}

impl Workspace {
    pub fn load() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").context("start xtask as `cargo xtask`")?;
        let text = cargo(["metadata", "--no-deps", "--format-version=1"])
            .dir(manifest)
            .read()
            .context("`cargo metadata` failed")?;
        let metadata: Value =
            serde_json::from_str(&text).context("`cargo metadata` printed what is not JSON")?;
        let path = |key: &str| {
            metadata[key]
                .as_str()
                .map(PathBuf::from)
                .context("`cargo metadata` lacks a directory")
        };
        Ok(Workspace {
            root: path("workspace_root")?,
            target: path("target_directory")?,
        })
    }

    /// The names of the on-target suites, each a module of the program `suites`.
    pub fn suites(&self) -> Result<Vec<String>> {
        modules(&self.root.join("tests/suites"))
    }

    /// Returns the names of the host suites: test programs that run on this machine.
    pub fn host_tests(&self) -> Result<Vec<String>> {
        modules(&self.root.join("tests/host/tests"))
    }

    /// Returns the names of the fuzzers.
    pub fn fuzzers(&self) -> Result<Vec<String>> {
        modules(&self.root.join("tests/fuzz/fuzz_targets"))
    }

    /// Returns a directory for xtask's own files.
    pub fn scratch(&self) -> Result<PathBuf> {
        let path = self.target.join("xtask");
        fs::create_dir_all(&path).with_context(|| format!("can't make {}", path.display()))?;
        Ok(path)
    }
}

/// Returns the names of the modules in a folder.
fn modules(folder: &Path) -> Result<Vec<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        if name != "main" {
            names.push(name.into_owned());
        }
    }
    names.sort();
    // A test's file may have a folder of modules with the same name.
    names.dedup();
    Ok(names)
}
