//! The end of what the command has left behind.

use nestling::dir::ReadDir;
use nestling::text::{self, next_field};
use nestling::{Errno, OFlags, Signal, sys};

use super::Init;
use crate::clock::{after, now};
use crate::log::Line;
use crate::stat;

/// What was killed has so many seconds.
const LAST_WAIT: u32 = 10;

impl Init<'_> {
    /// Asks everything that is left to end, and after so many seconds ends it; reaps it all. What does not end by that, waiting for a
    /// disk, say, is left. Signals that come meanwhile are passed on to what is left.
    pub fn sweep(&mut self, grace: u32) {
        if !self.reap() {
            return;
        }
        if let Err(errno) = self.signal_the_rest(Signal::TERM) {
            Line::new("cannot list the remaining processes").warn_error(errno);
        }
        // What is stopped takes no other signal.
        let _ = self.signal_the_rest(Signal::CONT);
        self.wait_for_the_rest(grace, false);
        self.wait_for_the_rest(LAST_WAIT, true);
    }

    #[inline(never)]
    fn wait_for_the_rest(&mut self, seconds: u32, kill: bool) {
        let end = after(seconds);
        while self.reap() {
            if kill {
                // Again and again: what it was too late for may have had children.
                let _ = self.signal_the_rest(Signal::KILL);
            }
            // Not only when no signal has come: they may come without end.
            let now = now();
            if end <= now || self.handle_signal(Some(end - now)).is_err() {
                break;
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
        let length = sys::file::readlink(c"/proc/self", &mut name)?;
        if number(name.get(..length).unwrap_or_default()) != Some(own) {
            // It is another pid namespace's: its numbers mean others here.
            return Err(Errno::ESRCH);
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut processes = ReadDir::new(sys::fd::open(c"/proc", flags, 0)?);
        while let Some(entry) = processes.next()? {
            let Some(pid) = number(entry.name.to_bytes()) else {
                continue;
            };
            let mut ancestor = pid;
            while let Some(parent @ 1..) = stat::number(ancestor, stat::PARENT) {
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

/// The number that the text begins with.
#[inline(never)]
fn number(mut text: &[u8]) -> Option<i32> {
    Some(text::number(next_field(&mut text, b' '), 10)? as i32)
}
