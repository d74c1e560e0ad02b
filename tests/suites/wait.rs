//! Tests of waiting for a child: blocking, polling, and through its pidfd; for one of many children; and for stops.

use core::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};
use core::time::Duration;

use linux_raw_sys::general as linux;

use nestling::spawn::{Child, Memory, Spawn};
use nestling::sys::{self, signal};
use nestling::wait::{Options, Who};
use nestling::{Args, AsFd, Errno, ExitStatus, OFlags, Pid, Signal, args, wait};
use nestling_tests::{
    close, dup2, emulated, forbid, fork, format_text, handleable, has_child, join, probe,
    set_timer, skip, started, status,
};

nestling_tests::suite! {
    in_all_modes {
        an_exit_code_arrives,
        a_signal_arrives,
        polling_returns_no_status_before_the_end,
        the_status_is_the_same_each_time,
        a_wait_for_one_child_reaps_no_other,
        a_child_that_was_reaped_elsewhere_is_an_error,
        a_signal_goes_to_the_child_until_it_was_waited_for,
        a_handler_does_not_end_the_wait,
        a_pidfd_is_waited_for,
        every_kind_of_wait_returns_the_same_status,
        a_stop_and_a_continuation_are_returned_if_requested,
        any_child_is_waited_for,
        a_group_is_waited_for_and_no_other_child,
        a_peek_leaves_the_status_for_the_next_wait,
    }
    once {
        a_handler_ends_a_wait_for_any,
        a_process_that_is_no_child_is_an_error,
        a_descriptor_that_is_no_pidfd_is_an_error,
        a_wait_with_a_time_limit_needs_no_pidfd,
        a_wait_with_a_time_limit_does_not_reap,
        a_handler_does_not_end_a_wait_with_a_time_limit,
    }
}

const SHORT: Duration = Duration::from_millis(1);

/// Runs the probe with these two arguments, and returns its status.
fn doing(memory: Memory, what: &core::ffi::CStr, number: i32) -> ExitStatus {
    let number = format_text!("{number}");
    let list = args![c"probe", what, number.c_str()];
    status(&Spawn {
        args: Args::new(&list),
        ..probe(memory)
    })
}

/// Starts a child that runs until the other end of the pipe is closed.
fn waiting(memory: Memory, pidfd: bool) -> (Child, nestling::OwnedFd) {
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let actions = [dup2(end.as_raw_fd(), 20)];
    let list = args![c"probe", c"until-eof", c"20"];
    let mut spawn = Spawn {
        args: Args::new(&list),
        actions: &actions,
        ..probe(memory)
    };
    spawn.attributes.pidfd = pidfd;
    (started(&spawn), held)
}

fn an_exit_code_arrives(memory: Memory) {
    for code in [0, 1, 2, 7, 42, 125, 126, 127, 128, 129, 254, 255] {
        let status = doing(memory, c"exit", code);
        assert_eq!((status.code(), status.signal()), (Some(code), None));
        assert_eq!((status.success(), status.shell_code()), (code == 0, code));
    }
    // Only the lower eight bits of an exit status count.
    assert_eq!(doing(memory, c"exit", 256 + 3).code(), Some(3));
}

fn a_signal_arrives(memory: Memory) {
    for signal in handleable().chain([Signal::KILL]) {
        let harmless = [
            Signal::CHLD,
            Signal::CONT,
            Signal::URG,
            Signal::WINCH,
            Signal::TSTP,
            Signal::TTIN,
            Signal::TTOU, // the group is orphaned, so the kernel does not stop its processes
        ];
        let status = doing(memory, c"kill", signal.as_raw());
        if harmless.contains(&signal) {
            assert_eq!(status.code(), Some(0), "{signal}");
        } else {
            assert_eq!((status.code(), status.signal()), (None, Some(signal)));
            assert_eq!(status.shell_code(), 128 + signal.as_raw());
        }
    }
}

fn polling_returns_no_status_before_the_end(memory: Memory) {
    let (mut child, held) = waiting(memory, false);
    assert_eq!(child.try_wait(), Ok(None));
    assert_eq!(child.try_wait(), Ok(None));
    drop(held);
    let status = loop {
        if let Some(status) = child.try_wait().expect("a status") {
            break status;
        }
    };
    assert!(status.success());
    assert!(!has_child(), "polling reaps");
}

fn the_status_is_the_same_each_time(memory: Memory) {
    let list = args![c"probe", c"exit", c"5"];
    let mut child = started(&Spawn {
        args: Args::new(&list),
        ..probe(memory)
    });
    for _ in 0..3 {
        assert_eq!(child.wait().map(|status| status.code()), Ok(Some(5)));
        assert_eq!(child.try_wait().map(|status| status.is_some()), Ok(true));
    }
}

fn a_wait_for_one_child_reaps_no_other(memory: Memory) {
    let other = fork(|| sys::process::exit(9));
    let (mut first, held_first) = waiting(memory, false);
    let (mut second, held_second) = waiting(memory, false);
    drop(held_first);
    assert!(first.wait().expect("its status").success());
    assert_eq!(second.try_wait(), Ok(None));
    assert_eq!(wait::wait(other).expect("its status").code(), Some(9));
    drop(held_second);
    assert!(second.wait().expect("its status").success());
}

fn a_child_that_was_reaped_elsewhere_is_an_error(memory: Memory) {
    let mut child = started(&probe(memory));
    wait::wait(child.id()).expect("its status");
    assert_eq!(child.wait(), Err(Errno::ECHILD));
    assert_eq!(child.try_wait(), Err(Errno::ECHILD));
}

fn a_signal_goes_to_the_child_until_it_was_waited_for(memory: Memory) {
    let (mut child, _held) = waiting(memory, false);
    assert_eq!(child.signal(Signal::TERM), Ok(()));
    assert_eq!(
        child.wait().map(|status| status.signal()),
        Ok(Some(Signal::TERM))
    );
    assert_eq!(
        child.signal(Signal::TERM),
        Ok(()),
        "no process gets the signal"
    );
}

fn a_handler_does_not_end_the_wait(memory: Memory) {
    static HELD: AtomicI32 = AtomicI32::new(-1);
    static RAN: AtomicU32 = AtomicU32::new(0);
    // Lets the child end at the handler's fifth run.
    unsafe extern "C" fn handler(_: i32) {
        if RAN.fetch_add(1, Relaxed) == 4 {
            close(HELD.load(Relaxed));
        }
    }
    let (mut child, held) = waiting(memory, false);
    HELD.store(held.into_raw_fd(), Relaxed);
    // SAFETY: the handler counts and closes a descriptor, which is allowed in a handler.
    unsafe { signal::set_action(Signal::ALRM, signal::Disposition::Handler(handler), 0) }
        .expect("a handler");
    set_timer(&[0, 2000, 0, 2000]);
    assert!(child.wait().expect("its status").success());
    set_timer(&[0; 4]);
    assert!(RAN.load(Relaxed) >= 5);
}

fn a_pidfd_is_waited_for(memory: Memory) {
    if emulated() {
        skip("the emulator's waitid takes no pidfds");
    }
    let (mut child, held) = waiting(memory, true);
    assert_eq!(child.try_wait(), Ok(None));
    drop(held);
    assert!(child.wait().expect("its status").success());
    for (signal, expected) in [(Signal::KILL, Signal::KILL), (Signal::ABRT, Signal::ABRT)] {
        let (child, _held) = waiting(memory, true);
        child.signal(signal).expect("a signal");
        let pidfd = child.into_pidfd().expect("a pidfd");
        let status = wait::wait_pidfd(pidfd.as_fd()).expect("its status");
        assert_eq!(status.signal(), Some(expected));
    }
    let number = format_text!("{}", 77);
    let list = args![c"probe", c"exit", number.c_str()];
    let mut spawn = Spawn {
        args: Args::new(&list),
        ..probe(memory)
    };
    spawn.attributes.pidfd = true;
    assert_eq!(status(&spawn).code(), Some(77));
}

fn every_kind_of_wait_returns_the_same_status(memory: Memory) {
    let end = |what: &core::ffi::CStr, number: i32| {
        let number = format_text!("{number}");
        let list = args![c"probe", what, number.c_str()];
        let child = started(&Spawn {
            args: Args::new(&list),
            ..probe(memory)
        });
        let peeked = wait::peek(Who::Child(child.id()), Options::default());
        let waited = wait::wait_for(Who::Child(child.id()), Options::default());
        assert_eq!(peeked, waited);
        let (pid, status) = waited.expect("its end").expect("a status");
        assert_eq!(pid, child.id());
        assert!(!has_child());
        status
    };
    for code in [0, 1, 127, 128, 255] {
        assert_eq!(end(c"exit", code), doing(memory, c"exit", code));
        assert_eq!(end(c"exit", code).code(), Some(code));
    }
    for signal in [Signal::HUP, Signal::KILL, Signal::TERM, Signal::ABRT] {
        let number = signal.as_raw();
        assert_eq!(end(c"kill", number), doing(memory, c"kill", number));
        assert_eq!(end(c"kill", number).signal(), Some(signal));
    }
}

fn a_stop_and_a_continuation_are_returned_if_requested(memory: Memory) {
    // A wait for one child ignores the state of another.
    let other = fork(|| {});
    wait::peek(Who::Child(other), Options::default()).expect("its end");
    let (child, held) = waiting(memory, false);
    let who = Who::Child(child.id());
    let all = Options::STOPPED | Options::CONTINUED;
    let next_status = |options| {
        let (pid, status) = wait::wait_for(who, options)
            .expect("an answer")
            .expect("a change of state");
        assert_eq!(pid, child.id());
        status
    };
    assert_eq!(wait::wait_for(who, all | Options::NOHANG), Ok(None));
    for round in 0..3 {
        child.signal(Signal::STOP).expect("a stop");
        let (_, status) = wait::peek(who, all).expect("an answer").expect("a stop");
        assert_eq!(status.stopped_signal(), Some(Signal::STOP), "round {round}");
        for other in [Options::default(), Options::CONTINUED] {
            assert_eq!(wait::wait_for(who, other | Options::NOHANG), Ok(None));
        }
        assert_eq!(next_status(Options::STOPPED), status);
        assert_eq!(wait::wait_for(who, all | Options::NOHANG), Ok(None), "once");

        child.signal(Signal::CONT).expect("SIGCONT");
        let (_, status) = wait::peek(who, all)
            .expect("an answer")
            .expect("a continuation");
        assert!(status.continued() && !status.success(), "round {round}");
        for other in [Options::default(), Options::STOPPED] {
            assert_eq!(wait::wait_for(who, other | Options::NOHANG), Ok(None));
        }
        assert_eq!(next_status(Options::CONTINUED), status);
        assert_eq!(wait::wait_for(who, all | Options::NOHANG), Ok(None), "once");
    }
    drop(held);
    assert!(next_status(all).success());
    join(other);
}

fn any_child_is_waited_for(memory: Memory) {
    let (first, held_first) = waiting(memory, false);
    let (second, held_second) = waiting(memory, false);
    assert_eq!(wait::wait_for(Who::Any, Options::NOHANG), Ok(None));
    let ended = |child: &Child| Ok(Some((child.id(), ExitStatus::default())));
    drop(held_second);
    assert_eq!(wait::wait_for(Who::Any, Options::default()), ended(&second));
    drop(held_first);
    assert_eq!(wait::wait_for(Who::Any, Options::default()), ended(&first));
    for options in [Options::default(), Options::NOHANG] {
        assert_eq!(wait::wait_for(Who::Any, options), Err(Errno::ECHILD));
        assert_eq!(wait::peek(Who::Any, options), Err(Errno::ECHILD));
    }
}

fn a_group_is_waited_for_and_no_other_child(memory: Memory) {
    let own = fork(|| sys::process::exit(9));
    let member = |group: i32, code: &core::ffi::CStr| {
        let list = args![c"probe", c"exit", code];
        let mut spawn = Spawn {
            args: Args::new(&list),
            ..probe(memory)
        };
        spawn.attributes.process_group = Some(group);
        started(&spawn).id()
    };
    let first = member(0, c"1");
    let second = member(first.as_raw(), c"2");
    let mut codes = [first, second].map(|_| {
        let answer = wait::wait_for(Who::Group(first), Options::default()).expect("a member");
        let (pid, status) = answer.expect("its end");
        (pid, status.code())
    });
    codes.sort();
    let mut expected = [(first, Some(1)), (second, Some(2))];
    expected.sort();
    assert_eq!(codes, expected);
    let answer = wait::wait_for(Who::Group(first), Options::default());
    assert_eq!(answer, Err(Errno::ECHILD));
    // The other child is in this process's group.
    let group = Pid::from_raw(sys::process::getpgid(0).expect("a group")).expect("its id");
    let (pid, status) = wait::wait_for(Who::Group(group), Options::default())
        .expect("an answer")
        .expect("its end");
    assert_eq!((pid, status.code()), (own, Some(9)));
}

fn a_peek_leaves_the_status_for_the_next_wait(memory: Memory) {
    let (mut child, held) = waiting(memory, false);
    let who = Who::Child(child.id());
    assert_eq!(wait::peek(who, Options::NOHANG), Ok(None));
    drop(held);
    let end = Ok(Some((child.id(), ExitStatus::default())));
    for options in [Options::default(), Options::NOHANG] {
        assert_eq!(wait::peek(who, options), end);
        assert_eq!(wait::peek(Who::Any, options), end);
        assert!(has_child(), "no wait has reaped it");
    }
    assert!(child.wait().expect("its status").success());
    assert_eq!(wait::peek(who, Options::default()), Err(Errno::ECHILD));
    if emulated() {
        return; // the emulator's waitid takes no pidfds
    }
    let (mut child, held) = waiting(memory, true);
    let pid = child.id();
    drop(held);
    let who = Who::Pidfd(child.pidfd().expect("a pidfd"));
    let end = Ok(Some((pid, ExitStatus::default())));
    assert_eq!(wait::peek(who, Options::default()), end);
    assert!(child.wait().expect("its status").success());
}

fn a_handler_ends_a_wait_for_any() {
    unsafe extern "C" fn handler(_: i32) {}
    // SAFETY: the handler does nothing.
    unsafe { signal::set_action(Signal::ALRM, signal::Disposition::Handler(handler), 0) }
        .expect("a handler");
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let child = fork(|| {
        close(held.as_raw_fd());
        let _ = sys::fd::read(end.as_fd(), &mut [0]);
    });
    // The alarm repeats, in case the first one comes before the wait.
    set_timer(&[0, 2000, 0, 2000]);
    let answer = wait::wait_for(Who::Any, Options::default());
    assert_eq!(answer, Err(Errno::EINTR));
    let answer = wait::peek(Who::Any, Options::default());
    assert_eq!(answer, Err(Errno::EINTR));
    set_timer(&[0; 4]);
    drop(held);
    assert!(wait::wait(child).expect("its status").success());
}

fn a_process_that_is_no_child_is_an_error() {
    let own = sys::process::getpid();
    assert_eq!(wait::wait(own), Err(Errno::ECHILD));
    assert_eq!(wait::try_wait(own), Err(Errno::ECHILD));
    assert_eq!(
        wait::wait(Pid::from_raw(i32::MAX).expect("a pid")),
        Err(Errno::ECHILD)
    );
    for who in [Who::Any, Who::Child(own), Who::Group(own)] {
        let answer = wait::wait_for(who, Options::default());
        assert_eq!(answer, Err(Errno::ECHILD));
    }
}

fn a_descriptor_that_is_no_pidfd_is_an_error() {
    if emulated() {
        skip("the emulator's waitid takes no pidfds");
    }
    let (end, _) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    assert_eq!(wait::wait_pidfd(end.as_fd()), Err(Errno::EBADF));
    assert_eq!(wait::try_wait_pidfd(end.as_fd()), Err(Errno::EBADF));
}

fn a_wait_with_a_time_limit_needs_no_pidfd() {
    forbid(linux::__NR_pidfd_open, 0, Some(Errno::ENOSYS));
    let (child, held) = waiting(Memory::Shared, false);
    assert_eq!(wait::wait_timeout(child.id(), SHORT), Ok(None));
    assert_eq!(wait::has_ended_within(Who::Any, SHORT), Ok(false));
    drop(held);
    let status = wait::wait_timeout(child.id(), Duration::MAX).expect("its status");
    assert_eq!(status.and_then(ExitStatus::code), Some(0));
    assert_eq!(wait::wait_timeout(child.id(), SHORT), Err(Errno::ECHILD));
}

fn a_wait_with_a_time_limit_does_not_reap() {
    let (mut child, held) = waiting(Memory::Shared, true);
    let all = |child: &Child, timeout| {
        // The emulator's `waitid` takes no pidfds.
        let pidfd = child.pidfd().filter(|_| !emulated()).map(Who::Pidfd);
        let who = [Some(Who::Any), Some(Who::Child(child.id())), pidfd];
        let ended = who.into_iter().flatten();
        ended
            .map(|who| wait::has_ended_within(who, timeout))
            .collect::<alloc::vec::Vec<_>>()
    };
    for timeout in [Duration::ZERO, SHORT] {
        assert!(all(&child, timeout).iter().all(|it| *it == Ok(false)));
    }
    assert_eq!(child.has_ended_within(SHORT), Ok(false));
    drop(held);
    assert_eq!(child.has_ended_within(Duration::MAX), Ok(true));
    for timeout in [Duration::ZERO, SHORT] {
        assert!(all(&child, timeout).iter().all(|it| *it == Ok(true)));
    }
    assert_eq!(child.wait().expect("its status").code(), Some(0));
    assert_eq!(child.has_ended_within(Duration::ZERO), Ok(true));
    let who = Who::Child(child.id());
    assert_eq!(wait::has_ended_within(who, SHORT), Err(Errno::ECHILD));
}

fn a_handler_does_not_end_a_wait_with_a_time_limit() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    static HELD: AtomicI32 = AtomicI32::new(-1);
    unsafe extern "C" fn handler(_: i32) {
        // At its third run, the handler lets the child end.
        if CALLS.fetch_add(1, Relaxed) == 2 {
            close(HELD.load(Relaxed));
        }
    }
    let (child, held) = waiting(Memory::Shared, false);
    HELD.store(held.into_raw_fd(), Relaxed);
    // SAFETY: the handler counts and closes a descriptor, which is allowed in a handler.
    unsafe { signal::set_action(Signal::ALRM, signal::Disposition::Handler(handler), 0) }
        .expect("a handler");
    set_timer(&[0, 2000, 0, 2000]);
    let status = wait::wait_timeout(child.id(), Duration::MAX).expect("its status");
    set_timer(&[0; 4]);
    assert_eq!(status.and_then(ExitStatus::code), Some(0));
    assert!(CALLS.load(Relaxed) >= 3);
}
