//! The record that crosses the status pipe, and the error that the caller gets of it.

use super::actions::Action;
use super::{Program, Spawn};
use crate::errno::Errno;
use crate::signal::Signal;
use crate::text::{self, Sink, Text};

/// Why a spawn failed: which step, and what the kernel said of it.
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
    /// A step failed.
    Failed {
        /// Which.
        step: Step<'a>,
        /// Why.
        errno: Errno,
    },
    /// The child ended before it reached its exec, and did not say why: something else killed it.
    Killed {
        /// By which signal. `None` where that can't be told, because another wait has reaped the child (`SIGCHLD` being ignored
        /// counts as one), or where it was no signal: a hook that exits, or a filter that forbids the child to report.
        signal: Option<Signal>,
    },
}

/// A step of a spawn.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// Blocking the parent's signals.
    BlockSignals,
    /// The status pipe: making it, closing an end of it, reading it. Moving it out of an action's way is that action's step.
    StatusPipe,
    /// Making the child (`clone(2)`).
    Clone,
    /// An attribute.
    Attribute(Attribute),
    /// An action: its place in [`Spawn::actions`], counted from 0, and the action itself.
    Action(usize, Action<'a>),
    /// The exec.
    Exec(Program<'a>, Missing),
    /// Making a pipe to or from the program ([`popen`](crate::popen::popen)).
    Pipe,
    /// Waiting for the program ([`system`](crate::system::system)).
    Wait,
}

/// An attribute that a step carried out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[non_exhaustive]
#[allow(missing_docs)] // the fields of `Attributes` have these names
pub enum Attribute {
    Pidfd,
    Cgroup,
    /// Resetting the handlers, and `default_signals`.
    DefaultSignals,
    NewSession,
    ProcessGroup,
    Scheduler,
    Nice,
    NoNewPrivs,
    ParentDeathSignal,
    SignalMask,
    Hook,
}

/// What an exec that failed by `ENOENT` did not find.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    /// The program itself; or the error was another one.
    Program,
    /// The interpreter that the program names (its `#!` line, its ELF loader). The program is there.
    Interpreter,
}

impl<'a> Error<'a> {
    /// What the kernel said; `None` if the child was killed.
    pub fn errno(&self) -> Option<Errno> {
        match *self {
            Self::Failed { errno, .. } => Some(errno),
            Self::Killed { .. } => None,
        }
    }

    /// Which step failed; `None` if the child was killed.
    pub fn step(&self) -> Option<Step<'a>> {
        match *self {
            Self::Failed { step, .. } => Some(step),
            Self::Killed { .. } => None,
        }
    }

    /// What a shell exits with for it (POSIX XCU 2.8.2, `env(1)`): 127 if the program was not found, 126 if it was found
    /// and could not be executed, 125 for any other step.
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
            _ => 125,
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
        let simple = match *self {
            Self::BlockSignals => "blocking signals",
            Self::StatusPipe => "status pipe",
            Self::Clone => "clone",
            Self::Pipe => "pipe",
            Self::Wait => "wait",
            Self::Attribute(attribute) => {
                "attribute ".write(out);
                attribute.name()
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
                        text::decimal(fd, out);
                    }
                }
                match missing {
                    Missing::Program => return,
                    Missing::Interpreter => " (it is there, its interpreter is not)",
                }
            }
        };
        simple.write(out);
    }
}

impl Attribute {
    const ALL: [Self; 11] = [
        Self::Pidfd,
        Self::Cgroup,
        Self::DefaultSignals,
        Self::NewSession,
        Self::ProcessGroup,
        Self::Scheduler,
        Self::Nice,
        Self::NoNewPrivs,
        Self::ParentDeathSignal,
        Self::SignalMask,
        Self::Hook,
    ];

    /// Their names in the order of their numbers.
    const NAMES: &str = "pidfd,cgroup,default signals,new session,process group,scheduler,nice,no new privileges,parent-death signal,signal mask,hook";

    /// Its name in an error's text.
    pub fn name(self) -> &'static str {
        text::word(Self::NAMES, b',', self as usize)
    }
}

/// What the child has to say. It crosses the pipe in one write, which is atomic.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Record {
    /// It has reached its exec. Sent only where the parent can't see the memory in which that is noted.
    Reached,
    /// A step failed.
    Failed(Failure),
}

/// The step that failed, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Failure {
    pub at: At,
    pub errno: Errno,
}

/// A [`Step`] of the child, without the caller's data, which it does not need to send back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum At {
    /// Not sent: there is no child yet.
    Clone,
    StatusPipe,
    Attribute(Attribute),
    Action(u32),
    Exec(Missing),
}

/// Says where an errno came from.
pub(super) fn at(at: At) -> impl Fn(Errno) -> Failure {
    move |errno| Failure { at, errno }
}

/// A record as bytes, all zero if there is none.
pub(super) type Encoded = [u8; 8];

impl Record {
    /// As it crosses to the parent: a letter, a detail, the errno, the index.
    pub fn encode(self) -> Encoded {
        let (kind, detail, index, errno) = match self {
            Self::Reached => (b'r', 0, 0, 0),
            Self::Failed(Failure { at, errno }) => {
                let (kind, detail, index) = match at {
                    At::Clone | At::StatusPipe => (b'p', 0, 0),
                    At::Attribute(attribute) => (b'a', attribute as u8, 0),
                    At::Action(index) => (b'f', 0, index),
                    At::Exec(Missing::Program) => (b'e', 0, 0),
                    At::Exec(Missing::Interpreter) => (b'e', 1, 0),
                };
                (kind, detail, index, errno.as_raw() as u16)
            }
        };
        let ([e0, e1], [i0, i1, i2, i3]) = (errno.to_ne_bytes(), index.to_ne_bytes());
        [kind, detail, e0, e1, i0, i1, i2, i3]
    }

    pub fn decode(bytes: Encoded) -> Option<Self> {
        let [kind, detail, e0, e1, i0, i1, i2, i3] = bytes;
        let at = match (kind, detail) {
            (b'r', _) => return Some(Self::Reached),
            (b'p', _) => At::StatusPipe,
            (b'a', _) => At::Attribute(*Attribute::ALL.get(usize::from(detail))?),
            (b'f', _) => At::Action(u32::from_ne_bytes([i0, i1, i2, i3])),
            (b'e', 0) => At::Exec(Missing::Program),
            (b'e', 1) => At::Exec(Missing::Interpreter),
            _ => return None,
        };
        let errno = Errno::from_raw(u16::from_ne_bytes([e0, e1]).into())?;
        Some(Self::Failed(Failure { at, errno }))
    }
}

impl Failure {
    /// The failure with the caller's data beside it.
    pub fn of<'a>(self, spawn: &Spawn<'a>) -> Error<'a> {
        let step = match self.at {
            At::Clone => Step::Clone,
            At::StatusPipe => Step::StatusPipe,
            At::Attribute(attribute) => Step::Attribute(attribute),
            At::Action(index) => match spawn.actions.get(index as usize) {
                Some(&action) => Step::Action(index as usize, action),
                None => Step::StatusPipe,
            },
            At::Exec(missing) => Step::Exec(spawn.program, missing),
        };
        Error::Failed {
            step,
            errno: self.errno,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let mut places = std::vec![
            At::StatusPipe,
            At::Action(0),
            At::Action(u32::MAX),
            At::Exec(Missing::Program),
            At::Exec(Missing::Interpreter),
        ];
        places.extend(Attribute::ALL.map(At::Attribute));
        for at in places {
            let record = Record::Failed(Failure {
                at,
                errno: Errno::EHWPOISON,
            });
            assert_eq!(Record::decode(record.encode()), Some(record));
        }
        assert_eq!(
            Record::decode(Record::Reached.encode()),
            Some(Record::Reached)
        );
    }

    #[test]
    fn bytes_that_are_no_record_are_none() {
        for bytes in [
            [0; 8],
            [0xff; 8],
            *b"a\xff\x01\0\0\0\0\0",
            *b"e\x02\x01\0\0\0\0\0",
            *b"p\0\0\0\0\0\0\0",
        ] {
            assert_eq!(Record::decode(bytes), None);
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
