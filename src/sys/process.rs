//! Processes: their ids and groups, execution, exit and waiting.

use core::ffi::{CStr, c_char};

use linux_raw_sys::{general as linux, prctl};

use super::resource::Usage;
use super::{done, failed, result, small};
use crate::arch::{syscall0, syscall1, syscall2, syscall3, syscall4, syscall5};
#[cfg(feature = "std")]
use crate::args::Args;
use crate::errno::Errno;
use crate::fd::{BorrowedFd, OwnedFd};
use crate::process::{ExitStatus, Pid};
use crate::signal::Signal;

/// `environ(7)`: calls `with` with this process's environment, which the libc stores.
#[cfg(feature = "std")]
pub(crate) fn environ<R>(with: impl FnOnce(Args<'_>) -> R) -> R {
    unsafe extern "C" {
        // Not an immutable static, which the libc must not change.
        static mut environ: *const *const c_char;
    }
    // SAFETY: the libc's variable is a null pointer, or points to an array of C strings that ends with a null pointer. Neither the
    // variable nor the array changes before `with` returns: a caller of `std::env::set_var` or `setenv(3)` promises that no other
    // thread reads the environment at the same time.
    with(unsafe {
        if environ.is_null() {
            Args::EMPTY
        } else {
            Args::from_ptr(environ)
        }
    })
}

/// `getpid`: returns this process's id. If a seccomp filter forbids the call, returns a positive id that no process has. (For
/// [`kill`], a negative id would be a process group.)
#[must_use]
pub fn getpid() -> Pid {
    try_getpid().unwrap_or(Pid(i32::MAX))
}

/// `getpid`: returns this process's id. If a seccomp filter forbids the call, returns the filter's error.
pub fn try_getpid() -> Result<Pid, Errno> {
    // SAFETY: the call takes no arguments.
    small(unsafe { syscall0(linux::__NR_getpid as usize) }).map(Pid)
}

/// `getppid`: returns the parent's id; 0 if the parent is outside of this pid namespace, or if a seccomp filter forbids the
/// call.
#[must_use]
pub fn getppid() -> i32 {
    // SAFETY: the call takes no arguments.
    small(unsafe { syscall0(linux::__NR_getppid as usize) }).unwrap_or(0)
}

/// `getpgid`: returns the process group of the process `pid`. If `pid` is 0, the call returns this process's group.
pub fn getpgid(pid: i32) -> Result<i32, Errno> {
    // SAFETY: the call takes only numbers.
    small(unsafe { syscall1(linux::__NR_getpgid as usize, pid as usize) })
}

/// `setpgid`: moves the process `pid` to the process group `group`. If `pid` is 0, the call moves this process. If `group` is
/// 0, the call makes a new group with the id of the moved process.
pub fn setpgid(pid: i32, group: i32) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    let answer = unsafe { syscall2(linux::__NR_setpgid as usize, pid as usize, group as usize) };
    done(answer)
}

/// `getsid`: returns the session of the process `pid`. If `pid` is 0, the call returns this process's session.
pub fn getsid(pid: i32) -> Result<i32, Errno> {
    // SAFETY: the call takes only numbers.
    small(unsafe { syscall1(linux::__NR_getsid as usize, pid as usize) })
}

/// `setsid`: makes this process the leader of a new session. The session has no controlling terminal.
pub fn setsid() -> Result<(), Errno> {
    // SAFETY: the call takes no arguments.
    done(unsafe { syscall0(linux::__NR_setsid as usize) })
}

/// `kill`: sends a signal to the process `pid`. If `signal` is `None`, the call only checks whether this process may send
/// signals to that process. For 0 and negative ids, see `kill(2)`.
pub fn kill(pid: i32, signal: Option<Signal>) -> Result<(), Errno> {
    let signal = signal.map_or(0, Signal::as_raw);
    // SAFETY: the call takes only numbers.
    let answer = unsafe { syscall2(linux::__NR_kill as usize, pid as usize, signal as usize) };
    done(answer)
}

/// `prctl(PR_SET_PDEATHSIG)`: sets the parent-death signal. The kernel sends it to this process when the thread that made this
/// process ends. `None` means no signal.
#[doc(alias = "PR_SET_PDEATHSIG")]
pub fn set_parent_death_signal(signal: Option<Signal>) -> Result<(), Errno> {
    let signal = signal.map_or(0, Signal::as_raw);
    // SAFETY: the call takes only numbers.
    let answer = unsafe {
        syscall2(
            linux::__NR_prctl as usize,
            prctl::PR_SET_PDEATHSIG as usize,
            signal as usize,
        )
    };
    done(answer)
}

/// `execve`: replaces this process's program with the program at `path`. Returns only if the call fails.
///
/// # Safety
/// `args` and `env` are null-terminated arrays of C strings, as in [`crate::Args`].
#[must_use]
pub unsafe fn execve(path: &CStr, args: *const *const c_char, env: *const *const c_char) -> Errno {
    // SAFETY: the caller upholds the safety contract.
    let answer = unsafe {
        syscall3(
            linux::__NR_execve as usize,
            path.as_ptr() as usize,
            args as usize,
            env as usize,
        )
    };
    failed(answer)
}

/// `execveat(AT_EMPTY_PATH)`: replaces this process's program with the file that the descriptor refers to. Returns only if the
/// call fails.
///
/// # Safety
/// The same as for [`execve`].
#[must_use]
pub unsafe fn execveat(
    program: BorrowedFd<'_>,
    args: *const *const c_char,
    env: *const *const c_char,
) -> Errno {
    // SAFETY: the caller upholds the safety contract.
    let answer = unsafe {
        syscall5(
            linux::__NR_execveat as usize,
            program.fd as usize,
            c"".as_ptr() as usize,
            args as usize,
            env as usize,
            linux::AT_EMPTY_PATH as usize,
        )
    };
    failed(answer)
}

/// `exit_group`: ends this process with all its threads.
#[doc(alias("_exit", "exit_group"))]
pub fn exit(code: i32) -> ! {
    loop {
        // SAFETY: the call takes only a number. It does not return; if a tracer makes it return, the loop repeats it.
        unsafe { syscall1(linux::__NR_exit_group as usize, code as usize) };
    }
}

/// `ppoll` without descriptors: waits until a signal handler has run, and then returns `EINTR`.
#[expect(clippy::must_use_candidate, reason = "it is called for its effect")]
pub fn pause() -> Errno {
    // SAFETY: all pointers are null: the call has no descriptors, no timeout and no mask.
    failed(unsafe { syscall5(linux::__NR_ppoll as usize, 0, 0, 0, 0, 0) })
}

/// `wait4`: waits until the child with the id `pid` has ended, reaps it, and returns its id and status. If the options contain
/// `WUNTRACED` or `WCONTINUED`, the call also returns when the child has stopped or continued. The id -1 means any child; for
/// other values, see `wait4(2)`. Returns `None` if the options contain `WNOHANG` and no such child has changed its state.
#[doc(alias = "waitpid")]
pub fn wait4(pid: i32, options: u32) -> Result<Option<(Pid, ExitStatus)>, Errno> {
    let mut status = 0;
    // SAFETY: the kernel writes one number; the pointer to the usage may be null.
    let answer = unsafe {
        syscall4(
            linux::__NR_wait4 as usize,
            pid as usize,
            &raw mut status as usize,
            options as usize,
            0,
        )
    };
    let pid = Pid::from_raw(small(answer)?);
    Ok(pid.map(|pid| (pid, ExitStatus::from_raw(status))))
}

/// `wait4` with a `struct rusage`: does the same as [`wait4`], and also returns the resources that the child has used.
pub fn wait4_with_usage(pid: i32, options: u32) -> Result<Option<(Pid, ExitStatus, Usage)>, Errno> {
    let mut status = 0;
    // SAFETY: the struct has only integer fields, so all zeros is a valid value.
    let mut usage: linux::rusage = unsafe { core::mem::zeroed() };
    // SAFETY: the kernel writes one number and one `rusage`.
    let answer = unsafe {
        syscall4(
            linux::__NR_wait4 as usize,
            pid as usize,
            &raw mut status as usize,
            options as usize,
            &raw mut usage as usize,
        )
    };
    let pid = Pid::from_raw(small(answer)?);
    Ok(pid.map(|pid| (pid, ExitStatus::from_raw(status), Usage::new(&usage))))
}

/// The children that [`waitid`] waits for (`idtype_t`).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Who<'fd> {
    /// Any child of this process (`P_ALL`).
    Any,
    /// The child with this id (`P_PID`).
    Child(Pid),
    /// The children in the process group with this id (`P_PGID`).
    Group(Pid),
    /// The child that this pidfd refers to (`P_PIDFD`, Linux 5.4).
    Pidfd(BorrowedFd<'fd>),
}

/// `waitid`: waits until a child has changed its state, and returns the child's id and state. Returns `None` if the options
/// contain `WNOHANG` and no such child has changed its state.
pub fn waitid(who: Who<'_>, options: u32) -> Result<Option<(Pid, ExitStatus)>, Errno> {
    let (kind, id) = match who {
        Who::Any => (linux::P_ALL, 0),
        Who::Child(pid) => (linux::P_PID, pid.0),
        Who::Group(group) => (linux::P_PGID, group.0),
        Who::Pidfd(pidfd) => (linux::P_PIDFD, pidfd.fd),
    };
    // SAFETY: `siginfo_t` consists of integers and addresses, so all zeros is a valid value.
    let mut info: linux::siginfo_t = unsafe { core::mem::zeroed() };
    // SAFETY: the kernel writes one `siginfo_t`; the pointer to the usage may be null.
    let answer = unsafe {
        syscall5(
            linux::__NR_waitid as usize,
            kind as usize,
            id as usize,
            &raw mut info as usize,
            options as usize,
            0,
        )
    };
    small(answer)?;
    // SAFETY: `waitid` fills in the fields of the union that belong to `SIGCHLD`. All bytes are initialised, because `info` was
    // zeroed.
    let (pid, code, status) = unsafe {
        let fields = info.__bindgen_anon_1.__bindgen_anon_1;
        let child = fields._sifields._sigchld;
        (child._pid, fields.si_code, child._status)
    };
    Ok(Pid::from_raw(pid).map(|pid| (pid, ExitStatus::from_siginfo(code as u32, status))))
}

/// `pidfd_send_signal` (Linux 5.1): sends a signal to the process that the pidfd refers to. A pidfd always refers to the same
/// process. So if the process has ended and its id has been reused, the new process does not get the signal.
pub fn pidfd_send_signal(pidfd: BorrowedFd<'_>, signal: Signal) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers; the pointer to a `siginfo_t` may be null.
    let answer = unsafe {
        syscall4(
            linux::__NR_pidfd_send_signal as usize,
            pidfd.fd as usize,
            signal.as_raw() as usize,
            0,
            0,
        )
    };
    done(answer)
}

/// `pidfd_open` (Linux 5.3): makes a descriptor that refers to a process. The descriptor closes on exec.
pub fn pidfd_open(pid: Pid) -> Result<OwnedFd, Errno> {
    // SAFETY: the call takes only numbers; the kernel makes a new descriptor.
    unsafe {
        let answer = syscall2(linux::__NR_pidfd_open as usize, pid.as_raw() as usize, 0);
        small(answer).map(|fd| OwnedFd::from_raw_fd(fd))
    }
}

/// `prctl(PR_GET_DUMPABLE)`: returns whether other processes may trace this process, and whether the kernel may dump its core: 0
/// (no), 1 (yes) or 2 (only root may read the dump). While a child that changes its ids shares this process's memory, the call may
/// return 0.
pub fn dumpable() -> Result<usize, Errno> {
    let option = prctl::PR_GET_DUMPABLE as usize;
    // SAFETY: the call takes only numbers.
    result(unsafe { syscall2(linux::__NR_prctl as usize, option, 0) })
}

/// `prctl(PR_SET_DUMPABLE)`: sets whether other processes may trace this process, and whether the kernel may write a core dump
/// of it: 0 (no) or 1 (yes). If other threads spawn, use [`spawn::set_dumpable`](crate::spawn::set_dumpable).
pub fn set_dumpable(dumpable: usize) -> Result<(), Errno> {
    let option = prctl::PR_SET_DUMPABLE as usize;
    // SAFETY: the call takes only numbers.
    done(unsafe { syscall2(linux::__NR_prctl as usize, option, dumpable) })
}
