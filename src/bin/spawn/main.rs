#![no_std]
#![no_main]
#![deny(unsafe_code)]
use core::fmt::Write;
use nestling::spawn::{Program, Spawn};

nestling::entry!(main);

fn main(process: nestling::rt::Process) -> i32 {
    let args = process.args().skip(1);
    let Some(name) = args.first() else { return 125 };
    let spawn = Spawn::new(Program::Search { name, path: process.env().var(c"PATH") }, args, process.env());
    match spawn.start() {
        Ok(mut child) => child.wait().unwrap().shell_code(),
        Err(error) => { let _ = writeln!(nestling::rt::stderr(), "spawn: {error}"); error.shell_code() }
    }
}
