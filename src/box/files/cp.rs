//! `cp [-RrHLPpfiadnuvT] [-t directory] source... target`: copies files (XCU 3, `cp`).

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::sys;

use crate::common::ask;
use crate::common::copy::{Copier, Copying};
use crate::common::paths::Target;
use crate::common::walk::{Follow, Visit};

pub const APPLET: Applet = Applet {
    name: c"cp",
    synopsis: "[-RrHLPpfiadnuvT] [-t directory] source... target",
    run,
};

fn run(call: &Call<'_>) -> i32 {
    cp(call).unwrap_or_else(|status| status)
}

/// What becomes of a file that is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    Replace,
    /// `-i`.
    Ask,
    /// `-n`.
    Keep,
    /// `-u`: it is replaced if it is older.
    Update,
}

fn cp(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("RrHLPpfiadnuvTt:");
    let mut target = Target {
        directory: None,
        is_file: false,
        nofollow: false,
        guards: true,
    };
    let (mut follow, mut existing, mut says) = (None, Existing::Replace, false);
    let mut how = Copying {
        follow: Follow::Always,
        recursive: false,
        preserves: false,
        // Only root can give files away.
        any_owner: sys::credentials::geteuid() != Ok(0),
        links: false,
        force: false,
        umask: 0,
    };
    while let Some(letter) = options.next()? {
        match letter {
            b'H' => follow = Some(Follow::Start),
            b'L' => follow = Some(Follow::Always),
            b'P' => follow = Some(Follow::Never),
            b'd' => (follow, how.links) = (Some(Follow::Never), true),
            b'a' => {
                (follow, how.links) = (Some(Follow::Never), true);
                (how.recursive, how.preserves) = (true, true);
            }
            b'p' => how.preserves = true,
            b'f' => how.force = true,
            b'i' => existing = Existing::Ask,
            b'n' => existing = Existing::Keep,
            b'u' => existing = Existing::Update,
            b'v' => says = true,
            b'T' => target.is_file = true,
            b't' => target.directory = Some(options.value),
            _ => how.recursive = true,
        }
    }
    how.follow = match (follow, how.recursive) {
        (Some(follow), _) => follow,
        (None, true) => Follow::Never,
        (None, false) => Follow::Always,
    };
    target.guards = existing != Existing::Keep;
    how.umask = sys::file::umask(0).unwrap_or(0o22);
    let mut copier = Copier::new(call, how);
    let mut said = 0;
    let copied = target.each(call, options.operands(), &mut |source, path| {
        copier.copy(source, path, &mut |visit, path| {
            let permits = existing.permits(call, visit, path);
            if permits && says {
                said |= ask::report(
                    call,
                    "",
                    visit.path.to_bytes(),
                    Some((" -> ", path.to_bytes())),
                );
            }
            permits
        })
    });
    Ok(copied | said)
}

impl Existing {
    fn permits(self, call: &Call<'_>, visit: &Visit<'_>, path: &CStr) -> bool {
        if self == Self::Replace {
            return true;
        }
        let Ok(there) = sys::file::lstat(path) else {
            return true;
        };
        match self {
            Self::Replace => true,
            Self::Ask => ask::confirms(call, "replace", path.to_bytes()),
            Self::Keep => false,
            Self::Update => visit.stat().is_ok_and(|it| it.mtime() > there.mtime()),
        }
    }
}
