//! Tests that `sh`, nestling's shell, works on each architecture and kernel, on a machine without any other program and
//! without a libc: its spawns, forks, pipes, signals and files in memory. The tests of its conformance to the standard
//! are in `tests/host/sh`.

use alloc::string::String;

use nestling::command::{Command, Stdio};
use nestling_tests::{emulated, probe_path, runner, skip, this_process};

nestling_tests::suite! {
    once {
        the_shell_writes_text,
        a_program_is_started_and_its_status_known,
        a_program_that_is_not_there_has_the_status_127,
        redirections_of_a_program,
        redirections_of_a_compound_command,
        a_here_document_that_fits_into_a_pipe,
        a_here_document_that_fits_into_no_pipe,
        a_pipeline_of_programs_and_of_shell_code,
        a_command_substitution_without_a_process,
        a_command_substitution_of_a_program,
        a_command_substitution_that_leaves_traces,
        a_subshell_changes_nothing_outside,
        functions_call_themselves,
        a_program_in_the_background_is_waited_for,
        a_trap_is_executed_when_its_signal_comes,
        the_exit_trap_is_executed,
        a_child_that_a_signal_ends,
        arithmetic_has_64_bits,
        patterns_and_file_names,
        read_takes_a_line_and_no_more,
        too_deep_a_recursion_is_an_error,
        process_groups_with_job_control,
    }
}

/// Lets the shell execute a script in the test's directory, with `$PROBE` and `$SH` in its environment.
fn sh(script: &str) -> (String, i32) {
    let path = match this_process().env().var(c"NESTLING_SH") {
        Some(path) => path,
        None if nestling::sys::file::faccessat(c"/bin/sh").is_ok() && runner() == "kernel" => {
            c"/bin/sh"
        }
        None => skip("NESTLING_SH is not set"),
    };
    if emulated() {
        skip("the shell that would be started is this machine's");
    }
    let output = Command::new(path)
        .args(["-c", script])
        .env("PROBE", probe_path())
        .env("SH", path)
        .stderr(Stdio::null())
        .output();
    let output = output.expect("the shell");
    (
        String::from_utf8(output.stdout).expect("text"),
        output.status.shell_code(),
    )
}

fn writes(script: &str, expected: &str) {
    assert_eq!(sh(script), (expected.into(), 0), "{script}");
}

fn the_shell_writes_text() {
    writes(
        "x=5; echo a \"$x\" ${y-b}; printf '%03d\\n' 7",
        "a 5 b\n007\n",
    );
}

fn a_program_is_started_and_its_status_known() {
    writes(
        "$SH -c 'exit 3'; echo $?; $SH -c 'echo \"$0 $1\"' a b",
        "3\na b\n",
    );
}

fn a_program_that_is_not_there_has_the_status_127() {
    writes(
        "/nope; echo $?; no-such; echo $?; ./; echo $?",
        "127\n127\n126\n",
    );
}

fn redirections_of_a_program() {
    writes(
        "$SH -c 'echo a; echo b >&2' >out 2>&1; $SH -c 'read x; read y; echo $y$x' <out; $SH -c 'echo c >&7' 7>>out; while read z; do echo $z; done <out",
        "ba\na\nb\nc\n",
    );
}

fn redirections_of_a_compound_command() {
    writes(
        "{ echo a; $SH -c 'echo b'; } >out; echo c; for i in 1 2; do read x; echo $x; done <out; echo a >/nope/x; echo $?",
        "c\na\nb\n1\n",
    );
}

fn a_here_document_that_fits_into_a_pipe() {
    writes(
        "x=b; while read l; do echo \"<$l>\"; done <<E\na\n$x $((1+1))\nE",
        "<a>\n<b 2>\n",
    );
}

fn a_here_document_that_fits_into_no_pipe() {
    writes(
        "x=0123456789; x=$x$x$x$x$x$x$x$x$x$x; x=$x$x$x$x$x$x$x$x$x$x; x=$x$x$x$x$x$x$x$x$x$x\n$SH -c 'read y; echo ${#y}; read y; echo $y' <<E\n$x$x$x$x$x$x$x$x$x$x\nend\nE",
        "100000\nend\n",
    );
}

fn a_pipeline_of_programs_and_of_shell_code() {
    writes(
        "echo a b | $SH -c 'read x y; echo $y $x' | while read l; do echo \"[$l]\"; done | { read z; echo $z; }; false | true; echo $?; true | false; echo $?",
        "[b a]\n0\n1\n",
    );
}

fn a_command_substitution_without_a_process() {
    writes(
        "f() { echo $1; x=2; return 4; }; x=1; y=$(f a; echo b); echo \"$y\" $x; y=$(f c); echo $?",
        "a\nb 1\n4\n",
    );
}

fn a_command_substitution_of_a_program() {
    writes(
        "x=$($SH -c 'echo a; echo b; exit 5'); echo \"$? $x\"; echo \"$(/nope 2>&1)\" | { read l; echo ${l##*:}; }",
        "5 a\nb\nnot found\n",
    );
}

fn a_command_substitution_that_leaves_traces() {
    writes(
        "x=$(cd /; f() { echo in; }; trap 'echo bye' EXIT; f; pwd); echo \"$x\"; f; echo $?",
        "in\n/\nbye\n127\n",
    );
}

fn a_subshell_changes_nothing_outside() {
    writes(
        "x=1; (x=2; cd /; exit 6); echo $? $x; (set -e; false; echo no); echo $?",
        "6 1\n1\n",
    );
}

fn functions_call_themselves() {
    writes(
        "f() { [ $1 -gt 0 ] || return 0; local x=$1; f $((x-1)); sum=$((sum+x)); }; f 100; echo $sum",
        "5050\n",
    );
}

fn a_program_in_the_background_is_waited_for() {
    writes(
        "$SH -c 'exit 7' & wait $!; echo $?; { exit 8; } & x=$!; wait; wait $x; echo $?",
        "7\n127\n",
    );
}

fn a_trap_is_executed_when_its_signal_comes() {
    writes(
        "trap 'echo got' USR1; kill -USR1 $$; echo after; $SH -c 'kill -USR1 $PPID'; echo end",
        "got\nafter\ngot\nend\n",
    );
}

fn the_exit_trap_is_executed() {
    assert_eq!(sh("trap 'echo bye $?' EXIT; exit 9"), ("bye 9\n".into(), 9));
}

fn a_child_that_a_signal_ends() {
    writes(
        "$SH -c 'kill -TERM $$'; echo $?; $SH -c 'kill -KILL $$' & wait $!; echo $?",
        "143\n137\n",
    );
}

fn arithmetic_has_64_bits() {
    writes(
        "echo $((0x7fffffffffffffff)) $((1<<62)) $((-7/2)) $((-7%2)) $((3>2?10:20))",
        "9223372036854775807 4611686018427387904 -3 -1 10\n",
    );
}

fn patterns_and_file_names() {
    writes(
        ">a1; >a2; >b1; echo a* ?1 [!a]*; case foo.c in *.c) echo c;; esac; x=a/b/c; echo ${x##*/} ${x%/*}",
        "a1 a2 a1 b1 b1\nc\nc a/b\n",
    );
}

fn read_takes_a_line_and_no_more() {
    writes(
        "echo 'a\nb\nc' >f; { read x; $SH -c 'read y; echo $y'; read z; echo $x$z; } <f; echo 'a\nb' | { read x; $SH -c 'read y; echo $y'; }",
        "b\nac\nb\n",
    );
}

fn too_deep_a_recursion_is_an_error() {
    writes("$SH -c 'f() { f; }; f'; echo $?", "2\n");
}

fn process_groups_with_job_control() {
    writes(
        "set -m; $SH -c 'kill -STOP $$; exit 3' & wait $!; echo $?; kill -CONT %1; wait %1; echo $?",
        "147\n3\n",
    );
}
