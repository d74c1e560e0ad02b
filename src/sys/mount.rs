//! The tree of file systems: `mount(2)`.

use core::ffi::CStr;

use linux_raw_sys::general as linux;

use super::done;
use crate::arch::syscall5;
use crate::errno::Errno;

/// `mount`: attaches the file system of this kind at the directory `target`. `flags` are `MS_…`; `options` are the file
/// system's own, divided by commas.
pub fn mount(
    source: &CStr,
    target: &CStr,
    kind: &CStr,
    flags: u32,
    options: &CStr,
) -> Result<(), Errno> {
    // SAFETY: the kernel reads C strings.
    let answer = unsafe {
        syscall5(
            linux::__NR_mount as usize,
            source.as_ptr() as usize,
            target.as_ptr() as usize,
            kind.as_ptr() as usize,
            flags as usize,
            options.as_ptr() as usize,
        )
    };
    done(answer)
}
