//! `cargo xtask setup`: finds or installs everything that building and testing need.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use duct::cmd;

use crate::{
    apt::{self, Missing},
    arch::{Arch, HOST},
    debian, debian_root,
    kernel::{self, Age},
    machine,
    toolchain::Rust,
    workspace::{Workspace, cargo},
};

/// What is needed.
#[derive(Default)]
pub struct Needs {
    /// The architectures to build for.
    pub archs: Vec<Arch>,
    /// The architectures whose programs must run under qemu-user.
    pub emulators: Vec<Arch>,
    pub kernels: Vec<(Arch, Age)>,
    /// Whether the root of Debian is needed, which takes minutes to make.
    pub debian_root: bool,
    /// Whether the programs are needed that the tests on this machine use.
    pub host: bool,
}

impl Needs {
    /// Everything for these architectures.
    pub fn everything(archs: &[Arch]) -> Needs {
        let kernels = archs
            .iter()
            .flat_map(|&arch| Age::ALL.map(|age| (arch, age)));
        Needs {
            archs: archs.to_vec(),
            emulators: archs.to_vec(),
            kernels: kernels
                .filter(|(arch, age)| age.exists_for(*arch))
                .collect(),
            debian_root: archs.contains(&debian_root::ARCH),
            host: true,
        }
    }

    /// Sorts the lists and removes duplicates.
    pub fn in_order(&mut self) {
        self.archs.sort();
        self.archs.dedup();
        self.emulators.sort();
        self.emulators.dedup();
        self.kernels.sort();
        self.kernels.dedup();
    }
}

/// Finds or installs the programs.
pub fn setup(needs: &Needs) -> Result<()> {
    let program = |name, packages| {
        find_or_install(|| apt::program(name, packages).map(|path| path.display().to_string()))
    };
    let mut complete = true;
    for &arch in &needs.archs {
        let describe = |rust: Rust| format!("Rust for {}: {}", arch.name(), rust.describe());
        complete &= find_or_install(|| Rust::find(arch).map(describe));
    }
    for &arch in &needs.emulators {
        complete &= program(arch.emulator(), &["qemu-user"]);
    }
    complete &= find_or_install(|| component("rustfmt", "fmt"));
    complete &= find_or_install(|| component("clippy", "clippy"));
    if needs.host {
        complete &= program("strace", &["strace"]);
        complete &= program("gdb", &["gdb"]);
        complete &= program("valgrind", &["valgrind"]);
        // If one of these programs is missing, the tests that need it are skipped.
        program("musl-gcc", &["musl-tools"]);
        if HOST == Arch::X86_64 {
            find_or_install(library_of_32_bits);
        }
        program("tmux", &["tmux"]);
        program("mandoc", &["mandoc"]);
        // The utilities of others, for comparison.
        program("busybox", &["busybox-static"]);
        // Other shells, for comparison.
        program("dash", &["dash"]);
        program("bash", &["bash"]);
        program("mksh", &["mksh"]);
        program("yash", &["yash"]);
    }
    let mut machines: Vec<Arch> = needs.kernels.iter().map(|(arch, _)| *arch).collect();
    machines.dedup();
    for arch in machines {
        // Without an emulator, the tests that need it are skipped.
        find_or_install(|| machine::emulator(arch).map(|path| path.display().to_string()));
    }
    ensure!(complete, "something is missing, see above");
    Ok(())
}

/// Fetches the files that the machines need: kernels, and parts of Debian. What is missing is reported when a test needs it.
pub fn fetch_files(workspace: &Workspace, needs: &Needs) {
    let cache = &workspace.target.join("xtask");
    for &(arch, age) in &needs.kernels {
        if machine::emulator(arch).is_err() {
            continue;
        }
        let present = kernel::present(cache, arch, age);
        fetch(present, || kernel::obtain(cache, arch, age));
        if (arch, age) == (debian::ARCH, Age::Current) {
            fetch(debian::present(workspace), || debian::obtain(workspace));
        }
    }
    if needs.debian_root {
        let present = debian_root::present(workspace);
        fetch(present, || debian_root::obtain(workspace));
    }
}

/// Finds or installs something, and prints which of the two it did.
fn find_or_install(find: impl Fn() -> Result<String, Missing>) -> bool {
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

/// Fetches a file that is not present, and prints which of the two it was.
fn fetch(present: Option<PathBuf>, obtain: impl Fn() -> Result<PathBuf>) {
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

/// A C library for i386, with which a test of this machine is linked.
fn library_of_32_bits() -> Result<String, Missing> {
    let find = cmd!("cc", "-m32", "-print-file-name=libgcc_s.so").stderr_null();
    // Without the 32-bit library, `cc` finds the 64-bit one.
    let found = find.read().unwrap_or_default();
    let what = String::from("a C library of 32 bits");
    match found.contains("/32/") {
        true => Ok(what),
        false => Err(Missing {
            what,
            packages: &["gcc-multilib"],
        }),
    }
}

/// Whether cargo has this subcommand.
pub fn works(subcommand: &str) -> bool {
    let command = cargo([subcommand, "--version"]);
    command.stdout_null().stderr_null().run().is_ok()
}

/// Finds or installs a component of Rust's toolchain that rustup's minimal profile leaves out.
fn component(name: &str, subcommand: &str) -> Result<String, Missing> {
    let add = || {
        cmd!("rustup", "component", "add", name)
            .stdout_null()
            .stderr_null()
            .run()
    };
    if works(subcommand) || (add().is_ok() && works(subcommand)) {
        return Ok(name.into());
    }
    Err(Missing {
        what: format!("{name} (`rustup component add {name}`)"),
        packages: &[],
    })
}
