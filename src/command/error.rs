//! The error of a command, without borrowed data.

use alloc::string::String;
use alloc::vec::Vec;
use core::ffi::CStr;

use super::pipeline::write_program;
use crate::errno::Errno;
use crate::spawn;
use crate::text::{self, Quoted, Sink, Text};

/// The reason why a command could not be started, or why the wait for it failed. Unlike [`spawn::Error`], this type borrows no
/// data from the caller: it contains the failed step as text.
///
#[cfg_attr(any(feature = "rt", feature = "std"), doc = "```")]
#[cfg_attr(not(any(feature = "rt", feature = "std")), doc = "```no_run")]
/// use nestling::command::Command;
/// use nestling::Errno;
///
/// let error = Command::new("nope").status().unwrap_err();
/// assert_eq!(error.errno(), Some(Errno::ENOENT));
/// assert_eq!(error.to_string(), r#"exec "nope": ENOENT: no such file or directory"#);
/// assert_eq!(error.shell_code(), 127);
/// ```
#[derive(Clone, Debug)]
pub struct Error {
    step: String,
    errno: Option<Errno>,
    shell_code: i32,
}

impl Error {
    /// Makes an error of a step before the exec, with the exit status 125.
    pub(super) fn new(step: &str, errno: Errno) -> Self {
        Self {
            step: step.into(),
            errno: Some(errno),
            shell_code: 125,
        }
    }

    /// Makes an error of the collection of a program's output.
    pub(super) fn of_output(program: &CStr, errno: Errno) -> Self {
        let mut words = Vec::new();
        "output of ".write(&mut words);
        Quoted(program.to_bytes()).write(&mut words);
        Self::new(&into_string(words), errno)
    }

    /// The same error, of a program of a pipeline.
    pub(super) fn of_program(self, index: usize, program: &CStr) -> Self {
        let mut words = Vec::new();
        write_program(index, program, &mut words);
        self.step.write(&mut words);
        Self {
            step: into_string(words),
            ..self
        }
    }

    /// Returns the errno; `None` if a signal killed the child before the program ran.
    #[must_use]
    pub fn errno(&self) -> Option<Errno> {
        self.errno
    }

    /// Returns the step that failed, as text: `exec "nope"`, `file action 0 (open "list")`. If a signal killed the child before
    /// the program ran, returns the whole message.
    #[must_use]
    pub fn step(&self) -> &str {
        &self.step
    }

    /// Returns the exit status that a shell reports for this error. See [`spawn::Error::shell_code`].
    #[must_use]
    pub fn shell_code(&self) -> i32 {
        self.shell_code
    }
}

impl From<spawn::Error<'_>> for Error {
    fn from(error: spawn::Error<'_>) -> Self {
        let mut words = Vec::new();
        match error.step() {
            Some(step) => step.write(&mut words),
            None => error.write(&mut words),
        }
        Self {
            step: into_string(words),
            errno: error.errno(),
            shell_code: error.shell_code(),
        }
    }
}

/// Returns the text as a `String`. The bytes are UTF-8, because a `Text` writes only whole characters to a `Sink`.
fn into_string(text: Vec<u8>) -> String {
    String::from_utf8(text).unwrap_or_default()
}

impl core::error::Error for Error {}

text::display_text!(Error);

impl Text for Error {
    fn write(&self, out: &mut impl Sink) {
        self.step().write(out);
        if let Some(errno) = self.errno {
            ": ".write(out);
            errno.write(out);
        }
    }
}

/// Makes an `io::Error` whose `raw_os_error` is the errno, like the errors of std's `Command`. This `io::Error` does not contain
/// the step: to report the step, use the original error, also as `Box<dyn Error>`, into which `?` converts it as well. If a signal
/// killed the child, there is no errno, and the `io::Error` contains the original error.
#[cfg(feature = "std")]
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        match error.errno() {
            Some(errno) => errno.into(),
            None => Self::other(error),
        }
    }
}

/// Does the same as the conversion from [`Error`], so that `?` works in a function that returns an `io::Result`.
#[cfg(feature = "std")]
impl From<spawn::Error<'_>> for std::io::Error {
    fn from(error: spawn::Error<'_>) -> Self {
        Error::from(error).into()
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use crate::args::Args;
    use crate::spawn::{Program, Spawn};

    fn start(program: &core::ffi::CStr) -> Result<(), Error> {
        Spawn::new(Program::Path(program), Args::EMPTY, Args::EMPTY).start()?;
        Ok(())
    }

    fn start_as_std(program: &core::ffi::CStr) -> std::io::Result<()> {
        Spawn::new(Program::Path(program), Args::EMPTY, Args::EMPTY).start()?;
        Ok(())
    }

    #[test]
    #[cfg_attr(miri, ignore = "the kernel there has no such file")]
    fn an_error_of_a_spawn_leaves_a_function_and_keeps_its_errno() {
        let error = start(c"/nope").expect_err("a failure");
        assert_eq!(error.step(), r#"exec "/nope""#);
        assert_eq!(std::io::Error::from(error).raw_os_error(), Some(2));
        let error = start_as_std(c"/nope").expect_err("a failure");
        assert_eq!(error.raw_os_error(), Some(2));
        assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
        assert_eq!(Errno::try_from(&error), Ok(Errno::ENOENT));
    }

    #[test]
    fn an_error_without_an_errno_keeps_its_text() {
        let killed = spawn::Error::Killed {
            signal: Some(crate::Signal::KILL),
        };
        let text = std::string::ToString::to_string(&killed);
        let error = std::io::Error::from(killed);
        assert_eq!(error.raw_os_error(), None);
        assert_eq!(std::string::ToString::to_string(&error), text);
    }
}
