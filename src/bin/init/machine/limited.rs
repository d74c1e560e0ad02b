//! Steps that may hang: each runs in a copy of process 1, which waits for it for a limited time.

use nestling::text::{Quoted, Text};
use nestling::{Errno, ExitStatus, Pid, SigSet, Signal, rt, sys};

use super::{Machine, next_signal};
use crate::clock::{NEVER, after, now};
use crate::log::Line;

/// How many seconds one step may take.
const LIMIT: u32 = 10;

/// A copy of process 1 that takes a step.
#[derive(Clone, Copy)]
pub struct Copied {
    pub pid: Pid,
    /// How it ended, once it has been reaped.
    pub status: Option<ExitStatus>,
}

impl Machine {
    /// Takes the step in a copy of process 1. `None` if that was not done within its limit, or by `end`: then the copy is left to
    /// it. Where there can be no copy, as the table of processes is full, it tries again: what ends makes room.
    #[inline(never)]
    pub fn limited(
        &mut self,
        end: u32,
        step: &mut dyn FnMut() -> Result<(), Errno>,
    ) -> Option<Result<(), Errno>> {
        self.wait_until(end.min(after(LIMIT)), &mut |machine| {
            if machine.copied.is_none() {
                match rt::fork() {
                    Ok(Some(pid)) => machine.copied = Some(Copied { pid, status: None }),
                    Ok(None) => sys::process::exit(step().err().map_or(0, Errno::as_raw)),
                    Err(_) => {}
                }
            }
            machine.reap();
            machine.copied.is_some_and(|it| it.status.is_some())
        });
        let status = self.copied.take()?.status?;
        // What a fault has killed has not taken the step.
        let code = status.code().unwrap_or(Errno::EIO.as_raw());
        Some(Errno::from_raw(code).map_or(Ok(()), Err))
    }

    /// Takes a step about a path, whose failure or hanging is reported under this name if it is to be: whether it was taken.
    #[inline(never)]
    pub fn limited_step(
        &mut self,
        end: u32,
        name: &str,
        path: &[u8],
        loudly: bool,
        step: &mut dyn FnMut() -> Result<(), Errno>,
    ) -> Option<Result<(), Errno>> {
        let answer = self.limited(end, step);
        let mut line = Line::new(name);
        if !path.is_empty() {
            " ".write(&mut line);
            Quoted(path).write(&mut line);
        }
        match answer {
            None => {
                ": not done in time, abandoned".write(&mut line);
                line.log();
            }
            Some(Err(errno)) if loudly => line.log_error(errno),
            Some(Err(_) | Ok(())) => {}
        }
        answer
    }

    /// Waits until the condition holds, which is checked after each signal `SIGCHLD` and about once a second: whether it held in
    /// time.
    #[inline(never)]
    pub fn wait_until(&mut self, end: u32, condition: &mut dyn FnMut(&mut Self) -> bool) -> bool {
        // By the clock, and where that can't be read, by the number of seconds that were waited.
        let mut left = end.saturating_sub(now());
        loop {
            if condition(self) {
                return true;
            }
            let now = now();
            if end <= now || left == 0 {
                return false;
            }
            let children = SigSet::EMPTY.with(Signal::CHLD);
            if next_signal(children, end.min(now.saturating_add(1)).min(NEVER - 1)).is_none() {
                left -= 1;
            }
        }
    }
}
