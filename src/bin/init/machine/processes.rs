//! All other processes, at the end of the machine.
//!
//! Those of root storage are spared until the file systems are unmounted: a process of root's whose first argument begins with
//! `@` serves the disk that the root directory is on (systemd's convention, "Root Storage Daemons").

use core::ffi::CStr;

use nestling::dir::ReadDir;
use nestling::text::{self, Sink};
use nestling::{AsFd, Errno, OFlags, Signal, sys};

use super::Machine;
use crate::buffer::path;
use crate::clock::after;

/// What asks a process to end: `SIGHUP` is for interactive shells, which ignore `SIGTERM`; what is stopped takes no signal but
/// `SIGCONT`.
pub const ASK_TO_END: &[Signal] = &[Signal::TERM, Signal::CONT, Signal::HUP];

/// Asks one process to end.
pub fn ask_to_end(pid: i32) {
    send(pid, ASK_TO_END);
}

fn send(pid: i32, signals: &[Signal]) {
    for &signal in signals {
        // It may have ended.
        let _ = sys::process::kill(pid, Some(signal));
    }
}

impl Machine<'_> {
    /// Whether there are processes of root storage.
    pub fn has_root_storage(&mut self) -> bool {
        self.limited(
            after(STEP),
            &mut || match visit_all(&mut |_, spared| spared) {
                Ok(true) => Ok(()),
                Ok(false) => Err(Errno::ENOENT),
                Err(errno) => Err(errno),
            },
        ) == Some(Ok(()))
    }

    /// Sends the signals to all processes, or to all but those of root storage.
    #[inline(never)]
    pub fn signal_all(&mut self, signals: &[Signal], spare: bool) {
        let mut visit = || signal_others(signals);
        if !spare
            || !matches!(
                self.limited(after(STEP), &mut visit),
                Some(Ok(()) | Err(LEFT))
            )
        {
            send(-1, signals);
        }
    }

    /// Waits until all of them have ended, which are reaped: whether that was in time.
    #[inline(never)]
    pub fn wait_for_all(&mut self, end: u32, spare: bool) -> bool {
        self.wait_until(end, &mut |machine| {
            if !machine.reap() {
                return true;
            }
            spare && machine.limited(end, &mut || signal_others(&[])) == Some(Ok(()))
        })
    }
}

/// How many seconds it may take to look at all processes.
const STEP: u32 = 5;

/// What [`signal_others`] says if there are some.
const LEFT: Errno = Errno::EBUSY;

/// Sends the signals to all processes but those of root storage.
///
/// # Errors
/// [`LEFT`] if there are some.
fn signal_others(signals: &[Signal]) -> Result<(), Errno> {
    let mut any = false;
    visit_all(&mut |pid, spared| {
        if !spared {
            any = true;
            send(pid, signals);
        }
        false
    })?;
    if any { Err(LEFT) } else { Ok(()) }
}

/// Calls `visit` with each process but process 1 and this one, and whether it is one of root storage, until that says so: whether
/// it did. Zombies and the kernel's own threads have no arguments and are left out.
fn visit_all(visit: &mut dyn FnMut(i32, bool) -> bool) -> Result<bool, Errno> {
    let own = sys::process::getpid().as_raw();
    let mut processes = ReadDir::open(c"/proc")?;
    while let Some(entry) = processes.next()? {
        let Some(pid) = text::number(entry.name.to_bytes(), 10) else {
            continue;
        };
        let (pid, mut path) = (pid as i32, path("/proc/", entry.name.to_bytes()));
        let is_roots = sys::file::stat(path.as_c_str()).is_ok_and(|it| it.uid() == 0);
        path.put(b"/cmdline");
        let first = first_byte(path.as_c_str());
        if pid > 1 && pid != own && first.is_some() && visit(pid, is_roots && first == Some(b'@')) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn first_byte(path: &CStr) -> Option<u8> {
    let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0).ok()?;
    let mut byte = [0];
    let count = sys::fd::read(file.as_fd(), &mut byte).ok()?;
    (count > 0).then_some(byte[0])
}
