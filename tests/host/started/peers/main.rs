//! The peers: a program that plays each situation by one way to start programs, and prints the outcome.
//!
//! Its command line is `peers WAY FILE`. Each line of `FILE` is a situation (see `situation.rs`), and `WAY` is a name
//! that [`way`] knows. The same source serves for two C libraries. Built as usual, it is a program that uses the
//! standard library, on glibc. Linked statically by `musl-gcc`, it does not use the standard library (see `musl.rs`),
//! and its `posix_spawn` is musl's.

#![no_std]
#![no_main]
#![cfg_attr(target_feature = "crt-static", allow(dead_code))]

extern crate alloc;
#[cfg(not(target_feature = "crt-static"))]
extern crate std;

#[cfg(not(target_feature = "crt-static"))]
mod builders;
#[cfg(target_feature = "crt-static")]
mod musl;
#[cfg(not(target_feature = "crt-static"))]
mod ours;
mod posix;
mod situation;
mod stage;

use alloc::format;
use core::ffi::{CStr, c_char, c_int};

use situation::Situation;
use stage::Answer;

/// Starts the program of a situation in one way. It is called in a process of its own, the parent of the situation.
type Way = fn(&Situation) -> Answer;

fn way(name: &CStr) -> Option<Way> {
    Some(match name.to_bytes() {
        b"posix_spawn" => posix::spawn,
        #[cfg(not(target_feature = "crt-static"))]
        b"std" => builders::standard,
        #[cfg(not(target_feature = "crt-static"))]
        b"nestling" => ours::shared,
        #[cfg(not(target_feature = "crt-static"))]
        b"nestling-copied" => ours::copied,
        #[cfg(not(target_feature = "crt-static"))]
        b"nestling-command" => builders::ours,
        _ => return None,
    })
}

/// # Safety
///
/// The C library passes the arguments.
#[unsafe(no_mangle)]
unsafe extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    assert!(count == 3, "usage: peers WAY FILE");
    // SAFETY: the program was started with three arguments.
    let [name, file] = [1, 2].map(|index| unsafe { CStr::from_ptr(*arguments.add(index)) });
    let way = way(name).expect("a way to start programs");
    stage::make_new();
    for (number, line) in stage::read(file).lines().enumerate() {
        let situation = Situation::parse(line).unwrap_or_else(|| panic!("no situation: {line}"));
        stage::print(&format!("= {line}\n"));
        stage::play(&situation, number, way);
    }
    0
}
