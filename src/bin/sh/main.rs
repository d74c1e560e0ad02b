//! `sh`: a POSIX shell that spawns instead of forking (XCU `sh`).
//!
//! `sh [-abCefhilmnpuvx] [-o option]… [file [argument…]]`, `sh -c … command_string [name [argument…]]`, `sh -s … [argument…]`

#![no_std]
#![no_main]
#![deny(unsafe_code)]
// The program does not panic, except when it has no memory left: no script may end it with a fault.
#![warn(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

extern crate alloc;

mod builtins;
#[cfg(feature = "edit")]
mod editor;
mod execution;
mod expansion;
mod fields;
#[cfg(feature = "edit")]
mod history;
mod interactive;
mod invocation;
mod jobs;
mod map;
mod options;
mod output;
mod prompt;
mod redirection;
mod shell;
mod sort;
mod symbols;
mod syntax;
mod traps;
mod variables;

use core::panic::PanicInfo;

use nestling::rt;

nestling::entry!(main, panic = panic);

fn main(process: rt::Process) -> i32 {
    let (shell, mut source) = match invocation::read(process) {
        Ok(ready) => ready,
        Err(status) => return status,
    };
    if let Err(divert) = invocation::start(shell, process) {
        execution::subshell::exit(shell, Err(divert));
    }
    loop {
        let flow = execution::script(shell, &mut source);
        if !shell.goes_on_after(flow) {
            execution::subshell::exit(shell, flow);
        }
        source.discard_line();
    }
}

/// A fault of the shell's own, or no memory. (Where it was is told by a debug build alone: the places' names are 5 KB. What the panic
/// says would bring in `core::fmt`, too.)
fn panic(info: &PanicInfo<'_>) -> ! {
    match info.location() {
        Some(place) if cfg!(debug_assertions) => {
            nestling::eprintln!("sh: panic at ", place.file(), ":", place.line());
        }
        _ => nestling::eprintln!("sh: panic"),
    }
    rt::abort()
}
