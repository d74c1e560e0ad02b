//! The words of the kernel's command line that the kernel passes to init. They have the same meaning as for sysvinit.

use core::ffi::CStr;

use nestling::Args;
use nestling::text;

/// The words. [`Mode::of`] relies on their order.
static KNOWN: &str = "single -s s S 1 emergency -b 0 6 2 3 4 5";

/// How the machine starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// All entries of the inittab are started.
    Multi,
    /// `single`, `s`, `S`, `1`: after the `sysinit` entries, a shell starts on the console. When the shell ends, the other entries
    /// start.
    Single,
    /// `emergency`, `-b`: a shell on the console starts before all other entries.
    Emergency,
    /// `0`: the machine powers off.
    PowerOff,
    /// `6`: the machine reboots.
    Reboot,
}

impl Mode {
    /// Returns the mode that the arguments choose. The last known word counts. Unknown words (such as `auto` or `splash`) have no
    /// effect.
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

/// The line of the shell on the console in single-user mode. If `sulogin` exists, it replaces the shell.
pub const SINGLE_USER: &[u8] = b"console::wait:-/bin/sh";

/// The line of the shell that starts before all other entries.
pub const EMERGENCY: &[u8] = b"console::sysinit:-/bin/sh";
