//! The last lines or bytes of a file, for `head` and `tail`.

use alloc::vec::Vec;

use nestling::{BorrowedFd, Errno, io};

use super::bytes;
use super::input::BLOCK;

/// Reads a file, which need not have an offset, and returns its last lines or bytes. `with` gets what is before them, in parts;
/// it returns whether more is wanted. Each byte is searched and moved about once. The memory is about twice that of the result.
pub fn split(
    fd: BorrowedFd<'_>,
    count: u64,
    is_lines: bool,
    with: &mut dyn FnMut(&[u8]) -> bool,
) -> Result<Vec<u8>, Errno> {
    let (mut kept, mut block): (Vec<u8>, _) = (Vec::new(), alloc::vec![0; BLOCK]);
    let mut next = 16 * BLOCK;
    loop {
        let length = io::read(fd, &mut block)?;
        kept.extend_from_slice(block.get(..length).unwrap_or_default());
        if kept.len() > next || length == 0 {
            let start = start(&kept, count, is_lines);
            let goes_on = with(kept.get(..start).unwrap_or_default());
            kept.drain(..start);
            if length == 0 || !goes_on {
                return Ok(kept);
            }
            // The next search comes when there is as much again.
            next = 2 * kept.len().max(8 * BLOCK);
        }
    }
}

/// Where the last lines or bytes of a text begin. The newline at the end of the text ends the last line.
fn start(text: &[u8], count: u64, is_lines: bool) -> usize {
    if !is_lines || count == 0 {
        return text.len() - count.min(text.len() as u64) as usize;
    }
    let mut search = text.strip_suffix(b"\n").unwrap_or(text);
    let mut left = count;
    while let Some(newline) = bytes::find_last(search, b'\n') {
        left -= 1;
        if left == 0 {
            return newline + 1;
        }
        search = search.get(..newline).unwrap_or_default();
    }
    0
}
