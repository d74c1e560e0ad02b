//! Copies files and trees, for `cp` and `mv`.

use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::Call;
use nestling::sys::file::SetTime;
use nestling::time::Timestamp;
use nestling::{AsFd, BorrowedFd, Errno, FileType, OFlags, SeekFrom, Stat, io, sys};

use super::attributes::{Attributes, File};
use super::input::BLOCK;
use super::links::Links;
use super::paths::{c_str, join, parent};
use super::walk::{Follow, Visit, Walk, When};

/// How files are copied.
#[derive(Clone, Copy)]
pub struct Copying {
    pub follow: Follow,
    /// `-R`: directories with what is in them; special files are made, not read.
    pub recursive: bool,
    /// `-p`: owner, group, mode, attributes and times are kept.
    pub preserves: bool,
    /// The copy may have another owner, because the file system cannot store this one, or the user must not give it away.
    pub any_owner: bool,
    /// Several links to a file become several links to its copy.
    pub links: bool,
    /// `-f`: a target that cannot be opened is removed.
    pub force: bool,
    /// The umask of the process, which is set to 0 meanwhile.
    pub umask: u32,
}

pub struct Copier<'a> {
    call: &'a Call<'a>,
    how: Copying,
    /// The paths of the copies of files with several links.
    linked: Links,
}

/// Tells whether a file is copied to this path.
pub type Permits<'a> = &'a mut dyn FnMut(&Visit<'_>, &CStr) -> bool;

impl<'a> Copier<'a> {
    pub fn new(call: &'a Call<'a>, how: Copying) -> Self {
        Self {
            call,
            how,
            linked: Links::new(),
        }
    }

    /// Copies the file or the tree `source` to the path `target`. Reports errors, and goes on with the next file. Returns the exit
    /// status. It is long because each kind of visit has an arm, and most of them continue the walk in their own way.
    pub fn copy(&mut self, source: &CStr, target: &CStr, permits: Permits<'_>) -> i32 {
        let mut walk = match Walk::new(source, self.how.follow) {
            Ok(walk) => walk,
            Err(errno) => return self.call.fail(source, errno),
        };
        let mut status = 0;
        // For each directory on the way, whether it was made.
        let mut made = Vec::new();
        // The first of them. Links may lead into it.
        let mut root = None;
        while let Some(visit) = walk.next() {
            let below = visit.path.to_bytes().get(source.count_bytes()..);
            let below = match below.unwrap_or_default() {
                [b'/', below @ ..] => below,
                below => below,
            };
            let path = join(target.to_bytes(), below);
            let path = c_str(&path);
            let outcome = match visit.when {
                When::Failed(errno) => Err(errno),
                When::After => {
                    let is_new = made.pop().unwrap_or(false);
                    self.finish_directory(&visit, path, is_new)
                }
                When::Before if !self.how.recursive => {
                    status = self
                        .call
                        .complain(visit.path.to_bytes(), "this is a directory; -R copies it");
                    return status;
                }
                When::Before if visit.depth == 0 && is_below(&visit, path) => {
                    return self.call.complain(
                        visit.path.to_bytes(),
                        "a directory cannot be copied into itself",
                    );
                }
                When::Before if root.is_some() && root == identity(visit.stat()) => {
                    status = self
                        .call
                        .complain(visit.path.to_bytes(), "this is the copy itself");
                    walk.skip();
                    walk.next();
                    continue;
                }
                When::Before => match self.make_directory(&visit, path) {
                    Ok(is_new) => {
                        root = root.or_else(|| identity(sys::file::stat(path)));
                        made.push(is_new);
                        Ok(())
                    }
                    Err(errno) => {
                        // Without the directory, nothing of it can be copied; there is nothing to finish, either.
                        status = self.call.fail(path, errno);
                        if visit.depth == 0 {
                            return status;
                        }
                        walk.skip();
                        walk.next();
                        continue;
                    }
                },
                When::Only if is_same(&visit, path) => {
                    status = self
                        .call
                        .complain(visit.path.to_bytes(), "source and target are the same file");
                    continue;
                }
                When::Only if !permits(&visit, path) => Ok(()),
                When::Only => match self.file(&visit, path) {
                    Ok(()) => Ok(()),
                    Err((Side::Source, errno)) => Err(errno),
                    Err((Side::Target, errno)) => {
                        status = self.call.fail(path, errno);
                        continue;
                    }
                },
            };
            if let Err(errno) = outcome {
                status = self.call.fail(visit.path, errno);
            }
        }
        status
    }

    /// Makes a directory that its owner can fill. Returns whether it is new.
    fn make_directory(&self, visit: &Visit<'_>, path: &CStr) -> Result<bool, Errno> {
        let mode = visit.stat()?.permissions();
        // With `-p`, other users must not enter before the directory has its owner.
        let others = if self.how.preserves { 0 } else { 0o077 };
        let mode = mode & !self.how.umask & others | 0o700;
        match sys::file::mkdir(path, mode) {
            // A link to a directory would lead out of the tree.
            Err(Errno::EEXIST) if sys::file::lstat(path).is_ok_and(|it| it.is_dir()) => Ok(false),
            outcome => outcome.map(|()| true),
        }
    }

    fn finish_directory(&self, visit: &Visit<'_>, path: &CStr, is_new: bool) -> Result<(), Errno> {
        let stat = visit.stat()?;
        if self.how.preserves {
            return self.preserve(visit.path, path, &stat);
        }
        let mode = stat.permissions() & 0o1777 & !self.how.umask;
        if !is_new || mode & 0o1700 == 0o700 {
            return Ok(());
        }
        // The directory above may have given it its set-group-ID bit.
        let inherited = sys::file::stat(path)?.permissions() & 0o2000;
        sys::file::chmod(path, mode | inherited)
    }

    fn file(&mut self, visit: &Visit<'_>, path: &CStr) -> Result<(), (Side, Errno)> {
        let stat = visit.stat().map_err(source)?;
        if !self.how.links || stat.nlink() < 2 {
            return self.one(visit, &stat, path);
        }
        if let Some(copy) = self.linked.get(&stat) {
            let copy = c_str(copy);
            // The same tree may be given twice.
            if copy == path {
                return Ok(());
            }
            return make(path, &mut || sys::file::link(copy, path)).map_err(target);
        }
        self.one(visit, &stat, path)?;
        self.linked.add(&stat, path.to_bytes_with_nul());
        Ok(())
    }

    fn one(&self, visit: &Visit<'_>, stat: &Stat, path: &CStr) -> Result<(), (Side, Errno)> {
        match stat.file_type() {
            FileType::Symlink => link(visit, path).map_err(target)?,
            FileType::File => return self.content(visit, stat, path),
            FileType::Directory => return Err((Side::Source, Errno::EISDIR)),
            _ if !self.how.recursive => return self.content(visit, stat, path),
            file_type => {
                let mode = stat.permissions() & !self.how.umask;
                let mut with = || sys::file::mknod(path, file_type, mode, stat.rdev());
                make(path, &mut with).map_err(target)?;
            }
        }
        match self.how.preserves {
            true => self.preserve(visit.path, path, stat).map_err(target),
            false => Ok(()),
        }
    }

    /// Copies the content of a file.
    fn content(&self, visit: &Visit<'_>, stat: &Stat, path: &CStr) -> Result<(), (Side, Errno)> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOCTTY | visit.nofollow();
        let from = sys::fd::openat(visit.parent, visit.name, flags, 0).map_err(source)?;
        // With `-p`, other users must not read the file before it has its owner.
        let most = if self.how.preserves { 0o700 } else { 0o777 };
        let mode = stat.permissions() & !self.how.umask & most;
        let mut flags = OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOCTTY;
        // A link that another process makes from now on must not lead to the file that is overwritten.
        if !sys::file::lstat(path).is_ok_and(|it| it.is_symlink()) {
            flags = flags | OFlags::NOFOLLOW;
        }
        let create = || sys::fd::open(path, flags | OFlags::CREAT | OFlags::EXCL, mode);
        let to = match sys::fd::open(path, flags | OFlags::TRUNC, 0) {
            Err(Errno::ENOENT) => create(),
            Err(_) if self.how.force => sys::file::unlink(path).and_then(|()| create()),
            outcome => outcome,
        };
        let to = to.map_err(target)?;
        content(from.as_fd(), to.as_fd(), stat)?;
        match self.how.preserves {
            true => self
                .preserve_open(from.as_fd(), to.as_fd(), stat)
                .map_err(target),
            false => Ok(()),
        }
    }

    /// Gives a file the owner, the mode, the attributes and the times of another. Without the owner and the group, it gets the rest,
    /// but not the bits that set them.
    fn preserve(&self, from: &CStr, to: &CStr, stat: &Stat) -> Result<(), Errno> {
        let owned = sys::file::lchown(to, stat.uid(), stat.gid());
        if !stat.is_symlink() {
            let attributes = Attributes::of(File::Path(from))?;
            sys::file::chmod(to, attributes.mode_without_list(mode(stat, owned)))?;
            attributes.set(File::Path(to))?;
        }
        let [accessed, modified] = times(stat);
        sys::file::lutimensat(to, accessed, modified)?;
        self.accept(owned)
    }

    fn preserve_open(
        &self,
        from: BorrowedFd<'_>,
        to: BorrowedFd<'_>,
        stat: &Stat,
    ) -> Result<(), Errno> {
        let owned = sys::file::fchown(to, stat.uid(), stat.gid());
        let attributes = Attributes::of(File::Open(from))?;
        sys::file::fchmod(to, attributes.mode_without_list(mode(stat, owned)))?;
        attributes.set(File::Open(to))?;
        let [accessed, modified] = times(stat);
        sys::file::futimens(to, accessed, modified)?;
        self.accept(owned)
    }

    fn accept(&self, owned: Result<(), Errno>) -> Result<(), Errno> {
        match owned {
            Err(Errno::EPERM | Errno::EINVAL | Errno::EOPNOTSUPP) if self.how.any_owner => Ok(()),
            owned => owned,
        }
    }
}

fn mode(stat: &Stat, owned: Result<(), Errno>) -> u32 {
    stat.permissions() & if owned.is_ok() { 0o7777 } else { 0o777 }
}

fn identity(stat: Result<Stat, Errno>) -> Option<((u32, u32), u64)> {
    stat.ok().map(|stat| (stat.dev(), stat.ino()))
}

/// Whose error it is.
#[derive(Clone, Copy)]
pub enum Side {
    Source,
    Target,
}

fn source(errno: Errno) -> (Side, Errno) {
    (Side::Source, errno)
}

fn target(errno: Errno) -> (Side, Errno) {
    (Side::Target, errno)
}

/// Whether a copy to `path` would destroy the file that is copied, or the file that the copied link leads to.
fn is_same(visit: &Visit<'_>, path: &CStr) -> bool {
    let is_one = |one, other| {
        let one = identity(one);
        one.is_some() && one == identity(other)
    };
    let there = sys::file::lstat(path);
    match visit.stat() {
        Ok(stat) if stat.is_symlink() => {
            is_one(Ok(stat), there) || is_one(sys::file::statat(visit.parent, visit.name), there)
        }
        stat => is_one(stat, sys::file::stat(path)),
    }
}

/// Whether `path` would be in the directory that is visited.
fn is_below(visit: &Visit<'_>, path: &CStr) -> bool {
    let Ok(directory) = visit.stat() else {
        return false;
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let start = match sys::fd::open(path, flags, 0) {
        Ok(it) => Ok(it),
        Err(_) => sys::fd::open(c_str(&join(parent(path.to_bytes()), b"")), flags, 0),
    };
    let Ok(mut here) = start else {
        return false;
    };
    let mut last = None;
    loop {
        let Ok(stat) = sys::file::fstat(here.as_fd()) else {
            return false;
        };
        let identity = (stat.dev(), stat.ino());
        if identity == (directory.dev(), directory.ino()) {
            return true;
        }
        if last == Some(identity) {
            return false;
        }
        last = Some(identity);
        match sys::fd::openat(here.as_fd(), c"..", flags, 0) {
            Ok(above) => here = above,
            Err(_) => return false,
        }
    }
}

/// Makes a file that is not a regular one; if there is a file with this name, which is no directory, it is replaced.
fn make(path: &CStr, with: &mut dyn FnMut() -> Result<(), Errno>) -> Result<(), Errno> {
    match with() {
        Err(Errno::EEXIST) => {
            sys::file::unlink(path)?;
            with()
        }
        outcome => outcome,
    }
}

/// Copies a symbolic link.
fn link(visit: &Visit<'_>, path: &CStr) -> Result<(), Errno> {
    let mut text = alloc::vec![0; 4097];
    let room = text.get_mut(..4096).unwrap_or_default();
    sys::file::readlinkat(visit.parent, visit.name, room)?;
    let text = c_str(&text);
    make(path, &mut || sys::file::symlink(text, path))
}

fn times(stat: &Stat) -> [SetTime; 2] {
    [stat.atime(), stat.mtime()].map(|(seconds, nanoseconds)| {
        Timestamp::new(seconds, nanoseconds).map_or(SetTime::Keep, SetTime::To)
    })
}

/// Copies the bytes of an open file to another; the holes of a regular file remain holes.
pub fn content(from: BorrowedFd<'_>, to: BorrowedFd<'_>, stat: &Stat) -> Result<(), (Side, Errno)> {
    let has_holes = stat.is_file() && stat.blocks() * 512 < stat.size();
    if !has_holes || !sys::file::fstat(to).is_ok_and(|it| it.is_file()) {
        return range(from, to, u64::MAX).map(drop);
    }
    let mut end = 0;
    loop {
        let start = match sys::fd::seek_data(from, end) {
            Ok(start) => start,
            // Only a hole is left.
            Err(Errno::ENXIO) => {
                let length = sys::file::fstat(from).map_err(source)?.size();
                return sys::fd::ftruncate(to, length.max(end)).map_err(target);
            }
            Err(_) if end == 0 => return range(from, to, u64::MAX).map(drop),
            Err(errno) => return Err((Side::Source, errno)),
        };
        end = sys::fd::seek_hole(from, start).map_err(source)?;
        sys::fd::lseek(from, SeekFrom::Start(start)).map_err(source)?;
        sys::fd::lseek(to, SeekFrom::Start(start)).map_err(target)?;
        let copied = range(from, to, end - start)?;
        // The file is shorter than its status says, as files of /sys are.
        if copied < end - start {
            return sys::fd::ftruncate(to, start + copied).map_err(target);
        }
    }
}

/// Copies at most `most` bytes: in the kernel, if it can. Returns how many there were.
fn range(from: BorrowedFd<'_>, to: BorrowedFd<'_>, most: u64) -> Result<u64, (Side, Errno)> {
    const MOST: u64 = 1 << 30;
    let mut left = most;
    while left > 0 {
        // 0 is not the end for files that the kernel makes up, such as those of /proc.
        match sys::fd::copy_file_range(from, to, left.min(MOST) as usize) {
            Ok(0) => break,
            Ok(length) => left -= length as u64,
            Err(Errno::ENOSPC) => return Err((Side::Target, Errno::ENOSPC)),
            Err(_) => break,
        }
    }
    let mut block = Vec::new();
    while left > 0 {
        if block.is_empty() {
            block = alloc::vec![0; BLOCK];
        }
        let room = block.get_mut(..left.min(BLOCK as u64) as usize);
        let length = io::read(from, room.unwrap_or_default()).map_err(source)?;
        if length == 0 {
            break;
        }
        let bytes = block.get(..length).unwrap_or_default();
        io::write_all(to, bytes).map_err(target)?;
        left -= length as u64;
    }
    Ok(most - left)
}
