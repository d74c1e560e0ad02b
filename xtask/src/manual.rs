//! The suite `manual`: boots a machine with the inittab that is the example of inittab(5). Scripts for nestling's shell take the place of
//! the programs that the example names, and print how they were started.
//!
//! It runs in the long form only, on x86_64: the inittab means the same on each architecture.

use std::{fs, path::Path};

use anyhow::{Context, Result};

use crate::{
    arch::Arch,
    boot,
    initramfs::Initramfs,
    machine::Machine,
    report::Outcome,
    typing::{self, Exchange},
    workspace::Workspace,
};

/// The architecture of the machine.
pub const ARCH: Arch = Arch::X86_64;

const PAGE: &str = include_str!("../../src/man/inittab.5");

/// The programs of the example. `init` and `reboot` are nestling's own.
const PROGRAMS: [&str; 7] = [
    "sbin/mount",
    "sbin/ip",
    "sbin/syslogd",
    "sbin/getty",
    "sbin/hwclock",
    "usr/sbin/httpd",
    "usr/sbin/updatedb",
];

/// Prints the name, the arguments and the settings; a service then waits for the signal to end.
const SCRIPT: &str = "\
#!/bin/sh
name=${0##*/} words=$*
while read -r key value rest; do
    if [ \"$key\" = Uid: ]; then uid=$value; fi
done </proc/$$/status
while IFS=: read -r number rest cgroup; do
    if [ \"$number\" = 0 ]; then break; fi
done </proc/$$/cgroup
read -r stat </proc/$$/stat
set -- ${stat##*) }
text=\"$name ($words): uid $uid, nice ${17}, nofile $(ulimit -n), cgroup $cgroup\"
case $name in
getty) echo \"$text\" >/dev/console ;;
*) echo \"$text\" ;;
esac
case $name in
getty | httpd | syslogd) exec /init -P ;;
esac
";

const TALK: &[(&str, &[Exchange])] = &[
    (
        "the first entries end before the services start, which have their settings",
        &[(
            "",
            &[
                "\nmount (-a): uid 0, nice 0, ",
                "\nip (link set lo up): uid 0, nice 0, ",
                "\nsyslogd (-n): uid 0, nice 0, \
                 \0\nhttpd (-f): uid 33, nice 0, nofile 1024, cgroup /www\n\
                 \0\ngetty (38400 tty1): uid 0, nice 0, \
                 \0Press Enter to start",
            ],
        )],
    ),
    (
        "the shell at the serial line starts when somebody presses Enter",
        &[("\r", &["# "])],
    ),
    (
        "the entry with a nice value has written its file",
        &[(
            "until [ \"$line\" ]; do read -r line 2>/dev/null </var/log/updatedb; done; echo \"[$line]\"\r",
            &["\n[updatedb (): uid 0, nice 10, ", "# "],
        )],
    ),
    (
        "SIGQUIT starts init again",
        &[(
            "kill -QUIT 1\r",
            &[
                "init: restart: stopping the machine\n",
                "init: started on Linux ",
                "Press Enter to start",
            ],
        )],
    ),
    (
        "Ctrl-Alt-Del starts the machine again, after the entry for the end has run",
        &[(
            "\x01csendkey ctrl-alt-delete\n\x01c",
            &[
                "init: reboot: stopping the machine\n",
                "\nhwclock (--systohc): uid 0, nice 0, ",
                "init: reboot\n",
            ],
        )],
    ),
];

/// The example, as a reader of the page sees it.
fn example() -> Result<String> {
    let (_, rest) = PAGE.split_once(".Sh EXAMPLES").context("no examples")?;
    let (_, rest) = rest
        .split_once(".Bd -literal -offset indent\n")
        .context("no example")?;
    let (example, _) = rest.split_once(".Ed\n").context("an example without end")?;
    Ok(example.replace("\\-", "-"))
}

pub fn run(workspace: &Workspace, kernel: &Path) -> Result<Outcome> {
    let mut archive = Initramfs::new();
    boot::programs(&mut archive, workspace, ARCH)?;
    let scratch = workspace.scratch()?;
    let script = scratch.join("manual-script");
    fs::write(&script, SCRIPT)?;
    for path in PROGRAMS {
        archive.program(path, &script)?;
    }
    for name in ["init", "reboot"] {
        archive.link(&format!("sbin/{name}"), "/init");
    }
    archive.directory("var/log");
    archive.file("etc/inittab", example()?.as_bytes());
    archive.file("etc/passwd", b"root:x:0:0::/:\nwww-data:x:33:33::/:\n");
    let initramfs = scratch.join("manual.cpio");
    archive.write(&initramfs)?;
    let machine = Machine {
        arch: ARCH,
        kernel,
        initramfs: &initramfs,
        append: "",
    };
    typing::talk(&machine, TALK)
}
