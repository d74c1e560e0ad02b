//! `ln [-fsinTLPv] [-t directory] source... target`: makes links (XCU 3, `ln`).

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::{Errno, sys};

use crate::common::ask;
use crate::common::paths::{Target, c_str, is_same_name, temporary};

pub const APPLET: Applet = Applet {
    name: c"ln",
    synopsis: "[-fsinTLPv] [-t directory] source... target",
    run,
};

struct Ln<'a> {
    call: &'a Call<'a>,
    symbolic: bool,
    force: bool,
    asks: bool,
    /// `-L`: the new name is that of a symbolic link's target.
    follows: bool,
    says: bool,
}

fn run(call: &Call<'_>) -> i32 {
    ln(call).unwrap_or_else(|status| status)
}

fn ln(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("fsinTt:LPv");
    let mut target = Target {
        directory: None,
        is_file: false,
        nofollow: false,
        guards: false,
    };
    let mut ln = Ln {
        call,
        symbolic: false,
        force: false,
        asks: false,
        follows: false,
        says: false,
    };
    while let Some(letter) = options.next()? {
        match letter {
            b'f' => (ln.force, ln.asks) = (true, false),
            b'i' => (ln.force, ln.asks) = (false, true),
            b's' => ln.symbolic = true,
            b'n' => target.nofollow = true,
            b'T' => target.is_file = true,
            b't' => target.directory = Some(options.value),
            b'v' => ln.says = true,
            letter => ln.follows = letter == b'L',
        }
    }
    let operands = options.operands();
    // One operand: a link with its name in the working directory.
    if operands.clone().count() == 1 && target.directory.is_none() && !target.is_file {
        target.directory = Some(c".");
    }
    Ok(target.each(call, operands, &mut |source, path| ln.make(source, path)))
}

impl Ln<'_> {
    fn make(&self, source: &CStr, path: &CStr) -> i32 {
        let outcome = match self.link(source, path) {
            Err(Errno::EEXIST) if self.asks => {
                match ask::confirms(self.call, "replace", path.to_bytes()) {
                    true => self.replace(source, path),
                    false => return 1,
                }
            }
            Err(Errno::EEXIST) if self.force => self.replace(source, path),
            outcome => outcome,
        };
        match outcome {
            Ok(()) if self.says => {
                let arrow = if self.symbolic { " -> " } else { " => " };
                ask::report(
                    self.call,
                    "",
                    path.to_bytes(),
                    Some((arrow, source.to_bytes())),
                )
            }
            Ok(()) => 0,
            Err(errno) if sys::file::lstat(source).is_err() && !self.symbolic => {
                self.call.fail(source, errno)
            }
            Err(errno) => self.call.fail(path, errno),
        }
    }

    fn link(&self, source: &CStr, path: &CStr) -> Result<(), Errno> {
        match (self.symbolic, self.follows) {
            (true, _) => sys::file::symlink(source, path),
            (false, true) => sys::file::link_target(source, path),
            (false, false) => sys::file::link(source, path),
        }
    }

    /// Makes the link with another name, and renames it: there is no moment without the file, and if it fails, the file remains.
    fn replace(&self, source: &CStr, path: &CStr) -> Result<(), Errno> {
        if sys::file::lstat(path)?.is_dir() {
            return Err(Errno::EISDIR);
        }
        // A symbolic link to itself would take the place of the file that it should lead to.
        let old = match self.symbolic || self.follows {
            true => sys::file::stat(source),
            false => sys::file::lstat(source),
        };
        let new = sys::file::lstat(path)?;
        match old {
            Ok(old) if (old.dev(), old.ino()) == (new.dev(), new.ino()) => {
                if new.nlink() < 2 || is_same_name(source, path) {
                    return Err(Errno::EEXIST);
                }
                // The rename of a file to another name of the same file does nothing, and would leave the temporary name.
                if !self.symbolic {
                    return Ok(());
                }
            }
            Err(errno) if !self.symbolic => return Err(errno),
            Ok(_) | Err(_) => {}
        }
        let temporary = temporary(path);
        let temporary = c_str(&temporary);
        self.link(source, temporary)?;
        let renamed = sys::file::rename(temporary, path);
        if renamed.is_err() {
            // The first error is the one that matters.
            let _ = sys::file::unlink(temporary);
        }
        renamed
    }
}
