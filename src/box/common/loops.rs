//! Loop devices, for `losetup` and for `mount -o loop`.

use alloc::ffi::CString;
use core::ffi::CStr;

use nestling::{AsFd, Errno, OFlags, OwnedFd, sys};

use super::columns::{decimal, join};

/// How a file is attached.
#[derive(Clone, Copy, Default)]
pub struct Attachment {
    pub read_only: bool,
    /// Where the device begins in the file, and its size (0: up to the end of the file), in bytes.
    pub offset: u64,
    pub size: u64,
    /// Whether the file is detached when the device is no longer used.
    pub clears: bool,
}

/// Returns the path of a loop device without a file.
pub fn free() -> Result<CString, Errno> {
    let control = sys::fd::open(c"/dev/loop-control", OFlags::RDWR | OFlags::CLOEXEC, 0)?;
    let number = sys::block::free_loop(control.as_fd())?;
    Ok(join(&[b"/dev/loop", &decimal(number as u64)]))
}

/// Attaches the file to the device. Returns the open device: with `clears`, it must stay open until it is mounted.
pub fn attach(device: &CStr, path: &CStr, how: Attachment) -> Result<OwnedFd, Errno> {
    let access = match how.read_only {
        true => OFlags::RDONLY,
        false => OFlags::RDWR,
    };
    let file = sys::fd::open(path, access | OFlags::CLOEXEC, 0)?;
    let device = sys::fd::open(device, access | OFlags::CLOEXEC, 0)?;
    sys::block::attach_loop(device.as_fd(), file.as_fd())?;
    let name = path.to_bytes();
    let outcome =
        sys::block::set_loop_status(device.as_fd(), name, how.offset, how.size, how.clears);
    if outcome.is_err() {
        let _ = sys::block::detach_loop(device.as_fd());
    }
    outcome.map(|()| device)
}

/// Attaches the file to a free device. Returns the path of this device, and what [`attach`] returns.
pub fn attach_to_free(path: &CStr, how: Attachment) -> Result<(CString, OwnedFd), Errno> {
    loop {
        let device = free()?;
        match attach(&device, path, how) {
            // Another process has taken the device.
            Err(Errno::EBUSY) => {}
            outcome => return outcome.map(|open| (device, open)),
        }
    }
}
