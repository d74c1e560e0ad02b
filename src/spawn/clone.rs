//! Making the child, with the best system call that the kernel allows.

use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};

use linux_raw_sys::general as linux;

use super::attributes::{Attributes, Notice};
use super::namespaces::Gate;
use super::report::{Attribute, StepCode};
use super::task::{ChildTask, Means};
use super::watch::{self, Watch};
use super::{child, features};
use crate::arch;
use crate::errno::Errno;
use crate::fd::OwnedFd;
use crate::file::OFlags;
use crate::process::Pid;
use crate::signal::Signal;
use crate::sys::{self, namespace::Namespaces};
use crate::wait;

/// The features that the kernel has refused. They are stored, so that later spawns do not try them again.
static REFUSES_CLONE3: AtomicBool = AtomicBool::new(false);
static REFUSES_SHARING: AtomicBool = AtomicBool::new(false);

/// Whether the kernel resets signal handlers (see [`kernel_resets_handlers`]). At most one is true; both are false before the first
/// check.
static RESETS_HANDLERS: AtomicBool = AtomicBool::new(false);
static LEAVES_HANDLERS: AtomicBool = AtomicBool::new(false);

/// Whether the kernel spares the processes that share the memory of a process that dumps core (see [`spares_sharers`]). At most one
/// is true; both are false before the first check.
static SPARES_SHARERS: AtomicBool = AtomicBool::new(false);
static ENDS_SHARERS: AtomicBool = AtomicBool::new(false);

/// The read end and the write end of a status pipe.
pub(super) type Ends = (OwnedFd, OwnedFd);

/// A child that has been made, and may not run its program yet.
pub(super) struct Made {
    pub pid: Pid,
    pub pidfd: Option<OwnedFd>,
    /// The status pipe; `None` if the parent waits for the mark.
    pub pipe: Option<Ends>,
}

/// Makes the child. If this fails, the record contains the step that failed.
pub(super) fn make<const FEATURES: u32>(task: &ChildTask<'_, '_>) -> Result<Made, Errno> {
    make_by_any_means::<FEATURES>(task)
        .inspect_err(|&errno| name_namespaces::<FEATURES>(task, errno))
}

/// If the kernel has refused to make a child in new namespaces, stores this attribute as the failed step.
fn name_namespaces<const FEATURES: u32>(task: &ChildTask<'_, '_>, errno: Errno) {
    if FEATURES & features::NAMESPACES != 0
        && task.code() == StepCode::CLONE
        && task.spawn.attributes.namespaces.is_some()
        && !matches!(errno, Errno::EAGAIN | Errno::ENOMEM)
    {
        task.note_step(StepCode::attribute(Attribute::Namespaces));
    }
}

fn make_by_any_means<const FEATURES: u32>(task: &ChildTask<'_, '_>) -> Result<Made, Errno> {
    let wanted = FEATURES & features::SHARED != 0 && task.spawn.attributes.share_memory();
    // Valgrind ends a program that shares its memory without `CLONE_VFORK`.
    if wanted && !is(&REFUSES_SHARING) && !arch::on_valgrind() {
        match attempt::<FEATURES>(task, true, false) {
            Err(Errno::EINVAL | Errno::EPERM | Errno::ENOSYS) if task.code() == StepCode::CLONE => {
            }
            answer => return answer,
        }
        let answer = attempt::<FEATURES>(task, false, false);
        REFUSES_SHARING.store(answer.is_ok(), Ordering::Relaxed);
        return answer;
    }
    attempt::<FEATURES>(task, false, false)
}

/// Makes a child on a copy of the memory, for a parent that does not wait for it. Returns its id, its pidfd and the status pipe's
/// ends. If this fails, the record has the failed step. If it succeeds and the record has an errno, the child has been killed.
pub(super) fn make_copied<const FEATURES: u32>(
    task: &ChildTask<'_, '_>,
) -> Result<(Pid, Option<OwnedFd>, Ends), Errno> {
    let Made { pid, pidfd, pipe } = attempt::<FEATURES>(task, false, true)
        .inspect_err(|&errno| name_namespaces::<FEATURES>(task, errno))?;
    // If the memory is copied, the child always has a pipe.
    let pipe = pipe.ok_or(Errno::EPROTO)?;
    Ok((pid, pidfd, pipe))
}

#[inline(never)]
fn attempt<const FEATURES: u32>(
    task: &ChildTask<'_, '_>,
    memory_shared: bool,
    begins: bool,
) -> Result<Made, Errno> {
    let attributes = &task.spawn.attributes;
    let wants_pidfd = attributes.pidfd && FEATURES & features::PIDFD != 0;
    let mut means = Means {
        memory_shared,
        begins,
        ..Means::default()
    };
    let may_mark = memory_shared && may_mark::<FEATURES>(attributes);
    let mut pipe = None;
    if !may_mark || attributes.notice == Notice::Pipe {
        match make_pipe::<FEATURES>(task, &mut means) {
            Ok(made) => pipe = Some(made),
            // The mark needs no descriptor.
            Err(Errno::EMFILE | Errno::ENFILE) if may_mark => {}
            Err(errno) => return Err(errno),
        }
    }
    let mut gate = None;
    if FEATURES & features::NAMESPACES != 0 {
        gate = Gate::new(task)?;
    }
    task.note_step(StepCode::CLONE);
    let mut refused_now = false;
    means.dies_together = memory_shared && !spares_sharers();
    if !is(&REFUSES_CLONE3) {
        means.handlers_reset = kernel_resets_handlers();
        means.in_cgroup = attributes.cgroup.is_some();
        task.means.set(means);
        let mut answer = clone3::<FEATURES>(task);
        // `EAGAIN` means that the cgroup is full. After any other error, the child itself joins the cgroup, so that it reports
        // exactly what fails.
        if means.in_cgroup && !matches!(answer, Ok(_) | Err(Errno::EAGAIN | Errno::ENOMEM)) {
            means.in_cgroup = false;
            task.means.set(means);
            answer = clone3::<FEATURES>(task);
        }
        match answer {
            Ok((pid, pidfd)) => {
                let made = Made { pid, pidfd, pipe };
                return open_gate::<FEATURES>(task, gate, made, begins);
            }
            Err(Errno::ENOSYS) => REFUSES_CLONE3.store(true, Ordering::Relaxed),
            // If the call of `clone` below succeeds, the kernel refuses only `clone3`, and later spawns do not try `clone3` again.
            Err(Errno::EPERM | Errno::EINVAL | Errno::E2BIG) => refused_now = true,
            Err(errno) => return Err(errno),
        }
        means.handlers_reset = false;
    }

    if pipe.is_none() {
        pipe = Some(make_pipe::<FEATURES>(task, &mut means)?);
    }
    task.means.set(means);
    let step = StepCode::attribute(Attribute::Pidfd);
    if wants_pidfd {
        // The parent checks that `pidfd_open` works before the child exists, because the program may run at once.
        task.note_step(step);
        sys::process::try_getpid().and_then(sys::process::pidfd_open)?;
    }
    task.note_step(StepCode::CLONE);
    let pid = plain_clone::<FEATURES>(task)?;
    if refused_now {
        REFUSES_CLONE3.store(true, Ordering::Relaxed);
    }
    let mut pidfd = None;
    if wants_pidfd {
        pidfd = open_pidfd::<FEATURES>(task, pid, begins)?;
    }
    let made = Made { pid, pidfd, pipe };
    open_gate::<FEATURES>(task, gate, made, begins)
}

/// Returns whether a mark may take the place of the pipe. The mark is used only with `clone3`: a kernel whose `clone3` resets handlers
/// also clears the mark. And the mark is used only if the parent can recognise an exec without the mark, which requires that the
/// child is in this process's session.
fn may_mark<const FEATURES: u32>(attributes: &Attributes<'_>) -> bool {
    let may_begin_session =
        attributes.new_session || attributes.hook.is_some_and(|hook| hook.is_unknown);
    FEATURES & features::SHARED != 0
        && !may_begin_session
        && !is(&REFUSES_CLONE3)
        && watch::trusts_mark()
}

/// Lets a child in a new user namespace continue, unless the parent has already killed it.
fn open_gate<const FEATURES: u32>(
    task: &ChildTask<'_, '_>,
    gate: Option<Gate<'_>>,
    made: Made,
    begins: bool,
) -> Result<Made, Errno> {
    if FEATURES & features::NAMESPACES != 0
        && let Some(gate) = gate
        && !(begins && task.record().errno.is_some())
        && let Err(errno) = gate.open(made.pid)
    {
        give_up::<FEATURES>(task, made.pid, Attribute::Namespaces, errno, begins)?;
    }
    Ok(made)
}

/// Opens the pidfd of a child that `clone` has made. If this fails, kills the child. If the parent waits for its child, reaps the
/// child and returns the error. If the parent does not wait, stores the failure in the record and returns `None`.
fn open_pidfd<const FEATURES: u32>(
    task: &ChildTask<'_, '_>,
    pid: Pid,
    begins: bool,
) -> Result<Option<OwnedFd>, Errno> {
    let errno = match sys::process::pidfd_open(pid) {
        Ok(pidfd) => return Ok(Some(pidfd)),
        Err(errno) => errno,
    };
    give_up::<FEATURES>(task, pid, Attribute::Pidfd, errno, begins)?;
    Ok(None)
}

/// Kills a child for which the parent cannot set an attribute. If the parent waits for its child, reaps the child and returns the
/// error. If the parent does not wait, stores the failure in the record.
fn give_up<const FEATURES: u32>(
    task: &ChildTask<'_, '_>,
    pid: Pid,
    attribute: Attribute,
    errno: Errno,
    begins: bool,
) -> Result<(), Errno> {
    // `ESRCH` means that another wait has reaped the child. Then another process may already have its id.
    if errno != Errno::ESRCH {
        let _ = sys::process::kill(pid.as_raw(), Some(Signal::KILL));
    }
    let begins = FEATURES & features::BEGIN != 0 && begins;
    if !begins && !matches!(wait::wait(pid), Ok(_) | Err(Errno::ECHILD)) {
        Watch::new(pid).outlast::<FEATURES>(task);
    }
    // The parent may write the step now, because the child no longer does.
    task.note_step(StepCode::attribute(attribute));
    if !begins {
        return Err(errno);
    }
    // The child's end may take long, so the parent does not wait for it, and the record contains the failure.
    task.fail(errno);
    Ok(())
}

/// Makes the status pipe: step 1 of the protocol.
fn make_pipe<const FEATURES: u32>(
    task: &ChildTask<'_, '_>,
    means: &mut Means,
) -> Result<Ends, Errno> {
    task.note_step(StepCode::STATUS_PIPE);
    let mut flags = OFlags::CLOEXEC;
    if means.begins && FEATURES & features::BEGIN != 0 {
        flags = flags | OFlags::NONBLOCK;
    }
    let (read_end, write_end) = sys::fd::pipe2(flags)?;
    means.pipe = Some((read_end.as_raw_fd(), write_end.as_raw_fd()));
    Ok((read_end, write_end))
}

/// Returns whether `CLONE_CLEAR_SIGHAND` works. A 32-bit kernel may accept the flag and ignore it, because it truncated the flags
/// to 32 bits until 2025 (fixed in Linux 6.18 and in the stable releases of that time). On a 64-bit kernel, the flag also works for
/// a 32-bit program.
fn kernel_resets_handlers() -> bool {
    if usize::BITS == 64 || is(&RESETS_HANDLERS) {
        return true;
    }
    if is(&LEAVES_HANDLERS) {
        return false;
    }
    let names = sys::machine::uname();
    let is_64_bit = names.is_ok_and(|names| names.machine().to_bytes().ends_with(b"64"));
    let answer = if is_64_bit {
        &RESETS_HANDLERS
    } else {
        &LEAVES_HANDLERS
    };
    answer.store(true, Ordering::Relaxed);
    is_64_bit
}

/// Returns whether the kernel spares the processes that share the memory of a process that dumps core. Linux does so since 5.16;
/// the same version introduced `futex_waitv`, so this function checks for that call.
fn spares_sharers() -> bool {
    if !is(&SPARES_SHARERS) && !is(&ENDS_SHARERS) {
        let answer = match sys::futex::has_waitv() {
            true => &SPARES_SHARERS,
            false => &ENDS_SHARERS,
        };
        answer.store(true, Ordering::Relaxed);
    }
    is(&SPARES_SHARERS)
}

/// Calls `clone3`, which also resets the handlers, makes the pidfd and places the child in the cgroup. Without a pipe, it also sets
/// the mark.
fn clone3<const FEATURES: u32>(task: &ChildTask<'_, '_>) -> Result<(Pid, Option<OwnedFd>), Errno> {
    let mut number = -1;
    let attributes = &task.spawn.attributes;
    let means = task.means.get();
    let mut flags = linux::CLONE_CLEAR_SIGHAND;
    let mut child_tid = 0;
    if means.memory_shared {
        flags |= u64::from(linux::CLONE_VM);
        if means.pipe.is_none() {
            flags |= u64::from(linux::CLONE_CHILD_CLEARTID);
            child_tid = task.present.as_ptr() as usize as u64;
        }
    }
    if attributes.pidfd && FEATURES & features::PIDFD != 0 {
        flags |= u64::from(linux::CLONE_PIDFD);
    }
    if FEATURES & features::NAMESPACES != 0 {
        flags |= u64::from(kinds(task).bits());
    }
    let mut size = linux::CLONE_ARGS_SIZE_VER0;
    let mut cgroup = 0;
    if let (Some(fd), true) = (attributes.cgroup, means.in_cgroup) {
        flags |= linux::CLONE_INTO_CGROUP;
        size = linux::CLONE_ARGS_SIZE_VER2;
        cgroup = fd.as_raw_fd() as u64;
    }
    let arguments = linux::clone_args {
        flags,
        pidfd: &raw mut number as usize as u64,
        child_tid,
        parent_tid: 0,
        exit_signal: linux::SIGCHLD.into(),
        stack: task.stack.cast::<u8>() as usize as u64,
        stack_size: task.stack.len() as u64,
        tls: 0,
        set_tid: 0,
        set_tid_size: 0,
        cgroup,
    };
    // SAFETY: `run` gets a pointer to its `ChildTask`. The task, its mark and the stack stay valid: either the child has copies of
    // them, or this process does not return before the child no longer uses them. `watch` waits for this; if it cannot, `conclude`
    // kills and reaps the child; if it cannot do that either, `outlast` waits. The kernel writes the pidfd to `number`.
    unsafe {
        let pid = sys::clone::clone3(
            &arguments,
            size as usize,
            child::run::<FEATURES>,
            argument_of(task),
        )?;
        let has_pidfd = flags & u64::from(linux::CLONE_PIDFD) != 0;
        Ok((pid, has_pidfd.then(|| OwnedFd::from_raw_fd(number))))
    }
}

/// Calls `clone(2)`, for old kernels, and for emulators and seccomp filters that refuse `clone3`.
fn plain_clone<const FEATURES: u32>(task: &ChildTask<'_, '_>) -> Result<Pid, Errno> {
    let mut flags = linux::SIGCHLD;
    if task.means.get().memory_shared {
        flags |= linux::CLONE_VM;
    }
    if FEATURES & features::NAMESPACES != 0 {
        flags |= kinds(task).bits();
    }
    let top = task.stack.cast::<u8>().wrapping_add(task.stack.len());
    // SAFETY: the same reason as in `clone3`. This call sets no mark.
    unsafe {
        sys::clone::clone(
            flags,
            top,
            core::ptr::null_mut(),
            child::run::<FEATURES>,
            argument_of(task),
        )
    }
}

fn kinds(task: &ChildTask<'_, '_>) -> Namespaces {
    let namespaces = task.spawn.attributes.namespaces;
    namespaces.map_or(Namespaces::default(), |it| it.kinds)
}

/// Returns the pointer that `run` gets.
fn argument_of(task: &ChildTask<'_, '_>) -> *mut c_void {
    (&raw const *task).cast_mut().cast()
}

fn is(what: &AtomicBool) -> bool {
    what.load(Ordering::Relaxed)
}
