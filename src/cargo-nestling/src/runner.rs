//! The ways to run a program of some architecture.

use std::{ffi::OsString, fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::arch::{Arch, HOST};

/// A way to run a program.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Runner {
    /// This machine runs it itself.
    Native,
    /// An emulator of the processor runs it on this machine's kernel.
    QemuUser,
    /// It runs as a child of PID 1, on a kernel in qemu-system.
    Kernel,
    /// The same on the oldest kernel that is tested.
    OldKernel,
}

impl Runner {
    /// All runners.
    pub const ALL: [Runner; 4] = [
        Runner::Native,
        Runner::QemuUser,
        Runner::Kernel,
        Runner::OldKernel,
    ];

    /// Returns the best runner on this machine that needs no kernel of its own. The folder is for a file that is
    /// executed as a trial.
    pub fn best(cache: &Path, arch: Arch) -> Result<Runner> {
        let native = arch == HOST
            || (HOST == Arch::X86_64 && arch == Arch::I386 && kernel_runs_i386(cache)?);
        Ok(if native {
            Runner::Native
        } else {
            Runner::QemuUser
        })
    }

    /// The name that `--how` accepts.
    pub fn name(self) -> &'static str {
        match self {
            Runner::Native => "native",
            Runner::QemuUser => "qemu-user",
            Runner::Kernel => "kernel",
            Runner::OldKernel => "kernel-old",
        }
    }

    /// Returns the words that precede the program's path on the command line.
    pub fn prefix(self, arch: Arch) -> Vec<OsString> {
        match self {
            Runner::QemuUser => vec![arch.emulator().into()],
            Runner::Native | Runner::Kernel | Runner::OldKernel => Vec::new(),
        }
    }
}

/// Whether an x86_64 kernel can run i386 programs; only a trial shows that.
fn kernel_runs_i386(cache: &Path) -> Result<bool> {
    // A whole ELF file: its header, one segment, and code for `exit(0)`.
    #[rustfmt::skip]
    const PROGRAM: [u32; 23] = [
        0x464c_457f, 0x0001_0101, 0, 0, 0x0003_0002, 1, 0x0804_8054, 52, 0, 0, 0x0020_0034, 1, 0,
        1, 0, 0x0804_8000, 0x0804_8000, 92, 92, 5, 0x1000,
        0x3140_c031, 0x0080_cddb,
    ];
    let path = cache.join("exit-i386");
    let bytes: Vec<u8> = PROGRAM.iter().flat_map(|word| word.to_le_bytes()).collect();
    // A file that is being written cannot be executed, and another process may execute this one.
    if !fs::read(&path).is_ok_and(|known| known == bytes) {
        let partial = path.with_extension(std::process::id().to_string());
        fs::write(&partial, bytes)
            .and_then(|()| fs::set_permissions(&partial, fs::Permissions::from_mode(0o755)))
            .and_then(|()| fs::rename(&partial, &path))
            .with_context(|| format!("can't write {}", path.display()))?;
    }
    Ok(Command::new(path)
        .status()
        .is_ok_and(|status| status.success()))
}
