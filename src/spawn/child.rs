//! The code that the child runs on its borrowed stack.
//!
//! The child carries out its steps in order. If a step fails, its error returns to the one function that reports errors, and the
//! child exits. The child must never return from its entry function, allocate, panic or take a lock, because it shares the parent's
//! memory, and another thread of the parent may hold any lock.

use core::convert::Infallible;
use core::ffi::c_void;

use super::actions::{Action, CapabilitySet};
use super::attributes::{Attributes, Hook};
use super::dumpable;
use super::ids::{GROUP, USER};
use super::pipe::StatusPipe;
use super::report::{Attribute, StepCode};
use super::task::ChildTask;
use super::watch::ShortText;
use super::{descriptors, features, namespaces, program};
use crate::arch;
use crate::capabilities::Capabilities;
use crate::errno::Errno;
use crate::fd::{AsFd, BorrowedFd};
use crate::file::OFlags;
use crate::process::Pid;
use crate::signal::{SigSet, Signal};
use crate::sys::{self, signal};
use crate::text::Text;

/// The child's entry function.
///
/// # Safety
/// `task` is a [`ChildTask`], and while the child uses it, only these parts of it change: the record, the mark, the stack and the
/// array of the shell's arguments.
#[cfg(not(all(miri, test)))]
pub(super) unsafe extern "C" fn run<const FEATURES: u32>(task: *mut c_void) -> ! {
    // SAFETY: the caller upholds the safety contract.
    live::<FEATURES>(unsafe { &*task.cast() })
}

/// The child's entry function in Miri, where a child is a thread.
///
/// # Safety
/// The same as for the function above.
#[cfg(all(miri, test))]
pub(super) unsafe extern "C-unwind" fn run<const FEATURES: u32>(task: *mut c_void) -> ! {
    // SAFETY: the caller upholds the safety contract.
    live::<FEATURES>(unsafe { &*task.cast() })
}

/// Carries out the child's steps, and reports an error.
fn live<const FEATURES: u32>(task: &ChildTask<'_, '_>) -> ! {
    let (mut pipe, closed) = match task.means.get().pipe {
        // SAFETY: the child owns its copies of the pipe's two ends.
        Some((read_end, write_end)) => unsafe { StatusPipe::new(read_end, write_end) },
        None => (StatusPipe::none(), Ok(())),
    };
    task.note_step(StepCode::STATUS_PIPE);
    let Err(errno) = closed.and_then(|()| carry_out::<FEATURES>(task, &mut pipe));
    task.fail(errno);
    let means = task.means.get();
    let is_lost = means.pipe.is_some() && pipe.send(task.record()).is_err();
    // If the record is lost, the parent could mistake an exit status for the status of the program. And valgrind, at an exit, calls the
    // libc, whose locks other threads of the parent may hold. (A program with `rt` and without `std` has no libc.)
    let has_libc = !cfg!(feature = "rt") || cfg!(feature = "std");
    if !means.memory_shared && (is_lost || has_libc && arch::on_valgrind()) {
        let _ = sys::process::kill(sys::process::getpid().as_raw(), Some(Signal::KILL));
    }
    sys::process::exit(127)
}

/// Carries out all steps, in order. A returned errno belongs to the step that has begun last.
pub(super) fn carry_out<const FEATURES: u32>(
    task: &ChildTask<'_, '_>,
    pipe: &mut StatusPipe,
) -> Result<Infallible, Errno> {
    if FEATURES & features::NAMESPACES != 0 {
        namespaces::wait(task)?;
    }
    before_the_actions::<FEATURES>(task)?;
    for (index, action) in task.spawn.actions.iter().enumerate() {
        task.note_step(StepCode::action(index));
        act::<FEATURES>(action, pipe)?;
    }
    after_the_actions::<FEATURES>(task)?;
    Err(program::exec::<FEATURES>(task, pipe))
}

fn before_the_actions<const FEATURES: u32>(task: &ChildTask<'_, '_>) -> Result<(), Errno> {
    let note = |attribute| task.note_step(StepCode::attribute(attribute));
    let Attributes {
        cgroup,
        default_signals,
        new_session,
        process_group,
        scheduler,
        nice,
        oom_score_adj,
        // These are for the parent, or are set after the actions.
        memory: _,
        notice: _,
        pidfd: _,
        namespaces: _,
        no_new_privs: _,
        parent_death_signal: _,
        signal_mask: _,
        hook: _,
    } = task.spawn.attributes;
    if let Some(cgroup) = cgroup
        && !task.means.get().in_cgroup
    {
        note(Attribute::Cgroup);
        join(cgroup)?;
    }
    note(Attribute::DefaultSignals);
    reset_signals::<FEATURES>(default_signals, task.means.get().handlers_reset)?;
    if new_session {
        note(Attribute::NewSession);
        sys::process::setsid()?;
    }
    if let Some(group) = process_group {
        note(Attribute::ProcessGroup);
        sys::process::setpgid(0, group)?;
    }
    if let Some(scheduler) = scheduler
        && FEATURES & features::SCHEDULER != 0
    {
        note(Attribute::Scheduler);
        match scheduler.policy {
            Some(policy) => sys::resource::sched_setscheduler(policy, scheduler.priority)?,
            None => sys::resource::sched_setparam(scheduler.priority)?,
        }
    }
    if let Some(nice) = nice {
        note(Attribute::Nice);
        sys::resource::setpriority(nice)?;
    }
    if let Some(adjustment) = oom_score_adj
        && FEATURES & features::OOM_SCORE_ADJ != 0
    {
        note(Attribute::OomScoreAdj);
        adjust_oom_score(adjustment)?;
    }
    Ok(())
}

fn after_the_actions<const FEATURES: u32>(task: &ChildTask<'_, '_>) -> Result<(), Errno> {
    let note = |attribute| task.note_step(StepCode::attribute(attribute));
    let Attributes {
        no_new_privs,
        parent_death_signal,
        signal_mask,
        hook,
        // These are for the parent, or are set before the actions.
        memory: _,
        notice: _,
        pidfd: _,
        namespaces: _,
        cgroup: _,
        default_signals: _,
        new_session: _,
        process_group: _,
        scheduler: _,
        nice: _,
        oom_score_adj: _,
    } = task.spawn.attributes;
    if no_new_privs && FEATURES & features::NO_NEW_PRIVS != 0 {
        note(Attribute::NoNewPrivs);
        sys::credentials::set_no_new_privs()?;
    }
    if let Some(signal) = parent_death_signal
        && FEATURES & features::PARENT_DEATH_SIGNAL != 0
    {
        note(Attribute::ParentDeathSignal);
        die_with(task.parent, signal)?;
    }
    let mask = signal_mask.unwrap_or(task.mask);
    if FEATURES & features::SHARED != 0
        && task.means.get().dies_together
        && let Some(signal) = fatal(mask)
    {
        task.note_step(StepCode::KILLED);
        return Err(signal);
    }
    note(Attribute::SignalMask);
    signal::set_mask(mask)?;
    if let Some(hook) = hook
        && FEATURES & features::HOOK != 0
    {
        note(Attribute::Hook);
        run_hook(task, hook)?;
    }
    Ok(())
}

/// Returns a pending signal that will kill this process and dump its core when it is no longer blocked. The signal's number is
/// returned as an errno.
fn fatal(mask: SigSet) -> Option<Errno> {
    const DUMP_CORE: SigSet = SigSet::EMPTY
        .with(Signal::QUIT)
        .with(Signal::ILL)
        .with(Signal::TRAP)
        .with(Signal::ABRT)
        .with(Signal::BUS)
        .with(Signal::FPE)
        .with(Signal::SEGV)
        .with(Signal::XCPU)
        .with(Signal::XFSZ)
        .with(Signal::SYS);
    let come = signal::sigpending().ok()?.bits() & DUMP_CORE.bits() & !mask.bits();
    let is_ignored = |signal| matches!(signal::action(signal), Ok(signal::Disposition::Ignore));
    let signal =
        Signal::all().find(|&it| SigSet::from_bits(come).contains(it) && !is_ignored(it))?;
    Errno::from_raw(signal.as_raw())
}

/// Runs a hook, and checks whether it has overflowed the stack.
fn run_hook(task: &ChildTask<'_, '_>, hook: Hook<'_>) -> Result<(), Errno> {
    /// A value that is unlikely to be there by accident. (It is an array of bytes, because the caller's stack may have any
    /// alignment.)
    const INTACT: [u8; 8] = *b"nestling";
    let lowest = task.stack.cast::<[u8; 8]>();
    // SAFETY: these are the lowest bytes of the child's stack or, without a child, of the buffer that replaces it. The search,
    // which uses these bytes, has not begun.
    unsafe { lowest.write_volatile(INTACT) };
    let answer = (hook.function)();
    // SAFETY: the same bytes as above.
    if unsafe { lowest.read_volatile() } != INTACT {
        // The memory below the stack belongs to the parent. The hook has overwritten it, so neither the parent nor this child can
        // continue.
        let parent = task.parent.map_or(0, Pid::as_raw);
        if task.means.get().memory_shared && parent > 0 && parent == sys::process::getppid() {
            let _ = sys::process::kill(parent, Some(Signal::KILL));
        }
        let _ = sys::process::kill(sys::process::getpid().as_raw(), Some(Signal::KILL));
    }
    answer
}

/// Joins a cgroup in a way that works on every kernel.
fn join(cgroup: BorrowedFd<'_>) -> Result<(), Errno> {
    let procs = sys::fd::openat(cgroup, c"cgroup.procs", OFlags::WRONLY | OFlags::CLOEXEC, 0)?;
    sys::fd::write(procs.as_fd(), b"0").map(drop)
}

fn adjust_oom_score(adjustment: i32) -> Result<(), Errno> {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    let file = sys::fd::open(c"/proc/self/oom_score_adj", flags, 0)?;
    let mut number = ShortText::new();
    adjustment.write(&mut number);
    sys::fd::write(file.as_fd(), number.bytes()).map(drop)
}

/// Restores the default actions. Handlers must be removed before the mask is restored; otherwise, a handler could run in this
/// child, on the parent's memory. Ignored signals stay ignored, unless `asked` contains them.
fn reset_signals<const FEATURES: u32>(asked: SigSet, handlers_reset: bool) -> Result<(), Errno> {
    let mut defaults = SigSet::EMPTY;
    if FEATURES & features::DEFAULT_SIGNALS != 0 {
        defaults = asked.without(Signal::KILL).without(Signal::STOP);
    }
    if handlers_reset && defaults == SigSet::EMPTY {
        return Ok(());
    }
    for signal in Signal::all() {
        let handled = || {
            Ok(!handlers_reset
                && matches!(signal::action(signal)?, signal::Disposition::Handler(_)))
        };
        if defaults.contains(signal) || handled()? {
            // SAFETY: the default action is not a handler.
            unsafe { signal::set_action(signal, signal::Disposition::Default, 0)? };
        }
    }
    Ok(())
}

/// Sets the parent-death signal, and sends it if the parent is already dead. For a parent in another pid namespace (`getppid`
/// returns 0), the child cannot know whether it is dead, and does not send the signal.
fn die_with(parent: Option<Pid>, signal: Signal) -> Result<(), Errno> {
    sys::process::set_parent_death_signal(Some(signal))?;
    let now = sys::process::getppid();
    if now != 0 && parent.is_some_and(|parent| parent.as_raw() != now) {
        sys::process::kill(sys::process::try_getpid()?.as_raw(), Some(signal))?;
    }
    Ok(())
}

fn act<const FEATURES: u32>(action: &Action<'_>, pipe: &mut StatusPipe) -> Result<(), Errno> {
    match *action {
        Action::Open {
            fd,
            path,
            flags,
            mode,
        } => if_feature::<FEATURES>(features::OPEN, || {
            descriptors::open(fd, path, flags, mode, pipe)
        }),
        Action::Redirect {
            fd,
            path,
            flags,
            mode,
        } => if_feature::<FEATURES>(features::REDIRECT, || {
            descriptors::redirect(fd, path, flags, mode, pipe)
        }),
        Action::Close(fd) => {
            if_feature::<FEATURES>(features::CLOSE, || descriptors::close(fd, pipe))
        }
        Action::Dup2 { from, to } => {
            if_feature::<FEATURES>(features::DUP2, || descriptors::dup2(from, to, pipe))
        }
        Action::Chdir(path) => if_feature::<FEATURES>(features::CHDIR, || sys::file::chdir(path)),
        Action::Fchdir(fd) => {
            if_feature::<FEATURES>(features::FCHDIR, || sys::file::fchdir(pipe.named(fd)?))
        }
        Action::CloseFrom(first) => if_feature::<FEATURES>(features::CLOSE_FROM, || {
            descriptors::close_from(first, pipe)
        }),
        Action::SetForeground(fd) => if_feature::<FEATURES>(features::SET_FOREGROUND, || {
            // All signals are blocked, also `SIGTTOU`. So a child in the background can make this call.
            sys::terminal::tcsetpgrp(pipe.named(fd)?, sys::process::getpgid(0)?)
        }),
        Action::ControllingTerminal(fd) => {
            if_feature::<FEATURES>(features::CONTROLLING_TERMINAL, || {
                sys::terminal::set_controlling(pipe.named(fd)?)
            })
        }
        Action::Chroot(path) => {
            if_feature::<FEATURES>(features::CHROOT, || sys::file::chroot(path))
        }
        Action::Setns(fd, namespaces) => if_feature::<FEATURES>(features::SETNS, || {
            // Otherwise, a process that is root in the user namespace could read the memory.
            dumpable::hide()?;
            sys::namespace::setns(pipe.named(fd)?, namespaces)
        }),
        Action::Umask(mask) => {
            if_feature::<FEATURES>(features::UMASK, || sys::file::umask(mask).map(drop))
        }
        Action::Limit(resource, limit) => if_feature::<FEATURES>(features::LIMIT, || {
            sys::resource::setrlimit(resource, limit)
        }),
        Action::Groups(groups) => {
            if_feature::<FEATURES>(features::GROUPS, || sys::credentials::setgroups(groups))
        }
        Action::Gid(gid) => if_feature::<FEATURES>(features::GID, || GROUP.set(gid)),
        Action::Uid(uid) => if_feature::<FEATURES>(features::UID, || USER.set(uid)),
        Action::ResetIds => if_feature::<FEATURES>(features::RESET_IDS, || {
            GROUP.reset()?;
            USER.reset()
        }),
        Action::Capabilities(which, set) => {
            if_feature::<FEATURES>(features::CAPABILITIES, || set_capabilities(which, set))
        }
        Action::Securebits(bits) => if_feature::<FEATURES>(features::SECUREBITS, || {
            sys::credentials::set_securebits(bits)
        }),
    }
}

fn set_capabilities(which: CapabilitySet, set: Capabilities) -> Result<(), Errno> {
    let is_ambient = match which {
        CapabilitySet::Inheritable => return sys::credentials::set_inheritable(set),
        CapabilitySet::Ambient => true,
        CapabilitySet::Bounding => false,
    };
    if is_ambient {
        sys::credentials::clear_ambient()?;
    }
    for capability in 0..u64::BITS {
        if set.contains(capability) != is_ambient {
            continue;
        }
        let answer = if is_ambient {
            sys::credentials::raise_ambient(capability)
        } else {
            sys::credentials::drop_from_bounding(capability)
        };
        match answer {
            // This capability does not exist: its number is above the kernel's last capability. The second call confirms this,
            // because a seccomp filter may also make the first call fail with `EINVAL`.
            Err(Errno::EINVAL)
                if !is_ambient
                    && capability > 0
                    && sys::credentials::bounding_contains(capability) == Err(Errno::EINVAL) =>
            {
                break;
            }
            answer => answer?,
        }
    }
    Ok(())
}

/// Calls `act` if the program uses this feature; otherwise fails, and the program contains no code for `act`.
#[inline(always)]
fn if_feature<const FEATURES: u32>(
    feature: u32,
    act: impl FnOnce() -> Result<(), Errno>,
) -> Result<(), Errno> {
    if FEATURES & feature == 0 {
        return Err(Errno::EINVAL);
    }
    act()
}
