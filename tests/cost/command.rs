//! The cost of `Command`, used for a program's exit status.

#![no_std]
#![no_main]

use nestling::command::Command;
use nestling::rt::Process;

nestling::entry!(main);

fn main(_: Process) -> i32 {
    let status = Command::new("true").arg("now").status();
    status.map_or_else(|error| error.shell_code(), |status| status.shell_code())
}
