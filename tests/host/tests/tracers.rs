//! A spawn under `strace -f` and `gdb`, and what strace counts.

use std::process::Output;

use nestling_host_tests::{Arch, Call, Scratch, installed, or_skip, run, say, traces};

/// The exit status of the victim as the program that is spawned.
const CHILD: i32 = 7;

/// Runs a program under `strace -f`: its end, and the calls of each process.
fn strace(scratch: &Scratch, options: &[&str], program: &[&str]) -> (Output, Vec<Vec<Call>>) {
    let prefix = scratch.path().join("trace");
    let output = run("strace", |command| {
        command.args(["-f", "-ff", "-qq", "-o"]).arg(&prefix);
        command.args(options).args(program);
        command.current_dir(scratch.path());
    });
    (output, traces(&prefix))
}

/// What a spawn by the program `spawn` took: the parent's calls and the child's up to its exec.
fn calls_of_a_spawn(traces: &[Vec<Call>]) -> Vec<&Call> {
    let [parent, child] = traces else {
        panic!("{} processes", traces.len());
    };
    // Without the exec by which strace starts the program, and the program's own exit.
    let [_, parent @ .., exit] = &parent[..] else {
        panic!("{} calls", parent.len());
    };
    assert_eq!(exit.name, "exit_group");
    let exec = child
        .iter()
        .position(|call| call.name == "execve" && call.succeeded());
    let exec = exec.expect("the child's exec");
    parent.iter().chain(&child[..=exec]).collect()
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
        let calls = calls_of_a_spawn(&traces);
        assert!(calls.iter().any(|call| call.name == "clone3"));
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

fn a_plain_spawn_is_cheap(arch: Arch) {
    or_skip!(installed("strace"));
    let (spawn, victim) = (or_skip!(arch.spawn()), or_skip!(arch.victim()));
    let scratch = Scratch::new(&victim);
    let program = [spawn.to_str().expect("a plain path"), "/bin/true"];
    let (output, traces) = strace(&scratch, &[], &program);
    assert!(output.status.success(), "{output:?}");
    let calls = calls_of_a_spawn(&traces);
    // On a slow machine the wait for the child is broken off, and the child looked at, once or more.
    let is_slowness = |call: &Call| call.is_look() || call.line.contains("ETIMEDOUT");
    let calls = calls.iter().filter(|call| !is_slowness(call));
    let names: Vec<&str> = calls.map(|call| &*call.name).collect();
    let (count, names, arch) = (names.len(), names.join(" "), arch.name());
    say(&format!(
        "# a plain spawn on {arch}: {count} calls: {names}"
    ));
    assert!(count <= 7, "{count} calls: {names}");
}

#[test]
fn a_plain_spawn_makes_at_most_seven_system_calls_on_x86_64() {
    a_plain_spawn_is_cheap(Arch::X86_64);
}

#[test]
fn a_plain_spawn_makes_at_most_seven_system_calls_on_i386() {
    a_plain_spawn_is_cheap(Arch::I386);
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

/// Spawns twice in one process, with a fault: how both ended, and the calls that made the children.
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
fn what_the_kernel_refuses_is_asked_for_once() {
    let no_clone3 = "-einject=clone3:error=ENOSYS";
    let (outcome, clones) = or_skip!(spawn_twice(Arch::X86_64, &[no_clone3]));
    assert_eq!(outcome, "ok 7; ok 7; ");
    assert_eq!(clones, ["clone3 shared", "clone shared", "clone shared"]);
}

#[test]
fn sharing_memory_is_asked_for_once_where_it_is_refused() {
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

/// Lets gdb follow one side of a spawn, and keep or let go of the other.
fn gdb_sees_a_normal_run(arch: Arch, follow: &str, detach: &str) {
    or_skip!(installed("gdb"));
    let (spawn, victim) = (or_skip!(arch.spawn()), or_skip!(arch.victim()));
    let scratch = Scratch::new(&victim);
    let settings = [
        format!("set follow-fork-mode {follow}"),
        format!("set detach-on-fork {detach}"),
        // What gdb does not let go of it must let run: each side waits for the other.
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
            // It may stop once for the exec, and once for the end of either side. What has ended is not continued: that is
            // refused, and nothing else comes of it.
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
