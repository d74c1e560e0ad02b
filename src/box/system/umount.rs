//! `umount [-adflnrRv] [-t type] [directory|device...]`: detaches file systems.

use core::ffi::CStr;

use nestling::applet::{Applet, Call};
use nestling::sys::mount::{MountFlags, UnmountFlags, mount, umount2};
use nestling::{Errno, text};

use crate::common::fstab;

pub const APPLET: Applet = Applet {
    name: c"umount",
    synopsis: "[-dflnrRv] directory|device... | -a [-flr] [-t type]",
    run,
};

/// The exit status if the kernel refuses, as in the program of util-linux.
const FAILED: i32 = 32;
const MOUNTS: &CStr = c"/proc/mounts";

fn run(call: &Call<'_>) -> i32 {
    umount(call).unwrap_or_else(|status| status)
}

fn umount(call: &Call<'_>) -> Result<i32, i32> {
    let (mut all, mut read_only, mut below) = (false, false, false);
    let (mut kind, mut flags) = (None, UnmountFlags::default());
    let mut options = call.options("adflnrRt:v");
    while let Some(letter) = options.next()? {
        match letter {
            b'a' => all = true,
            b'f' => flags = flags | UnmountFlags::FORCE,
            b'l' => flags = flags | UnmountFlags::DETACH,
            b'r' => read_only = true,
            b'R' => below = true,
            // There is no `/etc/mtab`, the kernel frees the loop devices of `mount`, and a failure is reported.
            b'd' | b'n' | b'v' => {}
            _ => kind = Some(options.value),
        }
    }
    let detach = |target: &CStr| match umount2(target, flags) {
        Err(Errno::EBUSY) if read_only => {
            let flags = MountFlags::REMOUNT | MountFlags::RDONLY;
            mount(c"", target, c"", flags, c"")
        }
        outcome => outcome,
    };
    let failed = |target: &CStr, errno| {
        call.fail(target, errno);
        FAILED
    };
    let mounts = || fstab::lines(MOUNTS).map_err(|errno| call.fail(MOUNTS, errno));
    let (mut status, mut operands) = (0, options.operands().peekable());
    if all {
        if let Some(extra) = operands.next() {
            return Err(call.misused(extra.to_bytes(), "-a needs no operand"));
        }
        // A mount inside of another mount comes after it in the list. The file systems that the rest of a rescue needs stay.
        for line in mounts()?.into_iter().rev() {
            let needed = "/ /proc /sys /dev /dev/pts";
            let named = kind.is_some_and(|kind| !kind.to_bytes().starts_with(b"no"));
            if fstab::has_type(kind.unwrap_or_default(), &line.kind)
                && (named || text::position(needed, line.target.to_bytes()).is_none())
            {
                status |=
                    detach(&line.target).map_or_else(|errno| failed(&line.target, errno), |()| 0);
            }
        }
        return Ok(status);
    }
    if operands.peek().is_none() {
        return Err(call.misused(b"", "a directory or a device is needed"));
    }
    for operand in operands {
        if below {
            let tree = fstab::resolved(operand);
            // A mount on top of another comes after it in the list.
            for line in mounts()?.into_iter().rev() {
                let is_below = text::after(line.target.to_bytes(), tree.to_bytes());
                if line.target != tree && is_below.is_some_and(|it| it.starts_with(b"/")) {
                    status |= detach(&line.target)
                        .map_or_else(|errno| failed(&line.target, errno), |()| 0);
                }
            }
        }
        let outcome = match detach(operand) {
            // It may be a device, or another source, which is mounted somewhere.
            Err(errno @ (Errno::EINVAL | Errno::ENOENT)) => {
                let name = fstab::resolved(operand);
                let found = mounts()?.into_iter().rev().find(|it| it.source == name);
                found.map_or(Err(errno), |line| detach(&line.target))
            }
            outcome => outcome,
        };
        status |= outcome.map_or_else(|errno| failed(operand, errno), |()| 0);
    }
    Ok(status)
}
