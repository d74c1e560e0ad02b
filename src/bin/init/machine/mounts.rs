//! The file systems that programs expect to find.

use core::ffi::CStr;

use nestling::sys::mount::MountFlags;
use nestling::text::{Quoted, Text};
use nestling::{Errno, sys};

use crate::log::complain;

pub struct Mount {
    kind: &'static CStr,
    target: &'static CStr,
    flags: MountFlags,
    options: &'static CStr,
}

impl Mount {
    const fn new(
        kind: &'static CStr,
        target: &'static CStr,
        flags: MountFlags,
        options: &'static CStr,
    ) -> Self {
        Self {
            kind,
            target,
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
        match sys::mount::mount(self.kind, self.target, self.kind, self.flags, self.options) {
            Err(Errno::EBUSY) => Ok(()),
            answer => answer,
        }
    }
}

const NOSUID: MountFlags = MountFlags::NOSUID;

static DEVICES: Mount = Mount::new(c"devtmpfs", c"/dev", NOSUID, c"mode=0755");

/// In an order in which each finds its directory.
static ALL: &[Mount] = {
    const NOSUID_NODEV: MountFlags = NOSUID.union(MountFlags::NODEV);
    const STRICT: MountFlags = NOSUID_NODEV.union(MountFlags::NOEXEC);
    &[
        Mount::new(c"proc", c"/proc", STRICT, c""),
        Mount::new(c"sysfs", c"/sys", STRICT, c""),
        Mount::new(c"cgroup2", c"/sys/fs/cgroup", STRICT, c""),
        Mount::new(
            c"devpts",
            c"/dev/pts",
            NOSUID.union(MountFlags::NOEXEC),
            c"mode=0620,ptmxmode=0666",
        ),
        Mount::new(c"tmpfs", c"/dev/shm", NOSUID_NODEV, c"mode=1777"),
        Mount::new(c"tmpfs", c"/run", NOSUID_NODEV, c"mode=0755"),
        Mount::new(c"tmpfs", c"/tmp", NOSUID_NODEV, c"mode=1777"),
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
        if let Err(errno) = answer {
            complain(|out| {
                "mount ".write(out);
                Quoted(mount.target.to_bytes()).write(out);
                ": ".write(out);
                errno.write(out);
            });
        }
    }
}
