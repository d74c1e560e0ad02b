//! Starting programs.
//!
//! # The protocol
//!
//! A spawn follows the "vfork replacement proposal", which was sent to musl's mailing list on 31 December 2012:
//!
//! 1. The parent blocks its signals and opens a close-on-exec pipe, the *status pipe*.
//! 2. The parent makes a child by `clone(CLONE_VM | SIGCHLD)`. The child shares only the parent's memory. The child runs a function
//!    of its own on a small stack, which lies in the parent's stack frame. (If `clone3` is available, the parent uses `clone3`,
//!    which can also reset the signal handlers, make a pidfd, and place the child in a cgroup.)
//! 3. The parent closes the pipe's write end and waits on the read end.
//! 4. The child closes the read end, then sets the attributes and carries out the actions. If an action needs the pipe's descriptor
//!    number, the child first moves the pipe to another number (`pipe.rs` describes the rules).
//! 5. If a step fails, the child writes a *record* of this step to the pipe and exits. A successful exec closes the pipe.
//! 6. If the parent reads a record, the step in the record has failed. If the parent reads end-of-file, the program runs.
//!
//! If the memory is shared, the child also stores the number of each step in the parent's stack frame before the step begins.
//! So the parent can distinguish a killed child from a successful exec, although the parent reads end-of-file in both cases. If
//! a signal kills the child before its exec, the spawn fails with [`Error::Killed`]. If a signal kills the child during the
//! exec, the spawn succeeds, and the caller's wait returns that signal.
//!
//! If the kernel refuses to share memory (qemu-user and some sandboxes do), or if the caller chooses [`Memory::Copied`], the
//! child gets a copy of the memory. The parent cannot see the step numbers that the child stores in this copy. So the child
//! also writes a record to the pipe immediately before its exec.
//!
//! Linux also has another way to tell the parent that the child no longer uses the shared memory: the kernel clears a number in
//! this memory, the *mark* (`CLONE_CHILD_CLEARTID`). If the caller chooses [`Notice::Mark`], the parent makes no pipe, and waits
//! until the mark is cleared.
//!
//! While the parent waits for the pipe or the mark, it also looks at the child: after a tenth of a second, and then at growing
//! intervals, it checks whether the child has ended, runs its program, or is stopped.
//!
//! [`proposal`] shows each step beside the code that does it, for readers of C.
//!
//! # What it costs
//!
//! With `clone3`, a spawn costs eleven system calls:
//!
//! - seven in the parent: one blocks its signals, one makes the pipe, one makes the child, two close the pipe's ends, one waits
//!   for the pipe's end-of-file, and one restores the signal mask;
//! - three in the child: one closes the pipe's read end, one sets the signal mask, and one is the exec;
//! - one for the caller's wait for the program.
//!
//! With [`Notice::Mark`], a spawn costs seven system calls; with [`Memory::Copied`], fourteen. Without `clone3`, the child
//! makes about seventy more system calls to reset the signal handlers.
//!
//! Most actions and attributes add one or two system calls. Some add more:
//!
//! - an `Open` adds two to eight system calls, `ResetIds` adds four, `parent_death_signal` adds three, `default_signals`
//!   adds one for each signal, and a bounding or ambient set one for each capability;
//! - the maps of a new user namespace add about fifteen in the parent and three in the child;
//! - a change of ids adds five system calls in the child, and, if the memory is shared, twelve in the parent for the whole spawn:
//!   the parent restores its `PR_SET_DUMPABLE` flag, unless its own ids have changed in the meantime;
//! - a search adds one system call for each directory that it tries. A search that does not find the program adds two system calls
//!   for each directory.
//!
//! A spawn allocates nothing, and its cost does not grow with the parent's memory. A spawn takes a little more than
//! [`STACK_SIZE`] bytes of the caller's stack: in a release build, a thread with a stack of 16 KiB can spawn.
//!
//! The code of a spawn has about 14 KB. If a program must be small, its author can list the parts of a spawn that it uses. Then
//! the program contains no code for the other parts (see [`features`]).
//!
//! # What to know
//!
//! The spawning thread waits, with its signals blocked, until the program runs or the spawn has failed ([`Spawn::begin`] does
//! not wait). So the spawn takes longer in these situations:
//!
//! - An action blocks: for example, an `Open` of a FIFO waits until another process opens the other end. Or the exec blocks,
//!   because a file system does not respond.
//! - The child is in a frozen cgroup, or `SIGSTOP` has stopped the child. The parent does not continue such a child, because an
//!   administrator may have stopped it on purpose.
//! - Another thread has forked during the spawn, and the child of this fork holds the status pipe open. Then the spawn takes at
//!   most a tenth of a second longer: after this time, the parent checks whether the program runs. If the spawned program is in
//!   a new session, this check does not work. Then the spawn waits until the other thread's child executes a program or ends.
//! - A seccomp filter forbids the parent both to use the status pipe and to reap the child (`wait4`). Then the spawn fails. If the
//!   memory is shared, the parent first waits until it sees by `waitid` or `/proc` that the child has ended or executed its program:
//!   until then, the child uses the parent's stack. If neither is possible, the spawn does not return.
//!
//! If Ctrl-Z or the terminal stops the child before its exec (`SIGTSTP`, `SIGTTIN`, `SIGTTOU`), the parent continues the child.
//! As soon as the program runs, the parent stops the program with the same signal. Otherwise a shell would wait in its spawn,
//! and would not react to its user. (The `posix_spawn` of glibc and musl waits until somebody continues the child.) If another
//! thread's wait has already consumed the report of the stop, the parent does not know the signal, and uses `SIGSTOP`.
//!
//! If parent and child share their memory, a fatal signal to the child can also end other processes:
//!
//! - Before Linux 5.16, this can be any signal that dumps core. If it kills the child before its exec, the kernel also kills the
//!   parent and all other processes that share the memory, unless the memory is not dumpable. On these kernels, the child looks for
//!   such a signal before it restores the signal mask, and reports it as if the signal had killed the child. Two cases remain: a
//!   signal that arrives later (in the moment before the exec, or during a hook), and a fault in a hook. [`Memory::Copied`]
//!   prevents this. A process 1 should always copy the memory: if it ends, the kernel panics.
//! - If the OOM killer kills the child before its exec, the OOM killer also kills every process that shares the memory.
//!
//! Valgrind (3.19) checks an exec before it makes the call. If the call then fails for another reason (the interpreter does not
//! exist, or the arguments are too long), valgrind ends the child with exit status 101. So the spawn succeeds, and this status
//! looks like the program's. Valgrind does the same to the child of a `fork` or `vfork`.
//!
//! For a moment after the spawn has returned, the child may still have descriptors open that the exec closes. This also happens
//! with `posix_spawn` and `vfork`. So if the parent closes a pipe's end in this moment, the end stays open a little longer. In
//! the same way, a file stays locked a little longer if the parent releases its lock (`flock(2)`) by closing the descriptor.
//!
//! [`comparison`] compares a spawn with the `posix_spawn` of glibc and musl, and with std's `Command`.

mod actions;
mod attributes;
mod child;
mod clone;
#[doc = include_str!("differences.md")]
pub mod comparison {}
mod descriptors;
mod dumpable;
mod exec;
mod ids;
mod namespaces;
mod owned;
mod parent;
mod pipe;
mod program;
mod task;
#[doc = include_str!("proposal.md")]
pub mod proposal {}
pub mod features;
mod report;
mod search;
mod starting;
mod watch;

use core::cell::Cell;
use core::ffi::{CStr, c_char};
use core::mem::MaybeUninit;
use core::time::Duration;

pub use crate::sys::namespace::Namespaces;
pub use actions::{Action, CapabilitySet};
#[cfg(any(feature = "alloc", feature = "std"))]
pub use attributes::PreExec;
pub use attributes::{Attributes, Hook, Memory, Notice, Scheduler};
pub use dumpable::set_dumpable;
pub use namespaces::{IdMap, NewNamespaces};
pub use owned::OwnedError;
#[cfg(fuzzing)]
pub use report::fuzz as fuzz_record;
pub use report::{Attribute, Error, Missing, Step};
pub use search::{DEFAULT_PATH, DEFAULT_PATH_VARIABLE};
pub use starting::{Progress, Starting};

pub use crate::sys::clone::fork;

use crate::args::Args;
use crate::errno::Errno;
use crate::fd::{BorrowedFd, OwnedFd, RawFd};
use crate::process::{ExitStatus, Pid};
use crate::signal::Signal;
use crate::sys;
use crate::wait::{self, Usage, Who};

/// The size in bytes of the stack that [`Spawn::start`] gives to the child. The child's functions use at most half of it, even
/// in a debug build. The other half is a buffer for the pathnames that a search tries.
pub const STACK_SIZE: usize = 8192;

/// A program and how to start it. A `Spawn` is plain data, and borrows its parts from the caller.
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
#[doc(alias("posix_spawn", "posix_spawnp", "vfork"))]
pub struct Spawn<'a> {
    /// The program.
    pub program: Program<'a>,
    /// The arguments; the first is the program's name.
    pub args: Args<'a>,
    /// The environment: with [`Args::EMPTY`], the program has no variables. A program of the feature `rt` passes its own
    /// environment with `rt::environ`. A program of the standard library makes an `ArgList` from `std::env::vars_os`, or uses a
    /// `Command`, whose child inherits the environment.
    pub env: Args<'a>,
    /// The actions. The child carries them out in the order of the slice.
    pub actions: &'a [Action<'a>],
    /// The attributes. The child sets them in a fixed order.
    pub attributes: Attributes<'a>,
    /// The shell that runs the program's file if the kernel does not recognise the file's format. Without a shell, the spawn of
    /// such a file fails with `ENOEXEC`.
    pub shell: Option<Shell<'a>>,
}

/// The program to execute. The child looks up the program's path, or the number of the program's descriptor, after all actions.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Program<'a> {
    /// The file at this path.
    Path(&'a CStr),
    /// The first executable file with this name in the directories of a `PATH` (POSIX XBD 8.3). If the name contains a slash,
    /// the spawn does not search: the name is the path. An empty element of `PATH` means the working directory. If an exec
    /// fails with `EACCES`, `ENOENT` or `ENOTDIR`, the search continues with the next directory; any other error ends the
    /// search. If all directories have been tried, the error is `EACCES` if an exec has failed with `EACCES`, otherwise
    /// `ENOENT`.
    Search {
        /// The name.
        name: &'a CStr,
        /// The value of `PATH`. `None` means [`DEFAULT_PATH`].
        path: Option<&'a CStr>,
    },
    /// The file that is open at this descriptor (`execveat(2)`, Linux 3.19). If the file is a script and the descriptor closes
    /// on exec, the spawn fails with `ENOENT`. The `shell` of the spawn is not used, because a shell needs a path.
    Descriptor(RawFd),
}

/// The shell that runs the program's file if the kernel does not recognise the file's format (`ENOEXEC`, POSIX XSH `exec`). The
/// shell's arguments are `arg0 file arg1 …`.
#[derive(Clone, Copy, Debug)]
pub struct Shell<'a> {
    /// The path of the shell.
    pub path: &'a CStr,
    /// An array for the shell's arguments and the null pointer that ends them. The shell has one argument more than the program.
    /// (If the program's `argv` is empty, the shell has two arguments: its own path and the path of the file.) If the array is too
    /// small, the exec fails with `E2BIG`. [`room`](Self::room) makes such an array.
    pub room: &'a [Cell<*const c_char>],
}

impl Shell<'_> {
    /// Makes an array of `N` pointers, for the shell's arguments and the null pointer.
    #[must_use]
    pub const fn room<const N: usize>() -> [Cell<*const c_char>; N] {
        [const { Cell::new(core::ptr::null()) }; N]
    }
}

impl<'a> Spawn<'a> {
    /// Makes a spawn without actions and without a shell. All attributes have their default values.
    #[inline(never)]
    #[must_use]
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

    /// Starts the program. Returns when the program runs, or when the spawn has failed.
    ///
    /// # Errors
    /// The step that failed and its errno, or the signal that killed the child before its exec. After an error, the spawn
    /// leaves no child, no zombie and no open descriptor, unless a seccomp filter forbids `kill`, `wait4` or `close`.
    ///
    /// The error borrows the spawn's paths and names. To return it from the function that makes the spawn, or to convert it to a
    /// `Box<dyn Error>`, convert it to an [`OwnedError`] first: `spawn.start().map_err(OwnedError::from)?`.
    #[doc(alias("posix_spawn", "posix_spawnp"))]
    pub fn start(&self) -> Result<Child, Error<'a>> {
        self.start_with::<{ features::ALL }>()
    }

    /// Does the same as [`start`](Self::start), but with less code, for a program that must be small. [`FEATURES`](features) lists
    /// the features of a spawn that the program uses; the compiler leaves out the code of all other features. A spawn fails with
    /// `EINVAL` if it has an attribute or an action whose code is left out. If `FEATURES` does not contain [`features::SHELL`], the
    /// spawn's `shell` is ignored.
    ///
    /// # Errors
    /// The errors of [`start`](Self::start).
    pub fn start_with<const FEATURES: u32>(&self) -> Result<Child, Error<'a>> {
        // In a debug build, a value of the type `Stack` would be on the stack twice: first as a temporary, and then in the
        // variable.
        let mut stack = MaybeUninit::<Stack>::uninit();
        let stack = stack.as_mut_ptr();
        // SAFETY: the array is aligned, its elements need no initialisation, and only this call uses it.
        unsafe { parent::start::<FEATURES>(self, &raw mut (*stack).0) }
    }

    /// Makes the child, and does not wait until the program runs. The documentation of [`Starting`] has an example.
    ///
    /// It can take a long time until a child executes its program: for example, if an action opens a FIFO, if a file system
    /// does not respond, if the child is in a frozen cgroup, or if a signal stops the child. [`start`](Self::start) waits
    /// during this time. A supervisor or an init, which must not wait, calls this function instead.
    ///
    /// The child always gets a copy of the memory: [`Attributes::memory`] is ignored. So the cost grows with the parent's
    /// memory, as with `fork`. If Ctrl-Z or the terminal stops the child before its exec, the child stays stopped until
    /// [`finish`](Starting::finish) continues it.
    ///
    /// Costs five system calls in the parent, and six in the child.
    ///
    /// # Errors
    /// The errors of the parent's steps: `Step::BlockSignals`, `Step::StatusPipe`, `Step::Clone`, [`Attribute::Pidfd`].
    /// [`Starting::try_finish`] returns all other errors. It also returns an error of `Attribute::Pidfd` if the kernel has no
    /// `clone3` and refuses the pidfd after the clone. In this case, `begin` has killed the child, and does not wait for its end.
    pub fn begin(&self) -> Result<Starting<'a>, Error<'a>> {
        let mut stack = MaybeUninit::<Stack>::uninit();
        let stack = stack.as_mut_ptr();
        // SAFETY: the array is aligned, its elements need no initialisation, and only this call uses it.
        unsafe { parent::begin::<{ features::ALL }>(self, &raw mut (*stack).0) }
    }

    /// Replaces this process's program, without a child (`exec(3)`): the process itself carries out all steps, and keeps its
    /// id. The attributes that concern only a child (`memory`, `notice`, `pidfd`) are ignored. The exec ends all other threads of
    /// this process.
    ///
    /// Returns only if a step failed. The changes that earlier steps have made stay in effect: descriptors, directories, ids,
    /// limits.
    ///
    /// # Safety
    /// The actions may close or replace descriptors of this process. If the function returns, no code of this process uses
    /// these descriptors any more. (For example, the drop of an [`OwnedFd`] would use its descriptor.)
    #[must_use]
    #[doc(alias("execvpe", "execve"))]
    pub unsafe fn exec(&self) -> Error<'a> {
        exec::exec::<{ features::ALL }>(self)
    }

    /// Does the same as [`exec`](Self::exec), but accepts no actions. This function is safe, because only actions can close a
    /// descriptor. If the spawn has actions, the function fails with `EINVAL` and changes nothing.
    #[must_use]
    pub fn exec_without_actions(&self) -> Error<'a> {
        self.exec_with::<{ features::ALL }>()
    }

    /// Does the same as [`exec_without_actions`](Self::exec_without_actions), but with less code, for a program that must be
    /// small (see [`start_with`](Self::start_with)).
    #[must_use]
    pub fn exec_with<const FEATURES: u32>(&self) -> Error<'a> {
        match self.actions.first() {
            None => exec::exec::<FEATURES>(self),
            Some(&action) => Error::Failed {
                step: Step::Action(0, action),
                errno: Errno::EINVAL,
            },
        }
    }

    /// Does the same as [`exec`](Self::exec), but accepts only actions that close or replace no descriptors above 2. This function
    /// is safe, because no code may rely on the standard descriptors (std's `exec` also replaces them). For any other action, it
    /// fails with `EINVAL` and changes nothing.
    #[cfg(any(feature = "alloc", feature = "std"))]
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
                | Action::Setns(..)
                | Action::Umask(_)
                | Action::Limit(..)
                | Action::Groups(_)
                | Action::Gid(_)
                | Action::Uid(_)
                | Action::ResetIds
                | Action::Capabilities(..)
                | Action::Securebits(_) => true,
            };
            if !standard {
                return Error::Failed {
                    step: Step::Action(index, action),
                    errno: Errno::EINVAL,
                };
            }
        }
        exec::exec::<{ features::ALL }>(self)
    }

    /// Does the same as [`start`](Self::start), but the child uses the memory `stack` as its stack. Use this function if a hook
    /// needs a larger stack, or if the caller's own stack is small. `stack` must have at least [`STACK_SIZE`] bytes.
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    /// use nestling::spawn::{Program, STACK_SIZE, Spawn};
    /// use nestling::{Args, args};
    ///
    /// let mut stack = vec![MaybeUninit::uninit(); 4 * STACK_SIZE];
    /// let list = args![c"true"];
    /// let search = Program::Search { name: c"true", path: None };
    /// let mut child = Spawn::new(search, Args::new(&list), Args::EMPTY).start_on(&mut stack).unwrap();
    /// assert!(child.wait().unwrap().success());
    /// ```
    ///
    /// # Errors
    /// The errors of [`start`](Self::start); `ENOMEM` at the step `clone` if `stack` is too small.
    pub fn start_on(&self, stack: &mut [MaybeUninit<u8>]) -> Result<Child, Error<'a>> {
        // The kernels of some architectures require an aligned stack.
        let surplus = stack.as_mut_ptr_range().end as usize % STACK_ALIGNMENT;
        match stack
            .len()
            .checked_sub(surplus)
            .and_then(|end| stack.get_mut(..end))
        {
            Some(aligned) if aligned.len() + surplus >= STACK_SIZE => {
                // SAFETY: the stack is large enough and aligned, and `&mut` guarantees that nothing else uses it.
                unsafe { parent::start::<{ features::ALL }>(self, aligned) }
            }
            _ => Err(Error::Failed {
                step: Step::Clone,
                errno: Errno::ENOMEM,
            }),
        }
    }
}

// The lower half of the stack has room for any pathname.
const _: () = assert!(size_of::<search::PathBuffer>() <= STACK_SIZE / 2);

const STACK_ALIGNMENT: usize = 16;

#[repr(align(16))]
struct Stack([MaybeUninit<u8>; STACK_SIZE]);

/// A child process that a spawn has started. If this value is dropped, the child continues to run and is not reaped.
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

    /// Returns the child's process id. After [`wait`](Self::wait) has returned, the kernel may give this id to another process.
    #[must_use]
    pub fn id(&self) -> Pid {
        self.pid
    }

    /// Returns the child's pidfd; `None` if [`Attributes::pidfd`] was not set, and before Linux 5.3.
    pub fn pidfd(&self) -> Option<BorrowedFd<'_>> {
        self.pidfd.as_ref().map(crate::AsFd::as_fd)
    }

    /// Returns the child's pidfd, which the caller then owns; `None` if [`Attributes::pidfd`] was not set, and before
    /// Linux 5.3.
    #[must_use]
    pub fn into_pidfd(self) -> Option<OwnedFd> {
        self.pidfd
    }

    /// Returns the child's status if this `Child` has already reaped the child.
    #[cfg(any(feature = "alloc", feature = "std"))]
    pub(crate) fn reaped(&self) -> Option<ExitStatus> {
        self.status
    }

    #[cfg(any(feature = "alloc", feature = "std"))]
    pub(crate) fn take_pidfd(&mut self) -> Option<OwnedFd> {
        self.pidfd.take()
    }

    /// Waits until the child ends, and reaps it. Later calls return the same status without a system call.
    ///
    /// # Errors
    /// `ECHILD` if another wait has reaped the child, or if `SIGCHLD` is ignored.
    pub fn wait(&mut self) -> Result<ExitStatus, Errno> {
        let status = match (self.status, self.pidfd()) {
            (Some(status), _) => status,
            (None, Some(pidfd)) => match wait::wait_pidfd(pidfd) {
                // Linux 5.3 has pidfds, but cannot wait for them.
                Err(Errno::EINVAL) => wait::wait(self.pid)?,
                answer => answer?,
            },
            (None, None) => wait::wait(self.pid)?,
        };
        self.status = Some(status);
        Ok(status)
    }

    /// If the child has ended, reaps it and returns its status; otherwise, returns `None`. Costs one system call; none if this
    /// `Child` has already been reaped.
    ///
    /// # Errors
    /// The errors of [`wait`](Self::wait).
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

    /// Waits until the child ends or the time `timeout` is over. If the child has ended, reaps it and returns its status. If the
    /// child still runs, returns `None`. Costs as many system calls as [`wait::wait_timeout`], or three fewer if the
    /// spawn made a pidfd.
    ///
    /// # Errors
    /// The errors of [`wait`](Self::wait) and of [`wait::wait_timeout`].
    pub fn wait_timeout(&mut self, timeout: Duration) -> Result<Option<ExitStatus>, Errno> {
        match self.try_wait()? {
            None if self.has_ended_within(timeout)? => self.try_wait(),
            status => Ok(status),
        }
    }

    /// Waits until the child ends or the time `timeout` is over, and returns whether the child has ended. Does not reap the child.
    ///
    /// # Errors
    /// The errors of [`wait_timeout`](Self::wait_timeout).
    pub fn has_ended_within(&self, timeout: Duration) -> Result<bool, Errno> {
        let by_id = || wait::has_ended_within(Who::Child(self.pid), timeout);
        match (self.status, self.pidfd()) {
            (Some(_), _) => Ok(true),
            (None, Some(pidfd)) => match wait::has_ended_within(Who::Pidfd(pidfd), timeout) {
                Err(Errno::EINVAL) => by_id(),
                answer => answer,
            },
            (None, None) => by_id(),
        }
    }

    /// Waits until the child ends, reaps it, and returns its status with the resources that it has used. Costs one system call.
    ///
    /// # Errors
    /// The errors of [`wait`](Self::wait); `ECHILD` also if this `Child` has already been reaped, because the kernel then no longer
    /// knows the resources that the child has used.
    pub fn wait_with_usage(&mut self) -> Result<(ExitStatus, Usage), Errno> {
        if self.status.is_some() {
            return Err(Errno::ECHILD);
        }
        let (status, usage) = wait::wait_with_usage(self.pid)?;
        self.status = Some(status);
        Ok((status, usage))
    }

    /// Sends a signal to the child, through the pidfd if this `Child` has one. Does nothing if [`wait`](Self::wait) or
    /// [`try_wait`](Self::try_wait) has reaped the child.
    ///
    /// # Errors
    /// `EPERM` if the child now runs as another user; `ESRCH` if another wait has reaped the child.
    #[doc(alias("pidfd_send_signal", "kill"))]
    pub fn signal(&self, signal: Signal) -> Result<(), Errno> {
        match (self.status, self.pidfd()) {
            (Some(_), _) => Ok(()),
            (None, Some(pidfd)) => sys::process::pidfd_send_signal(pidfd, signal),
            (None, None) => sys::process::kill(self.pid.as_raw(), Some(signal)),
        }
    }
}

/// These tests also run in Miri, with the model of the kernel in `arch/miri.rs`. The tests in `tests/suites` check everything else.
#[cfg(test)]
mod tests {
    use super::*;

    const NOTICES: [Notice; 2] = [Notice::Pipe, Notice::Mark];

    fn spawn(program: Program<'static>, notice: Notice) -> Spawn<'static> {
        let mut spawn = Spawn::new(program, Args::EMPTY, Args::EMPTY);
        spawn.attributes.notice = notice;
        spawn
    }

    #[test]
    #[cfg_attr(miri, ignore = "compares texts")]
    fn the_page_for_readers_of_c_shows_the_code_as_it_is() {
        let without_indentation = |text: &str| -> std::string::String {
            text.lines().flat_map(|line| [line.trim(), "\n"]).collect()
        };
        let files = [
            ("`child.rs`", include_str!("child.rs")),
            ("`clone.rs`", include_str!("clone.rs")),
            ("`task.rs`", include_str!("task.rs")),
            ("`parent.rs`", include_str!("parent.rs")),
            ("`pipe.rs`", include_str!("pipe.rs")),
            ("`watch.rs`", include_str!("watch.rs")),
        ];
        let (mut file, mut shown) = ("", 0);
        for part in include_str!("proposal.md").split("```") {
            match part.strip_prefix("rust,ignore\n") {
                Some(code) => {
                    let code = without_indentation(code);
                    assert!(without_indentation(file).contains(&code), "{code}");
                    shown += 1;
                }
                None => {
                    let named = files.iter().find(|(name, _)| part.contains(name));
                    file = named.map_or(file, |(_, text)| text);
                }
            }
        }
        assert_eq!(shown, 12);
    }

    #[test]
    fn a_program_runs_and_a_missing_one_is_reported() {
        for notice in NOTICES {
            let true_ = spawn(Program::Path(c"/bin/true"), notice);
            assert!(true_.start().unwrap().wait().unwrap().success());
            let missing = spawn(Program::Path(c"/nope"), notice);
            assert_eq!(missing.start().unwrap_err().shell_code(), 127);
            // The second start uses a stack that has been used before.
            assert!(true_.start().unwrap().wait().unwrap().success());
        }
    }

    #[test]
    fn a_parent_may_look_at_its_child_at_each_step() {
        // In Miri, the parent's timeouts expire at once.
        let actions = [Action::Close(50); 10];
        for notice in NOTICES {
            let mut true_ = spawn(Program::Path(c"/bin/true"), notice);
            true_.actions = &actions;
            assert!(true_.start().unwrap().wait().unwrap().success());
        }
    }

    #[test]
    fn a_search_and_a_hook_use_the_childs_stack() {
        // Each child gets a new stack, because AddressSanitizer does not notice that the stack frames of the previous child are
        // gone.
        let stack = || std::vec![MaybeUninit::uninit(); STACK_SIZE + 100];
        let search = |path| Program::Search {
            name: c"true",
            path: Some(path),
        };
        for notice in NOTICES {
            let mut found = spawn(search(c"/nope:/nope/nope:/bin"), notice);
            // SAFETY: the function does nothing.
            found.attributes.hook = Some(unsafe { Hook::new(&|| Ok(())) });
            let mut child = found.start_on(&mut stack()).unwrap();
            assert!(child.wait().unwrap().success());
            let missing = spawn(search(c"/nope:/nope/nope"), notice);
            let error = missing.start_on(&mut stack()).unwrap_err();
            assert_eq!(error.shell_code(), 127);
        }
    }
}
