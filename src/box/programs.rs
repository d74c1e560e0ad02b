//! `init` and `sh`: the programs of `src/bin`, under all their names.

use nestling::applet::{Applet, Call};
use nestling::rt;

use crate::TABLES;

/// The arguments of the applets that end the machine.
const END: &str = "[-fnp] [-d seconds]";

/// The applets, in the order of their names.
pub const APPLETS: &[Applet] = &[
    init(c"askfirst", "name [arg...]"),
    init(c"halt", END),
    init(c"init", "[command [arg...]]"),
    init(c"poweroff", END),
    init(c"reboot", END),
    Applet {
        name: c"sh",
        synopsis: "[-abCeEfhHilmnpuvx] [-o option] [-c commands | -s | file] [arg...]",
        run: |call| run(call, |process| nestling_box_sh::main(process, TABLES)),
    },
    init(c"switch_root", "directory init [arg...]"),
    init(c"telinit", "level"),
];

const fn init(name: &'static core::ffi::CStr, synopsis: &'static str) -> Applet {
    Applet {
        name,
        synopsis,
        run: |call| run(call, nestling_programs_init::main),
    }
}

/// Runs a program with the arguments of the call.
fn run(call: &Call<'_>, main: fn(rt::Process) -> i32) -> i32 {
    let Some(process) = rt::process() else {
        return call.complain(b"", "not a process of its own");
    };
    // The name of the applet is argument 0 or 1.
    let before = process.args().len() - call.args.len();
    main(process.skip(before))
}
