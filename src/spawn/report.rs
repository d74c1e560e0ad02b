//! The record that the child sends through the status pipe, and the error that the parent makes from it.

use super::Program;
use super::actions::Action;
use crate::errno::Errno;
use crate::signal::Signal;
use crate::text::{self, Sink, Text};

/// The reason why a spawn failed: the step and its errno, or the signal that killed the child.
///
/// ```
/// use nestling::{Args, Errno, OFlags, args};
/// use nestling::spawn::{Action, Program, Spawn};
///
/// let list = args![c"true"];
/// let actions = [Action::Open { fd: 0, path: c"/nope", flags: OFlags::RDONLY, mode: 0 }];
/// let spawn = Spawn {
///     actions: &actions,
///     ..Spawn::new(Program::Path(c"/bin/true"), Args::new(&list), Args::EMPTY)
/// };
/// let error = spawn.start().unwrap_err();
/// assert_eq!(error.errno(), Some(Errno::ENOENT));
/// assert_eq!(error.to_string(), r#"file action 0 (open "/nope"): ENOENT: no such file or directory"#);
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Error<'a> {
    /// A step failed with an errno.
    Failed {
        /// The step.
        step: Step<'a>,
        /// The errno.
        errno: Errno,
    },
    /// The child ended before its exec and did not report a failure. In most cases, a signal killed it.
    Killed {
        /// The signal that killed the child. It is `None` in two cases. In the first, the signal is not known, because another
        /// wait has reaped the child, or because the kernel has reaped it (`SIGCHLD` is ignored). In the second, no signal
        /// killed the child: a hook called `exit`, or a seccomp filter did not let the child report a failure.
        signal: Option<Signal>,
    },
}

/// A step of a spawn.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// The parent blocks its signals.
    BlockSignals,
    /// The parent or the child makes the status pipe, closes one of its ends, or reads it. (If an action needs the pipe's
    /// descriptor number and the child cannot move the pipe to another number, the failed step is the action.)
    StatusPipe,
    /// The parent makes the child (`clone(2)`).
    Clone,
    /// The child sets an attribute. (For the attribute `pidfd`, the parent makes the pidfd.)
    Attribute(Attribute),
    /// The child carries out an action. The fields are the action's index in [`Spawn::actions`](super::Spawn::actions), counted
    /// from 0, and the action itself.
    Action(usize, Action<'a>),
    /// The child executes the program.
    Exec(Program<'a>, Missing),
    /// [`popen`](crate::popen::popen) makes its pipe to or from the program.
    Pipe,
    /// [`system`](crate::system::system) waits for the program.
    Wait,
}

/// The attribute of a [`Step::Attribute`]: the child was setting it when the spawn failed. The variants have the names of the
/// fields of [`Attributes`](super::Attributes).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[non_exhaustive]
#[allow(missing_docs)] // the fields of `Attributes` are documented
pub enum Attribute {
    Pidfd,
    /// The parent makes the child in new namespaces, or writes the maps of its ids.
    Namespaces,
    Cgroup,
    /// The child sets the actions of the signals that have handlers, and of `default_signals`, to the default.
    DefaultSignals,
    NewSession,
    ProcessGroup,
    Scheduler,
    Nice,
    OomScoreAdj,
    NoNewPrivs,
    ParentDeathSignal,
    SignalMask,
    Hook,
}

/// The file that was missing when an exec failed with `ENOENT` or `ENOTDIR`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Missing {
    /// The program's file. The value is also `Program` if the exec failed with another errno.
    Program,
    /// The interpreter of a script (in its `#!` line) or of an ELF file (its dynamic linker). The script or the ELF file itself
    /// exists.
    Interpreter,
}

impl<'a> Error<'a> {
    /// Returns the errno; `None` if the child was killed.
    #[must_use]
    pub fn errno(&self) -> Option<Errno> {
        match *self {
            Self::Failed { errno, .. } => Some(errno),
            Self::Killed { .. } => None,
        }
    }

    /// Returns the step that failed; `None` if the child was killed.
    #[must_use]
    pub fn step(&self) -> Option<Step<'a>> {
        match *self {
            Self::Failed { step, .. } => Some(step),
            Self::Killed { .. } => None,
        }
    }

    /// Returns the exit status that shells and `env` use for such an error (POSIX XCU 2.8.2, `env(1)`). It is 127 if the
    /// program was not found, 126 if it was found but could not be executed, and 125 if another step failed or the child was
    /// killed.
    #[must_use]
    pub fn shell_code(&self) -> i32 {
        match *self {
            Self::Failed {
                step: Step::Exec(_, Missing::Program),
                errno: Errno::ENOENT | Errno::ENOTDIR,
            } => 127,
            Self::Failed {
                step: Step::Exec(..),
                ..
            } => 126,
            Self::Failed { .. } | Self::Killed { .. } => 125,
        }
    }
}

impl core::error::Error for Error<'_> {}

text::display_text!(Error<'_>, Step<'_>);

impl Text for Error<'_> {
    fn write(&self, out: &mut impl Sink) {
        match *self {
            Self::Failed { step, errno } => {
                step.write(out);
                ": ".write(out);
                errno.write(out);
            }
            Self::Killed {
                signal: Some(signal),
            } => {
                "the child was killed by ".write(out);
                signal.write(out);
                " before its exec".write(out);
            }
            Self::Killed { signal: None } => "the child ended before its exec".write(out),
        }
    }
}

impl Text for Step<'_> {
    fn write(&self, out: &mut impl Sink) {
        let simple: &[u8] = match *self {
            Self::BlockSignals => b"blocking signals",
            Self::StatusPipe => b"status pipe",
            Self::Clone => b"clone",
            Self::Pipe => b"pipe",
            Self::Wait => b"wait",
            Self::Attribute(attribute) => {
                "attribute ".write(out);
                text::word(Attribute::NAMES, b',', attribute as usize)
            }
            Self::Action(index, action) => return action.describe(index, out),
            Self::Exec(program, missing) => {
                "exec ".write(out);
                match program {
                    Program::Path(name) | Program::Search { name, .. } => {
                        text::Quoted(name.to_bytes()).write(out);
                    }
                    Program::Descriptor(fd) => {
                        "of descriptor ".write(out);
                        fd.write(out);
                    }
                }
                match missing {
                    Missing::Program => return,
                    Missing::Interpreter => b" (interpreter not found)",
                }
            }
        };
        simple.write(out);
    }
}

impl Attribute {
    const ALL: [Self; 13] = [
        Self::Pidfd,
        Self::Namespaces,
        Self::Cgroup,
        Self::DefaultSignals,
        Self::NewSession,
        Self::ProcessGroup,
        Self::Scheduler,
        Self::Nice,
        Self::OomScoreAdj,
        Self::NoNewPrivs,
        Self::ParentDeathSignal,
        Self::SignalMask,
        Self::Hook,
    ];

    /// The names of the attributes, in the order of their numbers.
    const NAMES: &str = "pidfd,namespaces,cgroup,default signals,new session,process group,scheduler,nice,oom_score_adj,no new privileges,parent-death signal,signal mask,hook";

    /// Returns the attribute's name, as it appears in error messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        text::word_str(Self::NAMES, b',', self as usize)
    }
}

/// The child's report: its current step, and the errno if this step has failed.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Record {
    pub code: StepCode,
    pub errno: Option<Errno>,
}

/// The number of a [`Step`], without the caller's data (the parent has these data). The number is one of the constants below, or
/// stands for an attribute or an action.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct StepCode(u32);

impl StepCode {
    pub const BLOCK_SIGNALS: Self = Self(0);
    pub const CLONE: Self = Self(1);
    pub const STATUS_PIPE: Self = Self(2);
    /// The exec has begun, and its result is not known yet.
    pub const REACHED: Self = Self(3);
    /// The program cannot be executed yet, or its exec has failed.
    pub const EXEC: Self = Self(4);
    /// The exec did not find the program's interpreter.
    pub const INTERPRETER: Self = Self(5);
    /// A pending signal would kill the child when the child unblocks this signal. The record's errno is the number of the signal.
    pub const KILLED: Self = Self(6);
    const ATTRIBUTES: u32 = 7;
    const ACTIONS: u32 = Self::ATTRIBUTES + Attribute::ALL.len() as u32;
    /// This step and the next are steps of `popen` and `system`. A child never sends them, and [`step`](Self::step) does not return
    /// them.
    pub const PIPE: Self = Self(u32::MAX - 1);
    pub const WAIT: Self = Self(u32::MAX);

    pub const fn from_raw(number: u32) -> Self {
        Self(number)
    }

    pub const fn as_raw(self) -> u32 {
        self.0
    }

    pub const fn attribute(attribute: Attribute) -> Self {
        Self(Self::ATTRIBUTES + attribute as u32)
    }

    pub const fn action(index: usize) -> Self {
        Self(Self::ACTIONS.wrapping_add(index as u32))
    }

    /// Returns the index of the action, if this is the number of an action.
    pub const fn index(self) -> usize {
        self.0.wrapping_sub(Self::ACTIONS) as usize
    }

    /// Returns the code of a step.
    pub fn of(step: Step<'_>) -> Self {
        match step {
            Step::BlockSignals => Self::BLOCK_SIGNALS,
            Step::StatusPipe => Self::STATUS_PIPE,
            Step::Clone => Self::CLONE,
            Step::Attribute(attribute) => Self::attribute(attribute),
            Step::Action(index, _) => Self::action(index),
            Step::Exec(_, Missing::Program) => Self::EXEC,
            Step::Exec(_, Missing::Interpreter) => Self::INTERPRETER,
            Step::Pipe => Self::PIPE,
            Step::Wait => Self::WAIT,
        }
    }

    /// Returns the step, together with the caller's data.
    pub fn step<'a>(self, program: Program<'a>, actions: &[Action<'a>]) -> Step<'a> {
        let from = |first| self.0.checked_sub(first).unwrap_or(u32::MAX) as usize;
        let (attribute, action) = (from(Self::ATTRIBUTES), from(Self::ACTIONS));
        match self {
            Self::BLOCK_SIGNALS => Step::BlockSignals,
            Self::CLONE => Step::Clone,
            Self::EXEC => Step::Exec(program, Missing::Program),
            Self::INTERPRETER => Step::Exec(program, Missing::Interpreter),
            _ => match (Attribute::ALL.get(attribute), actions.get(action)) {
                (Some(&attribute), _) => Step::Attribute(attribute),
                (_, Some(&it)) => Step::Action(action, it),
                _ => Step::StatusPipe,
            },
        }
    }
}

impl Record {
    /// The exec has begun. If no other record follows, the program runs.
    pub const REACHED: Self = Self {
        code: StepCode::REACHED,
        errno: None,
    };

    /// Makes a record of a failed step.
    pub const fn failure(code: StepCode, errno: Errno) -> Self {
        Self {
            code,
            errno: Some(errno),
        }
    }

    /// Returns the error that the record describes, together with the caller's data. If the record contains no errno, the error is
    /// that `signal` killed the child.
    pub fn error<'a>(
        self,
        program: Program<'a>,
        actions: &[Action<'a>],
        signal: Option<Signal>,
    ) -> Error<'a> {
        match self.errno {
            Some(number) if self.code == StepCode::KILLED => Error::Killed {
                signal: Signal::from_raw(number.as_raw()),
            },
            Some(errno) => Error::Failed {
                step: self.code.step(program, actions),
                errno,
            },
            None => Error::Killed { signal },
        }
    }

    /// Returns the bytes that the child writes to the pipe, in one atomic write.
    pub fn to_bytes(self) -> [u8; 8] {
        let errno = self.errno.map_or(0, Errno::as_raw).to_ne_bytes();
        let ([a, b, c, d], [e, f, g, h]) = (self.code.0.to_ne_bytes(), errno);
        [a, b, c, d, e, f, g, h]
    }

    /// Decodes a record from a child with this many actions. Fails with `EPROTO` for bytes that are not a record: a hook may have
    /// written to the pipe, and one read may return the bytes of two writes.
    pub fn from_bytes([a, b, c, d, e, f, g, h]: [u8; 8], actions: usize) -> Result<Self, Errno> {
        let code = StepCode(u32::from_ne_bytes([a, b, c, d]));
        let errno = i32::from_ne_bytes([e, f, g, h]);
        let is_step = (code.0 as usize) < StepCode::ACTIONS as usize + actions;
        if !is_step || errno as u32 > 4095 {
            return Err(Errno::EPROTO);
        }
        let errno = Errno::from_raw(errno);
        Ok(Self { code, errno })
    }
}

/// Decodes bytes from the pipe, and formats the record. `tests/fuzz` calls this function.
#[cfg(fuzzing)]
#[doc(hidden)]
pub fn fuzz(bytes: [u8; 8], actions: &[Action<'_>], out: &mut impl Sink) {
    if let Ok(record) = Record::from_bytes(bytes, actions.len()) {
        assert_eq!(record.to_bytes(), bytes);
        let error = record.error(Program::Path(c"program"), actions, None);
        error.write(out);
        if let Some(step) = error.step() {
            let again = StepCode::of(step);
            assert!(again == record.code || again == StepCode::STATUS_PIPE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        for code in [StepCode::REACHED, StepCode::EXEC, StepCode::action(7)] {
            for errno in [None, Some(Errno::EHWPOISON)] {
                let record = Record { code, errno };
                assert_eq!(Record::from_bytes(record.to_bytes(), 8), Ok(record));
            }
        }
    }

    #[test]
    fn bytes_that_are_no_record_are_refused() {
        let [a, b, c, d, e, ..] = Record::REACHED.to_bytes();
        let no_errno = Record::failure(StepCode::EXEC, Errno::EHWPOISON).to_bytes();
        let no_errno = no_errno.map(|byte| byte | 0x80);
        for bytes in [
            [b'a', b'b', b'c', a, b, c, d, e],
            *b"abcdefgh",
            no_errno,
            [255; 8],
            Record::failure(StepCode::action(8), Errno::EIO).to_bytes(),
        ] {
            assert_eq!(Record::from_bytes(bytes, 8), Err(Errno::EPROTO));
        }
    }

    #[test]
    fn each_code_is_the_step_that_it_was_made_of() {
        let actions = [Action::Close(3), Action::Close(4)];
        let program = Program::Descriptor(9);
        let step = |code: StepCode| std::format!("{}", code.step(program, &actions));
        assert_eq!(step(StepCode::CLONE), "clone");
        assert_eq!(step(StepCode::EXEC), "exec of descriptor 9");
        assert!(step(StepCode::INTERPRETER).contains("interpreter not found"));
        for attribute in Attribute::ALL {
            let expected = std::format!("attribute {}", attribute.name());
            assert_eq!(step(StepCode::attribute(attribute)), expected);
        }
        assert_eq!(step(StepCode::action(0)), "file action 0 (close 3)");
        assert_eq!(step(StepCode::action(1)), "file action 1 (close 4)");
        // All other numbers stand for the step `status pipe`, except the number of `BLOCK_SIGNALS`.
        assert_eq!(step(StepCode::BLOCK_SIGNALS), "blocking signals");
        for code in [
            StepCode::STATUS_PIPE,
            StepCode::action(2),
            StepCode(u32::MAX),
        ] {
            assert_eq!(step(code), "status pipe");
        }
        for number in 0..StepCode::ACTIONS + 2 {
            let code = StepCode(number);
            let is_noted = code != StepCode::REACHED && code != StepCode::KILLED;
            assert_eq!(
                StepCode::of(code.step(program, &actions)) == code,
                is_noted,
                "{code:?}"
            );
        }
    }

    #[test]
    fn a_table_of_attributes_is_in_the_order_of_their_numbers() {
        for (index, attribute) in Attribute::ALL.into_iter().enumerate() {
            assert_eq!(attribute as usize, index);
            assert!(!attribute.name().is_empty());
        }
    }
}
