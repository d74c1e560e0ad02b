//! Starting programs.
//!
//! # The protocol
//!
//! A spawn follows the "vfork replacement proposal", sent to musl's mailing list on 31 December 2012:
//!
//! 1. The parent blocks its signals and opens a close-on-exec pipe, the *status pipe*.
//! 2. It makes a child by `clone(CLONE_VM | SIGCHLD)`: an ordinary child that shares memory and nothing else, and runs a new
//!    function on a small stack inside the parent's own frame. (`clone3` is used where it is available: it also resets the
//!    signal handlers, makes pidfds and places the child in a cgroup.)
//! 3. The parent closes the write end and waits on the read end.
//! 4. The child closes the read end, then carries out attributes and actions. Three stipulations, described in `pipe.rs`, hide
//!    the pipe from the actions.
//! 5. If a step fails, the child writes a *record* of it to the pipe and exits. A successful exec closes the pipe.
//! 6. If the parent reads a record, that step has failed. If it reads end-of-file, the program runs.
//!
//! With shared memory the child also notes each step in the parent's frame before it begins the step. So end-of-file without a
//! record is not taken for success: a child that was killed before its exec is reported as killed. A child that is killed
//! during the exec itself counts as a program that was killed.
//!
//! If memory cannot be shared (qemu-user and some sandboxes refuse it) or must not be ([`Memory::Copied`]), the child is an
//! ordinary copy. The parent does not see its notes, so it sends a record through the pipe before its exec.
//!
//! Linux can also report without a pipe that a child has left the memory (`CLONE_CHILD_CLEARTID`). [`Notice::Mark`] chooses
//! that.
//!
//! No wait relies on the pipe or the mark alone. After a tenth of a second, and then at growing intervals, the parent checks
//! whether the child has ended, has begun its program, or is stopped.
//!
//! # What it costs
//!
//! With `clone3`, eleven system calls, including the child's and the caller's wait: two to block and restore signals, one for
//! the pipe, the clone, two to close the pipe's ends, and one to wait for it; in the child one to close its read end, one for
//! the signal mask, and the exec; and the caller's wait for the program. With [`Notice::Mark`] seven; with [`Memory::Copied`]
//! fourteen. Most actions and attributes cost one or two more; an `Open` two to eight, `ResetIds` four, `parent_death_signal`
//! three, `default_signals` one for each signal; a change of ids two to keep the parent dumpable; a search one for each
//! directory, and twice as many if it fails with `ENOENT`. Without `clone3`, about seventy more reset the handlers. Nothing is
//! allocated, and no cost grows with the parent's memory. The caller's frame has little more than the [`STACK_SIZE`] bytes for
//! the child: in a release build a thread with 16 KiB of stack can spawn.
//!
//! The code is about 11 KB. A program that must be small lists what it uses, and has no code for the rest: [`used`].
//!
//! # What to know
//!
//! The spawning thread waits, with its signals blocked, until the program runs or the spawn has failed. So it also waits for
//!
//! - an action that waits, such as an `Open` of a FIFO without a process at its other end, and an exec from a file system that
//!   does not respond;
//! - a child in a frozen cgroup, and a child that `SIGSTOP` has stopped, because that is an administrator's decision. A child
//!   that Ctrl-Z or the terminal has stopped (`SIGTSTP`, `SIGTTIN`, `SIGTTOU`) is continued, and the program is stopped as soon
//!   as it runs: a shell that waited would leave its user without a way out. (If another thread's wait has consumed the report
//!   of the stop, the signal is not known, and the program is stopped by `SIGSTOP`.)
//! - another process with a copy of the status pipe, because another thread has forked at that moment: at most a tenth of a
//!   second, because the check then shows that the program runs. For a child in a session of its own the check cannot show
//!   this: then the wait lasts until that process executes a program or ends.
//!
//! Parent and child share one memory, which has consequences:
//!
//! - Before Linux 5.16, a child that is killed before its exec by a signal with a core dump ends every process that shares its
//!   memory. Copied memory prevents that.
//! - The OOM killer kills every process that shares the memory.
//!
//! A descriptor that closes on exec may be open in the child for a moment after the spawn has returned, as with `posix_spawn`
//! and `vfork`: a lock or a pipe's end that the parent then releases stays held for that moment.
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

/// The size in bytes of the stack that a child gets from [`Spawn::start`]. It uses at most half of it, also in a debug build;
/// the other half has room for the pathname of a search.
pub const STACK_SIZE: usize = 8192;

/// A program to start, and how to start it: plain data, borrowed from the caller.
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
    /// The arguments; the first is the program's name.
    pub args: Args<'a>,
    /// The environment.
    pub env: Args<'a>,
    /// The actions, which the child carries out in this order.
    pub actions: &'a [Action<'a>],
    /// The attributes, whose order is fixed.
    pub attributes: Attributes<'a>,
    /// The shell that runs a file in no executable format. Without one, the spawn fails with `ENOEXEC`.
    pub shell: Option<Shell<'a>>,
}

/// The program, as the child finds it after all actions.
#[derive(Clone, Copy, Debug)]
pub enum Program<'a> {
    /// The file at this path.
    Path(&'a CStr),
    /// The first executable file with this name in the directories of a `PATH` (POSIX XBD 8.3). A name with a slash is a path;
    /// an empty element is the working directory. A file without permission to execute is skipped, and makes the error `EACCES`
    /// if no other is found; any error except that, `ENOENT` and `ENOTDIR` ends the search.
    Search {
        /// The name.
        name: &'a CStr,
        /// The value of `PATH`; the default is [`DEFAULT_PATH`].
        path: Option<&'a CStr>,
    },
    /// The file of this descriptor (`execveat(2)`, Linux 3.19). For a script the descriptor must not close on exec, otherwise
    /// the error is `ENOENT`. A [`Shell`] is not used, because it needs a path.
    Descriptor(RawFd),
}

/// The shell that runs a file in no executable format (POSIX XSH `exec`), with the arguments `arg0 file arg1 …`.
#[derive(Clone, Copy, Debug)]
pub struct Shell<'a> {
    /// The path of the shell.
    pub path: &'a CStr,
    /// Room for its arguments: one more than the program has (two if it has none), and the null. If there is too little, the
    /// exec fails with `E2BIG`. [`room`](Self::room) makes one.
    pub room: &'a [Cell<*const c_char>],
}

impl Shell<'_> {
    /// Makes room for `N` arguments, including the null.
    pub const fn room<const N: usize>() -> [Cell<*const c_char>; N] {
        [const { Cell::new(core::ptr::null()) }; N]
    }
}

impl<'a> Spawn<'a> {
    /// Makes a spawn without actions and attributes.
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

    /// Starts the program. Returns when it runs, or when the spawn has failed.
    ///
    /// # Errors
    /// The step that failed with its errno, or the signal that killed the child before its exec. Then no child, no zombie and
    /// no descriptor is left.
    pub fn start(&self) -> Result<Child, Error<'a>> {
        self.start_using::<{ used::ALL }>()
    }

    /// Starts the program as [`start`](Self::start) does, for a program that must be small: it has no code for what is not in
    /// [`USED`](used). Such an attribute or action fails with `EINVAL`; a [`Shell`] is ignored.
    ///
    /// # Errors
    /// Those of [`start`](Self::start).
    pub fn start_using<const USED: u32>(&self) -> Result<Child, Error<'a>> {
        // Without a value first, which a debug build would have on the stack, too.
        let mut stack = MaybeUninit::<Stack>::uninit();
        // SAFETY: it consists of what need not be initialised.
        let stack = unsafe { stack.assume_init_mut() };
        parent::start::<USED>(self, &mut stack.0)
    }

    /// Replaces this process's program: the process itself carries out all steps, without a child, and keeps its id
    /// (`exec(3)`). The attributes for making a child (memory, notice, pidfd) are ignored. Other threads of the program end.
    ///
    /// Returns only if a step failed. The effects of the steps before it stay: descriptors, directories, ids, limits.
    ///
    /// # Safety
    /// If it returns, no other code relies on a descriptor that the actions have closed or replaced, as an [`OwnedFd`] would.
    pub unsafe fn exec(&self) -> Error<'a> {
        exec::exec::<{ used::ALL }>(self)
    }

    /// Does what [`exec`](Self::exec) does, without actions, because only actions can close a descriptor. With actions it fails
    /// with `EINVAL` and changes nothing.
    pub fn exec_without_actions(&self) -> Error<'a> {
        self.exec_using::<{ used::ALL }>()
    }

    /// Does what [`exec_without_actions`](Self::exec_without_actions) does, for a program that must be small: see
    /// [`start_using`](Self::start_using).
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

    /// Starts the program as [`start`](Self::start) does, with a stack of the caller's for the child: for a hook that needs a
    /// large stack, or a caller that has a small one. It must have at least [`STACK_SIZE`] bytes.
    ///
    /// # Errors
    /// Those of [`start`](Self::start); `ENOMEM` at the step `clone` if the stack is too small.
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

/// A child that was started. When it is dropped, the child continues to run and is not reaped.
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

    /// Returns the process id. After [`wait`](Self::wait) the system may reuse it.
    pub fn id(&self) -> Pid {
        self.pid
    }

    /// Returns the pidfd, if [`Attributes::pidfd`] asked for one.
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(crate::AsFd::as_fd)
    }

    /// Returns the pidfd as its owner.
    pub fn into_pidfd(self) -> Option<OwnedFd> {
        self.pidfd
    }

    /// Waits until the child ends, and reaps it. Further calls return the same status without a system call.
    ///
    /// # Errors
    /// `ECHILD` if another wait has reaped it, or if `SIGCHLD` is ignored.
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

    /// Reaps the child if it has ended; returns `None` while it runs. One system call until then.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
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

    /// Sends a signal, through the pidfd if there is one; does nothing if the child has been waited for.
    ///
    /// # Errors
    /// `EPERM` if the child runs as another user by now; `ESRCH` if another wait has reaped it.
    pub fn signal(&self, signal: Signal) -> Result<(), Errno> {
        match (self.status, self.pidfd()) {
            (Some(_), _) => Ok(()),
            (None, Some(pidfd)) => sys::process::pidfd_send_signal(pidfd, signal),
            (None, None) => sys::process::kill(self.pid.as_raw(), Some(signal)),
        }
    }
}
