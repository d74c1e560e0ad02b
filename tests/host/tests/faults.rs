//! Makes each system call of a spawn fail, one at a time, with every errno that the call can plausibly return. The
//! caller must get that errno and the step to which the call belongs, and the spawn must leave everything as it was.
//!
//! The calls are not listed here: a run without faults shows them. Listed here are the step of each call
//! ([`expectation`]), the errnos that it can return ([`errnos`]), and the failures that must have no effect, with the
//! reason.
//!
//! The short form makes every call fail, and uses every errno at least once; of the child's calls of `rt_sigaction`, one for each
//! signal, each fails in one way, and the first in every way. The long form (`cargo xtask test --long`) uses each errno
//! at each call.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use nestling_host_tests::{
    Arch, Call, Scratch, installed, is_long, is_look, or_skip, run, say, start_order, terminal,
    traces,
};

#[test]
fn every_failure_reaches_the_caller_with_its_errno_and_its_step_on_x86_64() {
    every_failure_reaches_the_caller(Arch::X86_64);
}

#[test]
fn every_failure_reaches_the_caller_with_its_errno_and_its_step_on_i386() {
    every_failure_reaches_the_caller(Arch::I386);
}

/// How often a run is repeated if the child took long, as may happen on a busy machine.
const TRIES: usize = 50;

/// One way to spawn: the arguments of the victim, and the calls that the kernel refuses throughout.
struct Way {
    kind: &'static str,
    memory: &'static str,
    refused: &'static [&'static str],
}

const fn way(kind: &'static str, memory: &'static str, refused: &'static [&'static str]) -> Way {
    Way {
        kind,
        memory,
        refused,
    }
}

const NO_CLONE3: &str = "clone3:error=ENOSYS";
const NO_SHARING: &str = "clone:error=EINVAL:when=1";
const NO_CLOSE_RANGE: &str = "close_range:error=ENOSYS";
/// Makes the child's opens in `/proc` fail. The victim's own first calls of `openat` are padding, whose failure has no
/// effect.
const NO_PROC: &str = "openat:error=ENOENT:when=1..20";

const WAYS: &[Way] = &[
    way("plain", "shared", &[]),
    way("plain", "copied", &[]),
    way("plain", "mark", &[]),
    way("plain", "mark", &[NO_CLONE3]),
    way("plain", "shared", &[NO_CLONE3]),
    way("plain", "shared", &[NO_CLONE3, NO_SHARING]),
    way("everything", "shared", &[]),
    way("everything", "copied", &[]),
    way("everything", "mark", &[]),
    way("everything", "shared", &[NO_CLONE3]),
    way("everything", "copied", &[NO_CLONE3]),
    way("plain", "finish", &[]),
    way("plain", "finish", &[NO_CLONE3]),
    way("plain", "try", &[]),
    way("plain", "try", &[NO_CLONE3]),
    way("everything", "finish", &[]),
    way("everything", "try", &[]),
    way("search", "try", &[]),
    way("missing", "finish", &[]),
    way("missing", "try", &[]),
    way("group", "shared", &[]),
    way("group", "copied", &[]),
    way("group", "mark", &[]),
    way("terminal", "shared", &[]),
    way("terminal", "copied", &[]),
    way("terminal", "mark", &[]),
    // With this argument, the memory is copied in any case.
    way("oom", "copied", &[]),
    way("oom", "try", &[]),
    way("namespaces", "shared", &[]),
    way("namespaces", "shared", &[NO_CLONE3]),
    way("namespaces", "copied", &[]),
    way("namespaces", "finish", &[]),
    way("close", "shared", &[NO_CLOSE_RANGE]),
    way("close", "copied", &[NO_CLOSE_RANGE, NO_PROC]),
    way("close", "mark", &[NO_CLOSE_RANGE]),
    way("search", "shared", &[]),
    way("search", "copied", &[]),
    way("search", "mark", &[]),
    way("descriptor", "shared", &[]),
    way("descriptor", "copied", &[]),
    way("descriptor", "mark", &[]),
    way("shell", "shared", &[]),
    way("shell", "copied", &[]),
    way("shell", "mark", &[]),
    way("missing", "shared", &[]),
    way("missing", "copied", &[]),
    way("missing", "mark", &[]),
    way("lost", "shared", &[]),
    way("lost", "copied", &[]),
    way("lost", "mark", &[]),
];

impl Way {
    fn name(&self) -> String {
        let refused = self.refused.iter().map(|refused| format!(" -{refused}"));
        let refused: String = refused.collect();
        format!("{} {}{refused}", self.kind, self.memory)
    }

    /// Whether the spawn can use the kernel's mark when a pipe cannot be made.
    fn may_mark(&self) -> bool {
        let has_session = matches!(self.kind, "everything" | "terminal");
        let was_tried = self.memory == "mark" && self.refused.contains(&NO_CLONE3);
        matches!(self.memory, "shared" | "mark") && !has_session && !was_tried
    }

    /// Whether the spawn makes a first pipe for a child that the kernel then refuses.
    fn gives_up_a_pipe(&self) -> bool {
        self.refused.contains(&NO_SHARING)
    }

    /// Runs the victim under strace with these additional options.
    fn run(&self, scratch: &Scratch, options: &[&str]) -> String {
        let terminal = (self.kind == "terminal").then(terminal);
        let output = run("strace", |command| {
            command.current_dir(scratch.path()).args(["-f", "-qq"]);
            for refused in self.refused {
                command.arg(format!("-einject={refused}"));
            }
            command.args(options);
            command.args(["./program", self.kind, self.memory]);
            if let Some((_master, path)) = &terminal {
                command.arg(path);
            }
            command.stderr(Stdio::piped());
        });
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            text(&output.stdout)
        } else {
            let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
            format!("{}: {stdout}{stderr}", output.status)
        }
    }
}

/// A call of the spawn.
struct Target {
    call: Call,
    position: Position,
}

/// The position of a call in the spawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Position {
    /// In the parent. `first` is true for the first call of its name there.
    Parent { first: bool },
    /// The very first call of the child.
    ChildsFirst,
    /// In the child before the first action.
    BeforeActions,
    /// In the child, in the action with this index. `first` is true for the action's first call.
    Action { index: usize, first: bool },
    /// In the child after the actions.
    AfterActions,
}

struct DryRun {
    output: String,
    targets: Vec<Target>,
    /// How often the child calls each kind of exec.
    execs: usize,
}

impl DryRun {
    /// Whether the parent's next call after this one has this name.
    fn next_is(&self, call: &Call, name: &str) -> bool {
        let is_it = |it: &Target| it.call.name == call.name && it.call.number == call.number;
        let index = self.targets.iter().position(is_it);
        let next = index.and_then(|index| self.targets.get(index + 1));
        next.is_some_and(|it| it.call.name == name)
    }

    /// Whether this is the parent's first close of this number.
    fn is_first_close(&self, call: &Call) -> bool {
        let mut closes = self.targets.iter().filter(|it| it.call.line == call.line);
        closes
            .next()
            .is_some_and(|it| it.call.number == call.number)
    }
}

/// Runs a way without faults, and sorts the calls that strace shows.
fn dry_run(way: &Way, scratch: &Scratch, index: usize) -> DryRun {
    let (output, traces) = (0..TRIES)
        .find_map(|attempt| {
            let prefix = scratch.path().join(format!("trace{index}-{attempt}"));
            let option = format!("-o{}", prefix.display());
            let output = way.run(scratch, &["-ff", &option]);
            let traces = traces(&prefix);
            let has_looks = traces.iter().flatten().any(Call::is_look);
            (!has_looks).then_some((output, traces))
        })
        .expect("a child that takes no time worth a look");
    let [parent, child] = &traces[..] else {
        panic!("{}: {} processes\n{output}", way.name(), traces.len());
    };
    let [spawn, end] = indices_of_marks(parent, "getpgid(2147418113)");
    let [padding, padded] = indices_of_marks(parent, "getpgid(2147418112)");

    let mut targets = targets_of_parent(parent, spawn, end);
    let parents = targets.len();
    // The child's calls up to the exec that succeeds.
    let program = child
        .iter()
        .position(|call| is_exec(call) && call.succeeded());
    let child = &child[..program.map_or(child.len(), |program| program + 1)];
    targets.extend(targets_of_child(child));

    // For each name of a system call, strace counts the calls of each process separately. To hit only one call, the other process
    // must not have a call with that number, or only one in the padding.
    for (number, target) in targets.iter().enumerate() {
        let call = &target.call;
        let same = |other: &Call| other.name == call.name && other.number == call.number;
        let alone = if number < parents {
            !child.iter().any(same)
        } else {
            let theirs = parent.iter().position(same);
            theirs.is_none_or(|theirs| {
                // strace does not inject into the exec by which it starts the victim; and the library repeats an exit
                // that fails.
                (padding..padded).contains(&theirs)
                    || matches!(&*call.name, "execve" | "exit_group")
            })
        };
        assert!(
            alone || errnos(target).is_empty(),
            "{}: {} is not addressed alone",
            way.name(),
            call.line
        );
    }
    // strace accepts one fault for each name of a call, so the calls whose name is in `refused` are left out. One way
    // is enough to test `umask`.
    targets.retain(|target| {
        if target.call.name == "umask" && way.kind != "oom" {
            return false;
        }
        let name = format!("{}:", target.call.name);
        !way.refused.iter().any(|refused| refused.starts_with(&name))
    });
    DryRun {
        output,
        execs: child.iter().filter(|call| is_exec(call)).count(),
        targets,
    }
}

/// The calls of the parent between the marks of the spawn.
fn targets_of_parent(parent: &[Call], spawn: usize, end: usize) -> Vec<Target> {
    let mut targets = Vec::new();
    for (index, call) in parent.iter().enumerate().take(end).skip(spawn + 1) {
        // The victim's own wait, which is not part of the spawn.
        if call.name.starts_with("rt_sigtimedwait") {
            continue;
        }
        let first = !parent[spawn..index]
            .iter()
            .any(|other| other.name == call.name);
        targets.push(Target {
            call: call.clone(),
            position: Position::Parent { first },
        });
    }
    targets
}

/// The calls of the child. The victim's actions are separated by calls of `umask`: one before each action and one after the last. The
/// argument of `umask` is the action's index minus one.
fn targets_of_child(child: &[Call]) -> Vec<Target> {
    let mut targets = Vec::new();
    let rulers = child.iter().filter(|call| call.name == "umask").count();
    let (mut ruler, mut first) = (0, false);
    for (number, call) in child.iter().enumerate() {
        let position = match ruler {
            _ if number == 0 && call.name == "close" => Position::ChildsFirst,
            // This `umask` is itself an action.
            _ if call.name == "umask" => Position::Action {
                index: 2 * ruler,
                first: true,
            },
            _ if ruler == rulers => Position::AfterActions,
            0 => Position::BeforeActions,
            _ => Position::Action {
                index: 2 * ruler - 1,
                first,
            },
        };
        first = call.name == "umask";
        ruler += usize::from(first);
        targets.push(Target {
            call: call.clone(),
            position,
        });
    }
    targets
}

/// Finds the two calls that mark the beginning and the end of a stretch of the trace.
fn indices_of_marks(calls: &[Call], mark: &str) -> [usize; 2] {
    let mut marks = (0..calls.len()).filter(|&index| calls[index].line.starts_with(mark));
    [(); 2].map(|()| marks.next().expect("a mark"))
}

fn is_exec(call: &Call) -> bool {
    matches!(&*call.name, "execve" | "execveat")
}

/// The expected effect of a fault.
enum Expectation {
    /// The spawn fails at this step with the injected errno, or with this other one.
    Failure(String, Option<&'static str>),
    /// The fault has no effect, for this reason.
    Nothing(&'static str),
    /// The spawn succeeds, for this reason. Because the kernel did not carry out the call, this part of the state is not
    /// restored.
    Left(&'static str, String),
    /// The spawn fails at this step. Because the kernel did not carry out the call, this part of the state is not
    /// restored.
    FailureAndLeft(String, String),
}

/// Returns the effect that an errno of a call must have: it depends on the step of the call, and on how the library
/// treats the errno.
/// It is long because it is a table: one arm for each call, in the order of a spawn.
fn expectation(way: &Way, dry: &DryRun, target: &Target, errno: &str) -> Expectation {
    use Expectation::{Failure, FailureAndLeft, Left, Nothing};
    let Target { call, position } = target;
    let failure = |step: &str| Failure(step.into(), None);
    let refusal = matches!(errno, "ENOSYS" | "EPERM" | "EINVAL");
    let descriptor = || {
        let number = call.line.split(['(', ')']).nth(1).expect("an argument");
        format!("descriptor {number}")
    };
    match (*position, &*call.name, errno) {
        // ---- The parent ----
        (Position::Parent { first: true }, "rt_sigprocmask", _) => failure("BlockSignals"),
        (Position::Parent { .. }, "rt_sigprocmask", _) => Left(
            "the mask is restored when the spawn is complete",
            "signal mask".into(),
        ),
        (Position::Parent { first: true }, "pipe2", "EMFILE" | "ENFILE") if way.may_mark() => {
            Nothing(
                "the mark replaces a pipe that cannot be made, or after a refusal of clone3 the spawn is tried again",
            )
        }
        (Position::Parent { first: false }, "pipe2", _) if way.kind == "namespaces" => {
            failure("Namespaces")
        }
        (Position::Parent { .. }, "pipe2", _) => failure("StatusPipe"),
        (Position::Parent { .. }, "clone3", "EAGAIN" | "ENOMEM") => failure("Clone"),
        (Position::Parent { .. }, "clone3", _) if call.line.contains("CLONE_INTO_CGROUP") => {
            Nothing("the child joins the cgroup by itself")
        }
        (Position::Parent { .. }, "clone3", "E2BIG") => {
            Nothing("clone serves where clone3 does not")
        }
        (Position::Parent { .. }, "clone3", _) if refusal => {
            Nothing("clone serves where clone3 does not")
        }
        (Position::Parent { .. }, "clone", _) if call.line.contains("CLONE_VM") && refusal => {
            Nothing("a copy of memory serves where sharing it is refused")
        }
        (Position::Parent { .. }, "clone", "EAGAIN" | "ENOMEM") => failure("Clone"),
        (Position::Parent { .. }, "clone" | "clone3", _) if way.kind == "namespaces" => {
            failure("Namespaces")
        }
        (Position::Parent { .. }, "clone" | "clone3", _) => failure("Clone"),
        // The status pipe is at descriptors 3 and 4.
        (Position::Parent { .. }, "close", _)
            if way.gives_up_a_pipe() && dry.is_first_close(call) =>
        {
            Left("that pipe is no longer used", descriptor())
        }
        (Position::Parent { .. }, "close", _) if call.line.starts_with("close(4)") => {
            FailureAndLeft("StatusPipe".into(), descriptor())
        }
        (Position::Parent { .. }, "close", _) if call.line.starts_with("close(3)") => Left(
            "the read end is closed when the result is known",
            descriptor(),
        ),
        (Position::Parent { .. }, "close", _) if way.kind == "namespaces" => Left(
            "the maps are written, and the child continues",
            descriptor(),
        ),
        (Position::Parent { .. }, "openat" | "write", _) => failure("Namespaces"),
        (Position::Parent { .. }, "close", _) => {
            Left("it is already known that pidfds work", descriptor())
        }
        (Position::Parent { .. }, "read" | "wait4" | "waitid", "EINTR") => {
            Nothing("EINTR is tried again")
        }
        (Position::Parent { .. }, "read", "EAGAIN") if way.memory == "try" => {
            Nothing("the caller tries again")
        }
        (Position::Parent { .. }, "read", _) => failure("StatusPipe"),
        (Position::Parent { .. }, "ioctl", _) => failure("StatusPipe"),
        (Position::Parent { .. }, "ppoll" | "ppoll_time64", _) => {
            Nothing("a pipe that cannot be polled is read")
        }
        (Position::Parent { .. }, "futex", _) => Nothing("the child's mark is read again"),
        (Position::Parent { .. }, "waitid", "EINVAL") => Nothing("a wait for the id follows"),
        (Position::Parent { .. }, "wait4" | "waitid", "ECHILD") => {
            Left("another wait has reaped the child", "no child left".into())
        }
        (Position::Parent { .. }, "futex_waitv", _) => {
            Nothing("the child looks for signals that dump core")
        }
        (Position::Parent { .. }, "uname", _) => Nothing("the child resets the handlers by itself"),
        (Position::Parent { .. }, "pidfd_open", _) => failure("Pidfd"),
        (Position::Parent { .. }, "getpid", _) if dry.next_is(call, "pidfd_open") => {
            failure("Pidfd")
        }
        (Position::Parent { .. }, "getpid", _) => {
            Nothing("without its id, the parent still takes the lock and spawns")
        }
        (
            Position::Parent { .. },
            "prctl" | "capget" | "geteuid" | "getegid" | "geteuid32" | "getegid32",
            _,
        ) => Nothing("the dumpable flag is preserved only if it can be read and set"),

        // ---- The child, around the actions ----
        (Position::ChildsFirst, "close", _) => failure("StatusPipe"),
        (Position::BeforeActions, "openat" | "write", _) if way.kind == "oom" => {
            failure("OomScoreAdj")
        }
        (Position::BeforeActions, "close", _) if way.kind == "oom" => {
            Nothing("the kernel has already read the number")
        }
        (Position::BeforeActions, "close" | "read", _) if way.kind == "namespaces" => {
            failure("Namespaces")
        }
        (Position::BeforeActions, "openat" | "write", _) => failure("Cgroup"),
        (Position::BeforeActions, "close", _) => Nothing("the child is in its cgroup already"),
        (Position::BeforeActions | Position::AfterActions, "rt_sigaction", _) => {
            failure("DefaultSignals")
        }
        (Position::BeforeActions, "setsid", _) => failure("NewSession"),
        (Position::AfterActions, "setpgid", _) => failure("ProcessGroup"),
        (Position::BeforeActions, "sched_setscheduler", _) => failure("Scheduler"),
        (Position::AfterActions, "sched_setparam", _) => failure("Scheduler"),
        (Position::BeforeActions, "setpriority", _) => failure("Nice"),
        (Position::AfterActions, "prctl", _) if call.line.contains("NO_NEW_PRIVS") => {
            failure("NoNewPrivs")
        }
        (Position::AfterActions, "prctl", _) => failure("ParentDeathSignal"),
        (Position::AfterActions, "getppid", _) => {
            Nothing("a parent whose id is not known counts as alive")
        }
        (Position::AfterActions, "rt_sigprocmask", _) => failure("SignalMask"),
        (Position::AfterActions, "write", "EINTR") => Nothing("EINTR is tried again"),
        (Position::AfterActions, "execve" | "execveat", _) => exec(way, dry, call, errno),
        (Position::AfterActions, "faccessat", _) => {
            Nothing("a file that cannot be seen counts as missing")
        }
        (Position::AfterActions, "exit_group", _) => Nothing("exit is tried again"),

        // ---- The actions ----
        (Position::Action { first: true, .. }, "close", "EBADF") => {
            Nothing("closing what is not open is no error")
        }
        (Position::Action { .. }, "close_range", "ENOSYS" | "EPERM") => {
            Nothing("without close_range, descriptors are closed one by one")
        }
        (Position::Action { .. }, "openat" | "getdents64", _) if way.kind == "close" => {
            Nothing("every number is tried where /proc can't be read")
        }
        (Position::Action { .. }, "close", _) if way.kind == "close" => {
            Nothing("when descriptors are closed one by one, most are not open")
        }
        (Position::Action { .. }, "fcntl" | "fcntl64", "EINVAL" | "EMFILE")
            if call.line.contains("F_DUPFD") =>
        {
            Nothing("the pipe moves down where no number is free above it")
        }
        (Position::Action { .. }, "prctl", _) if call.line.contains("DUMPABLE") => {
            Nothing("a child that cannot read the dumpable flag clears it")
        }
        (Position::Action { first: false, .. }, "capget", _) => {
            Nothing("the kernel itself refuses what the child may not do")
        }
        (Position::Action { index, .. }, _, _) => failure(&format!("action {index}")),
        _ => panic!("which step does {} belong to, {position:?}?", call.line),
    }
}

/// The expected effect of a failed exec.
fn exec(way: &Way, dry: &DryRun, call: &Call, errno: &str) -> Expectation {
    use Expectation::{Failure, Nothing};
    let last = call.number == dry.execs;
    let failure = |missing: &str, errno| Failure(format!("Exec {missing}"), errno);
    match (way.kind, errno) {
        ("search", "ENOENT" | "ENOTDIR") if last => {
            // The search continues; its third candidate exists.
            failure("Program", Some("EACCES"))
        }
        ("search" | "lost", "ENOENT" | "ENOTDIR") => Nothing("the search goes on"),
        ("search", "EACCES") if !last => Nothing("the search goes on"),
        ("missing", "ENOENT") => Nothing("so it was"),
        ("shell", "ENOEXEC") if !last => Nothing("so it was"),
        ("search" | "missing" | "lost", _) => failure("Program", None),
        // The descriptor closes on exec, so for a script the kernel would return `ENOENT`.
        ("descriptor", _) => failure("Program", None),
        // The file exists, so the kernel must have missed another file: the interpreter.
        (_, "ENOENT" | "ENOTDIR") => failure("Interpreter", None),
        _ => failure("Program", None),
    }
}

/// The errnos that a call can return, according to its manual page, and those that seccomp filters usually return.
/// Every call of a spawn must have a row here.
fn errnos(target: &Target) -> Vec<&'static str> {
    let call = &target.call;
    let own = match &*call.name {
        "getpid" | "getppid" | "geteuid" | "getegid" | "geteuid32" | "getegid32" | "umask" => "",
        "getresuid" | "getresgid" | "getresuid32" | "getresgid32" => "EFAULT",
        // A filter that refused other errnos would not let a child exit or be waited for.
        "exit_group" => return vec!["EPERM"],
        "wait4" => return vec!["EINTR", "ECHILD"],
        "waitid" => return vec!["EINTR", "ECHILD", "EINVAL"],
        // The status pipe has a reader and is empty, so a short record always fits: of the errors of `write`, only this
        // one remains.
        "write" if target.position == Position::AfterActions => return vec!["EINTR"],
        "write" => {
            "EACCES EAGAIN EBADF EBUSY EDQUOT EFAULT EFBIG EINTR EINVAL EIO ENODEV ENOENT ENOSPC \
             EOPNOTSUPP EPIPE ESRCH"
        }
        "read" => "EAGAIN EBADF EFAULT EINTR EINVAL EIO EISDIR",
        "ppoll" | "ppoll_time64" => "EFAULT EINTR EINVAL ENOMEM",
        "futex" => "EACCES EAGAIN EFAULT EINTR EINVAL ENFILE",
        "close" => "EBADF EINTR EIO ENOSPC EDQUOT",
        "close_range" => "EINVAL EMFILE ENOMEM",
        "getdents64" => "EBADF EFAULT EINVAL ENOENT ENOTDIR",
        "pipe2" => "EFAULT EINVAL EMFILE ENFILE ENOPKG",
        "dup3" => "EBADF EBUSY EINTR EINVAL EMFILE",
        "fcntl" | "fcntl64" => "EBADF EBUSY EINTR EINVAL EMFILE",
        "openat" => {
            "EACCES EAGAIN EBADF EBUSY EDQUOT EEXIST EFAULT EFBIG EINTR EINVAL EIO EISDIR ELOOP \
             EMFILE ENAMETOOLONG ENFILE ENODEV ENOENT ENOMEM ENOSPC ENOTDIR ENXIO EOPNOTSUPP \
             EOVERFLOW EROFS ETXTBSY"
        }
        "faccessat" => "EACCES EFAULT EINVAL EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR",
        "chdir" | "chroot" => "EACCES EFAULT EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR",
        "fchdir" => "EACCES EBADF ENOTDIR",
        "uname" => "EFAULT",
        "futex_waitv" => "",
        "rt_sigprocmask" | "rt_sigaction" => "EFAULT EINVAL",
        "clone" => "EAGAIN EINVAL ENOMEM ENOSPC EUSERS",
        "clone3" => {
            "E2BIG EACCES EAGAIN EBADF EBUSY EFAULT EINVAL EMFILE ENFILE ENODEV ENOMEM ENOSPC \
             EOPNOTSUPP EUSERS"
        }
        "pidfd_open" => "EINVAL EMFILE ENFILE ENODEV ENOMEM ESRCH",
        "execve" | "execveat" => {
            "E2BIG EACCES EAGAIN EBADF EFAULT EINVAL EIO EISDIR ELIBBAD ELOOP EMFILE ENAMETOOLONG \
             ENFILE ENOENT ENOEXEC ENOMEM ENOTDIR ETXTBSY"
        }
        "setsid" => "",
        "setpgid" => "EACCES EINVAL ESRCH",
        "getpgid" => "ESRCH",
        "sched_setscheduler" | "sched_setparam" => "EBUSY EINVAL ESRCH",
        "setpriority" => "EACCES EINVAL ESRCH",
        "prctl" => "EINVAL",
        "capget" | "capset" => "EFAULT EINVAL ESRCH",
        "prlimit64" => "EFAULT EINVAL ESRCH",
        "setuid" | "setuid32" | "setresuid" | "setresuid32" => "EAGAIN EINVAL",
        "setgid" | "setgid32" | "setresgid" | "setresgid32" => "EAGAIN EINVAL",
        "setgroups" | "setgroups32" => "EFAULT EINVAL ENOMEM",
        "ioctl" => "EACCES EBADF EFAULT EINTR EINVAL EIO ENODEV ENOTTY ESRCH",
        name => panic!("what can {name} return?"),
    };
    own.split_whitespace().chain(["ENOSYS", "EPERM"]).collect()
}

/// A fault: a way, its dry run, one of its calls, and the errno.
type Fault<'a> = (&'a Way, &'a DryRun, &'a Target, &'static str);

/// Whether the parent made an additional call to look at its child, so that strace's count hit another call than
/// intended. A look after the fault changes nothing; if the fault hits the wait itself, such a look must follow.
fn hits_another_call(position: Position, name: &str, trace: &str) -> bool {
    let lines: Vec<&str> = trace.lines().collect();
    // If another process made a call before this one ended, strace shows the end of the call in a line of its own.
    let beginnings = [format!("{name}("), format!("<... {name} resumed>")];
    let is_call = |line: &str| beginnings.iter().any(|it| line.contains(it));
    let is_hit = |line: &&str| is_call(line) && line.contains("(INJECTED)");
    let hit = lines.iter().rposition(is_hit).unwrap_or(lines.len());
    let has_looks = lines.iter().take(hit + 1).any(|line| is_look(line));
    has_looks && matches!(position, Position::Parent { .. })
}

#[test]
fn a_fault_is_found_in_a_line_that_another_process_interrupted() {
    let look = "7 waitid(P_PID, 8, {}, WNOHANG|WSTOPPED|WEXITED|WNOWAIT, NULL) = 0\n";
    let whole = "7 futex(0xff, FUTEX_WAIT, 1, NULL) = -1 ENOSYS (INJECTED)\n";
    let resumed = "7 futex(0xff, FUTEX_WAIT, 1, NULL <unfinished ...>\n8 vfork()\n\
                   7 <... futex resumed>) = -1 ENOSYS (Function not implemented) (INJECTED)\n";
    let position = Position::Parent { first: true };
    for fault in [whole, resumed] {
        assert!(!hits_another_call(
            position,
            "futex",
            &format!("{fault}{look}")
        ));
        assert!(hits_another_call(
            position,
            "futex",
            &format!("{look}{fault}")
        ));
    }
}

#[test]
fn processes_are_in_the_order_of_their_starts_where_their_ids_begin_again() {
    for order in [[100, 101, 4000], [32766, 32767, 301], [32767, 300, 301]] {
        let mut sorted = order;
        sorted.sort_by_key(|&id| start_order(id, &order));
        assert_eq!(sorted, order);
    }
}

/// Whether a line reports an error with this step and this errno.
fn reads_as(step: &str, errno: &str, line: &str) -> bool {
    let beginnings: &[&str] = match step.split(' ').next() {
        Some("action") => &["file action ", "action "],
        Some("Exec") => &["exec "],
        Some("BlockSignals") => &["blocking signals: "],
        Some("StatusPipe") => &["status pipe: "],
        Some("Clone") => &["clone: "],
        _ => &["attribute "],
    };
    let index = step.strip_prefix("action ");
    beginnings.iter().any(|beginning| {
        line.strip_prefix(beginning)
            .is_some_and(|rest| index.is_none_or(|index| rest.starts_with(&format!("{index} ("))))
    }) && line.contains(&format!(": {errno}: "))
        && line.contains("interpreter") == (step == "Exec Interpreter")
}

/// Whether the victim printed what it must. If it did not, returns what is wrong.
fn judge(
    output: &str,
    dry: &DryRun,
    errno: &'static str,
    expectation: &Expectation,
) -> Result<(), String> {
    let baseline = dry.output.strip_suffix("invariants hold\n");
    let baseline = baseline.expect("a dry run that leaves all as it was");
    let (step, errno, left) = match expectation {
        Expectation::Nothing(_) => (None, errno, None),
        Expectation::Left(_, left) => (None, errno, Some(left)),
        Expectation::Failure(step, other) => (Some(step), other.unwrap_or(errno), None),
        Expectation::FailureAndLeft(step, left) => (Some(step), errno, Some(left)),
    };
    let end = left.map_or("invariants hold\n".into(), |left| {
        format!("not held: {left}\n")
    });
    let Some(step) = step else {
        let expected = format!("{baseline}{end}");
        return if output == expected {
            Ok(())
        } else {
            Err(expected)
        };
    };
    let beginning = format!("failed {step} {errno}\n");
    let good = output
        .strip_prefix(&beginning)
        .and_then(|rest| rest.split_once('\n'))
        .is_some_and(|(line, rest)| reads_as(step, errno, line) && rest == end);
    if good {
        Ok(())
    } else {
        Err(format!("{beginning}…{end}"))
    }
}

/// The faults to inject: each errno into each call, or in the short form some of the errnos.
fn faults_of<'a>(ways: &'a [(&'a Way, DryRun)]) -> Vec<Fault<'a>> {
    let mut faults: Vec<Fault<'a>> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut signals = BTreeSet::new();
    for (way, dry) in ways {
        for target in &dry.targets {
            let Call { name, number, .. } = &target.call;
            // The library makes these calls in one loop.
            if !is_long() && name == "rt_sigaction" && *number > 8 && !signals.insert(number) {
                continue;
            }
            // The child calls `rt_sigaction` once for each signal. Even in the long form the errnos take turns there,
            // because these calls would otherwise be a third of all.
            let takes_turns = !is_long() || name == "rt_sigaction" && *number > 8;
            let errnos = errnos(target);
            let its_turn = faults.len() % errnos.len().max(1);
            for (index, errno) in errnos.into_iter().enumerate() {
                // In the short form, too, each errno is injected into at least one call of the name.
                if !takes_turns || index == its_turn || seen.insert((name, errno)) {
                    faults.push((way, dry, target, errno));
                }
            }
        }
    }
    faults
}

/// Runs a way with an errno in place of a call, and returns what the victim reports.
fn inject(way: &Way, target: &Target, errno: &str, scratch: &Scratch) -> String {
    let Call { name, number, line } = &target.call;
    let fault = format!("-einject={name}:error={errno}:when={number}");
    // Without a filter, strace would stop the victim at every call. strace only refuses the calls that it
    // traces.
    let refused = way
        .refused
        .iter()
        .filter_map(|refused| refused.split(':').next());
    let traced: Vec<&str> = refused.chain([&**name, "waitid"]).collect();
    let trace = format!("-etrace={}", traced.join(","));
    let file = scratch
        .path()
        .join(format!("faults-{:?}", thread::current().id()));
    let to_file = format!("-o{}", file.display());
    let options = ["--seccomp-bpf", &to_file, &trace, &fault];
    (0..TRIES)
        .find_map(|_| {
            let output = way.run(scratch, &options);
            let text = fs::read_to_string(&file).expect("a trace");
            (!hits_another_call(target.position, name, &text)).then_some(output)
        })
        .unwrap_or_else(|| panic!("{}: {line} -> {errno}: looks in each try", way.name()))
}

fn every_failure_reaches_the_caller(arch: Arch) {
    or_skip!(installed("strace"));
    let victim = or_skip!(arch.victim());
    let scratch = Scratch::new(&victim);

    let ways: Vec<(&Way, DryRun)> = WAYS
        .iter()
        .enumerate()
        .map(|(index, way)| (way, dry_run(way, &scratch, index)))
        .collect();
    let faults = faults_of(&ways);
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let reasons = Mutex::new(BTreeMap::<&str, usize>::new());
    let worker = || {
        while let Some(&(way, dry, target, errno)) =
            faults.get(next.fetch_add(1, Ordering::Relaxed))
        {
            let line = &target.call.line;
            let expectation = expectation(way, dry, target, errno);
            if let Expectation::Nothing(reason) | Expectation::Left(reason, _) = expectation {
                *reasons.lock().unwrap().entry(reason).or_default() += 1;
            }
            let output = inject(way, target, errno, &scratch);
            if let Err(expected) = judge(&output, dry, errno, &expectation) {
                failures.lock().unwrap().push(format!(
                    "{}: {line} {:?} -> {errno}\nexpected: {expected}got: {output}",
                    way.name(),
                    target.position
                ));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..2 * thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
    });

    let calls: usize = ways.iter().map(|(_, dry)| dry.targets.len()).sum();
    let arch = arch.name();
    say(&format!(
        "# faults {arch}: {calls} calls, {} injections",
        faults.len()
    ));
    // Printed only if the test harness shows the output.
    for (reason, count) in reasons.into_inner().unwrap() {
        println!("{count} of them without a failure: {reason}");
    }
    let failures = failures.into_inner().unwrap();
    assert!(
        failures.is_empty(),
        "{} of {} injections went wrong:\n{}",
        failures.len(),
        faults.len(),
        failures.join("\n")
    );
}
