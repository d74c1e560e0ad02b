//! Subshells (XCU 2.13) and command substitution (XCU 2.6.3). They are executed by a copy of the shell made with fork, or without a
//! copy where [`without_fork`] allows that.

use alloc::vec;
use alloc::vec::Vec;

use nestling::rt::{self, descriptors};
use nestling::text::Text;
use nestling::{AsFd, OFlags, OwnedFd, Pid, io, sys};

use super::compound::apply;
use super::external::{self, StartedProcess, Wiring};
use super::without_fork::Simply;
use super::{list, without_fork};
use crate::jobs;
use crate::shell::{Divert, Flow, Shell, text};
use crate::traps;
use nestling_shell::syntax::tree::{
    Command, Item, List, Redirection, RedirectionKind, Substitution,
};

/// Makes a copy of the shell for an element of a pipeline. In the copy, which is then a subshell, returns `None`. In this process,
/// returns the copy's pid and process group.
pub fn fork(shell: &mut Shell, wiring: &mut Wiring) -> Result<Option<(Pid, Option<Pid>)>, Divert> {
    shell.output.flush();
    let held = traps::hold(shell);
    match rt::fork() {
        Err(errno) => Err(shell.fatal(2, text!("cannot fork: ", errno))),
        Ok(Some(pid)) => {
            drop(held);
            let group = jobs::set_group(shell, pid, wiring.group);
            Ok(Some((pid, group)))
        }
        Ok(None) => {
            jobs::join(
                shell,
                wiring.group,
                !wiring.background && wiring.group.is_none(),
            );
            external::take_wiring(shell, wiring);
            shell.saved.clear();
            let ignores = wiring.background && !jobs::controls(shell);
            shell.is_subshell = true;
            shell.loops = 0;
            jobs::enter_subshell(shell);
            traps::enter_subshell(shell);
            if ignores {
                traps::ignore_interrupts(shell);
            }
            // The output that the parent has collected belongs to the parent.
            shell.output = Default::default();
            // Without this, RANDOM would have the same values in two copies.
            shell.random ^= sys::process::getpid().as_raw() as u32;
            drop(held);
            Ok(None)
        }
    }
}

/// Executes the action for EXIT, then ends this process with `$?`.
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

/// Executes `(list)`.
pub fn foreground(shell: &mut Shell, body: &List, item: &Item, last: bool) -> Flow {
    if last && without_fork::may_become_subshell(shell) {
        return list(shell, body, true);
    }
    let started = start(shell, &mut Wiring::default(), &|shell| {
        list(shell, body, true)
    })?;
    shell.status = external::wait(shell, started, item)?;
    Ok(())
}

/// Starts a copy of the shell that calls `execute` and exits.
pub fn start(
    shell: &mut Shell,
    wiring: &mut Wiring,
    execute: &dyn Fn(&mut Shell) -> Flow,
) -> Result<StartedProcess, Divert> {
    match fork(shell, wiring)? {
        Some((pid, group)) => Ok(StartedProcess { pid, group }),
        None => {
            let flow = execute(shell);
            exit(shell, flow)
        }
    }
}

/// Makes a pipe for the shell itself. Its descriptors have numbers above 2, even if a standard descriptor is closed. Otherwise a
/// command's standard input or output would replace them.
pub fn pipe(shell: &mut Shell) -> Result<(OwnedFd, OwnedFd), Divert> {
    let above = |fd: OwnedFd| match fd.as_raw_fd() {
        0..=2 => descriptors::private(fd),
        _ => Ok(fd),
    };
    sys::fd::pipe2(OFlags::CLOEXEC)
        .and_then(|(read_end, write_end)| Ok((above(read_end)?, above(write_end)?)))
        .map_err(|errno| shell.fatal(2, text!("cannot make a pipe: ", errno)))
}

/// Expands a command substitution: returns the output without the newlines at its end.
pub fn substitute(shell: &mut Shell, substitution: &Substitution) -> Result<Vec<u8>, Divert> {
    let line = shell.line;
    let mut output = execute_for_output(shell, &substitution.list)?;
    shell.line = line;
    shell.substitution_status = Some(shell.status);
    while output.last() == Some(&b'\n') {
        output.pop();
    }
    Ok(output)
}

fn execute_for_output(shell: &mut Shell, body: &List) -> Result<Vec<u8>, Divert> {
    if body.items.is_empty() {
        shell.status = 0;
        return Ok(Vec::new());
    }
    let program = match without_fork::of_substitution(shell, body) {
        Some(Simply::Output(output)) => return Ok(output),
        Some(Simply::Program(simple, fields)) => Some((simple, fields)),
        None => None,
    };
    let (read_end, write_end) = pipe(shell)?;
    let mut wiring = Wiring {
        stdout: Some(write_end),
        own: Some(read_end),
        ..Wiring::default()
    };
    // A command substitution is not a job: its processes stay in the process group of the shell or of its parent.
    let control = shell.jobs.suspend_control();
    let started = match program {
        Some((simple, fields)) => without_fork::start(shell, simple, &fields, &mut wiring),
        None => match file(body) {
            Some(redirection) => {
                start(shell, &mut wiring, &|shell| copy(shell, redirection)).map(Some)
            }
            None => start(shell, &mut wiring, &|shell| list(shell, body, true)).map(Some),
        },
    };
    shell.jobs.resume_control(control);
    // Only the child may have the write end open; otherwise the output would never end.
    wiring.stdout = None;
    let mut output = Vec::new();
    if let (Some(started), Some(read_end)) = (started?, wiring.own) {
        shell.status = jobs::wait_for_output(shell, started.pid, read_end.as_fd(), &mut output)?;
    }
    Ok(output)
}

/// If the substitution is `$(<file)` and nothing else, returns its redirection (as in bash, ksh and mksh).
fn file(body: &List) -> Option<&Redirection> {
    let [item] = &*body.items else { return None };
    let [Command::Simple(simple)] = &*item.and_or.first.commands else {
        return None;
    };
    let is_alone = item.and_or.rest.is_empty() && !item.asynchronous && !item.and_or.first.negated;
    match &*simple.redirections {
        [redirection] if is_alone && simple.words.is_empty() && simple.assignments.is_empty() => {
            let is_read = matches!(redirection.kind, RedirectionKind::Read(_));
            Some(redirection).filter(|redirection| is_read && redirection.fd == 0)
        }
        _ => None,
    }
}

/// In a copy of the shell: copies the file to standard output.
fn copy(shell: &mut Shell, redirection: &Redirection) -> Flow {
    let redirections = core::slice::from_ref(redirection);
    if apply(shell, redirections)?.is_none() {
        return Ok(());
    }
    let mut buffer = vec![0; 32 * 1024];
    shell.status = 0;
    loop {
        let answer = io::read(io::stdin(), &mut buffer).and_then(|length| {
            let text = buffer.get(..length).unwrap_or_default();
            io::write_all(io::stdout(), text).map(|()| length)
        });
        match answer {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(errno) => {
                shell.complain(text!("cannot copy a file: ", errno));
                shell.status = 1;
                return Ok(());
            }
        }
    }
}

/// Expands `<(list)` or `>(list)` to the path of a pipe's descriptor. A copy of the shell executes the list with the other end.
pub fn process_substitution(
    shell: &mut Shell,
    writes: bool,
    substitution: &Substitution,
) -> Result<Vec<u8>, Divert> {
    let (read_end, write_end) = pipe(shell)?;
    let (own, others) = match writes {
        true => (write_end, read_end),
        false => (read_end, write_end),
    };
    // The descriptor gets a number that scripts do not use.
    let own = descriptors::private(own)
        .map_err(|errno| shell.fatal(2, text!("cannot make a pipe: ", errno)))?;
    let (stdin, stdout) = match writes {
        true => (Some(others), None),
        false => (None, Some(others)),
    };
    let mut wiring = Wiring {
        stdin,
        stdout,
        own: Some(own),
        background: true,
        ..Wiring::default()
    };
    match fork(shell, &mut wiring)? {
        None => {
            let flow = list(shell, &substitution.list, true);
            exit(shell, flow)
        }
        Some((pid, _)) => {
            jobs::add_other(shell, pid);
            let mut path = b"/dev/fd/".to_vec();
            if let Some(own) = wiring.own {
                // Programs inherit this descriptor. It stays open until the command ends ([`end_process_substitutions`]).
                let number = own.as_raw_fd();
                let _ = descriptors::give(number, own);
                shell.substituted.push(number);
                number.write(&mut path);
            }
            Ok(path)
        }
    }
}

/// At the end of a command, closes the pipes of its process substitutions. The first `before` pipes belong to commands around it.
pub fn end_process_substitutions(shell: &mut Shell, before: usize) {
    for number in shell.substituted.split_off(before) {
        let _ = descriptors::close(number);
    }
}
