//! Reaping: PID 1 inherits every process whose parent is gone, and nobody else waits for those.

use nestling::{Errno, ExitStatus, Pid, Signal, sys};

/// How a command ended.
pub struct End {
    pub status: ExitStatus,
    /// How many others were reaped until then.
    pub orphans: i32,
}

/// Reaps all that ends, until `child` does, and what has ended by then.
pub fn reap_until_end_of(child: Pid) -> End {
    let mut end = End {
        status: ExitStatus::default(),
        orphans: 0,
    };
    let mut options = 0;
    loop {
        match sys::process::wait4(-1, options) {
            Ok(Some((pid, status))) if pid == child => {
                end.status = status;
                // From here on only what does not let it wait.
                options = linux_raw_sys::general::WNOHANG;
            }
            Ok(Some(_)) => end.orphans += 1,
            Err(Errno::EINTR) => {}
            Ok(None) | Err(_) => return end,
        }
    }
}

/// Kills every process but this one, and reaps them: how many.
pub fn stop_all() -> i32 {
    // There may be none.
    let _ = sys::process::kill(-1, Some(Signal::KILL));
    let mut count = 0;
    loop {
        match sys::process::wait4(-1, 0) {
            Ok(_) => count += 1,
            Err(Errno::EINTR) => {}
            Err(_) => return count,
        }
    }
}
