//! What this program does under other names: it asks process 1 to end the machine, or helps it.
//!
//! - `poweroff`, `reboot`, `halt`: process 1 does so in an orderly way; with `-f` it is done at once, here.
//! - `switch_root NEWROOT INIT [ARG...]`: as process 1 in an initramfs, goes on as the init of the system that is mounted there.
//! - [`ASKFIRST`]: what process 1 starts for an `askfirst` entry.

use core::ffi::CStr;

use nestling::io::{self, Writer};
use nestling::spawn::{Program, Spawn};
use nestling::sys::reboot::{Reboot, reboot, sync};
use nestling::text::Text;
use nestling::{Args, Errno, Signal, rt, sys};

use crate::log::complain;
use crate::switch_root::switch_root;

/// The name under which it asks for Enter, and then becomes the program that its arguments are: what to look for, then all that it
/// gets.
pub const ASKFIRST: &CStr = c"askfirst";

/// Does what its name says, if that is one of these: the exit status.
pub fn named(process: rt::Process) -> Option<i32> {
    let args = process.args();
    let path = args.first()?.to_bytes();
    let name = path.rsplit(|&byte| byte == b'/').next()?;
    let (signal, kind) = match name {
        b"poweroff" => (Signal::USR2, Reboot::PowerOff),
        b"reboot" => (Signal::TERM, Reboot::Restart),
        b"halt" => (Signal::USR1, Reboot::Halt),
        b"switch_root" => return Some(switch_root(args.skip(1), process.env())),
        b"askfirst" => return Some(ask(args.skip(1), process.env())),
        _ => return None,
    };
    let answer = match args.skip(1).first() {
        Some(option) if option == c"-f" => {
            sync();
            Err(reboot(kind))
        }
        Some(_) => Err(Errno::EINVAL),
        None => sys::process::kill(1, Some(signal)),
    };
    Some(match answer {
        Ok(()) => 0,
        Err(errno) => {
            complain(|out| {
                name.write(out);
                ": ".write(out);
                errno.write(out);
            });
            1
        }
    })
}

fn ask(args: Args<'_>, env: Args<'_>) -> i32 {
    let mut stdout = Writer::new(io::stdout());
    "\nPress Enter to start ".write(&mut stdout);
    let Some(name) = args.first() else { return 125 };
    name.write(&mut stdout);
    ". ".write(&mut stdout);
    drop(stdout);
    let mut byte = [0];
    while byte != *b"\n" {
        // The terminal is gone.
        if io::read_exact(io::stdin(), &mut byte).is_err() {
            return 1;
        }
    }
    let path = env.var(c"PATH");
    let program = Program::Search { name, path };
    let error = Spawn::new(program, args.skip(1), env).exec_without_actions();
    complain(|out| error.write(out));
    error.shell_code()
}
