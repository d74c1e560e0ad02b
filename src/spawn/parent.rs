//! The parent's steps, in order: block the signals, make the child, wait until the child no longer shares the memory, reap a child
//! that failed, and restore the signal mask. A parent that does not wait only makes the child (`starting.rs` contains the other
//! steps).

use core::mem::MaybeUninit;

use super::actions::Action;
use super::clone::{self, Made};
use super::dumpable::KeptDumpable;
use super::features;
use super::report::{Error, Record, StepCode};
use super::starting::Starting;
use super::task::ChildTask;
use super::watch::Watch;
use super::{Child, Spawn};
use crate::errno::Errno;
use crate::signal::Signal;
use crate::sys;
use crate::wait;

/// Starts the program. The parent's signals are blocked during this call. Otherwise, a handler could run in the child, or in both
/// processes.
///
/// # Safety
/// The stack has at least [`STACK_SIZE`](super::STACK_SIZE) bytes, less those after its last multiple of 16. It ends there, and
/// nothing else uses it before this function returns.
pub(super) unsafe fn start<'a, const FEATURES: u32>(
    spawn: &Spawn<'a>,
    stack: *mut [MaybeUninit<u8>],
) -> Result<Child, Error<'a>> {
    let mut task = new_task::<FEATURES>(spawn, stack);
    let mut killer = None;
    match task.block_signals::<FEATURES>() {
        Ok(()) => {
            let outcome = start_with_signals_blocked::<FEATURES>(&task);
            // This cannot fail, because the kernel itself returned this mask.
            let _ = sys::signal::set_mask(task.mask);
            match outcome {
                Ok(child) => return Ok(child),
                Err(signal) => killer = signal,
            }
        }
        Err(errno) => task.fail(errno),
    }
    Err(task.failure(killer))
}

/// Makes a child with a copy of the memory, and does not wait for it.
///
/// # Safety
/// The same as for [`start`].
pub(super) unsafe fn begin<'a, const FEATURES: u32>(
    spawn: &Spawn<'a>,
    stack: *mut [MaybeUninit<u8>],
) -> Result<Starting<'a>, Error<'a>> {
    let mut task = new_task::<FEATURES>(spawn, stack);
    let made = task.block_signals::<FEATURES>().and_then(|()| {
        let made = clone::make_copied::<FEATURES>(&task);
        // This cannot fail, because the kernel itself returned this mask.
        let _ = sys::signal::set_mask(task.mask);
        made
    });
    match made {
        Ok((pid, pidfd, pipe)) => {
            let child = Child::new(pid, pidfd);
            Ok(Starting::new(spawn, child, pipe, task.record()))
        }
        Err(errno) => {
            task.fail(errno);
            Err(task.failure(None))
        }
    }
}

fn new_task<'s, 'a, const FEATURES: u32>(
    spawn: &'s Spawn<'a>,
    stack: *mut [MaybeUninit<u8>],
) -> ChildTask<'s, 'a> {
    let mut task = ChildTask::new(spawn, stack);
    let dies_with_it = spawn.attributes.parent_death_signal.is_some();
    let has_hook = spawn.attributes.hook.is_some();
    if FEATURES & features::PARENT_DEATH_SIGNAL != 0 && dies_with_it
        || FEATURES & features::HOOK != 0 && has_hook
    {
        task.parent = sys::process::try_getpid().ok();
    }
    task
}

/// Makes the child and waits for it. If this fails, the record contains the step and its errno. If the record contains no errno,
/// the returned signal killed the child.
fn start_with_signals_blocked<const FEATURES: u32>(
    task: &ChildTask<'_, '_>,
) -> Result<Child, Option<Signal>> {
    let dumpable = changes_dumpable::<FEATURES>(task.spawn).then(KeptDumpable::keep);
    let Made { pid, pidfd, pipe } = match clone::make::<FEATURES>(task) {
        Ok(made) => made,
        Err(errno) => {
            task.fail(errno);
            return Err(None);
        }
    };
    let mut watch = Watch::new(pid);
    let waited = watch.wait::<FEATURES>(task, pipe);
    let pidfd = pidfd.filter(|_| FEATURES & features::PIDFD != 0);
    let outcome = conclude::<FEATURES>(task, &mut watch, waited, Child::new(pid, pidfd));
    // The flag must stay clear while the child shares this memory, so that processes of the child's new user cannot read the
    // memory.
    drop(dumpable);
    outcome
}

/// Returns the child, or the signal that killed it. Reaps the child after a failure. `waited` is the result of the wait.
pub(super) fn conclude<const FEATURES: u32>(
    task: &ChildTask<'_, '_>,
    watch: &mut Watch,
    waited: Result<(), Errno>,
    mut child: Child,
) -> Result<Child, Option<Signal>> {
    if waited.is_ok() && task.record() == Record::REACHED {
        watch.stop_again();
        return Ok(child);
    }
    // If the program's spawns make no pidfd, the compiler leaves out the code for pidfds.
    let may_have_pidfd = FEATURES & features::PIDFD != 0;
    if waited.is_err() {
        let _ = match may_have_pidfd {
            true => child.signal(Signal::KILL),
            false => sys::process::kill(child.id().as_raw(), Some(Signal::KILL)),
        };
    }
    // The child must be reaped, and must not use this stack any more, before this function returns. If another wait has reaped the
    // child, it no longer uses the stack either. If a seccomp filter forbids the wait, `outlast` finds
    // out in other ways.
    let status = match may_have_pidfd {
        true => child.wait(),
        false => wait::wait(child.id()),
    };
    if !matches!(status, Ok(_) | Err(Errno::ECHILD)) {
        watch.outlast::<FEATURES>(task);
    }
    let killer = status.ok().and_then(|status| status.signal());
    if let Err(errno) = waited {
        // The parent may write the step now, because the child no longer does.
        task.note_step(StepCode::STATUS_PIPE);
        task.fail(errno);
    }
    Err(killer)
}

/// Returns whether the child changes its ids while it shares the memory. Such a change would also change the parent's
/// `PR_SET_DUMPABLE` flag.
fn changes_dumpable<const FEATURES: u32>(spawn: &Spawn<'_>) -> bool {
    let changes_ids = |action: &Action<'_>| match action {
        Action::Uid(_) => FEATURES & features::UID != 0,
        Action::Gid(_) => FEATURES & features::GID != 0,
        Action::ResetIds => FEATURES & features::RESET_IDS != 0,
        Action::Setns(..) => FEATURES & features::SETNS != 0,
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
        | Action::Groups(_)
        // The loss of capabilities does not change the flag.
        | Action::Capabilities(..)
        | Action::Securebits(_) => false,
    };
    FEATURES & features::DUMPABLE != 0
        && FEATURES & features::SHARED != 0
        && spawn.attributes.share_memory()
        && spawn.actions.iter().any(changes_ids)
}
