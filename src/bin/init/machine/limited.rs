//! Steps that may hang. Each step runs in a copy of process 1, and process 1 waits for the copy for a limited time.

use nestling::text::{Quoted, Text};
use nestling::{Errno, ExitStatus, Pid, SigSet, Signal, rt, sys};

use super::{Machine, next_signal};
use crate::clock::{NEVER, after, now};
use crate::log::Line;

/// The time in seconds that one step may take.
const LIMIT: u32 = 10;

/// A copy of process 1 that carries out a step.
#[derive(Clone, Copy)]
pub struct Copied {
    pub pid: Pid,
    /// The status of the copy, after it has been reaped.
    pub status: Option<ExitStatus>,
}

impl Machine {
    /// Carries out the step in a copy of process 1. Returns `None` if the step is not done within its time limit or by the time
    /// `end`; then the copy continues on its own. If the fork fails, for example because the table of processes is full, tries
    /// again until the time is over.
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
        // A copy that was killed (for example, after a fault) has not completed the step.
        let code = status.code().unwrap_or(Errno::EIO.as_raw());
        Some(Errno::from_raw(code).map_or(Ok(()), Err))
    }

    /// Carries out a step, as [`limited`](Self::limited) does. Reports a timeout, with `name` and `path`. If `loudly` is true, also
    /// reports an error.
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

    /// Waits until the condition is true or the time `end` is reached. Checks the condition after each `SIGCHLD`, and about once a
    /// second. Returns whether the condition became true.
    #[inline(never)]
    pub fn wait_until(&mut self, end: u32, condition: &mut dyn FnMut(&mut Self) -> bool) -> bool {
        // If the clock cannot be read, `left` limits the wait to a number of seconds.
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
