//! `switch_root NEWROOT INIT [ARG...]`: from the initramfs to the system that is mounted at NEWROOT.

use core::ffi::CStr;

use nestling::dir::ReadDir;
use nestling::spawn::Program;
use nestling::sys::file::{
    FileSystemType, chdir, faccessat, fchdir, lstat, rmdir, stat, statfs, unlink,
};
use nestling::sys::mount::{MountFlags, UnmountFlags, mount, umount2};
use nestling::text::Text;
use nestling::{Args, AsFd, Errno, FileType, OFlags, SigSet, sys};

use crate::buffer::next_string;
use crate::log::Line;
use crate::requests::{become_program, first};

/// Executes INIT. Returns only if that failed: an exit status, after it has reported the error.
pub fn switch_root(args: Args<'_>, env: Args<'_>) -> i32 {
    let mut what = "NEWROOT";
    if let Err(errno) = switch(first(args), &mut what) {
        let mut line = Line::new("switch_root: ");
        what.write(&mut line);
        line.warn_error(errno);
        return 1;
    }
    let args = args.skip(1);
    let program = Program::Path(first(args));
    become_program(program, args, env, Some(SigSet::EMPTY))
}

/// Makes `root` the root; `what` says which step an error is of.
fn switch(root: &CStr, what: &mut &str) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = sys::fd::open(root, flags, 0)?;
    *what = "must be process 1";
    if sys::process::getpid().as_raw() != 1 {
        return Err(Errno::EPERM);
    }
    *what = "the root is not an initramfs";
    // Else the files that are deleted below would be those of a system. Other file systems than these have no device either, such
    // as overlayfs; an initramfs always has this file.
    faccessat(c"/init")?;
    if !matches!(statfs(c"/")?, FileSystemType::RAMFS | FileSystemType::TMPFS) {
        return Err(Errno::EINVAL);
    }
    let old = stat(c"/")?.dev();
    *what = "NEWROOT is not a mount point";
    fchdir(root.as_fd())?;
    if stat(c".")?.dev() == old {
        return Err(Errno::EINVAL);
    }
    let mut moved: &[u8] = b"/dev\0/proc\0/sys\0/run\0";
    while !moved.is_empty() {
        let path = next_string(&mut moved);
        let target = sys::args::tail(path, 1).unwrap_or_default();
        if mount(path, target, c"", MountFlags::MOVE, c"").is_err() {
            // Whatever it holds, nobody will find it.
            let _ = umount2(path, UnmountFlags::DETACH);
        }
    }
    let _ = delete_all(c"/", old);
    *what = "cannot move the mount";
    fchdir(root.as_fd())?;
    mount(c".", c"/", c"", MountFlags::MOVE, c"")?;
    *what = "chroot";
    sys::file::chroot(c".")?;
    chdir(c"/")
}

/// Makes the directory the working directory, and deletes what is in it, as far as that is on the device. Fails if it can't be entered, such
/// as a link that has taken its place: all would be deleted elsewhere.
fn delete_all(path: &CStr, device: (u32, u32)) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = sys::fd::open(path, flags, 0)?;
    fchdir(directory.as_fd())?;
    let mut directory = ReadDir::new(directory);
    while let Ok(Some(entry)) = directory.next() {
        if !lstat(entry.name).is_ok_and(|it| it.dev() == device) {
            continue;
        }
        if entry.file_type != FileType::Directory {
            let _ = unlink(entry.name);
        } else if delete_all(entry.name, device).is_ok() {
            if chdir(c"..").is_err() {
                break;
            }
            let _ = rmdir(entry.name);
        }
    }
    Ok(())
}
