//! The ways to run a program of some architecture on this machine.

use std::{ffi::OsString, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::{
    arch::{Arch, HOST},
    workspace::Workspace,
};

#[derive(Clone, Copy, PartialEq)]
pub enum How {
    Native,
    QemuUser,
}

impl How {
    /// The best there is.
    pub fn best(workspace: &Workspace, arch: Arch) -> Result<How> {
        let native = arch == HOST
            || (HOST == Arch::X86_64 && arch == Arch::I386 && kernel_runs_i386(workspace)?);
        Ok(if native { How::Native } else { How::QemuUser })
    }

    pub fn name(self) -> &'static str {
        match self {
            How::Native => "native",
            How::QemuUser => "qemu-user",
        }
    }

    /// The command line, of which the program's own arguments are the rest.
    pub fn command(self, arch: Arch, program: &Path) -> Vec<OsString> {
        match self {
            How::Native => vec![program.into()],
            How::QemuUser => vec![arch.emulator().into(), program.into()],
        }
    }
}

/// Whether an x86_64 kernel has IA32 emulation; nothing tells but an attempt.
fn kernel_runs_i386(workspace: &Workspace) -> Result<bool> {
    // The whole of an ELF file: its header, one segment, and `exit(0)`.
    #[rustfmt::skip]
    const PROGRAM: [u32; 23] = [
        0x464c_457f, 0x0001_0101, 0, 0, 0x0003_0002, 1, 0x0804_8054, 52, 0, 0, 0x0020_0034, 1, 0,
        1, 0, 0x0804_8000, 0x0804_8000, 92, 92, 5, 0x1000,
        0x3140_c031, 0x0080_cddb,
    ];
    let path = workspace.scratch()?.join("exit-i386");
    let bytes: Vec<u8> = PROGRAM.iter().flat_map(|word| word.to_le_bytes()).collect();
    fs::write(&path, bytes)
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("can't write {}", path.display()))?;
    Ok(Command::new(path)
        .status()
        .is_ok_and(|status| status.success()))
}
