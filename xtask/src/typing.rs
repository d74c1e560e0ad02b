//! The suite `typing`: the shell on the console of a machine whose PID 1 is nestling's init. Both are applets of `box`. The suite strikes keys as
//! a person would, and checks what the console shows.

use std::{path::Path, process::Stdio, time::Duration};

use anyhow::Result;

use crate::{
    arch::Arch,
    boot,
    initramfs::Initramfs,
    machine::{Machine, Progress, Running},
    report::Outcome,
    workspace::Workspace,
};

/// The time after which a silent machine has failed.
const SILENCE: Duration = Duration::from_secs(180);

const LOGIN: &str = "::respawn:-/bin/sh";

const PROMPT: &str = "# ";

/// Keys, and the texts that the console must show then, in this order. (Ctrl-A is reserved by qemu.)
///
/// The outputs of several processes have no fixed order: process 1 may report the start of a program after that program
/// has written something. [`ALSO`] separates the parts of such an answer.
pub type Exchange = (&'static str, &'static [&'static str]);

const ALSO: char = '\0';

/// Returns the end of an answer in the console's text, if all its parts are there.
pub fn end_of(answer: &str, text: &str) -> Option<usize> {
    let mut parts = answer.split(ALSO);
    parts.try_fold(0, |end, part| Some(end.max(text.find(part)? + part.len())))
}

const TYPED: &[(&str, &[Exchange])] = &[
    ("the shell asks for a command", &[("", &[PROMPT])]),
    (
        "a line is edited at its start and at its end",
        &[(
            "cho wrong\x1b[He\x05\x17one-two\r",
            &["\none-two\n", PROMPT],
        )],
    ),
    (
        "an arrow key recalls the last command",
        &[("\x1b[A\r", &["\none-two\n", PROMPT])],
    ),
    (
        "Ctrl-R finds a command by a part of it",
        &[("\x12-tw\r", &["\none-two\n", PROMPT])],
    ),
    (
        "Tab completes a file's name",
        &[("echo /ini\t\r", &["\n/init\n", PROMPT])],
    ),
    (
        "Ctrl-C gives a new prompt",
        &[
            ("echo never\x03", &[PROMPT]),
            ("echo $?\r", &["\n130\n", PROMPT]),
        ],
    ),
    (
        "Ctrl-Z stops a command, and fg continues it",
        &[
            ("(echo runs; read x; echo \"[$x]\")\r", &["\nruns\n"]),
            ("\x1a", &["Stopped", PROMPT]),
            ("fg\r", &["\n(echo runs; read x; echo \"[$x]\")\n"]),
            ("said\r", &["\n[said]\n", PROMPT]),
        ],
    ),
    (
        "an applet is a command, and the link to it is after `set -o pathfirst`",
        &[
            (
                "type ls; ls -d /init\r",
                &["\nls is an applet\n/init\n", PROMPT],
            ),
            (
                "set -o pathfirst; type ls; ls -d /init\r",
                &["\nls is /bin/ls\n/init\n", PROMPT],
            ),
        ],
    ),
    (
        "the shell starts again when it has ended",
        &[("\x04", &["init: sh: exit status: 0", PROMPT])],
    ),
    (
        "the machine is switched off by a command",
        &[("poweroff\r", &["init: power off\n"])],
    ),
];

pub fn run(workspace: &Workspace, arch: Arch, kernel: &Path) -> Result<Outcome> {
    let mut archive = Initramfs::new();
    boot::rescue_system(&mut archive, workspace, arch)?;
    let inittab = format!("{}\n{LOGIN}\n", boot::INSTALL);
    archive.file("etc/inittab", inittab.as_bytes());
    let initramfs = workspace
        .scratch()?
        .join(format!("typing-{}.cpio", arch.name()));
    archive.write(&initramfs)?;
    let machine = Machine {
        arch,
        kernel,
        initramfs: &initramfs,
        append: "",
    };
    talk(&machine, TYPED)
}

/// Has a conversation over a machine's console. Returns a check for each part; the conversation ends at the first part
/// that fails.
pub fn talk(machine: &Machine<'_>, parts: &[(&str, &[Exchange])]) -> Result<Outcome> {
    talk_with(machine, &[], parts)
}

/// The same with additional devices, given as arguments of qemu.
pub fn talk_with(
    machine: &Machine<'_>,
    devices: &[String],
    parts: &[(&str, &[Exchange])],
) -> Result<Outcome> {
    let mut running = machine.start_with(Stdio::piped(), devices)?;
    let mut heard = 0;
    let mut passed = 0;
    'all: for (_, exchanges) in parts {
        for (keys, answers) in *exchanges {
            // If the machine has ended, it does not answer.
            let _ = running.strike(keys);
            for answer in *answers {
                if !wait_for(&mut running, &mut heard, answer)? {
                    break 'all;
                }
            }
        }
        passed += 1;
    }
    if passed == parts.len() {
        // The last command switches the machine off.
        while let Progress::Said(_) = running.wait(SILENCE)? {}
    }
    let checks = parts.iter().enumerate();
    let checks = checks.map(|(index, (name, _))| (*name, index < passed));
    let output = plain(&running.console.transcript());
    Ok(Outcome::of_checks(
        checks,
        format!("on the console:\n{output}"),
    ))
}

/// Waits until the console shows an answer after the text that was read before.
fn wait_for(running: &mut Running, heard: &mut usize, answer: &str) -> Result<bool> {
    loop {
        let transcript = plain(&running.console.transcript());
        let rest = transcript.get(*heard..).unwrap_or_default();
        if let Some(end) = end_of(answer, rest) {
            *heard += end;
            return Ok(true);
        }
        if !matches!(running.wait(SILENCE)?, Progress::Said(_)) {
            return Ok(false);
        }
    }
}

/// Removes the sequences that move the cursor and similar ones.
fn plain(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default();
    let rest = parts.filter_map(|part| part.split_once(|it: char| it.is_ascii_alphabetic()));
    rest.fold(first.into(), |plain, (_, text)| plain + text)
}
