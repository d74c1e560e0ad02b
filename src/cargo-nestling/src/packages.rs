//! Fetches Debian's packages into a folder, without any change to this machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use duct::{Expression, cmd};

use crate::{apt, arch::Arch, kernel, note, process};

/// An apt with its own sources, lists and architecture.
pub struct Apt {
    place: PathBuf,
    options: Vec<String>,
}

impl Apt {
    /// Prepares an apt for packages of a release; `arch` is Debian's name of the architecture. The folder contains all
    /// of its files.
    pub fn new(place: &Path, arch: &str, suite: &str) -> Result<Self> {
        let place = place.join("apt").join(suite);
        for directory in ["lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(place.join(directory))
                .with_context(|| format!("can't make {}", place.display()))?;
        }
        let sources = place.join("sources.list");
        fs::write(&sources, apt::source_line(suite, "target=Packages"))?;
        let options = [
            format!("Dir::Etc::SourceList={}", sources.display()),
            "Dir::Etc::SourceParts=/dev/null".into(),
            "Dir::Etc::Preferences=/dev/null".into(),
            "Dir::Etc::PreferencesParts=/dev/null".into(),
            format!("Dir::State::Lists={}", place.join("lists").display()),
            format!("Dir::Cache={}", place.join("cache").display()),
            // Debian's containers switch this file off; without it, each command reads all lists again.
            "Dir::Cache::pkgcache=pkgcache.bin".into(),
            "Dir::State::Status=/dev/null".into(),
            format!("APT::Architecture={arch}"),
            format!("APT::Architectures={arch}"),
            "Acquire::Languages=none".into(),
            "Acquire::http::Timeout=20".into(),
            "Acquire::https::Timeout=20".into(),
            // As root, apt downloads as a user of its own, who may not be able to enter this directory.
            "APT::Sandbox::User=root".into(),
        ];
        let options = options.into_iter().flat_map(|it| ["-o".into(), it]);
        Ok(Self {
            place,
            options: options.collect(),
        })
    }

    fn command(&self, program: &str, args: &[&str]) -> Expression {
        let args = self
            .options
            .iter()
            .map(String::as_str)
            .chain(args.iter().copied());
        cmd(program, args).env("LC_ALL", "C").stdin_null()
    }

    /// Fetches the lists. Returns apt's messages, because apt's status does not show whether the lists were fetched.
    pub fn update(&self) -> Result<String> {
        let command = self.command("apt-get", &["update"]).stderr_to_stdout();
        let output = process::run(&command.stdout_capture().unchecked())?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Returns the package's description, if the package exists.
    pub fn show(&self, package: &str) -> Option<String> {
        self.command("apt-cache", &["show", "--no-all-versions", package])
            .stderr_null()
            .read()
            .ok()
            .filter(|text| !text.is_empty())
    }

    /// Downloads a package, with apt's progress on standard error.
    pub fn download(&self, package: &str) -> Result<PathBuf> {
        let files = || -> Result<Vec<PathBuf>> {
            let entries = fs::read_dir(&self.place)?;
            let paths: Vec<_> = entries.map(|it| Ok(it?.path())).collect::<Result<_>>()?;
            Ok(paths
                .into_iter()
                .filter(|path| path.extension().is_some_and(|it| it == "deb"))
                .collect())
        };
        for leftover in files()? {
            fs::remove_file(leftover)?;
        }
        let command = self.command("apt-get", &["download", package]);
        process::run(&command.dir(&self.place).stdout_to_stderr())
            .with_context(|| format!("can't download {package}"))?;
        files()?
            .pop()
            .with_context(|| format!("apt-get downloaded no {package}"))
    }
}

/// Downloads the first of these packages that a Debian release has, for this architecture. The folder `place` keeps it.
pub fn fetch(place: &Path, arch: Arch, packages: &[&str]) -> Result<PathBuf> {
    for suite in apt::SUITES {
        let apt = Apt::new(place, kernel::debian(arch).0, suite)?;
        note!("reading the list of packages of {suite}");
        apt.update()?;
        for package in packages {
            if apt.show(package).is_some() {
                return apt.download(package);
            }
        }
    }
    bail!("no package {}", packages.join(" or "))
}
