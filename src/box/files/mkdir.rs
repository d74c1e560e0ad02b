//! `mkdir [-pv] [-m mode] directory...`: makes directories (XCU 3, `mkdir`).

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::{Errno, sys};

use crate::common::paths::{c_str, trimmed};
use crate::common::{ask, mode};

pub const APPLET: Applet = Applet {
    name: c"mkdir",
    synopsis: "[-pv] [-m mode] directory...",
    run,
};

struct Mkdir<'a> {
    call: &'a Call<'a>,
    umask: u32,
    /// `-m`.
    mode: Option<u32>,
    says: bool,
}

fn run(call: &Call<'_>) -> i32 {
    mkdir(call).unwrap_or_else(|status| status)
}

fn mkdir(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("m:pv");
    let (mut parents, mut mode, mut says) = (false, None, false);
    while let Some(letter) = options.next()? {
        match letter {
            b'm' => mode = Some(options.value),
            b'p' => parents = true,
            _ => says = true,
        }
    }
    let umask = sys::file::umask(0).unwrap_or(0o22);
    let mode = match mode {
        None => None,
        Some(text) => match mode::change(text.to_bytes(), 0o777, true, umask) {
            None => return Ok(call.complain(text.to_bytes(), "not a mode")),
            mode => mode,
        },
    };
    let mkdir = Mkdir {
        call,
        umask,
        mode,
        says,
    };
    if options.operands().next().is_none() {
        return Ok(call.misused(b"", "an operand is missing"));
    }
    let mut status = 0;
    for path in options.operands() {
        let outcome = match parents {
            true => mkdir.with_parents(path),
            false => mkdir.make(path),
        };
        status |= outcome.unwrap_or_else(|errno| call.fail(path, errno));
    }
    Ok(status)
}

impl Mkdir<'_> {
    /// Makes the last directory. The umask of the process is 0 meanwhile, so that there is no moment at which the directory has
    /// more permissions than it gets.
    fn make(&self, path: &CStr) -> Result<i32, Errno> {
        let mode = self.mode.unwrap_or(0o777 & !self.umask);
        sys::file::mkdir(path, mode)?;
        // The kernel ignores the bits for setting ids.
        if mode & 0o7000 != 0 {
            sys::file::chmod(path, mode)?;
        }
        Ok(self.say(path))
    }

    fn with_parents(&self, path: &CStr) -> Result<i32, Errno> {
        let mut status = 0;
        let bytes = trimmed(path.to_bytes());
        for (index, _) in bytes.iter().enumerate().filter(|it| *it.1 == b'/') {
            let mut part = bytes.get(..index).unwrap_or_default().to_vec();
            if part.is_empty() || part.ends_with(b"/") {
                continue;
            }
            part.push(0);
            // Its owner can make directories in it, whatever the umask is.
            match sys::file::mkdir(c_str(&part), 0o777 & !self.umask | 0o300) {
                Ok(()) => status |= self.say(c_str(&part)),
                Err(errno) => status |= exists(c_str(&part), errno)?,
            }
        }
        Ok(status | self.make(path).or_else(|errno| exists(path, errno))?)
    }

    fn say(&self, path: &CStr) -> i32 {
        match self.says {
            true => ask::report(self.call, "created directory: ", path.to_bytes(), None),
            false => 0,
        }
    }
}

/// A directory that exists is none of the errors of `-p`. The kernel may report a file system that is read-only first.
fn exists(path: &CStr, errno: Errno) -> Result<i32, Errno> {
    match sys::file::stat(path) {
        Ok(stat) if stat.is_dir() => Ok(0),
        _ => Err(errno),
    }
}
