//! The attributes of a spawn: properties of the child, which are set in a fixed order.

use core::fmt;

use crate::errno::Errno;
use crate::fd::BorrowedFd;
use crate::limits::Policy;
use crate::signal::{SigSet, Signal};
use crate::sys;

/// The properties of the child that are not set by [`Action`](super::Action)s.
///
/// The child sets them in the order of the fields. It sets the fields up to `nice` before the actions. It sets
/// `no_new_privs` and the fields below it after the actions.
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
    /// Makes a pidfd, which [`Child::pidfd`](super::Child::pidfd) returns. The parent makes it by `CLONE_PIDFD`, or by
    /// `pidfd_open(2)` if the kernel refuses `CLONE_PIDFD`.
    pub pidfd: bool,
    /// The directory of the cgroup in which the child starts (`CLONE_INTO_CGROUP`). If the kernel refuses `CLONE_INTO_CGROUP`, the
    /// child joins the cgroup by a write to `cgroup.procs` in this directory. The write also works with version 1 of cgroups.
    pub cgroup: Option<BorrowedFd<'a>>,
    /// The signals that the child sets to their default actions even if the parent ignores them (`POSIX_SPAWN_SETSIGDEF`). A
    /// signal for which the parent has a handler is always set to its default action.
    pub default_signals: SigSet,
    /// Starts a new session (`POSIX_SPAWN_SETSID`, `setsid(2)`).
    pub new_session: bool,
    /// Moves the child to this process group; 0 makes a new process group (`POSIX_SPAWN_SETPGROUP`, `setpgid(2)`).
    pub process_group: Option<i32>,
    /// The scheduling policy and priority (`POSIX_SPAWN_SETSCHEDULER`, `POSIX_SPAWN_SETSCHEDPARAM`, `sched(7)`).
    pub scheduler: Option<Scheduler>,
    /// The nice value, -20 to 19 (`setpriority(2)`).
    pub nice: Option<i32>,
    /// If true, the program and its descendants gain no privileges by an exec: set-user-id bits and file capabilities have no
    /// effect (`PR_SET_NO_NEW_PRIVS`).
    pub no_new_privs: bool,
    /// The signal that the child gets when the thread that spawned it ends (`PR_SET_PDEATHSIG`). The child gets the signal even if
    /// the parent has ended before the child sets this attribute. The exec of a set-user-id program clears the attribute.
    pub parent_death_signal: Option<Signal>,
    /// The signal mask (`POSIX_SPAWN_SETSIGMASK`). The default is the mask of the thread that spawns.
    pub signal_mask: Option<SigSet>,
    /// A function of the caller that the child runs, for a step that no action or attribute does.
    pub hook: Option<Hook<'a>>,
}

/// Whether a child shares the parent's memory until its exec.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Memory {
    /// The child shares the memory. So a spawn costs the same, however large the parent is. If the kernel refuses to share memory
    /// (qemu-user, some sandboxes), the child gets a copy, and nothing else changes.
    #[default]
    Shared,
    /// The child gets a copy of the memory, as the child of a `fork` does.
    Copied,
}

/// How the parent learns that the child runs the program. If the memory is copied, this choice has no effect: the
/// parent always uses the pipe.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Notice {
    /// By the end-of-file of the status pipe. This works on every kernel. The pipe takes two descriptors during the spawn. If fewer
    /// than two numbers are free and the mark can be used, the parent uses the mark.
    #[default]
    Pipe,
    /// By a mark in memory that the kernel clears when the child executes the program or ends (`CLONE_CHILD_CLEARTID`). The spawn
    /// then takes no descriptor, and makes four system calls fewer than with the pipe, but it relies on a detail of Linux.
    ///
    /// The parent uses the mark only if `clone3` resets the signal handlers (Linux 5.5), and if no attribute and no [`Hook`] of the
    /// caller can start a new session. Otherwise the parent uses the pipe. If the kernel does not clear the mark at an exec, the
    /// first spawn takes a tenth of a second longer, and later spawns of the process use the pipe.
    Mark,
}

/// A scheduling policy and a priority. The priority may be set without a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scheduler {
    /// The policy; `None` keeps the present policy.
    pub policy: Option<Policy>,
    /// The priority: 1 to 99 for the real-time policies, 0 for the other policies.
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
    /// Makes a hook that calls `function`. If the function returns an error, the spawn fails with this error at the step `hook`.
    ///
    /// # Safety
    /// `function` runs in the child, which has one thread and the program's signal mask. Unless the memory is copied, the child
    /// shares the parent's memory, and the parent's other threads run at the same time. So `function` must not unwind, allocate,
    /// take a lock, use thread-local storage (such as a libc's `errno`), or change memory that other threads use. If the memory is
    /// shared, the parent sees what `function` writes.
    ///
    /// `function` may use at most [`STACK_SIZE`](super::STACK_SIZE)/2 bytes of stack;
    /// [`Spawn::start_on`](super::Spawn::start_on) can give it a larger stack. If the memory is shared and `function` uses
    /// more stack than it has, it overwrites the parent's stack. If the child detects this when `function` returns, it kills
    /// the parent and itself by `SIGKILL`. If the memory is copied, the child kills only itself.
    ///
    /// The status pipe is one of the child's open descriptors: `function` must neither close the pipe nor write to it.
    pub unsafe fn new(function: &'a (dyn Fn() -> Result<(), Errno> + Sync)) -> Self {
        Self {
            function,
            is_unknown: true,
        }
    }
}

impl Hook<'static> {
    /// Makes a hook that ignores `SIGINT` and `SIGQUIT`, as a shell does in a command that it starts with `&` (POSIX XCU 2.12).
    /// The hook makes two system calls.
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

/// A hook for a `Command`. Unlike a [`Hook`], it owns its function.
#[cfg(feature = "alloc")]
pub struct PreExec(alloc::boxed::Box<dyn Fn() -> Result<(), Errno> + Send + Sync>);

#[cfg(feature = "alloc")]
impl PreExec {
    /// Makes a hook that calls `function`.
    ///
    /// # Safety
    /// The conditions of [`Hook::new`].
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
