//! The end of the processes that the command has left behind.

use nestling::dir::ReadDir;
use nestling::text::{self, next_field};
use nestling::{Errno, OFlags, Signal, sys};

use super::Init;
use crate::clock::{after, now};
use crate::log::Line;
use crate::stat;

/// The time in seconds that init waits for the end of killed processes.
const LAST_WAIT: u32 = 10;

impl Init<'_> {
    /// Asks all remaining processes to end, kills them after `grace` seconds, and reaps them. Does not wait for a process that does
    /// not end even then, for example because it waits for a disk. Signals that arrive during this time are forwarded to the
    /// remaining processes.
    pub fn sweep(&mut self, grace: u32) {
        if !self.reap() {
            return;
        }
        if let Err(errno) = self.signal_the_rest(Signal::TERM) {
            Line::new("cannot list the remaining processes").warn_error(errno);
        }
        // A stopped process handles `SIGTERM` only after `SIGCONT`.
        let _ = self.signal_the_rest(Signal::CONT);
        self.wait_for_the_rest(grace, false);
        self.wait_for_the_rest(LAST_WAIT, true);
    }

    #[inline(never)]
    fn wait_for_the_rest(&mut self, seconds: u32, kill: bool) {
        let end = after(seconds);
        while self.reap() {
            if kill {
                // Repeat the signal, because a process may have made a child before it was killed.
                let _ = self.signal_the_rest(Signal::KILL);
            }
            // Check the time after each signal, too, because signals may arrive without end.
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
        // An error means that no other process exists.
        let _ = sys::process::kill(-1, Some(signal));
        Ok(())
    }

    fn signal_descendants(&self, signal: Signal) -> Result<(), Errno> {
        let own = self.own.as_raw();
        let mut name = [0; 12];
        let length = sys::file::readlink(c"/proc/self", &mut name)?;
        if number(name.get(..length).unwrap_or_default()) != Some(own) {
            // `/proc` belongs to another pid namespace, so its ids mean other processes here.
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

/// Returns the number at the beginning of the text.
#[inline(never)]
fn number(mut text: &[u8]) -> Option<i32> {
    Some(text::number(next_field(&mut text, b' '), 10)? as i32)
}
