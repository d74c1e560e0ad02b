//! Tests which descriptors programs inherit from `sh`, `spawn` and `init`: standard input, output and error, and the
//! descriptors of redirections, but none that these programs have opened for themselves. The tests of the library are
//! in `tests/suites/descriptors.rs`.

use std::fs;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nestling_host_tests::{Arch, Scratch, or_skip, write_executable};

/// A script for each way in which the shell starts a program. `p` writes the numbers of its descriptors to standard
/// output: `fds: 0 1 2`. The scripts write nothing else.
const WAYS: &[&str] = &[
    "p",
    "exec p",
    "command p",
    "command -p p || p",
    "eval p",
    "\"$PROBE\" fds",
    "a=b p",
    "a=$(:) p",
    "p <in",
    "p <in >out; cat out",
    "p 2>&1",
    "p <<E\ntext\nE",
    "p <<E\n$(cat long)\nE",
    "p <<<text",
    "p | cat",
    ": | p",
    ": | p | cat",
    "echo a | p",
    "p & wait",
    "p | cat & wait",
    "{ :; p; } & wait",
    "(p)",
    "(:; p)",
    "{ p; }",
    "{ p; } 2>/dev/null",
    "{ p; } <in 2>/dev/null",
    "{ p | cat; } <in 2>/dev/null",
    "{ (p); } <in 2>/dev/null",
    "{ eval p; } <in",
    "f() { p; }; f",
    "f() { p; } <in; f 2>/dev/null",
    "echo \"$(p)\"",
    "echo \"`p`\"",
    "echo \"$(:; p)\"",
    "echo \"$(echo \"$(p)\")\"",
    "echo \"$(p | cat)\"",
    "x=$(p); echo \"$x\"",
    "echo $(($(p >&2; echo 1) + 1)) >/dev/null",
    "cat <<E\n$(p)\nE",
    ": >\"$(p >&2; echo out)\"",
    ": <\"$(p >&2; echo in)\" >out",
    "if p; then :; fi",
    "while p; do break; done",
    "until p; do :; done",
    "for i in 1; do p; done <in",
    "while read x; do p; break; done <in",
    "while read x; do p; break; done <in | cat",
    "case a in a) p;; esac",
    "! p",
    "true && p || :",
    "[[ -n $(p >&2) ]] || :",
    "printf p >f; . ./f",
    "printf p >f; sh ./f",
    "printf p | sh",
    "printf p >f; chmod +x f; ./f",
    "printf p | sh -s",
    "sh -c p",
    "sh -i -c p",
    "trap p EXIT",
    "trap p USR1; kill -USR1 $$",
    "trap p USR1; (sleep 0; kill -USR1 $$) & wait; wait",
    "read x <in; p",
    "read -t 5 x <in; p",
    "x=$(cat in); p",
    "true </nonexistent; p",
    "true >/nonexistent/f; p",
    "echo a >/dev/full; p",
    "exec 7<in; exec 7<&-; p",
    "exec 7<in 7<&-; p",
    "{ :; } 7<in; p",
    "p 7<in 7<&-",
    "echo * >/dev/null; p",
    "cd /; cd - >/dev/null; p",
    "echo ~root >/dev/null; p",
    "PATH=$PATH:/nonexistent; hash p; p",
    "set -m; p",
    "set -m; p | cat",
    "set -m; p & wait",
    "set -m; (:; p)",
    "set -C; p >new; cat new",
    "set -C; { p >/dev/stdout; }",
    "PS4='$(p >&2)'; set -x; : 2>/dev/null",
    "type p >/dev/null; p",
    "ulimit -n 20; p",
    "ulimit -n 8; \"$PROBE\" fds",
    "cat <(p)",
    "cat <(:; p)",
    "cat < <(p)",
    "fc -l 2>/dev/null; p",
];

/// Scripts whose programs also get the descriptors that a redirection or a process substitution names.
const GIVEN: &[(&str, &str)] = &[
    ("p 7<in", "fds: 0 1 2 7"),
    ("exec 7<in; p", "fds: 0 1 2 7"),
    ("exec 7<in; echo \"$(p | cat)\"", "fds: 0 1 2 7"),
    ("{ p; } 7<in 9>&1", "fds: 0 1 2 7 9"),
    ("p <&-", "fds: 1 2"),
    ("{ p; } <&- 2>&-", "fds: 1"),
];

/// Returns a command that inherits only the standard descriptors, even if this process has others.
fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    // SAFETY: the hook makes one system call.
    unsafe {
        command.pre_exec(|| {
            let flag = libc::CLOSE_RANGE_CLOEXEC as libc::c_int;
            match libc::close_range(3, libc::c_uint::MAX, flag) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        });
    }
    command
}

#[test]
fn a_program_inherits_no_descriptor_of_the_shell() {
    let sh = or_skip!(Arch::X86_64.sh());
    let probe = or_skip!(Arch::X86_64.probe());
    let three = WAYS.iter().map(|way| (*way, "fds: 0 1 2"));
    let mut wrong = Vec::new();
    for (way, expected) in three.chain(GIVEN.iter().copied()) {
        let scratch = Scratch::new(&probe);
        let write = |name: &str, text: &str| {
            fs::write(scratch.path().join(name), text).expect("a file");
        };
        write("in", "a line\n");
        write("long", &"a line\n".repeat(20_000));
        let script = format!("#!{}\nexec \"$PROBE\" fds\n", sh.display());
        write_executable(&scratch.path().join("p"), &script);
        std::os::unix::fs::symlink(&sh, scratch.path().join("sh")).expect("a link");
        let path = format!("{}:/usr/bin:/bin", scratch.path().display());
        let mut command = command(&sh);
        command.args(["-c", way]).current_dir(scratch.path());
        command.env_clear().env("PATH", path).env("PROBE", &probe);
        command.env("HOME", scratch.path()).stdin(Stdio::null());
        let Output { stdout, stderr, .. } = command.output().expect("the shell");
        let text = [stdout, stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let found: Vec<_> = text.lines().filter(|line| line.contains("fds:")).collect();
        if found.is_empty()
            || found
                .iter()
                .any(|line| line.trim_start_matches("+ ") != expected)
        {
            wrong.push(format!("{way}\n  {text}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_program_inherits_no_descriptor_of_an_interactive_shell() {
    let sh = or_skip!(Arch::X86_64.sh());
    let probe = or_skip!(Arch::X86_64.probe());
    let scratch = Scratch::new(&probe);
    fs::write(scratch.path().join("env"), "\"$PROBE\" fds\n").expect("a file");
    fs::write(scratch.path().join(".profile"), "\"$PROBE\" fds\n").expect("a file");
    let mut command = command(&sh);
    command.args(["-i", "-l"]).current_dir(scratch.path());
    command
        .env_clear()
        .env("PROBE", &probe)
        .env("HOME", scratch.path());
    command.env("ENV", scratch.path().join("env"));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut shell = command.spawn().expect("the shell");
    let text =
        "\"$PROBE\" fds\nPS1='$(\"$PROBE\" fds >&3)' 3>&1\nexec 3>&-\n\"$PROBE\" fds | /bin/cat\n";
    let mut input = shell.stdin.take().expect("a pipe");
    input.write_all(text.as_bytes()).expect("a reader");
    drop(input);
    let output = shell.wait_with_output().expect("the shell");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "fds: 0 1 2\n".repeat(4)
    );
}

#[test]
fn a_program_inherits_no_descriptor_of_spawn_and_init() {
    let probe = or_skip!(Arch::X86_64.probe());
    let (spawn, init) = (
        or_skip!(Arch::X86_64.spawn()),
        or_skip!(Arch::X86_64.init()),
    );
    let sees = |program: &Path, options: &[&str], arguments: &[&str]| {
        let mut command = command(program);
        command.args(options).arg(&probe).args(arguments);
        let output = command.stdin(Stdio::null()).output().expect("the program");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(text, "fds: 0 1 2\n", "{options:?}: {output:?}");
    };
    for options in [
        &[][..],
        &["--copy"],
        &["--setsid"],
        &["--open", "0,r=/dev/null"],
        &["--dup", "1,2"],
        &["--env", "A=b"],
        &["--shell", "/bin/sh"],
        &["--close-from", "3"],
    ] {
        sees(&spawn, options, &["fds"]);
    }
    for options in [&[][..], &["-g"], &["-v"], &["-w"], &["--sweep"], &["--"]] {
        sees(&init, options, &["fds"]);
    }
}
