//! The end of what the command has left behind.

use core::ffi::CStr;
use core::time::Duration;

use nestling::dir::ReadDir;
use nestling::text::{self, Sink, Text};
use nestling::time::{self, Clock, Timestamp};
use nestling::{AsFd, Errno, OFlags, Signal, sys};

use super::{Init, say};

/// What was killed has so long.
const LAST_WAIT: Duration = Duration::from_secs(10);

impl Init<'_> {
    /// Asks everything that is left to end, and after that time ends it; reaps it all. What does not end by that, waiting for a
    /// disk, say, is left. Signals that come meanwhile are passed on to what is left.
    pub fn sweep(&mut self, grace: Duration) {
        if !self.reap() {
            return;
        }
        if let Err(errno) = self.signal_the_rest(Signal::TERM) {
            say(&|out| {
                "can't find what is left: ".write(out);
                errno.write(out);
            });
        }
        // What is stopped takes no other signal.
        let _ = self.signal_the_rest(Signal::CONT);
        for (kill, time) in [(false, grace), (true, LAST_WAIT)] {
            let end = now().and_then(|now| now.checked_add(time));
            while self.reap() {
                if kill {
                    // Again and again: what it was too late for may have had children.
                    let _ = self.signal_the_rest(Signal::KILL);
                }
                // Not only when no signal has come: they may come without end.
                let rest = end
                    .zip(now())
                    .and_then(|(end, now)| end.checked_duration_since(now));
                if rest.is_none() || self.take(rest).is_err() {
                    break;
                }
            }
        }
    }

    /// Sends a signal to every other process of this container, or to every descendant.
    pub fn signal_the_rest(&self, signal: Signal) -> Result<(), Errno> {
        if self.own.as_raw() != 1 {
            return self.signal_descendants(signal);
        }
        // There may be none.
        let _ = sys::process::kill(-1, Some(signal));
        Ok(())
    }

    fn signal_descendants(&self, signal: Signal) -> Result<(), Errno> {
        let own = self.own.as_raw();
        let mut name = [0; 12];
        let _ = sys::file::readlink(c"/proc/self", &mut name)?;
        if number(&name) != Some(own) {
            // It is another pid namespace's: its numbers mean others here.
            return Err(Errno::ESRCH);
        }
        let mut processes = ReadDir::open(c"/proc")?;
        while let Some(entry) = processes.next()? {
            let Some(pid) = number(entry.name.to_bytes()) else {
                continue;
            };
            let mut ancestor = pid;
            while let Some(parent @ 1..) = parent(ancestor) {
                if parent == own {
                    let _ = sys::process::kill(pid, Some(signal));
                    break;
                }
                ancestor = parent;
            }
        }
        Ok(())
    }
}

fn now() -> Option<Timestamp> {
    time::now(Clock::Monotonic).ok()
}

/// A process's parent, in `/proc/PID/stat`: `PID (NAME) S PARENT …`. In the name there may be anything.
fn parent(pid: i32) -> Option<i32> {
    let mut path = Path {
        bytes: [0; 24],
        length: 0,
    };
    "/proc/".write(&mut path);
    pid.write(&mut path);
    "/stat".write(&mut path);
    let path = CStr::from_bytes_until_nul(&path.bytes).ok()?;
    let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0).ok()?;
    let mut line = [0; 128];
    let length = sys::fd::read(file.as_fd(), &mut line).ok()?;
    let line = line.get(..length)?;
    let name_end = line.iter().rposition(|&byte| byte == b')')?;
    number(line.get(name_end + 4..)?)
}

/// The number that the text begins with.
fn number(text: &[u8]) -> Option<i32> {
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    Some(text::number(text.get(..length)?, 10)? as i32)
}

struct Path {
    bytes: [u8; 24],
    length: usize,
}

impl Sink for Path {
    fn put(&mut self, text: &[u8]) {
        let free = self.bytes.get_mut(self.length..).unwrap_or_default();
        free.iter_mut()
            .zip(text)
            .for_each(|(place, &byte)| *place = byte);
        self.length += text.len();
    }
}
