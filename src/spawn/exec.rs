//! Becoming a program without a child: the child's steps, carried out by the process itself.

use core::cell::Cell;
use core::sync::atomic::AtomicU32;

use super::Spawn;
use super::child::{self, Job};
use super::pipe::StatusPipe;
use super::report::{Error, Step};
use super::search::PATH_MAX;
use super::used;
use crate::signal::SigSet;
use crate::sys;

/// Returns only what went wrong; what was done until then stays, but for the signal mask.
pub(super) fn exec<'a, const USED: u32>(spawn: &Spawn<'a>) -> Error<'a> {
    if let Err(error) = used::check::<USED>(&spawn.attributes) {
        return error;
    }
    // Among others SIGTTOU, as in a child: this process may be in the background.
    let mask = match sys::signal::set_mask(SigSet::ALL) {
        Ok(mask) => mask,
        Err(errno) => {
            let step = Step::BlockSignals;
            return Error::Failed { step, errno };
        }
    };
    let mut buffer = [0; PATH_MAX];
    let job = Job {
        spawn,
        pipe: None,
        mask,
        parent: None,
        buffer: &mut buffer,
        // The exec resets them.
        handlers_reset: true,
        in_cgroup: false,
        // Nobody waits for a record.
        memory_shared: true,
        record: Cell::default(),
        present: AtomicU32::new(1),
    };
    let Err(errno) = child::carry_out::<USED>(&job, &mut StatusPipe::none());
    let _ = sys::signal::set_mask(mask);
    let step = job.record.get().at.step(spawn);
    Error::Failed { step, errno }
}
