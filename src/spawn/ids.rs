//! How the child changes its ids while it may have the parent's memory.
//!
//! The kernel lets a user trace a process of which all three user ids are that user's, if its memory is dumpable. A change of the effective
//! id makes the memory undumpable, unless `fs.suid_dumpable` is 1. So the saved id, which the kernel does not look at for that, becomes the
//! new one last, when the memory is certainly undumpable.

use linux_raw_sys::general as linux;

use crate::errno::Errno;
use crate::sys::credentials::{self, ThreeIds, UNCHANGED};
use crate::sys::dumpable;

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
    /// As `setuid(2)` and `setgid(2)`: with the privilege all three ids, otherwise the effective one.
    #[inline(never)]
    pub fn set(&self, id: u32) -> Result<(), Errno> {
        let now @ [real, _, saved] = (self.get)()?;
        let lacks =
            |[effective, ..]: credentials::CapabilitySets| effective >> self.capability & 1 == 0;
        if id == UNCHANGED {
            return Err(Errno::EINVAL);
        }
        // Where a filter forbids the question, the kernel refuses what this process may not do.
        if !credentials::capget().is_ok_and(lacks) {
            self.change(now, [id; 3])
        } else if id == real || id == saved {
            self.change(now, [real, id, saved])
        } else {
            Err(Errno::EPERM)
        }
    }

    /// Makes the effective id the real one.
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
            // No change of the kind that the kernel looks at.
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
