//! Block devices.

use linux_raw_sys::loop_device;

use super::{done, ioctl, small};
use crate::errno::Errno;
use crate::fd::BorrowedFd;

/// `LOOP_CLR_FD`: detaches the loop device from its file. Fails with `ENXIO` if no file is attached. If the device is in use,
/// for example by a mount, the call succeeds, but the kernel detaches the file only after the last user has closed the device.
pub fn detach_loop(device: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: the request takes no argument.
    done(unsafe { ioctl(device, loop_device::LOOP_CLR_FD, 0) })
}

/// `LOOP_CTL_GET_FREE`: returns the number N of a loop device `/dev/loopN` without a file; makes one if there is none. `control` is
/// `/dev/loop-control`. Another process may take the device before the caller does.
pub fn free_loop(control: BorrowedFd<'_>) -> Result<i32, Errno> {
    // SAFETY: the request takes no argument.
    small(unsafe { ioctl(control, loop_device::LOOP_CTL_GET_FREE, 0) })
}

/// `LOOP_SET_FD`: attaches a file to the loop device, which is read-only if one of the descriptors is. Fails with `EBUSY` if the
/// device has a file.
#[doc(alias = "losetup")]
pub fn attach_loop(device: BorrowedFd<'_>, file: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: the request takes a descriptor.
    done(unsafe { ioctl(device, loop_device::LOOP_SET_FD, file.fd as usize) })
}

/// `LOOP_SET_STATUS64`: sets where in its file the loop device begins, in bytes, and its size (0: up to the end of the file). `name`
/// is what `losetup` shows; the kernel keeps its first 63 bytes. With `clears`, the kernel detaches the file when the last user
/// closes the device.
#[doc(alias = "losetup")]
pub fn set_loop_status(
    device: BorrowedFd<'_>,
    name: &[u8],
    offset: u64,
    size: u64,
    clears: bool,
) -> Result<(), Errno> {
    const LO_FLAGS_AUTOCLEAR: u32 = 4;
    // SAFETY: the struct has only integer fields, so all zeros is a valid value.
    let mut info: loop_device::loop_info64 = unsafe { core::mem::zeroed() };
    info.lo_offset = offset;
    info.lo_sizelimit = size;
    info.lo_flags = if clears { LO_FLAGS_AUTOCLEAR } else { 0 };
    for (place, &byte) in info.lo_file_name.iter_mut().take(63).zip(name) {
        *place = byte;
    }
    let request = loop_device::LOOP_SET_STATUS64;
    // SAFETY: the kernel reads one `struct loop_info64`.
    done(unsafe { ioctl(device, request, &raw const info as usize) })
}
