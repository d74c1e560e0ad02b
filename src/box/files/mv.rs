//! `mv [-finuvT] [-t directory] source... target`: renames files (XCU 3, `mv`). To another file system, a file is copied to a
//! temporary name, which becomes the target's when the copy is complete; then the source is removed.

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::{Access, AsFd, Errno, OFlags, Stat, io, sys, terminal};

use crate::common::ask;
use crate::common::copy::{Copier, Copying};
use crate::common::paths::{Target, c_str, is_same_name, join, parent, temporary};
use crate::common::remove;
use crate::common::walk::Follow;

pub const APPLET: Applet = Applet {
    name: c"mv",
    synopsis: "[-finuvT] [-t directory] source... target",
    run,
};

const SAME: &str = "source and target are the same file";

struct Mv<'a> {
    call: &'a Call<'a>,
    /// The last of `-f`, `-i` and `-n`.
    last: Option<u8>,
    update: bool,
    says: bool,
}

fn run(call: &Call<'_>) -> i32 {
    mv(call).unwrap_or_else(|status| status)
}

fn mv(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("finuvTt:");
    let mut target = Target {
        directory: None,
        is_file: false,
        nofollow: false,
        guards: true,
    };
    let mut mv = Mv {
        call,
        last: None,
        update: false,
        says: false,
    };
    while let Some(letter) = options.next()? {
        match letter {
            b'u' => mv.update = true,
            b'v' => mv.says = true,
            b'T' => target.is_file = true,
            b't' => target.directory = Some(options.value),
            letter => mv.last = Some(letter),
        }
    }
    target.guards = mv.last != Some(b'n');
    Ok(target.each(call, options.operands(), &mut |source, path| {
        mv.one(source, path)
    }))
}

impl Mv<'_> {
    fn one(&self, source: &CStr, path: &CStr) -> i32 {
        let from = match sys::file::lstat(source) {
            Ok(from) => from,
            Err(errno) => return self.call.fail(source, errno),
        };
        if let Ok(to) = sys::file::lstat(path) {
            let is_target = |from: &Stat| (from.dev(), from.ino()) == (to.dev(), to.ino());
            if self.last != Some(b'n') && is_target(&from) {
                return self.same(source, path);
            }
            // The link would take the place of the file that it leads to.
            if self.last != Some(b'n')
                && from.is_symlink()
                && sys::file::stat(source).is_ok_and(|it| is_target(&it))
            {
                return self.call.complain(source.to_bytes(), SAME);
            }
            let asks = match self.last {
                Some(b'n') => return 0,
                _ if self.update && !from.is_dir() && from.mtime() <= to.mtime() => return 0,
                Some(b'i') => true,
                Some(_) => false,
                None => {
                    !to.is_symlink()
                        && terminal::is_terminal(io::stdin())
                        && sys::file::access(path, Access::WRITE).is_err()
                }
            };
            if asks && !ask::confirms(self.call, "replace", path.to_bytes()) {
                return 0;
            }
        }
        let status = match sys::file::rename(source, path) {
            Ok(()) => 0,
            Err(Errno::EXDEV) => self.to_other_file_system(source, path),
            Err(Errno::EINVAL) if from.is_dir() => self
                .call
                .complain(source.to_bytes(), "a directory cannot be moved into itself"),
            Err(errno) => self.call.fail(path, errno),
        };
        match status {
            0 if self.says => ask::report(
                self.call,
                "",
                source.to_bytes(),
                Some((" -> ", path.to_bytes())),
            ),
            status => status,
        }
    }

    /// Two names of one file: the source is removed if that leaves the other.
    fn same(&self, source: &CStr, path: &CStr) -> i32 {
        let is_last = |it: Stat| it.nlink() < 2 || it.is_dir();
        if is_same_name(source, path) || sys::file::lstat(source).is_ok_and(is_last) {
            return self.call.complain(source.to_bytes(), SAME);
        }
        match sys::file::unlink(source) {
            Ok(()) => 0,
            Err(errno) => self.call.fail(source, errno),
        }
    }

    fn to_other_file_system(&self, source: &CStr, path: &CStr) -> i32 {
        let how = Copying {
            follow: Follow::Never,
            recursive: true,
            preserves: true,
            any_owner: true,
            links: true,
            force: false,
            umask: sys::file::umask(0).unwrap_or(0o22),
        };
        let temporary = temporary(path);
        let temporary = c_str(&temporary);
        let mut status = Copier::new(self.call, how).copy(source, temporary, &mut |_, _| true);
        let is_complete = status == 0;
        if is_complete {
            let outcome = synchronize(path).and_then(|()| sys::file::rename(temporary, path));
            if let Err(errno) = outcome {
                status = self.call.fail(path, errno);
            }
        }
        // The umask counts again for what follows.
        let _ = sys::file::umask(how.umask);
        match status {
            0 => remove::tree(self.call, source, false, &mut |_| true),
            status => {
                remove::tree(self.call, temporary, true, &mut |_| true);
                status
            }
        }
    }
}

/// Writes the copy to its device, before the source is removed: only now do some file systems notice that they are full.
fn synchronize(path: &CStr) -> Result<(), Errno> {
    let directory = join(parent(path.to_bytes()), b"");
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = sys::fd::open(c_str(&directory), flags, 0)?;
    sys::fd::syncfs(directory.as_fd())
}
