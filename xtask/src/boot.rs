//! `cargo xtask boot`: boots a machine of some architecture on this terminal, with nestling's init as PID 1.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Result, ensure};
use cargo_nestling::{
    agent,
    console::{Shown, converse, input},
};

use cargo_nestling::{
    arch::Arch,
    initramfs::Initramfs,
    kernel::{self, Age},
    machine::Machine,
};

use crate::{
    compile::{self, Profile},
    workspace::Workspace,
};

pub fn boot(
    workspace: &Workspace,
    arch: Arch,
    kernel: Option<PathBuf>,
    append: &str,
    mut command: Vec<OsString>,
) -> Result<ExitCode> {
    if command.is_empty() {
        command.push("/bin/sh".into());
    }
    if let Some(path) = &kernel {
        ensure!(path.is_file(), "there is no kernel {}", path.display());
    }
    compile::programs(workspace, &[arch], Profile::Release, &["--quiet"])?;
    compile::started(workspace, arch, "agent")?;
    let kernel = match kernel {
        Some(path) => path,
        None => kernel::obtain(&workspace.scratch()?, arch, Age::Current)?,
    };
    let mut archive = Initramfs::new();
    rescue_system(&mut archive, workspace, arch)?;
    // The command cannot be a line of the inittab: it may contain blanks and characters that only a shell interprets.
    let agent_path = compile::path(workspace, arch, Profile::Tests, "agent");
    agent::place(&mut archive, &agent_path, &[command])?;
    let inittab = format!(
        "{INSTALL}\nconsole::wait:{}\n::once:/bin/poweroff\n",
        agent::PATH
    );
    archive.file("etc/inittab", inittab.as_bytes());
    let initramfs = workspace
        .scratch()?
        .join(format!("boot-{}.cpio", arch.name()));
    archive.write(&initramfs)?;
    let machine = Machine {
        arch,
        kernel: &kernel,
        initramfs: &initramfs,
        append,
    };
    let running = machine.start(input())?;
    let shown = match append.is_empty() {
        true => Shown::Commands,
        false => Shown::All,
    };
    let code = converse(running, shown, 1, Duration::MAX, |_| {})?;
    Ok(ExitCode::from(code))
}

/// The tests' program that acts as a service. Under the name `command`, it executes the command in `/etc/command`.
pub const SERVICE: &str = "service";

/// The line of an inittab that makes the links to the applets of `box`.
pub const INSTALL: &str = "::sysinit:/bin/box --install /bin";

/// Makes a machine of `box` alone: it is init and the shell. [`INSTALL`] makes the other links. `spawn` is there, too.
pub fn rescue_system(archive: &mut Initramfs, workspace: &Workspace, arch: Arch) -> Result<()> {
    for bin in ["box", "spawn"] {
        let path = compile::path(workspace, arch, Profile::Release, bin);
        archive.program(&format!("bin/{bin}"), &path)?;
    }
    archive.link("init", "bin/box");
    archive.link("bin/sh", "box");
    Ok(())
}

/// Puts nestling's programs at their places in every machine: init is `/init`, the others are in `/bin`.
pub fn programs(archive: &mut Initramfs, workspace: &Workspace, arch: Arch) -> Result<()> {
    for bin in compile::SHIPPED {
        let place = match bin {
            "init" => "init".into(),
            other => format!("bin/{other}"),
        };
        let path: &Path = &compile::path(workspace, arch, Profile::Release, bin);
        archive.program(&place, path)?;
    }
    for name in ["halt", "poweroff", "reboot", "switch_root"] {
        archive.link(&format!("bin/{name}"), "/init");
    }
    Ok(())
}
