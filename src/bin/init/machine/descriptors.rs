//! How many descriptors process 1 may have. Each service that starts takes one, and there can be more services than a process may
//! have descriptors as a rule.

use core::sync::atomic::{AtomicUsize, Ordering};

use nestling::sys::resource::{getrlimit, setrlimit};
use nestling::{Resource, Rlimit};

/// The limit with which process 1 was started.
static SOFT: AtomicUsize = AtomicUsize::new(0);
static HARD: AtomicUsize = AtomicUsize::new(0);

/// Raises the limit as far as it goes. Where that is refused, fewer services can start at a time.
pub fn raise() {
    if let Ok(Rlimit { soft, hard }) = getrlimit(Resource::Nofile) {
        SOFT.store(soft as usize, Ordering::Relaxed);
        HARD.store(hard as usize, Ordering::Relaxed);
        let _ = setrlimit(Resource::Nofile, Rlimit { soft: hard, hard });
    }
}

/// Sets the limit to what it was: what this process is about to execute gets that.
#[inline(never)]
pub fn restore() {
    let [soft, hard] = [&SOFT, &HARD].map(|it| it.load(Ordering::Relaxed) as u64);
    if hard > 0 {
        let _ = setrlimit(Resource::Nofile, Rlimit { soft, hard });
    }
}
