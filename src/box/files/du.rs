//! `du [-aHLkhsxc] [-d depth] [file...]`: writes how much space trees take (XCU 3, `du`), in KiB. A file with several links, and
//! what several operands contain, count once. The memory that it takes grows with the depth of the tree, with the files that have several
//! links, and if there are several operands with the directories.

use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::sys;
use nestling::text::{self, Text};

use crate::common::links::Links;
use crate::common::number::Human;
use crate::common::output::Output;
use crate::common::paths::{c_str, join, parent};
use crate::common::walk::{Follow, Visit, Walk, When};

pub const APPLET: Applet = Applet {
    name: c"du",
    synopsis: "[-aHLkmhsxc] [-d depth] [file...]",
    run: |call| du(call).unwrap_or_else(|status| status),
};

struct Du<'a> {
    call: &'a Call<'a>,
    out: Output,
    all: bool,
    human: bool,
    /// The unit of the output: `-k` is 1024, `-m` 1024 * 1024.
    unit: u64,
    one_device: bool,
    most: u64,
    follow: Follow,
    seen: Links,
    /// Whether there are several operands, of which one may contain another.
    may_overlap: bool,
    total: u64,
    status: i32,
}

fn du(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("aHLkmhsxcd:");
    let mut du = Du {
        call,
        out: Output::new(),
        all: false,
        human: false,
        unit: 1024,
        one_device: false,
        most: u64::MAX,
        follow: Follow::Never,
        seen: Links::new(),
        may_overlap: options.operands().count() > 1,
        total: 0,
        status: 0,
    };
    let mut has_total = false;
    while let Some(letter) = options.next()? {
        match letter {
            b'a' => du.all = true,
            b'H' => du.follow = Follow::Start,
            b'L' => du.follow = Follow::Always,
            b'k' => (du.unit, du.human) = (1024, false),
            b'm' => (du.unit, du.human) = (1 << 20, false),
            b'h' => du.human = true,
            b's' => du.most = 0,
            b'x' => du.one_device = true,
            b'c' => has_total = true,
            _ => {
                let value = options.value.to_bytes();
                du.most =
                    text::number(value, 10).ok_or_else(|| call.complain(value, "not a number"))?;
            }
        }
    }
    let operands = options.operands();
    let default = operands.clone().next().is_none().then_some(c".");
    for path in default.into_iter().chain(operands) {
        du.tree(path);
    }
    if has_total {
        du.line(du.total, b"total");
    }
    let status = du.status;
    Ok(du.out.finish(call, status, 1))
}

impl Du<'_> {
    fn tree(&mut self, path: &CStr) {
        let mut walk = match Walk::new(path, self.follow) {
            Ok(walk) => walk,
            Err(errno) => return self.status = self.call.fail(path, errno),
        };
        // The blocks of each directory on the way; `None` if it is left out.
        let mut sums: Vec<Option<u64>> = Vec::new();
        let mut device = None;
        while let Some(visit) = walk.next() {
            let depth = visit.depth as u64;
            match visit.when {
                When::Failed(errno) => {
                    self.out.flush();
                    self.status = self.call.fail(visit.path, errno);
                }
                When::Before => {
                    let (blocks, here) = self.blocks(&visit);
                    device = device.or(here);
                    let is_other = self.one_device && device != here;
                    let counts = blocks.is_some() && !is_other;
                    if !counts {
                        walk.skip();
                    }
                    sums.push(blocks.filter(|_| counts));
                }
                When::After => {
                    let Some(sum) = sums.pop().flatten() else {
                        continue;
                    };
                    self.add(sums.last_mut(), sum);
                    if depth <= self.most {
                        self.line(sum, visit.path.to_bytes());
                    }
                }
                When::Only => {
                    let (blocks, here) = self.blocks(&visit);
                    let is_other = self.one_device && device.is_some() && device != here;
                    let Some(blocks) = blocks.filter(|_| !is_other) else {
                        continue;
                    };
                    self.add(sums.last_mut(), blocks);
                    if depth == 0 || self.all && depth <= self.most {
                        self.line(blocks, visit.path.to_bytes());
                    }
                }
            }
        }
    }

    /// Adds blocks to those of the directory above, or to the total.
    fn add(&mut self, above: Option<&mut Option<u64>>, blocks: u64) {
        match above {
            Some(Some(above)) => *above += blocks,
            Some(None) => {}
            None => self.total += blocks,
        }
    }

    /// The blocks of a file, and its device; `None` if it was counted before, or has no status.
    fn blocks(&mut self, visit: &Visit<'_>) -> (Option<u64>, Option<(u32, u32)>) {
        let stat = match visit.stat() {
            Ok(stat) => stat,
            Err(errno) => {
                self.out.flush();
                self.status = self.call.fail(visit.path, errno);
                return (None, None);
            }
        };
        let mut is_counted = self.seen.get(&stat).is_some();
        // Of what is in a directory, only the directories are remembered.
        if self.may_overlap && visit.depth == 0 && !stat.is_dir() {
            let directory = join(parent(visit.path.to_bytes()), b"");
            let directory = sys::file::stat(c_str(&directory));
            is_counted |= directory.is_ok_and(|it| self.seen.get(&it).is_some());
        }
        let is_named = stat.is_dir() || visit.depth == 0;
        if !is_counted && (stat.nlink() > 1 && !stat.is_dir() || self.may_overlap && is_named) {
            self.seen.add(&stat, b"");
        }
        let blocks = (!is_counted).then_some(stat.blocks());
        (blocks, Some(stat.dev()))
    }

    fn line(&mut self, blocks: u64, path: &[u8]) {
        match self.human {
            true => Human(blocks * 512).write(&mut self.out),
            false => (blocks * 512).div_ceil(self.unit).write(&mut self.out),
        }
        self.out.write(b"\t");
        self.out.write(path);
        self.out.write(b"\n");
    }
}
