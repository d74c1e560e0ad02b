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

/// What of a machine's console is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Everything, with the messages of the firmware and the kernel.
    All,
    /// The text from the start of the agent on, until the agent switches the machine off.
    Machine,
    /// As `Machine`, but only until the last expected command has ended.
    Commands,
}

/// Returns the input for a machine's console: this program's, if that is a terminal. Otherwise a pipe, so that the input waits until a
/// program in the machine can read it.
pub fn input() -> Stdio {
    match stdin().is_terminal() {
        true => Stdio::inherit(),
        false => Stdio::piped(),
    }
}

/// Shows a machine's console on standard output until the machine ends. Passes standard input to it, if its input is a pipe: when the
/// agent starts the first command, or with `expected` 0, when the agent runs. Returns the exit status of the last command;
/// `on_end` gets the status of each. It is an error if the machine does not end by itself, or
/// if fewer than `expected` commands have ended before. `limit` is the time that each command may take.
pub fn converse(
    mut running: Running,
    shown: Shown,
    expected: usize,
    limit: Duration,
    mut on_end: impl FnMut(u8),
) -> Result<u8> {
    let mut begin = Instant::now();
    let mut is_shown = shown == Shown::All;
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
                return Err(broken(what, &running.console, is_shown));
            }
            Progress::Silent => {}
            Progress::Said(events) => {
                for event in events {
                    match event {
                        Event::Text(text) if is_shown => show(&text)?,
                        Event::Text(_) => {}
                        Event::Begin(_) => {
                            (started, is_shown, begin) = (true, true, Instant::now());
                            if expected == 0 {
                                running.pass_stdin();
                            }
                        }
                        Event::Start => {
                            has_command = true;
                            running.pass_stdin();
                        }
                        Event::End(status) => {
                            let code = shell_code(status);
                            on_end(code);
                            codes.push(code);
                            begin = Instant::now();
                            if shown == Shown::Commands && codes.len() >= expected {
                                is_shown = false;
                            }
                        }
                        // After the power-off, only a panic of the kernel matters.
                        Event::PowerOff => is_shown = shown == Shown::All,
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
                return Err(broken(what, &running.console, is_shown));
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
