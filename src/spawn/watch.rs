//! The parent's wait for its child. The parent waits for the end of the status pipe or for the mark. It also checks the child's
//! state from time to time, so that the wait always ends.
//!
//! The wait is over when the child no longer shares the memory, after its exec or its end. The record then contains the child's
//! report.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use super::features;
use super::report::{Record, StepCode};
use super::task::ChildTask;
use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd, OwnedFd};
use crate::file::OFlags;
use crate::poll::{Events, PollFd};
use crate::process::Pid;
use crate::signal::{SigSet, Signal};
use crate::sys;
use crate::text::{self, Buffer, Sink, Text};
use crate::wait::{self, Options, Who};

/// The time until the first check of the child's state. The time doubles after each check.
const LONG: Duration = Duration::from_millis(100);

/// The maximum time between two checks. It is short enough for a user who waits at a terminal.
const LONGEST: Duration = Duration::from_millis(1600);

/// The signals with which a user or the terminal stops a child: Ctrl-Z, and access to the terminal from the background.
const USERS_STOPS: SigSet = SigSet::EMPTY
    .with(Signal::TSTP)
    .with(Signal::TTIN)
    .with(Signal::TTOU);

/// Whether a child had executed its program or ended, and its mark was still set.
static IGNORES_MARK: AtomicBool = AtomicBool::new(false);

/// Returns whether the kernel has always cleared the mark so far.
pub(super) fn trusts_mark() -> bool {
    !IGNORES_MARK.load(Ordering::Relaxed)
}

/// The state of the wait for a child.
pub(super) struct Watch {
    pid: Pid,
    /// The time until the next check of the child's state.
    patience: Duration,
    /// The signal that has stopped the child before its exec. The parent will stop the program with the same signal.
    stop: Option<Signal>,
}

impl Watch {
    pub fn new(pid: Pid) -> Self {
        Self {
            pid,
            patience: LONG,
            stop: None,
        }
    }

    /// Waits until the child has executed its program or ended. If the child does not share the memory, the wait also ends when the
    /// child has reported a failure. Without a pipe, waits for the mark.
    ///
    /// An error comes from the status pipe. After an error, the child may still exist.
    pub fn wait<const FEATURES: u32>(
        &mut self,
        task: &ChildTask<'_, '_>,
        pipe: Option<(OwnedFd, OwnedFd)>,
    ) -> Result<(), Errno> {
        let Some((read_end, write_end)) = pipe else {
            if FEATURES & features::SHARED != 0 {
                self.wait_for_mark(task);
            }
            return Ok(());
        };
        // SAFETY: the parent owns its copy of the write end, and does not use it. (While this copy is open, the read end never
        // reaches end-of-file.)
        unsafe { sys::fd::close(write_end.into_raw_fd())? };
        self.receive(task, read_end.as_fd())
    }

    /// Waits, without the pipe and without reaping the child, until a child that shares the memory has executed its program or ended. If
    /// the kernel does not clear a mark and the parent cannot see this in another way (`waitid`, `/proc`), the function does not return:
    /// the child may still use this stack. After the wait for a child without a mark, later spawns use the pipe.
    pub fn outlast<const FEATURES: u32>(&mut self, task: &ChildTask<'_, '_>) {
        if FEATURES & features::SHARED != 0 && task.means.get().memory_shared {
            self.wait_for_mark(task);
        }
    }

    /// Stops the program with the signal that has stopped the child before its exec.
    pub fn stop_again(&self) {
        if self.stop.is_some() {
            let _ = sys::process::kill(self.pid.as_raw(), self.stop);
        }
    }

    /// Reads the records: step 6 of the protocol. A child that shares the memory sends a record only for a failure. It no longer
    /// shares the memory when all copies of the write end are closed.
    pub fn receive(
        &mut self,
        task: &ChildTask<'_, '_>,
        read_end: BorrowedFd<'_>,
    ) -> Result<(), Errno> {
        let mut is_over = false;
        while task.means.get().memory_shared || task.record().errno.is_none() {
            let mut polled = [PollFd::new(read_end, Events::IN)];
            let patience = if is_over {
                Duration::ZERO
            } else {
                self.patience
            };
            match sys::poll::ppoll(&mut polled, Some(patience), None) {
                Ok(0) | Err(_) if is_over => break,
                Ok(0) => {
                    // Even if the child has executed its program or ended, its records must still be read.
                    is_over = self.look(task);
                    continue;
                }
                // The pipe is at its end, and contains no record.
                Ok(_) if polled.iter().all(|it| it.returned() == Events::HUP) => break,
                Err(Errno::EINTR) => continue,
                // If the kernel cannot wait for the pipe, read it.
                Ok(_) | Err(_) => {}
            }
            let mut bytes = [0; 8];
            match sys::fd::read(read_end, &mut bytes) {
                Ok(0) => break,
                Ok(8) => {
                    let actions = task.spawn.actions.len();
                    task.set_record(Record::from_bytes(bytes, actions)?);
                }
                // A write and a read of a whole record are atomic, so any other length is not a record.
                Ok(_) => return Err(Errno::EPROTO),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// Waits until the kernel clears the mark, when the child executes its program or ends.
    fn wait_for_mark(&mut self, task: &ChildTask<'_, '_>) {
        let is_present = || task.present.load(Ordering::Acquire) != 0;
        let mut nap = Duration::from_millis(1);
        let mut is_over = false;
        while is_present() && !is_over {
            let answer = sys::futex::wait(&task.present, 1, Some(self.patience));
            if answer.is_err() && is_present() {
                is_over = self.look(task);
                if !is_over && answer != Err(Errno::ETIMEDOUT) {
                    // For example, a seccomp filter forbids `futex`. Then check the mark at increasing intervals.
                    let _ = sys::poll::ppoll(&mut [], Some(nap), None);
                    nap = nap.saturating_mul(2).min(LONG);
                }
            }
        }
        if is_present() {
            IGNORES_MARK.store(true, Ordering::Relaxed);
        }
    }

    /// Checks the state of a child after a long time without a report. Returns whether the child has executed its program or ended.
    /// Continues a child that was stopped before its exec.
    #[cold]
    #[inline(never)]
    fn look(&mut self, task: &ChildTask<'_, '_>) -> bool {
        self.patience = self.patience.saturating_mul(2).min(LONGEST);
        let news = wait::peek(Who::Child(self.pid), Options::STOPPED | Options::NOHANG);
        let stop = match news {
            Ok(Some((_, status))) => match status.stopped_signal() {
                None => return true,
                stop => stop,
            },
            Err(Errno::ECHILD) => return true,
            Ok(None) | Err(_) => None,
        };
        // Before the child reaches its exec, this question could undo the child's own change of its process group.
        let has_executed = task.code() == StepCode::REACHED && has_executed(self.pid);
        let stat = Stat::of(self.pid);
        if has_executed && stat.is_none_or(|it| it.has_executed)
            || stat.is_some_and(|it| it.state == b'Z')
        {
            return true;
        }
        let resumed = match stop {
            Some(signal) => USERS_STOPS.contains(signal).then_some(signal),
            // Another thread's wait may have consumed the report of the stop. If the user cannot have stopped the child, an
            // administrator has, and the parent does not continue it.
            None => stat
                .filter(Stat::may_be_stopped_by_user)
                .map(|_| Signal::STOP),
        };
        if resumed.is_some() {
            self.stop = resumed;
            let _ = sys::process::kill(self.pid.as_raw(), Some(Signal::CONT));
        }
        false
    }
}

/// Returns whether the child has certainly executed a program: then the kernel refuses to move it to a process group, with `EACCES`
/// (POSIX). The question sets the group that the child already has. If the child is in another session, the result is always false.
///
/// Ask only when the child has reported `REACHED`: earlier, the question could undo a change that the child makes between its two
/// system calls.
fn has_executed(pid: Pid) -> bool {
    let moved = sys::process::getpgid(pid.as_raw())
        .and_then(|group| sys::process::setpgid(pid.as_raw(), group));
    moved == Err(Errno::EACCES)
}

/// The state of a child, from `/proc/PID/stat`.
#[derive(Clone, Copy)]
struct Stat {
    /// A letter: `T` if the child is stopped, `Z` if it has ended.
    state: u8,
    /// Whether the child has executed a program: the kernel then clears the flag `PF_FORKNOEXEC`. (A security module may also
    /// refuse the `setpgid` of [`has_executed`] with `EACCES`, so both checks are needed.)
    has_executed: bool,
    blocked: SigSet,
}

impl Stat {
    /// Reads the state. Returns `None` if `/proc` is missing or belongs to another pid namespace, or if no descriptor number is
    /// free.
    fn of(pid: Pid) -> Option<Self> {
        let mut path = ShortText::new();
        path.put(b"/proc/");
        pid.as_raw().write(&mut path);
        path.put(b"/stat");
        let file = sys::fd::open(path.as_c_str(), OFlags::RDONLY | OFlags::CLOEXEC, 0).ok()?;
        let mut buffer = [0; 512];
        let length = sys::fd::read(file.as_fd(), &mut buffer).ok()?;
        Self::parse(buffer.get(..length)?, sys::process::try_getpid().ok()?)
    }

    fn parse(line: &[u8], parent: Pid) -> Option<Self> {
        /// The kernel's flag `PF_FORKNOEXEC`, whose value has not changed since Linux 2.4.
        const FORKED_NO_EXEC: u64 = 0x40;
        // The second field is the program's name in parentheses. The name may contain any character. A space follows the closing
        // parenthesis.
        let end = line.iter().rposition(|&byte| byte == b')')?;
        let mut rest = line.get(end + 2..)?;
        let state = *text::next_field(&mut rest, b' ').first()?;
        // The fields 4 to 31; 0 for a negative field. If the line is too short, the 32nd field is missing, and `parse` returns
        // `None`.
        let mut numbers = [0; 28];
        for number in &mut numbers {
            *number = text::number(text::next_field(&mut rest, b' '), 10).unwrap_or(0);
        }
        let blocked = text::number(text::next_field(&mut rest, b' '), 10)?;
        let [its_parent, _, _, _, _, flags, ..] = numbers;
        (its_parent == parent.as_raw() as u64).then_some(Self {
            state,
            has_executed: flags & FORKED_NO_EXEC == 0,
            blocked: SigSet::from_bits(blocked),
        })
    }

    /// Returns whether the child is stopped, and a signal from the terminal's user can have stopped it.
    fn may_be_stopped_by_user(&self) -> bool {
        self.state == b'T' && self.blocked.bits() & USERS_STOPS.bits() != USERS_STOPS.bits()
    }
}

/// A buffer for the path of a file in `/proc`, or for a number.
pub(super) type ShortText = Buffer<24>;

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses a line with 32 fields, for a child of process 7 with this state, these flags and these blocked signals.
    fn parse(name: &str, state: &str, flags: u32, blocked: u64) -> Option<Stat> {
        let line = std::format!(
            "70 ({name}) {state} 7 70 70 0 -1 {flags} 0 0 0 0 0 0 0 0 20 0 1 0 100 4096 10 99 1 1 1 1 1 0 {blocked} 0 0 0 0 0 17"
        );
        Stat::parse(line.as_bytes(), Pid::from_raw(7)?)
    }

    #[test]
    fn a_childs_state_is_read_from_its_fields_whatever_its_name_is() {
        for name in ["sh", "a) T 9 9", "", "(((", "x y z"] {
            let stat = parse(name, "T", 0x40_0040, 0).unwrap();
            assert!(stat.state == b'T' && !stat.has_executed && stat.may_be_stopped_by_user());
            let stat = parse(name, "S", 0x40_0000, 5).unwrap();
            assert!(stat.state == b'S' && stat.has_executed && !stat.may_be_stopped_by_user());
            assert_eq!(stat.blocked.bits(), 5);
            assert_eq!(parse(name, "Z", 0x40_0044, 0).unwrap().state, b'Z');
        }
    }

    #[test]
    fn a_child_that_blocks_what_a_user_sends_is_stopped_by_an_administrator() {
        let all = USERS_STOPS.bits();
        assert!(
            !parse("sh", "T", 0x40, all)
                .unwrap()
                .may_be_stopped_by_user()
        );
        let but_one = USERS_STOPS.without(Signal::TTIN).bits();
        assert!(
            parse("sh", "T", 0x40, but_one)
                .unwrap()
                .may_be_stopped_by_user()
        );
    }

    #[test]
    fn what_is_no_childs_state_says_nothing() {
        let parent = Pid::from_raw(8).unwrap();
        assert!(Stat::parse(b"70 (sh) T 7 70 70 0 -1 64 0 0", parent).is_none());
        for line in [
            "",
            "70",
            "70 (sh",
            "70 (sh)",
            "70 (sh) T",
            "70 (sh) T 8",
            "70 (sh) T 8 1 1 1 1 64 0",
        ] {
            assert!(Stat::parse(line.as_bytes(), parent).is_none(), "{line}");
        }
    }
}
