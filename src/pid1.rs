//! What every process 1 does: it mounts file systems, reaps the processes that end, and at the end stops the machine.
//!
//! The kernel makes a process whose parent has ended (an *orphan*) a child of process 1. If process 1 does not reap its children, their
//! entries fill the table of processes. If process 1 ends, the kernel panics.
//!
//! A machine that runs one service:
//!
//! ```no_run
//! use core::time::Duration;
//! use nestling::spawn::{Memory, Program, Spawn};
//! use nestling::sys::reboot::Reboot;
//! use nestling::{Args, args, pid1};
//!
//! for (kind, target) in [(c"proc", c"/proc"), (c"sysfs", c"/sys"), (c"devtmpfs", c"/dev")] {
//!     if let Err(errno) = pid1::mount(kind, target) {
//!         eprintln!("{target:?}: {errno}");
//!     }
//! }
//! let list = args![c"service"];
//! let mut service = Spawn::new(Program::Path(c"/bin/service"), Args::new(&list), Args::EMPTY);
//! // If a child that shares the memory of process 1 is killed, the kernel may also kill process 1.
//! service.attributes.memory = Memory::Copied;
//! match service.start() {
//!     Ok(child) => eprintln!("{}", pid1::reap_until(child.id())?),
//!     Err(error) => eprintln!("{error}"),
//! }
//! eprintln!("{}", pid1::shut_down(Reboot::PowerOff, Duration::from_secs(5)));
//! # Ok::<(), nestling::Errno>(())
//! ```

use core::ffi::CStr;
use core::time::Duration;

use crate::errno::Errno;
use crate::process::{ExitStatus, Pid};
use crate::signal::Signal;
use crate::sys;
use crate::sys::mount::MountFlags;
use crate::sys::reboot::Reboot;
use crate::time::{Clock, Timestamp, now};
use crate::wait::{Options, Who, has_ended_within, wait_for};

/// Mounts a file system without a device, such as `proc`, at the directory `target`, which is made if it does not exist. Programs on it
/// do not get other privileges (`nosuid`). Does nothing if the same file system is mounted there already: the kernel may have mounted
/// `/dev`. Costs two system calls.
///
/// # Errors
/// The errors of `mount(2)`, except `EBUSY`: `ENODEV` if the kernel has no such file system; `ENOENT` if the directory could not be made;
/// `EPERM` if this process may not mount.
pub fn mount(kind: &CStr, target: &CStr) -> Result<(), Errno> {
    let _ = sys::file::mkdir(target, 0o755); // if it exists, the call fails
    match sys::mount::mount(kind, target, kind, MountFlags::NOSUID, c"") {
        Err(Errno::EBUSY) => Ok(()),
        mounted => mounted,
    }
}

/// Reaps every child that ends, until this one has ended, and returns its status. Costs one system call for each child.
///
/// # Errors
/// `ECHILD` if `pid` is not a child of this process, when all other children have ended.
pub fn reap_until(pid: Pid) -> Result<ExitStatus, Errno> {
    loop {
        match wait_for(Who::Any, Options::default()) {
            Ok(Some((ended, status))) if ended == pid => return Ok(status),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// The time for the processes to end after `SIGKILL`. A process that waits for a broken disk does not end.
const KILLED: Duration = Duration::from_secs(5);

/// Ends all other processes, and reaps them. They get `SIGTERM`, and `SIGCONT`, so that also stopped processes receive it. Those that still
/// run when the time `grace` is over get `SIGKILL`. Process 1 of a pid namespace ends all processes of the namespace.
///
/// # Errors
/// `EPERM` if this is not process 1: then no process gets a signal. `ETIMEDOUT` if some processes have not ended five seconds after
/// `SIGKILL`.
pub fn end_processes(grace: Duration) -> Result<(), Errno> {
    const ALL: i32 = -1;
    if sys::process::getpid().as_raw() != 1 {
        return Err(Errno::EPERM);
    }
    for (signal, time) in [(Signal::TERM, grace), (Signal::KILL, KILLED)] {
        // The calls fail if no process is left.
        let _ = sys::process::kill(ALL, Some(signal));
        let _ = sys::process::kill(ALL, Some(Signal::CONT));
        let start = now(Clock::Monotonic).unwrap_or(Timestamp::MAX);
        let end = start.checked_add(time).unwrap_or(Timestamp::MAX);
        loop {
            match wait_for(Who::Any, Options::NOHANG) {
                Ok(Some(_)) | Err(Errno::EINTR) => continue,
                Ok(None) => {}
                Err(_) => return Ok(()), // no child is left
            }
            let now = now(Clock::Monotonic).unwrap_or(end);
            let rest = end.checked_duration_since(now).unwrap_or_default();
            if has_ended_within(Who::Any, rest) != Ok(true) {
                break;
            }
        }
    }
    Err(Errno::ETIMEDOUT)
}

/// Stops the machine: [ends all processes](end_processes), writes all data to the disks, makes the root file system read-only, and
/// switches the machine off (or restarts it). It does not unmount other file systems. Process 1 of a pid namespace ends the namespace.
/// Returns only if that fails.
///
/// # Errors
/// `EPERM` if this is not process 1: then nothing happens. Otherwise the errors of `reboot(2)`.
#[must_use]
pub fn shut_down(how: Reboot, grace: Duration) -> Errno {
    if end_processes(grace) == Err(Errno::EPERM) {
        return Errno::EPERM;
    }
    sys::reboot::sync();
    let read_only = MountFlags::REMOUNT.union(MountFlags::RDONLY);
    // Some files may still be open for writing, for example if a process did not end.
    let _ = sys::mount::mount(c"", c"/", c"", read_only, c"");
    sys::reboot::reboot(how)
}
