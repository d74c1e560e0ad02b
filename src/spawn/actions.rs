//! The actions of a spawn: steps in the caller's order.

use core::ffi::CStr;

use crate::capabilities::Capabilities;
use crate::fd::RawFd;
use crate::file::OFlags;
use crate::limits::{Resource, Rlimit};
use crate::sys::namespace::Namespaces;
use crate::text::{self, Sink, Text};

/// A step that the child carries out before its exec. The caller chooses the order of the actions.
///
/// The kernel resolves a path from the working directory and the root directory that earlier actions have set. Descriptor
/// numbers are the child's descriptor numbers. At first, all descriptors of the parent are open in the child, including those
/// that close on exec. For the actions, the status pipe does not exist: its descriptor numbers seem to be closed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[doc(alias(
    "posix_spawn_file_actions_t",
    "posix_spawn_file_actions_adddup2",
    "posix_spawn_file_actions_addopen",
    "posix_spawn_file_actions_addclose",
    "posix_spawn_file_actions_addchdir_np",
    "posix_spawn_file_actions_addclosefrom_np",
    "posix_spawn_file_actions_addtcsetpgrp_np"
))]
pub enum Action<'a> {
    /// Closes the descriptor `fd` if it is open, then opens a file as descriptor `fd` (`posix_spawn_file_actions_addopen`). The
    /// exec closes the new descriptor only if `flags` contains `CLOEXEC`.
    Open {
        /// The descriptor's number.
        fd: RawFd,
        /// The path of the file.
        path: &'a CStr,
        /// The flags of `open(2)`.
        flags: OFlags,
        /// The permission bits of the file if `CREAT` creates it. The kernel clears those bits that are set in the umask.
        mode: u32,
    },
    /// Opens a file, then replaces the descriptor `fd` with the file's descriptor, as a shell's redirection does.
    /// [`Open`](Self::Open) closes `fd` first; this action keeps `fd` open until the file is opened. So the path may refer to
    /// the file that is open as `fd` (such as `/dev/stdin` for descriptor 0), but one more descriptor number must be free. The
    /// exec closes the new descriptor only if `flags` contains `CLOEXEC`.
    Redirect {
        /// The descriptor's number.
        fd: RawFd,
        /// The path of the file.
        path: &'a CStr,
        /// The flags of `open(2)`.
        flags: OFlags,
        /// The permission bits of the file if `CREAT` creates it. The kernel clears those bits that are set in the umask.
        mode: u32,
    },
    /// Closes a descriptor. If the descriptor is not open, this action succeeds, as in glibc and musl. A negative number fails
    /// with `EBADF`.
    Close(RawFd),
    /// Duplicates the descriptor `from` onto the number `to` (`posix_spawn_file_actions_adddup2`). If another descriptor is
    /// open at `to`, the duplicate replaces it. `to` stays open in the program, even if `from` and `to` are the same number.
    Dup2 {
        /// The descriptor to duplicate.
        from: RawFd,
        /// The number of the duplicate.
        to: RawFd,
    },
    /// Changes the working directory (`posix_spawn_file_actions_addchdir`).
    Chdir(&'a CStr),
    /// Changes the working directory to the directory that is open at this descriptor
    /// (`posix_spawn_file_actions_addfchdir`).
    Fchdir(RawFd),
    /// Closes every descriptor with this number or a higher number (`close_range(2)`). If the kernel does not have
    /// `close_range` (before Linux 5.9), or if a seccomp filter forbids it, the action closes the descriptors that
    /// `/proc/self/fd` lists. If `/proc` is also missing, the action closes the descriptors below the hard limit. So put this
    /// action before a [`Limit`](Self::Limit) that lowers the number of descriptors.
    CloseFrom(RawFd),
    /// Puts the child's process group into the foreground of the terminal at this descriptor (`tcsetpgrp(3)`). The child blocks
    /// `SIGTTOU` during this action, so that the signal does not stop a child in the background.
    SetForeground(RawFd),
    /// Sets the controlling terminal of the child's session to the terminal at this descriptor (`TIOCSCTTY`). The child must be
    /// the session's leader: see [`Attributes::new_session`](super::Attributes::new_session).
    ControllingTerminal(RawFd),
    /// Changes the root directory (`chroot(2)`). The working directory does not change: a [`Chdir`](Self::Chdir) should follow.
    Chroot(&'a CStr),
    /// Sets the umask: the permission bits that new files do not get (`umask(2)`).
    Umask(u32),
    /// Sets the limits of a resource (`setrlimit(2)`).
    Limit(Resource, Rlimit),
    /// Sets the supplementary groups (`setgroups(2)`). Set the groups first, then the group id, then the user id. After the user id
    /// has changed, the child is not permitted to change the groups or the group id.
    Groups(&'a [u32]),
    /// Sets the group id (`setgid(2)`).
    Gid(u32),
    /// Sets the user id (`setuid(2)`). Until its exec, the child runs as this user and still has the parent's memory. The child
    /// is not dumpable, even if `fs.suid_dumpable` is 1. So this user's processes cannot read the child's memory. But they can
    /// send signals to the child. If the memory is shared, the parent is not dumpable during the spawn, either. Afterwards it is
    /// as before, or as [`set_dumpable`](super::set_dumpable) has set it in the meantime.
    Uid(u32),
    /// Sets the effective group id to the real group id, and the effective user id to the real user id
    /// (`POSIX_SPAWN_RESETIDS`).
    ResetIds,
    /// Sets one of the child's capability sets to this value before the exec. A program that does not
    /// run as root gets a capability by these actions, in this order: set the securebit `SECBIT_KEEP_CAPS` (0o20), change the user
    /// with [`Uid`](Self::Uid), set `Inheritable`, set `Ambient`. Limit the `Bounding` set before `Uid`, because this requires
    /// `CAP_SETPCAP`.
    Capabilities(CapabilitySet, Capabilities),
    /// Sets the securebits (`PR_SET_SECUREBITS`, `capabilities(7)`). This requires `CAP_SETPCAP`.
    Securebits(u32),
    /// Enters existing namespaces (`setns(2)`): the namespace of the file `/proc/PID/ns/KIND` that is open at this descriptor, or those
    /// namespaces of the process of a pidfd whose kinds are in the set. If this is a PID namespace, only the program's children
    /// enter it. As with [`Uid`](Self::Uid), the child's memory is not dumpable until its exec, since a process that is root in the
    /// entered user namespace could read it.
    Setns(RawFd, Namespaces),
}

/// A set of capabilities of a process (`capabilities(7)`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[non_exhaustive]
pub enum CapabilitySet {
    /// The bounding set: the process and its descendants can have no other capabilities. The action removes the capabilities that
    /// are not in the new set, and adds none.
    Bounding,
    /// The inheritable set: the capabilities that an exec may keep. An exec keeps them if the file's inheritable set allows it, or
    /// if the ambient set contains them.
    Inheritable,
    /// The ambient set: the capabilities that a program without a set-user-ID bit and without file capabilities gets at an exec.
    Ambient,
}

impl Action<'_> {
    /// The names of the actions, in the order of [`index`](Self::index). A name ends with a space if the action's argument follows
    /// it.
    const NAMES: &'static str = "open ,redirect ,close ,dup2 ,chdir ,fchdir ,close from ,set foreground on ,controlling terminal ,chroot ,umask ,limit ,groups,gid ,uid ,reset ids,capabilities ,securebits ,setns ";

    /// The actions with an index below this number are called file actions by POSIX or by common extensions of it.
    const FILE_ACTIONS: usize = 8;

    pub(super) fn index(&self) -> usize {
        match self {
            Self::Open { .. } => 0,
            Self::Redirect { .. } => 1,
            Self::Close(_) => 2,
            Self::Dup2 { .. } => 3,
            Self::Chdir(_) => 4,
            Self::Fchdir(_) => 5,
            Self::CloseFrom(_) => 6,
            Self::SetForeground(_) => 7,
            Self::ControllingTerminal(_) => 8,
            Self::Chroot(_) => 9,
            Self::Umask(_) => 10,
            Self::Limit(..) => 11,
            Self::Groups(_) => 12,
            Self::Gid(_) => 13,
            Self::Uid(_) => 14,
            Self::ResetIds => 15,
            Self::Capabilities(..) => 16,
            Self::Securebits(_) => 17,
            Self::Setns(..) => 18,
        }
    }

    /// Writes `file action 2 (open "/nope")`.
    pub(super) fn describe(&self, index: usize, out: &mut impl Sink) {
        Self::describe_as(self.index(), index, self, out);
    }

    /// Writes `file action 2 (open)`. `kind` is the [`index`](Self::index) of the action.
    pub(super) fn describe_kind(kind: usize, index: usize, out: &mut impl Sink) {
        let name = text::word(Self::NAMES, b',', kind).trim_ascii_end();
        Self::describe_as(kind, index, name, out);
    }

    fn describe_as(kind: usize, index: usize, what: &(impl Text + ?Sized), out: &mut impl Sink) {
        if kind < Self::FILE_ACTIONS {
            "file ".write(out);
        }
        "action ".write(out);
        (index as i32).write(out);
        " (".write(out);
        what.write(out);
        ")".write(out);
    }
}

text::display_text!(Action<'_>);

impl Text for Action<'_> {
    fn write(&self, out: &mut impl Sink) {
        text::word(Self::NAMES, b',', self.index()).write(out);
        match *self {
            Self::Open { path, .. }
            | Self::Redirect { path, .. }
            | Self::Chdir(path)
            | Self::Chroot(path) => {
                text::Quoted(path.to_bytes()).write(out);
            }
            Self::Dup2 { from, to } => {
                from.write(out);
                " to ".write(out);
                to.write(out);
            }
            Self::Close(fd)
            | Self::Fchdir(fd)
            | Self::CloseFrom(fd)
            | Self::SetForeground(fd)
            | Self::ControllingTerminal(fd)
            | Self::Setns(fd, _) => fd.write(out),
            Self::Umask(mask) => text::digits(mask, 8, 3, out),
            Self::Limit(resource, _) => resource.name_bytes().write(out),
            Self::Gid(id) | Self::Uid(id) => id.write(out),
            Self::Capabilities(set, _) => {
                text::word("bounding inheritable ambient", b' ', set as usize).write(out);
            }
            Self::Securebits(bits) => text::digits(bits, 8, 1, out),
            Self::Groups(_) | Self::ResetIds => {}
        }
    }
}
