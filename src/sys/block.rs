//! Block devices.

use linux_raw_sys::loop_device;

use super::{done, ioctl};
use crate::errno::Errno;
use crate::fd::BorrowedFd;

/// `LOOP_CLR_FD`: detaches the loop device from its file. Fails with `ENXIO` if no file is attached. If the device is in use,
/// for example by a mount, the call succeeds, but the kernel detaches the file only after the last user has closed the device.
pub fn detach_loop(device: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: the request takes no argument.
    done(unsafe { ioctl(device, loop_device::LOOP_CLR_FD, 0) })
}
