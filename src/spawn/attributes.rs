//! The attributes of a spawn: properties of the child, which are set in a fixed order.

use core::fmt;

use crate::errno::Errno;
use crate::fd::BorrowedFd;
use crate::limits::Policy;
use crate::signal::{SigSet, Signal};
use crate::sys;

/// The properties of the child that are not set by [`Action`](super::Action)s.
///
/// They are set in the order of the fields: up to `nice` before the actions, the others after them.
///
/// ```
/// use nestling::spawn::Attributes;
/// let service = Attributes { new_session: true, nice: Some(5), ..Attributes::default() };
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes<'a> {
    /// Whether the child shares the parent's memory until its exec.
    pub memory: Memory,
    /// How the parent learns that the program runs.
    pub notice: Notice,
    /// Makes a pidfd for the caller, which [`Child::pidfd`](super::Child::pidfd) returns (`CLONE_PIDFD`; if that is refused,
    /// `pidfd_open(2)`).
    pub pidfd: bool,
    /// The directory of the cgroup that the child starts in (`CLONE_INTO_CGROUP`; if that is refused, the child writes itself
    /// into `cgroup.procs` of the directory, which also works with version 1).
    pub cgroup: Option<BorrowedFd<'a>>,
    /// The signals that get their default actions even if the parent ignores them (`POSIX_SPAWN_SETSIGDEF`). Signals that the
    /// parent handles always get them.
    pub default_signals: SigSet,
    /// Starts a new session (`POSIX_SPAWN_SETSID`, `setsid(2)`).
    pub new_session: bool,
    /// Moves the child to this process group; 0 makes a new one (`POSIX_SPAWN_SETPGROUP`, `setpgid(2)`).
    pub process_group: Option<i32>,
    /// The scheduling policy and priority (`POSIX_SPAWN_SETSCHEDULER`, `POSIX_SPAWN_SETSCHEDPARAM`, `sched(7)`).
    pub scheduler: Option<Scheduler>,
    /// The nice value, -20 to 19 (`setpriority(2)`).
    pub nice: Option<i32>,
    /// Set-user-id bits and file capabilities have no effect for the program and its descendants (`PR_SET_NO_NEW_PRIVS`).
    pub no_new_privs: bool,
    /// The signal that the child gets when the thread that spawned it ends (`PR_SET_PDEATHSIG`), also if the thread has ended
    /// before this was set. The exec of a set-user-id program clears it.
    pub parent_death_signal: Option<Signal>,
    /// The signal mask (`POSIX_SPAWN_SETSIGMASK`). The default is that of the thread that spawns.
    pub signal_mask: Option<SigSet>,
    /// A function of the caller's, for what no attribute does.
    pub hook: Option<Hook<'a>>,
}

/// Whether a child shares the parent's memory until its exec.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Memory {
    /// It shares the memory, so that a spawn costs the same however large the parent is. If the kernel refuses that (qemu-user,
    /// some sandboxes), the child gets a copy, and nothing else changes.
    #[default]
    Shared,
    /// It gets a copy, as by `fork`.
    Copied,
}

/// How the parent learns that a child with shared memory runs the program. (With copied memory it is always the pipe.)
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Notice {
    /// By the end of the status pipe, which works on every kernel. It takes two descriptors during the spawn. If none is free,
    /// the mark is used if possible.
    #[default]
    Pipe,
    /// By the kernel's mark (`CLONE_CHILD_CLEARTID`), without a pipe: this takes no descriptor and four system calls less, but
    /// relies on a detail of Linux. It is used only if `clone3` resets the signal handlers (Linux 5.5), and if neither an
    /// attribute nor a [`Hook`] of the caller can start a new session; otherwise the pipe is used. On a kernel that does not
    /// clear the mark at an exec, the first spawn takes a tenth of a second longer, and the process then uses the pipe.
    Mark,
}

/// A scheduling policy and a priority. Either may be set alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scheduler {
    /// The policy; `None` keeps the present one.
    pub policy: Option<Policy>,
    /// The priority: 1 to 99 for the real-time policies, 0 for the others.
    pub priority: i32,
}

/// A function that runs in the child as the last step before the exec.
#[derive(Clone, Copy)]
pub struct Hook<'a> {
    pub(super) function: &'a (dyn Fn() -> Result<(), Errno> + Sync),
    /// It may begin a session.
    pub(super) is_unknown: bool,
}

impl fmt::Debug for Hook<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

impl<'a> Hook<'a> {
    /// Makes a hook that calls `function`. An error of the function is the spawn's error, at the step `hook`.
    ///
    /// # Safety
    /// The child that runs it has one thread, at most [`STACK_SIZE`](super::STACK_SIZE)/2 bytes of stack (see
    /// [`Spawn::start_on`](super::Spawn::start_on) for more), the program's signal mask, and, unless the memory is copied, the
    /// parent's memory, while the parent's other threads run. With shared memory, a function that uses too much stack overwrites
    /// the parent's stack: if that is detected when it returns, both processes are killed by `SIGKILL`; with copied memory only
    /// the child is. So `function` must not unwind, allocate, take a lock, use thread-local storage (such as a libc's `errno`),
    /// or change memory that other threads use. With shared memory the parent sees what it writes. The status pipe is one of the
    /// child's open descriptors: the function must neither close it nor write to it.
    pub unsafe fn new(function: &'a (dyn Fn() -> Result<(), Errno> + Sync)) -> Self {
        Self {
            function,
            is_unknown: true,
        }
    }
}

impl Hook<'static> {
    /// Makes a hook that ignores `SIGINT` and `SIGQUIT`, as the commands that a shell starts with `&` do (POSIX XCU 2.12). Two
    /// system calls.
    pub fn ignore_interrupts() -> Self {
        let ignore: &(dyn Fn() -> Result<(), Errno> + Sync) = &|| {
            sys::signal::ignore(Signal::INT)?;
            sys::signal::ignore(Signal::QUIT).map(drop)
        };
        Self {
            function: ignore,
            is_unknown: false,
        }
    }
}

/// A [`Hook`] that owns its function, for a `Command`.
#[cfg(feature = "alloc")]
pub struct PreExec(alloc::boxed::Box<dyn Fn() -> Result<(), Errno> + Send + Sync>);

#[cfg(feature = "alloc")]
impl PreExec {
    /// Makes a hook that calls `function`.
    ///
    /// # Safety
    /// As for [`Hook::new`].
    pub unsafe fn new(function: impl Fn() -> Result<(), Errno> + Send + Sync + 'static) -> Self {
        Self(alloc::boxed::Box::new(function))
    }

    pub(crate) fn hook(&self) -> Hook<'_> {
        Hook {
            function: &*self.0,
            is_unknown: true,
        }
    }
}

#[cfg(feature = "alloc")]
impl fmt::Debug for PreExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PreExec")
    }
}
