//! `mount [-arw] [-t type] [-o options] [[device] directory]`: attaches file systems; without operands, lists them. With one operand
//! or `-a`, `/etc/fstab` says the rest.

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::sys::mount::{MountFlags, mount};
use nestling::text::{self, next_field};
use nestling::{Errno, sys};

use crate::common::columns::join;
use crate::common::fstab::{self, Line};
use crate::common::input;
use crate::common::loops::{self, How};
use crate::common::output::Output;

pub const APPLET: Applet = Applet {
    name: c"mount",
    synopsis: "[-arw] [-t type] [-o options] [[device] directory]",
    run,
};

const FSTAB: &CStr = c"/etc/fstab";
/// The exit status if the kernel refuses a mount, as in the program of util-linux.
const FAILED: i32 = 32;
const MOUNTS: &CStr = c"/proc/mounts";

/// The options that are flags: each word sets the bits at its place in `SETS` and clears those in `CLEARS`.
const NAMES: &str = "ro rw nosuid suid nodev dev noexec exec sync async noatime atime relatime strictatime remount bind rbind move \
    shared rshared private rprivate slave rslave unbindable runbindable silent defaults";

/// The options that mean something to `mount -a` or to programs only.
const IGNORED: &str = "auto noauto nofail user users nouser owner group _netdev loop";

const NONE: MountFlags = MountFlags::from_bits(0);

const FLAGS: &[(MountFlags, MountFlags)] = &[
    (MountFlags::RDONLY, NONE),
    (NONE, MountFlags::RDONLY),
    (MountFlags::NOSUID, NONE),
    (NONE, MountFlags::NOSUID),
    (MountFlags::NODEV, NONE),
    (NONE, MountFlags::NODEV),
    (MountFlags::NOEXEC, NONE),
    (NONE, MountFlags::NOEXEC),
    (MountFlags::SYNCHRONOUS, NONE),
    (NONE, MountFlags::SYNCHRONOUS),
    (MountFlags::NOATIME, NONE),
    (NONE, MountFlags::NOATIME),
    (MountFlags::RELATIME, NONE),
    (MountFlags::STRICTATIME, NONE),
    (MountFlags::REMOUNT, NONE),
    (MountFlags::BIND, NONE),
    (MountFlags::BIND.union(MountFlags::REC), NONE),
    (MountFlags::MOVE, NONE),
    (MountFlags::SHARED, NONE),
    (MountFlags::SHARED.union(MountFlags::REC), NONE),
    (MountFlags::PRIVATE, NONE),
    (MountFlags::PRIVATE.union(MountFlags::REC), NONE),
    (MountFlags::SLAVE, NONE),
    (MountFlags::SLAVE.union(MountFlags::REC), NONE),
    (MountFlags::UNBINDABLE, NONE),
    (MountFlags::UNBINDABLE.union(MountFlags::REC), NONE),
    (MountFlags::SILENT, NONE),
    (NONE, NONE),
];

fn run(call: &Call<'_>) -> i32 {
    run_mount(call).unwrap_or_else(|status| status)
}

fn run_mount(call: &Call<'_>) -> Result<i32, i32> {
    let (mut all, mut kind, mut extra) = (false, c"", Vec::new());
    let mut options = call.options("art:o:w");
    while let Some(letter) = options.next()? {
        match letter {
            b'a' => all = true,
            b't' => kind = options.value,
            letter => {
                extra.extend_from_slice(match letter {
                    b'r' => b"ro",
                    b'w' => b"rw",
                    _ => options.value.to_bytes(),
                });
                extra.push(b',');
            }
        }
    }
    let mut operands = options.operands();
    match (operands.next(), operands.next(), operands.next()) {
        (Some(_), Some(_), Some(more)) => Err(call.misused(more.to_bytes(), "too many operands")),
        (Some(source), Some(target), None) => Ok(attach(
            call,
            &Line {
                source: fstab::device(source.to_bytes()),
                target: target.into(),
                kind: kind.into(),
                options: extra,
            },
        )),
        (Some(_), ..) if all => Err(call.misused(b"-a", "no operand is possible")),
        (Some(name), ..) => one_of_fstab(call, name, &extra),
        (None, ..) if all => every_of_fstab(call, kind, &extra),
        (None, ..) => list(call, kind),
    }
}

/// Writes `DEVICE on DIRECTORY type TYPE (OPTIONS)` for each mount.
fn list(call: &Call<'_>, kind: &CStr) -> Result<i32, i32> {
    let lines = fstab::lines(MOUNTS).map_err(|errno| call.fail(MOUNTS, errno))?;
    let mut out = Output::new();
    for line in lines {
        if !matches(kind, &line.kind) {
            continue;
        }
        for (before, text) in [
            (&b""[..], line.source.to_bytes()),
            (b" on ", line.target.to_bytes()),
            (b" type ", line.kind.to_bytes()),
            (b" (", &line.options),
        ] {
            out.write(before);
            out.write(text);
        }
        out.write(b")\n");
    }
    Ok(out.finish(call, 0, 1))
}

/// Whether a type is in a list of types, `ext4,vfat`, or not in one that begins with `no`. An empty list has every type.
fn matches(list: &CStr, kind: &CStr) -> bool {
    let (mut rest, wanted) = match text::after(list.to_bytes(), b"no") {
        Some(rest) => (rest, false),
        None => (list.to_bytes(), true),
    };
    if rest.is_empty() {
        return true;
    }
    while !rest.is_empty() {
        if next_field(&mut rest, b',') == kind.to_bytes() {
            return wanted;
        }
    }
    !wanted
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
                    // The options of the kernel's list are not those with which the file system was mounted.
                    line.options.clear();
                }
                line.options.push(b',');
                line.options.extend_from_slice(extra);
                return Ok(attach(call, &line));
            }
        }
    }
    Err(call.complain(name.to_bytes(), "not in /etc/fstab"))
}

/// Mounts what `/etc/fstab` lists, but for lines with `noauto`, swap, and what is mounted.
fn every_of_fstab(call: &Call<'_>, kind: &CStr, extra: &[u8]) -> Result<i32, i32> {
    let lines = fstab::lines(FSTAB).map_err(|errno| call.fail(FSTAB, errno))?;
    let mut status = 0;
    for mut line in lines {
        let skipped = line.kind.as_c_str() == c"swap"
            || !line.target.to_bytes().starts_with(b"/")
            || fstab::option(&line.options, b"noauto").is_some()
            || !matches(kind, &line.kind);
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
    let (flags, data) = flags(&line.options);
    let operation = MountFlags::REMOUNT
        .union(MountFlags::BIND)
        .union(MountFlags::MOVE)
        .union(PROPAGATION);
    let looped = fstab::option(&line.options, b"loop").is_some();
    let is_plain = flags.bits() & operation.bits() == 0;
    let is_file = || sys::file::stat(&line.source).is_ok_and(|stat| stat.is_file());
    // The loop device stays open until it is mounted.
    let (mut source, mut opened) = (CString::from(&*line.source), None);
    if is_plain && (looped || is_file() && !line.kind.is_empty()) {
        let how = How {
            read_only: flags.bits() & MountFlags::RDONLY.bits() != 0,
            clears: true,
            ..How::default()
        };
        match loops::attach_to_free(&line.source, how) {
            Ok((device, open)) => {
                source = device;
                opened = Some(open);
            }
            Err(errno) => {
                call.fail(&line.source, errno);
                return Err(None);
            }
        }
    }
    let mut flags = flags;
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
        let place = text::position(NAMES, option);
        if let Some((sets, clears)) = place.and_then(|place| FLAGS.get(place)) {
            flags = flags & !clears.bits() | sets.bits();
        } else if !option.is_empty()
            && text::position(IGNORED, option).is_none()
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
    let content = input::whole(c"/proc/filesystems").unwrap_or_default();
    let lines = content.split(|&byte| byte == b'\n');
    lines
        .filter_map(|line| text::after(line, b"\t"))
        .map(Vec::from)
        .collect()
}
