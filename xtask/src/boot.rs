//! `cargo xtask boot`: a machine of some architecture, whose PID 1 is ours, on this terminal.

use std::{
    ffi::OsString,
    io::{IsTerminal, Write, stdout},
    os::unix::{ffi::OsStringExt, process::ExitStatusExt},
    path::{Path, PathBuf},
    process::{ExitCode, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Error, Result, anyhow, ensure};

use crate::{
    arch::Arch,
    compile::{self, Profile},
    initramfs::Initramfs,
    kernel::{self, Age},
    machine::{Console, Event, Machine, Progress},
    workspace::Workspace,
};

/// How long a machine may take to PID 1.
const START_LIMIT: Duration = Duration::from_secs(120);

pub fn boot(
    workspace: &Workspace,
    arch: Arch,
    kernel: Option<PathBuf>,
    append: &str,
    mut command: Vec<OsString>,
) -> Result<ExitCode> {
    if command.is_empty() {
        command.push("/bin/sh".into());
    }
    if let Some(path) = &kernel {
        ensure!(path.is_file(), "there is no kernel {}", path.display());
    }
    compile::programs(workspace, &[arch], Profile::Release, &["--quiet"])?;
    compile::service(workspace, arch)?;
    let kernel = match kernel {
        Some(path) => path,
        None => kernel::obtain(workspace, arch, Age::Current)?,
    };
    let mut archive = Initramfs::new();
    programs(&mut archive, workspace, arch)?;
    // A line of the inittab would do, but for blanks and what only a shell understands.
    let service = compile::path(workspace, arch, Profile::Tests, SERVICE);
    archive.program(&format!("bin/{SERVICE}"), &service)?;
    archive.link(&format!("bin/{COMMAND}"), SERVICE);
    let strings = command.into_iter().map(OsString::into_vec);
    let strings: Vec<u8> = strings.flat_map(|it| [it, vec![0]].concat()).collect();
    archive.file("etc/command", &strings);
    let inittab = format!("console::wait:/bin/{COMMAND}\n::once:/bin/poweroff\n");
    archive.file("etc/inittab", inittab.as_bytes());
    let initramfs = workspace
        .scratch()?
        .join(format!("boot-{}.cpio", arch.name()));
    archive.write(&initramfs)?;
    let machine = Machine {
        arch,
        kernel: &kernel,
        initramfs: &initramfs,
        append,
    };
    converse(&machine)
}

/// The program of the tests that does as services do, and under another name executes what `/etc/command` says.
pub const SERVICE: &str = "service";
const COMMAND: &str = "command";

/// Puts nestling's programs where they are in every machine: init as `/init`, the others into `/bin`.
pub fn programs(archive: &mut Initramfs, workspace: &Workspace, arch: Arch) -> Result<()> {
    for bin in workspace.bins("nestling")? {
        let place = match &*bin {
            "init" => "init".into(),
            other => format!("bin/{other}"),
        };
        let path: &Path = &compile::path(workspace, arch, Profile::Release, &bin);
        archive.program(&place, path)?;
    }
    for name in ["halt", "poweroff", "reboot", "switch_root"] {
        archive.link(&format!("bin/{name}"), "/init");
    }
    Ok(())
}

/// Connects the machine's console with this terminal, to the machine's end: the command's exit status.
fn converse(machine: &Machine<'_>) -> Result<ExitCode> {
    let mut running = machine.start(Stdio::inherit())?;
    let begin = Instant::now();
    // Firmware and kernel are shown to whoever has something to say to the kernel.
    let mut shown = !machine.append.is_empty();
    let (mut started, mut code) = (false, None);
    loop {
        let limit = if started {
            Duration::MAX
        } else {
            START_LIMIT.saturating_sub(begin.elapsed())
        };
        match running.wait(limit)? {
            Progress::Said(events) => {
                for event in events {
                    match event {
                        Event::Text(text) if shown => show(&text)?,
                        Event::Text(_) => {}
                        Event::Begin(_) => (started, shown) = (true, true),
                        Event::End { name, status } if name == COMMAND => {
                            code = Some(shell_code(status));
                        }
                        Event::Start(_) | Event::End { .. } => {}
                        Event::About { name, what } => {
                            show(format!("init: {name}: {what}\n").as_bytes())?
                        }
                        // Of the kernel's last words, only those of a panic are of interest.
                        Event::Said(what) if what == "power off" => {
                            shown = !machine.append.is_empty();
                        }
                        Event::Said(_) if code.is_some() => {}
                        Event::Said(what) => show(format!("init: {what}\n").as_bytes())?,
                    }
                }
            }
            Progress::Silent => {
                let seconds = START_LIMIT.as_secs();
                return Err(broken(
                    format!("the machine did not come to PID 1 within {seconds} s"),
                    &running.console,
                    shown,
                ));
            }
            Progress::Ended(status) => {
                if let Some(code) = code.filter(|_| status.success()) {
                    return Ok(ExitCode::from(code));
                }
                let what = if running.console.panicked() {
                    "the kernel panicked".into()
                } else {
                    format!("qemu ended ({status}) before the command did")
                };
                return Err(broken(what, &running.console, shown));
            }
        }
    }
}

/// An error with the console's last lines, unless they were `shown`.
fn broken(what: String, console: &Console, shown: bool) -> Error {
    match console.tail() {
        tail if shown || tail.is_empty() => anyhow!(what),
        tail => anyhow!("{what}; last on its console:\n{tail}"),
    }
}

fn shell_code(status: ExitStatus) -> u8 {
    let code = status.code().or(status.signal().map(|it| 128 + it));
    code.and_then(|code| code.try_into().ok()).unwrap_or(1)
}

fn show(text: &[u8]) -> Result<()> {
    let mut out = stdout();
    if out.is_terminal() {
        out.write_all(text)?;
    } else {
        // A terminal's line ends are for terminals.
        let plain: Vec<u8> = text.iter().copied().filter(|&it| it != b'\r').collect();
        out.write_all(&plain)?;
    }
    Ok(out.flush()?)
}
