//! Ending the machine: `sync(2)` and `reboot(2)`.

use linux_raw_sys::general as linux;

use super::{done, failed};
use crate::arch::{syscall0, syscall4};
use crate::errno::Errno;

/// What [`reboot`] does with the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Reboot {
    /// Switch the machine off. If the kernel cannot do this, halt the machine.
    PowerOff = linux::LINUX_REBOOT_CMD_POWER_OFF,
    /// Restart the machine.
    Restart = linux::LINUX_REBOOT_CMD_RESTART,
    /// Halt the machine: it stays on and does nothing.
    Halt = linux::LINUX_REBOOT_CMD_HALT,
}

/// `sync`: writes all pending changes to the disks.
pub fn sync() {
    // SAFETY: the call takes no arguments and cannot fail.
    unsafe { syscall0(linux::__NR_sync as usize) };
}

/// `reboot`: switches off, restarts or halts the machine at once, without [`sync`]. If the caller is not in the machine's first
/// pid namespace (for example, in a container), the call only ends the processes of the caller's namespace. Returns only if the
/// call fails.
#[must_use]
pub fn reboot(how: Reboot) -> Errno {
    failed(command(how as u32))
}

/// `reboot(LINUX_REBOOT_CMD_CAD_ON)`, `…_OFF`: sets what the kernel does at Ctrl-Alt-Del: it restarts the machine at once
/// (`true`), or sends `SIGINT` to PID 1 (`false`).
pub fn set_ctrl_alt_del(restarts: bool) -> Result<(), Errno> {
    done(command(if restarts {
        linux::LINUX_REBOOT_CMD_CAD_ON
    } else {
        linux::LINUX_REBOOT_CMD_CAD_OFF
    }))
}

fn command(command: u32) -> usize {
    // SAFETY: the call takes only numbers. Two of them are magic numbers, which protect against a call by mistake.
    unsafe {
        syscall4(
            linux::__NR_reboot as usize,
            linux::LINUX_REBOOT_MAGIC1 as usize,
            linux::LINUX_REBOOT_MAGIC2 as usize,
            command as usize,
            0,
        )
    }
}
