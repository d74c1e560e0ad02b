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
//! | `function f { }`, `function f() { }`, FUNCNAME | ash, bash | has; FUNCNAME is the name of the innermost function |
//! | `f() simple-command` | ash | has |
//! | functions whose names are no names of variables | bash | has not: POSIX wants a name |
//! | `local`, `local -` | ash, bash | has; a variable without a value is unset at first |
//! | `[[ … ]]` with patterns, `=~`, `-nt`, `-ef` | ash, bash | has; `-v`, `-o` and BASH_REMATCH, which is an array, it has not |
//! | `&>file`, `>&word` | ash, bash | has |
//! | `&>>file` | bash | has not: in POSIX it is `&` and `>>file` |
//! | `<<<word` | bash | has |
//! | `<(…)`, `>(…)` | ash, bash | has; the end of the pipe is closed when the command ends |
//! | `{name}>file` | bash | has |
//! | `n>&m-`, `/dev/tcp/host/port` | bash | has not: `n>&m m>&-` does the same; the shell opens no connections |
//! | `\|&`, `coproc` | bash | has not: `2>&1 \|` and FIFOs are portable |
//! | `$(<file)` | bash | has |
//! | `${v:offset:length}`, `${v/pattern/text}`, `${v//pattern/text}` | ash, bash | has; of `$@` and `$*`, too |
//! | `${v/#pattern/text}`, `${v/%pattern/text}` | bash | has |
//! | `${!v}`, `${!v*}`, `${v^}`, `${v,}`, `${v@Q}` | bash | has not: `eval`, `tr` and `printf %q` do the same |
//! | `$'…'`, `set -o pipefail` | ash, bash | has; they are in POSIX since 2024, as is `;&` in `case`, which ash has not |
//! | `;;&` in `case` | bash | has not |
//! | `$"…"`, `$[…]` | bash | has not: messages are not translated; `$((…))` is the same |
//! | `x+=text` | bash | has |
//! | arrays, `declare`, `typeset` | bash | has not: a second kind of value everywhere; the positional parameters are the list |
//! | `((…))`, `for ((…))` | bash | has not: `let` and `$((…))` do the same, and in POSIX `((` may begin two subshells |
//! | `**`, `,`, `++` and bases up to 64 in arithmetic | ash, bash | has |
//! | `select`, `for x in …; { }`, `time` as a reserved word | bash | has not: loops with `read`, `do` and `done`; the program `time` |
//! | brace expansion `{a,b}`, `{1..9}` | bash | has not: it would change words that POSIX leaves as they are |
//! | `**` in pathnames, patterns `@(…)`, `shopt` | bash | has not |
//! | `~+`, `~-` | bash | has |
//! | `trap … ERR`, `set -E` | ash, bash | has; DEBUG and RETURN, which ash has not, it has not |
//! | RANDOM, EPOCHSECONDS, HOSTNAME; SECONDS | ash, bash; bash | has; they are worked out when they are expanded |
//! | EPOCHREALTIME, SHLVL; UID, EUID, PIPESTATUS, BASH… | ash, bash; bash | has not: `date`, `id`, pipefail; a script cannot rely on them |
//! | OPTERR=0 | ash, bash | has |
//! | `set -B`, `-k`, `-P`, `-T`, `set -o posix` | bash | has not; `set -h` does nothing, for programs are always remembered |
//!
//! | Extension of a built-in | In | `sh` |
//! |---|---|---|
//! | `shift` by more than `$#` | ash, bash | returns 1, as they do |
//! | `read -n -p -s -t -u -d`; `-N` | ash, bash; bash | has; `-a` (an array), `-e` and `-i` it has not |
//! | `printf %q` | bash | has; it quotes by single quotes |
//! | `printf -v`, `printf '%(…)T'`, `mapfile` | bash | has not: `x=$(printf …)`, `date`, and a loop with `read` |
//! | `echo -n -e -E` | ash, bash | has; escape sequences mean something after `-e` only (see below) |
//! | `\u` and `\U` in `echo -e` and `printf` | bash | has not; `$'\u263a'` is in POSIX |
//! | `exec -a` | bash | has; `-c` and `-l` it has not: `env -i` |
//! | `type -p`; `-a` | ash, bash; bash | has; `-f`, `-t` and `-P` it has not |
//! | `let`, `source`, `help`, `history [n]`; `chdir` | ash, bash; ash | has; `help` lists the names, `history` is of interactive shells |
//! | `wait -n`, `export -n` | ash, bash | has; `wait -f` and `-p`, `export -f` it has not |
//! | `test -N -o -v` | bash | has not: `find -newerXY`, `$-` and `${v+set}` |
//! | `builtin`, `caller`, `enable`, `logout` | bash | has not: `command`, and `exit` |
//! | `hash -d -p -t`, `jobs -r -s -x`, `umask -p`, `unset -n`, `trap -l` | bash | has not |
//!
//! | For people at a terminal | In | `sh` |
//! |---|---|---|
//! | keys of emacs and vi, history in a file, completion of commands, files and variables | ash, bash | has |
//! | `bind`, inputrc, `complete`, `compgen` | bash | has not: a function gives its completions in an array |
//! | `!!`, `!n`, `^old^new`, `set +H` | bash | has |
//! | HISTFILE, HISTSIZE; HISTCONTROL | ash, bash; bash | has |
//! | PS1 with `\w`, `\u`, `\h` and so on, MAIL; COLUMNS and LINES as the terminal has them | ash, bash; bash | has |
//! | PROMPT_COMMAND, `$_`, `disown`, `suspend` | bash | has; `$_` is set in interactive shells only |
//! | `pushd`, `popd`, `dirs` | bash | has not: functions for a start file are in the manual |
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
mod fields;
#[cfg(feature = "edit")]
mod history;
mod interactive;
mod invocation;
mod jobs;
mod map;
mod options;
mod output;
mod prompt;
mod reader;
mod redirection;
mod shell;
mod sort;
mod stack;
mod symbols;
mod syntax;
mod traps;
mod variables;

use core::panic::PanicInfo;

use nestling::rt;

#[cfg(panic = "unwind")]
compile_error!("the program has no unwinder: add --config 'profile.release.panic=\"abort\"'");

nestling::entry!(main, panic = panic);

fn main(process: rt::Process) -> i32 {
    let (shell, mut source) = match invocation::read(process) {
        Ok(ready) => ready,
        Err(status) => return status,
    };
    if let Err(divert) = invocation::start(shell, process) {
        execution::subshell::exit(shell, Err(divert));
    }
    loop {
        let flow = execution::script(shell, &mut source);
        if !shell.goes_on_after(flow) {
            execution::subshell::exit(shell, flow);
        }
        source.discard_line();
    }
}

/// Handles a panic: an error in the shell itself, or a lack of memory. (Only a debug build writes the location, because the names
/// of the locations take 5 KB. The panic's message would also bring in `core::fmt`.)
fn panic(info: &PanicInfo<'_>) -> ! {
    match info.location() {
        Some(place) if cfg!(debug_assertions) => {
            nestling::eprintln!("sh: panic at ", place.file(), ":", place.line());
        }
        _ => nestling::eprintln!("sh: panic"),
    }
    rt::abort()
}
