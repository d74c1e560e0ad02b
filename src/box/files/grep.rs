//! `grep [-EFclLnqsvixwohHrR] [-m count] [-A lines] [-B lines] [-C lines] [-e pattern] [-f file] [pattern] [file...]`: writes the lines that
//! match (XCU 3, `grep`). The regular expressions are POSIX's without back-references, with `\+`, `\?` and `\|` in basic ones, and GNU's
//! `\<`, `\>`, `\b`, `\B`, `\w`, `\W`, `\s` and `\S`. The memory that it takes is that of the longest line, and of the lines of `-B`.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::text::Text;
use nestling::{AsFd, BorrowedFd, Errno, FileType, OFlags, io, sys};
use nestling_shell::regular::Regular;

use crate::common::basic;
use crate::common::bytes::{self, Needle};
use crate::common::input::{Input, Lines};
use crate::common::output::Output;
use crate::common::walk::{Follow, Walk, When};

pub const APPLET: Applet = Applet {
    name: c"grep",
    synopsis: "[-EFclLnqsvixwohHrR] [-m count] [-A lines] [-B lines] [-C lines] [-e pattern] [-f file] [pattern] [file...]",
    run: |call| grep(call).unwrap_or_else(|status| status),
};

#[derive(Default)]
struct Grep {
    out: Output,
    patterns: Vec<Pattern>,
    counts: bool,
    lists: bool,
    /// `-L`.
    lists_others: bool,
    numbers: bool,
    quiet: bool,
    silent: bool,
    inverts: bool,
    ignores_case: bool,
    whole: bool,
    words: bool,
    only: bool,
    names: bool,
    most: u64,
    /// `-B` and `-A`: how many lines before and after a selected one are written, too.
    before: u64,
    after: u64,
    /// Whether `--` separates groups of lines, and whether one was written.
    has_groups: bool,
    has_group: bool,
    found: bool,
    /// Without operands, the paths of `-r` do not begin with `./`.
    strips: bool,
}

enum Pattern {
    Fixed(Box<Needle>),
    Regular(Regular),
}

/// What a file needs for lines around the selected ones.
#[derive(Default)]
struct Around {
    /// The last lines that were not written, without newlines; `before` at most.
    kept: VecDeque<Vec<u8>>,
    /// How many lines are written after the last selected one.
    left: u64,
    /// Whether the last line that was written is followed by the first of `kept`.
    joins: bool,
}

/// It is long because each option has an arm.
fn grep(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("EFGclLnqsvixwohHrRye:f:m:A:B:C:aI");
    options.wrong = 2;
    let (mut kind, mut texts, mut names, mut recursive) = (b'G', Vec::new(), None, None);
    let (mut has_patterns, mut before, mut after, mut around) = (false, None, None, 0);
    let mut grep = Grep {
        most: u64::MAX,
        ..Grep::default()
    };
    while let Some(letter) = options.next()? {
        let value = options.value;
        match letter {
            b'E' | b'F' | b'G' => kind = letter,
            b'c' => grep.counts = true,
            b'l' => grep.lists = true,
            b'L' => grep.lists_others = true,
            b'n' => grep.numbers = true,
            b'q' => grep.quiet = true,
            b's' => grep.silent = true,
            b'v' => grep.inverts = true,
            b'i' | b'y' => grep.ignores_case = true,
            b'x' => grep.whole = true,
            b'w' => grep.words = true,
            b'o' => grep.only = true,
            b'h' => names = Some(false),
            b'H' => names = Some(true),
            b'r' => recursive = Some(Follow::Start),
            b'R' => recursive = Some(Follow::Always),
            b'e' => {
                has_patterns = true;
                add_lines(&mut texts, value.to_bytes());
            }
            b'f' => {
                has_patterns = true;
                let mut text = Vec::new();
                let read = Input::open(value).and_then(|it| io::read_to_end(it.as_fd(), &mut text));
                if let Err(errno) = read {
                    call.fail(value, errno);
                    return Err(2);
                }
                if !text.is_empty() {
                    add_lines(&mut texts, text.strip_suffix(b"\n").unwrap_or(&text));
                }
            }
            b'm' | b'A' | b'B' | b'C' => {
                let Some(number) = nestling::text::number(value.to_bytes(), 10) else {
                    call.complain(value.to_bytes(), "not a number");
                    return Err(2);
                };
                grep.has_groups |= letter != b'm';
                match letter {
                    b'm' => grep.most = number,
                    b'A' => after = Some(number),
                    b'B' => before = Some(number),
                    _ => around = number,
                }
            }
            _ => {}
        }
    }
    (grep.before, grep.after) = (before.unwrap_or(around), after.unwrap_or(around));
    let mut operands = options.operands();
    if !has_patterns {
        let Some(pattern) = operands.next() else {
            call.misused(b"", "a pattern is missing");
            return Err(2);
        };
        add_lines(&mut texts, pattern.to_bytes());
    }
    for text in texts {
        match grep.compile(&text, kind) {
            Some(pattern) => grep.patterns.push(pattern),
            None => {
                call.complain(&text, "not a regular expression that is supported");
                return Err(2);
            }
        }
    }
    let count = operands.clone().count();
    let is_dir = |path: &CStr| sys::file::stat(path).is_ok_and(|it| it.is_dir());
    let has_tree = recursive.is_some() && operands.clone().next().is_none_or(is_dir);
    grep.names = names.unwrap_or(count > 1 || has_tree);
    grep.strips = count == 0;
    let default = (count == 0).then_some(if recursive.is_some() { c"." } else { c"-" });
    let mut status = 0;
    for path in default.into_iter().chain(operands) {
        match recursive {
            Some(follow) if path != c"-" => status |= grep.tree(call, path, follow),
            _ => {
                let outcome = Input::open(path).and_then(|input| grep.file(path, input.as_fd()));
                status |= grep.end(call, path, outcome);
            }
        }
        if grep.quiet && grep.found || grep.out.has_failed() {
            break;
        }
    }
    let status = match (grep.found, status) {
        (true, _) if grep.quiet => 0,
        (_, status @ 1..) => status,
        (found, _) => i32::from(!found),
    };
    Ok(grep.out.finish(call, status, 2))
}

fn add_lines(texts: &mut Vec<Vec<u8>>, text: &[u8]) {
    texts.extend(text.split(|&byte| byte == b'\n').map(<[u8]>::to_vec));
}

impl Grep {
    fn compile(&self, text: &[u8], kind: u8) -> Option<Pattern> {
        let mut text = text.to_vec();
        let is_fixed = kind == b'F' || !text.iter().any(|byte| b"\\.[]*^$+?(){}|".contains(byte));
        if is_fixed {
            if self.ignores_case {
                text.make_ascii_lowercase();
            }
            return Some(Pattern::Fixed(Box::new(Needle::new(&text))));
        }
        if kind == b'G' {
            text = basic::extended(&text)?;
        }
        if self.whole {
            text = [b"^(", &text[..], b")$"].concat();
        }
        basic::compile(&text, self.ignores_case).map(Pattern::Regular)
    }

    /// Reports an error about a file. Returns the exit status.
    fn end(&mut self, call: &Call<'_>, path: &CStr, outcome: Result<(), Errno>) -> i32 {
        match outcome {
            Ok(()) => 0,
            Err(_) if self.silent => 2,
            Err(errno) => {
                self.out.flush();
                call.fail(path, errno);
                2
            }
        }
    }

    fn tree(&mut self, call: &Call<'_>, path: &CStr, follow: Follow) -> i32 {
        let mut walk = match Walk::new(path, follow) {
            Ok(walk) => walk,
            Err(errno) => return self.end(call, path, Err(errno)),
        };
        let mut status = 0;
        while let Some(visit) = walk.next() {
            let outcome = match visit.when {
                When::Before | When::After => continue,
                When::Failed(errno) => Err(errno),
                // Devices and FIFOs are not read, unless they are operands.
                When::Only if visit.depth > 0 && visit.file_type != FileType::File => continue,
                When::Only => {
                    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
                    sys::fd::openat(visit.parent, visit.name, flags, 0)
                        .and_then(|file| self.file(visit.path, file.as_fd()))
                }
            };
            status |= self.end(call, visit.path, outcome);
            if self.quiet && self.found || self.out.has_failed() {
                break;
            }
        }
        status
    }

    fn file(&mut self, path: &CStr, fd: BorrowedFd<'_>) -> Result<(), Errno> {
        let mut lines = Lines::new(fd);
        let (mut number, mut count, mut around) = (0, 0, Around::default());
        // The first bytes tell whether the file is a text.
        let mut is_binary = None;
        let mut outcome = Ok(());
        'file: while count < self.most || around.left > 0 {
            let mut batch = match lines.batch() {
                Ok(None) => break,
                Ok(Some(batch)) => batch,
                Err(errno) => {
                    outcome = Err(errno);
                    break;
                }
            };
            let is_binary = *is_binary.get_or_insert_with(|| bytes::find(batch, 0).is_some());
            while !batch.is_empty() && (count < self.most || around.left > 0) {
                let (start, matches) = self.candidate(batch);
                let (before, rest) = batch.split_at_checked(start).unwrap_or_default();
                if self.numbers {
                    number += bytes::count(before, b'\n');
                }
                if rest.is_empty() {
                    break;
                }
                let end = bytes::find(rest, b'\n').unwrap_or(rest.len());
                let (line, rest) = rest.split_at_checked(end).unwrap_or_default();
                batch = rest.get(1..).unwrap_or_default();
                number += 1;
                let is_over = count == self.most;
                if is_over || !matches && self.matches(line) == self.inverts {
                    self.beside(&mut around, path, line, number);
                    continue;
                }
                (count, self.found) = (count + 1, true);
                if self.quiet || self.lists || self.lists_others {
                    break 'file;
                }
                if self.counts {
                    continue;
                }
                if is_binary {
                    self.out.write(b"grep: ");
                    self.path(path);
                    self.out.write(b": binary file matches\n");
                    break 'file;
                }
                self.before(&mut around, path, number);
                self.line(path, line, number, b":");
                if self.out.has_failed() {
                    break 'file;
                }
            }
        }
        let matched = count > 0;
        if self.quiet {
        } else if self.lists && matched || self.lists_others && !matched {
            self.path(path);
            self.out.write(b"\n");
        } else if self.counts && !self.lists && !self.lists_others {
            if self.names {
                self.path(path);
                self.out.write(b":");
            }
            count.write(&mut self.out);
            self.out.write(b"\n");
        }
        outcome
    }

    fn path(&mut self, path: &CStr) {
        self.out.write(match path.to_bytes() {
            b"-" => b"(standard input)",
            path if self.strips => path.strip_prefix(b"./").unwrap_or(path),
            path => path,
        });
    }

    /// Returns the start of the first line that may match, and whether it is known to be selected. For one fixed text, the search
    /// does not look at lines.
    fn candidate(&self, batch: &[u8]) -> (usize, bool) {
        let [Pattern::Fixed(text)] = &self.patterns[..] else {
            return (0, false);
        };
        if self.inverts || self.ignores_case || self.has_groups || text.text().is_empty() {
            return (0, false);
        }
        let Some(place) = text.find(batch) else {
            return (batch.len(), false);
        };
        let before = batch.get(..place).unwrap_or_default();
        let start = bytes::find_last(before, b'\n').map_or(0, |it| it + 1);
        (start, !self.words && !self.whole)
    }

    /// Writes a line that is not selected, or keeps it, if it is near enough to one that is.
    fn beside(&mut self, around: &mut Around, path: &CStr, line: &[u8], number: u64) {
        if around.left > 0 {
            around.left -= 1;
            return self.line(path, line, number, b"-");
        }
        if around.kept.len() as u64 == self.before {
            around.joins = false;
            if around.kept.pop_front().is_none() {
                return;
            }
        }
        around.kept.push_back(line.to_vec());
    }

    /// Writes what comes before a selected line.
    fn before(&mut self, around: &mut Around, path: &CStr, number: u64) {
        if !self.has_groups {
            return;
        }
        if core::mem::replace(&mut self.has_group, true) && !around.joins {
            self.out.write(b"--\n");
        }
        let first = number - around.kept.len() as u64;
        for (line, number) in core::mem::take(&mut around.kept).iter().zip(first..) {
            self.line(path, line, number, b"-");
        }
        (around.joins, around.left) = (true, self.after);
    }

    /// Writes a line; the separator is `-` if it is not selected.
    fn line(&mut self, path: &CStr, line: &[u8], number: u64, separator: &[u8]) {
        let mut from = 0;
        loop {
            let mut part = line;
            if self.only {
                let Some((start, end)) = self
                    .find(line, from)
                    .filter(|_| !self.inverts && separator == b":")
                else {
                    return;
                };
                from = end.max(start + 1);
                if end == start {
                    continue;
                }
                part = line.get(start..end).unwrap_or_default();
            }
            if self.names {
                self.path(path);
                self.out.write(separator);
            }
            if self.numbers {
                number.write(&mut self.out);
                self.out.write(separator);
            }
            self.out.write(part);
            self.out.write(b"\n");
            if !self.only {
                return;
            }
        }
    }

    fn matches(&mut self, line: &[u8]) -> bool {
        if self.words {
            return self.find(line, 0).is_some();
        }
        let lower = self.ignores_case.then(|| line.to_ascii_lowercase());
        let line = lower.as_deref().unwrap_or(line);
        let whole = self.whole;
        self.patterns.iter_mut().any(|pattern| match pattern {
            Pattern::Fixed(text) if whole => line == text.text(),
            Pattern::Fixed(text) => text.find(line).is_some(),
            Pattern::Regular(regular) => regular.search(line),
        })
    }

    /// The leftmost of the longest matches from an index on. With `-w`, it is no part of a longer word.
    fn find(&mut self, line: &[u8], from: usize) -> Option<(usize, usize)> {
        let lower = self.ignores_case.then(|| line.to_ascii_lowercase());
        let line = lower.as_deref().unwrap_or(line);
        let is_word = |index: usize| {
            let byte = line.get(index);
            byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        };
        let (words, whole) = (self.words, self.whole);
        for start in from..=line.len() {
            if words && start > 0 && is_word(start - 1) {
                continue;
            }
            let rest = line.get(start..).unwrap_or_default();
            let ends = self.patterns.iter_mut().filter_map(|pattern| {
                let end = match pattern {
                    Pattern::Fixed(text) if whole => {
                        (rest == text.text() && start == 0).then_some(line.len())
                    }
                    Pattern::Fixed(text) => {
                        let text = text.text();
                        rest.starts_with(text).then_some(start + text.len())
                    }
                    Pattern::Regular(regular) => {
                        regular.longest(line, start, &|end| !words || !is_word(end))
                    }
                };
                end.filter(|&end| !words || !is_word(end))
            });
            if let Some(end) = ends.max() {
                return Some((start, end));
            }
        }
        None
    }
}
