//! What the host tests share: they find and build the programs to run, and make directories to run them in.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::io::{Read, Write, stderr};
use std::os::fd::{FromRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// An architecture whose programs this machine runs natively, so that strace and gdb can trace them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arch {
    /// 64 bits.
    X86_64,
    /// 32 bits.
    I386,
}

impl Arch {
    /// Its name, in the form that `--arch` takes.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::I386 => "i386",
        }
    }

    /// The release build of `victim`. The release build of `probe` is in the same directory.
    pub fn victim(self) -> Result<PathBuf, String> {
        match self.given("PROBE") {
            Some(probe) => existing(PathBuf::from(probe).with_file_name("victim")),
            None => existing(self.built()?.join("victim")),
        }
    }

    /// The release build of `probe`.
    pub fn probe(self) -> Result<PathBuf, String> {
        match self.given("PROBE") {
            Some(probe) => existing(probe.into()),
            None => existing(self.built()?.join("probe")),
        }
    }

    /// The release build of `spawn`.
    pub fn spawn(self) -> Result<PathBuf, String> {
        match self.given("SPAWN") {
            Some(spawn) => existing(spawn.into()),
            None => existing(self.built()?.join("nestling-spawn")),
        }
    }

    /// The release build of `init`.
    pub fn init(self) -> Result<PathBuf, String> {
        match self.given("INIT") {
            Some(init) => existing(init.into()),
            None => existing(self.built()?.join("nestling-init")),
        }
    }

    /// The release build of `sh`.
    pub fn sh(self) -> Result<PathBuf, String> {
        match self.given("SH") {
            Some(sh) => existing(sh.into()),
            None => existing(self.built()?.join("nestling-sh")),
        }
    }

    /// The release build of `box`.
    pub fn the_box(self) -> Result<PathBuf, String> {
        match self.given("BOX") {
            Some(path) => existing(path.into()),
            None => existing(self.built()?.join("nestling-box")),
        }
    }

    /// The path of a program that `xtask` has built, if `xtask` has set the variable.
    fn given(self, what: &str) -> Option<OsString> {
        env::var_os(format!("NESTLING_{what}_{}", self.name().to_uppercase()))
    }

    /// Builds the programs, if `xtask` has not. Every toolchain can build them for its own architecture; no other
    /// architecture is possible here.
    fn built(self) -> Result<&'static Path, String> {
        static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        if self != Self::X86_64 || !cfg!(target_arch = "x86_64") {
            let name = self.name();
            return Err(format!(
                "no programs for {name}: `cargo xtask test` builds them"
            ));
        }
        match BUILT.get_or_init(|| build("x86_64-unknown-linux-gnu")) {
            Ok(directory) => Ok(directory),
            Err(why) => Err(why.clone()),
        }
    }
}

fn existing(path: PathBuf) -> Result<PathBuf, String> {
    match path.exists() {
        true => Ok(path),
        false => Err(format!("{} is not there", path.display())),
    }
}

fn build(target: &str) -> Result<PathBuf, String> {
    let bins = ["--bin", "victim", "--bin", "probe"];
    cargo_build("", target, &[&["-p", "nestling-tests"], &bins[..]].concat())?;
    cargo_build("", target, &["-p", "nestling-programs"])?;
    cargo_build("", target, &["-p", "nestling-box"])
}

/// Builds a program of these tests for musl, without the standard library. rustup's standard library for musl is not
/// available on every machine. Debian's package `musl-tools` is, and `musl-gcc` can link objects that were built for
/// glibc.
pub fn built_with_musl(bin: &str) -> Result<PathBuf, String> {
    let target = match env::consts::ARCH {
        "x86_64" => "x86_64-unknown-linux-gnu",
        arch => return Err(format!("not on {arch}")),
    };
    installed("musl-gcc")?;
    let flags = "-Clinker=musl-gcc -Ctarget-feature=+crt-static -Crelocation-model=static";
    let programs = cargo_build(flags, target, &["-p", "nestling-host-tests", "--bin", bin])?;
    existing(programs.join(bin))
}

/// Builds one of nestling's programs as a static PIE, which relocates itself.
pub fn built_as_pie(bin: &str) -> Result<PathBuf, String> {
    let target = match env::consts::ARCH {
        "x86_64" => "x86_64-unknown-linux-gnu",
        arch => return Err(format!("not on {arch}")),
    };
    let bin = format!("nestling-{bin}");
    let what = [
        "-p",
        "nestling-programs",
        "--features",
        "pie",
        "--bin",
        &bin,
    ];
    let programs = cargo_build("-Crelocation-model=pie", target, &what)?;
    existing(programs.join(bin))
}

/// Builds a program of these tests for i386. That needs the standard library for i386 (from rustup) and a 32-bit C
/// library (from Debian).
pub fn built_for_i386(bin: &str) -> Result<PathBuf, String> {
    const TARGET: &str = "i686-unknown-linux-gnu";
    let read = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        let text = output.map_or(Vec::new(), |output| output.stdout);
        String::from_utf8_lossy(&text).trim().to_owned()
    };
    if env::consts::ARCH != "x86_64" {
        return Err(format!("not on {}", env::consts::ARCH));
    }
    // Without a 32-bit libgcc, `cc` would find the 64-bit one.
    if !read("cc", &["-m32", "-print-file-name=libgcc_s.so"]).contains("/32/") {
        return Err("no C library of 32 bits: Debian has it in gcc-multilib".into());
    }
    let library = read("rustc", &["--print", "target-libdir", "--target", TARGET]);
    if !Path::new(&library).exists() {
        return Err(format!("no std: `rustup target add {TARGET}`"));
    }
    match cargo_build("", TARGET, &["-p", "nestling-host-tests", "--bin", bin]) {
        Ok(programs) => existing(programs.join(bin)),
        Err(why) => panic!("{why}"),
    }
}

/// The folder with `libnestling_c.so` and `libnestling_c.a` for a target of glibc's, which musl's programs use, too.
pub fn built_c_library(target: &str) -> Result<PathBuf, String> {
    if env::consts::ARCH != "x86_64" {
        return Err(format!("not on {}", env::consts::ARCH));
    }
    let print = ["--print", "target-libdir", "--target", target];
    let output = Command::new("rustc").args(print).output();
    let library = output.map_or(Vec::new(), |output| output.stdout);
    if !Path::new(String::from_utf8_lossy(&library).trim()).exists() {
        return Err(format!("no core: `rustup target add {target}`"));
    }
    let folder = own_folder("host-tests-c")?;
    let what = ["-p", "nestling-c", "--release", "--target", target];
    cargo(&folder, PIC, &what)?;
    Ok(folder.join(target).join("release"))
}

/// As opposed to what `.cargo/config.toml` has for programs.
const PIC: &str = "-Crelocation-model=pic";

/// Builds on-target programs with the library's feature `std`, as they are when a program that uses the standard
/// library is built in the same cargo command.
pub fn built_with_std(bins: &[&str]) -> Result<PathBuf, String> {
    let mut what = vec!["-p", "nestling-tests", "--features", "std"];
    what.extend(bins.iter().flat_map(|bin| ["--bin", bin]));
    let folder = own_folder("host-tests-std")?;
    cargo(&folder, "", &what)?;
    Ok(folder.join("debug"))
}

/// Returns a folder in cargo's target directory for the files of these tests.
fn own_folder(name: &str) -> Result<PathBuf, String> {
    // The path of this test is TARGET/debug/deps/NAME.
    let test = env::current_exe().map_err(|error| error.to_string())?;
    let folder = test.ancestors().nth(3).expect("a target directory");
    Ok(folder.join("tmp").join(name))
}

/// Runs `cargo build` with these flags of rustc in a target directory of its own, and returns the directory of the
/// release programs.
fn cargo_build(flags: &str, target: &str, arguments: &[&str]) -> Result<PathBuf, String> {
    let folder = own_folder(match flags {
        "" => "host-tests",
        _ => "host-tests-musl",
    })?;
    let what = [&["--release", "--target", target], arguments].concat();
    cargo(&folder, flags, &what)?;
    Ok(folder.join(target).join("release"))
}

fn cargo(folder: &Path, flags: &str, arguments: &[&str]) -> Result<(), String> {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
    cargo.args(["build", "--target-dir"]);
    cargo.arg(folder).args(arguments);
    // For programs without a C library, this workspace configures another linker.
    cargo.env("CARGO_TARGET_I686_UNKNOWN_LINUX_GNU_LINKER", "cc");
    cargo.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    if !flags.is_empty() {
        cargo.env("RUSTFLAGS", flags);
    }
    let output = cargo.output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// Whether the tests run in their long form, as with `cargo xtask test --long`.
pub fn is_long() -> bool {
    env::var_os("NESTLING_LONG").is_some()
}

/// Whether a program is installed.
pub fn installed(program: &str) -> Result<(), String> {
    match Command::new(program).arg("--version").output() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{program}: {error}")),
    }
}

/// Prints a line to standard error, even when the test harness captures the output of a test.
pub fn say(line: &str) {
    // If standard error is closed, the line is lost.
    let _ = writeln!(stderr(), "{line}");
}

/// Unwraps a `Result`. On an error, prints why the test cannot run, and returns from the test.
#[macro_export]
macro_rules! or_skip {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(why) => {
                $crate::say(&format!("skipped: {why}"));
                return;
            }
        }
    };
}

/// Returns the letter of a process's state, such as `S` for one that sleeps (`proc_pid_stat(5)`), or `None` if there is no such process.
pub fn state(pid: i32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.chars().next()
}

/// Copies a program to a file that can be executed at once.
///
/// Another process writes the file. If this one did, a child that another thread makes at that moment would inherit the
/// descriptor, and an exec of the file would fail with `ETXTBSY` until that child has executed its program.
pub fn copy_executable(from: &Path, to: &Path) {
    let mut install = Command::new("install");
    install.args(["-m", "755", "--"]).args([from, to]);
    let status = install.stdin(Stdio::null()).status();
    assert!(status.expect("install(1)").success(), "no {}", to.display());
}

/// Writes a file that can be executed at once, as [`copy_executable`] does.
pub fn write_executable(path: &Path, contents: &str) {
    let mut install = Command::new("install");
    install.args(["-m", "755", "--", "/dev/stdin"]).arg(path);
    let mut child = install.stdin(Stdio::piped()).spawn().expect("install(1)");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(contents.as_bytes()).expect("a write");
    drop(stdin);
    let status = child.wait().expect("its end");
    assert!(status.success(), "no {}", path.display());
}

/// A directory with the files that the victim needs. It is removed on drop.
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes the directory. `program` in it is a copy of the victim.
    pub fn new(victim: &Path) -> Self {
        let unique = RandomState::new().build_hasher().finish();
        let scratch = Self(env::temp_dir().join(format!("nestling-{unique:016x}")));
        for directory in ["", "empty", "cgroup", "forbidden"] {
            fs::create_dir(scratch.0.join(directory)).expect("a directory");
        }
        for file in ["here", "cgroup/cgroup.procs", "forbidden/program"] {
            fs::write(scratch.0.join(file), "").expect("a file");
        }
        copy_executable(victim, &scratch.0.join("program"));
        // This file is executable, but has no format that the kernel can execute.
        write_executable(&scratch.0.join("script"), "no program\n");
        scratch
    }

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // The directory is in the system's temporary directory; an error has no consequence.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Opens a new terminal. Returns the descriptor of its master side, which keeps the terminal open, and the path of its
/// slave side.
pub fn terminal() -> (OwnedFd, PathBuf) {
    let mut name = [0; 64];
    // SAFETY: the descriptor is a new one, and the buffer for the name is passed with its length.
    let master = unsafe {
        let master = libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC);
        assert!(
            master >= 0,
            "no terminal: {}",
            std::io::Error::last_os_error()
        );
        let master = OwnedFd::from_raw_fd(master);
        let fd = std::os::fd::AsRawFd::as_raw_fd(&master);
        assert_eq!(libc::grantpt(fd), 0);
        assert_eq!(libc::unlockpt(fd), 0);
        assert_eq!(libc::ptsname_r(fd, name.as_mut_ptr(), name.len()), 0);
        master
    };
    let end = name.iter().position(|&byte| byte == 0).expect("a C string");
    let name: Vec<u8> = name[..end].iter().map(|&byte| byte as u8).collect();
    (
        master,
        String::from_utf8(name).expect("a plain name").into(),
    )
}

/// Runs a command to its end. Kills a command that hangs, so that the test fails instead of hanging.
pub fn run(program: &str, prepare: impl FnOnce(&mut Command)) -> Output {
    match run_within(RUN_LIMIT, program, prepare) {
        Ok(output) => output,
        Err(why) => panic!("{why}"),
    }
}

/// The time that a command may take. A whole test ([`alone`]) may be one, beside many others on a busy machine.
const RUN_LIMIT: Duration = Duration::from_secs(600);

/// The same with this limit. Returns an error if the command, after its end, has left a process that keeps its output
/// open for the same time again.
pub fn run_within(
    limit: Duration,
    program: &str,
    prepare: impl FnOnce(&mut Command),
) -> Result<Output, String> {
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", &limit.as_secs().to_string(), program]);
    prepare(&mut command);
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let stdout = chunks(child.stdout.take().expect("a pipe"));
    let stderr = chunks(child.stderr.take().expect("a pipe"));
    let status = child.wait().expect("its end");
    let (stdout, is_closed) = collected(&stdout, limit);
    let (stderr, is_closed_too) = collected(&stderr, limit);
    if !is_closed || !is_closed_too {
        let said = String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned();
        return Err(format!(
            "{program} has left a process that keeps its output open: {status}: {said}"
        ));
    }
    Ok(Output {
        status,
        stdout,
        stderr,
    })
}

/// Reads a pipe to its end in a thread of its own.
fn chunks(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, chunks) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = pipe.read(&mut bytes) {
            // The receiver is gone if it has waited too long.
            let _ = sender.send(bytes[..length].to_vec());
        }
    });
    chunks
}

/// What the pipe contained, and whether it came to its end. Waits at most this long for each chunk.
fn collected(chunks: &Receiver<Vec<u8>>, limit: Duration) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    loop {
        match chunks.recv_timeout(limit) {
            Ok(chunk) => all.extend(chunk),
            Err(why) => return (all, why == RecvTimeoutError::Disconnected),
        }
    }
}

/// The options, with their arguments, in a text such as `-v report; -vv: signals, too` or `--open FD,HOW  --dup
/// FROM,TO`.
pub fn options_of_help(help: &str) -> BTreeSet<String> {
    let words = help.split(|c: char| c.is_whitespace() || "()[],;:=|".contains(c));
    words
        .filter(|word| {
            let name = word.trim_start_matches('-');
            let dashes = word.len() - name.len();
            (dashes == 2 && !name.is_empty()) || (dashes == 1 && name.len() == 1)
        })
        .map(String::from)
        .collect()
}

/// Runs a test in a process of its own, in which every child and every descriptor belongs to the test.
pub fn alone(name: &str, test: impl FnOnce()) {
    const ALONE: &str = "NESTLING_ALONE";
    if env::var_os(ALONE).is_some() {
        return test();
    }
    let program = env::current_exe().expect("this program");
    let output = run(program.to_str().expect("a plain path"), |command| {
        command
            .args(["--exact", name, "--nocapture"])
            .env(ALONE, "1");
    });
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{}\n{out}{err}", output.status);
    assert!(out.contains("1 passed"), "there is no test {name}: {out}");
}

/// A system call as strace shows it.
#[derive(Clone, Debug)]
pub struct Call {
    /// The call's name.
    pub name: String,
    /// The whole line.
    pub line: String,
    /// The call's number among the process's calls of the same name, counted from 1.
    pub number: usize,
}

impl Call {
    /// Whether the call succeeded.
    pub fn succeeded(&self) -> bool {
        !self.line.contains(" = -1 ")
    }

    /// Whether this is the call by which a waiting spawn looks whether its child has ended. It does that only if the
    /// child takes long, so the number of these calls depends on the machine.
    pub fn is_look(&self) -> bool {
        is_look(&self.line)
    }
}

/// The same as [`Call::is_look`], for a line of a trace.
pub fn is_look(line: &str) -> bool {
    // Where strace shows an interrupted call in two lines, the second has the options.
    line.contains("waitid") && line.contains("WNOWAIT")
}

/// Reads the traces that `strace -ff -o PREFIX` has written: the calls of each process, in the order in which the
/// processes started.
pub fn traces(prefix: &Path) -> Vec<Vec<Call>> {
    let directory = prefix.parent().expect("a directory");
    let name = prefix.file_name().and_then(|name| name.to_str());
    let name = format!("{}.", name.expect("a name"));
    let mut traces: Vec<(u32, Vec<Call>)> = fs::read_dir(directory)
        .expect("the directory of traces")
        .filter_map(|entry| {
            let path = entry.expect("an entry").path();
            let id = path.file_name()?.to_str()?.strip_prefix(&name)?;
            let text = fs::read_to_string(&path).expect("a trace");
            Some((id.parse().expect("a process id"), calls(&text)))
        })
        .collect();
    let ids: Vec<u32> = traces.iter().map(|&(id, _)| id).collect();
    traces.sort_by_key(|&(id, _)| start_order(id, &ids));
    traces.into_iter().map(|(_, calls)| calls).collect()
}

/// A key that sorts processes that started within a short time by their ids. After the largest id, ids begin again at
/// the smallest.
pub fn start_order(id: u32, ids: &[u32]) -> u32 {
    const SMALLEST_PID_MAX: u32 = 32768;
    let last = ids.iter().copied().max().unwrap_or(id);
    let is_after_wrap = last - id > SMALLEST_PID_MAX / 2;
    if is_after_wrap { id + last } else { id }
}

/// The calls in the trace of one process.
pub fn calls(trace: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for line in trace.lines() {
        // `+++ exited`, `--- SIGCHLD` and `[ Process … runs in 32 bit mode. ]` are not calls.
        if !line.starts_with(|c: char| c.is_ascii_lowercase() || c == '_') {
            continue;
        }
        let Some((name, _)) = line.split_once('(') else {
            continue;
        };
        let number = numbers.entry(name).or_default();
        *number += 1;
        calls.push(Call {
            name: name.into(),
            line: line.into(),
            number: *number,
        });
    }
    calls
}
