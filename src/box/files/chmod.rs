//! `chmod [-Rf] mode file...`: changes the permission bits of files (XCU 3, `chmod`).

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::{Errno, FileType, sys};

use crate::common::mode;
use crate::common::walk::{Follow, Visit, Walk, When};

pub const APPLET: Applet = Applet {
    name: c"chmod",
    synopsis: "[-Rf] mode file...",
    run,
};

struct Chmod<'a> {
    call: &'a Call<'a>,
    mode: &'a [u8],
    umask: u32,
    silent: bool,
}

/// A mode may begin with `-`, so the words are not read as those of other applets.
fn run(call: &Call<'_>) -> i32 {
    let (mut recursive, mut silent) = (false, false);
    let (mut mode, mut ended, mut files) = (None, false, 0);
    let mut misused = None;
    let words = call.args.skip(1);
    // The letters of an option; `None` for an operand.
    let letters = |word: &CStr, ended: bool| match word.to_bytes() {
        [
            b'-',
            b'r' | b'w' | b'x' | b'X' | b's' | b't' | b'u' | b'g' | b'o' | b',',
            ..,
        ] => 0,
        [b'-', letters @ ..] if !ended => letters.len(),
        _ => 0,
    };
    for word in words.iter() {
        match letters(word, ended) {
            0 if mode.is_none() => mode = Some(word),
            0 => files += 1,
            _ if word == c"--" => ended = true,
            _ if word == c"--help" => return call.options("").next().err().unwrap_or(0),
            _ => {
                for letter in word.to_bytes().iter().skip(1) {
                    match letter {
                        b'R' => recursive = true,
                        b'f' => silent = true,
                        _ => misused = Some(word),
                    }
                }
            }
        }
    }
    if let Some(word) = misused {
        return call.misused(word.to_bytes(), "no such option");
    }
    let Some(mode) = mode.filter(|_| files > 0) else {
        return call.misused(b"", "an operand is missing");
    };
    let umask = sys::file::umask(0).unwrap_or(0o22);
    let _ = sys::file::umask(umask);
    if mode::change(mode.to_bytes(), 0, false, umask).is_none() {
        return call.complain(mode.to_bytes(), "not a mode");
    }
    let chmod = Chmod {
        call,
        mode: mode.to_bytes(),
        umask,
        silent,
    };
    let (mut status, mut ended, mut is_mode) = (0, false, true);
    for word in words.iter() {
        match letters(word, ended) {
            0 if core::mem::replace(&mut is_mode, false) => {}
            0 if recursive => status |= chmod.tree(word),
            0 => status |= chmod.one(word),
            _ => ended |= word == c"--",
        }
    }
    status
}

impl Chmod<'_> {
    fn one(&self, path: &CStr) -> i32 {
        let outcome = sys::file::stat(path).and_then(|stat| {
            let mode = self.of(stat.permissions(), stat.is_dir());
            sys::file::chmod(path, mode)
        });
        match outcome {
            Ok(()) => 0,
            Err(errno) => self.fail(path, errno),
        }
    }

    /// `-R`: symbolic links in the tree are left alone.
    fn tree(&self, path: &CStr) -> i32 {
        let mut walk = match Walk::new(path, Follow::Start) {
            Ok(walk) => walk,
            Err(errno) => return self.fail(path, errno),
        };
        let mut status = 0;
        while let Some(visit) = walk.next() {
            let outcome = match visit.when {
                When::After => continue,
                When::Failed(errno) => Err(errno),
                When::Only if visit.file_type == FileType::Symlink => continue,
                // Before what is in it: the new mode may allow to read the directory.
                When::Only | When::Before => self.visit(&visit),
            };
            status |= match outcome {
                Ok(()) => 0,
                Err(errno) => self.fail(visit.path, errno),
            };
        }
        status
    }

    fn visit(&self, visit: &Visit<'_>) -> Result<(), Errno> {
        let stat = visit.stat()?;
        let mode = self.of(stat.permissions(), stat.is_dir());
        sys::file::chmodat(visit.parent, visit.name, mode)
    }

    fn of(&self, former: u32, is_dir: bool) -> u32 {
        mode::change(self.mode, former, is_dir, self.umask).unwrap_or(former)
    }

    fn fail(&self, path: &CStr, errno: Errno) -> i32 {
        match self.silent {
            true => 1,
            false => self.call.fail(path, errno),
        }
    }
}
