//! Ending all other processes at the end of the machine.
//!
//! Processes of root storage are spared until the file systems are unmounted. Such a process serves the disk that the root
//! directory is on. It runs as root, and its first argument begins with `@` (systemd's convention, "Root Storage Daemons").

use nestling::dir::ReadDir;
use nestling::text::{self, Sink};
use nestling::{Errno, Signal, sys};

use super::Machine;
use crate::buffer::path;
use crate::stat;

/// The signals that ask a process to end. (A stopped process handles `SIGTERM` only after `SIGCONT`.)
const ASK_TO_END: &[Signal] = &[Signal::TERM, Signal::CONT];

/// Asks one process to end. A process with a terminal may be an interactive shell, which ignores `SIGTERM`, so it also gets
/// `SIGHUP`. Other processes do not get `SIGHUP`: it would end them at once, or make them read their settings again.
pub fn ask_to_end(pid: i32, has_terminal: bool) {
    send(pid, ASK_TO_END);
    if has_terminal {
        send(pid, &[Signal::HUP]);
    }
}

fn send(pid: i32, signals: &[Signal]) {
    for &signal in signals {
        // An error means that the process has ended.
        let _ = sys::process::kill(pid, Some(signal));
    }
}

impl Machine {
    /// Returns whether processes of root storage exist.
    pub fn has_root_storage(&mut self, end: u32) -> bool {
        self.limited(end, &mut || match visit_all(&mut |_, spared| spared) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Errno::ENOENT),
            Err(errno) => Err(errno),
        }) == Some(Ok(()))
    }

    /// Asks all processes to end. If `spare` is true, spares the processes of root storage.
    pub fn ask_all_to_end(&mut self, end: u32, spare: bool) {
        self.signal_all(end, ASK_TO_END, spare);
        self.limited(end, &mut || {
            visit_all(&mut |pid, spared| {
                if !(spare && spared) && has_terminal(pid) {
                    send(pid, &[Signal::HUP]);
                }
                false
            })
            .map(drop)
        });
    }

    /// Sends the signals to all processes. If `spare` is true, spares the processes of root storage.
    #[inline(never)]
    pub fn signal_all(&mut self, end: u32, signals: &[Signal], spare: bool) {
        let mut visit = || signal_others(signals);
        if !spare || !matches!(self.limited(end, &mut visit), Some(Ok(()) | Err(LEFT))) {
            send(-1, signals);
        }
    }

    /// Waits until all processes (if `spare` is true, except those of root storage) have ended, and reaps them. Returns whether
    /// they ended by the time `end`.
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

/// The error of [`signal_others`] if such processes exist.
const LEFT: Errno = Errno::EBUSY;

/// Sends the signals to all processes except those of root storage.
///
/// # Errors
/// [`LEFT`] if such processes exist.
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

/// Calls `visit` with the id of each process, and with whether it is a process of root storage, until `visit` returns true. Returns
/// whether `visit` has returned true. Leaves out process 1, this process, and processes without arguments (zombies and the kernel's
/// threads).
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
        let mut room = [0];
        let first = stat::beginning(path.as_c_str(), &mut room);
        if pid > 1 && pid != own && !first.is_empty() && visit(pid, is_roots && first == b"@") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns whether the process has a controlling terminal.
fn has_terminal(pid: i32) -> bool {
    stat::number(pid, stat::TERMINAL).is_some_and(|terminal| terminal != 0)
}
