//! The amount of stack for recursion: in the parser, the execution of trees, expansions and functions.

use core::cell::Cell;

use nestling::rt;
use nestling_shell::stack::{here, is_low, set_end};

/// The stack reserved for code that does not check the amount: built-ins, a spawn, a signal handler.
const RESERVE: usize = 256 * 1024;

/// The greatest amount of stack that is used.
const MOST: usize = 96 * 1024 * 1024;

#[derive(Debug)]
pub struct Stack {
    process: rt::Process,
    /// The lowest address of the stack after it was extended beyond its soft limit. `None` if that was not tried yet.
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

    /// Determines the end of the stack. Called at the start, and after the limit of the stack has changed.
    pub fn measure(&self) {
        let lowest = self.process.stack_end(MOST);
        let lowest = self.extended.get().map_or(lowest, |end| end.min(lowest));
        // At most half of a small stack is reserved.
        let reserve = RESERVE.min(here().saturating_sub(lowest) / 2);
        set_end(lowest + reserve);
    }

    /// Whether little stack is left. Recursive code calls this and fails with a message, before the kernel would send SIGSEGV.
    pub fn is_low(&self) -> bool {
        is_low() && !self.grows()
    }

    /// Tries once to extend the stack beyond its soft limit. Returns whether enough stack is available.
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
