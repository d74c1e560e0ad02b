//! `nestling-init`: the program of the package in `init/`.

#![no_std]
#![no_main]
#![deny(unsafe_code)]

#[cfg(panic = "unwind")]
compile_error!("the program has no unwinder: add --config 'profile.release.panic=\"abort\"'");

nestling::entry!(
    nestling_programs_init::main,
    panic = nestling_programs_init::panic
);
