//! The file systems that programs expect to find.

use core::ffi::CStr;

use linux_raw_sys::general::{MS_NODEV, MS_NOEXEC, MS_NOSUID};
use nestling::text::{Quoted, Text};
use nestling::{Errno, sys};

use crate::report::complain;

pub struct Mount {
    kind: &'static CStr,
    target: &'static CStr,
    flags: u32,
    options: &'static CStr,
}

impl Mount {
    const fn new(
        kind: &'static CStr,
        target: &'static CStr,
        flags: u32,
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

static DEVICES: Mount = Mount::new(c"devtmpfs", c"/dev", MS_NOSUID, c"mode=0755");

/// In an order in which each finds its directory.
static ALL: &[Mount] = {
    const STRICT: u32 = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    &[
        Mount::new(c"proc", c"/proc", STRICT, c""),
        Mount::new(c"sysfs", c"/sys", STRICT, c""),
        Mount::new(c"cgroup2", c"/sys/fs/cgroup", STRICT, c""),
        Mount::new(
            c"devpts",
            c"/dev/pts",
            MS_NOSUID | MS_NOEXEC,
            c"mode=0620,ptmxmode=0666",
        ),
        Mount::new(c"tmpfs", c"/dev/shm", MS_NOSUID | MS_NODEV, c"mode=1777"),
        Mount::new(c"tmpfs", c"/run", MS_NOSUID | MS_NODEV, c"mode=0755"),
        Mount::new(c"tmpfs", c"/tmp", MS_NOSUID | MS_NODEV, c"mode=1777"),
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
