//! The cost of `system`: runs a shell command to its end.

#![no_std]
#![no_main]

use nestling::rt::Process;
use nestling::system::system;

nestling::entry!(main);

fn main(_: Process) -> i32 {
    system(c"true").map_or_else(|error| error.shell_code(), |status| status.shell_code())
}
