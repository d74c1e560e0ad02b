//! Reading files of lines.

use core::ffi::CStr;

use nestling::text::Sink;
use nestling::{AsFd, BorrowedFd, Errno, OFlags, io, sys};

use crate::buffer::Buffer;

/// Calls `visit` with each line, without its newline, until `visit` returns false. For a line that does not fit into a [`Buffer`],
/// `visit` gets only the beginning.
///
/// # Errors
/// The errors of `open(2)` and `read(2)`.
#[inline(never)]
pub fn each_line(path: &CStr, visit: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), Errno> {
    let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
    each_line_of(file.as_fd(), visit)
}

/// Does the same as [`each_line`], with an open file.
///
/// # Errors
/// The errors of `read(2)`.
#[inline(never)]
pub fn each_line_of(
    file: BorrowedFd<'_>,
    visit: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<(), Errno> {
    let (mut line, mut room) = (Buffer::new(), [0; 512]);
    loop {
        let count = io::read(file, &mut room)?;
        for &byte in room.get(..count).unwrap_or_default() {
            if byte != b'\n' {
                line.put(&[byte]);
            } else if visit(line.bytes()) {
                line.clear();
            } else {
                return Ok(());
            }
        }
        if count == 0 {
            // The last line may have no newline.
            let _ = line.bytes().is_empty() || visit(line.bytes());
            return Ok(());
        }
    }
}
