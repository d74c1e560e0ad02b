//! Capabilities: the parts of root's privileges (`capabilities(7)`).

use core::ops::BitOr;

use crate::text;

/// A set of capabilities: the bit of each is 1 shifted by its number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Capabilities(u64);

/// The names of the capabilities, in the order of their numbers.
const NAMES: &str = "chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore";

impl Capabilities {
    /// The set without any capability.
    pub const EMPTY: Self = Self(0);

    /// Makes a set from its bits, as `/proc/PID/status` shows them.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the bits of the set.
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Returns the set of the one capability with this name: as in `capabilities(7)`, in lower case and without `CAP_`. Returns
    /// `None` if no capability of Linux 5.9 or newer has this name.
    ///
    /// ```
    /// use nestling::Capabilities;
    /// let both = Capabilities::from_name(b"kill").unwrap() | Capabilities::from_name(b"setuid").unwrap();
    /// assert_eq!(both.bits(), 1 << 5 | 1 << 7);
    /// ```
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        text::position(NAMES, name).map(|number| Self(1 << number))
    }

    /// Returns whether the set contains the capability with this number.
    #[must_use]
    pub const fn contains(self, number: u32) -> bool {
        number < u64::BITS && self.0 >> number & 1 != 0
    }
}

impl BitOr for Capabilities {
    type Output = Self;

    /// Returns the union of two sets.
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
