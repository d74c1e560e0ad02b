//! What the parent gives its child to do, and where the child notes what became of it.

use core::cell::Cell;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::report::{Error, Record, StepCode};
use super::search::PathBuffer;
use super::{Spawn, features};
use crate::errno::Errno;
use crate::fd::RawFd;
use crate::process::Pid;
use crate::signal::{SigSet, Signal};
use crate::sys::signal;

/// A child's task: the spawn, how the child is made, and the child's record. It lies in the parent's stack frame. If the memory
/// is shared, both processes have a reference to it. So the fields that change while there is a child are cells, and those of
/// them that the parent reads in this time are atomic.
pub(super) struct ChildTask<'s, 'a> {
    pub spawn: &'s Spawn<'a>,
    /// The signal mask that the parent had before it blocked all signals.
    pub mask: SigSet,
    /// The parent, where the child must know it: for its death, or for a hook.
    pub parent: Option<Pid>,
    /// The child's stack. It is not a reference, since the child writes to it while the parent is here.
    pub stack: *mut [MaybeUninit<u8>],
    /// How the child is made. It changes only while there is none.
    pub means: Cell<Means>,
    /// The child's current step; before there is a child, the parent's current step. The parent may read this field while the child
    /// writes it.
    code: AtomicU32,
    /// The errno of that step, if the step has failed. The parent reads this field only when the child no longer writes it.
    errno: Cell<Option<Errno>>,
    /// 1 until the child has left the memory that it shares.
    pub present: AtomicU32,
}

/// How a child is made.
#[derive(Clone, Copy, Default)]
pub(super) struct Means {
    /// The child's writes reach the parent.
    pub memory_shared: bool,
    /// The kernel resets the signal handlers.
    pub handlers_reset: bool,
    /// The kernel may end the parent, too, if a signal that dumps core kills the child.
    pub dies_together: bool,
    /// The kernel puts the child into its cgroup.
    pub in_cgroup: bool,
    /// The parent does not wait for the child, and may close its end of the pipe at any time.
    pub begins: bool,
    /// The status pipe's ends, the reading one first, if there is one.
    pub pipe: Option<(RawFd, RawFd)>,
}

impl<'s, 'a> ChildTask<'s, 'a> {
    /// With nothing done yet.
    #[inline(never)]
    pub fn new(spawn: &'s Spawn<'a>, stack: *mut [MaybeUninit<u8>]) -> Self {
        Self {
            spawn,
            mask: SigSet::EMPTY,
            parent: None,
            stack,
            means: Cell::default(),
            code: AtomicU32::new(0),
            errno: Cell::default(),
            present: AtomicU32::new(1),
        }
    }

    /// Room for the pathnames that a search tries: the lower half of the child's stack, which is free by then.
    pub fn buffer(&self) -> *mut PathBuffer {
        self.stack.cast()
    }

    /// Blocks all signals. Fails if the spawn uses a feature whose code was left out.
    pub fn block_signals<const FEATURES: u32>(&mut self) -> Result<(), Errno> {
        if let Some(attribute) = features::missing::<FEATURES>(&self.spawn.attributes) {
            self.begin(StepCode::attribute(attribute));
            return Err(Errno::EINVAL);
        }
        self.begin(StepCode::BLOCK_SIGNALS);
        self.mask = signal::set_mask(SigSet::ALL)?;
        Ok(())
    }

    /// Notes the step that begins: an errno that is returned later is its errno.
    #[inline]
    pub fn begin(&self, code: StepCode) {
        self.code.store(code.as_raw(), Relaxed);
    }

    /// Notes that the step has failed.
    pub fn fail(&self, errno: Errno) {
        self.errno.set(Some(errno));
    }

    /// The code of the step that has begun last.
    pub fn code(&self) -> StepCode {
        StepCode::from_raw(self.code.load(Relaxed))
    }

    /// Returns the child's record. Call this only when the child no longer writes the record.
    pub fn record(&self) -> Record {
        Record {
            code: self.code(),
            errno: self.errno.get(),
        }
    }

    /// Takes a record that has come over the pipe.
    pub fn set_record(&self, record: Record) {
        self.begin(record.code);
        self.errno.set(record.errno);
    }

    /// What the record says, or, if it says nothing, that this signal killed the child.
    #[cold]
    #[inline(never)]
    pub fn failure(&self, signal: Option<Signal>) -> Error<'a> {
        let record = self.record();
        record.error(self.spawn.program, self.spawn.actions, signal)
    }
}
