//! The file systems that programs expect to find; and at the end, all that are mounted.

use core::ffi::CStr;

use nestling::io;
use nestling::sys::mount::{MountFlags, UnmountFlags};
use nestling::text::{self, Quoted, Text};
use nestling::{AsFd, Errno, OFlags, sys};

use crate::log::tell;

pub struct Mount {
    kind: &'static CStr,
    target: &'static CStr,
    /// The directory that the target is in.
    parent: &'static CStr,
    flags: MountFlags,
    options: &'static CStr,
}

impl Mount {
    const fn new(
        kind: &'static CStr,
        target: &'static CStr,
        parent: &'static CStr,
        flags: MountFlags,
        options: &'static CStr,
    ) -> Self {
        Self {
            kind,
            target,
            parent,
            flags,
            options,
        }
    }

    /// Mounts it, making the directory if need be; what is there already is left as it is.
    fn perform(&self) -> Result<(), Errno> {
        match sys::file::mkdir(self.target, 0o755) {
            Ok(()) | Err(Errno::EEXIST) => {}
            Err(errno) => return Err(errno),
        }
        // The kernel would mount another over it, and hide what a script in an initramfs has put there, or a container's host.
        let device = |path| sys::file::stat(path).map(|stat| stat.dev());
        if device(self.target)? != device(self.parent)? {
            return Ok(());
        }
        match sys::mount::mount(self.kind, self.target, self.kind, self.flags, self.options) {
            Err(Errno::EBUSY) => Ok(()),
            answer => answer,
        }
    }
}

const NOSUID: MountFlags = MountFlags::NOSUID;

static DEVICES: Mount = Mount::new(c"devtmpfs", c"/dev", c"/", NOSUID, c"mode=0755");

/// In an order in which each finds its directory.
static ALL: &[Mount] = {
    const NOSUID_NODEV: MountFlags = NOSUID.union(MountFlags::NODEV);
    const STRICT: MountFlags = NOSUID_NODEV.union(MountFlags::NOEXEC);
    &[
        Mount::new(c"proc", c"/proc", c"/", STRICT, c""),
        Mount::new(c"sysfs", c"/sys", c"/", STRICT, c""),
        Mount::new(c"cgroup2", c"/sys/fs/cgroup", c"/sys/fs", STRICT, c""),
        Mount::new(
            c"devpts",
            c"/dev/pts",
            c"/dev",
            NOSUID.union(MountFlags::NOEXEC),
            c"mode=0620,ptmxmode=0666",
        ),
        Mount::new(c"tmpfs", c"/dev/shm", c"/dev", NOSUID_NODEV, c"mode=1777"),
        Mount::new(c"tmpfs", c"/run", c"/", NOSUID_NODEV, c"mode=0755"),
        Mount::new(c"tmpfs", c"/tmp", c"/", NOSUID_NODEV, c"mode=1777"),
    ]
};

/// Mounts `/dev`, where the console is: before that nothing can be told.
pub fn devices() -> Outcome {
    Outcome(&DEVICES, DEVICES.perform())
}

/// Mounts everything else. What fails is told, and the rest mounted.
pub fn all() {
    for mount in ALL {
        Outcome(mount, mount.perform()).tell();
    }
}

/// What came of mounting something.
pub struct Outcome(&'static Mount, Result<(), Errno>);

impl Outcome {
    /// Complains if it failed.
    pub fn tell(&self) {
        let Self(mount, answer) = self;
        told("mount ", mount.target, *answer);
    }
}

/// What is only in memory: it is gone with the machine.
const VIRTUAL: &str = "rootfs tmpfs ramfs proc sysfs devtmpfs devpts cgroup2 cgroup mqueue";

/// Stops swapping, and unmounts all that is on devices or elsewhere, what was mounted last first; what can't be unmounted, such as
/// the root, it makes read-only.
pub fn take_down() {
    each_line(c"/proc/swaps", 0, &mut |path| {
        told("swapoff ", path, sys::machine::swapoff(path));
    });
    // A mount that others are mounted in is busy until they are gone, and stands before them.
    let mut some = true;
    while core::mem::take(&mut some) {
        each_line(c"/proc/mounts", 1, &mut |path| {
            some |= sys::mount::umount2(path, UnmountFlags::default()).is_ok();
        });
    }
    each_line(c"/proc/mounts", 1, &mut |path| {
        let flags = MountFlags::REMOUNT | MountFlags::RDONLY;
        told(
            "read-only ",
            path,
            sys::mount::mount(c"", path, c"", flags, c""),
        );
    });
}

fn told(what: &str, path: &CStr, answer: Result<(), Errno>) {
    if let Err(errno) = answer {
        tell(b"", &|out| {
            what.write(out);
            Quoted(path.to_bytes()).write(out);
            ": ".write(out);
            errno.write(out);
        });
    }
}

/// Calls `visit` with the path that is the word of this index in each line of the file, as far as it can be read; but not for what
/// is virtual, as the third word says, and for the line of `/proc/swaps` that has the columns' names.
#[inline(never)]
fn each_line(file: &CStr, index: usize, visit: &mut dyn FnMut(&CStr)) {
    let Ok(file) = sys::fd::open(file, OFlags::RDONLY | OFlags::CLOEXEC, 0) else {
        return;
    };
    let (mut reader, mut line) = (io::Reader::new(file.as_fd()), [0; 1024]);
    while let Ok(length @ 1..) = reader.fill_until(b'\n', &mut line) {
        let line = line.get_mut(..length).unwrap_or_default();
        let mut words = line.split_inclusive_mut(|&byte| byte == b' ' || byte == b'\t');
        if let (Some(word @ [b'/', ..]), Some([kind @ .., _])) = (words.nth(index), words.next())
            && text::position(VIRTUAL, kind).is_none()
            && let Some(path) = unescape(word)
        {
            visit(path);
        }
    }
}

/// The path that a word is with the blank after it. A blank and the like within is a backslash and three octal digits.
fn unescape(word: &mut [u8]) -> Option<&CStr> {
    let (mut from, mut to) = (0, 0);
    let length = word.len().saturating_sub(1);
    while let Some(&byte) = word.get(from).filter(|_| from < length) {
        let digits = word.get(from + 1..from + 4).filter(|_| byte == b'\\');
        let octal = digits.and_then(|digits| text::number(digits, 8));
        *word.get_mut(to)? = octal.map_or(byte, |number| number as u8);
        from += if octal.is_some() { 4 } else { 1 };
        to += 1;
    }
    *word.get_mut(to)? = 0;
    CStr::from_bytes_until_nul(word).ok()
}
