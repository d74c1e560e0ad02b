//! The limit on the descriptors of process 1. Each service that is starting needs one descriptor, and the maximum number of
//! services is above the usual limit.

use core::sync::atomic::{AtomicUsize, Ordering};

use nestling::sys::resource::{getrlimit, setrlimit};
use nestling::{Resource, Rlimit};

/// The limit with which process 1 was started.
static SOFT: AtomicUsize = AtomicUsize::new(0);
static HARD: AtomicUsize = AtomicUsize::new(0);

/// Raises the limit to the hard limit. If this fails, fewer services can start at the same time.
pub fn raise() {
    if let Ok(Rlimit { soft, hard }) = getrlimit(Resource::Nofile) {
        SOFT.store(soft as usize, Ordering::Relaxed);
        HARD.store(hard as usize, Ordering::Relaxed);
        let _ = setrlimit(Resource::Nofile, Rlimit { soft: hard, hard });
    }
}

/// Restores the old limit, for a program that this process is about to execute.
#[inline(never)]
pub fn restore() {
    let [soft, hard] = [&SOFT, &HARD].map(|it| it.load(Ordering::Relaxed) as u64);
    if hard > 0 {
        let _ = setrlimit(Resource::Nofile, Rlimit { soft, hard });
    }
}
