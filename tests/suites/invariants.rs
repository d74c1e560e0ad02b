//! Tests of what always holds (see ARCHITECTURE.md): the parent is as before, a failure leaves no zombie, no handler
//! runs in the child, every failure is reported; and all that also where the kernel refuses `clone3` or shared memory.
//!
//! The harness's function `start` checks the mask, the descriptors and the zombies around every spawn of every suite.

use core::hint::black_box;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

use linux_raw_sys::general as linux;
use linux_raw_sys::prctl::PR_SET_DUMPABLE;
use nestling::spawn::{Action, Attributes, Error, Hook, Memory, Program, Spawn, set_dumpable};
use nestling::sys::{self, process, signal};
use nestling::wait::{Options, Who, wait_for};
use nestling::{Args, Errno, OFlags, Pid, SigSet, Signal, args, wait};
use nestling_tests::{
    DESCRIPTORS, call, close, dup2, emulated, fails, fd, forbid, fork, format_text, handle,
    handleable, handled, has_child, join, mailbox, make_fifo, make_file,
    need_core_dumps_to_spare_sharers, need_root, notice, open, open_only, prctl, probe, read_file,
    remove, runner, skip, start, started, state, strayed,
};

nestling_tests::suite! {
    in_all_modes {
        the_parent_is_as_before_after_every_end_of_a_spawn,
        the_parents_memory_is_as_before,
        a_change_of_ids_in_the_child_leaves_the_parent_dumpable,
        the_new_user_of_a_child_cannot_read_the_parents_memory,
        a_property_of_shared_memory_that_a_hook_changes_stays_changed,
        a_failed_spawn_leaves_no_zombie,
        a_failed_spawn_leaves_other_children_alone,
        it_works_where_sigchld_is_ignored,
        it_works_where_sigchld_is_handled,
        every_signal_may_be_handled_and_pending,
        every_signal_may_be_handled_and_pending_without_clone3,
        signals_to_the_group_run_no_handler_in_the_child,
        signals_to_the_group_run_no_handler_in_the_child_without_clone3,
        signals_to_the_group_that_end_the_child_are_reported,
        signals_to_the_group_that_end_the_child_are_reported_without_clone3,
        a_child_that_is_killed_by_its_hook_is_reported,
        a_child_that_faults_in_its_hook_is_reported,
        a_child_that_is_killed_by_another_is_reported,
        a_pending_signal_that_dumps_core_is_reported_and_spares_the_parent,
        a_users_stop_before_the_exec_stops_the_program,
        a_child_that_exits_before_its_exec_is_reported,
        bytes_that_are_no_record_are_refused,
        a_process_that_holds_the_pipe_open_delays_no_spawn,
        a_refused_clone_is_reported,
        a_parent_that_may_not_wait_returns_after_its_child_has_left_the_memory,
        it_works_where_clone3_is_refused,
        it_works_where_the_kernel_lacks_newer_calls,
        it_works_where_sharing_memory_is_refused,
    }
}

fn with<'a>(memory: Memory, actions: &'a [Action<'a>]) -> Spawn<'a> {
    Spawn {
        actions,
        ..probe(memory)
    }
}

fn hooked<'a>(memory: Memory, hook: &'a (dyn Fn() -> Result<(), Errno> + Sync)) -> Spawn<'a> {
    // SAFETY: the tests' hooks make system calls only.
    let hook = Some(unsafe { Hook::new(hook) });
    Spawn {
        attributes: Attributes {
            hook,
            memory,
            notice: notice(),
            ..Attributes::default()
        },
        ..probe(memory)
    }
}

/// Calls `see` with a spawn for each possible outcome: success; the failure of an action, an attribute or the exec; and the
/// death of the child.
fn each_end(memory: Memory, see: &dyn Fn(&Spawn<'_>, bool)) {
    let nowhere = Program::Path(c"/nope");
    let attributes = Attributes {
        process_group: Some(-1),
        memory,
        notice: notice(),
        ..Attributes::default()
    };
    see(&probe(memory), true);
    see(&with(memory, &[open(0, c"/nope")]), false);
    see(
        &Spawn {
            attributes,
            ..probe(memory)
        },
        false,
    );
    see(
        &Spawn {
            program: nowhere,
            ..probe(memory)
        },
        false,
    );
    see(&hooked(memory, &|| Err(Errno::EXDEV)), false);
    see(&hooked(memory, &kill_yourself), false);
}

fn kill_yourself() -> Result<(), Errno> {
    process::kill(process::getpid().as_raw(), Some(Signal::KILL))
}

fn the_parent_is_as_before_after_every_end_of_a_spawn(memory: Memory) {
    let some = SigSet::EMPTY.with(Signal::HUP).with(Signal::CHLD);
    for mask in [SigSet::EMPTY, some, SigSet::ALL] {
        for descriptors in [0..0, 0..3, 2..40] {
            open_only(descriptors);
            signal::set_mask(mask).expect("a mask");
            each_end(memory, &|spawn, succeeds| {
                let outcome = start(spawn);
                assert_eq!(outcome.is_ok(), succeeds, "{outcome:?}");
                if let Ok(mut child) = outcome {
                    assert!(child.wait().expect("its status").success());
                }
            });
        }
        // With no free descriptor, the pipe fails.
        open_only(0..DESCRIPTORS as i32);
        let copied = probe(Memory::Copied);
        fails(&copied, "status pipe: EMFILE: too many open files");
    }
}

fn the_parents_memory_is_as_before(memory: Memory) {
    static GLOBAL: [AtomicU8; 1 << 16] = [const { AtomicU8::new(1) }; 1 << 16];
    fn sum(bytes: &[AtomicU8]) -> usize {
        let each = black_box(bytes).iter().enumerate();
        each.fold(0, |sum, (i, byte)| {
            let value = usize::from(byte.load(Relaxed)).wrapping_mul(i);
            sum.wrapping_mul(31).wrapping_add(value)
        })
    }
    let local: [AtomicU8; 1 << 14] = core::array::from_fn(|i| AtomicU8::new(i as u8));
    for (i, byte) in GLOBAL.iter().enumerate() {
        byte.store((i / 7) as u8, Relaxed);
    }
    let before = (sum(&GLOBAL), sum(&local));
    each_end(memory, &|spawn, _| {
        let outcome = start(spawn);
        assert_eq!((sum(&GLOBAL), sum(&local)), before, "after {outcome:?}");
        let _ = outcome.map(|mut child| child.wait());
    });
}

/// When a process changes its user, the kernel makes its memory undumpable; with shared memory, that is the parent's
/// memory, too.
fn a_change_of_ids_in_the_child_leaves_the_parent_dumpable(memory: Memory) {
    need_root();
    let changed = [Action::Gid(1), Action::Uid(1)];
    let ends = [
        with(memory, &changed),
        with(memory, &[Action::Uid(1), Action::Gid(2)]),
    ];
    for dumpable in [1, 0] {
        set_dumpable(dumpable).expect("a change");
        for spawn in ends {
            if let Ok(mut child) = spawn.start() {
                child.wait().expect("its end");
            }
            assert_eq!(process::dumpable(), Ok(dumpable));
        }
    }
}

/// If `fs.suid_dumpable` is 1, the kernel itself does not forbid this. The test changes this setting only on its own
/// kernel.
fn the_new_user_of_a_child_cannot_read_the_parents_memory(memory: Memory) {
    need_root();
    let setting = c"/proc/sys/fs/suid_dumpable";
    let set = |value| {
        if runner().starts_with("kernel") {
            make_file(setting, 0, value);
        }
    };
    let read_memory = || {
        let path = format_text!("/proc/{}/mem", process::getpid());
        let reader = fork(|| {
            let opened = sys::fd::open(path.c_str(), OFlags::RDONLY, 0).map(drop);
            process::exit(i32::from(opened != Err(Errno::EACCES)));
        });
        let refused = wait::wait(reader)?.success();
        if refused { Ok(()) } else { Err(Errno::EXDEV) }
    };
    set(b"1");
    let all = [Action::Groups(&[]), Action::Gid(1), Action::Uid(1)];
    for actions in [&all[..], &[Action::Uid(1)]] {
        let spawn = Spawn {
            actions,
            ..hooked(memory, &read_memory)
        };
        let outcome = spawn.start().map(|mut child| child.wait());
        assert!(outcome.is_ok(), "{outcome:?}");
    }
    set(b"0");
}

/// Properties of shared memory are the parent's, too. The library restores them only after a change of ids.
fn a_property_of_shared_memory_that_a_hook_changes_stays_changed(memory: Memory) {
    process::set_dumpable(1).expect("a change");
    let hide = || prctl(PR_SET_DUMPABLE, 0).map(drop);
    state(&hooked(memory, &hide));
    let shared = matches!(memory, Memory::Shared) && !emulated();
    assert_eq!(process::dumpable(), Ok(usize::from(!shared)));
}

fn a_failed_spawn_leaves_no_zombie(memory: Memory) {
    each_end(memory, &|spawn, succeeds| {
        for _ in 0..10 {
            match start(spawn) {
                Ok(mut child) => assert!(child.wait().is_ok()),
                Err(_) => assert!(!succeeds),
            }
            assert_eq!(process::wait4(-1, linux::WNOHANG), Err(Errno::ECHILD));
        }
    });
}

fn a_failed_spawn_leaves_other_children_alone(memory: Memory) {
    let other = fork(|| process::exit(9));
    each_end(memory, &|spawn, _| {
        let _ = start(spawn).map(|mut child| child.wait());
    });
    assert_eq!(wait::wait(other).expect("its status").code(), Some(9));
}

fn it_works_where_sigchld_is_ignored(memory: Memory) {
    // SAFETY: the action `Ignore` runs no handler.
    unsafe { signal::set_action(Signal::CHLD, signal::Disposition::Ignore, 0) }.expect("ignored");
    fails(
        &with(memory, &[open(0, c"/nope")]),
        "file action 0 (open \"/nope\"): ENOENT: no such file or directory",
    );
    fails(
        &hooked(memory, &kill_yourself),
        "the child ended before its exec",
    );
    let mut child = started(&probe(memory));
    assert_eq!(child.wait(), Err(Errno::ECHILD));
    assert!(!has_child());
    assert_eq!(read_file(c"out").map(|_| ()), Ok(()), "the program ran");
}

fn it_works_where_sigchld_is_handled(memory: Memory) {
    handle([Signal::CHLD].into_iter(), 0);
    state(&probe(memory));
    assert_eq!((handled(Signal::CHLD), strayed()), (1, 0));
    fails(
        &with(memory, &[open(0, c"/nope")]),
        "file action 0 (open \"/nope\"): ENOENT: no such file or directory",
    );
    assert_eq!((handled(Signal::CHLD), strayed()), (2, 0));
}

fn every_signal_may_be_handled_and_pending(memory: Memory) {
    handle(handleable(), 0);
    let own = process::getpid().as_raw();
    // SIGCONT and the stop signals cancel each other, so SIGCONT is tested in a second round.
    for turn in [false, true] {
        signal::set_mask(SigSet::ALL).expect("a mask");
        let sent = |&signal: &Signal| (signal == Signal::CONT) == turn;
        for signal in handleable().filter(sent) {
            process::kill(own, Some(signal)).expect("a signal");
        }
        state(&probe(memory));
        fails(
            &with(memory, &[open(0, c"/nope")]),
            "file action 0 (open \"/nope\"): ENOENT: no such file or directory",
        );
        for signal in handleable().filter(sent) {
            assert_eq!(handled(signal), 0, "{signal} is still blocked");
        }
        signal::set_mask(SigSet::EMPTY).expect("a mask");
        for signal in handleable().filter(sent) {
            // The end of the program causes one more SIGCHLD, in the round in which none is pending.
            assert_eq!(handled(signal), 1, "{signal} arrives once");
        }
    }
    assert_eq!(strayed(), 0, "handlers that ran in the child");
}

fn every_signal_may_be_handled_and_pending_without_clone3(memory: Memory) {
    forbid(linux::__NR_clone3, 0, Some(Errno::ENOSYS));
    every_signal_may_be_handled_and_pending(memory);
}

/// Actions that synchronise the child with a helper by two FIFOs: the open of the first reports that the child has
/// arrived, and the open of the second waits for the helper.
const MEETING: [Action<'static>; 2] = [
    Action::Open {
        fd: 20,
        path: c"there",
        flags: OFlags::WRONLY,
        mode: 0,
    },
    Action::Open {
        fd: 21,
        path: c"go on",
        flags: OFlags::RDONLY,
        mode: 0,
    },
];

/// Forks a helper that calls `something` while the child waits between the two FIFOs.
fn while_the_child_is_there(something: impl FnOnce()) -> Pid {
    make_fifo(c"there");
    make_fifo(c"go on");
    fork(|| {
        let _there = sys::fd::open(c"there", OFlags::RDONLY, 0).expect("the child");
        something();
        let _go_on = sys::fd::open(c"go on", OFlags::WRONLY, 0).expect("the child");
    })
}

fn signal_the_group() {
    signal::set_mask(SigSet::ALL).expect("a mask");
    for signal in handleable().filter(|&signal| signal != Signal::CONT) {
        process::kill(0, Some(signal)).expect("a signal");
    }
}

fn signals_to_the_group_run_no_handler_in_the_child(memory: Memory) {
    handle(handleable(), 0);
    let helper = while_the_child_is_there(signal_the_group);
    let mut spawn = with(memory, &MEETING);
    spawn.attributes.signal_mask = Some(SigSet::ALL);
    state(&spawn);
    for signal in handleable().filter(|&signal| signal != Signal::CONT) {
        // The ends of the program and of the helper may cause SIGCHLD, too.
        let expected = if signal == Signal::CHLD { 1..=3 } else { 1..=1 };
        assert!(
            expected.contains(&handled(signal)),
            "{signal} came {} times",
            handled(signal)
        );
    }
    assert_eq!(strayed(), 0, "handlers that ran in the child");
    join(helper);
}

fn signals_to_the_group_run_no_handler_in_the_child_without_clone3(memory: Memory) {
    forbid(linux::__NR_clone3, 0, Some(Errno::EPERM));
    signals_to_the_group_run_no_handler_in_the_child(memory);
}

fn signals_to_the_group_that_end_the_child_are_reported(memory: Memory) {
    handle(handleable(), 0);
    let helper = while_the_child_is_there(signal_the_group);
    let outcome = start(&with(memory, &MEETING));
    assert!(
        matches!(outcome, Err(Error::Killed { signal: Some(_) })),
        "{outcome:?}"
    );
    assert_eq!(strayed(), 0, "handlers that ran in the child");
    join(helper);
    assert!(!has_child());
}

fn signals_to_the_group_that_end_the_child_are_reported_without_clone3(memory: Memory) {
    forbid(linux::__NR_clone3, 0, Some(Errno::ENOSYS));
    signals_to_the_group_that_end_the_child_are_reported(memory);
}

fn a_child_that_is_killed_by_its_hook_is_reported(memory: Memory) {
    need_core_dumps_to_spare_sharers(memory);
    for signal in [Signal::KILL, Signal::TERM, Signal::SYS] {
        let end = || process::kill(process::getpid().as_raw(), Some(signal));
        let expected = format_text!("the child was killed by {signal} before its exec");
        fails(&hooked(memory, &end), expected);
    }
}

fn a_child_that_faults_in_its_hook_is_reported(memory: Memory) {
    need_core_dumps_to_spare_sharers(memory);
    handle([Signal::SEGV].into_iter(), 0);
    let fault = || {
        // SAFETY: none: the write to an unmapped address is intended.
        unsafe { black_box(16usize as *mut u32).write_volatile(0) };
        Ok(())
    };
    fails(
        &hooked(memory, &fault),
        "the child was killed by SIGSEGV before its exec",
    );
    assert_eq!((handled(Signal::SEGV), strayed()), (0, 0));
}

fn a_child_that_is_killed_by_another_is_reported(memory: Memory) {
    // The child joins the helper's group, and the helper kills that group.
    let helper =
        while_the_child_is_there(|| process::kill(0, Some(Signal::KILL)).expect("a signal"));
    process::setpgid(helper.as_raw(), helper.as_raw()).expect("a group");
    let mut spawn = with(memory, &MEETING);
    spawn.attributes.process_group = Some(helper.as_raw());
    fails(&spawn, "the child was killed by SIGKILL before its exec");
    assert_eq!(
        wait::wait(helper).expect("its status").signal(),
        Some(Signal::KILL)
    );
    assert!(!has_child());
}

/// The signal comes while signals are blocked, like that of Ctrl-\. Before Linux 5.16, the child's core dump would also
/// end this process.
fn a_pending_signal_that_dumps_core_is_reported_and_spares_the_parent(memory: Memory) {
    let (quit, sys) = (Signal::QUIT, Signal::SYS);
    for (signal, ignored) in [(quit, false), (quit, true), (sys, false), (sys, true)] {
        // The child joins the helper's group.
        let helper = while_the_child_is_there(|| {
            signal::set_mask(SigSet::ALL).expect("a mask");
            process::kill(0, Some(signal)).expect("a signal");
        });
        process::setpgid(helper.as_raw(), helper.as_raw()).expect("a group");
        let mut spawn = with(memory, &MEETING);
        spawn.attributes.process_group = Some(helper.as_raw());
        if ignored {
            // SAFETY: the action `Ignore` runs no handler.
            unsafe { signal::set_action(signal, signal::Disposition::Ignore, 0) }.expect("ignored");
            assert!(started(&spawn).wait().expect("its status").success());
        } else {
            let expected = format_text!("the child was killed by {signal} before its exec");
            fails(&spawn, expected);
        }
        join(helper);
        remove(c"there");
        remove(c"go on");
    }
}

/// The signal comes while signals are blocked, like that of Ctrl-Z, and stops the child when they are unblocked.
fn a_users_stop_before_the_exec_stops_the_program(memory: Memory) {
    for stop in [Signal::TSTP, Signal::TTIN, Signal::TTOU] {
        // The child joins the helper's group.
        let helper = while_the_child_is_there(|| {
            signal::set_mask(SigSet::ALL).expect("a mask");
            process::kill(0, Some(stop)).expect("a signal");
        });
        process::setpgid(helper.as_raw(), helper.as_raw()).expect("a group");
        // The program ends when no process is left that could write to the pipe.
        let list = args![c"probe", c"until-eof", c"3"];
        let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
        let [there, go_on] = MEETING;
        let actions = [there, go_on, dup2(end.as_raw_fd(), 3)];
        let mut spawn = Spawn {
            args: Args::new(&list),
            ..with(memory, &actions)
        };
        spawn.attributes.process_group = Some(helper.as_raw());
        let mut child = started(&spawn);
        let who = Who::Child(child.id());
        let (_, status) = wait_for(who, Options::STOPPED)
            .expect("a change of state")
            .expect("a stop");
        assert_eq!(status.stopped_signal(), Some(stop));
        join(helper);
        child.signal(Signal::CONT).expect("it is there");
        drop((end, held));
        assert!(child.wait().expect("its status").success());
        remove(c"there");
        remove(c"go on");
    }
}

fn a_child_that_exits_before_its_exec_is_reported(memory: Memory) {
    fails(
        &hooked(memory, &|| process::exit(0)),
        "the child ended before its exec",
    );
}

/// A hook is able to write to the status pipe, though it must not.
fn bytes_that_are_no_record_are_refused(memory: Memory) {
    open_only(0..3);
    let pipe = 4;
    // The first text may be read together with the child's own message; the second has the length of a record.
    for bytes in [&b"abc"[..], b"abcdefgh"] {
        let scribble = || sys::fd::write(fd(pipe), bytes).map(drop);
        fails(
            &hooked(memory, &scribble),
            format_text!("status pipe: {}", Errno::EPROTO),
        );
    }
}

/// Another thread of the parent may fork such a process. It ends when the test closes the other end of a pipe.
fn a_process_that_holds_the_pipe_open_delays_no_spawn(memory: Memory) {
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let (end, held) = (end.into_raw_fd(), held.into_raw_fd());
    let leave_a_copy = || {
        let pipe_too = fork(|| {
            close(held);
            while let Ok(1..) = sys::fd::read(fd(end), &mut [0; 16]) {}
        });
        mailbox().numbers[66].store(pipe_too.as_raw() as u32, Relaxed);
        Ok(())
    };
    let ends: [&(dyn Fn() -> Result<(), Errno> + Sync); 3] = [
        &leave_a_copy,
        &|| leave_a_copy().and(Err(Errno::EXDEV)),
        &|| leave_a_copy().and_then(|()| kill_yourself()),
    ];
    let expected = [
        Ok(()),
        Err(format_text!("attribute hook: {}", Errno::EXDEV)),
        Err(format_text!(
            "the child was killed by SIGKILL before its exec"
        )),
    ];
    for (hook, expected) in ends.iter().zip(expected) {
        match expected {
            Ok(()) => drop(state(&hooked(memory, hook))),
            Err(error) => fails(&hooked(memory, hook), error),
        }
        let copy = mailbox().numbers[66].load(Relaxed) as i32;
        assert_eq!(process::kill(copy, None), Ok(()), "it holds the pipe still");
    }
    close(held);
}

fn a_refused_clone_is_reported(memory: Memory) {
    for call in [linux::__NR_clone3, linux::__NR_clone] {
        forbid(call, 0, Some(Errno::EAGAIN));
        fails(&probe(memory), format_args!("clone: {}", Errno::EAGAIN));
        // In the next round, `clone3` does not exist, and `clone` is refused.
        forbid(linux::__NR_clone3, 0, Some(Errno::ENOSYS));
    }
}

/// The parent may neither close the pipe's write end, nor kill the child, nor wait for it. It can see the child's end by `waitid`, or
/// in `/proc`. The child's hook takes a while, so a parent that does not look returns before the hook.
fn a_parent_that_may_not_wait_returns_after_its_child_has_left_the_memory(memory: Memory) {
    let end = &mailbox().numbers[66];
    let linger = || {
        for _ in 0..1000 {
            // SAFETY: the call takes no arguments.
            let _ = unsafe { call(linux::__NR_sched_yield, []) };
        }
        end.store(1, Relaxed);
        Err(Errno::EXDEV)
    };
    let spawn = hooked(memory, &linger);
    for refused_too in [linux::__NR_openat, linux::__NR_waitid] {
        end.store(0, Relaxed);
        join(fork(|| {
            // In the harness, the pipe's read end is 3, and its write end is 4.
            forbid(linux::__NR_close, 4, Some(Errno::EPERM));
            for call in [linux::__NR_kill, linux::__NR_wait4, refused_too] {
                forbid(call, 0, Some(Errno::EPERM));
            }
            let error = spawn.start().expect_err("the pipe cannot be used");
            let expected = format_text!("status pipe: {}", Errno::EPERM);
            assert_eq!(*format_text!("{error}").as_str(), expected);
            let shared = memory == Memory::Shared && !emulated();
            assert!(!shared || end.load(Relaxed) == 1, "the child still runs");
        }));
    }
}

fn it_works_where_clone3_is_refused(memory: Memory) {
    for errno in [Errno::ENOSYS, Errno::EPERM] {
        join(fork(|| {
            forbid(linux::__NR_clone3, 0, Some(errno));
            state(&probe(memory));
            fails(
                &with(memory, &[open(0, c"/nope")]),
                "file action 0 (open \"/nope\"): ENOENT: no such file or directory",
            );
            // The library tries `clone3` only once: another call would now kill the process.
            forbid(linux::__NR_clone3, 0, None);
            state(&probe(memory));
        }));
    }
}

/// Seccomp filters emulate kernels that the tests do not have: each additional filter makes the kernel look older.
/// README.md names the oldest supported kernel.
fn it_works_where_the_kernel_lacks_newer_calls(memory: Memory) {
    /// The calls that only i386 has, since Linux 5.1: `clock_gettime64`, `ppoll_time64`, `rt_sigtimedwait_time64`.
    const TIME64: [u32; 3] = [403, 414, 421];
    let newer: [&[u32]; 5] = [
        &[linux::__NR_futex_waitv],                    // since Linux 5.16
        &[linux::__NR_close_range],                    // since Linux 5.9
        &[linux::__NR_faccessat2],                     // since Linux 5.8
        &[linux::__NR_clone3, linux::__NR_pidfd_open], // since Linux 5.3
        &TIME64,
    ];
    for calls in newer {
        for &call in calls {
            forbid(call, 0, Some(Errno::ENOSYS));
        }
        let found = state(&with(memory, &[dup2(0, 40), Action::CloseFrom(3)]));
        assert_eq!(&found["fds"], "0 1 2");
        fails(
            &with(memory, &[open(0, c"/nope")]),
            "file action 0 (open \"/nope\"): ENOENT: no such file or directory",
        );
        fails(
            &hooked(memory, &kill_yourself),
            "the child was killed by SIGKILL before its exec",
        );
    }
    let mut with_pidfd = probe(memory);
    with_pidfd.attributes.pidfd = true;
    let expected = format_text!("attribute pidfd: {}", Errno::ENOSYS);
    fails(&with_pidfd, expected);
    // since Linux 3.19
    forbid(linux::__NR_execveat, 0, Some(Errno::ENOSYS));
    let program = Program::Descriptor(0);
    let by_descriptor = Spawn {
        program,
        ..probe(memory)
    };
    fails(
        &by_descriptor,
        format_text!("exec of descriptor 0: {}", Errno::ENOSYS),
    );
}

fn it_works_where_sharing_memory_is_refused(memory: Memory) {
    if emulated() {
        skip("the emulator always refuses to share memory, as each test with shared memory shows");
    }
    for errno in [Errno::EINVAL, Errno::EPERM] {
        join(fork(|| {
            forbid(linux::__NR_clone3, 0, Some(Errno::ENOSYS));
            forbid(linux::__NR_clone, linux::CLONE_VM, Some(errno));
            state(&probe(memory));
            fails(
                &with(memory, &[open(0, c"/nope")]),
                "file action 0 (open \"/nope\"): ENOENT: no such file or directory",
            );
            fails(
                &hooked(memory, &kill_yourself),
                "the child was killed by SIGKILL before its exec",
            );
            // The library tries `clone3` only once: another call would now kill the process.
            forbid(linux::__NR_clone3, 0, None);
            if memory == Memory::Shared {
                forbid(linux::__NR_clone, linux::CLONE_VM, None);
            }
            state(&probe(memory));
        }));
    }
}
