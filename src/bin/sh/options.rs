//! The shell's options: those of `set -e` and `set -o errexit` (XCU 2.15, `set`), and those of the command line only.

/// An option of the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Opt {
    Allexport,
    Notify,
    Noclobber,
    Errexit,
    Noglob,
    Hashall,
    Monitor,
    Noexec,
    Nounset,
    Verbose,
    Xtrace,
    Ignoreeof,
    Nolog,
    Vi,
    Emacs,
    Pipefail,
    Privileged,
    Errtrace,
    Histexpand,
    PrefixSearch,
    #[cfg(feature = "applets")]
    PathFirst,
    // The following options are for the command line only.
    Interactive,
    Stdin,
    Command,
    Login,
}

/// The letter (0 for none) and the name of each option, in the order of [`Opt`]. `set -o` lists only the options before
/// `Interactive`.
pub const OPTIONS: &[(Opt, u8, &str)] = &[
    (Opt::Allexport, b'a', "allexport"),
    (Opt::Notify, b'b', "notify"),
    (Opt::Noclobber, b'C', "noclobber"),
    (Opt::Errexit, b'e', "errexit"),
    (Opt::Noglob, b'f', "noglob"),
    (Opt::Hashall, b'h', "hashall"),
    (Opt::Monitor, b'm', "monitor"),
    (Opt::Noexec, b'n', "noexec"),
    (Opt::Nounset, b'u', "nounset"),
    (Opt::Verbose, b'v', "verbose"),
    (Opt::Xtrace, b'x', "xtrace"),
    (Opt::Ignoreeof, 0, "ignoreeof"),
    (Opt::Nolog, 0, "nolog"),
    (Opt::Vi, 0, "vi"),
    (Opt::Emacs, 0, "emacs"),
    (Opt::Pipefail, 0, "pipefail"),
    (Opt::Privileged, b'p', "privileged"),
    (Opt::Errtrace, b'E', "errtrace"),
    (Opt::Histexpand, b'H', "histexpand"),
    (Opt::PrefixSearch, 0, "prefixsearch"),
    #[cfg(feature = "applets")]
    (Opt::PathFirst, 0, "pathfirst"),
    (Opt::Interactive, b'i', ""),
    (Opt::Stdin, b's', ""),
    (Opt::Command, b'c', ""),
    (Opt::Login, b'l', ""),
];

/// The set of options that are on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options(u32);

impl Options {
    pub fn has(self, option: Opt) -> bool {
        self.0 & 1 << option as u32 != 0
    }

    pub fn set(&mut self, option: Opt, on: bool) {
        if on {
            self.0 |= 1 << option as u32;
        } else {
            self.0 &= !(1 << option as u32);
        }
    }

    /// The letters of the options that are on: `$-`.
    pub fn letters(self) -> impl Iterator<Item = u8> {
        OPTIONS
            .iter()
            .filter(move |&&(option, letter, _)| letter != 0 && self.has(option))
            .map(|&(_, letter, _)| letter)
    }
}

/// Returns the option with this letter, if `set` accepts it.
pub fn by_letter(letter: u8) -> Option<Opt> {
    named()
        .find(|&&(_, other, _)| other == letter && letter != 0)
        .map(|&(option, ..)| option)
}

/// Returns the option with this name.
pub fn by_name(name: &[u8]) -> Option<Opt> {
    named()
        .find(|&&(_, _, other)| other.as_bytes() == name)
        .map(|&(option, ..)| option)
}

/// Returns the options that `set` accepts.
pub fn named() -> impl Iterator<Item = &'static (Opt, u8, &'static str)> {
    OPTIONS.iter().filter(|(_, _, name)| !name.is_empty())
}
