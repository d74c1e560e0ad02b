//! The suite `disk`: tests init on a machine whose root is on a disk, from the start in an initramfs to the contents of
//! the disks after the machine has switched itself off.
//!
//! The disks have ext4 file systems. The first disk is an nvme device. Debian's cloud kernels contain the drivers for
//! ext4 and nvme. For other kernels, an initramfs loads the modules, as a distribution's initramfs does. Busybox
//! provides the commands.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use cargo_nestling::drivers;
use duct::cmd;

use crate::{
    arch::{Arch, HOST},
    boot::SERVICE,
    compile::{self, Profile},
    debian,
    initramfs::Initramfs,
    machine::{Machine, Progress, Running},
    packages,
    report::{Outcome, Verdict},
    root_disk::{device, image, unclean, write_script},
    workspace::Workspace,
};

/// The time after which a silent machine has failed. Init gives up on a disk that hangs after a minute.
const SILENCE: Duration = Duration::from_secs(150);
const LIMIT: Duration = Duration::from_secs(240);

/// The commands of busybox that the scripts use.
const COMMANDS: [&str; 18] = [
    "sh",
    "cat",
    "date",
    "dd",
    "echo",
    "grep",
    "insmod",
    "last",
    "mkdir",
    "mkswap",
    "mknod",
    "mount",
    "poweroff",
    "sleep",
    "swapon",
    "switch_root",
    "test",
    "usleep",
];

/// How the root gets mounted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mounter {
    /// The kernel mounts it.
    Direct,
    /// The script in an initramfs mounts it.
    Initramfs,
    /// Debian's scripts in an initramfs mount it.
    Debian,
}

struct Case {
    name: &'static str,
    mounter: Mounter,
    /// Words for the kernel's command line.
    append: &'static str,
    /// What the machine must print, in this order.
    order: &'static [&'static str],
    /// Outputs of the machine, each with the keys that are struck then; one after the other.
    typed: &'static [(&'static str, &'static str)],
    /// Whether the second disk stops answering before the machine is to end.
    hangs: bool,
}

const CASES: &[Case] = &[
    Case {
        name: "a root that an initramfs mounts, and words that the kernel does not know",
        mounter: Mounter::Initramfs,
        append: "root=/dev/nvme0n1 rw splash nonsense=yes",
        order: &[
            "init: started on Linux ",
            "rc: ready\n",
            "system boot ",
            "init: power off: stopping the machine\n",
            "storage: ends with 1 disks mounted\n",
            "init: power off\n",
        ],
        typed: &[],
        hangs: false,
    },
    Case {
        name: "a root that is read-only",
        mounter: Mounter::Initramfs,
        append: "root=/dev/nvme0n1 ro PATH=/bin splash",
        order: &["rc: it is read-only\n", "rc: ready\n", "init: power off\n"],
        typed: &[],
        hangs: false,
    },
    Case {
        name: "a root that the kernel mounts",
        mounter: Mounter::Direct,
        append: "root=/dev/nvme0n1 rw rootwait init=/sbin/init PATH=/bin splash",
        order: &["rc: ready\n", "init: power off\n"],
        typed: &[],
        hangs: false,
    },
    Case {
        name: "a root that Debian's initramfs mounts, words that the kernel does not know, and single-user mode",
        mounter: Mounter::Debian,
        // The scripts interpret the kernel's parameter `panic=`, too.
        append: "root=/dev/nvme0n1 rootfstype=ext4 rw splash single nonsense=yes panic=",
        order: &[
            "init: started on Linux ",
            "rc: ready\n",
            // Init starts nothing else before the shell has ended.
            "init: sh: started, process ",
            "single: 42\n",
            "init: sh: exit status: 0\n",
            "init: @storage: started, process ",
            "init: power off: stopping the machine\n",
            "init: power off\n",
        ],
        typed: &[
            ("rc: ready\n", ""),
            ("# ", "echo single: $((6 * 7))\r"),
            ("single: 42", "exit\r"),
        ],
        hangs: false,
    },
    Case {
        name: "a disk that no longer answers",
        mounter: Mounter::Initramfs,
        append: "root=/dev/nvme0n1 rw HANGS=yes",
        // The console may stand still while qemu throttles the disk. `init` waits for it for a second and then leaves lines
        // out, so the first lines of the end are not expected.
        order: &[
            "rc: ready\n",
            ": not done in time, abandoned\n",
            "init: power off\n",
        ],
        typed: &[],
        hangs: true,
    },
];

/// What a machine never prints if its disks answer.
const NEVER: [&str; 2] = ["init: SIGKILL", "init: read-only \""];

/// The script that the initramfs starts as process 1. Like Debian's, it has a `PATH` in its environment and passes on
/// its arguments.
const EARLY: &str = r#"#!/bin/sh
export PATH=/bin
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
while read module; do insmod /modules/$module; done </modules/order
until test -b /dev/nvme0n1 -a -b /dev/vda; do usleep 10000; done
mode=rw
for word in $(cat /proc/cmdline); do test $word = ro && mode=ro; done
mount -t ext4 -o $mode /dev/nvme0n1 /new
mount --move /dev /new/dev
mount --move /proc /new/proc
exec switch_root /new /sbin/init "$@"
"#;

/// The script that the root's inittab starts first.
const RC: &str = r#"#!/bin/sh
set -e
test -b /dev/loop0 || test ! -e /modules/order || while read module; do insmod /modules/$module; done </modules/order
until test -b /dev/vda; do usleep 10000; done
mount -t ext4 /dev/vda /mnt
mount -t tmpfs inner /mnt/inner
mkdir /mnt/inner/bound
mount --bind /mnt/data /mnt/inner/bound
mount -t tmpfs deep /mnt/inner/bound/deep
mount --bind /mnt/data '/srv/with a blank'
mount --bind /etc /srv/etc
mount -t tmpfs virtual /srv/virtual
mount -o loop /mnt/loop.img /mnt/loop
mount -t tmpfs looped /mnt/loop/inner
echo written >/mnt/loop/written
echo written >/mnt/data/written
dd if=/dev/zero of=/mnt/swap bs=4096 count=512 2>/dev/null
mkswap /mnt/swap >/dev/null
swapon /mnt/swap
(echo written >/written) 2>/dev/null || echo rc: it is read-only
echo rc: ready
"#;

/// The command that ends the machine. If a disk is to hang, the command is typed at the console.
const GO: &str = r#"#!/bin/sh
cd /mnt/loop/inner
if test "$HANGS"; then
    dd if=/dev/zero of=/mnt/data/large bs=65536 count=32 2>/dev/null
    echo go: written >/dev/console
else
    if (: >>/var/log/wtmp) 2>/dev/null; then
        until test -s /var/log/wtmp; do usleep 10000; done
        last | grep "$(date +'%b %e')" >/dev/console
    fi
    /bin/poweroff
fi
exec sleep 1000
"#;

const INITTAB: &str = "\
::sysinit:/etc/rc
console::respawn:-/bin/sh -i
::once:@storage
::respawn:/bin/holder
null::once:/etc/go
";

/// In the short form, only the architecture of this machine goes through all cases. The others go through the first, which makes every
/// system call that the cases make: what else they show is the same program on every architecture.
pub fn run(workspace: &Workspace, arch: Arch, kernel: &Path, long: bool) -> Result<Outcome> {
    let parts = match obtain(workspace, arch, kernel) {
        Ok(parts) => parts,
        Err(error) => {
            let reason = format!("no modules or commands for its disks: {error:#}");
            return Ok(Outcome::missing(&reason, false));
        }
    };
    let has_drivers = fs::read_to_string(parts.join("modules/order"))?;
    let has_drivers = !["ext4", "nvme"].iter().any(|it| has_drivers.contains(it));
    let mut all = Outcome::default();
    let count = if long || arch == HOST { CASES.len() } else { 1 };
    for case in &CASES[..count] {
        if case.mounter == Mounter::Direct && !has_drivers {
            let why = String::from("the kernel has the drivers as modules");
            all.cases.push((case.name.into(), Verdict::Skipped(why)));
            continue;
        }
        if case.mounter == Mounter::Debian {
            if arch != debian::ARCH {
                continue;
            }
            if debian::present(workspace).is_none() {
                let why = String::from(debian::MISSING);
                all.cases.push((case.name.into(), Verdict::Skipped(why)));
                continue;
            }
        }
        let problems = live(workspace, arch, kernel, &parts, case)
            .with_context(|| format!("case {:?}", case.name))?;
        if !problems.is_empty() {
            all.output += &format!("FAILED {}\n{problems}\n", case.name);
        }
        let verdict = match &*problems {
            "" => Verdict::Passed,
            _ => Verdict::Failed,
        };
        all.cases.push((case.name.into(), verdict));
    }
    Ok(all)
}

// ---- The parts of the machines ----

/// Returns the folder with busybox and the kernel's modules, and fetches them if necessary.
pub fn obtain(workspace: &Workspace, arch: Arch, kernel: &Path) -> Result<PathBuf> {
    let cache = workspace.scratch()?;
    let modules = drivers::obtain(&cache, arch, || release(workspace, arch, kernel))?;
    let parts = modules.parent().context("a folder")?;
    if parts.join("busybox").exists() {
        return Ok(parts.into());
    }
    let place = cache.join("disks").join(arch.name());
    let package = packages::fetch(&place, arch, &["busybox-static"])?;
    let files = place.join("files");
    cmd!("dpkg-deb", "-x", package, &files).run()?;
    // The file is copied under another name and renamed when it is complete.
    let partial = place.join("busybox");
    fs::copy(files.join("bin/busybox"), &partial)
        .or_else(|_| fs::copy(files.join("usr/bin/busybox"), &partial))?;
    fs::rename(partial, parts.join("busybox"))?;
    fs::remove_dir_all(files)?;
    Ok(parts.into())
}

/// Returns the kernel's release, which is part of the name of the package with its modules.
pub fn release(workspace: &Workspace, arch: Arch, kernel: &Path) -> Result<String> {
    let agent = compile::path(workspace, arch, Profile::Tests, "agent");
    cargo_nestling::boot::release(arch, kernel, &agent)
}

fn scratch(workspace: &Workspace, arch: Arch, name: &str) -> Result<PathBuf> {
    let folder = workspace.scratch()?.join(format!("disk-{}", arch.name()));
    fs::create_dir_all(&folder)?;
    Ok(folder.join(name))
}

/// Makes the first disk, with the root.
fn root(workspace: &Workspace, arch: Arch, parts: &Path, mounter: Mounter) -> Result<PathBuf> {
    let folder = scratch(workspace, arch, "root")?;
    let _ = fs::remove_dir_all(&folder);
    for directory in [
        "bin",
        "dev",
        "etc",
        "mnt",
        "proc",
        "run",
        "sbin",
        "srv/etc",
        "srv/virtual",
        "srv/with a blank",
        "sys",
        "tmp",
        "var/log",
        "var/run",
    ] {
        fs::create_dir_all(folder.join(directory))?;
    }
    for file in ["log/wtmp", "run/utmp"] {
        fs::write(folder.join("var").join(file), "")?;
    }
    let program = |name| compile::path(workspace, arch, Profile::Release, name);
    fs::copy(program("init"), folder.join("sbin/init"))?;
    let service = compile::path(workspace, arch, Profile::Tests, SERVICE);
    fs::copy(service, folder.join("bin/service"))?;
    fs::copy(parts.join("busybox"), folder.join("bin/busybox"))?;
    for name in COMMANDS {
        match name {
            "poweroff" => symlink("/sbin/init", folder.join("bin/poweroff"))?,
            _ => symlink("busybox", folder.join("bin").join(name))?,
        }
    }
    for name in ["@storage", "holder"] {
        symlink("service", folder.join("bin").join(name))?;
    }
    // Nestling's script in the initramfs loads the modules itself.
    if mounter != Mounter::Initramfs {
        cmd!("cp", "-r", parts.join("modules"), folder.join("modules")).run()?;
    }
    fs::write(folder.join("etc/inittab"), INITTAB)?;
    write_script(&folder.join("etc/rc"), RC)?;
    write_script(&folder.join("etc/go"), GO)?;
    let path = scratch(workspace, arch, "first.img")?;
    image(&folder, &path, 48)?;
    // The owner of the inittab must be root, whoever makes the image: init refuses an inittab of another owner.
    let commands = "set_inode_field /etc/inittab uid 0\n";
    change(&path, &scratch(workspace, arch, "owner")?, commands)?;
    if mounter == Mounter::Debian {
        // The program `run-init` opens the console in the new root. (In the folder, only root could make this device.)
        let commands = "cd /dev\nmknod console c 5 1\nset_inode_field console mode 020600\n";
        change(&path, &scratch(workspace, arch, "console")?, commands)?;
    }
    Ok(path)
}

/// Makes the second disk, with an image of a file system that is mounted from it.
fn second(workspace: &Workspace, arch: Arch) -> Result<PathBuf> {
    let folder = scratch(workspace, arch, "second")?;
    let _ = fs::remove_dir_all(&folder);
    let looped = folder.join("looped");
    fs::create_dir_all(looped.join("inner"))?;
    for directory in ["data/deep", "inner", "loop"] {
        fs::create_dir_all(folder.join(directory))?;
    }
    image(&looped, &folder.join("loop.img"), 4)?;
    let path = scratch(workspace, arch, "second.img")?;
    image(&folder, &path, 48)?;
    Ok(path)
}

fn early(workspace: &Workspace, arch: Arch, parts: &Path, mounter: Mounter) -> Result<PathBuf> {
    let path = scratch(workspace, arch, "early.cpio")?;
    if mounter == Mounter::Debian {
        let files = debian::present(workspace).context(debian::MISSING)?;
        debian::make(workspace, &files, &path)?;
        return Ok(path);
    }
    let mut archive = Initramfs::new();
    // If there is no program `/init`, the kernel itself mounts the root.
    if mounter == Mounter::Initramfs {
        archive.directory("modules");
        archive.directory("new");
        archive.program("bin/busybox", &parts.join("busybox"))?;
        for name in COMMANDS {
            archive.link(&format!("bin/{name}"), "busybox");
        }
        for entry in fs::read_dir(parts.join("modules"))? {
            let entry = entry?;
            let name = entry.file_name();
            archive.program(
                &format!("modules/{}", name.to_string_lossy()),
                &entry.path(),
            )?;
        }
        let script = scratch(workspace, arch, "early")?;
        fs::write(&script, EARLY)?;
        archive.program("init", &script)?;
    }
    archive.write(&path)?;
    Ok(path)
}

/// Changes an image by commands of debugfs in a file.
pub fn change(image: &Path, file: &Path, commands: &str) -> Result<()> {
    fs::write(file, commands)?;
    let said = cmd!("debugfs", "-w", "-f", file, image)
        .stderr_to_stdout()
        .read()?;
    // debugfs exits with 0 even if a command fails. It shows each command, and prints nothing about one that works,
    // except what it has allocated.
    let is_wrong = |line: &&str| !line.starts_with("debugfs") && !line.starts_with("Allocated");
    ensure!(!said.lines().any(|line| is_wrong(&line)), "debugfs: {said}");
    Ok(())
}

// ---- The lives of the machines ----

/// Runs the machine of a case. Returns what went wrong; nothing if all went well.
fn live(
    workspace: &Workspace,
    arch: Arch,
    kernel: &Path,
    parts: &Path,
    case: &Case,
) -> Result<String> {
    let disks = [
        ("first", root(workspace, arch, parts, case.mounter)?),
        ("second", second(workspace, arch)?),
    ];
    let initramfs = early(workspace, arch, parts, case.mounter)?;
    let machine = Machine {
        arch,
        kernel,
        initramfs: &initramfs,
        append: case.append,
    };
    // The driver of nvme would reset a disk that hangs, and qemu would wait for the disk.
    let kinds = ["nvme,drive=NAME,serial=NAME", "virtio-blk-pci,drive=NAME"];
    let devices = disks.iter().zip(kinds);
    let devices: Vec<String> = devices
        .flat_map(|((name, path), kind)| device(name, path, kind))
        .collect();
    let mut running = machine.start_with(Stdio::piped(), &devices)?;
    let mut problems = follow(&mut running, case)?;
    let transcript = running.console.transcript();
    let mut rest = &*transcript;
    for said in case.order {
        match rest.split_once(said) {
            Some((_, after)) => rest = after,
            None => problems += &format!("not said, or too early: {said:?}\n"),
        }
    }
    for said in NEVER {
        if !case.hangs && transcript.contains(said) {
            problems += &format!("said: {said:?}\n");
        }
    }
    let [(_, first), (_, second)] = &disks;
    let mut images = vec![(first.clone(), case.append.contains(" rw"))];
    if !case.hangs {
        let looped = scratch(workspace, arch, "loop.img")?;
        let dump = format!("dump /loop.img {}", looped.display());
        cmd!("debugfs", "-R", dump, second).stderr_null().run()?;
        images.push((looped, true));
        images.push((second.clone(), true));
    }
    if case.append.contains(" rw") && !case.hangs {
        let wtmp = cmd!("debugfs", "-R", "cat /var/log/wtmp", first)
            .stderr_null()
            .stdout_capture()
            .run()?;
        if !wtmp.stdout.windows(9).any(|it| it == b"shutdown\0") {
            problems += "wtmp has no record of the shutdown\n";
        }
    }
    for (image, is_written) in images {
        problems += &check(&image, is_written)?;
    }
    if !problems.is_empty() {
        problems += &format!("on the console:\n{transcript}");
    }
    Ok(problems)
}

/// What the machine prints when data are ready to be written to the disk that is to hang.
const WRITTEN: &str = "go: written\n";

/// Lets the machine run to its end. Returns what went wrong.
fn follow(running: &mut Running, case: &Case) -> Result<String> {
    let (begin, mut has_hung) = (Instant::now(), false);
    let (mut typed, mut heard) = (case.typed.iter(), 0);
    let mut next = typed.next();
    loop {
        match running.wait(SILENCE)? {
            Progress::Said(_) if begin.elapsed() < LIMIT => {
                let transcript = running.console.transcript();
                while let Some((said, keys)) = next
                    && let Some(at) = transcript.get(heard..).and_then(|it| it.find(said))
                {
                    heard += at + said.len();
                    running.strike(keys)?;
                    next = typed.next();
                }
                if case.hangs && running.console.transcript().contains("init: power off\n") {
                    // The kernel or qemu may wait for the disk, so qemu is killed.
                    running.kill()?;
                    return Ok(String::new());
                }
                if case.hangs && !has_hung && running.console.transcript().contains(WRITTEN) {
                    // The limit is one byte per second.
                    running.command("block_set_io_throttle second 1 0 0 0 0 0")?;
                    running.strike("/bin/poweroff\r")?;
                    has_hung = true;
                }
            }
            Progress::Said(_) | Progress::Silent => {
                running.kill()?;
                return Ok("the machine hangs\n".into());
            }
            Progress::Ended(_) if running.console.panicked() => {
                return Ok("the kernel has panicked\n".into());
            }
            Progress::Ended(status) if status.success() => return Ok(String::new()),
            Progress::Ended(status) => return Ok(format!("qemu: {status}\n")),
        }
    }
}

/// Checks that an image was unmounted and contains what was written to it.
fn check(image: &Path, is_written: bool) -> Result<String> {
    let mut problems = unclean(image)?;
    let files = ["/written", "/data/written"];
    let contents = files.iter().map(|file| {
        cmd!("debugfs", "-R", format!("cat {file}"), image)
            .stderr_null()
            .read()
    });
    let contents = contents.collect::<Result<String, _>>()?;
    if contents.contains("written") != is_written {
        let name = image.display();
        problems += &format!("{name}: what was written there: {contents:?}\n");
    }
    Ok(problems)
}
