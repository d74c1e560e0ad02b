//! Where the workspace is and which programs its packages have, as cargo tells it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::Value;

pub use cargo_nestling::toolchain::cargo;

pub struct Workspace {
    pub root: PathBuf,
    /// The build directory, `CARGO_TARGET_DIR` considered.
    pub target: PathBuf,
    packages: Value,
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
            packages: metadata["packages"].clone(),
        })
    }

    /// The names of a package's programs.
    pub fn bins(&self, package: &str) -> Result<Vec<String>> {
        let packages = self.packages.as_array().into_iter().flatten();
        let found = packages
            .clone()
            .find(|it| it["name"] == package)
            .with_context(|| format!("no package {package} in this workspace"))?;
        let targets = found["targets"].as_array().into_iter().flatten();
        let bins = targets.filter(|it| it["kind"][0] == "bin");
        Ok(bins
            .filter_map(|it| it["name"].as_str().map(String::from))
            .collect())
    }

    /// The names of the on-target suites, each a module of the program `suites`.
    pub fn suites(&self) -> Result<Vec<String>> {
        modules(&self.root.join("tests/suites"))
    }

    /// The names of the test programs that run on this machine beside their own subject.
    pub fn host_tests(&self) -> Result<Vec<String>> {
        modules(&self.root.join("tests/host/tests"))
    }

    /// The names of the fuzzers.
    pub fn fuzzers(&self) -> Result<Vec<String>> {
        modules(&self.root.join("tests/fuzz/fuzz_targets"))
    }

    /// A directory for what xtask itself writes.
    pub fn scratch(&self) -> Result<PathBuf> {
        let path = self.target.join("xtask");
        fs::create_dir_all(&path).with_context(|| format!("can't make {}", path.display()))?;
        Ok(path)
    }
}

/// The names of the modules in a folder.
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
    // A test's file may have a folder of modules beside it.
    names.dedup();
    Ok(names)
}
