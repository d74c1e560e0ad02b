//! The files that an applet reads: standard input for `-`, in blocks or line by line.

use alloc::vec::Vec;
use core::ffi::CStr;

use nestling::applet::{Call, Operands};
use nestling::{AsFd, BorrowedFd, Errno, OFlags, OwnedFd, io, sys};

use super::bytes;

/// How many bytes one system call reads.
pub const BLOCK: usize = 64 * 1024;

/// A file to read.
pub enum Input {
    Stdin,
    File(OwnedFd),
}

impl Input {
    /// Opens a file; `-` is standard input.
    pub fn open(path: &CStr) -> Result<Self, Errno> {
        match path.to_bytes() {
            b"-" => Ok(Self::Stdin),
            _ => sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0).map(Self::File),
        }
    }
}

impl AsFd for Input {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Stdin => io::stdin(),
            Self::File(file) => file.as_fd(),
        }
    }
}

/// Returns the content of a file, for the small files of `/proc` and `/etc`.
pub fn whole(path: &CStr) -> Result<Vec<u8>, Errno> {
    let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
    let mut bytes = Vec::new();
    io::read_to_end(file.as_fd(), &mut bytes)?;
    Ok(bytes)
}

/// Calls `with` for each operand, opened; for standard input if there is no operand. Reports the errors of `open`, and those that
/// `with` returns. Returns 1 if there was an error, otherwise 0.
pub fn each(
    call: &Call<'_>,
    operands: Operands<'_>,
    with: &mut dyn FnMut(&CStr, BorrowedFd<'_>) -> Result<(), Errno>,
) -> i32 {
    let mut status = 0;
    let default = operands.clone().next().is_none().then_some(c"-");
    for path in default.into_iter().chain(operands) {
        if let Err(errno) = Input::open(path).and_then(|input| with(path, input.as_fd())) {
            status = call.fail(path, errno);
        }
    }
    status
}

/// Calls `with` for each block up to the end of the file.
pub fn blocks(fd: BorrowedFd<'_>, with: &mut dyn FnMut(&[u8])) -> Result<(), Errno> {
    let mut block = alloc::vec![0; BLOCK];
    loop {
        match io::read(fd, &mut block)? {
            0 => return Ok(()),
            length => with(block.get(..length).unwrap_or_default()),
        }
    }
}

/// The kernel copies fastest from a file to memory whose address, too, is a multiple of this: to an address a few bytes above one, an
/// AMD processor copies at a quarter of the speed.
const PAGE: usize = 4096;

/// Reads lines of any length. The memory that it takes is that of the longest line.
pub struct Lines<'fd> {
    fd: BorrowedFd<'fd>,
    buffer: Vec<u8>,
    /// The bytes of the buffer from `start` to `end` have not been returned yet.
    start: usize,
    end: usize,
    /// The end of the room for more, which is a whole number of pages after [`make_room`](Self::make_room).
    limit: usize,
    delimiter: u8,
}

impl<'fd> Lines<'fd> {
    pub fn new(fd: BorrowedFd<'fd>) -> Self {
        Self::with_delimiter(fd, b'\n')
    }

    /// With another byte than the newline at the end of each line, as for `-z`.
    pub fn with_delimiter(fd: BorrowedFd<'fd>, delimiter: u8) -> Self {
        Self {
            fd,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            limit: 0,
            delimiter,
        }
    }

    /// Returns the next line with its newline, which only the last line may lack; `None` at the end of the file. Fails with
    /// `ENOMEM` if a line does not fit into memory.
    pub fn next(&mut self) -> Result<Option<&[u8]>, Errno> {
        self.up_to(bytes::find)
    }

    /// Returns all lines that have been read and not been returned, at least one.
    pub fn batch(&mut self) -> Result<Option<&[u8]>, Errno> {
        self.up_to(bytes::find_last)
    }

    /// Returns the text up to the delimiter that `find` finds in the text that has been read, or the rest of the file.
    fn up_to(&mut self, find: fn(&[u8], u8) -> Option<usize>) -> Result<Option<&[u8]>, Errno> {
        let mut searched = 0;
        loop {
            let unsearched = self.buffer.get(self.start + searched..self.end);
            if let Some(index) = find(unsearched.unwrap_or_default(), self.delimiter) {
                return Ok(Some(self.take(self.start + searched + index + 1)));
            }
            searched = self.end - self.start;
            if self.end == self.limit {
                self.make_room()?;
            }
            let free = self.buffer.get_mut(self.end..self.limit);
            match io::read(self.fd, free.unwrap_or_default())? {
                0 if self.start == self.end => return Ok(None),
                0 => return Ok(Some(self.take(self.end))),
                length => self.end += length,
            }
        }
    }

    /// Moves the unread bytes to the front of the buffer, so that they end at the beginning of a page. Makes the buffer larger if
    /// they fill half of it.
    fn make_room(&mut self) -> Result<(), Errno> {
        let unread = self.end - self.start;
        if unread >= self.buffer.len() / 2 {
            // A page before the unread bytes, and one after the room.
            let more = self.buffer.len().max(BLOCK + 2 * PAGE);
            self.buffer.try_reserve(more).map_err(|_| Errno::ENOMEM)?;
            self.buffer.resize(self.buffer.len() + more, 0);
        }
        let address = self.buffer.as_ptr().addr();
        let end = (address + unread).next_multiple_of(PAGE) - address;
        self.buffer.copy_within(self.start..self.end, end - unread);
        (self.start, self.end) = (end - unread, end);
        self.limit = end + (self.buffer.len() - end) / PAGE * PAGE;
        Ok(())
    }

    fn take(&mut self, end: usize) -> &[u8] {
        let start = core::mem::replace(&mut self.start, end);
        self.buffer.get(start..end).unwrap_or_default()
    }
}
