//! What a spawn does in an order of its own: each attribute has one right place, so the caller need not know it.

use core::fmt;

use crate::errno::Errno;
use crate::fd::BorrowedFd;
use crate::limits::Policy;
use crate::signal::{SigSet, Signal};
use crate::sys;

/// What the child is to be, beside what the [`Action`](super::Action)s make of it.
///
/// They are carried out in the order of the fields: down to `nice` before the actions, the rest after.
///
/// ```
/// use nestling::spawn::Attributes;
/// let service = Attributes { new_session: true, nice: Some(5), ..Attributes::default() };
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Attributes<'a> {
    /// Whether the child shares the parent's memory until its exec.
    pub memory: Memory,
    /// By what the parent learns that the program runs.
    pub notice: Notice,
    /// Gives the caller a pidfd: [`Child::pidfd`](super::Child::pidfd). (`CLONE_PIDFD`; where that is refused,
    /// `pidfd_open(2)`.)
    pub pidfd: bool,
    /// The directory of the cgroup that the child starts in (`CLONE_INTO_CGROUP`; where that is refused, the child writes
    /// itself into the directory's `cgroup.procs`, which serves version 1 too).
    pub cgroup: Option<BorrowedFd<'a>>,
    /// The signals that are set to their default even if the parent ignores them (`POSIX_SPAWN_SETSIGDEF`). Signals that
    /// the parent handles always are.
    pub default_signals: SigSet,
    /// Begins a new session (`POSIX_SPAWN_SETSID`, `setsid(2)`).
    pub new_session: bool,
    /// Puts the child into this process group, 0 for a new one of its own (`POSIX_SPAWN_SETPGROUP`, `setpgid(2)`).
    pub process_group: Option<i32>,
    /// The scheduling policy and priority (`POSIX_SPAWN_SETSCHEDULER`, `POSIX_SPAWN_SETSCHEDPARAM`, `sched(7)`).
    pub scheduler: Option<Scheduler>,
    /// The nice value, -20 to 19 (`setpriority(2)`).
    pub nice: Option<i32>,
    /// No privileges are gained by set-user-id bits or file capabilities (`PR_SET_NO_NEW_PRIVS`).
    pub no_new_privs: bool,
    /// The signal that the child gets when the thread that spawned it ends (`PR_SET_PDEATHSIG`), even if that was before
    /// it was set. An exec of a set-user-id program clears it.
    pub parent_death_signal: Option<Signal>,
    /// The signal mask (`POSIX_SPAWN_SETSIGMASK`); without it, the mask of the thread that spawns.
    pub signal_mask: Option<SigSet>,
    /// What no attribute covers.
    pub hook: Option<Hook<'a>>,
}

/// Whether a child shares the parent's memory until its exec.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Memory {
    /// It does, so that a spawn costs the same however large the parent is; where the kernel refuses that (qemu-user,
    /// some sandboxes) it gets a copy, and the caller sees no difference.
    #[default]
    Shared,
    /// It gets a copy, as by `fork`.
    Copied,
}

/// By what the parent learns that a child which shares its memory runs the program. (One that has a copy uses the pipe.)
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Notice {
    /// The end of the status pipe, as every kernel gives it. It takes two descriptors while the spawn lasts. Where none is free, the mark
    /// is used if it can be.
    #[default]
    Pipe,
    /// The kernel's mark (`CLONE_CHILD_CLEARTID`), without a pipe: it takes no descriptor and four system calls less, and is a detail of
    /// Linux. It is used only with a `clone3` that resets the signal handlers (Linux 5.5), for a child that gets no session of its own, be
    /// it from a [`Hook`] of the caller's; else the pipe is. A kernel that does not take the mark back at an exec costs the first spawn a
    /// tenth of a second, and then this process uses the pipe.
    Mark,
}

/// A scheduling policy and a priority; either alone is a use, too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scheduler {
    /// The policy; `None` keeps the one the child has.
    pub policy: Option<Policy>,
    /// The priority: 1 to 99 for the real-time policies, else 0.
    pub priority: i32,
}

/// A function that runs in the child just before the exec, after everything else.
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
    /// A hook that calls `function`. Its error becomes the spawn's, at the step `hook`.
    ///
    /// # Safety
    /// The child that runs it has one thread, no more than [`STACK_SIZE`](super::STACK_SIZE)/2 bytes of stack
    /// (see [`Spawn::start_on`](super::Spawn::start_on) for more; where the memory is shared, using more than there is overwrites the
    /// parent's stack: if that is noticed when `function` returns, both processes are killed by `SIGKILL`; if the memory is copied, the
    /// child is), the signal mask of the program to be, and (unless it
    /// is copied) the parent's memory, while the parent's other threads run on. So `function` must not return by
    /// unwinding, allocate, take a lock, use thread-local storage (a libc's `errno` is there), or change memory that
    /// other threads use. What it writes the parent sees, if the memory is shared. The status pipe is one of its open
    /// descriptors: it must neither close it nor write to it.
    pub unsafe fn new(function: &'a (dyn Fn() -> Result<(), Errno> + Sync)) -> Self {
        Self {
            function,
            is_unknown: true,
        }
    }
}

impl Hook<'static> {
    /// A hook that ignores `SIGINT` and `SIGQUIT`, as the commands that a shell starts by `&` do (POSIX XCU 2.12). Two system calls.
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
    /// A hook that calls `function`.
    ///
    /// # Safety
    /// As [`Hook::new`].
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
