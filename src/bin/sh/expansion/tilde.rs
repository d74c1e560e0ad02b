//! Tilde expansion: XCU 2.6.1.

use alloc::vec::Vec;

use nestling::AsFd;
use nestling::io::Reader;
use nestling::{OFlags, sys};

use crate::shell::Shell;
use crate::symbols::Symbol;

/// Adds the home directory that `~name` stands for, or if there is none, that itself.
pub fn expand(shell: &Shell, name: &[u8], is_before_slash: bool, out: &mut Vec<u8>) {
    let directory = if name.is_empty() {
        shell.variables.get(Symbol::HOME).map(<[u8]>::to_vec)
    } else {
        home_of(name)
    };
    match directory.as_deref() {
        // The slash that follows is enough.
        Some([directory @ .., b'/']) if is_before_slash => out.extend_from_slice(directory),
        Some(directory) => out.extend_from_slice(directory),
        None => {
            out.push(b'~');
            out.extend_from_slice(name);
        }
    }
}

/// A user's home directory: the sixth field of the user's line in `/etc/passwd`.
fn home_of(user: &[u8]) -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let file = sys::fd::open(c"/etc/passwd", flags, 0).ok()?;
    let mut reader = Reader::new(file.as_fd());
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        let mut fields = line.split(|&byte| byte == b':' || byte == b'\n');
        if fields.next() == Some(user) {
            return fields.nth(4).map(<[u8]>::to_vec);
        }
    }
}
