//! Processes: their ids, and how they end (`wait(2)`).

use crate::signal::Signal;
use crate::text::{self, Sink, Text};

/// A process id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[doc(alias = "pid_t")]
pub struct Pid(pub(crate) i32);

impl Pid {
    /// Makes a process id from a positive number; returns `None` if the number is not positive.
    #[must_use]
    pub const fn from_raw(id: i32) -> Option<Self> {
        if id > 0 { Some(Self(id)) } else { None }
    }

    /// Returns the process id as a number.
    #[must_use]
    pub const fn as_raw(self) -> i32 {
        self.0
    }
}

text::display_text!(Pid, ExitStatus, ExitStatusError);

impl Text for Pid {
    fn write(&self, out: &mut impl Sink) {
        self.0.write(out);
    }
}

/// What a wait reports about a process: how it ended, or that it stopped or continued. A wait reports stops and continuations
/// only if its [`Options`](crate::wait::Options) contain `STOPPED` or `CONTINUED`. The methods are like the methods of
/// `std::process::ExitStatus` and `std::os::unix::process::ExitStatusExt`.
///
/// `Display` writes the same text as std: `exit status: 1`, `signal: 9 (SIGKILL)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[doc(alias = "ExitStatusExt")]
pub struct ExitStatus(i32);

impl ExitStatus {
    /// Makes an `ExitStatus` from the status number of `wait(2)`.
    #[must_use]
    pub const fn from_raw(raw: i32) -> Self {
        Self(raw)
    }

    /// Returns the status number of `wait(2)`.
    #[must_use]
    pub const fn into_raw(self) -> i32 {
        self.0
    }

    /// Returns whether the process exited with exit code 0.
    #[must_use]
    pub const fn success(self) -> bool {
        self.0 == 0
    }

    /// Returns an error unless the process exited with exit code 0, for use with `?`.
    ///
    /// ```
    /// use nestling::ExitStatus;
    ///
    /// fn check(status: ExitStatus) -> Result<(), Box<dyn std::error::Error>> {
    ///     status.exit_ok()?;
    ///     Ok(())
    /// }
    /// assert!(check(ExitStatus::from_raw(0)).is_ok());
    /// let error = check(ExitStatus::from_raw(9)).unwrap_err();
    /// assert_eq!(error.to_string(), "process exited unsuccessfully: signal: 9 (SIGKILL)");
    /// ```
    ///
    /// # Errors
    /// The status, if it is not a success.
    pub const fn exit_ok(self) -> Result<(), ExitStatusError> {
        match self.success() {
            true => Ok(()),
            false => Err(ExitStatusError(self)),
        }
    }

    /// Returns the exit code, from 0 to 255; `None` if the process has not exited (a signal killed, stopped or continued it).
    #[must_use]
    #[doc(alias("WEXITSTATUS", "WIFEXITED"))]
    pub const fn code(self) -> Option<i32> {
        if self.0 & 0x7f == 0 {
            Some(self.0 >> 8 & 0xff)
        } else {
            None
        }
    }

    /// Returns the signal that killed the process; `None` if no signal killed it.
    #[must_use]
    #[doc(alias("WTERMSIG", "WIFSIGNALED"))]
    pub const fn signal(self) -> Option<Signal> {
        match self.0 & 0x7f {
            0x7f => None,
            signal => Signal::from_raw(signal),
        }
    }

    /// Returns whether the kernel wrote a core dump of the process.
    #[must_use]
    #[doc(alias = "WCOREDUMP")]
    pub const fn core_dumped(self) -> bool {
        self.signal().is_some() && self.0 & 0x80 != 0
    }

    /// Returns the signal that stopped the process; `None` if the status does not report a stop.
    #[must_use]
    #[doc(alias("WSTOPSIG", "WIFSTOPPED"))]
    pub const fn stopped_signal(self) -> Option<Signal> {
        if self.0 & 0xff == 0x7f && self.0 != CONTINUED {
            Signal::from_raw(self.0 >> 8 & 0xff)
        } else {
            None
        }
    }

    /// Returns whether the status reports that the process continued after a stop.
    #[must_use]
    #[doc(alias = "WIFCONTINUED")]
    pub const fn continued(self) -> bool {
        self.0 == CONTINUED
    }

    /// Returns the number that a shell stores in `$?`: the exit code or, if a signal killed or stopped the process, 128 plus
    /// the signal's number (POSIX XCU 2.8.2).
    #[must_use]
    pub const fn shell_code(self) -> i32 {
        match (self.0 & 0x7f, self.0 >> 8 & 0xff) {
            (0, code) => code,
            _ if self.continued() => 0,
            (0x7f, signal) | (signal, _) => 128 + signal,
        }
    }

    /// Converts the code `CLD_…` and the status of `waitid` to an `ExitStatus`.
    pub(crate) const fn from_siginfo(code: u32, status: i32) -> Self {
        use linux_raw_sys::general as linux;
        Self(match code {
            linux::CLD_EXITED => (status & 0xff) << 8,
            linux::CLD_DUMPED => status | 0x80,
            linux::CLD_STOPPED | linux::CLD_TRAPPED => status << 8 | 0x7f,
            linux::CLD_CONTINUED => CONTINUED,
            _ => status,
        })
    }
}

const CONTINUED: i32 = 0xffff;

/// The error of [`ExitStatus::exit_ok`]: the status of a process that did not succeed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ExitStatusError(ExitStatus);

impl ExitStatusError {
    /// Returns the status.
    ///
    /// ```
    /// use nestling::ExitStatus;
    ///
    /// let error = ExitStatus::from_raw(3 << 8).exit_ok().unwrap_err();
    /// assert_eq!(error.into_status().code(), Some(3));
    /// ```
    #[must_use]
    pub const fn into_status(self) -> ExitStatus {
        self.0
    }
}

impl core::error::Error for ExitStatusError {}

impl Text for ExitStatusError {
    fn write(&self, out: &mut impl Sink) {
        "process exited unsuccessfully: ".write(out);
        self.0.write(out);
    }
}

impl Text for ExitStatus {
    fn write(&self, out: &mut impl Sink) {
        let (what, number) = match (self.0 & 0x7f, self.0 >> 8 & 0xff) {
            (0, code) => {
                "exit status: ".write(out);
                return code.write(out);
            }
            _ if self.continued() => return "continued (WIFCONTINUED)".write(out),
            (0x7f, signal) => ("stopped (not terminated) by signal: ", signal),
            (signal, _) => ("signal: ", signal),
        };
        what.write(out);
        number.write(out);
        if let Some(signal) = Signal::from_raw(number) {
            " (".write(out);
            signal.write(out);
            ")".write(out);
        }
        if self.core_dumped() {
            " (core dumped)".write(out);
        }
    }
}

/// Conversions to and from the standard library's type.
#[cfg(feature = "std")]
mod std_types {
    use std::os::unix::process::ExitStatusExt;
    use std::process;

    use super::ExitStatus;

    impl From<ExitStatus> for process::ExitStatus {
        fn from(status: ExitStatus) -> Self {
            Self::from_raw(status.into_raw())
        }
    }

    impl From<process::ExitStatus> for ExitStatus {
        fn from(status: process::ExitStatus) -> Self {
            Self::from_raw(status.into_raw())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::string::ToString;

    #[test]
    fn a_status_says_what_std_says_of_it() {
        // In Miri, the test takes a thousand times as long. The step 257 changes both bytes of the status.
        let step = if cfg!(miri) { 257 } else { 1 };
        let statuses = (0..=0xffff).step_by(step);
        for raw in statuses.filter(|&raw| raw & 0x7f == 0x7f || raw & 0x7f <= 64) {
            let ours = ExitStatus::from_raw(raw);
            let theirs = std::process::ExitStatus::from_raw(raw);
            assert_eq!(ours.code(), theirs.code(), "{raw:#x}");
            assert_eq!(
                ours.signal().map(Signal::as_raw),
                theirs.signal(),
                "{raw:#x}"
            );
            assert_eq!(
                ours.core_dumped(),
                theirs.core_dumped() && theirs.signal().is_some(),
                "{raw:#x}"
            );
            assert_eq!(ours.continued(), theirs.continued(), "{raw:#x}");
            assert_eq!(ours.success(), theirs.success(), "{raw:#x}");
        }
    }

    #[test]
    fn a_status_is_shown_as_std_shows_it() {
        for raw in [0, 0x100, 0xff00, 9, 0x86, 15] {
            let theirs = std::process::ExitStatus::from_raw(raw).to_string();
            assert_eq!(ExitStatus::from_raw(raw).to_string(), theirs);
        }
    }

    #[test]
    fn a_shell_counts_a_signal_from_128() {
        assert_eq!(ExitStatus::from_raw(0x700).shell_code(), 7);
        assert_eq!(ExitStatus::from_raw(9).shell_code(), 137);
    }

    #[test]
    fn what_waitid_says_is_the_same_status() {
        use linux_raw_sys::general as linux;
        assert_eq!(
            ExitStatus::from_siginfo(linux::CLD_EXITED, 7).code(),
            Some(7)
        );
        assert_eq!(
            ExitStatus::from_siginfo(linux::CLD_KILLED, 9).signal(),
            Some(Signal::KILL)
        );
        assert!(ExitStatus::from_siginfo(linux::CLD_DUMPED, 6).core_dumped());
        assert_eq!(
            ExitStatus::from_siginfo(linux::CLD_STOPPED, 19).stopped_signal(),
            Some(Signal::STOP)
        );
        assert!(ExitStatus::from_siginfo(linux::CLD_CONTINUED, 18).continued());
    }
}
