//! Constants for the features of a spawn. A program that must be small passes the features that it uses to
//! [`Spawn::start_with`]: their constants, combined with `|`. The program then contains no code for the other features. Every
//! program contains the features that have no constant.
//!
//! ```
//! use nestling::spawn::{Action, Program, Spawn, features};
//! use nestling::{Args, args};
//!
//! const FEATURES: u32 = features::SHARED | features::DUP2 | features::PIDFD;
//! let list = args![c"true"];
//! let mut spawn = Spawn::new(Program::Path(c"/bin/true"), Args::new(&list), Args::EMPTY);
//! spawn.attributes.pidfd = true;
//! assert!(spawn.start_with::<FEATURES>().unwrap().wait().unwrap().success());
//!
//! spawn.actions = &[Action::Close(9)];
//! let error = spawn.start_with::<FEATURES>().unwrap_err();
//! assert_eq!(error.to_string(), "file action 0 (close 9): EINVAL: invalid argument");
//! ```
//!
//! [`Spawn::start_with`]: super::Spawn::start_with

use super::{Attribute, Attributes};
use crate::signal::SigSet;

/// All features.
pub const ALL: u32 = u32::MAX;

/// [`Attributes::pidfd`]
pub const PIDFD: u32 = 1 << 0;
/// [`Attributes::default_signals`]
pub const DEFAULT_SIGNALS: u32 = 1 << 1;
/// [`Attributes::scheduler`]
pub const SCHEDULER: u32 = 1 << 2;
/// [`Attributes::no_new_privs`]
pub const NO_NEW_PRIVS: u32 = 1 << 3;
/// [`Attributes::parent_death_signal`]
pub const PARENT_DEATH_SIGNAL: u32 = 1 << 4;
/// [`Attributes::hook`]
pub const HOOK: u32 = 1 << 5;
/// [`Action::Open`](super::Action::Open)
pub const OPEN: u32 = 1 << 6;
/// [`Action::Close`](super::Action::Close)
pub const CLOSE: u32 = 1 << 7;
/// [`Action::Dup2`](super::Action::Dup2)
pub const DUP2: u32 = 1 << 8;
/// [`Action::Chdir`](super::Action::Chdir)
pub const CHDIR: u32 = 1 << 9;
/// [`Action::Fchdir`](super::Action::Fchdir)
pub const FCHDIR: u32 = 1 << 10;
/// [`Action::CloseFrom`](super::Action::CloseFrom)
pub const CLOSE_FROM: u32 = 1 << 11;
/// [`Action::SetForeground`](super::Action::SetForeground)
pub const SET_FOREGROUND: u32 = 1 << 12;
/// [`Action::ControllingTerminal`](super::Action::ControllingTerminal)
pub const CONTROLLING_TERMINAL: u32 = 1 << 13;
/// [`Action::Chroot`](super::Action::Chroot)
pub const CHROOT: u32 = 1 << 14;
/// [`Action::Umask`](super::Action::Umask)
pub const UMASK: u32 = 1 << 15;
/// [`Action::Limit`](super::Action::Limit)
pub const LIMIT: u32 = 1 << 16;
/// [`Action::Groups`](super::Action::Groups)
pub const GROUPS: u32 = 1 << 17;
/// [`Action::Gid`](super::Action::Gid)
pub const GID: u32 = 1 << 18;
/// [`Action::Uid`](super::Action::Uid)
pub const UID: u32 = 1 << 19;
/// [`Action::ResetIds`](super::Action::ResetIds)
pub const RESET_IDS: u32 = 1 << 20;
/// [`Program::Descriptor`](super::Program::Descriptor)
pub const DESCRIPTOR: u32 = 1 << 21;
/// [`Shell`](super::Shell)
pub const SHELL: u32 = 1 << 22;
/// [`Action::Redirect`](super::Action::Redirect)
pub const REDIRECT: u32 = 1 << 23;
/// [`Action::Capabilities`](super::Action::Capabilities)
pub const CAPABILITIES: u32 = 1 << 25;
/// [`Action::Securebits`](super::Action::Securebits)
pub const SECUREBITS: u32 = 1 << 26;
/// The parent restores its `PR_SET_DUMPABLE` flag after a child that shares its memory has changed its ids. A program may leave out
/// this feature if other processes do not have to trace it, and if the kernel does not have to dump its core.
pub const DUMPABLE: u32 = 1 << 27;
/// [`Memory::Shared`](super::Memory::Shared). A program that leaves this feature out always copies the memory.
pub const SHARED: u32 = 1 << 28;
/// [`Attributes::oom_score_adj`]
pub const OOM_SCORE_ADJ: u32 = 1 << 29;
/// [`Attributes::namespaces`]
pub const NAMESPACES: u32 = 1 << 30;
/// [`Action::Setns`](super::Action::Setns)
pub const SETNS: u32 = 1 << 31;
/// [`Spawn::begin`](super::Spawn::begin), which always contains all features.
pub(super) const BEGIN: u32 = 1 << 24;

/// Returns the first attribute that the spawn has and whose code the program leaves out.
pub(super) fn missing<const FEATURES: u32>(attributes: &Attributes<'_>) -> Option<Attribute> {
    let &Attributes {
        pidfd,
        namespaces,
        default_signals,
        scheduler,
        no_new_privs,
        parent_death_signal,
        hook,
        oom_score_adj,
        // Every program contains the code for these attributes.
        memory: _,
        notice: _,
        cgroup: _,
        new_session: _,
        process_group: _,
        nice: _,
        signal_mask: _,
    } = attributes;
    let has_no = |feature| FEATURES & feature == 0;
    if has_no(PIDFD) && pidfd {
        return Some(Attribute::Pidfd);
    }
    if has_no(NAMESPACES) && namespaces.is_some() {
        return Some(Attribute::Namespaces);
    }
    if has_no(DEFAULT_SIGNALS) && default_signals != SigSet::EMPTY {
        return Some(Attribute::DefaultSignals);
    }
    if has_no(SCHEDULER) && scheduler.is_some() {
        return Some(Attribute::Scheduler);
    }
    if has_no(OOM_SCORE_ADJ) && oom_score_adj.is_some() {
        return Some(Attribute::OomScoreAdj);
    }
    if has_no(NO_NEW_PRIVS) && no_new_privs {
        return Some(Attribute::NoNewPrivs);
    }
    if has_no(PARENT_DEATH_SIGNAL) && parent_death_signal.is_some() {
        return Some(Attribute::ParentDeathSignal);
    }
    if has_no(HOOK) && hook.is_some() {
        return Some(Attribute::Hook);
    }
    None
}
