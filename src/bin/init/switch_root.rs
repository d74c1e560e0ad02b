//! `switch_root NEWROOT INIT [ARG...]`: from the initramfs to the system that is mounted at NEWROOT.

use core::ffi::CStr;

use nestling::dir::ReadDir;
use nestling::spawn::{Attributes, Program, Spawn};
use nestling::sys::mount::{MountFlags, UnmountFlags, mount, umount2};
use nestling::text::Text;
use nestling::{Args, Errno, FileType, SigSet, sys};

use crate::log::complain;

/// Goes on as INIT. Returns only if that failed, with what was told: an exit status.
pub fn switch_root(args: Args<'_>, env: Args<'_>) -> i32 {
    let answer = match args.first() {
        None => Err(("NEWROOT", Errno::EINVAL)),
        Some(root) => switch(root),
    };
    if let Err((what, errno)) = answer {
        complain(|out| {
            "switch_root: ".write(out);
            what.write(out);
            ": ".write(out);
            errno.write(out);
        });
        return 1;
    }
    let args = args.skip(1);
    let error = Spawn {
        attributes: Attributes {
            signal_mask: Some(SigSet::EMPTY),
            ..Attributes::default()
        },
        ..Spawn::new(Program::Path(args.first().unwrap_or_default()), args, env)
    }
    .exec_without_actions();
    complain(|out| error.write(out));
    error.shell_code()
}

fn switch(root: &CStr) -> Result<(), (&'static str, Errno)> {
    let at = |what| move |errno| (what, errno);
    if sys::process::getpid().as_raw() != 1 {
        return Err(("it must be process 1", Errno::EPERM));
    }
    sys::file::chdir(root).map_err(at("NEWROOT"))?;
    let device = |path| {
        let stat = sys::file::stat(path).map_err(at("NEWROOT"))?;
        Ok(stat.dev())
    };
    let old = device(c"/")?;
    if device(c".")? == old {
        return Err(("NEWROOT is no mount", Errno::EINVAL));
    }
    // Else what is deleted below would be somebody's system. The kernel's own file systems have no device, and so the major number
    // 0; this file the initramfs has to have.
    if old.0 != 0 || sys::file::faccessat(c"/init").is_err() {
        return Err(("this is no initramfs", Errno::EINVAL));
    }
    for (path, target) in [
        (c"/dev", c"dev"),
        (c"/proc", c"proc"),
        (c"/sys", c"sys"),
        (c"/run", c"run"),
    ] {
        if mount(path, target, c"", MountFlags::MOVE, c"").is_err() {
            // Whatever it holds, nobody will find it.
            let _ = umount2(path, UnmountFlags::DETACH);
        }
    }
    let mut path = Path {
        bytes: [0; 4096],
        length: 0,
    };
    path.delete_below(old);
    mount(c".", c"/", c"", MountFlags::MOVE, c"").map_err(at("moving the mount"))?;
    sys::file::chroot(c".").map_err(at("chroot"))?;
    sys::file::chdir(c"/").map_err(at("chdir"))
}

struct Path {
    bytes: [u8; 4096],
    length: usize,
}

impl Path {
    fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }

    /// Deletes what is in the directory of this path, as far as that is on the device.
    fn delete_below(&mut self, device: (u32, u32)) {
        let path = if self.length == 0 {
            c"/"
        } else {
            self.as_c_str()
        };
        let Ok(mut directory) = ReadDir::open(path) else {
            return;
        };
        let length = self.length;
        while let Ok(Some(entry)) = directory.next() {
            let free = self.bytes.get_mut(length..).unwrap_or_default();
            let name = b"/".iter().chain(entry.name.to_bytes_with_nul());
            let count = entry.name.count_bytes() + 1;
            if count >= free.len() {
                continue;
            }
            free.iter_mut()
                .zip(name)
                .for_each(|(place, &byte)| *place = byte);
            self.length = length + count;
            let is_there = sys::file::lstat(self.as_c_str()).is_ok_and(|it| it.dev() == device);
            if is_there && entry.file_type == FileType::Directory {
                self.delete_below(device);
                let _ = sys::file::rmdir(self.as_c_str());
            } else if is_there {
                let _ = sys::file::unlink(self.as_c_str());
            }
            self.length = length;
            if let Some(end) = self.bytes.get_mut(length) {
                *end = 0;
            }
        }
    }
}
