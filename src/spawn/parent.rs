//! The parent's side: block signals, clone, hear of the child, reap, restore.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;

use linux_raw_sys::general as linux;

use super::actions::Action;
use super::attributes::Memory;
use super::child;
use super::dumpable::Dumpable;
use super::job::{Job, Means};
use super::report::{At, Attribute, Error, Record};
use super::search::PATH_MAX;
use super::used;
use super::{Child, Spawn, pipe};
use crate::errno::Errno;
use crate::fd::{AsFd, OwnedFd};
use crate::file::OFlags;
use crate::process::Pid;
use crate::signal::Signal;
use crate::sys;
use crate::wait::{self, Options, Who};

/// What the kernel has refused, so that it is asked once and not at each spawn.
static REFUSES_CLONE3: AtomicBool = AtomicBool::new(false);
static REFUSES_SHARING: AtomicBool = AtomicBool::new(false);

/// Starts the program. No handler of the parent runs meanwhile: it could be seen to run twice, or in the child.
pub(super) fn start<'a, const USED: u32>(
    spawn: &Spawn<'a>,
    stack: &mut [MaybeUninit<u8>],
) -> Result<Child, Error<'a>> {
    let mut buffer = [0; PATH_MAX];
    let mut job = Job::new(spawn, &raw mut buffer);
    if USED & used::PARENT_DEATH_SIGNAL != 0 && spawn.attributes.parent_death_signal.is_some() {
        job.parent = sys::process::try_getpid().ok();
    }
    let mut killer = None;
    match job.block_signals::<USED>() {
        Ok(()) => {
            let outcome = start_with_signals_blocked::<USED>(&job, stack);
            // This cannot fail: the mask is one that the kernel gave us.
            let _ = sys::signal::set_mask(job.mask);
            match outcome {
                Ok(child) => return Ok(child),
                Err(signal) => killer = signal,
            }
        }
        Err(errno) => job.fail(errno),
    }
    Err(job.failure(killer))
}

/// If that fails, the record says why, unless it says nothing: then the child was killed by this signal.
fn start_with_signals_blocked<const USED: u32>(
    job: &Job<'_, '_>,
    stack: &mut [MaybeUninit<u8>],
) -> Result<Child, Option<Signal>> {
    let dumpable = changes_dumpable::<USED>(job).then(Dumpable::keep).flatten();
    let shared = job.spawn.attributes.memory == Memory::Shared;
    let (mut pidfd, mut pipe) = (None, None);
    let mut attempt = |memory_shared| {
        job.means.set(Means {
            memory_shared,
            ..Means::default()
        });
        clone::<USED>(job, stack, &mut pidfd, &mut pipe)
    };
    let mut answer = attempt(shared && !refused(&REFUSES_SHARING));
    if job.means.get().memory_shared
        && let Err(Errno::EINVAL | Errno::EPERM | Errno::ENOSYS) = answer
        && job.record.get().at == At::CLONE
    {
        answer = attempt(false);
        REFUSES_SHARING.store(answer.is_ok(), Ordering::Relaxed);
    }
    let pid = match answer {
        Ok(pid) => pid,
        Err(errno) => {
            job.fail(errno);
            return Err(None);
        }
    };

    let mut stop = None;
    let heard = hear(job, pipe, || stop = resume(pid).or(stop));
    if heard.is_err() {
        let _ = sys::process::kill(pid.as_raw(), Some(Signal::KILL));
    }
    let outcome = if heard.is_ok() && job.record.get() == Record::REACHED {
        if let Some(stop) = stop {
            let _ = sys::process::kill(pid.as_raw(), Some(stop));
        }
        Ok(Child::new(pid, pidfd.filter(|_| USED & used::PIDFD != 0)))
    } else {
        // No zombie, and the child off this stack, before the caller has it back. If the child is not there to reap,
        // another wait has done so, and it is gone all the same.
        let killer = wait::wait(pid).ok().and_then(|status| status.signal());
        if let Err(errno) = heard {
            // Only now, when the child notes no more.
            job.begin(At::STATUS_PIPE);
            job.fail(errno);
        }
        Err(killer)
    };
    if let Some(dumpable) = dumpable {
        // Only now, when the child has left this memory: else its new user could look into it.
        dumpable.restore();
    }
    outcome
}

/// For so long nothing is heard of a child before it is looked at.
pub(super) const LONG: Duration = Duration::from_millis(100);

/// Has a child go on that was stopped before its exec, as by Ctrl-Z: while it stands still nobody gets any further, and no key helps. The
/// signal is the program's, once that is there.
#[cold]
fn resume(pid: Pid) -> Option<Signal> {
    let (_, status) = wait::peek(Who::Child(pid), Options::STOPPED | Options::NOHANG).ok()??;
    let stop = status.stopped_signal()?;
    let _ = sys::process::kill(pid.as_raw(), Some(Signal::CONT));
    Some(stop)
}

/// Waits until the child has left this memory: then the record is what it had to say. What is to be done where that takes long is done
/// again and again.
fn hear(
    job: &Job<'_, '_>,
    pipe: Option<(OwnedFd, OwnedFd)>,
    mut when_long: impl FnMut(),
) -> Result<(), Errno> {
    if job.means.get().memory_shared {
        // The kernel takes back the child's mark as it leaves, by its exec or its end.
        let is_present = || job.present.load(Ordering::Acquire) != 0;
        let mut nanoseconds = 1_000_000;
        while is_present() {
            let answer = sys::futex::wait(&job.present, 1, Some(LONG));
            if answer.is_err() && is_present() {
                when_long();
                if answer != Err(Errno::ETIMEDOUT) {
                    // A filter forbids it, say. Then it is asked after ever longer times.
                    let _ = sys::poll::ppoll(&mut [], Some(Duration::new(0, nanoseconds)), None);
                    nanoseconds = (nanoseconds * 2).min(LONG.subsec_nanos());
                }
            }
        }
        return Ok(());
    }
    let Some((read_end, write_end)) = pipe else {
        return Ok(());
    };
    // SAFETY: the parent's copy of the end that only the child writes to. While it is open, `receive` would wait forever.
    unsafe { sys::fd::close(write_end.into_raw_fd())? };
    job.record.set(pipe::receive(read_end.as_fd(), when_long)?);
    Ok(())
}

/// Whether a change of ids in the child would change in the parent, the memory being shared, whether the parent may be traced
/// and dumped.
fn changes_dumpable<const USED: u32>(job: &Job<'_, '_>) -> bool {
    let changes_ids = |action: &Action<'_>| match action {
        Action::Uid(_) | Action::Gid(_) | Action::ResetIds => true,
        Action::Open { .. }
        | Action::Redirect { .. }
        | Action::Close(_)
        | Action::Dup2 { .. }
        | Action::Chdir(_)
        | Action::Fchdir(_)
        | Action::CloseFrom(_)
        | Action::SetForeground(_)
        | Action::ControllingTerminal(_)
        | Action::Chroot(_)
        | Action::Umask(_)
        | Action::Limit(..)
        | Action::Groups(_) => false,
    };
    let Spawn {
        attributes,
        actions,
        program: _,
        args: _,
        env: _,
        shell: _,
    } = job.spawn;
    let has_hook = attributes.hook.is_some() && USED & used::HOOK != 0;
    let changed = has_hook || actions.iter().any(changes_ids);
    attributes.memory == Memory::Shared && changed
}

/// Makes the child, by the best means that the kernel allows. Of an errno, the record says which step it is of.
#[inline(never)]
fn clone<const USED: u32>(
    job: &Job<'_, '_>,
    stack: &mut [MaybeUninit<u8>],
    pidfd: &mut Option<OwnedFd>,
    pipe: &mut Option<(OwnedFd, OwnedFd)>,
) -> Result<Pid, Errno> {
    let attributes = job.spawn.attributes;
    let wants_pidfd = attributes.pidfd && USED & used::PIDFD != 0;
    let mut means = job.means.get();
    if !means.memory_shared {
        job.begin(At::STATUS_PIPE);
        let (read_end, write_end) = pipe.insert(sys::fd::pipe2(OFlags::CLOEXEC)?);
        means.pipe = Some((read_end.as_raw_fd(), write_end.as_raw_fd()));
    }
    job.begin(At::CLONE);
    let mut refused_now = false;
    if !refused(&REFUSES_CLONE3) {
        means.handlers_reset = true;
        means.in_cgroup = attributes.cgroup.is_some();
        job.means.set(means);
        let mut answer = clone3::<USED>(job, stack, pidfd);
        // `EAGAIN` is the cgroup's own: it is full. Of all else the child shall try, and report what exactly goes wrong.
        if means.in_cgroup && !matches!(answer, Ok(_) | Err(Errno::EAGAIN | Errno::ENOMEM)) {
            means.in_cgroup = false;
            job.means.set(means);
            answer = clone3::<USED>(job, stack, pidfd);
        }
        match answer {
            Err(Errno::ENOSYS) => REFUSES_CLONE3.store(true, Ordering::Relaxed),
            // Unless the kernel refuses what is asked for whatever the call.
            Err(Errno::EPERM | Errno::EINVAL | Errno::E2BIG) => refused_now = true,
            answer => return answer,
        }
        means.handlers_reset = false;
    }
    job.means.set(means);

    let step = At::attribute(Attribute::Pidfd);
    if wants_pidfd {
        // Whether it works must be known before the program runs.
        job.begin(step);
        sys::process::try_getpid().and_then(sys::process::pidfd_open)?;
        job.begin(At::CLONE);
    }
    let pid = plain_clone::<USED>(job, stack)?;
    if refused_now {
        REFUSES_CLONE3.store(true, Ordering::Relaxed);
    }
    if !wants_pidfd {
        return Ok(pid);
    }
    match sys::process::pidfd_open(pid) {
        Ok(opened) => {
            *pidfd = Some(opened);
            Ok(pid)
        }
        Err(errno) => {
            // Unless another wait has reaped it: then the id may be another's by now.
            if errno != Errno::ESRCH {
                let _ = sys::process::kill(pid.as_raw(), Some(Signal::KILL));
            }
            let _ = wait::wait(pid);
            // Only now, when the child has no more to say.
            job.begin(step);
            Err(errno)
        }
    }
}

/// `clone3`: with the handlers reset, the pidfd and the cgroup in one go.
fn clone3<const USED: u32>(
    job: &Job<'_, '_>,
    stack: &mut [MaybeUninit<u8>],
    pidfd: &mut Option<OwnedFd>,
) -> Result<Pid, Errno> {
    let mut number = -1;
    let attributes = &job.spawn.attributes;
    let mut flags = linux::CLONE_CLEAR_SIGHAND;
    let means = job.means.get();
    if means.memory_shared {
        flags |= u64::from(SHARING);
    }
    if attributes.pidfd && USED & used::PIDFD != 0 {
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
        child_tid: job.present.as_ptr() as usize as u64,
        parent_tid: 0,
        exit_signal: linux::SIGCHLD.into(),
        stack: stack.as_mut_ptr() as usize as u64,
        stack_size: stack.len() as u64,
        tls: 0,
        set_tid: 0,
        set_tid_size: 0,
        cgroup,
    };
    // SAFETY: `run` gets its `Job`. It and the stack stay: this function's caller does not return before the child has left
    // them, which `hear` waits for. The pidfd is the kernel's to write.
    unsafe {
        let pid = sys::clone::clone3(
            &arguments,
            size as usize,
            child::run::<USED>,
            argument_of(job),
        )?;
        if flags & u64::from(linux::CLONE_PIDFD) != 0 {
            *pidfd = Some(OwnedFd::from_raw_fd(number));
        }
        Ok(pid)
    }
}

/// `clone(2)`: for old kernels, emulators and filters.
fn plain_clone<const USED: u32>(
    job: &Job<'_, '_>,
    stack: &mut [MaybeUninit<u8>],
) -> Result<Pid, Errno> {
    let sharing = if job.means.get().memory_shared {
        SHARING
    } else {
        0
    };
    let top = stack.as_mut_ptr_range().end.cast();
    let present = job.present.as_ptr();
    // SAFETY: as in `clone3`.
    unsafe {
        sys::clone::clone(
            sharing | linux::SIGCHLD,
            top,
            present,
            child::run::<USED>,
            argument_of(job),
        )
    }
}

/// The job as `run` gets it.
fn argument_of(job: &Job<'_, '_>) -> *mut c_void {
    (&raw const *job).cast_mut().cast()
}

/// The child shares this memory, and the kernel takes back its mark when it leaves.
const SHARING: u32 = linux::CLONE_VM | linux::CLONE_CHILD_CLEARTID;

fn refused(what: &AtomicBool) -> bool {
    what.load(Ordering::Relaxed)
}
