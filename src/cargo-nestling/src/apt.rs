//! Debian's packages: reports or installs what is missing.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Output,
    sync::OnceLock,
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use duct::cmd;

use crate::{note, process};

/// Debian's releases, the oldest first.
pub const SUITES: [&str; 4] = ["bookworm", "trixie", "forky", "sid"];
/// Other names of the same releases, to recognise the machine's mirror.
const ALIASES: [&str; 4] = ["oldstable", "stable", "testing", "unstable"];
const MIRROR: &str = "http://deb.debian.org/debian";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Something that is needed and missing.
pub struct Missing {
    /// A description in words.
    pub what: String,
    /// The names of Debian's packages that contain it.
    pub packages: &'static [&'static str],
}

/// Finds a program on PATH.
pub fn program(name: &str, packages: &'static [&'static str]) -> Result<PathBuf, Missing> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut files = env::split_paths(&path).map(|dir| dir.join(name));
    files.find(|file| file.is_file()).ok_or_else(|| Missing {
        what: name.into(),
        packages,
    })
}

/// Finds something, and installs it if necessary.
pub fn obtain<T>(find: impl Fn() -> Result<T, Missing>) -> Result<T> {
    match find() {
        Ok(found) => return Ok(found),
        Err(Missing { what, packages }) => {
            install(packages).with_context(|| format!("{what} is missing"))?;
        }
    }
    find().map_err(|it| {
        anyhow!(
            "{} is missing, with {} installed",
            it.what,
            it.packages.join(" ")
        )
    })
}

/// Installs packages, or reports which command would install them.
fn install(packages: &[&str]) -> Result<()> {
    ensure!(!packages.is_empty(), "no Debian package contains it");
    let by_hand = format!("apt-get install {}", packages.join(" "));
    ensure!(
        program("apt-get", &[]).is_ok(),
        "on Debian, `{by_hand}` installs it"
    );
    ensure!(
        rustix::process::geteuid().is_root(),
        "`sudo {by_hand}` installs it"
    );
    // One update is enough. An update that fails for one archive may still have brought the needed lists.
    static UPDATED: OnceLock<Output> = OnceLock::new();
    if UPDATED.get().is_none() {
        let _ = UPDATED.set(apt_get(&["update"])?);
    }
    note!("{by_hand}");
    let options: &[&str] = &["install", "-y", "--no-install-recommends", "--no-remove"];
    let output = apt_get(&[options, packages].concat())?;
    if output.status.success() || install_backports(&[options, packages].concat())? {
        return Ok(());
    }
    for said in [UPDATED.get(), Some(&output)].into_iter().flatten() {
        eprint!("{}", String::from_utf8_lossy(&said.stdout));
    }
    bail!("`{by_hand}` failed")
}

/// Installs from the release's backports: a machine that already has some packages from there cannot install packages
/// of the release itself beside them. The backports are among the machine's sources for this call only.
fn install_backports(args: &[&str]) -> Result<bool> {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let codename = |line: &str| Some(line.strip_prefix("VERSION_CODENAME=")?.to_owned());
    let Some(codename) = release.lines().find_map(codename) else {
        return Ok(false);
    };
    let suite = format!("{codename}-backports");
    let sources = env::temp_dir().join(format!("nestling-{}.list", std::process::id()));
    let own = fs::read_to_string("/etc/apt/sources.list").unwrap_or_default();
    fs::write(&sources, format!("{own}\n{}", source_line(&suite, "")))?;
    let option = format!("Dir::Etc::SourceList={}", sources.display());
    note!("that failed; trying again with packages from {suite}");
    let with = |args: &[&str]| apt_get(&[&["-o", &option, "-t", &suite], args].concat());
    let installed = with(&["update"]).and_then(|_| with(args));
    fs::remove_file(sources)?;
    Ok(installed?.status.success())
}

/// Returns a line for apt's list of sources: this suite on the machine's mirror. The options are those of apt, such as
/// `target=Packages`.
pub fn source_line(suite: &str, options: &str) -> String {
    let signed = match Path::new(KEYRING).exists() {
        true => format!("signed-by={KEYRING}"),
        false => String::new(),
    };
    format!("deb [{options} {signed}] {} {suite} main\n", mirror())
}

/// Returns the address of the mirror that this machine uses.
pub fn mirror() -> String {
    let targets = cmd!(
        "apt-get",
        "indextargets",
        "--format",
        "$(RELEASE) $(REPO_URI)",
        "Identifier: Packages"
    )
    .stderr_null()
    .read()
    .unwrap_or_default();
    let mut pairs = targets.lines().filter_map(|line| line.split_once(' '));
    pairs
        .find(|(suite, _)| SUITES.contains(suite) || ALIASES.contains(suite))
        .map_or(MIRROR.into(), |(_, uri)| uri.trim_end_matches('/').into())
}

fn apt_get(args: &[&str]) -> Result<Output> {
    // A new machine may still run its own first update, which holds the lock for a while.
    let command = cmd(
        "apt-get",
        [&["-o", "DPkg::Lock::Timeout=300"], args].concat(),
    );
    let command = command.env("DEBIAN_FRONTEND", "noninteractive");
    let command = command.stdin_null().stderr_to_stdout().stdout_capture();
    process::run(&command.unchecked())
}

/// Fetches a package's source into a folder, from the machine's own mirror. Returns the path of the archive of the
/// package's authors.
pub fn source(folder: &Path, package: &str) -> Result<PathBuf> {
    // The machine's own lists contain binary packages only.
    let lists = folder.join("lists");
    fs::create_dir_all(&lists)?;
    let list = folder.join("sources.list");
    let uri = cmd!(
        "apt-get",
        "indextargets",
        "--format",
        "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    );
    let text = uri.read().context("apt has no mirror")?;
    let mirror = text.lines().next().context("apt has no mirror")?;
    fs::write(&list, format!("deb-src {mirror}\n"))?;
    let fetch = |args: &[&str]| -> Result<()> {
        let options = [
            format!("Dir::State::lists={}", lists.display()),
            format!("Dir::Etc::sourcelist={}", list.display()),
            String::from("Dir::Etc::sourceparts=/dev/null"),
        ];
        let options = options.iter().flat_map(|it| ["-o", it]);
        let output = cmd("apt-get", options.chain(args.iter().copied()))
            .dir(folder)
            .stderr_to_stdout()
            .stdout_capture()
            .unchecked()
            .run()?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "apt-get {} failed:\n{said}",
            args.join(" ")
        );
        Ok(())
    };
    fetch(&["update"])?;
    fetch(&["source", "--download-only", package])?;
    let start = format!("{package}_");
    let files = fs::read_dir(folder)?.filter_map(|file| Some(file.ok()?.path()));
    let mut archives = files.filter(|file| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&start) && name.contains(".orig.tar.") && !name.ends_with(".asc")
    });
    archives
        .next()
        .with_context(|| format!("{package} has no archive"))
}
