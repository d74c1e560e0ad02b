//! Shows a machine's console on this terminal.

use std::{
    io::{IsTerminal, Write, stdin, stdout},
    os::unix::process::ExitStatusExt,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Error, Result, anyhow};

use crate::machine::{Console, Event, Progress, Running};

/// The time within which a machine must reach PID 1.
const START_LIMIT: Duration = Duration::from_secs(120);

/// The name of the processes whose exit status counts as the machine's.
pub const COMMAND: &str = "command";

/// Returns the input for a machine's console: this program's, if that is a terminal. Otherwise a pipe, so that the input waits until a
/// program in the machine can read it.
pub fn input() -> Stdio {
    match stdin().is_terminal() {
        true => Stdio::inherit(),
        false => Stdio::piped(),
    }
}

/// Shows a machine's console on standard output until the machine ends. Passes standard input to it, if its input is a pipe: when the
/// first process named `command` runs, or with `expected` 0, when process 1 runs. Returns the exit status of the last process
/// named `command`; `on_end` gets the status of each of them. It is an error if the machine does not end by itself, or
/// if fewer than `expected` such processes have ended before. `is_verbose` shows the messages of the firmware and the
/// kernel. `limit` is the time that each such process may take.
pub fn converse(
    mut running: Running,
    is_verbose: bool,
    expected: usize,
    limit: Duration,
    mut on_end: impl FnMut(u8),
) -> Result<u8> {
    let mut begin = Instant::now();
    let mut shown = is_verbose;
    let (mut started, mut has_command, mut codes) = (false, false, Vec::new());
    loop {
        let limit = if started { limit } else { START_LIMIT };
        let rest = limit.saturating_sub(begin.elapsed());
        match running.wait(rest)? {
            _ if rest.is_zero() => {
                let seconds = limit.as_secs();
                let what = match started {
                    true => format!("the time is up: {seconds} s"),
                    false => format!("the machine did not come to PID 1 within {seconds} s"),
                };
                return Err(broken(what, &running.console, shown));
            }
            Progress::Silent => {}
            Progress::Said(events) => {
                for event in events {
                    match event {
                        Event::Text(text) if shown => show(&text)?,
                        Event::Text(_) => {}
                        Event::Begin(_) => {
                            (started, shown, begin) = (true, true, Instant::now());
                            if expected == 0 {
                                running.pass_stdin();
                            }
                        }
                        Event::End { name, status } if name == COMMAND => {
                            let code = shell_code(status);
                            on_end(code);
                            codes.push(code);
                            begin = Instant::now();
                        }
                        Event::Start(name) if name == COMMAND => {
                            has_command = true;
                            running.pass_stdin();
                        }
                        Event::Start(_) | Event::End { .. } => {}
                        Event::About { by, name, what } => {
                            show(format!("{by}: {name}: {what}\n").as_bytes())?
                        }
                        // After the power-off, only a panic of the kernel matters, so its other messages are shown only
                        // if `is_verbose`.
                        Event::Said { what, .. } if what == "power off" => shown = is_verbose,
                        Event::Said { .. } if expected > 0 && codes.len() >= expected => {}
                        Event::Said { by, what } => show(format!("{by}: {what}\n").as_bytes())?,
                    }
                }
            }
            Progress::Ended(status) => {
                let what = if running.console.panicked() {
                    "the kernel panicked".into()
                } else if status.success() && started && codes.len() < expected && !has_command {
                    "the machine was switched off, and the command was not started: the init must start its arguments as a service \
                     (see COMMAND in cargo-nestling(1), or \"Machines\" in the README)"
                        .into()
                } else if !status.success() || codes.len() < expected {
                    format!("qemu ended ({status}) before the command did")
                } else {
                    return Ok(codes.last().copied().unwrap_or_default());
                };
                return Err(broken(what, &running.console, shown));
            }
        }
    }
}

/// Returns an error with the console's last lines, unless they were `shown`.
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
        // Carriage returns are written to a terminal only.
        let plain: Vec<u8> = text.iter().copied().filter(|&it| it != b'\r').collect();
        out.write_all(&plain)?;
    }
    Ok(out.flush()?)
}
