//! The error of a command, without borrowed data.

use alloc::string::String;
use alloc::vec::Vec;

use crate::errno::Errno;
use crate::spawn;
use crate::text::{self, Sink, Text};

/// The reason why a command could not be started, or why the wait for it failed. Unlike [`spawn::Error`], this type borrows no
/// data from the caller: it contains the failed step as text.
///
/// ```
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
    /// A failure that is no exec's.
    pub(super) fn new(step: &str, errno: Errno) -> Self {
        Self {
            step: step.into(),
            errno: Some(errno),
            shell_code: 125,
        }
    }

    /// Returns the errno; `None` if a signal killed the child before the program ran.
    pub fn errno(&self) -> Option<Errno> {
        self.errno
    }

    /// Returns the step that failed, as text: `exec "nope"`, `file action 0 (open "list")`. If a signal killed the child before
    /// the program ran, returns the whole message.
    pub fn step(&self) -> &str {
        &self.step
    }

    /// Returns the exit status that a shell reports for this error. See [`spawn::Error::shell_code`].
    pub fn shell_code(&self) -> i32 {
        self.shell_code
    }
}

impl From<spawn::Error<'_>> for Error {
    fn from(error: spawn::Error<'_>) -> Self {
        let mut words = Words(Vec::new());
        match error.step() {
            Some(step) => step.write(&mut words),
            None => error.write(&mut words),
        }
        Self {
            // It is UTF-8: a `Sink` is given whole characters.
            step: String::from_utf8(words.0).unwrap_or_default(),
            errno: error.errno(),
            shell_code: error.shell_code(),
        }
    }
}

struct Words(Vec<u8>);

impl Sink for Words {
    fn put(&mut self, text: &[u8]) {
        self.0.extend_from_slice(text);
    }
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

/// Makes an `io::Error` with the `ErrorKind` of the errno, and with the text of this error.
#[cfg(feature = "std")]
impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        let kind = error
            .errno()
            .map_or(std::io::ErrorKind::Other, |errno| Self::from(errno).kind());
        Self::new(kind, error)
    }
}
