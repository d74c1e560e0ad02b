//! `switch_root NEWROOT INIT [ARG...]`: changes from the initramfs to the system that is mounted at NEWROOT.

use core::ffi::CStr;

use nestling::dir::ReadDir;
use nestling::spawn::Program;
use nestling::sys::file::{
    FileSystemType, chdir, faccessat, fchdir, lstat, rmdir, stat, statfs, unlink,
};
use nestling::sys::mount::{MountFlags, UnmountFlags, mount, umount2};
use nestling::text::Text;
use nestling::{Args, AsFd, Errno, FileType, OFlags, SigSet, c_str, sys};

use crate::buffer::next_string;
use crate::exec::become_program;
use crate::log::Line;
use crate::names::first;

/// Executes INIT. If this fails, reports the error and returns an exit status.
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

/// Makes `root` the root directory. After an error, `what` describes the failed step.
fn switch(root: &CStr, what: &mut &str) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let root = sys::fd::open(root, flags, 0)?;
    *what = "must be process 1";
    if sys::process::getpid().as_raw() != 1 {
        return Err(Errno::EPERM);
    }
    *what = "the root is not an initramfs";
    // Without this check, the code below could delete the files of an installed system. An initramfs always has the file `/init`,
    // and its file system is ramfs or tmpfs. (The check of the type is needed, because other file systems, such as overlayfs, also
    // have no disk.)
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
        let target = c_str::tail(path, 1).unwrap_or_default();
        if mount(path, target, c"", MountFlags::MOVE, c"").is_err() {
            // If the mount cannot be moved, unmount it, because no path would lead to it.
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

/// Changes the working directory to `path`, and deletes everything in it that is on the device. Fails if the directory cannot be
/// opened, or if a symbolic link has replaced it: otherwise, files elsewhere would be deleted.
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
