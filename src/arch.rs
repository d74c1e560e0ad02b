//! Picks the one file of `arch/` that is this machine's. Nothing above asks which it is.

use core::ffi::c_void;

#[cfg_attr(all(miri, test), allow(dead_code, unused_imports))] // what `miri` hides
#[cfg(target_arch = "aarch64")]
#[path = "../arch/aarch64.rs"]
mod machine;
#[cfg_attr(all(miri, test), allow(dead_code, unused_imports))]
#[cfg(target_arch = "x86")]
#[path = "../arch/i386.rs"]
mod machine;
#[cfg_attr(all(miri, test), allow(dead_code, unused_imports))]
#[cfg(target_arch = "riscv64")]
#[path = "../arch/riscv64.rs"]
mod machine;
#[cfg_attr(all(miri, test), allow(dead_code, unused_imports))]
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

// What hides the machine's own where Miri interprets the unit tests.
#[cfg(all(miri, test))]
#[path = "../arch/miri.rs"]
mod miri;
#[cfg(all(miri, test))]
pub use miri::{
    clone, copy_backward, copy_forward, fill, on_valgrind, syscall0, syscall1, syscall2, syscall3,
    syscall4, syscall5, syscall6,
};

/// What a new child runs: it gets the argument that was given beside it, and leaves by `execve` or `exit`.
#[cfg(not(all(miri, test)))]
pub type ChildFunction = unsafe extern "C" fn(*mut c_void) -> !;
/// In Miri it is a thread, and leaves by unwinding.
#[cfg(all(miri, test))]
pub type ChildFunction = unsafe extern "C-unwind" fn(*mut c_void) -> !;
