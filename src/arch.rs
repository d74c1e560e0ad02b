//! Selects the file of `arch/` for this machine's architecture. No other module depends on the architecture.

use core::ffi::c_void;

#[cfg_attr(all(miri, test), allow(dead_code, unused_imports))] // `miri` replaces some items
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

// These items replace the machine's items when the unit tests run in Miri.
#[cfg(all(miri, test))]
#[path = "../arch/miri.rs"]
mod miri;
#[cfg(all(miri, test))]
pub use miri::{
    clone, copy_backward, copy_forward, fill, on_valgrind, syscall0, syscall1, syscall2, syscall3,
    syscall4, syscall5, syscall6,
};

/// A function that a new child calls with the argument that was passed beside it. The child ends this function with `execve` or
/// `exit`.
#[cfg(not(all(miri, test)))]
pub type ChildFunction = unsafe extern "C" fn(*mut c_void) -> !;
/// In Miri, the child is a thread and ends this function by unwinding.
#[cfg(all(miri, test))]
pub type ChildFunction = unsafe extern "C-unwind" fn(*mut c_void) -> !;
