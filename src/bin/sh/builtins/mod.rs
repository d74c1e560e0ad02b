//! The built-in utilities, one file for each, and what several of them share: `escapes`, `float`, `listing`, `getopt`.

mod alias;
mod bg;
mod break_continue;
mod cd;
mod colon;
pub mod command;
pub mod conditional;
#[cfg(feature = "edit")]
mod disown;
pub mod dot;
mod echo;
mod escapes;
mod eval;
mod exec;
mod exit;
mod export;
#[cfg(feature = "edit")]
pub mod fc;
mod fg;
mod float;
pub mod getopt;
mod getopts;
mod hash;
mod help;
mod jobs;
mod kill;
mod let_;
mod listing;
mod local;
mod printf;
pub mod pwd;
mod read;
pub mod set;
mod shift;
#[cfg(feature = "edit")]
mod suspend;
pub mod test;
mod times;
mod trap;
mod ulimit;
mod umask;
mod unalias;
mod unset;
mod wait;

use crate::shell::{Builtin, Kind};

/// Every built-in utility. The symbols of the built-ins' names follow those of the known variables ([`nestling_shell::symbols`]).
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: ":",
        kind: Kind::Special,
        run: colon::run,
        only_writes: true,
    },
    Builtin {
        name: "break",
        kind: Kind::Special,
        run: break_continue::run_break,
        only_writes: false,
    },
    Builtin {
        name: "continue",
        kind: Kind::Special,
        run: break_continue::run_continue,
        only_writes: false,
    },
    Builtin {
        name: "return",
        kind: Kind::Special,
        run: exit::run_return,
        only_writes: false,
    },
    Builtin {
        name: "exit",
        kind: Kind::Special,
        run: exit::run,
        only_writes: false,
    },
    Builtin {
        name: "eval",
        kind: Kind::Special,
        run: eval::run,
        only_writes: false,
    },
    Builtin {
        name: ".",
        kind: Kind::Special,
        run: dot::run,
        only_writes: false,
    },
    Builtin {
        name: "source",
        kind: Kind::Regular,
        run: dot::run,
        only_writes: false,
    },
    Builtin {
        name: "exec",
        kind: Kind::Special,
        run: exec::run,
        only_writes: false,
    },
    Builtin {
        name: "command",
        kind: Kind::Regular,
        run: command::run,
        only_writes: false,
    },
    Builtin {
        name: "type",
        kind: Kind::Regular,
        run: command::run_type,
        only_writes: true,
    },
    Builtin {
        name: "hash",
        kind: Kind::Regular,
        run: hash::run,
        only_writes: false,
    },
    Builtin {
        name: "true",
        kind: Kind::Regular,
        run: colon::run,
        only_writes: true,
    },
    Builtin {
        name: "false",
        kind: Kind::Regular,
        run: colon::run_false,
        only_writes: true,
    },
    Builtin {
        name: "echo",
        kind: Kind::Regular,
        run: echo::run,
        only_writes: true,
    },
    Builtin {
        name: "printf",
        kind: Kind::Regular,
        run: printf::run,
        only_writes: true,
    },
    Builtin {
        name: "test",
        kind: Kind::Regular,
        run: test::run,
        only_writes: false,
    },
    Builtin {
        name: "[",
        kind: Kind::Regular,
        run: test::run,
        only_writes: false,
    },
    Builtin {
        name: "cd",
        kind: Kind::Regular,
        run: cd::run,
        only_writes: false,
    },
    Builtin {
        name: "chdir",
        kind: Kind::Regular,
        run: cd::run,
        only_writes: false,
    },
    Builtin {
        name: "help",
        kind: Kind::Regular,
        run: help::run,
        only_writes: true,
    },
    #[cfg(feature = "edit")]
    Builtin {
        name: "history",
        kind: Kind::Regular,
        run: fc::run_history,
        only_writes: false,
    },
    Builtin {
        name: "pwd",
        kind: Kind::Regular,
        run: pwd::run,
        only_writes: true,
    },
    Builtin {
        name: "read",
        kind: Kind::Regular,
        run: read::run,
        only_writes: false,
    },
    Builtin {
        name: "export",
        kind: Kind::Special,
        run: export::run,
        only_writes: false,
    },
    Builtin {
        name: "readonly",
        kind: Kind::Special,
        run: export::run_readonly,
        only_writes: false,
    },
    Builtin {
        name: "unset",
        kind: Kind::Special,
        run: unset::run,
        only_writes: false,
    },
    Builtin {
        name: "set",
        kind: Kind::Special,
        run: set::run,
        only_writes: false,
    },
    Builtin {
        name: "shift",
        kind: Kind::Special,
        run: shift::run,
        only_writes: false,
    },
    Builtin {
        name: "getopts",
        kind: Kind::Regular,
        run: getopts::run,
        only_writes: false,
    },
    Builtin {
        name: "umask",
        kind: Kind::Regular,
        run: umask::run,
        only_writes: false,
    },
    Builtin {
        name: "ulimit",
        kind: Kind::Regular,
        run: ulimit::run,
        only_writes: false,
    },
    Builtin {
        name: "local",
        kind: Kind::Regular,
        run: local::run,
        only_writes: false,
    },
    Builtin {
        name: "let",
        kind: Kind::Regular,
        run: let_::run,
        only_writes: false,
    },
    Builtin {
        name: "times",
        kind: Kind::Special,
        run: times::run,
        only_writes: false,
    },
    Builtin {
        name: "trap",
        kind: Kind::Special,
        run: trap::run,
        only_writes: false,
    },
    Builtin {
        name: "wait",
        kind: Kind::Regular,
        run: wait::run,
        only_writes: false,
    },
    Builtin {
        name: "kill",
        kind: Kind::Regular,
        run: kill::run,
        only_writes: false,
    },
    Builtin {
        name: "jobs",
        kind: Kind::Regular,
        run: jobs::run,
        only_writes: false,
    },
    #[cfg(feature = "edit")]
    Builtin {
        name: "fc",
        kind: Kind::Regular,
        run: fc::run,
        only_writes: false,
    },
    Builtin {
        name: "fg",
        kind: Kind::Regular,
        run: fg::run,
        only_writes: false,
    },
    Builtin {
        name: "bg",
        kind: Kind::Regular,
        run: bg::run,
        only_writes: false,
    },
    #[cfg(feature = "edit")]
    Builtin {
        name: "disown",
        kind: Kind::Regular,
        run: disown::run,
        only_writes: false,
    },
    #[cfg(feature = "edit")]
    Builtin {
        name: "suspend",
        kind: Kind::Regular,
        run: suspend::run,
        only_writes: false,
    },
    Builtin {
        name: "alias",
        kind: Kind::Regular,
        run: alias::run,
        only_writes: false,
    },
    Builtin {
        name: "unalias",
        kind: Kind::Regular,
        run: unalias::run,
        only_writes: false,
    },
];
