//! A builder of processes, like `std::process::Command`, on top of [`spawn`](crate::spawn) (feature `std` in an ordinary program;
//! features `rt` and `alloc` in a program without libc).
//!
#![cfg_attr(any(feature = "rt", feature = "std"), doc = "```")]
#![cfg_attr(not(any(feature = "rt", feature = "std")), doc = "```no_run")]
//! use nestling::command::{Command, Stdio};
//!
//! let output = Command::new("sh").args(["-c", "echo $GREETING, $0", "world"]).env("GREETING", "hello").output().unwrap();
//! assert_eq!(output.stdout, b"hello, world\n");
//!
//! let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
//! child.stdin.take().unwrap().write_all(b"through a cat").unwrap(); // and close it: `cat` reads the end
//! assert_eq!(child.wait_with_output().unwrap().stdout, b"through a cat");
//! ```
//!
//! The module [`spawn`](crate::spawn) lists the costs of starting a process. In addition, `Command` allocates memory for its
//! lists, and makes three more system calls for each pipe.
//!
//! # Coming from `std::process`
//!
//! Enable the feature `std`, and write `use nestling::command::{Command, Stdio}` in place of `use std::process::{Command, Stdio}`
//! and of `use std::os::unix::process::CommandExt`. A method that is not in this table does the same as std's method. Statuses,
//! descriptors, pipes and errors convert to and from std's types by `into()`.
//!
//! | Method | Difference | Reason |
//! |---|---|---|
//! | `new`, `arg`, `args`, `env`, … | These methods accept [`AsBytes`]: strings, bytes and C strings; with the feature `std`, also `OsStr` and `Path`. | `core` has no `OsStr`. |
//! | `env`, `env_remove`, `env_clear` | A name that is empty or contains `=` is an error; std passes it on. The child's environment first contains the inherited variables in their order, then the variables that `env` has set; std sorts all variables by name. In a program that has enabled only the feature `alloc`, a command fails with `ENOTSUP`, unless it calls `env_clear`. A child that inherits the environment without a change also gets its malformed entries (without `=`), as with std; if the command changes the environment, std's child loses them, and so does nestling's with the feature `std`, but not with `rt`. nestling cannot take std's lock of the environment: no other thread may call `set_var` while a child starts, which `set_var` forbids anyway. | With such a name, the child would get another variable. The code of a sorted map has several kilobytes. Without the features `rt` and `std`, nestling does not know the process's environment. |
//! | `current_dir` | The kernel resolves a program's relative path (such as `./x`) from the new directory. std does the same on Unix, but does not guarantee it. | |
//! | `spawn`, `status`, `output`, `exec` | [`Error`] names the step that failed. A function that returns an `io::Result` loses the step at `?`: let it return this `Error` or a `Box<dyn Error>`. | nestling exists to report the failed step. An `io::Error` with an errno has no room for it. |
//! | `spawn` | The child shares the parent's memory, even with `pre_exec` and the other methods that make std call `fork`. | |
//! | `uid` | If the parent is root and `groups` is not called, the child drops its supplementary groups, as with std. If the kernel does not permit this, the spawn fails with `EPERM`; std ignores this error. | With std, the child then keeps root's groups. |
//! | `pre_exec` | The argument is a [`PreExec`], whose constructor is `unsafe`; in std, `pre_exec` itself is `unsafe`. A second call of `pre_exec` replaces the first function; std calls both. The function runs in the memory that the child shares with the parent. What belongs to the memory (such as `oom_score_adj`) also changes in the parent. | See [`Hook`](crate::spawn::Hook). |
//! | `groups`, `setsid`, `create_pidfd` | These methods are stable in nestling and unstable in std. | |
//! | `get_program`, `get_args`, `get_envs`, `get_current_dir` | These methods return C strings; only the names of variables are byte slices. `get_envs` returns the variables in the order of the calls; std sorts them. As in std, a string with a null byte is returned as `<string-with-nul>`. | `core` has no `OsStr`. |
//! | `input`, [`pipe`](Command::pipe), `stderr_to_stdout`, `output_limit`, `output_timeout`, `kill_on_drop`, `user`, `fd`, `limit`, … | std does not have these methods. | Users of std write them again and again, or take another crate for them: duct, wait-timeout, tokio, process-wrap. |
//! | [`Child::wait_timeout`], [`terminate`](Child::terminate), [`terminate_group`](Child::terminate_group), [`wait_with_usage`](Child::wait_with_usage), [`into_pidfd`](Child::into_pidfd) | std does not have these methods. | |
//! | [`Stdio::null`] | The child opens `/dev/null`. | So the parent needs no descriptor for it. |
//! | [`Child::id`] | Returns a [`Pid`](crate::Pid), not a `u32`. | |
//! | [`Child::wait`], … | The error is an [`Errno`]. | |
//! | [`ChildStdin`], … | These types have the methods `read`, `read_to_end` and `write_all`. With the feature `std`, they also implement `Read` and `Write`. | `core` has no `Read` and no `Write`. |
//!
//! A `Command` sets the child's action for `SIGPIPE` to the default, as std does. [`default_signals`](Command::default_signals) can
//! change this. With a [`Spawn`], the child of a parent that ignores `SIGPIPE` also ignores it.
//!
//! # The order of the steps
//!
//! The order of the method calls does not matter. The child always makes its changes in this order: the
//! [namespaces](Command::setns) that it enters, the standard descriptors, other [descriptors](Command::fd), [`close_from`](Command::close_from), the terminal, [`chroot`](Command::chroot),
//! [`umask`](Command::umask), limits, the bounding set, groups, gid, uid, other [capabilities](Command::capabilities), [`current_dir`](Command::current_dir). If you need another order, use
//! the [`Action`]s of [`spawn`](crate::spawn).

mod bytes;
mod child;
mod environment;
mod error;
mod pipeline;
mod stdio;

use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::fmt;
use core::time::Duration;

pub use bytes::AsBytes;
pub use child::{Child, Output};
pub use error::Error;
pub use pipeline::{Pipeline, PipelineError, PipelineOutput, PipelineStatus};
pub use stdio::{ChildStderr, ChildStdin, ChildStdout, Stdio};

use crate::args::{Args, array};
use crate::capabilities::Capabilities;
use crate::environ::{IS_KNOWN, environ, variables};
use crate::errno::Errno;
use crate::fd::{AsFd, OwnedFd, RawFd};
use crate::io::duplicate;
use crate::limits::{Resource, Rlimit};
use crate::process::ExitStatus;
use crate::signal::{SigSet, Signal};
use crate::spawn::{
    Action, Attributes, CapabilitySet, IdMap, Memory, NewNamespaces, PreExec, Program, Scheduler,
    Spawn,
};
use crate::sys::{self, namespace::Namespaces};
use crate::time::{Clock, now};
use child::Limits;
use environment::Environment;
use stdio::Prepared;

/// A program to start, with its arguments, its environment and the child's settings. See the [module](self).
#[doc(alias = "CommandExt")]
pub struct Command {
    program: CString,
    /// The arguments. The first is the program's name.
    args: Vec<CString>,
    environment: Environment,
    directory: Option<CString>,
    /// The first string that cannot be used and the reason, such as `argument (null byte)`; `None` if there is no such string.
    unusable: Option<&'static str>,
    stdio: [Option<Stdio>; 3],
    descriptors: Vec<(RawFd, OwnedFd)>,
    close_from: Option<RawFd>,
    controlling_terminal: Option<RawFd>,
    foreground: Option<RawFd>,
    namespaces: Option<OwnedNamespaces>,
    entered: Vec<(OwnedFd, Namespaces)>,
    root: Option<CString>,
    umask: Option<u32>,
    limits: Vec<(Resource, Rlimit)>,
    groups: Option<Vec<u32>>,
    gid: Option<u32>,
    uid: Option<u32>,
    reset_ids: bool,
    capabilities: Vec<(CapabilitySet, Capabilities)>,
    cgroup: Option<OwnedFd>,
    pre_exec: Option<PreExec>,
    attributes: Attributes<'static>,
    kill_on_drop: bool,
    output_limit: Option<usize>,
    output_timeout: Option<Duration>,
}

#[derive(Debug)]
struct OwnedNamespaces {
    kinds: Namespaces,
    users: Vec<IdMap>,
    groups: Vec<IdMap>,
    setgroups: bool,
}

/// Methods that set the program, the arguments, the environment, the working directory and the standard descriptors.
impl Command {
    /// Makes a command that runs `program`. If `program` contains no slash, the program is searched for in the directories of
    /// the child's `PATH`. `program` is also the first argument.
    pub fn new(program: impl AsBytes) -> Self {
        let mut command = Self {
            program: CString::default(),
            args: Vec::new(),
            environment: Environment::default(),
            directory: None,
            unusable: None,
            stdio: [const { None }; 3],
            descriptors: Vec::new(),
            close_from: None,
            controlling_terminal: None,
            foreground: None,
            namespaces: None,
            entered: Vec::new(),
            root: None,
            umask: None,
            limits: Vec::new(),
            groups: None,
            gid: None,
            uid: None,
            reset_ids: false,
            capabilities: Vec::new(),
            cgroup: None,
            pre_exec: None,
            attributes: Attributes {
                default_signals: SigSet::EMPTY.with(Signal::PIPE),
                ..Attributes::default()
            },
            kill_on_drop: false,
            output_limit: None,
            output_timeout: None,
        };
        command.program = command.c_string(program.bytes(), "program (null byte)");
        command.args.push(command.program.clone());
        command
    }

    /// Adds an argument.
    pub fn arg(&mut self, arg: impl AsBytes) -> &mut Self {
        let arg = self.c_string(arg.bytes(), "argument (null byte)");
        self.args.push(arg);
        self
    }

    /// Adds several arguments.
    pub fn args(&mut self, args: impl IntoIterator<Item = impl AsBytes>) -> &mut Self {
        for arg in args {
            self.arg(arg);
        }
        self
    }

    /// Sets the first argument (`argv[0]`), which the program takes for its own name (`CommandExt::arg0`).
    pub fn arg0(&mut self, name: impl AsBytes) -> &mut Self {
        let name = self.c_string(name.bytes(), "argument 0 (null byte)");
        if let Some(first) = self.args.first_mut() {
            *first = name;
        }
        self
    }

    /// Sets a variable of the child's environment. If the name is empty or contains `=`, the command fails with `EINVAL`, because
    /// the child would get another variable.
    pub fn env(&mut self, name: impl AsBytes, value: impl AsBytes) -> &mut Self {
        if name.bytes().is_empty() || name.bytes().contains(&b'=') {
            self.unusable
                .get_or_insert("environment (name of a variable)");
        }
        let value = self.c_string(value.bytes(), "environment (null byte)");
        let entry = [name.bytes(), b"=", value.to_bytes()].concat();
        let entry = self.c_string(&entry, "environment (null byte)");
        self.environment.set(name.bytes(), entry);
        self
    }

    /// Sets several variables of the child's environment.
    pub fn envs(
        &mut self,
        variables: impl IntoIterator<Item = (impl AsBytes, impl AsBytes)>,
    ) -> &mut Self {
        for (name, value) in variables {
            self.env(name, value);
        }
        self
    }

    /// Removes a variable from the child's environment.
    pub fn env_remove(&mut self, name: impl AsBytes) -> &mut Self {
        self.environment.remove(name.bytes());
        self
    }

    /// Removes all variables from the child's environment: the variables that the child would inherit, and the variables that
    /// were set before this call.
    pub fn env_clear(&mut self) -> &mut Self {
        self.environment.clear();
        self
    }

    /// Sets the child's working directory. If the program's path is relative and contains a slash, the kernel resolves it from
    /// this directory.
    pub fn current_dir(&mut self, directory: impl AsBytes) -> &mut Self {
        self.directory = Some(self.c_string(directory.bytes(), "directory (null byte)"));
        self
    }

    /// Sets the child's standard input. The default is the parent's standard input; with [`output`](Self::output), the default
    /// is `/dev/null`.
    pub fn stdin(&mut self, stdio: impl Into<Stdio>) -> &mut Self {
        self.stdio(0, stdio.into())
    }

    /// Sets the child's standard output. The default is the parent's standard output; with [`output`](Self::output), the
    /// default is a pipe.
    pub fn stdout(&mut self, stdio: impl Into<Stdio>) -> &mut Self {
        self.stdio(1, stdio.into())
    }

    /// Sets the child's standard error. The default is the parent's standard error; with [`output`](Self::output), the default
    /// is a pipe.
    pub fn stderr(&mut self, stdio: impl Into<Stdio>) -> &mut Self {
        self.stdio(2, stdio.into())
    }

    /// Sets the child's standard input to a file in memory (`memfd_create(2)`) that contains these bytes. The child reads the file
    /// from its beginning. So the parent does not have to write while the child reads, and the child does not have to read all
    /// bytes. Each start makes a new file. Replaces the effect of an earlier [`stdin`](Self::stdin).
    ///
    /// This method copies the bytes once. Each start copies the bytes again and makes four additional system calls.
    ///
    #[cfg_attr(any(feature = "rt", feature = "std"), doc = "```")]
    #[cfg_attr(not(any(feature = "rt", feature = "std")), doc = "```no_run")]
    /// use nestling::command::Command;
    ///
    /// let output = Command::new("sort").input("b\na\n").output().unwrap();
    /// assert_eq!(output.stdout, b"a\nb\n");
    /// ```
    ///
    /// # Errors
    /// The start can fail with the step `standard input` and the errors of `memfd_create(2)` and `write(2)`.
    #[doc(alias("stdin_bytes", "memfd_create"))]
    pub fn input(&mut self, bytes: impl AsBytes) -> &mut Self {
        self.stdio(0, Stdio::bytes(bytes.bytes().into()))
    }

    /// Sends the child's standard error to the same place as its standard output, as `2>&1` does at the end of a shell's command.
    /// Replaces the effect of an earlier [`stderr`](Self::stderr). Costs one system call of the child.
    ///
    #[cfg_attr(any(feature = "rt", feature = "std"), doc = "```")]
    #[cfg_attr(not(any(feature = "rt", feature = "std")), doc = "```no_run")]
    /// use nestling::command::Command;
    ///
    /// let output = Command::new("sh").args(["-c", "echo a; echo b >&2"]).stderr_to_stdout().output().unwrap();
    /// assert_eq!((&output.stdout[..], &output.stderr[..]), (&b"a\nb\n"[..], &b""[..]));
    /// ```
    pub fn stderr_to_stdout(&mut self) -> &mut Self {
        self.stdio(2, Stdio::output())
    }

    fn stdio(&mut self, number: usize, stdio: Stdio) -> &mut Self {
        if let Some(place) = self.stdio.get_mut(number) {
            *place = Some(stdio);
        }
        self
    }

    fn c_string(&mut self, bytes: &[u8], what: &'static str) -> CString {
        CString::new(bytes).unwrap_or_else(|_| {
            self.unusable.get_or_insert(what);
            c"<string-with-nul>".into()
        })
    }
}

/// Methods of std's `CommandExt`, and methods that std does not have. For details, see the field of [`Attributes`] or the
/// [`Action`] with the same name.
impl Command {
    /// Gives the child a duplicate of the descriptor `fd`. In the child, the duplicate has the descriptor number `number`. A later
    /// call with the same number replaces the earlier call.
    #[doc(alias = "fd_mappings")]
    pub fn fd(&mut self, number: RawFd, fd: impl Into<OwnedFd>) -> &mut Self {
        self.descriptors.retain(|given| given.0 != number);
        self.descriptors.push((number, fd.into()));
        self
    }

    /// Closes the child's descriptors with the number `first` or a higher number. Descriptors that this command sets with
    /// [`fd`](Self::fd), `stdin`, `stdout` and `stderr` stay open. But a standard descriptor that the child only inherits is
    /// closed if its number is in this range.
    #[doc(alias("closefrom", "close_range"))]
    pub fn close_from(&mut self, first: RawFd) -> &mut Self {
        self.close_from = Some(first);
        self
    }

    /// Sets the child's controlling terminal to the terminal at the child's descriptor `fd`. This requires
    /// [`setsid`](Self::setsid).
    pub fn controlling_terminal(&mut self, fd: RawFd) -> &mut Self {
        self.controlling_terminal = Some(fd);
        self
    }

    /// Puts the child's process group into the foreground of the terminal at the child's descriptor `fd`.
    pub fn foreground(&mut self, fd: RawFd) -> &mut Self {
        self.foreground = Some(fd);
        self
    }

    /// Sets the new namespaces in which the child starts. See [`NewNamespaces`].
    ///
    /// ```
    /// use nestling::command::Command;
    /// use nestling::spawn::{IdMap, NewNamespaces};
    /// use nestling::sys::credentials::{getegid, geteuid};
    /// use nestling::sys::namespace::Namespaces;
    ///
    /// // Process 1 of a container of its own, and root there.
    /// let container = NewNamespaces {
    ///     users: &[IdMap::one(0, geteuid().unwrap())],
    ///     groups: &[IdMap::one(0, getegid().unwrap())],
    ///     ..NewNamespaces::new(Namespaces::USER | Namespaces::PID)
    /// };
    /// let mut command = Command::new("sh");
    /// match command.args(["-c", "echo $$; id -u"]).namespaces(container).output() {
    ///     Ok(output) => assert_eq!(output.stdout, b"1\n0\n"),
    ///     Err(error) => println!("{error}"), // attribute namespaces: EPERM: some systems forbid it
    /// }
    /// ```
    #[doc(alias(
        "unshare",
        "uid_map",
        "gid_map",
        "CLONE_NEWUSER",
        "CLONE_NEWPID",
        "CLONE_NEWNS"
    ))]
    pub fn namespaces<'a>(&mut self, namespaces: impl Into<NewNamespaces<'a>>) -> &mut Self {
        let namespaces = namespaces.into();
        self.namespaces = Some(OwnedNamespaces {
            kinds: namespaces.kinds,
            users: namespaces.users.into(),
            groups: namespaces.groups.into(),
            setgroups: namespaces.setgroups,
        });
        self
    }

    /// Has the child enter existing namespaces, before its other steps: the namespace of a file `/proc/PID/ns/KIND`, or namespaces of
    /// the process of a pidfd. To enter several, call this method once for each of them, the user namespace first. See
    /// [`Action::Setns`].
    pub fn setns(&mut self, fd: impl Into<OwnedFd>, namespaces: Namespaces) -> &mut Self {
        self.entered.push((fd.into(), namespaces));
        self
    }

    /// Changes the child's root directory. The child's working directory becomes the new root, unless
    /// [`current_dir`](Self::current_dir) sets another directory.
    pub fn chroot(&mut self, directory: impl AsBytes) -> &mut Self {
        self.root = Some(self.c_string(directory.bytes(), "root directory (null byte)"));
        self
    }

    /// Sets the child's umask: the permission bits that new files do not get (`umask(2)`).
    pub fn umask(&mut self, mask: u32) -> &mut Self {
        self.umask = Some(mask);
        self
    }

    /// Sets the soft and the hard limit of a resource. To limit several resources, call this method once for each of them.
    pub fn limit(&mut self, resource: Resource, limit: Rlimit) -> &mut Self {
        self.limits.push((resource, limit));
        self
    }

    /// Sets the child's supplementary groups.
    #[doc(alias = "setgroups")]
    pub fn groups(&mut self, groups: &[u32]) -> &mut Self {
        self.groups = Some(groups.into());
        self
    }

    /// Sets the child's group id.
    pub fn gid(&mut self, gid: u32) -> &mut Self {
        self.gid = Some(gid);
        self
    }

    /// Sets the child's user id. If the parent is root, the child also drops its supplementary groups, unless
    /// [`groups`](Self::groups) sets them.
    pub fn uid(&mut self, uid: u32) -> &mut Self {
        self.uid = Some(uid);
        self
    }

    /// Sets the child's user id and group id, and makes `gid` its only supplementary group. So the child keeps no id and no group
    /// of the parent. This method does the same as [`groups`](Self::groups), [`gid`](Self::gid) and [`uid`](Self::uid) together
    /// (`setuid(2)`). To set more groups, call `groups` afterwards.
    ///
    #[cfg_attr(any(feature = "rt", feature = "std"), doc = "```")]
    #[cfg_attr(not(any(feature = "rt", feature = "std")), doc = "```no_run")]
    /// # use nestling::command::Command;
    /// match Command::new("sh").args(["-c", "id -u; id -g; id -G"]).user(65534, 65534).output() {
    ///     Ok(output) => assert_eq!(output.stdout, b"65534\n65534\n65534\n"),
    ///     Err(error) => assert!(error.step().contains("groups")), // only root may
    /// }
    /// ```
    pub fn user(&mut self, uid: u32, gid: u32) -> &mut Self {
        self.groups(&[gid]).gid(gid).uid(uid)
    }

    /// Sets the child's effective user id and group id to its real ids. This is useful in a set-user-id program that starts another
    /// program.
    #[doc(alias = "POSIX_SPAWN_RESETIDS")]
    pub fn reset_ids(&mut self) -> &mut Self {
        self.reset_ids = true;
        self
    }

    /// Sets one of the child's sets of capabilities, for the program. The `Bounding` set is changed before the ids and the other sets
    /// after them. If the command also sets the user id and the ambient set, the child keeps its capabilities when its user id
    /// changes (`SECBIT_KEEP_CAPS`, which requires `CAP_SETPCAP`). To set several sets, call this method once for each of them,
    /// `Inheritable` before `Ambient`. See [`Action::Capabilities`].
    ///
    /// ```
    /// use nestling::Capabilities;
    /// use nestling::command::Command;
    /// use nestling::spawn::CapabilitySet::{Ambient, Inheritable};
    ///
    /// // A server that is not root and may listen on port 80.
    /// let listen = Capabilities::from_name(b"net_bind_service").unwrap();
    /// let mut command = Command::new("sh");
    /// command.args(["-c", "grep CapEff /proc/self/status"]).user(65534, 65534);
    /// match command.capabilities(Inheritable, listen).capabilities(Ambient, listen).output() {
    ///     Ok(output) => assert_eq!(output.stdout, b"CapEff:\t0000000000000400\n"),
    ///     Err(error) => println!("{error}"), // only root may
    /// }
    /// ```
    pub fn capabilities(&mut self, set: CapabilitySet, capabilities: Capabilities) -> &mut Self {
        self.capabilities.push((set, capabilities));
        self
    }

    /// Sets the cgroup in which the child starts: `directory` is the directory of this cgroup.
    pub fn cgroup(&mut self, directory: impl Into<OwnedFd>) -> &mut Self {
        self.cgroup = Some(directory.into());
        self
    }

    /// Sets a function that the child calls as its last step before the exec. [`PreExec::new`] makes the argument from a closure:
    ///
    #[cfg_attr(any(feature = "rt", feature = "std"), doc = "```")]
    #[cfg_attr(not(any(feature = "rt", feature = "std")), doc = "```no_run")]
    /// use nestling::command::Command;
    /// use nestling::spawn::PreExec;
    /// use nestling::sys;
    ///
    /// // SAFETY: the closure only makes a system call.
    /// let hook = unsafe { PreExec::new(|| sys::process::setpgid(0, 0)) };
    /// assert!(Command::new("true").pre_exec(hook).status().unwrap().success());
    /// ```
    pub fn pre_exec(&mut self, hook: PreExec) -> &mut Self {
        self.pre_exec = Some(hook);
        self
    }

    /// Sets whether the child shares the parent's memory or gets a copy.
    pub fn memory(&mut self, memory: Memory) -> &mut Self {
        self.attributes.memory = memory;
        self
    }

    /// Sets whether the spawn also makes a pidfd for the child. [`Child::pidfd`] returns this pidfd. Before Linux 5.3, there are no
    /// pidfds: the child starts without one.
    pub fn create_pidfd(&mut self, pidfd: bool) -> &mut Self {
        self.attributes.pidfd = pidfd;
        self
    }

    /// Sets a set of signals: the child restores their default actions, even if the parent ignores them. Without a call of this
    /// method, the set contains only `SIGPIPE`.
    pub fn default_signals(&mut self, signals: SigSet) -> &mut Self {
        self.attributes.default_signals = signals;
        self
    }

    /// Sets the child's signal mask. The default is the mask of the thread that spawns the child.
    pub fn signal_mask(&mut self, mask: SigSet) -> &mut Self {
        self.attributes.signal_mask = Some(mask);
        self
    }

    /// Sets whether the child starts a new session.
    pub fn setsid(&mut self, setsid: bool) -> &mut Self {
        self.attributes.new_session = setsid;
        self
    }

    /// Sets the child's process group. If `group` is 0, the child starts a new process group.
    pub fn process_group(&mut self, group: i32) -> &mut Self {
        self.attributes.process_group = Some(group);
        self
    }

    /// Sets the child's scheduling policy and priority.
    pub fn scheduler(&mut self, scheduler: Scheduler) -> &mut Self {
        self.attributes.scheduler = Some(scheduler);
        self
    }

    /// Sets the child's nice value, from -20 to 19.
    pub fn nice(&mut self, nice: i32) -> &mut Self {
        self.attributes.nice = Some(nice);
        self
    }

    /// Sets how likely the kernel is to kill the child if memory runs out, from -1000 (never) to 1000. The child then gets a copy
    /// of the parent's memory (see [`Attributes::oom_score_adj`]).
    pub fn oom_score_adj(&mut self, adjustment: i32) -> &mut Self {
        self.attributes.oom_score_adj = Some(adjustment);
        self
    }

    /// Sets `PR_SET_NO_NEW_PRIVS`. If `no_new_privs` is `true`, the program and its descendants cannot gain privileges from
    /// set-user-id bits or file capabilities.
    pub fn no_new_privs(&mut self, no_new_privs: bool) -> &mut Self {
        self.attributes.no_new_privs = no_new_privs;
        self
    }

    /// Sets the parent-death signal: the kernel sends it to the child when the spawning thread ends.
    #[doc(alias = "PR_SET_PDEATHSIG")]
    pub fn parent_death_signal(&mut self, signal: Signal) -> &mut Self {
        self.attributes.parent_death_signal = Some(signal);
        self
    }
}

/// Methods that set when the child is killed.
impl Command {
    /// Sets whether dropping the [`Child`] kills the child with `SIGKILL` and reaps it. If the child leads its process group (see
    /// [`process_group`](Self::process_group) and [`setsid`](Self::setsid)), the drop kills the whole group. The drop waits until
    /// the child has ended. This wait is long only if a system call of the child waits for a device.
    ///
    #[cfg_attr(any(feature = "rt", feature = "std"), doc = "```")]
    #[cfg_attr(not(any(feature = "rt", feature = "std")), doc = "```no_run")]
    /// use nestling::command::Command;
    ///
    /// fn with_server<R>(run: impl FnOnce() -> R) -> R {
    ///     let _server = Command::new("sleep").arg("1000").kill_on_drop(true).spawn().unwrap();
    ///     run() // if it panics and unwinds, the server ends, too
    /// }
    /// assert_eq!(with_server(|| 7), 7);
    /// ```
    pub fn kill_on_drop(&mut self, kill_on_drop: bool) -> &mut Self {
        self.kill_on_drop = kill_on_drop;
        self
    }

    /// Limits the number of bytes that [`output`](Self::output) collects from both pipes together. If the child writes more,
    /// `output` kills it (as [`kill_on_drop`](Self::kill_on_drop) does) and fails with `EFBIG`. Before this, `output` may read up
    /// to 128 KiB more than the limit.
    ///
    #[cfg_attr(any(feature = "rt", feature = "std"), doc = "```")]
    #[cfg_attr(not(any(feature = "rt", feature = "std")), doc = "```no_run")]
    /// use nestling::command::Command;
    /// use nestling::Errno;
    ///
    /// let error = Command::new("cat").arg("/dev/zero").output_limit(1 << 20).output().unwrap_err();
    /// assert_eq!((error.step(), error.errno()), (r#"output of "cat""#, Some(Errno::EFBIG)));
    /// ```
    pub fn output_limit(&mut self, bytes: usize) -> &mut Self {
        self.output_limit = Some(bytes);
        self
    }

    /// Sets a timeout for [`output`](Self::output). The time runs from the start of the program until the program has ended and its
    /// pipes are closed. After this time, `output` kills the child (as [`kill_on_drop`](Self::kill_on_drop) does) and fails with
    /// `ETIMEDOUT`.
    ///
    #[cfg_attr(any(feature = "rt", feature = "std"), doc = "```")]
    #[cfg_attr(not(any(feature = "rt", feature = "std")), doc = "```no_run")]
    /// use core::time::Duration;
    /// use nestling::command::Command;
    /// use nestling::Errno;
    ///
    /// let mut command = Command::new("sh");
    /// command.args(["-c", "sleep 1000; echo"]).output_timeout(Duration::from_millis(1));
    /// // The shell leads a process group, so the timeout also ends what the shell has started.
    /// let error = command.process_group(0).output().unwrap_err();
    /// assert_eq!(error.errno(), Some(Errno::ETIMEDOUT));
    /// assert_eq!(error.to_string(), r#"output of "sh": ETIMEDOUT: timed out"#);
    /// ```
    pub fn output_timeout(&mut self, timeout: Duration) -> &mut Self {
        self.output_timeout = Some(timeout);
        self
    }
}

/// Methods that return the program and the settings of a command.
impl Command {
    /// Returns the program.
    #[must_use]
    pub fn get_program(&self) -> &CStr {
        &self.program
    }

    /// Returns the arguments after the first one, which is the program's name.
    ///
    /// ```
    /// use nestling::command::Command;
    ///
    /// let mut command = Command::new("tar");
    /// command.args(["-x", "-f", "a.tar"]).current_dir("/tmp").env("TZ", "UTC").env_remove("TAPE");
    /// assert_eq!(command.get_program(), c"tar");
    /// assert!(command.get_args().eq([c"-x", c"-f", c"a.tar"]));
    /// assert!(command.get_envs().eq([(&b"TZ"[..], Some(c"UTC")), (&b"TAPE"[..], None)]));
    /// assert_eq!(command.get_current_dir(), Some(c"/tmp"));
    /// assert_eq!(format!("{command:?}"), r#"cd "/tmp" && env -u TAPE TZ="UTC" "tar" "-x" "-f" "a.tar""#);
    /// ```
    pub fn get_args(&self) -> impl Iterator<Item = &CStr> {
        self.args.iter().skip(1).map(CString::as_c_str)
    }

    /// Returns the changes of the environment, in the order of the calls: a name with its value, or with `None` if the variable is
    /// removed.
    pub fn get_envs(&self) -> impl Iterator<Item = (&[u8], Option<&CStr>)> {
        self.environment.changes()
    }

    /// Returns the child's working directory; `None` if it is the parent's.
    #[must_use]
    pub fn get_current_dir(&self) -> Option<&CStr> {
        self.directory.as_deref()
    }
}

/// The methods that start the program.
impl Command {
    /// Starts the program, and returns when the program runs.
    ///
    /// # Errors
    /// The step that failed and its errno. After an error, no child is left. If a string contains a null byte, the errno is
    /// `EINVAL`, and the step says which string: `argument (null byte)`. If the child would inherit the environment, but the
    /// features `rt` and `std` are missing, the errno is `ENOTSUP`.
    pub fn spawn(&mut self) -> Result<Child, Error> {
        self.spawn_with([const { &Stdio::inherit() }; 3])
    }

    /// Starts the program and waits until it ends.
    ///
    /// # Errors
    /// The errors of [`spawn`](Self::spawn). If the wait fails, the step is `wait`, with an error of [`Child::wait`].
    pub fn status(&mut self) -> Result<ExitStatus, Error> {
        self.spawn()?.wait().map_err(wait_failed)
    }

    /// Starts the program, collects its standard output and standard error, and waits until it ends.
    ///
    /// # Errors
    /// The errors of [`status`](Self::status). If [`output_limit`](Self::output_limit) or [`output_timeout`](Self::output_timeout)
    /// is set and collecting the output fails, the step is `output of "PROGRAM"`, and the errno is `EFBIG`, `ETIMEDOUT` or an error
    /// of [`Child::wait_with_output`]. In this case, `output` has killed and reaped the child.
    pub fn output(&mut self) -> Result<Output, Error> {
        let end = match self.output_timeout {
            Some(timeout) => now(Clock::Monotonic)
                .map_err(|errno| Error::of_output(&self.program, errno))?
                .checked_add(timeout),
            None => None,
        };
        let mut child = self.spawn_with([
            const { &Stdio::null() },
            const { &Stdio::piped() },
            const { &Stdio::piped() },
        ])?;
        let limits = Limits {
            bytes: self.output_limit,
            end,
        };
        let is_limited = limits.bytes.is_some() || limits.end.is_some();
        child.collect(limits).map_err(|errno| match is_limited {
            true => {
                let _ = child.end();
                Error::of_output(&self.program, errno)
            }
            false => wait_failed(errno),
        })
    }

    /// Replaces this process's program (`execvp(3)`). The method makes no child, so the process id does not change. See
    /// [`Spawn::exec`].
    ///
    /// Returns only if a step failed. The changes that earlier steps have made stay in effect, as with std.
    ///
    /// If [`fd`](Self::fd) was called for a number above 2, or if [`close_from`](Self::close_from) was called, `exec` fails
    /// with `EINVAL` and changes nothing. These steps could close descriptors that other code of this process uses.
    /// [`Spawn::exec`], which is `unsafe`, allows these steps.
    #[doc(alias = "execvp")]
    pub fn exec(&mut self) -> Error {
        let inherit = [const { &Stdio::inherit() }; 3];
        match self.prepare(inherit) {
            Ok(stdio) => self
                .with(&stdio, |spawn| Error::from(spawn.exec_replacing_standard()))
                .unwrap_or_else(|error| error),
            Err(error) => error,
        }
    }

    fn spawn_with(&mut self, defaults: [&Stdio; 3]) -> Result<Child, Error> {
        let stdio = self.prepare(defaults)?;
        let child = self.with(&stdio, |spawn| spawn.start().map_err(Error::from))??;
        let [stdin, stdout, stderr] = stdio.map(Prepared::parents_end);
        Ok(Child::new(child, self.kill_on_drop, stdin, stdout, stderr))
    }

    fn prepare<'a>(&'a self, defaults: [&'a Stdio; 3]) -> Result<[Prepared<'a>; 3], Error> {
        if let Some(what) = self.unusable {
            return Err(Error::new(what, Errno::EINVAL));
        }
        let [stdin, stdout, stderr] = defaults;
        let prepare = |number: RawFd, default: &'a Stdio| {
            let given = self.stdio.get(number as usize).and_then(Option::as_ref);
            let name = ["standard input", "standard output", "standard error"];
            Prepared::new(given.unwrap_or(default), number).map_err(|errno| {
                let name = name.get(number as usize).copied();
                Error::new(name.unwrap_or_default(), errno)
            })
        };
        Ok([prepare(0, stdin)?, prepare(1, stdout)?, prepare(2, stderr)?])
    }

    /// Calls `run` with the spawn that this command describes.
    fn with<R>(
        &self,
        stdio: &[Prepared<'_>; 3],
        run: impl FnOnce(&Spawn<'_>) -> R,
    ) -> Result<R, Error> {
        if !IS_KNOWN && !self.environment.is_cleared() {
            let step = "environment (unknown without the feature `std` or `rt`)";
            return Err(Error::new(step, Errno::ENOTSUP));
        }
        let descriptors = self.descriptors_to_give()?;
        let mut actions: Vec<Action<'_>> = Vec::new();
        let setns =
            |&(ref fd, namespaces): &(OwnedFd, _)| Action::Setns(fd.as_raw_fd(), namespaces);
        actions.extend(self.entered.iter().map(setns));
        actions.extend(
            (0..)
                .zip(stdio)
                .filter_map(|(number, it)| it.action(number)),
        );
        for (&(number, ref own), moved) in self.descriptors.iter().zip(&descriptors) {
            actions.push(Action::Dup2 {
                from: moved.as_ref().unwrap_or(own).as_raw_fd(),
                to: number,
            });
        }
        self.push_closing(&mut actions);
        actions.extend(self.controlling_terminal.map(Action::ControllingTerminal));
        actions.extend(self.foreground.map(Action::SetForeground));
        if let Some(root) = &self.root {
            actions.extend([Action::Chroot(root), Action::Chdir(c"/")]);
        }
        actions.extend(self.umask.map(Action::Umask));
        actions.extend(
            self.limits
                .iter()
                .map(|&(what, limit)| Action::Limit(what, limit)),
        );
        self.push_ids(&mut actions);
        actions.extend(self.directory.as_deref().map(Action::Chdir));

        let args = array(self.args.iter().map(CString::as_c_str));
        let namespaces = self.namespaces.as_ref().map(|it| NewNamespaces {
            kinds: it.kinds,
            users: &it.users,
            groups: &it.groups,
            setgroups: it.setgroups,
        });
        let run = |env: Args<'_>, path: Option<&CStr>| {
            run(&Spawn {
                program: Program::Search {
                    name: &self.program,
                    path,
                },
                args: Args::try_new(&args).unwrap_or(Args::EMPTY),
                env,
                actions: &actions,
                attributes: Attributes {
                    namespaces: namespaces.as_ref(),
                    cgroup: self.cgroup.as_ref().map(AsFd::as_fd),
                    hook: self.pre_exec.as_ref().map(PreExec::hook),
                    ..self.attributes
                },
                shell: None,
            })
        };
        if self.environment.is_unchanged() {
            return Ok(environ(run));
        }
        Ok(variables(|inherited| {
            let env = self.environment.apply(inherited);
            let env = Args::try_new(&env).unwrap_or(Args::EMPTY);
            run(env, env.var(c"PATH"))
        }))
    }

    /// Returns a duplicate for each descriptor of `self.descriptors` that an earlier action of the child would overwrite: the
    /// setting of a standard descriptor or of another descriptor. For a descriptor that needs no duplicate, the element is `None`.
    fn descriptors_to_give(&self) -> Result<Vec<Option<OwnedFd>>, Error> {
        let is_given = |fd| self.descriptors.iter().any(|it| it.0 == fd);
        let in_the_way = |&(number, ref own): &(RawFd, OwnedFd)| {
            let from = own.as_raw_fd();
            from < 3 || from != number && is_given(from)
        };
        let duplicate_of = |fd: &OwnedFd| {
            let mut moved = duplicate(fd.as_fd(), 3)?;
            while is_given(moved.as_raw_fd()) {
                moved = duplicate(fd.as_fd(), moved.as_raw_fd().saturating_add(1))?;
            }
            Ok(moved)
        };
        let moved = |it: &(RawFd, OwnedFd)| {
            let moved = in_the_way(it).then(|| duplicate_of(&it.1)).transpose();
            moved.map_err(|errno| Error::new("descriptor", errno))
        };
        self.descriptors.iter().map(moved).collect()
    }

    /// Adds the actions for [`close_from`](Self::close_from). They do not close the descriptors that the actions before them set.
    fn push_closing(&self, actions: &mut Vec<Action<'_>>) {
        let Some(first) = self.close_from else {
            return;
        };
        let given = |action: &Action<'_>| match *action {
            Action::Open { fd, .. } | Action::Dup2 { to: fd, .. } => Some(fd),
            _ => None,
        };
        let given: Vec<RawFd> = actions.iter().filter_map(given).collect();
        let last = given
            .iter()
            .copied()
            .filter(|&number| number >= first)
            .max();
        for number in first..last.unwrap_or(first) {
            if !given.contains(&number) {
                actions.push(Action::Close(number));
            }
        }
        actions.push(Action::CloseFrom(
            last.map_or(first, |last| last.saturating_add(1)),
        ));
    }

    fn push_ids<'a>(&'a self, actions: &mut Vec<Action<'a>>) {
        let keeps = self.uid.is_some()
            && self
                .capabilities
                .iter()
                .any(|it| it.0 == CapabilitySet::Ambient);
        actions.extend(keeps.then_some(Action::Securebits(KEEP_CAPS)));
        let sets = |bounding: bool| {
            let sets = self.capabilities.iter();
            let sets = sets.filter(move |it| (it.0 == CapabilitySet::Bounding) == bounding);
            sets.map(|&(set, capabilities)| Action::Capabilities(set, capabilities))
        };
        actions.extend(sets(true));
        if let Some(groups) = &self.groups {
            actions.push(Action::Groups(groups));
        } else if self.uid.is_some() && sys::credentials::geteuid() == Ok(0) {
            actions.push(Action::Groups(&[]));
        }
        actions.extend(self.gid.map(Action::Gid));
        actions.extend(self.uid.map(Action::Uid));
        actions.extend(self.reset_ids.then_some(Action::ResetIds));
        actions.extend(sets(false));
    }
}

/// `SECBIT_KEEP_CAPS`
const KEEP_CAPS: u32 = 1 << 4;

fn wait_failed(errno: Errno) -> Error {
    Error::new("wait", errno)
}

/// Shows the command as std does. `{:?}` shows it in the syntax of a shell, with the working directory, the changes of the
/// environment and the arguments. `{:#?}` shows it as a structure, with the settings that method calls have changed.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match f.alternate() {
            true => self.show_settings(f),
            false => self.show_line(f),
        }
    }
}

impl Command {
    fn show_line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(directory) = &self.directory {
            write!(f, "cd {directory:?} && ")?;
        }
        let mut removed = self
            .get_envs()
            .filter(|it| it.1.is_none() && !self.environment.is_cleared())
            .peekable();
        match (self.environment.is_cleared(), removed.peek()) {
            (true, _) => f.write_str("env -i ")?,
            (false, Some(_)) => f.write_str("env ")?,
            (false, None) => {}
        }
        for (name, _) in removed {
            write!(f, "-u {} ", Lossy(name))?;
        }
        for (name, value) in self.get_envs() {
            if let Some(value) = value {
                write!(f, "{}={value:?} ", Lossy(name))?;
            }
        }
        let mut args = self.args.iter();
        let name = args.next().unwrap_or(&self.program);
        if *name != self.program {
            write!(f, "[{:?}] ", self.program)?;
        }
        write!(f, "{name:?}")?;
        args.try_for_each(|arg| write!(f, " {arg:?}"))
    }

    fn show_settings(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("Command");
        fields.field("program", &self.program);
        fields.field("args", &self.args);
        if !self.environment.is_unchanged() {
            fields.field("env", &self.environment);
        }
        macro_rules! show {
            ($($name:literal: $value:expr,)*) => {
                $(if let Some(value) = &$value {
                    fields.field($name, value);
                })*
            };
        }
        let [stdin, stdout, stderr] = &self.stdio;
        show! {
            "current_dir": self.directory,
            "stdin": *stdin,
            "stdout": *stdout,
            "stderr": *stderr,
            "fd": (!self.descriptors.is_empty()).then_some(&self.descriptors),
            "close_from": self.close_from,
            "controlling_terminal": self.controlling_terminal,
            "foreground": self.foreground,
            "namespaces": self.namespaces,
            "setns": (!self.entered.is_empty()).then_some(&self.entered),
            "chroot": self.root,
            "umask": self.umask,
            "limit": (!self.limits.is_empty()).then_some(&self.limits),
            "groups": self.groups,
            "gid": self.gid,
            "uid": self.uid,
            "reset_ids": self.reset_ids.then_some(true),
            "capabilities": (!self.capabilities.is_empty()).then_some(&self.capabilities),
            "cgroup": self.cgroup,
            "kill_on_drop": self.kill_on_drop.then_some(true),
            "output_limit": self.output_limit,
            "output_timeout": self.output_timeout,
        }
        fields.field("attributes", &self.attributes);
        fields.finish()
    }
}

/// A text whose `Display` is like `String::from_utf8_lossy`: it replaces each part that is not UTF-8 with one U+FFFD.
struct Lossy<'a>(&'a [u8]);

impl fmt::Display for Lossy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.utf8_chunks().try_for_each(|chunk| {
            f.write_str(chunk.valid())?;
            match chunk.invalid() {
                [] => Ok(()),
                _ => f.write_str("\u{fffd}"),
            }
        })
    }
}

#[cfg(all(test, feature = "std"))]
mod tests {
    use super::*;
    use std::format;
    use std::process;

    #[test]
    fn a_command_is_shown_as_std_shows_it() {
        macro_rules! both {
            ($($program:literal $(. $method:ident ($($argument:expr),*))*;)*) => {$(
                let mut ours = Command::new($program);
                let mut theirs = process::Command::new($program);
                $(ours.$method($($argument),*); theirs.$method($($argument),*);)*
                assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
            )*};
        }
        use std::os::unix::process::CommandExt;
        both! {
            "ls".arg("-l");
            "a \"b\" \\ \n é".arg("one").arg("").arg("t\"wo");
            "ls".arg0("dir").arg("-l");
            "ls".current_dir("/tmp dir").env("A", "1 2").env("B", "\"");
            "ls".env_remove("A").env_remove("B").env("C", "3");
            "ls".env_clear().env("A", "1").env_remove("B");
            "ls".env("A", "1").env_remove("A").env("é", "");
            "a\0b".arg("c\0d");
        }
    }

    #[test]
    fn a_command_returns_what_it_was_given() {
        let mut command = Command::new("ls");
        command.args(["-l", "a"]).arg0("dir").current_dir("/tmp");
        command.env("A", "1").env_remove("B").env("C", "");
        assert_eq!(command.get_program(), c"ls");
        assert!(command.get_args().eq([c"-l", c"a"]));
        assert_eq!(command.get_current_dir(), Some(c"/tmp"));
        command.env("D", "a\0b").env("E\0", "1");
        let all = [
            (&b"A"[..], Some(c"1")),
            (&b"B"[..], None),
            (&b"C"[..], Some(c"")),
            (&b"D"[..], Some(c"<string-with-nul>")),
            (&b"E\0"[..], Some(c"<string-with-nul>")),
        ];
        assert!(command.get_envs().eq(all));
        assert_eq!(Command::new("ls").get_current_dir(), None);
    }

    #[test]
    fn the_structure_of_a_command_has_its_settings_alone() {
        let mut command = Command::new("ls");
        let plain = format!("{command:#?}");
        assert!(!plain.contains("uid"), "{plain}");
        command.uid(7).stdin(Stdio::null()).current_dir("/");
        let text = format!("{command:#?}");
        for part in ["uid: 7,", "stdin: ", "current_dir: \"/\","] {
            assert!(text.contains(part), "{text}");
        }
    }
}

#[cfg(all(test, not(any(feature = "rt", feature = "std"))))]
mod tests_without_an_environment {
    use super::*;
    use alloc::string::ToString;

    #[test]
    #[cfg_attr(miri, ignore = "the kernel there has no such file")]
    fn an_environment_that_is_not_known_is_not_inherited() {
        let message =
            "environment (unknown without the feature `std` or `rt`): EOPNOTSUPP: not supported";
        for command in [
            &mut Command::new("true"),
            Command::new("true").env("A", "1"),
        ] {
            let error = command.status().expect_err("no environment");
            assert_eq!(error.to_string(), message);
        }
        let mut cleared = Command::new("true");
        let status = cleared.env_clear().env("A", "1").status();
        assert!(status.expect("a status").success());
    }
}
