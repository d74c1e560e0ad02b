//! Running a shell's command to its end: POSIX XSH [`system`].

use core::ffi::CStr;

use crate::errno::Errno;
use crate::process::ExitStatus;
use crate::shell;
use crate::signal::{SigSet, Signal};
use crate::signals::{self, ActionGuard};
use crate::spawn::{Attributes, Error, Step};
use crate::sys::futex::Mutex;
use crate::sys::signal::{Action, action};

/// Runs `sh -c -- command` with this process's environment and waits for its end (POSIX XSH `system`). `None` asks whether
/// there is a shell: it is an error if there is none.
///
/// As POSIX says, until the command has ended, `SIGINT` and `SIGQUIT` are ignored, so that a Ctrl-C is the command's; and
/// `SIGCHLD` is blocked in this thread, so that no handler of the caller's reaps the command before this does. The command has
/// the signals as they were. All is restored whatever happens. Several threads may call this at once: the first one has the
/// two signals ignored, and the last one restores them. What another thread starts meanwhile inherits that they are ignored, unless
/// its `default_signals` names them. Other signals that this process ignores are ignored in the command, too: `SIGPIPE` in a
/// program of the standard library.
///
/// Where POSIX's function leaves an exit status 127 to guess from, this says what failed.
///
/// It costs ten system calls more than a spawn and a wait, two of them in the child.
///
/// ```
/// use nestling::system::system;
///
/// assert_eq!(system(c"exit 3").unwrap().code(), Some(3));
/// assert!(system(None).unwrap().success(), "there is a shell");
/// ```
///
/// # Errors
/// The step of the spawn that failed: `exec "/bin/sh": ENOENT` if there is no shell. The step [`Wait`](Step::Wait) with `ECHILD` if
/// somebody else has reaped the command, or `SIGCHLD` is ignored.
pub fn system<'a>(command: impl Into<Option<&'a CStr>>) -> Result<ExitStatus, Error<'static>> {
    run(command.into().unwrap_or(c"exit 0"))
}

fn run(command: &CStr) -> Result<ExitStatus, Error<'static>> {
    let block = failed(Step::BlockSignals);
    let mask = signals::block(SigSet::EMPTY.with(Signal::CHLD)).map_err(&block)?;
    let keyboard = Keyboard::ignore().map_err(&block)?;
    let attributes = Attributes {
        default_signals: keyboard.restore,
        signal_mask: Some(mask.former()),
        ..Attributes::default()
    };
    let mut child = shell::start(command, &[], attributes)?;
    child.wait().map_err(failed(Step::Wait))
}

fn failed(step: Step<'static>) -> impl Fn(Errno) -> Error<'static> {
    move |errno| Error::Failed { step, errno }
}

/// The keyboard's signals are ignored, until the last of these is dropped.
struct Keyboard {
    /// Those that were not ignored before.
    restore: SigSet,
}

/// How many there are, and what the last one restores.
static IGNORED: Mutex<Ignored> = Mutex::new(Ignored {
    users: 0,
    restore: SigSet::EMPTY,
    former: None,
});

struct Ignored {
    users: usize,
    restore: SigSet,
    former: Option<[ActionGuard; 2]>,
}

impl Keyboard {
    fn ignore() -> Result<Self, Errno> {
        let mut ignored = IGNORED.lock();
        if ignored.users == 0 {
            let mut restore = SigSet::EMPTY;
            for signal in [Signal::INT, Signal::QUIT] {
                if !matches!(action(signal)?, Action::Ignore) {
                    restore = restore.with(signal);
                }
            }
            let interrupt = signals::ignore(Signal::INT)?;
            ignored.former = Some([interrupt, signals::ignore(Signal::QUIT)?]);
            ignored.restore = restore;
        }
        ignored.users += 1;
        Ok(Self {
            restore: ignored.restore,
        })
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        let mut ignored = IGNORED.lock();
        ignored.users = ignored.users.saturating_sub(1);
        if ignored.users == 0 {
            // Under the lock: another thread may be about to begin.
            ignored.former = None;
        }
    }
}
