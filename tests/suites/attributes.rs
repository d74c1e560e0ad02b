//! Tests of every attribute: its effect in the program, and the report of its failure.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use core::time::Duration;

use linux_raw_sys::general as linux;
use linux_raw_sys::prctl::PR_SET_CHILD_SUBREAPER;
use nestling::spawn::{
    Action, Attributes, CapabilitySet, Hook, IdMap, Memory, NewNamespaces, Program, Scheduler,
    Spawn, features,
};
use nestling::sys::namespace::Namespaces;
use nestling::sys::{self, credentials, process, signal};
use nestling::{
    Args, AsFd, Capabilities, Errno, OFlags, Pid, Policy, Resource, Rlimit, SigSet, Signal, args,
};
use nestling_tests::{
    State, cgroup2, dup2, emulated, fails, fd, forbid, fork, format_text, handle, handleable, join,
    mailbox, make_directory, make_file, need_root, open, own_nice, prctl, probe, read_file, remove,
    skip, start, started, state,
};

nestling_tests::suite! {
    in_all_modes {
        new_session_makes_the_program_a_session_leader,
        process_group_is_a_new_or_an_existing_one,
        a_failed_process_group_is_reported,
        without_attributes_the_parents_are_inherited,
        scheduler_sets_policy_and_priority,
        a_failed_scheduler_is_reported,
        nice_is_set,
        a_nice_value_without_privilege_is_reported,
        oom_score_adj_is_the_childs_and_never_the_parents,
        a_failed_oom_score_adj_is_reported,
        signal_mask_is_set_or_inherited,
        default_signals_are_no_longer_ignored,
        default_signals_may_be_all_signals,
        no_new_privs_is_set,
        parent_death_signal_comes_when_the_parent_dies,
        cgroup_is_joined,
        a_cgroup_that_is_not_cgroup2_is_joined_by_its_file,
        a_failed_cgroup_is_reported,
        a_child_is_process_1_of_a_new_pid_namespace,
        ids_of_a_new_user_namespace_are_mapped,
        namespaces_are_entered,
        namespaces_that_cannot_be_had_are_reported,
        pidfd_names_the_child,
        pidfd_is_made_without_clone3,
        hook_runs_last,
        a_failed_hook_is_reported,
        an_administrators_stop_before_the_exec_is_left_alone,
        the_parent_sees_what_a_hook_writes_if_memory_is_shared,
        a_feature_that_the_program_does_not_name_is_refused_and_nothing_is_started,
        a_feature_that_the_program_names_works,
    }
}

fn with<'a>(memory: Memory, set: impl FnOnce(&mut Attributes<'a>)) -> Spawn<'a> {
    let mut spawn = probe(memory);
    set(&mut spawn.attributes);
    spawn
}

fn new_session_makes_the_program_a_session_leader(memory: Memory) {
    let found = state(&with(memory, |attributes| attributes.new_session = true));
    assert_eq!(found["session"], found["pid"]);
    assert_eq!(found["group"], found["pid"]);
}

fn process_group_is_a_new_or_an_existing_one(memory: Memory) {
    let group = |group| with(memory, |attributes| attributes.process_group = Some(group));
    let found = state(&group(0));
    assert_eq!(found["group"], found["pid"]);
    assert_eq!(found["session"], format_text!("{}", process::getpid()));

    let list = args![c"probe", c"until-eof", c"3"];
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let actions = [dup2(end.as_raw_fd(), 3)];
    let leader = Spawn {
        args: Args::new(&list),
        actions: &actions,
        ..group(0)
    };
    let mut leader = started(&leader);
    let found = state(&group(leader.id().as_raw()));
    assert_eq!(found["group"], format_text!("{}", leader.id()));
    drop(held);
    assert!(leader.wait().expect("its status").success());
}

fn a_failed_process_group_is_reported(memory: Memory) {
    for (group, new_session, errno) in [
        (-1, false, Errno::EINVAL),
        (i32::MAX, false, Errno::EPERM),
        (0, true, Errno::EPERM), // the leader of a session stays in its group
    ] {
        let mut spawn = with(memory, |attributes| attributes.process_group = Some(group));
        spawn.attributes.new_session = new_session;
        fails(&spawn, format_args!("attribute process group: {errno}"));
    }
}

fn without_attributes_the_parents_are_inherited(memory: Memory) {
    let found = state(&probe(memory));
    assert_eq!(found["session"], format_text!("{}", process::getpid()));
    assert_eq!(found["group"], found["session"]);
    assert_eq!(found["parent"], found["session"]);
    assert_eq!((&found["blocked"], &found["ignored"]), ("0", "0"));
    assert_eq!(found["nice"], own_nice());
    assert_eq!(&found["no new privileges"], "0");
}

fn scheduler(memory: Memory, policy: Option<Policy>, priority: i32) -> Spawn<'static> {
    let scheduler = Some(Scheduler { policy, priority });
    with(memory, |attributes| attributes.scheduler = scheduler)
}

fn scheduler_sets_policy_and_priority(memory: Memory) {
    let batch = scheduler(memory, Some(Policy::Batch), 0);
    let expected = format_text!("{} 0", linux::SCHED_BATCH);
    assert_eq!(state(&batch)["scheduler"], expected);
    assert_eq!(&state(&scheduler(memory, None, 0))["scheduler"], "0 0");
    let real_time = scheduler(memory, Some(Policy::RoundRobin), 7);
    match start(&real_time) {
        Ok(mut child) => {
            assert!(child.wait().expect("its status").success());
            let found = State::read(c"out");
            assert_eq!(found["scheduler"], format_text!("{} 7", linux::SCHED_RR));
        }
        Err(error) => skip(format_text!("no real-time policies here: {error}")),
    }
}

fn a_failed_scheduler_is_reported(memory: Memory) {
    let expected = "attribute scheduler: EINVAL: invalid argument";
    fails(&scheduler(memory, Some(Policy::Fifo), 0), expected);
    fails(&scheduler(memory, Some(Policy::Other), 1), expected);
    fails(&scheduler(memory, None, 5), expected);
}

fn nice(memory: Memory, nice: i32) -> Spawn<'static> {
    with(memory, |attributes| attributes.nice = Some(nice))
}

fn nice_is_set(memory: Memory) {
    assert_eq!(&state(&nice(memory, 5))["nice"], "5");
    assert_eq!(&state(&nice(memory, 19))["nice"], "19");
    need_root();
    assert_eq!(&state(&nice(memory, -3))["nice"], "-3");
}

fn oom_score_adj_is_the_childs_and_never_the_parents(memory: Memory) {
    let own = c"/proc/self/oom_score_adj";
    let parents = format_text!("/proc/{}/oom_score_adj", process::getpid());
    let before = read_file(own).expect("a number");
    let expected = [(own, "777\n"), (parents.c_str(), before.as_str())];
    // The hook looks while the child has the new value and may share the parent's memory.
    let look = || {
        for (path, number) in expected {
            let mut bytes = [0; 8];
            let file = sys::fd::open(path, OFlags::RDONLY | OFlags::CLOEXEC, 0)?;
            let length = sys::fd::read(file.as_fd(), &mut bytes)?;
            if bytes[..length] != *number.as_bytes() {
                return Err(Errno::EXDEV);
            }
        }
        Ok(())
    };
    let spawn = with(memory, |attributes| {
        attributes.oom_score_adj = Some(777);
        // SAFETY: the hook makes system calls only.
        attributes.hook = Some(unsafe { Hook::new(&look) });
    });
    state(&spawn);
    assert_eq!(read_file(own).expect("a number").as_str(), before.as_str());
}

fn a_failed_oom_score_adj_is_reported(memory: Memory) {
    let too_much = with(memory, |attributes| attributes.oom_score_adj = Some(1001));
    let expected = "attribute oom_score_adj: EINVAL: invalid argument";
    fails(&too_much, expected);
}

fn a_nice_value_without_privilege_is_reported(memory: Memory) {
    if sys::credentials::geteuid() == Ok(0) {
        let none = nestling::Rlimit { soft: 0, hard: 0 };
        sys::resource::setrlimit(nestling::Resource::Nice, none).expect("a limit");
        sys::credentials::setuid(1000).expect("another user");
    }
    fails(
        &nice(memory, -1),
        "attribute nice: EACCES: permission denied",
    );
}

fn signal_mask_is_set_or_inherited(memory: Memory) {
    let masked = |mask| with(memory, |attributes| attributes.signal_mask = mask);
    let set = SigSet::EMPTY.with(Signal::INT).with(Signal::TERM);
    let other = SigSet::EMPTY.with(Signal::USR1);
    signal::set_mask(other).expect("a mask");
    assert_eq!(
        state(&masked(Some(set)))["blocked"],
        format_text!("{:x}", set.bits())
    );
    assert_eq!(&state(&masked(Some(SigSet::EMPTY)))["blocked"], "0");
    assert_eq!(
        state(&masked(None))["blocked"],
        format_text!("{:x}", other.bits())
    );
    let all = SigSet::ALL.without(Signal::KILL).without(Signal::STOP);
    if !emulated() {
        let found = state(&masked(Some(SigSet::ALL)));
        assert_eq!(found["blocked"], format_text!("{:x}", all.bits()));
    }
}

fn default_signals_are_no_longer_ignored(memory: Memory) {
    let ignored = [Signal::INT, Signal::QUIT, Signal::PIPE];
    for signal in ignored {
        // SAFETY: the action `Ignore` runs no handler.
        unsafe { signal::set_action(signal, signal::Disposition::Ignore, 0) }.expect("ignored");
    }
    handle([Signal::USR1].into_iter(), 0);
    let bits = |signals: &[Signal]| {
        let set = signals
            .iter()
            .fold(SigSet::EMPTY, |set, &signal| set.with(signal));
        format_text!("{:x}", set.bits())
    };
    assert_eq!(state(&probe(memory))["ignored"], bits(&ignored));
    let set = SigSet::EMPTY.with(Signal::QUIT).with(Signal::KILL);
    let found = state(&with(memory, |attributes| attributes.default_signals = set));
    assert_eq!(found["ignored"], bits(&[Signal::INT, Signal::PIPE]));
}

fn default_signals_may_be_all_signals(memory: Memory) {
    if emulated() {
        skip("the emulator keeps signals for itself: EINVAL");
    }
    for signal in handleable().filter(|&signal| signal != Signal::CHLD) {
        // SAFETY: the action `Ignore` runs no handler.
        unsafe { signal::set_action(signal, signal::Disposition::Ignore, 0) }.expect("ignored");
    }
    let found = state(&with(memory, |attributes| {
        attributes.default_signals = SigSet::ALL
    }));
    assert_eq!(&found["ignored"], "0");
}

fn no_new_privs_is_set(memory: Memory) {
    let found = state(&with(memory, |attributes| attributes.no_new_privs = true));
    assert_eq!(&found["no new privileges"], "1");
    assert_eq!(&state(&probe(memory))["no new privileges"], "0");
}

fn parent_death_signal_comes_when_the_parent_dies(memory: Memory) {
    // As a subreaper, this process gets the status of the orphan. The emulator does not know this option.
    let reaper = prctl(PR_SET_CHILD_SUBREAPER, 1);
    // The program waits for the end of a pipe, which this process keeps open. A second pipe, which only the program
    // holds, shows the program's end.
    let (never, _held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let (end, program_only) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let actions = [
        dup2(never.as_raw_fd(), 20),
        dup2(program_only.as_raw_fd(), 21),
    ];
    let list = args![c"probe", c"until-eof", c"20"];
    let parent = fork(|| {
        let mut spawn = with(memory, |it| it.parent_death_signal = Some(Signal::USR2));
        (spawn.args, spawn.actions) = (Args::new(&list), &actions);
        let child = started(&spawn);
        mailbox().numbers[69].store(child.id().as_raw() as u32, Relaxed);
    });
    join(parent);
    drop(program_only);
    assert_eq!(
        sys::fd::read(end.as_fd(), &mut [0]),
        Ok(0),
        "the program's end"
    );
    if reaper.is_ok() {
        let child = Pid::from_raw(mailbox().numbers[69].load(Relaxed) as i32).expect("the child");
        let status = nestling::wait::wait(child).expect("the orphan's status");
        assert_eq!(status.signal(), Some(Signal::USR2));
    }
}

fn cgroup<'a>(memory: Memory, directory: &'a nestling::OwnedFd) -> Spawn<'a> {
    with(memory, |attributes| {
        attributes.cgroup = Some(directory.as_fd())
    })
}

fn cgroup_is_joined(memory: Memory) {
    let mount = cgroup2();
    let name = format_text!("nestling-{}", process::getpid());
    let path = format_text!("{mount}/{name}");
    if let Err(errno) = make_directory(path.c_str()) {
        skip(format_text!("no cgroup can be made: {errno}"));
    }
    let directory = sys::fd::open(path.c_str(), OFlags::DIRECTORY | OFlags::CLOEXEC, 0);
    let directory = directory.expect("the cgroup");
    let first = state(&cgroup(memory, &directory));
    assert!(
        first["cgroup"].ends_with(name.as_str()),
        "{}",
        &first["cgroup"]
    );
    if !emulated() {
        forbid(linux::__NR_clone3, 0, Some(Errno::ENOSYS));
        let second = state(&cgroup(memory, &directory));
        assert_eq!(first["cgroup"], second["cgroup"], "joined without clone3");
    }
    remove(path.c_str());
}

fn a_cgroup_that_is_not_cgroup2_is_joined_by_its_file(memory: Memory) {
    make_directory(c"group").expect("a directory");
    make_file(c"group/cgroup.procs", 0o644, b"");
    let directory = sys::fd::open(c"group", OFlags::DIRECTORY | OFlags::CLOEXEC, 0);
    state(&cgroup(memory, &directory.expect("the directory")));
    assert_eq!(
        read_file(c"group/cgroup.procs").expect("the file").as_str(),
        "0"
    );
}

fn a_failed_cgroup_is_reported(memory: Memory) {
    make_directory(c"group").expect("a directory");
    let directory = sys::fd::open(c"group", OFlags::DIRECTORY | OFlags::CLOEXEC, 0);
    let directory = directory.expect("the directory");
    let expected = "attribute cgroup: ENOENT: no such file or directory";
    fails(&cgroup(memory, &directory), expected);
    fails(&cgroup(memory, &directory), expected);
}

fn a_child_is_process_1_of_a_new_pid_namespace(memory: Memory) {
    need_root();
    let new = NewNamespaces::new(Namespaces::PID | Namespaces::IPC);
    let mut spawn = with(memory, |attributes| {
        attributes.namespaces = Some(&new);
        attributes.parent_death_signal = Some(Signal::KILL);
        attributes.pidfd = true;
    });
    let found = match start(&spawn) {
        Err(error) if emulated() => skip(format_text!("the emulator has no namespaces: {error}")),
        outcome => {
            let mut child = outcome.unwrap_or_else(|error| panic!("{error}"));
            assert!(child.wait().expect("its status").success());
            State::read(c"out")
        }
    };
    assert_eq!((&found["pid"], &found["parent"]), ("1", "0"));
    spawn.attributes.pidfd = false;
    forbid(linux::__NR_clone3, 0, Some(Errno::ENOSYS));
    assert_eq!(&state(&spawn)["pid"], "1", "by clone, too");
}

const USER: NewNamespaces<'static> = NewNamespaces::new(Namespaces::USER);

fn need_user_namespaces() {
    match start(&with(Memory::Shared, |it| it.namespaces = Some(&USER))) {
        Ok(mut child) => assert!(child.wait().expect("its status").success()),
        Err(error) => skip(format_text!("no user namespaces here: {error}")),
    }
}

fn ids_of_a_new_user_namespace_are_mapped(memory: Memory) {
    need_user_namespaces();
    let [uid, gid] = [credentials::geteuid(), credentials::getegid()].map(|id| id.expect("an id"));
    let (users, groups) = ([IdMap::one(5, uid)], [IdMap::one(6, gid)]);
    let new = NewNamespaces {
        users: &users,
        groups: &groups,
        ..USER
    };
    let mut spawn = with(memory, |attributes| attributes.namespaces = Some(&new));
    let before = process::dumpable();
    let found = state(&spawn);
    assert_eq!((&found["uid"], &found["gid"]), ("5 5", "6 6"));
    let actions = [Action::Groups(&[])];
    spawn.actions = &actions;
    let denied = "EPERM: operation not permitted";
    fails(&spawn, format_args!("action 0 (groups): {denied}"));
    assert_eq!(process::dumpable(), before);
    (spawn.actions, spawn.attributes.namespaces) = (&[], Some(&USER));
    assert_eq!(&state(&spawn)["uid"], "65534 65534", "without maps");
    need_root();
    // The probe writes its state as another user.
    let all = [
        IdMap::one(0, 0),
        IdMap {
            inside: 100,
            outside: 100_000,
            count: 10,
        },
    ];
    remove(c"out");
    make_file(c"out", 0o666, b"");
    sys::file::chmod(c"out", 0o666).expect("the file's mode");
    let new = NewNamespaces {
        users: &all,
        groups: &all,
        setgroups: true,
        ..USER
    };
    spawn.attributes.namespaces = Some(&new);
    let actions = [
        Action::Groups(&[101, 102]),
        Action::Gid(103),
        Action::Uid(104),
    ];
    spawn.actions = &actions;
    let found = state(&spawn);
    assert_eq!((&found["uid"], &found["gid"]), ("104 104", "103 103"));
    assert_eq!(&found["groups"], "101 102");
}

fn namespaces_are_entered(memory: Memory) {
    need_user_namespaces();
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let list = args![c"probe", c"until-eof", c"3"];
    let users = [IdMap::one(7, credentials::geteuid().expect("an id"))];
    let actions = [dup2(end.as_raw_fd(), 3)];
    let new = NewNamespaces {
        users: &users,
        ..NewNamespaces::new(Namespaces::USER | Namespaces::PID)
    };
    let mut holder = with(memory, |attributes| attributes.namespaces = Some(&new));
    (holder.args, holder.actions) = (Args::new(&list), &actions);
    let mut holder = started(&holder);
    let path = format_text!("/proc/{}/ns/user", holder.id());
    let user = sys::fd::open(path.c_str(), OFlags::RDONLY | OFlags::CLOEXEC, 0);
    let user = user.expect("a namespace");
    let number = user.as_raw_fd();
    let before = process::dumpable();
    let entering = |action| {
        let actions = [action];
        let spawn = Spawn {
            actions: &actions,
            ..probe(memory)
        };
        start(&spawn)
            .map_err(|error| alloc::format!("{error}"))
            .map(|mut child| {
                assert!(child.wait().expect("its status").success());
                State::read(c"out")
            })
    };
    for kind in [Namespaces::USER, Namespaces::default()] {
        let found = entering(Action::Setns(number, kind)).expect("a child");
        assert_eq!(&found["uid"], "7 7");
    }
    for (number, errno) in [
        (number, Errno::EINVAL),
        (end.as_raw_fd(), Errno::EINVAL),
        (60, Errno::EBADF),
    ] {
        let error = entering(Action::Setns(number, Namespaces::PID)).err();
        let expected = format_text!("action 0 (setns {number}): {errno}");
        assert_eq!(error.expect("a failure").as_str(), expected.as_str());
    }
    assert_eq!(process::dumpable(), before);
    drop(held);
    assert!(holder.wait().expect("its status").success());
}

fn namespaces_that_cannot_be_had_are_reported(memory: Memory) {
    need_user_namespaces();
    let number = credentials::geteuid().expect("an id");
    let none = [IdMap {
        inside: 0,
        outside: number,
        count: 0,
    }];
    for (users, errno) in [
        (&[IdMap::one(0, number); 2][..], Errno::EINVAL), // they overlap
        (&none, Errno::EINVAL),
        (&[IdMap::one(1, 1); 800], Errno::E2BIG),
    ] {
        let new = NewNamespaces { users, ..USER };
        let spawn = with(memory, |attributes| attributes.namespaces = Some(&new));
        fails(&spawn, format_args!("attribute namespaces: {errno}"));
        match spawn.begin().and_then(|starting| starting.finish()) {
            Ok(_) => panic!("the start should fail"),
            Err(error) => assert_eq!(error.errno(), Some(errno), "{error}"),
        }
        assert!(!nestling_tests::has_child());
    }
    // Without a new namespace, the ids are mapped already.
    let users = [IdMap::one(0, number)];
    let new = NewNamespaces {
        users: &users,
        setgroups: true,
        ..NewNamespaces::new(Namespaces::default())
    };
    let mut spawn = with(memory, |attributes| attributes.namespaces = Some(&new));
    let denied = Errno::EPERM;
    fails(&spawn, format_args!("attribute namespaces: {denied}"));
    let error = format_text!("{}", spawn.exec_without_actions());
    let expected = format_text!("attribute namespaces: {}", Errno::EINVAL);
    assert_eq!(error.as_str(), expected.as_str());
    if number == 0 {
        credentials::setresuid(1000, 1000, 1000).expect("another user");
    }
    let new = NewNamespaces::new(Namespaces::UTS);
    spawn.attributes.namespaces = Some(&new);
    fails(&spawn, format_args!("attribute namespaces: {denied}"));
}

fn pidfd_names_the_child(memory: Memory) {
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let actions = [dup2(end.as_raw_fd(), 3)];
    let list = args![c"probe", c"until-eof", c"3"];
    let mut spawn = with(memory, |attributes| attributes.pidfd = true);
    (spawn.args, spawn.actions) = (Args::new(&list), &actions);
    let mut child = match start(&spawn) {
        Err(error) if emulated() => skip(format_text!("the emulator has no pidfds: {error}")),
        outcome => outcome.unwrap_or_else(|error| panic!("{error}")),
    };
    let number = child.pidfd().expect("a pidfd").as_raw_fd();
    assert_eq!(sys::fd::cloexec(number), Ok(true), "close-on-exec");
    match child.try_wait() {
        Err(Errno::EINVAL) if emulated() => skip("the emulator's waitid takes no pidfds"),
        answer => assert_eq!(answer, Ok(None), "while it runs"),
    }
    drop(held);
    assert!(child.wait().expect("its status").success());
    assert!(child.try_wait().expect("the same again").is_some());
    let pidfd = child.into_pidfd().expect("the pidfd");
    assert_eq!(
        nestling::wait::wait_pidfd(pidfd.as_fd()),
        Err(Errno::ECHILD)
    );
}

fn pidfd_is_made_without_clone3(memory: Memory) {
    forbid(linux::__NR_clone3, 0, Some(Errno::EPERM));
    pidfd_names_the_child(memory);
}

fn hooked<'a>(memory: Memory, hook: &'a (dyn Fn() -> Result<(), Errno> + Sync)) -> Spawn<'a> {
    // SAFETY: the tests' hooks make system calls and write to atomics.
    let hook = Some(unsafe { Hook::new(hook) });
    with(memory, |attributes| {
        (attributes.hook, attributes.new_session) = (hook, true)
    })
}

fn hook_runs_last(memory: Memory) {
    make_file(c"file", 0o600, b"");
    let mask = SigSet::EMPTY.with(Signal::USR1);
    // The program sees the effect of the hook, and the hook sees the effects of all earlier steps.
    let look = || {
        let all = sys::fd::cloexec(9) == Ok(false)
            && process::getsid(0) == Ok(process::getpid().as_raw())
            && signal::mask() == Ok(mask);
        sys::fd::set_cloexec(fd(10), true)?;
        if all { Ok(()) } else { Err(Errno::EXDEV) }
    };
    let actions = [open(9, c"file"), open(10, c"file")];
    let mut spawn = Spawn {
        actions: &actions,
        ..hooked(memory, &look)
    };
    spawn.attributes.signal_mask = Some(mask);
    assert_eq!(&state(&spawn)["fds"], "0 1 2 9");
}

fn a_failed_hook_is_reported(memory: Memory) {
    let actions = [Action::Umask(0)];
    let spawn = Spawn {
        actions: &actions,
        ..hooked(memory, &|| Err(Errno::EXDEV))
    };
    fails(&spawn, format_args!("attribute hook: {}", Errno::EXDEV));
}

/// The helper lets the child continue only after the parent has woken up twice and so has seen the stop.
fn an_administrators_stop_before_the_exec_is_left_alone(memory: Memory) {
    let [child, is_released] = [66, 67].map(|number| &mailbox().numbers[number]);
    let parent = process::getpid();
    let helper = fork(|| {
        let field = |pid: u32, file: &str, name: &str| {
            let text = read_file(format_text!("/proc/{pid}/{file}").c_str()).ok()?;
            let line = text
                .as_str()
                .lines()
                .find_map(|line| line.strip_prefix(name));
            line.map(|value| format_text!("{}", value.trim()))
        };
        let until = |done: &dyn Fn() -> bool| {
            while !done() {
                let _ = sys::poll::ppoll(&mut [], Some(Duration::from_millis(1)), None);
            }
        };
        let is_stopped = || {
            let state = field(child.load(Relaxed), "status", "State:");
            state.is_some_and(|state| state.as_str().starts_with('T'))
        };
        let wakings = || {
            let count = field(parent.as_raw() as u32, "status", "voluntary_ctxt_switches:");
            count.map_or(0, |count| count.as_str().parse::<u64>().expect("a number"))
        };
        until(&|| child.load(Relaxed) != 0 && is_stopped());
        let before = wakings();
        until(&|| wakings() >= before + 2);
        is_released.store(1, Relaxed);
        process::kill(child.load(Relaxed) as i32, Some(Signal::CONT)).expect("a signal");
    });
    let stop_yourself = || {
        let own = process::getpid().as_raw();
        child.store(own as u32, Relaxed);
        process::kill(own, Some(Signal::STOP))?;
        if is_released.load(Relaxed) == 0 {
            return Err(Errno::EALREADY);
        }
        Ok(())
    };
    state(&hooked(memory, &stop_yourself));
    join(helper);
}

fn the_parent_sees_what_a_hook_writes_if_memory_is_shared(memory: Memory) {
    let (here, everywhere) = (AtomicU32::new(1), &mailbox().numbers[69]);
    let write = || {
        here.store(2, Relaxed);
        everywhere.store(2, Relaxed);
        Ok(())
    };
    state(&hooked(memory, &write));
    assert_eq!(everywhere.load(Relaxed), 2, "the hook ran");
    let shared = memory == Memory::Shared && !emulated();
    assert_eq!(
        here.load(Relaxed),
        if shared { 2 } else { 1 },
        "the parent's memory"
    );
}

/// A list of the features with an attribute or an action that needs them.
fn a_feature_that_the_program_does_not_name_is_refused_and_nothing_is_started(memory: Memory) {
    let hook = Hook::ignore_interrupts();
    let scheduler = Some(Scheduler {
        policy: None,
        priority: 0,
    });
    type Set<'a> = &'a dyn Fn(&mut Attributes<'_>);
    let attributes: [(u32, &str, Set<'_>); 7] = [
        (features::NAMESPACES, "namespaces", &|it| {
            it.namespaces = Some(&USER)
        }),
        (features::PIDFD, "pidfd", &|it| it.pidfd = true),
        (features::DEFAULT_SIGNALS, "default signals", &|it| {
            it.default_signals = SigSet::ALL
        }),
        (features::SCHEDULER, "scheduler", &|it| {
            it.scheduler = scheduler
        }),
        (features::NO_NEW_PRIVS, "no new privileges", &|it| {
            it.no_new_privs = true
        }),
        (
            features::PARENT_DEATH_SIGNAL,
            "parent-death signal",
            &|it| it.parent_death_signal = Some(Signal::KILL),
        ),
        (features::HOOK, "hook", &|it| it.hook = Some(hook)),
    ];
    let mut all = 0;
    for (bit, name, set) in attributes {
        let spawn = with(memory, set);
        let error = spawn.start_with::<0>().expect_err("it is not used");
        let expected = format_text!("attribute {name}: {}", Errno::EINVAL);
        assert_eq!(format_text!("{error}").as_str(), expected.as_str());
        all |= bit;
    }

    let actions = [
        (features::OPEN, open(5, c"/dev/null")),
        (features::CLOSE, Action::Close(5)),
        (features::DUP2, dup2(0, 5)),
        (features::CHDIR, Action::Chdir(c"/")),
        (features::FCHDIR, Action::Fchdir(0)),
        (features::CLOSE_FROM, Action::CloseFrom(5)),
        (features::SET_FOREGROUND, Action::SetForeground(0)),
        (
            features::CONTROLLING_TERMINAL,
            Action::ControllingTerminal(0),
        ),
        (features::CHROOT, Action::Chroot(c"/")),
        (features::UMASK, Action::Umask(0)),
        (
            features::LIMIT,
            Action::Limit(Resource::Core, Rlimit { soft: 0, hard: 0 }),
        ),
        (features::GROUPS, Action::Groups(&[])),
        (features::GID, Action::Gid(0)),
        (features::UID, Action::Uid(0)),
        (features::RESET_IDS, Action::ResetIds),
        (
            features::CAPABILITIES,
            Action::Capabilities(CapabilitySet::Ambient, Capabilities::EMPTY),
        ),
        (features::SECUREBITS, Action::Securebits(0)),
        (features::SETNS, Action::Setns(0, Namespaces::UTS)),
    ];
    for (bit, action) in actions {
        let actions = [action];
        let spawn = Spawn {
            actions: &actions,
            ..probe(memory)
        };
        let error = spawn.start_with::<0>().expect_err("it is not used");
        let error = format_text!("{error}");
        assert!(error.as_str().contains("action 0 ("), "{error}");
        assert!(error.as_str().contains("): EINVAL: "), "{error}");
        all |= bit;
    }

    let program = Program::Descriptor(0);
    let spawn = Spawn {
        program,
        ..probe(memory)
    };
    let error = spawn.start_with::<0>().expect_err("it is not used");
    let expected = format_text!("exec of descriptor 0: {}", Errno::EINVAL);
    assert_eq!(format_text!("{error}").as_str(), expected.as_str());
    all |= features::DESCRIPTOR | features::SHELL;
    assert_eq!(all.count_ones(), 27, "each has a bit of its own");
}

fn a_feature_that_the_program_names_works(memory: Memory) {
    const FEATURES: u32 = features::PIDFD | features::CHDIR;
    let mut spawn = with(memory, |attributes| attributes.pidfd = true);
    let mut child = spawn.start_with::<FEATURES>().expect("all of it is used");
    assert!(child.pidfd().is_some());
    assert!(child.wait().expect("it is there").success());
    let actions = [Action::Chdir(c"/nope")];
    spawn.actions = &actions;
    let error = spawn.start_with::<FEATURES>().expect_err("it is not there");
    assert_eq!(error.errno(), Some(Errno::ENOENT));
}
