//! Standard output in large parts, or on a terminal in lines. Errors are kept until the applet ends.

use alloc::vec::Vec;

use core::ffi::CStr;

use nestling::applet::Call;
use nestling::text::Sink;
use nestling::{AsFd, Errno, OwnedFd, io, terminal};

/// How many bytes are collected before they are written.
const LARGE: usize = 32 * 1024;

/// The output of an applet. `text::Text` of any kind is written to it, and [`finish`](Self::finish) ends it.
#[derive(Default)]
pub struct Output {
    /// Instead of standard output: `-o`.
    file: Option<OwnedFd>,
    buffer: Vec<u8>,
    failed: Option<Errno>,
    /// Whether a user waits for each line; `None` before the first one.
    is_terminal: Option<bool>,
}

impl Output {
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes to a file.
    pub fn to(file: OwnedFd) -> Self {
        Self {
            file: Some(file),
            ..Self::default()
        }
    }

    /// Collects up to 32 KiB for [`into_bytes`](Self::into_bytes).
    pub fn in_memory() -> Self {
        Self {
            is_terminal: Some(false),
            ..Self::default()
        }
    }

    /// Adds bytes to the output.
    #[inline(never)]
    pub fn write(&mut self, bytes: &[u8]) {
        if self.buffer.is_empty() && bytes.len() < LARGE {
            self.buffer.reserve_exact(LARGE);
        }
        if self.buffer.len() + bytes.len() > LARGE {
            self.flush();
        }
        if bytes.len() >= LARGE {
            self.write_now(bytes);
        } else {
            self.buffer.extend_from_slice(bytes);
            if bytes.ends_with(b"\n") && self.is_terminal() {
                self.flush();
            }
        }
    }

    fn is_terminal(&mut self) -> bool {
        let is_terminal = || self.file.is_none() && terminal::is_terminal(io::stdout());
        *self.is_terminal.get_or_insert_with(is_terminal)
    }

    /// Writes what was collected. An applet calls this before it waits for input that does not come from a file, before other
    /// code writes to standard output, and before a message whose place in the output matters.
    pub fn flush(&mut self) {
        let bytes = core::mem::take(&mut self.buffer);
        self.write_now(&bytes);
        self.buffer = bytes;
        self.buffer.clear();
    }

    fn write_now(&mut self, bytes: &[u8]) {
        if self.failed.is_none() {
            let file = self.file.as_ref().map(AsFd::as_fd);
            self.failed = io::write_all(file.unwrap_or(io::stdout()), bytes).err();
        }
    }

    /// What was collected and not written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.buffer
    }

    /// Whether a write has failed, so that more output is of no use.
    pub fn has_failed(&self) -> bool {
        self.failed.is_some()
    }

    /// Writes the rest. If standard output could not be written completely, reports the error and returns `failure`; otherwise
    /// returns `status`.
    pub fn finish(mut self, call: &Call<'_>, status: i32, failure: i32) -> i32 {
        self.flush();
        if let Some(errno) = self.failed {
            let name = match self.file {
                Some(_) => c"output file",
                None => c"standard output",
            };
            call.fail(name, errno);
            return failure;
        }
        status
    }
}

/// Writes the line with which `head` and `tail` name a file.
pub fn title(out: &mut Output, path: &CStr, is_first: &mut bool) {
    if !core::mem::replace(is_first, false) {
        out.write(b"\n");
    }
    out.write(b"==> ");
    out.write(match path.to_bytes() {
        b"-" => b"standard input",
        path => path,
    });
    out.write(b" <==\n");
}

impl Sink for Output {
    fn put(&mut self, text: &[u8]) {
        self.write(text);
    }
}
