//! Tests of the projects that `cargo nestling new` makes: they build with plain cargo and with `cargo nestling`, run,
//! pass their tests, and boot.
//!
//! Nothing is downloaded: the projects use the dependencies' versions of this workspace, and the kernels of `cargo
//! xtask`.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read, Write},
    os::unix::{fs::symlink, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, ChildStderr, Command, Output, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const ARCHS: [(&str, &str); 4] = [
    ("x86_64", "x86_64-unknown-linux-gnu"),
    ("aarch64", "aarch64-unknown-linux-gnu"),
    ("riscv64", "riscv64gc-unknown-linux-gnu"),
    ("i386", "i686-unknown-linux-gnu"),
];

/// The architecture of this machine in the form that `--arch` takes, and its target.
fn host() -> (&'static str, &'static str) {
    let arch = match env::consts::ARCH {
        "x86" => "i386",
        other => other,
    };
    let found = ARCHS.into_iter().find(|(name, _)| *name == arch);
    found.expect("an architecture of nestling's")
}

/// Whether the tests run in their long form.
fn is_long() -> bool {
    env::var_os("NESTLING_LONG").is_some()
}

fn say(text: &str) {
    // Prints past the test harness, which would capture the text.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Keeps the builds apart, which use the same folder.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A new project. All projects build in one folder, so that nestling is built only once; a lock keeps the builds apart.
struct Project {
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Project {
    fn new(name: &str, kind: &str) -> Project {
        let alone = alone();
        let tmp = Path::new(env!("CARGO_TARGET_TMPDIR")).join("projects");
        fs::create_dir_all(&tmp).expect("a folder");
        let folder = tmp.join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("what an earlier test left");
        }
        let new = ["nestling", "new", name, kind, "--nestling", ROOT];
        succeed(nestling(&tmp).args(new));
        let lock = fs::copy(
            Path::new(ROOT).join("Cargo.lock"),
            folder.join("Cargo.lock"),
        );
        lock.expect("a copy");
        Project {
            folder,
            _alone: alone,
        }
    }

    fn nestling(&self, words: &[&str]) -> Command {
        let mut command = nestling(&self.folder);
        command.arg("nestling").args(words);
        command
    }

    fn cargo(&self, words: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        command.args(words);
        prepare(&mut command, &self.folder);
        command
    }

    /// Returns the path of a debug build of the project's program.
    fn program(&self, target: &str) -> PathBuf {
        let name = self.folder.file_name().expect("a name");
        let builds = self.folder.with_file_name("target");
        builds.join(target).join("debug").join(name)
    }
}

fn nestling(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-nestling"));
    prepare(&mut command, folder);
    command
}

fn prepare(command: &mut Command, folder: &Path) {
    let builds = Path::new(env!("CARGO_TARGET_TMPDIR")).join("projects/target");
    command
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", builds)
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_PROFILE_DEV_DEBUG", "0") // so that the build takes a fifth of the time
        .env("NESTLING_CACHE", cache())
        .stdin(Stdio::null());
}

/// The folder in which `cargo xtask` keeps kernels.
fn cache() -> PathBuf {
    let builds = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    builds.expect("the target directory").join("xtask")
}

fn succeed(command: &mut Command) -> Output {
    let output = command.output().expect("a command");
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn kernel(name: &str) -> PathBuf {
    cache().join("kernels").join(name).join("vmlinuz")
}

fn is_on_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).exists())
}

/// Whether this machine has everything that is needed to boot; prints what is missing.
fn boots(arch: &str) -> bool {
    let has_qemu = is_on_path(&format!("qemu-system-{arch}"));
    let has_kernel = kernel(arch).exists();
    if !(has_qemu && has_kernel) {
        say(&format!("skipped: no qemu-system or no kernel for {arch}"));
    }
    has_qemu && has_kernel
}

#[test]
fn the_documented_project_builds_for_four_architectures_and_runs() {
    let project = Project::new("documented", "--tool");
    let has_core = |target: &&str| {
        let library = ["--print", "target-libdir", "--target", target];
        let library = succeed(Command::new("rustc").args(library));
        let has = Path::new(String::from_utf8_lossy(&library.stdout).trim()).exists();
        if !has {
            say(&format!("skipped: no core for {target}"));
        }
        has
    };
    let mut words = vec!["build"];
    for target in ARCHS
        .map(|(_, target)| target)
        .iter()
        .filter(|it| has_core(it))
    {
        words.extend(["--target", target]);
    }
    succeed(&mut project.cargo(&words));
    let program = project.program(host().1);
    let run = Command::new(&program).args(["sh", "-c", "exit 3"]).output();
    let run = run.expect("the tool");
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(said.starts_with("sh: exit status: 3, "), "{said}");
    assert_eq!(run.status.code(), Some(3));
}

#[test]
fn an_init_passes_its_test_and_without_being_process_1_is_its_own_service() {
    let project = Project::new("first-process", "--init");
    for how in ["native", "qemu-user"] {
        if how == "qemu-user" && !is_on_path(&format!("qemu-{}", host().0)) {
            say("skipped: no qemu-user");
            continue;
        }
        let tested = succeed(&mut project.nestling(&["test", "--how", how]));
        let said = String::from_utf8_lossy(&tested.stdout);
        let verdict = format!("ok on_target, {}, {how}\n", host().0);
        assert!(said.contains(&verdict), "{said}");
    }
    let run = succeed(&mut project.nestling(&["run"]));
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(said.starts_with("this is process "), "{said}");
}

/// It is long because all verdicts are of one project: each project would take a build of its own.
#[test]
fn each_test_passes_fails_is_skipped_or_takes_too_long_and_a_summary_counts_them() {
    let project = Project::new("verdicts", "--init");
    let manifest = project.folder.join("Cargo.toml");
    let mut text = fs::read_to_string(&manifest).expect("the manifest");
    let program = "#![no_std]\n#![no_main]\nnestling::entry!(main);\nfn main(_: nestling::rt::Process) -> i32 {\n    BODY\n}\n";
    for (name, body) in [("endless", "loop {}"), ("fails", "1"), ("skips", "77")] {
        text += &format!("\n[[test]]\nname = {name:?}\nharness = false\n");
        let file = project.folder.join(format!("tests/{name}.rs"));
        fs::write(file, program.replace("BODY", body)).expect("a test");
    }
    fs::write(manifest, text).expect("the manifest");
    let fakes = Fakes::new("verdicts-tools");
    let test = |words: &[&str]| {
        let mut command = project.nestling(&[&["test"], words].concat());
        let output = fakes.apply(&mut command).output().expect("cargo nestling");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said, errors)
    };
    let here = host().0;
    let foreign = match here {
        "riscv64" => "aarch64",
        _ => "riscv64",
    };

    // The architecture that this machine cannot run is no reason to stop.
    let archs = ["--arch", here, "--arch", foreign];
    let (code, said, _) = test(&[&["fail", "skip", "--how", "native"][..], &archs].concat());
    for part in [
        format!("FAILED fails, {here}, native: exit status: 1\n"),
        format!("skipped skips, {here}, native\n"),
        format!("skipped all, {foreign}, native: this machine cannot run its programs\n"),
        format!("{here:<8}  native           0       1       1\n"),
        format!("{foreign:<8}  native           0       0       0  none: this machine"),
    ] {
        assert!(said.contains(&part), "{part}: {said}");
    }
    assert!(
        said.ends_with("\n0 passed, 1 failed, 1 skipped\n"),
        "{said}"
    );
    assert_eq!(code, Some(1));

    let (code, said, _) = test(&["skips", "--how", "native"]);
    assert!(
        said.ends_with("\n0 passed, 0 failed, 1 skipped\n"),
        "{said}"
    );
    assert_eq!(code, Some(0));

    let (code, said, _) = test(&["endless", "--how", "native", "--timeout", "1"]);
    let verdict = format!("FAILED endless, {here}, native: the time is up: 1 s\n");
    assert!(said.contains(&verdict), "{said}");
    assert_eq!(code, Some(1));

    let (code, _, errors) = test(&["--how", "native", "--arch", foreign]);
    assert!(errors.contains("no test has run"), "{errors}");
    assert_eq!(code, Some(1));
    let (code, _, errors) = test(&["none", "--how", "native"]);
    let error = "there is no such test, only: endless, fails, on_target, skips";
    assert!(errors.contains(error), "{errors}");
    assert_eq!(code, Some(1));

    // What a machine reports counts in the same way. The next machine runs, even if this one fails.
    let line = |text: &str| format!("\rnestling: {text}\r\n");
    let console = ["begin 1", "start", "end exit 0", "start", "end exit 77"];
    let console = console.map(line).concat();
    fakes.write("console", &(console.clone() + &line("power-off")));
    let words = [
        "fails",
        "skips",
        "--how",
        "kernel",
        "--qemu",
        "-m 1G -smp 2",
    ];
    let (code, said, errors) = test(&words);
    assert!(
        said.contains(&format!("ok fails, {here}, kernel\nskipped skips, ")),
        "{said}{errors}"
    );
    assert_eq!(code, Some(0));
    assert!(fakes.read("arguments").contains("\n-m\n1G\n-smp\n2\n"));
    let links = format!("{}\0/bin/verdicts\0", project.program(host().1).display());
    assert!(fakes.read("initramfs").contains(&links));

    let console = console.replace(&line("end exit 77"), "");
    fakes.write("console", &console);
    let words = ["fails", "on_target", "--how", "kernel", "--how", "native"];
    let (code, said, errors) = test(&words);
    assert!(
        said.contains(&format!(
            "FAILED on_target, {here}, kernel: it did not end\n"
        )),
        "{said}"
    );
    assert!(
        said.contains(&format!("ok on_target, {here}, native\n")),
        "{said}"
    );
    assert!(
        errors.contains(&format!("{here}, kernel: qemu ended")),
        "{errors}"
    );
    assert_eq!(code, Some(1));
}

#[test]
fn a_shell_is_built_with_its_sizes_and_runs_commands() {
    let project = Project::new("prompt", "--shell");
    let built = succeed(&mut project.nestling(&["build"]));
    let table = String::from_utf8_lossy(&built.stdout);
    let program = project.program(host().1);
    assert!(
        table.trim_end().ends_with(&*program.to_string_lossy()),
        "{table}"
    );
    let shell = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut shell = shell.expect("the shell");
    let mut input = shell.stdin.take().expect("a pipe");
    input
        .write_all(b"cd /usr\npwd | cat\nfalse")
        .expect("a script");
    drop(input);
    let output = shell.wait_with_output().expect("its end");
    assert_eq!(output.stdout, b"/usr\n");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_box_passes_its_test_and_a_link_to_it_is_an_applet() {
    let project = Project::new("applets", "--box");
    succeed(&mut project.nestling(&["test", "--how", "native"]));
    let link = project.folder.join("hello");
    symlink(project.program(host().1), &link).expect("a link");
    let said = succeed(Command::new(&link).arg("world")).stdout;
    assert_eq!(said, b"hello, world\n");
}

#[test]
fn a_project_must_have_a_name_and_a_folder_of_its_own() {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for (name, error) in [
        ("..", "does not end with a name"),
        ("std", "has a meaning for Rust"),
        ("match", "has a meaning for Rust"),
        ("1st", "is no name of a package"),
        ("-x", "unexpected argument"),
    ] {
        let made = nestling(tmp)
            .args(["new", name])
            .output()
            .expect("cargo nestling");
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(said.contains(error), "{said}");
        assert!(!made.status.success());
    }
    let deep = tmp.join("projects/deep");
    if deep.exists() {
        fs::remove_dir_all(&deep).expect("what an earlier test left");
    }
    let mut new = nestling(tmp);
    new.args(["new", "projects/deep/own"]);
    succeed(new.env("GIT_CEILING_DIRECTORIES", tmp)); // this repository is not seen
    assert!(deep.join("own/Cargo.toml").exists());
    assert_eq!(deep.join("own/.git").exists(), is_on_path("git"));
    fs::create_dir_all(tmp.join("taken")).expect("a folder");
    let made = nestling(tmp)
        .args(["new", "taken"])
        .output()
        .expect("cargo nestling");
    let said = String::from_utf8_lossy(&made.stderr);
    assert!(said.contains("there is a taken already"), "{said}");
    let built = nestling(Path::new("/"))
        .arg("build")
        .output()
        .expect("cargo nestling");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(
        said.contains("there is no Cargo.toml here or above"),
        "{said}"
    );
}

#[test]
fn each_project_passes_its_test_on_four_kernels_and_boots() {
    if !is_long() {
        return say("skipped: takes minutes, in the long form only");
    }
    for kind in ["--init", "--shell", "--tool", "--box"] {
        let project = Project::new(&format!("booted{kind}"), kind);
        if kind == "--init" {
            // This init hides the path at which cargo has put the programs.
            let first = project.folder.iter().nth(1).expect("a folder");
            let first = first.to_str().expect("a path");
            let main = project.folder.join("src/main.rs");
            let text = fs::read_to_string(&main).expect("the program");
            let mounts = format!("(c\"tmpfs\", c\"/{first}\"),\n        (c\"devtmpfs\"");
            fs::write(main, text.replace("(c\"devtmpfs\"", &mounts)).expect("the program");
        }
        for (arch, _) in ARCHS.into_iter().filter(|(arch, _)| boots(arch)) {
            let mut hows = vec!["kernel"];
            if kernel(&format!("{arch}-old")).exists() {
                hows.push("kernel-old");
            }
            for how in hows {
                let test = ["test", "--how", how, "--arch", arch];
                let tested = succeed(&mut project.nestling(&test));
                let said = String::from_utf8_lossy(&tested.stdout);
                let verdict = format!("ok on_target, {arch}, {how}\n");
                assert!(said.contains(&verdict), "{said}");
            }
            let boot = |words: &[&str]| {
                let words = [&["boot", "--arch", arch], words].concat();
                let output = project.nestling(&words).output();
                let output = output.expect("cargo nestling");
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                (output.status.code(), said)
            };
            // The root contains no such program.
            let (code, said) = boot(&["--", "none", "an argument", ""]);
            assert_eq!(code, Some(127), "{said}");
            match kind {
                "--init" => {
                    let (code, said) = boot(&[]);
                    assert!(said.contains("service has ended: exit status: 0"), "{said}");
                    assert_eq!(code, Some(0), "{said}");
                }
                "--tool" => {
                    let (code, said) = boot(&[]);
                    assert!(said.contains("usage: booted"), "{said}");
                    assert_eq!(code, Some(2), "{said}");
                }
                // The shell would wait for input.
                _ => {}
            }
        }
    }
}

#[test]
fn the_example_of_the_manual_boots_a_machine() {
    if !is_long() || !boots("riscv64") {
        return say("skipped: takes a minute, in the long form only");
    }
    let page = include_str!("../../man/cargo-nestling.1");
    let (_, example) = page.split_once(".Sh EXAMPLES").expect("examples");
    let (_, example) = example
        .split_once(".Bd -literal -offset indent\n")
        .expect("an example");
    let (example, _) = example.split_once(".Ed\n").expect("its end");
    let mut script = String::from("set -e\n");
    for line in example.replace("\\-", "-").lines() {
        let command = line.strip_prefix("$ ").expect("a command");
        script += command;
        // Until nestling is on crates.io, a project has it from this folder.
        if command.contains(" new ") {
            script += &format!(" --nestling {ROOT}; cp {ROOT}/Cargo.lock demo");
        }
        script += "\n";
    }
    let _alone = alone();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("manual");
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("what an earlier test left");
    }
    fs::create_dir(&folder).expect("a folder");
    let own = Path::new(env!("CARGO_BIN_EXE_cargo-nestling")).parent();
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = own
        .map(PathBuf::from)
        .into_iter()
        .chain(env::split_paths(&path));
    let mut command = Command::new("sh");
    prepare(command.args(["-c", &script]), &folder);
    command.env("PATH", env::join_paths(folders).expect("PATH"));
    let said = succeed(&mut command).stdout;
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("service has ended: exit status: 0"), "{said}");
}

#[test]
fn a_disk_image_boots_and_keeps_what_is_written() {
    if !is_long() || !boots(host().0) {
        return say("skipped: takes a minute, in the long form only");
    }
    let project = Project::new("on-disk", "--init");
    let image = [
        "image",
        "--disk",
        "--add",
        "Cargo.toml=/etc/",
        "-o",
        "disk.img",
    ];
    succeed(&mut project.nestling(&image));
    let bytes = || fs::read(project.folder.join("disk.img")).expect("the image");
    let first = bytes();
    succeed(&mut project.nestling(&image));
    assert!(first == bytes(), "the images differ");
    let booted = succeed(&mut project.nestling(&["boot", "--disk", "disk.img"]));
    let said = String::from_utf8_lossy(&booted.stdout);
    assert!(said.contains("this is process "), "{said}");
    let there = ["boot", "--disk", "disk.img", "--", "on-disk"];
    let booted = succeed(&mut project.nestling(&there));
    let said = String::from_utf8_lossy(&booted.stdout);
    assert!(said.contains("this is process "), "{said}");
}

#[test]
fn an_image_for_containers_has_the_program_as_its_entry() {
    if !is_long() {
        return say("skipped: builds a release, in the long form only");
    }
    let project = Project::new("contained", "--tool");
    succeed(&mut project.nestling(&["image", "--oci", "-o", "image.tar"]));
    let mut list = Command::new("tar");
    prepare(list.args(["-xf", "image.tar"]), &project.folder);
    succeed(&mut list);
    let read = |path: &str| fs::read_to_string(project.folder.join(path)).expect("a file");
    let digest = |text: &str| {
        let (_, rest) = text.split_once("sha256:").expect("a digest");
        rest.split('"').next().expect("its end").to_owned()
    };
    let manifest = read(&format!("blobs/sha256/{}", digest(&read("index.json"))));
    let config = read(&format!("blobs/sha256/{}", digest(&manifest)));
    assert!(
        config.contains(r#""Entrypoint":["/bin/contained"]"#),
        "{config}"
    );
}

#[test]
fn a_machine_boots_without_a_project() {
    if !is_long() || !boots(host().0) || !is_on_path("busybox") {
        return say("skipped: takes a minute and needs a static busybox, in the long form only");
    }
    let project = Project::new("without", "--init");
    succeed(&mut project.nestling(&["build"]));
    let program = project.program(host().1);
    let boot = |words: &[&str]| {
        let mut command = nestling(Path::new("/"));
        command.args(["boot", "--nestling", ROOT]).args(words);
        let output = command.output().expect("cargo nestling");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), said)
    };
    let program = program.to_str().expect("a path");
    let (code, said) = boot(&["--init", program]);
    assert!(said.contains("service has ended: exit status: 0"), "{said}");
    assert_eq!(code, Some(0), "{said}");

    let root = project.folder.join("root");
    let busybox = root.join("bin/busybox");
    fs::create_dir_all(busybox.with_file_name("")).expect("a folder");
    let find = env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("busybox"))
        .find(|it| it.exists());
    fs::copy(find.expect("busybox"), &busybox).expect("a copy");
    symlink("busybox", root.join("bin/sh")).expect("a link");
    let root = root.to_str().expect("a path");
    let command = ["--", "sh", "-c", "cat /proc/cmdline; exit 5"];
    let old = kernel(&format!("{}-old", host().0));
    let old = old.to_str().expect("a path");
    let words = ["--root", root, "--kernel", old, "--append", "own=word"];
    let (code, said) = boot(&[&words[..], &command].concat());
    assert!(said.contains(" own=word"), "{said}");
    assert_eq!(code, Some(5), "{said}");

    // The input waits until the command reads it; it has an end, and no echo. Nothing hides what was added below /tmp.
    let added = format!("{}=/tmp/", project.folder.join("README.md").display());
    let script = "cat; [ -e /tmp/README.md ]";
    let mut command = nestling(Path::new("/"));
    command
        .args(["boot", "--nestling", ROOT, "--root", root, "--add", &added])
        .args(["--", "sh", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().expect("cargo nestling");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(b"a line\nthe last").expect("input");
    drop(input);
    let output = child.wait_with_output().expect("its end");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "a line\nthe last");
    assert_eq!(output.status.code(), Some(0));
}

/// A folder with fake tools, which come first on PATH: qemu-system, apt-get, apt-cache and dpkg-deb.
struct Fakes {
    folder: PathBuf,
}

impl Fakes {
    fn new(name: &str) -> Fakes {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("what an earlier test left");
        }
        fs::create_dir_all(folder.join("bin")).expect("a folder");
        let fake = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/fake");
        let qemu = format!("qemu-system-{}", host().0);
        for tool in [&qemu, "apt-get", "apt-cache", "dpkg-deb"] {
            symlink(&fake, folder.join("bin").join(tool)).expect("a link");
        }
        Fakes { folder }
    }

    fn path(&self, name: &str) -> String {
        let path = self.folder.join(name);
        path.into_os_string().into_string().expect("a path")
    }

    fn write(&self, name: &str, text: &str) -> String {
        fs::write(self.folder.join(name), text).expect("a file");
        self.path(name)
    }

    fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.folder.join(name)).expect("a file");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Lets a command use the fakes, and a cache of its own.
    fn apply<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let path = env::var_os("PATH").unwrap_or_default();
        let own = [self.folder.join("bin")].into_iter();
        let path = env::join_paths(own.chain(env::split_paths(&path))).expect("PATH");
        command
            .env("PATH", path)
            .env("FAKE", &self.folder)
            .env("NESTLING_CACHE", self.folder.join("cache"))
    }

    /// Runs `boot` outside of any project. Returns its exit status and its messages.
    fn boot(&self, words: &[&str]) -> (Option<i32>, String) {
        let mut command = nestling(Path::new("/"));
        command.args(["boot", "--nestling", ROOT]).args(words);
        let output = self.apply(&mut command).output().expect("cargo nestling");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    }
}

#[test]
fn boot_passes_kernel_root_disk_and_words_to_qemu_without_a_project() {
    let _alone = alone();
    let fakes = Fakes::new("boot-options");
    let kernel = fakes.write("kernel", "");
    let init = fakes.write("init.sh", "#!/bin/sh\n# the only such init\n");
    fs::create_dir_all(fakes.folder.join("root/etc")).expect("a folder");
    fakes.write("root/etc/motd", "the only such message");
    let root = fakes.path("root");
    let words = ["--kernel", &kernel, "--root", &root, "--init", &init];

    let (code, said) = fakes.boot(&words);
    assert!(
        said.contains("the init needs /bin/sh, which is not in the root"),
        "{said}"
    );
    assert_eq!(code, Some(1));

    let shell = format!("{kernel}=/bin/sh");
    let more = ["--add", &shell, "--append", "own=word", "--", "a command"];
    let (code, said) = fakes.boot(&[&words[..], &more].concat());
    assert_eq!(code, Some(7), "{said}");
    assert!(!said.contains("warning"), "{said}");
    let initramfs = fakes.read("initramfs");
    for part in [
        "the only such init",
        "the only such message",
        "1\0a command\0",
    ] {
        assert!(initramfs.contains(part), "{part}");
    }
    let arguments = fakes.read("arguments");
    let line = format!("-kernel\n{kernel}\n-initrd\n");
    assert!(arguments.contains(&line), "{arguments}");
    let line = "rdinit=/.nestling/agent own=word -- /.nestling/agent\n";
    assert!(arguments.contains(line), "{arguments}");

    let disk = fakes.write("disk.img", "");
    let (code, said) = fakes.boot(&["--kernel", &kernel, "--disk", &disk]);
    assert_eq!(code, Some(7), "{said}");
    let arguments = fakes.read("arguments");
    assert!(
        arguments.contains(&format!("file={disk},format=raw")),
        "{arguments}"
    );
    assert!(fakes.read("initramfs").contains("/dev/nvme0n1"));
}

#[test]
fn what_is_wrong_with_an_added_program_or_with_the_init_is_said() {
    let _alone = alone();
    let fakes = Fakes::new("boot-warnings");
    let kernel = fakes.write("kernel", "");
    let init = fakes.write("init.sh", "#!/bin/sh\n");
    let shell = format!("{kernel}=/bin/sh");
    let script = fakes.write("script", "#!/bin/none\n");
    let words = [
        "--kernel", &kernel, "--init", &init, "--add", &shell, "--add", &script, "--", "command",
    ];
    let (code, said) = fakes.boot(&words);
    let warning = format!("warning: --add {script}: it needs /bin/none, which is not in the root");
    assert!(said.contains(&warning), "{said}");
    assert_eq!(code, Some(7), "{said}");

    // An init that does not start its arguments.
    fakes.write("console", "\rnestling: begin 1\r\n");
    let (code, said) = fakes.boot(&words);
    assert!(said.contains("the init must start its arguments"), "{said}");
    assert_eq!(code, Some(1), "{said}");
}

#[test]
fn the_machine_gets_piped_input_and_its_end() {
    let _alone = alone();
    let fakes = Fakes::new("boot-input");
    let kernel = fakes.write("kernel", "");
    let root = fakes.path("cache");
    fs::create_dir(&root).expect("a folder");
    fakes.write("reads", "7");
    let input = fs::File::open(fakes.write("text", "line\n\x01")).expect("a file");
    let mut command = nestling(Path::new("/"));
    command.args([
        "boot",
        "--nestling",
        ROOT,
        "--kernel",
        &kernel,
        "--root",
        &root,
        "--",
        "command",
    ]);
    let output = fakes.apply(&mut command).stdin(input).output();
    let output = output.expect("cargo nestling");
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert_eq!(fakes.read("input"), "line\n\x01\x01");
}

#[test]
fn what_cannot_be_booted_is_named() {
    let fakes = Fakes::new("boot-errors");
    let text = fakes.write("text", "no program");
    let empty = fakes.path("empty");
    fs::create_dir(&empty).expect("a folder");
    for (words, error) in [
        (&["--init", "/nope"][..], "can't read /nope"),
        (&["--init", &text], "the init is no program for"),
        (&["--root", "/nope"], "/nope is no directory"),
        (
            &["--disk", "/nope", "--kernel", &text],
            "there is no image /nope",
        ),
        (
            &["--root", &empty],
            "there is neither an init nor a command",
        ),
        (
            &["--root", &empty, "--add", "=x", "--", "x"],
            "--add =x: no path",
        ),
        (
            &["--root", &empty, "--kernel", "/nope", "--", "x"],
            "there is no kernel /nope",
        ),
        (&[], "there is no Cargo.toml here or above"),
        (&[], "with --init FILE or --root DIR"),
    ] {
        let (code, said) = fakes.boot(words);
        assert!(said.contains(error), "{words:?}: {said}");
        assert_eq!(code, Some(1));
    }
    let mut without = nestling(Path::new("/"));
    without
        .arg("build")
        .env("PATH", "/nope")
        .env_remove("CARGO");
    let output = without.output().expect("cargo nestling");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("can't start cargo"), "{said}");
}

/// A `boot` that runs in a test, with a pipe from its standard error and that of the tools that it starts.
struct Boots {
    child: Child,
    said: BufReader<ChildStderr>,
}

impl Boots {
    fn start(fakes: &Fakes) -> Boots {
        let mut command = nestling(Path::new("/"));
        let init = fakes.path("bin/apt-get"); // a script
        let shell = format!("{init}=/bin/sh");
        command.args(["boot", "--nestling", ROOT, "--init", &init, "--add", &shell]);
        let mut child = fakes
            .apply(&mut command)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cargo nestling");
        let said = BufReader::new(child.stderr.take().expect("a pipe"));
        Boots { child, said }
    }

    /// Waits until a message contains this text.
    fn until(&mut self, text: &str) {
        let mut all = String::new();
        while !all.contains(text) {
            let count = self.said.read_line(&mut all).expect("a message");
            assert_ne!(count, 0, "{all}");
        }
    }

    /// Ends it by SIGTERM, and waits until all that it has started has ended, too: that holds the pipe.
    fn interrupt(mut self) {
        succeed(Command::new("kill").arg(self.child.id().to_string()));
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).expect("the end");
        let status = self.child.wait().expect("its end");
        assert_eq!(
            (status.code(), status.signal()),
            (Some(128 + 15), None),
            "{rest}"
        );
    }

    fn wait(mut self) -> Option<i32> {
        let mut rest = String::new();
        self.said.read_to_string(&mut rest).expect("the end");
        self.child.wait().expect("its end").code()
    }
}

#[test]
fn an_interrupted_download_leaves_no_kernel_and_two_downloads_are_one() {
    let _alone = alone();
    let fakes = Fakes::new("downloads");
    let kernel = format!("cache/kernels/{}/vmlinuz", host().0);
    let kernel = fakes.folder.join(kernel);
    let count = || fakes.read("downloads").lines().count();

    // The download fails in the middle.
    fakes.write("broken", "");
    assert_eq!(Boots::start(&fakes).wait(), Some(1));
    assert!(!kernel.exists());
    fs::remove_file(fakes.folder.join("broken")).expect("the file");

    // A signal ends it in the middle.
    let gate = fakes.path("gate");
    succeed(Command::new("mkfifo").arg(&gate));
    let mut boot = Boots::start(&fakes);
    boot.until("downloading ");
    boot.interrupt();
    assert!(!kernel.exists());

    // One process downloads, another one waits for it.
    let before = count();
    let mut first = Boots::start(&fakes);
    first.until("downloading ");
    let mut second = Boots::start(&fakes);
    second.until("waiting for another process");
    fs::write(&gate, "").expect("the FIFO");
    assert_eq!((first.wait(), second.wait()), (Some(7), Some(7)));
    assert_eq!(count(), before + 1);
    assert_eq!(fs::read(&kernel).expect("the kernel"), b"kernel\n");

    // What is in the cache needs no network.
    fs::remove_file(&gate).expect("the FIFO");
    fakes.write("broken", "");
    assert_eq!(Boots::start(&fakes).wait(), Some(7));
}

#[test]
fn a_signal_during_a_boot_ends_qemu_and_leaves_no_file() {
    let _alone = alone();
    let fakes = Fakes::new("interrupted");
    let files = || {
        let mut find = Command::new("find");
        let found = succeed(
            find.arg(fakes.path("cache"))
                .args(["-not", "-path", "*/apt/*"]),
        );
        String::from_utf8_lossy(&found.stdout).into_owned()
    };
    assert_eq!(Boots::start(&fakes).wait(), Some(7));
    let before = files();
    fakes.write("hang", "");
    let mut boot = Boots::start(&fakes);
    let console = BufReader::new(boot.child.stdout.take().expect("a pipe"));
    let line = console.lines().next().expect("a line").expect("a line");
    assert_eq!(line, "the machine runs");
    boot.interrupt();
    assert_eq!(files(), before);
}
