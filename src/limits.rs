//! Resource limits and scheduling policies, for `setrlimit(2)`, `sched(7)` and `setpriority(2)`.

use linux_raw_sys::general as linux;

use crate::text;

/// A resource that has a limit (`getrlimit(2)`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[non_exhaustive]
pub enum Resource {
    /// CPU time, in seconds.
    Cpu = linux::RLIMIT_CPU as u8,
    /// Size of a file that the process writes, in bytes.
    FileSize = linux::RLIMIT_FSIZE as u8,
    /// Size of the data segment, in bytes.
    Data = linux::RLIMIT_DATA as u8,
    /// Size of the stack, in bytes.
    Stack = linux::RLIMIT_STACK as u8,
    /// Size of a core dump, in bytes.
    Core = linux::RLIMIT_CORE as u8,
    /// Resident memory, in bytes. Linux does not enforce this limit.
    Rss = linux::RLIMIT_RSS as u8,
    /// Number of the user's processes.
    Nproc = linux::RLIMIT_NPROC as u8,
    /// The limit on descriptor numbers: one more than the highest number that the process may open.
    Nofile = linux::RLIMIT_NOFILE as u8,
    /// Locked memory, in bytes.
    Memlock = linux::RLIMIT_MEMLOCK as u8,
    /// Size of the address space, in bytes.
    As = linux::RLIMIT_AS as u8,
    /// Number of file locks.
    Locks = linux::RLIMIT_LOCKS as u8,
    /// Number of the user's queued signals.
    Sigpending = linux::RLIMIT_SIGPENDING as u8,
    /// Size of the user's message queues, in bytes.
    Msgqueue = linux::RLIMIT_MSGQUEUE as u8,
    /// The limit on the nice value: 20 minus the lowest nice value that the process may set.
    Nice = linux::RLIMIT_NICE as u8,
    /// The highest real-time priority that the process may set.
    Rtprio = linux::RLIMIT_RTPRIO as u8,
    /// CPU time, in microseconds, that a process with a real-time policy may use before it makes a blocking system call.
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

    /// The names of the resources, in the order of their numbers. `limits.conf(5)` and `prlimit(1)` use the same names.
    const NAMES: &str = "cpu fsize data stack core rss nproc nofile memlock as locks sigpending msgqueue nice rtprio rttime";

    /// Returns the resource's name, such as `nofile`.
    #[must_use]
    pub fn name(self) -> &'static str {
        text::word_str(Self::NAMES, b' ', self as usize)
    }

    pub(crate) fn name_bytes(self) -> &'static [u8] {
        text::word(Self::NAMES, b' ', self as usize)
    }

    /// Returns the resource with this name; `None` if no resource has this name.
    ///
    /// ```
    /// use nestling::Resource;
    /// assert_eq!(Resource::from_name(b"nofile"), Some(Resource::Nofile));
    /// ```
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        text::position(Self::NAMES, name).and_then(|index| Self::ALL.get(index).copied())
    }
}

/// A soft limit and a hard limit. On a 32-bit kernel, a value that does not fit into 32 bits means that there is no limit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rlimit {
    /// The soft limit, which the kernel enforces.
    pub soft: u64,
    /// The hard limit. The process may raise its soft limit up to this value.
    pub hard: u64,
}

impl Rlimit {
    /// The value for no limit (`RLIM_INFINITY`).
    pub const INFINITY: u64 = u64::MAX;
}

/// A scheduling policy (`sched(7)`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
#[non_exhaustive]
pub enum Policy {
    /// The default policy of Linux (`SCHED_OTHER`).
    Other = linux::SCHED_NORMAL,
    /// Real time, first in, first out (`SCHED_FIFO`).
    Fifo = linux::SCHED_FIFO,
    /// Real time, round robin (`SCHED_RR`).
    RoundRobin = linux::SCHED_RR,
    /// Batch work (`SCHED_BATCH`).
    Batch = linux::SCHED_BATCH,
    /// Work of very low priority (`SCHED_IDLE`).
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

    /// Returns the policy with this name; `None` if no policy has this name. The names are those of `chrt(1)`: `other`, `fifo`,
    /// `rr`, `batch` and `idle`.
    #[must_use]
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
