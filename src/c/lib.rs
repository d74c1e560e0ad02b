#![doc = include_str!("README.md")]
#![no_std]
// C calls every function here. The functions rely on the safety contracts that their documentation gives.
#![warn(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod actions;
mod attributes;
mod libc;
mod popen;
mod reason;
mod spawn;
mod system;
mod thread;

pub use actions::*;
pub use attributes::*;
pub use popen::{pclose, popen};
pub use reason::nestling_spawn_error;
pub use spawn::*;
pub use system::system;

use core::ffi::c_int;

use nestling::Errno;

/// Converts a result to the return value of a function that returns its error.
fn answer(result: Result<(), Errno>) -> c_int {
    result.map_or_else(Errno::as_raw, |()| 0)
}

/// What a program without the standard library must define. In a build of the whole workspace, the standard library defines it.
#[cfg(not(has_std))]
mod without_std {
    use core::panic::PanicInfo;

    #[panic_handler]
    fn panic(_: &PanicInfo<'_>) -> ! {
        unsafe extern "C" {
            fn abort() -> !;
        }
        // SAFETY: `abort` takes no argument.
        unsafe { abort() }
    }
}
