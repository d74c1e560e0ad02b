//! Tests of the program `spawn`: each option, its exit status and its messages.
//!
//! The children are Debian's tools, which show the effect of each option.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nestling_host_tests::{Arch, Scratch, installed, or_skip, say, write_executable};

/// Runs `spawn` with these words on each architecture that this machine runs. `check` gets the exit status, standard
/// output and standard error.
fn spawn(words: &[&str], check: impl Fn(i32, &str, &str)) {
    for arch in [Arch::X86_64, Arch::I386] {
        let spawn = match arch.spawn() {
            Ok(spawn) => spawn,
            Err(why) => {
                say(&format!("skipped: {why}"));
                continue;
            }
        };
        let mut command = Command::new(spawn);
        command
            .args(words)
            .stdin(Stdio::null())
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().expect("spawn runs");
        let code = status.code().expect("spawn exits");
        let (stdout, stderr) = (
            String::from_utf8_lossy(&stdout),
            String::from_utf8_lossy(&stderr),
        );
        check(code, &stdout, &stderr);
    }
}

/// Asserts that the program ran and printed `expected`.
fn prints(words: &[&str], expected: &str) {
    spawn(words, |code, stdout, stderr| {
        assert_eq!((code, stdout, stderr), (0, expected, ""), "{words:?}");
    });
}

/// Asserts that no program ran, and that the message is `expected`.
fn fails(words: &[&str], expected_code: i32, expected: &str) {
    spawn(words, |code, stdout, stderr| {
        let expected = format!("spawn: {expected}\n");
        assert_eq!(
            (code, stdout, stderr),
            (expected_code, "", &expected[..]),
            "{words:?}"
        );
    });
}

/// An error if the tests do not run as root.
fn root() -> Result<(), String> {
    // SAFETY: `geteuid` takes no argument.
    match unsafe { libc::geteuid() } {
        0 => Ok(()),
        _ => Err("only root may".into()),
    }
}

#[test]
fn it_exits_with_the_programs_status() {
    spawn(&["sh", "-c", "exit 7"], |code, _, _| assert_eq!(code, 7));
    spawn(&["--", "true"], |code, _, _| assert_eq!(code, 0));
    spawn(&["sh", "-c", "kill -9 $$"], |code, _, _| {
        assert_eq!(code, 128 + 9)
    });
}

#[test]
fn it_exits_with_127_126_or_125_where_there_is_no_program() {
    let long = "x".repeat(5000);
    for name in [&long[..], &long[..256]] {
        let what = format!(r#"exec "{name}": ENAMETOOLONG: file name too long"#);
        fails(&[name], 126, &what);
    }
    fails(
        &["no-such-program"],
        127,
        r#"exec "no-such-program": ENOENT: no such file or directory"#,
    );
    fails(
        &["/etc/passwd/x"],
        127,
        r#"exec "/etc/passwd/x": ENOTDIR: not a directory"#,
    );
    fails(
        &["/etc/passwd"],
        126,
        r#"exec "/etc/passwd": EACCES: permission denied"#,
    );
    let nope = r#"file action 1 (open "/nope"): ENOENT: no such file or directory"#;
    fails(&["--close", "3", "--open", "0,r=/nope", "true"], 125, nope);
}

#[test]
fn help_is_one_screen() {
    spawn(&["--setsid", "--help"], |code, stdout, _| {
        assert_eq!(code, 0);
        assert!(stdout.lines().count() <= 24, "{stdout}");
        assert!(
            stdout.lines().all(|line| line.chars().count() < 80),
            "{stdout}"
        );
    });
}

#[test]
fn help_shows_every_option_and_no_other() {
    spawn(&["--help"], |_, stdout, _| {
        let words = stdout
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("--"));
        for option in words.filter(|option| option.starts_with(|c: char| c.is_ascii_alphabetic())) {
            if option == "version" {
                continue;
            }
            spawn(&[&format!("--{option}")], |code, _, stderr| {
                assert_eq!(code, 125);
                assert!(!stderr.contains("no such option"), "{option}: {stderr}");
            });
        }
    });
}

#[test]
fn version_prints_the_name_of_the_program_and_its_version_and_starts_nothing() {
    let version = concat!("spawn (nestling) ", env!("CARGO_PKG_VERSION"), "\n");
    prints(&["--version"], version);
    prints(&["--setsid", "--version", "echo"], version);
}

#[test]
fn an_error_names_the_wrong_word_of_the_command_line() {
    let see = "; see spawn --help";
    let fails = |words: &[&str], what: &str| {
        let see = if what.contains(": E") { "" } else { see };
        fails(words, 125, &format!("{what}{see}"));
    };
    fails(&[], r#""PROGRAM": missing"#);
    fails(&["--setsid"], r#""PROGRAM": missing"#);
    fails(&["--opne", "true"], r#""--opne": no such option"#);
    fails(&["--Close", "1"], r#""--Close": no such option"#);
    fails(&["--close"], r#""--close": needs a value"#);
    fails(&["--setsid=1", "true"], r#""--setsid" "1": takes no value"#);
    for (option, values) in [
        (
            "open",
            &[
                "", "0", "0,r", "r=/x", "0,q=/x", "0,r,9=/x", "-1,r=/x", "0,r,=/x", "0,=x,",
            ][..],
        ),
        ("dup", &["", "1", "1,", ",1", "1,2,3", "a,b"]),
        (
            "close",
            &["", "x", "-1", "2147483648", "99999999999999999999"],
        ),
        ("umask", &["", "8", "10000"]),
        (
            "limit",
            &[
                "",
                "nofile",
                "nofile=",
                "files=1",
                "nofile=1:",
                "nofile=-1",
                "nofile=18446744073709551616",
            ],
        ),
        ("groups", &[",", "1,", "root"]),
        ("uid", &["", "root", "-1", "4294967295"]),
        ("nice", &["", "-", "5x"]),
        ("oom-score-adj", &["", "x"]),
        ("sched", &["", "best", "fifo,", "rr,x"]),
        ("default", &["KILLL", "65", "HUP,"]),
        ("block", &["x"]),
        ("parent-death", &["", "0"]),
        ("env", &["", "A", "=x"]),
        ("unset", &["", "A=B"]),
    ] {
        for value in values {
            if (option, *value) != ("default", "") {
                fails(
                    &[&format!("--{option}"), value, "true"],
                    &format!(r#""--{option}" "{value}": invalid value"#),
                );
            }
        }
    }
    fails(
        &["--cgroup", "/nope", "true"],
        r#""--cgroup" "/nope": ENOENT: no such file or directory"#,
    );
}

#[test]
fn too_long_a_command_line_is_an_error_and_not_cut_off() {
    let many = vec!["--close=9"; 65];
    fails(
        &[&many[..], &["true"]].concat(),
        125,
        r#""--close" "9": too many; see spawn --help"#,
    );
    let arguments = vec!["x"; 1100];
    prints(&[&["true"][..], &arguments].concat(), "");
    let what = r#""--arg0" "y": too many; see spawn --help"#;
    fails(
        &[&["--arg0", "y", "true"][..], &arguments].concat(),
        125,
        what,
    );
    let groups = vec!["1"; 65].join(",");
    let what = format!(r#""--groups" "{groups}": too many; see spawn --help"#);
    fails(&["--groups", &groups, "true"], 125, &what);
}

#[test]
fn a_value_follows_an_equals_sign_or_is_the_next_word() {
    prints(&["--chdir=/usr", "pwd"], "/usr\n");
    prints(&["--chdir", "/usr", "pwd"], "/usr\n");
    prints(&["--env=A==b", "sh", "-c", "echo $A"], "=b\n");
}

#[test]
fn actions_are_carried_out_in_the_order_given() {
    prints(
        &["--chdir", "/", "--chdir", "usr", "--chdir", "bin", "pwd"],
        "/usr/bin\n",
    );
    prints(
        &[
            "--dup", "1,5", "--close", "1", "--dup", "5,1", "echo", "hello",
        ],
        "hello\n",
    );
    let closed = "file action 1 (fchdir 9): EBADF: bad file descriptor";
    fails(&["--close", "9", "--fchdir", "9", "true"], 125, closed);
    prints(
        &["--open", "9,r=/usr", "--chdir", "/", "--fchdir", "9", "pwd"],
        "/usr\n",
    );
    fails(
        &["--close", "1", "--dup", "1,5", "true"],
        125,
        "file action 1 (dup2 1 to 5): EBADF: bad file descriptor",
    );
}

#[test]
fn files_are_opened_as_their_letters_say() {
    let path = std::env::temp_dir().join(format!("nestling-open-{}", std::process::id()));
    let file = path.to_str().expect("a plain path");
    let contents = || std::fs::read_to_string(&path).expect("the file");
    for (letters, before, after) in [
        ("wc", "12345", "new\n5"),
        ("wct", "12345", "new\n"),
        ("wca", "12345", "12345new\n"),
        ("b", "12345", "new\n5"),
    ] {
        std::fs::write(&path, before).expect("a file");
        spawn(
            &["--open", &format!("1,{letters}={file}"), "echo", "new"],
            |code, _, _| {
                assert_eq!((code, &contents()[..]), (0, after), "{letters}");
                std::fs::write(&path, before).expect("a file");
            },
        );
    }
    fails(
        &["--open", &format!("1,wx={file}"), "true"],
        125,
        &format!(r#"file action 0 (open "{file}"): EEXIST: file exists"#),
    );
    std::fs::remove_file(&path).expect("the file");
    spawn(
        &[
            "--umask",
            "0",
            "--open",
            &format!("1,wx,604={file}"),
            "true",
        ],
        |code, _, _| {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&path)
                .expect("the file")
                .permissions()
                .mode();
            assert_eq!((code, mode & 0o7777), (0, 0o604));
            std::fs::remove_file(&path).expect("the file");
        },
    );
}

#[test]
fn the_environment_is_what_the_options_leave() {
    prints(
        &[
            "--clear-env",
            "--env",
            "A=1",
            "--env",
            "B=2",
            "--env",
            "A=3",
            "env",
        ],
        "B=2\nA=3\n",
    );
    prints(
        &[
            "--clear-env",
            "--env",
            "A=1",
            "--env",
            "AB=2",
            "--unset",
            "A",
            "env",
        ],
        "AB=2\n",
    );
    prints(&["--clear-env", "env"], "");
    prints(&["--unset", "PATH", "env", "sh", "-c", "true"], "");
}

#[test]
fn a_program_is_looked_for_along_the_path_that_it_will_have() {
    fails(
        &["--env", "PATH=/nope", "true"],
        127,
        r#"exec "true": ENOENT: no such file or directory"#,
    );
    prints(&["--env", "PATH=/nope:/usr/bin", "true"], "");
}

#[test]
fn limits_umask_and_niceness_are_set_for_the_program() {
    prints(&["--limit", "nofile=64", "sh", "-c", "ulimit -n"], "64\n");
    prints(
        &[
            "--limit",
            "nofile=64:128",
            "sh",
            "-c",
            "ulimit -S -n; ulimit -H -n",
        ],
        "64\n128\n",
    );
    prints(
        &["--limit", "core=0:unlimited", "sh", "-c", "ulimit -S -c"],
        "0\n",
    );
    prints(&["--umask", "027", "sh", "-c", "umask"], "0027\n");
    prints(&["--nice", "7", "nice"], "7\n");
    let adjusted = ["--oom-score-adj", "900", "cat", "/proc/self/oom_score_adj"];
    prints(&adjusted, "900\n");
    prints(
        &[
            "--sched",
            "idle",
            "sh",
            "-c",
            "cut -d ' ' -f 41 /proc/self/stat",
        ],
        "5\n",
    );
}

#[test]
fn signals_are_blocked_ignored_and_restored_as_requested() {
    let status = |field: &str| format!("s/^{field}:\\s*//p");
    let mask = ["sed", "-n", &status("SigBlk"), "/proc/self/status"];
    prints(
        &[&["--block", "HUP,SIGTERM,64"], &mask[..]].concat(),
        "8000000000004001\n",
    );
    prints(
        &[&["--block", ""], &mask[..]].concat(),
        "0000000000000000\n",
    );
    let inner = format!(
        "trap '' HUP USR1; exec \"$0\" --default HUP sed -n '{}' /proc/self/status",
        status("SigIgn")
    );
    for arch in [Arch::X86_64, Arch::I386] {
        let spawned = or_skip!(arch.spawn());
        let output = Command::new("sh")
            .args(["-c", &inner])
            .arg(spawned)
            .output()
            .expect("a shell");
        // The caller of the tests may ignore other signals, too.
        let ignored = String::from_utf8_lossy(&output.stdout);
        let ignored = u64::from_str_radix(ignored.trim(), 16).expect("a mask");
        assert_eq!(ignored & 0x201, 0x200, "{ignored:#x}");
    }
}

#[test]
fn sessions_and_process_groups_are_new_if_requested() {
    let ids = "read pid comm state ppid pgrp session rest < /proc/$$/stat; test $pgrp = $$; echo $?; test $session = $$; echo $?";
    prints(&["--setsid", "sh", "-c", ids], "0\n0\n");
    prints(&["--setpgid", "0", "sh", "-c", ids], "0\n1\n");
    prints(&["sh", "-c", ids], "1\n1\n");
}

#[test]
fn ids_and_groups_are_set_for_the_program() {
    or_skip!(root());
    prints(
        &[
            "--groups",
            "7,8",
            "--gid",
            "5",
            "--uid",
            "1234",
            "sh",
            "-c",
            "id -u; id -g; id -G",
        ],
        "1234\n5\n5 7 8\n",
    );
    prints(&["--groups", "", "--gid", "5", "id", "-G"], "5\n");
    let refused = "action 2 (gid 5): EPERM: operation not permitted";
    let late = ["--groups", "", "--uid", "1234", "--gid", "5", "true"];
    fails(&late, 125, refused);
    prints(&["--reset-ids", "id", "-u"], "0\n");
}

#[test]
fn a_user_with_roots_groups_causes_a_warning() {
    or_skip!(root());
    for words in [
        &["--uid", "1234", "true"][..],
        &["--groups", "", "--uid", "1234", "true"],
        &["--gid", "5", "--uid", "1234", "true"],
    ] {
        spawn(words, |code, _, stderr| {
            let warning = "spawn: \"--uid\": warning: without --groups and --gid, root's stay; \
                           see spawn --help\n";
            assert_eq!((code, stderr), (0, warning), "{words:?}");
        });
    }
    prints(&["--uid", "0", "true"], "");
}

#[test]
fn a_users_groups_and_ids_are_set_for_the_program() {
    or_skip!(root());
    or_skip!(installed("unshare"));
    let scratch = Scratch::new(Path::new("/proc/self/exe"));
    let write = |name: &str, text: &str| {
        fs::write(scratch.path().join(name), text).expect("a file");
    };
    let long = format!("long:x:9:{}ann\n", "x,".repeat(4000));
    let groups = [
        "+:::\nroot:x:0:\nusers:x:100:\na:x:7:bob,ann\nb:x:8:anna,an\n",
        &long,
    ];
    write(
        "passwd",
        "root:x:0:0::/:\n+::0:0:::\nan:x:3:3\nann:x:1001:100::/:/bin/sh\nbad:x:y:0::/:\n",
    );
    write("group", &groups.concat());
    let directory = scratch.path().to_str().expect("a plain path");
    let script =
        "mount --bind $0/passwd /etc/passwd && mount --bind $0/group /etc/group && exec \"$@\"";
    let ids = "id -u; id -g; id -G";
    let run = |arch: Arch, words: &[&str]| {
        let spawn = arch.spawn()?;
        let mut command = Command::new("unshare");
        command
            .args(["-m", "sh", "-c", script, directory])
            .arg(spawn)
            .args(words);
        let Output { stdout, stderr, .. } = command.output().expect("unshare");
        Ok::<_, String>([stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned()))
    };
    for arch in [Arch::X86_64, Arch::I386] {
        let [stdout, stderr] = match run(arch, &["--user", "ann", "sh", "-c", ids]) {
            Ok(output) => output,
            Err(why) => return say(&format!("skipped: {why}")),
        };
        assert_eq!((&stdout[..], &stderr[..]), ("1001\n100\n100 7 9\n", ""));
        for name in ["+", "", "1001", "bad", "nobody", "root:x"] {
            let expected = format!(
                "spawn: \"--user\" \"{name}\": no such user in /etc/passwd; see spawn --help\n"
            );
            let output = run(arch, &["--user", name, "true"]).expect("as before");
            assert_eq!(output, [String::new(), expected]);
        }
        write("group", &format!("long:x:9:{}ann\n", "x,".repeat(140_000)));
        let [_, stderr] = run(arch, &["--user", "ann", "true"]).expect("as before");
        assert_eq!(
            stderr,
            "spawn: \"--user\" \"ann\": too many; see spawn --help\n"
        );
        write("group", &groups.concat());
    }
}

#[test]
fn capabilities_are_set_for_the_program() {
    or_skip!(root());
    let status = fs::read_to_string("/proc/self/status").expect("the status");
    let sets = ["CapEff:\t", "CapBnd:\t"].map(|name| {
        let value = status.lines().find_map(|line| line.strip_prefix(name));
        u64::from_str_radix(value.expect("a set"), 16).expect("a number")
    });
    // the capabilities kill, setgid, setuid, setpcap and net_raw
    if sets.iter().any(|set| set & 0x21e0 != 0x21e0) {
        return say(&format!("skipped: root has only {sets:x?}"));
    }
    let bounding = ["grep", "CapBnd", "/proc/self/status"];
    prints(
        &[&["--bounding", "kill,net_raw"], &bounding[..]].concat(),
        "CapBnd:\t0000000000002020\n",
    );
    prints(
        &[&["--bounding", ""], &bounding[..]].concat(),
        "CapBnd:\t0000000000000000\n",
    );
    let user = [
        "--securebits",
        "20",
        "--groups",
        "",
        "--gid",
        "5",
        "--uid",
        "1234",
    ];
    let has = ["grep", "-E", "Cap(Inh|Eff|Amb)", "/proc/self/status"];
    let given = ["--inheritable", "kill,net_raw", "--ambient", "net_raw"];
    prints(
        &[&user[..], &given, &has].concat(),
        "CapInh:\t0000000000002020\nCapEff:\t0000000000002000\nCapAmb:\t0000000000002000\n",
    );
    prints(
        &[&user[..], &has].concat(),
        "CapInh:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n",
    );
    let denied = |what: &str| format!("action 3 ({what}): EPERM: operation not permitted");
    let user = &user[2..];
    fails(
        &[user, &["--bounding", "", "true"]].concat(),
        125,
        &denied("capabilities bounding"),
    );
    fails(
        &[user, &["--ambient", "kill", "true"]].concat(),
        125,
        &denied("capabilities ambient"),
    );
    fails(
        &[user, &["--inheritable", "kill", "true"]].concat(),
        125,
        &denied("capabilities inheritable"),
    );
    fails(
        &[user, &["--securebits", "1", "true"]].concat(),
        125,
        &denied("securebits 1"),
    );
    let invalid = r#""--ambient" "kill,nope": invalid value; see spawn --help"#;
    fails(&["--ambient", "kill,nope", "true"], 125, invalid);
}

#[test]
fn the_root_directory_is_changed() {
    or_skip!(root());
    prints(&["--chdir", "/tmp", "--chroot", "/", "pwd"], "/\n");
    prints(&["--chroot", "/", "--chdir", "tmp", "pwd"], "/tmp\n");
    fails(
        &["--chroot", "/nope", "true"],
        125,
        r#"action 0 (chroot "/nope"): ENOENT: no such file or directory"#,
    );
    fails(
        &["--chroot", "/proc", "true"],
        127,
        r#"exec "true": ENOENT: no such file or directory"#,
    );
}

#[test]
fn no_new_privileges_are_gained_if_requested() {
    let status = "sed -n 's/^NoNewPrivs:\\s*//p' /proc/self/status";
    prints(&["--no-new-privs", "sh", "-c", status], "1\n");
    prints(&["sh", "-c", status], "0\n");
}

#[test]
fn the_first_argument_is_replaced_if_requested() {
    prints(&["--arg0", "-sh", "sh", "-c", "echo $0"], "-sh\n");
    prints(
        &["--arg0", "x", "cat", "/proc/self/cmdline"],
        "x\0/proc/self/cmdline\0",
    );
}

#[test]
fn a_file_in_no_executable_format_is_run_by_the_given_shell() {
    let path = std::env::temp_dir().join(format!("nestling-script-{}", std::process::id()));
    let script = path.to_str().expect("a plain path");
    write_executable(&path, "echo \"$@\"\n");
    prints(&["--shell", "/bin/sh", script, "a", "b c"], "a b c\n");
    let what = format!(r#"exec "{script}": ENOEXEC: not an executable format"#);
    fails(&[script], 126, &what);
    write_executable(&path, "#!/no/interpreter\n");
    let what =
        format!(r#"exec "{script}" (interpreter not found): ENOENT: no such file or directory"#);
    fails(&[script], 126, &what);
    std::fs::remove_file(&path).expect("the script");
}

#[test]
fn a_descriptor_is_executed_with_all_words_as_its_arguments() {
    prints(
        &[
            "--open",
            "7,r=/bin/echo",
            "--descriptor",
            "7",
            "zero",
            "one",
        ],
        "one\n",
    );
    fails(
        &["--descriptor", "7", "x"],
        126,
        "exec of descriptor 7: EBADF: bad file descriptor",
    );
}

#[test]
fn a_shell_that_is_not_there_ends_the_search() {
    let directory = std::env::temp_dir().join(format!("nestling-search-{}", std::process::id()));
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        write_executable(&path, text);
    };
    write("a/program", "text\n");
    write("b/program", "#!/bin/sh\necho another\n");
    let path = format!(
        "PATH={0}/a:{0}/b",
        directory.to_str().expect("a plain path")
    );
    let what = r#"exec "program" (interpreter not found): ENOENT: no such file or directory"#;
    fails(
        &["--env", &path, "--shell", "/no/shell", "program"],
        126,
        what,
    );
    std::fs::remove_dir_all(&directory).expect("the directory");
}

#[test]
fn a_large_id_is_shown_as_it_was_given() {
    or_skip!(root());
    let refused = "action 3 (uid 4294967293): EPERM: operation not permitted";
    fails(
        &[
            "--gid",
            "0",
            "--groups",
            "",
            "--uid",
            "4294967294",
            "--uid",
            "4294967293",
            "true",
        ],
        125,
        refused,
    );
}

#[test]
fn copied_memory_makes_no_difference() {
    prints(&["--copy", "--chdir", "/usr", "pwd"], "/usr\n");
    fails(
        &["--copy", "nope"],
        127,
        r#"exec "nope": ENOENT: no such file or directory"#,
    );
}
