//! The parent's side, in order: block signals, make the child, wait until it has left, reap what failed, restore. A parent that does not
//! want to wait only makes the child (`starting.rs` has the rest).

use core::mem::MaybeUninit;

use super::actions::Action;
use super::clone::{self, Made};
use super::job::Job;
use super::report::{At, Error, Record};
use super::starting::Starting;
use super::used;
use super::watch::Watch;
use super::{Child, Spawn};
use crate::errno::Errno;
use crate::signal::Signal;
use crate::sys;
use crate::sys::dumpable::KeptDumpable;
use crate::wait;

/// Starts the program. No handler of the parent runs meanwhile: it could be seen to run twice, or in the child.
///
/// # Safety
/// The stack has at least [`STACK_SIZE`](super::STACK_SIZE) bytes, and nothing else uses it before this function returns.
pub(super) unsafe fn start<'a, const USED: u32>(
    spawn: &Spawn<'a>,
    stack: *mut [MaybeUninit<u8>],
) -> Result<Child, Error<'a>> {
    let mut job = new_job::<USED>(spawn, stack);
    let mut killer = None;
    match job.block_signals::<USED>() {
        Ok(()) => {
            let outcome = start_with_signals_blocked::<USED>(&job);
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

/// Makes the child, on a copy of the memory, and does not wait for it.
///
/// # Safety
/// As of [`start`].
pub(super) unsafe fn begin<'a, const USED: u32>(
    spawn: &Spawn<'a>,
    stack: *mut [MaybeUninit<u8>],
) -> Result<Starting<'a>, Error<'a>> {
    let mut job = new_job::<USED>(spawn, stack);
    let made = job.block_signals::<USED>().and_then(|()| {
        let made = clone::make_copied::<USED>(&job);
        // This cannot fail: the mask is one that the kernel gave us.
        let _ = sys::signal::set_mask(job.mask);
        made
    });
    match made {
        Ok((pid, pidfd, pipe)) => {
            let child = Child::new(pid, pidfd);
            Ok(Starting::new(spawn, child, pipe, job.record()))
        }
        Err(errno) => {
            job.fail(errno);
            Err(job.failure(None))
        }
    }
}

fn new_job<'s, 'a, const USED: u32>(
    spawn: &'s Spawn<'a>,
    stack: *mut [MaybeUninit<u8>],
) -> Job<'s, 'a> {
    let mut job = Job::new(spawn, stack);
    let dies_with_it = spawn.attributes.parent_death_signal.is_some();
    let has_hook = spawn.attributes.hook.is_some();
    if USED & used::PARENT_DEATH_SIGNAL != 0 && dies_with_it || USED & used::HOOK != 0 && has_hook {
        job.parent = sys::process::try_getpid().ok();
    }
    job
}

/// If that fails, the record says why, unless it says nothing: then the child was killed by this signal.
fn start_with_signals_blocked<const USED: u32>(job: &Job<'_, '_>) -> Result<Child, Option<Signal>> {
    let dumpable = changes_dumpable::<USED>(job.spawn).then(KeptDumpable::keep);
    let Made { pid, pidfd, pipe } = match clone::make::<USED>(job) {
        Ok(made) => made,
        Err(errno) => {
            job.fail(errno);
            return Err(None);
        }
    };
    let mut watch = Watch::new(pid);
    let heard = watch.wait::<USED>(job, pipe);
    let pidfd = pidfd.filter(|_| USED & used::PIDFD != 0);
    let outcome = conclude::<USED>(job, &watch, heard, Child::new(pid, pidfd));
    // Only now, when the child has left this memory: else its new user could look into it.
    drop(dumpable);
    outcome
}

/// What comes of what was heard of the child. After a failure it is reaped.
pub(super) fn conclude<const USED: u32>(
    job: &Job<'_, '_>,
    watch: &Watch,
    heard: Result<(), Errno>,
    mut child: Child,
) -> Result<Child, Option<Signal>> {
    if heard.is_ok() && job.record() == Record::REACHED {
        watch.stop_again();
        return Ok(child);
    }
    // A program whose spawns make no pidfd has no code for one.
    let may_have_pidfd = USED & used::PIDFD != 0;
    if heard.is_err() {
        let _ = match may_have_pidfd {
            true => child.signal(Signal::KILL),
            false => sys::process::kill(child.id().as_raw(), Some(Signal::KILL)),
        };
    }
    // No zombie, and the child off this stack, before the caller has it back. If the child is not there to reap,
    // another wait has done so, and it is gone all the same.
    let status = match may_have_pidfd {
        true => child.wait(),
        false => wait::wait(child.id()),
    };
    let killer = status.ok().and_then(|status| status.signal());
    if let Err(errno) = heard {
        // Only now, when the child notes no more.
        job.begin(At::STATUS_PIPE);
        job.fail(errno);
    }
    Err(killer)
}

/// Whether a change of ids in the child would change in the parent, the memory being shared, whether the parent may be traced
/// and dumped.
fn changes_dumpable<const USED: u32>(spawn: &Spawn<'_>) -> bool {
    let changes_ids = |action: &Action<'_>| match action {
        Action::Uid(_) => USED & used::UID != 0,
        Action::Gid(_) => USED & used::GID != 0,
        Action::ResetIds => USED & used::RESET_IDS != 0,
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
        // A process that loses capabilities stays dumpable.
        | Action::Capabilities(..)
        | Action::Securebits(_) => false,
    };
    USED & used::DUMPABLE != 0
        && USED & used::SHARED != 0
        && spawn.attributes.share_memory()
        && spawn.actions.iter().any(changes_ids)
}
