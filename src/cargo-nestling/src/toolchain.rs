//! Finds the Rust toolchain that builds for an architecture, and the linker.
//!
//! Rustup's prebuilt `core` is the best source. If rustup cannot download it, a toolchain with the library's source can
//! build `core` itself; Debian has a package of such a toolchain.

use std::{env, ffi::OsString, path::PathBuf, sync::OnceLock};

use duct::{Expression, cmd};

use crate::{
    apt::{self, Missing},
    arch::{Arch, HOST},
    note, process,
};

/// The source of `core`.
#[derive(Clone, Copy, PartialEq)]
pub enum Rust {
    /// The toolchain that started this program, with the target's prebuilt `core`.
    Prebuilt,
    /// The toolchain that started this program, which builds `core` from its source.
    Source,
    /// Debian's toolchain, which builds `core` from its source.
    Debian,
}

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src"];
/// The minor version in nestling's `rust-version`. Debian also has older versions of Rust, under other names.
const DEBIAN_OLDEST_MINOR: u32 = 89;

/// The time limit for a download of some 30 MB, in seconds.
const RUSTUP_LIMIT: &str = "120";

impl Rust {
    /// Finds the toolchain that builds for the architecture.
    pub fn find(arch: Arch) -> Result<Rust, Missing> {
        linker(arch)?;
        if has_core(arch) || rustup_adds(arch) {
            Ok(Rust::Prebuilt)
        } else if has_source("rustc") {
            Ok(Rust::Source)
        } else if has_source(DEBIAN_RUSTC)
            && is_recent(DEBIAN_RUSTC)
            && PathBuf::from(DEBIAN_CARGO).exists()
        {
            Ok(Rust::Debian)
        } else {
            let target = arch.triple();
            let what =
                format!("Rust's core library for {target} (`rustup target add {target}` failed)");
            Err(Missing {
                what,
                packages: DEBIAN_PACKAGES,
            })
        }
    }

    /// Describes the toolchain in words.
    pub fn describe(self) -> &'static str {
        match self {
            Rust::Prebuilt => "prebuilt core",
            Rust::Source => "core from its source",
            Rust::Debian => "core from its source, with Debian's rustc-web",
        }
    }

    /// Returns a cargo command that builds for these architectures, for each of which `self` was found.
    pub fn cargo(self, args: &[&str], archs: &[Arch]) -> Expression {
        let mut args: Vec<OsString> = args.iter().map(OsString::from).collect();
        args.extend(
            archs
                .iter()
                .flat_map(|arch| ["--target", arch.triple()])
                .map(OsString::from),
        );
        if self != Rust::Prebuilt {
            args.push("-Zbuild-std=core,alloc,compiler_builtins".into());
        }
        let mut command = if self == Rust::Debian {
            debian_cargo(args)
        } else {
            cargo(args)
        };
        if self != Rust::Prebuilt {
            command = command.env("RUSTC_BOOTSTRAP", "1");
        }
        for &arch in archs {
            if let Ok(Some(linker)) = linker(arch) {
                command = command.env(arch.cargo_variable("LINKER"), linker);
            }
        }
        command
    }
}

/// Returns a cargo command of the toolchain that started this program.
pub fn cargo(args: impl IntoIterator<Item = impl Into<OsString>>) -> Expression {
    let command = cmd(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), args);
    if HOST == Arch::X86_64 {
        return command;
    }
    // .cargo/config.toml treats every architecture except x86_64 as a foreign one. This machine's own architecture is
    // not foreign: its build scripts and host tests need the usual linker and no emulator. The `xtask` alias does the
    // same for xtask itself.
    command
        .env(HOST.cargo_variable("LINKER"), "cc")
        .env(HOST.cargo_variable("RUNNER"), "env")
}

fn debian_cargo(args: Vec<OsString>) -> Expression {
    // Rustup's proxy and `cargo run` set variables that refer to their own toolchain.
    [
        "RUSTUP_TOOLCHAIN",
        "CARGO",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "LD_LIBRARY_PATH",
    ]
    .into_iter()
    .fold(cmd(DEBIAN_CARGO, args), |command, variable| {
        command.env_remove(variable)
    })
    .env("RUSTC", DEBIAN_RUSTC)
}

/// Returns the linker, if cargo's usual one does not work.
fn linker(arch: Arch) -> Result<Option<PathBuf>, Missing> {
    let host = rustc("rustc", &["--print", "host-tuple"]).unwrap_or_default();
    if host == arch.triple() {
        return Ok(None);
    }
    let sysroot = PathBuf::from(rustc("rustc", &["--print", "sysroot"]).unwrap_or_default());
    let rust_lld = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
    if rust_lld.exists() {
        Ok(Some(rust_lld))
    } else {
        apt::program("ld.lld", &["lld"]).map(Some)
    }
}

fn has_core(arch: Arch) -> bool {
    let libdir = rustc(
        "rustc",
        &["--print", "target-libdir", "--target", arch.triple()],
    );
    let files = libdir
        .and_then(|dir| std::fs::read_dir(dir).ok())
        .into_iter()
        .flatten()
        .flatten();
    files
        .map(|file| file.file_name())
        .any(|name| name.to_string_lossy().starts_with("libcore-"))
}

fn has_source(program: &str) -> bool {
    let sysroot = rustc(program, &["--print", "sysroot"]).map(PathBuf::from);
    sysroot.is_some_and(|path| path.join("lib/rustlib/src/rust/library/core").exists())
}

fn is_recent(program: &str) -> bool {
    let version = rustc(program, &["--version"]).unwrap_or_default();
    let minor = version.split('.').nth(1).and_then(|it| it.parse().ok());
    minor.is_some_and(|minor: u32| minor >= DEBIAN_OLDEST_MINOR)
}

fn rustc(program: &str, args: &[&str]) -> Option<String> {
    // `cargo run` adds the libraries of its own toolchain to the search path; they are not those of Debian's toolchain.
    cmd(program, args)
        .env_remove("LD_LIBRARY_PATH")
        .stderr_null()
        .read()
        .ok()
}

fn rustup_adds(arch: Arch) -> bool {
    // If the download fails for one architecture, rustup's server cannot be reached for the next one either.
    static FAILED: OnceLock<()> = OnceLock::new();
    if FAILED.get().is_some() {
        return false;
    }
    let added = cmd!(
        "timeout",
        RUSTUP_LIMIT,
        "rustup",
        "target",
        "add",
        arch.triple()
    )
    .env("RUSTUP_MAX_RETRIES", "0")
    .stdin_null()
    .stdout_null()
    .stderr_null();
    let added = process::run(&added).is_ok();
    if !(added && has_core(arch)) {
        let _ = FAILED.set(());
        return false;
    }
    note!("rustup target add {}", arch.triple());
    true
}
