//! Tests that use what was made as people will: by lintian, by skopeo, umoci and runc, by pkg-config and a C compiler, and on a machine
//! with UEFI in qemu. What is not installed here is skipped.

use std::{
    env, fs,
    io::{Read, Write},
    path::Path,
    process::{Command, Stdio},
};

use duct::cmd;

use crate::arch::HOST;

/// The firmware of Debian's package `ovmf`.
const FIRMWARE: &str = "/usr/share/ovmf/OVMF.fd";

/// Whether these programs are installed; prints which is missing.
fn installed(programs: &[&str]) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_missing = |name: &&&str| !env::split_paths(&path).any(|it| it.join(name).exists());
    let missing = programs.iter().find(is_missing);
    if let Some(name) = missing {
        eprintln!("skipped: {name} is not installed");
    }
    missing.is_none()
}

/// The path of the only file in a folder that ends in this way.
pub fn find(folder: &Path, end: &str) -> std::path::PathBuf {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut found = paths.filter(|path| path.to_string_lossy().ends_with(end));
    let path = found.next();
    path.unwrap_or_else(|| panic!("no {end} in {}", folder.display()))
}

/// Has lintian check all packages, with its least important remarks.
pub fn lintian_has_no_remark(folder: &Path) {
    if !installed(&["lintian"]) {
        return;
    }
    for start in [
        "nestling_",
        "nestling-box_",
        "libnestling0_",
        "libnestling-dev_",
    ] {
        let entries = fs::read_dir(folder).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string());
        let mut names = names.map(|name| name.expect("text"));
        let name = names.find(|it| it.starts_with(start) && it.ends_with(".deb"));
        let package = folder.join(name.expect(start));
        // It takes some instructions of the processor for misspelt words.
        let wrong = "--suppress-tags=spelling-error-in-binary";
        let options = ["--allow-root", "--display-info", "--pedantic", wrong];
        let remarks = cmd(
            "lintian",
            options
                .map(String::from)
                .into_iter()
                .chain([package.to_string_lossy().into()]),
        );
        let remarks = remarks.unchecked().read().expect("lintian");
        assert_eq!(remarks, "", "{start}");
    }
}

/// Compiles a program in C with what pkg-config says about the library in the folder of an unpacked archive, and runs the program.
pub fn a_c_program_is_compiled_and_linked_by_pkg_config(root: &Path, scratch: &Path) {
    if !installed(&["cc", "pkg-config"]) {
        return;
    }
    let source = scratch.join("program.c");
    let text = "#include <nestling.h>\nint main(void) { char text[9]; return (int)nestling_spawn_error(text, sizeof text); }\n";
    fs::write(&source, text).expect("a source");
    let program = scratch.join("program");
    // Blanks separate the words that pkg-config prints, as in a makefile.
    let script = "cc -o \"$1\" \"$2\" $(pkg-config --cflags --libs nestling)";
    let compiled = cmd!("sh", "-ec", script, "sh", &program, source)
        .env("PKG_CONFIG_PATH", root.join("lib/pkgconfig"))
        .unchecked();
    let compiled = compiled.stderr_to_stdout().read().expect("a shell");
    assert_eq!(compiled, "");
    cmd!(&program)
        .env("LD_LIBRARY_PATH", root.join("lib"))
        .run()
        .expect("a program with nestling's library");
    let without = cmd!(program)
        .env_remove("LD_LIBRARY_PATH")
        .stderr_null()
        .unchecked();
    let status = without.run().expect("a dynamic linker").status;
    assert_eq!(status.code(), Some(127), "no library is needed");
}

/// Starts a container in which a shell is the child of process 1.
pub fn a_container_has_init_as_process_1(folder: &Path, scratch: &Path) {
    let script = "read -r name </proc/1/comm; echo \"$PPID $name\"; exit 7";
    let said = in_a_container(
        &find(folder, &format!("{}.oci.tar", HOST.name())),
        scratch,
        script,
    );
    assert!(
        said.is_none_or(|it| it == ("1 init\n".into(), Some(7))),
        "another process 1, or status"
    );
    // `env` executes the link: only the shell knows the applets without links.
    let script = "exec /bin/env -i /bin/ls -d /bin/ls";
    let said = in_a_container(&find(folder, "-box.oci.tar"), scratch, script);
    assert!(
        said.is_none_or(|it| it == ("/bin/ls\n".into(), Some(0))),
        "no link to an applet"
    );
}

/// Runs a script for the shell of an image by runc. Returns the output and the exit status; `None` if a program is missing.
fn in_a_container(image: &Path, scratch: &Path, script: &str) -> Option<(String, Option<i32>)> {
    if !rustix::process::geteuid().is_root() || !installed(&["skopeo", "umoci", "runc"]) {
        return None;
    }
    let scratch = scratch.join(image.file_name()?);
    fs::create_dir(&scratch).expect("a folder");
    let archive = format!("oci-archive:{}", image.display());
    let layout = format!("oci:{}:nestling", scratch.join("layout").display());
    let bundle = scratch.join("bundle");
    cmd!("skopeo", "copy", "--quiet", archive, layout)
        .run()
        .expect("skopeo");
    cmd!("umoci", "unpack", "--image", "layout:nestling", &bundle)
        .dir(&scratch)
        .stderr_null()
        .run()
        .expect("umoci");
    let path = bundle.join("config.json");
    let config = fs::read_to_string(&path).expect("a configuration");
    let mut config: serde_json::Value = serde_json::from_str(&config).expect("JSON");
    let arguments = &mut config["process"]["args"];
    assert_eq!(*arguments, serde_json::json!(["/bin/init", "/bin/sh"]));
    let list = arguments.as_array_mut().expect("a list");
    list.extend(["-c", script].map(Into::into));
    config["process"]["terminal"] = false.into();
    fs::write(path, config.to_string()).expect("a configuration");
    let name = format!("nestling-dist-{}", std::process::id());
    let run = cmd!("runc", "run", "--bundle", bundle, name).unchecked();
    let run = run.stdout_capture().run().expect("runc");
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    Some((said, run.status.code()))
}

/// Starts the firmware, the boot loader, the kernel and nestling from the image of a disk, until the shell's prompt, and switches off.
pub fn a_machine_starts_from_the_disk(image: &[u8], scratch: &Path) {
    if !Path::new(FIRMWARE).exists() || !installed(&["qemu-system-x86_64", "timeout", "gunzip"]) {
        return eprintln!("skipped: qemu or {FIRMWARE} is not installed");
    }
    let path = scratch.join("disk.img");
    cmd!("gunzip", "-c")
        .stdin_bytes(image)
        .stdout_path(&path)
        .run()
        .expect("gunzip");
    let mut machine = Command::new("timeout")
        .args([
            "300",
            "qemu-system-x86_64",
            "-m",
            "512",
            "-nographic",
            "-no-reboot",
        ])
        .args(["-nic", "none", "-bios", FIRMWARE, "-drive"])
        .arg(format!("file={},format=raw", path.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("qemu");
    let mut keys = machine.stdin.take().expect("keys");
    let mut output = machine.stdout.take().expect("a console");
    let mut said = Vec::new();
    let mut buffer = [0; 4096];
    let mut is_on = true;
    while let Ok(count @ 1..) = output.read(&mut buffer) {
        said.extend_from_slice(&buffer[..count]);
        if is_on && said.ends_with(b"# ") {
            keys.write_all(b"poweroff\r")
                .expect("the keys to be struck");
            is_on = false;
        }
    }
    let status = machine.wait().expect("qemu");
    let said = String::from_utf8_lossy(&said);
    assert!(
        status.success() && said.contains("init: power off\r\n"),
        "{status}: {said}"
    );
}
