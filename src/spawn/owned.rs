//! An error without borrowed data.

use super::actions::Action;
use super::report::{Error, Record, Step, StepCode};
use super::{Program, Spawn};
use crate::errno::Errno;
use crate::signal::Signal;
use crate::text::{self, Sink, Text};

/// An [`Error`] without borrowed data: the step that failed and its errno, without the spawn's paths and names. An `OwnedError` can
/// be stored, sent to another thread, and returned with `?`. An `OwnedError` is plain data of a few bytes, and needs no heap.
///
/// ```
/// use nestling::spawn::{Child, OwnedError, Program, Spawn};
/// use nestling::{Args, Errno, args};
///
/// fn run(program: &core::ffi::CStr) -> Result<Child, OwnedError> {
///     let list = args![c"program"];
///     Ok(Spawn::new(Program::Path(program), Args::new(&list), Args::EMPTY).start()?)
/// }
///
/// let error = run(c"/nope").unwrap_err();
/// assert_eq!((error.errno(), error.shell_code()), (Some(Errno::ENOENT), 127));
/// assert_eq!(error.to_string(), "exec: ENOENT: no such file or directory");
/// // With the spawn at hand the texts are there again.
/// let spawn = Spawn::new(Program::Path(c"/nope"), Args::EMPTY, Args::EMPTY);
/// assert_eq!(error.of(&spawn).to_string(), r#"exec "/nope": ENOENT: no such file or directory"#);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OwnedError {
    record: Record,
    /// The [`index`](Action::index) of the action's kind, if the step is an action.
    action: Option<u8>,
    signal: Option<Signal>,
}

impl OwnedError {
    /// Returns the errno; `None` if the child was killed.
    #[must_use]
    pub fn errno(&self) -> Option<Errno> {
        self.record.errno
    }

    /// Returns the signal that killed the child before its exec, if the signal is known (see [`Error::Killed`]).
    #[must_use]
    pub fn signal(&self) -> Option<Signal> {
        self.signal
    }

    /// Returns the exit status that shells use for such an error (see [`Error::shell_code`]).
    #[must_use]
    pub fn shell_code(&self) -> i32 {
        self.with(Program::Path(c""), &[]).shell_code()
    }

    /// Returns the error together with the paths and names of `spawn`, the spawn that has failed.
    #[must_use]
    pub fn of<'a>(&self, spawn: &Spawn<'a>) -> Error<'a> {
        self.with(spawn.program, spawn.actions)
    }

    fn with<'a>(&self, program: Program<'a>, actions: &[Action<'a>]) -> Error<'a> {
        let step = match (self.record.code, self.record.errno) {
            (StepCode::PIPE, Some(errno)) => (Step::Pipe, errno),
            (StepCode::WAIT, Some(errno)) => (Step::Wait, errno),
            _ => return self.record.error(program, actions, self.signal),
        };
        Error::Failed {
            step: step.0,
            errno: step.1,
        }
    }
}

impl From<Error<'_>> for OwnedError {
    fn from(error: Error<'_>) -> Self {
        match error {
            Error::Failed { step, errno } => Self {
                record: Record::failure(StepCode::of(step), errno),
                action: match step {
                    Step::Action(_, action) => Some(action.index() as u8),
                    Step::BlockSignals
                    | Step::StatusPipe
                    | Step::Clone
                    | Step::Attribute(_)
                    | Step::Exec(..)
                    | Step::Pipe
                    | Step::Wait => None,
                },
                signal: None,
            },
            Error::Killed { signal } => Self {
                record: Record::default(),
                action: None,
                signal,
            },
        }
    }
}

impl core::error::Error for OwnedError {}

text::display_text!(OwnedError);

/// Writes the same text as the `Display` of [`Error`], but without paths and names:
/// `file action 1 (open): EACCES: permission denied`.
impl Text for OwnedError {
    fn write(&self, out: &mut impl Sink) {
        let Some(errno) = self.record.errno else {
            return self.with(Program::Path(c""), &[]).write(out);
        };
        match (self.action, self.record.code) {
            (Some(kind), code) => Action::describe_kind(kind.into(), code.index(), out),
            (None, StepCode::EXEC) => "exec".write(out),
            (None, StepCode::INTERPRETER) => "exec (interpreter not found)".write(out),
            (None, _) => {
                if let Some(step) = self.with(Program::Path(c""), &[]).step() {
                    step.write(out);
                }
            }
        }
        ": ".write(out);
        errno.write(out);
    }
}
