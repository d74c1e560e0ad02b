//! Tests of the container life of `init`: as process 1 of a pid namespace, which needs root, and as an ordinary
//! process.
//!
//! Its commands are Debian's shells and tools.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use std::{io, thread};

use nestling_host_tests::{
    Arch, Scratch, copy_executable, installed, or_skip, run, say, state, terminal,
};

/// The longest time that a test waits for something.
const PATIENCE: Duration = Duration::from_secs(120);
/// The longest life of an init. The one with ten thousand orphans takes a minute on a busy machine.
const LIFE: Duration = Duration::from_secs(600);

const ANY_PROCESS: Role = Role { is_first: false };
const FIRST_PROCESS: Role = Role { is_first: true };

/// Where init runs: as process 1 of a pid namespace, or as an ordinary process.
#[derive(Clone, Copy)]
struct Role {
    is_first: bool,
}

impl Role {
    /// The words of the command line that starts init.
    fn words(self, init: &Path) -> Result<Vec<PathBuf>, String> {
        // SAFETY: `geteuid` takes no argument.
        if self.is_first && unsafe { libc::geteuid() } != 0 {
            return Err("only root may have a pid namespace".into());
        }
        let unshare = ["unshare", "--pid", "--fork", "--mount-proc"].map(PathBuf::from);
        let mut words = Vec::new();
        if self.is_first {
            words.extend(unshare);
        }
        words.push(init.into());
        Ok(words)
    }
}

/// Runs a test as process 1 and as an ordinary process, on each architecture that this machine runs.
fn everywhere(test: impl Fn(&Init)) {
    for role in [ANY_PROCESS, FIRST_PROCESS] {
        in_role(role, &test);
    }
}

fn in_role(role: Role, test: impl Fn(&Init)) {
    for arch in [Arch::X86_64, Arch::I386] {
        match arch.init().and_then(|init| role.words(&init)) {
            Ok(words) => test(&Init { role, words }),
            Err(why) => say(&format!("skipped: {why}")),
        }
    }
}

struct Init {
    role: Role,
    words: Vec<PathBuf>,
}

impl Init {
    fn command(&self, words: &[&str]) -> Command {
        let [program, first @ ..] = &self.words[..] else {
            unreachable!("there is a program");
        };
        let mut command = Command::new(program);
        command.args(first).args(words);
        command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        command
    }

    /// Runs init to its end. Returns its exit status, the command's output and init's messages.
    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let output = run("env", |command| {
            command.args(&self.words).args(words);
            command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        });
        outcome(output)
    }

    /// Starts init, and waits until its command has printed a line.
    fn start(&self, words: &[&str]) -> Running {
        self.started(self.command(words))
    }

    /// Starts init with these options and [`TWO_COMMANDS`], and waits until both processes have printed their lines.
    fn start_two(&self, options: &[&str]) -> Running {
        let mut init = self.start(&[options, &TWO_COMMANDS[..]].concat());
        line(&mut init.stdout);
        init
    }

    fn started(&self, mut command: Command) -> Running {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("init starts");
        let watch = Watch::of(&child);
        let mut stdout = child.stdout.take().expect("a pipe");
        line(&mut stdout);
        let started = child.id() as i32;
        let pid = if self.role.is_first {
            *children(started).first().expect("what unshare has started")
        } else {
            started
        };
        Running {
            _watch: watch,
            child,
            stdout,
            pid,
        }
    }
}

fn outcome(output: Output) -> (i32, String, String) {
    (
        output.status.code().expect("init exits"),
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

/// Resets a signal to its default action at the start, because the caller of this test may ignore it.
fn by_default(command: &mut Command, signal: i32) {
    let set = move || {
        let action = [0u64; 4];
        // SAFETY: the kernel reads an action of that size. (The C library's function refuses two signals.)
        match unsafe { libc::syscall(libc::SYS_rt_sigaction, signal, &raw const action, 0, 8) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    // SAFETY: the hook makes one system call.
    unsafe { command.pre_exec(set) };
}

fn line(from: &mut impl Read) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while from.read(&mut byte).expect("something to read") == 1 && byte != *b"\n" {
        line.extend(byte);
    }
    String::from_utf8(line).expect("text")
}

/// A running init.
struct Running {
    child: Child,
    _watch: Watch,
    stdout: ChildStdout,
    /// Its process id in the namespace of this test.
    pid: i32,
}

impl Running {
    fn signal(&self, signal: i32) {
        send(self.pid, signal);
    }

    /// Returns the process id of init's command.
    fn command(&self) -> i32 {
        *children(self.pid).first().expect("the command")
    }

    /// Ends the command, which blocks all signals, and waits for init. Returns what [`Init::run`] returns.
    fn end(self) -> (i32, String, String) {
        send(self.command(), libc::SIGKILL);
        self.wait()
    }

    fn wait(mut self) -> (i32, String, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).expect("text");
        let (code, _, said) = outcome(self.child.wait_with_output().expect("its end"));
        (code, rest, said)
    }
}

/// Kills a process and its descendants when the test fails or takes too long, so that it neither hangs nor leaves
/// processes.
struct Watch {
    pid: i32,
    _end: Sender<()>,
}

impl Watch {
    fn of(child: &Child) -> Self {
        let pid = child.id() as i32;
        let (end, ended) = mpsc::channel();
        thread::spawn(move || {
            if ended.recv_timeout(LIFE) == Err(RecvTimeoutError::Timeout) {
                end_all(pid);
            }
        });
        Self { pid, _end: end }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if thread::panicking() {
            end_all(self.pid);
        }
    }
}

fn end_all(pid: i32) {
    let mut left = vec![pid];
    while let Some(pid) = left.pop() {
        left.extend(children(pid));
        // SAFETY: `kill` takes numbers only.
        unsafe { libc::kill(pid, libc::SIGKILL) };
    }
}

fn send(pid: i32, signal: i32) {
    // SAFETY: `kill` takes numbers only.
    let sent = unsafe { libc::kill(pid, signal) };
    assert_eq!(sent, 0, "signal {signal} to {pid}");
}

/// Returns the children of a process, zombies too, the oldest first.
fn children(parent: i32) -> Vec<i32> {
    let mut children: Vec<(u64, i32)> = fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| {
            let stat = fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
            let pid = stat.split(' ').next()?.parse().ok()?;
            let fields: Vec<&str> = stat.rsplit(')').next()?.split(' ').collect();
            let is_child = fields[2].parse() == Ok(parent);
            is_child.then(|| (fields[20].parse().expect("a start time"), pid))
        })
        .collect();
    children.sort();
    children.into_iter().map(|(_, pid)| pid).collect()
}

/// Returns the pending signals of a process that blocks all signals.
fn pending(pid: i32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let bits = status
        .lines()
        .find_map(|line| line.strip_prefix("ShdPnd:\t"));
    u64::from_str_radix(bits.expect("a set"), 16).expect("a number")
}

fn is_pending(pid: i32, signal: i32) -> bool {
    pending(pid) & 1 << (signal - 1) != 0
}

/// Waits until init has passed a signal on to this process. A failure shows where the signal is.
fn until_pending(init: &Running, pid: i32, signal: i32) {
    if !becomes_true(|| is_pending(pid, signal)) {
        let status = |pid| fs::read_to_string(format!("/proc/{pid}/status"));
        panic!("signal {signal}: {:?}, {:?}", status(init.pid), status(pid));
    }
}

/// Waits until the condition holds, but not much longer than `PATIENCE`.
fn until(what: &str, is_so: impl FnMut() -> bool) {
    assert!(becomes_true(is_so), "{what}");
}

/// Whether the condition becomes true in time. Counts the pauses and does not read the clock, which goes on while a
/// virtual machine is paused and its processes do not run.
fn becomes_true(mut is_so: impl FnMut() -> bool) -> bool {
    (0..PATIENCE.as_millis()).any(|_| {
        thread::sleep(Duration::from_millis(1));
        is_so()
    })
}

/// A command that blocks all the signals that it can block, so that the signals that it gets stay visible as pending.
/// It prints a line and waits for the end of its standard input. After the line it changes no signal's action: a change
/// to `SIG_IGN`, as bash makes before an `exec` if its caller ignores `SIGINT`, discards a pending signal.
const COMMAND: [&str; 6] = [
    "--",
    "env",
    "--block-signal",
    "cat",
    "/proc/sys/kernel/ostype",
    "-",
];
/// Two such processes in one process group. Each prints a line.
const TWO_COMMANDS: [&str; 7] = [
    "--",
    "env",
    "--block-signal",
    "bash",
    "-c",
    "exec 3<&0; cat \"$0\" - <&3 & exec cat \"$0\" -",
    "/proc/sys/kernel/ostype",
];

/// The signals that init can pass on and that the C library lets a program block.
fn signals() -> impl Iterator<Item = i32> {
    let others = [libc::SIGKILL, libc::SIGSTOP, libc::SIGCHLD, 32, 33];
    (1..=64).filter(move |signal| !others.contains(signal))
}

#[test]
fn signals_that_the_c_library_reserves_are_passed_on_too() {
    everywhere(|init| {
        for signal in [32, 33] {
            let mut command = init.command(&["sh", "-c", "echo; exec sleep 600"]);
            by_default(&mut command, signal);
            let init = init.started(command);
            init.signal(signal);
            assert_eq!(init.wait(), (128 + signal, "".into(), "".into()));
        }
    });
}

#[test]
fn a_signal_that_comes_while_init_starts_is_passed_on() {
    or_skip!(installed("strace"));
    in_role(ANY_PROCESS, |init| {
        // The signal comes at init's first question for its own id, before it has read its options.
        let output = run("strace", |command| {
            command.args(["-qq", "-o", "/dev/null", "-e", "trace=getpid"]);
            command.args(["-e", "inject=getpid:signal=USR1:when=1"]);
            command.args(&init.words).args(["sleep", "600"]);
        });
        let status = output.status;
        // Init ends after its command, not by the signal.
        assert_eq!(status.code(), Some(128 + libc::SIGUSR1), "{status}");
    });
}

#[test]
fn every_signal_is_passed_on_to_the_command() {
    everywhere(|init| {
        let init = init.start(&COMMAND);
        let command = init.command();
        for signal in signals() {
            init.signal(signal);
            until_pending(&init, command, signal);
        }
        assert_eq!(init.end(), (128 + 9, "".into(), "".into()));
    });
}

#[test]
fn every_signal_is_passed_on_to_the_commands_group() {
    everywhere(|init| {
        let init = init.start_two(&["-g"]);
        let command = init.command();
        let second = children(command)[0];
        for signal in signals() {
            init.signal(signal);
            until("passed on", || {
                is_pending(command, signal) && is_pending(second, signal)
            });
        }
        send(second, libc::SIGKILL);
        init.end();
    });
}

#[test]
fn without_g_the_rest_of_the_group_gets_only_sigcont() {
    everywhere(|init| {
        for options in [&[][..], &["-g", "-c"], &["-g", "--single-child"]] {
            let init = init.start_two(options);
            let command = init.command();
            let second = children(command)[0];
            for signal in signals().filter(|&signal| signal != libc::SIGCONT) {
                init.signal(signal);
                until_pending(&init, command, signal);
            }
            assert_eq!(pending(second), 0);
            init.signal(libc::SIGCONT);
            until("passed on", || is_pending(second, libc::SIGCONT));
            send(second, libc::SIGKILL);
            init.end();
        }
    });
}

#[test]
fn sigchld_is_not_passed_on() {
    everywhere(|init| {
        let init = init.start(&COMMAND);
        let command = init.command();
        init.signal(libc::SIGCHLD);
        // Init takes pending signals in the order of their numbers.
        init.signal(64);
        until("passed on", || is_pending(command, 64));
        assert!(!is_pending(command, libc::SIGCHLD));
        init.end();
    });
}

#[test]
fn signals_are_rewritten_and_dropped() {
    everywhere(|init| {
        let options = [
            "-r",
            "HUP:0",
            "-r",
            "SIGTERM:usr1",
            "-r2:12",
            "--rewrite",
            "RTMIN+1:64",
            "--rewrite=10:0",
        ];
        let init = init.start(&[&options, &COMMAND[..]].concat());
        let command = init.command();
        for (sent, passed) in [(15, 10), (2, 12), (35, 64), (3, 3)] {
            init.signal(sent);
            until("passed on", || is_pending(command, passed));
        }
        init.signal(1);
        init.signal(10);
        init.signal(63);
        until("passed on", || is_pending(command, 63));
        let expected = [10, 12, 64, 3, 63]
            .iter()
            .fold(0, |set, signal| set | 1 << (signal - 1));
        assert_eq!(pending(command), expected);
        init.end();
    });
}

#[test]
fn signals_that_init_causes_itself_are_not_passed_on() {
    in_role(ANY_PROCESS, |init| {
        // Init reaps an orphan, and its message about it is lost, because standard error is closed.
        let script = "pid=$( (sleep 0 >&2 & echo $!) ); while kill -0 $pid; do :; done; echo; exec sleep 600";
        let words = [
            "-s",
            "-w",
            "--",
            "env",
            "--block-signal",
            "bash",
            "-c",
            script,
        ];
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        let mut command = init.command(&words);
        command.stdout(Stdio::piped()).stderr(writer);
        let mut child = command.spawn().expect("init starts");
        let _watch = Watch::of(&child);
        line(child.stdout.as_mut().expect("a pipe"));
        let pid = child.id() as i32;
        let command = children(pid)[0];
        send(pid, 64);
        until("passed on", || is_pending(command, 64));
        assert!(!is_pending(command, libc::SIGPIPE));
        send(command, libc::SIGKILL);
        child.wait().expect("its end");
    });
}

#[test]
fn the_command_has_the_signal_mask_and_the_ignored_signals_that_init_got() {
    in_role(ANY_PROCESS, |init| {
        let command = "trap '' USR1; exec \"$@\"";
        let words: Vec<&str> = init.words.iter().filter_map(|word| word.to_str()).collect();
        let script = [
            &["-c", command, "sh"],
            &words[..],
            &["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"],
        ]
        .concat();
        let output = run("bash", |command| {
            command.args(&script);
            // SAFETY: the hook makes one system call.
            unsafe {
                command.pre_exec(|| {
                    libc::signal(libc::SIGCHLD, libc::SIG_IGN);
                    let hup = 1u64;
                    libc::syscall(
                        libc::SYS_rt_sigprocmask,
                        libc::SIG_SETMASK,
                        &raw const hup,
                        0,
                        8,
                    );
                    Ok(())
                });
            }
        });
        let (code, out, said) = outcome(output);
        assert_eq!((code, &said[..]), (0, ""));
        assert!(out.contains("SigBlk:\t0000000000000001"), "{out}");
        let ignored = out.split_once("SigIgn:\t").expect("a set").1.trim();
        let ignored = u64::from_str_radix(ignored, 16).expect("a number");
        let bit = |signal: i32| 1 << (signal - 1);
        assert_eq!(
            ignored & (bit(libc::SIGUSR1) | bit(libc::SIGCHLD)),
            bit(libc::SIGUSR1)
        );
    });
}

#[test]
fn ten_thousand_orphans_are_reaped() {
    everywhere(|init| {
        // Four of these scripts run at a time.
        let storm = "i=0; while [ $i -lt 2500 ]; do ( : & ); i=$((i + 1)); done &";
        let script = &format!("{} wait; echo; read line", storm.repeat(4));
        let mut command = init.command(&["-s", "-w", "--", "sh", "-c", script]);
        let (mut said, writer) = io::pipe().expect("a pipe");
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(writer);
        let mut child = command.spawn().expect("init starts");
        let _watch = Watch::of(&child);
        drop(command);
        let reader = thread::spawn(move || {
            let mut text = String::new();
            said.read_to_string(&mut text).expect("text");
            text
        });
        line(child.stdout.as_mut().expect("a pipe"));
        let started = child.id() as i32;
        let pid = if init.role.is_first {
            children(started)[0]
        } else {
            started
        };
        until("none left", || children(pid).len() == 1);
        drop(child.stdin.take());
        child.wait().expect("its end");
        let said = reader.join().expect("the reader");
        let orphans = said
            .lines()
            .filter(|line| line.starts_with("init: an orphan, "));
        assert_eq!(orphans.count(), 10_000);
        assert_eq!(said.lines().count(), 10_000);
    });
}

#[test]
fn init_exits_with_the_status_of_its_command() {
    everywhere(|init| {
        for (words, code) in [
            (&["true"][..], 0),
            (&["--", "false"], 1),
            (&["sh", "-c", "exit 255"], 255),
            (&["sh", "-c", "kill -TERM $$"], 143),
            (&["sh", "-c", "kill -KILL $$"], 137),
            (&["-e", "143", "sh", "-c", "kill -TERM $$"], 0),
            (&["-e7", "-e", "143", "sh", "-c", "exit 7"], 0),
            (&["-ge7", "sh", "-c", "exit 8"], 8),
        ] {
            assert_eq!(init.run(words), (code, "".into(), "".into()), "{words:?}");
        }
    });
}

#[test]
fn a_command_that_cannot_start_is_126_or_127() {
    everywhere(|init| {
        for (words, code, why) in [
            (
                &["nothing-of-this-name"][..],
                127,
                "exec \"nothing-of-this-name\": ENOENT: no such file or directory",
            ),
            (
                &["-w", "--sweep", "/etc/passwd"],
                126,
                "exec \"/etc/passwd\": EACCES: permission denied",
            ),
            (&["/"], 126, "exec \"/\": EACCES: permission denied"),
        ] {
            assert_eq!(
                init.run(words),
                (code, "".into(), format!("init: {why}\n")),
                "{words:?}"
            );
        }
    });
}

#[test]
fn a_script_without_an_interpreters_name_is_run_by_the_shell() {
    everywhere(|init| {
        let scratch = Scratch::new(init.words.last().expect("its path"));
        let script = scratch.path().join("script");
        fs::write(&script, "echo \"$1 for $0\"; exit 3\n").expect("a script");
        let path = script.to_str().expect("a plain path");
        let printed = format!("a word for {path}\n");
        assert_eq!(init.run(&[path, "a word"]), (3, printed, "".into()));
    });
}

#[test]
fn a_wrong_command_line_is_125() {
    in_role(ANY_PROCESS, |init| {
        for (words, why) in [
            (&[][..], r#""COMMAND": missing"#),
            (&["-g", "--"], r#""COMMAND": missing"#),
            (&["-x", "true"], r#""-x": invalid option or value"#),
            (&["-gS", "true"], r#""-gS": invalid option or value"#),
            (&["--swee", "true"], r#""--swee": invalid option or value"#),
            (
                &["--help=me"],
                r#""--help=me" "me": invalid option or value"#,
            ),
            (
                &["--sweep=", "true"],
                r#""--sweep=" "": invalid option or value"#,
            ),
            (
                &["--sweep=1s", "true"],
                r#""--sweep=1s" "1s": invalid option or value"#,
            ),
            (
                &["-e", "256", "true"],
                r#""-e" "256": invalid option or value"#,
            ),
            (
                &["-e", "4294967296", "true"],
                r#""-e" "4294967296": invalid option or value"#,
            ),
            (&["-e"], r#""-e": invalid option or value"#),
            (
                &["-r", "TERM", "true"],
                r#""-r" "TERM": invalid option or value"#,
            ),
            (
                &["-r", "0:TERM", "true"],
                r#""-r" "0:TERM": invalid option or value"#,
            ),
            (
                &["-r65:1", "true"],
                r#""-r65:1" "65:1": invalid option or value"#,
            ),
            (
                &["-pNOPE", "true"],
                r#""-pNOPE" "NOPE": invalid option or value"#,
            ),
            (&["-P", "true"], r#""true": -P takes no command"#),
        ] {
            let said = format!("init: {why}; see init --help\n");
            assert_eq!(init.run(words), (125, "".into(), said), "{words:?}");
        }
    });
}

#[test]
fn init_prints_its_help_and_its_version() {
    everywhere(|init| {
        for words in [&["-h"][..], &["--help"], &["-gvh", "true"]] {
            let (code, out, said) = init.run(words);
            assert_eq!((code, &said[..]), (0, ""));
            assert!(
                out.starts_with("Usage: init ") && out.ends_with('\n'),
                "{out}"
            );
            assert!(out.lines().count() <= 24 && out.lines().all(|line| line.len() < 80));
        }
        for words in [&["-V"][..], &["--version"]] {
            let version = format!("init (nestling) {} - git.nest\n", env!("CARGO_PKG_VERSION"));
            // Docker compares the commit with its own one of seven characters, which it shortens to the length of this
            // one.
            let commit = version
                .split(" - ")
                .nth(1)
                .and_then(|it| it.trim().strip_prefix("git."));
            assert!(commit.is_some_and(|it| !it.contains('.') && it.len() <= 7));
            assert_eq!(init.run(words), (0, version, "".into()));
        }
    });
}

#[test]
fn a_waiting_init_has_at_most_44_kib_in_memory() {
    // Without xtask's compiler options the program is larger.
    if std::env::var_os("NESTLING_INIT_X86_64").is_none() {
        return say("skipped: the limit is for the file that `cargo xtask build` makes");
    }
    in_role(ANY_PROCESS, |init| {
        let init = init.start(&["sh", "-c", "echo; exec sleep 600"]);
        let resident = || -> u64 {
            let path = format!("/proc/{}/smaps_rollup", init.pid);
            let text = fs::read_to_string(path).expect("its memory");
            let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
            let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
            kilobytes.expect("a size").parse().expect("a number")
        };
        // The command runs before init has released the memory of its start; the wait for signals comes after that
        // (`rt_sigtimedwait`, whose number depends on the architecture).
        until("does not wait", || {
            let call = fs::read_to_string(format!("/proc/{}/syscall", init.pid));
            let call = call.expect("what it does");
            ["128 ", "177 ", "421 "]
                .iter()
                .any(|number| call.starts_with(number))
        });
        assert!(resident() <= 44, "{} KiB", resident());
        init.signal(libc::SIGTERM);
        init.wait();
    });
}

#[test]
fn under_runc_with_a_read_only_root_it_reaps_passes_on_signals_and_exits_as_its_command() {
    or_skip!(installed("runc"));
    for arch in [Arch::X86_64, Arch::I386] {
        let programs = arch.init().and_then(|init| Ok((init, arch.sh()?)));
        match programs.and_then(|(init, sh)| Bundle::new(&init, &sh)) {
            Ok(bundle) => bundle.live(),
            Err(why) => say(&format!("skipped: {why}")),
        }
    }
}

/// A bundle for runc: a container with only `init` and `sh` in it.
struct Bundle {
    scratch: Scratch,
}

/// The configuration for runc: `init` is process 1, and its arguments follow. The root is read-only.
const CONFIG: &str = r#"{
    "ociVersion": "1.0.2",
    "root": { "path": "root", "readonly": true },
    "process": { "cwd": "/", "args": [ARGS], "env": ["PATH=/bin"], "user": { "uid": 0, "gid": 0 } },
    "mounts": [{ "destination": "/proc", "type": "proc", "source": "proc" }],
    "linux": { "namespaces": [
        { "type": "pid" }, { "type": "mount" }, { "type": "ipc" }, { "type": "uts" }, { "type": "network" }
    ] }
}"#;

impl Bundle {
    /// Makes the bundle. Returns an error where runc cannot start any container.
    fn new(init: &Path, sh: &Path) -> Result<Self, String> {
        let scratch = Scratch::new(init);
        for directory in ["root/bin", "root/proc", "root/dev"] {
            fs::create_dir_all(scratch.path().join(directory)).expect("a directory");
        }
        for (program, path) in [(init, "root/init"), (sh, "root/bin/sh")] {
            copy_executable(program, &scratch.path().join(path));
        }
        let bundle = Self { scratch };
        match outcome(
            bundle
                .start("true", &["/bin/sh", "-c", ":"])
                .wait_with_output()
                .expect("runc"),
        ) {
            (0, ..) => Ok(bundle),
            (code, out, said) => Err(format!(
                "runc starts no container here: {code}: {out}{said}"
            )),
        }
    }

    fn runc(&self) -> Command {
        let mut command = Command::new("runc");
        command.arg("--root").arg(self.scratch.path().join("state"));
        command
    }

    fn name(&self, name: &str) -> String {
        format!("nestling-{}-{name}", std::process::id())
    }

    /// Starts a container in which process 1 gets these words.
    fn start(&self, name: &str, words: &[&str]) -> Child {
        let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
        let config = CONFIG.replace("ARGS", &words.join(", "));
        fs::write(self.scratch.path().join("config.json"), config).expect("a file");
        let mut command = self.runc();
        command.args(["run", "--bundle"]).arg(self.scratch.path());
        command.arg(self.name(name));
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("runc")
    }

    fn live(&self) {
        // Init adopts and reaps a process that outlives its parent (`kill` finds it until it is reaped), nothing can be
        // written, and the container's status is the command's.
        let script =
            "orphan=$(sh -c '(exec >&2; while kill -0 $$ 2>/dev/null; do :; done) & echo $!')
            while kill -0 $orphan 2>/dev/null; do :; done
            (: >/new) 2>/dev/null || echo it is read-only; echo parent $PPID; exit 7";
        let child = self.start("exits", &["/init", "-w", "sh", "-c", script]);
        let watch = Watch::of(&child);
        let (code, out, said) = outcome(child.wait_with_output().expect("runc"));
        assert_eq!((code, &*out), (7, "it is read-only\nparent 1\n"), "{said}");
        assert!(said.contains("init: an orphan, "), "{said}");
        drop(watch);
        // A signal to the container reaches the command.
        let script = "trap 'echo asked; exit 9' TERM; echo ready; while :; do :; done";
        let mut child = self.start("asked", &["/init", "/bin/sh", "-c", script]);
        let watch = Watch::of(&child);
        let mut stdout = child.stdout.take().expect("a pipe");
        assert_eq!(line(&mut stdout), "ready");
        let mut kill = self.runc();
        kill.arg("kill").arg(self.name("asked")).arg("TERM");
        assert!(kill.status().expect("runc").success());
        assert_eq!(line(&mut stdout), "asked");
        let (code, _, said) = outcome(child.wait_with_output().expect("runc"));
        assert_eq!(code, 9, "{said}");
        drop(watch);
    }
}

#[test]
fn a_terminal_is_looked_for_once() {
    or_skip!(installed("strace"));
    in_role(ANY_PROCESS, |init| {
        let output = run("strace", |command| {
            command.args(["-qq", "-e", "trace=ioctl"]);
            command.args(&init.words).arg("true");
        });
        let (code, _, said) = outcome(output);
        // Init makes one `ioctl` for each of the three standard descriptors.
        assert_eq!((code, said.matches("ioctl(").count()), (0, 3), "{said}");
    });
}

#[test]
fn an_option_after_the_command_belongs_to_the_command() {
    everywhere(|init| {
        assert_eq!(init.run(&["echo", "-g", "--", "-h"]).1, "-g -- -h\n");
        assert_eq!(init.run(&["--", "--", "-h"]).0, 127);
        assert_eq!(init.run(&["-"]).0, 127);
    });
}

#[test]
fn the_command_has_the_descriptors_and_the_environment_that_init_got() {
    in_role(ANY_PROCESS, |init| {
        let list = "echo $NAME; for fd in /proc/$$/fd/*; do echo ${fd##*/}; done; cat <&7";
        let found = |init: &[PathBuf]| {
            let script = "exec \"$@\" 7<<<seven";
            let mut bash = Command::new("bash");
            bash.args(["-c", script, "bash"])
                .args(init)
                .args(["sh", "-c", list]);
            bash.env("NAME", "value").stdin(Stdio::null());
            outcome(bash.output().expect("its end"))
        };
        let with_init = [&init.words[..], &["-s".into(), "--".into()]].concat();
        let (code, out, said) = found(&with_init);
        assert!(
            out.starts_with("value\n0\n1\n") && out.ends_with("\n7\nseven\n"),
            "{out}"
        );
        assert_eq!((code, out, said), found(&["env".into()]));
    });
}

/// A command that ends when an orphan has been reaped by any process: until then `kill` finds the zombie.
const ORPHAN: &str =
    "pid=$( (sleep 0 >&2 & echo $!) ); while kill -0 $pid 2>/dev/null; do :; done; echo $pid";

#[test]
fn a_subreaper_adopts_orphans_and_reports_what_it_reaps() {
    in_role(ANY_PROCESS, |init| {
        for option in ["-sw", "-ws"] {
            let (code, pid, said) = init.run(&[option, "sh", "-c", ORPHAN]);
            let expected = format!("init: an orphan, {}: exit status: 0\n", pid.trim());
            assert_eq!((code, said), (0, expected));
        }
        let (code, _, said) = init.run(&["-w", "sh", "-c", ORPHAN]);
        assert_eq!((code, &said[..]), (0, ""));
        let (_, _, said) = init.run(&["-v", "true"]);
        assert!(
            said.starts_with(
                "init: not process 1 and not a subreaper (-s): orphans are not reaped\n"
            ),
            "{said}"
        );
    });
    in_role(FIRST_PROCESS, |init| {
        let (code, pid, said) = init.run(&["-w", "sh", "-c", ORPHAN]);
        let expected = format!("init: an orphan, {}: exit status: 0\n", pid.trim());
        assert_eq!((code, said), (0, expected));
    });
}

#[test]
fn tinis_variables_are_understood() {
    in_role(ANY_PROCESS, |init| {
        let mut command = init.command(&["-w", "sh", "-c", ORPHAN]);
        command.env("TINI_SUBREAPER", "");
        let (_, _, said) = outcome(command.output().expect("its end"));
        assert!(said.starts_with("init: an orphan, "), "{said}");

        let mut command = init.command(&TWO_COMMANDS);
        command.env("TINI_KILL_PROCESS_GROUP", "1");
        let mut init = init.started(command);
        line(&mut init.stdout);
        let command = init.command();
        let second = children(command)[0];
        init.signal(libc::SIGHUP);
        until_pending(&init, second, libc::SIGHUP);
        send(-command, libc::SIGKILL);
        init.wait();
    });
}

#[test]
fn init_reports_how_the_command_ends_and_which_signals_it_passes_on() {
    everywhere(|init| {
        let script = "trap 'exit 5' USR1; kill -USR1 $PPID; while :; do sleep 0.01; done";
        let (code, _, said) = init.run(&["-svv", "sh", "-c", script]);
        assert_eq!(code, 5);
        let (signal, end) = said.split_once('\n').expect("two lines");
        assert_eq!(signal, "init: SIGUSR1");
        assert!(
            end.starts_with("init: the command, ") && end.ends_with(": exit status: 5\n"),
            "{end}"
        );
    });
}

/// Makes a child and waits until the child has ended, without reaping it.
fn have_a_zombie() -> io::Result<()> {
    // SAFETY: the child makes one system call; the kernel writes one `siginfo_t`.
    unsafe {
        let pid = libc::fork();
        if pid == 0 {
            libc::_exit(0);
        }
        let mut info = std::mem::zeroed();
        match libc::waitid(
            libc::P_PID,
            pid as u32,
            &raw mut info,
            libc::WEXITED | libc::WNOWAIT,
        ) {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

#[test]
fn a_pause_reaps_until_a_signal_ends_it() {
    everywhere(|init| {
        for (options, signal) in [
            (&["-P"][..], libc::SIGTERM),
            (&["-P"], libc::SIGINT),
            (&["-P", "-rHUP:TERM"], libc::SIGHUP),
        ] {
            // The process that becomes init already has a child, which then is a child of init. If init is an ordinary
            // process, that child has ended before and so sends no signal.
            let mut command = init.command(&[]);
            if init.role.is_first {
                let [unshare, first @ .., program] = &init.words[..] else {
                    unreachable!("there is a program");
                };
                command = Command::new(unshare);
                command
                    .args(first)
                    .args(["sh", "-c", "sleep 0 & exec \"$@\"", "sh"])
                    .arg(program);
            } else {
                // SAFETY: both processes make system calls only.
                unsafe { command.pre_exec(have_a_zombie) };
            }
            command.args(options).arg("-w").stderr(Stdio::piped());
            let mut child = command.spawn().expect("init starts");
            let _watch = Watch::of(&child);
            let reaped = line(child.stderr.as_mut().expect("a pipe"));
            assert!(
                reaped.starts_with("init: an orphan, ") && reaped.ends_with(": exit status: 0"),
                "{reaped}"
            );
            let started = child.id() as i32;
            let pid = if init.role.is_first {
                children(started)[0]
            } else {
                started
            };
            // Once init has reaped something, it is waiting for signals.
            send(pid, libc::SIGUSR1);
            send(pid, signal);
            assert_eq!(child.wait().expect("its end").code(), Some(0));
        }
    });
}

#[test]
fn a_sweep_ends_the_processes_that_the_command_leaves() {
    everywhere(|init| {
        // The inner shell has a child, to which only init's final sweep sends a signal, and waits for it. The child
        // prints a line when it has executed its program: before that, it has the shell's trap.
        let script = "sh -c 'trap : TERM; sh -c \"echo; exec sleep 500\" & wait; wait $!; exit 8' & read line; exit 9";
        let script = format!(
            "mkfifo $0; exec 3<>$0; rm $0; exec <&3; {}",
            script.replace("echo;", "echo >&3;")
        );
        let fifo = format!(
            "nestling-{}-{:?}",
            std::process::id(),
            thread::current().id()
        );
        let fifo = std::env::temp_dir().join(fifo);
        let fifo = fifo.to_str().expect("a plain path");
        let (code, _, said) = init.run(&["--sweep=100", "-w", "sh", "-c", &script, fifo]);
        // (The inner shell reports its child's end.)
        let said: Vec<&str> = said
            .lines()
            .filter(|line| line.starts_with("init: "))
            .collect();
        let [said] = said[..] else {
            panic!("{said:?}");
        };
        assert!(
            code == 9 && said.ends_with(": exit status: 8"),
            "{code}: {said}"
        );
    });
}

#[test]
fn a_sweep_kills_processes_that_do_not_end() {
    everywhere(|init| {
        let script = "trap '' TERM; sleep 500 & exit 9";
        for seconds in ["--sweep=0", "--sweep=1"] {
            let (code, _, said) = init.run(&[seconds, "-w", "sh", "-c", script]);
            assert_eq!(code, 9, "{said}");
            assert!(said.ends_with(": signal: 9 (SIGKILL)\n"), "{said}");
        }
    });
}

#[test]
fn a_sweep_ends_stopped_processes() {
    everywhere(|init| {
        let script = "sleep 500 & kill -STOP $!; exit 9";
        let (code, _, said) = init.run(&["--sweep", "-w", "sh", "-c", script]);
        assert_eq!(code, 9, "{said}");
        assert!(said.ends_with(": signal: 15 (SIGTERM)\n"), "{said}");
    });
}

#[test]
fn signals_during_a_sweep_reach_the_remaining_processes() {
    everywhere(|init| {
        // The exit status shows that the process got USR1, which only a signal during the sweep can cause.
        let script = "sh -c 'trap \"exit 4\" USR1; trap \"echo\" TERM; while :; do sleep 0.01; done' & \
                      until grep -q 'SigCgt:.*4200$' /proc/$!/status; do :; done; exit 9";
        let mut command = init.command(&["--sweep=100", "-w", "sh", "-c", script]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("init starts");
        let _watch = Watch::of(&child);
        line(child.stdout.as_mut().expect("a pipe"));
        let started = child.id() as i32;
        let pid = if init.role.is_first {
            children(started)[0]
        } else {
            started
        };
        send(pid, libc::SIGUSR1);
        let (code, _, said) = outcome(child.wait_with_output().expect("its end"));
        assert_eq!(code, 9);
        assert!(said.contains(": exit status: 4\n"), "{said}");
    });
}

#[test]
fn a_sweep_without_remaining_processes_prints_nothing() {
    everywhere(|init| {
        assert_eq!(
            init.run(&["--sweep", "sh", "-c", "exit 3"]),
            (3, "".into(), "".into())
        )
    });
}

#[test]
fn a_sweep_sends_no_signal_if_proc_shows_another_pid_namespace() {
    in_role(ANY_PROCESS, |init| {
        if let Err(why) = FIRST_PROCESS.words(&init.words[0]) {
            return say(&format!("skipped: {why}"));
        }
        let output = run("unshare", |command| {
            let script = "\"$0\" --sweep=0 -w sh -c 'sleep 1 & exit 9'; exit $?";
            command
                .args(["--pid", "--fork", "sh", "-c", script])
                .args(&init.words);
        });
        let (code, _, said) = outcome(output);
        assert_eq!(code, 9);
        assert!(
            said.starts_with("init: cannot list the remaining processes: ESRCH: no such process\n"),
            "{said}"
        );
        assert!(said.ends_with(": exit status: 0\n"), "{said}");
    });
}

#[test]
fn the_death_of_the_parent_is_passed_on() {
    in_role(ANY_PROCESS, |init| {
        let script = "\"$0\" -p USR2 sh -c 'trap \"echo alone; exit\" USR2; echo; while :; do sleep 0.01; done' & wait";
        let mut command = Command::new("sh");
        command
            .args(["-c", script])
            .args(&init.words)
            .stdout(Stdio::piped());
        let mut parent = command.spawn().expect("a shell");
        let _watch = Watch::of(&parent);
        let mut stdout = parent.stdout.take().expect("a pipe");
        line(&mut stdout);
        parent.kill().expect("it is there");
        parent.wait().expect("its end");
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).expect("text");
        assert_eq!(rest, "alone\n");
    });
}

// ---- The terminal ----

/// A session that has a terminal of its own.
struct Session {
    keyboard: File,
    shown: Receiver<Vec<u8>>,
    text: String,
    leader: Child,
    _watch: Watch,
}

impl Session {
    fn start(mut command: Command) -> Self {
        let (controller, path) = terminal();
        let slave = File::options()
            .read(true)
            .write(true)
            .open(path)
            .expect("the terminal");
        let clone = || slave.try_clone().expect("a descriptor");
        command.stdin(clone()).stdout(clone()).stderr(clone());
        command
            .env("TERM", "dumb")
            .env("PS1", "$ ")
            .env_remove("ENV")
            .env("HISTFILE", "/dev/null");
        for signal in [libc::SIGINT, libc::SIGTSTP] {
            by_default(&mut command, signal);
        }
        // SAFETY: the hook makes system calls only.
        unsafe {
            command.pre_exec(
                || match (libc::setsid(), libc::ioctl(0, libc::TIOCSCTTY, 0)) {
                    (1.., 0) => Ok(()),
                    _ => Err(io::Error::last_os_error()),
                },
            );
        }
        let leader = command.spawn().expect("the session's leader");
        drop((command, slave));
        let mut screen = File::from(controller);
        let keyboard = screen.try_clone().expect("a descriptor");
        let (sender, shown) = mpsc::channel();
        thread::spawn(move || {
            let mut bytes = [0; 1024];
            while let Ok(length @ 1..) = screen.read(&mut bytes) {
                if sender.send(bytes[..length].into()).is_err() {
                    break;
                }
            }
        });
        Self {
            keyboard,
            shown,
            text: String::new(),
            _watch: Watch::of(&leader),
            leader,
        }
    }

    fn types(&mut self, keys: &str) {
        self.keyboard
            .write_all(keys.as_bytes())
            .expect("a terminal");
    }

    /// Waits until the terminal shows this text after the text of the previous wait.
    fn shows(&mut self, what: &str) {
        loop {
            if let Some(at) = self.text.find(what) {
                self.text.drain(..at + what.len());
                return;
            }
            match self.shown.recv_timeout(PATIENCE) {
                Ok(bytes) => self.text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("{what:?} is not shown, but {:?}", self.text),
            }
        }
    }

    fn ends(&mut self, code: i32) {
        assert_eq!(
            self.leader.wait().expect("its end").code(),
            Some(code),
            "{:?}",
            self.text
        );
    }
}

fn bash() -> Command {
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "--noediting", "-i"]);
    bash
}

#[test]
fn ctrl_c_reaches_the_command_only() {
    everywhere(|init| {
        // If the signal comes just before a read, bash sleeps in spite of its trap; so here each read ends by itself
        // after a while.
        let script = "trap 'echo inter; echo rupted' INT; echo run; echo ning; \
            until read -t 1 line; do :; done; read line; exit 3";
        let mut session = Session::start(init.command(&["-vv", "bash", "-c", script]));
        session.shows("run\r\nning\r\n");
        session.types("\x03");
        session.shows("inter\r\nrupted\r\n");
        session.types("\n");
        session.types("\n");
        session.shows("init: the command, ");
        session.ends(3);
        assert!(!session.text.contains("SIGINT"), "{:?}", session.text);
    });
}

#[test]
fn ctrl_z_stops_the_command_and_init_and_fg_continues_both() {
    in_role(ANY_PROCESS, |init| {
        let init = init.words[0].to_str().expect("a plain path");
        let mut session = Session::start(bash());
        session.shows("$ ");
        session.types(&format!("{init} cat; echo end $?\n"));
        session.types("one\n");
        session.shows("one\r\none\r\n");
        for word in ["two", "three"] {
            session.types("\x1a");
            session.shows("Stopped");
            session.shows("$ ");
            session.types("fg\n");
            session.shows("cat\r\n");
            session.types(&format!("{word}\n"));
            session.shows(&format!("{word}\r\n{word}\r\n"));
        }
        session.types("\x04");
        session.shows("$ ");
        session.types("exit 3\n");
        session.ends(3);
    });
}

#[test]
fn init_in_the_background_leaves_the_terminal_alone() {
    in_role(ANY_PROCESS, |init| {
        let init = init.words[0].to_str().expect("a plain path");
        let mut session = Session::start(bash());
        session.shows("$ ");
        session.types(&format!("{init} sleep 600 &\n"));
        session.shows("$ ");
        session.types("kill -CONT %1; echo still \"here\"\n");
        session.shows("still here\r\n");
        session.types("kill %1; wait; echo en\"ded\"\n");
        session.shows("ended\r\n");
        session.types("exit 3\n");
        session.ends(3);
    });
}

#[test]
fn a_shell_under_init_has_jobs() {
    everywhere(|init| {
        let words = ["bash", "--norc", "--noprofile", "--noediting", "-i"];
        let mut session = Session::start(init.command(&words));
        session.shows("$ ");
        assert!(
            !session.text.contains("no job control"),
            "{:?}",
            session.text
        );
        session.types("cat\n");
        session.types("one\n");
        session.shows("one\r\none\r\n");
        session.types("\x1a");
        session.shows("Stopped");
        session.shows("$ ");
        session.types("fg\n");
        session.shows("cat\r\n");
        session.types("two\n");
        session.shows("two\r\ntwo\r\n");
        session.types("\x03");
        session.shows("^C");
        session.shows("$ ");
        session.types("exit 3\n");
        session.ends(3);
    });
}

#[test]
fn ctrl_z_does_nothing_where_no_process_could_continue_init() {
    everywhere(|init| {
        let mut session = Session::start(init.command(&["cat"]));
        session.types("one\n");
        session.shows("one\r\none\r\n");
        session.types("\x1a");
        session.types("two\n");
        session.shows("two\r\ntwo\r\n");
        session.types("\x04");
        session.ends(0);
    });
}

#[test]
fn a_command_stopped_through_init_stays_stopped_until_it_is_continued() {
    everywhere(|init| {
        let block = "--block-signal=60,61,62";
        let mut command = init.command(&["env", block, "cat", "/proc/sys/kernel/ostype", "-"]);
        by_default(&mut command, libc::SIGTSTP);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        // The process group is orphaned. SAFETY: the hook makes one system call.
        unsafe {
            command.pre_exec(|| match libc::setsid() {
                1.. => Ok(()),
                _ => Err(io::Error::last_os_error()),
            });
        }
        let mut child = command.spawn().expect("init starts");
        let _watch = Watch::of(&child);
        line(child.stdout.as_mut().expect("a pipe"));
        let started = child.id() as i32;
        let pid = if init.role.is_first {
            children(started)[0]
        } else {
            started
        };
        let command = children(pid)[0];
        let state = || state(command).expect("the command");
        for signal in [60, 61, 62] {
            send(pid, libc::SIGTSTP);
            until("stopped", || state() == 'T');
            // When this signal has been passed on, init has seen the stop.
            send(pid, signal);
            until("passed on", || is_pending(command, signal));
            assert_eq!(state(), 'T');
            send(pid, libc::SIGCONT);
            until("continued", || state() == 'S');
        }
        send(command, libc::SIGKILL);
        assert_eq!(child.wait().expect("its end").code(), Some(128 + 9));
    });
}

#[test]
fn the_terminal_is_given_back_to_a_script() {
    in_role(ANY_PROCESS, |init| {
        let mut command = Command::new("sh");
        command
            .args(["-c", "\"$0\" sh -c 'read line'; read line; echo got $line"])
            .args(&init.words);
        let mut session = Session::start(command);
        session.types("one\n");
        session.shows("one\r\n");
        session.types("two\n");
        session.shows("got two\r\n");
        session.ends(0);
    });
}

// ---- In tmux ----

/// A tmux server for one test, with a program in its only pane, followed by a command that prints the program's exit
/// status. (tmux itself sometimes misses the end of a program.)
struct Tmux {
    socket: String,
}

impl Tmux {
    fn start(program: &Command) -> Self {
        static SERVERS: AtomicUsize = AtomicUsize::new(0);
        let number = SERVERS.fetch_add(1, Ordering::Relaxed);
        let tmux = Self {
            socket: format!("nestling-{}-{number}", std::process::id()),
        };
        let script = "\"$0\" \"$@\"; echo exit status $?; exec sleep 600";
        let mut command = tmux.command(&["new-session", "-d", "-x", "80", "-y", "24"]);
        command.args(["sh", "-c", script]);
        command.arg(program.get_program()).args(program.get_args());
        command.env("PS1", "$ ").env("HISTFILE", "/dev/null");
        assert!(command.status().expect("tmux").success());
        tmux
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.env_remove("TMUX").env("SHELL", "/bin/sh");
        command.args(["-L", &self.socket, "-f", "/dev/null"]);
        command.args(words);
        command
    }

    fn ask(&self, words: &[&str]) -> String {
        let output = self.command(words).output().expect("tmux");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Types these keys, which have tmux's names.
    fn types(&self, keys: &[&str]) {
        self.ask(&[&["send-keys"], keys].concat());
    }

    /// Waits until the last lines of the screen are these.
    fn shows(&self, last: &str) {
        let mut screen = String::new();
        let end = Instant::now() + PATIENCE;
        while !screen.trim_end().ends_with(last) {
            assert!(Instant::now() < end, "{last:?} is not shown, but {screen}");
            thread::sleep(Duration::from_millis(5));
            screen = self.ask(&["capture-pane", "-p"]);
        }
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        self.ask(&["kill-server"]);
    }
}

#[test]
fn in_tmux_a_shell_under_init_has_ctrl_c_ctrl_z_and_fg() {
    if let Err(why) = installed("tmux") {
        return say(&format!("skipped: {why}"));
    }
    everywhere(|init| {
        let shell = ["bash", "--norc", "--noprofile", "--noediting", "-i"];
        let tmux = Tmux::start(&init.command(&shell));
        tmux.shows("$");
        // The job prints when it runs: just before the start of a job, bash would get a Ctrl-C and lose it.
        tmux.types(&["sh -c 'echo started; exec sleep 600'", "Enter"]);
        tmux.shows("\nstarted");
        tmux.types(&["C-c"]);
        tmux.shows("^C\n$");
        tmux.types(&["echo $?; cat", "Enter"]);
        tmux.shows("\n130");
        tmux.types(&["one", "Enter"]);
        tmux.shows("one\none");
        for word in ["two", "three"] {
            tmux.types(&["C-z"]);
            tmux.shows("Stopped                 cat\n$");
            tmux.types(&["fg", "Enter"]);
            tmux.shows("fg\ncat");
            // bash prints the job before the job has the terminal, and loses a Ctrl-C or Ctrl-Z that comes in between.
            tmux.types(&[word, "Enter"]);
            tmux.shows(&format!("{word}\n{word}"));
        }
        tmux.types(&["C-c"]);
        tmux.shows("^C\n$");
        tmux.types(&["exit 3", "Enter"]);
        tmux.shows("\nexit status 3");
    });
}
