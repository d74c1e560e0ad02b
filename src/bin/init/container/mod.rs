//! Container life: runs one command, as PID 1 of a container or under another supervisor.

use nestling::rt;

/// Runs the command of the arguments: init's exit status.
pub fn live(_process: rt::Process) -> i32 {
    125
}
