//! Paths: their last components, and the files that `cp`, `mv` and `ln` make.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::{Call, Operands};
use nestling::text::Text;
use nestling::{Errno, c_str, sys};

use super::names::Bytes;

/// The path without slashes at its end; a path of slashes is one slash.
pub fn trimmed(path: &[u8]) -> &[u8] {
    let mut path = path;
    while let [rest @ .., b'/'] = path
        && !rest.is_empty()
    {
        path = rest;
    }
    path
}

/// The last component of a path.
pub fn base(path: &[u8]) -> &[u8] {
    let path = trimmed(path);
    let start = path.iter().rposition(|&byte| byte == b'/');
    match path.get(start.map_or(0, |slash| slash + 1)..) {
        Some(name) if !name.is_empty() => name,
        _ => path,
    }
}

/// The path of the directory that a file is in.
pub fn parent(path: &[u8]) -> &[u8] {
    let path = trimmed(path);
    match path.iter().rposition(|&byte| byte == b'/') {
        None => b".",
        Some(slash) => trimmed(path.get(..=slash).unwrap_or_default()),
    }
}

/// Returns `directory/name` with a null byte.
pub fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = directory.to_vec();
    if !directory.is_empty() && !name.is_empty() && path.last() != Some(&b'/') {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path.push(0);
    path
}

/// The C string at the start of a buffer.
pub fn c_str(path: &[u8]) -> &CStr {
    c_str::head(path).unwrap_or_default()
}

/// Whether two paths are the same name in the same directory.
pub fn is_same_name(one: &CStr, other: &CStr) -> bool {
    let directory = |path: &CStr| {
        let path = join(parent(path.to_bytes()), b"");
        sys::file::stat(c_str(&path)).map(|it| (it.dev(), it.ino()))
    };
    base(one.to_bytes()) == base(other.to_bytes())
        && matches!((directory(one), directory(other)), (Ok(one), Ok(other)) if one == other)
}

/// A name in the same directory that no file has: `path` is made with this name first, and renamed. (A process that was killed may
/// have left the first of them.)
pub fn temporary(path: &CStr) -> Vec<u8> {
    let pid = sys::process::getpid().as_raw();
    let mut number = 0;
    loop {
        let mut name = b".box-".to_vec();
        pid.write(&mut Bytes(&mut name));
        if number > 0 {
            name.push(b'-');
            number.write(&mut Bytes(&mut name));
        }
        let name = join(parent(path.to_bytes()), &name);
        if sys::file::lstat(c_str(&name)).is_err() {
            return name;
        }
        number += 1;
    }
}

/// Where the operands of `cp`, `mv` and `ln` go.
pub struct Target<'a> {
    /// `-t`: the directory; then all operands are sources.
    pub directory: Option<&'a CStr>,
    /// `-T`: the last operand is never a directory to put files into.
    pub is_file: bool,
    /// `ln -n`: a link to a directory is not a directory.
    pub nofollow: bool,
    /// A file that this command has made is not replaced by another source of the same name: the first one would be lost.
    pub guards: bool,
}

impl Target<'_> {
    /// Calls `with` with each source and the path of the file to make. Returns the exit status.
    pub fn each(
        &self,
        call: &Call<'_>,
        operands: Operands<'_>,
        with: &mut dyn FnMut(&CStr, &CStr) -> i32,
    ) -> i32 {
        let mut sources = operands.clone().count();
        let target = match self.directory {
            Some(directory) => Some(directory),
            None => {
                sources = sources.saturating_sub(1);
                operands.clone().last()
            }
        };
        let Some(target) = target.filter(|_| sources > 0) else {
            return call.misused(b"", "an operand is missing");
        };
        let stat = match self.nofollow {
            true => sys::file::lstat(target),
            false => sys::file::stat(target),
        };
        let into = !self.is_file && matches!(&stat, Ok(stat) if stat.is_dir());
        if !into && (sources > 1 || self.directory.is_some()) {
            return match stat {
                _ if self.is_file => call.misused(b"", "too many operands"),
                Ok(_) => call.fail(target, Errno::ENOTDIR),
                Err(errno) => call.fail(target, errno),
            };
        }
        let (mut status, mut made) = (0, BTreeSet::new());
        for source in operands.take(sources) {
            if !into {
                status |= with(source, target);
                continue;
            }
            let name = match base(source.to_bytes()) {
                b".." => b".",
                name => name,
            };
            let path = join(target.to_bytes(), name);
            let is_directory = || sys::file::lstat(source).is_ok_and(|it| it.is_dir());
            if self.guards && made.contains(name) && !is_directory() {
                let why = "not replaced, because this command has just made it";
                status |= call.complain(c_str(&path).to_bytes(), why);
                continue;
            }
            match with(source, c_str(&path)) {
                0 => _ = made.insert(name.to_vec()),
                failed => status |= failed,
            }
        }
        status
    }
}
