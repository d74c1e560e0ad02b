//! Tests redirections of every kind of command, from one table, with nestling's `sh` and with the other shells that are
//! installed. Standard input and output are a file, a pipe, a terminal, `/dev/null`, or closed. Where the other shells
//! agree, nestling's must agree with them; where they differ, it must do the same as one of them.
//!
//! In the short form, a shell runs only the cases in which nestling's agrees with none of the shells before it. The long form
//! (`cargo xtask test --long`) also counts the cases in which all other shells agree.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use nestling_host_tests::{Arch, Scratch, installed, is_long, or_skip, say, terminal};

/// Commands that read a line and write it; `@` stands for the redirection.
const READERS: [(&str, &str); 18] = [
    ("program", "head -n 1 @"),
    ("program by exec", "(exec head -n 1 @)"),
    ("program in a pipeline", "head -n 1 @ | cat"),
    ("program at the end of a pipeline", "echo u | head -n 1 @"),
    ("program in the background", "head -n 1 @ & wait $!"),
    ("program in a substitution", "echo \"$(head -n 1 @)\""),
    (
        "program among others in a substitution",
        "echo \"$(:; head -n 1 @)\"",
    ),
    ("built-in", "read x @ && echo \"$x\""),
    ("built-in by command", "command read x @ && echo \"$x\""),
    ("special built-in", "eval 'read x && echo \"$x\"' @"),
    ("exec", "(exec @; head -n 1)"),
    ("function", "f() { read x && echo \"$x\"; }; f @"),
    (
        "function's definition",
        "f() { read x && echo \"$x\"; } @; f",
    ),
    ("group", "{ read x && echo \"$x\"; } @"),
    ("subshell", "(head -n 1) @"),
    ("loop", "while read x; do echo \"$x\"; break; done @"),
    ("if", "if read x; then echo \"$x\"; else false; fi @"),
    ("for", "for i in 1; do read x && echo \"$x\"; done @"),
];

const INPUTS: [&str; 11] = [
    "</dev/stdin",
    "</dev/fd/0",
    "<../link0",
    "<&0",
    "<>/dev/stdin",
    "3</dev/stdin <&3",
    "3<&0 </dev/null </dev/fd/3",
    "</dev/fd/8",
    "<../in </dev/stdin",
    "</nonexistent",
    "<&6",
];

/// Commands that write a line; `@` stands for the redirection.
const WRITERS: [(&str, &str); 14] = [
    ("program", "env echo o @"),
    ("program by exec", "(exec env echo o @)"),
    ("program in a pipeline", "env echo o @ | sed s/^/p/"),
    ("program in the background", "env echo o @ & wait $!"),
    ("program in a substitution", "echo \"<$(env echo o @)>\""),
    ("built-in in a substitution", "echo \"<$(echo o @)>\""),
    ("built-in in a pipeline", "echo o @ | sed s/^/p/"),
    ("built-in", "echo o @"),
    ("special built-in", "eval 'echo o' @"),
    ("exec", "(exec @; env echo o)"),
    ("function", "f() { env echo o; echo o; }; f @"),
    ("group", "{ env echo o; echo o; } @"),
    ("subshell", "(env echo o) @"),
    ("nothing", "no_such_program @"),
];

const OUTPUTS: [&str; 11] = [
    ">/dev/stdout",
    ">>/dev/stdout",
    ">/dev/fd/1",
    ">../link1",
    ">&1",
    "2>/dev/stdout",
    "3>&1 >/dev/null >/dev/fd/3",
    "3>/dev/stdout >&3",
    ">g 2>/dev/stdout",
    ">&6",
    ">&-",
];

/// The kinds of standard input and output. `@` stands for a case. The output of the case is in `out` afterwards, except
/// at a terminal.
const KINDS: [(&str, &str); 5] = [
    ("file", "{ @; } <../in >../out"),
    ("pipe", "(printf 'l\\nm\\n' | { @; }) | cat >../out; false"),
    ("null", "{ @; } </dev/null >/dev/null"),
    ("closed", "{ @; } <&- >&-"),
    ("terminal", "{ @; }"),
];

#[test]
fn redirections_have_the_same_effect_as_in_other_shells() {
    let ours: Shell = (or_skip!(Arch::X86_64.sh()), &[]);
    let mut shells = vec![ours];
    for (program, options) in [
        ("dash", &[][..]),
        ("bash", &["--posix"]),
        ("mksh", &["-o", "posix"]),
        ("yash", &["-o", "posixly-correct"]),
        ("busybox", &["ash"]),
    ] {
        match installed(program) {
            Ok(()) => shells.push((Path::new("/usr/bin").join(program), options)),
            Err(why) => say(&format!("# skipped: {why}")),
        }
    }
    let (mut all, mut agreed, mut wrong) = (0, 0, Vec::new());
    for (kind, frame) in KINDS {
        let mut cases = cases();
        if kind == "closed" {
            // In this situation bash's own pipe takes the number from which the commands of the substitution read, and
            // bash waits for itself.
            cases.retain(|(name, _)| !name.contains("substitution"));
        }
        let cases = &cases;
        all += cases.len();
        if !is_long() {
            wrong.extend(disagreements(&shells, kind, frame, cases));
            continue;
        }
        let outcomes: Vec<Vec<String>> = thread::scope(|scope| {
            let runs: Vec<_> = shells
                .iter()
                .map(|shell| {
                    scope.spawn(move || run(shell, kind, frame, cases, &vec![true; cases.len()]))
                })
                .collect();
            let runs = runs.into_iter();
            runs.map(|run| run.join().expect("a run")).collect()
        });
        for (number, (name, case)) in cases.iter().enumerate() {
            let all: Vec<Option<&String>> =
                outcomes.iter().map(|outcome| outcome.get(number)).collect();
            let (mine, theirs) = all.split_first().expect("ours is the first");
            agreed += usize::from(theirs.windows(2).all(|pair| pair[0] == pair[1]));
            if !theirs.contains(mine) {
                wrong.push(format!(
                    "{kind}, {name}: {case}\n  ours   {mine:?}\n  theirs {theirs:?}"
                ));
            }
        }
    }
    let others = shells.len() - 1;
    let agreement = match is_long() {
        true => format!("; on {agreed} the other {others} shells agree"),
        false => String::new(),
    };
    say(&format!("# {all} cases{agreement}"));
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    if is_long() {
        assert!(agreed > all / 2, "they agree on {agreed} only");
    }
}

/// A shell's program and its options.
type Shell = (PathBuf, &'static [&'static str]);

/// A case's name and its text.
type Case = (&'static str, String);

/// Describes the cases in which the first shell agrees with no other. Each of the others runs only the cases that are left.
fn disagreements(shells: &[Shell], kind: &str, frame: &str, cases: &[Case]) -> Vec<String> {
    let (ours, others) = shells.split_first().expect("ours is the first");
    let mut left = vec![true; cases.len()];
    let mine = run(ours, kind, frame, cases, &left);
    assert_eq!(mine.len(), cases.len(), "{kind}: not every case has run");
    let mut theirs = vec![Vec::new(); cases.len()];
    for shell in others {
        let mut outcomes = run(shell, kind, frame, cases, &left).into_iter();
        for number in (0..cases.len())
            .filter(|&number| left[number])
            .collect::<Vec<_>>()
        {
            // A shell that ends early agrees with nothing.
            let outcome = outcomes.next();
            left[number] = outcome.as_ref() != Some(&mine[number]);
            theirs[number].push(outcome);
        }
    }
    let describe = |number: usize| {
        let ((name, case), mine, theirs) = (&cases[number], &mine[number], &theirs[number]);
        format!("{kind}, {name}: {case}\n  ours   {mine:?}\n  theirs {theirs:?}")
    };
    let numbers = 0..cases.len();
    numbers
        .filter(|&number| left[number])
        .map(describe)
        .collect()
}

fn cases() -> Vec<Case> {
    let reading = READERS
        .iter()
        .flat_map(|&(name, text)| INPUTS.map(|input| (name, text.replace('@', input))));
    let writing = WRITERS
        .iter()
        .flat_map(|&(name, text)| OUTPUTS.map(|output| (name, text.replace('@', output))));
    reading.chain(writing).collect()
}

/// Runs the wanted cases in one script, in which each case has the same line whichever are wanted: messages contain it. Returns
/// for each wanted case its output, and its exit status where no pipe hides it.
fn run(
    (program, options): &Shell,
    kind: &str,
    frame: &str,
    cases: &[Case],
    wanted: &[bool],
) -> Vec<String> {
    let scratch = Scratch::new(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lib.rs")));
    let file = |name: &str| scratch.path().join(name);
    let inside = file("inside");
    fs::create_dir(&inside).expect("a directory");
    for number in 0..2 {
        let target = format!("/proc/self/fd/{number}");
        std::os::unix::fs::symlink(target, file(&format!("link{number}"))).expect("a link");
    }
    fs::write(file("in"), "i\nj\n").expect("a file");
    fs::write(file("eight"), "8\n").expect("a file");
    let mut script = String::from("exec 8<../eight 9>../log 2>/dev/null\n");
    for ((_, case), wanted) in cases.iter().zip(wanted) {
        if !wanted {
            script.push_str(if kind == "terminal" { "\n\n" } else { "\n" });
            continue;
        }
        let framed = frame.replace('@', case);
        script.push_str(&format!(
            ": >g; : >../out; ({framed}); echo \"== $?\" >&9; cat ../out g >&9\n"
        ));
        if kind == "terminal" {
            script.push_str("echo ==\n");
        }
    }
    fs::write(file("script"), script).expect("a script");

    let mut command = Command::new(program);
    command.args(*options).arg("../script").env_clear();
    command.env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
    command.current_dir(&inside).stderr(Stdio::null());
    let mut shown = Vec::new();
    if kind == "terminal" {
        let (controller, path) = terminal();
        let mut options = File::options();
        let terminal = options
            .read(true)
            .write(true)
            .open(&path)
            .expect("the terminal");
        command.stdin(terminal.try_clone().expect("a duplicate"));
        command.stdout(terminal.try_clone().expect("a duplicate"));
        // SAFETY: the hook makes one system call.
        unsafe {
            command.pre_exec(|| {
                libc::setsid();
                libc::ioctl(0, libc::TIOCSCTTY, 0);
                Ok(())
            })
        };
        let mut controller = File::from(controller);
        quiet(&terminal);
        // A line for each case that reads one, and more lines for cases that read more.
        controller
            .write_all("t\n".repeat(1500).as_bytes())
            .expect("lines");
        let mut child = command.spawn().expect("the shell");
        drop((command, terminal));
        // The read fails when no process has the terminal open any more.
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = controller.read(&mut buffer) {
            shown.extend_from_slice(&buffer[..count]);
        }
        child.wait().expect("its end");
    } else {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.status().expect("the shell");
    }
    let log = fs::read(file("log")).expect("the log");
    let mut parts = split(&log);
    let shown = String::from_utf8_lossy(&shown).replace("\r\n", "\n");
    for (part, shown) in parts.iter_mut().zip(shown.split("==\n")) {
        part.push_str(shown);
    }
    parts
}

fn split(log: &[u8]) -> Vec<String> {
    let log = String::from_utf8_lossy(log);
    log.split("== ").skip(1).map(String::from).collect()
}

/// Turns off the terminal's echo.
fn quiet(terminal: &File) {
    // SAFETY: all zeros are valid modes, and the descriptor is a terminal.
    unsafe {
        let mut modes: libc::termios = std::mem::zeroed();
        assert_eq!(libc::tcgetattr(terminal.as_raw_fd(), &raw mut modes), 0);
        modes.c_lflag &= !libc::ECHO;
        assert_eq!(
            libc::tcsetattr(terminal.as_raw_fd(), libc::TCSANOW, &raw const modes),
            0
        );
    }
}
