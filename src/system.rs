//! Running a shell command and waiting until it ends: POSIX XSH [`system`].

use core::ffi::CStr;

use crate::args::Args;
use crate::environ::environ;
use crate::errno::Errno;
use crate::mutex::ProcessMutex;
use crate::process::{ExitStatus, Pid};
use crate::shell;
use crate::signal::{SigSet, Signal};
use crate::signals::{self, ActionGuard, MaskGuard};
use crate::spawn::{Attributes, Child, Error, Notice, Step};

/// Runs `sh -c -- command` with this process's environment, and waits until the command ends (POSIX XSH `system`). If `command`
/// is `None`, `system` checks whether a shell exists, and returns an error if no shell exists.
///
/// As POSIX requires, `system` ignores `SIGINT` and `SIGQUIT` in this process until the command has ended, so that Ctrl-C ends
/// only the command. `system` also blocks `SIGCHLD` in this thread, so that no `SIGCHLD` handler of the caller reaps the
/// command. `system` restores the actions of the two signals and the mask before it returns, even if it returns an error. The
/// command itself starts with the signal mask that this thread had before the call, and it ignores the two signals only if this
/// process ignored them before the call.
///
/// Several threads may call this function at the same time: the first call ignores the two signals, and the last call to return
/// restores them. If another thread starts a program during a call, this program also ignores the two signals, unless its spawn's
/// `default_signals` contain them. If another thread forks during a call, the child of this fork ignores the two signals, too.
///
/// The command ignores the signals that this process ignored before the call. For example, a program that uses `std` ignores
/// `SIGPIPE`, so its commands ignore `SIGPIPE`, too.
///
/// If the shell cannot be started, this function returns an error that names the failed step. (POSIX's `system` returns exit
/// status 127.)
///
/// A call costs ten more system calls than a spawn and a wait; the child makes two of these ten.
///
/// ```
/// use nestling::system::system;
///
/// assert_eq!(system(c"exit 3").unwrap().code(), Some(3));
/// assert!(system(None).unwrap().success(), "there is a shell");
/// ```
///
/// # Errors
/// The step of the spawn that failed; for example, `exec "/bin/sh": ENOENT` if no shell exists. If another wait has reaped the
/// command, or if `SIGCHLD` is ignored, the step is [`Wait`](Step::Wait) with `ECHILD`.
pub fn system<'a>(command: impl Into<Option<&'a CStr>>) -> Result<ExitStatus, Error<'static>> {
    run(command.into().unwrap_or(c"exit 0"))
}

fn run(command: &CStr) -> Result<ExitStatus, Error<'static>> {
    let running = environ(|env, _| start(command, env, Notice::Pipe))?;
    running.wait().map_err(failed(Step::Wait))
}

/// A command that [`start`] has started. When it is dropped, this process gets back the actions for `SIGINT` and `SIGQUIT` and this
/// thread its signal mask, and the command continues to run.
#[derive(Debug)]
#[must_use = "a command becomes a zombie if no process waits for it"]
pub struct Running {
    child: Child,
    // In this order they are restored.
    _keyboard: Keyboard,
    _mask: MaskGuard,
}

/// Starts `sh -c -- command` as [`system`] does, but with the environment `env`, and does not wait for its end. Until the result is
/// dropped, the signals are as during `system`: for a caller that must wait in its own way. `notice` is how this process learns that
/// the shell runs; `system` uses the pipe.
///
/// ```
/// use nestling::{Args, args, spawn::Notice, system::start};
///
/// let running = start(c"exit $STATUS", Args::new(&args![c"STATUS=3"]), Notice::Mark).unwrap();
/// assert_eq!(running.wait().unwrap().code(), Some(3));
/// ```
///
/// # Errors
/// Those of [`system`] but for [`Wait`](Step::Wait).
pub fn start(command: &CStr, env: Args<'_>, notice: Notice) -> Result<Running, Error<'static>> {
    let block = failed(Step::BlockSignals);
    let mask = signals::block(SigSet::EMPTY.with(Signal::CHLD)).map_err(&block)?;
    let keyboard = Keyboard::ignore().map_err(&block)?;
    let attributes = Attributes {
        default_signals: keyboard.restore,
        signal_mask: Some(mask.former()),
        notice,
        ..Attributes::default()
    };
    let child = shell::start_with(command, env, &[], attributes)?;
    Ok(Running {
        child,
        _keyboard: keyboard,
        _mask: mask,
    })
}

impl Running {
    /// Returns the process id of the shell that runs the command.
    #[must_use]
    pub fn id(&self) -> Pid {
        self.child.id()
    }

    /// Waits until the command ends, and restores the signals.
    ///
    /// # Errors
    /// `ECHILD` if another wait has reaped the command, or if `SIGCHLD` is ignored.
    pub fn wait(mut self) -> Result<ExitStatus, Errno> {
        self.child.wait()
    }
}

fn failed(step: Step<'static>) -> impl Fn(Errno) -> Error<'static> {
    move |errno| Error::Failed { step, errno }
}

/// A guard that makes this process ignore `SIGINT` and `SIGQUIT`. When the last guard is dropped, the actions are restored.
#[derive(Debug)]
struct Keyboard {
    /// The signals that were not ignored before.
    restore: SigSet,
}

/// The number of guards, and the actions that the last guard restores.
static IGNORED: ProcessMutex<Ignored> = ProcessMutex::new();

#[derive(Default)]
struct Ignored {
    users: usize,
    restore: SigSet,
    former: Option<[ActionGuard; 2]>,
}

impl Keyboard {
    fn ignore() -> Result<Self, Errno> {
        IGNORED.with(|ignored| {
            if ignored.users == 0 {
                let former = [
                    signals::ignore(Signal::INT)?,
                    signals::ignore(Signal::QUIT)?,
                ];
                let [interrupt, quit] = former.each_ref().map(ActionGuard::was_ignored);
                let mut restore = SigSet::EMPTY;
                if !interrupt {
                    restore = restore.with(Signal::INT);
                }
                if !quit {
                    restore = restore.with(Signal::QUIT);
                }
                ignored.former = Some(former);
                ignored.restore = restore;
            }
            ignored.users += 1;
            Ok(Self {
                restore: ignored.restore,
            })
        })
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        IGNORED.with(|ignored| {
            ignored.users = ignored.users.saturating_sub(1);
            if ignored.users == 0 {
                // This happens under the lock, because another thread may be about to make a guard.
                ignored.former = None;
            }
        });
    }
}
