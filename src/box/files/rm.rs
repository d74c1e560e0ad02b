//! `rm [-fiRrdv] [file...]`: removes files (XCU 3, `rm`).

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::{Access, Errno, FileType, io, sys, terminal};

use crate::common::ask;
use crate::common::paths::base;
use crate::common::remove;
use crate::common::walk::{Visit, When};

pub const APPLET: Applet = Applet {
    name: c"rm",
    synopsis: "[-fiRrdv] [file...]",
    run,
};

struct Rm<'a> {
    call: &'a Call<'a>,
    force: bool,
    asks: bool,
    recursive: bool,
    /// `-d`: empty directories, too.
    directories: bool,
    says: bool,
}

fn run(call: &Call<'_>) -> i32 {
    rm(call).unwrap_or_else(|status| status)
}

fn rm(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("fiRrdv");
    let mut rm = Rm {
        call,
        force: false,
        asks: false,
        recursive: false,
        directories: false,
        says: false,
    };
    while let Some(letter) = options.next()? {
        match letter {
            b'f' => (rm.force, rm.asks) = (true, false),
            b'i' => (rm.force, rm.asks) = (false, true),
            b'd' => rm.directories = true,
            b'v' => rm.says = true,
            _ => rm.recursive = true,
        }
    }
    if options.operands().next().is_none() && !rm.force {
        return Ok(call.misused(b"", "an operand is missing"));
    }
    Ok(options
        .operands()
        .fold(0, |status, path| status | rm.operand(path)))
}

impl Rm<'_> {
    fn operand(&self, path: &CStr) -> i32 {
        let call = self.call;
        if matches!(base(path.to_bytes()), b"." | b"..") {
            return call.complain(path.to_bytes(), "'.' and '..' cannot be removed");
        }
        if is_root(path) {
            return call.complain(path.to_bytes(), "this is the root directory");
        }
        if !self.recursive {
            return self.file(path);
        }
        let mut status = 0;
        let removed = remove::tree(call, path, self.force, &mut |visit| {
            let confirms = self.confirms(visit);
            if confirms && visit.when != When::Before {
                status |= self.say(visit.path, visit.when == When::After);
            }
            confirms
        });
        status | removed
    }

    /// Without `-r`.
    fn file(&self, path: &CStr) -> i32 {
        let stat = match sys::file::lstat(path) {
            Ok(stat) => stat,
            Err(Errno::ENOENT | Errno::ENOTDIR) if self.force => return 0,
            Err(errno) => return self.call.fail(path, errno),
        };
        let is_link = stat.is_symlink();
        let outcome = match stat.is_dir() {
            true if !self.directories => Err(Errno::EISDIR),
            _ if !self.permits("remove", path, is_link) => return 0,
            true => sys::file::rmdir(path),
            false => sys::file::unlink(path),
        };
        match outcome {
            Ok(()) => self.say(path, stat.is_dir()),
            Err(errno) => self.call.fail(path, errno),
        }
    }

    fn confirms(&self, visit: &Visit<'_>) -> bool {
        let is_link = visit.file_type == FileType::Symlink;
        match visit.when {
            When::Before => self.permits("descend into directory", visit.path, is_link),
            When::After => {
                !self.asks || ask::confirms(self.call, "remove directory", visit.path.to_bytes())
            }
            When::Only | When::Failed(_) => self.permits("remove", visit.path, is_link),
        }
    }

    /// With `-i` always, and without `-f` for a file that cannot be written, a user at a terminal is asked.
    fn permits(&self, question: &str, path: &CStr, is_link: bool) -> bool {
        let asks = self.asks
            || !self.force
                && !is_link
                && terminal::is_terminal(io::stdin())
                && sys::file::access(path, Access::WRITE).is_err();
        !asks || ask::confirms(self.call, question, path.to_bytes())
    }

    fn say(&self, path: &CStr, is_dir: bool) -> i32 {
        let verb = match is_dir {
            true => "removed directory: ",
            false => "removed ",
        };
        match self.says {
            true => ask::report(self.call, verb, path.to_bytes(), None),
            false => 0,
        }
    }
}

/// Whether a path leads to the root directory itself, not through a link.
fn is_root(path: &CStr) -> bool {
    match (sys::file::lstat(path), sys::file::stat(c"/")) {
        (Ok(file), Ok(root)) => (file.dev(), file.ino()) == (root.dev(), root.ino()),
        _ => false,
    }
}
