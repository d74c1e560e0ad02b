//! Programs: a spawn, never a fork. The redirections are the spawn's actions, the assignments its environment.

use alloc::ffi::CString;
use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;
use core::ffi::CStr;

use nestling::rt::descriptors;
use nestling::spawn::{self, Action, Attributes, Error, Hook, Program, Spawn, Step};
use nestling::{Arg, Args, AsFd, Errno, OFlags, OwnedFd, Pid, sys};

use super::{environment, search, simple, subshell};
use crate::fields::Fields;
use crate::jobs;
use crate::redirection::{self, Effect, Failed};
use crate::shell::{Divert, Shell, text};
use crate::symbols::Symbol;
use crate::syntax::tree::{Item, Simple};

/// Where a program is started: its place in a pipeline.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place<'a> {
    /// Nothing else is to be done by this process: it may become the program.
    pub last: bool,
    pub stdin: Option<&'a OwnedFd>,
    pub stdout: Option<&'a OwnedFd>,
    /// The process group of the pipeline, if it has one already.
    pub group: Option<Pid>,
    pub background: bool,
}

/// A program that runs, or a copy of the shell.
#[derive(Debug)]
pub struct Started {
    pub pid: Pid,
    pub group: Option<Pid>,
    /// What it writes is for a command substitution.
    pub captured: Option<OwnedFd>,
}

/// Waits for a command in the foreground; the answer is its exit status.
pub fn wait(shell: &mut Shell, started: Started, item: &Item) -> Result<i32, Divert> {
    if let Some(pipe) = started.captured {
        subshell::collect(shell, pipe);
    }
    if started.group.is_none() {
        return jobs::wait_for(shell, started.pid);
    }
    let pids = [started.pid];
    let started = jobs::Started {
        pids: &pids,
        group: started.group,
        text: item.text.clone(),
    };
    jobs::wait_foreground(shell, started, None)
}

/// Starts the program that the fields name. `None` if it failed, which is reported, and the status set.
pub fn start(
    shell: &mut Shell,
    simple: &Simple,
    fields: &Fields,
    place: Place<'_>,
) -> Result<Option<Started>, Divert> {
    let Some(name) = fields.c_str(0) else {
        return Ok(None);
    };
    shell.output.flush();
    if simple.assignments.is_empty() {
        let path = search::program(shell, name);
        return launch(shell, simple, fields, name, path, place);
    }
    shell.variables.enter(false);
    let answer = simple::assign_for_command(shell, simple, fields).and_then(|()| {
        // What was remembered was found with another PATH.
        let other_path = simple
            .assignments
            .iter()
            .any(|assignment| assignment.name == Symbol::PATH);
        let path = if other_path && !nestling::text::contains(name.to_bytes(), b'/') {
            let path = shell
                .variables
                .get(Symbol::PATH)
                .unwrap_or_default()
                .to_vec();
            search::in_path(name.to_bytes(), &path)
        } else {
            search::program(shell, name)
        };
        launch(shell, simple, fields, name, path, place)
    });
    simple::leave_scope(shell);
    answer
}

fn launch(
    shell: &mut Shell,
    simple: &Simple,
    fields: &Fields,
    name: &CStr,
    path: Option<CString>,
    place: Place<'_>,
) -> Result<Option<Started>, Divert> {
    // A pipe to the command substitution that this is in.
    let mut capture = None;
    if place.stdout.is_none() && shell.output.captures() && !place.background {
        capture = Some(subshell::pipe(shell)?);
    }
    let stdout = capture
        .as_ref()
        .map(|(_, write_end)| write_end)
        .or(place.stdout);
    let mut assigned = [-1; 2];
    if stdout.is_some() {
        assigned = [1, -1];
    }
    if place.stdin.is_some() {
        assigned[1] = 0;
    }
    let effects = match redirection::effects(shell, &simple.redirections, &assigned) {
        Ok(effects) => effects,
        Err(Failed::Expansion(divert)) => return Err(divert),
        Err(Failed::Redirection) => {
            shell.status = 1;
            return Ok(None);
        }
    };
    let mut actions = Vec::with_capacity(effects.len() + 3);
    if let Some(terminal) = jobs::terminal(shell)
        && !place.background
        && place.group.is_none()
    {
        actions.push(Action::SetForeground(terminal));
    }
    if let Some(stdin) = place.stdin {
        actions.push(Action::Dup2 {
            from: stdin.as_raw_fd(),
            to: 0,
        });
    } else if place.background && !jobs::controls(shell) {
        actions.push(Action::Open {
            fd: 0,
            path: c"/dev/null",
            flags: OFlags::RDONLY,
            mode: 0,
        });
    }
    if let Some(stdout) = stdout {
        actions.push(Action::Dup2 {
            from: stdout.as_raw_fd(),
            to: 1,
        });
    }
    let own = actions.len();
    actions.extend(effects.iter().map(Effect::action));

    let Some(path) = path else {
        not_found(shell, stdout, &effects, name);
        collect_complaint(shell, capture);
        return Ok(None);
    };
    if place.last && actions.is_empty() && shell.traps.is_empty() {
        become_program(shell, &path, name, fields);
        return Ok(None);
    }
    if effects.iter().any(Effect::may_wait) {
        drop(actions);
        return fork_and_exec(shell, &effects, fields, (&path, name), place, capture).map(Some);
    }

    let environment = environment::take(shell);
    let attributes = Attributes {
        process_group: jobs::controls(shell).then(|| place.group.map_or(0, Pid::as_raw)),
        hook: (place.background && !jobs::controls(shell)).then(Hook::ignore_interrupts),
        ..Attributes::default()
    };
    let args = pointers(fields);
    let env = pointers(environment.strings());
    let (Some(args_list), Some(env_list)) = (Args::try_new(&args), Args::try_new(&env)) else {
        return Ok(None);
    };
    let mut spawn = Spawn {
        actions: &actions,
        attributes,
        ..Spawn::new(Program::Path(&path), args_list, env_list)
    };
    let mut answer = spawn.start();
    let room;
    if let Err(error) = &answer
        && error.errno() == Some(Errno::ENOEXEC)
    {
        room = vec![Cell::new(core::ptr::null()); fields.len() + 3];
        spawn.shell = Some(spawn::Shell {
            path: c"/proc/self/exe",
            room: &room,
        });
        answer = spawn.start();
    }
    let result = match answer {
        Ok(child) => Ok(child.id()),
        Err(error) => {
            let index = match error.step() {
                Some(Step::Action(index, _)) => index.checked_sub(own),
                _ => None,
            };
            let failed = match index {
                // A redirection's failure is told where those before it say.
                Some(index) => effects.get(..index).unwrap_or_default(),
                None => &effects,
            };
            redirection::meanwhile(shell, stdout, failed, &|shell| {
                shell.status = failure(shell, name, &path, &error);
            });
            Err(error.errno())
        }
    };
    drop((args, env));
    shell.environment = environment;
    match result {
        Ok(pid) => {
            let group = jobs::controls(shell).then(|| place.group.unwrap_or(pid));
            let captured = capture.map(|(read_end, _)| read_end);
            Ok(Some(Started {
                pid,
                group,
                captured,
            }))
        }
        Err(errno) => {
            // It may have been moved: it is looked for anew the next time.
            if errno == Some(Errno::ENOENT)
                && let Some(name) = shell.symbols.find(name.to_bytes())
            {
                shell.hashed.remove(&name);
            }
            collect_complaint(shell, capture);
            Ok(None)
        }
    }
}

/// What was written to a command substitution's pipe about a program that did not start: `$(nope 2>&1)`.
fn collect_complaint(shell: &mut Shell, capture: Option<(OwnedFd, OwnedFd)>) {
    if let Some((read_end, write_end)) = capture {
        drop(write_end);
        subshell::collect(shell, read_end);
    }
}

fn pointers(fields: &Fields) -> Vec<Option<Arg<'_>>> {
    let mut list: Vec<_> = (0..fields.len())
        .map(|index| fields.c_str(index).map(Arg::from))
        .collect();
    list.push(None);
    list
}

/// Reports why a program did not start; the answer is the exit status (XCU 2.8.2).
fn failure(shell: &mut Shell, name: &CStr, path: &CStr, error: &Error<'_>) -> i32 {
    let errno = error.errno().unwrap_or(Errno::ECHILD);
    match error.step() {
        Some(Step::Action(_, action)) => {
            redirection::complain(shell, &action, errno);
            1
        }
        Some(Step::Exec(..)) => exec_failure(shell, name, path, errno),
        Some(Step::Clone) => {
            shell.complain(text!("cannot start ", name, ": ", errno));
            126
        }
        _ => {
            shell.complain(text!("cannot start ", name, ": ", errno));
            126
        }
    }
}

fn exec_failure(shell: &mut Shell, name: &CStr, path: &CStr, errno: Errno) -> i32 {
    let is_there = sys::file::stat(path).is_ok();
    match errno {
        Errno::ENOENT | Errno::ENOTDIR if !is_there => {
            shell.complain(text!(name, ": not found"));
            127
        }
        Errno::ENOENT => {
            shell.complain(text!(name, ": its interpreter is not found"));
            126
        }
        errno => {
            shell.complain(text!(name, ": ", errno));
            126
        }
    }
}

/// The command does not exist. Its redirections come first, and leave their files.
fn not_found(shell: &mut Shell, stdout: Option<&OwnedFd>, effects: &[Effect], name: &CStr) {
    if redirection::open_all(shell, stdout, effects).is_err() {
        shell.status = 1;
        return;
    }
    redirection::meanwhile(shell, stdout, effects, &|shell| {
        shell.complain(text!(name, ": not found"))
    });
    shell.status = 127;
}

/// This process becomes the program. If that fails it is reported, and the status set.
pub fn become_program(shell: &mut Shell, path: &CStr, name: &CStr, fields: &Fields) {
    let environment = environment::take(shell);
    let (args, env) = (pointers(fields), pointers(environment.strings()));
    let (Some(args_list), Some(env_list)) = (Args::try_new(&args), Args::try_new(&env)) else {
        return;
    };
    let room = vec![Cell::new(core::ptr::null()); fields.len() + 3];
    let error = Spawn {
        shell: Some(spawn::Shell {
            path: c"/proc/self/exe",
            room: &room,
        }),
        ..Spawn::new(Program::Path(path), args_list, env_list)
    }
    .exec_without_actions();
    shell.status = failure(shell, name, path, &error);
}

/// For redirections that may wait (a FIFO's opening, for its other end): a copy of the shell waits for that, which signals reach.
fn fork_and_exec(
    shell: &mut Shell,
    effects: &[Effect],
    fields: &Fields,
    (path, name): (&CStr, &CStr),
    place: Place<'_>,
    capture: Option<(OwnedFd, OwnedFd)>,
) -> Result<Started, Divert> {
    let stdout = capture
        .as_ref()
        .map(|(_, write_end)| write_end)
        .or(place.stdout);
    let place = Place { stdout, ..place };
    let Some((pid, group)) = subshell::fork(shell, place)? else {
        for effect in effects {
            if let Err(errno) = effect.carry_out() {
                redirection::complain(shell, &effect.action(), errno);
                sys::process::exit(1);
            }
        }
        become_program(shell, path, name, fields);
        sys::process::exit(shell.status)
    };
    Ok(Started {
        pid,
        group,
        captured: capture.map(|(read_end, _)| read_end),
    })
}

/// Puts the descriptors of its place where a copy of the shell is to have them.
pub fn take_place(shell: &mut Shell, place: Place<'_>) {
    if let Some(stdin) = place.stdin {
        let _ = descriptors::assign(0, stdin.as_fd());
    } else if place.background
        && !jobs::controls(shell)
        && let Ok(null) = sys::fd::open(c"/dev/null", OFlags::RDONLY | OFlags::CLOEXEC, 0)
    {
        let _ = descriptors::give(0, null);
    }
    if let Some(stdout) = place.stdout {
        let _ = descriptors::assign(1, stdout.as_fd());
    }
    // The originals are the parent's.
    for original in [place.stdin, place.stdout].into_iter().flatten() {
        descriptors::abandon(original.as_raw_fd());
    }
}
