//! Signals and sets of them (`signal(7)`).

use core::fmt;
use core::num::NonZeroU8;

use crate::text::{self, Sink, Text};

/// A signal, with a number from 1 to 64. The numbers are the same on all architectures that nestling supports.
///
/// `Display` writes the name with the prefix `SIG`, such as `SIGTERM` or `SIGRTMIN+3`.
///
/// ```
/// use nestling::Signal;
/// assert_eq!(Signal::TERM.to_string(), "SIGTERM");
/// assert_eq!(Signal::from_raw(37).unwrap().to_string(), "SIGRTMIN+3");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(NonZeroU8);

impl Signal {
    /// Returns the signal with this number; `None` if the number is not between 1 and 64.
    #[must_use]
    pub const fn from_raw(number: i32) -> Option<Self> {
        match number {
            1..=64 => match NonZeroU8::new(number as u8) {
                Some(number) => Some(Self(number)),
                None => None,
            },
            _ => None,
        }
    }

    /// Returns the signal's number.
    #[must_use]
    pub const fn as_raw(self) -> i32 {
        self.0.get() as i32
    }

    /// Iterates over all signals, from the lowest number to the highest.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..65).filter_map(Self::from_raw)
    }

    /// Returns the signal's name without `SIG`, such as `TERM`; `None` for a real-time signal (32 to 64).
    #[must_use]
    #[doc(alias = "sigabbrev_np")]
    pub fn name(self) -> Option<&'static str> {
        match text::word_str(NAMES, b' ', self.0.get().into()) {
            "" => None,
            name => Some(name),
        }
    }

    /// Returns the text that `kill -l` writes: the name without `SIG`, such as `TERM` or `RTMIN+3`. For the signals 32 and 33,
    /// the text is the number. [`from_name`](Self::from_name) accepts this text for each of the 64 signals.
    ///
    /// ```
    /// use nestling::Signal;
    /// assert_eq!(Signal::TERM.short().to_string(), "TERM");
    /// assert_eq!(Signal::from_raw(37).unwrap().short().to_string(), "RTMIN+3");
    /// assert_eq!(Signal::from_raw(32).unwrap().short().to_string(), "32");
    /// ```
    #[must_use]
    pub fn short(self) -> impl Text + fmt::Display {
        Short(self)
    }

    /// Returns the signal with this name or number; `None` if no signal has this name or number. The name may begin with `SIG`, and
    /// may be in upper or lower case. `RTMIN+n` and `RTMAX-n` are also names.
    ///
    /// ```
    /// use nestling::Signal;
    /// assert_eq!(Signal::from_name("term"), Some(Signal::TERM));
    /// assert_eq!(Signal::from_name("SIGRTMIN+3").unwrap().as_raw(), 37);
    /// assert_eq!(Signal::from_name("9"), Some(Signal::KILL));
    /// assert_eq!(Signal::from_name("65"), None);
    /// ```
    #[doc(alias = "str2sig")]
    pub fn from_name(name: impl AsRef<[u8]>) -> Option<Self> {
        Self::from_name_bytes(name.as_ref())
    }

    fn from_name_bytes(name: &[u8]) -> Option<Self> {
        // The longest name is `SIGRTMIN+30`, with 11 characters.
        let mut upper = [0; 12];
        for (to, from) in upper.iter_mut().zip(name) {
            *to = from.to_ascii_uppercase();
        }
        let upper = upper.get(..name.len())?;
        let name = text::after(upper, b"SIG").unwrap_or(upper);
        let number = if let Some(offset) = text::after(name, b"RTMIN") {
            RTMIN + beyond(offset, b'+')?
        } else if let Some(offset) = text::after(name, b"RTMAX") {
            Some(RTMAX - beyond(offset, b'-')?).filter(|&number| number >= RTMIN)?
        } else if let Some(number) = text::position(NAMES, name) {
            number as i32
        } else {
            small(upper)?
        };
        Self::from_raw(number)
    }
}

/// Parses the offset after `RTMIN` or `RTMAX`, such as `+3`. If there is no offset, returns 0.
#[inline(never)]
fn beyond(offset: &[u8], sign: u8) -> Option<i32> {
    match offset {
        [] => Some(0),
        [first, digits @ ..] if *first == sign => small(digits),
        _ => None,
    }
}

/// Parses a number up to 64. Calculations with such a number do not overflow here.
#[inline(never)]
fn small(digits: &[u8]) -> Option<i32> {
    let number = text::number(digits, 10)?;
    (number <= 64).then_some(number as i32)
}

text::display_text!(Signal, Short);

impl Text for Signal {
    fn write(&self, out: &mut impl Sink) {
        match text::word(NAMES, b' ', self.0.get().into()) {
            b"" if self.as_raw() < RTMIN => {
                "signal ".write(out);
                self.as_raw().write(out);
            }
            b"" => {
                "SIGRTMIN+".write(out);
                (self.as_raw() - RTMIN).write(out);
            }
            name => {
                "SIG".write(out);
                name.write(out);
            }
        }
    }
}

struct Short(Signal);

impl Text for Short {
    fn write(&self, out: &mut impl Sink) {
        let number = self.0.as_raw();
        match text::word(NAMES, b' ', self.0.0.get().into()) {
            b"" if number < RTMIN => number.write(out),
            b"" => {
                "RTMIN+".write(out);
                (number - RTMIN).write(out);
            }
            name => name.write(out),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The first real-time signal for programs. glibc and musl reserve 32 and 33 for themselves; musl also reserves 34.
const RTMIN: i32 = 34;
const RTMAX: i32 = 64;

macro_rules! signals {
    ($($name:ident $number:literal $what:literal)*) => {
        /// The signals that have a name.
        impl Signal {
            $(
                #[doc = $what]
                pub const $name: Self = match Self::from_raw($number) {
                    Some(signal) => signal,
                    None => panic!(),
                };
            )*
        }

        /// The names of the signals, in the order of their numbers. The dash stands for the signal 0, which does not exist.
        static NAMES: &str = concat!("-", $(" ", stringify!($name)),*);
    };
}

signals! {
    HUP 1 "hangup of the terminal; by convention, makes a daemon read its configuration again"
    INT 2 "interrupt from the terminal (Ctrl-C)"
    QUIT 3 "quit from the terminal (Ctrl-\\)"
    ILL 4 "illegal instruction"
    TRAP 5 "trace or breakpoint trap"
    ABRT 6 "sent by `abort(3)`"
    BUS 7 "bad memory access (such as beyond the end of a mapped file)"
    FPE 8 "arithmetic error"
    KILL 9 "kill the process; cannot be caught"
    USR1 10 "user-defined"
    SEGV 11 "invalid memory reference"
    USR2 12 "user-defined"
    PIPE 13 "write to a pipe that no process reads"
    ALRM 14 "the timer of `alarm(2)` expired"
    TERM 15 "termination request"
    STKFLT 16 "stack fault (unused)"
    CHLD 17 "a child has stopped or ended"
    CONT 18 "continue the process if it is stopped"
    STOP 19 "stop the process; cannot be caught"
    TSTP 20 "stop from the terminal (Ctrl-Z)"
    TTIN 21 "terminal input for a background process"
    TTOU 22 "terminal output for a background process"
    URG 23 "urgent data on a socket"
    XCPU 24 "CPU time limit exceeded"
    XFSZ 25 "file size limit exceeded"
    VTALRM 26 "the virtual timer expired"
    PROF 27 "the profiling timer expired"
    WINCH 28 "the terminal's size changed"
    IO 29 "I/O is possible now"
    PWR 30 "power failure"
    SYS 31 "bad system call"
}

/// A set of signals.
///
/// ```
/// use nestling::{Signal, SigSet};
/// let set = SigSet::EMPTY.with(Signal::INT).with(Signal::QUIT);
/// assert!(set.contains(Signal::INT) && !set.contains(Signal::TERM));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(transparent)]
#[doc(alias = "sigset_t")]
pub struct SigSet(u64);

impl SigSet {
    /// The set without signals.
    pub const EMPTY: Self = Self(0);
    /// The set of all signals.
    pub const ALL: Self = Self(!0);

    /// Makes a set from bits. Bit `n - 1` stands for signal `n`, as in `/proc/PID/status`.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the set as bits; [`from_bits`](Self::from_bits) says what each bit means.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Returns this set with `signal` added.
    #[must_use]
    #[doc(alias = "sigaddset")]
    pub const fn with(self, signal: Signal) -> Self {
        Self(self.0 | 1 << (signal.as_raw() - 1))
    }

    /// Returns this set with `signal` removed.
    #[must_use]
    #[doc(alias = "sigdelset")]
    pub const fn without(self, signal: Signal) -> Self {
        Self(self.0 & !(1 << (signal.as_raw() - 1)))
    }

    /// Returns the signals that are in this set or in `other`.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the signals that are in this set and not in `other`.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns whether `signal` is in the set.
    #[must_use]
    #[doc(alias = "sigismember")]
    pub const fn contains(self, signal: Signal) -> bool {
        self.0 & 1 << (signal.as_raw() - 1) != 0
    }

    /// Iterates over the signals of the set, from the lowest number to the highest.
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        Signal::all().filter(move |&signal| self.contains(signal))
    }
}

impl FromIterator<Signal> for SigSet {
    fn from_iter<T: IntoIterator<Item = Signal>>(signals: T) -> Self {
        signals.into_iter().fold(Self::EMPTY, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn every_signal_is_found_by_the_name_it_is_shown_with() {
        // In Miri, the test takes a thousand times as long.
        let all = Signal::all().step_by(if cfg!(miri) { 9 } else { 1 });
        for signal in all.filter(|signal| ![32, 33].contains(&signal.as_raw())) {
            assert_eq!(Signal::from_name(signal.to_string()), Some(signal));
        }
    }

    #[test]
    fn each_of_the_64_is_found_by_what_kill_l_writes() {
        assert_eq!(Signal::all().count(), 64);
        for signal in Signal::all().step_by(if cfg!(miri) { 9 } else { 1 }) {
            let short = signal.short().to_string();
            assert!(!short.starts_with("SIG"), "{short}");
            assert_eq!(Signal::from_name(&short), Some(signal), "{short}");
        }
    }

    #[test]
    fn the_numbers_are_the_kernels() {
        use linux_raw_sys::general as linux;
        assert_eq!(Signal::CHLD.as_raw() as u32, linux::SIGCHLD);
        assert_eq!(Signal::SYS.as_raw() as u32, linux::SIGSYS);
        assert_eq!(Signal::STKFLT.as_raw() as u32, linux::SIGSTKFLT);
    }

    #[test]
    fn what_is_no_signal_has_no_number_and_no_name() {
        for name in [
            "", "SIG", "0", "65", "-1", "FOO", "RTMIN+31", "RTMIN-1", "RTMAX+1", "RTMAX-99", "é",
        ] {
            assert_eq!(Signal::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_set_holds_what_was_put_in_it_and_nothing_else() {
        let last = Signal::from_raw(64).unwrap();
        let set = SigSet::EMPTY.with(Signal::HUP).with(last);
        assert!(set.iter().eq([Signal::HUP, last]));
        assert_eq!(set.bits(), 1 << 63 | 1);
        assert!(set.without(last).iter().eq([Signal::HUP]));
    }

    #[test]
    fn sets_are_joined_and_subtracted() {
        let set: SigSet = [Signal::HUP, Signal::INT].into_iter().collect();
        let other = SigSet::EMPTY.with(Signal::INT).with(Signal::TERM);
        let all = [Signal::HUP, Signal::INT, Signal::TERM];
        assert!(set.union(other).iter().eq(all));
        assert!(set.difference(other).iter().eq([Signal::HUP]));
        assert_eq!(Signal::all().collect::<SigSet>(), SigSet::ALL);
    }
}
