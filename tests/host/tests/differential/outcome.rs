//! Describes the outcome of a situation by words that can be compared: names in place of inodes, relations in place of
//! ids.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nestling::Errno;

/// The parts of an outcome by their names: `result`, `end`, `left over`, `made`, `descriptors`, and everything else
/// that the program has reported.
pub type Outcome = BTreeMap<String, String>;

/// The folder in which a way has played its situations.
pub struct Folder {
    path: PathBuf,
    /// The names of the files that were in the folder from the beginning, by their inodes.
    names: BTreeMap<String, String>,
}

/// The real-time signals that the C libraries reserve for themselves.
const LIBRARYS_SIGNALS: u64 = 1 << 31 | 1 << 32 | 1 << 33;

impl Folder {
    pub fn new(path: PathBuf) -> Self {
        let mut names = names(&path);
        names.extend(self::names(&path.join("directory")));
        names.extend(name("/dev/null".into()));
        Self { path, names }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the outcome of situation `number`; `said` is the peer's output about it.
    pub fn outcome(&self, said: &str, number: usize) -> Outcome {
        let mut outcome = pairs(said);
        if let Some(result) = outcome.get_mut("result")
            && let Some(number) = result.strip_prefix("errno ")
        {
            let errno = number.parse().ok().and_then(Errno::from_raw);
            *result = errno.expect("an errno").name().to_string();
        }
        let ids = outcome.remove("ids").unwrap_or_default();
        let ids: Vec<&str> = ids.trim_matches(['[', ']']).split(", ").collect();
        let made = self.path.join(format!("kept/new.{number}"));
        outcome.insert("made".into(), listing(&made));
        let report = self.path.join(format!("kept/report.{number}"));
        let mut report = pairs(&fs::read_to_string(report).unwrap_or_default());
        if let Some(open) = report.remove("fds") {
            let names_of_made = names(&made);
            let open = open.split_whitespace().map(|fd| {
                let mut field = |what| {
                    report
                        .remove(&format!("{what} {fd}"))
                        .expect("a field of the report")
                };
                let (inode, flags) = (field("inode"), field("flags"));
                let name = self.names.get(&inode).or(names_of_made.get(&inode));
                format!("{fd} {} {flags}", name.map_or("other", |name| name))
            });
            outcome.insert("descriptors".into(), open.collect::<Vec<_>>().join(", "));
        }
        if let Some(ignored) = report.remove("ignored") {
            let ignored = u64::from_str_radix(&ignored, 16).expect("a set of signals");
            let parts = [
                ("ignored", !LIBRARYS_SIGNALS),
                ("the C library's, ignored", LIBRARYS_SIGNALS),
            ];
            outcome
                .extend(parts.map(|(name, mask)| (name.into(), format!("{:x}", ignored & mask))));
        }
        outcome.extend(report.into_iter().map(|(name, value)| {
            let known = ids.iter().position(|id| *id == value);
            let value = match (&*name, known) {
                ("pid" | "parent" | "group" | "session", Some(which)) => [
                    "the parent",
                    "the child",
                    "the parent's group",
                    "the parent's session",
                ][which]
                    .into(),
                _ => value.replace(self.path.to_str().expect("a plain path"), "HERE"),
            };
            (name, value)
        }));
        outcome
    }
}

fn pairs(lines: &str) -> Outcome {
    let pairs = lines.lines().filter_map(|line| line.split_once(':'));
    pairs
        .map(|(name, value)| (name.into(), value.trim().into()))
        .collect()
}

/// The names of the files in a directory, by their inodes.
fn names(directory: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    entries
        .filter_map(|entry| name(entry.expect("an entry").path()))
        .collect()
}

fn name(path: PathBuf) -> Option<(String, String)> {
    let inode = path.symlink_metadata().ok()?.ino();
    Some((inode.to_string(), path.file_name()?.to_str()?.into()))
}

/// Lists the name, mode, owner and size of each file.
fn listing(directory: &Path) -> String {
    let entries = fs::read_dir(directory).expect("a directory").map(|entry| {
        let entry = entry.expect("an entry");
        let file = entry.metadata().expect("a file");
        let (mode, owner, size) = (file.mode(), file.uid(), file.len());
        format!("{} {mode:o} {owner} {size}", entry.file_name().display())
    });
    let mut entries: Vec<_> = entries.collect();
    entries.sort();
    entries.join(", ")
}
