#![doc = include_str!("README.md")]
#![no_std]
// Every function here is called by C, and believes what C's callers promise.
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

/// What a function returns that returns its error.
fn answer(result: Result<(), Errno>) -> c_int {
    result.map_or_else(Errno::as_raw, |()| 0)
}

/// What the standard library brings where a build of the whole workspace has it.
#[cfg(not(has_std))]
mod without_std {
    use core::panic::PanicInfo;

    #[panic_handler]
    fn panic(_: &PanicInfo<'_>) -> ! {
        unsafe extern "C" {
            fn abort() -> !;
        }
        // SAFETY: it takes nothing.
        unsafe { abort() }
    }
}
