//! The suites that boot a machine of their own.

use std::path::Path;

use anyhow::Result;

use crate::{
    arch::Arch, debian, debian_root, disk, life, report::Outcome, typing, workspace::Workspace,
};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum MachineSuite {
    Life,
    Disk,
    Typing,
    Debian,
    DebianRoot,
}

impl MachineSuite {
    pub const ALL: [MachineSuite; 5] = [
        MachineSuite::Life,
        MachineSuite::Disk,
        MachineSuite::Typing,
        MachineSuite::Debian,
        MachineSuite::DebianRoot,
    ];

    pub fn name(self) -> &'static str {
        match self {
            MachineSuite::Life => "life",
            MachineSuite::Disk => "disk",
            MachineSuite::Typing => "typing",
            MachineSuite::Debian => "debian",
            MachineSuite::DebianRoot => "debian-root",
        }
    }

    pub fn exists_for(self, arch: Arch) -> bool {
        match self {
            MachineSuite::Life | MachineSuite::Disk | MachineSuite::Typing => true,
            MachineSuite::Debian => arch == debian::ARCH,
            MachineSuite::DebianRoot => arch == debian_root::ARCH,
        }
    }

    pub fn run(self, workspace: &Workspace, arch: Arch, kernel: &Path) -> Result<Outcome> {
        match self {
            MachineSuite::Life => life::run(workspace, arch, kernel),
            MachineSuite::Disk => disk::run(workspace, arch, kernel),
            MachineSuite::Typing => typing::run(workspace, arch, kernel),
            MachineSuite::Debian => debian::run(workspace, kernel),
            MachineSuite::DebianRoot => debian_root::run(workspace, kernel),
        }
    }
}
