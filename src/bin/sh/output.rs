//! The output of built-ins. It is collected, and written to standard output when the built-in ends. If the built-in is executed
//! without a process of its own, the output stays in memory.

use alloc::vec::Vec;

use nestling::text::Sink;
use nestling::{Errno, Signal, io, sys};

/// If a built-in's output is longer than this, it is written in parts.
const LARGE: usize = 32 * 1024;

#[derive(Debug, Default)]
pub struct Output {
    buffer: Vec<u8>,
    /// Whether the output is only collected, for a command substitution or a pipe.
    captures: bool,
    /// The first error from writing a part.
    failed: Option<Errno>,
    /// Whether a SIGINT stops the writing, because it leads an interactive shell to the prompt.
    pub stops: bool,
}

impl Output {
    /// Adds bytes to the output. [`finish`](Self::finish) returns errors.
    #[inline(never)]
    pub fn write(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() > LARGE && !self.captures {
            self.flush();
        }
    }

    /// Writes the collected output. This is needed before other code writes to the descriptor.
    pub fn flush(&mut self) {
        if self.captures || self.buffer.is_empty() {
            return;
        }
        let mut rest = &self.buffer[..];
        while !rest.is_empty() {
            if self.stops && sys::caught::caught().contains(Signal::INT) {
                break;
            }
            match sys::fd::write(io::stdout(), rest) {
                Err(Errno::EINTR) => {}
                Err(errno) => {
                    self.failed = self.failed.or(Some(errno));
                    break;
                }
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
            }
        }
        self.buffer.clear();
    }

    /// Must be called when a built-in ends. Writes the collected output, and returns the first error since the last call.
    pub fn finish(&mut self) -> Result<(), Errno> {
        self.flush();
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Begins to only collect output. Returns the previous state, for [`restore`](Self::restore).
    pub fn capture(&mut self) -> Output {
        self.flush();
        core::mem::replace(
            self,
            Output {
                captures: true,
                ..Output::default()
            },
        )
    }

    /// Restores the state before [`capture`](Self::capture), and returns the output collected since then.
    pub fn restore(&mut self, former: Output) -> Vec<u8> {
        self.flush();
        core::mem::replace(self, former).buffer
    }
}

impl Sink for Output {
    fn put(&mut self, text: &[u8]) {
        self.write(text);
    }
}
