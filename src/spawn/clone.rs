//! Making the child, by the best means that the kernel allows.

use core::ffi::c_void;
use core::sync::atomic::{AtomicBool, Ordering};

use linux_raw_sys::general as linux;

use super::attributes::Notice;
use super::report::{Attribute, StepCode};
use super::task::{ChildTask, Means};
use super::{child, features, watch};
use crate::arch;
use crate::errno::Errno;
use crate::fd::OwnedFd;
use crate::file::OFlags;
use crate::process::Pid;
use crate::signal::Signal;
use crate::sys;
use crate::wait;

/// What the kernel has refused, so that it is asked once and not at each spawn.
static REFUSES_CLONE3: AtomicBool = AtomicBool::new(false);
static REFUSES_SHARING: AtomicBool = AtomicBool::new(false);

/// What it has said of itself, which a 32-bit program asks once.
static RESETS_HANDLERS: AtomicBool = AtomicBool::new(false);
static LEAVES_HANDLERS: AtomicBool = AtomicBool::new(false);

/// What it does when a child dumps core, which a program that shares memory asks once.
static SPARES_SHARERS: AtomicBool = AtomicBool::new(false);
static ENDS_SHARERS: AtomicBool = AtomicBool::new(false);

/// The two ends of a status pipe, the reading one first.
pub(super) type Ends = (OwnedFd, OwnedFd);

/// A child that is on its way.
pub(super) struct Made {
    pub pid: Pid,
    pub pidfd: Option<OwnedFd>,
    /// Without one the kernel's mark serves.
    pub pipe: Option<Ends>,
}

/// Makes the child. Of an errno, the record says which step it is of.
pub(super) fn make<const FEATURES: u32>(task: &ChildTask<'_, '_>) -> Result<Made, Errno> {
    let wanted = FEATURES & features::SHARED != 0 && task.spawn.attributes.share_memory();
    // It ends a program that shares its memory without `CLONE_VFORK`.
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
    let Made { pid, pidfd, pipe } = attempt::<FEATURES>(task, false, true)?;
    // With copied memory there is one.
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
    // Only together with `clone3`: a kernel that has its flag for the handlers acts on the mark, too. And only where an exec can be
    // proved without it: the child has this process's session.
    let may_begin_session =
        attributes.new_session || attributes.hook.is_some_and(|hook| hook.is_unknown);
    let may_mark = FEATURES & features::SHARED != 0
        && memory_shared
        && !may_begin_session
        && !is(&REFUSES_CLONE3)
        && watch::trusts_mark();
    let mut pipe = None;
    if !may_mark || attributes.notice == Notice::Pipe {
        match make_pipe::<FEATURES>(task, &mut means) {
            Ok(made) => pipe = Some(made),
            // The mark needs no descriptor.
            Err(Errno::EMFILE | Errno::ENFILE) if may_mark => {}
            Err(errno) => return Err(errno),
        }
    }
    task.begin(StepCode::CLONE);
    let mut refused_now = false;
    means.dies_together = memory_shared && !spares_sharers();
    if !is(&REFUSES_CLONE3) {
        means.handlers_reset = kernel_resets_handlers();
        means.in_cgroup = attributes.cgroup.is_some();
        task.means.set(means);
        let mut answer = clone3::<FEATURES>(task);
        // `EAGAIN` is the cgroup's own: it is full. Of all else the child shall try, and report what exactly goes wrong.
        if means.in_cgroup && !matches!(answer, Ok(_) | Err(Errno::EAGAIN | Errno::ENOMEM)) {
            means.in_cgroup = false;
            task.means.set(means);
            answer = clone3::<FEATURES>(task);
        }
        match answer {
            Ok((pid, pidfd)) => return Ok(Made { pid, pidfd, pipe }),
            Err(Errno::ENOSYS) => REFUSES_CLONE3.store(true, Ordering::Relaxed),
            // Unless the kernel refuses the same to `clone`, too.
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
        // Whether it works must be known before the program runs.
        task.begin(step);
        sys::process::try_getpid().and_then(sys::process::pidfd_open)?;
    }
    task.begin(StepCode::CLONE);
    let pid = plain_clone::<FEATURES>(task)?;
    if refused_now {
        REFUSES_CLONE3.store(true, Ordering::Relaxed);
    }
    let mut pidfd = None;
    if wants_pidfd {
        match sys::process::pidfd_open(pid) {
            Ok(opened) => pidfd = Some(opened),
            Err(errno) => {
                // Unless another wait has reaped it: then the id may be another's by now.
                if errno != Errno::ESRCH {
                    let _ = sys::process::kill(pid.as_raw(), Some(Signal::KILL));
                }
                let begins = FEATURES & features::BEGIN != 0 && begins;
                if !begins {
                    let _ = wait::wait(pid);
                }
                // Only now, when the child notes no more.
                task.begin(step);
                if !begins {
                    return Err(errno);
                }
                // Its end may take long: the record has the failure.
                task.fail(errno);
            }
        }
    }
    Ok(Made { pid, pidfd, pipe })
}

/// Step 1 of the protocol.
fn make_pipe<const FEATURES: u32>(
    task: &ChildTask<'_, '_>,
    means: &mut Means,
) -> Result<Ends, Errno> {
    task.begin(StepCode::STATUS_PIPE);
    let mut flags = OFlags::CLOEXEC;
    if means.begins && FEATURES & features::BEGIN != 0 {
        flags = flags | OFlags::NONBLOCK;
    }
    let (read_end, write_end) = sys::fd::pipe2(flags)?;
    means.pipe = Some((read_end.as_raw_fd(), write_end.as_raw_fd()));
    Ok((read_end, write_end))
}

/// Whether the kernel acts on `CLONE_CLEAR_SIGHAND`. A 32-bit one may accept the flag and ignore it: until 2025 it cut the flags to
/// 32 bits on the way (fixed in Linux 6.18 and in stable releases of that time). A 32-bit program on a 64-bit kernel is safe.
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

/// Whether the kernel lets a process that dumps core leave alone those that share its memory. It has a call of the same age.
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

/// `clone3`: with the handlers reset, the pidfd and the cgroup in one go; without a pipe, with the mark.
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
    // SAFETY: `run` gets its `ChildTask`. It, its mark and the stack stay: the child has copies of them, or whoever makes it does not return
    // before the child has left them. `watch` waits for that, and where it can't, `conclude` kills and reaps the child. The pidfd is the
    // kernel's to write.
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

/// `clone(2)`: for old kernels, emulators and filters.
fn plain_clone<const FEATURES: u32>(task: &ChildTask<'_, '_>) -> Result<Pid, Errno> {
    let sharing = if task.means.get().memory_shared {
        linux::CLONE_VM
    } else {
        0
    };
    let top = task.stack.cast::<u8>().wrapping_add(task.stack.len());
    // SAFETY: as in `clone3`; there is no mark.
    unsafe {
        sys::clone::clone(
            sharing | linux::SIGCHLD,
            top,
            core::ptr::null_mut(),
            child::run::<FEATURES>,
            argument_of(task),
        )
    }
}

/// The task as `run` gets it.
fn argument_of(task: &ChildTask<'_, '_>) -> *mut c_void {
    (&raw const *task).cast_mut().cast()
}

fn is(what: &AtomicBool) -> bool {
    what.load(Ordering::Relaxed)
}
