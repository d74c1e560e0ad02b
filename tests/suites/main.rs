//! The program of the on-target suites. `suites SUITE [CASE]` runs the cases of a suite, or only those whose names
//! contain CASE; `suites --list` prints all names. `tests/harness.rs` describes the environment and the output.

#![no_std]
#![no_main]

extern crate alloc;

mod actions;
mod attributes;
mod begin;
mod command;
mod descriptors;
mod documented;
mod events;
mod exec;
mod files;
mod heap;
mod invariants;
mod io;
mod jobs;
mod machine;
mod pid1;
mod popen;
mod raw;
mod runtime;
mod shell;
mod signals;
mod sockets;
mod stack;
mod stipulations;
mod system;
mod terminals;
mod wait;

nestling_tests::suites! {
    actions,
    attributes,
    begin,
    command,
    descriptors,
    documented,
    events,
    exec,
    files,
    heap,
    invariants,
    io,
    jobs,
    machine,
    pid1,
    popen,
    raw,
    runtime,
    shell,
    signals,
    sockets,
    stack,
    stipulations,
    system,
    terminals,
    wait,
}
