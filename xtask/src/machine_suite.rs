//! The suites that boot a machine of their own.

use std::path::Path;

use anyhow::Result;

use crate::{
    arch::Arch, debian, debian_root, disk, life, manual, report::Outcome, rescue, typing,
    workspace::Workspace,
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum MachineSuite {
    Life,
    Disk,
    Typing,
    Debian,
    DebianRoot,
    Manual,
    Rescue,
}

impl MachineSuite {
    pub const ALL: [MachineSuite; 7] = [
        MachineSuite::Life,
        MachineSuite::Disk,
        MachineSuite::Typing,
        MachineSuite::Debian,
        MachineSuite::DebianRoot,
        MachineSuite::Manual,
        MachineSuite::Rescue,
    ];

    pub fn name(self) -> &'static str {
        match self {
            MachineSuite::Life => "life",
            MachineSuite::Disk => "disk",
            MachineSuite::Typing => "typing",
            MachineSuite::Debian => "debian",
            MachineSuite::DebianRoot => "debian-root",
            MachineSuite::Manual => "manual",
            MachineSuite::Rescue => "rescue",
        }
    }

    pub fn exists_for(self, arch: Arch) -> bool {
        match self {
            MachineSuite::Life
            | MachineSuite::Disk
            | MachineSuite::Typing
            | MachineSuite::Rescue => true,
            MachineSuite::Debian => arch == debian::ARCH,
            MachineSuite::DebianRoot => arch == debian_root::ARCH,
            MachineSuite::Manual => arch == manual::ARCH,
        }
    }

    pub fn run(
        self,
        workspace: &Workspace,
        arch: Arch,
        kernel: &Path,
        long: bool,
    ) -> Result<Outcome> {
        match self {
            MachineSuite::Life => life::run(workspace, arch, kernel),
            MachineSuite::Disk => disk::run(workspace, arch, kernel, long),
            MachineSuite::Typing => typing::run(workspace, arch, kernel),
            MachineSuite::Debian => debian::run(workspace, kernel),
            MachineSuite::DebianRoot => debian_root::run(workspace, kernel),
            MachineSuite::Manual => manual::run(workspace, kernel),
            MachineSuite::Rescue => rescue::run(workspace, arch, kernel),
        }
    }
}
