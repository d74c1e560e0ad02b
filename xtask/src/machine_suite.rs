//! The suites that boot a machine of their own.

use std::path::Path;

use anyhow::Result;

use crate::{arch::Arch, debian, disk, life, report::Outcome, typing, workspace::Workspace};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum MachineSuite {
    Life,
    Disk,
    Typing,
    Debian,
}

impl MachineSuite {
    pub const ALL: [MachineSuite; 4] = [
        MachineSuite::Life,
        MachineSuite::Disk,
        MachineSuite::Typing,
        MachineSuite::Debian,
    ];

    pub fn name(self) -> &'static str {
        match self {
            MachineSuite::Life => "life",
            MachineSuite::Disk => "disk",
            MachineSuite::Typing => "typing",
            MachineSuite::Debian => "debian",
        }
    }

    pub fn exists_for(self, arch: Arch) -> bool {
        match self {
            MachineSuite::Life | MachineSuite::Disk | MachineSuite::Typing => true,
            MachineSuite::Debian => arch == debian::ARCH,
        }
    }

    pub fn run(self, workspace: &Workspace, arch: Arch, kernel: &Path) -> Result<Outcome> {
        match self {
            MachineSuite::Life => life::run(workspace, arch, kernel),
            MachineSuite::Disk => disk::run(workspace, arch, kernel),
            MachineSuite::Typing => typing::run(workspace, arch, kernel),
            MachineSuite::Debian => debian::run(workspace, kernel),
        }
    }
}
