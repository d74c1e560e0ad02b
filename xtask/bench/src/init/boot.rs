//! Measures the seconds of a boot, by the kernel's own clock: from the kernel's start of process 1 to the first byte
//! that the first service writes. On x86_64, busybox's init boots on the same kernel and from the same archive, for
//! comparison.
//!
//! The service writes to the kernel's log, which also records the start of process 1: each line has its time.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, bail};

use cargo_nestling::{
    apt,
    arch::Arch,
    initramfs::Initramfs,
    kernel::{self, Age},
    machine::{Machine, Progress},
};
use xtask::{
    boot::{self, SERVICE},
    compile::{self, Profile},
    workspace::Workspace,
};

use crate::{Emit, Table, in_turns};

const TURNS: usize = 5;
const LIMIT: Duration = Duration::from_secs(120);

/// The inittab's line for the first service, and the text of the service: it writes an error message. (With `=` in the
/// line itself, init would start a shell.)
const LINE: &str = "::once:/bin/command\n";
const COMMAND: &[u8] = b"/bin/spawn\0--open\x002,w=/dev/kmsg\0/bin/spawn\0first-byte\0";

/// The mounts that nestling's init makes by itself and that busybox's inittab must name, as far as the service needs
/// them.
const MOUNTS: &[(&str, &str)] = &[
    ("devtmpfs", "/dev"),
    ("proc", "/proc"),
    ("sysfs", "/sys"),
    ("cgroup2", "/sys/fs/cgroup"),
    ("devpts", "/dev/pts"),
    ("tmpfs", "/dev/shm"),
    ("tmpfs", "/run"),
    ("tmpfs", "/tmp"),
];

pub fn seconds(workspace: &Workspace, emit: Emit<'_>) -> Result<()> {
    for arch in Arch::ALL {
        compile::programs(workspace, &[arch], Profile::Release, &["--quiet"])?;
        compile::started(workspace, arch, SERVICE)?;
        let kernel = kernel::obtain(&workspace.scratch()?, arch, Age::Current)?;
        let (mut words, mut names) = (vec![("", LINE.into())], vec!["init"]);
        if arch == Arch::X86_64 {
            let lines = MOUNTS.iter().map(|(kind, target)| {
                format!("::sysinit:/bin/busybox mkdir -p {target}\n::sysinit:/bin/busybox mount -t {kind} {kind} {target}\n")
            });
            words.push(("rdinit=/sbin/init", lines.collect::<String>() + LINE));
            names.push("busybox init, the same mounted");
            let line = "::sysinit:/bin/busybox mount -t devtmpfs devtmpfs /dev\n";
            words.push(("rdinit=/sbin/init", format!("{line}{LINE}")));
            names.push("busybox init, only /dev");
        }
        let values = in_turns(words.len(), TURNS, |index| {
            let (append, inittab) = &words[index];
            once(workspace, arch, &kernel, append, inittab)
        })?;
        emit(Table {
            title: format!("First service, {}", arch.name()),
            unit: "milliseconds after the start of process 1, emulated",
            rows: names.into_iter().map(String::from).zip(values).collect(),
        });
    }
    Ok(())
}

/// Boots once. Returns the milliseconds.
fn once(
    workspace: &Workspace,
    arch: Arch,
    kernel: &Path,
    append: &str,
    inittab: &str,
) -> Result<f64> {
    let mut archive = Initramfs::new();
    boot::programs(&mut archive, workspace, arch)?;
    if arch == Arch::X86_64 {
        let busybox = apt::obtain(|| apt::program("busybox", &["busybox-static"]))?;
        archive.program("bin/busybox", &busybox)?;
        archive.directory("sbin");
        archive.link("sbin/init", "/bin/busybox");
    }
    let service = compile::path(workspace, arch, Profile::Tests, SERVICE);
    archive.program("bin/command", &service)?;
    archive.file("etc/command", COMMAND);
    archive.file("etc/inittab", inittab.as_bytes());
    let initramfs = workspace
        .scratch()?
        .join(format!("bench-{}.cpio", arch.name()));
    archive.write(&initramfs)?;
    let append = format!("loglevel=7 printk.time=1 {append}");
    let machine = Machine {
        arch,
        kernel,
        initramfs: &initramfs,
        append: append.trim_end(),
    };
    let mut running = machine.start(Stdio::null())?;
    loop {
        match running.wait(LIMIT)? {
            Progress::Said(_) => {}
            Progress::Silent | Progress::Ended(_) => bail!(
                "the machine did not come to the service:\n{}",
                running.console.tail()
            ),
        }
        let text = running.console.transcript();
        // The kernel's line may interrupt one of init's lines.
        let time = |what: &str| {
            let line = text.lines().find(|line| line.contains(what))?;
            let before = line.split(what).next()?;
            let time = before.rsplit('[').next()?.split(']').next()?;
            time.trim().parse::<f64>().ok()
        };
        if let Some(end) = time("first-byte") {
            let begin =
                time("Run /").context("the kernel's log does not show the start of process 1")?;
            return Ok((end - begin) * 1e3);
        }
    }
}
