//! A tree of files, and the archives that are made of it. The same tree makes the same bytes, on any day, for any user.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

/// What has a path in a tree.
enum Entry {
    File { mode: u32, content: Vec<u8> },
    Link { target: String },
}

/// Files and symbolic links by their paths, which are relative and in their order. The folders follow from the paths.
#[derive(Default)]
pub struct Tree(BTreeMap<String, Entry>);

const DIRECTORY: u32 = 0o755;

impl Tree {
    /// Adds a file that everybody may read.
    pub fn file(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.add(path, 0o644, content);
    }

    /// Adds a file that everybody may execute.
    pub fn program(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>) {
        self.add(path, 0o755, content);
    }

    fn add(&mut self, path: impl Into<String>, mode: u32, content: impl Into<Vec<u8>>) {
        let content = content.into();
        self.0.insert(path.into(), Entry::File { mode, content });
    }

    /// Adds a symbolic link.
    pub fn link(&mut self, path: impl Into<String>, target: impl Into<String>) {
        let target = target.into();
        self.0.insert(path.into(), Entry::Link { target });
    }

    /// The paths and contents of all files.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().filter_map(|(path, entry)| match entry {
            Entry::File { content, .. } => Some((&**path, &**content)),
            Entry::Link { .. } => None,
        })
    }

    /// The sums of all files, in the form that `sha256sum --check` reads.
    pub fn sums(&self) -> String {
        let lines = self.files();
        lines.map(|(path, content)| sum(path, content)).collect()
    }

    /// Makes a compressed archive, with all paths in the folder `root`. `date` is in seconds since 1970.
    pub fn tar_gz(&self, root: &str, date: u64) -> Result<Vec<u8>> {
        // No name and no date.
        let compressed = GzBuilder::new().write(Vec::new(), Compression::best());
        let mut archive = Builder::new(compressed);
        let mut append = |path: &str, kind, mode, content: &[u8], target: &str| -> Result<()> {
            let mut header = Header::new_ustar();
            header.set_entry_type(kind);
            header.set_mode(mode);
            header.set_uid(0);
            header.set_gid(0);
            header.set_mtime(date);
            header.set_size(content.len() as u64);
            let path = format!("{root}/{path}");
            match target {
                "" => archive.append_data(&mut header, path, content)?,
                target => archive.append_link(&mut header, path, target)?,
            }
            Ok(())
        };
        append("", EntryType::Directory, DIRECTORY, &[], "")?;
        for folder in self.folders() {
            append(&folder, EntryType::Directory, DIRECTORY, &[], "")?;
        }
        for (path, entry) in &self.0 {
            match entry {
                Entry::File { mode, content } => {
                    append(path, EntryType::Regular, *mode, content, "")?;
                }
                Entry::Link { target } => append(path, EntryType::Symlink, 0o777, &[], target)?,
            }
        }
        Ok(archive.into_inner()?.finish()?)
    }

    /// Writes the files into a new folder, with these permissions whatever the umask is.
    pub fn write(&self, folder: &Path) -> Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        let permit = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))
                .with_context(|| format!("can't write {}", path.display()))
        };
        fs::create_dir_all(folder)?;
        permit(folder, DIRECTORY)?;
        for name in self.folders() {
            fs::create_dir(folder.join(&name))?;
            permit(&folder.join(&name), DIRECTORY)?;
        }
        for (path, entry) in &self.0 {
            let path = folder.join(path);
            match entry {
                Entry::File { mode, content } => {
                    fs::write(&path, content)?;
                    permit(&path, *mode)?;
                }
                Entry::Link { target } => symlink(target, &path)?,
            }
        }
        Ok(())
    }

    /// All folders, each before what is in it.
    fn folders(&self) -> Vec<String> {
        let mut folders: Vec<_> = self
            .0
            .keys()
            .flat_map(|path| path.match_indices('/').map(|(end, _)| path[..end].into()))
            .collect();
        folders.sort();
        folders.dedup();
        folders
    }
}

/// A file's line of the sums.
pub fn sum(name: &str, content: &[u8]) -> String {
    format!("{}  {name}\n", digest(content))
}

/// The SHA-256 sum, in hexadecimal digits.
pub fn digest(content: &[u8]) -> String {
    let digest = Sha256::digest(content);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A file compressed by gzip, without a name and a date.
pub fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut compressed = GzBuilder::new().write(Vec::new(), Compression::best());
    std::io::Write::write_all(&mut compressed, content)?;
    Ok(compressed.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn an_archive_has_root_as_owner_and_no_date_but_the_given_one() {
        let mut tree = Tree::default();
        tree.link("b/link", "../a/program");
        tree.program("a/program", *b"program");
        tree.file("a/text", *b"text");
        let archive = tree.tar_gz("root", 86_400).expect("an archive");
        assert_eq!(archive[3..8], [0; 5], "a flag, or a date");

        let mut archive = tar::Archive::new(GzDecoder::new(&archive[..]));
        let mut found = Vec::new();
        for entry in archive.entries().expect("entries") {
            let mut entry = entry.expect("an entry");
            let mut content = String::new();
            entry.read_to_string(&mut content).expect("text");
            let header = entry.header();
            assert_eq!(header.uid().expect("a user"), 0);
            assert_eq!(header.gid().expect("a group"), 0);
            assert_eq!(header.username().expect("text"), Some(""));
            assert_eq!(header.mtime().expect("a date"), 86_400);
            let path = entry.path().expect("a path").display().to_string();
            found.push(format!(
                "{:o} {path} {content}",
                header.mode().expect("a mode")
            ));
        }
        let expected = [
            "755 root/ ",
            "755 root/a ",
            "755 root/b ",
            "755 root/a/program program",
            "644 root/a/text text",
            "777 root/b/link ",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_sum_is_the_one_of_sha256sum() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  abc\n";
        assert_eq!(sum("abc", b"abc"), expected);
    }
}
