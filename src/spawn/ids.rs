//! How the child changes its ids while it may share the parent's memory.
//!
//! A user may trace a process if the process's three user ids are the user's id and its memory is dumpable. When the effective id
//! changes, the kernel makes the memory undumpable, unless the sysctl `fs.suid_dumpable` is 1. A change of the saved id does not
//! have this effect. So the child changes the saved id last, when the memory is certainly undumpable.

use linux_raw_sys::general as linux;

use super::dumpable;
use crate::errno::Errno;
use crate::sys::credentials::{self, ThreeIds, UNCHANGED};

/// The calls for one kind of ids.
pub(super) struct Kind {
    get: fn() -> Result<ThreeIds, Errno>,
    set_each: fn(u32, u32, u32) -> Result<(), Errno>,
    /// The number of the capability that lets a process take any id.
    capability: u32,
}

pub(super) const GROUP: Kind = Kind {
    get: credentials::getresgid,
    set_each: credentials::setresgid,
    capability: linux::CAP_SETGID,
};

pub(super) const USER: Kind = Kind {
    get: credentials::getresuid,
    set_each: credentials::setresuid,
    capability: linux::CAP_SETUID,
};

impl Kind {
    /// Changes the ids like `setuid(2)` or `setgid(2)`: with the privilege, all three ids; otherwise, only the effective id.
    #[inline(never)]
    pub fn set(&self, id: u32) -> Result<(), Errno> {
        let now @ [real, _, saved] = (self.get)()?;
        let lacks =
            |[effective, ..]: credentials::CapabilitySets| effective >> self.capability & 1 == 0;
        if id == UNCHANGED {
            return Err(Errno::EINVAL);
        }
        // If a seccomp filter forbids `capget`, try to set all three ids: the kernel then refuses a change that is not permitted.
        if !credentials::capget().is_ok_and(lacks) {
            self.change(now, [id; 3])
        } else if id == real || id == saved {
            self.change(now, [real, id, saved])
        } else {
            Err(Errno::EPERM)
        }
    }

    /// Sets the effective id to the real id.
    pub fn reset(&self) -> Result<(), Errno> {
        let now @ [real, _, saved] = (self.get)()?;
        self.change(now, [real, real, saved])
    }

    fn change(&self, now: ThreeIds, new: ThreeIds) -> Result<(), Errno> {
        let ([_, former, _], [real, effective, saved]) = (now, new);
        if now == new {
            return Ok(());
        }
        if effective == former {
            // The effective id does not change, so the kernel would not make the memory undumpable.
            dumpable::hide()?;
        }
        let kept = if saved == effective { former } else { saved };
        (self.set_each)(real, effective, kept)?;
        dumpable::hide()?;
        if kept == saved {
            return Ok(());
        }
        (self.set_each)(UNCHANGED, UNCHANGED, saved)
    }
}
