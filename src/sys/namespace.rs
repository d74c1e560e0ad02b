//! Namespaces (`namespaces(7)`): new ones, and those of other processes.
//!
//! A spawn makes new namespaces for its child ([`NewNamespaces`](crate::spawn::NewNamespaces)), and the child can enter those of other
//! processes ([`Action::Setns`](crate::spawn::Action::Setns)). The functions of this module change the namespaces of the calling
//! process.

use linux_raw_sys::general as linux;

use super::done;
use crate::arch::{syscall1, syscall2};
use crate::errno::Errno;
use crate::fd::BorrowedFd;

flags! {
    /// Kinds of namespaces.
    Namespaces {
        CGROUP CLONE_NEWCGROUP "The root of the tree of cgroups (Linux 4.6)."
        IPC CLONE_NEWIPC "The objects of System V's IPC, and POSIX message queues."
        MOUNT CLONE_NEWNS "The mounts. A new namespace has copies of the mounts. Mounts and unmounts still propagate if the mounts were shared."
        NETWORK CLONE_NEWNET "The network's interfaces, addresses and ports. In a new namespace, even `lo` is down (see [`set_up`](super::socket::set_up))."
        PID CLONE_NEWPID "The process ids. The caller's children enter the new namespace, but the caller does not. The first child is process 1 of the namespace."
        USER CLONE_NEWUSER "The user ids, group ids and capabilities. In a new namespace, the process has all capabilities, and has no ids until a process writes `uid_map` and `gid_map`."
        UTS CLONE_NEWUTS "The host's name and the domain's name."
    }
}

impl Namespaces {
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }
}

/// `unshare`: moves this process into new namespaces. Requires `CAP_SYS_ADMIN`, unless `namespaces` contains [`Namespaces::USER`].
/// Fails with `EINVAL` if `namespaces` contains `USER` and the process has several threads or shares its memory.
pub fn unshare(namespaces: Namespaces) -> Result<(), Errno> {
    // SAFETY: these flags change the namespaces of this process, but not its memory or its descriptors.
    done(unsafe { syscall1(linux::__NR_unshare as usize, namespaces.0 as usize) })
}

/// `unshare` with `CLONE_THREAD`: returns whether the calling thread is the only thread of its process. The call changes nothing. Fails
/// if a seccomp filter forbids it.
#[cfg(all(feature = "rt", feature = "std"))]
pub(crate) fn has_only_thread() -> Result<bool, Errno> {
    // SAFETY: this flag has no effect except for the check.
    match done(unsafe { syscall1(linux::__NR_unshare as usize, linux::CLONE_THREAD as usize) }) {
        Ok(()) => Ok(true),
        Err(Errno::EINVAL) => Ok(false),
        Err(errno) => Err(errno),
    }
}

/// `setns`: moves this process into namespaces that already exist. If `fd` is a file `/proc/PID/ns/KIND`, this process enters the
/// namespace of this file; `namespaces` must be its kind, or empty. If `fd` is a pidfd (Linux 5.8), this process enters those
/// namespaces of the pidfd's process whose kinds are in `namespaces`.
pub fn setns(fd: BorrowedFd<'_>, namespaces: Namespaces) -> Result<(), Errno> {
    // SAFETY: the call changes the namespaces of this process, but not its memory or its descriptors.
    done(unsafe {
        syscall2(
            linux::__NR_setns as usize,
            fd.fd as usize,
            namespaces.0 as usize,
        )
    })
}
