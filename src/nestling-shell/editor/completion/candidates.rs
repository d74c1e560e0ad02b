//! The candidates of a completion.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::{Access, FileType, sys};

use super::word::Word;
use crate::expansion::{pathname, tilde};
use crate::fields::Fields;
use crate::sort::sort;

/// The candidates for a word: names that begin with the typed text. The text stays; the rest of a name is inserted after it.
#[derive(Debug, Default)]
pub struct Candidates {
    /// The names, and the byte that follows each: `/`, `}`, a space, or 0 for none.
    pub(super) names: Vec<(Vec<u8>, u8)>,
    /// The part of each name that is already typed, and where it begins in the line.
    pub(super) typed: Vec<u8>,
    pub(super) start: usize,
    /// The position in the line where the word begins.
    pub(super) word: usize,
    /// The quote that is open at the end of the word, and the one that was open where the word's last component begins.
    pub(super) quote: u8,
    pub(super) outer_quote: u8,
    /// The names replace the whole word.
    pub(super) is_whole: bool,
    /// Whether the names are inserted without quoting.
    pub is_plain: bool,
}

impl Candidates {
    /// Makes an empty list of candidates for a word that begins at this position in the line, and has no quotes.
    pub fn new(word: usize) -> Self {
        Self {
            word,
            ..Self::default()
        }
    }

    /// Makes an empty list of candidates for a word of a shell command.
    pub fn of_word(word: &Word) -> Self {
        Self {
            word: word.start,
            quote: word.quote,
            outer_quote: word.component.2,
            ..Self::default()
        }
    }

    /// Whether there is no candidate.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Sets the text with which the following candidates must begin, and its position in the line.
    pub fn set_typed(&mut self, typed: &[u8], start: usize) {
        self.typed = typed.to_vec();
        self.start = start;
    }

    /// Adds a name, if it begins with the typed text. `end` is the byte that follows it: `/`, `}`, a space, or 0 for none.
    pub fn add(&mut self, name: &[u8], end: u8) {
        if name.starts_with(&self.typed) && !name.is_empty() {
            self.names.push((name.to_vec(), end));
        }
    }

    /// Adds the names of users.
    pub fn add_users(&mut self) {
        tilde::users(&mut |line| {
            let name = line.split(|&byte| byte == b':').next();
            self.add(name.unwrap_or_default(), b'/');
            false
        });
    }

    /// Adds the paths that match a pattern. They replace the whole word.
    pub fn add_paths(&mut self, pattern: &[u8], utf8: bool) {
        self.start = self.word;
        self.is_whole = true;
        let mut paths = Fields::new();
        pathname::expand(pattern, utf8, &mut paths);
        for path in paths.iter() {
            self.add(path, if is_directory(path) { b'/' } else { b' ' });
        }
    }

    /// Adds the names of files in a directory, which is empty or ends with a slash.
    pub fn add_files(&mut self, directory: &[u8], only: Only) {
        let path = if directory.is_empty() {
            b"."
        } else {
            directory
        };
        if only != Only::Programs && self.typed == b".." {
            self.add(b"..", b'/');
        }
        let Ok(path) = CString::new(path) else { return };
        let Ok(mut entries) = pathname::directory(&path) else {
            return;
        };
        while let Ok(Some(entry)) = entries.next() {
            let name = entry.name.to_bytes();
            let is_hidden = name.first() == Some(&b'.') && self.typed.first() != Some(&b'.');
            if is_hidden || !name.starts_with(&self.typed) {
                continue;
            }
            let file = [directory, name].concat();
            let is_directory = match entry.file_type {
                FileType::Directory => true,
                FileType::Symlink | FileType::Unknown => is_directory(&file),
                _ => false,
            };
            let is_meant = match only {
                Only::Files => true,
                Only::Directories => is_directory,
                Only::Executable => is_directory || is_executable(&file),
                Only::Programs => !is_directory && is_executable(&file),
            };
            if is_meant {
                self.names
                    .push((name.to_vec(), if is_directory { b'/' } else { b' ' }));
            }
        }
    }

    /// Sorts the names.
    pub(super) fn sort(&mut self) {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        sort(&mut order, &|left, right| {
            self.names.get(left).cmp(&self.names.get(right))
        });
        let take = |index: usize| self.names.get_mut(index).map(core::mem::take);
        let mut names: Vec<(Vec<u8>, u8)> = order.into_iter().filter_map(take).collect();
        names.dedup_by(|one, other| one.0 == other.0);
        self.names = names;
    }
}

/// Which files are candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    /// All files.
    Files,
    /// Directories.
    Directories,
    /// Programs, and directories that may contain programs.
    Executable,
    /// Programs.
    Programs,
}

fn is_directory(path: &[u8]) -> bool {
    of_path(path, |path| {
        sys::file::stat(path).is_ok_and(|stat| stat.is_dir())
    })
}

fn is_executable(path: &[u8]) -> bool {
    of_path(path, |path| {
        sys::file::eaccess(path, Access::EXECUTE).is_ok()
    })
}

fn of_path(path: &[u8], is: fn(&CStr) -> bool) -> bool {
    CString::new(path).is_ok_and(|path| is(&path))
}
