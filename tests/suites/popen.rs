//! Tests of `popen` and `pclose`: the data in the pipes, which processes hold the pipes, and the command's status.

use core::ffi::CStr;

use nestling::io::{self, read_exact};
use nestling::popen::{Popen, pclose, popen};
use nestling::spawn::Error;
use nestling::sys::{self, process, signal};
use nestling::{AsFd, Errno, ExitStatus, OFlags, SigSet, Signal, signals, wait};
use nestling_tests::{
    DESCRIPTORS, State, Table, Text, emulated, fork, format_text, has_child, inode, join,
    limit_descriptors, make_directory, need_root, need_shell, open_only, probe_path, read_file,
    rounds, scratch, show, this_process,
};

nestling_tests::suite! {
    once {
        the_output_of_a_command_is_read,
        a_command_reads_what_the_caller_writes,
        one_command_both_reads_and_writes,
        a_stream_closes_on_exec_with_and_without_the_letter_e,
        any_other_mode_is_an_error,
        a_side_that_the_stream_lacks_is_an_error,
        no_stream_is_open_in_a_later_command,
        the_end_comes_even_if_a_later_command_runs,
        the_status_is_the_shells,
        a_command_may_begin_like_an_option,
        pclose_waits_for_its_own_command,
        pclose_of_what_was_reaped_elsewhere_is_an_error,
        pclose_is_not_ended_by_a_handler,
        a_stream_that_is_dropped_waits_for_its_command,
        the_command_has_the_callers_environment_and_signals,
        hundreds_of_commands_leave_nothing,
        a_write_to_a_command_that_no_longer_reads_is_an_error_or_a_signal,
        it_works_whichever_standard_descriptors_are_closed,
        a_descriptor_that_cannot_be_made_is_named,
        a_missing_shell_is_named,
    }
}

fn opened(command: &CStr, mode: &str) -> Popen {
    need_shell();
    let mask = signal::mask();
    let stream = popen(command, mode).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(signal::mask(), mask, "the caller's signal mask");
    stream
}

/// Reads all output of a command.
fn read(stream: &Popen) -> Text<8192> {
    let mut bytes = [0; 8000];
    let output = stream.output().expect("what it writes");
    let length = io::fill(output, &mut bytes).expect("what it writes");
    let mut text = Text::new();
    let words = core::str::from_utf8(&bytes[..length]).expect("UTF-8");
    core::fmt::Write::write_str(&mut text, words).expect("room");
    text
}

fn out() -> Text {
    format_text!("{}/out", show(scratch()))
}

/// A shell command that executes the probe.
fn probe(mode: &str) -> Text {
    format_text!("NESTLING_OUT={} exec {} {mode}", out(), show(probe_path()))
}

/// Closes the stream of a probe, and returns the probe's report.
fn state(stream: Popen) -> State {
    assert!(pclose(stream).expect("its status").success());
    State::read(out().c_str())
}

fn code(status: Result<ExitStatus, Errno>) -> Option<i32> {
    status.expect("a status").code()
}

fn fails(command: &CStr, mode: &str, expected: &str) {
    let (table, mask, had_child) = (Table::now(), signal::mask(), has_child());
    match popen(command, mode) {
        Ok(stream) => panic!("it should fail; it ended by {:?}", pclose(stream)),
        Err(error) => assert_eq!(*expected, format_text!("{error}")),
    }
    assert_eq!(Table::now(), table, "the caller's descriptors");
    assert_eq!(signal::mask(), mask, "the caller's signal mask");
    assert_eq!(has_child(), had_child);
}

fn the_output_of_a_command_is_read() {
    let mut stream = opened(c"echo one two; echo three; exit 3", "r");
    let mut word = [0; 4];
    let output = stream.output().expect("what it writes");
    assert_eq!(read_exact(output, &mut word), Ok(()));
    assert_eq!(&word, b"one ");
    assert_eq!(read(&stream).as_str(), "two\nthree\n");
    assert_eq!(stream.read(&mut word), Ok(0));
    assert_eq!(code(pclose(stream)), Some(3));
    assert!(!has_child());
}

fn a_command_reads_what_the_caller_writes() {
    let mut stream = opened(c"cat >file", "w");
    stream.write_all(b"one ").expect("a write");
    io::write_all(stream.input().expect("its input"), b"two").expect("a write");
    assert_eq!(code(pclose(stream)), Some(0));
    assert_eq!(read_file(c"file").expect("a file").as_str(), "one two");
    // The other descriptors are inherited from the caller.
    let stream = opened(probe("state").c_str(), "w");
    let found = state(stream);
    assert_eq!(found["inode 1"], format_text!("{}", inode(1)));
    assert_eq!(found["inode 2"], format_text!("{}", inode(2)));
}

fn one_command_both_reads_and_writes() {
    let mut stream = opened(c"cat", "r+");
    let mut word = [0; 3];
    for _ in 0..3 {
        stream.write_all(b"one").expect("a write");
        assert_eq!(
            read_exact(stream.output().expect("an output"), &mut word),
            Ok(())
        );
        assert_eq!(&word, b"one");
    }
    stream.close_input();
    assert!(stream.input().is_none());
    assert_eq!(stream.write_all(b"more"), Err(Errno::EBADF));
    assert_eq!(stream.read(&mut word), Ok(0), "the end");
    assert_eq!(code(pclose(stream)), Some(0));
    // `pclose` closes the command's input, so `cat` reads end-of-file and ends.
    assert_eq!(code(pclose(opened(c"cat; exit 7", "r+"))), Some(7));
}

fn a_stream_closes_on_exec_with_and_without_the_letter_e() {
    for (mode, reads, writes) in [
        ("r", true, false),
        ("re", true, false),
        ("w", false, true),
        ("we", false, true),
        ("r+", true, true),
        ("r+e", true, true),
    ] {
        let stream = opened(c"cat", mode);
        let sides = [stream.output(), stream.input()];
        assert_eq!(sides.map(|side| side.is_some()), [reads, writes], "{mode}");
        for side in sides.into_iter().flatten() {
            assert_eq!(sys::fd::cloexec(side.as_raw_fd()), Ok(true), "{mode}");
        }
        // With "r", the command may read from the caller's standard input, so it is killed.
        process::kill(stream.id().as_raw(), Some(Signal::KILL)).expect("a signal");
        pclose(stream).expect("its status");
    }
}

fn any_other_mode_is_an_error() {
    need_shell();
    for mode in [
        "", "x", "rw", "rb", "+r", "e", "ee", "ree", "wr", "w+", "R", "r ",
    ] {
        fails(c"exit 0", mode, "pipe: EINVAL: invalid argument");
    }
}

fn a_side_that_the_stream_lacks_is_an_error() {
    let mut reader = opened(c"exit 0", "r");
    assert_eq!(reader.write_all(b"x"), Err(Errno::EBADF));
    assert!(reader.input().is_none());
    let mut writer = opened(c"exit 0", "w");
    assert_eq!(writer.read(&mut [0]), Err(Errno::EBADF));
    assert!(writer.output().is_none());
}

fn no_stream_is_open_in_a_later_command() {
    let earlier = ["r+", "w", "r+", "w"].map(|mode| opened(c"cat", mode));
    for mode in ["r", "w", "r+"] {
        assert_eq!(&state(opened(probe("state").c_str(), mode))["fds"], "0 1 2");
    }
    for stream in earlier {
        assert_eq!(code(pclose(stream)), Some(0));
    }
    assert!(!has_child());
}

fn the_end_comes_even_if_a_later_command_runs() {
    let mut first = opened(c"cat", "r+");
    let second = opened(c"cat", "r+");
    let third = opened(c"cat", "w");
    first.close_input();
    assert_eq!(first.read(&mut [0]), Ok(0));
    // The streams are closed in the order in which they were opened. If a later command held the pipe of an earlier
    // one, this would hang.
    for stream in [first, second, third] {
        assert_eq!(code(pclose(stream)), Some(0));
    }
}

fn the_status_is_the_shells() {
    for code in [0, 1, 77, 126, 127, 255] {
        for mode in ["r", "w"] {
            let status = pclose(opened(format_text!("exit {code}").c_str(), mode));
            assert_eq!(status.map(ExitStatus::code), Ok(Some(code)));
        }
    }
    for signal in [Signal::KILL, Signal::TERM, Signal::USR1, Signal::PIPE] {
        let command = format_text!("kill -{} $$; exit 1", signal.name().expect("a name"));
        let status = pclose(opened(command.c_str(), "r")).expect("a status");
        assert_eq!((status.code(), status.signal()), (None, Some(signal)));
    }
}

fn a_command_may_begin_like_an_option() {
    // The shell's error message is not part of the test.
    let null = sys::fd::open(c"/dev/null", OFlags::WRONLY, 0).expect("/dev/null");
    // SAFETY: the test owns this number.
    unsafe { sys::fd::dup3(null.as_raw_fd(), 2, OFlags::default()) }.expect("dup3");
    // The shell takes the text as a command and does not find it. If the shell took it as an option, its status would
    // be another.
    assert_eq!(code(pclose(opened(c"-nestling-nope", "r"))), Some(127));
}

fn pclose_waits_for_its_own_command() {
    let other = fork(|| process::exit(9));
    let who = wait::Who::Child(other);
    wait::peek(who, wait::Options::default()).expect("its end");
    let (first, second) = (opened(c"cat; exit 1", "w"), opened(c"cat; exit 2", "w"));
    assert_eq!(code(pclose(second)), Some(2));
    assert_eq!(wait::try_wait(first.id()), Ok(None), "the first one runs");
    assert_eq!(code(pclose(first)), Some(1));
    assert_eq!(wait::wait(other).map(ExitStatus::code), Ok(Some(9)));
}

fn pclose_of_what_was_reaped_elsewhere_is_an_error() {
    let stream = opened(c"exit 0", "r");
    wait::wait(stream.id()).expect("its status");
    assert_eq!(pclose(stream), Err(Errno::ECHILD));
    // A drop ignores the error.
    let stream = opened(c"exit 0", "r");
    wait::wait(stream.id()).expect("its status");
    drop(stream);
    let _ignored = signals::ignore(Signal::CHLD).expect("ignored");
    assert_eq!(pclose(opened(c"exit 0", "r")), Err(Errno::ECHILD));
    assert!(!has_child());
}

fn pclose_is_not_ended_by_a_handler() {
    nestling_tests::handle([Signal::ALRM].into_iter(), 0);
    let (end, held) = sys::fd::pipe2(OFlags::default()).expect("a pipe");
    let command = format_text!("exec {} until-eof {}", show(probe_path()), end.as_raw_fd());
    // The command waits for end-of-file from the pipe. The helper closes the pipe when it has seen the handler run.
    sys::fd::set_cloexec(held.as_fd(), true).expect("a flag");
    let stream = opened(command.c_str(), "r");
    let helper = fork(|| {
        while nestling_tests::handled(Signal::ALRM) < 5 {
            core::hint::spin_loop();
        }
    });
    drop(held);
    nestling_tests::set_timer(&[0, 2000, 0, 2000]);
    assert_eq!(code(pclose(stream)), Some(0));
    nestling_tests::set_timer(&[0; 4]);
    join(helper);
}

fn a_stream_that_is_dropped_waits_for_its_command() {
    drop(opened(c"cat >file; exit 7", "w"));
    assert!(!has_child());
    // The command has run to its end.
    assert!(sys::file::faccessat(c"file").is_ok());
}

fn the_command_has_the_callers_environment_and_signals() {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_.:-".contains(&byte);
    let simple = |entry: &(&str, &str)| {
        let (name, value) = entry;
        let own = ["PWD", "OLDPWD", "SHLVL", "PPID", "IFS", "OPTIND", "_"];
        name.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            && !own.contains(name)
            && (1..100).contains(&value.len())
            && value.bytes().all(plain)
    };
    let entries = this_process().env().iter().map(show);
    let entry = entries
        .filter_map(|entry| entry.split_once('='))
        .find(simple);
    let (name, value) = entry.expect("a variable: each runner sets one");
    let stream = opened(format_text!("echo ${name}").c_str(), "r");
    assert_eq!(*read(&stream).as_str(), format_text!("{value}\n"));
    pclose(stream).expect("its status");

    let _ignored = signals::ignore(Signal::PIPE).expect("ignored");
    let mask = SigSet::EMPTY.with(Signal::USR1);
    signal::set_mask(mask).expect("a mask");
    let found = state(opened(probe("state").c_str(), "r"));
    assert_eq!(found["blocked"], format_text!("{:x}", mask.bits()));
    let ignored = SigSet::EMPTY.with(Signal::PIPE);
    assert_eq!(found["ignored"], format_text!("{:x}", ignored.bits()));
    assert_eq!(found["parent"], format_text!("{}", process::getpid()));
}

/// Returns the size of this process's memory, in pages: the first number of `/proc/self/statm`.
fn memory() -> Text<8192> {
    let mut text = Text::new();
    let statm = read_file(c"/proc/self/statm").expect("the memory's size");
    let size = statm.as_str().split(' ').next().expect("a number");
    core::fmt::Write::write_str(&mut text, size).expect("room");
    text
}

fn hundreds_of_commands_leave_nothing() {
    let table = Table::now();
    let mut before = None;
    for turn in 0..rounds(3_000) {
        match ["r", "w", "r+"][turn % 3] {
            "r" => {
                let stream = opened(c"echo words", "r");
                if turn % 2 == 0 {
                    assert_eq!(read(&stream).as_str(), "words\n");
                    assert_eq!(code(pclose(stream)), Some(0));
                }
            }
            mode => {
                let stream = opened(c"exit 7", mode);
                assert_eq!(code(pclose(stream)), Some(7));
            }
        }
        if turn == 10 {
            before = Some(memory());
        }
    }
    assert!(!has_child());
    assert_eq!(Table::now(), table);
    if !emulated() {
        let before = before.expect("a size");
        assert_eq!(memory().as_str(), before.as_str(), "pages of memory");
    }
}

fn a_write_to_a_command_that_no_longer_reads_is_an_error_or_a_signal() {
    let write = || {
        let mut stream = opened(c"exit 7", "w");
        let who = wait::Who::Child(stream.id());
        wait::peek(who, wait::Options::default()).expect("its end");
        let answer = stream.write_all(b"words");
        (answer, code(pclose(stream)))
    };
    let helper = fork(|| {
        let _ = write();
    });
    let status = wait::wait(helper).expect("its status");
    assert_eq!(status.signal(), Some(Signal::PIPE));
    let _ignored = signals::ignore(Signal::PIPE).expect("ignored");
    assert_eq!(write(), (Err(Errno::EPIPE), Some(7)));
}

fn it_works_whichever_standard_descriptors_are_closed() {
    for open in 0..8 {
        open_only((0..3).filter(|fd| open & 1 << fd != 0));
        let table = Table::now();
        let stream = opened(c"echo words", "r");
        assert_eq!(read(&stream).as_str(), "words\n", "open: {open:03b}");
        assert_eq!(code(pclose(stream)), Some(0));
        let mut stream = opened(c"cat >file", "w");
        stream.write_all(b"words").expect("a write");
        assert_eq!(code(pclose(stream)), Some(0));
        assert_eq!(read_file(c"file").expect("a file").as_str(), "words");
        let mut stream = opened(c"cat", "r+");
        // The caller's own output must not go into these pipes.
        for side in [stream.input(), stream.output()] {
            assert!(side.expect("both").as_raw_fd() > 2, "open: {open:03b}");
        }
        stream.write_all(b"words").expect("a write");
        stream.close_input();
        assert_eq!(read(&stream).as_str(), "words", "open: {open:03b}");
        assert_eq!(code(pclose(stream)), Some(0));
        for (mode, given) in [("r", 0b010), ("w", 0b001), ("r+", 0b011)] {
            let found = state(opened(probe("state").c_str(), mode));
            let mut expected = format_text!("");
            for fd in (0..3).filter(|fd| (open | given) & 1 << fd != 0) {
                let space = if expected.as_str().is_empty() {
                    ""
                } else {
                    " "
                };
                expected = format_text!("{expected}{space}{fd}");
            }
            assert_eq!(found["fds"], expected, "{mode}, open: {open:03b}");
        }
        assert_eq!(Table::now(), table);
    }
}

fn a_descriptor_that_cannot_be_made_is_named() {
    need_shell();
    for all_open in [true, false] {
        open_only(if all_open { 0..3 } else { 3..3 });
        let mut last = 0;
        for limit in 0..DESCRIPTORS as u64 {
            let mut table = Table::now();
            limit_descriptors(limit);
            let outcome = popen(c"cat", "r+");
            limit_descriptors(DESCRIPTORS as u64);
            let stage = match &outcome {
                Err(error @ Error::Failed { errno, .. }) => {
                    // The error may also come from the child, in which the status pipe has no free number to move to.
                    let text = format_text!("{error}");
                    let names = [
                        "pipe: ",
                        "status pipe: ",
                        "file action 0 (",
                        "file action 1 (",
                    ];
                    let stage = names
                        .iter()
                        .position(|name| text.as_str().starts_with(name));
                    assert_eq!(*errno, Errno::EMFILE, "{text}");
                    stage.unwrap_or_else(|| panic!("{text}"))
                }
                Err(error) => panic!("{error}"),
                Ok(stream) => {
                    for side in [stream.input(), stream.output()].into_iter().flatten() {
                        let number = side.as_raw_fd();
                        table.0[number as usize] = Some((inode(number), true));
                    }
                    9
                }
            };
            assert_eq!(Table::now(), table);
            assert!(stage >= last, "with more room, an earlier step fails");
            last = stage;
            if let Ok(stream) = outcome {
                assert_eq!(code(pclose(stream)), Some(0));
                break;
            }
            assert!(!has_child());
        }
        assert_eq!(last, 9);
    }
}

fn a_missing_shell_is_named() {
    need_root();
    make_directory(c"root").expect("a directory");
    sys::file::chroot(c"root").expect("another root");
    for mode in ["r", "w", "r+"] {
        fails(
            c"exit 0",
            mode,
            "exec \"/bin/sh\": ENOENT: no such file or directory",
        );
    }
}
