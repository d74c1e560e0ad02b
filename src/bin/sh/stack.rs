//! How much stack there is for what recurses: the parser, the execution of what it has parsed, expansions, functions.

use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};

use nestling::rt;

/// What is left for whatever does not ask whether there is enough: built-ins, a spawn, a signal's handler.
const RESERVE: usize = 256 * 1024;

/// How much is used at most.
const MOST: usize = 96 * 1024 * 1024;

/// Below this address the stack is nearly used up. (What is freed has no shell to ask.)
static END: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug)]
pub struct Stack {
    process: rt::Process,
    /// The least address that it may grow to where the soft limit is lower; `None` while that was not needed.
    extended: Cell<Option<usize>>,
}

impl Stack {
    pub fn new(process: rt::Process) -> Self {
        let stack = Self {
            process,
            extended: Cell::new(None),
        };
        stack.measure();
        stack
    }

    /// Finds out where it ends: at the start, and where its limit has changed.
    pub fn measure(&self) {
        let lowest = self.process.stack_end(MOST);
        let lowest = self.extended.get().map_or(lowest, |end| end.min(lowest));
        // A small stack is shared with what does not ask.
        let reserve = RESERVE.min(here().saturating_sub(lowest) / 2);
        END.store(lowest + reserve, Ordering::Relaxed);
    }

    /// Whether there is little left: what recurses asks for it and gives up with a message, before the kernel does by SIGSEGV.
    pub fn is_low(&self) -> bool {
        is_low() && !self.grows()
    }

    /// Tries once to extend it beyond its soft limit. Whether there is enough then.
    #[cold]
    #[inline(never)]
    fn grows(&self) -> bool {
        if self.extended.get().is_none() {
            let end = self.process.extend_stack(MOST);
            self.extended.set(Some(end.unwrap_or(usize::MAX)));
            self.measure();
        }
        !is_low()
    }
}

/// Whether there is little left of what it has grown to, or may grow to by itself. What frees a tree asks for it: rather than to overflow, it
/// leaves the rest in memory.
#[inline]
pub fn is_low() -> bool {
    here() < END.load(Ordering::Relaxed)
}

#[inline]
fn here() -> usize {
    let here = 0_u8;
    (&raw const here).addr()
}
