//! Whether the parent may be traced and dumped. A child that changes its ids changes that, in the memory that both share: until
//! it has left, nobody may look into it, and then it must be as before.

use crate::sys;

/// Whether this process may be traced and dumped. (2 is the kernel's to give.)
fn dumpable() -> Option<usize> {
    sys::process::dumpable()
        .ok()
        .filter(|&dumpable| dumpable <= 1)
}

/// What is to be restored of that, in a program without libc, which has one thread; the lock below would cost it 360 bytes.
#[cfg(all(feature = "rt", not(feature = "std")))]
pub(super) struct Dumpable(usize);

#[cfg(all(feature = "rt", not(feature = "std")))]
impl Dumpable {
    /// Keeps it, if the kernel says it.
    pub fn keep() -> Option<Self> {
        dumpable().map(Self)
    }

    /// When the child has left this memory.
    pub fn restore(self) {
        let _ = sys::process::set_dumpable(self.0);
    }
}

/// As above, where other threads' children may be at it, too: the first one keeps it, the last one restores it.
#[cfg(any(feature = "std", not(feature = "rt")))]
pub(super) struct Dumpable;

/// How many there are, and what the last one restores.
#[cfg(any(feature = "std", not(feature = "rt")))]
static KEPT: sys::futex::Mutex<(usize, Option<usize>)> = sys::futex::Mutex::new((0, None));

#[cfg(any(feature = "std", not(feature = "rt")))]
impl Dumpable {
    pub fn keep() -> Option<Self> {
        let mut kept = KEPT.lock();
        if kept.0 == 0 {
            kept.1 = dumpable();
        }
        kept.0 = kept.0.saturating_add(1);
        Some(Self)
    }

    pub fn restore(self) {}
}

#[cfg(any(feature = "std", not(feature = "rt")))]
impl Drop for Dumpable {
    fn drop(&mut self) {
        let mut kept = KEPT.lock();
        kept.0 = kept.0.saturating_sub(1);
        if let (0, Some(dumpable)) = *kept {
            // Under the lock: another thread may be about to begin.
            let _ = sys::process::set_dumpable(dumpable);
        }
    }
}
