//! The attributes of a spawn: properties of the child, which are set in a fixed order.

use core::fmt;

use super::namespaces::NewNamespaces;
use crate::errno::Errno;
use crate::fd::BorrowedFd;
use crate::limits::Policy;
use crate::signal::{SigSet, Signal};
use crate::sys;

/// Properties of the child, such as its session and its signal mask. The child sets them in a fixed order. For steps in an order
/// that you choose, use [`Action`](super::Action)s.
///
/// The parent uses `memory`, `notice`, `pidfd` and `namespaces` when it makes the child. The child sets the other attributes in the order of
/// the fields: `cgroup` to `oom_score_adj` before the actions, `no_new_privs` to `hook` after the actions.
///
/// ```
/// use nestling::spawn::Attributes;
/// let service = Attributes { new_session: true, nice: Some(5), ..Attributes::default() };
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[doc(alias(
    "posix_spawnattr_t",
    "posix_spawnattr_setflags",
    "posix_spawnattr_setpgroup",
    "posix_spawnattr_setsigmask",
    "posix_spawnattr_setsigdefault"
))]
pub struct Attributes<'a> {
    /// Whether the child shares the parent's memory until its exec.
    pub memory: Memory,
    /// How the parent learns that the program runs.
    pub notice: Notice,
    /// Makes a pidfd, which [`Child::pidfd`](super::Child::pidfd) returns. The parent makes it with `CLONE_PIDFD`. If the
    /// kernel refuses this flag, the parent uses `pidfd_open(2)`. Before Linux 5.3, the spawn makes no pidfd.
    pub pidfd: bool,
    /// New namespaces in which the child starts.
    pub namespaces: Option<&'a NewNamespaces<'a>>,
    /// The directory of the cgroup in which the child starts (`CLONE_INTO_CGROUP`). If the kernel refuses `CLONE_INTO_CGROUP`,
    /// the child joins the cgroup by a write to `cgroup.procs` in this directory. This write also works with cgroups of version
    /// 1.
    pub cgroup: Option<BorrowedFd<'a>>,
    /// For these signals, the child restores the default action, even if the parent ignores the signals
    /// (`POSIX_SPAWN_SETSIGDEF`). For signals that have a handler in the parent, the child always restores the default action.
    pub default_signals: SigSet,
    /// Starts a new session (`POSIX_SPAWN_SETSID`, `setsid(2)`).
    pub new_session: bool,
    /// Moves the child to this process group; 0 makes a new process group (`POSIX_SPAWN_SETPGROUP`, `setpgid(2)`).
    pub process_group: Option<i32>,
    /// The scheduling policy and priority (`POSIX_SPAWN_SETSCHEDULER`, `POSIX_SPAWN_SETSCHEDPARAM`, `sched(7)`).
    pub scheduler: Option<Scheduler>,
    /// The nice value, -20 to 19 (`setpriority(2)`).
    pub nice: Option<i32>,
    /// How likely the kernel is to kill the child if memory runs out: -1000 (never) to 1000 (`oom_score_adj` of `proc(5)`). A
    /// decrease requires `CAP_SYS_RESOURCE`. The kernel sets this number for all processes that share the memory. So a child with
    /// this attribute always gets a copy of the memory, and the parent's number does not change. Requires `/proc`.
    pub oom_score_adj: Option<i32>,
    /// If true, the program and its descendants gain no privileges by an exec: set-user-id bits and file capabilities have no
    /// effect (`PR_SET_NO_NEW_PRIVS`).
    pub no_new_privs: bool,
    /// The parent-death signal: the kernel sends it to the child when the spawning thread ends (`PR_SET_PDEATHSIG`). If the
    /// parent ends before the child sets this attribute, the child gets the signal, too. The exec of a set-user-id program
    /// clears this attribute.
    pub parent_death_signal: Option<Signal>,
    /// The program's signal mask (`POSIX_SPAWN_SETSIGMASK`). The default is the mask of the thread that spawns the child.
    pub signal_mask: Option<SigSet>,
    /// A function that the child calls as its last step before the exec.
    pub hook: Option<Hook<'a>>,
}

impl Attributes<'_> {
    /// Returns whether the child should share the memory if the kernel allows this.
    pub(super) fn share_memory(&self) -> bool {
        self.memory == Memory::Shared && self.oom_score_adj.is_none()
    }
}

/// Whether a child shares the parent's memory until its exec.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Memory {
    /// The child shares the memory. So the cost of a spawn does not depend on the parent's size. If the kernel refuses to share
    /// memory (qemu-user and some sandboxes do), or under valgrind (which ends a program that shares its memory), the child gets a
    /// copy, as with `Copied`.
    #[default]
    Shared,
    /// The child gets a copy of the memory, as the child of a `fork` does.
    Copied,
}

/// How the parent learns that the child runs the program. If the memory is copied, this choice has no effect: the
/// parent always uses the pipe.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Notice {
    /// The parent reads end-of-file from the status pipe. This works on every kernel. The pipe needs two descriptors during the
    /// spawn. If fewer than two descriptor numbers are free, the parent uses the mark instead, if it can.
    #[default]
    Pipe,
    /// The parent waits until the kernel clears a number in memory, the mark. The kernel does this when the child executes the
    /// program or ends (`CLONE_CHILD_CLEARTID`). With the mark, a spawn needs no descriptor, and makes four system calls fewer
    /// than with the pipe. But it relies on a detail of Linux that not every compatible kernel has (gVisor lacks it).
    ///
    /// The parent uses the mark under three conditions: `clone3` can reset the signal handlers (Linux 5.5), `new_session` is
    /// false, and the spawn has no [`Hook`] that could start a new session. Otherwise the parent uses the pipe. If the kernel
    /// does not clear the mark at an exec, the first spawn takes a tenth of a second longer, and later spawns of this process
    /// use the pipe.
    Mark,
}

/// A scheduling policy and a priority.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Scheduler {
    /// The policy; `None` leaves the policy unchanged.
    pub policy: Option<Policy>,
    /// The priority: 1 to 99 for the real-time policies, 0 for the other policies.
    pub priority: i32,
}

/// A function that runs in the child as the last step before the exec.
#[derive(Clone, Copy)]
pub struct Hook<'a> {
    pub(super) function: &'a (dyn Fn() -> Result<(), Errno> + Sync),
    /// Whether the function may start a new session.
    pub(super) is_unknown: bool,
}

impl fmt::Debug for Hook<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

impl<'a> Hook<'a> {
    /// Makes a hook that calls `function`. If the function returns an error, the spawn fails with this errno, and the failed
    /// step is the attribute `hook`.
    ///
    /// # Safety
    /// `function` runs in the child, which has one thread and the program's signal mask. If the memory is shared, the parent's
    /// other threads run at the same time. So `function` must not unwind, allocate, take a lock, use thread-local storage (such
    /// as a libc's `errno`), or change memory that other threads use. If the memory is shared, the parent sees what `function`
    /// has written to it.
    ///
    /// `function` may use at most [`STACK_SIZE`](super::STACK_SIZE)/2 bytes of stack;
    /// [`Spawn::start_on`](super::Spawn::start_on) can give it a larger stack. If the memory is shared, a stack overflow in
    /// `function` overwrites the parent's stack. When `function` returns, the child checks whether the stack has overflowed. If
    /// so, the child kills the parent and itself with `SIGKILL`; if the memory is copied, the child kills only itself. The check
    /// may come too late: a parent that runs while its stack is overwritten may continue at any address, also in the child's
    /// code.
    ///
    /// Some properties belong to the memory and not to the process. If the memory is shared, a change of these properties in
    /// `function` also affects the parent: the `PR_SET_DUMPABLE` flag (also by a change of ids), transparent huge pages
    /// (`PR_SET_THP_DISABLE`), `PR_SET_MDWE`, `mlockall(2)`, and `/proc/self/oom_score_adj`. To change them only in the child, copy
    /// the memory ([`Memory::Copied`]), or use the attribute or action for the property if it has one.
    ///
    /// The child has the status pipe open: `function` must neither close this pipe nor write to it.
    pub unsafe fn new(function: &'a (dyn Fn() -> Result<(), Errno> + Sync)) -> Self {
        Self {
            function,
            is_unknown: true,
        }
    }
}

impl Hook<'static> {
    /// Makes a hook that ignores `SIGINT` and `SIGQUIT`. A shell needs such a hook for a command that it starts with `&` (POSIX
    /// XCU 2.12). The hook makes two system calls.
    #[must_use]
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

/// A hook for a `Command`. Unlike a [`Hook`], a `PreExec` owns its function.
#[cfg(any(feature = "alloc", feature = "std"))]
pub struct PreExec(alloc::boxed::Box<dyn Fn() -> Result<(), Errno> + Send + Sync>);

#[cfg(any(feature = "alloc", feature = "std"))]
impl PreExec {
    /// Makes a hook that calls `function`.
    ///
    /// # Safety
    /// The same as for [`Hook::new`].
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

#[cfg(any(feature = "alloc", feature = "std"))]
impl fmt::Debug for PreExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PreExec")
    }
}
