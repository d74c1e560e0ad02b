//! Subshells (XCU 2.13) and command substitution (XCU 2.6.3): a copy of the shell by fork, or none where nobody would notice.

use alloc::rc::Rc;
use alloc::vec::Vec;

use nestling::rt::{self, descriptors};
use nestling::{AsFd, OFlags, OwnedFd, Pid, io, sys};

use super::external::{self, Place, Started};
use super::{list, simple, trace};
use crate::jobs;
use crate::shell::{Divert, Flow, Shell, text};
use crate::syntax::tree::{Item, List, Substitution};
use crate::traps;

/// Makes a copy of the shell for a place in a pipeline: `None` in the copy, which is a subshell by then; its pid and process
/// group in this process.
pub fn fork(shell: &mut Shell, place: Place<'_>) -> Result<Option<(Pid, Option<Pid>)>, Divert> {
    shell.output.flush();
    let held = traps::hold(shell);
    match rt::fork() {
        Err(errno) => Err(shell.fatal(2, text!("cannot fork: ", errno))),
        Ok(Some(pid)) => {
            drop(held);
            let group = jobs::place(shell, pid, place.group);
            Ok(Some((pid, group)))
        }
        Ok(None) => {
            jobs::join(
                shell,
                place.group,
                !place.background && place.group.is_none(),
            );
            external::take_place(shell, place);
            for fd in core::mem::take(&mut shell.private) {
                descriptors::abandon(fd);
            }
            let ignores = place.background && !jobs::controls(shell);
            shell.is_subshell = true;
            shell.loops = 0;
            jobs::enter_subshell(shell);
            traps::enter_subshell(shell);
            if ignores {
                traps::ignore_interrupts(shell);
            }
            // What the parent has collected is the parent's.
            shell.output = Default::default();
            drop(held);
            Ok(None)
        }
    }
}

/// Ends this process with `$?`, after the action for EXIT.
pub fn exit(shell: &mut Shell, flow: Flow) -> ! {
    if flow == Err(Divert::Interrupt) {
        shell.status = 130;
    }
    traps::run_exit(shell);
    shell.output.flush();
    if !shell.is_subshell {
        jobs::set_monitor(shell, false);
    }
    sys::process::exit(shell.status & 0xff)
}

/// `(list)`
pub fn foreground(shell: &mut Shell, body: &List, item: &Item, last: bool) -> Flow {
    if last && shell.is_subshell && shell.traps.is_empty() && !shell.output.captures() {
        // This process is a copy already, and has nothing else to do.
        return list(shell, body, true);
    }
    let started = start(shell, Place::default(), &|shell| list(shell, body, true))?;
    shell.status = external::wait(shell, started, item)?;
    Ok(())
}

/// Has a copy of the shell execute something.
pub fn start(
    shell: &mut Shell,
    place: Place<'_>,
    execute: &dyn Fn(&mut Shell) -> Flow,
) -> Result<Started, Divert> {
    let mut capture = None;
    if place.stdout.is_none() && shell.output.captures() && !place.background {
        capture = Some(pipe(shell)?);
    }
    let stdout = capture
        .as_ref()
        .map(|(_, write_end)| write_end)
        .or(place.stdout);
    match fork(shell, Place { stdout, ..place })? {
        Some((pid, group)) => Ok(Started {
            pid,
            group,
            captured: capture.map(|(read_end, _)| read_end),
        }),
        None => {
            drop(capture);
            let flow = execute(shell);
            exit(shell, flow)
        }
    }
}

/// A pipe, which is the shell's own.
pub fn pipe(shell: &mut Shell) -> Result<(OwnedFd, OwnedFd), Divert> {
    sys::fd::pipe2(OFlags::CLOEXEC)
        .map_err(|errno| shell.fatal(2, text!("cannot make a pipe: ", errno)))
}

/// Reads to the end what a command writes that is in a command substitution.
pub fn collect(shell: &mut Shell, pipe: OwnedFd) {
    let mut bytes = Vec::new();
    // What can't be read is missing.
    let _ = io::read_to_end(pipe.as_fd(), &mut bytes);
    shell.output.write(&bytes);
}

/// Command substitution: the output without the newlines at its end.
pub fn substitute(shell: &mut Shell, substitution: &Substitution) -> Result<Vec<u8>, Divert> {
    let line = shell.line;
    let mut output = if trace::leaves_none(shell, &substitution.list) {
        in_process(shell, &substitution.list)?
    } else {
        by_fork(shell, &substitution.list)?
    };
    shell.line = line;
    shell.substitution_status = Some(shell.status);
    while output.last() == Some(&b'\n') {
        output.pop();
    }
    Ok(output)
}

fn by_fork(shell: &mut Shell, body: &List) -> Result<Vec<u8>, Divert> {
    let (read_end, write_end) = pipe(shell)?;
    let place = Place {
        stdout: Some(&write_end),
        ..Place::default()
    };
    // No job of its own: it is in the shell's group, or its parent's.
    let control = shell.jobs.suspend_control();
    let forked = fork(shell, place);
    shell.jobs.resume_control(control);
    let Some((pid, _)) = forked? else {
        drop(read_end);
        drop(write_end);
        let flow = list(shell, body, true);
        exit(shell, flow)
    };
    drop(write_end);
    let mut bytes = Vec::new();
    let _ = io::read_to_end(read_end.as_fd(), &mut bytes);
    shell.status = jobs::wait_for(shell, pid)?;
    Ok(bytes)
}

/// Without a process: built-ins write into a buffer, programs into a pipe that this process reads, and what was assigned is
/// taken back.
fn in_process(shell: &mut Shell, body: &List) -> Result<Vec<u8>, Divert> {
    let loops = core::mem::take(&mut shell.loops);
    let positional = Rc::clone(&shell.positional);
    let former = shell.output.capture(true);
    let control = shell.jobs.suspend_control();
    let was_subshell = core::mem::replace(&mut shell.is_subshell, true);
    let last_substitution = shell.substitution_status;
    shell.variables.enter(true);
    let flow = list(shell, body, false);
    simple::leave_scope(shell);
    shell.substitution_status = last_substitution;
    shell.is_subshell = was_subshell;
    shell.jobs.resume_control(control);
    let output = shell.output.restore(former);
    shell.positional = positional;
    shell.loops = loops;
    match flow {
        Err(Divert::Interrupt) => Err(Divert::Interrupt),
        // It has ended the subshell, had there been one.
        _ => Ok(output),
    }
}

/// `<(list)` and `>(list)`: the name of a descriptor that a copy of the shell has the other end of.
pub fn process_substitution(
    shell: &mut Shell,
    writes: bool,
    substitution: &Substitution,
) -> Result<Vec<u8>, Divert> {
    let (read_end, write_end) = pipe(shell)?;
    let (own, others) = if writes {
        (write_end, read_end)
    } else {
        (read_end, write_end)
    };
    let place = match writes {
        true => Place {
            stdin: Some(&others),
            background: true,
            ..Place::default()
        },
        false => Place {
            stdout: Some(&others),
            background: true,
            ..Place::default()
        },
    };
    match fork(shell, place)? {
        None => {
            drop(own);
            drop(others);
            let flow = list(shell, &substitution.list, true);
            exit(shell, flow)
        }
        Some((pid, _)) => {
            shell.last_background = Some(pid);
            // A number that programs inherit. It stays open: nobody knows when its name is used.
            let number = own.as_raw_fd();
            let name = descriptors::save(number);
            drop(name);
            let mut path = b"/dev/fd/".to_vec();
            let _ = descriptors::give(number, own);
            struct Into<'a>(&'a mut Vec<u8>);
            impl nestling::text::Sink for Into<'_> {
                fn put(&mut self, text: &[u8]) {
                    self.0.extend_from_slice(text);
                }
            }
            nestling::text::Text::write(&number, &mut Into(&mut path));
            Ok(path)
        }
    }
}
