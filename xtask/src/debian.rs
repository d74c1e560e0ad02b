//! The suite `debian`: the initramfs that Debian's initramfs-tools makes, with our shell in the place of busybox's, comes as far as to
//! look for its root, and leaves whoever sits at the console with that shell.
//!
//! It is put together from the packages' files as `mkinitramfs` does with `MODULES=list`, on x86_64 alone: the scripts are the same
//! everywhere.

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

/// Whose the initramfs is.
pub const ARCH: Arch = Arch::X86_64;

const PACKAGES: [&str; 4] = [
    "initramfs-tools-core",
    "busybox-static",
    "klibc-utils",
    "libklibc",
];

const TALK: &[(&str, &[Exchange])] = &[
    (
        "the scripts look for the root, and say what to look at when it does not come",
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
        "the shell at the console is ours, and has what they have exported",
        &[
            ("", &[PROMPT]),
            (
                "echo $ROOT $((6 * 7)) ${rootmnt/oo/u} $PPID\r",
                &["\n/dev/nope 42 /rut 1\n", PROMPT],
            ),
        ],
    ),
    (
        "it runs each command of busybox's, and the machine's end",
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

/// Why there is no such initramfs.
pub const MISSING: &str = "Debian's initramfs can't be had: see the setup above";

/// The packages' files, if they were fetched before.
pub fn present(workspace: &Workspace) -> Option<PathBuf> {
    let files = place(workspace).join("files");
    files.exists().then_some(files)
}

fn place(workspace: &Workspace) -> PathBuf {
    workspace.target.join("xtask/debian")
}

/// The packages' files, fetched if need be.
pub fn obtain(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(files) = present(workspace) {
        return Ok(files);
    }
    let place = place(workspace);
    let apt = Apt::new(&place, "amd64", apt::SUITES[0])?;
    apt.update()?;
    // Whole or not at all: under its own name it counts as fetched.
    let partial = place.join("partial");
    for package in PACKAGES {
        let file = apt.download(package)?;
        cmd!("dpkg-deb", "-x", &file, &partial).run()?;
    }
    let files = place.join("files");
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
        // The scripts take the kernel's `panic=` for theirs.
        append: "root=/dev/nope panic=",
    };
    let mut outcome = typing::talk(&machine, TALK)?;
    // What the shell complains of in a script has the line's number.
    let complains = outcome.output.contains(": line ");
    let check = ("nothing in them is an error to the shell", !complains);
    outcome.add(Outcome::of_checks([check], String::new()));
    Ok(outcome)
}

/// Makes the initramfs of the packages' files.
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
    // As its hook has them: where a program is there already, it has that name. Its `setsid`, without which the scripts do, would
    // have them start its own shell, wherever `sh` leads.
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

/// All files of a folder, and of those in it; and in each the list of them that the scripts read.
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
