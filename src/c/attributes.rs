//! `posix_spawnattr_t`: the attributes of a spawn. The program provides the memory, whose size is in its libc's header.
//!
//! The layout is the one that glibc (with the cgroup of 2.39) and musl share. The flags are an `int` in musl and a `short` in
//! glibc. Here they are a `short`, and the two bytes after it stay zero, so that the getters of both libcs return the same flags.

use core::ffi::{c_int, c_short};

use nestling::spawn::{Attributes, Scheduler};
use nestling::{BorrowedFd, Errno, Policy, SigSet};

/// `sigset_t`: the kernel's 64 signals, and space for 960 signals that do not exist. (Its alignment does not matter here.)
#[derive(Clone, Copy)]
#[repr(C)]
pub struct SignalSet([u32; 32]);

impl SignalSet {
    /// All architectures are little-endian. So the lower half comes first even if the libc uses words of 64 bits.
    fn get(&self) -> SigSet {
        let [low, high, ..] = self.0;
        SigSet::from_bits(u64::from(high) << 32 | u64::from(low))
    }
}

/// `posix_spawnattr_t`.
#[repr(C)]
pub struct SpawnAttributes {
    flags: c_short,
    /// The upper half of musl's flags.
    zero: c_short,
    process_group: c_int,
    default_signals: SignalSet,
    signal_mask: SignalSet,
    priority: c_int,
    policy: c_int,
    cgroup: c_int,
    /// Reserved for later versions of the libc.
    rest: [c_int; 15],
}

// The size in the headers of glibc and musl.
const _: () = assert!(size_of::<SpawnAttributes>() == 336);

/// The flags of `posix_spawnattr_setflags`, the same in glibc and musl.
mod flag {
    use core::ffi::c_short;

    pub const RESETIDS: c_short = 0x01;
    pub const SETPGROUP: c_short = 0x02;
    pub const SETSIGDEF: c_short = 0x04;
    pub const SETSIGMASK: c_short = 0x08;
    pub const SETSCHEDPARAM: c_short = 0x10;
    pub const SETSCHEDULER: c_short = 0x20;
    /// Accepted without effect: no spawn copies the memory.
    pub const USEVFORK: c_short = 0x40;
    pub const SETSID: c_short = 0x80;
    /// In glibc since 2.39.
    pub const SETCGROUP: c_short = 0x100;

    pub const ALL: c_short = RESETIDS
        | SETPGROUP
        | SETSIGDEF
        | SETSIGMASK
        | SETSCHEDPARAM
        | SETSCHEDULER
        | USEVFORK
        | SETSID
        | SETCGROUP;
}

impl SpawnAttributes {
    fn has(&self, flag: c_short) -> bool {
        self.flags & flag != 0
    }

    /// Whether the ids must be reset. nestling does this with an action.
    pub(crate) fn resets_ids(&self) -> bool {
        self.has(flag::RESETIDS)
    }

    /// Converts the attributes to nestling's.
    pub(crate) fn of_spawn(&self) -> Attributes<'_> {
        let mut attributes = Attributes {
            new_session: self.has(flag::SETSID),
            process_group: self.has(flag::SETPGROUP).then_some(self.process_group),
            signal_mask: self.has(flag::SETSIGMASK).then(|| self.signal_mask.get()),
            ..Attributes::default()
        };
        if self.has(flag::SETSIGDEF) {
            attributes.default_signals = self.default_signals.get();
        }
        if self.has(flag::SETSCHEDULER | flag::SETSCHEDPARAM) {
            let policy = policy(self.policy).filter(|_| self.has(flag::SETSCHEDULER));
            attributes.scheduler = Some(Scheduler {
                policy,
                priority: self.priority,
            });
        }
        if self.has(flag::SETCGROUP) {
            // SAFETY: the program keeps the descriptor open until the spawn. If it is not open, the kernel returns an error.
            attributes.cgroup = Some(unsafe { BorrowedFd::borrow_raw(self.cgroup) });
        }
        attributes
    }
}

/// Returns the policy with this number.
fn policy(number: c_int) -> Option<Policy> {
    let all = [
        Policy::Other,
        Policy::Fifo,
        Policy::RoundRobin,
        Policy::Batch,
        Policy::Idle,
    ];
    all.into_iter().find(|&it| it as u32 == number as u32)
}

/// Initialises the attributes without a flag. Returns 0.
///
/// # Safety
/// `attributes` is writable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_spawnattr_init(attributes: *mut SpawnAttributes) -> c_int {
    // SAFETY: the caller upholds the safety contract. The type allows zeros in all fields.
    unsafe { attributes.write(core::mem::zeroed()) };
    0
}

/// Ends the use of attributes. They own no memory, so this does nothing. Returns 0.
///
/// # Safety
/// None. The function is unsafe only because all functions for C are.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn posix_spawnattr_destroy(_: *mut SpawnAttributes) -> c_int {
    0
}

/// Defines two functions for an attribute: one copies it to the program's memory, one copies it from there. Both return 0. The
/// second one returns `EINVAL` for a value that the attribute cannot have.
macro_rules! accessors {
    ($($what:literal $field:ident: $type:ty, $get:ident, $set:ident($value:ident: $given:ty) $read:expr, $is_valid:expr;)*) => {$(
        #[doc = concat!("Reads ", $what, ".")]
        ///
        /// # Safety
        /// `attributes` is initialised, and `place` is writable.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $get(
            attributes: *const SpawnAttributes,
            place: *mut $type,
        ) -> c_int {
            // SAFETY: the caller upholds the safety contract.
            unsafe { *place = (*attributes).$field };
            0
        }

        #[doc = concat!("Sets ", $what, ".")]
        ///
        /// # Safety
        /// `attributes` is initialised and writable. A pointer to the value is readable.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $set(
            attributes: *mut SpawnAttributes,
            $value: $given,
        ) -> c_int {
            // SAFETY: the caller upholds the safety contract, if the value is read through a pointer.
            #[allow(unused_unsafe, reason = "otherwise it needs none")]
            let $value: $type = unsafe { $read };
            if !$is_valid {
                return Errno::EINVAL.as_raw();
            }
            // SAFETY: as above.
            unsafe { (*attributes).$field = $value };
            0
        }
    )*};
}

accessors! {
    "the flags" flags: c_short,
        posix_spawnattr_getflags,
        posix_spawnattr_setflags(flags: c_short) flags, flags & !flag::ALL == 0;
    "the process group, for `POSIX_SPAWN_SETPGROUP`" process_group: c_int,
        posix_spawnattr_getpgroup,
        posix_spawnattr_setpgroup(group: c_int) group, true;
    "the signals of `POSIX_SPAWN_SETSIGDEF`" default_signals: SignalSet,
        posix_spawnattr_getsigdefault,
        posix_spawnattr_setsigdefault(signals: *const SignalSet) *signals, true;
    "the signal mask, for `POSIX_SPAWN_SETSIGMASK`" signal_mask: SignalSet,
        posix_spawnattr_getsigmask,
        posix_spawnattr_setsigmask(signals: *const SignalSet) *signals, true;
    // musl's `struct sched_param` has further members, which are reserved.
    "the priority, the first member of `struct sched_param`" priority: c_int,
        posix_spawnattr_getschedparam,
        posix_spawnattr_setschedparam(priority: *const c_int) *priority, true;
    "the policy, for `POSIX_SPAWN_SETSCHEDULER`" policy: c_int,
        posix_spawnattr_getschedpolicy,
        posix_spawnattr_setschedpolicy(number: c_int) number, policy(number).is_some();
    "the directory of the cgroup, for `POSIX_SPAWN_SETCGROUP`" cgroup: c_int,
        posix_spawnattr_getcgroup_np,
        posix_spawnattr_setcgroup_np(cgroup: c_int) cgroup, true;
}
