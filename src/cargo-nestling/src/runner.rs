//! The ways to run a program of some architecture.

use std::{ffi::OsString, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::arch::{Arch, HOST};

/// A way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Runner {
    /// By this machine itself.
    Native,
    /// By an emulator of the processor, on this machine's kernel.
    QemuUser,
    /// As a child of a PID 1, on a kernel in qemu-system.
    Kernel,
    /// The same on the oldest kernel that is tested.
    OldKernel,
}

impl Runner {
    /// All of them.
    pub const ALL: [Runner; 4] = [
        Runner::Native,
        Runner::QemuUser,
        Runner::Kernel,
        Runner::OldKernel,
    ];

    /// The best there is on this machine without a kernel of its own. A file for the attempt lies in the folder.
    pub fn best(cache: &Path, arch: Arch) -> Result<Runner> {
        let native = arch == HOST
            || (HOST == Arch::X86_64 && arch == Arch::I386 && kernel_runs_i386(cache)?);
        Ok(if native {
            Runner::Native
        } else {
            Runner::QemuUser
        })
    }

    /// As `--how` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Runner::Native => "native",
            Runner::QemuUser => "qemu-user",
            Runner::Kernel => "kernel",
            Runner::OldKernel => "kernel-old",
        }
    }

    /// What stands before the program's path on the command line.
    pub fn prefix(self, arch: Arch) -> Vec<OsString> {
        match self {
            Runner::QemuUser => vec![arch.emulator().into()],
            Runner::Native | Runner::Kernel | Runner::OldKernel => Vec::new(),
        }
    }
}

/// Whether an x86_64 kernel has IA32 emulation; nothing tells but an attempt.
fn kernel_runs_i386(cache: &Path) -> Result<bool> {
    // The whole of an ELF file: its header, one segment, and `exit(0)`.
    #[rustfmt::skip]
    const PROGRAM: [u32; 23] = [
        0x464c_457f, 0x0001_0101, 0, 0, 0x0003_0002, 1, 0x0804_8054, 52, 0, 0, 0x0020_0034, 1, 0,
        1, 0, 0x0804_8000, 0x0804_8000, 92, 92, 5, 0x1000,
        0x3140_c031, 0x0080_cddb,
    ];
    let path = cache.join("exit-i386");
    let bytes: Vec<u8> = PROGRAM.iter().flat_map(|word| word.to_le_bytes()).collect();
    fs::write(&path, bytes)
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("can't write {}", path.display()))?;
    Ok(Command::new(path)
        .status()
        .is_ok_and(|status| status.success()))
}
