//! Tests of `system`: the command's status, and the caller's signals during the call and afterwards.

use core::ffi::CStr;
use core::mem::transmute;
use core::sync::atomic::Ordering::Relaxed;

use linux_raw_sys::general as linux;
use nestling::spawn::{Error, Step};
use nestling::sys::{self, process, signal};
use nestling::system::system;
use nestling::{Errno, ExitStatus, SigSet, Signal, signals, wait};
use nestling_tests::{
    DESCRIPTORS, State, Table, Text, call, emulated, fork, format_text, handle, handled, has_child,
    join, limit_descriptors, mailbox, make_directory, make_fifo, need_root, need_shell, open_only,
    probe_path, read_file, scratch, set_timer, show, skip, strayed, this_process,
};

nestling_tests::suite! {
    once {
        the_status_is_the_shells,
        without_a_command_it_says_whether_there_is_a_shell,
        a_missing_shell_is_named,
        a_command_may_begin_like_an_option,
        the_command_has_the_callers_environment_and_descriptors,
        the_command_neither_ignores_nor_blocks_the_keyboards_signals,
        the_keyboards_signals_do_not_end_the_caller,
        a_signal_that_was_ignored_before_is_ignored_in_the_command,
        no_sigchld_is_handled_before_the_end,
        the_callers_signals_during_the_call_are_as_posix_specifies,
        all_actions_and_the_mask_are_restored,
        a_handler_does_not_end_system,
        other_children_are_left_alone,
        a_command_that_is_reaped_elsewhere_is_an_error,
        several_processes_may_call_system_at_once,
        a_descriptor_that_cannot_be_made_is_named,
        system_works_without_any_descriptor,
    }
}

/// Runs a command, and asserts that the caller's state is the same as before.
fn run<'a>(command: impl Into<Option<&'a CStr>>) -> Result<ExitStatus, Error<'static>> {
    need_shell();
    let command = command.into();
    let (before, table, had_child) = (Signals::now(), Table::now(), has_child());
    let outcome = system(command);
    assert_eq!(Signals::now(), before, "the caller's signals");
    assert_eq!(Table::now(), table, "the caller's descriptors");
    assert_eq!(has_child(), had_child);
    outcome
}

fn ended(command: &CStr) -> ExitStatus {
    run(command).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs a command that executes the probe, and returns the probe's report.
fn probe(before: &str, mode: &str) -> State {
    let out = format_text!("{}/out", show(scratch()));
    let command = format_text!(
        "{before} NESTLING_OUT={out} exec {} {mode}",
        show(probe_path())
    );
    let status = ended(command.c_str());
    assert!(status.success(), "the probe ended by {status}");
    State::read(out.c_str())
}

/// The state of this process's signals: the mask, and each action with its flags and its mask.
#[derive(PartialEq, Debug)]
struct Signals {
    mask: SigSet,
    actions: [(usize, usize, SigSet); 64],
}

impl Signals {
    fn now() -> Self {
        let mut actions = [(0, 0, SigSet::EMPTY); 64];
        for (slot, signal) in actions.iter_mut().zip(Signal::all()) {
            let action = action_of(signal, None);
            let handler = action.sa_handler_kernel;
            let handler = handler.map_or(0, |handler| handler as usize);
            // SAFETY: both types are numbers of 64 bits.
            let mask = unsafe { transmute::<linux::kernel_sigset_t, SigSet>(action.sa_mask) };
            *slot = (handler, action.sa_flags as usize, mask);
        }
        Self {
            mask: signal::mask().expect("the mask"),
            actions,
        }
    }
}

/// Calls `rt_sigaction` to set and to read an action. For a signal that the emulator reserves, it returns the default.
fn action_of(signal: Signal, new: Option<&linux::kernel_sigaction>) -> linux::kernel_sigaction {
    let mut old = nestling::arch::sigaction(None, 0);
    let number = signal.as_raw() as usize;
    let new = new.map_or(0, |new| &raw const *new as usize);
    // SAFETY: the kernel reads one action and writes one; the handlers in this file may run at any time.
    let answer = unsafe {
        call(
            linux::__NR_rt_sigaction,
            [number, new, &raw mut old as usize, size_of::<SigSet>()],
        )
    };
    assert!(answer.is_ok() || emulated(), "rt_sigaction: {answer:?}");
    old
}

/// Sets handlers with flags and masks for these signals.
fn handle_fully(signals: &[Signal]) {
    let flags = signal::SA_RESTART | signal::SA_NODEFER;
    handle(signals.iter().copied(), flags);
    for &signal in signals {
        let mut full = action_of(signal, None);
        let mask = SigSet::EMPTY.with(Signal::HUP).with(Signal::WINCH);
        // SAFETY: both types are numbers of 64 bits.
        full.sa_mask = unsafe { transmute::<SigSet, linux::kernel_sigset_t>(mask) };
        action_of(signal, Some(&full));
    }
}

fn bits(signals: &[Signal]) -> Text {
    format_text!("{:x}", signals.iter().copied().collect::<SigSet>().bits())
}

fn the_status_is_the_shells() {
    for code in [0, 1, 7, 125, 126, 127, 255] {
        assert_eq!(
            ended(format_text!("exit {code}").c_str()).code(),
            Some(code)
        );
    }
    for signal in [Signal::KILL, Signal::TERM, Signal::INT, Signal::QUIT] {
        let command = format_text!("kill -{} $$; exit 1", signal.name().expect("a name"));
        let status = ended(command.c_str());
        assert_eq!((status.code(), status.signal()), (None, Some(signal)));
    }
    ended(c"echo one >file");
    assert_eq!(read_file(c"file").expect("a file").as_str(), "one\n");
}

fn without_a_command_it_says_whether_there_is_a_shell() {
    assert!(run(None).expect("a shell").success());
}

fn a_missing_shell_is_named() {
    need_root();
    make_directory(c"root").expect("a directory");
    sys::file::chroot(c"root").expect("another root");
    handle_fully(&[Signal::INT, Signal::QUIT, Signal::CHLD]);
    signal::set_mask(SigSet::EMPTY.with(Signal::USR1)).expect("a mask");
    let before = (Signals::now(), Table::now());
    for command in [None, Some(c"exit 0")] {
        let error = system(command).expect_err("no shell");
        let expected = "exec \"/bin/sh\": ENOENT: no such file or directory";
        assert_eq!(*expected, format_text!("{error}"));
        assert_eq!(error.shell_code(), 127);
        assert_eq!((Signals::now(), Table::now()), before);
        assert!(!has_child());
    }
}

fn a_command_may_begin_like_an_option() {
    // The shell's error message is not part of the test.
    let null = sys::fd::open(c"/dev/null", nestling::OFlags::WRONLY, 0).expect("/dev/null");
    // SAFETY: the test owns this number.
    unsafe { sys::fd::dup3(null.as_raw_fd(), 2, nestling::OFlags::default()) }.expect("dup3");
    assert_eq!(ended(c"-nestling-nope").code(), Some(127));
}

fn the_command_has_the_callers_environment_and_descriptors() {
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
    ended(format_text!("echo ${name} >file").c_str());
    let found = read_file(c"file").expect("a file");
    assert_eq!(*found.as_str(), format_text!("{value}\n"));

    open_only(0..6);
    assert_eq!(&probe("", "state")["fds"], "0 1 2 3 4 5");
    let found = probe("", "state");
    assert_eq!(found["parent"], format_text!("{}", process::getpid()));
}

fn the_command_neither_ignores_nor_blocks_the_keyboards_signals() {
    handle_fully(&[Signal::INT, Signal::QUIT, Signal::CHLD]);
    let found = probe("", "state");
    assert_eq!((&found["ignored"], &found["blocked"]), ("0", "0"));
    let mask = [Signal::USR1, Signal::CHLD];
    signal::set_mask(mask.iter().copied().collect()).expect("a mask");
    let found = probe("", "state");
    assert_eq!(found["blocked"], bits(&mask));
    assert_eq!(&found["ignored"], "0");
}

fn the_keyboards_signals_do_not_end_the_caller() {
    // The caller survives both with the default action and with a handler.
    let command = c"kill -INT $PPID; kill -QUIT $PPID; exit 3";
    assert_eq!(ended(command).code(), Some(3));
    handle_fully(&[Signal::INT, Signal::QUIT]);
    assert_eq!(ended(command).code(), Some(3));
    assert_eq!((handled(Signal::INT), handled(Signal::QUIT)), (0, 0));
    // The handlers are set again, and no signal is pending.
    for signal in [Signal::INT, Signal::QUIT] {
        process::kill(process::getpid().as_raw(), Some(signal)).expect("a signal");
        assert_eq!(handled(signal), 1);
    }
    assert_eq!(strayed(), 0, "handlers that ran in the child");
    // Other signals reach the caller as usual.
    let helper = fork(|| {
        let _ = system(c"kill -TERM $PPID; exit 0");
        process::exit(1);
    });
    let status = wait::wait(helper).expect("its status");
    assert_eq!(status.signal(), Some(Signal::TERM));
}

fn a_signal_that_was_ignored_before_is_ignored_in_the_command() {
    let _int = signals::ignore(Signal::INT).expect("ignored");
    handle_fully(&[Signal::QUIT]);
    assert_eq!(probe("", "state")["ignored"], bits(&[Signal::INT]));
    let _quit = signals::ignore(Signal::QUIT).expect("ignored");
    let _pipe = signals::ignore(Signal::PIPE).expect("ignored");
    let ignored = bits(&[Signal::INT, Signal::QUIT, Signal::PIPE]);
    assert_eq!(probe("", "state")["ignored"], ignored);
}

fn no_sigchld_is_handled_before_the_end() {
    // Counts separately whether, when the handler ran, the command had ended and the keyboard's signals were restored.
    unsafe extern "C" fn handler(_: i32) {
        let ended = sys::file::faccessat(c"out").is_ok();
        let restored = matches!(
            signal::action(Signal::INT),
            Ok(signal::Disposition::Default)
        );
        let index = if ended && restored { 1 } else { 2 };
        mailbox().numbers[index].fetch_add(1, Relaxed);
    }
    let ran = || [1, 2].map(|index| mailbox().numbers[index].load(Relaxed));
    // SAFETY: the handler makes system calls and counts, which is allowed in a handler.
    unsafe { signal::set_action(Signal::CHLD, signal::Disposition::Handler(handler), 0) }
        .expect("a handler");
    need_shell();
    // A SIGCHLD that comes while the command runs stays pending, together with that of the command.
    probe("kill -CHLD $PPID;", "state");
    assert_eq!(ran(), [1, 0]);
    // The same holds for the SIGCHLD of another child that ends during the call.
    nestling_tests::remove(c"out");
    make_fifo(c"fifo");
    let other = fork(|| {
        sys::fd::open(c"fifo", nestling::OFlags::RDONLY, 0).expect("the command");
    });
    probe("exec >fifo;", "state");
    let [in_time, early] = ran();
    // The helper may end a little later than the command.
    join(other);
    assert!((2..=3).contains(&in_time), "{in_time} times");
    assert_eq!(early, 0);
    // If the caller blocks SIGCHLD, it stays pending.
    let _guard = signals::block(SigSet::EMPTY.with(Signal::CHLD)).expect("blocked");
    let before = ran();
    ended(c"exit 0");
    assert_eq!(ran(), before);
    let pending = signals::pending().expect("a set");
    assert!(pending.contains(Signal::CHLD));
}

fn the_callers_signals_during_the_call_are_as_posix_specifies() {
    if emulated() {
        skip("what the kernel shows are the emulator's own signals");
    }
    if sys::file::faccessat(c"/proc/self/status").is_err() {
        skip("there is no /proc");
    }
    let keyboard = [Signal::INT, Signal::QUIT];
    let found = probe("", "parent");
    assert_eq!(
        *found["SigBlk"].trim_start_matches('0'),
        bits(&[Signal::CHLD])
    );
    assert_eq!(*found["SigIgn"].trim_start_matches('0'), bits(&keyboard));
    handle_fully(&[Signal::INT, Signal::TERM]);
    let mask = SigSet::EMPTY.with(Signal::USR1);
    signal::set_mask(mask).expect("a mask");
    let found = probe("", "parent");
    let blocked = bits(&[Signal::CHLD, Signal::USR1]);
    assert_eq!(*found["SigBlk"].trim_start_matches('0'), blocked);
    assert_eq!(*found["SigIgn"].trim_start_matches('0'), bits(&keyboard));
    assert_eq!(
        *found["SigCgt"].trim_start_matches('0'),
        bits(&[Signal::TERM])
    );
}

/// `run` checks that; this test sets the state that must be restored.
fn all_actions_and_the_mask_are_restored() {
    let masks = [
        SigSet::EMPTY,
        SigSet::EMPTY.with(Signal::CHLD).with(Signal::INT),
        SigSet::ALL,
    ];
    handle_fully(&[Signal::INT, Signal::QUIT, Signal::CHLD, Signal::TERM]);
    for mask in masks {
        signal::set_mask(mask).expect("a mask");
        for _ in 0..2 {
            ended(c"exit 0");
            // a spawn that fails
            limit_descriptors(0);
            let outcome = run(c"exit 0");
            limit_descriptors(DESCRIPTORS as u64);
            no_descriptor(outcome);
        }
    }
    signal::set_mask(SigSet::EMPTY).expect("a mask");
    let one = signals::ignore(Signal::INT).expect("ignored");
    ended(c"exit 0");
    drop(one);
    ended(c"exit 0");
}

fn a_handler_does_not_end_system() {
    handle([Signal::ALRM].into_iter(), 0);
    make_fifo(c"fifo");
    // The command waits for a reader of the FIFO. The helper opens it when it has seen the handler run.
    let helper = fork(|| {
        while handled(Signal::ALRM) < 5 {
            core::hint::spin_loop();
        }
        sys::fd::open(c"fifo", nestling::OFlags::RDONLY, 0).expect("the command");
    });
    need_shell();
    set_timer(&[0, 2000, 0, 2000]);
    let outcome = system(c"exec >fifo; exit 3");
    set_timer(&[0; 4]);
    assert_eq!(outcome.expect("a status").code(), Some(3));
    join(helper);
}

fn other_children_are_left_alone() {
    let other = fork(|| process::exit(9));
    let who = wait::Who::Child(other);
    wait::peek(who, wait::Options::default()).expect("its end");
    assert_eq!(ended(c"exit 3").code(), Some(3));
    assert_eq!(wait::wait(other).map(ExitStatus::code), Ok(Some(9)));
}

fn a_command_that_is_reaped_elsewhere_is_an_error() {
    let _ignored = signals::ignore(Signal::CHLD).expect("ignored");
    let error = run(c"exit 3").expect_err("no status");
    assert_eq!(*"wait: ECHILD: no child processes", format_text!("{error}"));
    assert!(matches!(error.step(), Some(Step::Wait)));
    assert_eq!(error.errno(), Some(Errno::ECHILD));
}

fn several_processes_may_call_system_at_once() {
    handle_fully(&[Signal::INT]);
    let helpers = [1, 2, 3].map(|code| {
        fork(|| {
            for _ in 0..20 {
                let command = format_text!("kill -INT $PPID; exit {code}");
                assert_eq!(ended(command.c_str()).code(), Some(code));
            }
        })
    });
    for _ in 0..20 {
        assert_eq!(ended(c"exit 4").code(), Some(4));
    }
    helpers.into_iter().for_each(join);
    assert_eq!((handled(Signal::INT), strayed()), (0, 0));
}

fn a_descriptor_that_cannot_be_made_is_named() {
    for limit in [3, 4] {
        limit_descriptors(limit);
        let outcome = run(c"exit 0");
        limit_descriptors(DESCRIPTORS as u64);
        no_descriptor(outcome);
    }
    limit_descriptors(5);
    assert_eq!(ended(c"exit 3").code(), Some(3));
}

/// Only a spawn with copied memory needs descriptors, for its status pipe.
fn no_descriptor(outcome: Result<ExitStatus, Error<'_>>) {
    match outcome {
        Ok(_) => assert!(!emulated(), "its memory is copied"),
        Err(error) => {
            assert!(emulated(), "{error}");
            assert_eq!(
                *"status pipe: EMFILE: too many open files",
                format_text!("{error}")
            );
        }
    }
}

fn system_works_without_any_descriptor() {
    open_only(0..0);
    assert_eq!(ended(c"exit 3").code(), Some(3));
    ended(c"echo words >file");
    assert_eq!(read_file(c"file").expect("a file").as_str(), "words\n");
}
