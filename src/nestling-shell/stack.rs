//! How much stack recursion may use: in the parser, in expansions, and when a tree is freed.

use core::sync::atomic::{AtomicUsize, Ordering};

/// Below this address, the stack is nearly used up. (It is a static variable because the code that frees a tree has no access to
/// the program's state.)
static END: AtomicUsize = AtomicUsize::new(0);

/// Sets the address below which [`is_low`] returns true. Without a call, it always returns false. The stack below the address must
/// suffice for code that does not check.
pub fn set_end(address: usize) {
    END.store(address, Ordering::Relaxed);
}

/// Whether little is left of the stack. The code that frees a tree calls this: if little is left, it leaks the rest of the tree
/// instead of overflowing the stack.
#[inline]
pub fn is_low() -> bool {
    here() < END.load(Ordering::Relaxed)
}

/// Returns an address in the caller's part of the stack.
#[inline]
pub fn here() -> usize {
    let here = 0_u8;
    (&raw const here).addr()
}
