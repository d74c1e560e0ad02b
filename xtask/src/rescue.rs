//! The suite `rescue`: repairs a system on a disk with the utilities of `box`, as a person would do it from an initramfs: loads modules,
//! mounts the disk, repairs a file, changes into the system, brings the network up, copies a file away, and reboots.
//!
//! The initramfs contains nestling's programs and modules of the kernel. The system on the disk has busybox, whose `nc` sends the file.
//! It runs in the long form only.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use anyhow::Result;
use cargo_nestling::drivers;
use duct::cmd;

use crate::{
    arch::Arch,
    boot,
    compile::{self, Profile},
    disk,
    initramfs::Initramfs,
    machine::Machine,
    report::{Outcome, Verdict},
    root_disk::{device, image, unclean},
    typing::{self, Exchange},
    workspace::Workspace,
};

/// The modules that the script loads. Those that the package lacks are a part of the kernel.
const MODULES: [&str; 7] = [
    "crc32c_generic",
    "ext4",
    "nvme",
    "virtio_pci",
    "virtio_blk",
    "virtio_net",
    "loop",
];

const SCRIPT: &str = r#"#!/bin/sh
set -e
trap 'test "$done" || { echo "rescue: failed"; poweroff; }' EXIT
export PATH=/applets:/bin
box --install /applets
hostname rescue
echo "rescue: $(id -un) on $(hostname), $(uname -s)"

ln -s /modules "/lib/modules/$(uname -r)"
modprobe -a crc32c-generic ext4 nvme virtio_pci virtio_blk virtio_net
! modprobe -q nonsense
modprobe loop max_loop=5
test "$(lsmod | while read -r name rest; do if test "$name" = loop; then echo "$name"; fi; done)"
echo "rescue: loop with $(cat /sys/module/loop/parameters/max_loop) devices"

until test -b /dev/nvme0n1; do sleep 0.1; done
mkdir /mnt
mount -r /dev/nvme0n1 /mnt
! cp /dev/null /mnt/etc/new 2>/dev/null
mount -o remount,rw /mnt
mount | while read -r device on where rest; do if test "$where" = /mnt; then echo "rescue: $device $rest"; fi; done
read -r line </mnt/etc/fstab
echo "rescue: found $line"
echo '/dev/nvme0n1 / ext4 defaults 0 1' >/mnt/etc/fstab.new
chmod 644 /mnt/etc/fstab.new
mv /mnt/etc/fstab.new /mnt/etc/fstab
cp -p /mnt/etc/fstab /mnt/etc/fstab.copy

mount -o bind /dev /mnt/dev
mount -t proc proc /mnt/proc
spawn --chroot /mnt -- /bin/sh -c 'echo "chroot: $(cat /etc/name), $(wc -l </etc/fstab) line"'

losetup -f /mnt/inner.img
losetup
mount /dev/loop0 /inner
cp /inner/deep /mnt/deep
umount /inner
losetup -d /dev/loop0
mount -o loop,ro /mnt/inner.img /inner
cat /inner/deep
umount /inner

until ip link show eth0 >/dev/null 2>&1; do sleep 0.1; done
ip link set lo up
ip link set eth0 up
ip addr add 10.0.2.15/24 dev eth0
ip route add default via 10.0.2.2
ip route
spawn --chroot /mnt -- /bin/busybox nc 10.0.2.100 9 </mnt/precious
echo "rescue: sent"

ps -o pid,comm -p 1
free -k | while read -r name total rest; do if test "$name" = Mem: && test "$total" -gt 100000; then echo "rescue: memory"; fi; done
swapon /mnt/nothing 2>/dev/null || echo "rescue: no swap"
test "$(dmesg)"

umount /mnt/proc /mnt/dev
umount /mnt
done=yes
reboot
"#;

const TALK: &[(&str, &[Exchange])] = &[
    (
        "the applets are links, and know the machine",
        &[("", &["rescue: root on rescue, Linux\n"])],
    ),
    (
        "a module is loaded with its parameters, after those that it needs",
        &[("", &["rescue: loop with 5 devices\n"])],
    ),
    (
        "the disk is mounted read-only, then for writing",
        &[("", &["rescue: /dev/nvme0n1 type ext4 (rw,"])],
    ),
    (
        "the file is repaired, and the system's own programs see that",
        &[(
            "",
            &["rescue: found broken\n", "chroot: a system, 1 line\n"],
        )],
    ),
    (
        "an image is mounted by a loop device",
        &[("", &["/dev/loop0: 0 /mnt/inner.img\n", "deep inside\n"])],
    ),
    (
        "the network comes up, and a file is copied away",
        &[(
            "",
            &[
                "default via 10.0.2.2 dev eth0\n",
                "10.0.2.0/24 dev eth0 scope link src 10.0.2.15\n",
                "rescue: sent\n",
            ],
        )],
    ),
    (
        "the state of the machine is shown",
        &[("", &[" 1 init\n", "rescue: memory\n", "rescue: no swap\n"])],
    ),
    (
        "the machine reboots by its init",
        &[(
            "",
            &["init: reboot: stopping the machine\n", "init: reboot\n"],
        )],
    ),
];

pub fn run(workspace: &Workspace, arch: Arch, kernel: &Path) -> Result<Outcome> {
    let parts = disk::obtain(workspace, arch, kernel).and_then(|parts| {
        let release = || disk::release(workspace, arch, kernel);
        let cache = workspace.scratch()?;
        let modules = drivers::obtain_those(&cache, arch, "rescue", &MODULES, release)?;
        Ok((parts, modules))
    });
    let (parts, modules) = match parts {
        Ok(parts) => parts,
        Err(error) => {
            let reason = format!("no modules or busybox for its disk: {error:#}");
            return Ok(Outcome::missing(&reason, false));
        }
    };
    let folder = workspace.scratch()?.join(format!("rescue-{}", arch.name()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let disk = system(&folder, &parts)?;
    let initramfs = folder.join("rescue.cpio");
    archive(workspace, arch, &modules, &folder)?.write(&initramfs)?;
    let away = folder.join("away");
    let machine = Machine {
        arch,
        kernel,
        initramfs: &initramfs,
        append: "",
    };
    let mut devices = device("first", &disk, "nvme,drive=NAME,serial=NAME").to_vec();
    // A connection to this address reaches a program of the host.
    let forward = format!(
        "guestfwd=tcp:10.0.2.100:9-cmd:dd of={} status=none",
        away.display()
    );
    devices.extend([
        "-netdev".into(),
        format!("user,id=net,{forward}"),
        "-device".into(),
        "virtio-net-pci,netdev=net".into(),
    ]);
    let mut outcome = typing::talk_with(&machine, &devices, TALK)?;
    let mut problems = unclean(&disk)?;
    let repaired = cmd!("debugfs", "-R", "cat /etc/fstab", &disk)
        .stderr_null()
        .read()?;
    if repaired != "/dev/nvme0n1 / ext4 defaults 0 1" {
        problems += &format!("/etc/fstab: {repaired:?}\n");
    }
    if fs::read(&away).unwrap_or_default() != precious() {
        problems += "what has arrived is not the file\n";
    }
    outcome.output += &problems;
    let verdict = match problems.is_empty() {
        true => Verdict::Passed,
        false => Verdict::Failed,
    };
    let name = "the file has arrived, and the disk is clean and repaired";
    outcome.cases.push((name.into(), verdict));
    Ok(outcome)
}

/// The file that is copied away.
fn precious() -> Vec<u8> {
    (0..100_000u32).flat_map(u32::to_le_bytes).collect()
}

/// Makes the disk with a broken system.
fn system(folder: &Path, parts: &Path) -> Result<PathBuf> {
    let root = folder.join("root");
    let inner = folder.join("inner");
    for directory in ["bin", "dev", "etc", "proc"] {
        fs::create_dir_all(root.join(directory))?;
    }
    fs::create_dir_all(&inner)?;
    fs::copy(parts.join("busybox"), root.join("bin/busybox"))?;
    for name in ["sh", "cat", "wc"] {
        symlink("busybox", root.join("bin").join(name))?;
    }
    fs::write(root.join("etc/fstab"), "broken\n")?;
    fs::write(root.join("etc/name"), "a system\n")?;
    fs::write(root.join("precious"), precious())?;
    fs::write(inner.join("deep"), "deep inside\n")?;
    image(&inner, &root.join("inner.img"), 4)?;
    let path = folder.join("disk.img");
    image(&root, &path, 48)?;
    Ok(path)
}

fn archive(workspace: &Workspace, arch: Arch, modules: &Path, folder: &Path) -> Result<Initramfs> {
    let mut archive = Initramfs::new();
    boot::programs(&mut archive, workspace, arch)?;
    let path = compile::path(workspace, arch, Profile::Release, "box");
    archive.program("bin/box", &path)?;
    for directory in ["applets", "inner", "lib/modules", "modules"] {
        archive.directory(directory);
    }
    // A module is listed with all that are loaded before it, the last of them first.
    let order = fs::read_to_string(modules.join("order"))?;
    let (mut needs, mut before) = (String::new(), String::new());
    for file in order.lines() {
        archive.program(&format!("modules/{file}"), &modules.join(file))?;
        needs += &format!("{file}:{before}\n");
        before = format!(" {file}{before}");
    }
    archive.file("modules/modules.dep", needs.as_bytes());
    let file = |name: &&str| format!("{name}.ko");
    let built_in = MODULES.iter().map(file);
    let built_in = built_in.filter(|file| !order.lines().any(|line| line == file));
    let built_in: String = built_in.map(|file| format!("kernel/{file}\n")).collect();
    archive.file("modules/modules.builtin", built_in.as_bytes());
    archive.file("etc/passwd", b"root:x:0:0::/:/bin/sh\n");
    archive.file("etc/inittab", b"::once:/bin/rescue\n");
    let script = folder.join("script");
    fs::write(&script, SCRIPT)?;
    archive.program("bin/rescue", &script)?;
    Ok(archive)
}
