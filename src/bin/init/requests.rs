//! What this program does under other names: it asks process 1 to end the machine, or helps it.
//!
//! - `poweroff`, `reboot`, `halt`: process 1 does so in an orderly way; with `-f` it is done at once, here.
//! - `init LEVEL`, `telinit LEVEL`, on a running machine: what sysvinit's run levels stand for.
//! - `switch_root NEWROOT INIT [ARG...]`: as process 1 in an initramfs, goes on as the init of the system that is mounted there.
//! - [`ASKFIRST`]: what process 1 starts for an `askfirst` entry.

use core::ffi::CStr;

use nestling::spawn::{Error, Program, Shell, Spawn};
use nestling::text::{self, Text};
use nestling::{Args, Errno, SigSet, io, rt};

use crate::FEATURES;
use crate::log::Line;
use crate::machine;
use crate::machine::switch_root::switch_root;

/// The name under which it asks for Enter, and then becomes the program that its arguments are: what to look for, then all that it
/// gets.
pub const ASKFIRST: &str = "askfirst";

/// What runs a script that does not say what runs it.
pub const SHELL: &CStr = c"/bin/sh";

/// How many arguments such a script can have, itself and the shell included.
pub const SHELL_WORDS: usize = 4096;

/// The names, in an order that [`named`] knows.
static NAMES: &str = "poweroff reboot halt switch_root askfirst init telinit";

/// Does what its name says, if that is one of these: the exit status.
pub fn named(process: rt::Process) -> Option<i32> {
    let (args, env) = (process.args(), process.env());
    let path = args.first()?.to_bytes();
    let name = path.rsplit(|&byte| byte == b'/').next()?;
    let rest = args.skip(1);
    let index = text::position(NAMES, name)?;
    match index {
        0..=2 => Some(machine::requests::end(index, name, rest)),
        3 => Some(switch_root(rest, env)),
        4 => Some(ask(rest, env)),
        // A command has a longer name.
        _ if rest.len() != 1 || first(rest).count_bytes() != 1 => None,
        _ => machine::requests::level(rest),
    }
}

/// The first argument; nothing, if there is none.
#[inline(never)]
pub fn first(args: Args<'_>) -> &CStr {
    args.first().unwrap_or_default()
}

#[inline(never)]
fn ask(args: Args<'_>, env: Args<'_>) -> i32 {
    let name = first(args);
    let mut line = Line::about(name.to_bytes());
    "Press Enter to start".write(&mut line);
    line.send(io::stdout());
    let mut byte = [0];
    while byte != *b"\n" {
        // The terminal is gone.
        if io::read_exact(io::stdin(), &mut byte).is_err() {
            return 1;
        }
    }
    let path = env.var(c"PATH");
    let program = Program::Search { name, path };
    become_program(program, args.skip(1), env, Some(SigSet::EMPTY))
}

/// Becomes the program, with this signal mask or its own. Returns only if that failed: an exit status, after it has reported
/// the error.
#[inline(never)]
pub fn become_program(
    program: Program<'_>,
    args: Args<'_>,
    env: Args<'_>,
    signal_mask: Option<SigSet>,
) -> i32 {
    exec(program, args, env, signal_mask, &mut failed)
}

/// Does what [`become_program`] does, but passes the error to `report`, and returns its result.
#[inline(never)]
pub fn exec(
    program: Program<'_>,
    args: Args<'_>,
    env: Args<'_>,
    signal_mask: Option<SigSet>,
    report: &mut dyn FnMut(&Error<'_>) -> i32,
) -> i32 {
    let mut spawn = Spawn::new(program, args, env);
    spawn.attributes.signal_mask = signal_mask;
    let error = spawn.exec_with::<FEATURES>();
    match error.errno() {
        Some(Errno::ENOEXEC) => exec_by_shell(&spawn, report),
        _ => report(&error),
    }
}

/// The room for the shell's arguments is only taken where there is need of it: a copy of process 1 has to get each page of it.
#[inline(never)]
fn exec_by_shell(spawn: &Spawn<'_>, report: &mut dyn FnMut(&Error<'_>) -> i32) -> i32 {
    let room = Shell::room::<SHELL_WORDS>();
    let shell = Shell {
        path: SHELL,
        room: &room,
    };
    let spawn = Spawn {
        shell: Some(shell),
        ..*spawn
    };
    report(&spawn.exec_with::<FEATURES>())
}

/// Says what went wrong: an exit status.
#[inline(never)]
pub fn failed(error: &Error<'_>) -> i32 {
    let mut line = Line::new("");
    error.write(&mut line);
    line.warn();
    error.shell_code()
}
