//! Reading and writing with small buffers and without a heap; [`println!`](crate::println!).
//!
//! If a signal handler interrupts a system call, the functions of this module repeat the call, even if the handler was set
//! without `SA_RESTART`. To get `EINTR` instead, call [`sys::fd::read`] and [`sys::fd::write`].
//!
//! On a non-blocking descriptor, the functions do not wait: they fail with `EAGAIN`. A write to a pipe or socket without a
//! reader raises `SIGPIPE`, which by default ends the program. If the program ignores `SIGPIPE`, the write fails with `EPIPE`.

use core::fmt;

#[cfg(any(feature = "alloc", feature = "std"))]
use alloc::vec::Vec;

use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use crate::file::OFlags;
use crate::sys;
use crate::text::Sink;

pub use crate::fd::{stderr, stdin, stdout};

// ---- Without a buffer ----

/// Reads once. Returns the number of bytes read; 0 at the end of the file.
///
/// # Errors
/// The errors of `read(2)`, except `EINTR`.
pub fn read(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize, Errno> {
    loop {
        match sys::fd::read(fd, buffer) {
            Err(Errno::EINTR) => {}
            answer => return answer,
        }
    }
}

/// Reads until the buffer is full or the file ends. Returns the number of bytes read.
///
/// ```
/// use nestling::{AsFd, OFlags, io, sys};
/// let file = sys::fd::open(c"/proc/self/comm", OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
/// let mut name = [0; 16];
/// let length = io::fill(file.as_fd(), &mut name)?;
/// assert_eq!(name[length - 1], b'\n');
/// # Ok::<(), nestling::Errno>(())
/// ```
///
/// # Errors
/// The errors of [`read`]. If an error occurs after some bytes have been read, their number is lost.
pub fn fill(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<usize, Errno> {
    let mut length = 0;
    while let free @ [_, ..] = buffer.get_mut(length..).unwrap_or_default() {
        match read(fd, free)? {
            0 => break,
            count => length += count,
        }
    }
    Ok(length)
}

/// Reads until the buffer is full.
///
/// # Errors
/// `ENODATA` if the file ends before the buffer is full; otherwise the errors of [`fill`].
pub fn read_exact(fd: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<(), Errno> {
    if fill(fd, buffer)? == buffer.len() {
        Ok(())
    } else {
        Err(Errno::ENODATA)
    }
}

/// Reads to the end of the file, and appends the bytes read to `bytes`. Returns the number of bytes read. If `bytes` is full,
/// the function at least doubles its capacity, so that long files need few system calls.
///
/// # Errors
/// The errors of [`read`], and `ENOMEM`. The bytes read before an error stay in `bytes`.
#[cfg(any(feature = "alloc", feature = "std"))]
pub fn read_to_end(fd: BorrowedFd<'_>, bytes: &mut Vec<u8>) -> Result<usize, Errno> {
    let start = bytes.len();
    let mut end = start;
    let outcome = loop {
        if end == bytes.len() {
            if bytes.try_reserve(512).is_err() {
                break Err(Errno::ENOMEM);
            }
            bytes.resize(bytes.capacity(), 0);
        }
        match read(fd, bytes.get_mut(end..).unwrap_or_default()) {
            Ok(0) => break Ok(end - start),
            Ok(count) => end += count,
            Err(errno) => break Err(errno),
        }
    };
    bytes.truncate(end);
    outcome
}

/// Reads a line, and appends it to `line`, with its newline. Returns the number of bytes read; 0 at the end of the file. Reads byte by
/// byte, so that a program that is started afterwards can read what follows the line. Costs one system call for each byte; a `Reader`
/// costs less if no other program reads from the descriptor.
///
/// ```
/// use nestling::{AsFd, OFlags, io, sys};
/// let file = sys::fd::open(c"/proc/self/status", OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
/// let mut line = Vec::new();
/// io::read_line(file.as_fd(), &mut line)?;
/// assert!(line.starts_with(b"Name:") && line.ends_with(b"\n"));
/// # Ok::<(), nestling::Errno>(())
/// ```
///
/// # Errors
/// The errors of [`read`], and `ENOMEM`. The bytes read before an error stay in `line`.
#[cfg(any(feature = "alloc", feature = "std"))]
pub fn read_line(fd: BorrowedFd<'_>, line: &mut Vec<u8>) -> Result<usize, Errno> {
    let (mut byte, mut count) = ([0], 0);
    while byte != *b"\n" && read(fd, &mut byte)? == 1 {
        line.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        line.extend(byte);
        count += 1;
    }
    Ok(count)
}

/// Writes all bytes.
///
/// # Errors
/// The errors of `write(2)`, except `EINTR`; `EIO` if a `write(2)` returns 0. If an error occurs after some bytes have been
/// written, their number is lost.
pub fn write_all(fd: BorrowedFd<'_>, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match sys::fd::write(fd, bytes) {
            Ok(0) => return Err(Errno::EIO),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// Copies all bytes from `from` to `to`, up to the end of `from`. Returns the number of bytes copied. Costs two system calls
/// for each 4 KiB.
///
/// # Errors
/// The errors of [`read`] and [`write_all`].
pub fn copy(from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<u64, Errno> {
    let (mut buffer, mut copied) = ([0; 4096], 0);
    loop {
        let length = match read(from, &mut buffer)? {
            0 => return Ok(copied),
            length => length,
        };
        write_all(to, buffer.get(..length).unwrap_or_default())?;
        copied += length as u64;
    }
}

// ---- Pipes ----

/// Makes a pipe. Returns the reading end and the writing end. Both close on exec, as in std, and have descriptors above 2, even
/// if a standard descriptor is closed: otherwise, setting up a standard descriptor of a child could overwrite an end. Costs one
/// system call; if a standard descriptor is closed, two more for each end that gets its number.
///
/// ```
/// use nestling::{AsFd, io};
///
/// let (read_end, write_end) = io::pipe()?;
/// io::write_all(write_end.as_fd(), b"words")?;
/// drop(write_end);
/// let mut words = [0; 8];
/// assert_eq!(io::fill(read_end.as_fd(), &mut words)?, 5);
/// # Ok::<(), nestling::Errno>(())
/// ```
///
/// # Errors
/// The errors of `pipe2(2)`, such as `EMFILE`.
pub fn pipe() -> Result<(OwnedFd, OwnedFd), Errno> {
    let (from, to) = sys::fd::pipe2(OFlags::CLOEXEC)?;
    Ok((above_standard(from)?, above_standard(to)?))
}

/// Returns the descriptor if it is above 2; otherwise, a duplicate that is above 2.
pub(crate) fn above_standard(fd: OwnedFd) -> Result<OwnedFd, Errno> {
    if fd.as_raw_fd() > 2 {
        Ok(fd)
    } else {
        duplicate(fd.as_fd(), 3)
    }
}

/// Returns a duplicate with a number of at least `lowest`. The duplicate closes on exec.
pub(crate) fn duplicate(fd: BorrowedFd<'_>, lowest: RawFd) -> Result<OwnedFd, Errno> {
    sys::fd::dup_cloexec(fd, lowest).map_err(|errno| match errno {
        // `fcntl` fails with `EINVAL` if `lowest` is not below the limit on descriptors.
        Errno::EINVAL => Errno::EMFILE,
        errno => errno,
    })
}

// ---- Reading through a buffer ----

/// A reader with a buffer of 1 KiB. It returns a file's contents line by line or in chunks.
///
/// The `Reader` reads ahead: other readers of the same open file, such as children, do not get the bytes that are in the
/// buffer. If the `Reader` is dropped, these bytes are lost. If another process continues to read where this program has
/// stopped, this program must read byte by byte with [`read`]. A shell must do this, for example, because its children continue
/// to read its standard input.
///
/// ```
/// use nestling::{AsFd, OFlags, io, sys};
/// let mounts = sys::fd::open(c"/proc/self/mounts", OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
/// let (mut reader, mut line) = (io::Reader::new(mounts.as_fd()), [0; 512]);
/// loop {
///     match reader.fill_until(b'\n', &mut line)? {
///         0 => break,
///         length => nestling::print!("mounted: ", &line[..length]),
///     }
/// }
/// # Ok::<(), nestling::Errno>(())
/// ```
pub struct Reader<'fd> {
    fd: BorrowedFd<'fd>,
    buffer: [u8; 1024],
    /// The bytes of the buffer from `start` to `end` have not been returned yet.
    start: usize,
    end: usize,
}

impl<'fd> Reader<'fd> {
    /// Makes a reader that reads from `fd`.
    #[must_use]
    pub fn new(fd: BorrowedFd<'fd>) -> Self {
        Self {
            fd,
            buffer: [0; 1024],
            start: 0,
            end: 0,
        }
    }

    /// Returns the bytes that are in the buffer. If the buffer is empty, this method first reads once from the descriptor. At
    /// the end of the file, it returns an empty slice. Then call [`consume`](Self::consume) with the number of bytes that you
    /// have used. The next call of `fill_buf` returns the remaining bytes again.
    ///
    /// # Errors
    /// The errors of [`read`].
    pub fn fill_buf(&mut self) -> Result<&[u8], Errno> {
        if self.start >= self.end {
            (self.start, self.end) = (0, 0);
            self.end = read(self.fd, &mut self.buffer)?;
        }
        Ok(self.buffer.get(self.start..self.end).unwrap_or_default())
    }

    /// Removes the first `count` bytes from the buffer, so that [`fill_buf`](Self::fill_buf) does not return them again.
    pub fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start.saturating_add(count));
    }

    /// Reads into `buffer` up to and including the next `byte`, to the end of the file, or until `buffer` is full. Returns the
    /// number of bytes read; 0 at the end of the file. If the last byte in `buffer` is not `byte`, either `buffer` is full or
    /// the file has ended. The next call continues after the last byte read.
    ///
    /// # Errors
    /// The errors of [`read`]. The bytes read before an error are lost.
    pub fn fill_until(&mut self, byte: u8, buffer: &mut [u8]) -> Result<usize, Errno> {
        let mut length = 0;
        loop {
            let free = buffer.get_mut(length..).unwrap_or_default();
            if free.is_empty() {
                return Ok(length);
            }
            let (piece, found) = up_to(byte, self.fill_buf()?, free.len());
            free.iter_mut()
                .zip(piece)
                .for_each(|(place, &byte)| *place = byte);
            let count = piece.len();
            self.consume(count);
            length += count;
            if found || count == 0 {
                return Ok(length);
            }
        }
    }

    /// Reads up to and including the next `byte`, or to the end of the file, and appends the bytes read to `bytes`. Returns the
    /// number of bytes read; 0 at the end of the file.
    ///
    /// # Errors
    /// The errors of [`read`], and `ENOMEM`. The bytes read before an error stay in `bytes`.
    #[cfg(any(feature = "alloc", feature = "std"))]
    pub fn read_until(&mut self, byte: u8, bytes: &mut Vec<u8>) -> Result<usize, Errno> {
        let mut length = 0;
        loop {
            let (piece, found) = up_to(byte, self.fill_buf()?, usize::MAX);
            let count = append(bytes, piece)?;
            self.consume(count);
            length += count;
            if found || count == 0 {
                return Ok(length);
            }
        }
    }

    /// Reads to the end of the file, and appends the bytes read to `bytes`, as the function [`read_to_end`] does.
    ///
    /// # Errors
    /// The errors of [`read`], and `ENOMEM`. The bytes read before an error stay in `bytes`.
    #[cfg(any(feature = "alloc", feature = "std"))]
    pub fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> Result<usize, Errno> {
        let ahead = self.buffer.get(self.start..self.end).unwrap_or_default();
        let count = append(bytes, ahead)?;
        self.consume(count);
        read_to_end(self.fd, bytes).map(|more| count + more)
    }
}

/// Returns the part of `bytes` up to and including the first `byte`, but at most `most` bytes. Also returns whether this part ends
/// with `byte`.
fn up_to(byte: u8, bytes: &[u8], most: usize) -> (&[u8], bool) {
    let bytes = bytes.get(..most).unwrap_or(bytes);
    match bytes.iter().position(|&other| other == byte) {
        Some(index) => (bytes.get(..=index).unwrap_or(bytes), true),
        None => (bytes, false),
    }
}

/// Appends bytes, and returns their number.
#[cfg(any(feature = "alloc", feature = "std"))]
fn append(bytes: &mut Vec<u8>, more: &[u8]) -> Result<usize, Errno> {
    bytes.try_reserve(more.len()).map_err(|_| Errno::ENOMEM)?;
    bytes.extend_from_slice(more);
    Ok(more.len())
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reader").field(&self.fd).finish()
    }
}

// ---- Writing through a buffer ----

/// A writer that collects text in a buffer of 512 bytes. It writes the text when the buffer is full and more text follows, when
/// [`flush`](Self::flush) is called, and when the writer is dropped.
///
/// So a text of up to 512 bytes is written with one system call, and the output of other processes cannot appear in the middle
/// of it. For long texts, [`write_all`] makes fewer system calls.
pub struct Writer<'fd> {
    fd: BorrowedFd<'fd>,
    buffer: [u8; 512],
    length: usize,
}

impl<'fd> Writer<'fd> {
    /// Makes a writer that writes to `fd`.
    #[must_use]
    pub fn new(fd: BorrowedFd<'fd>) -> Self {
        Self {
            fd,
            buffer: [0; 512],
            length: 0,
        }
    }

    /// Adds bytes to the buffer, and writes the buffer whenever it is full and more bytes follow.
    ///
    /// # Errors
    /// The errors of [`write_all`]. After an error, the text in the buffer and the rest of `bytes` are lost.
    pub fn write(&mut self, mut bytes: &[u8]) -> Result<(), Errno> {
        while !bytes.is_empty() {
            let free = self.buffer.get_mut(self.length..).unwrap_or_default();
            if free.is_empty() {
                self.flush()?;
                continue;
            }
            let count = free.len().min(bytes.len());
            free.iter_mut()
                .zip(bytes)
                .for_each(|(place, &byte)| *place = byte);
            self.length += count;
            bytes = bytes.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// Writes the text in the buffer.
    ///
    /// # Errors
    /// The errors of [`write`](Self::write).
    #[inline(never)]
    pub fn flush(&mut self) -> Result<(), Errno> {
        let bytes = self.buffer.get(..self.length).unwrap_or_default();
        self.length = 0;
        write_all(self.fd, bytes)
    }
}

/// Writes the text in the buffer. Ignores errors: text that cannot be written is lost.
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
        // `drop` cannot return an error.
        let _ = self.flush();
    }
}

impl fmt::Debug for Writer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Writer").field(&self.fd).finish()
    }
}

// ---- Printing ----

/// Writes its arguments to standard output. Each argument is a [`Text`](crate::text::Text). Unlike the `print!` of std, this macro
/// does not use `core::fmt`, so it has no format string. A string literal that looks like a format string does not compile:
///
/// ```compile_fail
/// nestling::print!("started {}", 7);
/// ```
///
/// Costs one system call for up to 512 bytes. When the macro returns, no text is left in a buffer. The macro takes no lock, and
/// ignores errors. A program that must know whether its output was written must use a [`Writer`](crate::io::Writer). The method
/// [`flush`](crate::io::Writer::flush) of a `Writer` returns errors. (std's `print!` panics after an error, but PID 1 must not
/// panic.)
///
/// ```
/// let (pid, status) = (nestling::sys::process::getpid(), nestling::ExitStatus::default());
/// nestling::print!("started ", pid, ": ", status, '\n');
/// ```
#[macro_export]
macro_rules! print {
    ($($text:expr),* $(,)?) => {
        $crate::__print!($crate::io::stdout(), $($text),*)
    };
}

/// Writes its arguments and a newline to standard output, as [`print!`](crate::print!) does.
///
/// ```
/// nestling::println!("up for ", 3_600_000_000_000_u64, " ns");
/// nestling::println!();
/// ```
#[macro_export]
macro_rules! println {
    ($($text:expr),* $(,)?) => {
        $crate::__print!($crate::io::stdout(), $($text,)* "\n")
    };
}

/// Writes its arguments to standard error, as [`print!`](crate::print!) does to standard output.
#[macro_export]
macro_rules! eprint {
    ($($text:expr),* $(,)?) => {
        $crate::__print!($crate::io::stderr(), $($text),*)
    };
}

/// Writes its arguments and a newline to standard error, as [`println!`](crate::println!) does to standard output.
///
/// ```
/// let path = c"/etc/fstab";
/// nestling::eprintln!("mount: ", path, ": ", nestling::Errno::ENOENT);
/// ```
#[macro_export]
macro_rules! eprintln {
    ($($text:expr),* $(,)?) => {
        $crate::__print!($crate::io::stderr(), $($text,)* "\n")
    };
}

/// Returns whether the source text of an expression is a string literal that std's macros would use as a format string.
#[doc(hidden)]
#[must_use]
pub const fn is_format(source: &str) -> bool {
    let source = source.as_bytes();
    let mut rest = source;
    let mut is_open = false;
    loop {
        rest = match rest {
            // An escaped character, such as `\u{1b}`.
            [b'\\', b'u', b'{', rest @ ..] => rest,
            [b'{', rest @ ..] => {
                is_open = true;
                rest
            }
            [b'}', ..] if is_open => return matches!(source, [b'"' | b'r', ..]),
            [_, rest @ ..] => rest,
            [] => return false,
        };
    }
}

#[doc(hidden)]
#[macro_export]
macro_rules! __print {
    ($fd:expr, $($text:expr),*) => {{
        $(const {
            assert!(
                !$crate::io::is_format(stringify!($text)),
                "there are no format strings here: write print!(\"started \", pid)"
            );
        })*
        #[allow(unused_mut)] // if the macro has no arguments
        let mut out = $crate::io::Writer::new($fd);
        $($crate::text::Text::write(&$text, &mut out);)*
    }};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_literal_with_braces_is_a_format_and_nothing_else_is() {
        for source in [r#""{}""#, r#""a {b:?} c""#, r##"r#"{0}"#"##] {
            assert!(is_format(source), "{source}");
        }
        for source in [
            r#""\u{1b}[0m""#,
            r#""{ ""#,
            r#""} {""#,
            "Pair { a, b }",
            "7",
            "",
        ] {
            assert!(!is_format(source), "{source}");
        }
    }
}
