//! The lines of `/etc/fstab`, `/proc/mounts` and `/proc/swaps` (`fstab(5)`).

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::text::{self, next_field, trim_start};
use nestling::{Errno, sys};

use super::columns::join;
use super::input;

/// A file system.
pub struct Line {
    /// The device, as a path, or a name of the file system.
    pub source: CString,
    pub target: CString,
    pub kind: CString,
    /// Options, separated by commas.
    pub options: Vec<u8>,
}

/// Returns the lines of a file. Comments and lines with fewer than two fields are left out.
pub fn lines(path: &CStr) -> Result<Vec<Line>, Errno> {
    let content = input::whole(path)?;
    let (mut rest, mut lines) = (&*content, Vec::new());
    while !rest.is_empty() {
        let mut line = next_field(&mut rest, b'\n');
        let [source, target, kind, options] = [(); 4].map(|()| {
            line = trim_start(line);
            next_field(&mut line, b' ')
        });
        if !source.starts_with(b"#") && !target.is_empty() {
            lines.push(Line {
                source: device(&unescaped(source)),
                target: join(&[&unescaped(target)]),
                kind: join(&[kind]),
                options: options.to_vec(),
            });
        }
    }
    Ok(lines)
}

/// Returns the path of a device that is named by `UUID=`, `LABEL=`, `PARTUUID=` or `PARTLABEL=`, as udev makes it; any other text
/// unchanged.
pub fn device(name: &[u8]) -> CString {
    let tags: [(&[u8], &[u8]); 4] = [
        (b"UUID=", b"/dev/disk/by-uuid/"),
        (b"LABEL=", b"/dev/disk/by-label/"),
        (b"PARTUUID=", b"/dev/disk/by-partuuid/"),
        (b"PARTLABEL=", b"/dev/disk/by-partlabel/"),
    ];
    for (tag, directory) in tags {
        if let Some(value) = text::after(name, tag) {
            let value = text::after(value, b"\"").unwrap_or(value);
            return join(&[directory, value.strip_suffix(b"\"").unwrap_or(value)]);
        }
    }
    join(&[name])
}

/// Returns the value of an option `name=value`; for an option without a value, an empty text.
pub fn option<'o>(options: &'o [u8], name: &[u8]) -> Option<&'o [u8]> {
    let mut rest = options;
    while !rest.is_empty() {
        let option = next_field(&mut rest, b',');
        match text::after(option, name) {
            Some([]) => return Some(b""),
            Some([b'=', value @ ..]) => return Some(value),
            _ => {}
        }
    }
    None
}

/// Whether a type is in a list of types, `ext4,vfat`, or not in one that begins with `no`. An empty list has every type.
pub fn has_type(list: &CStr, kind: &CStr) -> bool {
    let (mut rest, wanted) = match text::after(list.to_bytes(), b"no") {
        Some(rest) => (rest, false),
        None => (list.to_bytes(), true),
    };
    if rest.is_empty() {
        return true;
    }
    while !rest.is_empty() {
        if next_field(&mut rest, b',') == kind.to_bytes() {
            return wanted;
        }
    }
    !wanted
}

/// Replaces each backslash with three octal digits by the byte: a blank in a path is `\040`.
fn unescaped(mut word: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    while let [first, rest @ ..] = word {
        let digits = rest.get(..3).filter(|_| *first == b'\\');
        let byte = digits.and_then(|digits| text::number(digits, 8));
        bytes.push(byte.map_or(*first, |byte| byte as u8));
        word = rest
            .get(if byte.is_some() { 3 } else { 0 }..)
            .unwrap_or_default();
    }
    bytes
}

/// Returns the path without links, `.` and `..`, as `/proc/mounts` has it; the path itself if it does not exist.
pub fn resolved(path: &CStr) -> CString {
    use nestling::{AsFd, OFlags};
    let mut buffer = [0; 4096];
    let found = sys::fd::open(path, OFlags::PATH | OFlags::CLOEXEC, 0).and_then(|file| {
        let number = file.as_fd().as_raw_fd() as u64;
        let link = join(&[b"/proc/self/fd/", &super::columns::decimal(number)]);
        sys::file::readlink(&link, &mut buffer)
    });
    match found {
        Ok(length) => join(&[buffer.get(..length).unwrap_or_default()]),
        Err(_) => path.into(),
    }
}
