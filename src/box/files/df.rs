//! `df [-PkmhTia] [file...]`: writes how much space file systems have (XCU 3, `df`).

use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::sys::file::FileSystem;
use nestling::text::{self, Text};
use nestling::{AsFd, Errno, FileType, OFlags, sys};

use crate::common::bytes;
use crate::common::input::Lines;
use crate::common::names::Bytes;
use crate::common::number::Human;
use crate::common::output::Output;
use crate::common::paths::{c_str, join};

pub const APPLET: Applet = Applet {
    name: c"df",
    synopsis: "[-PkmhTia] [file...]",
    run: |call| df(call).unwrap_or_else(|status| status),
};

struct Df {
    unit: u64,
    human: bool,
    types: bool,
    inodes: bool,
    all: bool,
}

/// A line of `/proc/self/mounts`.
struct Mount {
    source: Vec<u8>,
    target: Vec<u8>,
    kind: Vec<u8>,
}

type Row = Vec<Vec<u8>>;

fn df(call: &Call<'_>) -> Result<i32, i32> {
    let mut options = call.options("PkmhTia");
    let mut df = Df {
        unit: 1024,
        human: false,
        types: false,
        inodes: false,
        all: false,
    };
    while let Some(letter) = options.next()? {
        match letter {
            b'P' => {}
            b'k' => (df.unit, df.human) = (1024, false),
            b'm' => (df.unit, df.human) = (1 << 20, false),
            b'h' => df.human = true,
            b'T' => df.types = true,
            b'i' => df.inodes = true,
            _ => df.all = true,
        }
    }
    let path = c"/proc/self/mounts";
    let mounts = mounts(path).map_err(|errno| call.fail(path, errno))?;
    let mut rows = alloc::vec![df.titles()];
    let mut status = 0;
    if options.operands().next().is_none() {
        let mut seen = Vec::new();
        for mount in &mounts {
            let target = join(&mount.target, b"");
            let device = sys::file::stat(c_str(&target)).map(|it| it.dev());
            match (device, sys::file::statfs64(c_str(&target))) {
                (Ok(device), Ok(system)) => {
                    if df.all || system.blocks > 0 && !seen.contains(&device) {
                        seen.push(device);
                        rows.push(df.row(mount, &system));
                    }
                }
                // What this user may not see is left out.
                (Err(Errno::EACCES | Errno::EPERM), _) | (_, Err(Errno::EACCES | Errno::EPERM)) => {
                }
                (Err(errno), _) | (_, Err(errno)) => {
                    status = call.fail(c_str(&target), errno);
                }
            }
        }
    }
    for path in options.operands() {
        match of_file(path, &mounts) {
            Ok((mount, system)) => rows.push(df.row(mount, &system)),
            Err(errno) => status = call.fail(path, errno),
        }
    }
    let mut out = Output::new();
    if rows.len() > 1 {
        write(&mut out, &rows, 1 + usize::from(df.types));
    }
    Ok(out.finish(call, status, 1))
}

/// The mount of a block device, if the file is one that is mounted; otherwise the mount that a file is on: of those with its device, the one with the longest path that is above it, otherwise the last.
fn of_file<'m>(path: &CStr, mounts: &'m [Mount]) -> Result<(&'m Mount, FileSystem), Errno> {
    let stat = sys::file::stat(path)?;
    if stat.file_type() == FileType::BlockDevice {
        for mount in mounts {
            let (source, target) = (join(&mount.source, b""), join(&mount.target, b""));
            let is_source = sys::file::stat(c_str(&source)).is_ok_and(|it| {
                it.file_type() == FileType::BlockDevice && it.rdev() == stat.rdev()
            });
            if is_source && let Ok(system) = sys::file::statfs64(c_str(&target)) {
                return Ok((mount, system));
            }
        }
    }
    let device = stat.dev();
    let system = sys::file::statfs64(path)?;
    let resolved = crate::common::resolve::resolve(path, crate::common::resolve::Missing::Last);
    let resolved = resolved.unwrap_or_default();
    let mut best: Option<(&Mount, usize)> = None;
    for mount in mounts {
        let target = join(&mount.target, b"");
        if sys::file::stat(c_str(&target)).map(|it| it.dev()) != Ok(device) {
            continue;
        }
        let below = text::after(&resolved, &mount.target);
        let is_above = below
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/") || mount.target == b"/");
        let rank = if is_above { mount.target.len() } else { 0 };
        if best.is_none_or(|best| rank >= best.1) {
            best = Some((mount, rank));
        }
    }
    best.map(|best| (best.0, system)).ok_or(Errno::ENODEV)
}

fn mounts(path: &CStr) -> Result<Vec<Mount>, Errno> {
    let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
    let (mut lines, mut mounts) = (Lines::new(file.as_fd()), Vec::new());
    while let Some(line) = lines.next()? {
        let mut rest = line;
        let [source, target, kind] = [(); 3].map(|()| unescaped(text::next_field(&mut rest, b' ')));
        mounts.push(Mount {
            source,
            target,
            kind,
        });
    }
    Ok(mounts)
}

/// Blanks and backslashes are octal numbers: `\040`.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let (mut rest, mut result) = (text, Vec::new());
    while let [first, more @ ..] = rest {
        let octal = more.get(..3).filter(|_| *first == b'\\');
        match octal.and_then(|digits| text::number(digits, 8)) {
            Some(byte) => {
                result.push(byte as u8);
                rest = more.get(3..).unwrap_or_default();
            }
            None => {
                result.push(*first);
                rest = more;
            }
        }
    }
    result
}

impl Df {
    fn titles(&self) -> Row {
        let size: &[u8] = match (self.inodes, self.human, self.unit) {
            (true, ..) => b"Inodes",
            (_, true, _) => b"Size",
            (_, _, 1024) => b"1024-blocks",
            _ => b"1M-blocks",
        };
        let mut row = alloc::vec![b"Filesystem".to_vec()];
        if self.types {
            row.push(b"Type".to_vec());
        }
        row.push(size.to_vec());
        let rest: [&[u8]; 4] = match self.inodes {
            true => [b"IUsed", b"IFree", b"IUse%", b"Mounted on"],
            false => [b"Used", b"Available", b"Capacity", b"Mounted on"],
        };
        row.extend(rest.map(<[u8]>::to_vec));
        row
    }

    fn row(&self, mount: &Mount, system: &FileSystem) -> Row {
        let (all, free, available) = match self.inodes {
            true => (system.inodes, system.free_inodes, system.free_inodes),
            false => (system.blocks, system.free_blocks, system.available_blocks),
        };
        let used = all.saturating_sub(free);
        let number = |blocks: u64| {
            let mut text = Vec::new();
            let mut out = Bytes(&mut text);
            let bytes = blocks.saturating_mul(system.block_size);
            match (self.inodes, self.human) {
                (true, false) => blocks.write(&mut out),
                (true, true) => Human(blocks).write(&mut out),
                (false, true) => Human(bytes).write(&mut out),
                (false, false) => bytes.div_ceil(self.unit).write(&mut out),
            }
            text
        };
        let mut percent = Vec::new();
        match used + available {
            0 => percent.push(b'-'),
            all => {
                (used.saturating_mul(100))
                    .div_ceil(all)
                    .write(&mut Bytes(&mut percent));
                percent.push(b'%');
            }
        }
        let mut row = alloc::vec![bytes::printable(&mount.source)];
        if self.types {
            row.push(mount.kind.clone());
        }
        row.extend([
            number(all),
            number(used),
            number(available),
            percent,
            bytes::printable(&mount.target),
        ]);
        row
    }
}

/// Writes a table; the columns from `left` on, but the last, at their right ends.
fn write(out: &mut Output, rows: &[Row], left: usize) {
    let width = |column: usize| {
        let lengths = rows.iter().filter_map(|row| row.get(column)).map(Vec::len);
        lengths.max().unwrap_or(0)
    };
    for row in rows {
        for (column, text) in row.iter().enumerate() {
            let is_last = column + 1 == row.len();
            let padding = width(column) - text.len();
            let mut pad = || (0..padding).for_each(|_| out.write(b" "));
            if column >= left && !is_last {
                pad();
            }
            out.write(text);
            if column < left {
                (0..padding).for_each(|_| out.write(b" "));
            }
            out.write(if is_last { b"\n" } else { b" " });
        }
    }
}
