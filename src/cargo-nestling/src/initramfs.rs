//! A root directory, and the archive from which a kernel unpacks it, in cpio's `newc` format (see the kernel's
//! `Documentation/driver-api/early-userspace/buffer-format.rst`).

use std::{
    collections::BTreeMap,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};

/// The files of a root directory.
#[derive(Default)]
pub struct Initramfs {
    /// The files by their paths; a directory precedes its contents. Each file has a mode, which includes the
    /// type, and contents.
    files: BTreeMap<String, (u32, Vec<u8>)>,
}

/// The bits of a mode that contain the type.
pub const TYPE: u32 = 0o170_000;
/// The type of a directory.
pub const DIRECTORY: u32 = 0o040_000;
/// The type of a regular file.
pub const FILE: u32 = 0o100_000;
/// The type of a symbolic link, whose content is its target.
pub const LINK: u32 = 0o120_000;

impl Initramfs {
    /// Returns a root with the usual directories of a system, and no other files.
    pub fn new() -> Self {
        let mut archive = Self::default();
        for path in ["bin", "dev", "etc", "proc", "run", "sys"] {
            archive.directory(path);
        }
        archive.enter("tmp", DIRECTORY | 0o1777, Vec::new());
        archive
    }

    /// Adds a directory.
    pub fn directory(&mut self, path: &str) {
        self.enter(path, DIRECTORY | 0o755, Vec::new());
    }

    /// Adds an executable file that is a copy of a file of this machine.
    pub fn program(&mut self, path: &str, from: &Path) -> Result<()> {
        let content = fs::read(from).with_context(|| format!("can't read {}", from.display()))?;
        self.enter(path, FILE | 0o755, content);
        Ok(())
    }

    /// Adds a file.
    pub fn file(&mut self, path: &str, content: &[u8]) {
        self.enter(path, FILE | 0o644, content.to_vec());
    }

    /// Adds a symbolic link.
    pub fn link(&mut self, path: &str, target: &str) {
        self.enter(path, LINK | 0o777, target.as_bytes().to_vec());
    }

    /// Adds a copy of a file or a directory of this machine, with the directory's contents. Symbolic links are copied
    /// as links.
    pub fn copy(&mut self, path: &str, from: &Path) -> Result<()> {
        let what = || format!("can't read {}", from.display());
        let metadata = fs::symlink_metadata(from).with_context(what)?;
        let mode = metadata.permissions().mode() & 0o7777;
        if metadata.is_symlink() {
            let target = fs::read_link(from).with_context(what)?;
            let target = target.as_os_str().as_bytes().to_vec();
            self.enter(path, LINK | 0o777, target);
        } else if metadata.is_dir() {
            self.enter(path, DIRECTORY | mode, Vec::new());
            for entry in fs::read_dir(from).with_context(what)? {
                let entry = entry.with_context(what)?;
                let name = entry.file_name();
                let name = name.to_str();
                let name = name.with_context(|| format!("a name in {}", from.display()))?;
                self.copy(&format!("{path}/{name}"), &entry.path())?;
            }
        } else if metadata.is_file() {
            self.enter(path, FILE | mode, fs::read(from).with_context(what)?);
        } else {
            bail!("{} is no file, directory or link", from.display());
        }
        Ok(())
    }

    /// Returns the path, mode and content of each file. A directory precedes its contents.
    pub fn files(&self) -> impl Iterator<Item = (&str, u32, &[u8])> {
        let files = self.files.iter();
        files.map(|(path, (mode, content))| (&**path, *mode, &**content))
    }

    /// Returns the content of a regular file.
    pub fn content(&self, path: &str) -> Option<&[u8]> {
        let (mode, content) = self.files.get(path.trim_matches('/'))?;
        (mode & TYPE == FILE).then_some(content)
    }

    /// Whether the root may contain a file at this path: symbolic links are not followed.
    pub fn may_contain(&self, path: &str) -> bool {
        let path = path.trim_matches('/');
        let mut parents = path.match_indices('/').map(|(end, _)| &path[..end]);
        let is_link =
            |parent| matches!(self.files.get(parent), Some((mode, _)) if mode & TYPE == LINK);
        self.files.contains_key(path) || parents.any(is_link)
    }

    /// Writes the archive to a file.
    pub fn write(self, to: &Path) -> Result<()> {
        fs::write(to, self.bytes()?).with_context(|| format!("can't write {}", to.display()))
    }

    /// Returns the bytes of the archive.
    pub fn bytes(self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        // Without an entry for the root directory, all users may write to it: a tmpfs has the mode 1777.
        let root = [(".", DIRECTORY | 0o755, &[][..])];
        let end = [("TRAILER!!!", 0, &[][..])];
        let files = root.into_iter().chain(self.files()).chain(end);
        for (index, (path, mode, content)) in files.enumerate() {
            ensure!(content.len() < 1 << 32, "{path}: more than 4 GiB");
            let (inode, size) = (index as u32 + 1, content.len() as u32);
            let (user, group, links, time, device) = (0, 0, 1, 0, 0);
            let length = path.len() as u32 + 1;
            bytes.extend(b"070701");
            for number in [
                inode, mode, user, group, links, time, size, device, device, device, device,
                length, 0,
            ] {
                bytes.extend(format!("{number:08x}").bytes());
            }
            bytes.extend(path.bytes());
            bytes.push(0);
            // Each header and each content begins at a multiple of four.
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            bytes.extend(content);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        Ok(bytes)
    }

    /// Adds a file and its parent directories. It replaces an older file at this path.
    fn enter(&mut self, path: &str, mode: u32, content: Vec<u8>) {
        let path = path.trim_matches('/');
        if path.is_empty() {
            return;
        }
        for (end, _) in path.match_indices('/') {
            let parent = self.files.entry(path[..end].into());
            parent.or_insert((DIRECTORY | 0o755, Vec::new()));
        }
        self.files.insert(path.into(), (mode, content));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_adds_its_parent_directories_and_replaces_an_older_file() {
        let mut archive = Initramfs::default();
        archive.file("/a/b/c", b"first");
        archive.file("a/b/c", b"second");
        archive.link("/a-link", "a");
        let files: Vec<_> = archive.files().collect();
        let expected = [
            ("a", DIRECTORY | 0o755, &b""[..]),
            ("a-link", LINK | 0o777, b"a"),
            ("a/b", DIRECTORY | 0o755, b""),
            ("a/b/c", FILE | 0o644, b"second"),
        ];
        assert_eq!(files, expected);
    }

    #[test]
    fn only_root_may_write_to_the_root_directory_and_every_user_to_tmp() {
        let bytes = Initramfs::new().bytes().expect("an archive");
        let mode_of = |path: &str| {
            let name = format!("{path}\0");
            let at = bytes
                .windows(name.len())
                .position(|it| it == name.as_bytes());
            let header = &bytes[at.expect(path) - 110..];
            let digits = std::str::from_utf8(&header[14..22]).expect("digits");
            u32::from_str_radix(digits, 16).expect("a mode")
        };
        assert_eq!(bytes[110..112], *b".\0", "the first file is not the root");
        assert_eq!(mode_of("."), DIRECTORY | 0o755);
        assert_eq!(mode_of("tmp"), DIRECTORY | 0o1777);
    }
}
