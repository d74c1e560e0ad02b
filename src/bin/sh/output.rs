//! What built-ins write to standard output: collected, and written when the built-in ends, or kept where a built-in is executed without
//! a process of its own.

use alloc::vec::Vec;

use nestling::text::Sink;
use nestling::{Errno, Signal, io, sys};

/// A built-in that writes more than this at once does it in parts.
const LARGE: usize = 32 * 1024;

#[derive(Debug, Default)]
pub struct Output {
    buffer: Vec<u8>,
    /// Nothing is written: it is for a command substitution or a pipe.
    captures: bool,
    /// What went wrong when a part was written.
    failed: Option<Errno>,
    /// A SIGINT ends what is being written, too: it leads an interactive shell to the prompt.
    pub stops: bool,
}

impl Output {
    /// Writes bytes. What goes wrong [`finish`](Self::finish) says.
    #[inline(never)]
    pub fn write(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() > LARGE && !self.captures {
            self.flush();
        }
    }

    /// Writes what is collected, before something else writes to the descriptor.
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

    /// The end of a built-in: writes what is collected, and says what went wrong since the last time.
    pub fn finish(&mut self) -> Result<(), Errno> {
        self.flush();
        self.failed.take().map_or(Ok(()), Err)
    }

    /// From here on nothing is written. Returns what was: for [`restore`](Self::restore).
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

    /// Goes on as before [`capture`](Self::capture); returns what was written since.
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
