//! `cargo xtask setup`: sees to it that everything is there which building and testing need.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use duct::cmd;

use crate::{
    apt::{self, Missing},
    arch::Arch,
    debian, kernel, machine,
    toolchain::Rust,
    workspace::{Workspace, cargo},
};

pub fn setup(workspace: &Workspace, archs: &[Arch]) -> Result<()> {
    let program = |name, packages| {
        tell(|| apt::program(name, packages).map(|path| path.display().to_string()))
    };
    let mut complete = true;
    for &arch in archs {
        let describe = |rust: Rust| format!("Rust for {}: {}", arch.name(), rust.describe());
        complete &= tell(|| Rust::find(arch).map(describe));
        complete &= program(arch.emulator(), &["qemu-user"]);
    }
    complete &= program("strace", &["strace"]);
    complete &= program("gdb", &["gdb"]);
    complete &= tell(|| component("rustfmt", "fmt"));
    complete &= tell(|| component("clippy", "clippy"));
    // Without these, what needs them is skipped.
    program("musl-gcc", &["musl-tools"]);
    program("tmux", &["tmux"]);
    // Other shells, to compare ours with.
    program("dash", &["dash"]);
    program("bash", &["bash"]);
    program("mksh", &["mksh"]);
    program("yash", &["yash"]);
    for &arch in archs {
        let emulator = tell(|| machine::emulator(arch).map(|path| path.display().to_string()));
        if emulator {
            let present = kernel::present(workspace, arch);
            tell_of_file(present, || kernel::obtain(workspace, arch));
        }
        if emulator && arch == debian::ARCH {
            tell_of_file(debian::present(workspace), || debian::obtain(workspace));
        }
    }
    ensure!(complete, "something is missing, see above");
    Ok(())
}

/// Finds or installs something, and prints which it was.
fn tell(find: impl Fn() -> Result<String, Missing>) -> bool {
    let (state, what) = match find() {
        Ok(found) => ("present", found),
        Err(_) => match apt::obtain(find) {
            Ok(found) => ("installed", found),
            Err(error) => ("missing", format!("{error:#}")),
        },
    };
    println!("{state:<10} {what}");
    state != "missing"
}

/// Fetches what is not present, and prints which it was.
fn tell_of_file(present: Option<PathBuf>, obtain: impl Fn() -> Result<PathBuf>) {
    let state = if present.is_some() {
        "present"
    } else {
        "installed"
    };
    match obtain() {
        Ok(path) => println!("{state:<10} {}", path.display()),
        Err(error) => println!("{:<10} {error:#}", "missing"),
    }
}

/// A part of Rust's toolchain that rustup's minimal profile leaves out.
fn component(name: &str, subcommand: &str) -> Result<String, Missing> {
    let works = || {
        cargo([subcommand, "--version"])
            .stdout_null()
            .stderr_null()
            .run()
            .is_ok()
    };
    let add = || {
        cmd!("rustup", "component", "add", name)
            .stdout_null()
            .stderr_null()
            .run()
    };
    if works() || (add().is_ok() && works()) {
        return Ok(name.into());
    }
    Err(Missing {
        what: format!("{name} (`rustup component add {name}`)"),
        packages: &[],
    })
}
