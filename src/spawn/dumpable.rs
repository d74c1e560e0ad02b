//! Whether other processes may trace this process, and whether the kernel may dump its core.
//!
//! The kernel stores this flag with the memory (`mm_struct`), not with the process. When a child changes its ids, the kernel
//! changes the flag, also for a parent that shares the memory. So a spawn saves the flag, and restores it when the child no longer
//! shares the memory.

use crate::errno::Errno;
use crate::mutex::ProcessMutex;
use crate::sys::credentials::{self, CapabilitySets};
use crate::sys::process;

/// Sets whether other processes may trace this process, and whether the kernel may write a core dump of it: 0 (no) or 1 (yes).
/// This function does the same as `prctl(PR_SET_DUMPABLE)`, and has effect even if another thread spawns at the same time.
///
/// While another thread's spawn changes the child's ids and shares this process's memory with the child, the value 0 has effect at
/// once, and the value 1 has effect when the child no longer shares the memory. A call of [`process::set_dumpable`] has no lasting effect
/// at such a time, because the spawn restores the earlier value. If a program cannot avoid such direct calls, let its spawns copy
/// the memory ([`Memory::Copied`](super::Memory)).
///
/// ```
/// nestling::spawn::set_dumpable(0)?;
/// assert_eq!(nestling::sys::process::dumpable(), Ok(0));
/// # Ok::<(), nestling::Errno>(())
/// ```
///
/// # Errors
/// `EINVAL` if the value is neither 0 nor 1.
pub fn set_dumpable(dumpable: usize) -> Result<(), Errno> {
    KEPT.with(|kept| {
        if kept.children > 0 && dumpable <= 1 {
            kept.value = Some(dumpable);
            kept.owner = Owner::now();
            if dumpable == 1 {
                return Ok(());
            }
        }
        process::set_dumpable(dumpable)
    })
}

/// Makes sure that only root may trace this process. A child that changes its ids calls this function. The kernel has already done
/// the same when the ids changed, unless the sysctl `fs.suid_dumpable` is 1. The function takes no lock, because a child must not.
pub(super) fn hide() -> Result<(), Errno> {
    match process::dumpable() {
        Ok(0 | 2) => Ok(()),
        Ok(_) | Err(_) => process::set_dumpable(0),
    }
}

static KEPT: ProcessMutex<Kept> = ProcessMutex::new();

#[derive(Default)]
struct Kept {
    /// The number of children that share the memory and may change their ids.
    children: usize,
    /// The value to restore when the last of these children no longer shares the memory; `None` to restore nothing.
    value: Option<usize>,
    /// The ids that this process had when `value` was read. If this process has changed its own ids since then, `value` is not
    /// restored.
    owner: Owner,
}

/// This process's effective user id, effective group id and capabilities. The kernel may change the flag when one of these changes.
/// A field is `None` if a seccomp filter forbids its system call.
#[derive(Default, PartialEq)]
struct Owner(Option<u32>, Option<u32>, Option<CapabilitySets>);

impl Owner {
    fn now() -> Self {
        let (uid, gid) = (credentials::geteuid(), credentials::getegid());
        Self(uid.ok(), gid.ok(), credentials::capget().ok())
    }
}

/// A guard that exists while a child shares the memory and may change its ids. When the last guard is dropped, the flag is
/// restored.
pub(super) struct KeptDumpable(());

impl KeptDumpable {
    /// Saves the flag. Call this before making the child.
    pub fn keep() -> Self {
        KEPT.with(|kept| {
            if kept.children == 0 {
                // Only the kernel can set the value 2.
                kept.value = process::dumpable().ok().filter(|&value| value <= 1);
                kept.owner = Owner::now();
            }
            kept.children = kept.children.saturating_add(1);
        });
        Self(())
    }
}

/// To be dropped when the child no longer shares the memory.
impl Drop for KeptDumpable {
    fn drop(&mut self) {
        KEPT.with(|kept| {
            kept.children = kept.children.saturating_sub(1);
            if kept.owner != Owner::now() {
                kept.value = None;
            }
            if let (0, Some(value)) = (kept.children, kept.value) {
                // This happens under the lock, because another thread may be about to make a guard.
                let _ = process::set_dumpable(value);
            }
        });
    }
}
