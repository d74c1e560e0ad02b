//! How much of the borrowed stack the child uses: measured by painting, in memory that is shared whatever becomes of the
//! rest, so that a copied child shows it, too.

use core::fmt::Write;
use core::mem::MaybeUninit;

use linux_raw_sys::general as linux;
use nestling::spawn::{
    Action, Attributes, Hook, Memory, Program, STACK_SIZE, Scheduler, Shell, Spawn,
};
use nestling::sys::{self, credentials};
use nestling::{AsFd, Errno, OFlags, Policy, Resource, SigSet, Signal};
use nestling_tests::{
    Text, dup2, forbid, make_directory, make_file, make_link, notice, open, probe, probe_path, say,
    shared_memory, status, text, this_process,
};

nestling_tests::suite! {
    in_all_modes {
        the_child_uses_little_of_its_stack,
        the_child_uses_little_of_its_stack_without_close_range,
        a_stack_that_is_too_small_is_refused,
        a_stack_may_begin_and_end_anywhere,
    }
}

const PAINT: u8 = 0xa5;

/// The bytes from the stack's top to the lowest one that a spawn has written.
fn use_of(spawn: &Spawn<'_>) -> usize {
    let bottom = shared_memory(STACK_SIZE);
    // SAFETY: the mapping is this long, and nobody else's.
    unsafe { bottom.write_bytes(PAINT, STACK_SIZE) };
    // SAFETY: as above; the child leaves it before the spawn returns.
    let stack =
        unsafe { core::slice::from_raw_parts_mut(bottom.cast::<MaybeUninit<u8>>(), STACK_SIZE) };
    if let Ok(mut child) = spawn.start_on(stack) {
        child.wait().expect("its status");
    }
    let painted = |&at: &usize| {
        // SAFETY: it is within the mapping. Volatile: another process wrote it.
        unsafe { bottom.add(at).read_volatile() == PAINT }
    };
    let used = STACK_SIZE - (0..STACK_SIZE).take_while(painted).count();
    assert!(used > 0, "the child did not run on this stack");
    used
}

fn release() -> bool {
    match this_process().env().var(c"NESTLING_PROFILE") {
        Some(profile) => profile == c"release",
        None => !cfg!(debug_assertions),
    }
}

fn the_child_uses_little_of_its_stack(memory: Memory) {
    for directory in [c"bin", c"cgroup"] {
        make_directory(directory).expect("a directory");
    }
    make_file(c"cgroup/cgroup.procs", 0o600, b"");
    make_file(c"words", 0o755, b"hello\n");
    make_link(c"bin/program", probe_path());
    let plain = probe(memory);

    let mut path = Text::<4096>::new();
    for i in 0..200 {
        write!(path, "/nope/number/{i}:").expect("room");
    }
    let nowhere = path;
    write!(path, "bin").expect("room");
    let search = |path| Program::Search {
        name: c"program",
        path,
    };
    let found = Spawn {
        program: search(Some(path.c_str())),
        ..plain
    };
    let not_found = Spawn {
        program: search(Some(nowhere.c_str())),
        ..plain
    };

    let room = Shell::room::<8>();
    let shell = Some(Shell {
        path: probe_path(),
        room: &room,
    });
    let by_shell = Spawn {
        program: Program::Path(c"words"),
        shell,
        ..plain
    };

    // All that can be done without being root; then what only root can, of which the first fails for others.
    let limit = sys::resource::getrlimit(Resource::Core).expect("a limit");
    let (uid, gid) = (credentials::getuid(), credentials::getgid());
    let (uid, gid) = (uid.expect("a user"), gid.expect("a group"));
    let actions = [
        open(30, c"."),
        open(4, c"words"),
        dup2(4, 5),
        dup2(5, 5),
        Action::Close(4),
        Action::Fchdir(30),
        Action::Chdir(c"."),
        Action::CloseFrom(31),
        Action::Umask(0o22),
        Action::Limit(Resource::Core, limit),
        Action::Gid(gid),
        Action::Uid(uid),
        Action::ResetIds,
        Action::Chroot(c"/"),
        Action::Groups(&[]),
        Action::SetForeground(5),
    ];
    let cgroup = sys::fd::open(c"cgroup", OFlags::DIRECTORY | OFlags::CLOEXEC, 0).expect("it");
    let hook: &(dyn Fn() -> Result<(), Errno> + Sync) = &|| Ok(());
    let attributes = Attributes {
        memory,
        notice: notice(),
        pidfd: false,
        cgroup: Some(cgroup.as_fd()),
        default_signals: SigSet::EMPTY.with(Signal::PIPE),
        new_session: true,
        process_group: None,
        scheduler: Some(Scheduler {
            policy: Some(Policy::Other),
            priority: 0,
        }),
        nice: Some(1),
        no_new_privs: true,
        parent_death_signal: Some(Signal::TERM),
        signal_mask: Some(SigSet::EMPTY),
        // SAFETY: the hook does nothing.
        hook: Some(unsafe { Hook::new(hook) }),
    };
    let last = if credentials::geteuid() == Ok(0) {
        actions.len() - 1
    } else {
        actions.len() - 3
    };
    let all = Spawn {
        actions: &actions[..last],
        attributes,
        ..found
    };
    let all_by_shell = Spawn {
        program: by_shell.program,
        shell,
        ..all
    };
    let failed = Spawn {
        actions: &actions,
        ..all
    };
    let failed_first = Spawn {
        actions: &actions[actions.len() - 1..],
        ..plain
    };

    let mut figures = Text::<512>::new();
    for (name, spawn) in [
        ("plain", &plain),
        ("search", &found),
        ("search in vain", &not_found),
        ("shell", &by_shell),
        ("everything", &all),
        ("everything and a shell", &all_by_shell),
        ("everything, failed", &failed),
        ("failed at once", &failed_first),
    ] {
        let used = use_of(spawn);
        write!(figures, "{used} {name}, ").expect("room");
        assert!(
            used <= STACK_SIZE / 2,
            "{name}: {used} bytes are more than half of the stack"
        );
        assert!(
            !release() || used < 1024,
            "{name}: {used} bytes in a release build"
        );
    }
    let profile = if release() { "release" } else { "debug" };
    say(format_args!(
        "# stack: {figures}of {STACK_SIZE} bytes ({profile}, {memory:?})"
    ));
    // What was measured is what it says.
    assert!(status(&all).success());
    assert!(failed.start().is_err());
}

fn the_child_uses_little_of_its_stack_without_close_range(memory: Memory) {
    forbid(linux::__NR_close_range, 0, Some(Errno::ENOSYS));
    the_child_uses_little_of_its_stack(memory);
}

fn a_stack_that_is_too_small_is_refused(memory: Memory) {
    let mut stack = [MaybeUninit::uninit(); STACK_SIZE - 1];
    let spawn = probe(memory);
    let error = spawn.start_on(&mut stack).expect_err("too small");
    assert_eq!(
        text!("{error}").as_str(),
        text!("clone: {}", Errno::ENOMEM).as_str()
    );
    assert!(spawn.start_on(&mut []).is_err());
}

fn a_stack_may_begin_and_end_anywhere(memory: Memory) {
    let mut stack = [MaybeUninit::uninit(); STACK_SIZE + 32];
    for start in 0..17 {
        for end in [STACK_SIZE, STACK_SIZE + 1, STACK_SIZE + 7] {
            let spawn = probe(memory);
            let outcome = spawn.start_on(&mut stack[start..start + end]);
            let mut child = outcome.unwrap_or_else(|error| panic!("{start} and {end}: {error}"));
            assert!(
                child.wait().expect("its status").success(),
                "{start} and {end}"
            );
        }
    }
}
