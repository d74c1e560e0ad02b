//! Tests that use what was made as people will: by lintian, by skopeo, umoci and runc, and on a machine with UEFI in qemu. What is not
//! installed here is skipped.

use std::{
    env, fs,
    io::{Read, Write},
    path::Path,
    process::{Command, Stdio},
};

use duct::cmd;

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
fn find(folder: &Path, end: &str) -> std::path::PathBuf {
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
    for start in ["nestling_", "libnestling0_", "libnestling-dev_"] {
        let entries = fs::read_dir(folder).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name().into_string());
        let mut names = names.map(|name| name.expect("text"));
        let name = names.find(|it| it.starts_with(start) && it.ends_with(".deb"));
        let package = folder.join(name.expect(start));
        let options = ["--allow-root", "--display-info", "--pedantic"];
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

/// Starts a container in which a shell is the child of process 1.
pub fn a_container_has_init_as_process_1(folder: &Path, scratch: &Path) {
    if !rustix::process::geteuid().is_root() || !installed(&["skopeo", "umoci", "runc"]) {
        return;
    }
    let archive = format!("oci-archive:{}", find(folder, ".oci.tar").display());
    let layout = format!("oci:{}:nestling", scratch.join("layout").display());
    let bundle = scratch.join("bundle");
    cmd!("skopeo", "copy", "--quiet", archive, layout)
        .run()
        .expect("skopeo");
    cmd!("umoci", "unpack", "--image", "layout:nestling", &bundle)
        .dir(scratch)
        .stderr_null()
        .run()
        .expect("umoci");
    let path = bundle.join("config.json");
    let config = fs::read_to_string(&path).expect("a configuration");
    let mut config: serde_json::Value = serde_json::from_str(&config).expect("JSON");
    let arguments = &mut config["process"]["args"];
    assert_eq!(*arguments, serde_json::json!(["/bin/init", "/bin/sh"]));
    let words = [
        "-c",
        "read -r name </proc/1/comm; echo \"$PPID $name\"; exit 7",
    ];
    let list = arguments.as_array_mut().expect("a list");
    list.extend(words.map(Into::into));
    config["process"]["terminal"] = false.into();
    fs::write(path, config.to_string()).expect("a configuration");
    let name = format!("nestling-dist-{}", std::process::id());
    let run = cmd!("runc", "run", "--bundle", bundle, name).unchecked();
    let run = run.stdout_capture().run().expect("runc");
    assert_eq!(String::from_utf8_lossy(&run.stdout), "1 init\n");
    assert_eq!(run.status.code(), Some(7));
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
