//! The cost of `println!`: a string and a number.

#![no_std]
#![no_main]

use nestling::rt::Process;

nestling::entry!(main);

fn main(process: Process) -> i32 {
    nestling::println!("arguments: ", process.args().len());
    0
}
