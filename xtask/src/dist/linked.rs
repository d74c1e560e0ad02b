//! The crates that are in the programs: their licences, and a list of them for other programs (an SBOM, in CycloneDX's format).

use std::{collections::BTreeMap, fs, path::PathBuf};

use anyhow::{Context, Result, ensure};
use duct::cmd;
use serde_json::{Value, json};

use super::tree::{Tree, digest};
use crate::{
    arch::Arch,
    workspace::{Workspace, cargo},
};

/// A package whose code is in a program.
pub struct Crate {
    pub name: String,
    pub version: String,
    /// The licences, as an expression of SPDX.
    pub licence: String,
    folder: PathBuf,
    /// The ids of what it depends on.
    needs: Vec<String>,
    /// Whether it comes from crates.io.
    is_foreign: bool,
}

impl Crate {
    /// Its name in all package registries (<https://github.com/package-url/purl-spec>).
    fn url(&self) -> String {
        format!("pkg:cargo/{}@{}", self.name, self.version)
    }

    /// The files with its licences, by their names.
    fn licence_files(&self) -> Result<BTreeMap<String, Vec<u8>>> {
        let folder = &self.folder;
        let what = || format!("can't read {}", folder.display());
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).with_context(what)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let upper = name.to_uppercase();
            if LICENCE_FILES.iter().any(|it| upper.starts_with(it)) {
                files.insert(name, fs::read(entry.path())?);
            }
        }
        ensure!(
            !files.is_empty(),
            "{} has no file with its licence",
            folder.display()
        );
        Ok(files)
    }

    /// The text that a copy of its code must contain: its MIT licence, which each of our dependencies offers.
    pub fn notice(&self) -> Result<String> {
        let files = self.licence_files()?.into_values();
        let mut texts = files.map(|it| String::from_utf8_lossy(&it).into_owned());
        let text = texts.find(|it| it.contains("Permission is hereby granted"));
        text.with_context(|| format!("{} has no MIT licence", self.folder.display()))
    }
}

/// The crates that are linked for an architecture, by cargo's ids.
pub struct Linked(BTreeMap<String, Crate>);

/// What a licence's file is called, to its extension.
const LICENCE_FILES: [&str; 5] = ["LICENSE", "LICENCE", "COPYRIGHT", "COPYING", "NOTICE"];

/// The notices of Rust's own library, in the folder of a toolchain: rustup's, and Debian's.
const RUST_NOTICES: [&str; 3] = [
    "share/doc/rust/COPYRIGHT-library.html",
    "share/doc/rustc-web/copyright",
    "share/doc/rustc/copyright",
];

impl Linked {
    /// Asks cargo for what the packages `roots` of this workspace are made of.
    pub fn find(workspace: &Workspace, arch: Arch, roots: &[&str]) -> Result<Linked> {
        let words = ["metadata", "--format-version=1", "--filter-platform"];
        let text = cargo(words.into_iter().chain([arch.triple()]))
            .dir(&workspace.root)
            .read()
            .context("`cargo metadata` failed")?;
        let metadata: Value = serde_json::from_str(&text)?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();

        let packages = list(&metadata["packages"]);
        let nodes = list(&metadata["resolve"]["nodes"]);
        let is_root = |package: &&Value| {
            package["source"].is_null() && roots.contains(&&*text(&package["name"]))
        };
        let roots = packages.iter().filter(is_root);
        let mut waiting: Vec<String> = roots.map(|package| text(&package["id"])).collect();
        let mut crates = BTreeMap::new();
        while let Some(id) = waiting.pop() {
            if crates.contains_key(&id) {
                continue;
            }
            let package = packages.iter().find(|it| it["id"] == *id);
            let node = nodes.iter().find(|it| it["id"] == *id);
            let (package, node) = package
                .zip(node)
                .with_context(|| format!("`cargo metadata` lacks {id}"))?;
            // Those of tests and of build scripts have another kind.
            let is_linked =
                |it: &&Value| list(&it["dep_kinds"]).iter().any(|it| it["kind"].is_null());
            let needs = list(&node["deps"]);
            let needs: Vec<_> = needs
                .iter()
                .filter(is_linked)
                .map(|it| text(&it["pkg"]))
                .collect();
            waiting.extend(needs.iter().cloned());
            let manifest = PathBuf::from(text(&package["manifest_path"]));
            let linked = Crate {
                name: text(&package["name"]),
                version: text(&package["version"]),
                // Before SPDX, a slash meant a choice.
                licence: text(&package["license"]).replace('/', " OR "),
                folder: manifest
                    .parent()
                    .context("a package without a folder")?
                    .into(),
                needs,
                is_foreign: !package["source"].is_null(),
            };
            ensure!(!linked.licence.is_empty(), "{id} names no licence");
            crates.insert(id, linked);
        }
        ensure!(!crates.is_empty(), "the workspace has none of the packages");
        Ok(Linked(crates))
    }

    /// The crates of others, by their names.
    pub fn foreign(&self) -> Vec<&Crate> {
        let mut crates: Vec<_> = self.0.values().filter(|it| it.is_foreign).collect();
        crates.sort_by_key(|it| it.url());
        crates
    }

    /// Adds a folder for each crate of others, and for Rust's library, with the files of its licences.
    pub fn add_licences(&self, tree: &mut Tree, folder: &str) -> Result<()> {
        for linked in self.foreign() {
            for (name, content) in linked.licence_files()? {
                let path = format!("{folder}/{}-{}/{name}", linked.name, linked.version);
                tree.file(path, content);
            }
        }
        let toolchain = PathBuf::from(cmd!("rustc", "--print", "sysroot").read()?);
        let notices = RUST_NOTICES.map(|it| toolchain.join(it));
        let notices = notices.iter().find(|it| it.exists()).with_context(|| {
            let first = RUST_NOTICES[0];
            format!(
                "no notices of Rust's library: {}/{first}",
                toolchain.display()
            )
        })?;
        let name = notices.file_name().unwrap_or_default().to_string_lossy();
        tree.file(format!("{folder}/rust/{name}"), fs::read(notices)?);
        Ok(())
    }

    /// The table of the crates of others, for people.
    pub fn table(&self) -> Result<String> {
        let rust = cmd!("rustc", "--version").read()?;
        let mut text = String::from("The programs contain code of these crates:\n\n");
        for it in self.foreign() {
            text += &format!(
                "{:<28}{}\n",
                format!("{} {}", it.name, it.version),
                it.licence
            );
        }
        text += &format!("\nand of the libraries core and alloc of {rust} (MIT OR Apache-2.0).\n");
        Ok(text)
    }

    /// The list for programs: the given files, each with its package, and the crates in them, as CycloneDX 1.5 describes them
    /// (<https://cyclonedx.org/docs/1.5/json/>).
    pub fn sbom(&self, version: &str, files: &[(&str, &str, &[u8])]) -> Result<String> {
        let rust = cmd!("rustc", "--version").read()?;
        let rust = rust.split(' ').nth(1).context("rustc without a version")?;
        let licences = |expression: &str| json!([{ "expression": expression }]);
        let standard = format!("pkg:generic/rust-library@{rust}");
        let whole = format!("pkg:generic/nestling@{version}");

        let mut components: Vec<Value> = Vec::new();
        let mut dependencies: Vec<Value> = Vec::new();
        for (name, package, content) in files {
            components.push(json!({
                "type": "file",
                "bom-ref": name,
                "name": name,
                "hashes": [{ "alg": "SHA-256", "content": digest(content) }],
                "licenses": licences("MIT OR Apache-2.0"),
            }));
            let linked = self.0.values().find(|it| it.name == *package);
            let linked = linked.with_context(|| format!("no package {package}"))?;
            dependencies.push(json!({ "ref": name, "dependsOn": [linked.url(), standard] }));
        }
        for it in self.0.values() {
            components.push(json!({
                "type": "library",
                "bom-ref": it.url(),
                "name": it.name,
                "version": it.version,
                "purl": it.url(),
                "licenses": licences(&it.licence),
            }));
            let needs = it.needs.iter().filter_map(|id| Some(self.0.get(id)?.url()));
            dependencies.push(json!({ "ref": it.url(), "dependsOn": needs.collect::<Vec<_>>() }));
        }
        components.push(json!({
            "type": "library",
            "bom-ref": standard,
            "name": "rust-library",
            "version": rust,
            "purl": standard,
            "description": "Rust's libraries core and alloc",
            "licenses": licences("MIT OR Apache-2.0"),
        }));
        let names: Vec<_> = files.iter().map(|(name, ..)| name).collect();
        dependencies.push(json!({ "ref": whole, "dependsOn": names }));
        let sbom = json!({
            "bomFormat": "CycloneDX",
            "specVersion": "1.5",
            "version": 1,
            "metadata": {
                "component": {
                    "type": "application",
                    "bom-ref": whole,
                    "name": "nestling",
                    "version": version,
                    "licenses": licences("MIT OR Apache-2.0"),
                },
            },
            "components": components,
            "dependencies": dependencies,
        });
        Ok(serde_json::to_string_pretty(&sbom)? + "\n")
    }
}
