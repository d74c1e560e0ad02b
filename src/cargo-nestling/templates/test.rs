//! A test: a program that exits with 0 if it passes, and with 77 if it is skipped. `cargo nestling test` runs it natively, under qemu-user, or on a
//! kernel of its own; `cargo test` runs it natively.
#![no_std]
#![no_main]

use core::ffi::CStr;

use nestling::spawn::{Action, Program, Spawn};
use nestling::{Args, Errno, OFlags, args, eprintln, println, rt::Process};

nestling::entry!(main);

/// The path that cargo gives to the program. In a virtual machine, the program is at this path, too.
const PROGRAM: &[u8] = concat!(env!("CARGO_BIN_EXE_demo"), "\0").as_bytes();

fn main(process: Process) -> i32 {
    let path = CStr::from_bytes_with_nul(PROGRAM).unwrap_or_default();
    let words = args![WORDS];
    // Without input: in a virtual machine, the input is the console, and no user types there.
    let (flags, mode) = (OFlags::RDONLY, 0);
    let no_input = [Action::Open {
        fd: 0,
        path: c"/dev/null",
        flags,
        mode,
    }];
    let program = Spawn {
        actions: &no_input,
        ..Spawn::new(Program::Path(path), Args::new(&words), process.env())
    };
    let started = program.start();
    let status = match started.map(|mut child| child.wait()) {
        Ok(Ok(status)) => status,
        Ok(Err(errno)) => {
            eprintln!("wait: ", errno);
            return 1;
        }
        Err(error) if error.errno() == Some(Errno::ENOEXEC) => {
            println!("skipped: under qemu-user, programs of this architecture start no others");
            return 77; // the test is skipped
        }
        Err(error) => {
            eprintln!(error);
            return 1;
        }
    };
    println!("STATUS: ", status);
    i32::from(status.code() != Some(CODE))
}
