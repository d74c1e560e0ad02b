//! Pathname expansion: XCU 2.6.6, with the rules of 2.14.3 for patterns.

use alloc::vec;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::dir::ReadDir;
use nestling::sys::file;
use nestling::{Errno, FileType, OFlags, sys};

use crate::fields::Fields;
use crate::pattern::Pattern;
use crate::sort::{compare, sort};

/// Whether a text contains a special character of patterns: an asterisk, a question mark, or a pair of brackets.
pub fn may_be_pattern(text: &[u8]) -> bool {
    let mut is_open = false;
    text.iter().any(|byte| match byte {
        b'*' | b'?' => true,
        b'[' => {
            is_open = true;
            false
        }
        b']' => is_open,
        _ => false,
    })
}

/// A part of a path: a component that is a pattern, with the text before it.
struct Step {
    /// The text before the component, with its slashes.
    literal: Vec<u8>,
    /// The component.
    pattern: Pattern,
}

/// Appends the matching pathnames in order. Returns false if no pathname matches. A directory that cannot be read has no matches.
pub fn expand(text: &[u8], utf8: bool, out: &mut Fields) -> bool {
    let (steps, tail) = parse(text, utf8);
    if steps.is_empty() {
        return false;
    }
    let last = steps.len() - 1;
    let mut found = Fields::new();
    found.push(b"");
    for (index, step) in steps.iter().enumerate() {
        let mut next = Fields::new();
        let tail = if index == last { Some(&tail[..]) } else { None };
        for path in found.iter() {
            read(path, step, tail, &mut next);
        }
        found = next;
    }
    let paths: Vec<&[u8]> = found.iter().collect();
    let mut order: Vec<usize> = (0..paths.len()).collect();
    let path = |index: usize| paths.get(index).copied().unwrap_or_default();
    sort(&mut order, &|left, right| compare(path(left), path(right)));
    for &index in &order {
        out.push(path(index));
    }
    !order.is_empty()
}

/// Splits a path into steps. Also returns the text after the last component that is a pattern.
fn parse(text: &[u8], utf8: bool) -> (Vec<Step>, Vec<u8>) {
    let (mut steps, mut literal) = (Vec::new(), Vec::new());
    let mut rest = text;
    while !rest.is_empty() {
        // A component ends before a slash, or before a backslash that precedes a slash.
        let (mut length, mut skipped) = (0, 0);
        loop {
            match rest.get(length..).unwrap_or_default() {
                [] | [b'/', ..] => break,
                [b'\\', b'/', ..] => {
                    skipped = 1;
                    break;
                }
                [b'\\', _, ..] => length += 2,
                _ => length += 1,
            }
        }
        let (component, more) = rest.split_at_checked(length).unwrap_or_default();
        let pattern = Pattern::new(component, utf8);
        match pattern.literal() {
            Some(component) => literal.extend_from_slice(&component),
            None => steps.push(Step {
                literal: core::mem::take(&mut literal),
                pattern,
            }),
        }
        rest = more.get(skipped..).unwrap_or_default();
        if let [b'/', more @ ..] = rest {
            literal.push(b'/');
            rest = more;
        }
    }
    (steps, literal)
}

/// Opens a directory, with a large buffer so that few system calls read it.
pub fn directory(path: &CStr) -> Result<ReadDir<Vec<u8>>, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = sys::fd::open(path, flags, 0)?;
    Ok(ReadDir::with_buffer(directory, vec![0; 32 * 1024]))
}

/// Appends to `out` the paths that match in the directory `path`. `tail` is the text after the last step, or `None` if this is not
/// the last step.
fn read(path: &[u8], step: &Step, tail: Option<&[u8]>, out: &mut Fields) {
    let mut place = Fields::new();
    place.extend(path);
    place.extend(&step.literal);
    if path.is_empty() && step.literal.is_empty() {
        place.extend(b".");
    }
    place.end();
    let Some(Ok(mut directory)) = place.c_str(0).map(directory) else {
        return;
    };
    let is_end = tail.is_some_and(<[u8]>::is_empty);
    let is_slash = tail.is_some_and(|tail| tail.iter().all(|&byte| byte == b'/'));
    while let Ok(Some(entry)) = directory.next() {
        let name = entry.name.to_bytes();
        let is_directory = match entry.file_type {
            FileType::Directory => Some(true),
            FileType::Symlink | FileType::Unknown => None,
            _ => Some(false),
        };
        if name.first() == Some(&b'.') && !step.pattern.begins_with_period()
            || !is_end && is_directory == Some(false)
            || !step.pattern.matches(name)
        {
            continue;
        }
        let pieces = [path, &step.literal, name, tail.unwrap_or_default()];
        // The entry exists, since it was just read. So the whole path must be checked only if a tail follows that the entry's type
        // does not decide.
        if !is_end && tail.is_some() && !(is_slash && is_directory == Some(true)) {
            place.clear();
            pieces.iter().for_each(|piece| place.extend(piece));
            place.end();
            if place.c_str(0).is_none_or(|path| file::lstat(path).is_err()) {
                continue;
            }
        }
        pieces.iter().for_each(|piece| out.extend(piece));
        out.end();
    }
}
