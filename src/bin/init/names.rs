//! What this program does under other names: it sends requests to process 1, or does a part of its work.
//!
//! - `poweroff`, `reboot`, `halt`: asks process 1 to stop the machine in an orderly way. With `-f`, this process itself stops the
//!   machine at once.
//! - `init LEVEL`, `telinit LEVEL`, on a running machine: asks process 1 to do what this run level of sysvinit means.
//! - `switch_root NEWROOT INIT [ARG...]`: as process 1 in an initramfs, executes the init of the system that is mounted at NEWROOT.
//! - [`ASKFIRST`]: the program that process 1 starts for an `askfirst` entry.

use core::ffi::CStr;

use nestling::spawn::Program;
use nestling::text::{self, Text};
use nestling::{Args, SigSet, io, rt};

use crate::exec::become_program;
use crate::log::Line;
use crate::machine;
use crate::machine::switch_root::switch_root;

/// The name under which this program waits for Enter, and then executes another program. The first argument is the name to search
/// for; the other arguments are the `argv` of that program.
pub const ASKFIRST: &str = "askfirst";

/// The names of this program. [`named`] relies on their order.
static NAMES: &str = "poweroff reboot halt switch_root askfirst init telinit";

/// If the program was started under one of these names, does the work and returns the exit status.
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
        // A word that is not one character long is a command.
        _ if rest.len() != 1 || first(rest).count_bytes() != 1 => None,
        _ => machine::requests::level(rest),
    }
}

/// Returns the first argument; an empty string if `args` is empty.
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
        // The terminal is hung up or closed.
        if io::read_exact(io::stdin(), &mut byte).is_err() {
            return 1;
        }
    }
    let path = env.var(c"PATH");
    let program = Program::Search { name, path };
    become_program(program, args.skip(1), env, Some(SigSet::EMPTY))
}
