//! Removes a file or a tree, for `rm` and `mv`.

use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::Call;
use nestling::{Errno, FileType, sys};

use super::paths::c_str;
use super::walk::{Follow, Visit, Walk, When};

/// What is asked before a file is removed.
pub type Asks<'a> = &'a mut dyn FnMut(&Visit<'_>) -> bool;

/// Removes the file `path`, and what is in it if it is a directory. `asks` tells for each file and each directory whether it is
/// removed, and for a directory before that whether it is entered. Symbolic links are not followed. Files that another process
/// removes meanwhile are no error. With `force`, neither is a `path` that does not exist. Returns the exit status.
pub fn tree(call: &Call<'_>, path: &CStr, force: bool, asks: Asks<'_>) -> i32 {
    let mut walk = match Walk::new(path, Follow::Never) {
        Ok(walk) => walk,
        Err(errno) => return call.fail(path, errno),
    };
    let mut status = 0;
    // How deep the files are of which one was not removed last: the directory above cannot be removed, either.
    let mut left = 0;
    // A directory that cannot be read, and the error. It may be empty.
    let mut unread: Option<(Vec<u8>, Errno)> = None;
    while let Some(visit) = walk.next() {
        let outcome = match visit.when {
            When::Failed(Errno::ENOENT | Errno::ENOTDIR) if visit.depth == 0 && force => return 0,
            When::Failed(errno) if visit.file_type == FileType::Directory => {
                unread = Some((visit.path.to_bytes_with_nul().to_vec(), errno));
                continue;
            }
            When::Failed(errno) => Err(errno),
            When::Before => {
                if !asks(&visit) {
                    left = visit.depth + 1;
                    walk.skip();
                }
                continue;
            }
            When::Only => match asks(&visit) {
                true => sys::file::unlinkat(visit.parent, visit.name),
                false => {
                    left = visit.depth;
                    continue;
                }
            },
            When::After if left > visit.depth => {
                left = visit.depth;
                continue;
            }
            When::After if !asks(&visit) => {
                left = visit.depth;
                continue;
            }
            When::After => {
                let outcome = sys::file::rmdirat(visit.parent, visit.name);
                match unread.take() {
                    Some((_, errno)) => outcome.map_err(|_| errno),
                    None => outcome,
                }
            }
        };
        match outcome {
            Ok(()) => {}
            Err(Errno::ENOENT) if visit.depth > 0 || force => {}
            Err(errno) => {
                left = visit.depth;
                status = call.fail(visit.path, errno);
            }
        }
    }
    // The walk ended there: the directory above was moved.
    if let Some((path, errno)) = unread {
        status = call.fail(c_str(&path), errno);
    }
    status
}
