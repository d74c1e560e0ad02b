//! Signals: actions and masks.

use linux_raw_sys::general as linux;

use super::{done, result};
use crate::arch::{self, syscall4};
use crate::errno::Errno;
use crate::signal::{SigSet, Signal};

/// What a process does with a signal.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// The default (`SIG_DFL`).
    Default,
    /// Nothing (`SIG_IGN`).
    Ignore,
    /// Calls the function, which may do what `signal-safety(7)` allows.
    Handler(unsafe extern "C" fn(i32)),
}

/// `rt_sigprocmask(SIG_SETMASK)`: sets this thread's mask; returns the old one.
pub fn set_mask(mask: SigSet) -> Result<SigSet, Errno> {
    let mut old = SigSet::EMPTY;
    // SAFETY: the kernel reads one set and writes one, each of 8 bytes, as `SigSet` is.
    let answer = unsafe {
        syscall4(
            linux::__NR_rt_sigprocmask as usize,
            linux::SIG_SETMASK as usize,
            &raw const mask as usize,
            &raw mut old as usize,
            size_of::<SigSet>(),
        )
    };
    result(answer).map(|_| old)
}

/// `rt_sigprocmask`: this thread's mask.
pub fn mask() -> Result<SigSet, Errno> {
    let mut old = SigSet::EMPTY;
    // SAFETY: the kernel writes one set of 8 bytes, as `SigSet` is.
    let answer = unsafe {
        syscall4(
            linux::__NR_rt_sigprocmask as usize,
            linux::SIG_SETMASK as usize,
            0,
            &raw mut old as usize,
            size_of::<SigSet>(),
        )
    };
    result(answer).map(|_| old)
}

/// `rt_sigaction`: sets what this process does with a signal; `flags` are `SA_…`.
///
/// # Safety
/// A handler does only what may be done in one, wherever it interrupts.
pub unsafe fn set_action(signal: Signal, action: Action, flags: u32) -> Result<(), Errno> {
    let action = match action {
        Action::Default => arch::sigaction(None, 0),
        // SAFETY: the kernel's SIG_IGN is the handler of address 1, which is never called.
        Action::Ignore => arch::sigaction(
            unsafe { core::mem::transmute::<usize, linux::__kernel_sighandler_t>(SIG_IGN) },
            0,
        ),
        Action::Handler(handler) => arch::sigaction(Some(handler), flags),
    };
    // SAFETY: the kernel reads one action with a set of 8 bytes; it may leave out the old one. The caller's promise.
    let answer = unsafe {
        syscall4(
            linux::__NR_rt_sigaction as usize,
            signal.as_raw() as usize,
            &raw const action as usize,
            0,
            size_of::<SigSet>(),
        )
    };
    done(answer)
}

/// `rt_sigaction`: what this process does with a signal.
pub fn action(signal: Signal) -> Result<Action, Errno> {
    let mut action = arch::sigaction(None, 0);
    // SAFETY: the kernel writes one action with a set of 8 bytes; it may leave out the new one.
    let answer = unsafe {
        syscall4(
            linux::__NR_rt_sigaction as usize,
            signal.as_raw() as usize,
            0,
            &raw mut action as usize,
            size_of::<SigSet>(),
        )
    };
    result(answer)?;
    Ok(match action.sa_handler_kernel {
        None => Action::Default,
        Some(handler) if handler as usize == SIG_IGN => Action::Ignore,
        Some(handler) => Action::Handler(handler),
    })
}

const SIG_IGN: usize = 1;
