//! The file systems that programs expect to find.

use core::ffi::CStr;

use nestling::Errno;
use nestling::sys::file::{chdir, mkdir, stat, symlink};
use nestling::sys::mount::{MountFlags, mount};
use nestling::text::{Quoted, Text};

use crate::buffer::next_string;
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

/// Mounts the file systems that are not mounted yet, and logs what fails if `loudly` is set.
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

#[inline(never)]
fn log_failure(what: &str, path: &CStr, answer: Result<(), Errno>) {
    if let Err(errno) = answer {
        let mut line = Line::new(what);
        Quoted(path.to_bytes()).write(&mut line);
        line.log_error(errno);
    }
}
