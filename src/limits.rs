//! Resource limits and scheduling: what `setrlimit(2)`, `sched(7)` and `setpriority(2)` speak of.

use linux_raw_sys::general as linux;

/// A resource that can be limited (`getrlimit(2)`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Resource {
    /// CPU time, seconds.
    Cpu = linux::RLIMIT_CPU,
    /// Size of a written file, bytes.
    FileSize = linux::RLIMIT_FSIZE,
    /// Data segment, bytes.
    Data = linux::RLIMIT_DATA,
    /// Stack, bytes.
    Stack = linux::RLIMIT_STACK,
    /// Core dump, bytes.
    Core = linux::RLIMIT_CORE,
    /// Resident memory, bytes (Linux does not enforce it).
    Rss = linux::RLIMIT_RSS,
    /// Processes of the user.
    Nproc = linux::RLIMIT_NPROC,
    /// One more than the highest descriptor number.
    Nofile = linux::RLIMIT_NOFILE,
    /// Locked memory, bytes.
    Memlock = linux::RLIMIT_MEMLOCK,
    /// Address space, bytes.
    As = linux::RLIMIT_AS,
    /// File locks.
    Locks = linux::RLIMIT_LOCKS,
    /// Queued signals of the user.
    Sigpending = linux::RLIMIT_SIGPENDING,
    /// Message queues of the user, bytes.
    Msgqueue = linux::RLIMIT_MSGQUEUE,
    /// Ceiling of the nice value, as 20 minus the value.
    Nice = linux::RLIMIT_NICE,
    /// Ceiling of the real-time priority.
    Rtprio = linux::RLIMIT_RTPRIO,
    /// CPU time under a real-time policy without a blocking call, microseconds.
    Rttime = linux::RLIMIT_RTTIME,
}

impl Resource {
    /// All of them, in the order of their numbers, with the names that `limits.conf(5)` and `prlimit(1)` give them.
    const NAMES: [(Self, &str); 16] = [
        (Self::Cpu, "cpu"),
        (Self::FileSize, "fsize"),
        (Self::Data, "data"),
        (Self::Stack, "stack"),
        (Self::Core, "core"),
        (Self::Rss, "rss"),
        (Self::Nproc, "nproc"),
        (Self::Nofile, "nofile"),
        (Self::Memlock, "memlock"),
        (Self::As, "as"),
        (Self::Locks, "locks"),
        (Self::Sigpending, "sigpending"),
        (Self::Msgqueue, "msgqueue"),
        (Self::Nice, "nice"),
        (Self::Rtprio, "rtprio"),
        (Self::Rttime, "rttime"),
    ];

    /// Its name, as in `nofile`.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].1
    }

    /// The resource of this name.
    ///
    /// ```
    /// use nestling::Resource;
    /// assert_eq!(Resource::from_name("nofile"), Some(Resource::Nofile));
    /// ```
    pub fn from_name(name: impl AsRef<[u8]>) -> Option<Self> {
        let name = name.as_ref();
        Self::NAMES
            .iter()
            .find(|(_, known)| known.as_bytes() == name)
            .map(|&(resource, _)| resource)
    }
}

/// A soft limit, which is enforced, and the hard one up to which it may be raised.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_found_by_its_name() {
        for (index, (resource, name)) in Resource::NAMES.into_iter().enumerate() {
            assert_eq!(resource as usize, index);
            assert_eq!(resource.name(), name);
            assert_eq!(Resource::from_name(name), Some(resource));
        }
    }
}
