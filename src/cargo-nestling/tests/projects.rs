//! Tests of the projects that `cargo nestling new` makes: they build with plain cargo and with `cargo nestling`, run,
//! pass their tests, and boot.
//!
//! Nothing is downloaded: the projects use the dependencies' versions of this workspace, and the kernels of `cargo
//! xtask`.

use std::{
    env, fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
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

/// A new project. All projects build in one folder, so that nestling is built only once; a lock keeps the builds apart.
struct Project {
    folder: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

impl Project {
    fn new(name: &str, kind: &str) -> Project {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
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

/// Whether this machine has everything that is needed to boot; prints what is missing.
fn boots(arch: &str) -> bool {
    let program = format!("qemu-system-{arch}");
    let path = env::var_os("PATH").unwrap_or_default();
    let has_qemu = env::split_paths(&path).any(|folder| folder.join(&program).exists());
    let has_kernel = cache().join("kernels").join(arch).join("vmlinuz").exists();
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
    let tested = succeed(&mut project.nestling(&["test", "--how", "native"]));
    let said = String::from_utf8_lossy(&tested.stdout);
    let verdict = format!("ok on_target, {}, native\n", host().0);
    assert!(said.ends_with(&verdict), "{said}");
    let run = succeed(&mut project.nestling(&["run"]));
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(said.starts_with("this is process "), "{said}");
}

#[test]
fn a_test_that_fails_is_reported_with_its_status() {
    let project = Project::new("failing", "--init");
    let test = project.folder.join("tests/on_target.rs");
    let text = fs::read_to_string(&test).expect("the test");
    fs::write(&test, text.replace("Some(0)", "Some(1)")).expect("the test");
    let tested = project.nestling(&["test", "--how", "native"]).output();
    let tested = tested.expect("cargo nestling");
    let said = String::from_utf8_lossy(&tested.stdout);
    let verdict = format!("FAILED on_target, {}, native: exit status: 1\n", host().0);
    assert!(said.ends_with(&verdict), "{said}");
    assert_eq!(tested.status.code(), Some(1));
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
    input.write_all(b"cd /usr\npwd\nfalse").expect("a script");
    drop(input);
    let output = shell.wait_with_output().expect("its end");
    assert_eq!(output.stdout, b"/usr\n");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_project_must_have_a_name_and_a_folder_of_its_own() {
    let tmp = Path::new(env!("CARGO_TARGET_TMPDIR"));
    for (name, error) in [
        ("../up", "is no name of a package"),
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
    for kind in ["--init", "--shell", "--tool"] {
        let project = Project::new(&format!("booted{kind}"), kind);
        for (arch, _) in ARCHS.into_iter().filter(|(arch, _)| boots(arch)) {
            let test = ["test", "--how", "kernel", "--arch", arch];
            let tested = succeed(&mut project.nestling(&test));
            let said = String::from_utf8_lossy(&tested.stdout);
            let verdict = format!("ok on_target, {arch}, kernel\n");
            assert!(said.contains(&verdict), "{said}");
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
