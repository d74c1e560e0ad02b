//! The file systems that programs expect to find; and at the end, all that are mounted.

use core::ffi::CStr;

use nestling::sys::file::{chdir, mkdir, stat, symlink};
use nestling::sys::mount::{MountFlags, UnmountFlags, mount, umount2};
use nestling::text::{self, Quoted, Sink, Text, next_field};
use nestling::{Errno, sys};

use super::lines::each_line;
use crate::buffer::{Buffer, next_string};
use crate::log::Line;

/// Kind, target and options of each, in an order in which each finds its directory.
static ALL: &[u8] = b"devtmpfs\0/dev\0mode=0755\0\
    proc\0/proc\0\0\
    sysfs\0/sys\0\0\
    cgroup2\0/sys/fs/cgroup\0\0\
    devpts\0/dev/pts\0mode=0620,ptmxmode=0666\0\
    tmpfs\0/dev/shm\0mode=1777\0\
    tmpfs\0/run\0mode=0755\0\
    tmpfs\0/tmp\0mode=1777\0";

const DEVICES: MountFlags = MountFlags::NOSUID;
const FILES: MountFlags = DEVICES.union(MountFlags::NODEV);
const TERMINALS: MountFlags = DEVICES.union(MountFlags::NOEXEC);
const STRICT: MountFlags = FILES.union(MountFlags::NOEXEC);

/// The flags of each.
static FLAGS: [MountFlags; 8] = [
    DEVICES, STRICT, STRICT, STRICT, TERMINALS, FILES, FILES, FILES,
];

/// Links that programs expect in `/dev`, beside where they lead. Each path and each target ends with a null.
static LINKS: &[u8] = b"/dev/fd\0/proc/self/fd\0\
    /dev/stdin\0/proc/self/fd/0\0\
    /dev/stdout\0/proc/self/fd/1\0\
    /dev/stderr\0/proc/self/fd/2\0";

/// Mounts what is not there yet. What fails is told, if it is to be.
pub fn all(loudly: bool) {
    let mut rest = ALL;
    for &flags in &FLAGS {
        let kind = next_string(&mut rest);
        let target = next_string(&mut rest);
        let answer = mount_on(target, kind, flags, next_string(&mut rest));
        if loudly {
            told("mount ", target, answer);
        }
    }
    let mut rest = LINKS;
    while !rest.is_empty() {
        let path = next_string(&mut rest);
        // One that is there already stays.
        let _ = symlink(next_string(&mut rest), path);
    }
    let _ = chdir(c"/");
}

/// Makes the directory if need be. What is mounted there already is left as it is: the kernel would mount another over it, and hide
/// what a script in an initramfs has put there, or a container's host.
fn mount_on(target: &CStr, kind: &CStr, flags: MountFlags, options: &CStr) -> Result<(), Errno> {
    let _ = mkdir(target, 0o755);
    chdir(target)?;
    if stat(c".")?.dev() != stat(c"..")?.dev() {
        return Ok(());
    }
    mount(kind, target, kind, flags, options)
}

/// What is only in memory: it is gone with the machine.
const VIRTUAL: &str = "rootfs tmpfs ramfs proc sysfs devtmpfs devpts cgroup2 cgroup mqueue";

/// Stops swapping, and unmounts all that is on devices or elsewhere, what was mounted last first; what can't be unmounted, such as
/// the root, it makes read-only.
pub fn take_down() {
    each_path(c"/proc/swaps", 0, |path| {
        told("swapoff ", path, sys::machine::swapoff(path));
        false
    });
    // A mount that others are mounted in is busy until they are gone, and stands before them.
    while each_path(c"/proc/mounts", 1, |path| {
        umount2(path, UnmountFlags::default()).is_ok()
    }) {}
    each_path(c"/proc/mounts", 1, |path| {
        let flags = MountFlags::REMOUNT | MountFlags::RDONLY;
        told("read-only ", path, mount(c"", path, c"", flags, c""));
        false
    });
}

#[inline(never)]
fn told(what: &str, path: &CStr, answer: Result<(), Errno>) {
    if let Err(errno) = answer {
        let mut line = Line::new(what);
        Quoted(path.to_bytes()).write(&mut line);
        line.tell_of(errno);
    }
}

/// Calls `visit` with the path that is the word of this index in each line of the file, as far as it can be read; but not for what
/// is virtual, as the word after it says, and for the line of `/proc/swaps` that has the columns' names. Whether it has said so of one.
#[inline(never)]
fn each_path(file: &CStr, index: usize, visit: fn(&CStr) -> bool) -> bool {
    let mut any = false;
    let _ = each_line(file, &mut |mut line| {
        let mut path = next_field(&mut line, b' ');
        if index > 0 {
            path = next_field(&mut line, b' ');
        }
        let kind = next_field(&mut line, b' ');
        if path.first() == Some(&b'/') && text::position(VIRTUAL, kind).is_none() {
            let mut whole = Buffer::new();
            unescape(path, &mut whole);
            any |= visit(whole.as_c_str());
        }
        true
    });
    any
}

/// Puts the path there that the word means: a blank and the like within is a backslash and three octal digits.
fn unescape(mut rest: &[u8], path: &mut Buffer) {
    while let [first, others @ ..] = rest {
        let digits = others.get(..3).filter(|_| *first == b'\\');
        match digits.and_then(|digits| text::number(digits, 8)) {
            Some(byte) => {
                path.put(&[byte as u8]);
                rest = rest.get(4..).unwrap_or_default();
            }
            None => {
                path.put(&[*first]);
                rest = others;
            }
        }
    }
}
