//! Starting programs.
//!
//! # The protocol
//!
//! A spawn follows the "vfork replacement proposal", sent to musl's mailing list on 31 December 2012:
//!
//! 1. The parent opens a close-on-exec pipe, the *status pipe*. (Before that it blocks its signals.)
//! 2. It makes a child by `clone(CLONE_VM | SIGCHLD)`: an ordinary child that shares memory and nothing else, running a
//!    new function on a small stack inside the parent's own frame. (`clone3` where there is one: it resets the signal
//!    handlers, too, and knows pidfds and cgroups.)
//! 3. The parent closes the write end and waits on the read end.
//! 4. The child closes the read end, then carries out attributes and actions. Three stipulations keep the pipe out of the actions'
//!    way: they stand in `pipe.rs`.
//! 5. On a failure the child writes a *record* of it to the pipe, and exits. A successful exec closes the pipe.
//! 6. The parent sees the end of the pipe: the program runs. Or it reads a record: that step failed.
//!
//! While memory is shared the child notes each step that it begins in the parent's frame, too. So an end without a record is not taken for
//! success: a child that was killed before its exec is reported as killed. One that is killed in the exec itself is a program that was
//! killed.
//!
//! Where memory can't be shared (qemu-user and some sandboxes refuse it) or is not to be ([`Memory::Copied`]) the child is an
//! ordinary copy. It cannot note anything where the parent sees it: it sends a record through the pipe before its exec.
//!
//! Linux can say without a pipe that a child has left the memory (`CLONE_CHILD_CLEARTID`). [`Notice::Mark`] chooses that.
//!
//! No wait relies on the pipe or the mark alone. After a tenth of a second, and then ever more rarely, the parent looks at the child:
//! whether it has ended, has begun its program, or is stopped.
//!
//! # What it costs
//!
//! Eleven system calls where `clone3` works, the child's and the caller's wait included: two to block and restore signals, the pipe,
//! the clone, two to close the pipe's ends, and the wait for it; in the child one to close its read end, the signal mask and the exec; and
//! the caller's wait for the program. With [`Notice::Mark`] seven; with [`Memory::Copied`] fourteen. Most actions and attributes are one
//! or two more; an `Open` is two to eight, `ResetIds`
//! four, `parent_death_signal` three, `default_signals` one for each; a change of ids two to keep the parent dumpable;
//! a search one for each directory, and as many again if it fails by `ENOENT`. Without `clone3`, some seventy to reset
//! the handlers. Nothing is allocated, and nothing grows with the parent's memory. The frame takes little
//! more than [`STACK_SIZE`] bytes for the child: in a release build a thread with 16 KiB of stack can spawn.
//!
//! The code is some 11 KB; a program that must be small says what it uses of it, and leaves out the rest: [`used`].
//!
//! # What to know
//!
//! The spawning thread waits, its signals blocked, until the program runs or the spawn has failed. So it waits for
//!
//! - an action that waits, as an `Open` of a FIFO that has no other side, and an exec from a file system that does not answer;
//! - a child in a frozen cgroup, and one that `SIGSTOP` has stopped: an administrator's decision is not overruled. A child that Ctrl-Z or
//!   the terminal has stopped (`SIGTSTP`, `SIGTTIN`, `SIGTTOU`) is continued, and the program is stopped as soon as it runs: a shell that
//!   waited would leave its user without a way out. (Where another thread's wait has taken the news of the stop, and with it the signal's
//!   number, the program is stopped by `SIGSTOP`.)
//! - another process that has a copy of the status pipe, because another thread has forked at that moment: at most a tenth of a second,
//!   since the look then shows that the program runs. Of a child with a session of its own it does not show that: there the wait lasts until
//!   that process executes a program or ends.
//!
//! The memory that both share is one to the kernel, which has consequences:
//!
//! - Before Linux 5.16 a child that dies of a signal with a core dump before its exec takes along who shares its memory. Copied memory
//!   prevents that.
//! - The OOM killer kills all who share the memory.
//!
//! What closes on exec may be open in the child for a moment after the spawn has returned, as with `posix_spawn` and `vfork`: a
//! lock or a pipe's end that the parent then lets go is held that much longer.
#![doc = include_str!("differences.md")]

mod actions;
mod attributes;
mod child;
mod clone;
mod descriptors;
mod dumpable;
mod exec;
mod job;
mod parent;
mod pipe;
mod program;
mod report;
mod search;
pub mod used;
mod watch;

use core::cell::Cell;
use core::ffi::{CStr, c_char};
use core::mem::MaybeUninit;

pub use actions::Action;
#[cfg(feature = "alloc")]
pub use attributes::PreExec;
pub use attributes::{Attributes, Hook, Memory, Notice, Scheduler};
pub use report::{Attribute, Error, Missing, Step};
pub use search::DEFAULT_PATH;

pub use crate::sys::clone::fork;

use crate::args::Args;
use crate::errno::Errno;
use crate::fd::{BorrowedFd, OwnedFd, RawFd};
use crate::process::{ExitStatus, Pid};
use crate::signal::Signal;
use crate::sys;
use crate::wait;

/// Bytes of stack that a child gets from [`Spawn::start`]. It uses at most half of them, in a debug build too; of the other half a search has
/// room for a pathname.
pub const STACK_SIZE: usize = 8192;

/// What to start, and how: plain data, borrowed from the caller.
///
/// ```
/// use nestling::{Args, OFlags, args};
/// use nestling::spawn::{Action, Program, Spawn};
///
/// let list = args![c"sh", c"-c", c"exit 7"];
/// let mut child = Spawn {
///     actions: &[Action::Open { fd: 0, path: c"/dev/null", flags: OFlags::RDONLY, mode: 0 }],
///     ..Spawn::new(Program::Path(c"/bin/sh"), Args::new(&list), Args::EMPTY)
/// }
/// .start()
/// .expect("there is a shell");
/// assert_eq!(child.wait().unwrap().code(), Some(7));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Spawn<'a> {
    /// The program.
    pub program: Program<'a>,
    /// Its arguments, the name first.
    pub args: Args<'a>,
    /// Its environment.
    pub env: Args<'a>,
    /// What the child does, in this order.
    pub actions: &'a [Action<'a>],
    /// What the child is, in an order of its own.
    pub attributes: Attributes<'a>,
    /// Who runs a file that is no executable format: nobody (the spawn fails by `ENOEXEC`), or this shell.
    pub shell: Option<Shell<'a>>,
}

/// Which program, as the child finds it after all actions.
#[derive(Clone, Copy, Debug)]
pub enum Program<'a> {
    /// The file at this path.
    Path(&'a CStr),
    /// The first that can be executed of this name in the directories of a `PATH` (POSIX XBD 8.3): a name with a slash is a
    /// path, an empty element is the working directory; a file that may not be executed is remembered (`EACCES`) while
    /// others are tried; any error but that, `ENOENT` and `ENOTDIR` ends the search.
    Search {
        /// The name.
        name: &'a CStr,
        /// The value of `PATH`; without one, [`DEFAULT_PATH`].
        path: Option<&'a CStr>,
    },
    /// What this descriptor holds (`execveat(2)`, Linux 3.19). A script needs it not to be close-on-exec, else it is `ENOENT`. A
    /// [`Shell`] is of no use here: it would need a path.
    Descriptor(RawFd),
}

/// The shell that runs a file which is no executable format (POSIX XSH `exec`): as `arg0 file arg1 …`.
#[derive(Clone, Copy, Debug)]
pub struct Shell<'a> {
    /// The shell.
    pub path: &'a CStr,
    /// Room for its arguments: one more than there are (two more than none), and the null; if it is too small the exec fails
    /// by `E2BIG`. Make one with [`room`](Self::room).
    pub room: &'a [Cell<*const c_char>],
}

impl Shell<'_> {
    /// Room for `N` arguments, the null included.
    pub const fn room<const N: usize>() -> [Cell<*const c_char>; N] {
        [const { Cell::new(core::ptr::null()) }; N]
    }
}

impl<'a> Spawn<'a> {
    /// A spawn without actions and attributes.
    #[inline(never)]
    pub fn new(program: Program<'a>, args: Args<'a>, env: Args<'a>) -> Self {
        Self {
            program,
            args,
            env,
            actions: &[],
            attributes: Attributes::default(),
            shell: None,
        }
    }

    /// Starts the program: returns when it runs, or when it is known why it does not.
    ///
    /// # Errors
    /// The step that failed and its errno, or the signal that killed the child before its exec. Then there is no child, no
    /// zombie and no descriptor left over.
    pub fn start(&self) -> Result<Child, Error<'a>> {
        self.start_using::<{ used::ALL }>()
    }

    /// [`start`](Self::start) in a program that must be small: what is not in [`USED`](used) it has no code for. An attribute or
    /// action that is asked for nevertheless fails by `EINVAL`; a [`Shell`] is nobody.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_using<const USED: u32>(&self) -> Result<Child, Error<'a>> {
        // Without a value first, which a debug build would have on the stack, too.
        let mut stack = MaybeUninit::<Stack>::uninit();
        // SAFETY: it consists of what need not be initialised.
        let stack = unsafe { stack.assume_init_mut() };
        parent::start::<USED>(self, &mut stack.0)
    }

    /// Becomes the program: this process itself takes all the steps, without a child, and keeps its id (`exec(3)`). The
    /// attributes that make the child what it is from the start (memory, pidfd) mean nothing here. A program with other
    /// threads loses them.
    ///
    /// Returns only if a step failed. What the steps before it did stays: descriptors, directories, ids, limits.
    ///
    /// # Safety
    /// If it returns, nobody counts on a descriptor that the actions close or put another on, as an
    /// [`OwnedFd`] would.
    pub unsafe fn exec(&self) -> Error<'a> {
        exec::exec::<{ used::ALL }>(self)
    }

    /// [`exec`](Self::exec) where there are no actions, which alone can take a descriptor away. If there are some, that is
    /// `EINVAL`, and nothing is done.
    pub fn exec_without_actions(&self) -> Error<'a> {
        self.exec_using::<{ used::ALL }>()
    }

    /// [`exec_without_actions`](Self::exec_without_actions) in a program that must be small: as [`start_using`](Self::start_using).
    pub fn exec_using<const USED: u32>(&self) -> Error<'a> {
        match self.actions.first() {
            None => exec::exec::<USED>(self),
            Some(&action) => Error::Failed {
                step: Step::Action(0, action),
                errno: Errno::EINVAL,
            },
        }
    }

    /// [`exec`](Self::exec) where the actions close and replace none but the standard descriptors, which no one may count on
    /// (std's `exec` replaces them, too). Another action is `EINVAL`, and nothing is done.
    #[cfg(feature = "alloc")]
    pub(crate) fn exec_replacing_standard(&self) -> Error<'a> {
        for (index, &action) in self.actions.iter().enumerate() {
            let standard = match action {
                Action::Open { fd, .. }
                | Action::Redirect { fd, .. }
                | Action::Close(fd)
                | Action::Dup2 { to: fd, .. } => fd <= 2,
                Action::CloseFrom(_) => false,
                Action::Chdir(_)
                | Action::Fchdir(_)
                | Action::SetForeground(_)
                | Action::ControllingTerminal(_)
                | Action::Chroot(_)
                | Action::Umask(_)
                | Action::Limit(..)
                | Action::Groups(_)
                | Action::Gid(_)
                | Action::Uid(_)
                | Action::ResetIds => true,
            };
            if !standard {
                return Error::Failed {
                    step: Step::Action(index, action),
                    errno: Errno::EINVAL,
                };
            }
        }
        exec::exec::<{ used::ALL }>(self)
    }

    /// [`start`](Self::start) with a stack of the caller's for the child, for a hook that needs a large one or a caller that
    /// has little of its own. Less than [`STACK_SIZE`] is refused.
    ///
    /// # Errors
    /// As [`start`](Self::start); `ENOMEM` at the step `clone` if the stack is too small.
    pub fn start_on(&self, stack: &mut [MaybeUninit<u8>]) -> Result<Child, Error<'a>> {
        // The kernels of some architectures want it aligned.
        let surplus = stack.as_mut_ptr_range().end as usize % STACK_ALIGNMENT;
        match stack
            .len()
            .checked_sub(surplus)
            .and_then(|end| stack.get_mut(..end))
        {
            Some(aligned) if aligned.len() + surplus >= STACK_SIZE => {
                parent::start::<{ used::ALL }>(self, aligned)
            }
            _ => Err(Error::Failed {
                step: Step::Clone,
                errno: Errno::ENOMEM,
            }),
        }
    }
}

// The lower half holds any pathname.
const _: () = assert!(size_of::<search::PathBuffer>() <= STACK_SIZE / 2);

const STACK_ALIGNMENT: usize = 16;

#[repr(align(16))]
struct Stack([MaybeUninit<u8>; STACK_SIZE]);

/// A child that was started. Dropping it does not end it, and nobody reaps it then.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    pidfd: Option<OwnedFd>,
    status: Option<ExitStatus>,
}

impl Child {
    fn new(pid: Pid, pidfd: Option<OwnedFd>) -> Self {
        Self {
            pid,
            pidfd,
            status: None,
        }
    }

    /// Its process id. After [`wait`](Self::wait) it may be another's.
    pub fn id(&self) -> Pid {
        self.pid
    }

    /// Its pidfd, if [`Attributes::pidfd`] asked for one.
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(crate::AsFd::as_fd)
    }

    /// Its pidfd, to keep.
    pub fn into_pidfd(self) -> Option<OwnedFd> {
        self.pidfd
    }

    /// Waits until it ends, and reaps it; the same status every time. One system call, the first time.
    ///
    /// # Errors
    /// `ECHILD` if another wait has reaped it, or `SIGCHLD` is ignored.
    pub fn wait(&mut self) -> Result<ExitStatus, Errno> {
        let status = match (self.status, self.pidfd()) {
            (Some(status), _) => status,
            (None, Some(pidfd)) => match wait::wait_pidfd(pidfd) {
                // Linux 5.3 has pidfds, and no wait for them.
                Err(Errno::EINVAL) => wait::wait(self.pid)?,
                answer => answer?,
            },
            (None, None) => wait::wait(self.pid)?,
        };
        self.status = Some(status);
        Ok(status)
    }

    /// Reaps it if it has ended; `None` while it runs. One system call until then.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>, Errno> {
        if self.status.is_none() {
            self.status = match self.pidfd() {
                Some(pidfd) => match wait::try_wait_pidfd(pidfd) {
                    Err(Errno::EINVAL) => wait::try_wait(self.pid)?,
                    answer => answer?,
                },
                None => wait::try_wait(self.pid)?,
            };
        }
        Ok(self.status)
    }

    /// Sends it a signal, through the pidfd if there is one; nothing once it was waited for.
    ///
    /// # Errors
    /// `EPERM` if it has become another user's; `ESRCH` if another wait has reaped it.
    pub fn signal(&self, signal: Signal) -> Result<(), Errno> {
        match (self.status, self.pidfd()) {
            (Some(_), _) => Ok(()),
            (None, Some(pidfd)) => sys::process::pidfd_send_signal(pidfd, signal),
            (None, None) => sys::process::kill(self.pid.as_raw(), Some(signal)),
        }
    }
}
