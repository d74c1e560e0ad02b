//! Replacing this process's program: the process itself carries out the steps of a child.

use core::mem::MaybeUninit;
use core::ptr::slice_from_raw_parts_mut;

use super::Spawn;
use super::child;
use super::features;
use super::pipe::StatusPipe;
use super::report::{Attribute, Error, StepCode};
use super::search::PathBuffer;
use super::task::{ChildTask, Means};
use crate::errno::Errno;
use crate::sys;

/// Returns only after an error. The changes of earlier steps stay in effect, except for the signal mask.
pub(super) fn exec<'a, const FEATURES: u32>(spawn: &Spawn<'a>) -> Error<'a> {
    let mut buffer = MaybeUninit::<PathBuffer>::uninit();
    let stack = slice_from_raw_parts_mut(buffer.as_mut_ptr().cast(), size_of::<PathBuffer>());
    let mut task = ChildTask::new(spawn, stack);
    task.means.set(Means {
        // No other process waits for a record.
        memory_shared: true,
        // The exec resets the handlers.
        handlers_reset: true,
        ..Means::default()
    });
    // This also blocks `SIGTTOU`, as in a child, because this process may be in the background.
    let mut answer = task.block_signals::<FEATURES>();
    let blocked = answer.is_ok();
    // Without a new process, there are no new namespaces.
    if FEATURES & features::NAMESPACES != 0 && spawn.attributes.namespaces.is_some() {
        task.note_step(StepCode::attribute(Attribute::Namespaces));
        answer = Err(Errno::EINVAL);
    }
    let Err(errno) =
        answer.and_then(|()| child::carry_out::<FEATURES>(&task, &mut StatusPipe::none()));
    task.fail(errno);
    if blocked {
        let _ = sys::signal::set_mask(task.mask);
    }
    task.failure(None)
}
