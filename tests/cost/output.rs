//! The cost of `Command`, used for a program's output.

#![no_std]
#![no_main]

use nestling::command::Command;
use nestling::rt::Process;

nestling::entry!(main);

fn main(_: Process) -> i32 {
    let output = Command::new("true").arg("now").output();
    output.map_or_else(
        |error| error.shell_code(),
        |output| i32::from(output.stdout.is_empty()),
    )
}
