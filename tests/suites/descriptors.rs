//! Tests that no descriptor with the close-on-exec flag reaches a program, in each way in which the library starts one.
//! The tests of nestling's programs are in `tests/host/tests/inherited.rs`.

use nestling::command::{Command, Stdio};
use nestling::popen::{pclose, popen};
use nestling::spawn::{Memory, Notice, Spawn};
use nestling::sys;
use nestling::system::system;
use nestling::{AsFd, OFlags, OwnedFd};
use nestling_tests::{
    State, fork, format_text, join, need_shell, notice, probe, probe_path, remove, scratch, show,
    state,
};

nestling_tests::suite! {
    in_all_modes {
        a_spawn_passes_no_descriptor_on,
        a_spawn_that_was_begun_passes_no_descriptor_on,
    }
    in_both_modes {
        a_command_passes_no_descriptor_on,
    }
    once {
        an_exec_passes_no_descriptor_on,
        popen_and_system_pass_no_descriptor_on,
    }
}

/// Opens descriptors of every kind, at low and at high numbers.
fn descriptors() -> [OwnedFd; 7] {
    let open = |path, flags| sys::fd::open(path, flags | OFlags::CLOEXEC, 0).expect("a file");
    let (read_end, write_end) = sys::fd::pipe2(OFlags::CLOEXEC).expect("a pipe");
    let directory = open(c"/", OFlags::DIRECTORY);
    let high = sys::fd::dup_cloexec(directory.as_fd(), 60).expect("a number");
    [
        directory,
        high,
        read_end,
        write_end,
        open(c"/dev/null", OFlags::RDWR),
        open(c"/", OFlags::PATH),
        sys::fd::memfd_create(c"memory").expect("a file in memory"),
    ]
}

fn out() -> nestling_tests::Text {
    format_text!("{}/out", show(scratch()))
}

/// Asserts that the probe found only the three standard descriptors.
#[track_caller]
fn has_three(found: &State) {
    assert_eq!(&found["fds"], "0 1 2");
    remove(c"out");
}

fn a_spawn_passes_no_descriptor_on(memory: Memory) {
    let _others = descriptors();
    has_three(&state(&probe(memory)));
    let mut with_pidfd = probe(memory);
    with_pidfd.attributes.pidfd = notice() == Notice::Pipe && !nestling_tests::emulated();
    has_three(&state(&with_pidfd));
}

fn a_spawn_that_was_begun_passes_no_descriptor_on(memory: Memory) {
    let _others = descriptors();
    let spawn = probe(memory);
    let starting = [spawn.begin(), spawn.begin()];
    for starting in starting {
        let mut child = starting.expect("it begins").finish().expect("it starts");
        assert!(child.wait().expect("its status").success());
    }
    has_three(&State::read(out().c_str()));
}

fn a_command_passes_no_descriptor_on(memory: Memory) {
    let _others = descriptors();
    let command = || {
        let mut command = Command::new(probe_path());
        command
            .arg("state")
            .memory(memory)
            .env("NESTLING_OUT", out().c_str());
        command
    };
    assert!(command().status().expect("its status").success());
    has_three(&State::read(out().c_str()));
    assert!(command().output().expect("its output").status.success());
    has_three(&State::read(out().c_str()));
    let mut piped = command();
    piped
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut children = [piped.spawn(), piped.spawn()].map(|child| child.expect("it starts"));
    for child in &mut children {
        assert!(child.wait().expect("its status").success());
    }
    has_three(&State::read(out().c_str()));
    join(fork(|| panic!("{}", command().exec())));
    has_three(&State::read(out().c_str()));
}

fn an_exec_passes_no_descriptor_on() {
    let become_it = |spawn: &Spawn<'_>| {
        // SAFETY: no code of this test depends on a descriptor.
        panic!("{}", unsafe { spawn.exec() })
    };
    join(fork(|| {
        let _others = descriptors();
        become_it(&probe(Memory::Shared));
    }));
    has_three(&State::read(out().c_str()));
}

fn popen_and_system_pass_no_descriptor_on() {
    need_shell();
    let _others = descriptors();
    let command = format_text!("NESTLING_OUT={} exec {} state", out(), show(probe_path()));
    let other = popen(c"cat", "r+").expect("a command");
    for mode in ["r", "w", "r+"] {
        let stream = popen(command.c_str(), mode).expect("a command");
        assert!(pclose(stream).expect("its status").success());
        has_three(&State::read(out().c_str()));
    }
    let status = system(Some(command.c_str())).expect("its status");
    assert!(status.success());
    has_three(&State::read(out().c_str()));
    pclose(other).expect("its status");
}
