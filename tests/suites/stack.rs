//! Measures how much of the borrowed stack the child uses. The stack is filled with a pattern beforehand. It is in
//! memory that is always shared, so that a child with copied memory can be measured, too.

use core::ffi::c_void;
use core::fmt::Write;
use core::mem::MaybeUninit;
use core::ptr::null_mut;

use linux_raw_sys::general as linux;
use nestling::spawn::{
    Action, Attributes, CapabilitySet, Hook, Memory, Program, STACK_SIZE, Scheduler, Shell, Spawn,
};
use nestling::sys::{self, credentials};
use nestling::{AsFd, Capabilities, Errno, OFlags, Policy, Resource, SigSet, Signal};
use nestling_tests::{
    Text, dup2, emulated, forbid, fork, format_text, make_directory, make_file, make_link, notice,
    open, probe, probe_path, say, scratch, shared_memory, show, status, this_process,
};

nestling_tests::suite! {
    in_all_modes {
        the_child_uses_little_of_its_stack,
        the_child_uses_little_of_its_stack_without_close_range,
        a_stack_that_is_too_small_is_refused,
        a_stack_may_begin_and_end_anywhere,
        a_spawn_takes_little_more_than_the_childs_stack,
        a_hook_that_overflows_its_stack_is_fatal,
        a_pathname_of_the_greatest_length_is_searched_for_beside_the_stack,
    }
}

const PAINT: u8 = 0xa5;

/// At the lower end of the stack, a search reserves room for a pathname. The pathnames in these tests use at most this
/// much of it.
const SEARCH: usize = 64;

/// Returns the number of bytes from the top of the stack to the lowest byte that a spawn has written, without the
/// pathname of a search and the guard of a hook.
fn use_of(spawn: &Spawn<'_>) -> usize {
    let bottom = shared_memory(STACK_SIZE);
    // SAFETY: the mapping has this length, and no other code uses it.
    unsafe { bottom.write_bytes(PAINT, STACK_SIZE) };
    // SAFETY: the same as above; the child no longer uses the stack when the spawn returns.
    let stack =
        unsafe { core::slice::from_raw_parts_mut(bottom.cast::<MaybeUninit<u8>>(), STACK_SIZE) };
    if let Ok(mut child) = spawn.start_on(stack) {
        child.wait().expect("its status");
    }
    let painted = |&at: &usize| {
        // SAFETY: the byte is within the mapping. The read is volatile because another process wrote the byte.
        unsafe { bottom.add(at).read_volatile() == PAINT }
    };
    let used = STACK_SIZE - SEARCH - (SEARCH..STACK_SIZE).take_while(painted).count();
    assert!(used > 0, "the child did not run on this stack");
    used
}

fn release() -> bool {
    match this_process().env().var(c"NESTLING_PROFILE") {
        Some(profile) => profile == c"release",
        None => !cfg!(debug_assertions),
    }
}

/// A list of spawns that need much stack, all measured against one limit.
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

    // All actions that need no root; then those that only root may perform, of which the first fails for other users.
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
        Action::Capabilities(CapabilitySet::Inheritable, Capabilities::EMPTY),
        Action::Capabilities(CapabilitySet::Ambient, Capabilities::EMPTY),
        Action::Chroot(c"/"),
        Action::Groups(&[]),
        Action::SetForeground(5),
    ];
    let cgroup = sys::fd::open(c"cgroup", OFlags::DIRECTORY | OFlags::CLOEXEC, 0).expect("a file");
    let hook: &(dyn Fn() -> Result<(), Errno> + Sync) = &|| Ok(());
    let attributes = Attributes {
        memory,
        notice: notice(),
        pidfd: false,
        // The child's part of this is a read.
        namespaces: None,
        cgroup: Some(cgroup.as_fd()),
        default_signals: SigSet::EMPTY.with(Signal::PIPE),
        new_session: true,
        process_group: None,
        scheduler: Some(Scheduler {
            policy: Some(Policy::Other),
            priority: 0,
        }),
        nice: Some(1),
        // This attribute makes the spawn copy the memory.
        oom_score_adj: (memory == Memory::Copied).then_some(1000),
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
    // The spawn that was measured succeeds with all its attributes and actions.
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
        format_text!("{error}").as_str(),
        format_text!("clone: {}", Errno::ENOMEM).as_str()
    );
    assert!(spawn.start_on(&mut []).is_err());
}

fn a_stack_may_begin_and_end_anywhere(memory: Memory) {
    let mut stack = [MaybeUninit::uninit(); STACK_SIZE + 32];
    for start in 0..17 {
        for end in [STACK_SIZE, STACK_SIZE + 1, STACK_SIZE + 7] {
            let mut spawn = probe(memory);
            // SAFETY: the hook does nothing.
            spawn.attributes.hook = Some(unsafe { Hook::new(&|| Ok(())) });
            let outcome = spawn.start_on(&mut stack[start..start + end]);
            let mut child = outcome.unwrap_or_else(|error| panic!("{start} and {end}: {error}"));
            assert!(
                child.wait().expect("its status").success(),
                "{start} and {end}"
            );
        }
    }
}

/// Uses as much stack as a deep recursion: its lowest bytes are far below the stack's end.
#[inline(never)]
fn use_stack() -> u8 {
    let bytes = core::hint::black_box([1u8; STACK_SIZE]);
    core::hint::black_box(&bytes)[0]
}

/// The bytes below the stack belong to the test. Below a stack that a spawn borrows from the caller's own, the parent's
/// frames begin: the child and the parent would overwrite each other's return addresses, and the parent could go on with
/// the code of the child.
fn a_hook_that_overflows_its_stack_is_fatal(memory: Memory) {
    let helper = fork(|| {
        let overflow = || match use_stack() {
            1 => Ok(()),
            _ => Err(Errno::EINVAL),
        };
        let mut spawn = probe(memory);
        // SAFETY: the overflow is intended, and overwrites only the mapping below the stack.
        spawn.attributes.hook = Some(unsafe { Hook::new(&overflow) });
        let memory = shared_memory(8 * STACK_SIZE).cast::<MaybeUninit<u8>>();
        // SAFETY: this is the upper end of the mapping, and no other code uses it.
        let stack =
            unsafe { core::slice::from_raw_parts_mut(memory.add(7 * STACK_SIZE), STACK_SIZE) };
        match spawn.start_on(stack) {
            Ok(_) => panic!("a hook that overflows its stack succeeded"),
            Err(error) => assert_eq!(
                format_text!("{error}").as_str(),
                "the child was killed by SIGKILL before its exec"
            ),
        }
    });
    let status = nestling::wait::wait(helper).expect("its status");
    let parent_survives = memory == Memory::Copied || emulated();
    assert_eq!(status.success(), parent_survives, "{status}");
    assert_eq!(status.signal().is_some(), !parent_survives, "{status}");
}

fn a_pathname_of_the_greatest_length_is_searched_for_beside_the_stack(memory: Memory) {
    make_link(c"program", probe_path());
    // "/nope/./././…/program" has 4,095 bytes and a null; the text before it has one more byte.
    let name = "/program";
    let mut path = Text::<8300>::new();
    for length in [4096, 4095] {
        let end = path.as_str().len() + length - name.len();
        write!(path, "{}", show(scratch())).expect("room");
        while path.as_str().len() + 2 <= end {
            write!(path, "/.").expect("room");
        }
        if path.as_str().len() < end {
            write!(path, "/").expect("room");
        }
        write!(path, ":").expect("room");
    }
    let spawn = Spawn {
        program: Program::Search {
            name: c"program",
            path: Some(path.c_str()),
        },
        ..probe(memory)
    };
    assert!(status(&spawn).success());
}

unsafe extern "C" fn spawn_and_exit(spawn: *mut c_void) -> ! {
    // SAFETY: the pointer is the spawn of the test below, which waits for this child.
    let spawn = unsafe { &*spawn.cast::<Spawn<'_>>() };
    let is_well = spawn.start().is_ok_and(|mut child| child.wait().is_ok());
    sys::process::exit(i32::from(!is_well))
}

/// In the smallest thread, the stack has 16 KiB, of which the C library uses about 3 KiB.
fn a_spawn_takes_little_more_than_the_childs_stack(memory: Memory) {
    const ROOM: usize = 32 * 1024;
    const MOST: usize = 12 * 1024;
    let spawn = Spawn {
        program: Program::Search {
            name: c"missing",
            path: Some(c"/nope:/nope/nope:/bin"),
        },
        ..probe(memory)
    };
    for spawn in [probe(memory), spawn] {
        let bottom = shared_memory(ROOM);
        // SAFETY: the mapping has this length, and no other code uses it. With `CLONE_VFORK` this process waits for the
        // child, which is otherwise an ordinary process.
        let helper = unsafe {
            bottom.write_bytes(PAINT, ROOM);
            let flags = linux::CLONE_VM | linux::CLONE_VFORK | linux::SIGCHLD;
            let argument = (&raw const spawn).cast_mut().cast();
            sys::clone::clone(
                flags,
                bottom.add(ROOM),
                null_mut(),
                spawn_and_exit,
                argument,
            )
        };
        nestling::wait::wait(helper.expect("a child")).expect("its end");
        let painted = |&at: &usize| {
            // SAFETY: the byte is within the mapping. The read is volatile because another process wrote the byte.
            unsafe { bottom.add(at).read_volatile() == PAINT }
        };
        let used = ROOM - (0..ROOM).take_while(painted).count();
        say(format_args!("# a spawn takes {used} bytes of stack"));
        assert!(STACK_SIZE < used && used <= MOST, "{used} bytes");
    }
}
