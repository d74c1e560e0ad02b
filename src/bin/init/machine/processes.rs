//! All other processes, at the end of the machine.
//!
//! Those of root storage are spared until the file systems are unmounted: a process of root's whose first argument begins with
//! `@` serves the disk that the root directory is on (systemd's convention, "Root Storage Daemons").

use nestling::dir::ReadDir;
use nestling::text::{self, Sink};
use nestling::{Errno, Signal, sys};

use super::Machine;
use crate::buffer::path;
use crate::stat;

/// What asks a process to end. (What is stopped takes no signal but `SIGCONT`.)
const ASK_TO_END: &[Signal] = &[Signal::TERM, Signal::CONT];

/// Asks one process to end. With a terminal it may be an interactive shell, which ignores `SIGTERM`, and gets `SIGHUP`, too. Any
/// other would end at once by that, or take it for a request to read its settings.
pub fn ask_to_end(pid: i32, has_terminal: bool) {
    send(pid, ASK_TO_END);
    if has_terminal {
        send(pid, &[Signal::HUP]);
    }
}

fn send(pid: i32, signals: &[Signal]) {
    for &signal in signals {
        // It may have ended.
        let _ = sys::process::kill(pid, Some(signal));
    }
}

impl Machine {
    /// Whether there are processes of root storage.
    pub fn has_root_storage(&mut self, end: u32) -> bool {
        self.limited(end, &mut || match visit_all(&mut |_, spared| spared) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Errno::ENOENT),
            Err(errno) => Err(errno),
        }) == Some(Ok(()))
    }

    /// Asks all processes, or all but those of root storage, to end.
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

    /// Sends the signals to all processes, or to all but those of root storage.
    #[inline(never)]
    pub fn signal_all(&mut self, end: u32, signals: &[Signal], spare: bool) {
        let mut visit = || signal_others(signals);
        if !spare || !matches!(self.limited(end, &mut visit), Some(Ok(()) | Err(LEFT))) {
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
        let mut room = [0];
        let first = stat::beginning(path.as_c_str(), &mut room);
        if pid > 1 && pid != own && !first.is_empty() && visit(pid, is_roots && first == b"@") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether it has a controlling terminal.
fn has_terminal(pid: i32) -> bool {
    stat::number(pid, stat::TERMINAL).is_some_and(|terminal| terminal != 0)
}
