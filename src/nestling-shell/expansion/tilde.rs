//! Tilde expansion: XCU 2.6.1.

use alloc::vec::Vec;

use nestling::AsFd;
use nestling::io::Reader;
use nestling::{OFlags, sys};

use super::host::Host;
use crate::symbols::Symbol;

/// Appends the home directory that `~name` stands for, or `~name` itself if the user or the variable does not exist. `~+` and `~-`
/// are PWD and OLDPWD, as in other shells.
pub fn expand<H: Host>(host: &H, name: &[u8], is_before_slash: bool, out: &mut Vec<u8>) {
    let variable = match name {
        b"" => Some(Symbol::HOME),
        b"+" => Some(Symbol::PWD),
        b"-" => Some(Symbol::OLDPWD),
        _ => None,
    };
    let directory = match variable {
        Some(name) => host.stored(name).map(<[u8]>::to_vec),
        None => home_of(name),
    };
    match directory.as_deref() {
        // The slash that follows in the word replaces the directory's own slash.
        Some([directory @ .., b'/']) if is_before_slash => out.extend_from_slice(directory),
        Some(directory) => out.extend_from_slice(directory),
        None => {
            out.push(b'~');
            out.extend_from_slice(name);
        }
    }
}

/// Returns a user's home directory: the sixth field of the user's line in `/etc/passwd`.
fn home_of(user: &[u8]) -> Option<Vec<u8>> {
    let mut home = None;
    users(&mut |line| {
        let mut fields = line.split(|&byte| byte == b':');
        if fields.next() != Some(user) {
            return false;
        }
        home = fields.nth(4).map(<[u8]>::to_vec);
        true
    });
    home
}

/// Calls `is_enough` with each line of `/etc/passwd` until it returns true.
pub fn users(is_enough: &mut dyn FnMut(&[u8]) -> bool) {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let Ok(file) = sys::fd::open(c"/etc/passwd", flags, 0) else {
        return;
    };
    let mut reader = Reader::new(file.as_fd());
    let mut line = Vec::new();
    while let Ok(1..) = reader.read_until(b'\n', &mut line)
        && !is_enough(line.strip_suffix(b"\n").unwrap_or(&line))
    {
        line.clear();
    }
}
