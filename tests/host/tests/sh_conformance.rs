//! Tests the conformance of `sh` to XCU (POSIX.1-2024), case by case. The cases are in `tests/host/sh`: one file for
//! each clause or utility, and `extension-….t` for what the shell offers beyond the standard.
//!
//! A case has three parts: a line with its name (the statement that the case proves) and the standard's clause in brackets, the script,
//! and the expected result:
//!
//! ```text
//! === a backslash preserves the literal value of the character after it [2.2.1]
//! echo \$x
//! ---
//! $x
//!
//! ```
//!
//! An empty line ends a case. Lines before the first case are put before each script of the file (lines that begin with
//! `#` are comments). A case may also contain:
//!
//! - `$ ARGUMENTS` in the line after the name: the arguments of the shell, in place of `-c SCRIPT`. The word `SCRIPT`
//!   stands for the script, `FILE` for the path of a file with the script, `''` for an empty argument. Without `SCRIPT`
//!   or `FILE`, the script is standard input.
//! - `<<<` after the script: the following lines are standard input, which is otherwise empty.
//! - `--- STATUS STDERR`: the expected exit status, or `>N` for any status greater than N; then `stderr` if the shell
//!   must write to standard error, or `any` if it may. Without these words, the status must be 0, and standard error
//!   must be empty.
//! - `+++` after the expected result: a table follows. Each line of the table makes a case of its own. ` => ` separates
//!   its columns, which replace `{0}`, `{1}`, … in the case. A column that the line does not have is empty. A line of
//!   the case that consists of empty columns only is removed. `␤` stands for the end of a line.
//!
//! Each script runs in an empty directory, which is also its `HOME`, and in a new session. Its environment is `PATH`,
//! `LC_ALL=C` and `SH`, the path of the shell. A script that runs for 20 seconds fails: it hangs.
//!
//! `NESTLING_SH_OTHER="yash -o posixly-correct"` runs the cases with another shell, to check the cases themselves: a
//! case that no other shell passes is in here only if its clause leaves no doubt. `NESTLING_SH_CASES=TEXT` selects the
//! cases whose file and name contain TEXT.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use nestling_host_tests::{Arch, Scratch, or_skip, say};

const TIMEOUT_MILLISECONDS: i32 = 20_000;

/// The least number of cases: a mistake in a file's format must not make cases disappear.
const AT_LEAST: usize = 1_500;

#[test]
fn the_shell_does_what_the_standard_says_on_x86_64() {
    conforms(Arch::X86_64);
}

#[test]
fn the_shell_does_what_the_standard_says_on_i386() {
    conforms(Arch::I386);
}

fn conforms(arch: Arch) {
    let shell = match env::var("NESTLING_SH_OTHER") {
        Ok(other) if arch == Arch::X86_64 => other,
        Ok(_) => return,
        Err(_) => or_skip!(arch.sh()).to_str().expect("a plain path").into(),
    };
    let mut cases = cases();
    let all = cases.len();
    if let Ok(part) = env::var("NESTLING_SH_CASES") {
        cases.retain(|case| format!("{} {}", case.position, case.name).contains(&part));
    }
    let failures = run_all(&shell, &cases);
    for (_, text) in &failures {
        say(text);
    }
    let passed = cases.len() - failures.len();
    say(&format!("{shell}: {passed} of {} cases pass", cases.len()));
    assert!(failures.is_empty(), "{} cases fail", failures.len());
    assert!(all >= AT_LEAST, "there are {all} cases only");
}

#[derive(Clone, Debug)]
struct Case {
    /// The file and the line of the case.
    position: String,
    name: String,
    arguments: Vec<String>,
    script: String,
    input: String,
    stdout: String,
    status: Status,
    stderr: Stderr,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Status {
    Is(i32),
    GreaterThan(i32),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stderr {
    Empty,
    Something,
    Anything,
}

/// Returns the cases of all files.
fn cases() -> Vec<Case> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/sh"));
    let entries = fs::read_dir(folder).expect("the folder of cases");
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files
        .iter()
        .filter(|file| file.extension().is_some_and(|end| end == "t"))
    {
        let text = fs::read_to_string(file).expect("a file of cases");
        let name = file.file_name().and_then(|name| name.to_str());
        cases.extend(parse(name.expect("a plain name"), &text));
    }
    cases
}

/// Returns the cases of a file.
fn parse(file: &str, text: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut prelude = String::new();
    let mut block: Vec<&str> = Vec::new();
    let mut start = 0;
    let last = text.lines().count();
    for (index, line) in text.lines().chain(["=== "]).enumerate() {
        if !line.starts_with("=== ") {
            block.push(line);
            continue;
        }
        if start == 0 {
            for line in block
                .iter()
                .filter(|line| !line.starts_with('#') && !line.is_empty())
            {
                let _ = writeln!(prelude, "{line}");
            }
        } else {
            let position = format!("{file}:{start}");
            let ended = block.last() == Some(&"");
            assert!(
                ended || index == last,
                "{position}: no empty line at the end"
            );
            if ended {
                block.pop();
            }
            rows(&position, &prelude, &block, &mut cases);
        }
        block = vec![line];
        start = index + 1;
    }
    let mut names = BTreeSet::new();
    for case in &cases {
        assert!(
            names.insert(&case.name),
            "{}: {} is there twice",
            case.position,
            case.name
        );
    }
    cases
}

/// Reads a block: one case, or one case for each line of its table.
fn rows(position: &str, prelude: &str, block: &[&str], cases: &mut Vec<Case>) {
    let Some(table) = block.iter().position(|&line| line == "+++") else {
        let lines: Vec<String> = block.iter().map(|&line| line.into()).collect();
        return cases.push(case(position, prelude, &lines));
    };
    let (line, number) = position.split_once(':').expect("a file and a line");
    let number: usize = number.parse().expect("a line");
    for (index, row) in block[table + 1..].iter().enumerate() {
        // The last column may be empty.
        let padded = format!("{row} ");
        let columns: Vec<&str> = padded.split(" => ").map(str::trim).collect();
        let position = format!("{line}:{}", number + table + 1 + index);
        assert!(!row.is_empty(), "{position}: an empty line in a table");
        let lines = block[..table]
            .iter()
            .filter_map(|line| fill(line, &columns));
        let lines: Vec<String> = lines.collect();
        cases.push(case(&position, prelude, &lines));
    }
}

/// Puts the columns into a line. Returns nothing if the line consists of empty columns only.
fn fill(line: &str, columns: &[&str]) -> Option<String> {
    let mut filled = String::new();
    let mut rest = line;
    let mut changed = false;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        let mut chars = from.chars().skip(1);
        match (
            chars.next().and_then(|digit| digit.to_digit(10)),
            chars.next(),
        ) {
            (Some(column), Some('}')) => {
                changed = true;
                let text = columns.get(column as usize).copied().unwrap_or_default();
                filled.push_str(&text.replace('␤', "\n"));
                rest = &from[3..];
            }
            _ => {
                filled.push('{');
                rest = &from[1..];
            }
        }
    }
    filled.push_str(rest);
    (!changed || !filled.is_empty()).then_some(filled)
}

/// Makes a case from its lines.
fn case(position: &str, prelude: &str, lines: &[String]) -> Case {
    let bad = |why: &str| -> ! { panic!("{position}: {why}") };
    let Some((name, mut rest)) = lines.split_first() else {
        bad("no name");
    };
    let name = name.strip_prefix("=== ").unwrap_or(name);
    if !name.ends_with(']') || !name.contains(" [") {
        bad("no clause");
    }
    let mut arguments = vec!["-c".into(), "SCRIPT".into()];
    if let Some((first, others)) = rest.split_first()
        && let Some(words) = first.strip_prefix("$ ")
    {
        arguments = words.split_whitespace().map(String::from).collect();
        rest = others;
    }
    let is_end = |line: &String| line == "---" || line.starts_with("--- ");
    let Some(end) = rest.iter().position(is_end) else {
        bad("nothing expected");
    };
    let (before, after) = (&rest[..end], &rest[end + 1..]);
    let mut parts = before.splitn(2, |line| line == "<<<");
    let text =
        |lines: &[String]| -> String { lines.iter().flat_map(|line| [line, "\n"]).collect() };
    let script = text(parts.next().unwrap_or_default());
    let input = text(parts.next().unwrap_or_default());
    let (mut status, mut stderr) = (Status::Is(0), Stderr::Empty);
    for word in rest[end].split_whitespace().skip(1) {
        match (word, word.strip_prefix('>'), word.parse()) {
            ("stderr", ..) => stderr = Stderr::Something,
            ("any", ..) => stderr = Stderr::Anything,
            (_, Some(least), _) => status = Status::GreaterThan(least.parse().expect("a number")),
            (_, _, Ok(number)) => status = Status::Is(number),
            _ => bad("what is expected is not clear"),
        }
    }
    Case {
        position: position.into(),
        name: name.into(),
        arguments,
        script: format!("{prelude}{script}"),
        input,
        stdout: text(after),
        status,
        stderr,
    }
}

/// Runs all cases, as many at a time as there are processors. Returns the cases that fail, each with the reason.
fn run_all(shell: &str, cases: &[Case]) -> Vec<(usize, String)> {
    let scratch = Scratch::new(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lib.rs")));
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(2, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(index) else { break };
                    let folder = scratch.path().join(index.to_string());
                    fs::create_dir(&folder).expect("a directory");
                    if let Err(text) = run(shell, case, &folder) {
                        failures.lock().expect("no panic").push((index, text));
                    }
                    // A process that still runs may create files in the folder at the same time, so this may fail.
                    let _ = fs::remove_dir_all(&folder);
                }
            });
        }
    });
    let mut failures = failures.into_inner().expect("no panic");
    failures.sort();
    failures
}

fn run(shell: &str, case: &Case, folder: &Path) -> Result<(), String> {
    let directory = folder.join("place");
    fs::create_dir(&directory).expect("a directory");
    let file = |name: &str| folder.join(name);
    let words = |text: &str| match text {
        "SCRIPT" => case.script.trim_end_matches('\n').to_owned(),
        "FILE" => "../script".into(),
        "''" => String::new(),
        other => other.into(),
    };
    let named = |word: &str| case.arguments.iter().any(|argument| argument == word);
    let input = match named("SCRIPT") || named("FILE") {
        true => &case.input,
        false => &case.script,
    };
    fs::write(file("script"), &case.script).expect("a file");
    fs::write(file("input"), input).expect("a file");
    let mut program = shell.split_whitespace();
    let mut command = Command::new(program.next().expect("a shell"));
    command
        .args(program)
        .args(case.arguments.iter().map(|word| words(word)));
    command.env_clear().current_dir(&directory);
    command.env("PATH", "/usr/bin:/bin").env("HOME", &directory);
    command.env("LC_ALL", "C").env("SH", shell);
    command.stdin(File::open(file("input")).expect("a file"));
    command.stdout(File::create(file("stdout")).expect("a file"));
    command.stderr(File::create(file("stderr")).expect("a file"));
    if env::var_os("NESTLING_SH_OTHER").is_none() {
        command.arg0("sh");
    }
    // SAFETY: the hook makes system calls only.
    unsafe { command.pre_exec(as_if_alone) };
    let status = end_of(command).map_err(|error| format!("{shell}: {error}"))?;
    let output = |name: &str| {
        let bytes = fs::read(file(name)).expect("a file");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    judge(case, status, &output("stdout"), &output("stderr"))
}

/// Runs in the child: removes everything that a script could notice of the caller of these tests.
fn as_if_alone() -> std::io::Result<()> {
    // SAFETY: the calls take numbers only.
    unsafe {
        libc::setsid();
        libc::umask(0o022);
        for signal in 1..32 {
            libc::signal(signal, libc::SIG_DFL);
        }
    }
    Ok(())
}

/// Runs a command to its end, and kills what is left of its process group. Returns no status if the command took too
/// long.
fn end_of(mut command: Command) -> std::io::Result<Option<ExitStatus>> {
    let mut child = command.spawn()?;
    let id = child.id() as i32;
    // SAFETY: the calls take numbers only; the descriptor is a new one.
    let ended = unsafe {
        let pidfd = libc::syscall(libc::SYS_pidfd_open, id, 0);
        assert!(pidfd >= 0, "{}", std::io::Error::last_os_error());
        let pidfd = OwnedFd::from_raw_fd(pidfd as i32);
        let mut poll = libc::pollfd {
            fd: pidfd.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let ended = libc::poll(&mut poll, 1, TIMEOUT_MILLISECONDS) == 1;
        // The child is not reaped yet, so its id still means this group.
        libc::kill(-id, libc::SIGKILL);
        ended
    };
    let status = child.wait()?;
    Ok(ended.then_some(status))
}

/// Returns nothing if a case passes; otherwise a description of the failure.
fn judge(
    case: &Case,
    status: Option<ExitStatus>,
    stdout: &str,
    stderr: &str,
) -> Result<(), String> {
    let mut wrong = String::new();
    match status {
        None => wrong.push_str("it hangs\n"),
        Some(status) => {
            let number = status
                .code()
                .unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
            let right = match case.status {
                Status::Is(expected) => status.code() == Some(expected),
                Status::GreaterThan(least) => number > least,
            };
            if !right {
                let _ = writeln!(wrong, "{status}, not {:?}", case.status);
            }
        }
    }
    if stdout != case.stdout {
        let (mut expected, mut got) = (case.stdout.lines(), stdout.lines());
        loop {
            let _ = match (expected.next(), got.next()) {
                (None, None) => break,
                (Some(one), Some(other)) if one == other => writeln!(wrong, "  {one}"),
                (one, other) => {
                    for (sign, line) in [("- ", one), ("+ ", other)] {
                        if let Some(line) = line {
                            let _ = writeln!(wrong, "{sign}{line}");
                        }
                    }
                    Ok(())
                }
            };
        }
        if !stdout.is_empty() && !stdout.ends_with('\n') {
            wrong.push_str("(no end of line)\n");
        }
    }
    match (case.stderr, stderr.is_empty()) {
        (Stderr::Something, true) => wrong.push_str("nothing on standard error\n"),
        (Stderr::Empty, false) => wrong.push_str("something on standard error\n"),
        _ => {}
    }
    if wrong.is_empty() {
        return Ok(());
    }
    for line in stderr.lines().take(5) {
        let _ = writeln!(wrong, "! {line}");
    }
    let mut text = format!("FAILED {} {}\n", case.position, case.name);
    for line in case.script.lines() {
        let _ = writeln!(text, "    {line}");
    }
    for line in wrong.lines() {
        let _ = writeln!(text, "  {line}");
    }
    Err(text)
}
