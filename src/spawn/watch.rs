//! The parent's wait for its child: for the end of the status pipe or for the kernel's mark, and a look at the child now and then, so that
//! no wait is without end.
//!
//! The wait is over when the child has left the memory that it shares, by its exec or by its end. What it had to say is in the record.

use core::ffi::CStr;
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
use crate::text::{self, Sink};
use crate::wait::{self, Options, Who};

/// For so long nothing is heard of a child before it is looked at; then for twice as long, and so on.
const LONG: Duration = Duration::from_millis(100);

/// It is not looked at more rarely: somebody may be waiting at a terminal.
const LONGEST: Duration = Duration::from_millis(1600);

/// What stops a child by the hand of its user: Ctrl-Z, and the terminal.
const USERS_STOPS: SigSet = SigSet::EMPTY
    .with(Signal::TSTP)
    .with(Signal::TTIN)
    .with(Signal::TTOU);

/// A child has been seen to have begun its program, or to have ended, with its mark still set.
static IGNORES_MARK: AtomicBool = AtomicBool::new(false);

/// Whether the kernel has always taken back the mark of a child.
pub(super) fn trusts_mark() -> bool {
    !IGNORES_MARK.load(Ordering::Relaxed)
}

/// A child that is waited for.
pub(super) struct Watch {
    pid: Pid,
    /// When it is looked at next.
    patience: Duration,
    /// What has stopped it on its way, and is to stop the program.
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

    /// Waits until the child has left, or has reported a failure and has no memory in common with this process. Without a pipe it is the
    /// mark that is waited for.
    ///
    /// An errno is the status pipe's: then the child may still be there.
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
        // SAFETY: the parent's copy of the end that only the child writes to. While it is open the other has no end.
        unsafe { sys::fd::close(write_end.into_raw_fd())? };
        self.receive(task, read_end.as_fd())
    }

    /// What stopped the child on its way stops the program.
    pub fn stop_again(&self) {
        if self.stop.is_some() {
            let _ = sys::process::kill(self.pid.as_raw(), self.stop);
        }
    }

    /// Step 6 of the protocol. A child that shares the memory reports only a failure, and has left when the other end is closed everywhere.
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
                    // What it has sent before is still to be read.
                    is_over = self.look(task);
                    continue;
                }
                // The end, and nothing before it.
                Ok(_) if polled.iter().all(|it| it.returned() == Events::HUP) => break,
                Err(Errno::EINTR) => continue,
                // Where it can't be waited for, it is read.
                Ok(_) | Err(_) => {}
            }
            let mut bytes = [0; 8];
            match sys::fd::read(read_end, &mut bytes) {
                Ok(0) => break,
                Ok(8) => {
                    let actions = task.spawn.actions.len();
                    task.set_record(Record::from_bytes(bytes, actions)?);
                }
                // So few bytes are written, and read, as a whole. What else comes is no record.
                Ok(_) => return Err(Errno::EPROTO),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }

    /// The kernel takes back the mark as the child leaves, by its exec or its end.
    fn wait_for_mark(&mut self, task: &ChildTask<'_, '_>) {
        let is_present = || task.present.load(Ordering::Acquire) != 0;
        let mut nap = Duration::from_millis(1);
        let mut is_over = false;
        while is_present() && !is_over {
            let answer = sys::futex::wait(&task.present, 1, Some(self.patience));
            if answer.is_err() && is_present() {
                is_over = self.look(task);
                if !is_over && answer != Err(Errno::ETIMEDOUT) {
                    // A filter forbids it, say. Then the mark is looked at after ever longer times.
                    let _ = sys::poll::ppoll(&mut [], Some(nap), None);
                    nap = nap.saturating_mul(2).min(LONG);
                }
            }
        }
        if is_present() {
            IGNORES_MARK.store(true, Ordering::Relaxed);
        }
    }

    /// Looks at a child of which nothing has been heard for long: whether it has left. One that was stopped on its way goes on.
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
        // Before the child is at its exec that question could undo what it does.
        let is_placed = task.code() != StepCode::REACHED || is_placed(self.pid);
        let stat = Stat::of(self.pid);
        if !is_placed && stat.is_none_or(|it| it.has_begun) {
            return true;
        }
        let resumed = match stop {
            Some(signal) => USERS_STOPS.contains(signal).then_some(signal),
            // Another thread may have had that news. What can't have been the user is an administrator.
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

/// Whether a parent may still place this child in a process group: no longer once it has begun another program (POSIX: `EACCES`). Its group
/// stays the same either way. A child that has another session is never said to have begun one.
fn is_placed(pid: Pid) -> bool {
    let placed = sys::process::getpgid(pid.as_raw())
        .and_then(|group| sys::process::setpgid(pid.as_raw(), group));
    placed != Err(Errno::EACCES)
}

/// What `/proc/PID/stat` says of a child.
#[derive(Clone, Copy)]
struct Stat {
    is_stopped: bool,
    /// It does not have the flag that it has until its first exec. A security module can answer like the kernel when it is asked to place
    /// the child: both must say so.
    has_begun: bool,
    blocked: SigSet,
}

impl Stat {
    /// `None` where that can't be known: there is no `/proc`, or another pid namespace's, or no number is free.
    fn of(pid: Pid) -> Option<Self> {
        let mut path = ShortText::default();
        path.put(b"/proc/");
        text::decimal(pid.as_raw(), &mut path);
        path.put(b"/stat");
        let path = CStr::from_bytes_until_nul(&path.bytes).ok()?;
        let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0).ok()?;
        let mut buffer = [0; 512];
        let length = sys::fd::read(file.as_fd(), &mut buffer).ok()?;
        Self::parse(buffer.get(..length)?, sys::process::try_getpid().ok()?)
    }

    fn parse(line: &[u8], parent: Pid) -> Option<Self> {
        /// The kernel's `PF_FORKNOEXEC`, the same since Linux 2.4.
        const FORKED_NO_EXEC: u64 = 0x40;
        // The second field is the program's name in brackets, which may hold anything; a space follows.
        let end = line.iter().rposition(|&byte| byte == b')')?;
        let mut rest = line.get(end + 2..)?;
        let is_stopped = text::next_field(&mut rest, b' ') == b"T";
        // The fourth to the 31st: 0 for what is negative. A line that is shorter has no 32nd.
        let mut numbers = [0; 28];
        for number in &mut numbers {
            *number = text::number(text::next_field(&mut rest, b' '), 10).unwrap_or(0);
        }
        let blocked = text::number(text::next_field(&mut rest, b' '), 10)?;
        let [its_parent, _, _, _, _, flags, ..] = numbers;
        (its_parent == parent.as_raw() as u64).then_some(Self {
            is_stopped,
            has_begun: flags & FORKED_NO_EXEC == 0,
            blocked: SigSet::from_bits(blocked),
        })
    }

    /// Whether it is stopped, and could have been by a signal that a terminal's user sends.
    fn may_be_stopped_by_user(&self) -> bool {
        self.is_stopped && self.blocked.bits() & USERS_STOPS.bits() != USERS_STOPS.bits()
    }
}

/// Room for the path of a process's file, or for a number.
#[derive(Default)]
pub(super) struct ShortText {
    bytes: [u8; 24],
    length: usize,
}

impl ShortText {
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Sink for ShortText {
    fn put(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if let Some(place) = self.bytes.get_mut(self.length) {
                *place = byte;
                self.length += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fields up to the 32nd, for a child of process 7 of this state, flags and blocked signals.
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
            assert!(stat.is_stopped && !stat.has_begun && stat.may_be_stopped_by_user());
            let stat = parse(name, "S", 0x40_0000, 5).unwrap();
            assert!(!stat.is_stopped && stat.has_begun && !stat.may_be_stopped_by_user());
            assert_eq!(stat.blocked.bits(), 5);
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
