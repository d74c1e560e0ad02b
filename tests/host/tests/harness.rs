//! Tests of the harness of the host suites.

use std::time::Duration;

use nestling_host_tests::{run, run_within};

#[test]
fn a_run_returns_all_that_a_command_prints_and_its_status() {
    let output = run("sh", |command| {
        command.args(["-c", "yes | head -n 100000; echo error >&2; exit 7"]);
    });
    assert_eq!(output.stdout, b"y\n".repeat(100_000));
    assert_eq!(
        (output.stderr, output.status.code()),
        (b"error\n".to_vec(), Some(7))
    );
}

#[test]
fn a_run_whose_output_another_process_keeps_open_fails_and_does_not_hang() {
    let answer = run_within(Duration::from_secs(1), "sh", |command| {
        command.args(["-c", "setsid sleep 600 & echo $!; exit 7"]);
    });
    let why = answer.expect_err("the other process still runs");
    assert!(
        why.starts_with("sh has left a process that keeps its output open: exit status: 7: "),
        "{why}"
    );
    let pid = why
        .trim()
        .rsplit(' ')
        .next()
        .and_then(|pid| pid.parse().ok());
    // SAFETY: `kill` takes numbers only.
    let killed = unsafe { libc::kill(pid.expect("its id"), libc::SIGKILL) };
    assert_eq!(killed, 0);
}
