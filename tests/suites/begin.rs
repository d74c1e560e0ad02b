//! Tests of `Spawn::begin`, a start that does not wait. Whatever delays the child, the parent continues; every failure
//! is reported; no child, descriptor or changed mask is left.

use core::ffi::CStr;
use core::time::Duration;

use linux_raw_sys::general as linux;
use nestling::poll::{Events, PollFd, poll};
use nestling::spawn::{
    Action, Attribute, Attributes, Error, Hook, Memory, OwnedError, Program, Progress, Spawn,
    Starting,
};
use nestling::sys::{self, process, signal};
use nestling::wait::{self, Options, Who, peek};
use nestling::{
    Args, AsFd, Errno, ExitStatus, OFlags, OwnedFd, Pid, Resource, Rlimit, SigSet, Signal, args,
};
use nestling_tests::{
    DESCRIPTORS, State, Table, cgroup2, dup2, emulated, forbid, fork, format_text, handle, handled,
    has_child, inode, join, limit_descriptors, make_directory, make_fifo, make_file, need_root,
    open, open_only, probe, remove, rounds, show, skip, start, strayed,
};

nestling_tests::suite! {
    in_both_modes {
        a_program_is_begun_and_runs,
        the_memory_is_a_copy_whatever_is_asked_for,
        begin_reports_the_same_failures_as_start,
        begin_returns_a_failure_of_the_parent_at_once,
        finish_waits_as_start_does,
        a_child_that_opens_a_fifo_is_pending_until_the_fifo_is_open,
        a_child_that_is_killed_is_reported,
        a_child_that_is_killed_by_its_hook_is_reported,
        a_child_that_is_stopped_is_pending_until_it_continues,
        finish_continues_a_child_that_its_user_has_stopped,
        a_child_in_a_frozen_cgroup_is_pending_until_the_cgroup_is_thawed,
        a_child_in_a_frozen_cgroup_can_be_cancelled,
        the_callers_wait_for_any_child_loses_no_failure,
        a_child_that_another_wait_has_reaped_is_not_waited_for,
        it_works_where_sigchld_is_ignored,
        a_cancelled_child_is_left_to_the_caller_to_reap,
        a_pidfd_refers_to_the_child,
        with_a_pidfd_a_later_child_of_the_same_number_is_not_reaped,
        dropping_neither_kills_nor_waits,
        no_sigpipe_is_pending_in_the_program_after_dropping,
        dropping_after_a_failure_leaves_the_child_to_the_callers_wait,
        forgetting_leaves_one_descriptor_open,
        bytes_that_are_no_record_are_refused,
        no_handler_runs_in_the_child,
        it_works_where_clone3_is_refused,
        a_pidfd_that_is_refused_after_the_clone_is_a_failure_of_the_child,
        a_program_may_ignore_sigpipe_or_not,
        an_error_can_be_owned_and_borrowed_again,
    }
    once {
        a_thousand_are_pending_at_once,
    }
}

fn with<'a>(memory: Memory, actions: &'a [Action<'a>]) -> Spawn<'a> {
    Spawn {
        actions,
        ..probe(memory)
    }
}

/// Begins a spawn. Asserts that the parent has the same mask as before, and one more descriptor, with the close-on-exec
/// flag.
fn begin<'a>(spawn: &Spawn<'a>) -> Result<Starting<'a>, Error<'a>> {
    let (mask, mut table) = (signal::mask(), Table::now());
    let outcome = spawn.begin();
    assert_eq!(signal::mask(), mask, "the mask after the begin");
    if let Ok(starting) = &outcome
        && !spawn.attributes.pidfd
    {
        let number = starting.as_fd().as_raw_fd();
        table.0[number as usize] = Some((inode(number), true));
    }
    if !spawn.attributes.pidfd {
        assert_eq!(Table::now(), table, "the descriptors after the begin");
    }
    outcome
}

fn begun<'a>(spawn: &Spawn<'a>) -> Starting<'a> {
    begin(spawn).unwrap_or_else(|error| panic!("the begin failed: {error}"))
}

fn is_pending<'a>(starting: Starting<'a>) -> Starting<'a> {
    match starting.try_finish() {
        Ok(Progress::Pending(starting)) => starting,
        outcome => panic!("{outcome:?}"),
    }
}

/// Waits for events of the pipe, as an event loop does, until the start is finished.
fn finished<'a>(mut starting: Starting<'a>) -> Result<nestling::spawn::Child, Error<'a>> {
    loop {
        // A child that has reported its failure may not have ended yet; its end causes no event, so this waits with a
        // time limit.
        let patience = Some(Duration::from_millis(10));
        let _ = poll(&mut [PollFd::new(starting.as_fd(), Events::IN)], patience);
        match starting.try_finish() {
            Ok(Progress::Pending(it)) => starting = it,
            Ok(Progress::Running(child)) => return Ok(child),
            Err(error) => {
                let left = process::wait4(-1, linux::WNOHANG);
                assert_eq!(left, Err(Errno::ECHILD), "a failed start left a child");
                return Err(error);
            }
        }
    }
}

/// Finishes a start of the probe, and returns the probe's report.
fn state(starting: Starting<'_>) -> State {
    let mut child = finished(starting).expect("a program that runs");
    let status = child.wait().expect("its status");
    assert!(status.success(), "the probe ended by {status}");
    State::read(format_text!("{}/out", show(nestling_tests::scratch())).c_str())
}

/// Asserts that the start fails with an error whose text is `expected`.
fn fails(starting: Starting<'_>, expected: impl core::fmt::Display) {
    match finished(starting) {
        Ok(mut child) => panic!("it should fail; it ended by {:?}", child.wait()),
        Err(error) => assert_eq!(
            *format_text!("{error}").as_str(),
            format_text!("{expected}")
        ),
    }
}

fn hooked<'a>(memory: Memory, hook: &'a (dyn Fn() -> Result<(), Errno> + Sync)) -> Spawn<'a> {
    // SAFETY: the tests' hooks make system calls only.
    let hook = Some(unsafe { Hook::new(hook) });
    Spawn {
        attributes: Attributes {
            hook,
            memory,
            ..Attributes::default()
        },
        ..probe(memory)
    }
}

/// An action that delays the child until another process opens the FIFO for writing.
const GATE: [Action<'static>; 1] = [Action::Open {
    fd: 20,
    path: c"gate",
    flags: OFlags::RDONLY,
    mode: 0,
}];

/// Lets the children that wait at the FIFO continue. (It waits for the first of them.)
fn open_gate() -> OwnedFd {
    sys::fd::open(c"gate", OFlags::WRONLY | OFlags::CLOEXEC, 0).expect("the gate")
}

/// Waits until the child has ended or stopped, and leaves that status for a later wait.
fn wait_for_change(pid: Pid) -> ExitStatus {
    let change = peek(Who::Child(pid), Options::STOPPED).expect("a change of state");
    change.expect("a change of state").1
}

fn a_program_is_begun_and_runs(memory: Memory) {
    let table = Table::now();
    let found = state(begun(&probe(memory)));
    assert_eq!(
        &found["parent"],
        format_text!("{}", process::getpid()).as_str()
    );
    assert_eq!(Table::now(), table, "the pipe is closed");
    assert!(!has_child());
}

fn the_memory_is_a_copy_whatever_is_asked_for(memory: Memory) {
    let value = core::sync::atomic::AtomicU32::new(1);
    let write = || {
        value.store(2, core::sync::atomic::Ordering::Relaxed);
        Ok(())
    };
    state(begun(&hooked(memory, &write)));
    assert_eq!(value.load(core::sync::atomic::Ordering::Relaxed), 1);
}

/// Calls `see` with a spawn for each kind of failure.
fn each_failure(memory: Memory, see: &dyn Fn(&Spawn<'_>)) {
    see(&with(memory, &[open(0, c"/nope")]));
    see(&with(memory, &[dup2(0, 5), Action::Chdir(c"/nope")]));
    let attributes = Attributes {
        process_group: Some(-1),
        memory,
        ..Attributes::default()
    };
    see(&Spawn {
        attributes,
        ..probe(memory)
    });
    make_file(c"script", 0o755, b"#!/no/interpreter\n");
    for program in [
        Program::Path(c"/nope"),
        Program::Path(c"./script"),
        Program::Descriptor(33),
        Program::Search {
            name: c"nope",
            path: Some(c"/:/tmp"),
        },
    ] {
        see(&Spawn {
            program,
            ..probe(memory)
        });
    }
    see(&hooked(memory, &|| Err(Errno::EXDEV)));
}

fn begin_reports_the_same_failures_as_start(memory: Memory) {
    let table = Table::now();
    each_failure(memory, &|spawn| {
        let expected = start(spawn).expect_err("a failure");
        fails(begun(spawn), expected);
        let error = begun(spawn).finish().expect_err("a failure");
        assert_eq!(
            *format_text!("{error}").as_str(),
            format_text!("{expected}")
        );
        assert!(!has_child());
        assert_eq!(Table::now(), table, "the pipe is closed");
    });
}

fn begin_returns_a_failure_of_the_parent_at_once(memory: Memory) {
    open_only(0..DESCRIPTORS as i32 - 1);
    let error = begin(&probe(memory)).expect_err("a pipe has two ends");
    assert_eq!(
        format_text!("{error}").as_str(),
        "status pipe: EMFILE: too many open files"
    );
    open_only(0..3);
    for call in [linux::__NR_clone3, linux::__NR_clone] {
        forbid(call, 0, Some(Errno::EAGAIN));
        let error = begin(&probe(memory)).expect_err("no child");
        assert_eq!(
            *format_text!("{error}").as_str(),
            format_text!("clone: {}", Errno::EAGAIN)
        );
        // In the next round, `clone3` does not exist, and `clone` is refused.
        forbid(linux::__NR_clone3, 0, Some(Errno::ENOSYS));
    }
    assert!(!has_child());
}

fn finish_waits_as_start_does(memory: Memory) {
    make_fifo(c"gate");
    let starting = begun(&with(memory, &GATE));
    let helper = fork(|| drop(open_gate()));
    let mut child = starting.finish().expect("a program that runs");
    assert!(child.wait().expect("its status").success());
    join(helper);
}

fn a_child_that_opens_a_fifo_is_pending_until_the_fifo_is_open(memory: Memory) {
    make_fifo(c"gate");
    let spawn = with(memory, &GATE);
    let mut starting = begun(&spawn);
    for _ in 0..100 {
        starting = is_pending(starting);
    }
    // Meanwhile, the parent can start and reap another child.
    assert!(nestling_tests::status(&probe(memory)).success());
    starting = is_pending(starting);
    drop(open_gate());
    state(starting);
    assert!(!has_child());
}

fn a_child_that_is_killed_is_reported(memory: Memory) {
    make_fifo(c"gate");
    // qemu-user does not keep SIGSEGV blocked: an open would fail with EINTR, or the child would be killed too early.
    let dumps_core = match emulated() {
        true => Signal::QUIT,
        false => Signal::SEGV,
    };
    for signal in [Signal::KILL, dumps_core, Signal::TERM] {
        let starting = begun(&with(memory, &GATE));
        let pid = starting.id().as_raw();
        process::kill(pid, Some(signal)).expect("a signal");
        // All signals except the first are blocked until the child has passed the FIFO and sets its mask.
        let helper = (signal != Signal::KILL).then(|| fork(|| drop(open_gate())));
        match finished_beside(starting, helper) {
            Err(Error::Killed { signal: killer }) => assert_eq!(killer, Some(signal)),
            outcome => panic!("{outcome:?}"),
        }
    }
    assert!(!has_child());
}

/// The same as [`finished`], for a start with a helper, which is waited for at the end.
fn finished_beside<'a>(
    mut starting: Starting<'a>,
    helper: Option<Pid>,
) -> Result<nestling::spawn::Child, Error<'a>> {
    let pid = starting.id();
    let outcome = loop {
        wait_for_change(pid);
        match starting.try_finish() {
            Ok(Progress::Pending(it)) => starting = it,
            Ok(Progress::Running(child)) => break Ok(child),
            Err(error) => break Err(error),
        }
    };
    if let Some(helper) = helper {
        // If the child was killed before it opened the FIFO, the helper still waits for a reader.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let _reader = sys::fd::open(c"gate", flags, 0).expect("the gate");
        join(helper);
    }
    outcome
}

fn a_child_that_is_killed_by_its_hook_is_reported(memory: Memory) {
    for signal in [Signal::KILL, Signal::SYS] {
        let end = || process::kill(process::getpid().as_raw(), Some(signal));
        fails(
            begun(&hooked(memory, &end)),
            format_text!("the child was killed by {signal} before its exec"),
        );
    }
    fails(
        begun(&hooked(memory, &|| process::exit(0))),
        "the child ended before its exec",
    );
}

fn a_child_that_is_stopped_is_pending_until_it_continues(memory: Memory) {
    make_fifo(c"gate");
    let mut starting = begun(&with(memory, &GATE));
    let pid = starting.id();
    process::kill(pid.as_raw(), Some(Signal::STOP)).expect("a signal");
    assert_eq!(wait_for_change(pid).stopped_signal(), Some(Signal::STOP));
    // The FIFO no longer delays the child. (It is opened for both directions, so this open does not wait for a reader.)
    let gate = sys::fd::open(c"gate", OFlags::RDWR | OFlags::CLOEXEC, 0).expect("the gate");
    for _ in 0..100 {
        starting = is_pending(starting);
    }
    process::kill(pid.as_raw(), Some(Signal::CONT)).expect("a signal");
    state(starting);
    drop(gate);
}

/// The stop signal comes while signals are blocked, like that of Ctrl-Z, and stops the child when they are unblocked.
fn finish_continues_a_child_that_its_user_has_stopped(memory: Memory) {
    make_fifo(c"gate");
    let list = args![c"probe", c"until-eof", c"20"];
    let mut spawn = Spawn {
        args: Args::new(&list),
        ..with(memory, &GATE)
    };
    // In the group of this process, a session's leader, the signal would have no effect.
    spawn.attributes.process_group = Some(0);
    let starting = begun(&spawn);
    let pid = starting.id();
    process::kill(pid.as_raw(), Some(Signal::TSTP)).expect("a signal");
    let gate = open_gate();
    let mut child = starting.finish().expect("a program that runs");
    let stopped = wait_for_change(pid).stopped_signal();
    assert_eq!(stopped, Some(Signal::TSTP), "its stop is the program's");
    child.signal(Signal::CONT).expect("it is there");
    drop(gate);
    assert!(child.wait().expect("its status").success());
}

/// A frozen cgroup, and its directory.
struct Frozen {
    path: nestling_tests::Text,
    directory: OwnedFd,
}

impl Frozen {
    fn new() -> Self {
        need_root();
        let mount = cgroup2();
        let path = format_text!("{mount}/nestling-frozen-{}", process::getpid());
        if let Err(errno) = make_directory(path.c_str()) {
            skip(format_text!("no cgroup can be made: {errno}"));
        }
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = sys::fd::open(path.c_str(), flags, 0).expect("the cgroup");
        let it = Self { path, directory };
        it.freeze(b"1");
        it
    }

    fn freeze(&self, whether: &[u8]) {
        let flags = OFlags::WRONLY | OFlags::CLOEXEC;
        match sys::fd::openat(self.directory.as_fd(), c"cgroup.freeze", flags, 0) {
            Ok(file) => drop(sys::fd::write(file.as_fd(), whether).expect("the freezer")),
            Err(errno) => {
                remove(self.path.c_str());
                skip(format_text!("no freezer: {errno}"))
            }
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        remove(self.path.c_str());
    }
}

fn a_child_in_a_frozen_cgroup_is_pending_until_the_cgroup_is_thawed(memory: Memory) {
    let frozen = Frozen::new();
    let mut spawn = probe(memory);
    spawn.attributes.cgroup = Some(frozen.directory.as_fd());
    let mut starting = begun(&spawn);
    for _ in 0..100 {
        starting = is_pending(starting);
    }
    assert!(nestling_tests::status(&probe(memory)).success());
    starting = is_pending(starting);
    frozen.freeze(b"0");
    state(starting);
}

fn a_child_in_a_frozen_cgroup_can_be_cancelled(memory: Memory) {
    let frozen = Frozen::new();
    let mut spawn = probe(memory);
    spawn.attributes.cgroup = Some(frozen.directory.as_fd());
    let pid = is_pending(begun(&spawn)).cancel();
    let status = wait::wait(pid).expect("its end");
    assert_eq!(status.signal(), Some(Signal::KILL));
}

fn the_callers_wait_for_any_child_loses_no_failure(memory: Memory) {
    make_fifo(c"gate");
    let reap = |starting: &Starting<'_>| match process::wait4(-1, 0) {
        Ok(Some((pid, status))) if pid == starting.id() => status,
        answer => panic!("{answer:?}"),
    };
    each_failure(memory, &|spawn| {
        let expected = start(spawn).expect_err("a failure");
        let starting = begun(spawn);
        let status = reap(&starting);
        let error = starting.ended(status).expect_err("a failure");
        assert_eq!(
            *format_text!("{error}").as_str(),
            format_text!("{expected}")
        );
    });
    let starting = begun(&with(memory, &GATE));
    process::kill(starting.id().as_raw(), Some(Signal::KILL)).expect("a signal");
    let status = reap(&starting);
    match starting.ended(status) {
        Err(Error::Killed { signal }) => assert_eq!(signal, Some(Signal::KILL)),
        outcome => panic!("{outcome:?}"),
    }
    // A start whose program has run and ended has not failed.
    let list = args![c"probe", c"exit", c"9"];
    let spawn = Spawn {
        args: Args::new(&list),
        ..probe(memory)
    };
    let starting = begun(&spawn);
    let status = reap(&starting);
    let ended = starting.ended(status).expect("a program that ran");
    assert_eq!(ended, status);
}

fn a_child_that_another_wait_has_reaped_is_not_waited_for(memory: Memory) {
    let reap = || {
        process::wait4(-1, 0).expect("its end");
    };
    let actions = [open(0, c"/nope")];
    let starting = begun(&with(memory, &actions));
    reap();
    let error = starting.try_finish().expect_err("a failure");
    let expected = "file action 0 (open \"/nope\"): ENOENT: no such file or directory";
    assert_eq!(format_text!("{error}").as_str(), expected);
    let starting = begun(&hooked(memory, &|| {
        process::kill(process::getpid().as_raw(), Some(Signal::KILL))
    }));
    reap();
    let outcome = starting.try_finish();
    let is_unknown = matches!(outcome, Err(Error::Killed { signal: None }));
    assert!(is_unknown, "{outcome:?}");
    let starting = begun(&probe(memory));
    reap();
    let outcome = starting.try_finish();
    assert!(matches!(outcome, Ok(Progress::Running(_))), "{outcome:?}");
}

fn it_works_where_sigchld_is_ignored(memory: Memory) {
    // SAFETY: the action `Ignore` runs no handler.
    unsafe { signal::set_action(Signal::CHLD, signal::Disposition::Ignore, 0) }.expect("ignored");
    fails(
        begun(&with(memory, &[open(0, c"/nope")])),
        "file action 0 (open \"/nope\"): ENOENT: no such file or directory",
    );
    let mut child = finished(begun(&probe(memory))).expect("a program that runs");
    assert_eq!(child.wait(), Err(Errno::ECHILD));
}

fn a_cancelled_child_is_left_to_the_caller_to_reap(memory: Memory) {
    make_fifo(c"gate");
    let table = Table::now();
    let starting = begun(&with(memory, &GATE));
    let id = starting.id();
    let pid = starting.cancel();
    assert_eq!(pid, id);
    let status = wait::wait(pid).expect("its end");
    assert_eq!(status.signal(), Some(Signal::KILL));
    assert_eq!(Table::now(), table, "the pipe is closed");
    assert!(!has_child());
}

fn a_pidfd_refers_to_the_child(memory: Memory) {
    make_fifo(c"gate");
    let table = Table::now();
    let mut spawn = with(memory, &GATE);
    spawn.attributes.pidfd = true;
    let starting = match begin(&spawn) {
        Err(error) if emulated() => skip(format_text!("the emulator has no pidfds: {error}")),
        outcome => outcome.unwrap_or_else(|error| panic!("{error}")),
    };
    let starting = is_pending(starting);
    drop(open_gate());
    let child = finished(starting).expect("a program that runs");
    let pidfd = child.into_pidfd().expect("a pidfd");
    match wait::wait_pidfd(pidfd.as_fd()) {
        Err(Errno::EINVAL) if emulated() => skip("the emulator's waitid takes no pidfds"),
        status => assert!(status.expect("its status").success()),
    }
    drop(pidfd);
    let pid = match begun(&spawn) {
        starting if starting.id().as_raw() > 1 => starting.cancel(),
        starting => panic!("{starting:?}"),
    };
    let status = wait::wait(pid).expect("its end");
    assert_eq!(status.signal(), Some(Signal::KILL));
    assert_eq!(Table::now(), table, "nothing is left open");
}

/// Another wait has reaped the child, and the kernel has given its process id to another child.
fn with_a_pidfd_a_later_child_of_the_same_number_is_not_reaped(memory: Memory) {
    let actions = [open(0, c"/nope")];
    let mut spawn = with(memory, &actions);
    spawn.attributes.pidfd = true;
    for finishes in [false, true] {
        let starting = match spawn.begin() {
            Err(error) if emulated() => skip(format_text!("the emulator has no pidfds: {error}")),
            outcome => outcome.unwrap_or_else(|error| panic!("{error}")),
        };
        let pid = starting.id();
        wait::wait(pid).expect("its end");
        let later = later_child(pid);
        wait_for_change(later);
        let outcome = if finishes {
            starting.finish().map(drop)
        } else {
            starting.try_finish().map(drop)
        };
        let expected = "file action 0 (open \"/nope\"): ENOENT: no such file or directory";
        let error = outcome.expect_err("a failure");
        assert_eq!(format_text!("{error}").as_str(), expected);
        match wait::wait(later) {
            Err(Errno::ECHILD) if emulated() => skip("the emulator's waitid takes no pidfds"),
            status => assert_eq!(status.expect("its status").code(), Some(7)),
        }
    }
}

/// Makes a child with this process id, which exits with status 7 at once.
fn later_child(wanted: Pid) -> Pid {
    for _ in 0..1000 {
        let before = format_text!("{}", wanted.as_raw() - 1);
        let path = c"/proc/sys/kernel/ns_last_pid";
        let written = sys::fd::open(path, OFlags::WRONLY | OFlags::CLOEXEC, 0)
            .and_then(|file| sys::fd::write(file.as_fd(), before.as_str().as_bytes()));
        if let Err(errno) = written {
            skip(format_text!(
                "the next process id cannot be chosen: {errno}"
            ));
        }
        let child = fork(|| process::exit(7));
        if child == wanted {
            return child;
        }
        // Another process has forked in between and taken the id.
        wait::wait(child).expect("its end");
    }
    skip("other processes take the process id")
}

/// The program runs, although its parent no longer waits for the report.
fn dropping_neither_kills_nor_waits(memory: Memory) {
    make_fifo(c"gate");
    let table = Table::now();
    let starting = begun(&with(memory, &GATE));
    let pid = starting.id();
    drop(starting);
    assert_eq!(Table::now(), table, "the pipe is closed");
    assert_eq!(process::kill(pid.as_raw(), None), Ok(()));
    assert_eq!(process::wait4(-1, linux::WNOHANG), Ok(None), "it is there");
    drop(open_gate());
    let status = wait::wait(pid).expect("its end");
    assert!(status.success(), "the program ended by {status}");
    let found = State::read(c"out");
    assert_eq!(
        &found["parent"],
        format_text!("{}", process::getpid()).as_str()
    );
}

/// A blocked signal becomes pending even if it is ignored.
fn no_sigpipe_is_pending_in_the_program_after_dropping(memory: Memory) {
    make_fifo(c"gate");
    // The program waits for the end of the FIFO, while the parent looks at the program's state.
    let list = args![c"probe", c"until-eof", c"20"];
    let mut spawn = Spawn {
        args: Args::new(&list),
        ..with(memory, &GATE)
    };
    spawn.attributes.signal_mask = Some(SigSet::EMPTY.with(Signal::PIPE));
    for action in [signal::Disposition::Default, signal::Disposition::Ignore] {
        // SAFETY: neither action runs a handler.
        unsafe { signal::set_action(Signal::PIPE, action, 0) }.expect("an action");
        let (executed, childs) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
        let starting = begun(&spawn);
        let pid = starting.id();
        drop((starting, childs));
        let gate = open_gate();
        // The exec closes the last copy of the pipe's write end.
        assert_eq!(sys::fd::read(executed.as_fd(), &mut [0]), Ok(0));
        let status = format_text!("/proc/{}/status", pid.as_raw());
        let file = sys::fd::open(status.c_str(), OFlags::RDONLY | OFlags::CLOEXEC, 0);
        let file = file.expect("/proc");
        let mut bytes = [0; 4096];
        let length = sys::fd::read(file.as_fd(), &mut bytes).expect("its state");
        let state = core::str::from_utf8(&bytes[..length]).expect("text");
        for field in ["SigPnd:", "ShdPnd:"] {
            let line = state.lines().find(|line| line.starts_with(field));
            let digits = line.expect(field)[field.len()..].trim();
            let pending = u64::from_str_radix(digits, 16).expect("a set");
            let pending = SigSet::from_bits(pending).contains(Signal::PIPE);
            assert!(!pending, "{field} {digits}");
        }
        drop((file, gate));
        assert!(wait::wait(pid).expect("its end").success());
    }
}

fn dropping_after_a_failure_leaves_the_child_to_the_callers_wait(memory: Memory) {
    make_fifo(c"gate");
    let [gate] = GATE;
    let actions = [gate, open(0, c"/nope")];
    let starting = begun(&with(memory, &actions));
    let pid = starting.id();
    drop(starting);
    drop(open_gate());
    let status = wait::wait(pid).expect("its end");
    assert!(!status.success(), "{status}");
    assert!(!has_child());
}

fn forgetting_leaves_one_descriptor_open(memory: Memory) {
    let mut table = Table::now();
    let starting = begun(&probe(memory));
    let (pid, number) = (starting.id(), starting.as_fd().as_raw_fd());
    core::mem::forget(starting);
    assert!(wait::wait(pid).expect("its end").success());
    table.0[number as usize] = Some((inode(number), true));
    assert_eq!(Table::now(), table);
}

/// A hook is able to write to the status pipe, though it must not.
fn bytes_that_are_no_record_are_refused(memory: Memory) {
    open_only(0..3);
    let scribble = || {
        sys::fd::write(nestling_tests::fd(4), b"abc").map(drop)?;
        process::kill(process::getpid().as_raw(), Some(Signal::KILL))
    };
    let expected = format_text!("status pipe: {}", Errno::EPROTO);
    fails(begun(&hooked(memory, &scribble)), expected);
}

fn no_handler_runs_in_the_child(memory: Memory) {
    make_fifo(c"gate");
    handle([Signal::USR1, Signal::CHLD].into_iter(), 0);
    let mut spawn = with(memory, &GATE);
    spawn.attributes.signal_mask = Some(SigSet::ALL);
    let starting = begun(&spawn);
    process::kill(starting.id().as_raw(), Some(Signal::USR1)).expect("a signal");
    drop(open_gate());
    state(starting);
    assert_eq!((handled(Signal::USR1), strayed()), (0, 0));
}

fn it_works_where_clone3_is_refused(memory: Memory) {
    for errno in [Errno::ENOSYS, Errno::EPERM] {
        join(fork(|| {
            forbid(linux::__NR_clone3, 0, Some(errno));
            state(begun(&probe(memory)));
            let actions = [open(0, c"/nope")];
            let spawn = with(memory, &actions);
            fails(begun(&spawn), start(&spawn).expect_err("a failure"));
        }));
    }
}

/// `begin` does not wait for the end of this child either.
fn a_pidfd_that_is_refused_after_the_clone_is_a_failure_of_the_child(memory: Memory) {
    make_fifo(c"gate");
    let mut spawn = with(memory, &GATE);
    spawn.attributes.pidfd = true;
    join(fork(|| {
        let table = Table::now();
        let parent = process::getpid().as_raw();
        forbid(linux::__NR_clone3, 0, Some(Errno::ENOSYS));
        // Every number greater than the parent's id has a bit that the parent's id does not have.
        let bits = !parent as u32;
        forbid(linux::__NR_pidfd_open, bits, Some(Errno::EMFILE));
        let starting = begun(&spawn);
        if starting.id().as_raw() < parent {
            wait::wait(starting.cancel()).expect("its end");
            skip("the process ids begin again");
        }
        let expected = Error::Failed {
            step: nestling::spawn::Step::Attribute(Attribute::Pidfd),
            errno: Errno::EMFILE,
        };
        fails(starting, expected);
        assert_eq!(Table::now(), table, "nothing is left open");
    }));
}

/// The child itself ignores SIGPIPE for a moment.
fn a_program_may_ignore_sigpipe_or_not(memory: Memory) {
    for action in [signal::Disposition::Default, signal::Disposition::Ignore] {
        // SAFETY: neither action runs a handler.
        unsafe { signal::set_action(Signal::PIPE, action, 0) }.expect("an action");
        let begun = state(begun(&probe(memory)));
        let started = nestling_tests::state(&probe(memory));
        assert_eq!(begun["ignored"], started["ignored"]);
    }
}

fn an_error_can_be_owned_and_borrowed_again(memory: Memory) {
    fn run(path: &CStr, memory: Memory) -> Result<(), OwnedError> {
        let actions = [dup2(0, 5), open(0, path)];
        let spawn = with(memory, &actions);
        let mut child = finished(spawn.begin()?)?;
        child.wait().expect("its status");
        Ok(())
    }
    run(c"/dev/null", memory).expect("a program that runs");
    let error = run(format_text!("/no{}", "pe").c_str(), memory).expect_err("a failure");
    assert_eq!(
        (error.errno(), error.shell_code()),
        (Some(Errno::ENOENT), 125)
    );
    let expected = "file action 1 (open): ENOENT: no such file or directory";
    assert_eq!(format_text!("{error}").as_str(), expected);
    each_failure(memory, &|spawn| {
        let error = start(spawn).expect_err("a failure");
        let owned = OwnedError::from(error);
        assert_eq!(
            *format_text!("{error}").as_str(),
            format_text!("{}", owned.of(spawn))
        );
        assert_eq!(error.shell_code(), owned.shell_code());
        assert_eq!(error.errno(), owned.errno());
    });
    let group = Error::Failed {
        step: nestling::spawn::Step::Attribute(Attribute::ProcessGroup),
        errno: Errno::EPERM,
    };
    assert_eq!(
        *format_text!("{group}").as_str(),
        format_text!("{}", OwnedError::from(group))
    );
    let killed = Error::Killed {
        signal: Some(Signal::KILL),
    };
    let owned = OwnedError::from(killed);
    assert_eq!(owned.signal(), Some(Signal::KILL));
    assert_eq!(*format_text!("{killed}").as_str(), format_text!("{owned}"));
}

/// All children wait at the FIFO, and then fail. On an emulated machine, a hundred have to do.
fn a_thousand_are_pending_at_once() {
    const COUNT: usize = 1000;
    let hard = sys::resource::getrlimit(Resource::Nofile)
        .expect("a limit")
        .hard;
    let needed = COUNT as u64 + 64;
    if hard < needed {
        let both = Rlimit {
            soft: needed,
            hard: needed,
        };
        if let Err(errno) = sys::resource::setrlimit(Resource::Nofile, both) {
            skip(format_text!(
                "the limit on descriptors cannot be raised: {errno}"
            ));
        }
    }
    limit_descriptors(needed);
    make_fifo(c"gate");
    let spawn = Spawn {
        program: Program::Path(c"/nope"),
        ..with(Memory::Shared, &GATE)
    };
    let table = Table::now();
    let mut pending = [const { None::<Starting<'_>> }; COUNT];
    let pending = &mut pending[..rounds(COUNT)];
    for slot in pending.iter_mut() {
        match spawn.begin() {
            Ok(starting) => *slot = Some(starting),
            Err(error) => panic!("{error}"),
        }
    }
    for slot in pending.iter_mut() {
        *slot = slot.take().map(is_pending);
    }
    // Meanwhile, the parent can start and reap another child.
    assert!(nestling_tests::status(&probe(Memory::Shared)).success());
    let gate = sys::fd::open(c"gate", OFlags::RDWR | OFlags::CLOEXEC, 0).expect("the gate");
    for slot in pending.iter_mut() {
        let mut starting = slot.take().expect("one that is pending");
        let error = loop {
            wait_for_change(starting.id());
            match starting.try_finish() {
                Ok(Progress::Pending(it)) => starting = it,
                Ok(Progress::Running(_)) => panic!("there is no such program"),
                Err(error) => break error,
            }
        };
        let expected = "exec \"/nope\": ENOENT: no such file or directory";
        assert_eq!(format_text!("{error}").as_str(), expected);
    }
    drop(gate);
    assert!(!has_child());
    assert_eq!(Table::now(), table, "nothing is left open");
}
