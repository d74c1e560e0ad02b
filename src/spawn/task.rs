//! The data that the parent passes to its child, and the record in which the child stores its progress.

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

/// A child's task: the spawn, how the child is made, and the child's record. It lies in the parent's stack frame. If the memory is
/// shared, both processes have a reference to it. So the fields that change while the child exists are cells, and the fields that
/// the parent reads during this time are atomic.
pub(super) struct ChildTask<'s, 'a> {
    pub spawn: &'s Spawn<'a>,
    /// The signal mask that the parent had before it blocked all signals.
    pub mask: SigSet,
    /// The parent's id; `None` if the child does not need it (for the parent-death signal or for a hook).
    pub parent: Option<Pid>,
    /// The child's stack. It is not a reference, because the child writes to the stack while the parent runs.
    pub stack: *mut [MaybeUninit<u8>],
    /// How the child is made. It changes only before the child exists.
    pub means: Cell<Means>,
    /// The read end and the write end of the pipe at which a child in a new user namespace waits for its ids.
    pub gate: Cell<Option<(RawFd, RawFd)>>,
    /// The child's current step; before there is a child, the parent's current step. The parent may read this field while the child
    /// writes it.
    code: AtomicU32,
    /// The errno of that step, if the step has failed. The parent reads this field only when the child no longer writes it.
    errno: Cell<Option<Errno>>,
    /// The mark: 1 until the child no longer shares the memory.
    pub present: AtomicU32,
}

/// How a child is made.
#[derive(Clone, Copy, Default)]
pub(super) struct Means {
    /// Whether the child shares the parent's memory, so that the parent sees what the child writes.
    pub memory_shared: bool,
    /// Whether the kernel resets the signal handlers.
    pub handlers_reset: bool,
    /// Whether the kernel may also end the parent if a signal that dumps core kills the child.
    pub dies_together: bool,
    /// Whether the kernel places the child in its cgroup.
    pub in_cgroup: bool,
    /// Whether the spawn only begins: the parent does not wait for the child, and may close its end of the pipe at any time.
    pub begins: bool,
    /// The read end and the write end of the status pipe; `None` if the child has no pipe.
    pub pipe: Option<(RawFd, RawFd)>,
}

impl<'s, 'a> ChildTask<'s, 'a> {
    /// Makes a task whose steps have not begun.
    #[inline(never)]
    pub fn new(spawn: &'s Spawn<'a>, stack: *mut [MaybeUninit<u8>]) -> Self {
        Self {
            spawn,
            mask: SigSet::EMPTY,
            parent: None,
            stack,
            means: Cell::default(),
            gate: Cell::default(),
            code: AtomicU32::new(0),
            errno: Cell::default(),
            present: AtomicU32::new(1),
        }
    }

    /// Returns the buffer for the pathnames that a search tries. It is the lower half of the child's stack, which the child's
    /// functions do not use.
    pub fn buffer(&self) -> *mut PathBuffer {
        self.stack.cast()
    }

    /// Blocks all signals. Fails if the spawn uses a feature whose code was left out.
    pub fn block_signals<const FEATURES: u32>(&mut self) -> Result<(), Errno> {
        if let Some(attribute) = features::missing::<FEATURES>(&self.spawn.attributes) {
            self.note_step(StepCode::attribute(attribute));
            return Err(Errno::EINVAL);
        }
        self.note_step(StepCode::BLOCK_SIGNALS);
        self.mask = signal::set_mask(SigSet::ALL)?;
        Ok(())
    }

    /// Stores the step that begins now. If this step fails, the returned errno belongs to it.
    #[inline]
    pub fn note_step(&self, code: StepCode) {
        self.code.store(code.as_raw(), Relaxed);
    }

    /// Stores the errno of the failed step.
    pub fn fail(&self, errno: Errno) {
        self.errno.set(Some(errno));
    }

    /// Returns the code of the step that has begun last.
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

    /// Stores a record that the parent has read from the pipe.
    pub fn set_record(&self, record: Record) {
        self.note_step(record.code);
        self.errno.set(record.errno);
    }

    /// Returns the error that the record describes. If the record contains no errno, the error is that this signal killed the
    /// child.
    #[cold]
    #[inline(never)]
    pub fn failure(&self, signal: Option<Signal>) -> Error<'a> {
        let record = self.record();
        record.error(self.spawn.program, self.spawn.actions, signal)
    }
}
