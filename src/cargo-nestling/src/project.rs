//! The project for which a command runs, as cargo reports it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail, ensure};
use duct::Expression;
use serde_json::Value;

use crate::{arch::Arch, new::Library, toolchain::cargo};

/// A package with programs that use nestling.
pub struct Project {
    /// The package's folder.
    pub root: PathBuf,
    /// The build directory; `CARGO_TARGET_DIR` is respected.
    pub target: PathBuf,
    /// The package's name.
    pub name: String,
    /// The source from which the package gets nestling.
    pub library: Library,
    /// The file with the versions of its dependencies (`Cargo.lock`).
    pub lock: PathBuf,
    /// The names of its programs.
    pub bins: Vec<String>,
    /// The name of the program that is process 1.
    pub init: Option<String>,
}

/// A profile of a build.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    /// Without optimisation, for debugging.
    Debug,
    /// With optimisation, for programs that ship.
    Release,
}

impl Profile {
    /// Cargo's folder for the profile.
    fn name(self) -> &'static str {
        match self {
            Profile::Debug => "debug",
            Profile::Release => "release",
        }
    }

    /// Cargo's option for the profile.
    pub fn arguments(self) -> &'static [&'static str] {
        match self {
            Profile::Debug => &[],
            Profile::Release => &["--release"],
        }
    }

    /// The compiler's options for the profile.
    pub fn flags(self, arch: Arch) -> String {
        match self {
            Profile::Debug => String::new(),
            Profile::Release => arch.rustflags(true),
        }
    }
}

impl Project {
    /// Returns the project whose folder contains the working directory.
    pub fn load() -> Result<Project> {
        let manifest = cargo(["locate-project", "--message-format=plain"]);
        let manifest = manifest.stderr_null().stdout_capture().unchecked().run();
        let manifest = manifest.context("can't start cargo")?;
        ensure!(
            manifest.status.success(),
            "there is no Cargo.toml here or above; `cargo nestling new NAME` makes a project"
        );
        let manifest = String::from_utf8_lossy(&manifest.stdout);
        let manifest = manifest.trim_end();
        let metadata = cargo(["metadata", "--no-deps", "--format-version=1"]);
        let metadata = metadata.read().context("`cargo metadata` failed")?;
        let metadata: Value = serde_json::from_str(&metadata)?;
        let packages = metadata["packages"].as_array().into_iter().flatten();
        let mut packages = packages.filter(|it| it["manifest_path"] == *manifest);
        let package = packages
            .next()
            .with_context(|| format!("{manifest} has no package"))?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let targets = package["targets"].as_array().into_iter().flatten();
        let bins = targets.filter(|it| it["kind"][0] == "bin");
        let bins: Vec<_> = bins.map(|it| text(&it["name"])).collect();
        let name = text(&package["name"]);
        let init = match &package["metadata"]["nestling"]["init"] {
            Value::Null | Value::Bool(false) => None,
            Value::Bool(true) => Some(name.clone()),
            Value::String(init) => Some(init.clone()),
            other => bail!("package.metadata.nestling.init is {other}: neither true nor a name"),
        };
        if let Some(init) = &init {
            let is_there = bins.contains(init);
            ensure!(
                is_there,
                "package.metadata.nestling.init: no program {init}"
            );
        }
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        let mut library = dependencies.filter(|it| it["name"] == "nestling");
        let library = library
            .next()
            .with_context(|| format!("{name} does not depend on nestling"))?;
        let library = match library["path"].as_str() {
            Some(path) => Library::Path(path.into()),
            None => Library::Version(text(&library["req"])),
        };
        let folder = Path::new(&manifest).parent().context("a folder")?;
        let root = PathBuf::from(text(&metadata["workspace_root"]));
        Ok(Project {
            root: folder.into(),
            target: text(&metadata["target_directory"]).into(),
            name,
            library,
            lock: root.join("Cargo.lock"),
            bins,
            init,
        })
    }

    /// Returns the program with this name; without a name, the only program, or the program with the project's name.
    pub fn bin(&self, name: Option<&str>) -> Result<&str> {
        let wanted = match (name, &*self.bins) {
            (Some(name), _) => name,
            (None, [only]) => only,
            (None, _) => &self.name,
        };
        let found = self.bins.iter().find(|it| *it == wanted);
        let all = || {
            format!(
                "there is no program {wanted}, only: {}",
                self.bins.join(", ")
            )
        };
        found.map(String::as_str).with_context(all)
    }

    /// Returns the path that cargo gives to a program.
    pub fn path(&self, arch: Arch, profile: Profile, bin: &str) -> PathBuf {
        let folder = self.target.join(arch.triple()).join(profile.name());
        folder.join(bin)
    }

    /// Returns a command that runs in the project's folder.
    pub fn at(&self, command: Expression) -> Expression {
        command.dir(&self.root)
    }

    /// Returns a folder in the build directory.
    pub fn scratch(&self) -> Result<PathBuf> {
        let path = self.target.join("nestling");
        fs::create_dir_all(&path).with_context(|| format!("can't make {}", path.display()))?;
        Ok(path)
    }
}

/// Returns the working directory.
pub fn here() -> Result<PathBuf> {
    env::current_dir().context("the working directory")
}
