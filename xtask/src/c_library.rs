//! `cargo xtask build --c-abi`: builds the package `nestling-c` in the form that programs in C need.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use anyhow::{Context, Result, ensure};

use cargo_nestling::arch::Arch;

use crate::{
    compile::{C_LIBRARY, Group, Profile, command, path},
    workspace::Workspace,
};

/// The names under which the linker and the loader look for the libraries, and cargo's names for them.
const LIBRARIES: [(&str, &str); 2] = [
    ("libnestling.so.0", "libnestling_c.so"),
    ("libnestling.a", "libnestling_c.a"),
];

/// The flags for compiling the libraries: the loader chooses their address.
pub fn rustflags(arch: Arch) -> &'static str {
    match arch {
        // Without this flag, each atomic exchange calls a function that reads the processor's features.
        Arch::Aarch64 => "-Crelocation-model=pic -Ctarget-feature=-outline-atomics",
        Arch::X86_64 | Arch::Riscv64 | Arch::I386 => "-Crelocation-model=pic",
    }
}

/// Builds the libraries.
pub fn compile(workspace: &Workspace, archs: &[Arch], profile: Profile) -> Result<()> {
    for group in Group::of(archs)? {
        let build = command(&group, workspace, profile, C_LIBRARY).unchecked();
        ensure!(
            build.run()?.status.success(),
            "the build for {} failed",
            group.name()
        );
    }
    Ok(())
}

/// Builds the libraries, copies them and the header into a folder for each architecture, and prints their paths and
/// sizes.
pub fn build(workspace: &Workspace, archs: &[Arch], profile: Profile) -> Result<()> {
    compile(workspace, archs, profile)?;
    for &arch in archs {
        let folder = path(workspace, arch, profile, "c");
        fs::create_dir_all(&folder)?;
        for (name, cargos) in LIBRARIES {
            put(path(workspace, arch, profile, cargos), folder.join(name))?;
        }
        let header = workspace.root.join("src/c/nestling.h");
        put(header, folder.join("nestling.h"))?;
        let link = folder.join("libnestling.so");
        if !link.exists() {
            symlink("libnestling.so.0", link)?;
        }
    }
    Ok(())
}

fn put(from: PathBuf, to: PathBuf) -> Result<()> {
    let size = fs::copy(&from, &to).with_context(|| format!("no {}", from.display()))?;
    println!("{size:>9}  {}", to.display());
    Ok(())
}
