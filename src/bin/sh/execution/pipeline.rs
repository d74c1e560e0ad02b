//! Pipelines: XCU 2.9.2. Each element is a process: a program's spawn, or a copy of the shell; but a built-in that only writes
//! a little needs none ([`without_fork`]).

use alloc::vec::Vec;

use nestling::{AsFd, OwnedFd, Pid, io};

use super::external::Place;
use super::without_fork::{self, Simply};
use super::{command, subshell};
use crate::jobs;
use crate::shell::{Divert, Flow, Shell};
use crate::syntax::tree::{Command, Item};

/// What every pipe takes without a reader.
const FITS: usize = 4096;

/// What a pipeline's elements have become.
#[derive(Debug, Default)]
struct Elements {
    pids: Vec<Pid>,
    group: Option<Pid>,
    /// The status of the last element, if that is no process.
    last: Option<i32>,
}

pub fn foreground(shell: &mut Shell, commands: &[Command], item: &Item) -> Flow {
    let elements = start(shell, commands, item, false)?;
    let started = jobs::Started {
        pids: &elements.pids,
        group: elements.group,
        text: item.text.clone(),
    };
    shell.status = jobs::wait_foreground(shell, started, elements.last)?;
    Ok(())
}

/// For `a | b &`.
pub fn background(shell: &mut Shell, commands: &[Command], item: &Item) -> Flow {
    let elements = start(shell, commands, item, true)?;
    let started = jobs::Started {
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
        let simply = without_fork::of_element(shell, element, background || is_last);
        if let (Some(Simply::Output(output)), Some(stdout)) = (&simply, &stdout)
            && output.len() <= FITS
        {
            // Its reader may be gone already: then nothing reads it.
            let _ = io::write_all(stdout.as_fd(), output);
            stdin = next;
            continue;
        }
        let mut place = Place {
            last: false,
            stdin: stdin.take(),
            stdout,
            own: next,
            group: elements.group,
            background,
        };
        let started = match simply {
            Some(Simply::Program(simple, fields)) => {
                without_fork::start(shell, simple, &fields, &mut place)?
            }
            _ => Some(subshell::start(shell, &mut place, &|shell| {
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
        stdin = place.own;
    }
    Ok(elements)
}
