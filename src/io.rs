//! Writing text to a descriptor, with a small buffer and no heap.

use core::fmt;

use crate::errno::Errno;
use crate::fd::BorrowedFd;
use crate::sys;
use crate::text::Sink;

/// Collects text and writes it when it has enough, or on [`flush`](Self::flush), or when dropped.
///
/// A short text so reaches the descriptor in one write, and is not torn by another process's.
pub struct Writer<'fd> {
    fd: BorrowedFd<'fd>,
    buffer: [u8; 512],
    length: usize,
}

impl<'fd> Writer<'fd> {
    /// Writes to `fd`.
    pub fn new(fd: BorrowedFd<'fd>) -> Self {
        Self {
            fd,
            buffer: [0; 512],
            length: 0,
        }
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// What `write(2)` says. The text that could not be written is lost.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), Errno> {
        while !bytes.is_empty() {
            if self.length == self.buffer.len() {
                self.flush()?;
            }
            let free = self.buffer.get_mut(self.length..).unwrap_or_default();
            let count = free.len().min(bytes.len());
            free.iter_mut()
                .zip(bytes)
                .for_each(|(place, &byte)| *place = byte);
            self.length += count;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Writes what is collected.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn flush(&mut self) -> Result<(), Errno> {
        let mut rest = self.buffer.get(..self.length).unwrap_or_default();
        self.length = 0;
        while !rest.is_empty() {
            match sys::fd::write(self.fd, rest) {
                Ok(0) => return Err(Errno::EIO),
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}

/// What could not be written is lost.
impl Sink for Writer<'_> {
    fn put(&mut self, text: &[u8]) {
        let _ = self.write(text);
    }
}

impl fmt::Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.write(text.as_bytes()).map_err(|_| fmt::Error)
    }
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        // Nobody is left to be told.
        let _ = self.flush();
    }
}
