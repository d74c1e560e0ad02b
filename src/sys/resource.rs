//! Resource limits, nice value and scheduling.

use core::time::Duration;

use linux_raw_sys::general as linux;

use super::{done, result, small};
use crate::arch::{syscall2, syscall3, syscall4};
use crate::errno::Errno;
use crate::limits::{Policy, Resource, Rlimit};

/// `prlimit64`: sets a resource limit of this process.
#[doc(alias = "prlimit")]
pub fn setrlimit(resource: Resource, limit: Rlimit) -> Result<(), Errno> {
    let limit = linux::rlimit64 {
        rlim_cur: limit.soft,
        rlim_max: limit.hard,
    };
    // SAFETY: the kernel reads one limit; the pointer to the old limit may be null.
    let answer = unsafe {
        syscall4(
            linux::__NR_prlimit64 as usize,
            0,
            resource as usize,
            &raw const limit as usize,
            0,
        )
    };
    done(answer)
}

/// `prlimit64`: returns a resource limit of this process.
pub fn getrlimit(resource: Resource) -> Result<Rlimit, Errno> {
    let mut limit = linux::rlimit64 {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the kernel writes one limit; the pointer to the new limit may be null.
    let answer = unsafe {
        syscall4(
            linux::__NR_prlimit64 as usize,
            0,
            resource as usize,
            0,
            &raw mut limit as usize,
        )
    };
    result(answer).map(|_| Rlimit {
        soft: limit.rlim_cur,
        hard: limit.rlim_max,
    })
}

/// `setpriority(PRIO_PROCESS)`: sets the nice value of this process, from -20 (highest priority) to 19 (lowest priority).
#[doc(alias = "nice")]
pub fn setpriority(nice: i32) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    let answer = unsafe {
        syscall3(
            linux::__NR_setpriority as usize,
            linux::PRIO_PROCESS as usize,
            0,
            nice as usize,
        )
    };
    done(answer)
}

/// `sched_setscheduler`: sets the scheduling policy and the priority of this process.
pub fn sched_setscheduler(policy: Policy, priority: i32) -> Result<(), Errno> {
    // SAFETY: the kernel reads `struct sched_param`, which is one number.
    let answer = unsafe {
        syscall3(
            linux::__NR_sched_setscheduler as usize,
            0,
            policy as usize,
            &raw const priority as usize,
        )
    };
    done(answer)
}

/// `sched_setparam`: sets the priority of this process, and leaves its scheduling policy unchanged.
pub fn sched_setparam(priority: i32) -> Result<(), Errno> {
    // SAFETY: the kernel reads `struct sched_param`, which is one number.
    let answer = unsafe {
        crate::arch::syscall2(
            linux::__NR_sched_setparam as usize,
            0,
            &raw const priority as usize,
        )
    };
    done(answer)
}

/// A set of CPUs, by their numbers from 0 to 1023.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CpuSet([u64; 16]);

impl CpuSet {
    /// The set without CPUs.
    pub const EMPTY: Self = Self([0; 16]);

    /// Returns this set with the CPU `number` added. If the number is above 1023, returns the set unchanged.
    #[must_use]
    pub fn with(mut self, number: usize) -> Self {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word |= 1 << (number % 64);
        }
        self
    }

    /// Returns whether the CPU `number` is in the set.
    #[must_use]
    pub fn contains(&self, number: usize) -> bool {
        let word = self.0.get(number / 64).copied().unwrap_or_default();
        word >> (number % 64) & 1 == 1
    }

    /// Returns the numbers of the CPUs in the set, in rising order.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        (0..1024).filter(|&number| self.contains(number))
    }
}

/// `sched_setaffinity`: sets on which CPUs the thread `id` runs; 0 means this thread. Children inherit the set. CPUs that the
/// machine does not have are ignored. Fails with `EINVAL` if no CPU is left.
///
/// ```
/// use nestling::sys::resource::{sched_getaffinity, sched_setaffinity};
///
/// let cpus = sched_getaffinity(0)?;
/// sched_setaffinity(0, &cpus)?;
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn sched_setaffinity(id: i32, cpus: &CpuSet) -> Result<(), Errno> {
    // SAFETY: the kernel reads the set.
    let answer = unsafe {
        syscall3(
            linux::__NR_sched_setaffinity as usize,
            id as usize,
            size_of_val(cpus),
            &raw const *cpus as usize,
        )
    };
    done(answer)
}

/// `sched_getaffinity`: returns on which CPUs the thread `id` runs; 0 means this thread. Fails with `EINVAL` if the machine has
/// more than 1024 CPUs.
///
/// ```
/// use nestling::sys::resource::sched_getaffinity;
///
/// assert_ne!(sched_getaffinity(0)?.iter().count(), 0);
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn sched_getaffinity(id: i32) -> Result<CpuSet, Errno> {
    let mut cpus = CpuSet::EMPTY;
    // SAFETY: the kernel writes at most the set's size.
    let answer = unsafe {
        syscall3(
            linux::__NR_sched_getaffinity as usize,
            id as usize,
            size_of_val(&cpus),
            &raw mut cpus as usize,
        )
    };
    small(answer).map(|_| cpus)
}

/// The resources that processes have used (`struct rusage`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Usage {
    /// The CPU time in user mode.
    pub user: Duration,
    /// The CPU time in the kernel.
    pub system: Duration,
    /// The maximum resident set size, in bytes. If the usage covers several processes, this is the maximum of the largest process,
    /// not the sum.
    pub max_resident: u64,
    /// The number of page faults for which the kernel did not have to read a page.
    pub minor_faults: u64,
    /// The number of page faults for which the kernel had to read a page.
    pub major_faults: u64,
    /// How often the process gave up the CPU, for example to wait for input.
    pub voluntary_switches: u64,
    /// How often the kernel took the CPU from the process.
    pub involuntary_switches: u64,
}

impl Usage {
    pub(super) fn new(usage: &linux::rusage) -> Self {
        Self {
            user: duration(usage.ru_utime),
            system: duration(usage.ru_stime),
            max_resident: usage.ru_maxrss as u64 * 1024,
            minor_faults: usage.ru_minflt as u64,
            major_faults: usage.ru_majflt as u64,
            voluntary_switches: usage.ru_nvcsw as u64,
            involuntary_switches: usage.ru_nivcsw as u64,
        }
    }
}

fn duration(time: linux::__kernel_old_timeval) -> Duration {
    Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
}

/// `getrusage`: returns two times: the CPU time in user mode, and the CPU time in the kernel. If `children` is false, these are
/// the times of this process; otherwise, the times of the children that this process has waited for.
pub fn getrusage(children: bool) -> Result<(Duration, Duration), Errno> {
    // SAFETY: the struct has only integer fields, so all zeros is a valid value.
    let mut usage: linux::rusage = unsafe { core::mem::zeroed() };
    let who = if children {
        linux::RUSAGE_CHILDREN
    } else {
        linux::RUSAGE_SELF as i32
    };
    // SAFETY: the kernel writes one `rusage`.
    let answer = unsafe {
        syscall2(
            linux::__NR_getrusage as usize,
            who as usize,
            &raw mut usage as usize,
        )
    };
    result(answer).map(|_| (duration(usage.ru_utime), duration(usage.ru_stime)))
}
