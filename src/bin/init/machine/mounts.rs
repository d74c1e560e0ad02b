//! The file systems that programs expect to find.

use core::ffi::CStr;

use nestling::Errno;
use nestling::sys::file::{chdir, mkdir, stat, symlink};
use nestling::sys::mount::{MountFlags, mount};
use nestling::text::{Quoted, Text};

use crate::buffer::next_string;
use crate::log::Line;

/// The type, the target and the options of each file system. A file system that contains the target of another one comes before it.
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

/// The flags of each file system in [`ALL`].
static FLAGS: [MountFlags; 8] = [
    DEVICES, STRICT, STRICT, STRICT, TERMINALS, FILES, FILES, FILES,
];

/// The symbolic links that programs expect in `/dev`: pairs of a path and a target. Each string ends with a null byte.
static LINKS: &[u8] = b"/dev/fd\0/proc/self/fd\0\
    /dev/stdin\0/proc/self/fd/0\0\
    /dev/stdout\0/proc/self/fd/1\0\
    /dev/stderr\0/proc/self/fd/2\0";

/// Mounts the file systems that are not mounted yet. If `loudly` is true, logs errors.
pub fn all(loudly: bool) {
    let mut rest = ALL;
    for &flags in &FLAGS {
        let kind = next_string(&mut rest);
        let target = next_string(&mut rest);
        let answer = mount_on(target, kind, flags, next_string(&mut rest));
        if loudly {
            log_failure("mount ", target, answer);
        }
    }
    let mut rest = LINKS;
    while !rest.is_empty() {
        let path = next_string(&mut rest);
        // An existing file stays.
        let _ = symlink(next_string(&mut rest), path);
    }
    let _ = chdir(c"/");
}

/// Makes the directory if it is missing, and mounts the file system on it. Does nothing if a file system is already mounted there:
/// a second mount would hide the files that a script in an initramfs, or the host of a container, has put there.
fn mount_on(target: &CStr, kind: &CStr, flags: MountFlags, options: &CStr) -> Result<(), Errno> {
    let _ = mkdir(target, 0o755);
    chdir(target)?;
    if stat(c".")?.dev() != stat(c"..")?.dev() {
        return Ok(());
    }
    mount(kind, target, kind, flags, options)
}

#[inline(never)]
fn log_failure(what: &str, path: &CStr, answer: Result<(), Errno>) {
    if let Err(errno) = answer {
        let mut line = Line::new(what);
        Quoted(path.to_bytes()).write(&mut line);
        line.log_error(errno);
    }
}
