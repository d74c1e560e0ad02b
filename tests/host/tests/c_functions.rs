//! Tests that the functions of the package `nestling-c` do the same as those of the C libraries, except where the table
//! in its README gives a reason.
//!
//! A program in C (`tests/host/c/functions.c`) uses every function, attribute, action and error. It runs with the
//! functions of its libc, with those of `libnestling_c.so` by `LD_PRELOAD`, and linked with `libnestling_c.a`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use nestling_host_tests::{Scratch, built_c_library, installed, is_long, or_skip, run, say};

/// A C library, and how to compile for it.
struct Libc<'a> {
    /// The name of its column in the table.
    column: &'static str,
    compiler: &'a str,
    options: &'static [&'static str],
    target: &'static str,
    /// The options for linking a program with the archive.
    link: &'static [&'static str],
}

const GLIBC: Libc<'_> = Libc {
    column: "glibc",
    compiler: "gcc",
    options: &[],
    target: "x86_64-unknown-linux-gnu",
    link: &["-static-pie", "-DSTATIC"],
};

const GLIBC_I386: Libc<'_> = Libc {
    options: &["-m32"],
    target: "i686-unknown-linux-gnu",
    // With lazy binding, the program looks up its functions while it runs, also in the child.
    link: &["-Wl,-z,lazy", "-DSTATIC"],
    ..GLIBC
};

const MUSL: Libc<'_> = Libc {
    column: "musl",
    compiler: "musl-gcc",
    link: &["-static", "-DSTATIC"],
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

#[test]
fn the_functions_do_the_same_under_qemu_user_on_aarch64() {
    the_functions_do_the_same_under_qemu_user("aarch64", "aarch64-unknown-linux-gnu");
}

#[test]
fn the_functions_do_the_same_under_qemu_user_on_riscv64() {
    the_functions_do_the_same_under_qemu_user("riscv64", "riscv64gc-unknown-linux-gnu");
}

/// The functions are compared with those that run natively, not with those of glibc: where the memory cannot be shared, a child of
/// glibc's `posix_spawn` cannot report an error, and each failure looks like a program that has exited with 127.
///
/// Debian's cross compilers and its gcc-multilib cannot be installed together, so either this test or the test on i386 is skipped.
fn the_functions_do_the_same_under_qemu_user(arch: &str, target: &'static str) {
    let (compiler, emulator) = (format!("{arch}-linux-gnu-gcc"), format!("qemu-{arch}"));
    or_skip!(installed(&compiler));
    or_skip!(installed(&emulator));
    or_skip!(GLIBC.compiles());
    let foreign = Libc {
        compiler: &compiler,
        target,
        ..GLIBC
    };
    let (native, libraries) = (
        or_skip!(built_c_library(GLIBC.target)),
        or_skip!(built_c_library(target)),
    );
    let scratch = Scratch::new(report());
    let program = compile(&GLIBC, &scratch, "functions", &[]);
    let ours = play(&scratch, &program, Some(&native.join(SHARED)));
    let program = compile(&foreign, &scratch, "functions", &[]);
    let preload = format!("LD_PRELOAD={}", libraries.join(SHARED).display());
    let root = format!("/usr/{arch}-linux-gnu");
    let emulated = play_by(
        &scratch,
        &[&emulator, "-L", &root, "-E", &preload],
        &program,
    );
    same_but_for(&OF_THE_EMULATOR, &emulated, &ours);
}

/// The situations in which the emulator changes the answer. qemu-user cannot share memory, so a spawn needs the status
/// pipe. It also reserves some signals, and the stacks on some machines are larger.
const OF_THE_EMULATOR: [&str; 6] = [
    "the signals 32 and 33",
    // On these architectures, glibc has only one version of the function.
    "the oldest version of posix_spawn",
    "POSIX_SPAWN_SETSIGMASK",
    "POSIX_SPAWN_SETSIGMASK of all signals",
    "no free descriptor",
    "a thread with a stack of 16 KiB",
];

const SHARED: &str = "libnestling_c.so";

#[test]
fn each_refused_system_call_is_an_error_or_does_no_harm() {
    or_skip!(installed("strace"));
    or_skip!(GLIBC.compiles());
    let libraries = or_skip!(built_c_library(GLIBC.target));
    let scratch = Scratch::new(report());
    let program = compile(&GLIBC, &scratch, "faults", &[]);
    let mut text = String::new();
    for call in ["posix_spawn", "session", "system", "popen"] {
        let numbers = system_calls(&libraries, &program, call);
        let words: Vec<_> = [call]
            .into_iter()
            .chain(numbers.iter().map(String::as_str))
            .collect();
        text += &preloaded(&libraries, &program, &words);
    }
    let refused = |line: &str| {
        let (call, number) = line.strip_suffix(": refused")?.split_once(' ')?;
        Some((call.to_owned(), number.parse::<i64>().ok()?))
    };
    let refusals = text.lines().map(|line| refused(line).ok_or(line));
    let refusals: Vec<_> = refusals.collect::<Result<_, _>>().expect("only refusals");
    for (call, number) in [
        ("posix_spawn", libc::SYS_rt_sigprocmask),
        ("posix_spawn", libc::SYS_clone3),
        ("posix_spawn", libc::SYS_setpgid),
        ("posix_spawn", libc::SYS_openat),
        ("posix_spawn", libc::SYS_dup3),
        ("posix_spawn", libc::SYS_chdir),
        ("posix_spawn", libc::SYS_execve),
        ("session", libc::SYS_pipe2),
        ("session", libc::SYS_setsid),
        ("system", libc::SYS_clone3),
        ("system", libc::SYS_wait4),
        ("popen", libc::SYS_pipe2),
        ("popen", libc::SYS_statx),
        ("popen", libc::SYS_execve),
        ("popen", libc::SYS_wait4),
    ] {
        assert!(
            refusals.contains(&(call.into(), number)),
            "{call} {number}: {text}"
        );
    }
}

/// Returns the numbers of the system calls that `faults CALL` and its children make, except those without which no process ends.
fn system_calls(libraries: &Path, program: &Path, call: &str) -> BTreeSet<String> {
    let trace = program.with_extension(call);
    let output = run("strace", |command| {
        command.args(["-f", "-n", "-qq", "-e", "signal=none", "-E"]);
        command.arg(format!("LD_PRELOAD={}", libraries.join(SHARED).display()));
        command.arg("-o").arg(&trace).arg(program).arg(call);
    });
    assert!(output.status.success(), "{output:?}");
    let trace = fs::read_to_string(trace).expect("a trace");
    // A line is `PID [NUMBER] CALL(…`.
    let calls = trace
        .lines()
        .filter_map(|line| line.split_once('[')?.1.split_once("] "));
    calls
        .filter(|(_, call)| !call.starts_with("exit"))
        .map(|(number, _)| number.trim().into())
        .collect()
}

#[test]
fn the_library_does_the_same_after_dlopen() {
    for libc in [&GLIBC, &GLIBC_I386, &MUSL] {
        or_skip!(libc.compiles());
        let library = or_skip!(built_c_library(libc.target)).join(SHARED);
        let scratch = Scratch::new(report());
        let program = compile(libc, &scratch, "loaded", &[]);
        let output = run("env", |command| {
            command.arg(program).arg(&library);
        });
        let expected = "0 2 exec \"/nope\": ENOENT: no such file or directory 3 4 5 0 6\n";
        let answers = String::from_utf8_lossy(&output.stdout);
        assert_eq!(answers, expected, "{} {}", libc.column, libc.target);
    }
}

/// Only linked programs: for a program with more privileges than its caller's, the dynamic linker preloads nothing from a path.
#[test]
fn a_program_with_more_privileges_than_its_callers_ignores_the_variable() {
    for libc in [&GLIBC, &MUSL] {
        or_skip!(libc.compiles());
        let archive = or_skip!(built_c_library(libc.target)).join("libnestling_c.a");
        let scratch = Scratch::new(report());
        let archive = archive.to_str().expect("a plain path");
        let program = compile(libc, &scratch, "secure", &[libc.link, &[archive]].concat());
        let verbose = || {
            let output = run("env", |command| {
                command.arg("NESTLING_VERBOSE=1").arg(&program);
            });
            let text = |bytes| String::from_utf8(bytes).expect("text");
            (text(output.stdout), text(output.stderr))
        };
        let line = "nestling: posix_spawn: exec \"/nope\": ENOENT: no such file or directory\n";
        assert_eq!(verbose(), ("secure=0 answer=2\n".into(), line.into()));
        or_skip!(set_group_id(&program));
        let (answer, errors) = verbose();
        if answer.starts_with("secure=0") {
            say("skipped: the kernel ignores the set-group-ID bit of a file in this folder");
            return;
        }
        assert_eq!((&*answer, &*errors), ("secure=1 answer=2\n", ""));
    }
}

/// Gives the program to a group that this process does not have, and sets the set-group-ID bit.
fn set_group_id(program: &Path) -> Result<(), String> {
    chown(program, None, Some(65534))
        .and_then(|()| fs::set_permissions(program, Permissions::from_mode(0o2755)))
        .map_err(|error| format!("a set-group-ID program needs root: {error}"))
}

#[test]
fn eight_threads_beside_one_that_forks_leave_nothing_over() {
    for libc in [&GLIBC, &MUSL] {
        or_skip!(libc.compiles());
        let libraries = or_skip!(built_c_library(libc.target));
        let scratch = Scratch::new(report());
        let program = compile(libc, &scratch, "stress", &[]);
        let rounds = if is_long() { "10000" } else { "100" };
        let report = report().to_str().expect("a plain path");
        assert_eq!(preloaded(&libraries, &program, &[report, "8", rounds]), "");
    }
}

#[test]
fn memcheck_finds_no_fault_and_no_byte_left_over() {
    if !is_long() {
        return;
    }
    or_skip!(installed("valgrind"));
    or_skip!(GLIBC.compiles());
    let libraries = or_skip!(built_c_library(GLIBC.target));
    let scratch = Scratch::new(report());
    let program = compile(&GLIBC, &scratch, "stress", &[]);
    // Without threads, each kind of failure happens. With threads, a child has a copy of the locks that other threads hold.
    for [threads, rounds] in [["0", "60"], ["8", "12"]] {
        let output = run("env", |command| {
            command.arg(format!("LD_PRELOAD={}", libraries.join(SHARED).display()));
            command.args(["valgrind", "-q", "--leak-check=full", "--error-exitcode=99"]);
            command.arg(&program).arg(report()).args([threads, rounds]);
        });
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn the_example_of_the_manual_prints_what_the_manual_says() {
    or_skip!(GLIBC.compiles());
    let libraries = or_skip!(built_c_library(GLIBC.target));
    let page = include_str!("../../../src/man/nestling_spawn_error.3");
    let (_, example) = page
        .split_once(".Bd -literal -offset indent\n")
        .expect("it");
    let (source, _) = example.split_once(".Ed\n").expect("its end");
    let scratch = Scratch::new(report());
    let file = |name: &str| scratch.path().join(name);
    fs::write(file("program.c"), source).expect("a file");
    let compiled = run(GLIBC.compiler, |command| {
        command
            .arg("-I")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/c"));
        command
            .args(["-Wall", "-Werror", "-o"])
            .arg(file("program"));
        command
            .arg(file("program.c"))
            .arg(libraries.join("libnestling_c.a"));
    });
    assert!(compiled.status.success(), "{compiled:?}");
    let said = run(file("program").to_str().expect("a plain path"), |_| {});
    let said = String::from_utf8_lossy(&said.stdout).replace('"', "\\(dq");
    assert!(said.starts_with("file action 0 (open"), "{said}");
    let line = format!(".Ql {} .\n", said.trim_end());
    assert!(page.contains(&line), "{line}");
}

#[test]
fn the_shared_library_has_these_names_without_versions_and_needs_no_other_library() {
    or_skip!(installed("readelf"));
    let libraries = or_skip!(built_c_library(GLIBC.target));
    let library = libraries.join(SHARED);
    let readelf = |option: &str| {
        let output = run("readelf", |command| {
            command.args(["-W", option]).arg(&library);
        });
        String::from_utf8(output.stdout).expect("text")
    };
    let symbols = readelf("--dyn-syms");
    let mut names: Vec<_> = symbols
        .lines()
        .filter(|line| line.contains("FUNC") && !line.contains(" UND "))
        .filter_map(|line| line.split_whitespace().nth(7))
        .collect();
    names.sort_unstable();
    assert_eq!(names, NAMES);
    let dynamic = readelf("-d");
    for needed in ["soname: [libnestling.so.0]", "BIND_NOW", "NODELETE"] {
        assert!(dynamic.contains(needed), "{dynamic}");
    }
    assert!(!dynamic.contains("NEEDED"), "{dynamic}");
    assert_eq!(
        readelf("-V").trim(),
        "No version information found in this file."
    );
}

/// The functions, in the order of their names.
const NAMES: &[&str] = &[
    "nestling_spawn_error",
    "pclose",
    "pidfd_spawn",
    "pidfd_spawnp",
    "popen",
    "posix_spawn",
    "posix_spawn_file_actions_addchdir",
    "posix_spawn_file_actions_addchdir_np",
    "posix_spawn_file_actions_addclose",
    "posix_spawn_file_actions_addclosefrom_np",
    "posix_spawn_file_actions_adddup2",
    "posix_spawn_file_actions_addfchdir",
    "posix_spawn_file_actions_addfchdir_np",
    "posix_spawn_file_actions_addopen",
    "posix_spawn_file_actions_addtcsetpgrp_np",
    "posix_spawn_file_actions_destroy",
    "posix_spawn_file_actions_init",
    "posix_spawnattr_destroy",
    "posix_spawnattr_getcgroup_np",
    "posix_spawnattr_getflags",
    "posix_spawnattr_getpgroup",
    "posix_spawnattr_getschedparam",
    "posix_spawnattr_getschedpolicy",
    "posix_spawnattr_getsigdefault",
    "posix_spawnattr_getsigmask",
    "posix_spawnattr_init",
    "posix_spawnattr_setcgroup_np",
    "posix_spawnattr_setflags",
    "posix_spawnattr_setpgroup",
    "posix_spawnattr_setschedparam",
    "posix_spawnattr_setschedpolicy",
    "posix_spawnattr_setsigdefault",
    "posix_spawnattr_setsigmask",
    "posix_spawnp",
    "system",
];

/// Runs a program with this library in place of its libc's functions. Returns its standard output, and fails if the program does.
fn preloaded(libraries: &Path, program: &Path, words: &[&str]) -> String {
    let output = run("env", |command| {
        command.arg(format!("LD_PRELOAD={}", libraries.join(SHARED).display()));
        command.arg(program).args(words);
    });
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The program's output for each situation, by the situation's name.
type Answers = BTreeMap<String, String>;

fn the_functions_differ_only_as_documented(libc: &Libc<'_>) {
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
        &[libc.link, &[archive]].concat(),
    );
    let alone = play(&scratch, &shared, None);
    let ours = play(&scratch, &shared, Some(&libraries.join(SHARED)));
    same_but_for(&WITHOUT_LIBC, &play(&scratch, &linked, None), &ours);

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

/// Asserts that two ways to run the program give the same answers, except in these situations.
fn same_but_for(excepted: &[&str], answers: &Answers, others: &Answers) {
    assert!(answers.keys().eq(others.keys()));
    for (situation, answer) in answers {
        if !excepted.contains(&&**situation) {
            assert_eq!(answer, &others[situation], "{situation}");
        }
    }
}

/// Situations that a program with the archive cannot show, because it does not contain the libc's functions of the same names.
const WITHOUT_LIBC: [&str; 2] = [
    "pclose of a stream of the libc's",
    "the oldest version of posix_spawn",
];

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
    ("no free process for system and popen", "EAGAIN | EAGAIN"),
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

impl Libc<'_> {
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
fn compile(libc: &Libc<'_>, scratch: &Scratch, name: &str, more: &[&str]) -> PathBuf {
    let number = fs::read_dir(scratch.path()).expect("a folder").count();
    let program = scratch.path().join(format!("{name}-{number}"));
    gcc(libc, &program, name, more);
    program
}

fn gcc(libc: &Libc<'_>, program: &Path, name: &str, more: &[&str]) {
    let output = run(libc.compiler, |command| {
        command.args(libc.options).args(["-O1", "-Wall", "-o"]);
        command.arg(program).arg(source(name)).args(more);
        command.arg("-pthread");
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

/// Runs the program with the functions of its libc, or with those of this library.
fn play(scratch: &Scratch, program: &Path, preload: Option<&Path>) -> Answers {
    match preload {
        Some(library) => {
            let preload = format!("LD_PRELOAD={}", library.display());
            play_by(scratch, &["env", &preload], program)
        }
        None => play_by(scratch, &["env"], program),
    }
}

/// Runs the program in a new folder, as an argument of `runner`.
fn play_by(scratch: &Scratch, runner: &[&str], program: &Path) -> Answers {
    let number = fs::read_dir(scratch.path()).expect("a folder").count();
    let folder = scratch.path().join(format!("run-{number}/here"));
    fs::create_dir_all(&folder).expect("a folder");
    let output = run(runner[0], |command| {
        command.args(&runner[1..]);
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
