//! Pipelines: XCU 2.9.2. Each command of a pipeline is a process: a spawned program, or a copy of the shell. A built-in that only
//! writes a little needs no process ([`without_fork`]).

use alloc::vec::Vec;

use nestling::{AsFd, OwnedFd, Pid, io};

use super::external::Wiring;
use super::without_fork::{self, Simply};
use super::{command, subshell};
use crate::jobs;
use crate::shell::{Divert, Flow, Shell};
use nestling_shell::syntax::tree::{Command, Item};

/// The number of bytes that can be written to any pipe before anything is read from it.
const FITS: usize = 4096;

/// The processes of a pipeline.
#[derive(Debug, Default)]
struct Elements {
    pids: Vec<Pid>,
    group: Option<Pid>,
    /// The status of the last command, if it has no process.
    last: Option<i32>,
}

pub fn foreground(shell: &mut Shell, commands: &[Command], item: &Item) -> Flow {
    let elements = start(shell, commands, item, false)?;
    let started = jobs::StartedJob {
        pids: &elements.pids,
        group: elements.group,
        text: item.text.clone(),
    };
    shell.status = jobs::wait_foreground(shell, started, elements.last)?;
    Ok(())
}

/// Starts a pipeline in the background: `a | b &`.
pub fn background(shell: &mut Shell, commands: &[Command], item: &Item) -> Flow {
    let elements = start(shell, commands, item, true)?;
    let started = jobs::StartedJob {
        pids: &elements.pids,
        group: elements.group,
        text: item.text.clone(),
    };
    jobs::add_background(shell, started);
    Ok(())
}

fn start(
    shell: &mut Shell,
    commands: &[Command],
    item: &Item,
    background: bool,
) -> Result<Elements, Divert> {
    let mut elements = Elements::default();
    let mut stdin: Option<OwnedFd> = None;
    for (index, element) in commands.iter().enumerate() {
        let is_last = index + 1 == commands.len();
        let (next, stdout) = if is_last {
            (None, None)
        } else {
            let (read_end, write_end) = subshell::pipe(shell)?;
            (Some(read_end), Some(write_end))
        };
        elements.last = None;
        let with_builtins = !background && !is_last;
        let simply = without_fork::of_element(shell, element, with_builtins);
        if let (Some(Simply::Output(output)), Some(stdout)) = (&simply, &stdout)
            && output.len() <= FITS
        {
            // If the reader has already ended, nothing reads the output.
            let _ = io::write_all(stdout.as_fd(), output);
            stdin = next;
            continue;
        }
        let mut wiring = Wiring {
            last: false,
            stdin: stdin.take(),
            stdout,
            own: next,
            group: elements.group,
            background,
        };
        let started = match simply {
            Some(Simply::Program(simple, fields)) => {
                without_fork::start(shell, simple, &fields, &mut wiring)?
            }
            _ => Some(subshell::start(shell, &mut wiring, &|shell| {
                command(shell, element, item, true)
            })?),
        };
        match started {
            Some(started) => {
                elements.pids.push(started.pid);
                elements.group = elements.group.or(started.group);
            }
            None => elements.last = Some(shell.status),
        }
        stdin = wiring.own;
    }
    Ok(elements)
}
