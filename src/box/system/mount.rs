//! `mount [-anrvw] [-t type] [-o options] [--bind|--move|…] [[device] directory]`: attaches file systems; without operands, lists them. With one operand
//! or `-a`, `/etc/fstab` says the rest.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::sys::mount::{MountFlags, mount};
use nestling::text::{self, next_field};
use nestling::{Errno, OwnedFd, sys};

use crate::common::bytes;
use crate::common::columns::join;
use crate::common::fstab::{self, Line};
use crate::common::input;
use crate::common::loops::{self, Attachment};
use crate::common::number;
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"mount",
    synopsis: "[-anrvw] [-t type] [-o options] [--bind|--rbind|--move|--make-private...] [[device] directory]",
    run,
};

const FSTAB: &CStr = c"/etc/fstab";
/// The exit status if the kernel refuses a mount, as in the program of util-linux.
const FAILED: i32 = 32;
const MOUNTS: &CStr = c"/proc/mounts";

/// The options that are flags: the bits that each sets and clears.
const FLAGS: &[(&[u8], MountFlags, MountFlags)] = &[
    (b"ro", MountFlags::RDONLY, NONE),
    (b"rw", NONE, MountFlags::RDONLY),
    (b"nosuid", MountFlags::NOSUID, NONE),
    (b"suid", NONE, MountFlags::NOSUID),
    (b"nodev", MountFlags::NODEV, NONE),
    (b"dev", NONE, MountFlags::NODEV),
    (b"noexec", MountFlags::NOEXEC, NONE),
    (b"exec", NONE, MountFlags::NOEXEC),
    (b"sync", MountFlags::SYNCHRONOUS, NONE),
    (b"async", NONE, MountFlags::SYNCHRONOUS),
    (b"dirsync", MountFlags::DIRSYNC, NONE),
    (b"mand", MountFlags::MANDLOCK, NONE),
    (b"nomand", NONE, MountFlags::MANDLOCK),
    (b"noatime", MountFlags::NOATIME, NONE),
    (b"atime", NONE, MountFlags::NOATIME),
    (b"nodiratime", MountFlags::NODIRATIME, NONE),
    (b"diratime", NONE, MountFlags::NODIRATIME),
    (b"relatime", MountFlags::RELATIME, NONE),
    (b"norelatime", NONE, MountFlags::RELATIME),
    (b"strictatime", MountFlags::STRICTATIME, NONE),
    (b"nostrictatime", NONE, MountFlags::STRICTATIME),
    (b"lazytime", MountFlags::LAZYTIME, NONE),
    (b"nolazytime", NONE, MountFlags::LAZYTIME),
    (b"nosymfollow", MountFlags::NOSYMFOLLOW, NONE),
    (b"symfollow", NONE, MountFlags::NOSYMFOLLOW),
    (b"iversion", MountFlags::I_VERSION, NONE),
    (b"noiversion", NONE, MountFlags::I_VERSION),
    (b"silent", MountFlags::SILENT, NONE),
    (b"loud", NONE, MountFlags::SILENT),
    (b"defaults", NONE, NONE),
    (b"remount", MountFlags::REMOUNT, NONE),
    (b"bind", MountFlags::BIND, NONE),
    (b"rbind", MountFlags::BIND.union(MountFlags::REC), NONE),
    (b"move", MountFlags::MOVE, NONE),
    (b"shared", MountFlags::SHARED, NONE),
    (b"rshared", MountFlags::SHARED.union(MountFlags::REC), NONE),
    (b"private", MountFlags::PRIVATE, NONE),
    (
        b"rprivate",
        MountFlags::PRIVATE.union(MountFlags::REC),
        NONE,
    ),
    (b"slave", MountFlags::SLAVE, NONE),
    (b"rslave", MountFlags::SLAVE.union(MountFlags::REC), NONE),
    (b"unbindable", MountFlags::UNBINDABLE, NONE),
    (
        b"runbindable",
        MountFlags::UNBINDABLE.union(MountFlags::REC),
        NONE,
    ),
];

fn flag(option: &[u8]) -> Option<(MountFlags, MountFlags)> {
    let found = FLAGS.iter().find(|it| it.0 == option);
    found.map(|&(_, sets, clears)| (sets, clears))
}

/// The options that mean something to `mount -a` or to programs only.
const IGNORED: &str =
    "auto noauto nofail user users nouser owner group _netdev loop offset sizelimit";

const NONE: MountFlags = MountFlags::from_bits(0);

fn run(call: &Call<'_>) -> i32 {
    run_mount(call).unwrap_or_else(|status| status)
}

fn run_mount(call: &Call<'_>) -> Result<i32, i32> {
    let (mut all, mut propagates, mut kind, mut extra) = (false, false, c"", Vec::new());
    let mut options = call.options("anrt:o:vw-:");
    while let Some(letter) = options.next()? {
        let value = options.value.to_bytes();
        let option = match letter {
            b'a' => {
                all = true;
                continue;
            }
            b't' => {
                kind = options.value;
                continue;
            }
            // There is no `/etc/mtab`, and the list of mounts says what was done.
            b'n' | b'v' => continue,
            b'r' => b"ro",
            b'w' => b"rw",
            b'-' => {
                propagates |= value.starts_with(b"make-");
                operation(value).ok_or_else(|| call.misused(value, "no such option"))?
            }
            _ => value,
        };
        extra.extend_from_slice(option);
        extra.push(b',');
    }
    let line = |source, target: &CStr, options| Line {
        source,
        target: target.into(),
        kind: kind.into(),
        options,
    };
    let mut operands = options.operands();
    match (operands.next(), operands.next(), operands.next()) {
        (Some(_), Some(_), Some(more)) => Err(call.misused(more.to_bytes(), "too many operands")),
        (Some(source), Some(target), None) => {
            let source = fstab::device(source.to_bytes());
            Ok(attach(call, &line(source, target, extra)))
        }
        (Some(_), ..) if all => Err(call.misused(b"-a", "no operand is possible")),
        (Some(target), ..) if propagates => Ok(attach(call, &line(c"none".into(), target, extra))),
        (Some(name), ..) => one_of_fstab(call, name, &extra),
        (None, ..) if all => every_of_fstab(call, kind, &extra),
        (None, ..) => list(call, kind),
    }
}

/// The option of `-o` that means the same as a long option, such as `--bind` or `--make-private`.
fn operation(long: &[u8]) -> Option<&[u8]> {
    let name = text::after(long, b"make-");
    let (sets, _) = flag(name.unwrap_or(long))?;
    let among = match name {
        Some(_) => PROPAGATION,
        None => MountFlags::BIND.union(MountFlags::MOVE),
    };
    (sets.bits() & among.bits() != 0).then_some(name.unwrap_or(long))
}

/// Writes `DEVICE on DIRECTORY type TYPE (OPTIONS)` for each mount.
fn list(call: &Call<'_>, kind: &CStr) -> Result<i32, i32> {
    let lines = fstab::lines(MOUNTS).map_err(|errno| call.fail(MOUNTS, errno))?;
    let mut out = Output::new();
    for line in lines {
        if !fstab::has_type(kind, &line.kind) {
            continue;
        }
        for (before, text) in [
            (&b""[..], line.source.to_bytes()),
            (b" on ", line.target.to_bytes()),
            (b" type ", line.kind.to_bytes()),
            (b" (", &line.options),
        ] {
            out.write(before);
            out.write(&bytes::printable(text));
        }
        out.write(b")\n");
    }
    Ok(out.finish(call, 0, 1))
}

/// Mounts the file system of a line in `/etc/fstab`; with `remount`, that of `/proc/mounts` if there is no line.
fn one_of_fstab(call: &Call<'_>, name: &CStr, extra: &[u8]) -> Result<i32, i32> {
    let remounts = fstab::option(extra, b"remount").is_some();
    let wanted = fstab::device(name.to_bytes());
    let target = fstab::resolved(name);
    for path in [FSTAB, MOUNTS] {
        if path == MOUNTS && !remounts {
            break;
        }
        let lines = match fstab::lines(path) {
            Err(Errno::ENOENT) => continue,
            lines => lines.map_err(|errno| call.fail(path, errno))?,
        };
        for mut line in lines.into_iter().rev() {
            let has = |it: &CStr| it == name || it == &*target;
            if has(&line.target) || has(&line.source) || line.source == wanted {
                if path == MOUNTS {
                    line.options = flags_only(&line.options);
                }
                line.options.push(b',');
                line.options.extend_from_slice(extra);
                return Ok(attach(call, &line));
            }
        }
    }
    Err(call.complain(name.to_bytes(), "not in /etc/fstab"))
}

/// Leaves out the options of the file system: the kernel's list shows more of them than those with which it was mounted.
fn flags_only(options: &[u8]) -> Vec<u8> {
    let (mut kept, mut rest) = (Vec::new(), options);
    while !rest.is_empty() {
        let option = next_field(&mut rest, b',');
        if flag(option).is_some() {
            kept.extend_from_slice(option);
            kept.push(b',');
        }
    }
    kept
}

/// Mounts what `/etc/fstab` lists, but for lines with `noauto`, swap, and what is mounted.
fn every_of_fstab(call: &Call<'_>, kind: &CStr, extra: &[u8]) -> Result<i32, i32> {
    let lines = fstab::lines(FSTAB).map_err(|errno| call.fail(FSTAB, errno))?;
    let mut status = 0;
    for mut line in lines {
        let skipped = line.kind.as_c_str() == c"swap"
            || !line.target.to_bytes().starts_with(b"/")
            || fstab::option(&line.options, b"noauto").is_some()
            || !fstab::has_type(kind, &line.kind);
        if skipped || is_mounted(&line) {
            continue;
        }
        if fstab::option(&line.options, b"nofail").is_some()
            && line.source.to_bytes().starts_with(b"/")
            && sys::file::stat(&line.source).is_err()
        {
            continue;
        }
        line.options.push(b',');
        line.options.extend_from_slice(extra);
        status |= attach(call, &line);
    }
    Ok(status)
}

/// Whether the same file system is mounted at the target. The root is, whatever its device is called.
fn is_mounted(line: &Line) -> bool {
    let target = fstab::resolved(&line.target);
    let source = fstab::resolved(&line.source);
    let mounts = fstab::lines(MOUNTS).unwrap_or_default();
    target.as_c_str() == c"/"
        || mounts
            .iter()
            .any(|it| it.target == target && (it.source == line.source || it.source == source))
}

/// Mounts one file system. Returns the exit status.
fn attach(call: &Call<'_>, line: &Line) -> i32 {
    match try_attach(call, line) {
        Ok(()) => 0,
        Err(None) => FAILED,
        Err(Some(errno)) => {
            call.fail(&line.target, errno);
            FAILED
        }
    }
}

fn try_attach(call: &Call<'_>, line: &Line) -> Result<(), Option<Errno>> {
    let (mut flags, data) = flags(&line.options);
    let looped = fstab::option(&line.options, b"loop");
    let is_plain = flags.bits() & OPERATION.bits() == 0;
    let is_file = || sys::file::stat(&line.source).is_ok_and(|stat| stat.is_file());
    // The loop device stays open until it is mounted.
    let (mut source, mut opened) = (CString::from(&*line.source), None);
    if is_plain && (looped.is_some() || !is_nodev(&line.kind) && is_file()) {
        let number = |name| match fstab::option(&line.options, name) {
            None => Ok(0),
            Some(value) => number::count(value).ok_or_else(|| {
                call.complain(value, "not a number");
                None
            }),
        };
        let how = Attachment {
            read_only: flags.bits() & MountFlags::RDONLY.bits() != 0,
            offset: number(b"offset")?,
            size: number(b"sizelimit")?,
            clears: true,
        };
        let device = join(&[looped.unwrap_or_default()]);
        let attached = attach_loop(&device, &line.source, how).or_else(|errno| match errno {
            Errno::EROFS | Errno::EACCES if !how.read_only => {
                flags = flags | MountFlags::RDONLY;
                let how = Attachment {
                    read_only: true,
                    ..how
                };
                attach_loop(&device, &line.source, how)
            }
            errno => Err(errno),
        });
        let (device, open) = attached.map_err(|errno| {
            call.fail(&line.source, errno);
            None
        })?;
        source = device;
        opened = Some(open);
    }
    let kinds = match line.kind.to_bytes() {
        b"" | b"auto" if is_plain => {
            // The kernel need not complain about each type that does not fit.
            flags = flags | MountFlags::SILENT;
            kinds_of_kernel()
        }
        kinds => kinds.split(|&byte| byte == b',').map(Vec::from).collect(),
    };
    let mut outcome = Err(Errno::ENODEV);
    for kind in kinds {
        outcome = with_fallback(&source, &line.target, &join(&[&kind]), flags, &data);
        // Another type may fit.
        if !matches!(outcome, Err(Errno::EINVAL | Errno::ENODEV)) {
            break;
        }
    }
    drop(opened);
    outcome.map_err(Some)
}

/// Attaches a file to this loop device, or, if its name is empty, to a free one.
fn attach_loop(device: &CStr, path: &CStr, how: Attachment) -> Result<(CString, OwnedFd), Errno> {
    match device.is_empty() {
        true => loops::attach_to_free(path, how),
        false => loops::attach(device, path, how).map(|open| (device.into(), open)),
    }
}

/// The flags that make a call of `mount(2)` something else than a mount of a file system.
const OPERATION: MountFlags = MountFlags::REMOUNT
    .union(MountFlags::BIND)
    .union(MountFlags::MOVE)
    .union(PROPAGATION);

const PROPAGATION: MountFlags = MountFlags::SHARED
    .union(MountFlags::PRIVATE)
    .union(MountFlags::SLAVE)
    .union(MountFlags::UNBINDABLE);

/// Mounts, and does in a second call what the kernel does not do in the first: the flags of a bind mount, and the propagation.
/// A device that cannot be written is mounted read-only.
fn with_fallback(
    source: &CStr,
    target: &CStr,
    kind: &CStr,
    flags: MountFlags,
    data: &CStr,
) -> Result<(), Errno> {
    let propagation = flags.bits() & (PROPAGATION.bits() | MountFlags::REC.bits());
    let only = |bits| MountFlags::from_bits(bits);
    let (bind, remount) = (MountFlags::BIND.bits(), MountFlags::REMOUNT.bits());
    let shares = propagation & PROPAGATION.bits() != 0;
    let rest = flags.bits() & !PROPAGATION.bits();
    let is_bind = rest & (bind | remount) == bind;
    if !shares || rest & !MountFlags::REC.bits() & !MountFlags::SILENT.bits() != 0 {
        let outcome = mount(source, target, kind, only(rest), data);
        let read_only = MountFlags::RDONLY.bits();
        match outcome {
            Err(Errno::EROFS | Errno::EACCES) if rest & (read_only | bind | remount) == 0 => {
                mount(source, target, kind, only(rest | read_only), data)?;
            }
            outcome => outcome?,
        }
        let others = rest & !(bind | MountFlags::REC.bits() | MountFlags::SILENT.bits());
        if is_bind && others != 0 {
            mount(source, target, kind, only(bind | remount | others), data)?;
        }
    }
    match shares {
        true => mount(c"", target, c"", only(propagation), c""),
        false => Ok(()),
    }
}

/// Separates the options that are flags from those of the file system.
fn flags(options: &[u8]) -> (MountFlags, CString) {
    let (mut flags, mut data, mut rest) = (0, Vec::new(), options);
    while !rest.is_empty() {
        let option = next_field(&mut rest, b',');
        let name = next_field(&mut &*option, b'=');
        if let Some((sets, clears)) = flag(option) {
            flags = flags & !clears.bits() | sets.bits();
        } else if !option.is_empty()
            && text::position(IGNORED, name).is_none()
            && !option.starts_with(b"x-")
            && !option.starts_with(b"comment=")
        {
            if !data.is_empty() {
                data.push(b',');
            }
            data.extend_from_slice(option);
        }
    }
    (MountFlags::from_bits(flags), join(&[&data]))
}

/// The types of file systems on devices that the kernel knows.
fn kinds_of_kernel() -> Vec<Vec<u8>> {
    kinds_after(b"\t")
}

/// Whether the file systems of a type are on no device.
fn is_nodev(kind: &CStr) -> bool {
    kinds_after(b"nodev\t")
        .iter()
        .any(|it| it == kind.to_bytes())
}

/// The types of file systems whose lines in the kernel's list begin with this text.
fn kinds_after(start: &[u8]) -> Vec<Vec<u8>> {
    let content = input::whole(c"/proc/filesystems").unwrap_or_default();
    let lines = content.split(|&byte| byte == b'\n');
    lines
        .filter_map(|line| text::after(line, start))
        .map(Vec::from)
        .collect()
}
