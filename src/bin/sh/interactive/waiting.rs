//! Waiting for the terminal's input, and the terminal's size.

use alloc::vec::Vec;
use core::time::Duration;

use nestling::poll::{self, Events, PollFd};
use nestling::rt::descriptors;
use nestling::text::Text;
use nestling::{Errno, SigSet, Signal, io, signals, sys, terminal};

use crate::options::Opt;
use crate::shell::Shell;
use nestling_shell::symbols::Symbol;

/// The event that ended [`wait_for_input`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Awaited {
    Input,
    /// A signal on which the shell acts, or one for which the caller waits.
    Signal,
    /// No input came for TMOUT seconds.
    Late,
    /// It is not possible to wait for input.
    Gone,
}

/// Returns the numbers of the terminal's columns and rows, and sets COLUMNS and LINES to them. If the terminal does not know its
/// size, as on a serial line, returns the values of the variables, or 0 for a variable that is not set.
pub fn size(shell: &mut Shell) -> [usize; 2] {
    let size = terminal::size(io::stderr()).unwrap_or_default();
    [(Symbol::COLUMNS, size.columns), (Symbol::LINES, size.rows)].map(|(name, number)| {
        let former = shell.variables.get(name);
        if number == 0 {
            let number = former.and_then(|value| nestling::text::number(value, 10));
            return number.unwrap_or_default().min(u16::MAX.into()) as usize;
        }
        let mut value = Vec::new();
        u32::from(number).write(&mut value);
        // The variable is set only if its value has changed. Otherwise an exported one would cause a new environment for each
        // prompt. A read-only variable stays as it is.
        if former != Some(&value) {
            let _ = shell.variables.set_owned(name, value);
        }
        number.into()
    })
}

/// Waits for input, or for a signal on which the shell acts or that is in `more`. The signal stays pending, except the SIGCHLD of
/// `set -b`, after which the caller must report jobs.
pub fn wait_for_input(shell: &mut Shell, more: SigSet) -> Awaited {
    let mut awaited = shell.traps.acts_on().union(more);
    let tells = shell.options.has(Opt::Notify) && !awaited.contains(Signal::CHLD);
    if tells {
        awaited = awaited.with(Signal::CHLD);
        let _ = sys::caught::catch(Signal::CHLD);
        sys::caught::take(Signal::CHLD);
        if shell.jobs.has_unreported() {
            return Awaited::Signal;
        }
    }
    let timeout = shell.variables.get(Symbol::TMOUT);
    let timeout = timeout.and_then(|seconds| nestling::text::number(seconds, 10));
    let timeout = timeout.filter(|&seconds| seconds > 0);
    let timeout = timeout.map(Duration::from_secs);
    loop {
        // These signals are blocked, so that none can arrive between the check and the wait.
        let Ok(guard) = signals::block(awaited) else {
            return Awaited::Gone;
        };
        if sys::caught::caught().bits() & awaited.bits() != 0 {
            if tells {
                sys::caught::take(Signal::CHLD);
            }
            return Awaited::Signal;
        }
        if descriptors::is_users(0).is_err() {
            return Awaited::Gone;
        }
        let mut polled = [PollFd::new(io::stdin(), Events::IN)];
        match poll::ppoll(&mut polled, timeout, guard.former()) {
            Err(Errno::EINTR) => {}
            Ok(0) => {
                shell.interactive.is_late = true;
                return Awaited::Late;
            }
            _ => return Awaited::Input,
        }
    }
}
