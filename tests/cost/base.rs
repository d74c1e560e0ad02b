//! The base of the other programs of this folder: `entry!` and an exit status.

#![no_std]
#![no_main]

use nestling::rt::Process;

nestling::entry!(main);

fn main(process: Process) -> i32 {
    i32::from(process.args().is_empty())
}
