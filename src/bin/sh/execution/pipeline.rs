//! Pipelines: XCU 2.9.2. Each element is a process: a program's spawn, or a copy of the shell; but a built-in that only writes
//! a little needs none.

use alloc::vec::Vec;

use nestling::rt::descriptors;
use nestling::{AsFd, OwnedFd, Pid, io};

use super::external::{self, Place, Started};
use super::search::{self, Target};
use super::{command, simple, subshell, trace, xtrace};
use crate::expansion;
use crate::fields::Fields;
use crate::jobs;
use crate::options::Opt;
use crate::shell::{Divert, Flow, Shell};
use crate::syntax::tree::{Command, Item, Simple};

/// What a pipeline's elements have become.
#[derive(Debug, Default)]
struct Elements {
    pids: Vec<Pid>,
    group: Option<Pid>,
    /// The status of the last element, if that is no process.
    last: Option<i32>,
    captured: Option<OwnedFd>,
}

pub fn foreground(shell: &mut Shell, commands: &[Command], item: &Item) -> Flow {
    let mut elements = start(shell, commands, item, false)?;
    if let Some(pipe) = elements.captured.take() {
        subshell::collect(shell, pipe);
    }
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
    let mut elements = start(shell, commands, item, true)?;
    if let Some(status) = elements.last {
        // `$!` has to be something that can be waited for.
        let place = Place {
            background: true,
            group: elements.group,
            ..Place::default()
        };
        let started = subshell::start(shell, place, &|shell| {
            shell.status = status;
            Ok(())
        })?;
        elements.pids.push(started.pid);
        elements.group = elements.group.or(started.group);
    }
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
        if !(background || is_last) && writes_little(shell, element, stdout.as_ref())? {
            stdin = next;
            continue;
        }
        let place = Place {
            last: false,
            stdin: stdin.as_ref(),
            stdout: stdout.as_ref(),
            group: elements.group,
            background,
        };
        match start_element(shell, element, item, place, next.as_ref())? {
            Some(started) => {
                elements.pids.push(started.pid);
                elements.group = elements.group.or(started.group);
                if started.captured.is_some() {
                    elements.captured = started.captured;
                }
            }
            None => elements.last = Some(shell.status),
        }
        stdin = next;
    }
    Ok(elements)
}

/// `None` if it is no process: it has failed to start, with the status that is set.
fn start_element(
    shell: &mut Shell,
    element: &Command,
    item: &Item,
    place: Place<'_>,
    next: Option<&OwnedFd>,
) -> Result<Option<Started>, Divert> {
    // A substitution's commands have the element's standard input, and take their time while the other elements run.
    if let Command::Simple(simple) = element
        && is_program(shell, simple)
        && !trace::has_substitution(simple)
    {
        return expand_and_start(shell, simple, place);
    }
    let number = next.map(|fd| fd.as_raw_fd());
    subshell::start(shell, place, &|shell| {
        // The next element's end of the pipe: it would keep this one from seeing that nobody reads.
        if let Some(number) = number {
            descriptors::abandon(number);
        }
        command(shell, element, item, true)
    })
    .map(Some)
}

fn is_program(shell: &Shell, simple: &Simple) -> bool {
    match simple::foreseen(shell, simple) {
        None => false,
        name => matches!(search::target(shell, name), Target::Program),
    }
}

/// Expands the words in this process, as the copy that executes them would, and starts the program.
fn expand_and_start(
    shell: &mut Shell,
    simple: &Simple,
    place: Place<'_>,
) -> Result<Option<Started>, Divert> {
    shell.line = simple.line;
    let mut fields = Fields::new();
    shell.variables.enter(true);
    let answer = expansion::fields(shell, &simple.words, &mut fields).and_then(|()| {
        if simple.assignments.is_empty() && shell.options.has(Opt::Xtrace) {
            xtrace::write(shell, &[], &fields);
        }
        external::start(shell, simple, &fields, place)
    });
    simple::leave_scope(shell);
    only_its_own(answer)
}

/// An error ends the element, not the shell.
fn only_its_own(answer: Result<Option<Started>, Divert>) -> Result<Option<Started>, Divert> {
    match answer {
        Err(Divert::Interrupt) => Err(Divert::Interrupt),
        Err(_) => Ok(None),
        answer => answer,
    }
}

/// `echo text | …`: if the element is a built-in that leaves no trace and writes no more than any pipe takes, that is done here, before
/// its reader is there.
fn writes_little(
    shell: &mut Shell,
    element: &Command,
    stdout: Option<&OwnedFd>,
) -> Result<bool, Divert> {
    const FITS: usize = 4096;
    let (Command::Simple(simple), Some(stdout)) = (element, stdout) else {
        return Ok(false);
    };
    if !trace::only_writes(shell, simple) {
        return Ok(false);
    }
    let former = shell.output.capture(true);
    let was_subshell = core::mem::replace(&mut shell.is_subshell, true);
    shell.variables.enter(true);
    let no_item = Item::default();
    let flow = simple::execute(shell, simple, &no_item, false);
    simple::leave_scope(shell);
    shell.is_subshell = was_subshell;
    let bytes = shell.output.restore(former);
    if flow == Err(Divert::Interrupt) {
        return Err(Divert::Interrupt);
    }
    if bytes.len() <= FITS {
        let _ = io::write_all(stdout.as_fd(), &bytes);
        return Ok(true);
    }
    Ok(false)
}
