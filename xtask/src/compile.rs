//! `cargo xtask build`, and all other builds for a target.

use std::{env, path::PathBuf};

use anyhow::{Context, Result, ensure};
pub use cargo_nestling::build::Group;
use duct::Expression;

use cargo_nestling::arch::Arch;

use crate::{c_library, workspace::Workspace};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    Debug,
    /// The programs as they ship.
    Release,
    /// The same without link-time optimisation, for the programs of the on-target tests.
    Tests,
}

impl Profile {
    /// The word for whether the profile is optimised.
    pub fn name(self) -> &'static str {
        match self {
            Profile::Debug => "debug",
            Profile::Release | Profile::Tests => "release",
        }
    }

    /// Cargo's folder for the profile.
    fn directory(self) -> &'static str {
        match self {
            Profile::Debug => "debug",
            Profile::Release => "release",
            Profile::Tests => "tests",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Profile::Debug => &[],
            Profile::Release => &["--release"],
            Profile::Tests => &["--profile", "tests"],
        }
    }
}

/// What to build, as arguments of cargo.
pub const PROGRAMS: &[&str] = &["-p", "nestling-programs", "--no-default-features", "--bins"];
/// The only program with a heap. The other programs must be built without one.
pub const SHELL: &[&str] = &["-p", "nestling-programs", "--bin", "nestling-sh"];
/// The shell without the feature `edit`, whose size has a limit of its own.
pub const SCRIPT_SHELL: &[&str] = &[
    "-p",
    "nestling-cost",
    "--features",
    "alloc",
    "--bin",
    "cost-sh",
];
/// The utilities.
pub const BOX: &[&str] = &["-p", "nestling-box"];
/// The libraries for programs in C.
pub const C_LIBRARY: &[&str] = &["-p", "nestling-c"];
pub const TESTS: &[&str] = &["-p", "nestling-tests", "--bins"];

/// Returns the cargo command that builds for the architectures of the group.
pub fn command(
    group: &Group,
    workspace: &Workspace,
    profile: Profile,
    what: &[&str],
) -> Expression {
    let words = [&["build"], what, profile.arguments()].concat();
    let flags = |arch: Arch| match profile {
        _ if what.starts_with(C_LIBRARY) => c_library::rustflags(arch).into(),
        Profile::Debug => String::new(),
        Profile::Release | Profile::Tests => {
            let mut flags = arch.rustflags(what.starts_with(PROGRAMS));
            // With this model, a program of more than a mebibyte cannot be linked.
            let ours = [PROGRAMS, SHELL, SCRIPT_SHELL, BOX];
            if arch == Arch::Aarch64 && ours.iter().any(|it| what.starts_with(it)) {
                flags += " -Ccode-model=tiny";
            }
            if what.starts_with(BOX) {
                flags += &without_folder();
            }
            flags
        }
    };
    group.command(&words, flags).dir(&workspace.root)
}

/// Cargo's folder, in which the sources of other people's crates are.
pub fn cargo_home() -> Option<PathBuf> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cargo")))
}

/// The option for a program that another crate may make panic: the message names the file, whose path must be the same for everybody.
fn without_folder() -> String {
    match cargo_home() {
        // Cargo separates the options at blanks.
        Some(home) if !home.to_string_lossy().contains(' ') => {
            format!(" --remap-path-prefix={}=/cargo", home.display())
        }
        _ => String::new(),
    }
}

/// The programs of `src/bin`, by their names in every archive. Cargo's names for them are `nestling-NAME`.
pub const SHIPPED: [&str; 3] = ["spawn", "init", "sh"];

/// Returns the path that cargo gives to a program.
pub fn path(workspace: &Workspace, arch: Arch, profile: Profile, bin: &str) -> PathBuf {
    let file = match SHIPPED.contains(&bin) || bin == "box" {
        true => format!("nestling-{bin}"),
        false => bin.into(),
    };
    workspace
        .target
        .join(arch.triple())
        .join(profile.directory())
        .join(file)
}

/// Builds nestling's programs, with cargo's messages on standard error.
pub fn programs(
    workspace: &Workspace,
    archs: &[Arch],
    profile: Profile,
    more: &[&str],
) -> Result<()> {
    for group in Group::of(archs)? {
        for what in [PROGRAMS, SHELL, SCRIPT_SHELL, BOX] {
            let build = command(&group, workspace, profile, &[what, more].concat())
                .unchecked()
                .run()?;
            ensure!(
                build.status.success(),
                "the build for {} failed",
                group.name()
            );
        }
    }
    Ok(())
}

/// Builds a program of the tests without messages.
pub fn started(workspace: &Workspace, arch: Arch, bin: &str) -> Result<()> {
    let what = ["-p", "nestling-tests", "--bin", bin, "--quiet"];
    for group in Group::of(&[arch])? {
        let build = command(&group, workspace, Profile::Tests, &what);
        ensure!(
            build.unchecked().run()?.status.success(),
            "the build for {} failed",
            group.name()
        );
    }
    Ok(())
}

pub fn build(workspace: &Workspace, archs: &[Arch], profile: Profile) -> Result<()> {
    programs(workspace, archs, profile, &[])?;
    for &arch in archs {
        for bin in SHIPPED {
            let path = path(workspace, arch, profile, bin);
            let file =
                std::fs::metadata(&path).with_context(|| format!("no {}", path.display()))?;
            println!("{:>9}  {}", file.len(), path.display());
        }
    }
    Ok(())
}
