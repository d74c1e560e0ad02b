//! The words of the kernel's command line that the kernel leaves to init, as sysvinit reads them.

use core::ffi::CStr;

use nestling::Args;
use nestling::text;

/// The words, in an order that [`Mode::of`] knows.
static KNOWN: &str = "single -s s S 1 emergency -b 0 6 2 3 4 5";

/// How the machine is to come up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// With all that the inittab has.
    Multi,
    /// `single`, `s`, `S`, `1`: with a shell at the console after what is `sysinit`. When that ends, the rest starts.
    Single,
    /// `emergency`, `-b`: with a shell at the console before all else.
    Emergency,
    /// `0`
    PowerOff,
    /// `6`
    Reboot,
}

impl Mode {
    /// What the words say, the last one that says something. Others (`auto`, a run level from 2 to 5, `splash`) change nothing.
    pub fn of(args: Args<'_>) -> Self {
        let known = |word: &CStr| {
            Some(match text::position(KNOWN, word.to_bytes())? {
                0..=4 => Self::Single,
                5..=6 => Self::Emergency,
                7 => Self::PowerOff,
                8 => Self::Reboot,
                _ => Self::Multi,
            })
        };
        args.skip(1)
            .iter()
            .filter_map(known)
            .last()
            .unwrap_or(Self::Multi)
    }
}

/// The line of the shell at the console. Its place takes `sulogin`, if there is one.
pub const SINGLE_USER: &[u8] = b"console::wait:-/bin/sh";

/// The same before all else.
pub const EMERGENCY: &[u8] = b"console::sysinit:-/bin/sh";
