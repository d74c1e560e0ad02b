//! `sh`: a POSIX shell that spawns instead of forking (XCU `sh`).
//!
//! `sh [-abCEefHhilmnpuvx] [-o option]… [file [argument…]]`, `sh -c … command_string [name [argument…]]`, `sh -s … [argument…]`
//!
//! # Extensions
//!
//! What busybox's ash and bash have beyond POSIX.1-2024, and what `sh` does. The cases are in `tests/host/sh/extension*.t`.
//!
//! | Extension | In | `sh` |
//! |---|---|---|
//! | `local`, `local -` | ash, bash | has; a variable without a value is unset at first |
//! | `[[ … ]]` with patterns, `=~`, `-nt`, `-ef` | ash, bash | has; BASH_REMATCH, which is an array, it has not |
//! | `function f { }`, `function f() { }`, FUNCNAME | ash, bash | has; FUNCNAME is the name of the innermost function |
//! | `f() simple-command` | ash | has |
//! | `&>file`, `>&word` | ash, bash | has |
//! | `&>>file` | bash | has not: in POSIX it is `&` and `>>file` |
//! | `<<<word` | ash, bash | has |
//! | `<(…)`, `>(…)` | ash, bash | has; the end of the pipe is closed when the command ends |
//! | `{name}>file` | bash | has |
//! | `\|&` | bash | has not: `2>&1 \|` is portable |
//! | `$(<file)` | bash | has |
//! | `${v:offset:length}`, `${v/pattern/text}` with `//`, `/#`, `/%` | ash, bash | has |
//! | `${!v}`, `${v^}`, `${v,}`, `${v@Q}` | bash | has not: `eval`, `tr` and `printf %q` do the same |
//! | `$'…'`, `;&` in `case`, `set -o pipefail` | ash, bash | has; they are in POSIX since 2024 |
//! | `;;&` in `case` | bash | has not |
//! | `x+=text` | bash | has |
//! | arrays, `declare`, `typeset` | bash | has not: a second kind of value everywhere; the positional parameters are the list |
//! | `((…))`, `for ((…))` | bash | has not: `let` and `$((…))` do the same, and in POSIX `((` may begin two subshells |
//! | `**`, `,`, `++` and bases up to 64 in arithmetic | ash, bash | has |
//! | `select` | bash | has not: a loop with `read` does the same |
//! | brace expansion `{a,b}`, `{1..9}` | bash | has not: it would change words that POSIX leaves as they are |
//! | `**` in pathnames, patterns `@(…)`, `shopt` | bash | has not |
//! | `trap … ERR`, `set -E` | ash, bash | has; DEBUG and RETURN it has not |
//! | RANDOM, SECONDS, EPOCHSECONDS, HOSTNAME | ash, bash | has; they are worked out when they are expanded |
//! | OPTERR=0 | ash, bash | has |
//! | `shift` by more than `$#` | ash, bash | returns 1, as they do |
//! | `read -n -N -p -s -t -u -d` | ash, bash | has; `-a` (an array) it has not |
//! | `printf %q` | bash | has; it quotes by single quotes |
//! | `printf -v`, `mapfile`, `time` | bash | has not |
//! | `echo -n -e -E` | ash, bash | has; escape sequences mean something after `-e` only |
//! | `exec -a` | bash | has |
//! | `type -p` | bash | has; `-a` and `-t` it has not |
//! | `let`, `source`, `chdir`, `help`, `history [n]` | ash, bash | has; `help` lists the names, `history` is of interactive shells |
//! | `wait -n`, `export -n` | ash, bash | has |
//! | `disown`, `suspend`, `pushd`, `popd`, `dirs` | bash | has not |
//!
//! About `echo`: a Debian system had 676 scripts with `#!/bin/sh`, and in them 2,137 uses of `echo`. 10 of these are `echo -e`. 2, in one
//! script, expect a newline from `\n` without `-e`, as from dash. The others have no backslash, ask first which `echo` it is, or end with one
//! backslash, which every shell writes.

#![no_std]
#![no_main]
#![deny(unsafe_code)]
// The program does not panic, except when it has no memory left: no script may end it with a fault.
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

/// A fault of the shell's own, or no memory. (Where it was is told by a debug build alone: the places' names are 5 KB. What the panic
/// says would bring in `core::fmt`, too.)
fn panic(info: &PanicInfo<'_>) -> ! {
    match info.location() {
        Some(place) if cfg!(debug_assertions) => {
            nestling::eprintln!("sh: panic at ", place.file(), ":", place.line());
        }
        _ => nestling::eprintln!("sh: panic"),
    }
    rt::abort()
}
