//! The suite `debian-root`: runs Debian's own programs on a machine whose process 1 is nestling's init. A user logs in
//! at the serial line; a syslog daemon and sshd run; at the end, the disk must be clean.
//!
//! debootstrap makes the root once; that takes minutes and needs root. The suite runs on x86_64 only, because the
//! programs are the same on every architecture.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use duct::cmd;

use crate::{
    apt,
    arch::Arch,
    compile::{self, Profile},
    disk,
    initramfs::Initramfs,
    machine::Machine,
    report::Outcome,
    root_disk,
    typing::{self, Exchange},
    workspace::Workspace,
};

/// The architecture of the root.
pub const ARCH: Arch = Arch::X86_64;

/// Packages that a minimal Debian lacks.
const PACKAGES: &str = "inetutils-syslogd,iproute2,openssh-server";

/// The preparation of the new root: a password, a key with which root can log in as root, and the removal of files that
/// need not be copied.
const PREPARE: &str = "
echo root:debian | chpasswd
mkdir -m 700 /root/.ssh
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
echo \"127.0.0.1 $(cat /etc/ssh/ssh_host_ed25519_key.pub)\" >/root/.ssh/known_hosts
rm -rf /var/cache/apt/* /var/lib/apt/lists/* /usr/share/doc/* /usr/share/locale/* /usr/share/man/*
";

const MEGABYTES: u32 = 400;

const INITTAB: &str = "\
::sysinit:/usr/bin/mkdir /run/sshd
::sysinit:/usr/bin/touch /run/utmp
::sysinit:/usr/bin/ip link set lo up
null::respawn:/usr/sbin/syslogd --no-detach
null::respawn:/usr/sbin/sshd -D
ttyS0::respawn:/sbin/agetty 115200 ttyS0 vt102
";

const PROMPT: &str = "~# ";

const TALK: &[(&str, &[Exchange])] = &[
    (
        "getty and login lead to a shell at the serial line",
        &[
            ("", &["login: "]),
            ("root\r", &["Password: "]),
            ("debian\r", &[PROMPT]),
        ],
    ),
    (
        "Ctrl-C ends a command",
        &[
            // The job itself prints when it runs: bash loses a Ctrl-C that comes while bash starts the job.
            ("sh -c 'echo begun; exec sleep 1000'\r", &["\nbegun\n"]),
            ("\x03", &[PROMPT]),
            ("echo $?\r", &["\n130\n", PROMPT]),
        ],
    ),
    (
        "who -b prints when the machine started",
        &[("who -b\r", &["system boot  ", PROMPT])],
    ),
    (
        "the syslog daemon writes its messages to the disk",
        &[(
            "logger of the test; until grep 'root: of the test' /var/log/syslog; do sleep 0.1; done\r",
            &[" root: of the test\n", PROMPT],
        )],
    ),
    (
        "ssh connects to this machine",
        &[(
            "ssh -o BatchMode=yes 127.0.0.1 'echo \"$USER from ${SSH_CLIENT%% *}\"'\r",
            &["\nroot from 127.0.0.1\n", PROMPT],
        )],
    ),
    (
        "after the end of a login, its record is closed, and getty runs again",
        &[
            ("exit\r", &["login: "]),
            ("root\r", &["Password: "]),
            ("debian\r", &[PROMPT]),
            ("who | wc -l\r", &["\n1\n", PROMPT]),
            ("last root\r", &["still logged in\n", " (00:0", PROMPT]),
        ],
    ),
    (
        "the machine is switched off by a command",
        &[(
            "poweroff\r",
            &[
                "init: power off: stopping the machine\n",
                "init: power off\n",
            ],
        )],
    ),
];

fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target.join("xtask/debian-root")
}

/// The image of the root, if it was made before.
pub fn present(workspace: &Workspace) -> Option<PathBuf> {
    let image = folder(workspace).join("root.img");
    image.exists().then_some(image)
}

/// Returns the image of the root, and makes it if necessary.
pub fn obtain(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(image) = present(workspace) {
        return Ok(image);
    }
    ensure!(
        rustix::process::geteuid().is_root(),
        "a root of Debian's: only root may make it"
    );
    let debootstrap = apt::obtain(|| apt::program("debootstrap", &["debootstrap"]))?;
    let cache = folder(workspace);
    let folder = cache.join("folder");
    remove(&folder)?;
    fs::create_dir_all(&folder)?;
    let include = format!("--include={PACKAGES}");
    let (suite, mirror) = (apt::SUITES[0], apt::mirror());
    cmd!(
        debootstrap,
        "--variant=minbase",
        include,
        suite,
        &folder,
        mirror
    )
    .env("DEBIAN_FRONTEND", "noninteractive")
    .stdout_to_stderr()
    .run()
    .context("debootstrap")?;
    cmd!("chroot", &folder, "sh", "-ec", PREPARE)
        .stdout_to_stderr()
        .run()
        .context("preparing Debian's root")?;
    // The image is made under another name and renamed when it is complete.
    let partial = cache.join("partial.img");
    root_disk::image(&folder, &partial, MEGABYTES)?;
    remove(&folder)?;
    let image = cache.join("root.img");
    fs::rename(partial, &image)?;
    Ok(image)
}

/// Removes the folder, but not files of file systems that are mounted in it.
fn remove(folder: &Path) -> Result<()> {
    cmd!("rm", "-rf", "--one-file-system", folder).run()?;
    Ok(())
}

pub fn run(workspace: &Workspace, kernel: &Path) -> Result<Outcome> {
    let Some(pristine) = present(workspace) else {
        let reason = "no root of Debian's: `cargo xtask setup`, as root, makes it with debootstrap";
        return Ok(Outcome::missing(reason, false));
    };
    let scratch = workspace.scratch()?;
    let path = |name: &str| scratch.join(format!("debian-root{name}"));
    let image = path(".img");
    cmd!("cp", "--sparse=always", pristine, &image).run()?;
    fs::write(path("-inittab"), INITTAB)?;
    let init = compile::path(workspace, ARCH, Profile::Release, "init");
    let commands = format!(
        "cd /usr/sbin\nwrite {} init\nset_inode_field init mode 0100755\nsymlink poweroff init\n\
         cd /etc\nwrite {} inittab\n",
        init.display(),
        path("-inittab").display(),
    );
    disk::change(&image, &path("-commands"), &commands)?;
    let initramfs = path(".cpio");
    Initramfs::new().write(&initramfs)?;
    let machine = Machine {
        arch: ARCH,
        kernel,
        initramfs: &initramfs,
        append: "root=/dev/nvme0n1 rw rootwait init=/sbin/init",
    };
    let devices = root_disk::device("root", &image, "nvme,drive=NAME,serial=NAME");
    let mut outcome = typing::talk_with(&machine, &devices, TALK)?;
    let problems = root_disk::unclean(&image)?;
    fs::remove_file(image)?;
    let check = ("afterwards the disk is clean", problems.is_empty());
    outcome.add(Outcome::of_checks([check], problems));
    Ok(outcome)
}
