//! Finds the candidates of a completion.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::text::Text;
use nestling::{Access, FileType, Signal, sys};

use super::word::Word;
use crate::builtins::command::RESERVED;
use crate::execution::search::DEFAULT;
use crate::expansion::tilde;
use crate::options;
use crate::shell::Shell;
use nestling_shell::expansion::pathname;
use nestling_shell::fields::Fields;
use nestling_shell::sort::sort;
use nestling_shell::symbols::Symbol;

/// The candidates for a word: names that begin with the typed text.
#[derive(Debug, Default)]
pub struct Candidates {
    /// The names in order, and the byte that follows each: `/`, `}`, a space, or 0 for none.
    pub names: Vec<(Vec<u8>, u8)>,
    /// The part of each name that is already typed, and where it begins in the line.
    pub typed: Vec<u8>,
    pub start: usize,
    /// The names are inserted without quoting.
    pub is_plain: bool,
    /// The names replace the whole word.
    pub is_whole: bool,
}

impl Candidates {
    pub fn of(shell: &mut Shell, word: &Word, line: &[u8]) -> Self {
        let mut found = Self::default();
        if let Some((start, braces)) = word.parameter {
            found.set_typed(line.get(start..).unwrap_or_default(), start);
            found.is_plain = true;
            found.variables(shell, if braces { b'}' } else { b' ' });
        } else if word.is_unknown {
        } else if let Some(tilde) = word.tilde {
            let name = word.value.get(tilde + 1..).unwrap_or_default();
            found.set_typed(name, line.len() - name.len());
            found.is_plain = true;
            tilde::users(&mut |line| {
                let name = line.split(|&byte| byte == b':').next();
                found.add(name.unwrap_or_default(), b'/');
                false
            });
        } else if word.is_pattern {
            found.start = word.start;
            found.is_whole = true;
            let mut paths = Fields::new();
            pathname::expand(&word.pattern, shell.utf8, &mut paths);
            for path in paths.iter() {
                found.add(path, if is_directory(path) { b'/' } else { b' ' });
            }
        } else {
            let before = line.get(..word.start).unwrap_or_default();
            found.words(shell, word, before);
        }
        found.sort();
        found
    }

    /// Finds words. `before` is the part of the line before the word.
    fn words(&mut self, shell: &mut Shell, word: &Word, before: &[u8]) {
        let command = word.command.as_deref().filter(|_| !word.is_target);
        let is_command = word.command.is_none() && !word.is_target && word.part == 0;
        let (value, at) = (&word.value[..], word.component.0);
        match command {
            _ if is_command && !nestling::text::contains(value, b'/') => {
                self.set_typed(value, word.start);
                self.commands(shell);
            }
            Some(b"fg" | b"bg" | b"kill" | b"wait" | b"jobs") if value.first() == Some(&b'%') => {
                self.set_typed(value, word.start);
                self.is_plain = true;
                self.jobs(shell);
            }
            Some(b"kill") if value.first() == Some(&b'-') => {
                self.set_typed(value, word.start);
                self.signals(b"-");
            }
            Some(b"kill") if before.trim_ascii_end().ends_with(b" -s") => {
                self.set_typed(value, word.start);
                self.signals(b"");
            }
            Some(b"set") if before.trim_ascii_end().ends_with(b"o") => {
                self.set_typed(value, word.start);
                options::named().for_each(|(_, _, name)| self.add(name.as_bytes(), b' '));
            }
            Some(b"alias" | b"unalias") if word.part == 0 => {
                self.set_typed(value, word.start);
                let aliases = shell.aliases.iter();
                aliases.for_each(|(name, _)| self.add(shell.symbols.name(name), b' '));
            }
            Some(b"export" | b"readonly" | b"unset" | b"local") if word.part == 0 => {
                self.set_typed(value, word.start);
                self.is_plain = true;
                self.variables(shell, b' ');
            }
            _ => {
                let only = match command {
                    _ if is_command => Only::Executable,
                    Some(b"cd" | b"rmdir") => Only::Directories,
                    _ => Only::Files,
                };
                let (_, component, _) = word.component;
                let (directory, name) = value.split_at_checked(component).unwrap_or_default();
                self.set_typed(name, at);
                // A path may begin after a `=` or `:`, as in `PATH=/bin:/usr` and `of=/dev/sda`.
                let part = word.part.min(value.len());
                if part == 0 || command.is_some() {
                    self.files(directory, only);
                }
                if part > 0 && self.names.is_empty() {
                    let name = value.get(part.max(component)..).unwrap_or_default();
                    self.set_typed(name, at);
                    self.files(directory.get(part..).unwrap_or_default(), only);
                }
            }
        }
    }

    fn set_typed(&mut self, typed: &[u8], start: usize) {
        self.typed = typed.to_vec();
        self.start = start;
    }

    fn add(&mut self, name: &[u8], end: u8) {
        if name.starts_with(&self.typed) && !name.is_empty() {
            self.names.push((name.to_vec(), end));
        }
    }

    fn variables(&mut self, shell: &Shell, end: u8) {
        for (symbol, variable) in shell.variables.iter() {
            if variable.value.is_some() {
                self.add(shell.symbols.name(symbol), end);
            }
        }
    }

    fn jobs(&mut self, shell: &Shell) {
        for slot in 0..shell.jobs.len() {
            if shell.jobs.state(slot).is_none() {
                continue;
            }
            let mut id = b"%".to_vec();
            let text = shell.jobs.text(slot);
            if self.typed.get(1).is_none_or(u8::is_ascii_digit) {
                (slot + 1).write(&mut id);
            } else {
                let name = text.split(|&byte| byte == b' ').next();
                name.unwrap_or_default().write(&mut id);
            }
            self.add(&id, b' ');
        }
    }

    fn signals(&mut self, before: &[u8]) {
        // Real-time signals have no names and are left out. Their many numbers would fill the screen.
        for name in Signal::all().filter_map(Signal::name) {
            self.add(&[before, name.as_bytes()].concat(), b' ');
        }
    }

    /// Adds the names of commands: reserved words, built-ins, functions, aliases and programs.
    fn commands(&mut self, shell: &Shell) {
        for name in RESERVED {
            self.add(name.as_bytes(), b' ');
        }
        for builtin in shell.hooks.builtins {
            self.add(builtin.name.as_bytes(), b' ');
        }
        #[cfg(feature = "applets")]
        for applet in shell.applets.iter().copied().flatten() {
            self.add(applet.name.to_bytes(), b' ');
        }
        let functions = shell.functions.iter().map(|(name, _)| name);
        for name in functions.chain(shell.aliases.iter().map(|(name, _)| name)) {
            self.add(shell.symbols.name(name), b' ');
        }
        let path = shell.variables.get(Symbol::PATH).unwrap_or(DEFAULT);
        for directory in path.split(|&byte| byte == b':') {
            let mut directory = directory.to_vec();
            if !directory.is_empty() {
                directory.push(b'/');
            }
            self.files(&directory, Only::Programs);
        }
    }

    fn files(&mut self, directory: &[u8], only: Only) {
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

    fn sort(&mut self) {
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
enum Only {
    Files,
    Directories,
    /// Programs, and directories that may contain programs.
    Executable,
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
