//! User and group ids and privileges: `credentials(7)`.

use linux_raw_sys::{general as linux, prctl};

use super::{done, result};
use crate::arch::{nr, syscall0, syscall1, syscall2, syscall3, syscall5};
use crate::capabilities::Capabilities;
use crate::errno::Errno;

/// The argument of [`setresuid`] and [`setresgid`] that leaves an id unchanged.
pub const UNCHANGED: u32 = u32::MAX;

macro_rules! own_id {
    ($(#[$doc:meta] $name:ident $number:expr)*) => {$(
        #[$doc]
        /// The call fails only if a seccomp filter forbids it.
        pub fn $name() -> Result<u32, Errno> {
            // SAFETY: the call takes no arguments.
            result(unsafe { syscall0($number as usize) }).map(|id| id as u32)
        }
    )*};
}

own_id! {
    /// `getuid`: returns the real user id.
    getuid nr::GETUID
    /// `geteuid`: returns the effective user id.
    geteuid nr::GETEUID
    /// `getgid`: returns the real group id.
    getgid nr::GETGID
    /// `getegid`: returns the effective group id.
    getegid nr::GETEGID
}

/// The real, effective and saved user id, or the same three group ids.
pub(crate) type ThreeIds = [u32; 3];

/// `getresuid`: returns the real, effective and saved user id.
pub(crate) fn getresuid() -> Result<ThreeIds, Errno> {
    three_ids(nr::GETRESUID)
}

/// `getresgid`: returns the real, effective and saved group id.
pub(crate) fn getresgid() -> Result<ThreeIds, Errno> {
    three_ids(nr::GETRESGID)
}

fn three_ids(number: u32) -> Result<ThreeIds, Errno> {
    let mut ids = [UNCHANGED; 3];
    let real = ids.as_mut_ptr() as usize;
    let (effective, saved) = (real + size_of::<u32>(), real + 2 * size_of::<u32>());
    // SAFETY: the kernel writes one id to each of the three elements.
    done(unsafe { syscall3(number as usize, real, effective, saved) })?;
    Ok(ids)
}

/// The three capability sets of a process. The first three numbers are the lower 32 bits of the effective, the permitted and the
/// inheritable set. The last three numbers are the upper 32 bits of the same sets.
pub(crate) type CapabilitySets = [u32; 6];

/// `capget`: returns this thread's capabilities.
pub(crate) fn capget() -> Result<CapabilitySets, Errno> {
    let mut sets = [0; 6];
    // The version of the interface, and a thread id. The id 0 means this thread.
    let mut header = [linux::_LINUX_CAPABILITY_VERSION_3, 0];
    // SAFETY: for this version, the kernel writes six numbers to `sets`. It may also write the version to `header`.
    let answer = unsafe {
        syscall2(
            linux::__NR_capget as usize,
            header.as_mut_ptr() as usize,
            sets.as_mut_ptr() as usize,
        )
    };
    done(answer).map(|()| sets)
}

/// `setuid`: if the process has the privilege, sets the real, effective and saved user id; otherwise, sets only the effective
/// user id.
pub fn setuid(uid: u32) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    done(unsafe { syscall1(nr::SETUID as usize, uid as usize) })
}

/// `setgid`: if the process has the privilege, sets the real, effective and saved group id; otherwise, sets only the effective
/// group id.
pub fn setgid(gid: u32) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    done(unsafe { syscall1(nr::SETGID as usize, gid as usize) })
}

/// `setresuid`: sets the real, effective and saved user id.
pub fn setresuid(real: u32, effective: u32, saved: u32) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    let answer = unsafe {
        syscall3(
            nr::SETRESUID as usize,
            real as usize,
            effective as usize,
            saved as usize,
        )
    };
    done(answer)
}

/// `setresgid`: sets the real, effective and saved group id.
pub fn setresgid(real: u32, effective: u32, saved: u32) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    let answer = unsafe {
        syscall3(
            nr::SETRESGID as usize,
            real as usize,
            effective as usize,
            saved as usize,
        )
    };
    done(answer)
}

/// `setgroups`: sets the supplementary groups.
pub fn setgroups(groups: &[u32]) -> Result<(), Errno> {
    // SAFETY: the kernel reads `groups.len()` ids from the slice.
    let answer = unsafe {
        syscall2(
            nr::SETGROUPS as usize,
            groups.len(),
            groups.as_ptr() as usize,
        )
    };
    done(answer)
}

/// `getgroups`: writes the supplementary groups to `groups`, and returns their number. If `groups` is empty, the call only
/// returns the number. If `groups` is not empty but too short, the call fails with `EINVAL`.
///
/// ```
/// use nestling::sys::credentials::getgroups;
///
/// let mut groups = vec![0; getgroups(&mut [])?];
/// assert_eq!(getgroups(&mut groups), Ok(groups.len()));
/// # Ok::<(), nestling::Errno>(())
/// ```
pub fn getgroups(groups: &mut [u32]) -> Result<usize, Errno> {
    // SAFETY: the kernel writes at most `groups.len()` ids to the slice.
    let answer = unsafe {
        syscall2(
            nr::GETGROUPS as usize,
            groups.len(),
            groups.as_mut_ptr() as usize,
        )
    };
    result(answer)
}

/// `prctl(PR_SET_NO_NEW_PRIVS)`: after this call, programs that this process executes cannot gain privileges from set-user-id
/// bits or file capabilities.
#[doc(alias = "PR_SET_NO_NEW_PRIVS")]
pub fn set_no_new_privs() -> Result<(), Errno> {
    control(prctl::PR_SET_NO_NEW_PRIVS, 1, 0)
}

/// `prctl(PR_SET_SECUREBITS)`: sets the securebits (`capabilities(7)`). They control how the kernel treats the capabilities of
/// root, and how capabilities change when a user id changes. Requires `CAP_SETPCAP`.
#[doc(alias = "PR_SET_SECUREBITS")]
pub fn set_securebits(bits: u32) -> Result<(), Errno> {
    control(prctl::PR_SET_SECUREBITS, bits, 0)
}

/// `prctl(PR_CAPBSET_DROP)`: takes the capability with this number out of the bounding set. Requires `CAP_SETPCAP`. Fails with
/// `EINVAL` if the kernel has no capability with this number.
#[doc(alias = "PR_CAPBSET_DROP")]
pub fn drop_from_bounding(capability: u32) -> Result<(), Errno> {
    control(prctl::PR_CAPBSET_DROP, capability, 0)
}

/// `prctl(PR_CAPBSET_READ)`: returns whether the bounding set contains the capability with this number. Fails with `EINVAL` if the
/// kernel has no capability with this number.
pub fn bounding_contains(capability: u32) -> Result<bool, Errno> {
    // SAFETY: the call takes only numbers.
    let answer = unsafe {
        syscall2(
            linux::__NR_prctl as usize,
            prctl::PR_CAPBSET_READ as usize,
            capability as usize,
        )
    };
    result(answer).map(|number| number != 0)
}

/// `prctl(PR_CAP_AMBIENT_CLEAR_ALL)`: makes the ambient set empty.
pub fn clear_ambient() -> Result<(), Errno> {
    control(prctl::PR_CAP_AMBIENT, prctl::PR_CAP_AMBIENT_CLEAR_ALL, 0)
}

/// `prctl(PR_CAP_AMBIENT_RAISE)`: adds the capability with this number to the ambient set. Fails with `EPERM` if the permitted or
/// the inheritable set does not contain this capability.
#[doc(alias = "PR_CAP_AMBIENT")]
pub fn raise_ambient(capability: u32) -> Result<(), Errno> {
    control(
        prctl::PR_CAP_AMBIENT,
        prctl::PR_CAP_AMBIENT_RAISE,
        capability,
    )
}

/// Calls `prctl` for an option that requires its unused arguments to be zero.
fn control(option: u32, first: u32, second: u32) -> Result<(), Errno> {
    // SAFETY: the call takes only numbers.
    let answer = unsafe {
        syscall5(
            linux::__NR_prctl as usize,
            option as usize,
            first as usize,
            second as usize,
            0,
            0,
        )
    };
    done(answer)
}

/// `capset`: sets the inheritable set of this thread. The permitted and the effective set do not change. The call ignores
/// capabilities that the kernel does not have. Fails with `EPERM` if a new capability is not in the permitted set.
#[doc(alias = "capset")]
pub fn set_inheritable(set: Capabilities) -> Result<(), Errno> {
    let [low, low_permitted, _, high, high_permitted, _] = capget()?;
    let (low_set, high_set) = (set.bits() as u32, (set.bits() >> 32) as u32);
    let sets: CapabilitySets = [low, low_permitted, low_set, high, high_permitted, high_set];
    let mut header = [linux::_LINUX_CAPABILITY_VERSION_3, 0];
    // SAFETY: the kernel reads six numbers from `sets`. It may also write the version to `header`.
    let answer = unsafe {
        syscall2(
            linux::__NR_capset as usize,
            header.as_mut_ptr() as usize,
            sets.as_ptr() as usize,
        )
    };
    done(answer)
}
