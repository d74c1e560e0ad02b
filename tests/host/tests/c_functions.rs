//! Tests that the functions of the package `nestling-c` do the same as those of the C libraries, except where the table
//! in its README gives a reason.
//!
//! A program in C (`tests/host/c/functions.c`) uses every function, attribute, action and error. It runs with the
//! functions of its libc, with those of `libnestling_c.so` by `LD_PRELOAD`, and linked with `libnestling_c.a`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nestling_host_tests::{Scratch, built_c_library, installed, or_skip, run};

/// A C library, and how to compile for it.
struct Libc {
    /// The name of its column in the table.
    column: &'static str,
    compiler: &'static str,
    options: &'static [&'static str],
    target: &'static str,
}

const GLIBC: Libc = Libc {
    column: "glibc",
    compiler: "gcc",
    options: &[],
    target: "x86_64-unknown-linux-gnu",
};

const GLIBC_I386: Libc = Libc {
    options: &["-m32"],
    target: "i686-unknown-linux-gnu",
    ..GLIBC
};

const MUSL: Libc = Libc {
    column: "musl",
    compiler: "musl-gcc",
    ..GLIBC
};

#[test]
fn the_functions_differ_from_glibcs_only_as_documented_on_x86_64() {
    the_functions_differ_only_as_documented(&GLIBC);
}

#[test]
fn the_functions_differ_from_glibcs_only_as_documented_on_i386() {
    the_functions_differ_only_as_documented(&GLIBC_I386);
}

#[test]
fn the_functions_differ_from_musls_only_as_documented() {
    the_functions_differ_only_as_documented(&MUSL);
}

/// The program's output for each situation, by the situation's name.
type Answers = BTreeMap<String, String>;

fn the_functions_differ_only_as_documented(libc: &Libc) {
    or_skip!(libc.compiles());
    let libraries = or_skip!(built_c_library(libc.target));
    let scratch = Scratch::new(report());
    let shared = compile(libc, &scratch, "functions", &[]);
    let archive = libraries.join("libnestling_c.a");
    let archive = archive.to_str().expect("a plain path");
    let linked = compile(
        libc,
        &scratch,
        "functions",
        &["-static", "-DSTATIC", archive],
    );
    let alone = play(&scratch, &shared, None);
    let ours = play(&scratch, &shared, Some(&libraries.join("libnestling_c.so")));
    assert_eq!(play(&scratch, &linked, None), ours);

    let documented = documented(libc.column);
    for (situation, answer) in &ours {
        let theirs = &alone[situation];
        assert_eq!(
            answer != theirs,
            documented.contains(situation),
            "{situation}\n  nestling: {answer}\n  {}: {theirs}",
            libc.column
        );
    }
    for situation in &documented {
        assert!(ours.contains_key(situation), "no situation {situation:?}");
    }
    for (situation, expected) in OURS {
        assert_eq!(&ours[*situation], expected, "{situation}");
    }
}

/// The results of nestling's functions in situations in which they differ from every libc.
const OURS: &[(&str, &str)] = &[
    ("the flag POSIX_SPAWN_SETCGROUP", "0"),
    ("a cgroup is returned as it was set", "0 0 9"),
    (
        "negative numbers for addclosefrom_np and addtcsetpgrp_np",
        "EBADF EBADF",
    ),
    ("addclose of a number above the limit", "0"),
    ("adddup2 to a number above the limit", "0 EBADF"),
    ("errno after a failure", "ENOENT 77"),
    (
        "a search for a long name if no directory of PATH exists",
        "ENAMETOOLONG",
    ),
    ("a cgroup that is not open", "EBADF"),
    (
        "pidfd_spawn and pidfd_spawnp",
        "0 cloexec=1 exit=7 ENOENT -5 0 1 exit=0",
    ),
    ("no free descriptor", "0 exit=8"),
    ("system of a command that begins with a dash", "exit=127"),
    (
        "a thread that is cancelled in system",
        "1 cancelled no child default exit=5",
    ),
    (
        "modes of popen",
        ":EINVAL x:EINVAL e:EINVAL r+:EINVAL rr: exit=3 rb:EINVAL er: exit=3",
    ),
    ("the mode rw of popen", "EINVAL"),
    (
        "scheduling is returned as it was set",
        "0 0 0 0 EINVAL 0 EINVAL EINVAL 0 0 2 17",
    ),
    (
        "nestling_spawn_error",
        "0  63 file action 1 (open \"/nope\"): ENOENT: no such file or directory 63 63 file ac 63 0 | 63 exec \"/nope\": ENOENT: no such file or directory",
    ),
];

/// Returns the situations of the README's table for this libc.
fn documented(column: &str) -> Vec<String> {
    let text = include_str!("../../../src/c/README.md");
    let rows = text.lines().filter_map(|line| {
        let cells = line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ");
        Some(cells.collect::<Vec<_>>())
    });
    let mut rows = rows.skip_while(|cells| cells[0] != "Situation");
    let head = rows.next().expect("the table");
    let starts = |cell: &&str| cell.starts_with(column);
    let index = head.iter().position(starts).expect("the libc's column");
    rows.take_while(|cells| cells.len() == head.len())
        .filter(|cells| cells[index] != "=")
        .map(|cells| cells[0].into())
        .collect()
}

impl Libc {
    /// An error if no compiler for it is installed.
    fn compiles(&self) -> Result<(), String> {
        installed(self.compiler)?;
        let output = run(self.compiler, |command| {
            command.args(self.options);
            command.args(["-E", "-include", "spawn.h", "-x", "c", "/dev/null"]);
        });
        match output.status.success() {
            true => Ok(()),
            false => Err(format!(
                "{} {} does not compile: Debian has what it lacks in gcc-multilib",
                self.compiler,
                self.options.join(" ")
            )),
        }
    }
}

/// Returns the program that the test programs start. It can run on this machine with each libc.
fn report() -> &'static Path {
    static REPORT: OnceLock<PathBuf> = OnceLock::new();
    REPORT.get_or_init(|| {
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("report");
        gcc(&GLIBC, &program, "report", &["-static"]);
        program
    })
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("c/{name}.c"))
}

/// Compiles a program of `tests/host/c`.
fn compile(libc: &Libc, scratch: &Scratch, name: &str, more: &[&str]) -> PathBuf {
    let number = fs::read_dir(scratch.path()).expect("a folder").count();
    let program = scratch.path().join(format!("{name}-{number}"));
    gcc(libc, &program, name, more);
    program
}

fn gcc(libc: &Libc, program: &Path, name: &str, more: &[&str]) {
    let output = run(libc.compiler, |command| {
        command.args(libc.options).args(["-O1", "-Wall", "-o"]);
        command.arg(program).arg(source(name)).args(more);
        command.arg("-pthread");
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

/// Runs the program in a new folder.
fn play(scratch: &Scratch, program: &Path, preload: Option<&Path>) -> Answers {
    let number = fs::read_dir(scratch.path()).expect("a folder").count();
    let folder = scratch.path().join(format!("run-{number}/here"));
    fs::create_dir_all(&folder).expect("a folder");
    let output = run("env", |command| {
        if let Some(library) = preload {
            command.arg(format!("LD_PRELOAD={}", library.display()));
        }
        command.arg(program).arg(scratch.path().join("program"));
        command.current_dir(&folder);
    });
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    let answers = text.lines().map(|line| {
        let (situation, answer) = line.split_once(':').expect("a situation");
        (situation.into(), answer.trim().into())
    });
    answers.collect()
}
