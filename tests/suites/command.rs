//! Tests of `Command`: the effect of each method on the program, what the caller gets from the child, and the texts of
//! the errors.

use alloc::ffi::CString;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::ffi::CStr;
use core::sync::atomic::Ordering::Relaxed;
use core::time::Duration;

use linux_raw_sys::general as linux;
use linux_raw_sys::ioctl::{TIOCGPTN, TIOCSPTLCK};
use linux_raw_sys::prctl::PR_GET_PDEATHSIG;
use nestling::command::{Child, Command, Error, Output, Stdio};
use nestling::spawn::{Memory, PreExec, Scheduler};
use nestling::sys::{self, credentials, process, signal};
use nestling::{
    AsFd, Errno, ExitStatus, OFlags, OwnedFd, Policy, RawFd, Resource, Rlimit, SigSet, Signal,
    signals, wait,
};
use nestling_tests::{
    DESCRIPTORS, State, Table, call, copy_probe, emulated, forbid, fork, format_text, has_child,
    inode, ioctl, join, limit_descriptors, mailbox, make_directory, make_file, make_link,
    need_root, need_shell, open_only, probe_path, read_file, remove, scratch, show, skip,
    this_process,
};

nestling_tests::suite! {
    in_both_modes {
        the_program_is_found_along_the_childs_path,
        a_name_with_a_slash_is_not_searched_for,
        arguments_arrive_unchanged,
        the_environment_is_inherited_changed_and_cleared,
        the_last_change_of_a_variable_counts,
        the_working_directory_is_set,
        standard_descriptors_are_right_whichever_of_the_parents_are_closed,
        standard_descriptors_can_change_places,
        one_descriptor_can_be_all_three_standard_ones,
        a_command_can_be_started_twice,
        one_childs_output_is_anothers_input,
        a_pipeline_passes_on_what_each_program_writes,
        a_pipeline_that_cannot_start_names_the_program_and_leaves_none,
        descriptors_get_their_numbers,
        descriptors_can_change_places,
        the_last_descriptor_for_a_number_counts,
        descriptors_can_be_the_standard_ones,
        descriptors_change_places_at_the_limit,
        close_from_keeps_the_descriptors_that_the_command_passes,
        the_user_and_the_groups_are_set,
        a_user_without_groups_has_none,
        the_effective_ids_become_the_real_ones,
        a_limit_and_the_umask_are_set,
        session_group_and_niceness_are_set,
        no_new_privs_scheduler_and_parent_death_signal_are_set,
        a_new_root_is_the_working_directory_too,
        a_terminal_is_controlling_and_in_the_foreground,
        the_cgroup_is_joined,
        a_pidfd_is_made_if_asked_for,
        sigpipe_is_no_longer_ignored,
        the_signal_mask_is_that_of_the_thread_or_another,
        pre_exec_runs_in_the_child,
        every_step_that_fails_is_named,
        a_null_byte_is_an_error_that_names_the_string,
        an_invalid_name_of_a_variable_is_an_error,
        each_descriptor_that_cannot_be_made_is_named,
        a_program_that_does_not_start_leaves_nothing,
        a_wait_closes_the_standard_input,
        the_status_is_kept_after_the_first_wait,
        a_child_can_be_killed_until_it_was_waited_for,
        a_child_that_was_reaped_elsewhere_is_an_error,
        both_outputs_are_collected_in_any_order,
        one_output_is_collected,
        output_gives_an_empty_input_and_collects_the_rest,
        a_nonblocking_output_can_be_read,
        a_write_without_a_reader_fails_if_sigpipe_is_ignored,
    }
    once {
        exec_becomes_the_program,
        a_failed_exec_is_named_and_restores_the_mask,
        a_command_is_printed_as_its_words,
        input_is_read_from_its_beginning_by_every_child,
        input_that_cannot_be_stored_is_an_error,
        standard_error_can_go_to_the_standard_output,
        a_wait_with_a_time_limit_ends_without_the_child,
        a_stopped_child_can_be_terminated,
        a_child_that_ignores_sigterm_is_killed,
        a_group_ends_with_its_leader,
        a_group_whose_leader_was_reaped_is_left_alone,
        a_group_that_the_child_does_not_lead_is_left_alone,
        a_dropped_child_is_killed_with_its_group_and_reaped,
        a_pipeline_has_the_statuses_of_its_programs,
        a_pipeline_has_the_process_group_of_its_first_program,
        output_is_limited_in_length,
        output_is_limited_in_time,
        a_childs_usage_is_returned_once,
        a_pidfd_can_be_taken_from_a_child,
    }
}

/// A command that runs the probe, which writes its report to `NESTLING_OUT`.
fn probe(memory: Memory) -> Command {
    let mut command = doing(memory, ["state"]);
    command.env("NESTLING_OUT", out().c_str());
    command
}

/// A command that runs the probe with these arguments.
fn doing<const N: usize>(memory: Memory, args: [&str; N]) -> Command {
    let mut command = Command::new(probe_path());
    command.args(args).memory(memory);
    command
}

fn shell(memory: Memory, commands: &str) -> Command {
    need_shell();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", commands]).memory(memory);
    command
}

fn out() -> nestling_tests::Text {
    format_text!("{}/out", show(scratch()))
}

/// Starts the command. Asserts that the parent is as before, except for the child's pipes and pidfd, and that a failed
/// start leaves no child.
fn start(command: &mut Command) -> Result<Child, Error> {
    let (mask, mut table, had_child) = (signal::mask(), Table::now(), has_child());
    let outcome = command.spawn();
    assert_eq!(signal::mask(), mask, "the parent's signal mask");
    if let Ok(child) = &outcome {
        let ends = [
            child.stdin.as_ref().map(AsFd::as_fd),
            child.stdout.as_ref().map(AsFd::as_fd),
            child.stderr.as_ref().map(AsFd::as_fd),
            child.pidfd(),
        ];
        for number in ends.iter().flatten().map(|end| end.as_raw_fd()) {
            let close_on_exec = true;
            table.0[number as usize] = Some((inode(number), close_on_exec));
        }
    }
    assert_eq!(Table::now(), table, "the parent's descriptors");
    if outcome.is_err() && !had_child {
        assert!(!has_child(), "a failed spawn left a child");
    }
    outcome
}

fn started(command: &mut Command) -> Child {
    start(command).unwrap_or_else(|error| panic!("the spawn failed: {error}"))
}

fn status(command: &mut Command) -> ExitStatus {
    started(command).wait().expect("its status")
}

/// Starts the probe, waits for it and returns its report.
fn state(command: &mut Command) -> State {
    let status = status(command);
    assert!(status.success(), "the probe ended by {status}");
    State::read(out().c_str())
}

fn fails(command: &mut Command, expected: &str) {
    match start(command) {
        Ok(mut child) => panic!("the spawn should fail; it ended by {:?}", child.wait()),
        Err(error) => assert_eq!(error.to_string(), expected),
    }
}

fn file(path: &CStr) -> OwnedFd {
    let flags = OFlags::RDWR | OFlags::CREAT | OFlags::CLOEXEC;
    sys::fd::open(path, flags, 0o600).expect("a file")
}

/// Takes ownership of an open descriptor by its number.
fn own(number: RawFd) -> OwnedFd {
    // SAFETY: a test owns its descriptors.
    unsafe { OwnedFd::from_raw_fd(number) }
}

/// Duplicates a descriptor to this number.
fn at(number: RawFd, from: &OwnedFd) -> OwnedFd {
    // SAFETY: the test owns this number.
    unsafe { sys::fd::dup3(from.as_raw_fd(), number, OFlags::CLOEXEC) }.expect("dup3");
    own(number)
}

fn inode_of(path: &CStr) -> u64 {
    let file = sys::fd::open(path, OFlags::PATH | OFlags::CLOEXEC, 0).expect("a file");
    inode(file.as_raw_fd())
}

fn bits(signals: &[Signal]) -> String {
    format!("{:x}", signals.iter().copied().collect::<SigSet>().bits())
}

// ---- The program, its arguments, its environment ----

fn the_program_is_found_along_the_childs_path(memory: Memory) {
    make_directory(c"a").expect("a directory");
    make_link(c"a/program", probe_path());
    let search = || {
        let mut command = Command::new("program");
        command.memory(memory).env("NESTLING_OUT", out().c_str());
        command
    };
    state(search().env("PATH", "/nope:a"));
    state(
        search()
            .env_clear()
            .env("PATH", "a")
            .env("NESTLING_OUT", out().c_str()),
    );
    // An empty PATH means the child's own directory, not the parent's.
    state(search().env("PATH", "").current_dir("a"));
    let missing = "exec \"program\": ENOENT: no such file or directory";
    fails(search().env("PATH", ""), missing);
    fails(search().env("PATH", "a").current_dir("a"), missing);
    fails(search().env("PATH", "a").env_remove("PATH"), missing);
    fails(search().env("PATH", "a").env_clear(), missing);

    // Without PATH, the program is searched for in the system's standard directories.
    need_root();
    for directory in [c"root", c"root/bin"] {
        make_directory(directory).expect("a directory");
    }
    copy_probe(c"root/bin/program");
    let found = status(search().env_clear().chroot("root").arg("exit").arg("7"));
    assert_eq!(found.code(), Some(7));
}

fn a_name_with_a_slash_is_not_searched_for(memory: Memory) {
    make_directory(c"a").expect("a directory");
    make_link(c"a/program", probe_path());
    let named = |name: &str| {
        let mut command = Command::new(name);
        command.memory(memory).env("PATH", "a");
        command.env("NESTLING_OUT", out().c_str());
        command
    };
    state(&mut named("a/program"));
    state(named("./program").current_dir("a"));
    fails(
        &mut named("./program"),
        "exec \"./program\": ENOENT: no such file or directory",
    );
    fails(
        named("a/program").current_dir("a"),
        "exec \"a/program\": ENOENT: no such file or directory",
    );
}

fn arguments_arrive_unchanged(memory: Memory) {
    let owned = (String::from("a String"), CString::from(c"a CString"));
    let found = state(
        probe(memory)
            .arg("")
            .arg("th ree \"*\"")
            .args([c"a CStr"])
            .args([owned.0.as_str()])
            .arg(&owned.0)
            .arg(owned.1)
            .arg(b"bytes")
            .arg(&b"a slice"[..])
            .arg(b"a Vec".to_vec()),
    );
    let expected = [
        show(probe_path()),
        "state",
        "",
        "th ree \"*\"",
        "a CStr",
        "a String",
        "a String",
        "a CString",
        "bytes",
        "a slice",
        "a Vec",
    ];
    for (index, expected) in expected.iter().enumerate() {
        assert_eq!(&found[&*format!("arg {index}")], *expected);
    }
    assert_eq!(found["args"], format_text!("{}", expected.len()));
    let found = state(probe(memory).arg0("first").arg0("a name"));
    assert_eq!((&found["arg 0"], &found["arg 1"]), ("a name", "state"));
    // An argument may contain every byte except null.
    let bytes: Vec<u8> = (1..=255).collect();
    let output = shell(memory, "cat")
        .stdin(Stdio::null())
        .arg(&bytes)
        .output();
    assert!(output.expect("a start").status.success());
}

/// Returns the environment that the program gets.
fn environment(command: &mut Command) -> Vec<String> {
    let output = command.output().expect("its output");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.lines().map(String::from).collect()
}

fn the_environment_is_inherited_changed_and_cleared(memory: Memory) {
    let inherited = || this_process().env().iter().map(show).map(String::from);
    let without = |name: &str| {
        let other = |entry: &String| !entry.starts_with(&format!("{name}="));
        inherited().filter(other).collect::<Vec<_>>()
    };
    let command = || doing(memory, ["env"]);
    assert_eq!(environment(&mut command()), without(""));
    let mut expected = without("");
    expected.extend(["A=1", "B="].map(String::from));
    assert_eq!(environment(command().env("A", "1").env("B", "")), expected);

    let first = inherited().find(|entry| entry.find('=').is_some_and(|length| length > 1));
    let first = first.expect("a variable: each runner sets one");
    let (name, _) = first.split_once('=').expect("a variable");
    assert_eq!(environment(command().env_remove(name)), without(name));
    let mut expected = without(name);
    expected.push(format!("{name}=other"));
    assert_eq!(environment(command().env(name, "other")), expected);
    // A name that is only the beginning of another name is a different variable.
    let beginning = &name[..name.len() - 1];
    let mut command_of_others = command();
    command_of_others.env_remove(beginning).env_remove("");
    assert_eq!(environment(&mut command_of_others), without(beginning));

    let cleared = || {
        let mut command = command();
        command.env("A", "1").env_clear();
        command
    };
    assert_eq!(environment(&mut cleared()), [""; 0]);
    let set = [("B", "2"), ("C", "a=b")];
    assert_eq!(environment(cleared().envs(set)), ["B=2", "C=a=b"]);
}

fn the_last_change_of_a_variable_counts(memory: Memory) {
    let mut command = doing(memory, ["env"]);
    command.env_clear().env("A", "1").env("B", "1");
    command
        .env("A", "2")
        .env_remove("B")
        .env_remove("C")
        .env("C", "3");
    assert_eq!(environment(&mut command), ["A=2", "C=3"]);
}

fn the_working_directory_is_set(memory: Memory) {
    make_directory(c"a").expect("a directory");
    let found = state(probe(memory).current_dir("/").current_dir("a"));
    assert_eq!(found["directory"], format_text!("{}/a", show(scratch())));
    fails(
        probe(memory).current_dir("nope"),
        "file action 0 (chdir \"nope\"): ENOENT: no such file or directory",
    );
}

// ---- Descriptors ----

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Inherit,
    Null,
    Piped,
    Fd,
}

fn standard_descriptors_are_right_whichever_of_the_parents_are_closed(memory: Memory) {
    use Kind::{Fd, Inherit, Null, Piped};
    let null = inode_of(c"/dev/null");
    let each = [
        [Inherit, Null, Piped],
        [Null, Piped, Fd],
        [Piped, Fd, Inherit],
        [Fd, Inherit, Null],
        [Piped; 3],
        [Fd; 3],
        [Null; 3],
        [Inherit; 3],
    ];
    for open in 0..8 {
        for kinds in each {
            let is_open = |fd: &i32| open & 1 << fd != 0;
            open_only((0..3).filter(is_open));
            let given = [c"given0", c"given1", c"given2"].map(|path| {
                let file = file(path);
                let number = inode(file.as_raw_fd());
                (file, number)
            });
            let given_inodes = [given[0].1, given[1].1, given[2].1];
            let mut given = given.map(|(file, _)| Some(file));
            let mut expected: [Option<u64>; 3] = [None; 3];
            let mut command = probe(memory);
            for (number, kind) in (0..).zip(kinds) {
                let index = number as usize;
                // The files that the test has opened occupy the numbers that were closed.
                let parents = [0, 1, 2].map(|fd| sys::fd::cloexec(fd).is_ok().then(|| inode(fd)));
                let stdio = match kind {
                    Inherit => Stdio::inherit(),
                    Null => Stdio::null(),
                    Piped => Stdio::piped(),
                    Fd => given[index].take().expect("a file").into(),
                };
                expected[index] = match kind {
                    Inherit if is_open(&number) => parents[index],
                    Inherit | Piped => None,
                    Null => Some(null),
                    Fd => Some(given_inodes[index]),
                };
                match number {
                    0 => command.stdin(stdio),
                    1 => command.stdout(stdio),
                    _ => command.stderr(stdio),
                };
            }
            drop(given);
            let mut child = started(&mut command);
            let end = |end: Option<nestling::BorrowedFd<'_>>| end.map(|it| inode(it.as_raw_fd()));
            let ends = [
                end(child.stdin.as_ref().map(AsFd::as_fd)),
                end(child.stdout.as_ref().map(AsFd::as_fd)),
                end(child.stderr.as_ref().map(AsFd::as_fd)),
            ];
            assert!(child.wait().expect("its status").success());
            let situation = format!("{kinds:?}, open {open:03b}");
            check_standard_descriptors(&situation, kinds, ends, expected);
        }
    }
}

/// Compares what the program has found with what it must have: the parent's end of a pipe, or the inode that is expected.
fn check_standard_descriptors(
    situation: &str,
    kinds: [Kind; 3],
    ends: [Option<u64>; 3],
    expected: [Option<u64>; 3],
) {
    let found = State::read(out().c_str());
    let mut numbers = String::from("0 1 2");
    for (index, kind) in kinds.iter().enumerate() {
        let what = format!("{index} of {situation}: {}", &found["fds"]);
        assert_eq!(ends[index].is_some(), *kind == Kind::Piped, "{what}");
        match expected[index].or(ends[index]) {
            Some(inode) => {
                assert_eq!(
                    found[&*format!("inode {index}")],
                    format_text!("{inode}"),
                    "{what}"
                );
            }
            None => numbers = numbers.replace(&*index.to_string(), ""),
        }
    }
    let numbers: Vec<_> = numbers.split_whitespace().collect();
    assert_eq!(
        found["fds"]
            .split(' ')
            .filter(|it| !it.is_empty())
            .collect::<Vec<_>>(),
        numbers
    );
}

fn standard_descriptors_can_change_places(memory: Memory) {
    open_only(0..3);
    let inodes = [inode(0), inode(1), inode(2)].map(|number| format_text!("{number}"));
    let found = state(probe(memory).stdout(own(2)).stderr(own(1)));
    assert_eq!(&found["fds"], "0 1 2");
    assert_eq!(found["inode 1"], inodes[2]);
    assert_eq!(found["inode 2"], inodes[1]);
    open_only(0..3);
    let inodes = [inode(0), inode(1), inode(2)].map(|number| format_text!("{number}"));
    let found = state(probe(memory).stdin(own(1)).stdout(own(2)).stderr(own(0)));
    assert_eq!(&found["fds"], "0 1 2");
    assert_eq!(found["inode 0"], inodes[1]);
    assert_eq!(found["inode 1"], inodes[2]);
    assert_eq!(found["inode 2"], inodes[0]);
}

fn one_descriptor_can_be_all_three_standard_ones(memory: Memory) {
    let file = file(c"file");
    let number = format_text!("{}", inode(file.as_raw_fd()));
    let another = || file.try_clone().expect("a duplicate");
    let found = state(
        probe(memory)
            .stdin(another())
            .stdout(another())
            .stderr(another()),
    );
    for name in ["inode 0", "inode 1", "inode 2"] {
        assert_eq!(found[name], number);
    }
    // Both descriptors share the file offset, too.
    let status = status(
        shell(memory, "echo one; echo two >&2")
            .stdout(another())
            .stderr(another()),
    );
    assert!(status.success());
    assert_eq!(read_file(c"file").expect("a file").as_str(), "one\ntwo\n");
}

fn a_command_can_be_started_twice(memory: Memory) {
    let mut command = probe(memory);
    command
        .stdin(file(c"file"))
        .stdout(Stdio::piped())
        .fd(9, file(c"other"))
        .fd(10, own(2))
        .env("A", "1")
        .current_dir("/");
    let both: [State; 2] = [state(&mut command), state(&mut command)];
    for found in &both {
        assert_eq!(&found["fds"], "0 1 2 9 10");
        assert_eq!(&found["directory"], "/");
        for name in ["inode 0", "inode 2", "inode 9", "inode 10"] {
            assert_eq!(found[name], both[0][name]);
        }
    }
    // Two children of one command, each with pipes of its own.
    let mut command = doing(memory, ["copy"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut two = [started(&mut command), started(&mut command)];
    for (child, text) in two.iter_mut().zip(["one", "two"]) {
        let stdin = child.stdin.as_mut().expect("a pipe");
        stdin.write_all(text.as_bytes()).expect("a write");
    }
    // No other child holds the first child's input open, so that child reads the end and ends.
    for (child, text) in two.into_iter().zip(["one", "two"]) {
        let output = child.wait_with_output().expect("its output");
        assert!(output.status.success());
        assert_eq!(output.stdout, text.as_bytes());
    }
}

fn one_childs_output_is_anothers_input(memory: Memory) {
    let mut first = started(shell(memory, "echo through three programs").stdout(Stdio::piped()));
    let stdout = first.stdout.take().expect("a pipe");
    let mut second = doing(memory, ["copy"]);
    let mut middle = started(second.stdin(stdout).stdout(Stdio::piped()));
    let stdout = middle.stdout.take().expect("a pipe");
    let last = doing(memory, ["copy"])
        .stdin(stdout)
        .output()
        .expect("its output");
    assert_eq!(last.stdout, b"through three programs\n");
    assert!(first.wait().expect("its status").success());
    assert!(middle.wait().expect("its status").success());
    // The command of the second child owns that child's standard input.
    drop(second);
    // The pipe from which one child reads can be the standard error of another child.
    let mut reader = started(
        doing(memory, ["copy"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped()),
    );
    let stdin = reader.stdin.take().expect("a pipe");
    assert!(status(shell(memory, "echo an error >&2").stderr(stdin)).success());
    let output = reader.wait_with_output().expect("its output");
    assert_eq!(output.stdout, b"an error\n");
}

fn a_pipeline_passes_on_what_each_program_writes(memory: Memory) {
    let mut first = shell(memory, "echo one; echo an error >&2; echo two");
    let (mut second, mut third) = (
        doing(memory, ["copy"]),
        shell(memory, "read a; echo $a; read b"),
    );
    // The pipes replace the earlier standard input of both commands; afterwards, the commands can be used again.
    let table = Table::now();
    second.stdin(file(c"file"));
    third.stdin(Stdio::null());
    let mut pipeline = first.pipe(&mut second).pipe(&mut third);
    for _ in 0..2 {
        let output = pipeline.output().expect("its output");
        assert_eq!(output.status.exit_ok(), Ok(()));
        assert_eq!(output.stdout, b"one\n");
        assert_eq!(output.stderr, b"an error\n");
    }
    let mut children = pipeline.spawn().expect("children");
    assert!(children.iter().all(|child| child.stdin.is_none()));
    for child in &mut children {
        assert!(child.wait().expect("its status").success());
    }
    assert_eq!(Table::now(), table, "the parent's descriptors");
    let mut alone = started(second.stdin(Stdio::null()));
    assert!(alone.stdout.is_none(), "the pipe was the pipeline's");
    assert!(alone.wait().expect("its status").success());
    // The input of the first command and the output of the last one are the pipeline's own.
    let (mut head, mut tail) = (doing(memory, ["copy"]), doing(memory, ["copy"]));
    head.input("through two programs");
    tail.stdout(Stdio::piped());
    let mut children = head.pipe(&mut tail).spawn().expect("children");
    let last = children.pop().expect("the last one");
    assert_eq!(
        last.wait_with_output().expect("its output").stdout,
        b"through two programs"
    );
    assert!(
        children
            .pop()
            .expect("the first one")
            .wait()
            .expect("its status")
            .success()
    );
}

fn a_pipeline_that_cannot_start_names_the_program_and_leaves_none(memory: Memory) {
    let fails = |commands: [&mut Command; 3], expected: &str| {
        let table = Table::now();
        let [first, second, third] = commands;
        let mut pipeline = first.pipe(second).pipe(third);
        let errors = [
            pipeline.spawn().map(drop),
            pipeline.status().map(drop),
            pipeline.output().map(drop),
        ];
        for error in errors {
            assert_eq!(error.expect_err("an error").to_string(), expected);
            assert!(!has_child());
            assert_eq!(Table::now(), table, "the parent's descriptors");
        }
    };
    let mut nope = Command::new("nope");
    nope.memory(memory);
    // These commands write nothing, so only a signal ends them.
    let (never, _held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let waits = || {
        let mut command = doing(memory, ["until-eof", "20"]);
        command.fd(20, never.try_clone().expect("a duplicate"));
        command
    };
    let missing = "exec \"nope\": ENOENT: no such file or directory";
    let expected = format!("program 2 (\"nope\"): {missing}");
    fails([&mut waits(), &mut waits(), &mut nope], &expected);
    let expected = format!("program 0 (\"nope\"): {missing}");
    fails([&mut nope, &mut waits(), &mut waits()], &expected);
    let mut broken = Command::new("a\0b");
    let expected =
        "program 1 (\"<string-with-nul>\"): program (null byte): EINVAL: invalid argument";
    fails([&mut waits(), &mut broken, &mut waits()], expected);
    let mut nowhere = doing(memory, ["copy"]);
    nowhere.current_dir("/nope");
    let error = nowhere.pipe(&mut waits()).status().expect_err("an error");
    assert_eq!(
        (error.errno(), error.shell_code()),
        (Some(Errno::ENOENT), 125)
    );
    assert!(error.to_string().contains("(chdir \"/nope\"): ENOENT"));
}

fn a_pipeline_has_the_statuses_of_its_programs() {
    let shell = |script: &str| shell(Memory::Shared, script);
    let find = |scripts: [&str; 3]| {
        let [mut first, mut second, mut third] = scripts.map(shell);
        let mut pipeline = first.pipe(&mut second).pipe(&mut third);
        pipeline.status().expect("statuses")
    };
    let status = find(["exit 3", "exit 4", "cat >/dev/null; exit 0"]);
    let codes: Vec<_> = status
        .iter()
        .map(|(program, status)| (program, status.code()))
        .collect();
    let sh = c"/bin/sh";
    assert_eq!(codes, [(sh, Some(3)), (sh, Some(4)), (sh, Some(0))]);
    assert!(status.last().success());
    let error = status.exit_ok().expect_err("a failure");
    assert_eq!(
        (error.index(), error.program(), error.status().code()),
        (1, sh, Some(4))
    );
    assert_eq!(error.to_string(), "program 1 (\"/bin/sh\"): exit status: 4");
    // A program that SIGPIPE ends because its reader has ended counts as successful, except the last program.
    let endless = "while :; do echo; done";
    let status = find([endless, "read a; exit 0", "read a; exit 0"]);
    assert_eq!(status.exit_ok(), Ok(()));
    assert_eq!(
        status.iter().next().map(|it| it.1.signal()),
        Some(Some(Signal::PIPE))
    );
    let status = find(["exit 0", "exit 0", "kill -PIPE $$"]);
    assert_eq!(status.exit_ok().expect_err("a failure").index(), 2);
}

fn a_pipeline_has_the_process_group_of_its_first_program() {
    let group = |child: &Child| process::getpgid(child.id().as_raw()).expect("a group");
    let own = process::getpgid(0).expect("a group");
    let (never, _held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let mut commands = [(); 3].map(|()| {
        let mut command = doing(Memory::Shared, ["until-eof", "20"]);
        command.fd(20, never.try_clone().expect("a duplicate"));
        command
    });
    for [of_first, of_third] in [[None, None], [Some(0), None], [Some(0), Some(0)]] {
        let [first, second, third] = &mut commands;
        for (command, group) in [(&mut *first, of_first), (&mut *third, of_third)] {
            if let Some(group) = group {
                command.process_group(group);
            }
        }
        let mut pipeline = first.pipe(second).pipe(third);
        let mut children = pipeline.spawn().expect("children");
        let ids: Vec<_> = children.iter().map(|it| it.id().as_raw()).collect();
        let groups: Vec<_> = children.iter().map(group).collect();
        let leader = of_first.map_or(own, |_| ids[0]);
        assert_eq!(
            groups,
            [leader, leader, of_third.map_or(leader, |_| ids[2])]
        );
        for child in &mut children {
            child.kill().expect("a signal");
            child.wait().expect("its status");
        }
    }
}

fn descriptors_get_their_numbers(memory: Memory) {
    open_only(0..8);
    let inodes: [_; 8] = core::array::from_fn(|number| format_text!("{}", inode(number as i32)));
    let cloexec = |number| {
        let number = own(number);
        sys::fd::set_cloexec(number.as_fd(), true).expect("a flag");
        number
    };
    for number in 3..8 {
        core::mem::forget(cloexec(number));
    }
    // The last descriptor already has the wanted number.
    let found = state(probe(memory).fd(20, own(3)).fd(9, own(4)).fd(5, own(5)));
    assert_eq!(&found["fds"], "0 1 2 5 9 20");
    assert_eq!(found["inode 20"], inodes[3]);
    assert_eq!(found["inode 9"], inodes[4]);
    assert_eq!(found["inode 5"], inodes[5]);
    fails(
        probe(memory).fd(-1, file(c"file")),
        "file action 0 (dup2 3 to -1): EBADF: bad file descriptor",
    );
    fails(
        probe(memory).fd(DESCRIPTORS as i32, file(c"file")),
        "file action 0 (dup2 3 to 64): EBADF: bad file descriptor",
    );
}

/// Passes the parent's descriptors `from`, each open on a file of its own, to the child as `to`. Asserts that the child
/// has exactly these.
fn gives(memory: Memory, change: &[(RawFd, RawFd)]) {
    open_only(0..3);
    let mut command = probe(memory);
    let mut expected = Vec::new();
    let files: Vec<_> = (0..change.len())
        .map(|index| file(format_text!("f{index}").c_str()))
        .collect();
    // First the files are moved to high numbers, so that none is put on a number that another file still occupies.
    let high: Vec<_> = (0..)
        .zip(&files)
        .map(|(index, file)| at(40 + index, file))
        .collect();
    drop(files);
    for (&(from, to), file) in change.iter().zip(&high) {
        expected.push((to, inode(file.as_raw_fd())));
        command.fd(to, at(from, file));
    }
    drop(high);
    let found = state(&mut command);
    for (to, inode) in expected {
        assert_eq!(
            found[&*format!("inode {to}")],
            format_text!("{inode}"),
            "{change:?}"
        );
    }
    let all = found["fds"].split(' ').count();
    assert_eq!(
        all,
        3 + change.iter().filter(|it| it.1 > 2).count(),
        "{}",
        &found["fds"]
    );
}

fn descriptors_can_change_places(memory: Memory) {
    gives(memory, &[(5, 6), (6, 5)]);
    gives(memory, &[(5, 6), (6, 7), (7, 5)]);
    gives(memory, &[(5, 6), (6, 7), (7, 8)]);
    gives(memory, &[(7, 8), (6, 7), (5, 6)]);
    gives(memory, &[(5, 5), (6, 7), (7, 6)]);
    // These numbers are the lowest free ones, which a duplicate would get.
    gives(memory, &[(7, 3), (5, 6), (6, 5)]);
    gives(memory, &[(7, 3), (8, 4), (5, 6), (6, 5)]);
    // These are the numbers of the status pipe.
    gives(memory, &[(5, 3), (6, 4)]);
    gives(memory, &[(3, 4), (4, 3)]);
}

fn the_last_descriptor_for_a_number_counts(memory: Memory) {
    let (first, last) = (file(c"first"), at(20, &file(c"last")));
    let expected = format_text!("{}", inode(20));
    // The first descriptor's number is the number that the other one is put on.
    let found = state(probe(memory).fd(20, first).fd(20, last));
    assert_eq!(&found["fds"], "0 1 2 20");
    assert_eq!(found["inode 20"], expected);
}

fn descriptors_can_be_the_standard_ones(memory: Memory) {
    gives(memory, &[(5, 0), (6, 1), (7, 2)]);
    open_only(0..3);
    let inodes = [inode(0), inode(1), inode(2)].map(|number| format_text!("{number}"));
    let mut command = probe(memory);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    // The passed descriptors are the parent's standard ones, even if the child's standard ones are replaced; and they
    // replace the child's.
    let found = state(command.fd(7, own(0)).fd(1, own(2)).fd(2, own(1)));
    assert_eq!(&found["fds"], "0 1 2 7");
    assert_eq!(found["inode 7"], inodes[0]);
    assert_eq!(found["inode 1"], inodes[2]);
    assert_eq!(found["inode 2"], inodes[1]);
}

fn descriptors_change_places_at_the_limit(memory: Memory) {
    let last = DESCRIPTORS as i32 - 1;
    gives(memory, &[(last, 5), (5, last)]);
    gives(memory, &[(5, last), (last, last - 1), (last - 1, 5)]);
}

fn close_from_keeps_the_descriptors_that_the_command_passes(memory: Memory) {
    let see = |expected: &str, set: &dyn Fn(&mut Command)| {
        open_only(0..10);
        let mut command = probe(memory);
        set(&mut command);
        assert_eq!(&state(&mut command)["fds"], expected);
    };
    let from = |first| {
        move |command: &mut Command| {
            command.close_from(first);
        }
    };
    see("0 1 2", &from(3));
    see("0 1 2 3 4 5", &from(6));
    see("", &from(0));
    see("0 1", &from(2));
    see("0 1 2 3 6 9 20", &|command| {
        let [a, b, c] = [c"a", c"b", c"c"].map(file);
        command.close_from(4).fd(6, a).fd(9, b).fd(20, c);
    });
    see("0 1 2 5 6", &|command| {
        let swapped = command.close_from(3).fd(5, own(6)).fd(6, own(5));
        swapped.stdout(own(7));
    });
    see("1 5", &|command| {
        let given = command.close_from(0).stdout(Stdio::null());
        given.fd(5, file(c"a"));
    });
    // The pipes that `output` reads are among the descriptors that are kept.
    let output = shell(memory, "echo here").close_from(0).output();
    assert_eq!(output.expect("a start").stdout, b"here\n");
    fails(
        probe(memory).close_from(-1),
        "file action 0 (close from -1): EBADF: bad file descriptor",
    );
}

// ---- What the child is ----

fn the_user_and_the_groups_are_set(memory: Memory) {
    need_root();
    credentials::setgroups(&[7]).expect("groups");
    make_file(c"out", 0o666, b"");
    sys::file::chmod(c"out", 0o666).expect("for every user");
    let found = state(probe(memory).uid(1001).gid(1002).groups(&[1003, 70000]));
    assert_eq!((&found["uid"], &found["gid"]), ("1001 1001", "1002 1002"));
    assert_eq!(&found["groups"], "1003 70000");
    // The parent's ids do not change.
    assert_eq!(credentials::getuid(), Ok(0));
    let found = state(probe(memory).gid(1002));
    assert_eq!((&found["uid"], &found["gid"]), ("0 0", "1002 1002"));
    assert_eq!(&found["groups"], "7");
    assert_eq!(&state(probe(memory).groups(&[]))["groups"], "");
}

fn a_user_without_groups_has_none(memory: Memory) {
    need_root();
    credentials::setgroups(&[7, 8]).expect("groups");
    make_file(c"out", 0o666, b"");
    sys::file::chmod(c"out", 0o666).expect("for every user");
    let found = state(probe(memory).uid(1001));
    assert_eq!((&found["uid"], &found["gid"]), ("1001 1001", "0 0"));
    assert_eq!(&found["groups"], "");
    assert_eq!(&state(&mut probe(memory))["groups"], "7 8");
    // A process that is not root may not set groups, so the child keeps the parent's.
    credentials::setgid(1002).expect("a group");
    credentials::setuid(1001).expect("a user");
    assert_eq!(&state(probe(memory).uid(1001))["groups"], "7 8");
    fails(
        probe(memory).uid(1002),
        "action 0 (uid 1002): EPERM: operation not permitted",
    );
}

fn the_effective_ids_become_the_real_ones(memory: Memory) {
    need_root();
    let unchanged = credentials::UNCHANGED;
    credentials::setresgid(1002, unchanged, unchanged).expect("a group");
    credentials::setresuid(1001, unchanged, unchanged).expect("a user");
    make_file(c"out", 0o666, b"");
    sys::file::chmod(c"out", 0o666).expect("for every user");
    let found = state(probe(memory).reset_ids());
    assert_eq!((&found["uid"], &found["gid"]), ("1001 1001", "1002 1002"));
}

fn a_limit_and_the_umask_are_set(memory: Memory) {
    let limit = |soft, hard| Rlimit { soft, hard };
    let mut command = probe(memory);
    command
        .limit(Resource::Core, limit(1, 2))
        .limit(Resource::Nofile, limit(70, 80))
        .limit(Resource::Core, limit(0, 1))
        .umask(0o137);
    let found = state(&mut command);
    assert_eq!((&found["core"], &found["nofile"]), ("0 1", "70 80"));
    assert_eq!(&found["umask"], "137");
    assert_eq!(sys::file::umask(0o022), Ok(0o022), "the parent's");
}

fn session_group_and_niceness_are_set(memory: Memory) {
    let found = state(probe(memory).setsid(true));
    assert_eq!(found["session"], found["pid"]);
    let found = state(probe(memory).process_group(0).nice(3));
    assert_eq!(found["group"], found["pid"]);
    assert_eq!(found["session"], format_text!("{}", process::getpid()));
    assert_eq!(&found["nice"], "3");
    let found = state(probe(memory).setsid(true).setsid(false));
    assert_eq!(found["session"], format_text!("{}", process::getpid()));
}

fn no_new_privs_scheduler_and_parent_death_signal_are_set(memory: Memory) {
    let batch = Scheduler {
        policy: Some(Policy::Batch),
        priority: 0,
    };
    let look = || {
        let mut number = 0i32;
        // SAFETY: the kernel writes one number.
        unsafe {
            call(
                linux::__NR_prctl,
                [PR_GET_PDEATHSIG as usize, &raw mut number as usize],
            )
        }?;
        if number == Signal::USR2.as_raw() {
            Ok(())
        } else {
            Err(Errno::EXDEV)
        }
    };
    // SAFETY: the hook makes one system call.
    let look = unsafe { PreExec::new(look) };
    let mut command = probe(memory);
    command.no_new_privs(true).scheduler(batch);
    if !emulated() {
        command.parent_death_signal(Signal::USR2).pre_exec(look);
    }
    let found = state(&mut command);
    assert_eq!(&found["no new privileges"], "1");
    assert_eq!(found["scheduler"], format_text!("{} 0", linux::SCHED_BATCH));
}

fn a_new_root_is_the_working_directory_too(memory: Memory) {
    need_root();
    for directory in [c"root", c"root/a"] {
        make_directory(directory).expect("a directory");
    }
    copy_probe(c"root/program");
    let rooted = || {
        let mut command = Command::new("/program");
        command
            .memory(memory)
            .env("NESTLING_OUT", "/out")
            .chroot("root");
        command
    };
    let found = |command: &mut Command| {
        assert!(status(command).success());
        State::read(c"root/out")
    };
    assert_eq!(&found(&mut rooted())["directory"], "/");
    assert_eq!(&found(rooted().current_dir("a"))["directory"], "/a");
    // The new root does not change what the standard descriptors refer to.
    assert!(status(rooted().stdin(Stdio::null()).stdout(Stdio::piped())).success());
    fails(
        rooted().chroot("nope"),
        "action 0 (chroot \"nope\"): ENOENT: no such file or directory",
    );
}

fn a_terminal_is_controlling_and_in_the_foreground(memory: Memory) {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let (mut number, mut zero) = (0, 0);
    let open = || {
        let master = sys::fd::open(c"/dev/ptmx", flags, 0)?;
        ioctl(master.as_raw_fd(), TIOCSPTLCK, &mut zero)?;
        ioctl(master.as_raw_fd(), TIOCGPTN, &mut number)?;
        let terminal = sys::fd::open(format_text!("/dev/pts/{number}").c_str(), flags, 0)?;
        Ok::<_, Errno>((master, terminal))
    };
    let mut open = open;
    let (_master, terminal) = match open() {
        Ok(both) => both,
        Err(errno) => skip(format_args!("no pseudo-terminals here: {errno}")),
    };
    let terminal = || terminal.try_clone().expect("a duplicate");
    let mut command = probe(memory);
    command.setsid(true).stdin(terminal());
    let found = state(command.controlling_terminal(0).foreground(0));
    assert_eq!(found["session"], found["pid"]);
    assert_eq!(found["foreground"], found["pid"]);
    // The number is that of the child's descriptor.
    let mut command = probe(memory);
    command.setsid(true).fd(9, terminal()).stdin(terminal());
    let found = state(command.controlling_terminal(9));
    assert_eq!(found["foreground"], found["pid"]);
    fails(
        probe(memory).fd(9, terminal()).controlling_terminal(9),
        &format!("action 1 (controlling terminal 9): {}", Errno::EPERM),
    );
    fails(
        probe(memory).foreground(9),
        "file action 0 (set foreground on 9): EBADF: bad file descriptor",
    );
}

fn the_cgroup_is_joined(memory: Memory) {
    // A directory that is no cgroup is joined in the old way, through its file.
    make_directory(c"group").expect("a directory");
    make_file(c"group/cgroup.procs", 0o644, b"");
    let directory = || {
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        sys::fd::open(c"group", flags, 0).expect("a directory")
    };
    state(probe(memory).cgroup(directory()));
    let joined = read_file(c"group/cgroup.procs").expect("the file");
    assert_eq!(joined.as_str(), "0");
    remove(c"group/cgroup.procs");
    fails(
        probe(memory).cgroup(directory()),
        "attribute cgroup: ENOENT: no such file or directory",
    );
}

fn a_pidfd_is_made_if_asked_for(memory: Memory) {
    let mut command = doing(memory, ["copy"]);
    command.stdin(Stdio::piped());
    let mut child = started(&mut command);
    assert!(child.pidfd().is_none());
    assert!(child.wait().expect("its status").success());
    if emulated() {
        skip("the emulator's waitid takes no pidfds");
    }
    let mut child = started(command.create_pidfd(true));
    assert_eq!(child.try_wait(), Ok(None));
    let pidfd = child.pidfd().expect("a pidfd");
    process::pidfd_send_signal(pidfd, Signal::TERM).expect("a signal");
    let status = child.wait().expect("its status");
    assert_eq!(status.signal(), Some(Signal::TERM));
    assert_eq!(child.kill(), Ok(()));
    assert!(started(command.create_pidfd(false)).pidfd().is_none());
}

fn sigpipe_is_no_longer_ignored(memory: Memory) {
    let _pipe = signals::ignore(Signal::PIPE).expect("ignored");
    let _int = signals::ignore(Signal::INT).expect("ignored");
    let found = state(&mut probe(memory));
    assert_eq!(&found["ignored"], bits(&[Signal::INT]));
    let found = state(probe(memory).default_signals(SigSet::EMPTY));
    assert_eq!(&found["ignored"], bits(&[Signal::INT, Signal::PIPE]));
    let int = SigSet::EMPTY.with(Signal::INT);
    let found = state(probe(memory).default_signals(int));
    assert_eq!(&found["ignored"], bits(&[Signal::PIPE]));
}

fn the_signal_mask_is_that_of_the_thread_or_another(memory: Memory) {
    let mask = [Signal::USR1, Signal::PIPE];
    signal::set_mask(mask.iter().copied().collect()).expect("a mask");
    let found = state(&mut probe(memory));
    assert_eq!(&found["blocked"], bits(&mask));
    let usr2 = SigSet::EMPTY.with(Signal::USR2);
    let found = state(probe(memory).signal_mask(usr2));
    assert_eq!(&found["blocked"], bits(&[Signal::USR2]));
    let found = state(probe(memory).signal_mask(SigSet::EMPTY));
    assert_eq!(&found["blocked"], "0");
}

fn pre_exec_runs_in_the_child(memory: Memory) {
    let number = &mailbox().numbers[69];
    // The hook runs after everything else: the current directory is already the child's.
    let hook = || {
        mailbox().numbers[69].store(process::getpid().as_raw() as u32, Relaxed);
        sys::file::chdir(c"b")
    };
    for directory in [c"a", c"a/b"] {
        make_directory(directory).expect("a directory");
    }
    // SAFETY: the hooks make system calls and write to an atomic.
    let (never, hook, failing) = unsafe {
        (
            PreExec::new(|| Err(Errno::EXDEV)),
            PreExec::new(hook),
            PreExec::new(|| Err(Errno::ENOTTY)),
        )
    };
    let mut command = probe(memory);
    // Only the last hook runs.
    command.current_dir("a").pre_exec(never).pre_exec(hook);
    for _ in 0..2 {
        number.store(0, Relaxed);
        let found = state(&mut command);
        assert_eq!(found["pid"], format_text!("{}", number.load(Relaxed)));
        assert_eq!(found["directory"], format_text!("{}/a/b", show(scratch())));
    }
    fails(
        command.pre_exec(failing),
        &format!("attribute hook: {}", Errno::ENOTTY),
    );
}

// ---- Failures ----

/// A list of failures, one for each step of a `Command`.
fn every_step_that_fails_is_named(memory: Memory) {
    make_file(c"file", 0o644, b"");
    make_file(c"words", 0o755, b"hello\n");
    make_file(c"script", 0o755, b"#!/nope\n");
    let named = |name: &str| {
        let mut command = Command::new(name);
        command.memory(memory);
        command
    };
    let see = |command: &mut Command, step: &str, errno: Errno, code: i32| {
        let error = start(command).expect_err(step);
        assert_eq!(error.step(), step);
        assert_eq!(error.errno(), Some(errno), "{step}");
        assert_eq!(error.shell_code(), code, "{step}");
        assert_eq!(error.to_string(), format!("{step}: {errno}"));
        // The text is the same for each of the methods that start a program.
        assert_eq!(
            command.status().expect_err(step).to_string(),
            error.to_string()
        );
    };
    see(&mut named("/nope"), "exec \"/nope\"", Errno::ENOENT, 127);
    see(
        named("nestling-nope").env("PATH", "/nope"),
        "exec \"nestling-nope\"",
        Errno::ENOENT,
        127,
    );
    see(&mut named(""), "exec \"\"", Errno::ENOENT, 127);
    see(
        &mut named("./file/x"),
        "exec \"./file/x\"",
        Errno::ENOTDIR,
        127,
    );
    see(&mut named("./file"), "exec \"./file\"", Errno::EACCES, 126);
    see(
        &mut named("./words"),
        "exec \"./words\"",
        Errno::ENOEXEC,
        126,
    );
    let missing = "exec \"./script\" (interpreter not found)";
    see(&mut named("./script"), missing, Errno::ENOENT, 126);
    let long = "x".repeat(1 << 17);
    see(
        probe(memory).arg(&long),
        &format!("exec \"{}\"", show(probe_path())),
        Errno::E2BIG,
        126,
    );
    see(
        probe(memory).process_group(i32::MAX),
        "attribute process group",
        Errno::EPERM,
        125,
    );
    see(
        probe(memory).limit(Resource::Core, Rlimit { soft: 2, hard: 1 }),
        "action 0 (limit core)",
        Errno::EINVAL,
        125,
    );
    // Actions are counted from the first one that the child performs.
    see(
        probe(memory)
            .current_dir("/nope")
            .umask(0)
            .stdin(Stdio::null()),
        "file action 2 (chdir \"/nope\")",
        Errno::ENOENT,
        125,
    );
    let signals = [Signal::KILL, Signal::TERM];
    for signal in signals {
        let kill = move || process::kill(process::getpid().as_raw(), Some(signal));
        // SAFETY: the hook makes one system call.
        let kill = unsafe { PreExec::new(kill) };
        let error = start(probe(memory).pre_exec(kill)).expect_err("a killed child");
        let expected = format!("the child was killed by {signal} before its exec");
        assert_eq!((error.step(), error.errno()), (&*expected, None));
        assert_eq!((error.to_string(), error.shell_code()), (expected, 125));
    }
    let _ignored = signals::ignore(Signal::CHLD).expect("ignored");
    let error = doing(memory, ["exit", "0"])
        .status()
        .expect_err("no status");
    assert_eq!(error.to_string(), "wait: ECHILD: no child processes");
    let error = doing(memory, ["exit", "0"])
        .output()
        .expect_err("no status");
    assert_eq!((error.step(), error.errno()), ("wait", Some(Errno::ECHILD)));
}

fn a_null_byte_is_an_error_that_names_the_string(memory: Memory) {
    let see = |command: &mut Command, what: &str| {
        let what = format!("{what} (null byte)");
        fails(command, &format!("{what}: EINVAL: invalid argument"));
        let error = command.status().expect_err("a null byte");
        assert_eq!((error.step(), error.shell_code()), (&what[..], 125));
        assert_eq!(command.output().expect_err("a null byte").step(), what);
        assert_eq!(command.exec().step(), what);
    };
    see(&mut Command::new("pro\0be"), "program");
    see(probe(memory).arg("\0"), "argument");
    see(probe(memory).args(["a", "b\0", "c"]), "argument");
    see(probe(memory).arg0("a\0"), "argument 0");
    see(probe(memory).env("A\0", "b"), "environment");
    see(probe(memory).env("A", "\0b"), "environment");
    see(probe(memory).envs([("A", "b\0")]), "environment");
    see(probe(memory).current_dir("/\0"), "directory");
    see(probe(memory).chroot("/\0"), "root directory");
    // The error names the first invalid text.
    see(probe(memory).arg("a\0").current_dir("/\0"), "argument");
}

fn an_invalid_name_of_a_variable_is_an_error(memory: Memory) {
    for name in ["", "=", "=A", "A=", "A=b"] {
        let mut command = probe(memory);
        fails(
            command.env(name, "c").env("A", "d"),
            "environment (name of a variable): EINVAL: invalid argument",
        );
    }
    // The variable is refused, not ignored.
    let mut command = probe(memory);
    command.env("A=b", "c").env_clear();
    fails(
        &mut command,
        "environment (name of a variable): EINVAL: invalid argument",
    );
}

fn each_descriptor_that_cannot_be_made_is_named(memory: Memory) {
    // The descriptors that a pipe gets first, and, if these have the numbers of standard descriptors, their duplicates.
    for standard in [0..3, 3..3] {
        let all_open = !standard.is_empty();
        open_only(standard);
        let mut command = probe(memory);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let file = at(40, &file(c"file"));
        command.fd(
            40,
            file.try_clone()
                .map(|other| at(41, &other))
                .expect("a duplicate"),
        );
        command.fd(41, file);
        let mut steps = Vec::new();
        let limits = 0..=DESCRIPTORS as u64;
        for limit in limits {
            limit_descriptors(limit);
            let outcome = start(&mut command);
            limit_descriptors(DESCRIPTORS as u64);
            match outcome {
                Ok(mut child) => {
                    assert!(child.wait().expect("its status").success());
                    break;
                }
                Err(error) => {
                    let step = String::from(error.step());
                    // The numbers that the child must get are beyond the limit.
                    let beyond =
                        step.starts_with("file action 3") || step.starts_with("file action 4");
                    let errno = if beyond { Errno::EBADF } else { Errno::EMFILE };
                    assert_eq!(error.errno(), Some(errno), "{step}");
                    if steps.last() != Some(&step) {
                        steps.push(step);
                    }
                }
            }
        }
        let expected = [
            "standard input",
            "standard output",
            "standard error",
            "descriptor",
            "status pipe",
            // The status pipe gets the numbers of closed standard descriptors. No other number is free for it to move to.
            "file action 2 (dup2",
            "file action 3 (dup2",
            "file action 4 (dup2",
        ];
        // If no pipe is available, the mark takes its place.
        let must_have_pipe = memory == Memory::Copied || emulated();
        let expected: Vec<_> = expected
            .into_iter()
            .filter(|step| match *step {
                "status pipe" => must_have_pipe && all_open,
                "file action 2 (dup2" => !all_open,
                _ => true,
            })
            .collect();
        let steps: Vec<_> = steps
            .iter()
            .map(|step| &step[..step.len().min(19)])
            .collect();
        assert_eq!(steps, expected, "standard descriptors open: {all_open}");
    }
    // The parent cannot duplicate a standard descriptor.
    open_only(0..3);
    let mut command = probe(memory);
    command.stdout(own(0));
    for limit in [0, 3] {
        limit_descriptors(limit);
        fails(&mut command, "standard output: EMFILE: too many open files");
    }
    limit_descriptors(DESCRIPTORS as u64);
}

fn a_program_that_does_not_start_leaves_nothing(memory: Memory) {
    let mut command = Command::new("/nope");
    command
        .memory(memory)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped());
    command.stdout(own(1)).fd(7, own(2)).fd(9, file(c"file"));
    let before = Table::now();
    for _ in 0..10 {
        fails(
            &mut command,
            "exec \"/nope\": ENOENT: no such file or directory",
        );
        command.status().expect_err("no program");
        command.output().expect_err("no program");
        assert_eq!(Table::now(), before);
        assert!(!has_child());
    }
}

// ---- The child ----

fn a_wait_closes_the_standard_input(memory: Memory) {
    let mut command = doing(memory, ["copy"]);
    command.stdin(Stdio::piped());
    let mut child = started(&mut command);
    assert_eq!(child.try_wait(), Ok(None));
    assert!(child.stdin.is_some(), "a look leaves it open");
    // The child now reads the end of its input, and ends.
    assert!(child.wait().expect("its status").success());
    assert!(child.stdin.is_none());
    assert!(command.status().expect("its status").success());
    let output = started(&mut command)
        .wait_with_output()
        .expect("its output");
    assert!(output.status.success());
}

fn the_status_is_kept_after_the_first_wait(memory: Memory) {
    for code in [0, 7, 255] {
        let code_text = format!("{code}");
        let mut command = doing(memory, ["exit", &code_text]);
        assert_eq!(command.status().expect("a status").code(), Some(code));
        let mut child = started(&mut command);
        let id = child.id();
        for _ in 0..3 {
            assert_eq!(child.wait().map(ExitStatus::code), Ok(Some(code)));
            assert_eq!(
                child.try_wait().map(|it| it.and_then(ExitStatus::code)),
                Ok(Some(code))
            );
        }
        assert_eq!(child.id(), id);
        assert!(!has_child());
        let mut child = started(&mut command);
        let status = loop {
            if let Some(status) = child.try_wait().expect("a status") {
                break status;
            }
        };
        assert_eq!(status.code(), Some(code));
        assert_eq!(child.wait(), Ok(status));
    }
    let number = Signal::TERM.as_raw().to_string();
    let status = doing(memory, ["kill", &number]).status().expect("a status");
    assert_eq!((status.code(), status.signal()), (None, Some(Signal::TERM)));
}

fn a_child_can_be_killed_until_it_was_waited_for(memory: Memory) {
    let mut command = doing(memory, ["copy"]);
    command.stdin(Stdio::piped());
    let mut child = started(&mut command);
    assert_eq!(child.kill(), Ok(()));
    // Once more while the child is a zombie.
    let who = wait::Who::Child(child.id());
    wait::peek(who, wait::Options::default()).expect("its end");
    assert_eq!(child.kill(), Ok(()));
    let status = child.wait().expect("its status");
    assert_eq!(status.signal(), Some(Signal::KILL));
    assert_eq!(child.kill(), Ok(()));
    assert_eq!(child.signal(Signal::TERM), Ok(()));
    let mut child = started(&mut command);
    assert_eq!(child.signal(Signal::USR1), Ok(()));
    let status = child.wait().expect("its status");
    assert_eq!(status.signal(), Some(Signal::USR1));
}

fn a_child_that_was_reaped_elsewhere_is_an_error(memory: Memory) {
    let mut child = started(&mut doing(memory, ["exit", "0"]));
    wait::wait(child.id()).expect("its status");
    assert_eq!(child.wait(), Err(Errno::ECHILD));
    assert_eq!(child.try_wait(), Err(Errno::ECHILD));
    assert_eq!(child.kill(), Err(Errno::ESRCH));
    assert_eq!(child.wait_with_output(), Err(Errno::ECHILD));
}

const FLOOD: usize = 1 << 20;

/// Whether these are the bytes that the probe writes.
fn is_flood(bytes: &[u8]) -> bool {
    let pattern: [u8; 251] = core::array::from_fn(|index| index as u8);
    let mut parts = bytes.chunks(pattern.len());
    bytes.len() == FLOOD && parts.all(|part| part == &pattern[..part.len()])
}

fn flood(memory: Memory) -> Command {
    doing(memory, ["flood", &FLOOD.to_string()])
}

fn both_outputs_are_collected_in_any_order(memory: Memory) {
    let mut command = flood(memory);
    // The program does not read this pipe.
    command.stdin(Stdio::piped());
    let before = Table::now();
    let output = command.output().expect("its output");
    assert!(output.status.success());
    assert!(is_flood(&output.stdout), "{} bytes", output.stdout.len());
    assert!(is_flood(&output.stderr), "{} bytes", output.stderr.len());
    assert_eq!(Table::now(), before);

    // With both outputs in one pipe, the pipe carries twice as many bytes.
    let (from, to) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let mut command = flood(memory);
    command
        .stdout(to.try_clone().expect("a duplicate"))
        .stderr(to);
    let mut child = started(&mut command);
    // The command holds the pipe's write end.
    drop(command);
    let mut bytes = Vec::new();
    let count = nestling::io::read_to_end(from.as_fd(), &mut bytes);
    assert_eq!(count, Ok(2 * FLOOD));
    assert!(child.wait().expect("its status").success());

    // One output may end long before the other, or the caller may have taken one away.
    for commands in ["echo one >&2", "echo one"] {
        let output = shell(memory, commands).output().expect("its output");
        assert_eq!([output.stdout, output.stderr].concat(), b"one\n");
    }
    let mut child = started(flood(memory).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut stderr = child.stderr.take().expect("a pipe");
    let helper = fork(|| {
        let mut bytes = Vec::new();
        assert_eq!(stderr.read_to_end(&mut bytes), Ok(FLOOD));
        assert!(is_flood(&bytes));
    });
    drop(stderr);
    let output = child.wait_with_output().expect("its output");
    assert!(output.status.success() && output.stderr.is_empty());
    assert!(is_flood(&output.stdout));
    join(helper);
}

fn one_output_is_collected(memory: Memory) {
    let nothing = || Stdio::null();
    let mut command = flood(memory);
    let child = started(command.stdout(Stdio::piped()).stderr(nothing()));
    let output = child.wait_with_output().expect("its output");
    assert!(is_flood(&output.stdout) && output.stderr.is_empty());
    let child = started(command.stdout(nothing()).stderr(Stdio::piped()));
    let output = child.wait_with_output().expect("its output");
    assert!(is_flood(&output.stderr) && output.stdout.is_empty());
    let child = started(command.stdout(nothing()).stderr(nothing()));
    let nothing = Output {
        status: ExitStatus::default(),
        stdout: Vec::new(),
        stderr: Vec::new(),
    };
    assert_eq!(child.wait_with_output(), Ok(nothing));
    // The caller reads the output in pieces.
    let mut child = started(shell(memory, "echo words").stdout(Stdio::piped()));
    let (mut stdout, mut buffer) = (child.stdout.take().expect("a pipe"), [0; 3]);
    let mut words = Vec::new();
    while let Ok(count @ 1..) = stdout.read(&mut buffer) {
        words.extend_from_slice(&buffer[..count]);
    }
    assert_eq!(words, b"words\n");
    assert!(child.wait().expect("its status").success());
}

fn output_gives_an_empty_input_and_collects_the_rest(memory: Memory) {
    let (end, _held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    // If the program inherited this input, it would wait for the pipe's end.
    core::mem::forget(at(0, &end));
    let output = doing(memory, ["copy"]).output().expect("its output");
    assert!(output.status.success() && output.stdout.is_empty());
    let mut command = probe(memory);
    assert!(command.output().expect("its output").status.success());
    let found = State::read(out().c_str());
    assert_eq!(found["inode 0"], format_text!("{}", inode_of(c"/dev/null")));
    assert_eq!((&found["fds"], &found["flags 0"]), ("0 1 2", "read"));
    assert_eq!((&found["flags 1"], &found["flags 2"]), ("write", "write"));
    // `output` leaves a standard input that the caller has set.
    let (file, other) = (file(c"file"), file(c"other"));
    let inodes = [&file, &other].map(|it| format_text!("{}", inode(it.as_raw_fd())));
    let output = command
        .stdin(file)
        .stdout(other)
        .output()
        .expect("its output");
    assert!(output.stdout.is_empty());
    let found = State::read(out().c_str());
    assert_eq!(
        [&found["inode 0"], &found["inode 1"]],
        [inodes[0].as_str(), inodes[1].as_str()]
    );
    let found = state(probe(memory).stdin(Stdio::null()).stdout(Stdio::null()));
    assert_eq!((&found["flags 0"], &found["flags 1"]), ("read", "write"));
}

/// A read of such a descriptor may return `EAGAIN`; the child can still be waited for.
fn a_nonblocking_output_can_be_read(memory: Memory) {
    let mut child = started(
        doing(memory, ["copy"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped()),
    );
    let mut stdout = child.stdout.take().expect("a pipe");
    sys::fd::set_nonblocking(stdout.as_fd(), true).expect("a flag");
    assert_eq!(stdout.read(&mut [0; 4]), Err(Errno::EAGAIN));
    assert_eq!(stdout.read_to_end(&mut Vec::new()), Err(Errno::EAGAIN));
    assert!(child.wait().expect("its status").success());
    assert_eq!(stdout.read(&mut [0; 4]), Ok(0));
}

fn a_write_without_a_reader_fails_if_sigpipe_is_ignored(memory: Memory) {
    let writer = || {
        let mut child = started(doing(memory, ["exit", "0"]).stdin(Stdio::piped()));
        let mut stdin = child.stdin.take().expect("a pipe");
        wait::wait(child.id()).expect("its end");
        stdin.write_all(b"words")
    };
    let helper = fork(|| {
        let _ = writer();
    });
    let status = wait::wait(helper).expect("its status");
    assert_eq!(status.signal(), Some(Signal::PIPE));
    let _ignored = signals::ignore(Signal::PIPE).expect("ignored");
    assert_eq!(writer(), Err(Errno::EPIPE));
}

// ---- Without a child ----

fn exec_becomes_the_program() {
    make_directory(c"a").expect("a directory");
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let helper = fork(|| {
        signal::set_mask(SigSet::EMPTY.with(Signal::USR1)).expect("a mask");
        let _ignored = signals::ignore(Signal::PIPE).expect("ignored");
        nestling_tests::handle([Signal::TERM].into_iter(), 0);
        let mut command = probe(Memory::Shared);
        command
            .arg0("a name")
            .env_clear()
            .env("A", "1")
            .env("NESTLING_OUT", out().c_str())
            .stdin(Stdio::null())
            .stdout(held.try_clone().expect("a duplicate"))
            .umask(0o077)
            .setsid(true)
            .current_dir("a");
        panic!("{}", command.exec());
    });
    drop(held);
    join(helper);
    assert_eq!(sys::fd::read(end.as_fd(), &mut [0]), Ok(0));
    let found = State::read(out().c_str());
    assert_eq!(found["pid"], format_text!("{helper}"));
    assert_eq!(found["session"], format_text!("{helper}"));
    assert_eq!(found["parent"], format_text!("{}", process::getpid()));
    assert_eq!((&found["arg 0"], &found["arg 1"]), ("a name", "state"));
    assert_eq!(found["inode 0"], format_text!("{}", inode_of(c"/dev/null")));
    assert_eq!((&found["fds"], &found["umask"]), ("0 1 2", "077"));
    assert_eq!(&found["blocked"], bits(&[Signal::USR1]));
    assert_eq!(&found["ignored"], "0");
    assert_eq!(found["directory"], format_text!("{}/a", show(scratch())));
    assert_eq!((&found["env 0"], &found["env 2"]), ("A=1", "(nothing)"));
}

fn a_failed_exec_is_named_and_restores_the_mask() {
    let mask = SigSet::EMPTY.with(Signal::USR1).with(Signal::HUP);
    signal::set_mask(mask).expect("a mask");
    let before = Table::now();
    let see = |command: &mut Command, expected: &str| {
        assert_eq!(command.exec().to_string(), expected);
        assert_eq!(signal::mask(), Ok(mask), "{expected}");
        assert!(!has_child());
        assert_eq!(Table::now(), before, "{expected}");
    };
    let memory = Memory::Shared;
    see(
        &mut Command::new("/nope"),
        "exec \"/nope\": ENOENT: no such file or directory",
    );
    see(
        Command::new("nestling-nope").env("PATH", "/nope"),
        "exec \"nestling-nope\": ENOENT: no such file or directory",
    );
    see(
        probe(memory).current_dir("/nope"),
        "file action 0 (chdir \"/nope\"): ENOENT: no such file or directory",
    );
    // SAFETY: the hook does nothing.
    let hook = unsafe { PreExec::new(|| Err(Errno::EXDEV)) };
    see(
        probe(memory).pre_exec(hook),
        &format!("attribute hook: {}", Errno::EXDEV),
    );
    see(
        probe(memory).process_group(i32::MAX),
        "attribute process group: EPERM: operation not permitted",
    );
    see(
        probe(memory).chroot("nope"),
        "action 0 (chroot \"nope\"): ENOENT: no such file or directory",
    );
    // A failed `exec` undoes what other parts of this process may depend on.
    let error = probe(memory).fd(9, file(c"file")).exec();
    let expected = "file action 0 (dup2 3 to 9): EINVAL: invalid argument";
    assert_eq!(error.to_string(), expected);
    see(
        probe(memory).close_from(3).stdin(Stdio::null()),
        "file action 1 (close from 3): EINVAL: invalid argument",
    );
    limit_descriptors(4);
    see(
        probe(memory).stdin(Stdio::piped()),
        "standard input: EMFILE: too many open files",
    );
    limit_descriptors(DESCRIPTORS as u64);
    // Other changes remain after a failed `exec`.
    let error = Command::new("/nope")
        .umask(0o077)
        .stdin(file(c"file"))
        .exec();
    assert_eq!(error.errno(), Some(Errno::ENOENT));
    assert_eq!(sys::file::umask(0o022), Ok(0o077));
    assert_eq!(inode(0), inode_of(c"file"));
}

fn a_command_is_printed_as_its_words() {
    let mut command = Command::new("a name");
    command.arg("one").arg("t\"wo").arg("").env("A", "1");
    assert_eq!(format!("{command:?}"), r#"A="1" "a name" "one" "t\"wo" """#);
}

fn input_is_read_from_its_beginning_by_every_child() {
    let mut bytes: Vec<u8> = (0..=255).collect();
    bytes.resize(100_000, 7); // more than a pipe holds
    let mut command = doing(Memory::Shared, ["copy"]);
    command.input(&bytes).stdout(Stdio::piped());
    for _ in 0..2 {
        let output = started(&mut command).wait_with_output().expect("its end");
        assert!(output.status.success() && output.stdout == bytes);
    }
    command.input("");
    let output = command.output().expect("its end");
    assert!(output.stdout.is_empty());
    // The file of the input must not have the number of a standard descriptor, because the child's actions would
    // replace it.
    close_standard();
    let output = command.input("words").output().expect("its end");
    assert_eq!(output.stdout, b"words");
}

/// Closes 0, 1 and 2.
fn close_standard() {
    for number in 0..3 {
        // SAFETY: nothing uses these descriptors until the test ends.
        unsafe { sys::fd::close(number) }.expect("a descriptor");
    }
}

fn input_that_cannot_be_stored_is_an_error() {
    forbid(linux::__NR_memfd_create, 0, Some(Errno::EPERM));
    let mut command = doing(Memory::Shared, ["copy"]);
    fails(
        command.input("words"),
        "standard input: EPERM: operation not permitted",
    );
}

fn standard_error_can_go_to_the_standard_output() {
    let mut command = shell(Memory::Shared, "echo one; echo two >&2; echo three");
    let output = command.stderr_to_stdout().output().expect("its end");
    assert_eq!(output.stdout, b"one\ntwo\nthree\n");
    assert!(output.stderr.is_empty());
    let output = command.stderr(Stdio::piped()).output().expect("its end");
    assert_eq!(output.stderr, b"two\n");
    // Standard error can also follow an inherited standard output.
    let mut command = probe(Memory::Shared);
    let found = state(command.stderr_to_stdout());
    assert_eq!(found["inode 2"], found["inode 1"]);
}

/// A command that runs until the other end of the pipe is closed or it is killed.
fn waiting(memory: Memory) -> (Command, OwnedFd) {
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let mut command = doing(memory, ["until-eof", "20"]);
    command.fd(20, end);
    (command, held)
}

const SHORT: Duration = Duration::from_millis(1);

fn a_wait_with_a_time_limit_ends_without_the_child() {
    let (mut command, _held) = waiting(Memory::Shared);
    for pidfd in [false, true] {
        let mut child = started(command.create_pidfd(pidfd).stdin(Stdio::piped()));
        let table = Table::now();
        assert_eq!(child.wait_timeout(Duration::ZERO), Ok(None));
        assert!(child.stdin.is_none(), "the child may wait for its end");
        assert_eq!(child.wait_timeout(SHORT), Ok(None));
        assert_eq!(child.kill(), Ok(()));
        let status = child.wait_timeout(Duration::MAX).expect("its status");
        assert_eq!(status.and_then(ExitStatus::signal), Some(Signal::KILL));
        assert_eq!(child.wait_timeout(SHORT), Ok(status));
        assert_eq!(
            table.0.iter().flatten().count(),
            Table::now().0.iter().flatten().count() + 1
        );
    }
    let mut child = started(&mut doing(Memory::Shared, ["exit", "3"]));
    wait::wait(child.id()).expect("its end");
    assert_eq!(child.wait_timeout(SHORT), Err(Errno::ECHILD));
}

fn a_stopped_child_can_be_terminated() {
    let (mut command, _held) = waiting(Memory::Shared);
    let mut child = started(&mut command);
    child.signal(Signal::STOP).expect("a stop");
    let who = wait::Who::Child(child.id());
    wait::wait_for(who, wait::Options::STOPPED).expect("its stop");
    let status = child.terminate(Duration::MAX).expect("its status");
    assert_eq!(status.signal(), Some(Signal::TERM));
    assert_eq!(child.terminate(Duration::MAX), Ok(status));
}

fn a_child_that_ignores_sigterm_is_killed() {
    let (mut command, _held) = waiting(Memory::Shared);
    let guard = signals::ignore(Signal::TERM).expect("an action");
    let mut child = started(&mut command);
    drop(guard);
    let status = child.terminate(SHORT).expect("its status");
    assert_eq!(status.signal(), Some(Signal::KILL));
}

/// A command that leads a process group with a second process. Both hold the output pipe, so the pipe's end shows the
/// end of both.
fn group() -> (Command, OwnedFd) {
    leading("trap '' TERM; read line <&7 & echo; wait")
}

/// A shell that leads a process group. A read from its descriptor 7 ends when the returned end of the pipe is closed.
fn leading(commands: &str) -> (Command, OwnedFd) {
    let (end, held) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let mut command = shell(Memory::Shared, commands);
    command.process_group(0).fd(7, end).stdout(Stdio::piped());
    (command, held)
}

fn a_group_ends_with_its_leader() {
    let (mut command, _held) = group();
    let mut child = started(&mut command);
    let mut stdout = child.stdout.take().expect("a pipe");
    assert_eq!(stdout.read(&mut [0]), Ok(1)); // both ignore the signal now
    let status = child.terminate_group(SHORT).expect("its status");
    assert_eq!(status.signal(), Some(Signal::KILL));
    assert_eq!(stdout.read(&mut [0]), Ok(0));
    // The rest of a group whose leader has already ended.
    let (mut command, _held) = leading("trap '' TERM; read line <&7 & echo");
    let mut child = started(&mut command);
    let mut stdout = child.stdout.take().expect("a pipe");
    let who = wait::Who::Child(child.id());
    wait::peek(who, wait::Options::default()).expect("its end");
    let status = child.terminate_group(Duration::MAX).expect("its status");
    assert!(status.success());
    assert_eq!(stdout.read_to_end(&mut Vec::new()), Ok(1));
}

fn a_group_whose_leader_was_reaped_is_left_alone() {
    let mut leader = started(doing(Memory::Shared, ["exit", "3"]).process_group(0));
    let (mut command, held) = waiting(Memory::Shared);
    let mut member = started(command.process_group(leader.id().as_raw()));
    let status = leader.wait().expect("its status");
    assert_eq!(leader.terminate_group(SHORT), Err(Errno::ECHILD));
    assert_eq!(leader.wait(), Ok(status));
    let mut other = started(doing(Memory::Shared, ["exit", "3"]).process_group(0));
    wait::wait(other.id()).expect("its status");
    assert_eq!(other.terminate_group(SHORT), Err(Errno::ECHILD));
    assert_eq!(member.try_wait(), Ok(None));
    drop(held);
    assert!(member.wait().expect("its status").success());
}

fn a_group_that_the_child_does_not_lead_is_left_alone() {
    let (mut command, held) = waiting(Memory::Shared);
    let mut child = started(&mut command);
    assert_eq!(child.terminate_group(SHORT), Err(Errno::EINVAL));
    assert_eq!(child.try_wait(), Ok(None));
    drop(held);
    assert!(child.wait().expect("its status").success());
}

fn a_dropped_child_is_killed_with_its_group_and_reaped() {
    let (mut command, _held) = waiting(Memory::Shared);
    drop(started(command.kill_on_drop(true)));
    assert!(!has_child());
    let (mut command, _held) = group();
    let mut child = started(command.kill_on_drop(true));
    let mut stdout = child.stdout.take().expect("a pipe");
    drop(child);
    assert!(!has_child());
    assert_eq!(
        stdout.read_to_end(&mut Vec::new()).map(|count| count <= 1),
        Ok(true)
    );
    // A child that has ended is only reaped. For a child that was reaped before, the drop does nothing.
    let mut exit = doing(Memory::Shared, ["exit", "3"]);
    let child = started(exit.kill_on_drop(true));
    let who = wait::Who::Child(child.id());
    wait::peek(who, wait::Options::default()).expect("its end");
    drop(child);
    assert!(!has_child());
    let mut child = started(&mut exit);
    assert_eq!(child.wait().expect("its status").code(), Some(3));
    drop(child);
    // Without `kill_on_drop`, the child continues to run.
    let mut child = started(command.kill_on_drop(false));
    let id = child.id();
    child.stdin = None;
    drop(child);
    assert_eq!(wait::try_wait(id), Ok(None));
}

fn output_is_limited_in_length() {
    let mut command = flood(Memory::Shared);
    let both = 2 * FLOOD;
    let output = command.output_limit(both).output().expect("its output");
    assert!(is_flood(&output.stdout) && is_flood(&output.stderr));
    let error = command
        .output_limit(both - 1)
        .output()
        .expect_err("a limit");
    let name = format!("output of \"{}\"", show(probe_path()));
    assert_eq!(error.to_string(), format!("{name}: EFBIG: file too large"));
    assert!(!has_child());
    let error = command.stderr(Stdio::null()).output_limit(0).output();
    assert_eq!(error.expect_err("a limit").errno(), Some(Errno::EFBIG));
}

fn output_is_limited_in_time() {
    let mut command = flood(Memory::Shared);
    let output = command.output_timeout(Duration::MAX).output();
    let output = output.expect("its output");
    assert!(is_flood(&output.stdout) && is_flood(&output.stderr));
    let output = command.stderr(Stdio::null()).output().expect("its output");
    assert!(is_flood(&output.stdout));
    let late = |command: &mut Command| {
        let error = command.output_timeout(SHORT).output().expect_err("a limit");
        assert_eq!(error.errno(), Some(Errno::ETIMEDOUT), "{error}");
        let step = format!("output of \"{}\"", show(command.get_program()));
        assert_eq!(error.step(), step);
        assert!(!has_child());
    };
    let (mut command, _held) = waiting(Memory::Shared);
    late(&mut command);
    late(command.stderr(Stdio::null()));
    late(command.stdout(Stdio::null())); // no output is collected
    // A process that the program has left behind holds the pipe open.
    let (mut command, _held) = group();
    late(&mut command);
}

fn a_childs_usage_is_returned_once() {
    let mut child = started(
        flood(Memory::Shared)
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    let (status, usage) = child.wait_with_usage().expect("its usage");
    assert!(status.success());
    if !emulated() {
        assert!(usage.max_resident >= 4096 && usage.max_resident % 1024 == 0);
    }
    assert_eq!(child.wait(), Ok(status));
    assert_eq!(child.wait_with_usage(), Err(Errno::ECHILD));
}

fn a_pidfd_can_be_taken_from_a_child() {
    let (mut command, _held) = waiting(Memory::Shared);
    let child = started(command.create_pidfd(true).kill_on_drop(true));
    let id = child.id();
    let Some(pidfd) = child.into_pidfd() else {
        skip("no pidfd");
    };
    assert_eq!(wait::try_wait(id), Ok(None), "it is not killed");
    sys::process::pidfd_send_signal(pidfd.as_fd(), Signal::KILL).expect("a signal");
    assert_eq!(
        wait::wait(id).expect("its end").signal(),
        Some(Signal::KILL)
    );
    assert!(started(command.create_pidfd(false)).into_pidfd().is_none());
}
