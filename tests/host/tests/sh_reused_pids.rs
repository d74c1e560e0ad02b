//! Tests that the shell never takes a process with a reused id for the child that had this id before. In a pid
//! namespace of its own, where `ns_last_pid` sets the next id, a script makes the kernel reuse ids.

use std::fs;
use std::path::Path;
use std::process::Command;

use nestling_host_tests::{Arch, Scratch, or_skip, say};

/// `again` makes the next process get the id of the child `p`, which has ended with status 3 and was reaped.
const BEGINNING: &str = r#"
(exit 3) & p=$!
while kill -0 $p 2>/dev/null; do :; done
again() { echo $((p - 1)) >/proc/sys/kernel/ns_last_pid; }
same() { [ "$1" = $p ] || echo "$1 is not $p"; }
"#;

/// The scripts, each with its expected output.
const SCRIPTS: [(&str, &str); 6] = [
    // a program in the foreground
    (
        "again; sh -c 'echo $$ >f; exit 5'; echo $?; same $(cat f); wait $p; echo $?",
        "5\n3\n",
    ),
    // a subshell, a pipeline and a command substitution, while others run
    (
        "again; (sh -c 'echo $PPID' >f; exit 5); echo $?; same $(cat f); wait $p; echo $?",
        "5\n3\n",
    ),
    (
        "again; sh -c 'echo $$ >f; exit 5' | cat; again; x=$(exit 6); echo $?; wait $p; echo $?",
        "6\n3\n",
    ),
    (
        "sleep 100 & q=$!; again; x=$(sh -c 'echo $PPID' >f; exit 6); echo $?
        same $(cat f); wait $p; echo $?; kill -s KILL $q",
        "6\n3\n",
    ),
    // another child in the background: from then on, `wait` for this id means that child
    (
        "again; (exit 5) & same $!; wait $!; echo $?; wait $p; echo $?",
        "5\n127\n",
    ),
    // a job that has ended gets no signal, which another process would receive
    (
        "again; sleep 100 & q=$!; same $q; kill -s KILL %1 2>/dev/null; kill -0 $q && echo runs
        kill -s TERM $q; wait $q; echo $?",
        "runs\n143\n",
    ),
];

#[test]
fn a_process_id_that_is_used_again_is_not_taken_for_a_child_that_was_reaped() {
    let shell = or_skip!(Arch::X86_64.sh());
    let scratch = Scratch::new(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lib.rs")));
    let unshare = |script: &str| {
        let mut command = Command::new("unshare");
        command
            .args(["--pid", "--fork", "--"])
            .arg(&shell)
            .arg("-c");
        command.arg(script).current_dir(scratch.path());
        command.output().map_err(|error| error.to_string())
    };
    let tried = or_skip!(unshare("echo 100 >/proc/sys/kernel/ns_last_pid"));
    if !tried.status.success() {
        let why = String::from_utf8_lossy(&tried.stderr).into_owned();
        return say(&format!("skipped: {}", why.trim()));
    }
    for (script, expected) in SCRIPTS {
        let output = or_skip!(unshare(&format!("{BEGINNING}{script}\n")));
        let text = String::from_utf8_lossy(&output.stdout);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(text, expected, "{script}\n{errors}");
        let _ = fs::remove_file(scratch.path().join("f"));
    }
}
