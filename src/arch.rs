//! Picks the one file of `arch/` that is this machine's. Nothing above asks which it is.

use core::ffi::c_void;

#[cfg(target_arch = "aarch64")]
#[path = "../arch/aarch64.rs"]
mod machine;
#[cfg(target_arch = "x86")]
#[path = "../arch/i386.rs"]
mod machine;
#[cfg(target_arch = "riscv64")]
#[path = "../arch/riscv64.rs"]
mod machine;
#[cfg(target_arch = "x86_64")]
#[path = "../arch/x86_64.rs"]
mod machine;

#[cfg(not(all(
    target_os = "linux",
    target_endian = "little",
    any(
        all(
            target_pointer_width = "64",
            any(
                target_arch = "x86_64",
                target_arch = "aarch64",
                target_arch = "riscv64"
            )
        ),
        target_arch = "x86"
    )
)))]
compile_error!("nestling is for Linux on x86_64, aarch64, riscv64 and i386");

pub use machine::*;

/// What a new child runs: it gets the argument that was given beside it, and leaves by `execve` or `exit`.
pub type ChildFunction = unsafe extern "C" fn(*mut c_void) -> !;
