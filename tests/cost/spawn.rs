//! The cost of `Spawn`: finds a program along `PATH`, starts it and waits for its end.

#![no_std]
#![no_main]

use nestling::rt::Process;
use nestling::spawn::{Program, Spawn};
use nestling::{Args, args};

nestling::entry!(main);

fn main(process: Process) -> i32 {
    let list = args![c"true"];
    let program = Program::Search {
        name: c"true",
        path: None,
    };
    let spawn = Spawn::new(program, Args::new(&list), process.env());
    match spawn.start() {
        Ok(mut child) => child.wait().map_or(125, |status| status.shell_code()),
        Err(error) => error.shell_code(),
    }
}
