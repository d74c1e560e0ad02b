//! Tests of `Command`, `popen` and `system` in an ordinary program that uses the standard library, with threads and
//! with large amounts of data.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{io, thread};

use nestling::command::{Command, Stdio};
use nestling::popen::{pclose, popen};
use nestling::spawn::fork;
use nestling::sys::signal::{self, Disposition};
use nestling::system::system;
use nestling::{Errno, Pid, SigSet, Signal, sys, wait};
use nestling_host_tests::{alone, say};

#[test]
fn what_a_child_writes_to_two_pipes_is_collected_without_a_deadlock() {
    const ROUNDS: usize = 1024;
    const SIZE: usize = 65536;
    let script = "i=0; while [ $i -lt 1024 ]; do i=$((i + 1))
        head -c 65536 /dev/zero; head -c 65536 /dev/zero >&2; done";
    let output = Command::new("sh")
        .args(["-c", script])
        .output()
        .expect("an output");
    assert!(output.status.success());
    assert_eq!(output.stdout.len(), ROUNDS * SIZE);
    assert_eq!(output.stderr.len(), ROUNDS * SIZE);
    assert!(
        output
            .stdout
            .iter()
            .chain(&output.stderr)
            .all(|&byte| byte == 0)
    );
}

/// Returns the path of one of nestling's examples.
fn example(name: &str) -> PathBuf {
    // The path of this test is TARGET/debug/deps/NAME.
    let test = std::env::current_exe().expect("this test");
    let folder = test.ancestors().nth(2).expect("a target directory");
    folder.join("examples").join(name)
}

const BUILT: &str = "the example: cargo build -p nestling --features alloc,std --examples";

#[test]
fn the_example_with_rustix_reads_and_waits() {
    let run = |script| {
        let mut example = std::process::Command::new(example("with_rustix"));
        let output = example.arg(script).output().expect(BUILT);
        String::from_utf8(output.stdout).expect("text")
    };
    assert_eq!(run("echo words"), "6: words\\n\nexit status: 0\n");
    assert_eq!(run("kill -9 $$"), "signal: 9 (SIGKILL)\n");
}

#[test]
fn the_example_runs_a_command_as_another_user_within_limits() {
    // SAFETY: `geteuid` takes no argument.
    if unsafe { libc::geteuid() } != 0 {
        return say("skipped: only root can become another user");
    }
    let example = example("run_as_user");
    let run = |program, script| {
        let mut example = std::process::Command::new(&example);
        let output = example
            .args(["12345", "54321", program, "-c", script])
            .env("PATH", "/usr/bin:/bin") // directories that this user can search
            .output();
        let output = output.expect(BUILT);
        let text = |bytes| String::from_utf8(bytes).expect("text");
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let script = "id -u; id -g; id -G; umask; ulimit -n; ulimit -c; pwd; exit 9";
    let said = "12345\n54321\n54321\n0077\n64\n0\n/\n";
    assert_eq!(run("sh", script), (Some(9), said.into(), String::new()));
    let said = "run_as_user: exec \"nope\": ENOENT: no such file or directory\n";
    assert_eq!(run("nope", ""), (Some(127), String::new(), said.into()));
}

#[test]
fn a_command_that_one_thread_has_built_is_started_by_another() {
    let mut command = Command::new("sh");
    command.args(["-c", "exit 3"]);
    let status = thread::spawn(move || command.status()).join();
    assert_eq!(status.expect("a thread").expect("sh").code(), Some(3));
}

#[test]
fn a_write_to_a_popen_stream_says_how_much_was_written_before_an_error() {
    let mut command = popen(c"kill -STOP $$; cat >/dev/null", "w").expect("popen");
    let id = command.id();
    wait::wait_for(wait::Who::Child(id), wait::Options::STOPPED).expect("its stop");
    let input = command.input().expect("an input");
    sys::fd::set_nonblocking(input, true).expect("a pipe");
    let zeros = vec![0; 1 << 20];
    let mut left = zeros.len();
    let error = loop {
        match io::Write::write(&mut command, &zeros[..left]) {
            Ok(count) => left -= count,
            Err(error) => break error,
        }
    };
    sys::process::kill(id.as_raw(), Some(Signal::CONT)).expect("a signal");
    assert!(pclose(command).expect("its end").success());
    assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    assert!(left < zeros.len(), "a pipe holds some of it");
}

#[test]
fn threads_that_start_programs_as_other_users_leave_the_parent_dumpable() {
    // SAFETY: `geteuid` takes no argument.
    if unsafe { libc::geteuid() } != 0 {
        return say("skipped: only root can become another user");
    }
    alone(
        "threads_that_start_programs_as_other_users_leave_the_parent_dumpable",
        || {
            assert_eq!(sys::process::dumpable(), Ok(1));
            for _ in 0..20 {
                thread::scope(|scope| {
                    for _ in 0..4 {
                        scope.spawn(|| {
                            for _ in 0..10 {
                                let status = Command::new("/bin/true").uid(12345).status();
                                assert!(status.expect("true").success());
                            }
                        });
                    }
                });
                assert_eq!(sys::process::dumpable(), Ok(1));
            }
        },
    );
}

/// The test proves that no spawn hangs, no error is lost, and no child inherits a descriptor of the parent. `NESTLING_SPAWNS` sets
/// how many spawns a thread makes.
#[test]
fn eight_threads_start_programs_while_another_one_forks_without_exec() {
    alone(
        "eight_threads_start_programs_while_another_one_forks_without_exec",
        || {
            const THREADS: usize = 8;
            let each = std::env::var("NESTLING_SPAWNS");
            let each = each.map_or(1250, |each| each.parse().expect("a number"));
            let before = (open_descriptors(), state());
            // The descriptors of a child that is started while nothing else happens.
            let mut list = std::process::Command::new("ls");
            let inherited = list.arg("/proc/self/fd").output().expect("ls").stdout;
            let inherited = inherited.as_slice();
            let (done, forks) = (AtomicBool::new(false), AtomicUsize::new(0));
            thread::scope(|scope| {
                let forker = scope.spawn(|| fork_without_exec(&done, &forks));
                let starters: Vec<_> = (0..THREADS)
                    .map(|thread| {
                        scope.spawn(move || {
                            (0..each).for_each(|round| start(thread + round, inherited));
                        })
                    })
                    .collect();
                let outcomes = starters.into_iter().map(|starter| starter.join());
                let outcomes: Vec<_> = outcomes.collect();
                done.store(true, Ordering::Relaxed);
                forker.join().expect("the forking thread");
                outcomes.into_iter().for_each(|it| it.expect("a thread"));
            });
            assert!(
                forks.load(Ordering::Relaxed) > each / 13,
                "it did fork meanwhile"
            );
            assert_eq!((open_descriptors(), state()), before);
            assert_eq!(
                wait::wait_for(wait::Who::Any, wait::Options::NOHANG),
                Err(Errno::ECHILD),
                "no process is left"
            );
        },
    );
}

#[test]
fn a_spawn_does_not_wait_for_a_child_that_another_thread_forks_and_that_stays() {
    alone(
        "a_spawn_does_not_wait_for_a_child_that_another_thread_forks_and_that_stays",
        || {
            let done = AtomicBool::new(false);
            thread::scope(|scope| {
                let forker = scope.spawn(|| {
                    let children: Vec<_> = (0..300).map(|_| forked()).collect();
                    done.store(true, Ordering::Relaxed);
                    children
                });
                while !done.load(Ordering::Relaxed) {
                    let status = Command::new("true").status().expect("true");
                    assert!(status.success());
                    assert!(system(c"true").expect("system").success());
                    assert_eq!(
                        Command::new("/nope").status().unwrap_err().shell_code(),
                        127
                    );
                }
                let children = forker.join().expect("the forking thread");
                children.into_iter().for_each(end);
            });
        },
    );
}

/// Forks children that hold all descriptors that are open at that moment. Each lives until sixteen younger ones exist.
fn fork_without_exec(done: &AtomicBool, forks: &AtomicUsize) {
    let mut children = VecDeque::new();
    while !done.load(Ordering::Relaxed) {
        children.push_back(forked());
        forks.fetch_add(1, Ordering::Relaxed);
        if children.len() > 16 {
            children.drain(..1).for_each(end);
        }
    }
    children.into_iter().for_each(end);
}

/// Forks a child that waits until it is killed.
fn forked() -> Pid {
    // SAFETY: the child only waits for a signal.
    match unsafe { fork() }.expect("a fork") {
        None => loop {
            sys::process::pause();
        },
        Some(child) => child,
    }
}

fn end(child: Pid) {
    sys::process::kill(child.as_raw(), Some(Signal::KILL)).expect("a signal");
    wait::wait(child).expect("its end");
}

/// Starts something and checks that it ends as expected.
fn start(round: usize, inherited: &[u8]) {
    match round % 8 {
        0 | 1 => {
            let output = Command::new("ls")
                .arg("/proc/self/fd")
                .output()
                .expect("ls");
            assert_eq!(output.stdout, inherited, "leaked");
        }
        2 => {
            let code = (round % 100) as i32;
            let mut command = Command::new("sh");
            let status = command.args(["-c".into(), format!("exit {code}")]).status();
            assert_eq!(status.expect("sh").code(), Some(code));
        }
        3 => {
            let error = Command::new("/nope")
                .stdin(Stdio::piped())
                .spawn()
                .unwrap_err();
            assert_eq!(
                error.to_string(),
                r#"exec "/nope": ENOENT: no such file or directory"#
            );
        }
        4 => {
            let error = Command::new("ls")
                .current_dir("/nope")
                .output()
                .unwrap_err();
            assert_eq!(error.errno(), Some(Errno::ENOENT));
            assert!(error.step().ends_with(r#"(chdir "/nope")"#), "{error}");
        }
        5 => {
            let mut command = popen(c"ls /proc/self/fd", "r").expect("popen");
            let listed = io::read_to_string(&mut command).expect("its output");
            assert_eq!(listed.as_bytes(), inherited, "leaked");
            assert!(pclose(command).expect("its end").success());
        }
        6 => assert_eq!(system(c"exit 7").expect("system").code(), Some(7)),
        _ => {
            let status = system(c"kill -TERM $$").expect("system");
            assert_eq!(status.signal(), Some(Signal::TERM));
        }
    }
}

fn open_descriptors() -> Vec<String> {
    let directory = fs::read_dir("/proc/self/fd").expect("/proc");
    let mut names: Vec<_> = directory
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("a number")
        })
        .collect();
    names.sort();
    names
}

/// The state that `system` must restore: this thread's signal mask, and whether the signals of the keyboard are
/// ignored.
fn state() -> (SigSet, [bool; 2]) {
    let ignored = |signal| matches!(signal::action(signal), Ok(Disposition::Ignore));
    let mask = signal::mask().expect("a mask");
    (mask, [ignored(Signal::INT), ignored(Signal::QUIT)])
}
