//! What a spawn does in the caller's order: the file actions, and the attributes whose place among them matters.

use core::ffi::CStr;

use crate::fd::RawFd;
use crate::file::OFlags;
use crate::limits::{Resource, Rlimit};
use crate::text::{self, Sink, Text};

/// One thing that the child does on its way to the program, in the caller's order.
///
/// A path counts from the working directory and the root that the actions before it have left. A descriptor is a number
/// in the child: it starts with the parent's open descriptors, close-on-exec ones included. Those of the status pipe, which copied
/// memory needs, are seen as closed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Action<'a> {
    /// Opens a file at the number `fd`, closing what was there (`posix_spawn_file_actions_addopen`). The descriptor stays
    /// open in the program unless `flags` has `CLOEXEC`.
    Open {
        /// The number.
        fd: RawFd,
        /// The file.
        path: &'a CStr,
        /// How to open it.
        flags: OFlags,
        /// The permissions of a file that `CREAT` makes, less the umask.
        mode: u32,
    },
    /// Opens a file, then duplicates it to the number `fd`, closing what was there: a shell's redirection. Unlike with
    /// [`Open`](Self::Open), which closes `fd` first, the path may lead to what is open at `fd` (`/dev/stdin`, `/proc/self/fd/0`), and a
    /// free number is needed while both are open. The descriptor stays open in the program unless `flags` has `CLOEXEC`.
    Redirect {
        /// The number.
        fd: RawFd,
        /// The file.
        path: &'a CStr,
        /// How to open it.
        flags: OFlags,
        /// The permissions of a file that `CREAT` makes, less the umask.
        mode: u32,
    },
    /// Closes a descriptor. One that is not open is left so, without an error, as glibc and musl do; a negative number is
    /// `EBADF`.
    Close(RawFd),
    /// Makes `to` the same as `from`, closing what was there (`posix_spawn_file_actions_adddup2`). `to` stays open in the
    /// program; where both are the same number, that one does.
    Dup2 {
        /// The descriptor that is open.
        from: RawFd,
        /// The number that becomes the same.
        to: RawFd,
    },
    /// Changes the working directory (`posix_spawn_file_actions_addchdir`).
    Chdir(&'a CStr),
    /// Changes the working directory to an open one (`posix_spawn_file_actions_addfchdir`).
    Fchdir(RawFd),
    /// Closes every descriptor from this number on (`close_range(2)`). On a kernel before Linux 5.9, or where that is
    /// forbidden, those that `/proc/self/fd` shows; without `/proc`, too, those below the hard limit: give it before a
    /// [`Limit`](Self::Limit) that lowers that.
    CloseFrom(RawFd),
    /// Makes the child's process group the foreground one of the terminal at this descriptor (`tcsetpgrp(3)`). No
    /// `SIGTTOU` comes of it.
    SetForeground(RawFd),
    /// Makes the terminal at this descriptor the controlling one (`TIOCSCTTY`). The child must lead its session:
    /// [`Attributes::new_session`](super::Attributes::new_session).
    ControllingTerminal(RawFd),
    /// Changes the root directory (`chroot(2)`). The working directory stays: a [`Chdir`](Self::Chdir) should follow.
    Chroot(&'a CStr),
    /// Sets the permission bits that new files don't get (`umask(2)`).
    Umask(u32),
    /// Limits a resource (`setrlimit(2)`).
    Limit(Resource, Rlimit),
    /// Sets the supplementary groups (`setgroups(2)`). Give groups, then gid, then uid: after a change of user there is no
    /// right to the rest.
    Groups(&'a [u32]),
    /// Sets the group (`setgid(2)`).
    Gid(u32),
    /// Sets the user (`setuid(2)`). Until its exec the child is that user's with the parent's memory, and non-dumpable, so that
    /// nobody may look into it (unless `fs.suid_dumpable` is 1); it can be sent signals by that user.
    Uid(u32),
    /// Makes the effective user and group the real ones (`POSIX_SPAWN_RESETIDS`).
    ResetIds,
}

impl Action<'_> {
    /// Their names in the order of [`index`](Self::index), with what stands between them and what they are about.
    const NAMES: &'static str = "open ,redirect ,close ,dup2 ,chdir ,fchdir ,close from ,set foreground on ,controlling terminal ,chroot ,umask ,limit ,groups,gid ,uid ,reset ids";

    /// Those before this are what POSIX or its common extensions call file actions.
    const FILE_ACTIONS: usize = 8;

    fn index(&self) -> usize {
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
        }
    }

    /// Writes `file action 2 (open "/nope")`.
    pub(super) fn describe(&self, index: usize, out: &mut impl Sink) {
        if self.index() < Self::FILE_ACTIONS {
            "file ".write(out);
        }
        "action ".write(out);
        text::decimal(index as i32, out);
        " (".write(out);
        self.write(out);
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
                text::decimal(from, out);
                " to ".write(out);
                text::decimal(to, out);
            }
            Self::Close(fd)
            | Self::Fchdir(fd)
            | Self::CloseFrom(fd)
            | Self::SetForeground(fd)
            | Self::ControllingTerminal(fd) => text::decimal(fd, out),
            Self::Umask(mask) => text::digits(mask, 8, 3, out),
            Self::Limit(resource, _) => resource.name_bytes().write(out),
            Self::Gid(id) | Self::Uid(id) => text::digits(id, 10, 1, out),
            Self::Groups(_) | Self::ResetIds => {}
        }
    }
}
