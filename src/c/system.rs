//! `system`.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr::null_mut;

use nestling::spawn::{Error, Step};
use nestling::system::{self, Running};
use nestling::{Signal, sys};

use crate::libc::{self, Uncancelled};
use crate::reason;
use crate::spawn::{KILLED, NOTICE};
use crate::thread::ThreadPointer;

/// Executes `sh -c -- command` and waits until it ends (POSIX XSH `system`). The documentation of `nestling::system::system`
/// describes the effects on signals.
///
/// Returns the status of the command in the format of `waitpid`. If the shell cannot be executed, the status is that of `exit 127`.
/// If a signal kills the child before its exec, the status is that of the signal. If there is no child, returns -1 and sets
/// `errno`. If `command` is null, returns 1 if a shell exists, otherwise 0.
///
/// The function is a cancellation point. If the thread is cancelled while it waits, the shell is killed and reaped and the signals
/// are restored after the thread's cleanup handlers have run.
///
/// # Safety
/// `command` is null or a C string. No other thread changes the environment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn system(command: *const c_char) -> c_int {
    // SAFETY: this function has nothing to clean up yet.
    unsafe { libc::pthread_testcancel() };
    if command.is_null() {
        // SAFETY: the caller upholds the safety contract.
        return (unsafe { run(c"exit 0") } == 0).into();
    }
    // SAFETY: the caller upholds the safety contract.
    unsafe { run(CStr::from_ptr(command)) }
}

/// # Safety
/// No other thread changes the environment.
unsafe fn run(command: &CStr) -> c_int {
    let uncancelled = Uncancelled::new();
    // SAFETY: the caller upholds the safety contract.
    let running = match system::start(command, unsafe { libc::environment() }, NOTICE) {
        Ok(running) => running,
        Err(error) => return not_started(&error),
    };
    // SAFETY: this function has nothing else to clean up.
    let running = unsafe { wait_cancellably(running, &uncancelled) };
    match running.wait() {
        Ok(status) => status.into_raw(),
        Err(errno) => {
            libc::set_errno(errno);
            -1
        }
    }
}

/// Returns the status of a shell that was not started.
fn not_started(error: &Error<'_>) -> c_int {
    reason::keep("system", error);
    match *error {
        Error::Failed {
            step: Step::Exec(..),
            ..
        } => 127 << 8,
        Error::Killed {
            signal: Some(signal),
        } => signal.as_raw(),
        Error::Killed { signal: None } => {
            libc::set_errno(KILLED);
            -1
        }
        Error::Failed { errno, .. } => {
            libc::set_errno(errno);
            -1
        }
    }
}

/// The command for which a cancelled thread was waiting.
static LEFT: ThreadPointer = ThreadPointer::new(clean_up);

/// Waits until the command has ended but does not reap it. If the thread is cancelled in the meantime, the libc calls [`clean_up`]
/// at the thread's end. If there is too little memory for that, the wait is not a cancellation point.
///
/// # Safety
/// A cancelled thread leaves this function by the means of its libc, which run no Rust destructors. Neither this function nor its
/// callers have a destructor that must run.
unsafe fn wait_cancellably(running: Running, uncancelled: &Uncancelled) -> Running {
    let id = running.id();
    // SAFETY: `malloc` accepts any size.
    let place: *mut Running = unsafe { libc::malloc(size_of::<Running>()) }.cast();
    if place.is_null() {
        return running;
    }
    // SAFETY: the memory belongs to this thread, and contains the command while the thread can be cancelled.
    unsafe {
        place.write(running);
        if LEFT.set(place.cast()) {
            uncancelled.pause();
            libc::wait_until_ended(id);
            uncancelled.resume();
            LEFT.set(null_mut());
        }
        let running = place.read();
        libc::free(place.cast());
        running
    }
}

/// Kills and reaps the command, and restores the signals.
///
/// # Safety
/// `place` points to a [`Running`], and `malloc` has returned it.
unsafe extern "C" fn clean_up(place: *mut c_void) {
    // SAFETY: the caller upholds the safety contract.
    unsafe {
        let running = place.cast::<Running>().read();
        libc::free(place);
        let _ = sys::process::kill(running.id().as_raw(), Some(Signal::KILL));
        let _ = running.wait();
    }
}
