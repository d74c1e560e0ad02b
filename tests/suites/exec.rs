//! Tests of the exec: by path, along PATH, by descriptor, and by a shell; and of the errors of an exec that fails. The
//! same without a child (`Spawn::exec`); and `fork`.

use core::ffi::CStr;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use linux_raw_sys::general as linux;
use linux_raw_sys::ioctl::{TIOCGPTN, TIOCSPTLCK};
use linux_raw_sys::prctl::PR_GET_PDEATHSIG;
use nestling::spawn::{
    self, Action, Attributes, Error, Hook, Memory, Program, Scheduler, Shell, Spawn,
};
use nestling::sys::{self, process, signal};
use nestling::{
    Args, AsFd, Errno, ExitStatus, OFlags, Pid, Policy, Resource, Rlimit, SigSet, Signal, args,
    signals, wait,
};
use nestling_tests::{
    DESCRIPTORS, State, Table, Text, call, copy_probe, directory, dup2, emulated, fails, fd, fork,
    format_text, handle, handled, has_child, inode, ioctl, join, mailbox, make_directory,
    make_file, make_link, need_root, open, open_only, open_probe, own_nice, probe, probe_path,
    read_file, scratch, show, skip, start, started, state, strayed,
};

nestling_tests::suite! {
    in_all_modes {
        by_path_with_arguments_and_environment,
        without_arguments_and_environment,
        a_relative_path_begins_in_the_directory_that_the_actions_have_set,
        a_missing_program_is_reported,
        a_missing_interpreter_is_distinguished_from_a_missing_program,
        a_program_that_may_not_be_executed_is_reported,
        too_large_arguments_are_reported,
        the_search_takes_the_first_that_can_be_executed,
        the_search_skips_missing_files_and_paths_through_other_files,
        the_search_remembers_a_file_that_may_not_be_executed,
        the_search_takes_an_empty_element_for_the_working_directory,
        a_name_with_a_slash_is_not_searched_for,
        the_search_ends_at_any_other_error,
        the_search_has_a_default_path,
        a_file_in_no_executable_format_is_an_error_without_a_shell,
        a_file_in_no_executable_format_is_run_by_the_shell,
        a_shell_without_room_is_reported,
        a_missing_shell_is_reported,
        by_descriptor,
        a_descriptor_that_cannot_be_executed_is_reported,
        an_error_has_the_code_that_a_shell_would_exit_with,
    }
    once {
        exec_keeps_the_process,
        exec_carries_out_the_actions_in_their_order,
        exec_carries_out_the_attributes,
        exec_changes_root_groups_and_ids,
        exec_takes_a_terminal_from_the_background,
        exec_resets_handlers_and_keeps_ignored_signals,
        exec_finds_its_program_as_a_spawn_does,
        a_failed_exec_names_its_step_and_restores_the_mask,
        a_failed_exec_does_not_undo_earlier_steps,
        an_action_of_exec_sees_no_status_pipe,
        fork_makes_a_copy,
        a_forked_child_inherits_the_parents_state,
        a_fork_beyond_the_limit_is_an_error,
    }
}

fn path(memory: Memory, path: &CStr) -> Spawn<'_> {
    Spawn {
        program: Program::Path(path),
        ..probe(memory)
    }
}

fn search<'a>(memory: Memory, name: &'a CStr, path: &'a CStr) -> Spawn<'a> {
    Spawn {
        program: Program::Search {
            name,
            path: Some(path),
        },
        ..probe(memory)
    }
}

fn by_path_with_arguments_and_environment(memory: Memory) {
    let out = format_text!("NESTLING_OUT={}/out", show(scratch()));
    let (list, env) = (
        args![c"a name", c"one", c"", c"th ree"],
        args![c"A=1", out.c_str(), c"B="],
    );
    let found = state(&Spawn {
        args: Args::new(&list),
        env: Args::new(&env),
        ..probe(memory)
    });
    assert_eq!(&found["args"], "4");
    assert_eq!((&found["arg 0"], &found["arg 1"]), ("a name", "one"));
    assert_eq!((&found["arg 2"], &found["arg 3"]), ("", "th ree"));
    assert_eq!((&found["env 0"], &found["env 1"]), ("A=1", out.as_str()));
    assert_eq!((&found["env 2"], &found["env 3"]), ("B=", "(nothing)"));
}

fn without_arguments_and_environment(memory: Memory) {
    let spawn = Spawn {
        args: Args::EMPTY,
        env: Args::EMPTY,
        ..probe(memory)
    };
    assert!(nestling_tests::status(&spawn).success());
}

fn a_relative_path_begins_in_the_directory_that_the_actions_have_set(memory: Memory) {
    make_directory(c"a").expect("a directory");
    make_link(c"a/program", probe_path());
    let actions = [Action::Chdir(c"a")];
    state(&Spawn {
        actions: &actions,
        ..path(memory, c"./program")
    });
    fails(
        &Spawn {
            actions: &actions,
            ..path(memory, c"a/program")
        },
        "exec \"a/program\": ENOENT: no such file or directory",
    );
}

fn a_missing_program_is_reported(memory: Memory) {
    fails(
        &path(memory, c"/nope"),
        "exec \"/nope\": ENOENT: no such file or directory",
    );
    fails(
        &path(memory, c""),
        "exec \"\": ENOENT: no such file or directory",
    );
    make_file(c"file", 0o755, b"");
    fails(
        &path(memory, c"file/x"),
        "exec \"file/x\": ENOTDIR: not a directory",
    );
}

fn a_missing_interpreter_is_distinguished_from_a_missing_program(memory: Memory) {
    make_file(c"script", 0o755, b"#!/nope\n");
    let missing = "(interpreter not found): ENOENT: no such file or directory";
    fails(
        &path(memory, c"script"),
        format_args!("exec \"script\" {missing}"),
    );
    let expected = format_text!("exec \"script\" {missing}");
    fails(
        &search(memory, c"script", c"/nope:.:/nope"),
        expected.as_str(),
    );
}

fn a_program_that_may_not_be_executed_is_reported(memory: Memory) {
    make_file(c"file", 0o644, b"");
    fails(
        &path(memory, c"file"),
        "exec \"file\": EACCES: permission denied",
    );
    fails(&path(memory, c"."), "exec \".\": EACCES: permission denied");
}

fn too_large_arguments_are_reported(memory: Memory) {
    // The length of one argument is at most 32 pages.
    static LONG: [u8; (1 << 17) + 1] = {
        let mut bytes = [b'x'; (1 << 17) + 1];
        bytes[1 << 17] = 0;
        bytes
    };
    let long = CStr::from_bytes_with_nul(&LONG).expect("a C string");
    let list = args![c"probe", long];
    let spawn = Spawn {
        args: Args::new(&list),
        ..path(memory, c"program")
    };
    make_link(c"program", probe_path());
    fails(&spawn, "exec \"program\": E2BIG: argument list too long");
}

/// Makes the directories `a` with a file that is not executable, `b` with no file, and `c` with the program; and a file
/// `file`.
fn make_path() {
    for directory in [c"a", c"b", c"c"] {
        make_directory(directory).expect("a directory");
    }
    make_file(c"a/program", 0o644, b"");
    make_file(c"file", 0o644, b"");
    make_link(c"c/program", probe_path());
}

fn the_search_takes_the_first_that_can_be_executed(memory: Memory) {
    make_path();
    make_file(c"b/program", 0o755, b"#!/nope\n");
    assert_eq!(
        &state(&search(memory, c"program", c"c:b"))["arg 1"],
        "state"
    );
    // A missing interpreter also causes ENOENT. POSIX requires the search to continue.
    state(&search(memory, c"program", c"b:c"));
}

fn the_search_skips_missing_files_and_paths_through_other_files(memory: Memory) {
    make_path();
    state(&search(memory, c"program", c"/nope:file:b:c"));
    fails(
        &search(memory, c"program", c"/nope:file:b"),
        "exec \"program\": ENOENT: no such file or directory",
    );
    fails(
        &search(memory, c"", c"c"),
        "exec \"\": ENOENT: no such file or directory",
    );
}

fn the_search_remembers_a_file_that_may_not_be_executed(memory: Memory) {
    make_path();
    state(&search(memory, c"program", c"a:c"));
    fails(
        &search(memory, c"program", c"a:b"),
        "exec \"program\": EACCES: permission denied",
    );
    fails(
        &search(memory, c"program", c"b:a:/nope"),
        "exec \"program\": EACCES: permission denied",
    );
}

fn the_search_takes_an_empty_element_for_the_working_directory(memory: Memory) {
    make_path();
    let actions = [Action::Chdir(c"c")];
    for path in [c"", c":/nope", c"/nope:", c"/nope::/nope"] {
        state(&Spawn {
            actions: &actions,
            ..search(memory, c"program", path)
        });
    }
    fails(
        &Spawn {
            actions: &actions,
            ..search(memory, c"program", c"/nope")
        },
        "exec \"program\": ENOENT: no such file or directory",
    );
}

fn a_name_with_a_slash_is_not_searched_for(memory: Memory) {
    make_path();
    state(&search(memory, c"c/program", c"/nope"));
    make_directory(c"a/c").expect("a directory");
    fails(
        &search(memory, c"b/program", c"a:c"),
        "exec \"b/program\": ENOENT: no such file or directory",
    );
}

fn the_search_ends_at_any_other_error(memory: Memory) {
    make_path();
    make_link(c"b/program", c"program");
    let error = format_text!("exec \"program\": {}", nestling::Errno::ELOOP);
    fails(&search(memory, c"program", c"b:c"), error.as_str());
}

fn the_search_has_a_default_path(memory: Memory) {
    let program = Program::Search {
        name: c"nestling-nope",
        path: None,
    };
    fails(
        &Spawn {
            program,
            ..probe(memory)
        },
        "exec \"nestling-nope\": ENOENT: no such file or directory",
    );
    // A root directory whose `/bin` contains a copy of the probe.
    need_root();
    make_directory(c"bin").expect("a directory");
    copy_probe(c"bin/program");
    let program = Program::Search {
        name: c"program",
        path: None,
    };
    let actions = [Action::Chroot(c"."), Action::Chdir(c"/")];
    let env = args![c"NESTLING_OUT=/out"];
    state(&Spawn {
        program,
        env: Args::new(&env),
        actions: &actions,
        ..probe(memory)
    });
}

fn a_file_in_no_executable_format_is_an_error_without_a_shell(memory: Memory) {
    make_file(c"words", 0o755, b"hello\n");
    let error = format_text!("exec \"words\": {}", nestling::Errno::ENOEXEC);
    fails(&path(memory, c"words"), error.as_str());
    fails(&search(memory, c"words", c".:/nope"), error.as_str());
}

fn a_file_in_no_executable_format_is_run_by_the_shell(memory: Memory) {
    make_directory(c"a").expect("a directory");
    make_file(c"a/words", 0o755, b"hello\n");
    let room = Shell::room::<6>();
    let shell = Some(Shell {
        path: probe_path(),
        room: &room,
    });
    let list = args![c"zero", c"one", c"two"];
    for spawn in [
        path(memory, c"a/words"),
        search(memory, c"words", c"/nope:a"),
    ] {
        let found = state(&Spawn {
            args: Args::new(&list),
            shell,
            ..spawn
        });
        assert_eq!((&found["arg 0"], &found["arg 1"]), ("zero", "a/words"));
        assert_eq!((&found["arg 2"], &found["arg 3"]), ("one", "two"));
        assert_eq!(&found["args"], "4");
    }
    // Without arguments, the shell's own name is its first argument.
    let found = state(&Spawn {
        args: Args::EMPTY,
        shell,
        ..path(memory, c"a/words")
    });
    assert_eq!(
        (&found["arg 0"], &found["arg 1"]),
        (show(probe_path()), "a/words")
    );
    // A program that the kernel can execute needs no shell.
    assert_eq!(
        &state(&Spawn {
            shell,
            ..probe(memory)
        })["arg 1"],
        "state"
    );
}

fn a_shell_without_room_is_reported(memory: Memory) {
    make_file(c"words", 0o755, b"hello\n");
    let list = args![c"zero", c"one"];
    let exactly = Shell::room::<4>();
    for (length, enough) in [(0, false), (1, false), (3, false), (4, true)] {
        let shell = Some(Shell {
            path: probe_path(),
            room: &exactly[..length],
        });
        let spawn = Spawn {
            args: Args::new(&list),
            shell,
            ..path(memory, c"words")
        };
        match enough {
            true => assert_eq!(&state(&spawn)["args"], "3"),
            false => fails(&spawn, "exec \"words\": E2BIG: argument list too long"),
        }
    }
}

fn a_missing_shell_is_reported(memory: Memory) {
    make_file(c"words", 0o755, b"hello\n");
    let room = Shell::room::<6>();
    let shell = Some(Shell {
        path: c"/nope",
        room: &room,
    });
    let missing = "(interpreter not found): ENOENT: no such file or directory";
    let expected = format_text!("exec \"words\" {missing}");
    fails(
        &Spawn {
            shell,
            ..path(memory, c"words")
        },
        expected.as_str(),
    );
}

fn by_descriptor(memory: Memory) {
    if emulated() {
        skip("the emulator has no execveat");
    }
    let file = open_probe();
    let number = file.as_raw_fd();
    let program = Program::Descriptor(number);
    assert_eq!(
        &state(&Spawn {
            program,
            ..probe(memory)
        })["fds"],
        "0 1 2"
    );
    let actions = [dup2(number, 9), Action::Close(number)];
    let program = Program::Descriptor(9);
    assert_eq!(
        &state(&Spawn {
            program,
            actions: &actions,
            ..probe(memory)
        })["fds"],
        "0 1 2 9"
    );
}

fn a_descriptor_that_cannot_be_executed_is_reported(memory: Memory) {
    if emulated() {
        skip("the emulator has no execveat");
    }
    let by = |number| Spawn {
        program: Program::Descriptor(number),
        ..probe(memory)
    };
    fails(&by(30), "exec of descriptor 30: EBADF: bad file descriptor");
    fails(&by(-1), "exec of descriptor -1: EBADF: bad file descriptor");
    make_file(c"file", 0o644, b"");
    let actions = [open(9, c"file")];
    let spawn = Spawn {
        actions: &actions,
        ..by(9)
    };
    fails(&spawn, "exec of descriptor 9: EACCES: permission denied");
    make_file(c"script", 0o755, b"#!/nope\n");
    let actions = [open(9, c"script")];
    let spawn = Spawn {
        actions: &actions,
        ..by(9)
    };
    let missing = "(interpreter not found): ENOENT: no such file or directory";
    fails(&spawn, format_args!("exec of descriptor 9 {missing}"));
}

fn an_error_has_the_code_that_a_shell_would_exit_with(memory: Memory) {
    make_file(c"file", 0o644, b"");
    make_file(c"script", 0o755, b"#!/nope\n");
    let code = |spawn: &Spawn<'_>| start(spawn).expect_err("a failure").shell_code();
    assert_eq!(code(&path(memory, c"/nope")), 127);
    assert_eq!(code(&path(memory, c"file/x")), 127);
    assert_eq!(code(&path(memory, c"file")), 126);
    assert_eq!(code(&path(memory, c"script")), 126);
    assert_eq!(
        code(&Spawn {
            actions: &[open(0, c"/nope")],
            ..probe(memory)
        }),
        125
    );
}

// ---- Without a child ----

/// Executes the program in a process that belongs to the test.
fn become_it<'a>(spawn: &Spawn<'a>) -> Error<'a> {
    // SAFETY: no code of this process depends on a descriptor.
    unsafe { spawn.exec() }
}

/// Executes the probe in a forked helper. Returns the helper's id and the probe's report.
fn become_probe(spawn: &Spawn<'_>) -> (Pid, State) {
    let helper = fork(|| {
        let error = become_it(spawn);
        panic!("{error}");
    });
    join(helper);
    let out = format_text!("{}/out", show(scratch()));
    (helper, State::read(out.c_str()))
}

fn bits(signals: &[Signal]) -> Text {
    format_text!("{:x}", signals.iter().copied().collect::<SigSet>().bits())
}

fn exec_keeps_the_process() {
    let (helper, found) = become_probe(&probe(Memory::Shared));
    assert_eq!(found["pid"], format_text!("{helper}"));
    assert_eq!(found["parent"], format_text!("{}", process::getpid()));
    assert_eq!(found["session"], format_text!("{}", process::getpid()));
    assert_eq!((&found["fds"], &found["args"]), ("0 1 2", "2"));
    assert_eq!(&found["blocked"], "0");
    assert_eq!(found["nice"], own_nice());
    // The settings for a child's memory and for a pidfd have no effect here.
    let mut spawn = probe(Memory::Copied);
    spawn.attributes.pidfd = true;
    let (helper, found) = become_probe(&spawn);
    assert_eq!(found["pid"], format_text!("{helper}"));
    assert_eq!(&found["fds"], "0 1 2");
}

fn exec_carries_out_the_actions_in_their_order() {
    make_directory(c"a").expect("a directory");
    make_file(c"a/file", 0o600, b"");
    open_only(0..8);
    let inodes: [_; 8] = core::array::from_fn(|number| format_text!("{}", inode(number as i32)));
    let limit = Rlimit { soft: 70, hard: 80 };
    let actions = [
        Action::Open {
            fd: 20,
            path: c".",
            flags: OFlags::RDONLY | OFlags::CLOEXEC,
            mode: 0,
        },
        dup2(3, 30),
        dup2(4, 3),
        dup2(30, 4),
        Action::Chdir(c"a"),
        open(9, c"file"),
        Action::Fchdir(20),
        open(10, c"a/file"),
        Action::Close(1),
        Action::Close(1),
        Action::CloseFrom(11),
        Action::Umask(0o31),
        Action::Limit(Resource::Nofile, limit),
        Action::Chdir(c"a"),
    ];
    let (_, found) = become_probe(&Spawn {
        actions: &actions,
        ..probe(Memory::Shared)
    });
    assert_eq!(&found["fds"], "0 2 3 4 5 6 7 9 10");
    assert_eq!(found["inode 3"], inodes[4]);
    assert_eq!(found["inode 4"], inodes[3]);
    assert_eq!(found["inode 5"], inodes[5]);
    assert_eq!(found["inode 9"], found["inode 10"]);
    assert_eq!(found["directory"], format_text!("{}/a", show(scratch())));
    assert_eq!((&found["umask"], &found["nofile"]), ("031", "70 80"));
}

fn exec_carries_out_the_attributes() {
    let mask = SigSet::EMPTY.with(Signal::USR1);
    let ran = &mailbox().numbers[69];
    let hook = || {
        ran.store(process::getpid().as_raw() as u32, Relaxed);
        if signal::mask() == Ok(mask) {
            Ok(())
        } else {
            Err(Errno::EXDEV)
        }
    };
    make_directory(c"group").expect("a directory");
    make_file(c"group/cgroup.procs", 0o644, b"");
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let group = sys::fd::open(c"group", flags, 0).expect("the directory");
    let _ignored = [Signal::INT, Signal::QUIT].map(|it| signals::ignore(it).expect("ignored"));
    let mut spawn = probe(Memory::Shared);
    spawn.attributes = Attributes {
        cgroup: Some(group.as_fd()),
        default_signals: SigSet::EMPTY.with(Signal::QUIT),
        new_session: true,
        scheduler: Some(Scheduler {
            policy: Some(Policy::Batch),
            priority: 0,
        }),
        nice: Some(3),
        no_new_privs: true,
        signal_mask: Some(mask),
        // SAFETY: the hook makes system calls and writes to an atomic.
        hook: Some(unsafe { Hook::new(&hook) }),
        ..spawn.attributes
    };
    let (helper, found) = become_probe(&spawn);
    let id = format_text!("{helper}");
    assert_eq!(found["session"], id);
    assert_eq!(found["blocked"], format_text!("{:x}", mask.bits()));
    assert_eq!(found["ignored"], bits(&[Signal::INT]));
    assert_eq!((&found["nice"], &found["no new privileges"]), ("3", "1"));
    assert_eq!(found["scheduler"], format_text!("{} 0", linux::SCHED_BATCH));
    assert_eq!(ran.load(Relaxed), helper.as_raw() as u32);
    let joined = read_file(c"group/cgroup.procs").expect("the file");
    assert_eq!(joined.as_str(), "0");

    let mut spawn = probe(Memory::Shared);
    spawn.attributes.process_group = Some(0);
    let (helper, found) = become_probe(&spawn);
    assert_eq!(found["group"], format_text!("{helper}"));

    if emulated() {
        skip("the emulator has no parent-death signal; the rest passed");
    }
    // The signal that this process gets when its parent ends.
    let look = || {
        let mut number = 0i32;
        let address = &raw mut number as usize;
        // SAFETY: the kernel writes one number.
        unsafe { call(linux::__NR_prctl, [PR_GET_PDEATHSIG as usize, address]) }?;
        ran.store(number as u32, Relaxed);
        Ok(())
    };
    let mut spawn = probe(Memory::Shared);
    spawn.attributes.parent_death_signal = Some(Signal::USR2);
    // SAFETY: the hook makes one system call and writes to an atomic.
    spawn.attributes.hook = Some(unsafe { Hook::new(&look) });
    become_probe(&spawn);
    assert_eq!(ran.load(Relaxed), Signal::USR2.as_raw() as u32);
}

fn exec_changes_root_groups_and_ids() {
    need_root();
    make_directory(c"root").expect("a directory");
    copy_probe(c"root/program");
    let env = args![c"NESTLING_OUT=/out"];
    let actions = [
        Action::Chroot(c"root"),
        Action::Chdir(c"/"),
        Action::Groups(&[7, 8]),
        Action::Gid(1002),
        Action::Uid(1001),
        Action::ResetIds,
    ];
    let spawn = Spawn {
        env: Args::new(&env),
        actions: &actions,
        ..path(Memory::Shared, c"/program")
    };
    join(fork(|| panic!("{}", become_it(&spawn))));
    let found = State::read(c"root/out");
    assert_eq!((&found["uid"], &found["gid"]), ("1001 1001", "1002 1002"));
    assert_eq!((&found["groups"], &found["directory"]), ("7 8", "/"));
}

fn exec_takes_a_terminal_from_the_background() {
    let flags = OFlags::RDWR | OFlags::NOCTTY;
    let (mut number, mut zero) = (0, 0);
    let master = match sys::fd::open(c"/dev/ptmx", flags | OFlags::CLOEXEC, 0) {
        Ok(master) => master,
        Err(errno) => skip(format_args!("no pseudo-terminals here: {errno}")),
    };
    ioctl(master.as_raw_fd(), TIOCSPTLCK, &mut zero).expect("TIOCSPTLCK");
    ioctl(master.as_raw_fd(), TIOCGPTN, &mut number).expect("TIOCGPTN");
    let path = format_text!("/dev/pts/{number}");
    let actions = [
        Action::Open {
            fd: 0,
            path: path.c_str(),
            flags,
            mode: 0,
        },
        Action::ControllingTerminal(0),
    ];
    let mut leader = Spawn {
        actions: &actions,
        ..probe(Memory::Shared)
    };
    leader.attributes.new_session = true;
    let (helper, found) = become_probe(&leader);
    assert_eq!(found["session"], format_text!("{helper}"));
    assert_eq!(found["foreground"], format_text!("{helper}"));

    // A child in a new process group is in the background until it takes the terminal.
    let helper = fork(|| {
        process::setsid().expect("a session");
        let terminal = sys::fd::open(path.c_str(), flags, 0).expect("the terminal");
        // SAFETY: the helper owns this number.
        unsafe { sys::fd::dup3(terminal.as_raw_fd(), 0, OFlags::default()) }.expect("dup3");
        sys::terminal::set_controlling(terminal.as_fd()).expect("a controlling terminal");
        let mut job = Spawn {
            actions: &[Action::SetForeground(0)],
            ..probe(Memory::Shared)
        };
        job.attributes.process_group = Some(0);
        let (helper, found) = become_probe(&job);
        assert_eq!(found["group"], format_text!("{helper}"));
        assert_eq!(found["foreground"], format_text!("{helper}"));
    });
    join(helper);
}

fn exec_resets_handlers_and_keeps_ignored_signals() {
    handle([Signal::TERM, Signal::USR1].into_iter(), 0);
    let _ignored = signals::ignore(Signal::PIPE).expect("ignored");
    let mask = SigSet::EMPTY.with(Signal::USR1).with(Signal::CHLD);
    signal::set_mask(mask).expect("a mask");
    let (_, found) = become_probe(&probe(Memory::Shared));
    assert_eq!(found["blocked"], format_text!("{:x}", mask.bits()));
    assert_eq!(found["ignored"], bits(&[Signal::PIPE]));
    // By default, this signal ends the program.
    let number = format_text!("{}", Signal::TERM.as_raw());
    let list = args![c"probe", c"kill", number.c_str()];
    let spawn = Spawn {
        args: Args::new(&list),
        ..probe(Memory::Shared)
    };
    let helper = fork(|| panic!("{}", become_it(&spawn)));
    let status = wait::wait(helper).expect("its status");
    assert_eq!(status.signal(), Some(Signal::TERM));
}

fn exec_finds_its_program_as_a_spawn_does() {
    make_path();
    let memory = Memory::Shared;
    become_probe(&path(memory, c"c/program"));
    become_probe(&search(memory, c"program", c"/nope:file:a:b:c"));
    make_file(c"a/words", 0o755, b"hello\n");
    let room = Shell::room::<4>();
    let (_, found) = become_probe(&Spawn {
        shell: Some(Shell {
            path: probe_path(),
            room: &room,
        }),
        ..path(memory, c"a/words")
    });
    assert_eq!((&found["arg 1"], &found["arg 2"]), ("a/words", "state"));
    if emulated() {
        skip("the emulator has no execveat; the rest passed");
    }
    let file = open_probe();
    become_probe(&Spawn {
        program: Program::Descriptor(file.as_raw_fd()),
        ..probe(memory)
    });
}

/// A list of failures, one after another. It is one case because each of them must leave the process as it was for the next.
fn a_failed_exec_names_its_step_and_restores_the_mask() {
    make_path();
    make_file(c"script", 0o755, b"#!/nope\n");
    make_file(c"words", 0o755, b"hello\n");
    let mask = SigSet::EMPTY.with(Signal::USR1).with(Signal::HUP);
    let others = SigSet::EMPTY.with(Signal::USR2);
    signal::set_mask(mask).expect("a mask");
    let memory = Memory::Shared;
    let before = Table::now();
    let see = |mut spawn: Spawn<'_>, expected: &str| {
        for program_mask in [None, Some(others)] {
            spawn.attributes.signal_mask = program_mask;
            let error = become_it(&spawn);
            assert_eq!(*expected, format_text!("{error}"));
            assert_eq!(signal::mask(), Ok(mask), "after {error}");
            assert_eq!(Table::now(), before, "after {error}");
            assert!(!has_child());
        }
    };
    let missing = "(interpreter not found): ENOENT: no such file or directory";
    let enoexec = Errno::ENOEXEC;
    for (spawn, expected) in [
        (
            path(memory, c"/nope"),
            format_text!("\"/nope\": {}", Errno::ENOENT),
        ),
        (
            path(memory, c"a/program"),
            format_text!("\"a/program\": {}", Errno::EACCES),
        ),
        (
            path(memory, c"script"),
            format_text!("\"script\" {missing}"),
        ),
        (path(memory, c"words"), format_text!("\"words\": {enoexec}")),
        (
            search(memory, c"program", c"a:b"),
            format_text!("\"program\": {}", Errno::EACCES),
        ),
        (
            search(memory, c"program", c"b"),
            format_text!("\"program\": {}", Errno::ENOENT),
        ),
        (
            search(memory, c"script", c"b:."),
            format_text!("\"script\" {missing}"),
        ),
    ] {
        see(spawn, format_text!("exec {expected}").as_str());
    }
    let nowhere = Spawn {
        program: Program::Descriptor(40),
        ..probe(memory)
    };
    // The emulator has no `execveat`.
    if !emulated() {
        see(nowhere, "exec of descriptor 40: EBADF: bad file descriptor");
    }

    let limit = Rlimit { soft: 2, hard: 1 };
    for (action, expected) in [
        (
            open(40, c"/nope"),
            "file action 1 (open \"/nope\"): ENOENT: no such file or directory",
        ),
        (
            open(-1, c"."),
            "file action 1 (open \".\"): EBADF: bad file descriptor",
        ),
        (
            dup2(40, 1),
            "file action 1 (dup2 40 to 1): EBADF: bad file descriptor",
        ),
        (
            dup2(40, 40),
            "file action 1 (dup2 40 to 40): EBADF: bad file descriptor",
        ),
        (
            dup2(-1, -1),
            "file action 1 (dup2 -1 to -1): EBADF: bad file descriptor",
        ),
        (
            dup2(1, -1),
            "file action 1 (dup2 1 to -1): EBADF: bad file descriptor",
        ),
        (
            Action::Close(-1),
            "file action 1 (close -1): EBADF: bad file descriptor",
        ),
        (
            Action::CloseFrom(-1),
            "file action 1 (close from -1): EBADF: bad file descriptor",
        ),
        (
            Action::Chdir(c"nope"),
            "file action 1 (chdir \"nope\"): ENOENT: no such file or directory",
        ),
        (
            Action::Fchdir(40),
            "file action 1 (fchdir 40): EBADF: bad file descriptor",
        ),
        (
            Action::Fchdir(-1),
            "file action 1 (fchdir -1): EBADF: bad file descriptor",
        ),
        (
            Action::SetForeground(40),
            "file action 1 (set foreground on 40): EBADF: bad file descriptor",
        ),
        (
            Action::ControllingTerminal(40),
            "action 1 (controlling terminal 40): EBADF: bad file descriptor",
        ),
        (
            Action::Chroot(c"nope"),
            "action 1 (chroot \"nope\"): ENOENT: no such file or directory",
        ),
        (
            Action::Limit(Resource::Core, limit),
            "action 1 (limit core): EINVAL: invalid argument",
        ),
    ] {
        let actions = [Action::Close(60), action, Action::Chdir(c"/never")];
        let spawn = Spawn {
            actions: &actions,
            ..probe(memory)
        };
        see(spawn, expected);
    }

    let with = |set: &dyn Fn(&mut Attributes<'static>)| {
        let mut spawn = probe(memory);
        set(&mut spawn.attributes);
        spawn
    };
    let scheduler = Scheduler {
        policy: Some(Policy::Fifo),
        priority: 0,
    };
    for (spawn, expected) in [
        (
            with(&|it| it.process_group = Some(-1)),
            "process group: EINVAL: invalid argument",
        ),
        // The test already leads its session.
        (
            with(&|it| it.new_session = true),
            "new session: EPERM: operation not permitted",
        ),
        (
            with(&|it| it.scheduler = Some(scheduler)),
            "scheduler: EINVAL: invalid argument",
        ),
        (
            // SAFETY: the hook does nothing.
            with(&|it| it.hook = Some(unsafe { Hook::new(&|| Err(Errno::EBADF)) })),
            "hook: EBADF: bad file descriptor",
        ),
    ] {
        see(spawn, format_text!("attribute {expected}").as_str());
    }
    let directory = sys::fd::dup_cloexec(fd(0), 63).expect("a duplicate");
    let mut spawn = probe(memory);
    spawn.attributes.cgroup = Some(directory.as_fd());
    let error = become_it(&spawn);
    assert_eq!(
        *"attribute cgroup: ENOTDIR: not a directory",
        format_text!("{error}")
    );
    assert_eq!(signal::mask(), Ok(mask));
    // A process that is not root may not lower its nice value.
    if sys::credentials::geteuid() == Ok(0) {
        let none = Rlimit { soft: 0, hard: 0 };
        sys::resource::setrlimit(Resource::Nice, none).expect("a limit");
        sys::credentials::setuid(1000).expect("another user");
    }
    drop(directory);
    see(
        with(&|it| it.nice = Some(-1)),
        "attribute nice: EACCES: permission denied",
    );
    for action in [Action::Groups(&[1]), Action::Gid(1), Action::Uid(1)] {
        let actions = [action];
        let spawn = Spawn {
            actions: &actions,
            ..probe(memory)
        };
        see(
            spawn,
            format_text!("action 0 ({action}): {}", Errno::EPERM).as_str(),
        );
    }
}

fn a_failed_exec_does_not_undo_earlier_steps() {
    make_directory(c"a").expect("a directory");
    make_file(c"file", 0o600, b"");
    handle([Signal::USR1].into_iter(), 0);
    let _ignored = signals::ignore(Signal::QUIT).expect("ignored");
    let actions = [
        open(9, c"file"),
        Action::Close(0),
        Action::Umask(0o77),
        Action::Chdir(c"a"),
    ];
    let mut spawn = Spawn {
        actions: &actions,
        ..path(Memory::Shared, c"/nope")
    };
    spawn.attributes.nice = Some(3);
    spawn.attributes.default_signals = SigSet::EMPTY.with(Signal::QUIT);
    become_it(&spawn);
    assert_eq!(sys::fd::cloexec(9), Ok(false));
    assert_eq!(sys::fd::cloexec(0), Err(Errno::EBADF));
    assert_eq!(sys::file::umask(0), Ok(0o77));
    assert_eq!(*directory().as_str(), format_text!("{}/a", show(scratch())));
    assert!(matches!(
        signal::action(Signal::QUIT),
        Ok(signal::Disposition::Default)
    ));
    // The caller continues unchanged, with its handlers.
    process::kill(process::getpid().as_raw(), Some(Signal::USR1)).expect("a signal");
    assert_eq!((handled(Signal::USR1), strayed()), (1, 0));
}

/// Without a child there is no status pipe to hide from the actions.
fn an_action_of_exec_sees_no_status_pipe() {
    for descriptors in [0..0, 0..1, 0..3, 1..4, 0..DESCRIPTORS as i32 - 1] {
        open_only(descriptors.clone());
        let (_, found) = become_probe(&probe(Memory::Shared));
        let mut expected = Text::<8192>::new();
        for number in descriptors.clone() {
            let space = if number == descriptors.start { "" } else { " " };
            let number = format_text!("{space}{number}");
            core::fmt::Write::write_str(&mut expected, number.as_str()).expect("room");
        }
        assert_eq!(found["fds"], *expected.as_str());
        // An open takes the lowest free number, for each set of open descriptors.
        open_only(descriptors.clone());
        if descriptors.contains(&0) {
            let actions = [Action::Close(0), open(0, c"fd0")];
            let (_, found) = become_probe(&Spawn {
                actions: &actions,
                ..probe(Memory::Shared)
            });
            assert_eq!(found["fds"], *expected.as_str());
            assert_eq!(found["inode 0"], format_text!("{}", inode(0)));
        }
    }
}

// ---- fork ----

fn fork_makes_a_copy() {
    let (here, everywhere) = (AtomicU32::new(1), &mailbox().numbers[69]);
    let parent = process::getpid();
    // SAFETY: this process has one thread, and the child only stores a number and exits.
    match unsafe { spawn::fork() }.expect("a child") {
        None => {
            here.store(2, Relaxed);
            everywhere.store(process::getpid().as_raw() as u32, Relaxed);
            let is_child = process::getppid() == parent.as_raw();
            process::exit(if is_child { 7 } else { 8 });
        }
        Some(child) => {
            assert_ne!(child, parent);
            assert_eq!(wait::wait(child).map(ExitStatus::code), Ok(Some(7)));
            assert_eq!(everywhere.load(Relaxed), child.as_raw() as u32);
            assert_eq!(here.load(Relaxed), 1, "the parent's memory");
            assert!(!has_child());
        }
    }
}

fn a_forked_child_inherits_the_parents_state() {
    handle([Signal::USR1].into_iter(), 0);
    signal::set_mask(SigSet::EMPTY.with(Signal::USR2)).expect("a mask");
    let (table, mask) = (Table::now(), signal::mask());
    // SAFETY: this process has one thread, and the child only compares and exits.
    match unsafe { spawn::fork() }.expect("a child") {
        None => {
            let handles = matches!(
                signal::action(Signal::USR1),
                Ok(signal::Disposition::Handler(_))
            );
            let same = handles && Table::now() == table && signal::mask() == mask;
            // The child may fork, spawn and wait like any other process.
            let list = args![c"probe", c"exit", c"7"];
            let mut child = started(&Spawn {
                args: Args::new(&list),
                ..probe(Memory::Shared)
            });
            let code = child.wait().expect("its status").code();
            process::exit(i32::from(!same || code != Some(7)));
        }
        Some(child) => join(child),
    }
    assert_eq!((Table::now(), signal::mask()), (table, mask));
}

fn a_fork_beyond_the_limit_is_an_error() {
    let none = Rlimit { soft: 0, hard: 0 };
    sys::resource::setrlimit(Resource::Nproc, none).expect("a limit");
    // The limit does not apply to root, nor to a process with root's capabilities.
    if sys::credentials::geteuid() == Ok(0) {
        sys::credentials::setuid(1000).expect("another user");
    }
    // SAFETY: the fork fails, so no child runs.
    let outcome = unsafe { spawn::fork() };
    if outcome == Ok(None) {
        process::exit(0);
    }
    assert_eq!(outcome, Err(Errno::EAGAIN));
    assert!(!has_child());
}
