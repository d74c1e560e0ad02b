//! Tests of the programs' behaviour when a less privileged user has chosen their environment, descriptors or directory.

use std::ffi::{CString, OsStr};
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, lchown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use nestling_host_tests::{Arch, Scratch, built_as_pie, installed, is_long, or_skip, say};

/// The id of a user without privileges.
const USER: u32 = 65534;

/// Only root can take the ids of another user.
fn need_root() -> Result<(), String> {
    // SAFETY: `geteuid` takes no argument.
    match unsafe { libc::geteuid() } {
        0 => Ok(()),
        _ => Err("needs root".into()),
    }
}

/// A command for a program with set-user-ID that this user has started: the real ids are the user's, the effective ids
/// root's.
fn set_user_id(program: &Path) -> Command {
    let mut command = Command::new(program);
    // SAFETY: the hook makes system calls only.
    unsafe {
        command.pre_exec(|| {
            let is_done = libc::setresgid(USER, 0, 0) == 0 && libc::setresuid(USER, 0, 0) == 0;
            is_done.then_some(()).ok_or_else(io::Error::last_os_error)
        });
    }
    command.env_clear().env("PATH", "/usr/bin:/bin");
    command
}

fn output(command: &mut Command) -> (String, String) {
    let Output { stdout, stderr, .. } = command.output().expect("the program");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(stdout), text(stderr))
}

/// Runs an interactive shell that reads `text`. Returns its standard output and standard error.
fn typed(command: &mut Command, text: &str) -> (String, Vec<u8>) {
    let mut shell = command
        .args(["-i"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the shell");
    let mut input = shell.stdin.take().expect("a pipe");
    input.write_all(text.as_bytes()).expect("a reader");
    drop(input);
    let Output { stdout, stderr, .. } = shell.wait_with_output().expect("the shell");
    (String::from_utf8_lossy(&stdout).into_owned(), stderr)
}

#[test]
fn a_bounding_set_that_cannot_be_lowered_fails_the_spawn() {
    or_skip!(installed("strace"));
    let spawn = or_skip!(Arch::X86_64.spawn());
    // A seccomp filter may return the same error: for all calls, or only for those that drop a capability, the first
    // one or a later one.
    for when in ["1+", "1", "2", "30"] {
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=prctl"]);
        command.arg(format!("-einject=prctl:error=EINVAL:when={when}"));
        command.arg(&spawn);
        // Without root, the first call fails with another error.
        let (stdout, stderr) = output(command.args(["--bounding", "", "echo", "ran"]));
        assert_eq!(stdout, "", "{when}");
        let is_it = stderr.contains("(capabilities bounding): E");
        assert!(is_it, "{when}: {stderr}");
    }
}

/// Makes a directory that every user may enter, with a `.profile` and a file `env`, which write to standard error the
/// name of the user who executes them.
fn home(scratch: &Scratch) {
    fs::set_permissions(scratch.path(), PermissionsExt::from_mode(0o755)).expect("a mode");
    for name in [".profile", "env"] {
        let text = format!("echo {name} by $(id -u) >&2\n");
        fs::write(scratch.path().join(name), text).expect("a file");
    }
}

#[test]
fn a_set_user_id_shell_drops_to_the_real_ids_unless_told_not_to() {
    or_skip!(need_root());
    let sh = or_skip!(Arch::X86_64.sh());
    let ids = "echo $(id -ru) $(id -u) $(id -rg) $(id -g); echo $-";
    let said =
        |options: &[&str], text: &str| output(set_user_id(&sh).args(options).args(["-c", text])).0;
    assert_eq!(said(&[], ids), "65534 65534 65534 65534\nc\n");
    assert_eq!(said(&["-p"], ids), "65534 0 65534 0\npc\n");
    assert_eq!(said(&["-o", "privileged"], ids), "65534 0 65534 0\npc\n");
    // The saved ids are dropped, too, so the shell cannot take back its privileges.
    let status =
        "while read name ids; do case $name in [UG]id:) echo $ids;; esac; done </proc/$$/status";
    assert_eq!(said(&[], status), "65534 65534 65534 65534\n".repeat(2));
    let later = format!("set +p; {ids}");
    assert_eq!(said(&["-p"], &later), "65534 65534 65534 65534\nc\n");
    assert_eq!(said(&["-i"], "echo \"$PS1\""), "$ \n");
}

#[test]
fn a_privileged_shell_executes_no_file_that_its_caller_has_chosen() {
    or_skip!(need_root());
    let sh = or_skip!(Arch::X86_64.sh());
    let scratch = Scratch::new(&or_skip!(Arch::X86_64.victim()));
    home(&scratch);
    let executed = |command: &mut Command, options: &[&str]| {
        command
            .env("HOME", scratch.path())
            .env("ENV", scratch.path().join("env"))
            .args(options)
            .args(["-l", "-i", "-c", ":"])
            .stdin(Stdio::null());
        output(command).1
    };
    let both = ".profile by 0\nenv by 0\n";
    assert_eq!(executed(&mut Command::new(&sh), &[]), both);
    assert_eq!(executed(&mut Command::new(&sh), &["-p"]), "");
    assert_eq!(executed(&mut set_user_id(&sh), &["-p"]), "");
    assert_eq!(executed(&mut set_user_id(&sh), &[]), "");
}

#[test]
fn the_history_is_only_a_file_of_the_user() {
    or_skip!(need_root());
    let sh = or_skip!(Arch::X86_64.sh());
    let scratch = Scratch::new(&or_skip!(Arch::X86_64.victim()));
    let path = |name: &str| scratch.path().join(name);
    let give = |name: &str| lchown(path(name), Some(USER), None).expect("another owner");
    for name in ["own", "theirs", "own by a link of theirs", "two names"] {
        fs::write(path(name), ": old\n").expect("a file");
    }
    fs::hard_link(path("two names"), path("other name")).expect("a hard link");
    give("theirs");
    for (link, target) in [
        ("link to theirs", "theirs"),
        ("link to own", "own"),
        ("their link", "own by a link of theirs"),
        ("link to nothing", "nothing"),
    ] {
        symlink(target, path(link)).expect("a link");
    }
    give("their link");
    let fifo = CString::new(path("fifo").to_str().expect("a plain path")).expect("a C string");
    // SAFETY: the argument is a path.
    assert_eq!(unsafe { libc::mkfifo(fifo.as_ptr(), 0o600) }, 0);
    // Returns the list that `fc` prints after a command was typed.
    let listed = |histfile: &str| {
        let mut command = Command::new(&sh);
        command.env("HISTFILE", path(histfile)).env("PS1", "");
        typed(&mut command, "fc -ln\n").0
    };
    for own in ["own", "link to own"] {
        assert!(listed(own).starts_with("\t: old\n"), "{own} is not read");
    }
    let text = |name: &str| fs::read_to_string(path(name)).expect("a file");
    assert_eq!(text("own"), ": old\nfc -ln\n");
    for other in [
        "theirs",
        "link to theirs",
        "their link",
        "link to nothing",
        "fifo",
        "two names",
        "other name",
    ] {
        assert_eq!(listed(other), "", "{other}");
    }
    assert_eq!(text("theirs"), ": old\n");
    assert_eq!(text("own by a link of theirs"), ": old\n");
    assert_eq!(text("two names"), ": old\n");
    assert!(!path("nothing").exists());
}

#[test]
fn a_prompt_shows_a_directory_without_its_control_characters() {
    let sh = or_skip!(Arch::X86_64.sh());
    let scratch = Scratch::new(&or_skip!(Arch::X86_64.victim()));
    // An escape sequence that sets a title, and the same with control characters of ISO 8859-1, once encoded in UTF-8.
    let name = b"a\x1b]0;b\x07\x9dc\xc2\x9dd\x7f\n\xc3\xa9";
    let directory = scratch.path().join(OsStr::from_bytes(name));
    fs::create_dir(&directory).expect("a directory");
    for (prompt, start) in [
        ("\\W|", ""),
        ("\\e[1m\\W|", "\x1b[1m"),
        ("${PWD##*/}|", ""),
        ("${x}\\W|", "\x1b[m"),
    ] {
        for (locale, shown) in [
            ("C.UTF-8", &b"a?]0;b??c?d??\xc3\xa9"[..]),
            ("C", b"a?]0;b??c\xc2?d??\xc3\xa9"),
        ] {
            let mut command = Command::new(&sh);
            command
                .env_clear()
                .current_dir(&directory)
                .env("PS1", prompt);
            command.env("LC_ALL", locale).env("x", "\x1b[m");
            let expected = [start.as_bytes(), shown, b"|"].concat();
            let (_, found) = typed(&mut command, "");
            let text = found.escape_ascii();
            assert!(found.starts_with(&expected), "{prompt} in {locale}: {text}");
        }
    }
    // The executed program gets the name unchanged.
    let mut command = Command::new(&sh);
    command
        .env_clear()
        .current_dir(&directory)
        .env("PS1", "$PWD");
    let (_, found) = typed(&mut command, "printf '%s' \"$PWD\" >&2\n");
    let path = directory.as_os_str().as_bytes();
    let is_there = found.windows(path.len()).any(|part| part == path);
    assert!(is_there, "{}", found.escape_ascii());
}

#[test]
fn inits_request_for_enter_shows_a_name_without_control_characters() {
    let init = or_skip!(Arch::X86_64.init());
    for (name, shown) in [("\x1bctitle\x07", r#""\x1bctitle\x07""#), ("top", "top")] {
        let mut command = Command::new(&init);
        command.arg0("askfirst").arg(name).stdin(Stdio::null());
        let expected = format!("{shown}: Press Enter to start\n");
        assert_eq!(output(&mut command).0, expected);
    }
}

#[test]
fn jobs_are_shown_without_control_characters() {
    let sh = or_skip!(Arch::X86_64.sh());
    let text = "sh -c 'exec sleep 99' '\x1b]0;a\x07' & jobs; kill $!";
    let mut command = Command::new(&sh);
    command.args(["-c", text]).env("LC_ALL", "C");
    assert_eq!(
        output(&mut command).0,
        "[1] + Running sh -c 'exec sleep 99' '?]0;a?'\n"
    );
}

#[test]
fn no_command_line_ends_the_shell_by_a_signal() {
    let sh = or_skip!(Arch::X86_64.sh());
    let scratch = Scratch::new(&or_skip!(Arch::X86_64.victim()));
    let whole = [
        "",
        "-",
        "--",
        "+",
        "-o",
        "+o",
        "-c",
        "-s",
        "name",
        ":",
        "--login",
        "--nope",
        "errexit",
        "privileged",
        "vi",
        "-\u{ff}",
        "\n",
        "here",
    ];
    let letters = b"-+abceCfhilmnopsuvxz";
    let count = if is_long() { 20_000 } else { 300 };
    let mut seed: u64 = 24;
    let mut random = |below: usize| {
        // a generator of Knuth's
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as usize % below
    };
    for _ in 0..count {
        let words: Vec<String> = (0..random(5))
            .map(|_| match random(3) {
                0 => whole[random(whole.len())].into(),
                _ => (0..=random(4))
                    .map(|_| char::from(letters[random(letters.len())]))
                    .collect(),
            })
            .collect();
        let mut command = Command::new(&sh);
        command.args(&words).env_clear().current_dir(scratch.path());
        // The child leaves the terminal of the tests' caller. SAFETY: the hook makes one system call.
        unsafe {
            command.pre_exec(|| match libc::setsid() {
                -1 => Err(io::Error::last_os_error()),
                _ => Ok(()),
            });
        }
        let null = [Stdio::null(), Stdio::null(), Stdio::null()];
        let [stdin, stdout, stderr] = null;
        let status = command.stdin(stdin).stdout(stdout).stderr(stderr).status();
        assert!(status.expect("the shell").code().is_some(), "{words:?}");
    }
}

#[test]
fn a_static_pie_is_loaded_at_an_address_of_its_own_each_time() {
    if !is_long() {
        return say("skipped: only in the long form");
    }
    let randomize = fs::read_to_string("/proc/sys/kernel/randomize_va_space");
    if randomize.is_ok_and(|it| it.trim() == "0") {
        return say("skipped: this kernel does not randomise addresses");
    }
    let spawn = or_skip!(built_as_pie("spawn"));
    let address = || {
        let script = "read first rest </proc/$PPID/maps; echo $first";
        let output = output(Command::new(&spawn).args(["sh", "-c", script]));
        assert!(output.0.contains('-'), "{output:?}");
        output.0
    };
    assert_ne!(address(), address());
    let expected = "spawn: exec \"nope\": ENOENT: no such file or directory\n";
    assert_eq!(output(Command::new(&spawn).arg("nope")).1, expected);
}
