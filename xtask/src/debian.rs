//! The suite `debian`: boots the initramfs of Debian's initramfs-tools, in which nestling's shell replaces that of
//! busybox. The initramfs must reach the point where it looks for its root, and must then start that shell at the
//! console.
//!
//! The suite builds the initramfs from the files of the packages, as `mkinitramfs` does with `MODULES=list`. It runs on
//! x86_64 only, because the scripts are the same on every architecture.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use duct::cmd;

use crate::{
    apt,
    arch::Arch,
    compile::{self, Profile},
    initramfs::Initramfs,
    machine::Machine,
    packages::Apt,
    report::Outcome,
    typing::{self, Exchange},
    workspace::Workspace,
};

/// The architecture of the initramfs.
pub const ARCH: Arch = Arch::X86_64;

const PACKAGES: [&str; 4] = [
    "initramfs-tools-core",
    "busybox-static",
    "klibc-utils",
    "libklibc",
];

const TALK: &[(&str, &[Exchange])] = &[
    (
        "the scripts look for the root, and report what to check when it is missing",
        &[(
            "",
            &[
                "\nGave up waiting for root file system device.  Common problems:\n",
                " - Boot args (cat /proc/cmdline)\n",
                " - Missing modules (cat /proc/modules; ls /dev)\n",
                "ALERT!  /dev/nope does not exist.  Dropping to a shell!\n",
            ],
        )],
    ),
    (
        "the shell at the console is nestling's, and has the variables that the scripts have exported",
        &[
            ("", &[PROMPT]),
            (
                "echo $ROOT $((6 * 7)) ${rootmnt/oo/u} $PPID\r",
                &["\n/dev/nope 42 /rut 1\n", PROMPT],
            ),
        ],
    ),
    (
        "the shell runs each command of busybox, and switches the machine off",
        &[
            (
                "dmesg | grep -c Linux.version | tr 1 x\r",
                &["\nx\n", PROMPT],
            ),
            ("poweroff -f\r", &["reboot: Power down"]),
        ],
    ),
];

const PROMPT: &str = "(initramfs) ";

/// Why no such initramfs is available.
pub const MISSING: &str = "Debian's initramfs is not available: see the setup above";

/// The files of the packages, if they were fetched before.
pub fn present(workspace: &Workspace) -> Option<PathBuf> {
    let files = folder(workspace).join("files");
    files.exists().then_some(files)
}

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("xtask/debian")
}

/// Returns the files of the packages, and fetches them if necessary.
pub fn obtain(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(files) = present(workspace) {
        return Ok(files);
    }
    let cache = folder(workspace);
    let apt = Apt::new(&cache, "amd64", apt::SUITES[0])?;
    apt.update()?;
    // The files are fetched under another name and renamed when they are complete.
    let partial = cache.join("partial");
    for package in PACKAGES {
        let file = apt.download(package)?;
        cmd!("dpkg-deb", "-x", &file, &partial).run()?;
    }
    let files = cache.join("files");
    fs::rename(partial, &files)?;
    Ok(files)
}

pub fn run(workspace: &Workspace, kernel: &Path) -> Result<Outcome> {
    let Some(files) = present(workspace) else {
        return Ok(Outcome::missing(MISSING, false));
    };
    let initramfs = workspace.scratch()?.join("debian.cpio");
    make(workspace, &files, &initramfs)?;
    let machine = Machine {
        arch: ARCH,
        kernel,
        initramfs: &initramfs,
        // The scripts interpret the kernel's parameter `panic=`, too.
        append: "root=/dev/nope panic=",
    };
    let mut outcome = typing::talk(&machine, TALK)?;
    // In an error message about a script, the shell prints the number of the line.
    let complains = outcome.output.contains(": line ");
    let check = ("the shell reports no error in the scripts", !complains);
    outcome.add(Outcome::of_checks([check], String::new()));
    Ok(outcome)
}

/// Makes the initramfs from the files of the packages.
pub fn make(workspace: &Workspace, files: &Path, initramfs: &Path) -> Result<()> {
    let mut archive = Initramfs::new();
    for directory in [
        "conf",
        "conf/conf.d",
        "lib",
        "lib64",
        "sbin",
        "scripts",
        "usr",
        "usr/bin",
        "usr/sbin",
        "var",
    ] {
        archive.directory(directory);
    }
    let tools = files.join("usr/share/initramfs-tools");
    archive.program("init", &tools.join("init"))?;
    programs(&mut archive, "scripts", &tools.join("scripts"))?;
    let settings = fs::read(files.join("etc/initramfs-tools/initramfs.conf"))?;
    archive.file("conf/initramfs.conf", &settings);
    archive.file("conf/arch.conf", b"DPKG_ARCH=amd64\n");
    let shell = compile::path(workspace, ARCH, Profile::Release, "sh");
    archive.program("bin/sh", &shell)?;
    let klibc = ["fstype", "run-init", "resume", "nfsmount", "ipconfig"];
    for name in klibc {
        archive.program(
            &format!("bin/{name}"),
            &files.join("usr/lib/klibc/bin").join(name),
        )?;
    }
    for library in fs::read_dir(files.join("lib"))? {
        let library = library?;
        if library.file_type()?.is_file() {
            let name = library.file_name();
            archive.program(&format!("lib/{}", name.to_string_lossy()), &library.path())?;
        }
    }
    // Busybox's hook does the same: it makes a link for each command whose program does not exist yet. `setsid` is left
    // out, which the scripts do not need: with busybox's `setsid` they would start busybox's own shell, whatever `sh`
    // refers to.
    let busybox = files.join("bin/busybox");
    archive.program("bin/busybox", &busybox)?;
    let names = cmd!(&busybox, "--list-long")
        .read()
        .context("busybox's list")?;
    for name in names.lines() {
        let name = name.strip_prefix("usr/").unwrap_or(name);
        let base = name.rsplit('/').next().unwrap_or(name);
        let is_there = ["busybox", "setsid", "sh"].contains(&base) || klibc.contains(&base);
        if !is_there && name != "linuxrc" {
            archive.link(name, "/bin/busybox");
        }
    }
    archive.write(initramfs)
}

/// Adds all files of a folder and its subfolders, and to each folder the list of its files that the scripts read.
fn programs(archive: &mut Initramfs, name: &str, folder: &Path) -> Result<()> {
    let mut order = String::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            archive.directory(&name);
            programs(archive, &name, &entry.path())?;
        } else {
            archive.program(&name, &entry.path())?;
            order += &format!("/{name} \"$@\"\n[ -e /conf/param.conf ] && . /conf/param.conf\n");
        }
    }
    archive.file(&format!("{name}/ORDER"), order.as_bytes());
    Ok(())
}
