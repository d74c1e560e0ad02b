//! The exec: by path, along PATH, by descriptor, by a shell; and what is said of one that fails.

#![no_std]
#![no_main]

use core::ffi::CStr;

use nestling::spawn::{Action, Memory, Program, Shell, Spawn};
use nestling::{Args, args};
use nestling_tests::{
    copy_probe, dup2, emulated, fails, make_directory, make_file, make_link, need_root, open,
    open_probe, probe, probe_path, scratch, show, skip, start, state, text,
};

nestling_tests::suite! {
    in_both_modes {
        by_path_with_arguments_and_environment,
        without_arguments_and_environment,
        a_path_counts_from_where_the_actions_have_gone,
        a_missing_program_is_reported,
        a_missing_interpreter_is_told_from_a_missing_program,
        a_program_that_may_not_be_executed_is_reported,
        too_large_arguments_are_reported,
        the_search_takes_the_first_that_can_be_executed,
        the_search_goes_past_what_is_no_directory_and_what_is_not_there,
        the_search_remembers_what_may_not_be_executed,
        the_search_takes_an_empty_element_for_the_working_directory,
        the_search_does_not_look_for_a_name_with_a_slash,
        the_search_ends_at_any_other_error,
        the_search_has_a_default_path,
        what_is_no_executable_format_is_an_error_without_a_shell,
        what_is_no_executable_format_is_run_by_the_shell,
        a_shell_without_room_is_reported,
        a_missing_shell_is_reported,
        by_descriptor,
        a_descriptor_that_cannot_be_executed_is_reported,
        an_error_has_the_code_that_a_shell_would_exit_with,
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
    let out = text!("NESTLING_OUT={}/out", show(scratch()));
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

fn a_path_counts_from_where_the_actions_have_gone(memory: Memory) {
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

fn a_missing_interpreter_is_told_from_a_missing_program(memory: Memory) {
    make_file(c"script", 0o755, b"#!/nope\n");
    let missing = "(it is there, its interpreter is not): ENOENT: no such file or directory";
    fails(
        &path(memory, c"script"),
        format_args!("exec \"script\" {missing}"),
    );
    let expected = text!("exec \"script\" {missing}");
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
    // One argument is at most 32 pages long.
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

/// Directories `a` with a file that may not be executed, `b` with nothing, `c` with the program; and a file `file`.
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
    // A missing interpreter is an ENOENT, too: POSIX has the search go on.
    state(&search(memory, c"program", c"b:c"));
}

fn the_search_goes_past_what_is_no_directory_and_what_is_not_there(memory: Memory) {
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

fn the_search_remembers_what_may_not_be_executed(memory: Memory) {
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

fn the_search_does_not_look_for_a_name_with_a_slash(memory: Memory) {
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
    let error = text!("exec \"program\": {}", nestling::Errno::ELOOP);
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
    // A root in which `/bin` holds a copy of the probe.
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

fn what_is_no_executable_format_is_an_error_without_a_shell(memory: Memory) {
    make_file(c"words", 0o755, b"hello\n");
    let error = text!("exec \"words\": {}", nestling::Errno::ENOEXEC);
    fails(&path(memory, c"words"), error.as_str());
    fails(&search(memory, c"words", c".:/nope"), error.as_str());
}

fn what_is_no_executable_format_is_run_by_the_shell(memory: Memory) {
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
    // Without any arguments the shell's own name is the first.
    let found = state(&Spawn {
        args: Args::EMPTY,
        shell,
        ..path(memory, c"a/words")
    });
    assert_eq!(
        (&found["arg 0"], &found["arg 1"]),
        (show(probe_path()), "a/words")
    );
    // A program that can be executed needs none.
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
    let missing = "(it is there, its interpreter is not): ENOENT: no such file or directory";
    let expected = text!("exec \"words\" {missing}");
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
    let missing = "(it is there, its interpreter is not): ENOENT: no such file or directory";
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
