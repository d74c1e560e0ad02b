//! The archive that a kernel unpacks as its first root directory: cpio's `newc` format, as the kernel's
//! `Documentation/driver-api/early-userspace/buffer-format.rst` has it.

use std::{fs, path::Path};

use anyhow::{Context, Result};

pub struct Initramfs {
    bytes: Vec<u8>,
    /// The number of the next file.
    inode: u32,
}

const DIRECTORY: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const FILE: u32 = 0o100_644;
const LINK: u32 = 0o120_777;

impl Initramfs {
    /// Directories alone: those of an ordinary system.
    pub fn new() -> Self {
        let mut archive = Self {
            bytes: Vec::new(),
            inode: 1,
        };
        for path in ["bin", "dev", "etc", "proc", "run", "sys", "tmp", "tests"] {
            archive.directory(path);
        }
        archive
    }

    pub fn directory(&mut self, path: &str) {
        self.entry(path, DIRECTORY, &[]);
    }

    pub fn program(&mut self, path: &str, from: &Path) -> Result<()> {
        let content = fs::read(from).with_context(|| format!("can't read {}", from.display()))?;
        self.entry(path, PROGRAM, &content);
        Ok(())
    }

    pub fn file(&mut self, path: &str, content: &[u8]) {
        self.entry(path, FILE, content);
    }

    pub fn link(&mut self, path: &str, target: &str) {
        self.entry(path, LINK, target.as_bytes());
    }

    pub fn write(mut self, to: &Path) -> Result<()> {
        self.entry("TRAILER!!!", 0, &[]);
        fs::write(to, self.bytes).with_context(|| format!("can't write {}", to.display()))
    }

    fn entry(&mut self, path: &str, mode: u32, content: &[u8]) {
        let (size, length) = (content.len() as u32, path.len() as u32 + 1);
        let (user, group, links, time, device) = (0, 0, 1, 0, 0);
        self.bytes.extend(b"070701");
        for number in [
            self.inode, mode, user, group, links, time, size, device, device, device, device,
            length, 0,
        ] {
            self.bytes.extend(format!("{number:08x}").bytes());
        }
        self.bytes.extend(path.bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend(content);
        self.align();
        self.inode += 1;
    }

    /// Every header and every content begins at a multiple of four.
    fn align(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}
