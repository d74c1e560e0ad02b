//! Several programs in one file, the applets. `demo hello` runs one, and so does a link `hello` to the file; `demo --install DIR` makes
//! the links.
#![no_std]
#![no_main]

use nestling::applet::{self, Applet, Call};
use nestling::{println, rt::Process};

nestling::entry!(main);

const APPLETS: &[Applet] = &[Applet {
    name: c"hello",
    synopsis: "[name...]",
    run: hello,
}];

fn hello(call: &Call<'_>) -> i32 {
    for name in call.args.skip(1).iter() {
        println!("hello, ", name);
    }
    0
}

fn main(process: Process) -> i32 {
    applet::run("demo", &[APPLETS], process.args(), process.env())
}
