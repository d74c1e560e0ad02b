//! Measures how long a shutdown takes on x86_64: the seconds from the request to power off until qemu exits. The peer is
//! busybox's init on the same image of an ext4 disk. One file system is mounted within another one, and an interactive
//! shell runs at the console.

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use cargo_nestling::{
    apt,
    arch::Arch,
    initramfs::Initramfs,
    kernel::{self, Age},
    machine::{Machine, Progress},
};
use xtask::{
    compile::{self, Profile},
    root_disk,
    workspace::Workspace,
};

use crate::{Emit, Table, in_turns};

const ARCH: Arch = Arch::X86_64;
const TURNS: usize = 7;
const LIMIT: Duration = Duration::from_secs(120);

/// What both inits mount and start, and how they are asked to end. Only busybox's init needs a line that unmounts.
const START: &str = "\
::sysinit:/bin/mount -t devtmpfs devtmpfs /dev
::sysinit:/bin/mount -t proc proc /proc
::sysinit:/bin/mount -t tmpfs tmpfs /mnt
ttyS0::respawn:-/bin/sh -i
::once:/etc/go
";
const UNMOUNT: &str = "::shutdown:/bin/umount -a -r\n";

const GO: &str = "#!/bin/sh
dd if=/dev/zero of=/written bs=65536 count=16 2>/dev/null
echo go: off >/dev/console
exec /bin/poweroff
";
const REQUEST: &str = "go: off\n";

pub fn seconds(workspace: &Workspace, emit: Emit<'_>) -> Result<()> {
    compile::programs(workspace, &[ARCH], Profile::Release, &["--quiet"])?;
    let kernel = kernel::obtain(&workspace.scratch()?, ARCH, Age::Current)?;
    let programs = [
        ("init", "/sbin/init", String::from(START)),
        ("busybox init", "/bin/init", [START, UNMOUNT].concat()),
    ];
    let values = in_turns(programs.len(), TURNS, |index| {
        let (_, path, inittab) = &programs[index];
        once(workspace, &kernel, path, inittab)
    })?;
    let names = programs.iter().map(|(name, ..)| String::from(*name));
    emit(Table {
        title: "From the request to the end of the machine".into(),
        unit: "seconds, emulated",
        rows: names.zip(values).collect(),
    });
    Ok(())
}

/// Boots this init once. Returns the seconds.
fn once(workspace: &Workspace, kernel: &Path, init: &str, inittab: &str) -> Result<f64> {
    let scratch = workspace.scratch()?.join("bench-end");
    let _ = fs::remove_dir_all(&scratch);
    let root = scratch.join("root");
    for directory in [
        "bin", "dev", "etc", "mnt", "proc", "run", "sbin", "sys", "tmp",
    ] {
        fs::create_dir_all(root.join(directory))?;
    }
    let ours = compile::path(workspace, ARCH, Profile::Release, "init");
    fs::copy(ours, root.join("sbin/init"))?;
    let busybox = apt::obtain(|| apt::program("busybox", &["busybox-static"]))?;
    fs::copy(busybox, root.join("bin/busybox"))?;
    for name in ["dd", "echo", "init", "mount", "poweroff", "sh", "umount"] {
        symlink("busybox", root.join("bin").join(name))?;
    }
    fs::write(root.join("etc/inittab"), inittab)?;
    root_disk::write_script(&root.join("etc/go"), GO)?;
    let image = scratch.join("root.img");
    root_disk::image(&root, &image, 32)?;
    let initramfs = scratch.join("empty.cpio");
    Initramfs::new().write(&initramfs)?;
    let append = format!("root=/dev/nvme0n1 rw rootwait init={init}");
    let machine = Machine {
        arch: ARCH,
        kernel,
        initramfs: &initramfs,
        append: &append,
    };
    let devices = root_disk::device("root", &image, "nvme,drive=NAME,serial=NAME");
    let mut running = machine.start_with(Stdio::null(), &devices)?;
    let mut begin = None;
    loop {
        match running.wait(LIMIT)? {
            Progress::Said(_) => {
                let is_asked = running.console.transcript().contains(REQUEST);
                begin = begin.or_else(|| is_asked.then(Instant::now));
            }
            Progress::Silent => bail!("the machine hangs:\n{}", running.console.tail()),
            Progress::Ended(_) => break,
        }
    }
    let begin = begin.with_context(|| format!("no request:\n{}", running.console.tail()))?;
    let seconds = begin.elapsed().as_secs_f64();
    let problems = root_disk::unclean(&image)?;
    ensure!(problems.is_empty(), "after {init}: {problems}");
    Ok(seconds)
}
