//! Tests of nestling in an ordinary program that uses the standard library, on glibc, with threads, handlers and a
//! large heap.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering};
use std::thread;

use nestling::popen::{pclose, popen};
use nestling::spawn::{Action, Attributes, Error, Hook, Memory, Notice, Program, Spawn, Step};
use nestling::{Args, Errno, ExitStatus, OFlags, Signal, args, sys};
use nestling_host_tests::{alone, built_for_i386, built_with_std, installed, or_skip, run};

const MEMORIES: [Memory; 2] = [Memory::Shared, Memory::Copied];

/// Runs a shell command.
fn shell(line: &CStr, memory: Memory, actions: &[Action]) -> ExitStatus {
    let list = args![c"sh", c"-c", line];
    let attributes = Attributes {
        memory,
        ..Attributes::default()
    };
    let spawn = Spawn {
        actions,
        attributes,
        ..Spawn::new(Program::Path(c"/bin/sh"), Args::new(&list), Args::EMPTY)
    };
    let mut child = spawn.start().expect("a shell");
    child.wait().expect("its end")
}

/// Starts a spawn whose second action fails.
fn fail(memory: Memory) {
    let list = args![c"sh"];
    let actions = [
        Action::Umask(0o22),
        Action::Open {
            fd: 0,
            path: c"/nope",
            flags: OFlags::RDONLY,
            mode: 0,
        },
    ];
    let attributes = Attributes {
        memory,
        ..Attributes::default()
    };
    let spawn = Spawn {
        actions: &actions,
        attributes,
        ..Spawn::new(Program::Path(c"/bin/sh"), Args::new(&list), Args::EMPTY)
    };
    let error = spawn.start().expect_err("a failure");
    assert_eq!(error.errno(), Some(Errno::ENOENT));
    assert!(matches!(error.step(), Some(Step::Action(1, _))), "{error}");
}

/// The open descriptors: their numbers and the names of their files.
fn descriptors() -> BTreeMap<i32, String> {
    let entries = fs::read_dir("/proc/self/fd").expect("/proc/self/fd");
    entries
        .filter_map(|entry| {
            let entry = entry.expect("an entry");
            let number = entry.file_name().to_str()?.parse().ok()?;
            // The descriptor of the directory itself is closed before its name is read.
            let name = fs::read_link(entry.path()).ok()?;
            Some((number, name.display().to_string()))
        })
        .filter(|(_, name)| !name.ends_with("/fd"))
        .collect()
}

/// The signals that this thread blocks.
fn mask() -> BTreeSet<i32> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the call writes the set before it is read.
    unsafe {
        let answer = libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), set.as_mut_ptr());
        assert_eq!(answer, 0);
        (1..=64)
            .filter(|&signal| libc::sigismember(set.as_ptr(), signal) == 1)
            .collect()
    }
}

/// Blocks a signal in this thread.
fn block(signal: i32) {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the set is initialised before it is read.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), signal);
        let old = std::ptr::null_mut();
        assert_eq!(libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), old), 0);
    }
}

fn handle(signal: i32, handler: extern "C" fn(i32)) {
    // SAFETY: the handlers below make only calls that are allowed in a handler.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_RESTART;
        assert_eq!(libc::sigaction(signal, &action, std::ptr::null_mut()), 0);
    }
}

/// Tells other threads to stop when it is dropped, also if this thread panics.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether this process has no child, not even a zombie.
fn childless() -> bool {
    // SAFETY: a null pointer means that no status is wanted.
    let answer = unsafe { libc::waitpid(-1, std::ptr::null_mut(), libc::WNOHANG) };
    answer == -1 && io::Error::last_os_error().raw_os_error() == Some(libc::ECHILD)
}

#[test]
fn a_program_spawns_while_its_threads_allocate_lock_and_print() {
    let sink = Mutex::new(File::create("/dev/null").expect("/dev/null"));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for number in 0..8 {
            let (sink, done) = (&sink, &done);
            scope.spawn(move || {
                let mut kept = Vec::new();
                while !done.load(Ordering::Relaxed) {
                    kept.push(format!("{number} {}", "x".repeat(kept.len() % 5000)));
                    let mut sink = sink.lock().expect("the sink");
                    writeln!(sink, "{}", kept[kept.len() / 2]).expect("a line");
                    drop((sink, io::stdout().lock(), io::stderr().lock()));
                    kept.truncate(1000);
                }
            });
        }
        let _until = Until(&done);
        for _ in 0..50 {
            for memory in MEMORIES {
                assert_eq!(shell(c"exit 7", memory, &[]).code(), Some(7));
                assert_eq!(
                    shell(c"kill -9 $$", memory, &[]).signal(),
                    Some(Signal::KILL)
                );
                fail(memory);
            }
        }
    });
}

#[test]
fn a_thousand_spawns_by_four_threads_at_once_leave_nothing_behind() {
    alone(
        "a_thousand_spawns_by_four_threads_at_once_leave_nothing_behind",
        || {
            let before = descriptors();
            thread::scope(|scope| {
                for thread in 0..4 {
                    scope.spawn(move || {
                        let blocked = [libc::SIGUSR1, libc::SIGUSR2, libc::SIGINT, libc::SIGHUP];
                        block(blocked[thread]);
                        let mask_before = mask();
                        for number in 0..250 {
                            let code = (thread * 250 + number) % 256;
                            let line = CString::new(format!("exit {code}")).expect("no null");
                            // This program is small, so a copy of its memory is cheap enough for every tenth spawn.
                            let memory = MEMORIES[usize::from(number % 10 == 0)];
                            let status = shell(&line, memory, &[]);
                            assert_eq!(status.code(), Some(code as i32));
                        }
                        assert_eq!(mask(), mask_before);
                        assert!(mask_before.contains(&blocked[thread]));
                    });
                }
            });
            assert_eq!(descriptors(), before);
            assert!(childless());
        },
    );
}

/// Each copy that a fork makes holds the pipes of the spawns of that moment until the next fork. `NESTLING_SPAWNS` sets
/// how many spawns a thread makes.
#[test]
fn spawns_by_eight_threads_beside_one_that_forks_succeed_and_fail_as_they_should() {
    alone(
        "spawns_by_eight_threads_beside_one_that_forks_succeed_and_fail_as_they_should",
        || {
            let spawns = std::env::var("NESTLING_SPAWNS");
            let spawns = spawns.map_or(500, |spawns| spawns.parse().expect("a number"));
            let before = descriptors();
            let over = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    let mut last = 0;
                    while !over.load(Ordering::Relaxed) {
                        // SAFETY: the child only waits for a signal.
                        let copy = unsafe { libc::fork() };
                        if copy == 0 {
                            loop {
                                // SAFETY: `pause` takes no argument.
                                unsafe { libc::pause() };
                            }
                        }
                        assert!(copy > 0, "{}", io::Error::last_os_error());
                        end(std::mem::replace(&mut last, copy));
                        thread::yield_now();
                    }
                    end(last);
                });
                let spawners = (0..8).map(|thread| {
                    scope.spawn(move || {
                        for number in 0..spawns {
                            let notice = [Notice::Pipe, Notice::Mark][(thread + number) % 2];
                            start_true_or_nothing(notice, number % 3 == 0);
                        }
                    })
                });
                let spawners: Vec<_> = spawners.collect();
                let ends: Vec<_> = spawners.into_iter().map(|it| it.join()).collect();
                over.store(true, Ordering::Relaxed);
                assert!(ends.iter().all(Result::is_ok));
            });
            assert_eq!(descriptors(), before);
            assert!(childless());
        },
    );
}

/// Kills and reaps a child, if there is one.
fn end(child: libc::pid_t) {
    if child > 0 {
        // SAFETY: the arguments are numbers, and a null pointer in place of the status.
        unsafe {
            assert_eq!(libc::kill(child, libc::SIGKILL), 0);
            assert_eq!(libc::waitpid(child, std::ptr::null_mut(), 0), child);
        }
    }
}

fn start_true_or_nothing(notice: Notice, is_missing: bool) {
    let list = args![c"true"];
    let path = if is_missing { c"/nope" } else { c"/bin/true" };
    let mut spawn = Spawn::new(Program::Path(path), Args::new(&list), Args::EMPTY);
    spawn.attributes.notice = notice;
    match spawn.start() {
        Ok(mut child) => {
            assert!(!is_missing);
            assert!(child.wait().expect("its end").success());
        }
        Err(error) => {
            assert!(is_missing, "{error}");
            assert_eq!(error.errno(), Some(Errno::ENOENT));
            assert!(matches!(error.step(), Some(Step::Exec(..))), "{error}");
        }
    }
}

#[test]
fn a_thread_with_the_smallest_stack_spawns() {
    let output = run(env!("CARGO_BIN_EXE_small_thread"), |_| {});
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_thread_with_the_smallest_stack_spawns_on_i386() {
    let program = or_skip!(built_for_i386("small_thread"));
    let output = run(program.to_str().expect("a plain path"), |_| {});
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_users_stop_stops_the_program_even_if_another_thread_has_waited_for_it() {
    alone(
        "a_users_stop_stops_the_program_even_if_another_thread_has_waited_for_it",
        || {
            let (stops, over) = (AtomicUsize::new(0), AtomicBool::new(false));
            let stop_yourself = || {
                sys::process::kill(sys::process::getpid().as_raw(), Some(Signal::TSTP))?;
                Ok(())
            };
            thread::scope(|scope| {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        // SAFETY: the structure consists of numbers only.
                        let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
                        // SAFETY: the kernel writes one `siginfo_t`.
                        let answer = unsafe {
                            libc::waitid(libc::P_ALL, 0, &mut info, libc::WSTOPPED | libc::WNOHANG)
                        };
                        if answer == 0 && info.si_signo != 0 {
                            stops.fetch_add(1, Ordering::Relaxed);
                        }
                        thread::yield_now();
                    }
                });
                for memory in MEMORIES {
                    stops.store(0, Ordering::Relaxed);
                    let list = args![c"cat"];
                    let mut spawn =
                        Spawn::new(Program::Path(c"/bin/cat"), Args::new(&list), Args::EMPTY);
                    // The child does not end before the other end of the pipe is closed.
                    let (input, held) = io::pipe().expect("a pipe");
                    let actions = [Action::Dup2 {
                        from: input.as_raw_fd(),
                        to: 0,
                    }];
                    spawn.actions = &actions;
                    spawn.attributes.memory = memory;
                    // The terminal's signals do not stop a group without a parent in its session.
                    spawn.attributes.process_group = Some(0);
                    // SAFETY: the hook makes two system calls.
                    spawn.attributes.hook = Some(unsafe { Hook::new(&stop_yourself) });
                    let mut child = spawn.start().expect("a child");
                    // The child stops once before its exec, and once as the program.
                    while stops.load(Ordering::Relaxed) < 2 {
                        thread::yield_now();
                    }
                    child.signal(Signal::CONT).expect("it is there");
                    drop((input, held));
                    assert!(child.wait().expect("its end").success());
                }
                over.store(true, Ordering::Relaxed);
            });
        },
    );
}

#[test]
fn spawns_that_fail_in_four_threads_at_once_leave_nothing_behind() {
    alone(
        "spawns_that_fail_in_four_threads_at_once_leave_nothing_behind",
        || {
            let before = descriptors();
            thread::scope(|scope| {
                for thread in 0..4 {
                    scope.spawn(move || {
                        block(libc::SIGUSR1 + thread);
                        let mask_before = mask();
                        for number in 0..100 {
                            fail(MEMORIES[number % 2]);
                        }
                        assert_eq!(mask(), mask_before);
                    });
                }
            });
            assert_eq!(descriptors(), before);
            assert!(childless());
        },
    );
}

#[test]
fn a_large_heap_is_as_before_after_spawns() {
    const PAGE: [u8; 4096] = [0xa5; 4096];
    const PAGES: usize = (256 << 20) / PAGE.len();
    let heap = PAGE.repeat(PAGES);
    let stack = std::hint::black_box([0x5a_u8; 4096]);
    for memory in MEMORIES {
        for _ in 0..5 {
            assert_eq!(shell(c"exit 7", memory, &[]).code(), Some(7));
            fail(memory);
        }
    }
    assert!(heap.chunks(PAGE.len()).all(|page| page == PAGE));
    assert_eq!(std::hint::black_box(stack), [0x5a; 4096]);
}

/// The process in which the handler may run.
static PARENT: AtomicI32 = AtomicI32::new(0);
/// A handler that runs in another process writes to this descriptor.
static ALARM: AtomicI32 = AtomicI32::new(-1);
static HANDLED: AtomicUsize = AtomicUsize::new(0);

extern "C" fn note_where(_: i32) {
    // SAFETY: these calls are allowed in a handler.
    unsafe {
        if libc::getpid() == PARENT.load(Ordering::Relaxed) {
            HANDLED.fetch_add(1, Ordering::Relaxed);
        } else {
            libc::write(ALARM.load(Ordering::Relaxed), c"!".as_ptr().cast(), 1);
        }
    }
}

#[test]
fn no_handler_of_the_parent_runs_in_a_child_that_is_sent_its_signal() {
    alone(
        "no_handler_of_the_parent_runs_in_a_child_that_is_sent_its_signal",
        || {
            let (mut heard, alarm) = io::pipe().expect("a pipe");
            // SAFETY: the child only makes a process group of its own, so that signals can be sent to the group.
            unsafe {
                libc::setpgid(0, 0);
                PARENT.store(libc::getpid(), Ordering::Relaxed);
            }
            ALARM.store(alarm.as_raw_fd(), Ordering::Relaxed);
            handle(libc::SIGUSR1, note_where);
            handle(libc::SIGUSR2, note_where);
            let done = AtomicBool::new(false);
            let outcomes = thread::scope(|scope| {
                // Sends one signal after another to the whole group, which includes the children as soon as they exist.
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        // SAFETY: only this process and its children are in the group.
                        unsafe { libc::kill(0, libc::SIGUSR1) };
                    }
                });
                let _until = Until(&done);
                // Another signal is pending and blocked all the time.
                block(libc::SIGUSR2);
                // SAFETY: the signal is blocked.
                unsafe { libc::raise(libc::SIGUSR2) };
                let list = args![c"sh", c"-c", c"exit 7"];
                let outcomes: Vec<_> = (0..300)
                    .map(|number| {
                        let attributes = Attributes {
                            memory: MEMORIES[number % 2],
                            ..Attributes::default()
                        };
                        let program = Program::Path(c"/bin/sh");
                        let spawn = Spawn {
                            attributes,
                            ..Spawn::new(program, Args::new(&list), Args::EMPTY)
                        };
                        match spawn.start() {
                            Ok(mut child) => {
                                let status = child.wait().expect("its end");
                                (status.code(), status.signal())
                            }
                            Err(Error::Killed { signal }) => (None, signal),
                            Err(error) => panic!("{error}"),
                        }
                    })
                    .collect();
                outcomes
            });
            // A child either does not get the signal, or gets its default effect.
            for outcome in &outcomes {
                let plausible = [(Some(7), None), (None, Some(Signal::USR1))];
                assert!(plausible.contains(outcome), "{outcome:?}");
            }
            assert!(outcomes.iter().any(|(_, signal)| signal.is_some()));
            assert!(HANDLED.load(Ordering::Relaxed) > 0);
            drop(alarm);
            let mut alarms = Vec::new();
            heard.read_to_end(&mut alarms).expect("the alarms");
            assert!(
                alarms.is_empty(),
                "{} handlers ran in a child",
                alarms.len()
            );
            assert!(childless());
        },
    );
}

#[test]
fn children_of_std_are_left_to_std() {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for memory in MEMORIES {
            let done = &done;
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(shell(c"exit 7", memory, &[]).code(), Some(7));
                    fail(memory);
                }
            });
        }
        let _until = Until(&done);
        for code in 0..100 {
            let line = format!("echo {code}; exit {code}");
            let output = Command::new("sh").args(["-c", &line]).output();
            let output = output.expect("std's child");
            assert_eq!(output.status.code(), Some(code));
            assert_eq!(output.stdout, format!("{code}\n").into_bytes());
        }
    });
}

/// A program that prints the environment as it got it, malformed entries included.
const SHOW: [&str; 2] = ["/bin/cat", "/proc/self/environ"];

/// A change of a builder's environment.
enum Change {
    Set,
    Remove,
    Clear,
}

/// The environment that the child of std's `Command` gets, or that of ours.
fn environment(change: &Option<Change>, is_ours: bool) -> Vec<u8> {
    macro_rules! output {
        ($command:ty) => {{
            let mut command = <$command>::new(SHOW[0]);
            command.arg(SHOW[1]);
            match change {
                None => &mut command,
                Some(Change::Set) => command.env("SET", "1"),
                Some(Change::Remove) => command.env_remove("REMOVED"),
                Some(Change::Clear) => command.env_clear(),
            };
            let output = command.output().expect("an environment");
            assert!(output.status.success());
            output.stdout
        }};
    }
    if is_ours {
        output!(nestling::command::Command)
    } else {
        output!(Command)
    }
}

#[test]
fn a_child_inherits_malformed_entries_of_the_environment_where_stds_child_does() {
    const NAME: &CStr =
        c"a_child_inherits_malformed_entries_of_the_environment_where_stds_child_does";
    const MALFORMED: [&CStr; 4] = [c"no variable", c"=", c"", c"="];
    if std::env::var_os("NESTLING_MALFORMED").is_none() {
        let program = std::env::current_exe().expect("this program");
        let program = CString::new(program.into_os_string().into_vec()).expect("no null");
        let list = args![&*program, c"--exact", NAME, c"--nocapture"];
        let [first, second, third, fourth] = MALFORMED;
        let entries = args![
            first,
            c"A=1",
            second,
            c"NESTLING_MALFORMED=1",
            c"A=1",
            c"=B=2",
            third,
            c"REMOVED=1",
            fourth
        ];
        let (program, args) = (Program::Path(&program), Args::new(&list));
        let spawn = Spawn::new(program, args, Args::new(&entries));
        let mut child = spawn.start().expect("this program");
        assert!(child.wait().expect("its end").success());
        return;
    }
    let own = fs::read(SHOW[1]).expect("/proc");
    assert_eq!(environment(&None, false), own, "std");
    assert_eq!(environment(&None, true), own);
    // Std sorts the names, and keeps each only once.
    let lines = |bytes: &[u8]| {
        let lines = bytes.split(|&byte| byte == 0).map(<[u8]>::to_vec);
        lines.collect::<BTreeSet<_>>()
    };
    for change in [Change::Set, Change::Remove, Change::Clear].map(Some) {
        let (theirs, ours) = (environment(&change, false), environment(&change, true));
        assert_eq!(lines(&ours), lines(&theirs));
    }
    // A shell gets the environment as it is: the shell drops malformed entries only for its own children.
    let mut shell = popen(c"cat /proc/$$/environ", "r").expect("a shell");
    let (mut shells, mut buffer) = (Vec::<u8>::new(), [0; 4096]);
    loop {
        match shell.read(&mut buffer).expect("its environment") {
            0 => break,
            length => shells.extend_from_slice(&buffer[..length]),
        }
    }
    assert!(pclose(shell).expect("its end").success());
    assert_eq!(shells, own);
}

#[test]
fn types_of_std_and_ours_convert_into_each_other() {
    for memory in MEMORIES {
        let (mut reader, writer) = io::pipe().expect("a pipe");
        let ours = nestling::OwnedFd::from(std::os::fd::OwnedFd::from(writer));
        let actions = [Action::Dup2 {
            from: ours.as_raw_fd(),
            to: 1,
        }];
        let status = shell(c"echo hello; exit 7", memory, &actions);
        drop(ours);
        let mut text = String::new();
        reader.read_to_string(&mut text).expect("what it prints");
        assert_eq!(text, "hello\n");

        let theirs = std::process::ExitStatus::from(status);
        assert_eq!(theirs.code(), Some(7));
        assert_eq!(ExitStatus::from(theirs), status);
        assert_eq!(theirs.to_string(), status.to_string());
    }
}

#[test]
fn a_child_can_work_in_a_directory_that_std_has_opened() {
    let directory = File::open("/proc/self").expect("a directory");
    let borrowed = nestling::BorrowedFd::from(directory.as_fd());
    let actions = [Action::Fchdir(borrowed.as_raw_fd())];
    for memory in MEMORIES {
        let status = shell(c"test -e status", memory, &actions);
        assert!(status.success(), "{status}");
    }
}

#[test]
fn a_pidfd_is_a_descriptor_that_std_can_own() {
    let list = args![c"sh", c"-c", c"read x"];
    let (reader, writer) = io::pipe().expect("a pipe");
    let actions = [Action::Dup2 {
        from: reader.as_raw_fd(),
        to: 0,
    }];
    for memory in MEMORIES {
        let attributes = Attributes {
            memory,
            pidfd: true,
            ..Attributes::default()
        };
        let spawn = Spawn {
            actions: &actions,
            attributes,
            ..Spawn::new(Program::Path(c"/bin/sh"), Args::new(&list), Args::EMPTY)
        };
        let mut child = spawn.start().expect("a shell");
        assert_eq!(child.try_wait(), Ok(None));
        child.signal(Signal::KILL).expect("a living child");
        assert_eq!(child.wait().expect("its end").signal(), Some(Signal::KILL));
        let pidfd = child.into_pidfd().expect("a pidfd").into_raw_fd();
        // SAFETY: the descriptor was released, so this is its only owner.
        let pidfd = unsafe { std::os::fd::OwnedFd::from_raw_fd(pidfd) };
        assert!(pidfd.as_raw_fd() > 2);
    }
    drop(writer);
}

#[test]
fn an_error_converts_into_one_of_std() {
    let list = args![c"nope"];
    let spawn = Spawn::new(Program::Path(c"/nope"), Args::new(&list), Args::EMPTY);
    let error: Box<dyn std::error::Error + '_> = Box::new(spawn.start().expect_err("a failure"));
    let text = r#"exec "/nope": ENOENT: no such file or directory"#;
    assert_eq!(error.to_string(), text);
}

/// In one command, cargo builds this crate once for all packages, with the union of the features that they need.
#[test]
fn a_program_without_std_works_if_it_is_built_beside_one_with_std() {
    let programs = built_with_std(&["pipeline", "probe"]).expect("a build");
    let path = |name| programs.join(name).to_str().expect("a path").to_owned();
    let text = |bytes| String::from_utf8(bytes).expect("text");

    let output = run(&path("pipeline"), |command| {
        command.args(["echo hello", "tr a-z A-Z"]);
    });
    assert_eq!(text(output.stdout), "HELLO\n");
    let ends = "echo: exit status: 0\ntr: exit status: 0\n";
    assert_eq!(text(output.stderr), ends);
    assert_eq!(output.status.code(), Some(0));

    let output = Command::new(path("probe")).arg("panic").output();
    let output = output.expect("the probe");
    let said = text(output.stderr);
    assert!(said.contains("as asked"), "{said}");
    assert_eq!(output.status.signal(), Some(libc::SIGABRT));
}

/// The kernel tells whether there are other threads by `unshare`. Containers often forbid this call; then `/proc` tells.
#[test]
fn in_a_program_with_std_the_runtime_does_what_needs_a_single_thread_only_where_there_is_one() {
    or_skip!(installed("strace"));
    let programs = built_with_std(&["with_threads"]).expect("a build");
    let program = programs.join("with_threads");
    let filter = "-f -qq -o /dev/null -e trace=unshare -e inject=unshare:error=EPERM";
    for part in ["fork", "fault", "environment"] {
        let mut traced = Command::new("strace");
        traced.args(filter.split(' ')).arg(&program);
        for mut command in [Command::new(&program), traced] {
            command.env_clear().envs([("A", "1"), ("B", "2")]).arg(part);
            let output = command.output().expect("the program");
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command:?}: {said}");
        }
    }
}
