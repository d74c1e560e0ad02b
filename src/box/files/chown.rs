//! `chown [-hRHLPf] owner[:group] file...`: changes the owners of files (XCU 3, `chown`).

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::sys::credentials::UNCHANGED;
use nestling::{Errno, sys};

use crate::common::names::{self, Kind};
use crate::common::walk::{Follow, Visit, Walk, When};

pub const APPLET: Applet = Applet {
    name: c"chown",
    synopsis: "[-hRHLPf] owner[:group] file...",
    run,
};

struct Chown<'a> {
    call: &'a Call<'a>,
    uid: u32,
    gid: u32,
    /// `-h`: links themselves.
    links: bool,
    silent: bool,
}

fn run(call: &Call<'_>) -> i32 {
    chown(call).unwrap_or_else(|status| status)
}

fn chown(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("hRHLPf");
    let (mut recursive, mut follow) = (false, Follow::Never);
    let mut chown = Chown {
        call,
        uid: UNCHANGED,
        gid: UNCHANGED,
        links: false,
        silent: false,
    };
    while let Some(letter) = options.next()? {
        match letter {
            b'h' => chown.links = true,
            b'R' => recursive = true,
            b'H' => follow = Follow::Start,
            b'L' => follow = Follow::Always,
            b'P' => follow = Follow::Never,
            _ => chown.silent = true,
        }
    }
    let mut operands = options.operands();
    let (Some(owner), false) = (operands.next(), operands.clone().next().is_none()) else {
        return Ok(call.misused(b"", "an operand is missing"));
    };
    let Some((uid, gid)) = ids(owner.to_bytes()) else {
        return Ok(call.complain(owner.to_bytes(), "no such user or group"));
    };
    (chown.uid, chown.gid) = (uid, gid);
    Ok(operands.fold(0, |status, path| {
        status
            | match recursive {
                true => chown.tree(path, follow),
                false => chown.one(path),
            }
    }))
}

/// The ids of `owner`, `owner:group`, `:group`, or `owner:`, which means the owner's group.
fn ids(text: &[u8]) -> Option<(u32, u32)> {
    let Some(colon) = text.iter().position(|&byte| byte == b':') else {
        return Some((names::id(Kind::User, text)?, UNCHANGED));
    };
    let (owner, group) = text.split_at_checked(colon)?;
    let group = group.get(1..)?;
    let uid = match owner {
        b"" => UNCHANGED,
        owner => names::id(Kind::User, owner)?,
    };
    let gid = match group {
        b"" if owner.is_empty() => UNCHANGED,
        b"" => names::group_of(uid)?,
        group => names::id(Kind::Group, group)?,
    };
    Some((uid, gid))
}

impl Chown<'_> {
    fn one(&self, path: &CStr) -> i32 {
        let outcome = match self.links {
            true => sys::file::lchown(path, self.uid, self.gid),
            false => sys::file::chown(path, self.uid, self.gid),
        };
        self.end(path, outcome)
    }

    fn tree(&self, path: &CStr, follow: Follow) -> i32 {
        let mut walk = match Walk::new(path, follow) {
            Ok(walk) => walk,
            Err(errno) => return self.end(path, Err(errno)),
        };
        let mut status = 0;
        while let Some(visit) = walk.next() {
            let outcome = match visit.when {
                When::After => continue,
                When::Failed(errno) => Err(errno),
                When::Only | When::Before => self.visit(&visit, follow),
            };
            status |= self.end(visit.path, outcome);
        }
        status
    }

    /// Links that the walk does not follow are changed themselves: what they lead to may be outside of the tree.
    fn visit(&self, visit: &Visit<'_>, follow: Follow) -> Result<(), Errno> {
        let follows = match follow {
            Follow::Never => false,
            Follow::Start => visit.depth == 0,
            Follow::Always => true,
        };
        match follows && !self.links {
            true => sys::file::chownat(visit.parent, visit.name, self.uid, self.gid),
            false => sys::file::lchownat(visit.parent, visit.name, self.uid, self.gid),
        }
    }

    fn end(&self, path: &CStr, outcome: Result<(), Errno>) -> i32 {
        match outcome {
            Ok(()) => 0,
            Err(_) if self.silent => 1,
            Err(errno) => self.call.fail(path, errno),
        }
    }
}
