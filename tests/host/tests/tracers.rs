//! Tests of a spawn under `strace -f` and `gdb`, and of the system calls that strace shows.

use std::path::Path;
use std::process::Output;

use nestling::spawn::{Program, Spawn};
use nestling::{Args, args};
use nestling_host_tests::{
    Arch, Call, Scratch, installed, or_skip, run, say, terminal, traces, write_executable,
};

/// The exit status of the victim when it runs as the spawned program.
const CHILD: i32 = 7;

/// Runs a program under `strace -f`. Returns its output and the calls of each process.
fn strace(scratch: &Scratch, options: &[&str], program: &[&str]) -> (Output, Vec<Vec<Call>>) {
    let prefix = scratch.path().join("trace");
    let output = run("strace", |command| {
        command.args(["-f", "-ff", "-qq", "-o"]).arg(&prefix);
        command.args(options).args(program);
        command.current_dir(scratch.path());
    });
    (output, traces(&prefix))
}

fn strace_sees_a_normal_run(arch: Arch) {
    or_skip!(installed("strace"));
    let (spawn, victim) = (or_skip!(arch.spawn()), or_skip!(arch.victim()));
    let spawn = spawn.to_str().expect("a plain path");
    for options in [&[][..], &["--copy"]] {
        let scratch = Scratch::new(&victim);
        let program = [&[spawn], options, &["./program", "child"]].concat();
        let (output, traces) = strace(&scratch, &[], &program);
        assert_eq!(output.status.code(), Some(CHILD), "{output:?}");
        assert!(traces.iter().flatten().any(|call| call.name == "clone3"));
        let ends = |calls: &[Call]| {
            calls
                .last()
                .is_some_and(|call| call.line.starts_with("exit_group(7)"))
        };
        assert!(traces.iter().all(|calls| ends(calls)), "{traces:?}");
    }
}

#[test]
fn strace_sees_both_processes_of_a_spawn_to_their_end_on_x86_64() {
    strace_sees_a_normal_run(Arch::X86_64);
}

#[test]
fn strace_sees_both_processes_of_a_spawn_to_their_end_on_i386() {
    strace_sees_a_normal_run(Arch::I386);
}

/// Valgrind ends a program that shares its memory, so the memory is copied here. Valgrind checks each memory access of
/// both processes.
fn valgrind_sees_a_normal_run(arch: Arch) {
    or_skip!(installed("valgrind"));
    let (spawn, victim) = (or_skip!(arch.spawn()), or_skip!(arch.victim()));
    let spawn = spawn.to_str().expect("a plain path");
    let memcheck = |words: &[&str]| {
        let scratch = Scratch::new(&victim);
        let output = run("valgrind", |command| {
            command.args(["-q", "--error-exitcode=99", spawn]);
            command.args(words).current_dir(scratch.path());
        });
        let complaint = String::from_utf8(output.stderr).expect("text");
        (output.status.code(), complaint)
    };
    let ran = (Some(CHILD), String::new());
    assert_eq!(memcheck(&["./program", "child"]), ran);
    assert_eq!(memcheck(&["--copy", "--setsid", "./program", "child"]), ran);
    let missing = "spawn: file action 0 (open \"/nope\"): ENOENT: no such file or directory\n";
    let failed = memcheck(&["--open", "0,r=/nope", "./program", "child"]);
    assert_eq!(failed, (Some(125), missing.into()));
}

#[test]
fn valgrind_sees_a_normal_run_on_x86_64() {
    valgrind_sees_a_normal_run(Arch::X86_64);
}

#[test]
fn valgrind_sees_a_normal_run_on_i386() {
    valgrind_sees_a_normal_run(Arch::I386);
}

/// The calls of a plain spawn by the victim: the parent's, then the child's. `close`, `read` and `write` are shown with the
/// descriptor's number, as in `close(3)`.
fn calls_of_a_plain_spawn(arch: Arch, mode: &str) -> Result<String, String> {
    installed("strace")?;
    let victim = arch.victim()?;
    // On a slow machine, the parent makes additional calls to look at the child; then the run is repeated.
    let (parent, child) = loop {
        let scratch = Scratch::new(&victim);
        let (output, traces) = strace(&scratch, &[], &["./program", "plain", mode]);
        assert!(output.status.success(), "{output:?}");
        let [parent, child] = <[_; 2]>::try_from(traces).expect("two processes");
        if !parent.iter().any(Call::is_look) {
            break (parent, child);
        }
    };
    let mut stretches = parent.split(|call| call.line.starts_with("getpgid(2147418113)"));
    let parent = stretches.nth(1).expect("two marks");
    let exec = child.iter().position(|call| call.name == "execve");
    let calls = parent.iter().chain(&child[..=exec.expect("an exec")]);
    let words = calls.map(|call| match &*call.name {
        "close" | "read" | "write" => {
            let number = call.line.split(['(', ',', ')']).nth(1);
            format!("{}({})", call.name, number.expect("a descriptor"))
        }
        // The name of the call on i386.
        "ppoll_time64" => "ppoll".into(),
        name => name.into(),
    });
    Ok(words.collect::<Vec<_>>().join(" "))
}

fn a_plain_spawn_takes_the_steps_of_its_mode(arch: Arch) {
    for (mode, expected) in [
        (
            "shared",
            "rt_sigprocmask pipe2 futex_waitv clone3 close(4) ppoll close(3) rt_sigprocmask \
             close(3) rt_sigprocmask execve",
        ),
        (
            "copied",
            "rt_sigprocmask pipe2 clone3 close(4) ppoll read(3) ppoll close(3) rt_sigprocmask \
             close(3) rt_sigprocmask write(4) execve",
        ),
        (
            "mark",
            "rt_sigprocmask futex_waitv clone3 futex rt_sigprocmask rt_sigprocmask execve",
        ),
    ] {
        let calls = or_skip!(calls_of_a_plain_spawn(arch, mode));
        let (name, count) = (arch.name(), calls.split(' ').count());
        say(&format!(
            "# a plain spawn ({mode}) on {name}: {count} calls: {calls}"
        ));
        // A 32-bit kernel may be unable to reset the handlers; the set of calls shows which kernel this is.
        let expected = match arch {
            Arch::X86_64 => expected.to_owned(),
            Arch::I386 => expected.replace("clone3", "uname clone3"),
        };
        // If the mark is already cleared when the parent looks, the parent does not wait.
        let unwaited = expected.replace(" futex ", " ");
        assert!(calls == expected || calls == unwaited, "{mode}: {calls}");
    }
}

#[test]
fn a_plain_spawn_takes_the_steps_of_its_mode_and_no_other_on_x86_64() {
    a_plain_spawn_takes_the_steps_of_its_mode(Arch::X86_64);
}

#[test]
fn a_plain_spawn_takes_the_steps_of_its_mode_and_no_other_on_i386() {
    a_plain_spawn_takes_the_steps_of_its_mode(Arch::I386);
}

/// The proposed protocol.
fn spawn_shows_the_six_steps(arch: Arch) {
    or_skip!(installed("strace"));
    let (spawn, victim) = (or_skip!(arch.spawn()), or_skip!(arch.victim()));
    let spawn = spawn.to_str().expect("a plain path");
    let trace = |program, code| {
        let scratch = Scratch::new(&victim);
        let (output, traces) = strace(&scratch, &[], &[spawn, "--", program]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        <[_; 2]>::try_from(traces).expect("two processes")
    };
    let in_order = |calls: &[Call], steps: &[(&str, &str)]| {
        let mut rest = calls.iter();
        for (step, found) in steps {
            let found = rest.any(|call| call.line.contains(found));
            assert!(found, "{step}: {calls:?}");
        }
    };
    let [parent, child] = trace("/bin/true", 0);
    in_order(
        &parent,
        &[
            ("1: a close-on-exec pipe", "pipe2([3, 4], O_CLOEXEC)"),
            (
                "2: a child that shares memory and nothing else",
                "clone3({flags=CLONE_VM|CLONE_CLEAR_SIGHAND, exit_signal=SIGCHLD, stack=",
            ),
            ("3: the write end is closed", "close(4)"),
            (
                "3 and 6: the other is waited for, to its end",
                "revents=POLLHUP",
            ),
        ],
    );
    assert!(parent.iter().all(|call| call.name != "read"), "{parent:?}");
    in_order(
        &child,
        &[
            ("4: the read end is closed", "close(3)"),
            ("5: the program is executed", "execve(\"/bin/true\""),
        ],
    );

    let [parent, child] = trace("/nope", 127);
    in_order(
        &child,
        &[
            ("5: the exec fails", "execve(\"/nope\""),
            ("5: the cause is written to the pipe", "write(4, "),
        ],
    );
    in_order(&parent, &[("6: the record is read", "read(3, ")]);
}

#[test]
fn spawn_shows_the_six_steps_of_the_protocol_on_x86_64() {
    spawn_shows_the_six_steps(Arch::X86_64);
}

#[test]
fn spawn_shows_the_six_steps_of_the_protocol_on_i386() {
    spawn_shows_the_six_steps(Arch::I386);
}

#[test]
fn a_child_that_takes_long_and_cannot_be_looked_at_is_no_failure() {
    or_skip!(installed("strace"));
    let (spawn, victim) = (
        or_skip!(Arch::X86_64.spawn()),
        or_skip!(Arch::X86_64.victim()),
    );
    let spawn = spawn.to_str().expect("a plain path");
    for options in [&[][..], &["--copy"]] {
        let scratch = Scratch::new(&victim);
        let program = [&[spawn], options, &["./program", "child"]].concat();
        let faults = [
            "-einject=execve:delay_enter=300ms",
            "-einject=waitid:error=ENOSYS",
        ];
        let (output, traces) = strace(&scratch, &faults, &program);
        assert_eq!(output.status.code(), Some(CHILD), "{output:?}");
        assert!(traces.iter().flatten().any(Call::is_look), "{traces:?}");
    }
}

/// A signal comes in the child of a shell, before its program is executed.
#[test]
fn a_command_that_a_signal_kills_before_its_exec_has_the_status_of_the_signal() {
    or_skip!(installed("strace"));
    let shell = or_skip!(Arch::X86_64.sh());
    let shell = shell.to_str().expect("a plain path");
    let scratch = Scratch::new(Path::new(shell));
    let script = "sleep 0 3>&1; echo $?; : | sleep 0 3>&1; echo $?";
    for (signal, expected) in [("KILL", "137\n137\n"), ("INT", "130\n130\n")] {
        for option in ["-c", "-mc"] {
            let fault = format!("-einject=dup3:signal={signal}");
            let (output, _) = strace(&scratch, &[&fault], &[shell, option, script]);
            assert_eq!(
                String::from_utf8_lossy(&output.stdout),
                expected,
                "{output:?}"
            );
            assert_eq!(output.stderr, b"", "{output:?}");
        }
    }
}

/// Spawns twice in one process, with a fault. Returns the results of both spawns and the calls that made the children.
fn spawn_twice(arch: Arch, faults: &[&str]) -> Result<(String, Vec<String>), String> {
    installed("strace")?;
    let scratch = Scratch::new(&arch.victim()?);
    let (output, traces) = strace(&scratch, faults, &["./program", "twice", "shared"]);
    let clones = traces.iter().flatten();
    let clones = clones.filter(|call| call.name.starts_with("clone"));
    let clones = clones.map(|call| {
        let sharing = call.line.contains("CLONE_VM");
        let sharing = if sharing { "shared" } else { "copied" };
        format!("{} {sharing}", call.name)
    });
    let text = String::from_utf8_lossy(&output.stdout);
    Ok((text.replace("\ninvariants hold\n", "; "), clones.collect()))
}

#[test]
fn a_call_that_the_kernel_refuses_is_tried_once() {
    let no_clone3 = "-einject=clone3:error=ENOSYS";
    let (outcome, clones) = or_skip!(spawn_twice(Arch::X86_64, &[no_clone3]));
    assert_eq!(outcome, "ok 7; ok 7; ");
    assert_eq!(clones, ["clone3 shared", "clone shared", "clone shared"]);
}

#[test]
fn sharing_memory_is_tried_once_where_it_is_refused() {
    let faults = [
        "-einject=clone3:error=ENOSYS",
        "-einject=clone:error=EINVAL:when=1",
    ];
    let (outcome, clones) = or_skip!(spawn_twice(Arch::X86_64, &faults));
    assert_eq!(outcome, "ok 7; ok 7; ");
    assert_eq!(
        clones,
        [
            "clone3 shared",
            "clone shared",
            "clone copied",
            "clone copied"
        ]
    );
}

#[test]
fn a_failure_that_may_pass_is_not_taken_for_a_refusal() {
    let once = "-einject=clone3:error=EAGAIN:when=1";
    let (outcome, clones) = or_skip!(spawn_twice(Arch::X86_64, &[once]));
    let failed = "failed Clone EAGAIN\nclone: EAGAIN: ";
    assert!(outcome.starts_with(failed), "{outcome}");
    assert!(outcome.ends_with("; ok 7; "), "{outcome}");
    assert_eq!(clones, ["clone3 shared", "clone3 shared"]);
}

/// Runs a program that spawns another one in gdb. `follow` says whether gdb follows the parent or the child. `detach` says whether
/// gdb detaches from the other process or continues to trace it.
fn gdb_sees_a_normal_run(arch: Arch, follow: &str, detach: &str) {
    or_skip!(installed("gdb"));
    let (spawn, victim) = (or_skip!(arch.spawn()), or_skip!(arch.victim()));
    let scratch = Scratch::new(&victim);
    let settings = [
        format!("set follow-fork-mode {follow}"),
        format!("set detach-on-fork {detach}"),
        // If gdb keeps the other process, it must let it run: each process waits for the other.
        "set schedule-multiple on".into(),
        "catch exec".into(),
    ];
    for memory in [&[][..], &["--copy"]] {
        let output = run("gdb", |command| {
            command.current_dir(scratch.path());
            command.args(["-nx", "-batch"]);
            for setting in &settings {
                command.args(["-ex", setting]);
            }
            // gdb may stop once at the exec, and once at the end of either process. It refuses to continue a process
            // that has ended, without further effect.
            let go = [
                "run",
                "continue",
                "inferior 1",
                "continue",
                "inferior 2",
                "continue",
            ];
            command.args(go.iter().flat_map(|step| ["-ex", step]));
            command.arg("--args").arg(&spawn).args(memory);
            command.args(["./program", "child"]);
        });
        let text = String::from_utf8_lossy(&output.stdout);
        let said = |what: &str| text.contains(what);
        let context = format!("{arch:?}, follow {follow}, detach {detach}, {memory:?}:\n{text}");
        let (sees_parent, sees_child) = match detach {
            "on" => (follow == "parent", follow == "child"),
            _ => (true, true),
        };
        let ended = |inferior| {
            text.lines().any(|line| {
                line.starts_with(&format!("[Inferior {inferior} (process "))
                    && line.ends_with(") exited with code 07]")
            })
        };
        assert_eq!((ended(1), ended(2)), (sees_parent, sees_child), "{context}");
        assert_eq!(said("exec'd "), sees_child, "{context}");
        assert!(!said("SIG"), "{context}");
    }
}

#[test]
fn gdb_that_follows_the_parent_sees_a_normal_run() {
    gdb_sees_a_normal_run(Arch::X86_64, "parent", "on");
    gdb_sees_a_normal_run(Arch::I386, "parent", "on");
}

#[test]
fn gdb_that_follows_the_child_sees_a_normal_run() {
    gdb_sees_a_normal_run(Arch::X86_64, "child", "on");
    gdb_sees_a_normal_run(Arch::I386, "child", "on");
}

#[test]
fn gdb_that_follows_the_parent_and_keeps_the_child_sees_a_normal_run() {
    gdb_sees_a_normal_run(Arch::X86_64, "parent", "off");
    gdb_sees_a_normal_run(Arch::I386, "parent", "off");
}

#[test]
fn gdb_that_follows_the_child_and_keeps_the_parent_sees_a_normal_run() {
    gdb_sees_a_normal_run(Arch::X86_64, "child", "off");
    gdb_sees_a_normal_run(Arch::I386, "child", "off");
}

/// The program that the next test runs under gdb: this test program has symbols, in a debug build.
#[test]
fn a_spawn_of_a_program_with_symbols() {
    let list = args![c"true"];
    let spawn = Spawn::new(Program::Path(c"/bin/true"), Args::new(&list), Args::EMPTY);
    let mut child = spawn.start().expect("a child");
    assert!(child.wait().expect("its end").success());
}

#[test]
fn a_debuggers_backtrace_of_the_child_ends_at_its_entry() {
    or_skip!(installed("gdb"));
    if !cfg!(debug_assertions) {
        return say("skipped: only a debug build has symbols");
    }
    let this = std::env::current_exe().expect("this program");
    let output = run("gdb", |command| {
        command.args(["-nx", "-batch"]);
        for step in [
            "set follow-fork-mode child",
            "catch syscall execve",
            "run",
            "bt",
        ] {
            command.args(["-ex", step]);
        }
        command.arg("--args").arg(&this);
        command.args(["--exact", "a_spawn_of_a_program_with_symbols"]);
    });
    let text = String::from_utf8_lossy(&output.stdout);
    let frames: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
    let is_entry = |frame: &&str| frame.contains("run<") && frame.contains("/child.rs:");
    let entry = frames.iter().rposition(is_entry);
    let entry = entry.unwrap_or_else(|| panic!("no child: {text}"));
    assert_eq!(frames.len(), entry + 2, "{text}");
    assert!(frames[entry + 1].contains("clone"), "{text}");
    assert!(!text.contains("corrupt"), "{text}");
}

/// Commands that use the different parts of the shell's spawns: a script, the number of its processes, and whether it
/// needs a terminal. If the shell did not name a part in `FEATURES`, a copy of the shell would run in the program's place,
/// or the program could not be started.
const SHELLS_SPAWNS: [(&str, usize, bool); 7] = [
    ("/bin/true; :", 1, false),
    ("/bin/true <here; :", 1, false),
    ("/bin/true 2>&1; :", 1, false),
    ("/bin/true 2>&-; :", 1, false),
    ("/bin/true & wait $!", 1, false),
    ("set -m; /bin/true; :", 1, true),
    // The shell executes itself to run a script without a format that the kernel knows.
    ("exec ./without-format", 0, false),
];

fn sh_starts_programs_without_a_copy_of_itself(arch: Arch) {
    or_skip!(installed("strace"));
    let (sh, victim) = (or_skip!(arch.sh()), or_skip!(arch.victim()));
    for (script, processes, on_terminal) in SHELLS_SPAWNS {
        let scratch = Scratch::new(&victim);
        let file = scratch.path().join("without-format");
        write_executable(&file, "exit 0\n");
        let prefix = scratch.path().join("trace");
        let terminal = on_terminal.then(terminal);
        let stdin = match &terminal {
            Some((_, path)) => path,
            None => Path::new("/dev/null"),
        };
        let output = run("setsid", |command| {
            // A terminal that the leader of a session opens becomes its controlling terminal.
            let opens = ["-w", "/bin/sh", "-c", "exec \"$@\" <\"$0\""];
            command.args(opens).arg(stdin);
            command
                .args(["strace", "-f", "-ff", "-qq", "-o"])
                .arg(&prefix);
            command.arg(&sh).args(["-c", script]);
            command.current_dir(scratch.path());
        });
        assert!(
            output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(),
            "{script}: {output:?}"
        );
        let traces = traces(&prefix);
        let is_making =
            |call: &&Call| matches!(&*call.name, "clone" | "clone3") && call.succeeded();
        let made: Vec<&Call> = traces.iter().flatten().filter(is_making).collect();
        assert_eq!(made.len(), processes, "{script}: {made:?}");
        let shares = |call: &&Call| call.line.contains("CLONE_VM");
        assert!(made.iter().all(shares), "{script}: {made:?}");
    }
}

#[test]
fn sh_starts_programs_without_a_copy_of_itself_on_x86_64() {
    sh_starts_programs_without_a_copy_of_itself(Arch::X86_64);
}

#[test]
fn sh_starts_programs_without_a_copy_of_itself_on_i386() {
    sh_starts_programs_without_a_copy_of_itself(Arch::I386);
}
