//! Whether other processes may trace this process, and whether the kernel may dump its core.
//!
//! The kernel keeps this with the memory and not with the process. When a child changes its ids, the kernel changes it, also for a
//! parent that shares the memory. So a spawn keeps it, and restores it when the child has left the memory.

use linux_raw_sys::{general as linux, prctl};

use super::credentials::{self, CapabilitySets};
use super::futex::ProcessMutex;
use super::{done, result};
use crate::arch::syscall2;
use crate::errno::Errno;

/// `prctl(PR_GET_DUMPABLE)`: returns whether other processes may trace this process, and whether the kernel may dump its core:
/// 0 (no), 1 (yes) or 2 (only root may read the dump). While a child that changes its ids shares this process's memory, the
/// answer may be 0.
pub fn dumpable() -> Result<usize, Errno> {
    let option = prctl::PR_GET_DUMPABLE as usize;
    // SAFETY: a number is all it takes.
    result(unsafe { syscall2(linux::__NR_prctl as usize, option, 0) })
}

/// `prctl(PR_SET_DUMPABLE)`: sets whether other processes may trace this process, and whether the kernel may write a core dump
/// of it: 0 (no) or 1 (yes).
///
/// While another thread's spawn changes the child's ids and shares this process's memory with the child, a 0 has effect at once,
/// and a 1 has effect when the child has left the memory. A call of `prctl(2)` without this function is lost if it happens at
/// such a time: the spawn restores what it has seen before. If a program cannot avoid such a call, let its spawns copy the memory
/// ([`Memory::Copied`](crate::spawn::Memory)).
pub fn set_dumpable(dumpable: usize) -> Result<(), Errno> {
    KEPT.with(|kept| {
        if kept.children > 0 && dumpable <= 1 {
            kept.value = Some(dumpable);
            kept.owner = Owner::now();
            if dumpable == 1 {
                return Ok(());
            }
        }
        set(dumpable)
    })
}

/// The same without the lock, which a spawn's child must not take.
fn set(dumpable: usize) -> Result<(), Errno> {
    let option = prctl::PR_SET_DUMPABLE as usize;
    // SAFETY: numbers are all it takes.
    done(unsafe { syscall2(linux::__NR_prctl as usize, option, dumpable) })
}

/// Makes sure that only root may trace this process. A child that changes its ids calls it: the kernel has done the same before,
/// unless `fs.suid_dumpable` is 1.
pub(crate) fn hide() -> Result<(), Errno> {
    match dumpable() {
        Ok(0 | 2) => Ok(()),
        Ok(_) | Err(_) => set(0),
    }
}

static KEPT: ProcessMutex<Kept> = ProcessMutex::new();

#[derive(Default)]
struct Kept {
    /// The children that share the memory and may change their ids.
    children: usize,
    /// What the last of them leaves behind; `None` if that is as the kernel has left it.
    value: Option<usize>,
    /// Whose value it is: after a change of its own ids, this process stays as the kernel has left it.
    owner: Owner,
}

/// The ids and capabilities that the kernel looks at; each unless a filter forbids the question.
#[derive(Default, PartialEq)]
struct Owner(Option<u32>, Option<u32>, Option<CapabilitySets>);

impl Owner {
    fn now() -> Self {
        let (uid, gid) = (credentials::geteuid(), credentials::getegid());
        Self(uid.ok(), gid.ok(), credentials::capget().ok())
    }
}

/// As long as there is one, a child may change whether this process may be traced.
pub(crate) struct KeptDumpable(());

impl KeptDumpable {
    /// To be made before the child.
    pub fn keep() -> Self {
        KEPT.with(|kept| {
            if kept.children == 0 {
                // 2 is the kernel's to give.
                kept.value = dumpable().ok().filter(|&value| value <= 1);
                kept.owner = Owner::now();
            }
            kept.children = kept.children.saturating_add(1);
        });
        Self(())
    }
}

/// When the child has left the memory.
impl Drop for KeptDumpable {
    fn drop(&mut self) {
        KEPT.with(|kept| {
            kept.children = kept.children.saturating_sub(1);
            if kept.owner != Owner::now() {
                kept.value = None;
            }
            if let (0, Some(value)) = (kept.children, kept.value) {
                // Under the lock: another thread may be about to begin.
                let _ = set(value);
            }
        });
    }
}
