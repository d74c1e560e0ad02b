//! Shows a machine's console on this terminal.

use std::{
    io::{IsTerminal, Write, stdout},
    os::unix::process::ExitStatusExt,
    process::ExitStatus,
    time::{Duration, Instant},
};

use anyhow::{Error, Result, anyhow};

use crate::machine::{Console, Event, Progress, Running};

/// The time within which a machine must reach PID 1.
const START_LIMIT: Duration = Duration::from_secs(120);

/// The name of the processes whose exit status counts as the machine's.
pub const COMMAND: &str = "command";

/// Shows a machine's console on standard output until the machine ends. Returns the exit status of the last process
/// named `command`; `on_end` gets the status of each of them. It is an error if the machine does not end by itself, or
/// if fewer than `expected` such processes have ended before. `is_verbose` shows the messages of the firmware and the
/// kernel. `limit` is the time for which the machine may be silent.
pub fn converse(
    mut running: Running,
    is_verbose: bool,
    expected: usize,
    limit: Duration,
    mut on_end: impl FnMut(u8),
) -> Result<u8> {
    let begin = Instant::now();
    let mut shown = is_verbose;
    let (mut started, mut codes) = (false, Vec::new());
    loop {
        let limit = if started {
            limit
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
                            let code = shell_code(status);
                            on_end(code);
                            codes.push(code);
                        }
                        Event::Start(_) | Event::End { .. } => {}
                        Event::About { name, what } => {
                            show(format!("init: {name}: {what}\n").as_bytes())?
                        }
                        // After the power-off, only a panic of the kernel matters, so its other messages are shown only
                        // if `is_verbose`.
                        Event::Said(what) if what == "power off" => shown = is_verbose,
                        Event::Said(_) if expected > 0 && codes.len() >= expected => {}
                        Event::Said(what) => show(format!("init: {what}\n").as_bytes())?,
                    }
                }
            }
            Progress::Silent => {
                let what = match started {
                    true => "the machine hangs".into(),
                    false => {
                        let seconds = START_LIMIT.as_secs();
                        format!("the machine did not come to PID 1 within {seconds} s")
                    }
                };
                return Err(broken(what, &running.console, shown));
            }
            Progress::Ended(status) => {
                let what = if running.console.panicked() {
                    "the kernel panicked".into()
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
