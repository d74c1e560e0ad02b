//! The cost of the heap: a `Box`, a `Vec` and a `String`.

#![no_std]
#![no_main]

extern crate alloc;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::hint::black_box;

use nestling::rt::Process;

nestling::entry!(main);

fn main(process: Process) -> i32 {
    let (mut boxes, mut text) = (Vec::new(), String::new());
    for number in 0..process.args().len() {
        boxes.push(Box::new(number));
        text.push_str("argument");
    }
    i32::from(black_box(&boxes).len() > black_box(&text).len())
}
