//! The cost of `popen` and `pclose`: reads what a shell command writes.

#![no_std]
#![no_main]

use nestling::popen::{pclose, popen};
use nestling::rt::Process;

nestling::entry!(main);

fn main(_: Process) -> i32 {
    let Ok(mut command) = popen(c"true", "r") else {
        return 125;
    };
    while let Ok(1..) = command.read(&mut [0; 256]) {}
    pclose(command).map_or(125, |status| status.shell_code())
}
