//! Resource limits and scheduling: what `setrlimit(2)`, `sched(7)` and `setpriority(2)` speak of.

use linux_raw_sys::general as linux;

use crate::text;

/// A resource that can be limited (`getrlimit(2)`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Resource {
    /// CPU time, seconds.
    Cpu = linux::RLIMIT_CPU as u8,
    /// Size of a written file, bytes.
    FileSize = linux::RLIMIT_FSIZE as u8,
    /// Data segment, bytes.
    Data = linux::RLIMIT_DATA as u8,
    /// Stack, bytes.
    Stack = linux::RLIMIT_STACK as u8,
    /// Core dump, bytes.
    Core = linux::RLIMIT_CORE as u8,
    /// Resident memory, bytes (Linux does not enforce it).
    Rss = linux::RLIMIT_RSS as u8,
    /// Processes of the user.
    Nproc = linux::RLIMIT_NPROC as u8,
    /// One more than the highest descriptor number.
    Nofile = linux::RLIMIT_NOFILE as u8,
    /// Locked memory, bytes.
    Memlock = linux::RLIMIT_MEMLOCK as u8,
    /// Address space, bytes.
    As = linux::RLIMIT_AS as u8,
    /// File locks.
    Locks = linux::RLIMIT_LOCKS as u8,
    /// Queued signals of the user.
    Sigpending = linux::RLIMIT_SIGPENDING as u8,
    /// Message queues of the user, bytes.
    Msgqueue = linux::RLIMIT_MSGQUEUE as u8,
    /// Ceiling of the nice value, as 20 minus the value.
    Nice = linux::RLIMIT_NICE as u8,
    /// Ceiling of the real-time priority.
    Rtprio = linux::RLIMIT_RTPRIO as u8,
    /// CPU time under a real-time policy without a blocking call, microseconds.
    Rttime = linux::RLIMIT_RTTIME as u8,
}

impl Resource {
    const ALL: [Self; 16] = [
        Self::Cpu,
        Self::FileSize,
        Self::Data,
        Self::Stack,
        Self::Core,
        Self::Rss,
        Self::Nproc,
        Self::Nofile,
        Self::Memlock,
        Self::As,
        Self::Locks,
        Self::Sigpending,
        Self::Msgqueue,
        Self::Nice,
        Self::Rtprio,
        Self::Rttime,
    ];

    /// Their names in the order of their numbers, as `limits.conf(5)` and `prlimit(1)` have them.
    const NAMES: &str = "cpu fsize data stack core rss nproc nofile memlock as locks sigpending msgqueue nice rtprio rttime";

    /// Its name, as in `nofile`.
    pub fn name(self) -> &'static str {
        text::word_str(Self::NAMES, b' ', self as usize)
    }

    pub(crate) fn name_bytes(self) -> &'static [u8] {
        text::word(Self::NAMES, b' ', self as usize)
    }

    /// The resource of this name.
    ///
    /// ```
    /// use nestling::Resource;
    /// assert_eq!(Resource::from_name(b"nofile"), Some(Resource::Nofile));
    /// ```
    pub fn from_name(name: &[u8]) -> Option<Self> {
        text::position(Self::NAMES, name).and_then(|index| Self::ALL.get(index).copied())
    }
}

/// A soft limit, which is enforced, and the hard one up to which it may be raised. A 32-bit kernel takes what 32 bits don't hold for
/// no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rlimit {
    /// What is enforced.
    pub soft: u64,
    /// The soft limit's ceiling.
    pub hard: u64,
}

impl Rlimit {
    /// No limit.
    pub const INFINITY: u64 = u64::MAX;
}

/// A scheduling policy (`sched(7)`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Policy {
    /// The ordinary one.
    Other = linux::SCHED_NORMAL,
    /// Real time, first in, first out.
    Fifo = linux::SCHED_FIFO,
    /// Real time, in turns.
    RoundRobin = linux::SCHED_RR,
    /// For work that nobody waits for.
    Batch = linux::SCHED_BATCH,
    /// For what is left over.
    Idle = linux::SCHED_IDLE,
}

impl Policy {
    const ALL: [Option<Self>; 6] = [
        Some(Self::Other),
        Some(Self::Fifo),
        Some(Self::RoundRobin),
        Some(Self::Batch),
        None,
        Some(Self::Idle),
    ];

    /// The policy of the name that `chrt(1)` has for it: `other`, `fifo`, `rr`, `batch`, `idle`.
    pub fn from_name(name: &[u8]) -> Option<Self> {
        text::position("other fifo rr batch 4 idle", name)
            .and_then(|index| Self::ALL.get(index).copied().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_found_by_its_name() {
        for (index, resource) in Resource::ALL.into_iter().enumerate() {
            assert_eq!(resource as usize, index);
            assert_eq!(
                Resource::from_name(resource.name().as_bytes()),
                Some(resource)
            );
        }
    }

    #[test]
    fn a_policy_is_found_by_its_name() {
        for (name, policy) in [
            ("other", Policy::Other),
            ("fifo", Policy::Fifo),
            ("rr", Policy::RoundRobin),
            ("batch", Policy::Batch),
            ("idle", Policy::Idle),
        ] {
            assert_eq!(Policy::from_name(name.as_bytes()), Some(policy));
        }
        assert_eq!(Policy::from_name(b"4"), None);
    }
}
