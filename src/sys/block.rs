//! Block devices.

use linux_raw_sys::loop_device;

use super::{done, ioctl};
use crate::errno::Errno;
use crate::fd::BorrowedFd;

/// `LOOP_CLR_FD`: detaches the loop device from its file. `ENXIO` if it has none. A device that is in use, as by a mount, stays
/// attached until its last user closes it, and this succeeds nevertheless.
pub fn detach_loop(device: BorrowedFd<'_>) -> Result<(), Errno> {
    // SAFETY: no argument.
    done(unsafe { ioctl(device, loop_device::LOOP_CLR_FD, 0) })
}
