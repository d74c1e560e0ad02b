//! `pwd [-LP]`: writes the path of the working directory (XCU 3, `pwd`).

use nestling::applet::{Applet, Call};
use nestling::{Errno, sys, text};

use crate::common::output::Output;
use crate::common::paths::{c_str, join};

pub const APPLET: Applet = Applet {
    name: c"pwd",
    synopsis: "[-LP]",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    let mut options = call.options("LP");
    let mut is_logical = false;
    loop {
        match options.next() {
            Ok(Some(letter)) => is_logical = letter == b'L',
            Ok(None) => break,
            Err(status) => return status,
        }
    }
    let mut out = Output::new();
    let pwd = call
        .env
        .iter()
        .find_map(|it| text::after(it.to_bytes(), b"PWD="));
    if let Some(pwd) = pwd.filter(|pwd| is_logical && is_here(pwd)) {
        out.write(pwd);
    } else {
        let mut buffer = alloc::vec![0; 4096];
        loop {
            match sys::file::getcwd(&mut buffer) {
                Ok(path) => break out.write(path.to_bytes()),
                Err(Errno::ERANGE) => buffer.resize(buffer.len() * 2, 0),
                Err(errno) => return call.fail(c".", errno),
            }
        }
    }
    out.write(b"\n");
    out.finish(call, 0, 1)
}

/// Whether a path is absolute, has no `.` and `..`, and leads to the working directory.
fn is_here(path: &[u8]) -> bool {
    let mut parts = path.split(|&byte| byte == b'/');
    if !path.starts_with(b"/") || parts.any(|part| matches!(part, b"." | b"..")) {
        return false;
    }
    match (
        sys::file::stat(c_str(&join(path, b""))),
        sys::file::stat(c"."),
    ) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}
