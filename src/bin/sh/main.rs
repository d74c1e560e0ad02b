//! `sh`: a POSIX shell that spawns instead of forking (XCU `sh`).
//!
//! `sh [-abCEefHhilmnpuvx] [-o option]… [file [argument…]]`, `sh -c … command_string [name [argument…]]`, `sh -s … [argument…]`
//!
//! # Extensions
//!
//! The tables list what busybox's ash (1.35) and bash (5.2) have beyond POSIX.1-2024, and whether `sh` has it. The test cases are
//! in `tests/host/sh/extension*.t`; those of interactive shells are in `tests/host/tests/sh_terminal` and `sh_history.rs`.
//!
//! | Extension of the language | In | `sh` |
//! |---|---|---|
//! | `function f { }`, `function f() { }`, FUNCNAME | ash, bash | yes; FUNCNAME is the name of the innermost function |
//! | `f() simple-command` | ash | yes |
//! | functions whose names are not valid names of variables | bash | no: POSIX requires a name |
//! | `local`, `local -` | ash, bash | yes; a variable without a value is unset at first |
//! | `[[ … ]]` with patterns, `=~`, `-nt`, `-ef` | ash, bash | yes, but not `-v`, `-o` and BASH_REMATCH, which is an array |
//! | `&>file`, `>&word` | ash, bash | yes |
//! | `&>>file` | bash | no: in POSIX it is `&` and `>>file` |
//! | `<<<word` | bash | yes |
//! | `<(…)`, `>(…)` | ash, bash | yes; the end of the pipe is closed when the command ends |
//! | `{name}>file` | bash | yes |
//! | `n>&m-`, `/dev/tcp/host/port` | bash | no: `n>&m m>&-` does the same; the shell opens no connections |
//! | `\|&`, `coproc` | bash | no: `2>&1 \|` and FIFOs are portable |
//! | `$(<file)` | bash | yes |
//! | `${v:offset:length}`, `${v/pattern/text}`, `${v//pattern/text}` | ash, bash | yes, also for `$@` and `$*` |
//! | `${v/#pattern/text}`, `${v/%pattern/text}` | bash | yes |
//! | `${!v}`, `${!v*}`, `${v^}`, `${v,}`, `${v@Q}` | bash | no: `eval`, `tr` and `printf %q` do the same |
//! | `$'…'`, `set -o pipefail` | ash, bash | yes; they are in POSIX since 2024, like `;&` in `case`, which ash does not have |
//! | `;;&` in `case` | bash | no |
//! | `$"…"`, `$[…]` | bash | no: messages are not translated; `$((…))` is the same as `$[…]` |
//! | `x+=text` | bash | yes |
//! | arrays, `declare`, `typeset` | bash | no: they need a second kind of value; the positional parameters are a list |
//! | `((…))`, `for ((…))` | bash | no: `let` and `$((…))` do the same, and in POSIX `((` may begin two subshells |
//! | `**`, `,`, `++` and bases up to 64 in arithmetic | ash, bash | yes |
//! | `select`, `for x in …; { }`, `time` as a reserved word | bash | no: a loop with `read`; `do` and `done`; the program `time` |
//! | brace expansion `{a,b}`, `{1..9}` | bash | no: it would change words that POSIX leaves unchanged |
//! | `**` in pathnames, patterns `@(…)`, `shopt` | bash | no |
//! | `~+`, `~-` | bash | yes |
//! | `trap … ERR`, `set -E` | ash, bash | yes, but not DEBUG and RETURN, which ash does not have either |
//! | RANDOM, EPOCHSECONDS, HOSTNAME; SECONDS | ash, bash; bash | yes; the values are computed when they are expanded |
//! | EPOCHREALTIME, SHLVL; UID, EUID, PIPESTATUS, BASH… | ash, bash; bash | no: `date`, `id`, pipefail; scripts cannot rely on them |
//! | OPTERR=0 | ash, bash | yes |
//! | `set -B`, `-k`, `-P`, `-T`, `set -o posix` | bash | no; `set -h` does nothing: locations of programs are always remembered |
//!
//! | Extension of a built-in | In | `sh` |
//! |---|---|---|
//! | `shift` by more than `$#` | ash, bash | returns 1, too |
//! | `read -n -p -s -t -u -d`; `-N` | ash, bash; bash | yes, but not `-a` (an array), `-e` and `-i` |
//! | `printf %q` | bash | yes; it uses single quotes |
//! | `printf -v`, `printf '%(…)T'`, `mapfile` | bash | no: `x=$(printf …)`, `date`, and a loop with `read` do the same |
//! | `echo -n -e -E` | ash, bash | yes; escape sequences have a meaning only after `-e` (see below) |
//! | `\u` and `\U` in `echo -e` and `printf` | bash | no; `$'\u263a'` is in POSIX |
//! | `exec -a` | bash | yes, but not `-c` and `-l`; `env -i` does the same as `-c` |
//! | `type -p`; `-a` | ash, bash; bash | yes, but not `-f`, `-t` and `-P` |
//! | `let`, `source`, `help`, `history [n]`; `chdir` | ash, bash; ash | yes; `help` lists names, `history` is for interactive shells |
//! | `wait -n`, `export -n` | ash, bash | yes, but not `wait -f` and `-p` and `export -f` |
//! | `test -N -o -v` | bash | no: `find -newerXY`, `$-` and `${v+set}` do the same |
//! | `builtin`, `caller`, `enable`, `logout` | bash | no: `command` and `exit` do the same as `builtin` and `logout` |
//! | `hash -d -p -t`, `jobs -r -s -x`, `umask -p`, `unset -n`, `trap -l` | bash | no |
//!
//! | At a terminal | In | `sh` |
//! |---|---|---|
//! | keys of emacs and vi, history in a file, completion of commands, files and variables | ash, bash | yes |
//! | completion of signals, jobs, aliases; options of built-ins | bash's package | yes; no: only each built-in knows its options |
//! | `bind`, inputrc, `complete -F`, `compgen` | bash | no: a function returns its completions in an array |
//! | `!!`, `!n`, `^old^new`, `set +H` | bash | yes |
//! | HISTFILE, HISTSIZE; HISTCONTROL | ash, bash; bash | yes |
//! | PS1 with `\w`, `\u`, `\h` and so on, MAIL; COLUMNS and LINES for the terminal's size | ash, bash; bash | yes |
//! | PROMPT_COMMAND, `disown`, `suspend`; `$_`, `%1` for `fg %1` | bash | yes; the latter in interactive shells only |
//! | `pushd`, `popd`, `dirs` | bash | no: functions for a start file are in the manual |
//!
//! About `echo`: a Debian system had 676 scripts with `#!/bin/sh`, which contained 2,137 uses of `echo`. 10 of these uses are `echo
//! -e`. 2 uses, in one script, expect a newline for `\n` without `-e`, as in dash. The others have no backslash, test first how
//! `echo` behaves, or end with one backslash, which every shell writes unchanged.

#![no_std]
#![no_main]
#![deny(unsafe_code)]
// The program must not panic, because no script may end it with a fault. The exception is running out of memory.
#![warn(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

extern crate alloc;

mod builtins;
#[cfg(feature = "edit")]
mod editor;
mod environment;
mod execution;
mod expansion;
#[cfg(feature = "edit")]
mod history;
mod interactive;
mod invocation;
mod jobs;
mod options;
mod output;
mod prompt;
mod reader;
mod redirection;
mod shell;
mod stack;
mod start;
mod traps;
mod variables;

use core::panic::PanicInfo;

use nestling::{Errno, heap, rt, sys};

#[cfg(panic = "unwind")]
compile_error!("the program has no unwinder: add --config 'profile.release.panic=\"abort\"'");

nestling::entry!(main, panic = panic);

fn main(process: rt::Process) -> i32 {
    start::run(process, |_| {})
}

/// Handles a panic: an error in the shell itself, or a lack of memory. (Only a debug build writes the location, because the names
/// of the locations take 5 KB. The panic's message would also bring in `core::fmt`.)
fn panic(info: &PanicInfo<'_>) -> ! {
    if heap::has_failed() {
        nestling::eprintln!("sh: ", Errno::ENOMEM);
        sys::process::exit(2);
    }
    match info.location() {
        Some(place) if cfg!(debug_assertions) => {
            nestling::eprintln!("sh: panic at ", place.file(), ":", place.line());
        }
        _ => nestling::eprintln!("sh: panic"),
    }
    rt::abort()
}
